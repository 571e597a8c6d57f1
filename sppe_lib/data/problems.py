"""What is wrong with data that a user brings: problems that are listed, and JSON that cannot be read at all."""

import json
from collections.abc import Sequence
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


def read_json(path: Path, name: str) -> object:
    """A JSON file's content. Raises DataError with `name` and the line and column where it breaks."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"{name} is not valid JSON ({error}); download or unpack it again.") from None
