"""Every target, in a folder whose name needs quotes and with a stand-in for the interpreter, touches its own paths."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
TARGETS = re.findall(r"^([a-z-]+):.*##", (REPOSITORY / "Makefile").read_text(), re.M)
STAND_IN = (
    '#!/bin/sh\nfor argument; do printf "[%s]" "$argument"; done >> calls\n{ pwd; echo "$SPPE_HOME"; } >> places\n'
)


@pytest.fixture(params=["thesis final/kit", "it's $HOME", "a[1] 100% #2"])
def clone(request, tmp_path):
    folder = tmp_path / request.param
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name in ("python", "uv"):
        (folder / ".venv" / "bin" / name).write_text(STAND_IN)
        (folder / ".venv" / "bin" / name).chmod(0o755)
    for path in (REPOSITORY / "Makefile", REPOSITORY / "pyproject.toml", *REPOSITORY.glob("*.lock")):
        shutil.copy(path, folder)
    for name in (".installed", ".photo"):
        (folder / ".venv" / name).touch()
    for name in ("thesis", "final", "it", "results", "kit"):  # what an unquoted path would be taken for
        (tmp_path / name / "kept").mkdir(parents=True, exist_ok=True)
    (folder / "results" / "mini").mkdir(parents=True)
    (folder / "results" / "test" / "old").mkdir(parents=True)
    return folder


def files(folder):
    return {path.relative_to(folder) for path in folder.rglob("*")}


def test_targets_touch_nothing_but_their_own(clone, tmp_path):
    before = files(tmp_path)
    for target in TARGETS:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("SPPE", "MAKE"))}
        command = ["make", target, "PROFILE=a b", "AGAINST=it's"]
        done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    gone, new = before - files(tmp_path), files(tmp_path) - before
    inside = clone.relative_to(tmp_path)
    assert gone == {inside / "results" / "test", inside / "results" / "test" / "old"}
    assert new <= {inside / "calls", inside / "places"}
    assert set((clone / "places").read_text().splitlines()) == {str(clone)}
    calls = (clone / "calls").read_text()
    assert "[sppe_lib.tools.pipeline][a b][--jobs][1]" in calls and "[--against][it's]" in calls
    assert "[profile=a b]" in calls


@pytest.mark.parametrize("path", ["Makefile", ".ci/run", "README.md"])
def test_no_recipe_has_a_path_that_a_folders_name_could_break(path):
    text = (REPOSITORY / path).read_text()
    assert not re.search(r"^\t.*\$\(CURDIR\)", text, re.M) and not re.search(r"rm -rf? +[/$]", text)
