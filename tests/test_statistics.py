"""Means, intervals and tests resample pairs; golden values and behaviour."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sppe_lib.config import EvaluationParameters
from sppe_lib.evaluation import statistics

SETTINGS = EvaluationParameters(batch=8, bootstrap=500, confidence=0.95, seed=0)


def _frame(values, pairs=None, **more):
    pairs = [index // 2 for index in range(len(values))] if pairs is None else pairs
    names = [f"i{index}" for index in range(len(values))]
    return pd.DataFrame({"instance": names, "pair": [f"p{pair}" for pair in pairs], "seed": 0, "value": values} | more)


def _ends(values, pairs) -> tuple[float, float]:
    found = statistics.mean_of(values, pairs, SETTINGS)
    return found.low, found.high


def test_undefined_values_are_left_out_and_counted():
    sums, counts = statistics.pair_totals(np.array([1, 3, 5, np.nan, np.nan, np.nan]), np.array(list("aabbcc")))
    assert sums.tolist() == [[4], [5]] and counts.tolist() == [[2], [1]]
    found = statistics.mean_of(np.array([1.0, 3.0, np.nan, 4.0]), np.array(list("aabb")), SETTINGS)
    assert found.value == pytest.approx(8 / 3) and (found.n, found.undefined) == (3, 1)
    assert found.low <= found.value <= found.high
    found = statistics.mean_of(np.full(4, np.nan), np.array(list("aabb")), SETTINGS)
    assert np.isnan([found.value, found.low, found.high]).all() and (found.n, found.undefined) == (0, 4)
    empty = statistics.mean_of(np.array([]), np.array([]), SETTINGS)
    assert np.isnan(empty.value) and empty.n == 0


def test_intervals_resample_pairs_are_repeatable_and_absent_for_one_pair():
    generator = np.random.default_rng(0)
    by_pair = np.repeat(generator.normal(size=60), 2)  # both instances of a pair agree: 60 facts, not 120
    pairs = np.repeat(np.arange(60), 2)
    low, high = _ends(by_pair, pairs)
    naive_low, naive_high = _ends(by_pair, np.arange(120))
    assert (high - low) > 1.2 * (naive_high - naive_low)
    error = by_pair[::2].std() / np.sqrt(60)
    assert (high - low) == pytest.approx(2 * 1.96 * error, rel=0.2)
    values, pairs = np.arange(10.0), np.repeat(np.arange(5), 2)
    assert _ends(values, pairs) == _ends(values, pairs)
    assert np.isnan(_ends(values[:2], pairs[:2])).all()


def test_the_interval_is_scipys_percentile_bootstrap():
    generator = np.random.default_rng(1)
    values, pairs = generator.normal(20, 5, 90), np.arange(90) // 2
    values[[3, 10, 11]] = np.nan  # one half of a pair, and a whole pair
    expected = stats.bootstrap(
        tuple(totals[:, 0] for totals in statistics.pair_totals(values, pairs)),
        lambda sums, counts, axis=-1: sums.sum(axis) / counts.sum(axis),
        paired=True,
        vectorized=True,
        n_resamples=SETTINGS.bootstrap,
        method="percentile",
        rng=np.random.default_rng(SETTINGS.seed),
    ).confidence_interval
    assert _ends(values, pairs) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_comparison_is_a_paired_one_and_a_p_value_leans_as_the_mean_does():
    generator = np.random.default_rng(0)
    difficulty = generator.normal(20, 5, 80)  # far larger than the difference, and the same for both
    better, worse = _frame(difficulty + 0.5 + generator.normal(0, 0.1, 80)), _frame(difficulty)
    found = statistics.difference_of(better, worse, SETTINGS)
    assert found.value == pytest.approx(0.5, abs=0.05) and found.low > 0.4
    assert found.p_value < 1e-6 and found.effect == pytest.approx(1) and found.n == 40
    back = statistics.difference_of(worse, better, SETTINGS)
    assert back.value == pytest.approx(-found.value) and back.effect == pytest.approx(-1)
    differences = np.array([-0.1] * 20 + [50.0])  # nearly every pair below, the mean above
    first, second = _frame(differences, pairs=range(21)), _frame(np.zeros(21), pairs=range(21))
    found = statistics.difference_of(first, second, SETTINGS)
    assert found.value > 0 > found.effect and np.isnan(found.p_value)
    assert statistics.difference_of(second, first, SETTINGS).value < 0


def test_comparison_matches_rows_by_instance_and_leaves_out_what_either_side_lacks():
    first = _frame(np.arange(8.0))
    found = statistics.difference_of(first, first.sample(frac=1, random_state=1), SETTINGS)
    assert (found.value, found.effect, found.p_value) == (0, 0, 1)
    first, second = _frame([1.0, 2, 3, 4]), _frame([0.0, np.nan, np.nan, np.nan])
    assert statistics.difference_of(first, second, SETTINGS).n == 1
    nothing = statistics.difference_of(first, _frame([np.nan] * 4), SETTINGS)
    assert nothing.n == 0 and np.isnan(nothing.value)


def _seeds(levels, noise=0.0):
    draws = np.random.default_rng(0).normal(0, noise, (len(levels), 40))
    rows = enumerate(zip(levels, draws))
    return pd.concat([_frame(level + draw, method="m", seed=seed) for seed, (level, draw) in rows])


def test_seeds_are_averaged_by_instance_and_widen_the_interval():
    three, one = _seeds([1.0, 2.0, 6.0], 0.1), _seeds([3.0], 0.1)
    found = statistics.summarise(three, ["method"], SETTINGS).iloc[0]
    assert found["value"] == pytest.approx(three["value"].mean()) and (found["n"], found["undefined"]) == (40, 0)
    assert found["low"] < 1.5 and found["high"] > 5  # all three the same seed is one resample of 27
    found = statistics.difference_of(three, one, SETTINGS)
    assert found.value == pytest.approx(0, abs=0.1) and found.low < -1 and found.high > 2 and found.n == 20
    twice = statistics.difference_of(pd.concat([one, one.assign(seed=1)]), _seeds([0.0]), SETTINGS)
    once = statistics.difference_of(one, _seeds([0.0]), SETTINGS)  # a seed that changes nothing changes nothing
    assert (twice.value, twice.low, twice.high, twice.n) == pytest.approx((once.value, once.low, once.high, once.n))


def test_a_difference_of_medians_ignores_what_a_mean_follows():
    worse = _seeds([0.0, 0.0], 0.3)
    better = worse.assign(value=worse["value"] + 1)
    outlying = better.assign(value=better["value"].where(better["instance"] != "i3", -1000.0))
    assert statistics.median_difference(better, worse, SETTINGS).value == pytest.approx(1)
    found = statistics.median_difference(outlying, worse, SETTINGS)
    assert 0.5 < found.low <= found.value <= found.high < 1.5 and found.n == 20
    assert statistics.difference_of(outlying, worse, SETTINGS).value < 0
    assert statistics.median_difference(better, worse.iloc[:0], SETTINGS).n == 0


def test_golden_values():
    assert statistics.rank_biserial(np.array([1.0, 2, -3])) == 0  # ranks 1 + 2 against 3
    assert statistics.rank_biserial(np.array([4.0, 2, -1])) == pytest.approx((3 + 2 - 1) / 6)
    assert statistics.rank_biserial(np.zeros(3)) == 0
    assert statistics.relative_margin(0.6655, 0.5843) == pytest.approx(13.897, abs=1e-3)
    assert np.isnan(statistics.relative_margin(0.5, -0.1))
    assert statistics.spread(np.array([1.0, 3.0, np.nan])) == 1  # population deviation, undefined groups left out
    assert np.isnan(statistics.spread(np.array([np.nan])))
    # Sorted 0.01, 0.02, 0.04 times 3, 2, 1, made monotone; an undefined test takes no part.
    found = statistics.holm(np.array([0.02, np.nan, 0.01, 0.04]))
    assert found == pytest.approx([0.04, np.nan, 0.03, 0.04], nan_ok=True)
    assert statistics.holm(np.array([0.5, 0.6])) == pytest.approx([1.0, 1.0])


def _scores(pairs: int = 60) -> pd.DataFrame:
    generator = np.random.default_rng(3)
    label = generator.uniform(-1, 1, 2 * pairs)
    scores = pd.DataFrame({"pair_id": np.repeat([f"p{i:03d}" for i in range(pairs)], 2), "label": label})
    scores["good"] = label + generator.normal(0, 0.3, 2 * pairs)
    return scores.assign(distance=-label + generator.normal(0, 1.5, 2 * pairs))


def test_resampled_correlations_surround_the_correlation_and_are_shared_by_methods():
    scores = _scores()
    turned = scores.assign(distance=-scores["distance"])
    found = statistics.resampled_correlations(turned, ["good", "distance"], SETTINGS)
    for metric, function in (("srcc", stats.spearmanr), ("plcc", stats.pearsonr)):
        for name, sign in (("good", 1), ("distance", -1)):
            low, high = statistics.interval(found[metric, name], SETTINGS)
            assert low < sign * function(scores[name], scores["label"]).statistic < high
        assert statistics.interval(found[metric, "good"] - found[metric, "distance"], SETTINGS)[0] > 0
    scores["gaps"] = scores["good"].where(scores.index != 5)
    found = statistics.resampled_correlations(scores, ["good", "gaps"], SETTINGS)
    assert np.abs(found["srcc", "good"] - found["srcc", "gaps"]).max() < 0.02
    scores = _scores(5).assign(good=1.0)
    found = statistics.resampled_correlations(scores, ["good"], SETTINGS)
    assert np.isnan(found["srcc", "good"]).all()
    assert np.isnan(statistics.interval(found["srcc", "good"], SETTINGS)).all()
    assert len(statistics.resampled_correlations(scores.assign(label=np.nan), ["good"], SETTINGS)["srcc", "good"]) == 0


def test_correlation_is_resampled_by_pair_and_undefined_for_constants():
    rng = np.random.default_rng(0)
    first, pairs = rng.normal(size=60), np.repeat(np.arange(30), 2)
    second = first + rng.normal(size=60)
    second[0] = np.nan
    found = statistics.correlate(first, second, pairs, SETTINGS)
    assert found.n == 59 and found.low < found.value < found.high
    assert found.value == pytest.approx(np.corrcoef(first[1:], second[1:])[0, 1])
    assert np.isnan(statistics.correlate(first, np.ones(60), pairs, SETTINGS).value)
    rng = np.random.default_rng(0)
    pairs, first = pd.Series(np.repeat(np.arange(40), 2)), 5 + rng.normal(size=80)
    second = first + rng.normal(size=80)
    resamples = [np.corrcoef(first[rows], second[rows])[0, 1] for rows in statistics.resampled_rows(pairs, SETTINGS)]
    found = statistics.correlate(first, second, pairs.to_numpy(), SETTINGS)
    assert (found.low, found.high) == pytest.approx(statistics.interval(np.array(resamples), SETTINGS), abs=0.02)
    # Two values only: resamples of nothing but one of them have no correlation and are left out.
    few = np.array([0.1, 0.1, 0.1, 0.1, 0.7])
    assert statistics.correlate(few, few + 0.2, np.array(list("aabbc")), SETTINGS).low == pytest.approx(1)


def test_the_two_verbs_go_through_the_frame_group_by_group():
    one = _frame([1.0, 2, 3, 4], method="one", tag=list("xxyy"))
    two = _frame([0.0, 2, 3, np.nan], method="two", tag=list("xxyy"))
    frame = pd.concat([one, two], ignore_index=True)
    means = statistics.summarise(frame, ["method", "tag"], SETTINGS).set_index(["method", "tag"])
    assert means.loc[("two", "y"), ["value", "n", "undefined"]].tolist() == [3, 1, 1]
    found = statistics.compare(frame, "one", "two", ["tag"], SETTINGS).set_index("tag")
    assert found["value"].tolist() == [0.5, 0] and found["n"].tolist() == [1, 1]
    assert statistics.compare(frame, "one", "three", ["tag"], SETTINGS)["n"].tolist() == [0, 0]
