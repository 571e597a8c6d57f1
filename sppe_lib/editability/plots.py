"""Pictures of the editability notebook. Each function returns a matplotlib figure."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from datasets import Dataset
from matplotlib.figure import Figure

from sppe_lib.editability.scores import OVERALL, SMALLEST_SAMPLE

_SHOWN = {
    "source": "source I",
    "surrogate": "surrogate S",
    "edited_source": "edited source I'",
    "edited_surrogate": "edited surrogate S'",
}


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
