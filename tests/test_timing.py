"""Stage times from executed notebooks made by hand, with papermill's own metadata."""

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from sppe_lib.config import load_profile
from sppe_lib.errors import DataError
from sppe_lib.evaluation.rendering import write
from sppe_lib.tools import timing
from sppe_lib.tools.timing import stage_times, time_table


@pytest.fixture
def profile(tmp_path, monkeypatch):
    monkeypatch.setenv("SPPE_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("SPPE_FIGURES", str(tmp_path / "figures"))
    return load_profile("smoke")


def executed(profile, name, start, duration, cells):
    """An executed notebook as papermill leaves it; `cells` are (source, seconds)."""
    notebook = new_notebook(metadata={"papermill": {"start_time": start, "duration": duration}} if start else {})
    notebook.cells = [new_markdown_cell("# a heading", metadata={"papermill": {"duration": 0.01}})]
    for source, seconds in cells:
        notebook.cells.append(new_code_cell(source, metadata={"papermill": {"duration": seconds}}))
    folder = profile.results / "notebooks"
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / f"{name}.ipynb")


def test_stage_times(profile):
    cells = [("recover()\n\nmore()", 20.0), ("import x\n\nshow()", 4.0)]
    executed(profile, "04_recover-SOER", "2026-01-02T10:05:00+00:00", 30.5, cells)
    executed(profile, "01_benchmark", "2026-01-02T10:00:00+00:00", 12.25, [("build_it()", 9.0), ("plot()", 3.0)])
    executed(profile, "03_train_recovery-SOER", "2026-01-02T10:02:00+00:00", None, [("fit()", None)])
    executed(profile, "06_figures", None, None, [("never_run()", None)])
    executed(profile, "05_tables", "2026-01-02T10:09:00+00:00", 8.0, [("import torch\nsettings", 7.0), ("x", 1.0)])
    table = stage_times(profile)
    assert list(table["stage"]) == [
        "01_benchmark",
        "03_train_recovery-SOER",
        "04_recover-SOER",
        "05_tables",
    ]  # as they were started
    assert table["seconds"].tolist()[:3:2] == [12.25, 30.5] and pd.isna(table["seconds"][1])
    assert table["slowest_cell"][3] == "settings" and list(time_table(profile, "05_tables").data["stage"]) == list(
        table["stage"][:3]
    )
    assert table["slowest_cell"][2] == "more()" and table["slowest_cell_seconds"][2] == 20.0


def test_the_table_names_the_machine_and_the_day(profile, monkeypatch):
    monkeypatch.setattr(timing, "processor", lambda: "Some Processor")
    monkeypatch.setattr(timing.os, "cpu_count", lambda: 3)
    executed(profile, "01_benchmark", "2026-01-02T10:00:00+00:00", 12.25, [("build_it()", 9.0)])
    executed(profile, "02_editability", "2026-01-03T10:00:00+00:00", 7.75, [("run()", 5.0)])
    note = time_table(profile).notes[0]
    assert "Some Processor, 3 cores" in note and "2026-01-02 to 2026-01-03" in note and "20.0 seconds" in note
    paths = write(time_table(profile), profile.figures / "ledger")
    assert [path.name for path in paths] == ["table_time.csv", "table_time.md", "table_time.tex"]
    assert pd.read_csv(paths[0])["seconds"].tolist() == [12.25, 7.75]
    assert "| 01_benchmark" in paths[1].read_text() and "Some Processor" in paths[2].read_text()


def test_a_table_before_any_run_says_so(profile):
    document = time_table(profile)
    assert document.data.empty and "make repro" in document.notes[0]
    assert write(document, profile.figures / "ledger")


def test_nothing_and_nothing_readable(profile):
    assert stage_times(profile).empty
    executed(profile, "01_benchmark", "2026-01-02T10:00:00+00:00", 1.0, [])
    (profile.results / "notebooks" / "02_editability.ipynb").write_text("{")
    with pytest.raises(DataError, match="02_editability.ipynb is no readable notebook"):
        stage_times(profile)
