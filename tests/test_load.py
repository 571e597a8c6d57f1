"""Memory stays flat as the benchmark grows."""

import pandas as pd
import pytest

from sppe_lib.tools import load


@pytest.mark.long
@pytest.mark.parametrize("column", ["build_mb", "read_mb"])
def test_memory_does_not_grow_with_the_benchmark(column):
    peaks = load.memory_curve((1, 16)).set_index("factor")[column]
    assert peaks[1] > 20 and peaks[16] < 1.25 * peaks[1]


def test_the_curve_is_drawn(tmp_path):
    curve = pd.DataFrame({"instances": [80, 320], "build_mb": [500.0, 500.0], "read_mb": [400.0, 410.0]})
    load.draw(curve, tmp_path / "memory.png")
    assert (tmp_path / "memory.png").read_bytes().startswith(b"\x89PNG")
