"""What the evaluation reads: result files of one profile, checked, and who the methods are."""

import json
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.data.schema import SPLITS, open_split
from sppe_lib.data.store import MADE_OF
from sppe_lib.editability.scores import OVERALL
from sppe_lib.errors import DataError
from sppe_lib.evaluation.evaluate import COLUMNS
from sppe_lib.evaluation.statistics import resampled_correlations, spread
from sppe_lib.published import read_published

TRIVIAL_METHODS = ("copy-surrogate", "paste-source", "local-linear")
"""Baselines this kit adds: outside M the surrogate equals the source, so copying is strong there."""

BASELINE = "SOER"
"""What the paper's method is tested against."""

PROPOSED = "C2E-S2SER"

PROPOSED_ASSESSOR = "ERMA"

BENCHMARK_COLUMNS = (
    "instance_id",
    "pair_id",
    "dataset",
    "split",
    "category",
    "group",
    "modality",
    "tag",
    "instruction_code",
)


def data_name(profile: Profile) -> str:
    """How tables call the data of a profile; the vector world is always said to be simulated, a rebuild to be one."""
    if profile.benchmark.source == "vector-world":
        return "SPPE-mini (simulated)"
    return "SPPE, rebuilt" if is_rebuilt(profile) else "SPPE"


def is_rebuilt(profile: Profile) -> bool:
    """Whether the benchmark was built from pairs that `data.generate` made, not from the authors' release."""
    return (profile.results / "benchmark" / MADE_OF).is_file()


def published_methods() -> list[str]:
    """Recovery methods of the paper's tables, in their order."""
    return list(dict.fromkeys(read_published("table5_table6_recovery_sppe")["method"]))


def published_wins() -> int:
    """On how many of the eight metrics the paper's C2E-S2SER exceeds SOER overall."""
    table = read_published("table5_table6_recovery_sppe")
    values = table[table["group"] == OVERALL].pivot(index="metric", columns="method", values="value")
    return int((values[PROPOSED] > values[BASELINE]).sum())


def ordered_methods(available: list[str]) -> list[str]:
    """Trivial baselines first, then the paper's methods in the paper's order, then any other."""
    known = [*TRIVIAL_METHODS, *published_methods()]
    return known + [name for name in available if name not in known]


def read_metrics(profile: Profile, run: str = "benchmark") -> dict[str, pd.DataFrame]:
    """Every `results/<profile>/metrics/<run>/<method>.csv`, by method, in table order.

    Raises DataError where a file lacks columns or the methods were evaluated on different instances.
    """
    found = {}
    folder = profile.results / "metrics" / run
    for path in sorted(folder.rglob("*.csv")):
        table = pd.read_csv(path, dtype={name: str for name in ("instance_id", "pair_id")})
        missing = [name for name in COLUMNS if name not in table.columns]
        if missing:
            raise DataError(
                f"metrics/{run}/{path.name} lacks the column {missing[0]!r}: run 05_tables again to rewrite it."
            )
        found[str(path.relative_to(folder).with_suffix(""))] = table
    if len({frozenset(table["instance_id"]) for table in found.values()}) > 1:
        raise DataError("The files in metrics/ cover different instances: run 04_recover for every method again.")
    return {name: found[name] for name in ordered_methods(list(found)) if name in found}


def read_repetitions(profile: Profile) -> dict[int, dict[str, pd.DataFrame]]:
    """The benchmark's metrics by seed number and method: 0 is `benchmark` itself, then `benchmark-seed1`, ...

    Only trained methods are repeated. Empty where 05_tables has not measured anything.
    """
    folders = (profile.results / "metrics").glob("benchmark-seed*")
    runs = {0: "benchmark"} | {int(path.name.removeprefix("benchmark-seed")): path.name for path in folders}
    found = {number: read_metrics(profile, runs[number]) for number in sorted(runs)}
    return {number: measured for number, measured in found.items() if measured}


def read_correlations(profile: Profile) -> pd.DataFrame:
    """`editability/correlations.csv` without unavailable methods: metric, method, group (Overall too), value, n.

    Values are oriented so that higher is better. A profile whose editability stage has not run gives an empty table.
    """
    path = profile.results / "editability" / "correlations.csv"
    columns = ["metric", "method", "group", "value", "n"]
    if not path.is_file():
        return pd.DataFrame(columns=columns)
    table = pd.read_csv(path)
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise DataError(f"editability/correlations.csv lacks the column {missing[0]!r}: run 02_editability again.")
    return table.loc[table["n"] > 0, columns].reset_index(drop=True)


def read_assessors(profile: Profile) -> list[dict]:
    """`editability/methods.json`: name, direction, available, reason, trained; empty before that stage has run."""
    path = profile.results / "editability" / "methods.json"
    if not path.is_file():
        return []
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise DataError(f"editability/methods.json is not valid JSON ({error}): run 02_editability again.") from None


def read_scores(profile: Profile) -> pd.DataFrame | None:
    """`editability/scores.csv` (raw values of every method by test instance), or None before that stage."""
    path = profile.results / "editability" / "scores.csv"
    return pd.read_csv(path, dtype={"instance_id": str, "pair_id": str}) if path.is_file() else None


def resampled_assessors(profile: Profile) -> dict[tuple[str, str], np.ndarray]:
    """Bootstrap samples of every assessor's correlations: (metric, method) -> values; empty before that stage."""
    path = profile.results / "editability" / "scores.csv"
    return _resampled(profile, path, path.stat().st_mtime_ns) if path.is_file() else {}


def resampled_spreads(profile: Profile) -> dict[str, np.ndarray]:
    """Bootstrap samples of every assessor's spread of SRCC over groups: method -> values; empty before that stage.

    Pairs are drawn within their group, so every resample has all groups at their sizes.
    """
    path = profile.results / "editability" / "scores.csv"
    return _resampled_spreads(profile, path, path.stat().st_mtime_ns) if path.is_file() else {}


@lru_cache(maxsize=4)
def _resampled_spreads(profile: Profile, path: Path, written: int) -> dict[str, np.ndarray]:
    directions = {entry["name"]: entry["direction"] for entry in read_assessors(profile) if entry["available"]}
    groups = [
        resampled_correlations(rows, directions, profile.evaluation)
        for _, rows in read_scores(profile).groupby("group")
    ]
    found = {}
    for name in directions:
        samples = [samples["srcc", name] for samples in groups if len(samples["srcc", name])]
        found[name] = np.array([spread(values) for values in zip(*samples)])
    return found


@lru_cache(maxsize=4)
def _resampled(profile: Profile, path: Path, written: int) -> dict[tuple[str, str], np.ndarray]:
    # Tables and claims need the same samples; `path` and `written` tell one run's scores from another's.
    directions = {entry["name"]: entry["direction"] for entry in read_assessors(profile) if entry["available"]}
    return resampled_correlations(read_scores(profile), directions, profile.evaluation)


def read_instances(profile: Profile) -> pd.DataFrame:
    """Every instance of every split without its images; columns as in BENCHMARK_COLUMNS."""
    splits = [
        open_split(profile.results / "benchmark", split).select_columns(list(BENCHMARK_COLUMNS)).to_pandas()
        for split in SPLITS
    ]
    return pd.concat(splits, ignore_index=True)
