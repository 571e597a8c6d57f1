"""The comparison of a rerun with the committed run, in a small repository of its own whose results the tests write."""

import shutil
import subprocess

import pandas as pd
import pytest
from evaluation_files import METHODS, metric_rows, profile_in, write_editability, write_metrics

from sppe_lib.config import load_profile, repository
from sppe_lib.errors import DataError
from sppe_lib.evaluation.claims import write_claims
from sppe_lib.evaluation.recovery_tables import inside_outside_table, paired_table, recovery_table, tag_table
from sppe_lib.evaluation.tables import editability_tables, write_tables
from sppe_lib.tools import reproduced

LEVELS = dict(zip(METHODS, (0.5, 0.55, 0.52, 0.6, 0.7)))
BY_TAG = "tables/table_recovery_by_tag.csv"
BY_GROUP = "tables/table4_editability_by_group.csv"
GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@b")


def write_figures(profile):
    """What 05_tables would write of the results there are."""
    recovery = [make(profile) for make in (recovery_table, inside_outside_table, tag_table, paired_table)]
    write_tables(profile, [*recovery, *editability_tables(profile)])
    write_claims(profile)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder with a committed run: params.yaml, results, figures."""
    folder, ours = tmp_path_factory.mktemp("run"), repository()
    with pytest.MonkeyPatch.context() as monkeypatch:
        profile = profile_in(folder, monkeypatch)
        write_metrics(profile, {name: metric_rows(level=level) for name, level in LEVELS.items()})
        write_editability(profile)
        write_figures(profile)
    shutil.copy(ours / "params.yaml", folder)
    (folder / ".gitignore").write_text("results\n")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "a run"]):
        subprocess.run([*GIT, *command], cwd=folder, check=True)
    return folder


@pytest.fixture
def profile(run, tmp_path, monkeypatch):
    """The profile of that run, in a copy of the folder."""
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


def test_the_committed_run_itself_moves_nothing_and_every_number_is_counted(profile):
    found, table = compared(profile, BY_TAG)
    data = reproduced.compare(profile).data
    assert {"table4_editability", "table5_table6_recovery_sppe", "table_recovery_by_tag"} <= set(data["table"])
    assert (data["moved"] == 0).all() and data["share"].isna().all()
    assert found["numbers"] == table[["value", "n", "low", "high", "undefined"]].notna().sum().sum()


def test_another_run_is_told_by_its_verdicts_and_numbers(profile):
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


SPOILT = {
    "no results": (lambda home: shutil.rmtree(home / "results"), "make repro PROFILE=mini"),
    "part of them": (lambda home: shutil.rmtree(home / "results" / "mini" / "editability"), "is not what results/mini"),
    "a table lost": (lambda home: (home / "figures" / "mini" / BY_TAG).unlink(), f"no figures/mini/{BY_TAG}"),
    "a row lost": (lambda home: lose_a_row(home / "figures" / "mini" / BY_TAG), "table_recovery_by_tag has other rows"),
    "an empty table": (lambda home: (home / "figures" / "mini" / BY_TAG).write_text(""), "recovery_by_tag.csv is no"),
    "broken claims": (lambda home: (home / "figures" / "mini" / "claims.json").write_text("{"), "claims.json is no"),
    "no claims": (
        lambda home: (home / "figures" / "mini" / "claims.json").write_text("[]"),
        "is not what results/mini",
    ),
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
