"""Cells that the recovery tables share: methods or variants by metrics, the paper's number in brackets."""

import pandas as pd

from sppe_lib.config import EvaluationParameters
from sppe_lib.evaluation.metrics import METRICS, Metric
from sppe_lib.evaluation.rendering import beside, best, number
from sppe_lib.evaluation.statistics import summarise

NOT_RUN = "not run in this profile yet"

TRIVIAL_NOTE = (
    "`copy-surrogate` returns S', `paste-source` puts I back inside M of S', `local-linear` fits a local colour "
    "map from S to S' and applies it to I inside M. They are this kit's own; the paper has no trivial baseline. "
    "Source integrity (Src) compares with I, so a method that does not edit at all scores well on it; "
    "consistency (GT) compares with I', the edit the user wanted."
)


def decimals(metric: Metric) -> int:
    """How many decimals a metric is printed with, as in the paper but for PSNR."""
    return 2 if metric.unit else 4


def metric_label(metric: Metric) -> str:
    """A metric as a column's heading: its label, which way is better, its unit."""
    arrow = "↑" if metric.direction == "higher" else "↓"
    return f"{metric.label} {arrow}" + (f" [{metric.unit}]" if metric.unit else "")


def summary(rows: pd.DataFrame, column: str, settings: EvaluationParameters) -> dict[str, float]:
    """value, n, low, high and undefined of one column of a metrics file, as tables store them."""
    found = summarise(rows[column].to_numpy(), rows["pair_id"].to_numpy(), settings)
    return {"value": found.mean, "n": found.n, "low": found.low, "high": found.high, "undefined": found.undefined}


def metric_cells(
    columns: list[tuple[str, Metric, pd.DataFrame]], names: list[str], key: str = "method"
) -> pd.DataFrame:
    """Rows `names` of the column `key` by columns of `ours (paper)`, the best of each in bold.

    Each column is a heading, its metric, and its rows (with `value` and, if the paper has them, `published`).
    """
    cells = {key: names}
    for label, metric, rows in columns:
        by_name = rows.set_index(key)
        ours, published = (by_name[column].to_dict() if column in by_name else {} for column in ("value", "published"))
        higher = metric.direction == "higher"
        winners = best(ours, higher), best(published, higher)
        cells[label] = [
            beside(ours.get(name), published.get(name), decimals(metric), tuple(name in winner for winner in winners))
            for name in names
        ]
    return pd.DataFrame(cells)


def interval_cells(rows: pd.DataFrame, names: list[str], key: str = "method") -> pd.DataFrame:
    """Rows `names` by metrics: `low to high` of each."""
    cells = {key: names}
    for metric in METRICS:
        found = rows[rows["metric"] == metric.name].set_index(key)
        places = decimals(metric)
        cells[metric_label(metric)] = [
            f"{number(found.low[name], places)} to {number(found.high[name], places)}" for name in names
        ]
    return pd.DataFrame(cells)


def undefined_note(rows: pd.DataFrame, key: str = "method") -> str:
    """How many directions each row lacks, in words."""
    directions = rows[rows["metric"].isin(["dir_i", "dir_s"]) & (rows["undefined"] > 0)]
    if directions.empty:
        return "Every direction is defined."
    counts = "; ".join(f"{getattr(row, key)} {row.metric} {row.undefined}" for row in directions.itertuples())
    return f"Directions that are undefined because nothing changed are left out of their means and counted: {counts}."
