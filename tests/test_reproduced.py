"""The comparison of a rerun with the committed run, in a small repository of its own whose results the tests write."""

import json
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
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a run"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


@pytest.fixture
def profile(run, tmp_path, monkeypatch):
    """The profile of that run, in a copy of the folder."""
    shutil.copytree(run, tmp_path / "home")
    monkeypatch.setenv("SPPE_HOME", str(tmp_path / "home"))
    return profile_in(tmp_path / "home", monkeypatch)


def rewrite(profile, table, change):
    """Change a table of the rerun."""
    path = profile.figures / table
    data = pd.read_csv(path)
    change(data)
    data.to_csv(path, index=False)


def row_of(document, table):
    """A table's row of the comparison."""
    return document.data.set_index("table").loc[table]


def test_the_committed_run_itself_moves_nothing_and_every_number_is_counted(profile):
    data = reproduced.compare(profile).data
    assert {"table4_editability", "table5_table6_recovery_sppe", "table_recovery_by_tag"} <= set(data["table"])
    assert (data["moved"] == 0).all() and data["share"].isna().all()
    table = pd.read_csv(profile.figures / BY_TAG)
    counted = table[["value", "n", "low", "high", "undefined"]].notna().sum().sum()
    assert row_of(reproduced.compare(profile), "table_recovery_by_tag")["numbers"] == counted


def test_another_run_is_told_by_its_verdicts_and_numbers(profile, capsys):
    write_metrics(profile, {"C2E-S2SER": metric_rows(level=0.55)})  # below SOER now
    write_figures(profile)
    document = reproduced.compare(profile)
    verdicts = document.sections[0].cells.set_index("claim")
    changed = verdicts[verdicts["committed"] != verdicts["this run"]]
    assert "C2E-S2SER beats SOER on 8 of 8 metrics" in changed.index
    assert f"{len(verdicts) - len(changed)} of {len(verdicts)} verdicts" in document.notes[0]
    assert row_of(document, "table_recovery_by_tag")["moved"] > 0 == row_of(document, "table4_editability")["moved"]


def test_a_movement_is_measured_by_its_own_interval(profile):
    moved = {}

    def change(data):
        width = (data["high"] - data["low"]) / 2
        first, second = width[width > 0].index[[2, 5]]
        data.loc[first, "value"] += 0.25 * width[first]
        data.loc[second, "value"] -= 0.75 * width[second]
        moved["place"] = f"{data.loc[second, 'metric']}, {data.loc[second, 'method']}, {data.loc[second, 'tag']}: value"

    rewrite(profile, BY_TAG, change)
    document = reproduced.compare(profile)
    found = row_of(document, "table_recovery_by_tag")
    assert found["moved"] == 2 and found["share"] == pytest.approx(0.75, rel=1e-3) and found["place"] == moved["place"]
    assert "75.0%" in reproduced.markdown(document)


def test_numbers_without_an_interval_and_other_columns_count_too(profile):
    def change(data):
        data.loc[data["method"].eq("ERMA") & data["group"].eq("Body"), "value"] = 0.99
        data.loc[data["method"].eq("SSIM"), "n"] += 1

    rewrite(profile, BY_GROUP, change)
    found = row_of(reproduced.compare(profile), "table4_editability_by_group")
    others = pd.read_csv(profile.figures / BY_GROUP)["method"].eq("SSIM").sum()
    assert (
        found["moved"] == 2 + others
        and found["after"] == 0.99
        and "ERMA, Body" in found["place"]
        and pd.isna(found["share"])
    )


def test_a_number_that_vanishes_counts_as_moved(profile):
    rewrite(
        profile,
        BY_TAG,
        lambda data: data.__setitem__("value", data["value"].mask(data.index == data["value"].first_valid_index())),
    )
    assert row_of(reproduced.compare(profile), "table_recovery_by_tag")["moved"] == 1


def drop_a_row(path):
    """Leave one row of a table out."""
    pd.read_csv(path).iloc[1:].to_csv(path, index=False)


@pytest.mark.parametrize(
    "spoil, words",
    [
        (lambda home: shutil.rmtree(home / "results"), "No run of profile mini here .*make repro PROFILE=mini"),
        (lambda home: shutil.rmtree(home / "results" / "mini" / "editability"), "is not what results/mini say"),
        (
            lambda home: (home / "figures" / "mini" / BY_TAG).unlink(),
            "has no figures/mini/tables/table_recovery_by_tag.csv",
        ),
        (lambda home: drop_a_row(home / "figures" / "mini" / BY_TAG), "table_recovery_by_tag has other rows"),
        (
            lambda home: (home / "figures" / "mini" / BY_TAG).write_text(""),
            "table_recovery_by_tag.csv is no readable table",
        ),
        (lambda home: (home / "figures" / "mini" / "claims.json").write_text("{"), "claims.json is not valid JSON"),
        (lambda home: (home / "figures" / "mini" / "claims.json").write_text("[]"), "is not what results/mini say"),
    ],
)
def test_runs_that_cannot_be_compared_say_why(profile, spoil, words):
    spoil(repository())
    with pytest.raises(DataError, match=words):
        reproduced.compare(profile)


def test_the_command_line_compares_and_refuses(profile, monkeypatch, capsys):
    monkeypatch.setattr(reproduced, "load_profile", lambda name: profile if name == "mini" else load_profile(name))
    assert reproduced.main(["--profile", "mini", "--output", str(profile.figures / "compared.md")]) == 0
    text = capsys.readouterr().out
    assert "verdicts are those committed in" in text and (profile.figures / "compared.md").read_text() == text
    assert json.loads((profile.figures / "claims.json").read_text())
    assert reproduced.main(["--profile", "smoke"]) == 2 and "no run of profile smoke at HEAD" in capsys.readouterr().err
    assert (
        reproduced.main(["--profile", "mini", "--against", "nowhere"]) == 2 and "at nowhere" in capsys.readouterr().err
    )
