"""Pictures and curves of the recovery notebooks."""

import io
import json
from pathlib import Path
from textwrap import fill

import matplotlib.pyplot as plt
import pandas as pd
from datasets import Dataset
from IPython.display import Image, Markdown, display
from matplotlib.figure import Figure

from sppe_lib.config import Profile
from sppe_lib.data.parquet import open_parquet
from sppe_lib.data.schema import first_rows, open_evaluated, open_split
from sppe_lib.pictures import grid
from sppe_lib.recovery import recovered_file
from sppe_lib.recovery.ablation_rows import ROWS

NAMES = {
    "source": "source I",
    "mask": "mask M",
    "surrogate": "surrogate S",
    "edited_surrogate": "edited surrogate S'",
    "edited_source": "reference I'",
}
"""What the columns of a split show."""


def _display(figure: Figure) -> None:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    display(Image(buffer.getvalue()))


def spread(dataset: Dataset, count: int) -> list[int]:
    """Rows of `count` pairs of a split, every seventh where there are enough: categories take turns."""
    pairs = list(first_rows(dataset).values())
    return pairs[:: max(1, min(7, len(pairs) // count))][:count]


def show_training_data(profile: Profile, count: int = 4) -> None:
    """Training instances of every seventh pair or so (rows): S, S', I and the target."""
    dataset = open_split(profile.results / "benchmark", "train")
    shown = [dataset[row] for row in spread(dataset, count)]
    columns = ("surrogate", "edited_surrogate", "source", "edited_source")
    pictures = [[row[name] for name in columns] for row in shown]
    _display(grid(pictures, [NAMES[name] for name in columns], [(row["instruction"], row["tag"]) for row in shown]))


def show_manifest(folder: Path) -> None:
    """What was trained, where and for how long, as a table."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    lines = [f"| {key.replace('_', ' ')} | {value} |" for key, value in manifest.items()]
    display(Markdown("\n".join(["| | |", "|---|---|", *lines])))


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
    lines = {NAMES[name]: [row[name] for row in shown] for name in ("source", "edited_surrogate")}
    for row in ROWS:
        recovered = open_parquet(recovered_file(profile, row.method, "validation"))
        lines[row.label] = [recovered[number]["image"] for number in rows]
    lines[NAMES["edited_source"]] = [row["edited_source"] for row in shown]
    titles = [fill(row["instruction"], 18) for row in shown]
    _display(grid(list(lines.values()), titles, [(label, "") for label in lines]))


def show_recovered(profile: Profile, method: str, count: int = 6) -> None:
    """Test instances of every seventh pair or so (rows): I, M, S, S', the method's recovery, and the reference."""
    dataset = open_split(profile.results / "benchmark", "test")
    recovered = open_parquet(recovered_file(profile, method))
    *given, reference = NAMES
    shown = [dataset[number] | {"made": recovered[number]["image"]} for number in spread(dataset, count)]
    pictures = [[row[name] for name in (*given, "made", reference)] for row in shown]
    texts = [(row["instruction"], row["category"]) for row in shown]
    _display(grid(pictures, [*(NAMES[name] for name in given), method, NAMES[reference]], texts))
