"""The tables of recovery, from the frame and the published CSVs: `summarise` or `compare`, then `table`.

Floors and ceilings stand in every table that lists methods: a method has to beat the untrained backbone and copying
before its number says anything.
"""

import itertools

import numpy as np
import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.data.taxonomy import GROUPS, TAGS
from sppe_lib.editability.scores import OVERALL
from sppe_lib.evaluation import frame, rendering
from sppe_lib.evaluation.metrics import KEPT, METRIC_NAMES, METRICS, PSNR_LIMIT, REGIONS, metric
from sppe_lib.evaluation.rendering import Document, Section, beside, document, metric_label, number, spanned, table
from sppe_lib.evaluation.statistics import NAN, compare, holm, summarise

WHERE = [(entry.name, region) for entry in METRICS for region in ("all", "inside") if entry.regional or region == "all"]
"""Metrics and the regions over which methods are compared."""

MAIN = "table5_table6_recovery_sppe"

DIFFERENCE = f"{frame.PROPOSED} minus {frame.BASELINE}"
"""How the rows of the table of seeds call the difference of the two methods on the same seed."""


def every(keys: dict[str, list]) -> pd.DataFrame:
    """Every combination of the keys' values, the first key slowest."""
    return pd.DataFrame(list(itertools.product(*keys.values())), columns=list(keys))


def _means(
    profile: Profile, rows: pd.DataFrame, keys: dict[str, list], published: pd.DataFrame | None = None
) -> pd.DataFrame:
    """`summarise` for every combination of the keys, with the published value; without n where it did not run."""
    found = summarise(rows, list(keys), profile.evaluation)
    data = every(keys).merge(found, "left", list(keys))
    ran = data["method"].isin(frame.methods_of(rows))
    data.loc[ran, ["n", "undefined"]] = data.loc[ran, ["n", "undefined"]].fillna(0)
    if published is not None:
        named = published.rename(columns={"value": "published"})
        data = data.merge(named, "left", [key for key in keys if key in published])
    return data.astype({"n": "Int64", "undefined": "Int64"})


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
        cells = {"method": rows["method"].unique()}
        cells |= rendering.metric_cells(rows, lambda row, places: spanned(row.low, row.high, places))
        name = f"{100 * profile.evaluation.confidence:.0f} % intervals of this run"
        name = f"{heading}: {name}" if heading else name
        sections.append(Section(name, pd.DataFrame(cells), [rendering.text(MAIN, "resampled", profile)]))
    return sections


def recovery_table(profile: Profile) -> Document:
    """Tables 5 and 6 in one: the eight metrics overall, their intervals, and each metric by group."""
    by_group = frame.measured_in(profile, "benchmark", region="all")
    rows = pd.concat([by_group, by_group.assign(group=OVERALL)], ignore_index=True)
    ran = frame.methods_of(rows)
    published = frame.published_recovery().query("run == 'benchmark'").drop(columns="run")
    keys = {"metric": list(METRIC_NAMES), "method": frame.ordered_methods(ran), "group": [*GROUPS, OVERALL]}
    data = _means(profile, rows, keys, published)
    overall = data[data["group"] == OVERALL]
    reference = frame.averaged(frame.select(rows, group=OVERALL, metric="psnr_gt"))
    hits = reference[reference["value"] >= PSNR_LIMIT - 1e-3].groupby("method", observed=True).size()
    hit = "; ".join(f"{name} {hits[name]}" for name in ran if name in hits) or "none"
    limit = rendering.text(MAIN, "limit", profile, limit=PSNR_LIMIT, hit=hit)
    sections = _with_intervals(profile, overall, "Overall", [_undefined(overall), limit])
    for entry in METRICS:
        cells = table(data[data["metric"] == entry.name], "method", "group")
        sections.append(Section(f"{metric_label(entry)} by group ({entry.family})", cells))
    return document(MAIN, profile, sections, data, n=reference["instance"].nunique())


def averages_table(profile: Profile) -> Document:
    """Plain means, macro averages over groups and tags, medians, and for PSNR the pooled error, whole and inside M."""
    keys = ["metric", "method", "region"]
    rows = frame.averaged(frame.measured_in(profile, "benchmark", region=("all", "inside")))
    rows = rows.astype(dict.fromkeys(keys, str))
    published = frame.published_recovery().query("run == 'benchmark'").assign(region="all")
    overall, by_group = (part for _, part in published.groupby(published["group"] != OVERALL))

    def over(part: pd.DataFrame, by: str) -> pd.Series:
        return part.groupby([*keys, by], observed=True)["value"].mean().groupby(keys).mean()

    values, peaks = (part.groupby(keys)["value"] for part in (rows, rows[rows["metric"].str.startswith("psnr")]))
    nothing = pd.Series(np.nan, overall.set_index(keys).index)
    kinds = {
        "mean": (values.mean(), overall.set_index(keys)["value"]),
        "macro average over groups": (over(rows, "group"), over(by_group, "group")),
        "macro average over tags": (over(rows, "tag"), nothing),
        "median": (values.median(), nothing),
        "pooled": (peaks.agg(lambda decibels: -10 * np.log10((10 ** (-decibels / 10)).mean())), nothing),
    }
    cells = every({"metric": list(METRIC_NAMES), "method": frame.methods_of(rows), "region": ["all", "inside"]})
    cells = cells.merge(values.count().reset_index(name="n"), "left", keys)
    data = pd.concat(
        cells.merge(ours.reset_index(name="value"), "inner", keys)
        .merge(paper.reset_index(name="published"), "left", keys)
        .assign(average=kind)
        for kind, (ours, paper) in kinds.items()
    )
    sections = [
        Section(kind.capitalize() + (" inside M" if region == "inside" else ""), table(part, "method", "metric"))
        for (region, kind), part in data.groupby(["region", "average"], sort=False)
    ]
    return document("table_recovery_averages", profile, sections, data)


def kept_outside_table(profile: Profile) -> Document:
    """The eight metrics of every method with S' kept outside M in the recovered picture, and their intervals."""
    rows = frame.measured_in(profile, "benchmark", region=KEPT)
    data = _means(profile, rows, {"metric": list(METRIC_NAMES), "method": frame.methods_of(rows)})
    return document("table_kept_outside", profile, _with_intervals(profile, data, "", []), data)


def _parts_table(profile: Profile, name: str, key: str, values: dict[str, str], regional: bool) -> Document:
    """A table with a section for each value of `key` (with its heading), of this run alone."""
    metrics = [entry.name for entry in METRICS if entry.regional or not regional]
    rows = frame.measured_in(profile, "benchmark", metric=metrics, region=REGIONS if regional else "all")
    data = _means(profile, rows, {"metric": metrics, "method": frame.methods_of(rows), key: list(values)})
    parts = ((data[data[key] == value], heading) for value, heading in values.items())
    return document(name, profile, [Section(title, table(part, "method", "metric")) for part, title in parts], data)


def inside_outside_table(profile: Profile) -> Document:
    """The metrics that can be taken over a region, inside and outside the private region M."""
    headings = {region: f"{region.capitalize()} M" for region in REGIONS}
    return _parts_table(profile, "table_recovery_inside_outside", "region", headings, regional=True)


def tag_table(profile: Profile) -> Document:
    """The eight metrics by instruction tag (ADD/REMOVE, EDIT, STYLE)."""
    instances = frame.measured_in(profile, "benchmark").drop_duplicates("instance")["tag"].value_counts()
    headings = {tag: f"{tag} ({instances.get(tag, 0)} instances)" for tag in TAGS}
    return _parts_table(profile, "table_recovery_by_tag", "tag", headings, regional=False)


def _published() -> dict[tuple[str, str], float]:
    """The paper's means on its benchmark: (metric, method) -> value."""
    published = frame.published_recovery().query("run == 'benchmark' and group == @OVERALL")
    return published.set_index(["metric", "method"])["value"].to_dict()


def published_difference(metric: str, method: str) -> float:
    """The paper's C2E-S2SER minus another method on a metric, overall; NaN where it did not publish one."""
    theirs = _published()
    return theirs[metric, frame.PROPOSED] - theirs.get((metric, method), NAN)


def paired_data(profile: Profile) -> pd.DataFrame:
    """C2E-S2SER against every method on every metric, whole image and inside M; `p_corrected`: Holm, over all rows."""
    rows, parts = frame.measured_in(profile, "benchmark"), []
    where = pd.DataFrame(WHERE, columns=["metric", "region"])
    for name in frame.methods_of(rows) if frame.PROPOSED in frame.methods_of(rows) else []:
        if name != frame.PROPOSED:
            found = compare(rows, frame.PROPOSED, name, ["metric", "region"], profile.evaluation)
            theirs = [published_difference(metric, name) if region == "all" else NAN for metric, region in WHERE]
            parts.append(where.merge(found, "left").assign(method=name, published=theirs))
    if not parts:
        return pd.DataFrame(columns=rendering.read_yaml("tables.yaml")["table_recovery_paired"]["columns"])
    data = pd.concat(parts, ignore_index=True)
    return data.assign(p_corrected=holm(data["p_value"].to_numpy()))


def paired_cells(rows: pd.DataFrame, unit: str = "pairs") -> pd.DataFrame:
    """Printed comparisons, one row each; `unit` is what n counts and what was resampled."""
    cells = []
    for row in rows.itertuples():
        label = metric_label(metric(row.metric)) + ("" if row.region == "all" else " inside M")
        tests = [rendering.NOTHING if pd.isna(p) else f"{p:.2g}" for p in (row.p_value, row.p_corrected)]
        numbers = beside(row.value, row.published, 4), spanned(row.low, row.high, 4)
        cells.append((label, *numbers, *tests, number(row.effect, 2), str(row.n)))
    headers = ["metric", "difference (paper)", "interval", "p", "p, corrected", "effect", unit]
    return pd.DataFrame(cells, columns=headers)


def paired_table(profile: Profile) -> Document:
    """Paired differences of C2E-S2SER to every method, with Wilcoxon tests and effect sizes."""
    data = paired_data(profile)
    parts = data.groupby("method", sort=False)
    sections = [Section(f"{frame.PROPOSED} minus {name}", paired_cells(rows)) for name, rows in parts]
    sections = sections or [Section("", paired_cells(data))]
    return document("table_recovery_paired", profile, sections, data, rows=len(data))


def unseen_table(profile: Profile) -> Document:
    """Table 7: the eight metrics of every method on unseen images and instructions, and their intervals."""
    rows = frame.measured_in(profile, "unseen", region="all")
    published = frame.published_recovery().query("run == 'unseen'").drop(columns="run")
    left_out = [name for name in frame.published_methods() if name not in set(published["method"])]
    methods = [name for name in frame.ordered_methods(frame.methods_of(rows)) if name not in left_out]
    keys = {"metric": list(METRIC_NAMES), "method": methods}
    data = _means(profile, rows, keys, published.drop(columns="group"))
    ran = set(methods) & set(frame.methods_of(rows))
    sections = _with_intervals(profile, data, "", [_undefined(data)] if ran else [])
    source = profile.benchmark.unseen_source
    kind = source if source == "vector-world" else "folder" if source else "none"
    size = f"{rows['instance'].nunique()} instances of {rows['pair'].nunique()} pairs" if ran else "no instances yet"
    more = {"what": rendering.text("table7_recovery_unseen", kind, profile), "left_out": ", ".join(left_out)}
    return document("table7_recovery_unseen", profile, sections, data, size=size, **more)


def seed_values(profile: Profile) -> pd.DataFrame:
    """method, metric, seed (0 is the benchmark's own run), value: the mean of each metric over defined instances.

    Trained methods only: the others run once. The difference of C2E-S2SER and SOER on the same seed is one more
    method, DIFFERENCE.
    """
    rows = frame.measured_in(profile, "benchmark", region="all")
    rows = frame.select(rows, method=[name for name in frame.methods_of(rows) if frame.is_trained(name)])
    values = rows.groupby(["method", "metric", "seed"], sort=False, observed=True)["value"].apply(pd.Series.mean)
    values = values.reset_index().astype({"method": str, "metric": str})
    wide = values.pivot(index=["metric", "seed"], columns="method", values="value")
    if not {frame.PROPOSED, frame.BASELINE} <= set(wide.columns):
        return values
    difference = (wide[frame.PROPOSED] - wide[frame.BASELINE]).dropna().reindex(list(METRIC_NAMES), level="metric")
    return pd.concat([values, difference.reset_index(name="value").assign(method=DIFFERENCE)], ignore_index=True)


def seed_table(profile: Profile) -> Document:
    """What another training would do: every trained method over seeds, and how often C2E-S2SER exceeds SOER."""
    found = seed_values(profile).groupby(["method", "metric"], sort=False)["value"]
    data = found.agg(value="mean", n="count", sd="std", lowest="min", highest="max").reset_index()
    theirs = _published() | {(name, DIFFERENCE): published_difference(name, frame.BASELINE) for name in METRIC_NAMES}
    data["published"] = [theirs.get((row.metric, row.method), NAN) for row in data.itertuples()]
    above = pd.Series(found.agg(lambda values: (values > 0).sum()).to_numpy(), dtype="Int64")
    data["above"] = above.where(data["method"] == DIFFERENCE)

    def cell(row, places: int) -> str:
        shown = beside(row.value, row.published, places)
        spread = f" ± {number(row.sd, places)} [{spanned(row.lowest, row.highest, places)}]"
        return shown + (spread if row.n > 1 else "")

    trained, both = data[data["method"] != DIFFERENCE], data[data["method"] == DIFFERENCE]
    counts = trained.groupby("method", sort=False)["n"].max()
    cells = {"method": list(counts.index), "seeds": [str(n) for n in counts]}
    cells |= rendering.metric_cells(trained, cell) or {metric_label(entry): [] for entry in METRICS}
    trained_only = rendering.text("table_recovery_seeds", "trained", profile)
    sections = [Section("Trained methods", pd.DataFrame(cells), [trained_only])]
    lines = []
    for row in both.itertuples():
        entry = metric(row.metric)
        places = rendering.decimals(entry)
        spread = (number(one, places) for one in (row.sd, row.lowest, row.highest))
        lines.append(
            (metric_label(entry), f"{row.above} of {row.n}", beside(row.value, row.published, places), *spread)
        )
    if lines:
        names = ["metric", f"seeds with {frame.PROPOSED} above", "mean difference (paper)"]
        table_of_both = pd.DataFrame(lines, columns=[*names, "standard deviation", "lowest", "highest"])
        sections.append(Section(f"{DIFFERENCE}, seed by seed", table_of_both))
    seeds = frame.measured_in(profile, "benchmark")["seed"].nunique()
    which = {0: "none", 1: "one"}.get(seeds, "several")
    note = rendering.text("table_recovery_seeds", which, profile, number=seeds)
    return document("table_recovery_seeds", profile, sections, data, seeds=note)
