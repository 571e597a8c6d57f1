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
from sppe_lib.evaluation.evidence import PAPER
from sppe_lib.evaluation.rendering import NOTHING
from sppe_lib.evaluation.verdicts import describe_evidence, verdict_in_words
from sppe_lib.runtime import write_text

BEGIN, END = "<!-- verdicts: python -m sppe_lib.evaluation.readme -->", "<!-- end of verdicts -->"

PROFILE = "mini"


def verdict_block(claims: list[dict]) -> str:
    """The verdicts as a Markdown table: claim and its number, the paper's evidence, verdict here, and what decides it."""
    cells = pd.DataFrame(
        {
            "": [entry["number"] or NOTHING for entry in claims],
            "claim": [
                entry["claim"] + ("" if entry["origin"] == PAPER else " *(this kit's goal)*") for entry in claims
            ],
            "paper": [entry["published"] or NOTHING for entry in claims],
            f"profile `{PROFILE}`": [verdict_in_words(entry) for entry in claims],
            "decided by": [describe_evidence(entry) for entry in claims],
        }
    )
    return tabulate(cells.values.tolist(), list(cells.columns), "pipe", disable_numparse=True)


def with_verdicts(readme: str, claims: list[dict]) -> str:
    """The README's text with the block between the two marks replaced. Raises DataError where a mark is missing."""
    if BEGIN not in readme or END not in readme:
        raise DataError(
            f"README.md lacks the marks of the table of verdicts: put {BEGIN!r} and {END!r} where it belongs."
        )
    before, rest = readme.split(BEGIN, 1)
    return f"{before}{BEGIN}\n\n{verdict_block(claims)}\n\n{END}{rest.split(END, 1)[1]}"


def update() -> Path:
    """Write the verdicts of figures/mini/claims.json into README.md; returns its path."""
    path = repository() / "README.md"
    claims = json.loads((repository() / "figures" / PROFILE / "claims.json").read_text(encoding="utf-8"))
    write_text(path, with_verdicts(path.read_text(encoding="utf-8"), claims))
    return path


if __name__ == "__main__":
    update()
