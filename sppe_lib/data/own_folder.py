"""Folders that a command writes: only its own are ever replaced, and never one that holds what it reads."""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sppe_lib.data.problems import read_json, shown
from sppe_lib.errors import ConfigError, DataError, ResourceError
from sppe_lib.runtime import atomic_path, write_text

MARK = "made_by_sppe.json"
"""The file in a folder that lists what a command of the kit wrote there, with its SHA-256, and so may replace."""

_LITTER = ("._", ".DS_Store", "Thumbs.db", "desktop.ini", ".ipynb_checkpoints", ".nfs", ".unfinished-")


def contents(folder: Path) -> list[str]:
    """Every file below a folder, relative, without what systems and killed runs leave behind; [] where there is none.

    Raises ConfigError where it is no folder or cannot be listed.
    """

    def refuse(error: OSError) -> None:
        raise error

    found = []
    try:
        for here, folders, files in os.walk(folder, onerror=refuse):
            folders[:] = [name for name in folders if not name.startswith(_LITTER)]
            # A linked folder is not looked into: it counts as a file, as an empty one does.
            names = [name for name in folders if os.path.islink(Path(here, name)) or not os.listdir(Path(here, name))]
            names += [name for name in files if not name.startswith(_LITTER)]
            found += [str(Path(here, name).relative_to(folder)) for name in names]
    except FileNotFoundError:
        return []
    except OSError as error:
        why = f"cannot be used as a folder ({error.strerror})"
        raise ConfigError(f"The output {shown(folder.name)!r} {why}: choose another.") from None
    return sorted(found)


def digest(path: Path) -> str:
    """The SHA-256 of a file's content. Raises DataError where it cannot be read."""
    try:
        with open(path, "rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except (OSError, ValueError) as error:
        raise DataError(f"The file {shown(path.name)!r} cannot be read ({type(error).__name__}).") from None


def check_output(folder: Path, inputs: Sequence[Path]) -> Path:
    """The resolved output folder, which must be new, empty, or exactly as `own_folder` left it.

    Raises ConfigError, before any work, for any other folder, and for one that is or holds one of `inputs`.
    """
    try:
        resolved = Path(folder).resolve()
        given = [Path(path).resolve() for path in inputs]
        present = contents(resolved)
    except (OSError, RuntimeError, ValueError) as error:  # names too long, links in a circle
        raise ConfigError(f"The output {shown(folder)[-80:]!r} cannot be used ({type(error).__name__}).") from None
    for path in given:
        if path.is_relative_to(resolved):
            name = shown(Path(folder).name or resolved.name)
            raise ConfigError(f"The output {name!r} is or holds the input {shown(path.name)!r}: choose a new folder.")
    check_files(resolved, [file for file in present if file != MARK])
    return resolved


def _made(folder: Path) -> dict[str, str]:
    """What a folder's mark lists. Raises ConfigError where a file, or a link, of its name is no mark."""
    path = folder / MARK
    if not os.path.lexists(path):
        return {}
    try:
        made = {} if path.is_symlink() else read_json(path, MARK)
    except DataError:
        made = None
    digests = made.values() if isinstance(made, dict) else [""]
    if path.is_symlink() or not all(isinstance(one, str) and re.fullmatch("[0-9a-f]{64}", one) for one in digests):
        where = shown(folder.name or folder.resolve().name)
        raise ConfigError(f"The output {where!r} holds a {MARK} that no command of the kit wrote: choose a new folder.")
    return made


def check_files(folder: Path, names: Iterable[str]) -> None:
    """Raise ConfigError, before any work, where `folder` has a file of these names that its mark does not know so."""
    made = _made(folder)
    for name in names:
        path, known = folder / name, made.get(name)
        own = known is not None and path.is_file() and not path.is_symlink() and digest(path) == known
        if os.path.lexists(path) and not own:
            where = shown(folder.name or folder.resolve().name)
            raise ConfigError(
                f"The output {where!r} holds {shown(name)!r}, which this command did not write like that: choose a new "
                f"folder, or move it away."
            )


def mark_file(path: Path) -> None:
    """Note in its folder's mark that a command of the kit wrote this file, and so may replace it."""
    made = _made(path.parent) | {path.name: digest(path)}
    write_text(path.parent / MARK, json.dumps(made) + "\n")


@contextmanager
def own_folder(folder: Path, inputs: Sequence[Path]) -> Iterator[Path]:
    """A temporary folder that becomes `folder`, with its mark, when the block succeeds; raises as `check_output`."""
    resolved = check_output(folder, inputs)
    try:
        with atomic_path(resolved) as temporary:
            temporary.mkdir()
            yield temporary
            made = {file: digest(temporary / file) for file in contents(temporary)}
            (temporary / MARK).write_text(json.dumps(made) + "\n", encoding="utf-8")
    except OSError as error:
        raise ResourceError(
            f"The output {shown(resolved.name)[:80]!r} cannot be written ({error.strerror}): choose another folder."
        ) from None
