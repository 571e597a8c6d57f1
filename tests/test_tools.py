"""Tools: a rerun compared with the committed run, the time of stages, scale, and memory that stays flat."""

import json
import shutil
import subprocess
from contextlib import nullcontext

import nbformat
import pandas as pd
import pytest
import torch
from diffusers import FluxTransformer2DModel
from evaluation_files import metric_rows, profile_in, write_editability, write_levels, write_metrics
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from sppe_lib.config import load_profile, repository
from sppe_lib.errors import ConfigError, DataError
from sppe_lib.evaluation.claims import write_claims
from sppe_lib.evaluation.recovery_tables import inside_outside_table, paired_table, recovery_table, tag_table
from sppe_lib.evaluation.rendering import write
from sppe_lib.evaluation.tables import editability_tables, write_tables
from sppe_lib.runtime import device
from sppe_lib.tools import load, reproduced, scale_benchmark
from sppe_lib.tools.timing import stage_times, time_table

BY_TAG = "tables/table_recovery_by_tag.csv"
BY_GROUP = "tables/table4_editability_by_group.csv"
GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@b")


def write_figures(profile):
    recovery = [make(profile) for make in (recovery_table, inside_outside_table, tag_table, paired_table)]
    write_tables(profile, [*recovery, *editability_tables(profile)])
    write_claims(profile)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder, ours = tmp_path_factory.mktemp("run"), repository()
    with pytest.MonkeyPatch.context() as monkeypatch:
        profile = profile_in(folder, monkeypatch)
        write_levels(profile)
        write_editability(profile)
        write_figures(profile)
    shutil.copy(ours / "params.yaml", folder)
    (folder / ".gitignore").write_text("results\n")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "a run"]):
        subprocess.run([*GIT, *command], cwd=folder, check=True)
    return folder


@pytest.fixture
def profile(run, tmp_path, monkeypatch):
    shutil.copytree(run, tmp_path / "home")
    monkeypatch.setenv("SPPE_HOME", str(tmp_path / "home"))
    return profile_in(tmp_path / "home", monkeypatch)


def compared(profile, table, change=lambda data: None):
    """A table's row of the comparison, after a change of the rerun's; and the rerun's table as it was."""
    path = profile.figures / table
    before = pd.read_csv(path)
    data = before.copy()
    change(data)
    data.to_csv(path, index=False)
    return reproduced.compare(profile).data.set_index("table").loc[path.stem], before


def test_the_committed_run_itself_moves_nothing_and_another_is_told_by_its_verdicts_and_numbers(profile):
    found, table = compared(profile, BY_TAG)
    data = reproduced.compare(profile).data
    assert {"table4_editability", "table5_table6_recovery_sppe", "table_recovery_by_tag"} <= set(data["table"])
    assert (data["moved"] == 0).all() and data["share"].isna().all()
    assert found["numbers"] == table[["value", "n", "low", "high", "undefined"]].notna().sum().sum()
    write_metrics(profile, {"C2E-S2SER": metric_rows(level=0.55)})  # below SOER now
    write_figures(profile)
    document = reproduced.compare(profile)
    verdicts, moved = document.sections[0].cells.set_index("claim"), document.data.set_index("table")["moved"]
    changed = verdicts[verdicts["committed"] != verdicts["this run"]]
    assert "C2E-S2SER beats SOER on 8 of 8 metrics" in changed.index
    assert f"{len(verdicts) - len(changed)} of {len(verdicts)} verdicts" in document.notes[0]
    assert moved["table_recovery_by_tag"] > 0 == moved["table4_editability"]


def test_a_movement_is_measured_by_its_own_interval(profile):
    def change(data):
        width = (data["high"] - data["low"]) / 2
        first, second = width[width > 0].index[[2, 5]]
        data.loc[[first, second], "value"] += [0.25 * width[first], -0.75 * width[second]]
        change.place = ", ".join(data.loc[second, ["metric", "method", "tag"]]) + ": value"

    found, _ = compared(profile, BY_TAG, change)
    assert found["moved"] == 2 and found["share"] == pytest.approx(0.75, rel=1e-3) and found["place"] == change.place
    assert "75.0%" in reproduced.markdown(reproduced.compare(profile))


def test_numbers_without_an_interval_those_of_other_columns_and_those_that_vanish_count_too(profile):
    def change(data):
        data.loc[data["method"].eq("ERMA") & data["group"].eq("Body"), "value"] = 0.99
        data.loc[data["method"].eq("SSIM"), "n"] += 1

    found, before = compared(profile, BY_GROUP, change)
    assert found["moved"] == 2 + before["method"].eq("SSIM").sum() and found["after"] == 0.99
    assert "ERMA, Body" in found["place"] and pd.isna(found["share"])

    def vanish(data):
        data.loc[data["value"].first_valid_index(), "value"] = None

    assert compared(profile, BY_TAG, vanish)[0]["moved"] == 1


@pytest.mark.parametrize(("factor", "same"), [(1 + 1e-14, True), (1.001, False)])
def test_last_digits_which_move_with_the_number_of_threads_are_no_other_run(profile, factor, same):
    path = profile.figures / "claims.json"
    claims = json.loads(path.read_text())
    moved = [one | {"ci_low": one["ci_low"] and one["ci_low"] * factor} for one in claims]
    assert moved != claims
    path.write_text(json.dumps(moved))
    with nullcontext() if same else pytest.raises(DataError):
        reproduced.compare(profile)


SPOILT = {
    "no results": (lambda home: shutil.rmtree(home / "results"), "make repro PROFILE=mini"),
    "part of them": (lambda home: shutil.rmtree(home / "results" / "mini" / "editability"), "is not what results/mini"),
    "a table lost": (lambda home: (home / "figures" / "mini" / BY_TAG).unlink(), f"no figures/mini/{BY_TAG}"),
    "a row lost": (lambda home: lose_a_row(home / "figures" / "mini" / BY_TAG), "table_recovery_by_tag has other rows"),
    "an empty table": (lambda home: (home / "figures" / "mini" / BY_TAG).write_text(""), "recovery_by_tag.csv is no"),
    "broken claims": (lambda home: (home / "figures" / "mini" / "claims.json").write_text("{"), "claims.json is no"),
    "no claims": (lambda home: (home / "figures/mini/claims.json").write_text("[]"), "is not what results/mini"),
}


def lose_a_row(path):
    pd.read_csv(path)[1:].to_csv(path, index=False)


@pytest.mark.parametrize("name", SPOILT)
def test_runs_that_cannot_be_compared_say_why(profile, name):
    spoil, words = SPOILT[name]
    spoil(repository())
    with pytest.raises(DataError, match=words):
        reproduced.compare(profile)


def test_the_command_line_compares_and_refuses(profile, monkeypatch, capsys):
    monkeypatch.setattr(reproduced, "load_profile", lambda name: profile if name == "mini" else load_profile(name))
    target = profile.figures / "compared.md"
    assert reproduced.main(["--profile", "mini", "--output", str(target)]) == 0
    text = capsys.readouterr().out
    assert "verdicts are those committed in" in text and target.read_text() == text
    for arguments, words in ((["smoke"], "profile smoke at HEAD"), (["mini", "--against", "nowhere"], "at nowhere")):
        assert reproduced.main(["--profile", *arguments]) == 2 and words in capsys.readouterr().err


RUN = {
    "04_recover-SOER": ("2026-01-02T10:05:00+00:00", 30.5, [("recover()\n\nmore()", 20.0), ("import x", 4.0)]),
    "01_benchmark": ("2026-01-02T10:00:00+00:00", 12.25, [("build_it()", 9.0), ("plot()", 3.0)]),
    "03_train_recovery-SOER": ("2026-01-02T10:02:00+00:00", None, [("fit()", None)]),
    "06_figures": (None, None, [("never_run()", None)]),
    "05_tables": ("2026-01-03T10:09:00+00:00", 8.0, [("import torch\nsettings", 7.0), ("x", 1.0)]),
}
"""Executed notebooks as papermill leaves them: start, seconds, and its cells with theirs."""


@pytest.fixture
def timed(results):
    timed = load_profile("smoke")
    assert stage_times(timed).empty and "make repro" in time_table(timed).notes[0]
    (timed.results / "notebooks").mkdir(parents=True)
    for name, (start, duration, cells) in RUN.items():
        notebook = new_notebook(metadata={"papermill": {"start_time": start, "duration": duration}} if start else {})
        notebook.cells = [new_markdown_cell("# a heading", metadata={"papermill": {"duration": 0.01}})]
        for source, seconds in cells:
            notebook.cells.append(new_code_cell(source, metadata={"papermill": {"duration": seconds}}))
        nbformat.write(notebook, timed.results / "notebooks" / f"{name}.ipynb")
    return timed


def test_stages_stand_as_they_were_started_each_with_its_slowest_cell_and_the_days(timed):
    table, later = stage_times(timed), ["03_train_recovery-SOER", "04_recover-SOER", "05_tables"]
    assert list(table["stage"]) == ["01_benchmark", *later]
    assert table["seconds"].fillna(-1).tolist() == [12.25, -1, 30.5, 8]
    assert table["slowest_cell"].tolist()[2:] == ["more()", "settings"]
    assert table["slowest_cell_seconds"].tolist()[2:] == [20, 7]
    assert list(time_table(timed, "01_benchmark").data["stage"]) == later
    document = time_table(timed)
    assert "2026-01-02 to 2026-01-03" in document.notes[0] and "50.8 seconds" in document.notes[0]
    paths = write(document, timed.figures / "ledger")
    assert [path.name for path in paths] == ["table_time.csv", "table_time.md", "table_time.tex"]
    assert pd.read_csv(paths[0])["seconds"].sum() == 50.75 and "| 01_benchmark" in paths[1].read_text()
    (timed.results / "notebooks" / "02_editability.ipynb").write_text("{")
    with pytest.raises(DataError, match=r"02_editability\.ipynb"):
        stage_times(timed)


def test_the_toy_run_writes_every_record_and_what_does_not_fit_into_memory(tmp_path, monkeypatch, capsys):
    def fails(*arguments):
        raise torch.OutOfMemoryError("no")

    monkeypatch.setattr(scale_benchmark, "sampling", fails)
    assert scale_benchmark.main(["--tiny", "--output", str(tmp_path)]) == 0
    path = tmp_path / capsys.readouterr().out.split()[-1]
    record = json.loads(path.read_text())
    trainings = {(rank, batch): f"training, rank {rank}, batch {batch}" for rank in (2, 4) for batch in (1, 2)}
    samplings = [f"sampling, batch {batch}" for batch in (1, 2)]
    records = record["records"]
    assert record["toy"] and set(records) == {*trainings.values(), *samplings, "metric pass"}
    assert [records[name] for name in samplings] == [{"failed": "out of memory"}] * 2
    numbers = ("flops", "trained_parameters")
    flops, trained = ({key: records[name][what] for key, name in trainings.items()} for what in numbers)
    assert flops[4, 2] / flops[4, 1] == pytest.approx(2, abs=0.1) and trained[4, 1] == 2 * trained[2, 1]
    path.write_text("mine")  # a record of somebody else is kept
    with pytest.raises(ConfigError, match=path.name):
        scale_benchmark.run(scale_benchmark.TOY, True, tmp_path)
    assert path.read_text() == "mine"


def test_a_sampling_step_is_measured_and_the_full_size_needs_an_accelerator(capsys, tmp_path):
    found = scale_benchmark.sampling(scale_benchmark.TOY, 1)
    assert found["flops"] > 0 and found["seconds_per_batch"] == found["seconds"] * found["sampling_steps"]
    with torch.device("meta"):
        model = FluxTransformer2DModel(**scale_benchmark.FLUX)
    assert 11.5e9 < sum(value.numel() for value in model.parameters()) < 12.5e9
    if device().type == "cpu":
        assert scale_benchmark.main(["--output", str(tmp_path)]) == 2
        assert "--tiny" in capsys.readouterr().err and not list(tmp_path.iterdir())


@pytest.mark.long
@pytest.mark.parametrize("column", ["build_mb", "read_mb"])
def test_memory_does_not_grow_with_the_benchmark(column):
    peaks = load.memory_curve((1, 16)).set_index("factor")[column]
    assert peaks[1] > 20 and peaks[16] < 1.25 * peaks[1]


def test_memory_is_measured_and_its_curve_drawn(tmp_path):
    assert load.peak_memory(lambda: bytes(10**8)) > 10**8
    curve = pd.DataFrame({"instances": [80, 320], "build_mb": [500.0, 500.0], "read_mb": [400.0, 410.0]})
    load.draw(curve, tmp_path / "memory.png")
    assert (tmp_path / "memory.png").read_bytes().startswith(b"\x89PNG")
