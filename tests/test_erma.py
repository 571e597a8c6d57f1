"""ERMA: its input, head, training, selection and predictor; and the scores it is judged by."""

import dataclasses
import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tiny import tiny_benchmark, tiny_clip

from sppe_lib import editability
from sppe_lib.config import EditabilityParameters, load_profile
from sppe_lib.data.labels import count_labels
from sppe_lib.data.schema import image_tensor, open_split
from sppe_lib.editability import plots
from sppe_lib.editability.assessors import BY_CATEGORY, BY_INSTRUCTION, COSINE, LEAST_SQUARES, trivial_scores
from sppe_lib.editability.erma import ErmaHead, ErmaInputs, ErmaPredictor, combine, predict_cosines, train_erma
from sppe_lib.editability.scores import Method, correlation_table, plcc, srcc
from sppe_lib.errors import ConfigError, DataError, KitError, ResourceError

PARAMETERS = EditabilityParameters(
    steps=120, warmup_steps=20, validate_from=40, validate_every=20, batch=32, learning_rate=1e-3,
    weight_decay=1e-4, seed=1, learned_metrics=False,
)  # fmt: skip
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


def test_source_and_surrogate_are_mirrored_together():
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


def test_correlations_on_numbers_known_by_hand():
    assert srcc([1, 2, 3, 4], [1, 10, 100, 1000]) == pytest.approx(1)
    assert plcc([1, 2, 3, 4], [2, 4, 6, 8]) == pytest.approx(1)
    assert plcc([1, 2, 3], [1, 3, 2]) == pytest.approx(0.5)
    assert np.isnan(srcc([1, 1, 1], [1, 2, 3])) and np.isnan(plcc([1, 2], [1, 2]))
    assert srcc([1, 2, np.nan, 4, 0], [1, 2, 3, 4, np.nan]) == pytest.approx(1)


@settings(max_examples=50, deadline=None)
@given(arrays(np.float64, 12, elements=st.integers(-50, 50)), arrays(np.float64, 12, elements=st.integers(-50, 50)))
def test_srcc_is_about_order_only(scores, labels):
    plain, cubed, turned = srcc(scores, labels), srcc(scores**3, labels), srcc(-scores, labels)
    np.testing.assert_allclose([cubed, -turned], [plain, plain], atol=1e-9)


def test_lower_is_better_scores_are_turned_and_groups_are_separate():
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
    """The whole stage on a synthetic benchmark and a random CLIP."""
    folder = tmp_path_factory.mktemp("stage")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPPE_RESULTS", str(folder))
        clip = tiny_clip(folder / "clip")
        profile = load_profile(
            "smoke",
            {
                "models.clip": clip, "models.metrics_clip": clip, "editability.learned_metrics": False,
                "editability.steps": 30, "editability.validate_from": 20,
            },
        )  # fmt: skip
        tiny_benchmark(profile.results / "benchmark", {"train": 12, "val": 8, "test": 8})
        yield profile, editability.run(profile)


def test_the_stage_writes_what_the_evaluation_reads(stage):
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


def test_the_saved_predictor_gives_the_scores_of_the_stage(stage):
    profile, result = stage
    predictor = ErmaPredictor.load(profile.results / "editability" / "erma")
    rows = open_split(profile.results / "benchmark", "test").select(range(5))
    predicted = predictor.predict(
        torch.stack([image_tensor(row["source"]) for row in rows]),
        torch.stack([image_tensor(row["surrogate"]) for row in rows]),
        rows["instruction"][:],
    )
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


def test_what_is_missing_names_the_stage_to_run(tmp_path, monkeypatch):
    with pytest.raises(ResourceError, match="02_editability"):
        ErmaPredictor.load(tmp_path / "erma")
    monkeypatch.setenv("SPPE_RESULTS", str(tmp_path))
    with pytest.raises(DataError, match="01_benchmark"):
        editability.run(load_profile("smoke"))
    assert not (tmp_path / "smoke").exists()
