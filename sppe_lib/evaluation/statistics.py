"""Means with intervals, and comparisons with tests.

The two instances of a pair share I, M and S, so they are not independent: whatever is resampled or
tested here is the pair, not the instance (SPEC §6).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy import stats

from sppe_lib.config import EvaluationParameters

NAN = float("nan")

SMALLEST_VARIANCE = 1e-12
"""Of a resample, relative to all values: less is the rounding error of a constant."""


@dataclass(frozen=True)
class Summary:
    """Mean over defined instances, its bootstrap interval, and how many were defined and undefined."""

    mean: float
    low: float
    high: float
    n: int
    undefined: int


@dataclass(frozen=True)
class Comparison:
    """A paired comparison of two methods over pairs.

    `difference`: mean over pairs of (first - second), `low`, `high` its bootstrap interval. `p_value`:
    two-sided Wilcoxon signed-rank test. `effect`: matched-pairs rank-biserial correlation, -1 (second
    better on every pair) to 1 (first better on every pair). `pairs`: how many entered.
    """

    difference: float
    low: float
    high: float
    p_value: float
    effect: float
    pairs: int


def pair_totals(values: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum and number of the defined values of each pair, for pairs that have any."""
    defined = np.isfinite(values)
    _, index = np.unique(np.asarray(pairs)[defined], return_inverse=True)
    return np.bincount(index, weights=values[defined]), np.bincount(index).astype(float)


@lru_cache(maxsize=16)
def _times_drawn(pairs: int, resamples: int, seed: int) -> np.ndarray:
    """How often each pair is drawn in every bootstrap resample: [resamples, pairs].

    Every method and metric over as many pairs is resampled alike, so this is drawn once.
    """
    drawn = np.random.default_rng(seed).integers(pairs, size=(resamples, pairs))
    drawn += pairs * np.arange(resamples)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=resamples * pairs).reshape(resamples, pairs)
    return counts.astype(np.uint16)  # a pair is drawn a few times at most; kept small because it is kept


def resampled_totals(totals: np.ndarray, settings: EvaluationParameters) -> np.ndarray:
    """Totals over the drawn pairs of every bootstrap resample: [pairs, columns] -> [resamples, columns]."""
    return _times_drawn(len(totals), settings.bootstrap, settings.seed) @ totals


def bootstrap_mean(values: np.ndarray, pairs: np.ndarray, settings: EvaluationParameters) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean, resampling pairs; NaN below two pairs or without resamples."""
    sums, counts = pair_totals(values, pairs)
    if len(sums) < 2 or settings.bootstrap < 1:
        return NAN, NAN
    drawn_sums, drawn_counts = resampled_totals(np.stack([sums, counts], axis=1), settings).T
    return interval(drawn_sums / drawn_counts, settings)


def resampled_correlations(
    scores: pd.DataFrame, directions: dict[str, str], settings: EvaluationParameters
) -> dict[tuple[str, str], np.ndarray]:
    """SRCC and PLCC of every method on bootstrap resamples of the pairs: (metric, method) -> [resamples].

    `scores`: pair_id, label and one raw column per method of `directions` ("higher" or "lower" is better;
    the sign is turned so that higher is better). All methods see the same resamples, so their values may
    be subtracted. NaN where a resample has a constant side.
    """
    labelled = scores[scores["label"].notna()]
    pairs = labelled["pair_id"].unique()
    generator = np.random.default_rng(settings.seed)
    drawn = (
        generator.integers(len(pairs), size=(settings.bootstrap, len(pairs))) if len(pairs) > 1 else np.empty((0, 0))
    )
    defined = {name: tuple(labelled[name].notna()) for name in directions}
    found = {(metric, name): np.full(len(drawn), NAN) for metric in ("srcc", "plcc") for name in directions}
    # Methods defined on the same instances are ranked together, which is what makes this quick.
    for mask in dict.fromkeys(defined.values()):
        names = [name for name in directions if defined[name] == mask]
        part = labelled[np.array(mask, dtype=bool)]
        matrix = part[["label", *names]].to_numpy(dtype=float)
        signs = np.array([-1 if directions[name] == "lower" else 1 for name in names])
        rows = [np.flatnonzero(part["pair_id"] == pair) for pair in pairs]
        for sample, chosen in enumerate(drawn):
            values = matrix[np.concatenate([rows[pair] for pair in chosen])]
            if len(values) < 3:
                continue
            for metric, columns in (("srcc", stats.rankdata(values, axis=0)), ("plcc", values)):
                with np.errstate(invalid="ignore", divide="ignore"):
                    correlations = signs * np.corrcoef(columns, rowvar=False)[0, 1:]
                for name, value in zip(names, correlations):
                    found[metric, name][sample] = value
    return found


def interval(samples: np.ndarray, settings: EvaluationParameters) -> tuple[float, float]:
    """Percentile interval of bootstrap samples; undefined ones are left out, NaN where none is left."""
    samples = samples[np.isfinite(samples)]
    if not len(samples):
        return NAN, NAN
    tail = (1 - settings.confidence) / 2
    low, high = np.quantile(samples, (tail, 1 - tail))
    return float(low), float(high)


def summarise(values: np.ndarray, pairs: np.ndarray, settings: EvaluationParameters) -> Summary:
    """Mean of the defined values with its interval; NaN everywhere where none is defined."""
    values = np.asarray(values, dtype=float)
    defined = np.isfinite(values)
    mean = float(values[defined].mean()) if defined.any() else NAN
    low, high = bootstrap_mean(values, pairs, settings)
    return Summary(mean, low, high, int(defined.sum()), int((~defined).sum()))


def rank_biserial(differences: np.ndarray) -> float:
    """Matched-pairs rank-biserial correlation: (positive - negative rank sum) / rank sum; zeros left out."""
    differences = differences[differences != 0]
    if not len(differences):
        return 0.0
    ranks = stats.rankdata(np.abs(differences))
    return float((ranks * np.sign(differences)).sum() / ranks.sum())


def compare(first: pd.DataFrame, second: pd.DataFrame, column: str, settings: EvaluationParameters) -> Comparison:
    """First against second method on one column of their metrics files, paired by instance, tested by pair."""
    other = first["instance_id"].map(second.set_index("instance_id")[column])
    differences = (first[column] - other).groupby(first["pair_id"]).mean().dropna().to_numpy()
    if not len(differences):
        return Comparison(NAN, NAN, NAN, NAN, NAN, 0)
    low, high = bootstrap_mean(differences, np.arange(len(differences)), settings)
    # All-equal methods leave the test nothing to rank: that is no evidence of a difference.
    p_value = float(stats.wilcoxon(differences).pvalue) if np.any(differences != 0) else 1.0
    return Comparison(float(differences.mean()), low, high, p_value, rank_biserial(differences), len(differences))


def holm(p_values: np.ndarray) -> np.ndarray:
    """Holm's step-down correction for the number of tests; NaN stays NaN and is not counted."""
    p_values = np.asarray(p_values, dtype=float)
    corrected = np.full(p_values.shape, NAN)
    tested = np.flatnonzero(np.isfinite(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    scaled = p_values[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return corrected


def resampled_rows(pairs: pd.Series, settings: EvaluationParameters) -> Iterator[np.ndarray]:
    """Row numbers of every bootstrap resample of whole pairs; `pairs` names the pair of each row."""
    groups = [np.flatnonzero(pairs == pair) for pair in pairs.unique()]
    generator = np.random.default_rng(settings.seed)
    for _ in range(settings.bootstrap):
        yield np.concatenate([groups[pair] for pair in generator.integers(len(groups), size=len(groups))])


@dataclass(frozen=True)
class Correlation:
    """Pearson's r over instances, its bootstrap interval over pairs, its two-sided p-value, how many instances."""

    value: float
    low: float
    high: float
    p_value: float
    n: int


def correlate(table: pd.DataFrame, first: str, second: str, settings: EvaluationParameters) -> Correlation:
    """Pearson correlation of two columns of a metrics file where both are defined; NaN below three such rows."""
    defined = table[["pair_id", first, second]].dropna()
    values = defined[[first, second]].to_numpy(dtype=float)
    if len(values) < 3 or (values.std(axis=0) == 0).any():
        return Correlation(NAN, NAN, NAN, NAN, len(values))
    found = stats.pearsonr(*values.T)
    if settings.bootstrap < 1:
        return Correlation(float(found.statistic), NAN, NAN, float(found.pvalue), len(values))
    samples = _resampled_pearson(values, defined["pair_id"].to_numpy(), settings)
    return Correlation(float(found.statistic), *interval(samples, settings), float(found.pvalue), len(values))


def _resampled_pearson(values: np.ndarray, pairs: np.ndarray, settings: EvaluationParameters) -> np.ndarray:
    """Pearson's r of columns [n, 2] on every resample of pairs, from sums of products; NaN where one is constant."""
    first, second = ((values - values.mean(axis=0)) / values.std(axis=0)).T
    _, index = np.unique(pairs, return_inverse=True)
    products = (np.ones_like(first), first, second, first**2, second**2, first * second)
    totals = resampled_totals(np.stack([np.bincount(index, weights=product) for product in products], axis=1), settings)
    n, means = totals[:, 0], totals[:, 1:] / totals[:, :1]
    variances = means[:, 2:4] - means[:, :2] ** 2
    defined = (n > 2) & (variances > SMALLEST_VARIANCE).all(axis=1)
    covariance = means[:, 4] - means[:, 0] * means[:, 1]
    return np.where(defined, covariance / np.sqrt(np.where(defined, variances.prod(axis=1), 1.0)), NAN)


def relative_margin(value: float, best: float) -> float:
    """By how much `value` exceeds `best`, in per cent of `best`; NaN unless `best` is positive."""
    return 100 * (value / best - 1) if best > 0 else NAN


def spread(values: np.ndarray) -> float:
    """Population standard deviation of the defined values (the paper's spread over groups)."""
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    return float(values.std()) if len(values) else NAN
