"""What users bring: files below a folder, JSON of any kind, and what is wrong with them as a list."""

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from sppe_lib.errors import DataError

if TYPE_CHECKING:  # imported where there is a report: what reads one file needs no tables
    import pandas as pd


@dataclass(frozen=True)
class Problem:
    """Something in a data folder that does not fit: what, which file or entry, what to do."""

    problem: str
    file: str
    remedy: str

    @classmethod
    def of(cls, error: DataError, file: str) -> "Problem":
        """What an error says of a file: what is wrong, and behind its last semicolon the remedy."""
        what, _, remedy = str(error).rstrip(".").rpartition("; ")
        return cls(what, shown(file), remedy)


@dataclass
class Found:
    """What a reader found in the data called `name`; `problems` lists everything that was left out."""

    name: str
    problems: list[Problem] = field(default_factory=list, kw_only=True)

    def add_problem(self, problem: str, file: object, remedy: str) -> None:
        """Note something that was left out; `file` is relative to the data's folder."""
        self.problems.append(Problem(problem, shown(str(file)), remedy))

    def noting(self, instances: Iterable) -> Iterator:
        """The instances that were read; the `problem` of each that could not be joins the list."""
        for instance in instances:
            if instance.problem is not None:
                self.problems.append(instance.problem)
            yield instance

    def report(self) -> "pd.DataFrame":
        """All problems: columns problem, file, remedy."""
        import pandas as pd

        return pd.DataFrame([vars(problem) for problem in self.problems], columns=["problem", "file", "remedy"])

    def require_none(self) -> None:
        """Raise DataError if there are problems: how many of each kind, and the first three files of each."""
        kinds = defaultdict(list)
        for problem in self.problems:
            kinds[problem.problem].append(problem.file)
        if kinds:
            files = {kind: ", ".join(files[:3] + ["..."] * (len(files) > 3)) for kind, files in kinds.items()}
            listed = "; ".join(f"{len(kinds[kind])} x {kind}: {some}" for kind, some in files.items())
            number, remedy = len(self.problems), self.problems[0].remedy
            raise DataError(f"{number} problems in {self.name} ({listed}); first remedy: {remedy}.")


def shown(path: str | Path) -> str:
    """A path that any terminal and any file can hold: bytes that are no UTF-8 are escaped."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def first_fault(error: ValueError | RecursionError) -> str:
    """Why a text is no JSON, or the first thing in it that does not fit a pydantic model, as `field: why`."""
    if not isinstance(error, ValidationError):
        return "it is nested too deeply" if isinstance(error, RecursionError) else str(error).partition(";")[0][:100]
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(map(str, fault["loc"])).encode("unicode_escape").decode()[:60]
    return f"{where}: {fault['msg']}".lstrip(": ")


def read_json(path: Path, name: str) -> object:
    """A JSON file's content, in any Unicode encoding. Raises DataError with `name` and where it breaks."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:  # of json, the encoding, numbers with thousands of digits
        raise DataError(f"{name} is not valid JSON ({first_fault(error)}); download or unpack it again.") from None


def files_below(folder: Path, above: frozenset[str] = frozenset()) -> Iterator[Path]:
    """Every file at any depth, in order of its path; linked folders are followed, but not round in circles (`above`).

    Passed over is what nobody put there: hidden files and folders, a Mac's archive leftovers, and copies by a file
    manager (`x (1).jpg` beside `x.jpg`). Raises DataError for a folder that cannot be listed.
    """
    real = os.path.realpath(folder)
    if real in above:
        return
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        name = shown(folder.name)
        raise DataError(f"The folder {name!r} cannot be listed ({error.strerror}); correct its rights.") from None
    names = {entry.name for entry in entries}
    for entry in entries:
        original = re.sub(r" \(\d+\)(?=(\.[^.]*)?$)", "", entry.name)
        copied = original != entry.name and original in names
        if entry.name.startswith(".") or entry.name == "__MACOSX" or copied:
            continue
        if entry.is_dir():
            yield from files_below(folder / entry.name, above | {real})
        elif entry.is_file():
            yield folder / entry.name
