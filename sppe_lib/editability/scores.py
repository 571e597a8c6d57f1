"""How well a method's scores order and predict the labels: SRCC and PLCC, overall and by group.

Scores are turned so that higher means more editable. Undefined labels and scores are left out.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from scipy import stats

from sppe_lib.data.taxonomy import GROUPS

OVERALL = "Overall"
SMALLEST_SAMPLE = 3  # two points always correlate perfectly, so fewer than three give no value


@dataclass(frozen=True)
class Method:
    """A method that scores editability.

    `direction`: "higher" or "lower", what a more editable pair scores. Where `available` is False, or a score is
    undefined on some pairs, `reason` says why. `trained`: on this benchmark's labels.
    """

    name: str
    direction: str
    available: bool = True
    reason: str = ""
    trained: bool = False


def _correlation(function: Callable, scores: np.ndarray, labels: np.ndarray) -> float:
    scores, labels = np.asarray(scores, np.float64), np.asarray(labels, np.float64)
    both = np.isfinite(scores) & np.isfinite(labels)
    scores, labels = scores[both], labels[both]
    if len(scores) < SMALLEST_SAMPLE or np.ptp(scores) == 0 or np.ptp(labels) == 0:
        return float("nan")
    return float(function(scores, labels).statistic)


def srcc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Spearman's rank correlation in [-1, 1] over rows where both are defined; NaN if constant or n < 3."""
    return _correlation(stats.spearmanr, scores, labels)


def plcc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Pearson's linear correlation in [-1, 1], no logistic fit; NaN as for `srcc`."""
    return _correlation(stats.pearsonr, scores, labels)


def oriented(scores: np.ndarray, direction: str) -> np.ndarray:
    """Scores turned so that higher is better."""
    return -np.asarray(scores) if direction == "lower" else np.asarray(scores)


def correlation_table(scores: pd.DataFrame, methods: Iterable[Method]) -> pd.DataFrame:
    """metric (srcc, plcc), method, group ('Overall' too), value, n of `scores`: group, label, and a column a method."""
    groups = [OVERALL, *(group for group in GROUPS if (scores["group"] == group).any())]
    parts = {group: scores if group == OVERALL else scores[scores["group"] == group] for group in groups}
    rows = []
    for (metric, function), method, group in product((("srcc", srcc), ("plcc", plcc)), methods, groups):
        raw, label = parts[group][method.name].to_numpy(np.float64), parts[group]["label"]
        value, n = function(oriented(raw, method.direction), label), int((np.isfinite(raw) & label.notna()).sum())
        rows.append({"metric": metric, "method": method.name, "group": group, "value": value, "n": n})
    return pd.DataFrame(rows)
