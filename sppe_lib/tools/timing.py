"""How long the stages of a run took, read from the executed notebooks that papermill left."""

import os
from datetime import datetime

import nbformat
import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.errors import DataError
from sppe_lib.evaluation.rendering import NOTHING, Document, Section, number
from sppe_lib.runtime import processor

COLUMNS = ["stage", "seconds", "slowest_cell", "slowest_cell_seconds", "started"]


def stage_times(profile: Profile) -> pd.DataFrame:
    """One row (COLUMNS) per executed notebook in `results/<profile>/notebooks/`, in the order they were started.

    The stage is the file's name (notebook and parameters), slowest_cell a last line, started an ISO time. A notebook
    that has not ended has no seconds; one that papermill did not run is left out. Raises DataError for one that cannot
    be read.
    """
    rows = []
    for path in sorted((profile.results / "notebooks").glob("*.ipynb")):
        try:
            notebook = nbformat.read(path, as_version=4)
        except Exception as error:  # nbformat raises many kinds
            raise DataError(f"{path.name} is no readable notebook; delete it and run its stage again.") from error
        record = notebook.metadata.get("papermill", {})
        timed = [(cell.metadata.get("papermill", {}).get("duration"), cell.source) for cell in notebook.cells]
        timed = [entry for entry in timed if entry[0] is not None]
        # A reader recognises a cell by its last line: imports stand above what they are for.
        seconds, source = max(timed, key=lambda entry: entry[0], default=(None, ""))
        if record.get("start_time"):
            line = (source.strip().splitlines() or [""])[-1].strip()
            rows.append((path.stem, record.get("duration"), line, seconds, record["start_time"]))
    table = pd.DataFrame(rows, columns=COLUMNS).astype({"seconds": float, "slowest_cell_seconds": float})
    return table.sort_values("started", ignore_index=True)


def time_table(profile: Profile, without: str = "") -> Document:
    """`stage_times` as a table of the kit; it names this machine's processor, its cores and when the run started.

    `without`: a stage to leave out, such as the one that asks.
    """
    times = stage_times(profile)
    times = times[times["stage"] != without].reset_index(drop=True)
    seconds, slowest = ([number(value, 1) for value in times[name]] for name in ("seconds", "slowest_cell_seconds"))
    lines = [f"`{line}`" if line else NOTHING for line in times["slowest_cell"]]
    shown = {"stage": times["stage"], "seconds": seconds, "slowest cell": lines, "its seconds": slowest}
    note = f"No executed notebook of profile `{profile.name}` in its results yet: `make repro` leaves them."
    if len(times):
        first, last = (datetime.fromisoformat(times["started"].iloc[place]).date() for place in (0, -1))
        date = str(first) if first == last else f"{first} to {last}"
        note = (
            f"Profile `{profile.name}`, started {date}; {number(times['seconds'].sum(), 1)} seconds in all stages that "
            f"ended. Numbers depend on the machine and on what else it did; this table was written on {processor()}, "
            f"{os.cpu_count()} cores. A stage that DVC skipped keeps the time of the run that made it."
        )
    if (seeds := profile.recovery.training.seeds) > 1:
        note += (
            f" `recovery.training.seeds` is {seeds}: trained methods are trained and recover that often, except for "
            f"trainings that were there already."
        )
    return Document("table_time", "How long the stages took", [note], [Section("", pd.DataFrame(shown))], times)
