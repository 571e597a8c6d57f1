"""Stage times from executed notebooks made by hand, with papermill's own metadata."""

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from sppe_lib.config import load_profile
from sppe_lib.errors import DataError
from sppe_lib.evaluation.rendering import write
from sppe_lib.tools.timing import stage_times, time_table

RUN = {
    "04_recover-SOER": ("2026-01-02T10:05:00+00:00", 30.5, [("recover()\n\nmore()", 20.0), ("import x", 4.0)]),
    "01_benchmark": ("2026-01-02T10:00:00+00:00", 12.25, [("build_it()", 9.0), ("plot()", 3.0)]),
    "03_train_recovery-SOER": ("2026-01-02T10:02:00+00:00", None, [("fit()", None)]),
    "06_figures": (None, None, [("never_run()", None)]),
    "05_tables": ("2026-01-03T10:09:00+00:00", 8.0, [("import torch\nsettings", 7.0), ("x", 1.0)]),
}
"""Executed notebooks as papermill leaves them: start, seconds, and its cells with theirs."""


@pytest.fixture
def profile(tmp_path, monkeypatch):
    monkeypatch.setenv("SPPE_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("SPPE_FIGURES", str(tmp_path / "figures"))
    profile = load_profile("smoke")
    assert stage_times(profile).empty and "make repro" in time_table(profile).notes[0]
    (profile.results / "notebooks").mkdir(parents=True)
    for name, (start, duration, cells) in RUN.items():
        notebook = new_notebook(metadata={"papermill": {"start_time": start, "duration": duration}} if start else {})
        notebook.cells = [new_markdown_cell("# a heading", metadata={"papermill": {"duration": 0.01}})]
        for source, seconds in cells:
            notebook.cells.append(new_code_cell(source, metadata={"papermill": {"duration": seconds}}))
        nbformat.write(notebook, profile.results / "notebooks" / f"{name}.ipynb")
    return profile


def test_stages_stand_as_they_were_started_each_with_its_slowest_cell(profile):
    table, later = stage_times(profile), ["03_train_recovery-SOER", "04_recover-SOER", "05_tables"]
    assert list(table["stage"]) == ["01_benchmark", *later]
    assert table["seconds"].fillna(-1).tolist() == [12.25, -1, 30.5, 8]
    assert table["slowest_cell"].tolist()[2:] == ["more()", "settings"]
    assert table["slowest_cell_seconds"].tolist()[2:] == [20, 7]
    assert list(time_table(profile, "01_benchmark").data["stage"]) == later


def test_the_table_names_the_days_and_is_written(profile):
    document = time_table(profile)
    assert "2026-01-02 to 2026-01-03" in document.notes[0] and "50.8 seconds" in document.notes[0]
    paths = write(document, profile.figures / "ledger")
    assert [path.name for path in paths] == ["table_time.csv", "table_time.md", "table_time.tex"]
    assert pd.read_csv(paths[0])["seconds"].sum() == 50.75 and "| 01_benchmark" in paths[1].read_text()


def test_a_notebook_that_cannot_be_read_is_named(profile):
    (profile.results / "notebooks" / "02_editability.ipynb").write_text("{")
    with pytest.raises(DataError, match=r"02_editability\.ipynb"):
        stage_times(profile)
