"""The gate keeps what scores highest; golden values, random and oracle as bounds."""

import numpy as np
import pytest
from evaluation_files import metric_rows, profile_in, write_editability, write_metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from sppe_lib.evaluation import gate

finite = st.floats(-10, 10, allow_nan=False, width=32)


def test_kept_means_golden_values():
    score, worth = np.array([3.0, 1.0, 2.0, 0.0]), np.array([10.0, 2.0, 6.0, 0.0])
    assert gate.kept_means(score, worth, np.array([0, 0.25, 0.5, 0.75, 1.0])).tolist() == [4.5, 6.0, 8.0, 10.0, 10.0]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(finite, finite), min_size=2, max_size=30))
def test_no_score_gains_more_than_the_oracle(rows):
    score, worth = np.array(rows).T
    assert gate.mean_gain(score, worth) <= gate.mean_gain(worth, worth) + 1e-9
    assert gate.kept_means(score, worth)[0] == pytest.approx(worth.mean())


def test_a_good_assessor_gains_and_the_table_says_so(tmp_path, monkeypatch):
    profile = profile_in(tmp_path, monkeypatch)
    write_editability(profile, erma_noise=0.05)
    write_metrics(profile, {"C2E-S2SER": metric_rows(level=0.7)})
    gains = gate.gate_gains(profile).set_index(["worth", "method"])
    assert gains.loc[("label", "ERMA"), "low"] > 0
    assert gains.loc[("label", "oracle"), "value"] >= gains.loc[("label", "ERMA"), "value"]
    assert set(gains.index.get_level_values(0)) == set(gate.WORTH)
    assert "| oracle" in gate.gate_table(profile)._repr_markdown_()


def test_nothing_run_gives_a_table_that_says_so(tmp_path, monkeypatch):
    profile = profile_in(tmp_path, monkeypatch)
    assert "not run in this profile yet" in gate.gate_table(profile)._repr_markdown_()
    assert len(gate.draw_gate(profile).axes) == 2
