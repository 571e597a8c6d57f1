"""Verdicts come from the numbers: the same code says yes, no and not tested; the paper's follow from its tables."""

import json

import numpy as np
import pandas as pd
import pytest
from evaluation_files import metric_rows, write_editability, write_levels, write_metrics

from sppe_lib.data.taxonomy import GROUPS
from sppe_lib.errors import ConfigError
from sppe_lib.evaluation import claims, frame, rules
from sppe_lib.evaluation.claims import (
    GATE_COLUMNS,
    evaluate_claim,
    evaluate_claims,
    evaluate_gates,
    gates_table,
    write_claims,
    write_gates,
)  # fmt: skip
from sppe_lib.evaluation.metrics import METRIC_NAMES
from sppe_lib.evaluation.rendering import markdown, read_yaml
from sppe_lib.evaluation.rules import NOT_TESTED, Answer
from sppe_lib.evaluation.statistics import Estimate
from sppe_lib.published import published_names, read_published

RIVALS = tuple(name for name in read_published("table7_recovery_instructpix2pix")["method"] if name != "C2E-S2SER")
IQA = tuple(name for name in read_published("table4_editability")["method"] if name != "ERMA")
FULL = "ablation/base + cycle + edit tag"

ORDER, MARGIN, STEADY, LEAD = "above every IQA", "relative margin", "varies least", "C2E-S2SER beats"
UNSEEN, MODULES, LENGTH, DIRECTIONS = "metrics on unseen images", "The cycle, then", "Too long", "correlate for every"


def _claim(profile, words: str) -> dict:
    (entry,) = (entry for entry in read_yaml("claims.yaml") if words in entry["claim"])
    return evaluate_claim(profile, entry)


def _both(profile, ours=0.7, run: str = "benchmark", **columns) -> None:
    rows = {"SOER": metric_rows(level=0.6), "C2E-S2SER": metric_rows(level=ours).assign(**columns)}
    write_metrics(profile, rows, run)


def _write_unseen(profile, **ours) -> None:
    tables = {name: metric_rows(level=0.5 + 0.01 * index) for index, name in enumerate(RIVALS)}
    tables |= {"copy-surrogate": metric_rows(level=0.4), "C2E-S2SER": metric_rows(level=0.7).assign(**ours)}
    write_metrics(profile, tables, "unseen")


def _write_modules(profile, base: float, cycle: float, full: float, **last) -> None:
    tables = {"ablation/base": metric_rows(level=base), "ablation/base + cycle": metric_rows(level=cycle)}
    write_metrics(profile, tables | {FULL: metric_rows(level=full).assign(**last)}, "validation")


def test_nothing_is_claimed_before_anything_ran_and_each_claim_has_a_verdict_then(profile):
    found = evaluate_claims(profile)
    assert all(entry["holds"] is None and entry["measured"] == NOT_TESTED for entry in found)
    assert all(entry["value"] is None and entry["scope"] is None for entry in found)
    assert len({entry["claim"] for entry in found}) == len(found)
    _both(profile)
    write_editability(profile)
    written = write_claims(profile)
    assert json.loads((profile.figures / "claims.json").read_text()) == written
    assert all({"claim", "published", "measured", "holds"} <= entry.keys() for entry in written)
    assert all("simulated" in entry["data"] for entry in written)
    assert {*"1234567", "text"} == {entry["number"] for entry in written}


def test_erma_above_and_below_its_baselines(profile):
    scores = write_editability(profile, erma_noise=0.1)
    order, margin, steady = (_claim(profile, words) for words in (ORDER, MARGIN, STEADY))
    assert order["holds"] is margin["holds"] is steady["holds"] is None  # most of the paper's baselines did not run
    assert "DISTS" in order["measured"].split("not available here")[1] and "over 2 baselines" in order["measured"]
    assert order["scope"].startswith("without the paper's AFINE-FR, AHIQ, DISTS")
    assert "not tested, without the paper's AFINE-FR" in claims.verdict_in_words(order)
    sizes = scores[scores["label"].notna()].groupby("group").size()
    assert f"smallest group: {sizes.idxmin()}, n = {sizes.min()}" in steady["quantity"] and steady["n"] == sizes.sum()
    assert steady["ci_low"] < steady["ci_high"] < 0
    write_editability(profile, erma_noise=50)
    assert _claim(profile, ORDER)["holds"] is False and _claim(profile, MARGIN)["holds"] is None


def _write_correlations(profile, overall: dict[str, float], groups: dict[str, tuple] | None = None) -> None:
    rows = [(metric, name, "Overall", value, 10) for metric in ("srcc", "plcc") for name, value in overall.items()]
    for name, both in (groups or {}).items():
        rows += [("srcc", name, group, value, 5) for group, value in zip(("Face", "Body"), both)]
    (profile.results / "editability").mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame(rows, columns=["metric", "method", "group", "value", "n"])
    table.to_csv(profile.results / "editability" / "correlations.csv", index=False)


def test_a_small_margin_keeps_the_order_and_fails_the_margin_which_needs_a_correlation(profile):
    baselines = dict.fromkeys(IQA, 0.4)
    _write_correlations(profile, {"ERMA": 0.55, "SSIM": 0.54} | baselines, {"ERMA": (0.1, 0.9), "SSIM": (0.5, 0.6)})
    order, margin, steady = (_claim(profile, words) for words in (ORDER, MARGIN, STEADY))
    assert order["holds"] is True and margin["holds"] is False and order["value"] == pytest.approx(0.01)
    assert steady["holds"] is False and steady["measured"].startswith("SSIM 0.050, ERMA 0.400")
    assert steady["quantity"].startswith("spread minus that of SSIM") and steady["value"] == pytest.approx(0.35)
    _write_correlations(profile, {"ERMA": 0.4} | dict.fromkeys(IQA, -0.1))
    order, margin = _claim(profile, ORDER), _claim(profile, MARGIN)
    assert order["holds"] is margin["holds"] is True and "the baseline is not positive" in margin["measured"]
    _write_correlations(profile, {"ERMA": 0.55, "least squares": 0.8} | dict.fromkeys(IQA, 0.4))
    known = [{"name": "least squares", "direction": "higher", "available": False, "reason": "", "trained": True}]
    (profile.results / "editability" / "methods.json").write_text(json.dumps(known))
    verdict = _claim(profile, ORDER)
    assert verdict["holds"] is True and "above: least squares (PLCC 0.800), least squares (SRCC" in verdict["measured"]


@pytest.mark.parametrize("undefined", ["ERMA", "SSIM"])
def test_a_test_split_without_a_defined_correlation_tests_nothing(profile, undefined):
    _write_correlations(profile, {"ERMA": 0.4, "SSIM": 0.1} | {undefined: np.nan})
    assert {_claim(profile, words)["holds"] for words in (ORDER, MARGIN, STEADY)} == {None}


def test_of_several_metrics_the_one_decides_that_is_furthest_behind_for_its_interval():
    def compared(difference, half):
        return Estimate(difference, difference - half, difference + half, 9)

    found = {"wide": compared(-0.5, 1.0), "narrow": compared(-0.02, 0.01), "ahead": compared(3.0, 1.0)}
    words = "ahead on 1 of 3, surely on 1; furthest behind on narrow"
    assert rules.hanging_on_the_weakest(Answer(), found).quantity == words
    found = {"ahead": compared(3.0, 1.0), "barely": compared(0.1, 1.0)}
    assert rules.hanging_on_the_weakest(Answer(), found).quantity.endswith("least ahead on barely")
    found = {"no interval": Estimate(-1.0, n=9), "narrow": compared(0.1, 1)}
    assert rules.hanging_on_the_weakest(Answer(), found).found.value == -1


def test_eight_of_eight_needs_all_eight_and_says_how_many_seeds_agree(profile):
    _both(profile)
    assert _claim(profile, LEAD)["holds"] is True
    assert _claim(profile, LEAD)["measured"].startswith("8 of 8, 8 of them")
    _both(profile, dir_s=metric_rows(level=0.7)["dir_s"] - 0.3)
    verdict = _claim(profile, LEAD)
    assert verdict["holds"] is False and verdict["measured"].startswith("7 of 8")
    assert "dir_s -0.2" in verdict["measured"] and "dir_s" in verdict["quantity"]
    assert verdict["ci_low"] <= verdict["value"] <= verdict["ci_high"] < 0
    assert verdict["n"] > 1 and verdict["p_value"] < 0.05
    _both(profile, dir_i=np.nan)  # a metric that is nowhere defined is none on which it is ahead
    assert _claim(profile, LEAD)["holds"] is False and write_claims(profile)
    _both(profile)
    assert "seed" not in _claim(profile, LEAD)["measured"]
    _both(profile, 0.65, "benchmark-seed1")
    _both(profile, 0.65, "benchmark-seed2", dir_s=0.5, dir_i=0.5)
    verdict = _claim(profile, LEAD)
    assert verdict["holds"] is True
    assert verdict["measured"].endswith("ahead on 8, 8, 6 of 8 with seeds 0, 1, 2: 2 of 3 seeds agree")


def test_directions_correlate_only_if_every_method_says_so(profile):
    rows = metric_rows(level=0.7)
    rows["dir_s"] = rows["dir_i"]
    write_metrics(profile, {"SOER": rows, "C2E-S2SER": rows})
    verdict = _claim(profile, DIRECTIONS)
    assert verdict["holds"] is True and verdict["value"] == pytest.approx(1) and verdict["p_value"] is None
    write_metrics(profile, {"SOER": rows.assign(dir_s=-rows["dir_i"])})
    verdict = _claim(profile, DIRECTIONS)
    assert verdict["holds"] is False and verdict["value"] == pytest.approx(-1)


def test_best_on_unseen_needs_all_eight_and_floors_and_ceilings_are_no_baselines(profile):
    _write_unseen(profile)
    verdict = _claim(profile, UNSEEN)
    assert verdict["holds"] is True and verdict["measured"].startswith("8 of 8, 8 of them")
    assert verdict["ci_low"] > 0 and verdict["n"] == 36 and verdict["p_value"] < 0.01
    assert "floor" not in verdict["measured"]
    above = metric_rows(level=0.5)
    above["psnr_src"] += 30
    write_metrics(profile, {"paste-source": above}, "unseen")
    verdict = _claim(profile, UNSEEN)
    assert verdict["holds"] is True and "a floor is above on psnr_src (paste-source)" in verdict["measured"]
    _write_unseen(profile, dir_s=0.1)
    verdict = _claim(profile, UNSEEN)
    assert verdict["holds"] is False and verdict["measured"].startswith("7 of 8")
    assert f"dir_s against {RIVALS[-1]}" in verdict["quantity"] and verdict["ci_high"] < 0  # the best of the rivals
    _write_unseen(profile)
    before = _claim(profile, UNSEEN)
    write_metrics(profile, dict.fromkeys(["frozen", "oracle-words"], metric_rows(level=0.9)), "unseen")
    after = _claim(profile, UNSEEN)
    assert {**after, "measured": ""} == {**before, "measured": ""} and "(frozen)" in after["measured"]


def test_best_is_not_settled_while_a_method_is_missing_and_second_best_is_second_of_those_that_ran(profile):
    _both(profile, run="unseen")
    verdict = _claim(profile, UNSEEN)
    assert verdict["holds"] is None and "without Prompt-Diffusion, EditTransfer" in verdict["measured"]
    write_levels(profile, {"C2E-S2SER": 0.4}, "unseen")
    assert _claim(profile, UNSEEN)["holds"] is False  # one method above is enough
    assert RIVALS[3] == "Cross-Image Attention"
    write_levels(profile, dict(zip([*RIVALS, "C2E-S2SER"], (0.4, 0.5, 0.6, 0.65, 0.7))), "unseen")
    assert _claim(profile, "second best")["holds"] is True
    write_levels(profile, {"SOER": 0.68}, "unseen")
    assert _claim(profile, "second best")["holds"] is False


def test_both_modules_must_improve_all_eight_and_too_long_a_cycle_needs_all_three_directions(profile):
    _write_modules(profile, 0.4, 0.5, 0.6)
    verdict = _claim(profile, MODULES)
    assert verdict["holds"] is True
    assert verdict["measured"].count("8 of 8, 8 of them with an interval above zero") == 2
    _write_modules(profile, 0.4, 0.5, 0.6, dir_i=0.45)
    verdict = _claim(profile, MODULES)
    assert verdict["holds"] is False and "dir_i with the edit tag" in verdict["quantity"]
    assert "the cycle: 8 of 8" in verdict["measured"] and "the edit tag: 7 of 8" in verdict["measured"]
    _write_modules(profile, 0.55, 0.5, 0.6)
    assert _claim(profile, MODULES)["holds"] is False and "the cycle: 0 of 8" in _claim(profile, MODULES)["measured"]
    chosen = metric_rows(level=0.5)
    higher = {"ssim_src": chosen["ssim_src"] + 0.1, "psnr_src": chosen["psnr_src"] + 1, "dir_i": 0.4}
    write_metrics(profile, {FULL: chosen, "ablation/8/6 of the steps": chosen.assign(**higher)}, "validation")
    verdict = _claim(profile, LENGTH)
    assert verdict["holds"] is True and "PSNR (Src) +1.0000" in verdict["measured"] and verdict["n"] == 36
    longest = chosen.assign(**higher | {"dir_i": 0.6})
    write_metrics(profile, {"ablation/8/6 of the steps": longest}, "validation")
    verdict = _claim(profile, LENGTH)
    assert verdict["holds"] is False and "dir_i" in verdict["quantity"] and verdict["ci_low"] > 0


def test_gains_and_records_are_held_against_the_papers_group_by_group(profile):
    _both(profile, 0.606)
    assert _claim(profile, "says overall")["holds"] is False  # one per cent; the paper has 5.4 and 2.9
    rows = metric_rows(level=0.606)
    rows.loc[rows["group"] == "Document", "psnr_gt"] *= 1.1
    write_metrics(profile, {"C2E-S2SER": rows})
    verdict = _claim(profile, "says on documents")
    assert verdict["holds"] is True and verdict["value"] > 0 and _claim(profile, "contact data")["holds"] is False
    _both(profile)
    verdict = _claim(profile, "By group")
    assert verdict["holds"] is None and verdict["measured"].startswith("above SOER in 88 of 88 cells")
    _both(profile, dir_i=0.1, dir_s=0.1, ssim_gt=0.1)
    verdict = _claim(profile, "By group")
    assert verdict["holds"] is False and verdict["value"] == pytest.approx(55 / 88)
    assert "DirI 0 of 11 groups" in verdict["measured"]


def _gates(profile) -> dict[str, dict]:
    return {gate["gate"]: gate for gate in evaluate_gates(profile)}


def test_a_gate_holds_where_the_goal_is_reached_and_the_interval_leaves_out_zero_on_its_split(profile):
    assert {gate["holds"] for gate in write_gates(profile)} == {None}  # nothing ran
    levels = {"frozen": 0.55, "copy-surrogate": 0.5, "local-linear": 0.62, "SOER": 0.57, "C2E-S2SER": 0.66}
    write_levels(profile, levels | {"oracle-words": 0.9, "oracle-realisation": 0.95})
    write_levels(profile, {"SOER": 0.57, "C2E-S2SER": 0.58}, "benchmark-seed1")
    found = _gates(profile)
    over = found["C2E-S2SER over frozen"]  # the mean of two seeds, 40 (0.62 - 0.55)
    assert over["holds"] is True and over["value"] == pytest.approx(2.8, abs=0.1)
    assert over["ci_low"] < 1.4 and over["ci_high"] > 4 and over["n"] == 36
    assert found["SOER over frozen"]["holds"] is False and found["SOER over frozen"]["value"] < 1
    # Ceilings are no method, floors other than trivial no rival.
    for kind in ("mean PSNR", "median PSNR", "DirI", "whole image"):
        assert found[f"over trivial, {kind}"]["difference"].startswith("C2E-S2SER minus local-linear")
    assert found["shuffled pair"]["holds"] is found["shuffled pair"]["value"] is None
    assert found["oracles apart"]["data"] == "test split" and found["oracles apart"]["holds"] is False
    assert json.loads((profile.figures / "gates.json").read_text())[0].keys() == set(GATE_COLUMNS)
    inputs = {"ablation/nothing taken away": 0.7, "ablation/with a shuffled pair (S, S')": 0.6}
    write_levels(profile, inputs | {"oracle-words": 0.5, "oracle-realisation": 0.7}, "validation")
    write_levels(profile, {"oracle-words": 0.5, "oracle-realisation": 0.5})
    found = _gates(profile)
    assert {found[name]["data"] for name in ("shuffled pair", "oracles apart")} == {"validation split"}
    assert found["shuffled pair"]["holds"] is found["oracles apart"]["holds"] is True
    assert "**holds**" in markdown(gates_table(profile))


CLAIMS = {entry["claim"]: entry for entry in read_yaml("claims.yaml")}


def _entry(words: str) -> dict:
    (entry,) = (entry for claim, entry in CLAIMS.items() if words in claim)
    return entry


def _recovery(run: str = "benchmark") -> pd.DataFrame:
    table = frame.published_recovery().query("run == @run")
    return table.pivot(index=["metric", "group"], columns="method", values="value")


def test_headline_margins_and_spreads_follow_from_table_4_and_figure_10():
    entry, table = _entry("relative margin"), read_published("table4_editability").set_index("method")
    others = table.drop("ERMA")
    for metric, rival in entry["best"].items():
        assert others[metric].idxmax() == rival
        margin = round(100 * (table.loc["ERMA", metric] / others[metric].max() - 1), 1)
        assert margin == entry["least"][metric] and f"+{margin} % {metric.upper()} over {rival}" in entry["published"]
    by_group = read_published("figure10_editability_by_group").query("metric == 'srcc'").groupby("method")["value"]
    spreads = by_group.std(ddof=0).sort_values()
    assert _entry("varies least")["published"] == ", ".join(f"{name} {value:.3f}" for name, value in spreads.items())
    plates = frame.published_correlations().query("metric == 'srcc' and group == 'License Plate'").set_index("method")
    shown = " ".join(f"{plates.loc[name, 'value']:.3f}" for name in ("ERMA", "DISTS", "TOPIQ-FR"))
    assert shown == "0.605 0.417 0.107" and _entry("license plates")["published"].startswith("0.605 against 0.417 and")


def test_the_records_of_the_claims_follow_from_the_tables_of_recovery():
    cells = _recovery().drop("Overall", level="group")
    above, entry = cells["C2E-S2SER"] > cells["SOER"], _entry("By group")
    best = cells["C2E-S2SER"] > cells.drop(columns="C2E-S2SER").max(axis="columns")
    assert (len(cells), above.sum(), best.sum()) == (entry["cells"], entry["above"], entry["best"]) == (88, 76, 58)
    assert (above["dir_i"].sum(), above["dir_s"].sum()) == (5, 6)
    assert "DirI 5 of 11 groups, DirS 6" in entry["published"]
    for run, words in (("benchmark", "best overall"), ("unseen", "unseen images and instructions")):
        overall = _recovery(run).xs("Overall", level="group")
        wins = overall["C2E-S2SER"] > overall.drop(columns="C2E-S2SER").max(axis="columns")
        said = [one["published"] for one in CLAIMS.values() if words in one["claim"] and one["rule"] == "ahead"]
        assert wins.sum() == 8 and all(words.startswith("8 of 8") for words in said)
    for entry in (entry for entry in CLAIMS.values() if "least" in entry and "group" in entry):
        values = _recovery().xs(entry["group"], level="group")
        gains = {name: 100 * (values.loc[name, "C2E-S2SER"] / values.loc[name, "SOER"] - 1) for name in entry["least"]}
        assert {name: round(gain, 1) for name, gain in gains.items()} == entry["least"]
        assert all(f"+{gain} %" in entry["published"] for gain in entry["least"].values())


def test_what_the_claims_say_of_table_8_follows_from_it():
    table = frame.published_ablation().set_index(["group", "variant", "metric"])["value"]
    modules, lengths = table["module"].unstack("variant"), table["iteration"].unstack("variant")
    steps = (modules["base + cycle"] - modules["base"], modules["base + cycle + edit tag"] - modules["base + cycle"])
    assert [int((step > 0).sum()) for step in steps] == [8, 8]
    assert _entry("The cycle, then")["published"].startswith("the cycle 8 of 8, the edit tag 8 of 8")
    longer, entry = lengths["8000"] - lengths["6000"], _entry("Too long")
    assert [f"{longer[name]:+.4f}" in entry["published"] for name in entry["signs"]] == [True] * 3
    chosen = lengths.loc[list(_entry("chosen training length")["metrics"])]
    assert (chosen["6000"] > chosen.drop(columns="6000").max(axis="columns")).all()


def test_the_recovery_table_is_complete_and_readers_cannot_change_what_is_published():
    table = read_published("table5_table6_recovery_sppe")
    assert set(table["metric"]) == set(METRIC_NAMES) and set(table["group"]) == {*GROUPS, "Overall"}
    assert not table.duplicated(["metric", "method", "group"]).any() and len(table) == 8 * 6 * 12
    with pytest.raises(ConfigError, match="table4_editability"):
        read_published("table99")
    assert len(published_names()) == 8
    table = read_published("table4_editability")
    table.loc[0, "srcc"] = 0
    assert read_published("table4_editability").loc[0, "srcc"] != 0
