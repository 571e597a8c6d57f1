"""What users bring: files below a folder, JSON of any kind, and what is wrong with them as a list."""

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sppe_lib.errors import DataError


@dataclass(frozen=True)
class Problem:
    """Something in a data folder that does not fit: what, which file or entry, what to do."""

    problem: str
    file: str
    remedy: str


def problem_table(problems: Sequence[Problem]) -> pd.DataFrame:
    """All problems: columns problem, file, remedy."""
    return pd.DataFrame([vars(problem) for problem in problems], columns=["problem", "file", "remedy"])


def require_no_problems(problems: Sequence[Problem], where: str) -> None:
    """Raise DataError if there are problems: how many of each kind, and the first three files of each."""
    if not problems:
        return
    kinds: dict[str, list[str]] = {}
    for problem in problems:
        kinds.setdefault(problem.problem, []).append(problem.file)
    shown = "; ".join(
        f"{len(files)} x {kind}: {', '.join(files[:3])}{', ...' if len(files) > 3 else ''}"
        for kind, files in kinds.items()
    )
    raise DataError(f"{len(problems)} problems in {where} ({shown}); first remedy: {problems[0].remedy}.")


def shown(path: str | Path) -> str:
    """A path that any terminal and any file can hold: bytes that are no UTF-8 are escaped."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def read_json(path: Path, name: str) -> object:
    """A JSON file's content, in any Unicode encoding. Raises DataError with `name` and where it breaks."""
    try:
        return json.loads(path.read_bytes())
    except RecursionError:
        reason = "it is nested too deeply"
    except (OSError, ValueError) as error:  # of json, of the encoding, of numbers with thousands of digits
        reason = str(error).partition(";")[0]
    raise DataError(f"{name} is not valid JSON ({reason}); download or unpack it again.")


def files_below(folder: Path) -> Iterator[Path]:
    """Every file at any depth, in order of its path; linked folders are followed, but not round in circles.

    Passed over is what nobody put there: hidden files and folders (`._x.jpg`, `.ipynb_checkpoints`), a Mac's archive
    leftovers, and copies by a file manager (`x (1).jpg` beside `x.jpg`). Raises DataError for a folder that cannot be
    listed.
    """
    yield from _below(Path(folder), frozenset())


def _below(folder: Path, above: frozenset[str]) -> Iterator[Path]:
    real = os.path.realpath(folder)
    if real in above:
        return
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(
            f"The folder {shown(folder.name)!r} cannot be listed ({error.strerror}); correct its rights."
        ) from None
    names = {entry.name for entry in entries}
    for entry in entries:
        original = re.sub(r" \(\d+\)(?=(\.[^.]*)?$)", "", entry.name)
        copied = original != entry.name and original in names
        if entry.name.startswith(".") or entry.name == "__MACOSX" or copied:
            continue
        if entry.is_dir():
            yield from _below(folder / entry.name, above | {real})
        elif entry.is_file():
            yield folder / entry.name
