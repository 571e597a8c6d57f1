"""Files that are whole or not there: atomic writes, and the room on the disk. Imports nothing heavy."""

import contextlib
import errno
import functools
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sppe_lib.errors import ResourceError

MARK = ".unfinished-"
"""What names of temporaries begin with; DVC ignores them (.dvcignore), and no reader takes one for a result."""

WRITING = {
    errno.ENOSPC: "the disk is full: free some space and run again",
    errno.EDQUOT: "the disk quota is used up: free some space and run again",
    errno.EROFS: "its folder is read-only: choose another, or make it writable",
    errno.EACCES: "its folder may not be written: choose another, or make it writable",
    errno.EPERM: "its folder may not be written: choose another, or make it writable",
    errno.ENAMETOOLONG: "its name is too long: choose a shorter one",
    errno.ENOTDIR: "a file is where its folder should be: move that file away",
    errno.EEXIST: "a file is where its folder should be: move that file away",
    errno.EISDIR: "a folder of that name is there: move it away",
}
"""Why a file cannot be written, and what to do."""


def _started(process: str) -> str:
    """When a process of this machine started, in clock ticks since boot; "" where it does not run."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


@functools.cache  # once a process: a folder may get thousands of files
def _sweep(folder: Path) -> None:
    """Remove what processes of this machine left half written when they were killed; what one had put aside returns."""
    for path in folder.glob(f"{MARK}*"):
        owner = re.fullmatch(rf"{MARK}(.*)@(\d+)\+(\d+)_.*", path.name)
        if not owner or owner[1] != platform.node() or _started(owner[2]) == owner[3]:
            continue
        for old in path.glob("old/*"):
            if not (folder / old.name).exists():
                os.replace(old, folder / old.name)
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def atomic_path(target: str | os.PathLike) -> Iterator[Path]:
    """A temporary sibling of `target` (file or folder) that replaces it only when the block succeeds.

    On an error the temporary is removed and what stood at `target` is untouched; after a kill the next one that writes
    beside it removes it. Where `target` is a link, what it points to is replaced. Raises ResourceError, one sentence,
    where the disk is full or the folder cannot be written.
    """
    target = Path(target)
    holder = None
    try:
        target = target.resolve() if target.is_symlink() else target
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent)
        owner = f"{platform.node()}@{os.getpid()}+{_started('self')}_"
        holder = Path(tempfile.mkdtemp(prefix=MARK + owner, dir=target.parent))
        temporary, old = holder / target.name, holder / "old" / target.name
        yield temporary
        if temporary.is_dir() and target.exists():
            old.parent.mkdir()
            os.replace(target, old)
        try:
            os.replace(temporary, target)
        except OSError:
            if old.exists():
                os.replace(old, target)
            raise
    except OSError as error:
        # What the block reads may fail for reasons of its own; only a full disk is certainly about what it writes.
        where = Path(os.fsdecode(error.filename or "/dev/null"))
        own = error.errno in (errno.ENOSPC, errno.EDQUOT) or target.is_relative_to(where)
        if error.errno in WRITING and (own or where.is_relative_to(target.parent)):
            raise ResourceError(f"{target.name[:80]!r} cannot be written: {WRITING[error.errno]}.") from error
        raise
    finally:
        if holder:
            shutil.rmtree(holder, ignore_errors=True)


def write_text(target: str | os.PathLike, text: str) -> None:
    """Write a text file atomically, as UTF-8."""
    with atomic_path(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


def free_disk(folder: str | os.PathLike) -> int:
    """Free bytes on the disk that holds `folder`, which need not exist yet."""
    folder = Path(folder).absolute()
    return shutil.disk_usage(next(parent for parent in (folder, *folder.parents) if parent.exists())).free


def require_disk(folder: str | os.PathLike, needed_bytes: int) -> None:
    """Raise ResourceError, before any work, if the disk that holds `folder` has too little room."""
    free = free_disk(folder)
    if free < needed_bytes:
        raise ResourceError(
            f"Not enough disk for {Path(folder).name!r}: {needed_bytes / 1e9:.2f} GB needed, {free / 1e9:.2f} GB free; "
            f"free some space."
        )
