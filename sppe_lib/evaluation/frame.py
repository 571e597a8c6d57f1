"""One long table of all that was measured, and who the methods are.

The frame has one row a number, with FRAME_COLUMNS. `run` is one of `schema.EVALUATED`; `region` "all", "inside" or
"outside" M, or "kept": all, with S' kept outside M. All surrogates of a source of the sweep set share I and I', so
there `pair`, which statistics.py resamples, is the source.
"""

import json
from collections.abc import Callable, Sequence
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sppe_lib import recovery
from sppe_lib.config import Profile
from sppe_lib.data.schema import SPLITS, open_split
from sppe_lib.data.store import MADE_OF
from sppe_lib.data.sweep import sweep_columns
from sppe_lib.editability.scores import OVERALL, oriented
from sppe_lib.editability.stage import FOLDER, SWEEP
from sppe_lib.errors import DataError
from sppe_lib.evaluation.measure import COLUMNS, IDENTITY_COLUMNS, measured_files
from sppe_lib.evaluation.metrics import METRIC_NAMES, column
from sppe_lib.evaluation.statistics import resampled_correlations, spread
from sppe_lib.published import read_published

TRIVIAL_METHODS = ("copy-surrogate", "paste-source", "local-linear")
"""Baselines this kit adds: outside M the surrogate equals the source, so copying is strong there."""

FLOORS = ("frozen", *TRIVIAL_METHODS)
"""What learning has to beat: the backbone without any LoRA, and what learns nothing."""

CEILINGS = ("oracle-words", "oracle-realisation")
"""What the simulated editor makes of I itself under another seed, and I' itself; both through the autoencoder."""

BOUNDS = (*FLOORS, *CEILINGS)  # rows that methods are read against: never the best, and no baseline of a claim
PROPOSED, BASELINE, PROPOSED_ASSESSOR = "C2E-S2SER", "SOER", "ERMA"
"""The paper's method, what it is tested against, and the paper's assessor."""

BENCHMARK_COLUMNS = [*IDENTITY_COLUMNS, "dataset", "split", "instruction_code"]
SCORE_COLUMNS = ["instance_id", "pair_id", "group", "label"]
IDENTITY = ["instance", "pair", "group", "tag", "strength", "candidate"]
FRAME_COLUMNS = ["run", "seed", "method", *IDENTITY, "region", "metric", "value"]

LEAKAGE = {"psnr": "psnr_inside", "ssim": "ssim_inside", "clip_sim": "clip_sim_inside", "reidentified": "reidentified"}
"""What `leakage.py` measures on the sweep set's surrogates: metric of the frame -> column of its file."""


def is_simulated(profile: Profile) -> bool:
    """Whether the benchmark was drawn in the vector world."""
    return profile.benchmark.source == "vector-world"


def is_rebuilt(profile: Profile) -> bool:
    """Whether the benchmark was built from pairs that `data.generate` made, not from the authors' release."""
    return (profile.results / "benchmark" / MADE_OF).is_file()


def data_name(profile: Profile) -> str:
    """How tables call the data of a profile; the vector world is always said to be simulated, a rebuild to be one."""
    if is_simulated(profile):
        return "SPPE-mini (simulated)"
    return "SPPE, rebuilt" if is_rebuilt(profile) else "SPPE"


def published_methods() -> list[str]:
    """Recovery methods of the paper's tables, in their order."""
    return list(read_published("table5_table6_recovery_sppe")["method"].unique())


def ordered_methods(available: list[str]) -> list[str]:
    """The paper's methods in its order, then others; available floors before them, available ceilings after them."""
    floors, ceilings = ([name for name in names if name in available] for names in (FLOORS, CEILINGS))
    others = [name for name in available if name not in BOUNDS]
    return [*floors, *dict.fromkeys([*published_methods(), *others]), *ceilings]


def is_trained(method: str) -> bool:
    """Whether a recovery method learns, and so is repeated with other seeds."""
    return method in recovery.METHODS and recovery.METHODS[method].trained


def published_recovery() -> pd.DataFrame:
    """What the paper prints of recovery: run, metric, method, group, value (Tables 5 and 6; 7 as the run `unseen`)."""
    ours = read_published("table5_table6_recovery_sppe").assign(run="benchmark")
    unseen = read_published("table7_recovery_instructpix2pix").melt("method", list(METRIC_NAMES), var_name="metric")
    return pd.concat([ours, unseen.assign(run="unseen", group=OVERALL)], ignore_index=True)


def published_correlations() -> pd.DataFrame:
    """Figure 10's values by group and, as group Overall, Table 4's: metric, method, group, value."""
    overall = read_published("table4_editability").melt("method", var_name="metric").assign(group=OVERALL)
    figure = read_published("figure10_editability_by_group")
    return pd.concat([figure, overall[list(figure.columns)]], ignore_index=True)


def published_ablation() -> pd.DataFrame:
    """The paper's Table 8: group, variant, metric, value."""
    return read_published("table8_ablation").melt(["group", "variant"], list(METRIC_NAMES), var_name="metric")


def _read(path: Path, columns: Sequence[str], stage: str) -> pd.DataFrame:
    """A result file with at least these columns; none of its rows where it is not there."""
    if not path.is_file():
        return pd.DataFrame(columns=list(columns))
    table = pd.read_csv(path, dtype={"instance_id": str, "pair_id": str})
    for name in columns:
        if name not in table:
            raise DataError(
                f"{path.parent.name}/{path.name} lacks the column {name!r}: run {stage} again to rewrite it."
            )
    return table


def by_source(table: pd.DataFrame) -> pd.DataFrame:
    """A table of the sweep set with the columns strength and candidate, and pair_id naming the source."""
    return table.assign(**sweep_columns(table["pair_id"]).rename(columns={"source": "pair_id"}))


def _long(table: pd.DataFrame, columns: dict[str, tuple[str, str]], run: str, seed: int, method: str) -> pd.DataFrame:
    """Rows of the frame from a wide table; `columns`: column -> (metric, region)."""
    table = by_source(table) if run == SWEEP else table.assign(strength=np.nan, candidate=0)
    table = table.rename(columns={"instance_id": "instance", "pair_id": "pair"})
    long = table.reindex(columns=[*IDENTITY, *columns]).melt(IDENTITY, list(columns))
    metric, region = (long["variable"].map({key: both[part] for key, both in columns.items()}) for part in (0, 1))
    return long.assign(run=run, seed=seed, method=method, metric=metric, region=region)[FRAME_COLUMNS]


def _measured(profile: Profile) -> list[pd.DataFrame]:
    folder = profile.results / "metrics"
    columns = {name: (column(name)[0].name, column(name)[1]) for name in COLUMNS[len(IDENTITY_COLUMNS) :]}
    parts = []
    for run in sorted(path.name for path in folder.glob("*/")):
        data, _, seed = run.partition("-seed")
        tables = {method: _read(path, COLUMNS, "05_tables") for method, path in measured_files(profile, run).items()}
        if len({frozenset(table["instance_id"]) for table in tables.values()}) > 1:
            raise DataError(
                f"The files in metrics/{run} cover different instances: run 04_recover for every method again."
            )
        names = [name for name in ordered_methods(list(tables)) if name in tables]
        parts += [_long(tables[name], columns, data, int(seed or 0), name) for name in names]
    return parts


def _sweep(profile: Profile) -> list[pd.DataFrame]:
    """Labels and scores (metrics `label` and `score`) and leakage (method "S") of the sweep set's surrogates."""
    scores = read_scores(profile, SWEEP)
    columns = ("instance_id", "pair_id", *LEAKAGE.values())
    leakage = _read(profile.results / FOLDER / "leakage.csv", columns, "07_sweep")
    parts = [(scores, {"label": ("label", "all")}, "label")]
    parts += [(scores, {name: ("score", "all")}, name) for name in scores.columns.drop(SCORE_COLUMNS, errors="ignore")]
    parts.append((leakage, {name: (metric, "inside") for metric, name in LEAKAGE.items()}, "S"))
    return [_long(table, columns, SWEEP, 0, method) for table, columns, method in parts if len(table)]


def require_metrics(profile: Profile) -> None:
    """Raise DataError unless 05_tables has run, so that pages of a finished run are not replaced by empty ones."""
    if not (profile.results / "metrics").is_dir():
        raise DataError(f"Nothing of profile {profile.name} was measured yet: run 05_tables first.")


def _while_unchanged(read: Callable[[Profile], Any]) -> Callable[[Profile], Any]:
    """`read`, which is called again only after a result file has changed: tables, figures and claims read the same."""

    @lru_cache(maxsize=4)
    def kept(profile: Profile, written: tuple) -> Any:
        return read(profile)

    @wraps(read)
    def current(profile: Profile) -> Any:
        files = (profile.results / name for name in ("metrics", FOLDER, "editability"))
        paths = (path for folder in files for path in sorted(folder.rglob("*.csv")))
        return kept(profile, tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in paths))

    return current


@_while_unchanged
def read_frame(profile: Profile) -> pd.DataFrame:
    """Every number that was measured. Raises DataError for lacking columns, or methods of a run on other instances."""
    parts = _measured(profile) + _sweep(profile)
    if not parts:
        numbers = {"seed": int, "strength": float, "candidate": int, "value": float}
        return pd.DataFrame(columns=FRAME_COLUMNS).astype(numbers)
    kinds = dict.fromkeys(["run", "method", "group", "tag", "region", "metric"], "category")
    return pd.concat(parts, ignore_index=True).astype(kinds)


def select(frame: pd.DataFrame, **wanted: object) -> pd.DataFrame:
    """Rows of the frame with these values; a list or tuple stands for any of its entries."""
    chosen = pd.Series(True, index=frame.index)
    for name, value in wanted.items():
        chosen &= frame[name].isin(value) if isinstance(value, (list, tuple)) else frame[name] == value
    return frame[chosen]


def measured_in(profile: Profile, run: str, **wanted: object) -> pd.DataFrame:
    """The recovery metrics of one run: rows of the frame, those of every seed; `wanted` as in `select`."""
    return select(read_frame(profile), **{"run": run, "metric": METRIC_NAMES} | wanted)


def averaged(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of one run with the mean over seeds: one row a method, instance, region and metric."""
    keys = ["method", "instance", "region", "metric"]
    means = rows.groupby(keys, sort=False, observed=True)["value"].transform("mean")
    return rows.assign(value=means).drop_duplicates(keys)


def methods_of(frame: pd.DataFrame) -> list[str]:
    """The methods of some rows of the frame, in table order."""
    return list(frame["method"].unique())


def read_correlations(profile: Profile) -> pd.DataFrame:
    """02_editability's metric, method, group (Overall too), value (higher is better), n of the available methods."""
    columns = ["metric", "method", "group", "value", "n"]
    table = _read(profile.results / "editability" / "correlations.csv", columns, "02_editability")
    return table.loc[table["n"] > 0, columns].reset_index(drop=True)


def read_assessors(profile: Profile) -> list[dict]:
    """`editability/methods.json`: name, direction, available, reason, trained; empty before that stage has run."""
    path = profile.results / "editability" / "methods.json"
    if not path.is_file():
        return []
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"editability/methods.json is not valid JSON ({error}): run 02_editability again.") from None


def read_scores(profile: Profile, run: str = "benchmark") -> pd.DataFrame:
    """The test instances or, for the run `sweep`, surrogates as they were scored: instance_id, pair_id, group (of the
    former), label and a column for each assessor with a score, turned so that higher is better."""
    folder, stage = (FOLDER, "07_sweep") if run == SWEEP else ("editability", "02_editability")
    needed = [name for name in SCORE_COLUMNS if name != "group" or run != SWEEP]
    scores = _read(profile.results / folder / "scores.csv", needed, stage)
    known = [one for one in read_assessors(profile) if one["name"] in scores and scores[one["name"]].notna().any()]
    turned = {one["name"]: oriented(scores[one["name"]].to_numpy(float), one["direction"]) for one in known}
    return scores[needed].join(pd.DataFrame(turned, index=scores.index))


@_while_unchanged
def assessor_samples(profile: Profile) -> tuple[dict[tuple[str, str], np.ndarray], dict[str, np.ndarray]]:
    """Bootstrap samples of every assessor's correlations, by (metric, method), and spread of SRCC over groups.

    Empty before that stage. For the spread pairs are drawn within their group, so each resample has all groups.
    """
    scores = read_scores(profile)
    names = list(scores.columns.drop(SCORE_COLUMNS))
    groups = [resampled_correlations(rows, names, profile.evaluation) for _, rows in scores.groupby("group")]
    spreads = {}
    for name in names:
        samples = [found["srcc", name] for found in groups if len(found["srcc", name])]
        spreads[name] = np.array([spread(values) for values in zip(*samples)])
    return resampled_correlations(scores, names, profile.evaluation), spreads


def read_instances(profile: Profile) -> pd.DataFrame:
    """Every instance of every split without its images; columns as in BENCHMARK_COLUMNS."""
    splits = (open_split(profile.results / "benchmark", split) for split in SPLITS)
    return pd.concat([one.select_columns(BENCHMARK_COLUMNS).to_pandas() for one in splits], ignore_index=True)
