"""Stages side by side: order, number at once, threads, and a stage that fails."""

import os
import threading
import time

import pytest
from dvc.repo import Repo

from sppe_lib.errors import KitError
from sppe_lib.tools.side_by_side import main, run_side_by_side, stages_to_run

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
stages:
  kept: {frozen: true, cmd: "false", outs: [kept.txt]}
  data: {cmd: echo data > data.txt, deps: [word.txt], outs: [data.txt]}
  one: {cmd: cat data.txt > one.txt, deps: [data.txt], outs: [one.txt]}
  two: {cmd: cat data.txt > two.txt, deps: [data.txt, other.txt], outs: [two.txt]}
  report: {cmd: cat one.txt two.txt > report.txt, deps: [one.txt, two.txt], outs: [report.txt]}
"""


def test_dvc_runs_what_has_changed_and_what_waits_for_it(tmp_path, monkeypatch):
    Repo.init(str(tmp_path), no_scm=True).close()
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    for name in ("word.txt", "other.txt", "kept.txt"):
        (tmp_path / name).write_text(name)
    monkeypatch.setattr("sppe_lib.tools.side_by_side.repository", lambda: tmp_path)
    stages = stages_to_run()
    assert stages == {"data": set(), "one": {"data"}, "two": {"data"}, "report": {"one", "two"}}
    run_side_by_side(stages, 2, tmp_path / "logs")
    assert (tmp_path / "report.txt").read_text() == "data\ndata\n"
    assert stages_to_run() == {}
    (tmp_path / "other.txt").write_text("another")
    assert stages_to_run() == {"two": set(), "report": {"two"}}


def test_at_least_one_stage_at_once(capsys):
    assert main(["0"]) == 2 and "at least 1" in capsys.readouterr().err
