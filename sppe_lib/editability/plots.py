"""Pictures of the editability notebook. Each function returns a matplotlib figure."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from datasets import Dataset
from matplotlib.figure import Figure
from PIL import Image

from sppe_lib.data.schema import collate
from sppe_lib.editability.scores import OVERALL, SMALLEST_SAMPLE
from sppe_lib.erma import ErmaPredictor
from sppe_lib.pictures import grid

_PANELS = {
    "source": "source I",
    "surrogate": "surrogate S",
    "edited_source": "edited I'",
    "edited_surrogate": "edited S'",
}
_VECTORS = ("f_I", "f_S", "f_I * f_S", "f_S - f_I", "|f_S - f_I|", "f_T")
"""The parts of `erma.combine`, in its order; the three cosines follow."""


def _nothing(why: str) -> Figure:
    figure, axes = plt.subplots(figsize=(7, 1))
    axes.text(0.5, 0.5, why, ha="center", va="center")
    axes.set_axis_off()
    return figure


def label_histogram(labels: pd.DataFrame) -> Figure:
    """How the labels of each split are spread over [-1, 1]."""
    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    bins = np.linspace(-1, 1, 41)
    for split, part in labels.groupby("split", sort=False):
        defined = part["label"].dropna()
        axes.hist(defined, bins, density=True, histtype="step", linewidth=1.5, label=f"{split} (n = {len(defined)})")
    axes.set(xlabel="label: cosine of the two edits", ylabel="density", xlim=(-1, 1))
    axes.legend(loc="upper left")
    return figure


def pick_instances(scores: pd.DataFrame, count: int = 3) -> pd.DataFrame:
    """The `count` test instances with the highest and with the lowest prediction, of distinct pairs."""
    defined = scores.dropna(subset=["label"]).sort_values("ERMA", ascending=False, kind="stable")
    highest, lowest = (rows.drop_duplicates("pair_id").head(count) for rows in (defined, defined.iloc[::-1]))
    return pd.concat([highest, lowest.iloc[::-1]])


def _instances(dataset: Dataset, chosen: pd.DataFrame) -> tuple[list[dict], list[tuple[str, str]]]:
    """The rows of some instances, and the texts beside them: the instruction, prediction and label."""
    row_of = {name: row for row, name in enumerate(dataset["instance_id"][:])}
    rows = [dataset[row_of[name]] for name in chosen["instance_id"]]
    captions = [f"predicted {one:+.2f}\nlabel {other:+.2f}" for one, other in chosen[["ERMA", "label"]].to_numpy()]
    return rows, [(f"“{row['instruction']}”", caption) for row, caption in zip(rows, captions, strict=True)]


def instance_grid(dataset: Dataset, chosen: pd.DataFrame) -> Figure:
    """One row an instance: I, S, I', S', with its instruction, its prediction and its label."""
    if chosen.empty:
        return _nothing("no instance of the test split has a defined label")
    rows, texts = _instances(dataset, chosen)
    return grid([[row[column] for column in _PANELS] for row in rows], list(_PANELS.values()), texts)


def training_curve(log: pd.DataFrame) -> Figure:
    """Training loss, and the validation correlations that choose the checkpoint (dotted line)."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
    log.plot("step", "loss", marker=".", legend=False, ylabel="mean squared error", ax=left)
    correlations = log.rename(columns={"validation_srcc": "SRCC", "validation_plcc": "PLCC"})
    correlations.plot("step", ["SRCC", "PLCC"], marker=".", ylabel="validation correlation", ax=right)
    right.axvline(log.loc[log["selection"].idxmax(), "step"], color="grey", linestyle=":", label="selected")
    right.legend()
    return figure


def correlation_bars(correlations: pd.DataFrame) -> Figure:
    """Overall SRCC and PLCC of every method that has a value, the best SRCC at the top."""
    overall = correlations[(correlations["group"] == OVERALL) & (correlations["n"] >= SMALLEST_SAMPLE)]
    if overall["value"].isna().all():
        return _nothing("no method has a defined correlation on the test split")
    table = overall.pivot(index="method", columns="metric", values="value").sort_values("srcc")
    figure, axes = plt.subplots(figsize=(7, 0.8 + 0.38 * len(table)), layout="constrained")
    table.rename(columns={"srcc": "SRCC", "plcc": "PLCC"})[["PLCC", "SRCC"]].plot.barh(ax=axes, width=0.75)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set(xlabel="correlation with the label, test split", ylabel="")
    axes.legend(*(items[::-1] for items in axes.get_legend_handles_labels()), loc="lower right")
    return figure


def input_grid(predictor: ErmaPredictor, dataset: Dataset, chosen: pd.DataFrame) -> Figure:
    """ERMA's input (paper, Eq. 1) taken apart, a row an instance: I, S, the six vectors (a cell a number), the cosines.

    Red is positive, blue negative, on one scale a column. `chosen` as `pick_instances` gives it.
    """
    if chosen.empty:
        return _nothing("no instance of the test split has a defined label")
    rows, texts = _instances(dataset, chosen)
    batch = collate(rows)
    inputs = predictor.inputs(batch.source, batch.surrogate, batch.instruction)
    vectors, cosines = inputs[:, :-3].unflatten(1, (len(_VECTORS), -1)).numpy(), inputs[:, -3:].tolist()
    width = 16 if vectors.shape[-1] <= 256 else 32
    cells = np.pad(vectors, ((0, 0), (0, 0), (0, -vectors.shape[-1] % width)))
    cells = cells.reshape(*vectors.shape[:2], -1, width) / np.abs(vectors).max(axis=(0, 2)).clip(1e-12)[:, None, None]
    colours = plt.get_cmap("RdBu_r")(cells / 2 + 0.5, bytes=True)[..., :3]
    pictures = [
        [row["source"], row["surrogate"], *map(Image.fromarray, line)] for row, line in zip(rows, colours, strict=True)
    ]
    said = "\ns_IS {:.2f}, s_IT {:.2f}, s_ST {:.2f}"
    texts = [(what, caption + said.format(*line)) for (what, caption), line in zip(texts, cosines, strict=True)]
    return grid(pictures, ["I", "S", *_VECTORS], texts)
