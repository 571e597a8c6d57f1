"""How far a rerun is from the committed run: verdicts first, then every number of the tables.

    python -m sppe_lib.reproduced                    # after `make repro`; or `make reproduced`
    python -m sppe_lib.reproduced --output FILE.md

It compares `figures/<profile>/` as it is now with what git has of it. A difference is measured by the number's own interval:
half of its width is 100 %, so a few per cent are far below what other instances would have changed.
"""

import argparse
import io
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype

from sppe_lib.config import Profile, load_profile, repository
from sppe_lib.errors import DataError, command_line
from sppe_lib.evaluation.rendering import NOTHING, Document, Section, markdown, number
from sppe_lib.runtime import processor, write_text

ELSEWHERE = {
    "table_time": "times, which belong to a machine",
    "table_ledger": "sentences",
    "table_verdicts": "`claims.json`, compared above",
    "table_search": "made by `make search`",
    "table_recovery_seeds": "depends on `recovery.seeds`, which a default run has fewer of",
}
"""Tables that are not compared number by number, and why."""

INTERVALS = {
    "value": ("low", "high"), "srcc": ("srcc_low", "srcc_high"), "plcc": ("plcc_low", "plcc_high"),
    "difference": ("difference_low", "difference_high"),
}  # fmt: skip
"""Column of estimates -> the columns of its interval."""


@dataclass(frozen=True)
class Difference:
    """What a table's estimates became: how many there are, how many moved, and the one that moved most.

    `share`: its movement in halves of its interval's width; missing where no estimate that has an interval moved.
    `place`: the row's words; `before` and `after`: the number in the two runs.
    """

    table: str
    numbers: int
    moved: int
    share: float | None = None
    place: str = ""
    before: float | None = None
    after: float | None = None


def _git(*arguments: str) -> str | None:
    found = subprocess.run(["git", *arguments], cwd=repository(), capture_output=True, text=True)
    return None if found.returncode else found.stdout


def committed(name: str, revision: str) -> str:
    """The text of a file of the repository at a git revision. Raises DataError where git has none."""
    text = _git("show", f"{revision}:{name}")
    if text is None:
        raise DataError(f"git has no {name} at {revision}: name a revision that has that run with --against.")
    return text


def compare_tables(name: str, before: pd.DataFrame, after: pd.DataFrame) -> Difference:
    """Compare the estimates of one table in two runs, row by row. Raises DataError where rows or columns differ."""
    estimates = [column for column in INTERVALS if column in before]
    words = [column for column in before if not is_numeric_dtype(before[column]) and not column.startswith("published")]
    if list(before) != list(after) or len(before) != len(after) or not before[words].equals(after[words]):
        raise DataError(f"{name} has other rows or columns than the committed one: run the same commit and profile to compare.")
    numbers, moved, most = 0, 0, Difference(name, 0, 0)
    for column in estimates:
        change = (after[column] - before[column]).abs()
        one_missing = before[column].isna() != after[column].isna()
        numbers += int(before[column].notna().sum())
        moved += int((change > 0).sum() + one_missing.sum())
        if not {*INTERVALS[column]} <= {*before}:
            continue
        low, high = (before[end] for end in INTERVALS[column])
        share = (change / ((high - low) / 2)).where((change > 0) & (high > low))
        if share.notna().any() and share.max() > (most.share or 0):
            row = share.idxmax()
            place = ", ".join(str(entry) for entry in before.loc[row, words].dropna()) + f": {column}"
            most = Difference(name, 0, 0, float(share[row]), place, before.loc[row, column], after.loc[row, column])
    return Difference(name, numbers, moved, most.share, most.place, most.before, most.after)


def compare(profile: Profile, revision: str = "HEAD") -> Document:
    """Verdicts and tables of `figures/<profile>/` beside those at a git revision.

    Its data have a row for every table (the columns of `Difference`). Raises DataError where a file is missing in either.
    """
    claims = profile.figures / "claims.json"
    tables = sorted(path for path in profile.figures.rglob("table*.csv") if path.stem not in ELSEWHERE)
    if not claims.is_file() or not tables:
        raise DataError(f"figures/{profile.name} has no claims.json or no tables: run make repro first.")

    def before(path: Path) -> str:
        return committed(f"figures/{profile.name}/{path.relative_to(profile.figures).as_posix()}", revision)

    old, new = json.loads(before(claims)), json.loads(claims.read_text(encoding="utf-8"))
    if [entry["claim"] for entry in old] != [entry["claim"] for entry in new]:
        raise DataError(f"claims.json has other claims than at {revision}: run the same commit and profile to compare.")
    verdicts = pd.DataFrame(
        [[entry["claim"], _verdict(entry), _verdict(now)] for entry, now in zip(old, new)], columns=["claim", "committed", "this run"]
    )
    same = int((verdicts["committed"] == verdicts["this run"]).sum())
    found = [compare_tables(path.stem, pd.read_csv(io.StringIO(before(path))), pd.read_csv(path)) for path in tables]
    found = [one for one in found if one.numbers]
    cells = pd.DataFrame(
        {
            "table": [one.table for one in found],
            "numbers": [str(one.numbers) for one in found],
            "moved": [str(one.moved) for one in found],
            "moved most": [one.place or NOTHING for one in found],
            "committed": [number(one.before, 4) for one in found],
            "this run": [number(one.after, 4) for one in found],
            "of half its interval": [NOTHING if one.share is None else f"{one.share:.1%}" for one in found],
        }
    )
    notes = [
        f"Profile `{profile.name}`, {processor()}, {os.cpu_count()} cores. {same} of {len(verdicts)} verdicts are those "
        f"committed in {_git('rev-parse', '--short', revision).strip()}, and of {sum(one.numbers for one in found)} numbers {sum(one.moved for one in found)} moved.",
        "Not compared number by number: " + "; ".join(f"`{name}` ({why})" for name, why in ELSEWHERE.items()) + ".",
    ]
    sections = [Section("Verdicts", verdicts), Section("Tables", cells)]
    return Document("table_reproduced", "This run beside the committed one", notes, sections, pd.DataFrame(found))


def _verdict(claim: dict) -> str:
    return {True: "holds", False: "does not hold", None: "not measured"}[claim["holds"]]


@command_line
def main(arguments: list[str] | None = None) -> None:
    """Command line: print the comparison as Markdown, or write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", help="a name in params.yaml (default: the one chosen there)")
    parser.add_argument("--against", default="HEAD", help="git revision with the figures to compare with")
    parser.add_argument("--output", type=Path, help="Markdown file to write")
    chosen = parser.parse_args(arguments)
    text = markdown(compare(load_profile(chosen.profile), chosen.against))
    if chosen.output:
        write_text(chosen.output, text)
    print(text, end="")


if __name__ == "__main__":
    raise SystemExit(main())
