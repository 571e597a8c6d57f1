"""The editability stage: labels, ERMA and the image quality baselines, scored on the test split.

Writes under `results/<profile>/editability/`: labels.csv, erma/ (head, configuration, log), scores.csv,
methods.json and correlations.csv, each of them atomically.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import torch
from datasets import Dataset

from sppe_lib.clip import DatasetFeatures, load_clip
from sppe_lib.config import Profile
from sppe_lib.data.labels import label_table
from sppe_lib.data.schema import SPLITS, first_rows, image_tensor, open_split
from sppe_lib.editability.assessors import TRIVIAL, assessed_by, trivial_scores
from sppe_lib.editability.erma import ErmaHead, erma_inputs, predict_cosines, save_erma, train_erma
from sppe_lib.editability.iqa import score_all
from sppe_lib.editability.scores import OVERALL, Method, correlation_table
from sppe_lib.runtime import progress, write_text

ERMA = "ERMA"
INSTANCE_COLUMNS = ["instance_id", "pair_id", "category", "group", "modality", "tag"]


@dataclass(frozen=True)
class EditabilityResult:
    """What the stage found; every table is also on disk.

    `labels`: instance_id, split, label. `log`: ERMA's validations. `scores`: the test split, one raw column a method.
    `correlations`: metric, method, group, value, n.
    """

    labels: pd.DataFrame
    log: pd.DataFrame
    scores: pd.DataFrame
    methods: list[Method]
    correlations: pd.DataFrame


def pair_batches(dataset: Dataset, batch: int = 32) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Sources and surrogates [B, 3, H, W] in [0, 1] of a split, each pair once, in the order of `first_rows`."""
    rows = list(first_rows(dataset).values())
    images = dataset.select_columns(["source", "surrogate"])
    for start in range(0, len(rows), batch):
        part = [images[row] for row in rows[start : start + batch]]
        yield tuple(torch.stack([image_tensor(row[name]) for row in part]) for name in ("source", "surrogate"))


def score_split(features: DatasetFeatures, head: ErmaHead, learned: bool) -> tuple[pd.DataFrame, list[Method]]:
    """Every method on every instance of a split: one raw column a method, in the order of the split, and the methods.

    `features` are those of the CLIP that `head` was trained on; `learned` as in `iqa.score_all`.
    """
    dataset = features.dataset
    pair_of, pairs = dataset["pair_id"][:], list(first_rows(dataset))
    by_pair, methods = score_all(progress(pair_batches(dataset), "image quality metrics"), learned)
    scores = pd.DataFrame(by_pair, pairs, dtype=float).reindex(pair_of).reset_index(drop=True)
    scores[ERMA] = predict_cosines(head, erma_inputs(features).all()).astype(np.float64)
    return scores, [*methods, Method(ERMA, "higher", trained=True)]


def label_features(profile: Profile, features: DatasetFeatures) -> DatasetFeatures:
    """Features of the same data by the CLIP that judges edits; the very same where it is ERMA's own."""
    judge = load_clip(profile.models.metrics_clip)
    return features if judge is features.clip else DatasetFeatures(judge, features.dataset)


def run(profile: Profile) -> EditabilityResult:
    """Run the stage on a profile's benchmark. Raises DataError or ResourceError where an input is missing."""
    parameters, folder = profile.editability, profile.results / "editability"
    datasets = {split: open_split(profile.results / "benchmark", split) for split in SPLITS}
    features = {split: DatasetFeatures(load_clip(profile.models.clip), data) for split, data in datasets.items()}
    labels = label_table({split: label_features(profile, part) for split, part in features.items()})
    write_text(folder / "labels.csv", labels.to_csv(index=False))
    by_split = {split: labels.loc[labels["split"] == split, "label"].to_numpy() for split in SPLITS}

    trained = train_erma(
        erma_inputs(features["train"], with_mirrored=True), by_split["train"],
        erma_inputs(features["val"]), by_split["val"], parameters,
    )  # fmt: skip
    save_erma(folder / "erma", trained, profile.models.clip, parameters)

    test = datasets["test"]
    scores = pd.DataFrame({name: test[name][:] for name in INSTANCE_COLUMNS} | {"label": by_split["test"]})
    values, methods = score_split(features["test"], trained.head, parameters.learned_metrics)
    seen = {split: assessed_by(part) for split, part in features.items()}
    learnt_from = pd.concat([seen["train"], seen["val"]], ignore_index=True)
    trivial = trivial_scores(learnt_from, np.concatenate([by_split["train"], by_split["val"]]), seen["test"])
    scores = pd.concat([scores, values.drop(columns=ERMA), trivial, values[ERMA]], axis=1)
    methods = [*methods[:-1], *TRIVIAL, methods[-1]]

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
