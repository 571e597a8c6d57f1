"""Pictures of the editability notebook. Each function returns a matplotlib figure."""

from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from datasets import Dataset
from matplotlib.figure import Figure

from sppe_lib.data.schema import collate, to_uint8
from sppe_lib.editability.erma import ErmaPredictor
from sppe_lib.editability.scores import OVERALL, SMALLEST_SAMPLE

_SHOWN = {
    "source": "source I",
    "surrogate": "surrogate S",
    "edited_source": "edited source I'",
    "edited_surrogate": "edited surrogate S'",
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


def pick_instances(scores: pd.DataFrame, method: str = "ERMA", count: int = 3) -> pd.DataFrame:
    """The `count` test instances with the highest and with the lowest prediction, of distinct pairs."""
    defined = scores.dropna(subset=["label"]).sort_values(method, ascending=False, kind="stable")
    distinct = defined.drop_duplicates("pair_id")
    lowest = defined.iloc[::-1].drop_duplicates("pair_id").head(count)
    return pd.concat([distinct.head(count), lowest.iloc[::-1]])


def instance_grid(dataset: Dataset, chosen: pd.DataFrame, method: str = "ERMA") -> Figure:
    """One row an instance: I, S, I', S', with its instruction, its prediction and its label."""
    if chosen.empty:
        return _nothing("no instance of the test split has a defined label")
    row_of = {name: row for row, name in enumerate(dataset["instance_id"][:])}
    figure, axes = plt.subplots(
        len(chosen), len(_SHOWN), figsize=(8, 2.2 * len(chosen)), squeeze=False, layout="constrained"
    )
    for line, entry in zip(axes, chosen.to_dict("records"), strict=True):
        instance = dataset[row_of[entry["instance_id"]]]
        for cell, (column, title) in zip(line, _SHOWN.items(), strict=True):
            cell.imshow(instance[column], interpolation="nearest")
            cell.set_title(title, fontsize=8)
            cell.set(xticks=[], yticks=[])
        line[0].set_ylabel(
            f"“{instance['instruction']}”\npredicted {entry[method]:+.2f}\nlabel {entry['label']:+.2f}",
            fontsize=8, rotation=0, ha="right", va="center", wrap=True,
        )  # fmt: skip
    return figure


def training_curve(log: pd.DataFrame) -> Figure:
    """Training loss, and the validation correlations that choose the checkpoint (dotted line)."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
    left.plot(log["step"], log["loss"], marker=".")
    left.set(xlabel="step", ylabel="mean squared error")
    for column, name in (("validation_srcc", "SRCC"), ("validation_plcc", "PLCC")):
        right.plot(log["step"], log[column], marker=".", label=name)
    right.axvline(log.loc[log["selection"].idxmax(), "step"], color="grey", linestyle=":", label="selected")
    right.set(xlabel="step", ylabel="validation correlation")
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
    """ERMA's input taken apart, one row an instance: I, S, the six vectors (a cell a number), the three cosines.

    Red is positive, blue negative, on one scale a column. `chosen` as `pick_instances` gives it.
    """
    if chosen.empty:
        return _nothing("no instance of the test split has a defined label")
    row_of = {name: row for row, name in enumerate(dataset["instance_id"][:])}
    batch = collate([dataset[row_of[name]] for name in chosen["instance_id"]])
    inputs = predictor.inputs(batch.source, batch.surrogate, batch.instruction)
    vectors, cosines = inputs[:, :-3].unflatten(1, (len(_VECTORS), -1)).numpy(), inputs[:, -3:].numpy()
    width = 16 if vectors.shape[-1] <= 256 else 32
    figure, axes = plt.subplots(len(batch), 9, figsize=(13, 2.3 * len(batch)), squeeze=False, layout="constrained")
    for row, line in enumerate(axes):
        line[0].imshow(to_uint8(batch.source)[row], interpolation="nearest")
        line[1].imshow(to_uint8(batch.surrogate)[row], interpolation="nearest")
        for number, axis in enumerate(line[2:8]):
            cells = np.pad(vectors[row, number], (0, -vectors.shape[-1] % width)).reshape(-1, width)
            limit = np.abs(vectors[:, number]).max()
            axis.imshow(cells, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
        line[8].barh(["s_IS", "s_IT", "s_ST"], cosines[row], color="#4c72b0")
        line[8].set(xlim=(-1, 1), box_aspect=1)
        line[8].invert_yaxis()
        for axis, title in zip(line, ("I", "S", *_VECTORS, "cosines"), strict=True):
            axis.set_title(title, fontsize=8)
        for axis in line[:8]:
            axis.set(xticks=[], yticks=[])
        values = f"predicted {chosen['ERMA'].iloc[row]:+.2f}\nlabel {chosen['label'].iloc[row]:+.2f}"
        line[0].set_ylabel(
            f"{fill('“' + batch.instruction[row] + '”', 22)}\n{values}", fontsize=8, rotation=0, ha="right", va="center"
        )
    return figure
