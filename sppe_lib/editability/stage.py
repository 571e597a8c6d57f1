"""The editability stage: labels, ERMA, and what it is compared with, scored on the test split; and on the sweep set.

The trivial assessors learn next to nothing: how alike CLIP finds I and S, the mean label of the instruction, that of
the category, and least squares on the three. They are fitted on the train and val splits.
"""

import json
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import torch
from datasets import Dataset

from sppe_lib.clip import DatasetFeatures, cosine, load_clip
from sppe_lib.config import Profile
from sppe_lib.data.labels import edit_labels, label_table
from sppe_lib.data.schema import EVALUATED, SPLITS, first_rows, image_tensor, open_evaluated, open_split, split_files
from sppe_lib.data.sweep import SWEEP_COLUMNS, sweep_columns
from sppe_lib.editability.erma_training import erma_inputs, save_erma, train_erma
from sppe_lib.editability.iqa import score_all
from sppe_lib.editability.scores import OVERALL, Method, correlation_table
from sppe_lib.erma import ErmaPredictor, predict_cosines
from sppe_lib.runtime import progress, write_text

ERMA = Method("ERMA", "higher", trained=True)
INSTANCE_COLUMNS = ["instance_id", "pair_id", "category", "group", "modality", "tag"]

COSINE, LEAST_SQUARES = "CLIP cosine of I and S", "Least squares on these three"
BY_INSTRUCTION, BY_CATEGORY = "Mean label of the instruction", "Mean label of the category"
_TRIVIAL = (COSINE, BY_INSTRUCTION, BY_CATEGORY, LEAST_SQUARES)
TRIVIAL = tuple(Method(name, "higher", trained=name != COSINE) for name in _TRIVIAL)
"""The trivial assessors, in the order of the tables."""

SWEEP = "sweep"  # the sweep set's name in `schema.EVALUATED`
FOLDER = "sweep_scores"  # where everything measured on the sweep set's surrogates goes, under `results/<profile>/`


@dataclass(frozen=True)
class EditabilityResult:
    """What the stage found and wrote to `results/<profile>/editability/`.

    `labels`: instance_id, split, label. `log`: ERMA's validations. `scores`: the test split, one raw column a method.
    `correlations`: metric, method, group, value, n.
    """

    labels: pd.DataFrame
    log: pd.DataFrame
    scores: pd.DataFrame
    methods: list[Method]
    correlations: pd.DataFrame


def trivial_scores(known: pd.DataFrame, labels: np.ndarray, asked: pd.DataFrame) -> pd.DataFrame:
    """Scores of the instances `asked`, one column for each of TRIVIAL, fitted on those `known` and their labels.

    Both tables: instruction_code, category, cosine. Undefined labels are left out; an instruction or category that has
    none gets the mean of all. Without any label only the cosine is defined.
    """
    defined = known.assign(label=labels).dropna(subset=["label"])
    fitted, found = pd.DataFrame({COSINE: defined["cosine"]}), pd.DataFrame({COSINE: asked["cosine"]})
    for name, column in ((BY_INSTRUCTION, "instruction_code"), (BY_CATEGORY, "category")):
        means = defined.groupby(column)["label"].mean()
        fitted[name] = defined[column].map(means)
        found[name] = asked[column].map(means).fillna(defined["label"].mean())
    known_inputs, inputs = (np.c_[rows.to_numpy(float), np.ones(len(rows))] for rows in (fitted, found))
    coefficients = np.linalg.lstsq(known_inputs, defined["label"], rcond=None)[0]
    return found.astype(float).assign(**{LEAST_SQUARES: inputs @ coefficients})


def _assessed(features: DatasetFeatures) -> pd.DataFrame:
    """What the trivial assessors see of a split."""
    rows = pd.DataFrame({name: features.dataset[name][:] for name in ("instruction_code", "category")})
    return rows.assign(cosine=cosine(features.images("source"), features.images("surrogate")).double().numpy())


def _quality(dataset: Dataset, learned: bool, batch: int = 32) -> tuple[pd.DataFrame, list[Method]]:
    """Image quality metrics of a split, each pair measured once: one raw column a metric, and the methods."""
    first, images = first_rows(dataset), dataset.select_columns(["source", "surrogate"])
    rows = list(first.values())
    parts = ([images[row] for row in rows[start : start + batch]] for start in range(0, len(rows), batch))
    batches = (
        [torch.stack([image_tensor(one[name]) for one in part]) for name in ("source", "surrogate")] for part in parts
    )
    by_pair, methods = score_all(progress(batches, "image quality metrics"), learned)
    scores = pd.DataFrame(by_pair, list(first), dtype=float)
    return scores.reindex(dataset["pair_id"][:]).reset_index(drop=True), methods


def _judged(profile: Profile, features: DatasetFeatures) -> DatasetFeatures:
    """Features of the same data by the CLIP that judges edits; the very same where it is ERMA's own."""
    judge = load_clip(profile.models.metrics_clip)
    return features if judge is features.clip else DatasetFeatures(judge, features.dataset)


def run(profile: Profile) -> EditabilityResult:
    """Run the stage on a profile's benchmark. Raises DataError or ResourceError where an input is missing."""
    parameters, folder = profile.editability, profile.results / "editability"
    datasets = {split: open_split(profile.results / "benchmark", split) for split in SPLITS}
    features = {split: DatasetFeatures(load_clip(profile.models.clip), data) for split, data in datasets.items()}
    labels = label_table({split: _judged(profile, part) for split, part in features.items()})
    write_text(folder / "labels.csv", labels.to_csv(index=False))
    by_split = {split: labels.loc[labels["split"] == split, "label"].to_numpy() for split in SPLITS}

    fitted_on = erma_inputs(features["train"], with_mirrored=True)
    trained = train_erma(fitted_on, by_split["train"], erma_inputs(features["val"]), by_split["val"], parameters)
    save_erma(folder / "erma", trained, profile.models.clip, parameters)

    test = datasets["test"]
    scores = pd.DataFrame({name: test[name][:] for name in INSTANCE_COLUMNS} | {"label": by_split["test"]})
    quality, metrics = _quality(test, parameters.learned_metrics)
    known = pd.concat([_assessed(features[split]) for split in ("train", "val")], ignore_index=True)
    known_labels = np.concatenate([by_split["train"], by_split["val"]])
    trivial = trivial_scores(known, known_labels, _assessed(features["test"]))
    scores = pd.concat([scores, quality, trivial], axis=1)
    scores[ERMA.name] = predict_cosines(trained.head, erma_inputs(features["test"]).all()).astype(np.float64)
    methods = [*metrics, *TRIVIAL, ERMA]

    correlations = correlation_table(scores, methods)
    write_text(folder / "scores.csv", scores.to_csv(index=False))
    write_text(folder / "methods.json", json.dumps([asdict(method) for method in methods], indent=2) + "\n")
    write_text(folder / "correlations.csv", correlations.to_csv(index=False))
    return EditabilityResult(labels, trained.log, scores, methods, correlations)


def summary(result: EditabilityResult) -> pd.DataFrame:
    """Overall SRCC and PLCC of the available methods, best SRCC first."""
    overall = result.correlations[result.correlations["group"] == OVERALL]
    table = overall.pivot(index="method", columns="metric", values="value")[["srcc", "plcc"]]
    table["n"] = overall.groupby("method")["n"].first()
    return table[table["n"] > 0].sort_values("srcc", ascending=False)


def sweep_is_built(profile: Profile) -> bool:
    """Whether this profile has a sweep set."""
    folder, split = EVALUATED[SWEEP]
    return bool(split_files(profile.results / folder, split))


def score_sweep(profile: Profile) -> pd.DataFrame:
    """Score the sweep set's surrogates, with nothing trained anew; also written to `sweep_scores/scores.csv`.

    Columns: instance_id, pair_id, source, strength, candidate, label (a cosine, NaN where undefined) and the raw score
    of each method; no rows without the set. Raises ResourceError without a trained ERMA.
    """
    scores = pd.DataFrame(columns=["instance_id", "pair_id", *SWEEP_COLUMNS, "label", ERMA.name])
    if sweep_is_built(profile):
        predictor = ErmaPredictor.load(profile.results / "editability" / "erma")
        dataset = open_evaluated(profile, SWEEP)
        features = DatasetFeatures(load_clip(predictor.clip_location), dataset)
        identity = pd.DataFrame({name: dataset[name][:] for name in ("instance_id", "pair_id")})
        scores = identity.join(sweep_columns(identity["pair_id"]))
        scores = scores.assign(label=edit_labels(_judged(profile, features)))
        scores = scores.join(_quality(dataset, profile.editability.learned_metrics)[0])
        scores[ERMA.name] = predict_cosines(predictor.head, erma_inputs(features).all()).astype(np.float64)
    write_text(profile.results / FOLDER / "scores.csv", scores.to_csv(index=False))
    return scores
