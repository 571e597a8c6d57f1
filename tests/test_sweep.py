"""The sweep set: scored as it is, resampled by source, and honest about what has not run."""

import numpy as np
import pandas as pd
import pytest
import torch
from evaluation_files import metric_rows, profile_in, write_editability, write_metrics
from tiny import tiny_clip, tiny_sweep

from sppe_lib.clip import load_clip
from sppe_lib.data.schema import open_evaluated
from sppe_lib.data.sweep import sweep_columns
from sppe_lib.editability.erma_training import TrainedErma, save_erma
from sppe_lib.editability.stage import score_sweep
from sppe_lib.erma import ErmaHead, ErmaPredictor
from sppe_lib.errors import DataError, ResourceError
from sppe_lib.evaluation import choosing, sweep
from sppe_lib.evaluation.claims import evaluate_claims
from sppe_lib.evaluation.figures import draw, save
from sppe_lib.evaluation.frame import data_name
from sppe_lib.evaluation.leakage import identified, measure_leakage
from sppe_lib.evaluation.measure import COLUMNS
from sppe_lib.evaluation.metrics import PSNR_LIMIT
from sppe_lib.evaluation.statistics import mean_of
from sppe_lib.runtime import numpy_generator

CANDIDATES = {0.0: 1, 0.5: 3, 0.9: 1}
SOURCES = 4


def sweep_rows(level: float, sources: int = 15, copies: int = 1) -> pd.DataFrame:
    """A metrics file of the sweep set: strengths 0.1 and 0.5, `copies` equal candidates, values about `level`."""
    rows = []
    for number in range(sources):
        for percent in (10, 50):
            value = level + numpy_generator("sweep metrics", number).normal(0, 0.05)
            for candidate in range(copies):
                pair = f"sweep/{number:05d}/s{percent}-{candidate}"
                row = dict.fromkeys(COLUMNS, value) | {"instance_id": f"{pair}/001", "pair_id": pair}
                rows.append(row | {"category": "faces", "group": "Face", "modality": "Visual", "tag": "EDIT"})
    return pd.DataFrame(rows)[list(COLUMNS)]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A tiny sweep set, a random ERMA and CLIP, scored and measured by the real functions."""
    folder = tmp_path_factory.mktemp("sweep")
    with pytest.MonkeyPatch.context() as monkeypatch:
        clip = tiny_clip(folder / "clip")
        profile = profile_in(folder, monkeypatch, clip)
        tiny_sweep(profile.results / "sweep", SOURCES, CANDIDATES)
        write_editability(profile)
        torch.manual_seed(0)
        erma = TrainedErma(ErmaHead(load_clip(clip).dimension), pd.DataFrame({"step": [1]}), 1)
        save_erma(profile.results / "editability" / "erma", erma, clip, profile.editability)
        yield profile, score_sweep(profile), measure_leakage(profile)


def test_a_pairs_name_says_source_strength_and_candidate():
    found = sweep_columns(pd.Series(["sweep/00012/s50-2", "sweep/00003/s10-0"]))
    assert found.to_dict("list") == {
        "source": ["sweep/00012", "sweep/00003"], "strength": [0.5, 0.1], "candidate": [2, 0],
    }  # fmt: skip
    for wrong in ("mini/test-0001", "sweep/00012", "unseen/00001"):
        with pytest.raises(DataError, match=f"'{wrong}' is no pair of the sweep"):
            sweep_columns(pd.Series(["sweep/00012/s50-2", wrong]))


def test_scores_are_those_of_the_saved_erma_and_know_the_surrogate_that_is_its_source(run):
    profile, scores, _ = run
    dataset = open_evaluated(profile, "sweep").with_format("torch")
    assert list(scores["instance_id"]) == dataset["instance_id"][:]
    predictor = ErmaPredictor.load(profile.results / "editability" / "erma")
    pictures = [torch.stack([row[name] / 255 for row in dataset]) for name in ("source", "surrogate")]
    np.testing.assert_allclose(scores["ERMA"], predictor.predict(*pictures, dataset["instruction"][:]), atol=1e-5)
    stored = pd.read_csv(profile.results / "sweep_scores" / "scores.csv")
    pd.testing.assert_frame_equal(stored, scores, check_dtype=False)
    assert (scores["label"].isna() == (scores["source"] == "sweep/00000")).all()  # whose edit changes nothing
    same = scores[scores["strength"] == 0]
    np.testing.assert_allclose(same["label"].dropna(), 1, atol=1e-3)  # pictures are rounded to 8 bits
    np.testing.assert_allclose(same["SSIM"], 1, atol=1e-6)
    assert (scores.loc[scores["strength"] > 0, "SSIM"] < 0.999).all()


def test_leakage_is_complete_without_protection_falls_with_it_and_looks_only_inside_the_mask(run):
    profile, _, leakage = run
    columns = sweep_columns(leakage["pair_id"])
    same, hidden = leakage[columns["strength"] == 0], leakage[columns["strength"] == 0.9]
    np.testing.assert_allclose(same["psnr_inside"], PSNR_LIMIT)
    np.testing.assert_allclose(same[["ssim_inside", "clip_sim_inside", "reidentified"]], 1, atol=1e-5)
    for name in ("psnr_inside", "ssim_inside", "clip_sim_inside"):
        assert hidden[name].mean() < same[name].mean() - 1e-3
    assert leakage["reidentified"].between(0, 1).all() and len(leakage) == SOURCES * 5
    row, found = open_evaluated(profile, "sweep")[4], leakage.loc[4]
    assert row["instance_id"] == found["instance_id"]
    source, surrogate = (np.asarray(row[name], float) / 255 for name in ("source", "surrogate"))
    private = np.asarray(row["mask"]) > 127
    error = ((source - surrogate)[private] ** 2).mean()
    assert found["psnr_inside"] == pytest.approx(-10 * np.log10(error), abs=1e-4)


def test_golden_values():
    gallery = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    assert identified(torch.tensor([0.8, 0.6]), gallery, 0) == 1
    assert identified(torch.tensor([0.6, 0.8]), gallery, 0) == 0
    assert identified(torch.tensor([0.6, 0.8]), gallery, 2) == 0.5  # two sources are equally near
    assert identified(torch.zeros(2), gallery, 1) == pytest.approx(1 / 3)  # nothing to go by: chance
    worth = np.array([1.0, 2.0, 6.0])
    assert choosing.chosen_worth(np.array([0.1, 0.9, 0.5]), worth) == 2
    assert choosing.chosen_worth(np.array([0.9, 0.1, 0.9]), worth) == 3.5  # a tie is a coin toss
    assert choosing.chosen_worth(np.array([np.nan, 0.1, 0.0]), worth) == 2
    assert np.isnan(choosing.chosen_worth(np.full(3, np.nan), worth))
    data = pd.DataFrame({"pair_id": list("aaabbbcc"), "ERMA": [1, 2, 3, 1, 2, 9, 1, 2]})
    data["label"] = [0.0, 0.3, 0.9, 0.5, 0.1, np.nan, 0.2, np.nan]
    gains = choosing.source_gains(data, "label")
    assert list(gains.index) == ["a", "b"]  # c has one candidate with a label: nothing to choose
    assert gains["mean"].tolist() == pytest.approx([0.4, 0.3])
    assert gains["ERMA"].tolist() == pytest.approx([0.5, -0.2])
    assert gains["oracle"].tolist() == pytest.approx([0.5, 0.2]) and (gains["random"] == 0).all()
    score, worth = np.array([3.0, 1.0, 2.0, 0.0]), np.array([10.0, 2.0, 6.0, 0.0])
    kept = choosing.kept_means(score, worth, np.array([0, 0.25, 0.5, 0.75, 1.0]))
    assert kept.tolist() == [4.5, 6.0, 8.0, 10.0, 10.0]


def _write_scores(profile, sources: int = 10) -> pd.DataFrame:
    """sweep_scores/scores.csv: at strength 0.5 ERMA orders the candidates as the label does, GMSD the other way."""
    pairs = [f"sweep/{number:05d}/s{name}" for number in range(sources) for name in ("10-0", "50-0", "50-1", "50-2")]
    scores = pd.DataFrame({"instance_id": [f"{pair}/001" for pair in pairs], "pair_id": pairs})
    scores["label"] = numpy_generator("labels").uniform(-1, 1, len(scores))
    scores = scores.assign(ERMA=scores["label"], GMSD=scores["label"], SSIM=0.5, DISTS=np.nan)
    (profile.results / "sweep_scores").mkdir(parents=True)
    scores.to_csv(profile.results / "sweep_scores" / "scores.csv", index=False)
    return scores


def test_the_best_chooser_gains_what_the_oracle_gains_and_the_worst_loses(profile):
    scores = _write_scores(profile)
    write_editability(profile)
    gains = choosing.chooser_gains(profile).set_index("method")
    assert set(gains["worth"]) == {"label"}  # nothing was recovered
    chosen = scores[~scores["pair_id"].str.contains("s10")].copy()
    by_source = chosen.groupby(chosen["pair_id"].str[:11])["label"]
    expected = by_source.max() - by_source.mean()
    assert gains.loc["oracle", "value"] == pytest.approx(expected.mean())
    shown = ["value", "low", "high"]
    assert gains.loc["ERMA", shown].tolist() == gains.loc["oracle", shown].tolist()
    mean = mean_of(expected.to_numpy(), np.arange(10), profile.evaluation)
    assert gains.loc["ERMA", ["low", "high"]].tolist() == pytest.approx([mean.low, mean.high])
    assert gains.loc["GMSD", "high"] < 0 and gains.loc["ERMA", "share_of_oracle"] == pytest.approx(1)
    assert gains.loc["SSIM", "value"] == gains.loc["random", "value"] == pytest.approx(0)  # a constant cannot choose
    assert (gains["n"] == 10).all() and "DISTS" not in gains.index
    text = choosing.chooser_table(profile)._repr_markdown_()
    assert "simulated" in text and "3 surrogates" in text
    write_metrics(profile, {"C2E-S2SER": sweep_rows(0.6, sources=10, copies=3)}, "sweep")  # now a worth, too
    gains = choosing.chooser_gains(profile).set_index(["worth", "method"])
    assert gains.loc[("psnr_gt_inside", "oracle"), "value"] == pytest.approx(0)  # all copies are worth the same
    assert gains.loc[("psnr_gt_inside", "ERMA"), "n"] == 10


def test_more_surrogates_of_the_same_sources_are_no_more_evidence(profile):
    found = []
    for copies in (1, 3):
        tables = {"SOER": sweep_rows(0.59, copies=copies), "C2E-S2SER": sweep_rows(0.6, copies=copies)}
        tables["SOER"]["dir_i"] += numpy_generator("dir_i").normal(0, 0.02, 15).repeat(2 * copies)
        write_metrics(profile, tables, "sweep")
        found.append(sweep.refutation_data(profile))
    pd.testing.assert_frame_equal(*found)
    assert set(found[0]["n"]) == {15} and list(dict.fromkeys(found[0]["strength"])) == ["all", 0.1, 0.5]
    assert found[0].loc[found[0]["metric"] == "dir_i", "low"].notna().all()


@pytest.mark.parametrize(("worse", "holds"), [([], True), (["ssim_src"], False)])
def test_one_metric_behind_refutes(profile, worse, holds):
    tables = {"SOER": sweep_rows(0.5), "C2E-S2SER": sweep_rows(0.6)}
    tables["SOER"][worse] = 0.9
    write_metrics(profile, tables, "sweep")
    entry = evaluate_claims(profile, "sweep")[0]
    assert entry["holds"] is holds and entry["n"] == 15
    assert entry["measured"].startswith("8 of 8" if holds else "7 of 8")
    assert "15 sources, 30 surrogates at strengths 0.1 to 0.5" in entry["measured"]
    assert ("not on ssim_src" in entry["measured"]) is not holds
    assert f"Ahead on {8 if holds else 7} of 8 metrics." in sweep.refutation_table(profile)._repr_markdown_()


def test_curves_are_means_over_one_surrogate_a_source(profile):
    scores = _write_scores(profile)
    write_metrics(profile, {"C2E-S2SER": sweep_rows(0.6, sources=10, copies=2)}, "sweep")
    data = sweep.strength_data(profile).set_index(["panel", "line", "strength"])
    first = scores[scores["pair_id"].str.endswith("s50-0")]["label"]
    assert data.loc[("editability", "label", 0.5), "value"] == pytest.approx(first.mean())
    assert (data["n"] == 10).all() and ("dir_i", "C2E-S2SER", 0.1) in data.index
    assert (data["low"] <= data["value"]).all() and (data["value"] <= data["high"]).all()
    text = sweep.strength_table(profile)._repr_markdown_()
    assert "leakage: not run in this profile yet" in text and "10 fresh sources" in text
    assert np.isfinite(data[["value", "low", "high"]]).all(axis=None)  # what was not measured is left out
    assert draw(profile, "figure06_strength").get_suptitle()


def test_figures_and_tables_of_the_real_run(run, tmp_path):
    profile, scores, _ = run
    values = dict.fromkeys(COLUMNS[2:6], "EDIT") | dict.fromkeys(COLUMNS[6:], 0.5)
    measured = scores[["instance_id", "pair_id"]].assign(**values)
    write_metrics(profile, {name: measured for name in ("copy-surrogate", "SOER", "C2E-S2SER")}, "sweep")
    saved = [save(draw(profile, "figure06_strength"), tmp_path / name, "figure06")[0].read_bytes() for name in "abc"]
    assert saved[0] == saved[1] == saved[2]
    figure = draw(profile, "figure06_strength")
    titles = [axis.get_title() for axis in figure.findobj(lambda artist: hasattr(artist, "get_xticks"))]
    assert {"I", "I'", "S'", "S, strength 0.9"} <= set(titles) and data_name(profile) in figure.get_suptitle()
    identified_rows = sweep.strength_data(profile).query("panel == 'leakage_identified'")
    assert (identified_rows["n"] == SOURCES).all()
    assert "By chance: 0.250." in sweep.strength_table(profile)._repr_markdown_()
    assert "label at 0.5: 1" in sweep.strength_table(profile)._repr_markdown_()  # the source that does not change
    assert len(draw(profile, "figure_chooser").axes) == 2


def test_a_good_assessor_gains_as_a_gate(profile):
    write_editability(profile, erma_noise=0.05)
    write_metrics(profile, {"C2E-S2SER": metric_rows(level=0.7)})
    gains = choosing.gate_gains(profile).set_index(["worth", "method"])
    assert gains.loc[("label", "ERMA"), "low"] > 0
    assert gains.loc[("label", "oracle"), "value"] >= gains.loc[("label", "ERMA"), "value"]
    assert set(gains.index.get_level_values(0)) == set(choosing.WORTH)
    assert "| oracle" in choosing.gate_table(profile)._repr_markdown_()


def test_nothing_run_says_so_everywhere(profile):
    assert len(score_sweep(profile)) == len(measure_leakage(profile)) == 0
    for table in (sweep.strength_table, sweep.refutation_table, choosing.chooser_table):
        assert "not run in this profile yet" in table(profile)._repr_markdown_()
    entry = evaluate_claims(profile, "sweep")[0]
    assert entry["holds"] is None and entry["measured"] == "not tested in this profile yet"
    assert draw(profile, "figure06_strength").get_suptitle() and len(draw(profile, "figure_chooser").axes) == 2


def test_a_sweep_set_without_erma_names_the_stage_to_run(profile):
    tiny_sweep(profile.results / "sweep", 1, {0.5: 1})
    with pytest.raises(ResourceError, match="02_editability"):
        score_sweep(profile)
    assert not (profile.results / "sweep_scores").exists()
