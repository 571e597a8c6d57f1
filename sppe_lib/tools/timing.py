"""How long the stages of a run took, read from the executed notebooks that papermill left."""

import os
from datetime import datetime

import nbformat
import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.errors import DataError
from sppe_lib.evaluation.rendering import NOTHING, Document, Section, number
from sppe_lib.runtime import processor

TITLE = "How long the stages took"

COLUMNS = ["stage", "seconds", "slowest_cell", "slowest_cell_seconds", "started"]


def _last_line(cell) -> str:
    """The last line of a cell, by which a reader recognises it: imports stand above what they are for."""
    lines = [line.strip() for line in cell.source.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def stage_times(profile: Profile) -> pd.DataFrame:
    """One row per executed notebook in `results/<profile>/notebooks/`, in the order they were started.

    Columns: stage (the file's name: notebook and parameters), seconds, slowest_cell (its last line),
    slowest_cell_seconds, started (ISO time). A notebook that has not ended has no seconds (missing); one that
    papermill did not run is left out. Raises DataError where there is none, or one that cannot be read.
    """
    rows = []
    for path in sorted((profile.results / "notebooks").glob("*.ipynb")):
        try:
            notebook = nbformat.read(path, as_version=4)
        except Exception as error:  # nbformat raises many kinds
            raise DataError(f"{path.name} is no readable notebook; delete it and run its stage again.") from error
        record = notebook.metadata.get("papermill", {})
        if not record.get("start_time"):
            continue
        timed = [cell for cell in notebook.cells if cell.metadata.get("papermill", {}).get("duration") is not None]
        slowest = max(timed, key=lambda cell: cell.metadata.papermill.duration, default=None)
        rows.append(
            [
                path.stem, record.get("duration"), _last_line(slowest) if slowest else "",
                slowest.metadata.papermill.duration if slowest else None, record["start_time"],
            ]
        )  # fmt: skip
    if not rows:
        raise DataError(f"No executed notebook of profile {profile.name} in its results: run make repro first.")
    table = pd.DataFrame(rows, columns=COLUMNS).astype({"seconds": float, "slowest_cell_seconds": float})
    return table.sort_values("started", ignore_index=True)


def time_table(profile: Profile, without: str = "") -> Document:
    """`stage_times` as a table of the kit; it names this machine's processor, its cores and when the run started.

    `without`: a stage to leave out, such as the one that asks.
    """
    if not any((profile.results / "notebooks").glob("*.ipynb")):
        nothing = pd.DataFrame(columns=COLUMNS)
        reason = f"No executed notebook of profile `{profile.name}` in its results yet: `make repro` leaves them."
        return Document("table_time", TITLE, [reason], [Section("", nothing)], nothing)
    times = stage_times(profile)
    times = times[times["stage"] != without].reset_index(drop=True)
    cells = pd.DataFrame(
        {
            "stage": times["stage"],
            "seconds": [number(value, 1) for value in times["seconds"]],
            "slowest cell": [f"`{line}`" if line else NOTHING for line in times["slowest_cell"]],
            "its seconds": [number(value, 1) for value in times["slowest_cell_seconds"]],
        }
    )
    total = number(times["seconds"].sum(), 1)
    first, last = (datetime.fromisoformat(times["started"].iloc[place]).date() for place in (0, -1))
    date = str(first) if first == last else f"{first} to {last}"
    note = (
        f"Profile `{profile.name}`, started {date}; {total} seconds in all stages that ended. Numbers depend on the "
        f"machine and on what else it did; this table was written on {processor()}, {os.cpu_count()} cores. A stage "
        f"that DVC skipped keeps the time of the run that made it."
    )
    if profile.recovery.training.seeds > 1:
        note += (
            f" `recovery.training.seeds` is {profile.recovery.training.seeds}: trained methods are trained and recover that often, except "
            f"for trainings that were there already."
        )
    return Document("table_time", TITLE, [note], [Section("", cells)], times)
