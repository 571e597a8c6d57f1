"""Editability: ERMA's parts, image quality baselines, and the scores they are judged by."""

import dataclasses
import json
import sys
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio
from tiny import tiny_benchmark, tiny_clip

from sppe_lib import editability
from sppe_lib.config import EditabilityParameters, load_profile
from sppe_lib.data.labels import count_labels
from sppe_lib.data.schema import image_tensor, open_split
from sppe_lib.editability import iqa, plots
from sppe_lib.editability.erma_training import ErmaInputs, train_erma
from sppe_lib.editability.iqa import METRICS, direction, load_metric, pair_scores, score_all
from sppe_lib.editability.scores import Method, correlation_table, plcc, srcc
from sppe_lib.editability.stage import BY_CATEGORY, BY_INSTRUCTION, COSINE, LEAST_SQUARES, trivial_scores
from sppe_lib.erma import ErmaHead, ErmaPredictor, combine, predict_cosines
from sppe_lib.errors import ConfigError, DataError, KitError, ResourceError

PARAMETERS = EditabilityParameters(
    steps=120,
    warmup_steps=20,
    validate_from=40,
    validate_every=20,
    batch=32,
    learning_rate=1e-3,
    weight_decay=1e-4,
    seed=1,
    learned_metrics=False,
)
SHORT = dataclasses.replace(PARAMETERS, steps=10, validate_from=5)


def _problem(count: int, seed: int, flips: int = 1) -> tuple[ErmaInputs, np.ndarray]:
    """Random features with labels that can be read off them: how close S is to I."""
    draws = torch.Generator().manual_seed(seed)
    source = torch.randn(flips, count, 8, generator=draws)
    share = torch.rand(count, 1, generator=draws)
    surrogate = (1 - share) * source + share * torch.randn(flips, count, 8, generator=draws)
    labels = 1 - 2 * share[:, 0].double().numpy()
    return ErmaInputs(source, surrogate, torch.randn(count, 8, generator=draws)), labels


def test_the_input_and_the_head_are_those_of_the_paper():
    source, surrogate, text = torch.tensor([[3.0, 4.0]]), torch.tensor([[4.0, 3.0]]), torch.tensor([[0.0, 2.0]])
    expected = [3, 4, 4, 3, 12, 12, 1, -1, 1, 1, 0, 2, 0.96, 0.8, 0.6]
    np.testing.assert_allclose(combine(source, surrogate, text)[0], expected, rtol=1e-6)
    head = ErmaHead(512)
    assert head[0].in_features == combine(*torch.randn(3, 2, 512)).shape[1] == 3075
    assert [layer.out_features for layer in head if isinstance(layer, torch.nn.Linear)] == [512, 256, 64, 1]
    assert [layer.p for layer in head if isinstance(layer, torch.nn.Dropout)] == [0.3, 0.2, 0.1]
    flips = torch.stack([torch.zeros(4, 1), torch.ones(4, 1)])
    rows = ErmaInputs(flips, flips + 10, torch.zeros(4, 1)).rows(torch.arange(4), torch.tensor([0, 1, 1, 0]))
    assert rows[:, 0].tolist() == [0, 1, 1, 0] and rows[:, 1].tolist() == [10, 11, 11, 10]


def test_training_learns_a_learnable_problem_and_keeps_the_best_validation():
    validation, (test, expected) = _problem(60, 2), _problem(100, 1)
    trained = train_erma(*_problem(400, 0, flips=2), *validation, PARAMETERS)
    assert srcc(predict_cosines(trained.head, test.all()), expected) > 0.8
    log = trained.log.set_index("step")
    assert list(log.index) == [40, 60, 80, 100, 120]
    assert trained.step == ((log["validation_srcc"] + log["validation_plcc"]) / 2).idxmax()
    predicted = predict_cosines(trained.head, validation[0].all())
    assert srcc(predicted, validation[1]) == pytest.approx(log.loc[trained.step, "validation_srcc"])


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    train, validation = _problem(100, 0, flips=2), _problem(30, 2)
    torch.manual_seed(5)
    first = train_erma(*train, *validation, SHORT).head.state_dict()
    untouched = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(untouched, torch.rand(1)), "training must not disturb the global generator"
    again = train_erma(*train, *validation, SHORT).head.state_dict()
    other = train_erma(*train, *validation, dataclasses.replace(SHORT, seed=2)).head.state_dict()
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    assert not torch.equal(other["0.weight"], again["0.weight"])


def test_undefined_labels_are_left_out():
    (train, labels), validation = _problem(100, 0, flips=2), _problem(30, 2)
    some = labels.copy()
    some[::2] = np.nan
    trained = train_erma(train, some, *validation, SHORT)
    assert np.isfinite(trained.log["loss"]).all()
    kept = ErmaInputs(train.source[:, 1::2], train.surrogate[:, 1::2], train.text[1::2])
    same = train_erma(kept, labels[1::2], *validation, SHORT)
    torch.testing.assert_close(trained.head.state_dict()["0.weight"], same.head.state_dict()["0.weight"])
    with pytest.raises(DataError, match="two defined labels"):
        train_erma(train, np.full(100, np.nan), *validation, PARAMETERS)


@pytest.mark.parametrize(("broken", "error"), [("source", KitError), ("text", KitError), ("steps", ConfigError)])
def test_a_head_that_is_not_finite_is_never_selected(broken, error):
    train, validation = _problem(60, 0, flips=2), _problem(30, 2)
    steps = 0 if broken == "steps" else 2
    parameters = dataclasses.replace(PARAMETERS, steps=steps, validate_from=1, validate_every=1, batch=60)
    train[0].source[:, 7] = torch.inf if broken == "source" else 0
    validation[0].text[3] = torch.nan if broken == "text" else 0
    with pytest.raises(error):
        train_erma(*train, *validation, parameters)


def test_without_a_defined_correlation_the_stage_still_reports():
    scores = pd.DataFrame({"instance_id": list("abcd"), "pair_id": list("aabb"), "group": "Face", "label": np.nan})
    scores["ERMA"] = [0.1, 0.2, 0.3, 0.4]
    methods = [Method("ERMA", "higher", trained=True)]
    table = correlation_table(scores, methods)
    result = editability.EditabilityResult(scores, pd.DataFrame(), scores, methods, table)
    assert table["value"].isna().all() and editability.summary(result).empty
    chosen = plots.pick_instances(scores)
    assert chosen.empty and plots.instance_grid(None, chosen).axes and plots.correlation_bars(table).axes
    plt.close("all")


def test_correlations_on_numbers_known_by_hand_are_turned_where_lower_is_better_and_by_group():
    assert srcc([1, 2, 3, 4], [1, 10, 100, 1000]) == pytest.approx(1)
    assert plcc([1, 2, 3, 4], [2, 4, 6, 8]) == pytest.approx(1) and plcc([1, 2, 3], [1, 3, 2]) == pytest.approx(0.5)
    assert np.isnan(srcc([1, 1, 1], [1, 2, 3])) and np.isnan(plcc([1, 2], [1, 2]))
    assert srcc([1, 2, np.nan, 4, 0], [1, 2, 3, 4, np.nan]) == pytest.approx(1)
    scores = pd.DataFrame({"group": ["Face"] * 3 + ["Time"] * 4, "label": [0.1, 0.2, 0.3, 0.1, 0.2, 0.3, np.nan]})
    scores = scores.assign(distance=[3, 2, 1, 1, 2, 3, 4], missing=np.nan)
    table = correlation_table(scores, [Method("distance", "lower"), Method("missing", "higher", False, "no weights")])
    assert list(table.columns) == ["metric", "method", "group", "value", "n"]
    found = table.set_index(["metric", "method", "group"])
    assert found.loc[("srcc", "distance", "Face"), "value"] == pytest.approx(1)
    assert found.loc[("plcc", "distance", "Time"), "value"] == pytest.approx(-1)
    assert found.loc[("srcc", "distance", "Overall"), "n"] == 6
    assert found.xs("missing", level="method")["value"].isna().all()
    assert not found.xs("missing", level="method")["n"].any()


def test_trivial_assessors_know_means_and_their_best_linear_mixture():
    known = pd.DataFrame({"instruction_code": list("aabbab"), "category": list("xyxyxx")})
    known["cosine"] = [0.1, 0.5, 0.9, 0.3, 0.7, 0.2]
    labels = np.array([0.2, 0.4, 0.8, 0.6, np.nan, 0.3])
    asked = pd.DataFrame({"instruction_code": ["a", "new"], "category": ["y", "x"], "cosine": [0.4, 0.6]})
    found = trivial_scores(known, labels, asked)
    assert found[BY_INSTRUCTION].tolist() == pytest.approx([0.3, 0.46])
    assert found[BY_CATEGORY].tolist() == pytest.approx([0.5, 1.3 / 3])
    own = trivial_scores(known, labels, known)
    error = lambda column: np.nanmean((own[column] - labels) ** 2)
    assert error(LEAST_SQUARES) <= min(error(name) for name in (BY_INSTRUCTION, BY_CATEGORY, COSINE)) + 1e-12
    exact = trivial_scores(known, 2 * known["cosine"].to_numpy() - 0.3, asked)
    np.testing.assert_allclose(exact[LEAST_SQUARES], [0.5, 0.9], atol=1e-9)
    nothing = trivial_scores(known, np.full(6, np.nan), asked)
    assert nothing[LEAST_SQUARES].isna().all() and nothing[COSINE].tolist() == [0.4, 0.6]


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stage")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPPE_RESULTS", str(folder))
        clip = tiny_clip(folder / "clip")
        own = {"learned_metrics": False, "steps": 30, "validate_from": 20}
        own = {f"editability.{name}": value for name, value in own.items()}
        profile = load_profile("smoke", {"models.clip": clip, "models.metrics_clip": clip} | own)
        tiny_benchmark(profile.results / "benchmark", {"train": 12, "val": 8, "test": 8})
        yield profile, editability.run(profile)


def test_the_stage_writes_what_the_evaluation_reads_and_a_predictor_that_gives_its_scores(stage):
    profile, result = stage
    folder = profile.results / "editability"
    files = {"labels.csv", "scores.csv", "methods.json", "correlations.csv", "erma"}
    assert {path.name for path in folder.iterdir()} == files
    scores, methods = pd.read_csv(folder / "scores.csv"), json.loads((folder / "methods.json").read_text())
    identity = ["instance_id", "pair_id", "category", "group", "modality", "tag", "label"]
    assert list(scores.columns) == [*identity, *(method["name"] for method in methods)]
    assert list(scores["instance_id"]) == open_split(profile.results / "benchmark", "test")["instance_id"][:]
    trained = [method["name"] for method in methods if method["trained"]]
    assert trained == [BY_INSTRUCTION, BY_CATEGORY, LEAST_SQUARES, "ERMA"]
    assert (scores.groupby("pair_id")["SSIM"].nunique() == 1).all() and scores["DISTS"].isna().all()
    assert scores["ERMA"].between(-1, 1).all() and scores["ERMA"].nunique() > 8
    correlations = pd.read_csv(folder / "correlations.csv")
    overall = correlations[(correlations["method"] == "ERMA") & (correlations["group"] == "Overall")]
    assert (overall["n"] == scores["label"].notna().sum()).all() and len(overall) == 2
    assert list(count_labels(result.labels)["undefined"]) == [2, 2, 2]
    predictor = ErmaPredictor.load(profile.results / "editability" / "erma")
    rows = open_split(profile.results / "benchmark", "test").select(range(5))
    shown = (torch.stack([image_tensor(row[name]) for row in rows]) for name in ("source", "surrogate"))
    predicted = predictor.predict(*shown, rows["instruction"][:])
    np.testing.assert_allclose(predicted, result.scores["ERMA"][:5], atol=1e-5)
    with pytest.raises(DataError, match="2 instructions"):
        predictor.predict(torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32), ["a", "b"])


def test_the_pictures_show_the_extremes_and_the_selected_checkpoint(stage):
    profile, result = stage
    chosen = plots.pick_instances(result.scores, count=2)
    defined = result.scores.dropna(subset=["label"])["ERMA"]
    assert chosen["ERMA"].iloc[0] == defined.max() and chosen["ERMA"].iloc[-1] == defined.min()
    assert chosen["ERMA"].is_monotonic_decreasing
    test = open_split(profile.results / "benchmark", "test")
    predictor = ErmaPredictor.load(profile.results / "editability" / "erma")
    for figure in (plots.instance_grid(test, chosen), plots.input_grid(predictor, test, chosen)):
        said = " ".join(text.get_text() for text in figure.texts)
        assert all(f"predicted {value:+.2f}" in said for value in chosen["ERMA"])
        assert len(np.unique(figure.axes[0].images[0].get_array())) > 20
    curve = plots.training_curve(result.log).axes[1]
    selected = result.log.loc[result.log["selection"].idxmax(), "step"]
    assert any(list(line.get_xdata()) == [selected, selected] for line in curve.lines)
    shown = [label.get_text() for label in plots.correlation_bars(result.correlations).axes[0].get_yticklabels()]
    assert set(shown) == {method.name for method in result.methods if method.available}
    assert len(plots.label_histogram(result.labels).axes[0].get_legend().get_texts()) == 3
    plt.close("all")


def test_what_is_missing_names_the_stage_to_run(tmp_path, results):
    with pytest.raises(ResourceError, match="02_editability"):
        ErmaPredictor.load(tmp_path / "erma")
    with pytest.raises(DataError, match="01_benchmark"):
        editability.run(load_profile("smoke"))
    assert not results.exists()


metric = {entry.name: entry for entry in METRICS}.__getitem__
WEIGHT_FREE = [entry.name for entry in METRICS if not entry.weights]
LEARNED = [entry.name for entry in METRICS if entry.weights]
ABSENT = [name for name in LEARNED if name != "ST-LPIPS"]  # whose weights come with no package


@pytest.fixture(scope="module")
def pictures():
    """Two smooth random pictures [2, 3, 64, 64] and fixed noise of the same shape."""
    draws = torch.Generator().manual_seed(3)
    coarse = torch.rand(2, 3, 8, 8, generator=draws)
    pictures = torch.nn.functional.interpolate(coarse, (64, 64), mode="bilinear").clamp(0, 1)
    return pictures, torch.rand(pictures.shape, generator=draws) - 0.5


@pytest.fixture(autouse=True)
def no_weights_and_no_network(monkeypatch, tmp_path):
    """A machine without any weights, on which any download is an error."""

    def refuse(*arguments, **options):
        raise AssertionError("a metric tried to download weights")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(iqa.Path, "home", lambda: tmp_path)
    monkeypatch.setattr(iqa, "try_to_load_from_cache", lambda repository, name: None)
    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)


def _better(entry, first, second):
    return first < second if direction(entry) == "lower" else first > second


@pytest.mark.parametrize("name", [*WEIGHT_FREE, "ST-LPIPS"])
def test_direction_agrees_with_behaviour_at_the_size_of_the_miniature(name, pictures):
    entry, (clean, noise) = metric(name), pictures
    # The milder noise is still visible: MAD gives 0 to what it takes to be invisible.
    references = torch.cat([clean] * 3)
    changed = torch.cat([clean, clean + 0.3 * noise, clean + noise]).clamp(0, 1)
    same, mild, strong = pair_scores(entry, load_metric(entry), references, changed).reshape(3, 2)
    assert np.isfinite([same, mild, strong]).all()
    assert _better(entry, same, mild).all() and _better(entry, mild, strong).all()


@pytest.mark.parametrize("name", WEIGHT_FREE)
def test_scores_are_of_one_pair_and_of_what_the_metric_can_have(name, pictures):
    clean, noise = pictures
    entry, changed = metric(name), (clean + 0.3 * noise).clamp(0, 1)
    function = load_metric(entry)
    together = pair_scores(entry, function, clean, changed)
    alone = pair_scores(dataclasses.replace(entry, batch=1), function, clean, changed)
    np.testing.assert_allclose(alone, together, rtol=1e-4)
    if name == "PSNR":
        pairs = zip(clean.numpy(), changed.numpy(), strict=True)
        theirs = [peak_signal_noise_ratio(*pair, data_range=1) for pair in pairs]
        np.testing.assert_allclose(together, theirs, rtol=1e-4)
    shades = torch.tensor([0.0, 0.5, 0.5, 1.0]).view(4, 1, 1, 1).expand(4, 3, 64, 64)  # flat ones may have none
    scores = pair_scores(entry, function, shades, shades.roll(1, 0))
    assert (np.abs(scores[np.isfinite(scores)]) <= (1 + 1e-3 if entry.highest == 1 else 200)).all()


def test_ssim_sees_colour(pictures):
    # pyiqa's default is luma, on which a change of colour at equal luma would be invisible.
    clean = 0.3 + 0.4 * pictures[0]
    stripes = 0.2 * torch.sin(torch.arange(64.0))
    recoloured = clean.clone()
    recoloured[:, 0] += stripes
    recoloured[:, 1] -= stripes * 65.481 / 128.553  # the BT.601 weights of red and green
    entry = metric("SSIM")
    on_luma = dataclasses.replace(entry, options={"test_y_channel": True})
    assert pair_scores(entry, load_metric(entry), clean, recoloured).max() < 0.9
    assert pair_scores(on_luma, load_metric(on_luma), clean, recoloured).min() > 0.99


@pytest.mark.parametrize("name", ["VIF", "CW-SSIM"])
def test_small_images_are_enlarged_where_a_pyramid_needs_it(name, pictures):
    entry, (clean, noise) = metric(name), pictures
    small, changed = clean[..., ::2, ::2], (clean + 0.5 * noise).clamp(0, 1)[..., ::2, ::2]
    function = load_metric(entry)
    same, other = (pair_scores(entry, function, small, image) for image in (small, changed))
    assert np.isfinite(same).all() and _better(entry, same, other).all()


def test_what_is_not_there_is_reported_without_a_download_and_has_no_numbers(pictures, monkeypatch, tmp_path):
    for name in ABSENT:
        with pytest.raises(ResourceError, match="weights not available: put ") as error:
            load_metric(metric(name))
        assert all(file.name in str(error.value) for file in metric(name).weights)
    clean, noise = pictures
    scores, methods = score_all([(clean, (clean + 0.3 * noise).clamp(0, 1)), (clean, clean)])
    for method in methods:
        assert method.available is (method.name not in ABSENT) and len(scores[method.name]) == 4
        assert (np.isfinite if method.available else np.isnan)(scores[method.name]).all()
        assert method.available or method.reason.startswith("weights not available")
    _, methods = score_all([], learned=False)
    assert {method.name for method in methods if "learned_metrics" in method.reason} == set(LEARNED)
    (tmp_path / "alex_shift_tolerant.pth").write_bytes(b"truncated")
    monkeypatch.setattr(iqa, "_weight_folders", lambda: {"package": tmp_path})
    with pytest.raises(ResourceError, match="ST-LPIPS: weights not available: .* does not load"):
        load_metric(metric("ST-LPIPS"))


def test_st_lpips_is_its_authors(pictures, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchsummary", SimpleNamespace(summary=None))  # which they import for a printout
    theirs = pytest.importorskip("stlpips_pytorch.stlpips").LPIPS(net="alex", variant="shift_tolerant")
    clean, changed = pictures[0], (pictures[0] + 0.5 * pictures[1]).clamp(0, 1)
    with torch.no_grad():
        expected = theirs(2 * clean - 1, 2 * changed - 1).flatten()
    ours = pair_scores(metric("ST-LPIPS"), load_metric(metric("ST-LPIPS")), clean, changed)
    np.testing.assert_allclose(ours, expected, rtol=1e-4)
