"""The README's table of verdicts, written from the committed claims.json of the default profile.

    python -m sppe_lib.evaluation.readme

`make repro` writes figures/<profile>/claims.json; this copies its verdicts into the README, so that no
number there is typed by hand (a test compares the two).
"""

import json
from pathlib import Path

import pandas as pd
from tabulate import tabulate

from sppe_lib.config import repository
from sppe_lib.errors import DataError
from sppe_lib.evaluation.verdicts import verdict_cells
from sppe_lib.runtime import write_text

BEGIN, END = "<!-- verdicts: python -m sppe_lib.evaluation.readme -->", "<!-- end of verdicts -->"

PROFILE = "mini"


def with_verdicts(readme: str, claims: list[dict]) -> str:
    """The README's text with the block between the two marks replaced. Raises DataError where a mark is missing.

    The numbered claims and the kit's goals stand there; further statements of the paper only in table_verdicts.
    """
    if BEGIN not in readme or END not in readme:
        raise DataError(
            f"README.md lacks the marks of the table of verdicts: put {BEGIN!r} and {END!r} where it belongs."
        )
    claims = [entry for entry in claims if entry["number"] != "text"]
    cells = pd.DataFrame(verdict_cells(claims, "*(this kit's goal)*")).rename(columns={"here": f"profile `{PROFILE}`"})
    block = tabulate(cells.values.tolist(), list(cells.columns), "pipe", disable_numparse=True)
    before, rest = readme.split(BEGIN, 1)
    return f"{before}{BEGIN}\n\n{block}\n\n{END}{rest.split(END, 1)[1]}"


def update() -> Path:
    """Write the verdicts of figures/mini/claims.json into README.md; returns its path."""
    path = repository() / "README.md"
    claims = json.loads((repository() / "figures" / PROFILE / "claims.json").read_text(encoding="utf-8"))
    write_text(path, with_verdicts(path.read_text(encoding="utf-8"), claims))
    return path


if __name__ == "__main__":
    update()
