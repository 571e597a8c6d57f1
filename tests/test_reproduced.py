"""The comparison of a rerun with the committed run, on a small repository of its own."""

import json
import shutil
import subprocess

import pandas as pd
import pytest

from sppe_lib import reproduced
from sppe_lib.config import load_profile, repository
from sppe_lib.errors import DataError

TABLES = ("tables/table4_editability.csv", "tables/table7_recovery_unseen.csv", "tables/table8_ablation.csv", "tables/table_recovery_seeds.csv")


@pytest.fixture
def profile(tmp_path, monkeypatch):
    """Profile mini in a repository whose committed figures are a few of this one's."""
    ours = repository()
    for name in ("params.yaml", "figures/mini/claims.json", *(f"figures/mini/{table}" for table in TABLES)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ours / name, tmp_path / name)
    monkeypatch.delenv("SPPE_FIGURES", raising=False)
    monkeypatch.setenv("SPPE_HOME", str(tmp_path))
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a run"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return load_profile("mini")


def rewrite(profile, table, change):
    """Change a table of the rerun."""
    path = profile.figures / table
    data = pd.read_csv(path)
    change(data).to_csv(path, index=False)


def row_of(document, table):
    """A table's row of the comparison."""
    return document.data.set_index("table").loc[table]


def test_the_committed_run_itself_is_reproduced_and_every_number_counted(profile):
    data = reproduced.compare(profile).data
    assert set(data["table"]) == {"table4_editability", "table7_recovery_unseen", "table8_ablation"}  # the seeds' is left out
    assert (data["moved"] == 0).all() and data["share"].isna().all()
    unseen = pd.read_csv(profile.figures / TABLES[1])
    assert row_of(reproduced.compare(profile), "table7_recovery_unseen")["numbers"] == unseen["value"].notna().sum()


def test_a_movement_is_measured_by_its_own_interval(profile):
    moved = {}

    def change(data):
        width = (data["high"] - data["low"]) / 2
        first, second = width[width > 0].index[[2, 5]]
        data.loc[first, "value"] += 0.25 * width[first]
        data.loc[second, "value"] -= 0.75 * width[second]
        moved["place"] = f"{data.loc[second, 'metric']}, {data.loc[second, 'method']}: value"
        return data

    rewrite(profile, TABLES[1], change)
    document = reproduced.compare(profile)
    found = row_of(document, "table7_recovery_unseen")
    assert found["moved"] == 2 and found["share"] == pytest.approx(0.75, rel=1e-3) and found["place"] == moved["place"]
    assert "75.0%" in reproduced.markdown(document)


def test_a_number_that_appears_or_vanishes_counts_as_moved(profile):
    def without_one(data):
        data.loc[data["srcc"].first_valid_index(), "srcc"] = None
        return data

    rewrite(profile, TABLES[0], without_one)
    assert row_of(reproduced.compare(profile), "table4_editability")["moved"] == 1


def test_another_verdict_is_told(profile, capsys):
    claims = json.loads((profile.figures / "claims.json").read_text())
    claims[0]["holds"] = not claims[0]["holds"]
    (profile.figures / "claims.json").write_text(json.dumps(claims))
    assert reproduced.main(["--profile", "mini", "--output", str(profile.figures / "compared.md")]) == 0
    text = capsys.readouterr().out
    assert f"{len(claims) - 1} of {len(claims)} verdicts are those committed in" in text and (profile.figures / "compared.md").read_text() == text


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda folder: rewrite_rows(folder), "table7_recovery_unseen has other rows"),
        (lambda folder: shutil.rmtree(folder / "tables"), "make repro"),
        (lambda folder: (folder / "claims.json").write_text("[]"), "other claims"),
        (lambda folder: (folder / "tables" / "table_new.csv").write_text("value\n1\n"), "git has no figures/mini/tables/table_new.csv"),
    ],
)
def test_runs_that_cannot_be_compared_say_why(profile, change, words, capsys):
    change(profile.figures)
    with pytest.raises(DataError, match=words):
        reproduced.compare(profile)
    assert reproduced.main(["--profile", "mini"]) == 2 and words in capsys.readouterr().err


def rewrite_rows(folder):
    """Leave one row of Table 7 out."""
    path = folder / TABLES[1]
    pd.read_csv(path).iloc[1:].to_csv(path, index=False)
