"""Pictures and curves of the recovery notebooks."""

import json
from pathlib import Path
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from datasets import Dataset
from IPython.display import Markdown, display

from sppe_lib.config import Profile
from sppe_lib.data.parquet import open_parquet
from sppe_lib.data.schema import first_rows, open_evaluated, open_split
from sppe_lib.recovery.ablation_rows import ROWS


def _show(axis, image, title: str = "") -> None:
    axis.imshow(np.asarray(image), interpolation="nearest", cmap="gray")
    axis.set_title(title, fontsize=8)
    axis.set_axis_off()


def spread(dataset: Dataset, count: int) -> list[int]:
    """Rows of `count` pairs of a split, every seventh where there are enough: categories take turns."""
    pairs = list(first_rows(dataset).values())
    return pairs[:: max(1, min(7, len(pairs) // count))][:count]


def show_training_data(profile: Profile, count: int = 4) -> None:
    """Training instances of every seventh pair or so, as the 2x2 grids that models see, instruction and tag above."""
    dataset = open_split(profile.results / "benchmark", "train")
    rows = dataset.select(spread(dataset, count))
    figure, axes = plt.subplots(1, len(rows), figsize=(3.2 * len(rows), 3.8))
    for axis, row in zip(np.atleast_1d(axes), rows, strict=True):
        top = np.hstack([np.asarray(row["surrogate"]), np.asarray(row["edited_surrogate"])])
        bottom = np.hstack([np.asarray(row["source"]), np.asarray(row["edited_source"])])
        _show(axis, np.vstack([top, bottom]), f"[{row['tag']}]\n{row['instruction']}\nS | S' over I | target")
    figure.tight_layout()
    plt.show()


def show_manifest(folder: Path) -> None:
    """What was trained, where and for how long, as a table."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    display(
        Markdown(
            "\n".join(
                ["| | |", "|---|---|", *(f"| {key.replace('_', ' ')} | {value} |" for key, value in manifest.items())]
            )
        )
    )


def show_training_log(folder: Path) -> None:
    """Losses over steps, as running means over a twentieth of the run."""
    log = pd.read_csv(folder / "log.csv")
    losses = [name for name in log.columns if name not in ("step", "learning_rate", "seconds")]
    figure, axes = plt.subplots(1, len(losses), figsize=(4 * len(losses), 3), squeeze=False)
    for axis, name in zip(axes[0], losses, strict=True):
        known = log.dropna(subset=[name])
        axis.plot(known["step"], known[name], alpha=0.2)
        axis.plot(known["step"], known[name].rolling(max(1, len(log) // 20), min_periods=1).mean())
        axis.set(title=f"{name} loss", xlabel="step", xlim=(0, len(log)))
    figure.tight_layout()
    plt.show()


def show_ablations(profile: Profile, count: int = 8) -> None:
    """Validation instances of every seventh pair or so (columns): I, S', every ablation's recovery, and I'."""
    dataset = open_evaluated(profile, "validation")
    rows = spread(dataset, count)
    shown = [dataset[row] for row in rows]
    lines = [
        ("source I", [row["source"] for row in shown]),
        ("edited surrogate S'", [row["edited_surrogate"] for row in shown]),
    ]
    for row in ROWS:
        path = profile.results / "recovered" / row.method / "validation.parquet"
        recovered = open_parquet(path)
        lines.append((row.label, [recovered[number]["image"] for number in rows]))
    lines.append(("reference I'", [row["edited_source"] for row in shown]))
    figure, axes = plt.subplots(len(lines), len(shown), figsize=(1.6 * len(shown), 1.7 * len(lines)), squeeze=False)
    for axis, row in zip(axes[0], shown, strict=True):
        axis.annotate(fill(row["instruction"], 22), (0.5, 1.25), xycoords="axes fraction", ha="center", fontsize=8)
    for line, (label, pictures) in zip(axes, lines, strict=True):
        for axis, picture in zip(line, pictures, strict=True):
            _show(axis, picture)
        line[0].set_title(label, fontsize=8, loc="left")
    figure.tight_layout()
    plt.show()


def show_recovered(profile: Profile, method: str, count: int = 6) -> None:
    """Test instances of every seventh pair or so: I, M, S, S', the method's recovery, and the reference."""
    dataset = open_split(profile.results / "benchmark", "test")
    numbers = spread(dataset, count)
    recovered = open_parquet(profile.results / "recovered" / method / "benchmark.parquet")
    figure, axes = plt.subplots(len(numbers), 6, figsize=(11, 2.2 * len(numbers)), squeeze=False)
    for line, number in zip(axes, numbers, strict=True):
        row, result = dataset[number], recovered[number]
        pictures = (
            ("", row["source"]),
            ("mask M", row["mask"]),
            ("surrogate S", row["surrogate"]),
            ("edited surrogate S'", row["edited_surrogate"]),
            (f"{method}", result["image"]),
            ("reference I'", row["edited_source"]),
        )
        for axis, (title, picture) in zip(line, pictures, strict=True):
            _show(axis, picture, title)
        line[0].set_title(f"{row['instruction']}\nsource I", fontsize=8, loc="left")
    figure.tight_layout()
    plt.show()
