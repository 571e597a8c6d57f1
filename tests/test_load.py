"""Memory stays flat as the benchmark grows."""

import pandas as pd
import pytest

from sppe_lib.tools import load


@pytest.mark.long
def test_memory_does_not_grow_with_the_benchmark(tmp_path):
    table = load.measure()
    assert len(table) == 6 and (table["peak_mib"] > 50).all()
    for _, rows in table.groupby("step"):
        growth = rows.set_index("times")["peak_mib"]
        assert growth[16] < 1.25 * growth[1]


def test_the_curve_is_written(tmp_path):
    table = pd.DataFrame({"step": ["build", "read"], "times": 1, "instances": 80, "peak_mib": [500.0, 400.0]})
    load.write(table, tmp_path)
    assert pd.read_csv(tmp_path / "memory.csv").equals(table) and (tmp_path / "memory.png").stat().st_size > 1000
