"""The whole pipeline of profile smoke: without a network, killed at any moment, on a full and on a read-only disk.

These take most of an hour: `make test-all`.
"""

import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest
from released_tree import TREES, write_photographs
from safetensors.torch import load_file

from sppe_lib.files import MARK

pytestmark = pytest.mark.long
REPOSITORY = Path(__file__).parents[1]
KILLS = 20
LOOPBACK = """
import fcntl, os, socket, struct, sys
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh", b"lo", 0x41))  # a kernel speaks to its notebook over it
os.execv(sys.argv[1], sys.argv[1:])
"""
UNEQUAL = r"/(notebooks|logs|pipeline|checkpoints|latents)/|table_time\.|source_files"
SECONDS = 3600
"""After which a run that does not end is an error."""

NAMESPACES = shutil.which("unshare") and not subprocess.run(["unshare", "-rmn", "true"], capture_output=True).returncode


def fresh_clone(folder: Path) -> Path:
    """The tracked files as they are now, in a git repository of their own."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    for path in (Path(name) for name in listed.stdout.split("\0") if (REPOSITORY / name).is_file()):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / path, folder / path)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "a clone"]):
        subprocess.run([*git, *command], cwd=folder, check=True)
    return folder


def environment(folder: Path) -> dict[str, str]:
    """As a shell that has activated the environment, with a DVC state of the clone's own and no date in a PDF."""
    kept = {name: value for name, value in os.environ.items() if name not in ("SPPE_HOME", "PYTHONPATH")}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "SOURCE_DATE_EPOCH": "0",
        "DVC_SITE_CACHE_DIR": f"{folder}-site", "DVC_NO_ANALYTICS": "1", "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "",
    }  # fmt: skip


def start(folder: Path, log: Path, *arguments: str, within: tuple[str, ...] = ()) -> subprocess.Popen:
    command = [*within, sys.executable, "-m", "sppe_lib.tools.pipeline", "smoke", *arguments]
    with log.open("a", encoding="utf-8") as file:
        options = {"stdout": file, "stderr": file, "start_new_session": True}
        return subprocess.Popen(command, cwd=folder, env=environment(folder), **options)


def artefacts(folder: Path) -> dict[str, object]:
    """Everything a run leaves, by name: bytes, but for what holds times of the machine or the order of a set.

    Left out are executed notebooks, logs, what DVC records, states of trainings and caches, and table_time; of a
    training's manifest and log their seconds; of its weights what peft writes beside the numbers.
    """
    found: dict[str, object] = {}
    for top in ("results/smoke", "figures/smoke"):
        for path in sorted((folder / top).rglob("*")):
            name = path.relative_to(folder).as_posix()
            if not path.is_file() or re.search(UNEQUAL, name):
                continue
            found[name] = path.read_bytes()
            if path.name == "manifest.json":
                content = json.loads(path.read_text())
                found[name] = {key: value for key, value in content.items() if "seconds" not in key}
            elif path.name == "log.csv":
                found[name] = pd.read_csv(path).drop(columns="seconds", errors="ignore").to_csv()
            elif path.suffix == ".safetensors":
                found[name] = {key: value.numpy().tobytes() for key, value in load_file(path).items()}
    return found


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """A clone after a whole run; where the machine permits, in a network namespace that has no route."""
    folder = fresh_clone(tmp_path_factory.mktemp("runs") / "thesis final" / "kit")
    without_network = ("unshare", "-rn", sys.executable, "-c", LOOPBACK) if NAMESPACES else ()
    run = start(folder, folder.parent / "log", within=without_network)
    assert run.wait(SECONDS) == 0, (folder.parent / "log").read_text()[-3000:]
    return folder


def test_a_run_needs_no_network_and_leaves_the_clone_clean(uninterrupted):
    shown = subprocess.run(["git", "status", "--porcelain"], cwd=uninterrupted, capture_output=True, text=True)
    assert shown.stdout == ""
    assert {"figures/smoke/claims.json", "figures/smoke/ledger/table_ledger.md"} <= set(artefacts(uninterrupted))
    again = uninterrupted.parent / "again"
    assert start(uninterrupted, again).wait(SECONDS) == 0
    assert re.findall("Running stage '(.*)'", again.read_text()) == ["source"]  # which always does; nothing has changed
    if not NAMESPACES:
        pytest.skip("this machine does not permit network namespaces")


def kill(run: subprocess.Popen) -> None:
    """SIGKILL to the process group and to what left it, such as the notebook's kernel."""
    try:
        family = psutil.Process(run.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    os.killpg(run.pid, signal.SIGKILL)
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(family, timeout=30)
    run.wait(60)


def moment(folder: Path, run: subprocess.Popen, kind: str, seconds: float) -> bool:
    """Wait for a moment to kill at: after so many seconds, then while a file is written or between two stages.

    Returns whether the run still goes on.
    """
    record = folder / "results" / "smoke" / "pipeline" / "dvc.lock"
    end = time.monotonic() + seconds
    while run.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    before, last = record.stat().st_mtime_ns if record.exists() else 0, time.monotonic() + 120
    while run.poll() is None and time.monotonic() < last:
        if kind == "any":
            break
        if kind == "writing" and next((folder / "results" / "smoke").rglob(f"{MARK}*"), None):
            break
        if kind == "between" and record.exists() and record.stat().st_mtime_ns != before:
            break
        time.sleep(0.001)
    return run.poll() is None


def test_a_run_killed_twenty_times_ends_as_one_that_was_not(uninterrupted, tmp_path):
    folder, choose, killed = fresh_clone(tmp_path / "kit"), random.Random(0), []
    log = tmp_path / "log"
    while len(killed) < KILLS:
        run = start(folder, log, *choose.choice([(), ("--jobs", "2")]))
        kind = choose.choice(["any", "writing", "between"])
        if not moment(folder, run, kind, choose.uniform(0, 30)):
            assert run.returncode == 0, log.read_text()[-3000:]
            lost = choose.choice(["metrics", "editability", "recovered", "unseen"])
            shutil.rmtree(folder / "results" / "smoke" / lost)
            continue  # all was there already: something was taken away, and killing goes on
        kill(run)
        killed.append(kind)
    assert {"any", "writing", "between"} == set(killed)
    assert start(folder, log).wait(SECONDS) == 0, log.read_text()[-3000:]
    expected, found = artefacts(uninterrupted), artefacts(folder)
    assert list(found) == list(expected) and [name for name in expected if found[name] != expected[name]] == []
    assert not list(folder.rglob(f"{MARK}*"))
    shown = subprocess.run(["git", "status", "--porcelain"], cwd=folder, capture_output=True, text=True)
    assert shown.stdout == ""


SMOKE_WITHOUT = {"source: vector-world": "source: data/SPPE", "unseen_source: vector-world": 'unseen_source: ""'}
COUNTS = {"train_pairs": 24, "val_pairs": 8, "test_pairs": 8, "sweep_sources": 2, "unseen_pairs": 4}
SMOKE_WITHOUT |= {f"{name}: {count}": f"{name}: 0" for name, count in COUNTS.items()}


@pytest.mark.parametrize("kind", TREES)
def test_a_released_tree_without_any_optional_part_goes_through_the_whole_pipeline(kind, tmp_path):
    folder = fresh_clone(tmp_path / "kit")
    folders, masks = TREES[kind]
    write_photographs(folder / "data" / "SPPE", folders, {"train": 12, "val": 4, "test": 4}, masks)
    text = (folder / "params.yaml").read_text(encoding="utf-8")
    for old, new in SMOKE_WITHOUT.items():  # smoke is the first profile
        assert old in text
        text = text.replace(old, new, 1)
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    log = tmp_path / "log"
    assert start(folder, log).wait(SECONDS) == 0, log.read_text()[-3000:]
    claims = json.loads((folder / "figures" / "smoke" / "claims.json").read_text(encoding="utf-8"))
    held = [entry["holds"] for entry in claims if "unseen" in entry["claim"] or "fresh pairs" in entry["claim"]]
    assert set(held) == {None}
    assert (folder / "figures" / "smoke" / "ledger" / "table_ledger.md").is_file()
    assert "not built" in (folder / "results" / "smoke" / "sweep" / "README.md").read_text(encoding="utf-8")


FILL = "cd results; mkdir -p smoke/benchmark; echo kept > smoke/benchmark/README.md; echo {} > smoke/source.json; cd .."
DISKS = {
    "full": f"mkdir results; mount -t tmpfs -o size=300k none results; {FILL}",
    "read-only": f"mkdir results; {FILL}; mount --bind results results; mount -o remount,bind,ro results",
}


@pytest.mark.skipif(not NAMESPACES, reason="this machine permits no namespaces")
@pytest.mark.parametrize("kind, word", [("full", "(?i)disk|space"), ("read-only", "(?i)read-only")])
def test_a_disk_that_takes_nothing_is_a_sentence_and_loses_nothing(tmp_path, kind, word):
    folder = fresh_clone(tmp_path / "kit")
    run = '"$0" -m sppe_lib.tools.notebooks 01_benchmark profile=smoke; status=$?'
    script = f"set -e; {DISKS[kind]}; set +e; {run}; cat results/smoke/benchmark/README.md; exit $status"
    command = ["unshare", "-rm", "sh", "-c", script, sys.executable]
    done = subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True)
    assert done.returncode == 2 and re.search(word, done.stderr.strip().splitlines()[-1]), done.stderr[-2000:]
    assert "Traceback" not in done.stderr and done.stdout.endswith("kept\n")
