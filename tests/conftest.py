"""No test depends on what a user's shell has set."""

import os
from pathlib import Path

import pytest

for name in ("SPPE_PROFILE", "SPPE_RESULTS", "SPPE_FIGURES", "SPPE_DTYPE", "DVC_STAGE", "DVC_ROOT"):
    os.environ.pop(name, None)
os.environ["SPPE_HOME"] = str(Path(__file__).parents[1])


@pytest.fixture
def results(tmp_path, monkeypatch) -> Path:
    """Results and figures of the test's own; the folder of its results."""
    for name in ("results", "figures"):
        monkeypatch.setenv(f"SPPE_{name.upper()}", str(tmp_path / name))
    return tmp_path / "results"


@pytest.fixture
def profile(tmp_path, monkeypatch):
    """The profile `mini` of a run in which nothing has been done yet."""
    from evaluation_files import profile_in

    return profile_in(tmp_path, monkeypatch)
