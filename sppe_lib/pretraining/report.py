"""What the pretraining notebook shows: sample pictures and the record of each training."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
from IPython.display import Markdown, display

from sppe_lib.pretraining.scenes import PICTURES, load_pictures


def show_pictures(folder: Path, count: int = 6) -> None:
    """The four pictures of the first records, each above its caption."""
    pictures = load_pictures(folder)
    figure, axes = plt.subplots(count, 4, figsize=(10, 2.4 * count))
    for row, line in enumerate(axes):
        for column, axis in enumerate(line):
            axis.imshow(pictures.images[row, column], interpolation="nearest")
            caption = str(pictures.captions[row, column])
            axis.set_title(f"{PICTURES[column]}: {caption[:60]}…", fontsize=6, wrap=True)
            axis.set_axis_off()
    figure.tight_layout()
    plt.show()


def show_record(folder: Path) -> None:
    """Steps, seconds and held-out measurements of a training, from its training.json."""
    record = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    lines = [f"| steps | {record['steps']} |", f"| seconds | {record['seconds']} |"]
    lines += [f"| {key} (held out) | {value} |" for key, value in record["held_out"].items()]
    display(Markdown("\n".join(["| | |", "|---|---|", *lines])))
