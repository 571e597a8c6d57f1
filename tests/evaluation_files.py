"""Synthetic result files for the evaluation tests: what earlier stages would have written."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from datasets import Dataset, Features, Image, Value
from PIL import Image as PillowImage

from sppe_lib.config import Profile, load_profile
from sppe_lib.data.schema import open_split
from sppe_lib.data.taxonomy import categories
from sppe_lib.editability.scores import Method, correlation_table
from sppe_lib.evaluation.measure import COLUMNS, metrics_file
from sppe_lib.recovery import recovered_file
from sppe_lib.runtime import numpy_generator

METHODS = ("copy-surrogate", "paste-source", "local-linear", "SOER", "C2E-S2SER")
LEVELS = dict(zip(METHODS, (0.5, 0.55, 0.52, 0.6, 0.7)))
ASSESSORS = (
    Method("SSIM", "higher"), Method("GMSD", "lower"),
    Method("DISTS", "lower", available=False, reason="weights not available"),
    Method("ERMA", "higher", trained=True),
)  # fmt: skip


def profile_in(folder: Path, monkeypatch, clip: str = "weights/clip", bootstrap: int = 40) -> Profile:
    """The profile `mini` with its results and figures under `folder` and few bootstrap resamples (0: no intervals)."""
    monkeypatch.setenv("SPPE_RESULTS", str(folder / "results"))
    monkeypatch.setenv("SPPE_FIGURES", str(folder / "figures"))
    return load_profile("mini", {"models.metrics_clip": clip, "evaluation.bootstrap": bootstrap})


def noisy(image: PillowImage.Image, amount: float, name: str) -> PillowImage.Image:
    """An image with Gaussian noise of `amount` grey levels, seeded by `name`."""
    pixels = np.asarray(image.convert("RGB"), dtype=float)
    pixels = pixels + numpy_generator("noise", name).normal(0, amount, pixels.shape)
    return PillowImage.fromarray(pixels.clip(0, 255).astype(np.uint8))


def write_recovered(profile: Profile, method: str, names: list[str], images: list[PillowImage.Image]) -> Path:
    path = recovered_file(profile, method)
    path.parent.mkdir(parents=True, exist_ok=True)
    features = Features({"instance_id": Value("string"), "image": Image()})
    Dataset.from_dict({"instance_id": names, "image": images}, features=features).to_parquet(str(path))
    return path


def recover_all(profile: Profile) -> None:
    """Pictures of all five methods: the edited source with more noise the weaker the method is meant to be."""
    test = open_split(profile.results / "benchmark", "test")
    for amount, method in zip((30, 24, 20, 12, 6), METHODS):
        images = [noisy(row["edited_source"], amount, row["instance_id"]) for row in test]
        write_recovered(profile, method, test["instance_id"][:], images)


def metric_rows(pairs: int = 36, level: float = 0.5) -> pd.DataFrame:
    """A metrics file: two instances of each pair, categories in turn, similarities about `level`, PSNR 40 x level."""
    generator = numpy_generator("metrics", level)
    entries = list(categories().values())
    rows = []
    for pair in range(pairs):
        entry = entries[pair % len(entries)]
        for number in range(2):
            row = {
                "instance_id": f"tiny/{pair:04d}/{number}",
                "pair_id": f"tiny/{pair:04d}",
                "category": entry.name,
                "group": entry.group,
                "modality": entry.modality,
                "tag": ("EDIT", "STYLE")[number],
            }
            for name in COLUMNS[len(row) :]:
                row[name] = (40 if name.startswith("psnr") else 1) * (level + generator.normal(0, 0.01))
            rows.append(row)
    return pd.DataFrame(rows)[list(COLUMNS)]


def write_metrics(profile: Profile, tables: dict[str, pd.DataFrame], run: str = "benchmark") -> None:
    for method, table in tables.items():
        path = metrics_file(profile, method, run)
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(path, index=False)


def write_levels(profile: Profile, levels: dict[str, float] = LEVELS, run: str = "benchmark") -> None:
    """Metrics of each method, about its level."""
    write_metrics(profile, {name: metric_rows(level=level) for name, level in levels.items()}, run)


def write_editability(profile: Profile, erma_noise: float = 0.3, rows: pd.DataFrame | None = None) -> pd.DataFrame:
    """scores.csv, methods.json and correlations.csv; ERMA follows the label, the others less so."""
    folder = profile.results / "editability"
    folder.mkdir(parents=True, exist_ok=True)
    generator = numpy_generator("scores")
    scores = (metric_rows() if rows is None else rows)[
        ["instance_id", "pair_id", "category", "group", "modality", "tag"]
    ].copy()
    labels = generator.uniform(-1, 1, len(scores))
    for method in ASSESSORS:
        noise = generator.normal(0, erma_noise if method.trained else 2.0, len(scores))
        sign = -1 if method.direction == "lower" else 1
        scores[method.name] = sign * (labels + noise) if method.available else np.nan
    scores["label"] = labels
    scores.loc[0, "label"] = np.nan  # an undefined label, as where nothing changed
    scores.to_csv(folder / "scores.csv", index=False)
    correlation_table(scores, ASSESSORS).to_csv(folder / "correlations.csv", index=False)
    (folder / "methods.json").write_text(json.dumps([vars(method) for method in ASSESSORS]))
    return scores
