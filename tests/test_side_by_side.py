"""Stages side by side: order, number at once, threads, and a stage that fails."""

import os
import subprocess
import threading
import time

import pytest
from dvc.repo import Repo

from sppe_lib.errors import KitError
from sppe_lib.tools import pipeline
from sppe_lib.tools.pipeline import (
    environment_of,
    main,
    pipeline_folder,
    repro,
    run_side_by_side,
    stages_to_run,
    write_pipeline,
)

STAGES = {
    "data": set(),
    "one": {"data"},
    "two": {"data"},
    "three": {"data"},
    "after three": {"three"},
    "report": {"one", "two", "after three"},
}


class Recorder:
    """Stands in for DVC: notes when each stage starts and ends, and fails where told to."""

    def __init__(self, failing=()):
        self.failing, self.events, self.most, self.now, self.lock = failing, [], 0, 0, threading.Lock()
        self.threads = set()

    def __call__(self, name, log, environment):
        with self.lock:
            self.events.append(("start", name))
            self.now += 1
            self.most = max(self.most, self.now)
            self.threads.add(environment["OMP_NUM_THREADS"])
        time.sleep(0.02)
        log.write_text(f"working\rworking\nthe words of {name}\n")
        with self.lock:
            self.events.append(("end", name))
            self.now -= 1
        return int(name in self.failing)


def test_a_stage_starts_when_what_it_waits_for_has_ended(tmp_path):
    recorder = Recorder()
    run_side_by_side(STAGES, 2, tmp_path / "logs", recorder)
    assert {name for _, name in recorder.events} == set(STAGES) and recorder.most == 2
    for name, needs in STAGES.items():
        for need in needs:
            assert recorder.events.index(("end", need)) < recorder.events.index(("start", name))
    assert recorder.events[2] == ("start", "three")  # most wait for it
    assert recorder.threads == {str(max(1, len(os.sched_getaffinity(0)) // 2))}


def test_after_a_failure_nothing_more_starts_and_the_log_is_told(tmp_path):
    recorder = Recorder(failing={"three"})
    with pytest.raises(KitError, match="Stage three failed") as caught:
        run_side_by_side(STAGES, 1, tmp_path / "logs", recorder)
    assert "the words of three" in str(caught.value)
    assert [name for what, name in recorder.events if what == "start"] == ["data", "three"]


PIPELINE = """
vars: [{which: [a, b]}]
stages:
  kept: {frozen: true, cmd: "false", outs: [kept.txt]}
  always: {always_changed: true, cmd: "echo same > results/${profile}/always.txt",
    outs: ["results/${profile}/always.txt"]}
  data: {cmd: "echo ${profile} > 'results/${profile}/d ta.txt'", deps: [word.txt, "results/${profile}/always.txt"],
    outs: ["results/${profile}/d ta.txt"], params: ["profiles.${profile}"]}
  one: {cmd: "cat results/${profile}/d*.txt > results/${profile}/one.txt", deps: ["results/${profile}/d ta.txt"],
    outs: ["results/${profile}/one.txt"]}
  two: {matrix: {which: "${which}"}, cmd: "cat results/${profile}/d*.txt > 'results/${profile}/${item.which}'",
    deps: ["results/${profile}/d ta.txt", other.txt, kept.txt], outs: ["results/${profile}/${item.which}"]}
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A repository with a small pipeline in a folder whose name needs quotes, committed."""
    home = tmp_path / "thesis final [v2] it's 100%"
    (home / "results").mkdir(parents=True)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], cwd=home, check=True)
    Repo.init(str(home)).close()
    (home / "dvc.yaml").write_text(PIPELINE)
    (home / "params.yaml").write_text("profile: mini\nprofiles: {mini: 1, smoke: 2, 'on': 3}")
    (home / ".gitignore").write_text("/results/\n")
    for name in ("word.txt", "other.txt", "kept.txt"):
        (home / name).write_text(name)
    for name in ("mini", "smoke"):
        (home / "results" / name).mkdir()
    subprocess.run([*git, "add", "."], cwd=home, check=True)
    subprocess.run([*git, "commit", "-qm", "start"], cwd=home, check=True)
    monkeypatch.setattr(pipeline, "repository", lambda: home)
    return home


def status(home):
    return subprocess.run(["git", "status", "--porcelain"], cwd=home, capture_output=True, text=True).stdout


def read(home, name):
    return {path.name: path.read_text() for path in (home / "results" / name).iterdir() if path.is_file()}


def test_choosing_a_profile_changes_no_tracked_file_and_each_has_its_own_record(place):
    for name in ("smoke", "mini", "smoke"):
        folder = write_pipeline(name)
        assert repro(folder, [], environment_of(folder)) == 0
        expected = {"always.txt": "same\n"} | {file: f"{name}\n" for file in ("d ta.txt", "one.txt", "a", "b")}
        assert read(place, name) == expected
        assert status(place) == ("" if name == "smoke" and not (place / "dvc.lock").exists() else "?? dvc.lock\n")
    record = (place / "dvc.lock").read_text()
    assert "smoke" not in record and "smoke" in (pipeline_folder("smoke") / "dvc.lock").read_text()
    # What params.yaml names is the repository's own pipeline, also where it was another's before.
    (place / "params.yaml").write_text((place / "params.yaml").read_text().replace("profile: mini", "profile: smoke"))
    assert write_pipeline("smoke") == place and repro(place, [], environment_of(place)) == 0


def test_stages_that_have_changed_and_those_that_wait_for_them_run_side_by_side(place, monkeypatch):
    folder = write_pipeline("smoke")
    environment = environment_of(folder)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def run(name, log, shares):
        return repro(folder, ["--single-item", name], environment | shares, log)

    assert repro(folder, ["always"], environment) == 0
    stages = stages_to_run(folder)
    assert stages == {"data": set(), "one": {"data"}, "two@a": {"data"}, "two@b": {"data"}}
    run_side_by_side(stages, 2, place / "results" / "logs", run)
    assert read(place, "smoke")["b"] == "smoke\n" and stages_to_run(folder) == {}
    (place / "other.txt").write_text("another")
    assert stages_to_run(folder) == {"two@a": set(), "two@b": set()}
    (place / "params.yaml").write_text((place / "params.yaml").read_text().replace("mini: 1", "mini: 7"))
    assert "data" not in stages_to_run(folder)  # another profile's parameters are no dependency
    (place / "params.yaml").write_text((place / "params.yaml").read_text().replace("smoke: 2", "smoke: 7"))
    assert "data" in stages_to_run(folder)


@pytest.mark.parametrize("arguments", [["--jobs", "0"], ["--jobs", "2", "--", "x"], ["nowhere"]])
def test_arguments_that_mean_nothing(capsys, arguments):
    assert main(arguments) == 2 and capsys.readouterr().err.count("\n") == 1
