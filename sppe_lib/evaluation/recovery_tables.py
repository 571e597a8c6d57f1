"""The tables of recovery: a pure function of the frame and the published CSVs.

Each is one or two calls of `summarise`, `compare` and `table`; titles and notes stand in tables.yaml. Floors and
ceilings stand in every table that lists methods: a method has to beat the untrained backbone and copying before its
number says anything.
"""

import itertools

import numpy as np
import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.data.taxonomy import GROUPS, TAGS
from sppe_lib.editability.scores import OVERALL
from sppe_lib.evaluation import frame
from sppe_lib.evaluation.metrics import KEPT, METRIC_NAMES, METRICS, PSNR_LIMIT, REGIONS
from sppe_lib.evaluation.rendering import (
    NOTHING,
    Document,
    Section,
    beside,
    decimals,
    document,
    metric_cells,
    metric_label,
    number,
    read_yaml,
    spanned,
    table,
    text,
)
from sppe_lib.evaluation.statistics import compare, holm, summarise

WHERE = [(entry.name, region) for entry in METRICS for region in ("all", "inside") if entry.regional or region == "all"]
"""Metrics and the regions over which methods are compared."""

DIFFERENCE = f"{frame.PROPOSED} minus {frame.BASELINE}"
"""How the rows of the table of seeds call the difference of the two methods on the same seed."""


def every(keys: dict[str, list]) -> pd.DataFrame:
    """Every combination of the keys' values, the first key slowest."""
    return pd.DataFrame(list(itertools.product(*keys.values())), columns=list(keys))


def _means(
    profile: Profile, rows: pd.DataFrame, keys: dict[str, list], published: pd.DataFrame | None = None
) -> pd.DataFrame:
    """`summarise` with a row for every combination of the keys, and the published value where there is one.

    Without an instance n is 0; a method that did not run has no n.
    """
    found = summarise(rows, list(keys), profile.evaluation)
    data = every(keys).merge(found, "left", list(keys))
    ran = data["method"].isin(frame.methods_of(rows))
    data.loc[ran, ["n", "undefined"]] = data.loc[ran, ["n", "undefined"]].fillna(0)
    if published is not None:
        data = data.merge(
            published.rename(columns={"value": "published"}), "left", [key for key in keys if key in published]
        )
    return data.astype({"n": "Int64", "undefined": "Int64"})


def _overall(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the whole image, each once for its group and once for all."""
    rows = frame.select(rows, region="all")
    return pd.concat([rows, rows.assign(group=OVERALL)], ignore_index=True)


def _undefined(data: pd.DataFrame) -> str:
    """How many directions each row lacks, in words."""
    directions = data[data["metric"].isin(["dir_i", "dir_s"]) & (data["undefined"] > 0)]
    if directions.empty:
        return "Every direction is defined."
    counts = "; ".join(f"{row.method} {row.metric} {row.undefined}" for row in directions.itertuples())
    return f"Directions whose reference does not move are undefined, left out of their means and counted: {counts}."


def _with_intervals(profile: Profile, data: pd.DataFrame, heading: str, notes: list[str]) -> list[Section]:
    """Means by method and metric, and where anything was measured the interval of each in a second section."""
    sections, rows = [Section(heading, table(data, "method", "metric"), notes)], data.dropna(subset="n")
    if len(rows):
        cells = {"method": list(dict.fromkeys(rows["method"]))}
        cells |= metric_cells(rows, lambda row, places: spanned(row.low, row.high, places))  # type: ignore[attr-defined]
        intervals = f"{100 * profile.evaluation.confidence:.0f} % intervals of this run"
        name = f"{heading}: {intervals}" if heading else intervals
        sections.append(Section(name, pd.DataFrame(cells), [text("table5_table6_recovery_sppe", "resampled", profile)]))
    return sections


def recovery_table(profile: Profile) -> Document:
    """Tables 5 and 6 in one: the eight metrics overall, their intervals, and each metric by group."""
    rows = _overall(frame.measured_in(profile, "benchmark"))
    ran = frame.methods_of(rows)
    published = frame.published_recovery().query("run == 'benchmark'").drop(columns="run")
    keys = {"metric": list(METRIC_NAMES), "method": frame.ordered_methods(ran), "group": [*GROUPS, OVERALL]}
    data = _means(profile, rows, keys, published)
    overall = data[data["group"] == OVERALL]
    reference = frame.averaged(frame.select(rows, group=OVERALL, metric="psnr_gt"))
    hits = reference[reference["value"] >= PSNR_LIMIT - 1e-3].groupby("method", observed=True).size()
    hit = "; ".join(f"{name} {hits[name]}" for name in ran if name in hits) or "none"
    limit = text("table5_table6_recovery_sppe", "limit", profile, limit=PSNR_LIMIT, hit=hit)
    sections = _with_intervals(profile, overall, "Overall", [_undefined(overall), limit])
    for entry in METRICS:
        cells = table(data[data["metric"] == entry.name], "method", "group")
        sections.append(Section(f"{metric_label(entry)} by group ({entry.family})", cells))
    return document("table5_table6_recovery_sppe", profile, sections, data, n=reference["instance"].nunique())


def _pooled(values: pd.Series) -> float:
    """PSNR of the mean squared error over instances."""
    return -10 * np.log10((10 ** (-values / 10)).mean())


def _named(values: pd.Series, name: str, keys: list[str]) -> pd.DataFrame:
    """A series by `keys` as a table with a column `name`."""
    return values.rename(name).reset_index().astype(dict.fromkeys(keys, str))


def averages_table(profile: Profile) -> Document:
    """Plain means, macro averages over groups and tags, medians, and for PSNR the pooled error, whole and inside M."""
    rows = frame.averaged(frame.select(frame.measured_in(profile, "benchmark"), region=("all", "inside")))
    published = frame.published_recovery().query("run == 'benchmark'").assign(region="all")
    keys = ["metric", "method", "region"]

    def over(part: pd.DataFrame, by: str) -> pd.Series:
        return part.groupby([*keys, by], observed=True)["value"].mean().groupby(keys, observed=True).mean()

    values = rows.groupby(keys, observed=True)["value"]
    groups = published[published["group"] != OVERALL]
    kinds = {
        "mean": (values.mean(), published[published["group"] == OVERALL].set_index(keys)["value"]),
        "macro average over groups": (over(rows, "group"), over(groups, "group")),
        "macro average over tags": (over(rows, "tag"), None),
        "median": (values.median(), None),
        "pooled": (
            rows[rows["metric"].str.startswith("psnr")].groupby(keys, observed=True)["value"].agg(_pooled),
            None,
        ),
    }
    cells = every({"metric": list(METRIC_NAMES), "method": frame.methods_of(rows), "region": ["all", "inside"]})
    cells = cells.merge(_named(values.count(), "n", keys), "left", keys)
    parts = []
    for kind, (ours, theirs) in kinds.items():
        part = cells.merge(_named(ours, "value", keys), "inner", keys).assign(average=kind)
        parts.append(
            part.assign(published=np.nan)
            if theirs is None
            else part.merge(_named(theirs, "published", keys), "left", keys)
        )
    data = pd.concat(parts, ignore_index=True)
    sections = [
        Section(kind.capitalize() + (" inside M" if region == "inside" else ""), table(part, "method", "metric"))
        for (region, kind), part in data.groupby(["region", "average"], sort=False)
    ]
    return document("table_recovery_averages", profile, sections, data)


def kept_outside_table(profile: Profile) -> Document:
    """The eight metrics of every method with S' kept outside M in the recovered picture, and their intervals."""
    rows = frame.select(frame.measured_in(profile, "benchmark"), region=KEPT)
    data = _means(profile, rows, {"metric": list(METRIC_NAMES), "method": frame.methods_of(rows)})
    return document("table_kept_outside", profile, _with_intervals(profile, data, "", []), data)


def _parts_table(profile: Profile, name: str, key: str, values: dict[str, str], regional: bool) -> Document:
    """A table with a section for each value of `key` (with its heading), of this run alone."""
    rows = frame.measured_in(profile, "benchmark")
    metrics = [entry.name for entry in METRICS if entry.regional or not regional]
    rows = frame.select(rows, metric=metrics, **({} if regional else {"region": "all"}))
    keys = {"metric": metrics, "method": frame.methods_of(rows), key: list(values)}
    data = _means(profile, rows, keys)
    sections = [
        Section(heading, table(data[data[key] == value], "method", "metric")) for value, heading in values.items()
    ]
    return document(name, profile, sections, data)


def inside_outside_table(profile: Profile) -> Document:
    """The metrics that can be taken over a region, inside and outside the private region M."""
    headings = {region: f"{region.capitalize()} M" for region in REGIONS}
    return _parts_table(profile, "table_recovery_inside_outside", "region", headings, regional=True)


def tag_table(profile: Profile) -> Document:
    """The eight metrics by instruction tag (ADD/REMOVE, EDIT, STYLE)."""
    instances = frame.measured_in(profile, "benchmark").drop_duplicates("instance")["tag"].value_counts()
    headings = {tag: f"{tag} ({instances.get(tag, 0)} instances)" for tag in TAGS}
    return _parts_table(profile, "table_recovery_by_tag", "tag", headings, regional=False)


def published_difference(metric: str, method: str) -> float | None:
    """The paper's C2E-S2SER minus another method on a metric, overall; None where it did not publish one."""
    published = frame.published_recovery().query("run == 'benchmark' and group == @OVERALL")
    theirs = published.set_index(["metric", "method"])["value"]
    return theirs[metric, frame.PROPOSED] - theirs[metric, method] if (metric, method) in theirs else None


def paired_data(profile: Profile) -> pd.DataFrame:
    """C2E-S2SER against every method on every metric, whole image and inside M: difference, interval, test, effect.

    `p_corrected`: Holm's correction over all rows of the table.
    """
    rows = frame.measured_in(profile, "benchmark")
    others = [
        name for name in frame.methods_of(rows) if name != frame.PROPOSED and frame.PROPOSED in frame.methods_of(rows)
    ]
    where = pd.DataFrame(WHERE, columns=["metric", "region"])
    parts = [
        where.merge(compare(rows, frame.PROPOSED, name, ["metric", "region"], profile.evaluation), "left").assign(
            method=name,
            published=[published_difference(metric, name) if region == "all" else None for metric, region in WHERE],
        )
        for name in others
    ]
    if not parts:
        return pd.DataFrame(columns=read_yaml("tables.yaml")["table_recovery_paired"]["columns"])
    data = pd.concat(parts, ignore_index=True)
    return data.assign(p_corrected=holm(data["p_value"].to_numpy())).astype({"published": float})


def paired_cells(rows: pd.DataFrame, unit: str = "pairs") -> pd.DataFrame:
    """Printed comparisons, one row each: metric, region, value, published, low, high, p_value, p_corrected, effect, n.

    `unit` is what n counts and what was resampled.
    """
    labels = {entry.name: metric_label(entry) for entry in METRICS}
    cells = [
        (
            labels[row.metric] + ("" if row.region == "all" else " inside M"),
            beside(row.value, row.published, 4),
            spanned(row.low, row.high, 4),
            *(NOTHING if pd.isna(p) else f"{p:.2g}" for p in (row.p_value, row.p_corrected)),
            number(row.effect, 2),
            str(row.n),
        )
        for row in rows.itertuples()
    ]
    headers = ["metric", "difference (paper)", "interval", "p", "p, corrected", "effect", unit]
    return pd.DataFrame(cells, columns=headers)


def paired_table(profile: Profile) -> Document:
    """Paired differences of C2E-S2SER to every method, with Wilcoxon tests and effect sizes."""
    data = paired_data(profile)
    sections = [
        Section(f"{frame.PROPOSED} minus {name}", paired_cells(rows))
        for name, rows in data.groupby("method", sort=False)
    ]
    return document(
        "table_recovery_paired", profile, sections or [Section("", paired_cells(data))], data, rows=len(data)
    )


def unseen_table(profile: Profile) -> Document:
    """Table 7: the eight metrics of every method on unseen images and instructions, and their intervals."""
    rows = frame.select(frame.measured_in(profile, "unseen"), region="all")
    published = frame.published_recovery().query("run == 'unseen'").drop(columns="run")
    left_out = [name for name in frame.published_methods() if name not in set(published["method"])]
    methods = [name for name in frame.ordered_methods(frame.methods_of(rows)) if name not in left_out]
    keys = {"metric": list(METRIC_NAMES), "method": methods}
    data = _means(profile, rows, keys, published.drop(columns="group"))
    ran = [name for name in methods if name in frame.methods_of(rows)]
    sections = _with_intervals(profile, data, "", [_undefined(data)] if ran else [])
    source = profile.benchmark.unseen_source
    what = text(
        "table7_recovery_unseen", source if source == "vector-world" else "folder" if source else "none", profile
    )
    size = f"{rows['instance'].nunique()} instances of {rows['pair'].nunique()} pairs" if ran else "no instances yet"
    return document(
        "table7_recovery_unseen", profile, sections, data, size=size, what=what, left_out=", ".join(left_out)
    )


def seed_values(profile: Profile) -> pd.DataFrame:
    """method, metric, seed (0 is the benchmark's own run), value: the mean of each metric over defined instances.

    Trained methods only: the others have nothing that a seed would move but their sampling, and run once. The
    difference of C2E-S2SER and SOER on the same seed is one more method, DIFFERENCE.
    """
    rows = frame.select(frame.read_frame(profile), run="benchmark", region="all", metric=METRIC_NAMES)
    rows = frame.select(rows, method=[name for name in frame.methods_of(rows) if frame.is_trained(name)])
    values = rows.groupby(["method", "metric", "seed"], sort=False, observed=True)["value"].apply(pd.Series.mean)
    values = values.reset_index().astype({"method": str, "metric": str})
    wide = values.pivot(index=["metric", "seed"], columns="method", values="value")
    if not {frame.PROPOSED, frame.BASELINE} <= set(wide.columns):
        return values
    difference = (
        (wide[frame.PROPOSED] - wide[frame.BASELINE]).dropna().reset_index(name="value").assign(method=DIFFERENCE)
    )
    ordered = difference.sort_values("metric", key=lambda column: column.map(METRIC_NAMES.index), kind="stable")
    return pd.concat([values, ordered], ignore_index=True)


def seed_table(profile: Profile) -> Document:
    """The eight metrics of every trained method over seeds, and on how many seeds C2E-S2SER exceeds SOER.

    A bootstrap interval says what other test pairs would do to a number; this says what another training would do.
    """
    found = seed_values(profile).groupby(["method", "metric"], sort=False)["value"]
    data = found.agg(value="mean", n="count", sd="std", lowest="min", highest="max").reset_index()
    published = frame.published_recovery().query("run == 'benchmark' and group == @OVERALL")
    theirs = published.set_index(["metric", "method"])["value"].to_dict()
    theirs |= {(metric, DIFFERENCE): published_difference(metric, frame.BASELINE) for metric in METRIC_NAMES}
    data["published"] = [theirs.get((row.metric, row.method), float("nan")) for row in data.itertuples()]
    above = found.agg(lambda values: (values > 0).sum()).to_numpy()
    data["above"] = pd.array(above, "Int64")
    data["above"] = data["above"].where(data["method"] == DIFFERENCE)

    def cell(row, places: int) -> str:
        shown = beside(row.value, row.published, places)
        spread = f" ± {number(row.sd, places)} [{spanned(row.lowest, row.highest, places)}]"
        return shown + (spread if row.n > 1 else "")

    trained, both = data[data["method"] != DIFFERENCE], data[data["method"] == DIFFERENCE]
    counts = trained.groupby("method", sort=False)["n"].max()
    cells = {"method": list(counts.index), "seeds": [str(n) for n in counts]} | metric_cells(trained, cell)
    if trained.empty:
        cells |= {metric_label(entry): [] for entry in METRICS}
    sections = [Section("Trained methods", pd.DataFrame(cells), [text("table_recovery_seeds", "trained", profile)])]
    if len(both):
        labels = {entry.name: (metric_label(entry), decimals(entry)) for entry in METRICS}
        lines = [
            {
                "metric": labels[row.metric][0],
                f"seeds with {frame.PROPOSED} above": f"{row.above} of {row.n}",
                "mean difference (paper)": beside(row.value, row.published, labels[row.metric][1]),
                "standard deviation": number(row.sd, labels[row.metric][1]),
                "lowest": number(row.lowest, labels[row.metric][1]),
                "highest": number(row.highest, labels[row.metric][1]),
            }
            for row in both.itertuples()
        ]
        sections.append(Section(f"{DIFFERENCE}, seed by seed", pd.DataFrame(lines)))
    seeds = frame.select(frame.read_frame(profile), run="benchmark")["seed"].nunique()
    which = {0: "none", 1: "one"}.get(seeds, "several")
    note = text("table_recovery_seeds", which, profile, number=seeds)
    return document("table_recovery_seeds", profile, sections, data, seeds=note)
