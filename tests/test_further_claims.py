"""Verdicts on claims 3 (over seeds), 4, 5 and 6: the same code says yes, no and not tested."""

import pytest
from evaluation_files import metric_rows, profile_in, write_metrics

from sppe_lib.evaluation.claims import recovery_claims, write_claims
from sppe_lib.evaluation.evidence import NOT_TESTED
from sppe_lib.evaluation.further_claims import ablation_claims, generalisation_claim, length_claim, module_claim
from sppe_lib.published import read_published

RIVALS = tuple(name for name in read_published("table7_recovery_instructpix2pix")["method"] if name != "C2E-S2SER")
MODULES = ("base", "base + cycle", "base + cycle + edit tag")


@pytest.fixture
def profile(tmp_path, monkeypatch):
    return profile_in(tmp_path, monkeypatch)


def _write_unseen(profile, **ours) -> None:
    tables = {name: metric_rows(level=0.5 + 0.01 * index) for index, name in enumerate(RIVALS)}
    tables |= {"copy-surrogate": metric_rows(level=0.4), "C2E-S2SER": metric_rows(level=0.7).assign(**ours)}
    write_metrics(profile, tables, "unseen")


def _write_modules(profile, levels: tuple[float, ...], **last) -> None:
    tables = {f"ablation/{label}": metric_rows(level=level) for label, level in zip(MODULES, levels)}
    tables["ablation/base + cycle + edit tag"] = tables["ablation/base + cycle + edit tag"].assign(**last)
    write_metrics(profile, tables, "validation")


def test_nothing_is_said_without_the_runs(profile):
    for entry in (generalisation_claim(profile), *ablation_claims(profile)):
        assert entry["holds"] is None and entry["measured"] == NOT_TESTED and entry["value"] is None


def test_published_texts_follow_from_the_papers_tables(profile):
    assert generalisation_claim(profile)["published"] == "8 of 8 (Table 7)"
    modules, length = ablation_claims(profile)
    assert modules["published"] == "the cycle 8 of 8, the edit tag 8 of 8 (Table 8)"
    assert (
        length["published"] == "SSIM (Src) +0.0157, PSNR (Src) +0.4088, DirI -0.0598 from 6000 to 8000 steps (Table 8)"
    )


def test_best_on_unseen_needs_all_eight(profile):
    _write_unseen(profile)
    verdict = generalisation_claim(profile)
    assert verdict["holds"] is True and verdict["measured"].startswith("8 of 8, 8 of them")
    assert verdict["ci_low"] > 0 and verdict["n"] == 36 and verdict["p_value"] < 0.01
    _write_unseen(profile, dir_s=0.1)
    verdict = generalisation_claim(profile)
    assert verdict["holds"] is False and verdict["measured"].startswith("7 of 8")
    assert f"dir_s against {RIVALS[-1]}" in verdict["quantity"] and verdict["ci_high"] < 0  # the best of the rivals


def test_best_is_not_settled_while_a_method_of_the_paper_is_missing(profile):
    write_metrics(profile, {"SOER": metric_rows(level=0.5), "C2E-S2SER": metric_rows(level=0.7)}, "unseen")
    verdict = generalisation_claim(profile)
    assert verdict["holds"] is None and "without Prompt-Diffusion, EditTransfer" in verdict["measured"]
    write_metrics(profile, {"C2E-S2SER": metric_rows(level=0.4)}, "unseen")
    assert generalisation_claim(profile)["holds"] is False  # one method above is enough


def test_a_trivial_baseline_above_is_said_but_not_counted(profile):
    _write_unseen(profile)
    assert "trivial" not in generalisation_claim(profile)["measured"]
    above = metric_rows(level=0.5)
    above["psnr_src"] += 30
    write_metrics(profile, {"paste-source": above}, "unseen")
    verdict = generalisation_claim(profile)
    assert verdict["holds"] is True and "a trivial baseline is above on psnr_src (paste-source)" in verdict["measured"]
    assert "best of EditTransfer, Prompt-Diffusion, Cross-Image Attention, SOER;" in verdict["measured"]


def test_both_modules_must_improve_all_eight(profile):
    _write_modules(profile, (0.4, 0.5, 0.6))
    assert module_claim(profile)["holds"] is True
    assert module_claim(profile)["measured"].count("8 of 8, 8 of them with an interval above zero") == 2
    _write_modules(profile, (0.4, 0.5, 0.6), dir_i=0.45)
    verdict = module_claim(profile)
    assert verdict["holds"] is False and "dir_i with the edit tag" in verdict["quantity"]
    assert "the cycle: 8 of 8" in verdict["measured"] and "the edit tag: 7 of 8" in verdict["measured"]
    _write_modules(profile, (0.55, 0.5, 0.6))
    assert module_claim(profile)["holds"] is False and "the cycle: 0 of 8" in module_claim(profile)["measured"]


def test_too_long_a_cycle_needs_all_three_directions(profile):
    chosen = metric_rows(level=0.5)
    longest = metric_rows(level=0.5).assign(
        ssim_src=chosen["ssim_src"] + 0.1, psnr_src=chosen["psnr_src"] + 1, dir_i=0.4
    )
    files = {"ablation/base + cycle + edit tag": chosen, "ablation/8/6 of the steps": longest}
    write_metrics(profile, files, "validation")
    verdict = length_claim(profile)
    assert verdict["holds"] is True and "PSNR (Src) +1.0000" in verdict["measured"] and verdict["n"] == 36
    write_metrics(profile, {"ablation/8/6 of the steps": longest.assign(dir_i=0.6)}, "validation")
    verdict = length_claim(profile)
    assert verdict["holds"] is False and "dir_i" in verdict["quantity"] and verdict["ci_low"] > 0


def test_claim_3_says_how_many_seeds_agree(profile):
    write_metrics(profile, {"SOER": metric_rows(level=0.6), "C2E-S2SER": metric_rows(level=0.7)})
    assert "seed" not in recovery_claims(profile)[0]["measured"]
    write_metrics(profile, {"SOER": metric_rows(level=0.6), "C2E-S2SER": metric_rows(level=0.65)}, "benchmark-seed1")
    weak = metric_rows(level=0.65).assign(dir_s=0.1, dir_i=0.1)
    write_metrics(profile, {"SOER": metric_rows(level=0.6), "C2E-S2SER": weak}, "benchmark-seed2")
    verdict = recovery_claims(profile)[0]
    assert verdict["holds"] is True
    assert verdict["measured"].endswith("ahead on 8, 8, 6 of 8 with seeds 0, 1, 2: 2 of 3 seeds agree")


def test_all_verdicts_are_written_together(profile):
    _write_unseen(profile)
    _write_modules(profile, (0.4, 0.5, 0.6))
    texts = [entry["claim"] for entry in write_claims(profile)]
    assert len(texts) == len(set(texts)) == 12
