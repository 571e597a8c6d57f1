"""Files are whole or not there: on errors, full disks, bad places, after kills; data folders go by their content."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from sppe_lib import files
from sppe_lib.config import load_profile
from sppe_lib.errors import DataError, ResourceError, command_line
from sppe_lib.files import MARK, atomic_path, require_disk, write_text
from sppe_lib.tools import source

REPOSITORY = Path(__file__).parents[1]


def leftovers(folder):
    return [path.name for path in folder.rglob(f"{MARK}*")]


def test_a_file_and_a_folder_are_replaced_whole(tmp_path):
    for content in ("one", "two"):
        write_text(tmp_path / "deep" / "file", content)
        with atomic_path(tmp_path / "deep" / "folder") as temporary:
            temporary.mkdir()
            (temporary / content).write_text(content)
    assert (tmp_path / "deep" / "file").read_text() == "two"
    assert [path.name for path in (tmp_path / "deep" / "folder").iterdir()] == ["two"]
    assert not leftovers(tmp_path)


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), OSError(errno.EIO, "broken")])
def test_what_stood_there_survives_any_error(tmp_path, error):
    write_text(tmp_path / "file", "before")
    with pytest.raises(type(error)), atomic_path(tmp_path / "file") as temporary:
        temporary.write_text("half")
        raise error
    assert (tmp_path / "file").read_text() == "before" and not leftovers(tmp_path)


def test_a_replacement_that_fails_puts_the_old_back(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text("old")
    real, failed = os.replace, []

    def fails_once(source, destination):
        if Path(destination) == tmp_path / "folder" and not failed:
            failed.append(source)
            raise PermissionError("no")
        real(source, destination)

    monkeypatch.setattr(os, "replace", fails_once)
    with pytest.raises(PermissionError), atomic_path(tmp_path / "folder") as temporary:
        temporary.mkdir()
    assert failed and (tmp_path / "folder" / "file").read_text() == "old"


def test_the_disk_that_is_asked_is_that_of_the_nearest_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=10 if folder == tmp_path else 0))
    require_disk(tmp_path / "not" / "there", 10)
    with pytest.raises(ResourceError):
        require_disk(tmp_path / "not" / "there", 11)


def test_a_full_disk_is_a_sentence_and_loses_nothing(tmp_path):
    write_text(tmp_path / "file", "before")
    with pytest.raises(ResourceError, match="'file'.*full"), atomic_path(tmp_path / "file") as temporary:
        temporary.symlink_to("/dev/full")  # whose every write the system itself refuses
        temporary.write_text("after")
    assert (tmp_path / "file").read_text() == "before" and not leftovers(tmp_path)


@pytest.mark.parametrize(
    "place, word", [("x" * 300, "too long"), ("file/below", "file is where"), ("folder", "folder of that name")]
)
def test_places_that_cannot_be_written(tmp_path, place, word):
    write_text(tmp_path / "file", "kept")
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    with pytest.raises(ResourceError, match=word):
        write_text(tmp_path / place, "text")
    assert (tmp_path / "file").read_text() == "kept" and (tmp_path / "folder" / "inside").is_dir()
    assert not leftovers(tmp_path)


def test_a_folder_that_may_not_be_written_is_a_sentence_and_what_a_block_reads_in_vain_another(tmp_path, monkeypatch):
    with pytest.raises(PermissionError), atomic_path(tmp_path / "file"):
        raise PermissionError(errno.EACCES, "no", "/somewhere/else")

    def refuse(**options):
        raise OSError(errno.EROFS, "no", str(options["dir"]))

    monkeypatch.setattr(files.tempfile, "mkdtemp", refuse)
    with pytest.raises(ResourceError, match="'file'"):
        write_text(tmp_path / "file", "text")


@pytest.mark.parametrize("name", ["x" * 250, "a[1]", "a*b?", "ä\u2028ö", "-rf", "%20 #"])
def test_names_are_names(tmp_path, name):
    write_text(tmp_path / name, "text")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    with atomic_path(tmp_path / "link") as temporary:
        temporary.mkdir()
        (temporary / "new").touch()
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real" / "new").exists()


KILLED = """
import os, signal, sys
from sppe_lib.files import atomic_path
with atomic_path(sys.argv[1]) as temporary:
    temporary.mkdir()
    if sys.argv[2] == "between":  # where the old folder is away and the new one is not there yet
        replace = os.replace
        def once(one, other):
            replace(one, other)
            os.kill(os.getpid(), signal.SIGKILL)
        os.replace = once
    else:
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("when", ["inside", "between"])
def test_after_a_kill_nothing_is_lost_and_nothing_is_left(tmp_path, when):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "old").write_text("old")
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "folder"), when], cwd=REPOSITORY)
    assert done.returncode == -signal.SIGKILL and len(leftovers(tmp_path)) == 1
    files._sweep.cache_clear()
    with atomic_path(tmp_path / "other") as mine:  # one that is at work stays
        files._sweep.cache_clear()
        write_text(tmp_path / "another", "text")
        mine.write_text("whole")
    assert (tmp_path / "folder" / "old").read_text() == "old" and not leftovers(tmp_path)
    assert (tmp_path / "other").read_text() == "whole"


@pytest.mark.parametrize(
    "error, word", [(DataError("a sentence"), "a sentence"), (PermissionError(13, "Not now", "x"), "Not now: x")]
)  # fmt: skip
def test_a_command_line_ends_with_a_sentence(capsys, error, word):
    @command_line
    def main(arguments):
        raise error

    assert main([]) == 2 and word in capsys.readouterr().err
    assert command_line(lambda arguments: 3)([]) == 3 and command_line(lambda arguments: None)([]) == 0


@pytest.mark.parametrize("locale", [{"PYTHONIOENCODING": "latin-1"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_any_terminal_is_good_enough(locale):
    code = (
        "import sys; from sppe_lib.config import load_profile; from sppe_lib.errors import *\n"
        "@command_line\ndef main(arguments):\n"
        "    print('\\u2192', load_profile('smoke').name)\n    raise DataError('\\u2192')\n"
        "sys.exit(main([]))"
    )
    environment = {**os.environ, "PYTHONCOERCECLOCALE": "0", **locale}
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, env=environment, capture_output=True)
    assert done.returncode == 2 and b"smoke" in done.stdout and b"Traceback" not in done.stderr


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A folder of data of profile smoke, with a linked sub-folder and a loop, and how to digest it."""
    text = (REPOSITORY / "params.yaml").read_text().replace("source: vector-world", "source: data/a[1]", 1)
    (tmp_path / "params.yaml").write_text(text)
    monkeypatch.setenv("SPPE_HOME", str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "photo.jpg").write_bytes(b"photo")
    (tmp_path / "data" / "a[1]").mkdir(parents=True)
    (tmp_path / "data" / "a[1]" / "mask.png").write_bytes(b"mask")
    (tmp_path / "data" / "a[1]" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "a[1]" / "loop").symlink_to(tmp_path / "data" / "a[1]")

    def digest():
        assert source.main(["smoke"]) == 0
        return json.loads((load_profile("smoke").results / "source.json").read_text())["source"]

    return tmp_path / "data" / "a[1]", digest


def test_a_data_folder_is_known_by_its_contents(data):
    folder, digest = data
    first = digest()
    assert first["files"] == 2 and digest() == first
    for change in (
        lambda: (folder / "linked" / "photo.jpg").write_bytes(b"other"),
        lambda: (folder / "mask.png").rename(folder / "mask2.png"),
        lambda: (folder / "new.png").touch(),
    ):
        change()
        assert digest() != first
        first = digest()
    (folder / "mask2.png").write_bytes(b"MASK")  # of the same size, with the old time
    state = (folder / "mask2.png").stat()
    os.utime(folder / "mask2.png", ns=(state.st_atime_ns, 0))
    assert digest()["sha256"] != first["sha256"]
    folder.rename(folder.parent / "gone")  # which is for the benchmark to tell
    assert digest() == {"name": "data/a[1]"}
