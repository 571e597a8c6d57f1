"""The README's table of verdicts and line of gates, written from the committed claims.json and gates.json of `mini`.

    python -m sppe_lib.evaluation.readme

A test compares the two, so that no number there is typed by hand.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from sppe_lib.config import repository
from sppe_lib.errors import DataError
from sppe_lib.evaluation.claims import gate_in_words, verdict_cells
from sppe_lib.runtime import write_text

BEGIN, END = "<!-- verdicts: python -m sppe_lib.evaluation.readme -->", "<!-- end of verdicts -->"

PROFILE = "mini"


def gates_in_words(gates: Sequence[dict]) -> str:
    """The gates in a sentence, those that do not hold in bold; "" for none."""
    shown = [f"{gate['gate']} {gate_in_words(gate)}" for gate in gates]
    words = [one if gate["holds"] else f"**{one}, not held**" for one, gate in zip(shown, gates)]
    link = f"[Gates](figures/{PROFILE}/tables/table_gates.md)"
    return f"\n\n{link} (PSNR inside M in dB, where nothing else is said): {'; '.join(words)}." if words else ""


def with_verdicts(readme: str, claims: list[dict], gates: Sequence[dict] = ()) -> str:
    """The README with gates and numbered claims between the marks. Raises DataError where a mark is missing."""
    if BEGIN not in readme or END not in readme:
        raise DataError(f"README.md lacks the marks of its table of verdicts: put {BEGIN!r} and {END!r} there.")
    claims = [entry for entry in claims if entry["number"] not in (None, "text")]
    cells = verdict_cells(claims, f"profile `{PROFILE}`").drop(columns="measured")
    block = tabulate(cells.values.tolist(), list(cells.columns), "pipe", disable_numparse=True)
    before, rest = readme.split(BEGIN, 1)
    return f"{before}{BEGIN}\n{block}{gates_in_words(gates)}\n{END}{rest.split(END, 1)[1]}"


def committed() -> list[list[dict]]:
    """figures/mini/claims.json and gates.json; an empty list for a file that is not there."""
    files = [repository() / "figures" / PROFILE / f"{name}.json" for name in ("claims", "gates")]
    return [json.loads(file.read_text(encoding="utf-8")) if file.is_file() else [] for file in files]


def update() -> Path:
    """Write what `committed` gives into README.md; returns its path."""
    path = repository() / "README.md"
    write_text(path, with_verdicts(path.read_text(encoding="utf-8"), *committed()))
    return path


if __name__ == "__main__":
    update()
