"""Two verbs on the frame, `summarise` and `compare`, and the statistics beneath them.

The two instances of a pair share I, M and S, so what is resampled or tested is the pair. Of a method trained with
several seeds an instance's value is the mean over them, and intervals resample the seeds too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy import stats

from sppe_lib.config import EvaluationParameters

NAN = float("nan")


@dataclass(frozen=True)
class Estimate:
    """A mean, a correlation, or a difference of two methods (first minus second), with its bootstrap interval.

    `n`: the instances of a mean or a correlation, the pairs of a difference. `undefined`: instances without a value, of
    a mean. `p_value` of a difference: two-sided Wilcoxon signed-rank test, NaN where its ranks lean the other way than
    the mean. `effect`: matched-pairs rank-biserial correlation, 1 where the first is better on every pair.
    """

    value: float = NAN
    low: float = NAN
    high: float = NAN
    n: int = 0
    undefined: int = 0
    p_value: float = NAN
    effect: float = NAN


def signed(found: Estimate, places: int = 4) -> str:
    """A difference and its interval: `+0.0123 (+0.0045 to +0.0201)`."""
    value, low, high = (f"{one:+.{places}f}" for one in (found.value, found.low, found.high))
    return f"{value} ({low} to {high})"


def summarise(frame: pd.DataFrame, by: Sequence[str], settings: EvaluationParameters) -> pd.DataFrame:
    """The mean for each combination of `by`, in order of appearance: by, value, low, high, n, undefined."""
    parts = frame.groupby(list(by), sort=False, observed=True)
    found = {key: mean_of(part["value"], part["pair"], settings, part["seed"]) for key, part in parts}
    return _table(by, found, ["value", "low", "high", "n", "undefined"])


def compare(frame: pd.DataFrame, a: str, b: str, by: Sequence[str], settings: EvaluationParameters) -> pd.DataFrame:
    """Method `a` minus `b` for each combination of `by`, paired by instance: by, value to n, p_value, effect."""
    first, second = (
        dict(list(frame[frame["method"] == name].groupby(list(by), sort=False, observed=True))) for name in (a, b)
    )
    found = {key: difference_of(part, second.get(key, part.iloc[:0]), settings) for key, part in first.items()}
    return _table(by, found, ["value", "low", "high", "n", "p_value", "effect"])


def _table(by: Sequence[str], found: dict[tuple, Estimate], numbers: list[str]) -> pd.DataFrame:
    rows = [(*key, *(getattr(one, name) for name in numbers)) for key, one in found.items()]
    return pd.DataFrame(rows, columns=[*by, *numbers])


def mean_of(
    values: np.ndarray, pairs: np.ndarray, settings: EvaluationParameters, seeds: np.ndarray | None = None
) -> Estimate:
    """Mean of the defined values; interval over `pairs` (and `seeds`, each with every instance), from two pairs on."""
    values = np.asarray(values, dtype=float)
    defined, repeated = np.isfinite(values), 1 if seeds is None else max(len(np.unique(seeds)), 1)
    numbers = {"n": int(defined.sum()) // repeated, "undefined": int((~defined).sum()) // repeated}
    if not defined.any():
        return Estimate(**numbers)
    totals = pair_totals(values, pairs, seeds)
    ends = NAN, NAN
    if len(totals[0]) > 1:
        sums, counts = (_resampled_totals(part, settings) for part in totals)
        ends = interval(sums / counts, settings)
    return Estimate(float(values[defined].mean()), *ends, **numbers)


def difference_of(first: pd.DataFrame, second: pd.DataFrame, settings: EvaluationParameters) -> Estimate:
    """First minus second (rows of the frame: instance, pair, seed, value), matched by instance and tested by pair."""
    pairs, *sides = _matched(first, second)
    if not len(pairs):
        return Estimate()
    number = np.bincount(pairs)
    means = [np.stack([np.bincount(pairs, column) / number for column in side.T], axis=1) for side in sides]
    one, other = (_resampled_totals(side, settings, stream) / side.size for stream, side in enumerate(means, start=1))
    # Rounding noise is no difference, and must not break ties of the test.
    differences = (means[0].mean(axis=1) - means[1].mean(axis=1)).round(12)
    low, high = interval(one - other, settings) if len(number) > 1 else (NAN, NAN)
    mean, effect = float(differences.mean()), rank_biserial(differences)
    # All-equal methods leave the test nothing to rank: that is no evidence of a difference.
    p_value = float(stats.wilcoxon(differences).pvalue) if np.any(differences != 0) else 1.0
    p_value = NAN if mean * effect < 0 else p_value
    return Estimate(mean, low, high, len(differences), p_value=p_value, effect=effect)


def median_difference(first: pd.DataFrame, second: pd.DataFrame, settings: EvaluationParameters) -> Estimate:
    """As `difference_of`, of the medians over instances; without a test."""
    pairs, *sides = _matched(first, second)
    if not len(pairs):
        return Estimate()
    seeds = [_times_drawn(side.shape[1], settings.bootstrap, settings.seed + k) for k, side in enumerate(sides, 1)]
    samples = [
        np.subtract(*(np.median(side[rows] @ drawn[index] / side.shape[1]) for side, drawn in zip(sides, seeds)))
        for index, rows in enumerate(resampled_rows(pd.Series(pairs), settings))
    ]
    value = np.subtract(*(np.median(side.mean(axis=1)) for side in sides))
    return Estimate(float(value), *interval(np.array(samples), settings), n=int(pairs.max()) + 1)


def _matched(first: pd.DataFrame, second: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Number of the pair [n] and the values [n, seeds] on either side of the instances that both sides have."""
    names, sides = pd.Index(first["instance"].unique()), []
    for rows in (first, second):
        row, (column, seeds) = names.get_indexer(rows["instance"]), pd.factorize(rows["seed"], sort=True)
        values = np.full((len(names), len(seeds)), NAN)
        values[row[row >= 0], column[row >= 0]] = rows["value"].to_numpy(float)[row >= 0]
        sides.append(values)
    both = np.logical_and(*(np.isfinite(side).all(axis=1) & bool(side.size) for side in sides))
    pairs, _ = pd.factorize(first.drop_duplicates("instance")["pair"][both], sort=True)
    return pairs, sides[0][both], sides[1][both]


def rank_biserial(differences: np.ndarray) -> float:
    """Matched-pairs rank-biserial correlation: (positive - negative rank sum) / rank sum; zeros left out."""
    differences = differences[differences != 0]
    if not len(differences):
        return 0.0
    ranks = stats.rankdata(np.abs(differences))
    return float((ranks * np.sign(differences)).sum() / ranks.sum())


def pair_totals(
    values: np.ndarray, pairs: np.ndarray, seeds: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Sum and number of the defined values of each pair and seed, [pairs, seeds], for pairs that have any."""
    defined = np.isfinite(values)
    seeds = np.zeros(len(values)) if seeds is None else seeds
    (row, rows), (column, columns) = (pd.factorize(np.asarray(part)[defined], sort=True) for part in (pairs, seeds))
    shape, place = (len(rows), len(columns)), row * len(columns) + column
    parts = (np.bincount(place, weights, shape[0] * shape[1]) for weights in (values[defined], None))
    sums, counts = (part.reshape(shape).astype(float) for part in parts)
    return sums, counts


@lru_cache(maxsize=16)
def _times_drawn(pairs: int, resamples: int, seed: int) -> np.ndarray:
    """How often each pair is drawn in every resample, [resamples, pairs]: alike for all that has as many pairs."""
    drawn = np.random.default_rng(seed).integers(pairs, size=(resamples, pairs))
    drawn += pairs * np.arange(resamples)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=resamples * pairs).reshape(resamples, pairs)
    return counts.astype(np.uint16)  # a pair is drawn a few times at most; kept small because it is kept


def _resampled_totals(totals: np.ndarray, settings: EvaluationParameters, stream: int = 1) -> np.ndarray:
    """[pairs, seeds] to totals over the pairs and seeds drawn [resamples]; each `stream` draws seeds anew."""
    drawn = _times_drawn(len(totals), settings.bootstrap, settings.seed) @ totals
    return (drawn * _times_drawn(totals.shape[1], settings.bootstrap, settings.seed + stream)).sum(axis=1)


def interval(samples: np.ndarray, settings: EvaluationParameters) -> tuple[float, float]:
    """Percentile interval of bootstrap samples; undefined ones are left out, NaN where none is left."""
    samples = samples[np.isfinite(samples)]
    if not len(samples):
        return NAN, NAN
    tail = (1 - settings.confidence) / 2
    low, high = np.quantile(samples, (tail, 1 - tail))
    return float(low), float(high)


def resampled_rows(pairs: pd.Series, settings: EvaluationParameters) -> Iterator[np.ndarray]:
    """Row numbers of every bootstrap resample of whole pairs; `pairs` names the pair of each row."""
    groups = pd.Series(range(len(pairs))).groupby(pd.factorize(pairs)[0]).indices
    generator = np.random.default_rng(settings.seed)
    for _ in range(settings.bootstrap):
        yield np.concatenate([groups[pair] for pair in generator.integers(len(groups), size=len(groups))])


def resampled_correlations(
    scores: pd.DataFrame, methods: Sequence[str], settings: EvaluationParameters
) -> dict[tuple[str, str], np.ndarray]:
    """SRCC and PLCC of every method and the label on resamples of the pairs: (metric, method) -> [resamples].

    `scores`: pair_id, label and a column for each method, higher is better. All methods see the same resamples. NaN
    where a resample has a constant side.
    """
    labelled = scores[scores["label"].notna()]
    pairs = labelled["pair_id"]
    drawn = list(resampled_rows(pairs, settings)) if pairs.nunique() > 1 else []
    defined = {name: tuple(labelled[name].notna()) for name in methods}
    found = {(metric, name): np.full(len(drawn), NAN) for metric in ("srcc", "plcc") for name in methods}
    # Methods defined on the same instances are ranked together, which is what makes this quick.
    for mask in dict.fromkeys(defined.values()):
        names = [name for name in methods if defined[name] == mask]
        matrix = labelled[["label", *names]].to_numpy(dtype=float)
        for sample, picked in enumerate(drawn):
            values = matrix[picked[np.array(mask)[picked]]]
            if len(values) < 3:
                continue
            for metric, columns in (("srcc", stats.rankdata(values, axis=0)), ("plcc", values)):
                with np.errstate(invalid="ignore", divide="ignore"):
                    for name, value in zip(names, np.corrcoef(columns, rowvar=False)[0, 1:]):
                        found[metric, name][sample] = value
    return found


def correlate(first: np.ndarray, second: np.ndarray, pairs: np.ndarray, settings: EvaluationParameters) -> Estimate:
    """Pearson's r of two columns [n] where both are defined; NaN below three such rows or where one is constant."""
    values = np.stack([first, second]).astype(float)
    defined = np.isfinite(values).all(axis=0)
    values = np.compress(defined, values, axis=1).T
    if len(values) < 3 or (values.std(axis=0) == 0).any():
        return Estimate(NAN, NAN, NAN, len(values))
    found = float(stats.pearsonr(*values.T).statistic)
    # The resamples' r comes from sums of products over their pairs.
    first, second = ((values - values.mean(axis=0)) / values.std(axis=0)).T
    _, index = np.unique(np.asarray(pairs)[defined], return_inverse=True)
    products = (np.ones_like(first), first, second, first**2, second**2, first * second)
    sums = np.stack([np.bincount(index, weights=product) for product in products], axis=1)
    totals = _times_drawn(len(sums), settings.bootstrap, settings.seed) @ sums
    n, means = totals[:, 0], totals[:, 1:] / totals[:, :1]
    variances = means[:, 2:4] - means[:, :2] ** 2
    varied = (n > 2) & (variances > 1e-12).all(axis=1)  # less is the rounding error of a constant
    covariance = means[:, 4] - means[:, 0] * means[:, 1]
    samples = np.where(varied, covariance / np.sqrt(np.where(varied, variances.prod(axis=1), 1.0)), NAN)
    return Estimate(found, *interval(samples, settings), len(values))


def holm(p_values: np.ndarray) -> np.ndarray:
    """Holm's step-down correction for the number of tests; NaN stays NaN and is not counted."""
    p_values = np.asarray(p_values, dtype=float)
    corrected = np.full(p_values.shape, NAN)
    tested = np.flatnonzero(np.isfinite(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    scaled = p_values[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return corrected


def relative_margin(value: float, best: float) -> float:
    """By how much `value` exceeds `best`, in per cent of `best`; NaN unless `best` is positive."""
    return 100 * (value / best - 1) if best > 0 else NAN


def spread(values: np.ndarray) -> float:
    """Population standard deviation of the defined values (the paper's spread over groups)."""
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    return float(values.std()) if len(values) else NAN
