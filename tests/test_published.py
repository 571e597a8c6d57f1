"""The transcription of the published numbers, checked by the paper's own sums and headlines."""

import pandas as pd
import pytest

from sppe_lib.data.taxonomy import GROUPS
from sppe_lib.errors import ConfigError
from sppe_lib.evaluation import frame
from sppe_lib.evaluation.metrics import METRIC_NAMES
from sppe_lib.evaluation.rendering import read_yaml
from sppe_lib.published import published_names, read_published

CLAIMS = {entry["claim"]: entry for entry in read_yaml("claims.yaml")}


def _claim(words: str) -> dict:
    (entry,) = (entry for claim, entry in CLAIMS.items() if words in claim)
    return entry


def _recovery(run: str = "benchmark") -> pd.DataFrame:
    table = frame.published_recovery().query("run == @run")
    return table.pivot(index=["metric", "group"], columns="method", values="value")


def test_headline_margins_and_spreads_follow_from_table_4_and_figure_10():
    entry, table = _claim("relative margin"), read_published("table4_editability").set_index("method")
    others = table.drop("ERMA")
    for metric, rival in entry["best"].items():
        assert others[metric].idxmax() == rival
        margin = round(100 * (table.loc["ERMA", metric] / others[metric].max() - 1), 1)
        assert margin == entry["least"][metric] and f"+{margin} % {metric.upper()} over {rival}" in entry["published"]
    by_group = read_published("figure10_editability_by_group").query("metric == 'srcc'").groupby("method")["value"]
    spreads = by_group.std(ddof=0).sort_values()
    assert _claim("varies least")["published"] == ", ".join(f"{name} {value:.3f}" for name, value in spreads.items())
    plates = frame.published_correlations().query("metric == 'srcc' and group == 'License Plate'").set_index("method")
    shown = " ".join(f"{plates.loc[name, 'value']:.3f}" for name in ("ERMA", "DISTS", "TOPIQ-FR"))
    assert shown == "0.605 0.417 0.107" and _claim("license plates")["published"].startswith("0.605 against 0.417 and")


def test_the_records_of_the_claims_follow_from_the_tables_of_recovery():
    cells = _recovery().drop("Overall", level="group")
    above, entry = cells["C2E-S2SER"] > cells["SOER"], _claim("By group")
    best = cells["C2E-S2SER"] > cells.drop(columns="C2E-S2SER").max(axis="columns")
    assert (len(cells), above.sum(), best.sum()) == (entry["cells"], entry["above"], entry["best"]) == (88, 76, 58)
    assert (above["dir_i"].sum(), above["dir_s"].sum()) == (5, 6) and "DirI 5 of 11 groups, DirS 6" in entry[
        "published"
    ]
    for run, words in (("benchmark", "best overall"), ("unseen", "unseen images and instructions")):
        overall = _recovery(run).xs("Overall", level="group")
        wins = overall["C2E-S2SER"] > overall.drop(columns="C2E-S2SER").max(axis="columns")
        assert wins.sum() == 8 and all(
            one["published"][:6] == "8 of 8"
            for one in CLAIMS.values()
            if words in one["claim"] and one["rule"] == "ahead"
        )
    for entry in (entry for entry in CLAIMS.values() if entry["rule"] == "gains"):
        values = _recovery().xs(entry["group"], level="group")
        gains = {name: 100 * (values.loc[name, "C2E-S2SER"] / values.loc[name, "SOER"] - 1) for name in entry["least"]}
        assert {name: round(gain, 1) for name, gain in gains.items()} == entry["least"]
        assert all(f"+{gain} %" in entry["published"] for gain in entry["least"].values())


def test_what_the_claims_say_of_table_8_follows_from_it():
    table = frame.published_ablation().set_index(["group", "variant", "metric"])["value"]
    modules, lengths = table["module"].unstack("variant"), table["iteration"].unstack("variant")
    steps = (modules["base + cycle"] - modules["base"], modules["base + cycle + edit tag"] - modules["base + cycle"])
    assert [int((step > 0).sum()) for step in steps] == [8, 8]
    assert _claim("The cycle, then")["published"].startswith("the cycle 8 of 8, the edit tag 8 of 8")
    longer, entry = lengths["8000"] - lengths["6000"], _claim("Too long")
    assert [f"{longer[name]:+.4f}" in entry["published"] for name in entry["metrics"]] == [True] * 3
    chosen = lengths.loc[list(_claim("chosen training length")["metrics"])]
    assert (chosen["6000"] > chosen.drop(columns="6000").max(axis="columns")).all()


def test_recovery_table_is_complete():
    table = read_published("table5_table6_recovery_sppe")
    assert set(table["metric"]) == set(METRIC_NAMES)
    assert set(table["group"]) == {*GROUPS, "Overall"}
    assert not table.duplicated(["metric", "method", "group"]).any()
    assert len(table) == 8 * 6 * 12


def test_unknown_table_names_the_known_ones():
    with pytest.raises(ConfigError, match="table4_editability"):
        read_published("table99")
    assert len(published_names()) == 8


def test_readers_cannot_change_the_published_numbers():
    table = read_published("table4_editability")
    table.loc[0, "srcc"] = 0
    assert read_published("table4_editability").loc[0, "srcc"] != 0
