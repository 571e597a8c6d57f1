"""Verdicts come from the numbers: the same code says yes, no and not tested."""

import json

import numpy as np
import pytest
from evaluation_files import metric_rows, profile_in, write_editability, write_metrics

from sppe_lib.evaluation.claims import (
    GOAL_PSNR,
    KIT_GOAL,
    NOT_TESTED,
    direction_claim,
    editability_claims,
    evaluate_claims,
    recovery_claims,
    write_claims,
)
from sppe_lib.evaluation.evidence import weakest
from sppe_lib.evaluation.statistics import Comparison
from sppe_lib.evaluation.verdicts import verdict_in_words


@pytest.fixture
def profile(tmp_path, monkeypatch):
    return profile_in(tmp_path, monkeypatch)


def test_nothing_is_claimed_before_anything_ran(profile):
    claims = evaluate_claims(profile)
    assert all(entry["holds"] is None and entry["measured"] == NOT_TESTED for entry in claims)


def test_claims_file_has_a_verdict_for_each_claim(profile):
    write_metrics(profile, {"SOER": metric_rows(level=0.6), "C2E-S2SER": metric_rows(level=0.7)})
    write_editability(profile)
    written = write_claims(profile)
    stored = json.loads((profile.figures / "claims.json").read_text())
    assert stored == written
    assert all({"claim", "published", "measured", "holds"} <= entry.keys() for entry in stored)
    assert all("simulated" in entry["data"] for entry in stored)
    assert len(stored) == 3 + 4 + 1 + 3 + 1
    assert [entry["number"] for entry in stored] == [*"112", "3", None, None, None, *"34567"]


def test_erma_above_every_baseline(profile):
    write_editability(profile, erma_noise=0.1)
    order, margin, _ = editability_claims(profile)
    assert order["holds"] is True and margin["holds"] is True
    assert "+13.9 % SRCC over DISTS" in order["published"] and "+12.3 % PLCC over TOPIQ-FR" in order["published"]
    assert "not available here" in order["measured"] and "DISTS" in order["measured"].split("not available here")[1]
    assert "over 2 baselines" in order["measured"]
    assert order["scope"].startswith("without the paper's AFINE-FR, AHIQ, DISTS")
    assert "holds here**, without the paper's AFINE-FR" in verdict_in_words(order)


def test_erma_below_a_baseline_does_not_hold(profile):
    write_editability(profile, erma_noise=50)
    order, margin, _ = editability_claims(profile)
    assert order["holds"] is False and margin["holds"] is False


def test_a_small_margin_keeps_the_order_and_fails_the_margin(profile):
    folder = profile.results / "editability"
    folder.mkdir(parents=True)
    rows = [
        (metric, method, "Overall", value, 10)
        for metric in ("srcc", "plcc")
        for method, value in (("ERMA", 0.55), ("SSIM", 0.54))
    ]
    rows += [
        ("srcc", method, group, value, 5)
        for method, values in (("ERMA", (0.1, 0.9)), ("SSIM", (0.5, 0.6)))
        for group, value in zip(("Face", "Body"), values)
    ]
    lines = ["metric,method,group,value,n", *(",".join(map(str, row)) for row in rows)]
    (folder / "correlations.csv").write_text("\n".join(lines))
    order, margin, steady = editability_claims(profile)
    assert order["holds"] is True and margin["holds"] is False
    assert steady["holds"] is False and steady["measured"].startswith("SSIM 0.050, ERMA 0.400")
    assert steady["quantity"].startswith("spread minus that of SSIM") and steady["value"] == pytest.approx(0.35)
    assert order["value"] == pytest.approx(0.01)


def test_the_spread_over_groups_has_its_interval_and_names_the_smallest_group(profile):
    scores = write_editability(profile, erma_noise=0.1)
    *_, steady = editability_claims(profile)
    sizes = scores[scores["label"].notna()].groupby("group").size()
    assert f"smallest group: {sizes.idxmin()}, n = {sizes.min()}" in steady["quantity"] and steady["n"] == sizes.sum()
    assert steady["holds"] is True and steady["ci_low"] < steady["ci_high"] < 0


def test_of_several_metrics_the_one_decides_that_is_furthest_behind_for_its_interval():
    def compared(difference, half):
        return Comparison(difference, difference - half, difference + half, 0.5, 0.0, 9)

    found = {"wide": compared(-0.5, 1.0), "narrow": compared(-0.02, 0.01), "ahead": compared(3.0, 1.0)}
    assert weakest(found).quantity == "ahead on 1 of 3, surely on 1; furthest behind on narrow"
    del found["wide"], found["narrow"]
    assert weakest(found | {"barely": compared(0.1, 1.0)}).quantity.endswith("least ahead on barely")
    assert (
        weakest({"no interval": Comparison(-1.0, np.nan, np.nan, 0.5, 0.0, 9), "narrow": compared(0.1, 1)}).value == -1
    )


def test_a_baseline_without_correlation_leaves_no_relative_margin(profile):
    folder = profile.results / "editability"
    folder.mkdir(parents=True)
    rows = [
        f"{metric},{method},Overall,{value},10"
        for metric in ("srcc", "plcc")
        for method, value in (("ERMA", 0.4), ("SSIM", -0.1))
    ]
    (folder / "correlations.csv").write_text("\n".join(["metric,method,group,value,n", *rows]))
    order, margin, _ = editability_claims(profile)
    assert order["holds"] is margin["holds"] is True
    assert "the baseline is not positive" in margin["measured"]


def test_eight_of_eight_needs_all_eight(profile):
    write_metrics(profile, {"SOER": metric_rows(level=0.6), "C2E-S2SER": metric_rows(level=0.7)})
    assert recovery_claims(profile)[0]["holds"] is True
    assert recovery_claims(profile)[0]["measured"].startswith("8 of 8, 8 of them")
    table = metric_rows(level=0.7)
    table["dir_s"] -= 0.3
    write_metrics(profile, {"C2E-S2SER": table})
    verdict = recovery_claims(profile)[0]
    assert (
        verdict["holds"] is False and verdict["measured"].startswith("7 of 8") and "dir_s -0.2" in verdict["measured"]
    )


def test_goals_of_the_miniature_are_marked_as_the_kits_own(profile):
    write_metrics(
        profile,
        {
            "copy-surrogate": metric_rows(level=0.60),
            "SOER": metric_rows(level=0.6),
            "C2E-S2SER": metric_rows(level=0.62),
        },
    )
    _, overall, inside, trivial = recovery_claims(profile)
    assert overall["origin"] == inside["origin"] == trivial["origin"] == KIT_GOAL
    assert overall["holds"] is bool(40 * 0.62 > GOAL_PSNR) is True
    assert inside["holds"] is False  # 40 x 0.02 = 0.8 dB, not 3
    write_metrics(profile, {"copy-surrogate": metric_rows(level=0.5)})
    assert recovery_claims(profile)[2]["holds"] is True


def test_above_every_trivial_baseline_needs_all_of_them(profile):
    write_metrics(profile, {"copy-surrogate": metric_rows(level=0.5), "C2E-S2SER": metric_rows(level=0.6)})
    assert recovery_claims(profile)[3]["holds"] is None
    write_metrics(profile, {"paste-source": metric_rows(level=0.5), "local-linear": metric_rows(level=0.5)})
    assert recovery_claims(profile)[3]["holds"] is True
    write_metrics(profile, {"paste-source": metric_rows(level=0.7)})
    verdict = recovery_claims(profile)[3]
    assert verdict["holds"] is False and verdict["quantity"].startswith("ahead on 4 of 6")
    assert (
        "furthest behind on" in verdict["quantity"] and "paste-source" in verdict["quantity"] and verdict["value"] < 0
    )


def test_undefined_values_do_not_break_a_verdict(profile):
    ours = metric_rows(level=0.7)
    ours["dir_i"] = np.nan
    write_metrics(profile, {"SOER": metric_rows(level=0.6), "C2E-S2SER": ours})
    verdict = recovery_claims(profile)[0]
    assert verdict["holds"] is False and verdict["measured"].startswith("7 of 8")
    assert write_claims(profile)


def test_a_verdict_carries_its_number_interval_and_test(profile):
    weak = metric_rows(level=0.7)
    weak["dir_s"] -= 0.3
    write_metrics(profile, {"SOER": metric_rows(level=0.6), "C2E-S2SER": weak})
    verdict = recovery_claims(profile)[0]
    assert "dir_s" in verdict["quantity"] and verdict["ci_low"] <= verdict["value"] <= verdict["ci_high"] < 0
    assert verdict["n"] > 1 and verdict["p_value"] < 0.05


def test_directions_correlate_only_if_every_method_says_so(profile):
    table = metric_rows(level=0.7)
    table["dir_s"] = table["dir_i"]
    write_metrics(profile, {"SOER": table, "C2E-S2SER": table})
    verdict = direction_claim(profile)
    assert verdict["holds"] is True and verdict["value"] == pytest.approx(1) and verdict["p_value"] is None
    against = table.assign(dir_s=-table["dir_i"])
    write_metrics(profile, {"SOER": against})
    assert direction_claim(profile)["holds"] is False and direction_claim(profile)["value"] == pytest.approx(-1)
