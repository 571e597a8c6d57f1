"""Reading what was measured on the sweep set, with its source in place of the pair.

All surrogates of a source share I and I', so they are not independent: whatever is resampled or tested on this
set is the source. Tables here therefore carry the source's id as `pair_id`, which is what statistics.py resamples.
"""

import numpy as np
import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.data.sweep import sweep_columns
from sppe_lib.editability.sweep import FOLDER, SWEEP
from sppe_lib.errors import DataError
from sppe_lib.evaluation.leakage import COLUMNS as LEAKAGE_COLUMNS
from sppe_lib.evaluation.results import read_metrics


def by_source(table: pd.DataFrame) -> pd.DataFrame:
    """A table of the sweep set with the columns strength and candidate, and pair_id naming the source."""
    columns = sweep_columns(table["pair_id"])
    return table.assign(pair_id=columns["source"], strength=columns["strength"], candidate=columns["candidate"])


def first_candidates(table: pd.DataFrame) -> pd.DataFrame:
    """One surrogate a source and strength, so that every strength has the same weight: candidate 0."""
    return table[table["candidate"] == 0]


def benchmark_candidates(profile: Profile, table: pd.DataFrame) -> pd.DataFrame:
    """The candidates at the benchmark's protection strength."""
    return table[np.isclose(table["strength"], profile.benchmark.strength)]


def sweep_metrics(profile: Profile) -> dict[str, pd.DataFrame]:
    """The metrics file of every method recovered on the sweep set, by source; empty before that."""
    return {method: by_source(table) for method, table in read_metrics(profile, SWEEP).items()}


def _read(profile: Profile, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
    path = profile.results / FOLDER / name
    if not path.is_file():
        return pd.DataFrame(columns=[*columns, "strength", "candidate"])
    table = pd.read_csv(path, dtype={"instance_id": str, "pair_id": str})
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise DataError(f"{FOLDER}/{name} lacks the column {missing[0]!r}: run 07_sweep again to rewrite it.")
    return by_source(table)


def sweep_scores(profile: Profile) -> pd.DataFrame:
    """`sweep_scores/scores.csv` by source: label and the raw score of each method; no rows before 07_sweep."""
    return _read(profile, "scores.csv", ("instance_id", "pair_id", "label"))


def sweep_leakage(profile: Profile) -> pd.DataFrame:
    """`sweep_scores/leakage.csv` by source, see leakage.py; no rows before 07_sweep."""
    return _read(profile, "leakage.csv", LEAKAGE_COLUMNS)
