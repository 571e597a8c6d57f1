"""Tables 5 and 6: recovery by method, group and metric, the paper beside it; inside and outside M; by tag.

The trivial baselines stand in every table: outside M the surrogate equals the source, so a method has
to beat copying before its number says anything.
"""

import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.data.taxonomy import GROUPS, TAGS
from sppe_lib.editability.scores import OVERALL
from sppe_lib.evaluation.cells import (
    NOT_RUN,
    TRIVIAL_NOTE,
    interval_cells,
    metric_cells,
    metric_label,
    summary,
    undefined_note,
)
from sppe_lib.evaluation.metrics import METRICS, PSNR_LIMIT, REGIONS
from sppe_lib.evaluation.rendering import NOTHING, Document, Section, beside, number
from sppe_lib.evaluation.results import PROPOSED, data_name, is_rebuilt, ordered_methods, read_metrics
from sppe_lib.evaluation.statistics import compare, holm
from sppe_lib.published import read_published


def recovery_by_group(profile: Profile) -> pd.DataFrame:
    """metric, method, group, value, n, published, low, high, undefined for every method, run or published.

    A group without instances has n 0 and no value; a method without a run only its published value.
    """
    measured = read_metrics(profile)
    published = {
        (row.metric, row.method, row.group): row.value
        for row in read_published("table5_table6_recovery_sppe").itertuples()
    }
    rows = []
    for metric in METRICS:
        for method in ordered_methods(list(measured)):
            for group in (*GROUPS, OVERALL):
                if method in measured:
                    table = measured[method]
                    chosen = table if group == OVERALL else table[table["group"] == group]
                    found = summary(chosen, metric.name, profile.evaluation)
                    row = {"metric": metric.name, "method": method, "group": group} | found
                else:
                    row = {"metric": metric.name, "method": method, "group": group}
                rows.append(row | {"published": published.get((metric.name, method, group))})
    columns = ["metric", "method", "group", "value", "n", "published", "low", "high", "undefined"]
    return pd.DataFrame(rows, columns=columns).astype({"n": "Int64", "undefined": "Int64"})


def overall_means(profile: Profile) -> pd.DataFrame:
    """metric, method, value, published over all groups, without intervals (Figure 11)."""
    measured = read_metrics(profile)
    published = read_published("table5_table6_recovery_sppe")
    theirs = published[published["group"] == OVERALL].set_index(["metric", "method"])["value"].to_dict()
    rows = [
        {
            "metric": metric.name,
            "method": method,
            "published": theirs.get((metric.name, method)),
            "value": measured[method][metric.name].mean() if method in measured else None,
        }
        for metric in METRICS
        for method in ordered_methods(list(measured))
    ]
    return pd.DataFrame(rows).astype({"value": float, "published": float})


def _notes(profile: Profile, n: int) -> list[str]:
    simulated = profile.benchmark.source == "vector-world"
    stored = "surrogates and edits made anew by local models" if is_rebuilt(profile) else "released images"
    kind = "its images, surrogates and cloud editor are all simulated" if simulated else stored
    return [
        (
            f"First number: this run, profile `{profile.name}`, {n} test instances of {data_name(profile)}; {kind}. In "
            f"brackets: the paper's number on SPPE, other and real images, so compare the order of the methods, not the "
            f"two numbers. Bold: best of each. {NOTHING}: {NOT_RUN}."
        ),
        TRIVIAL_NOTE,
    ]


def _limit_note(measured: dict[str, pd.DataFrame]) -> str:
    counts = {name: int((table["psnr_gt"] >= PSNR_LIMIT - 1e-3).sum()) for name, table in measured.items()}
    hit = "; ".join(f"{name} {count}" for name, count in counts.items() if count) or "none"
    return (
        f"PSNR stops at {PSNR_LIMIT:.1f} dB, that of rounding to 8 bits, because equal images would give infinity. "
        f"Instances at the limit against I': {hit}."
    )


def recovery_table(profile: Profile, data: pd.DataFrame, measured: dict[str, pd.DataFrame]) -> Document:
    """Tables 5 and 6 in one: the eight metrics overall, their intervals, and each metric by group."""
    methods = ordered_methods(list(measured))
    overall = data[data["group"] == OVERALL]
    n = max((len(table) for table in measured.values()), default=0)
    sections = [
        Section(
            "Overall",
            metric_cells(
                [(metric_label(metric), metric, overall[overall["metric"] == metric.name]) for metric in METRICS],
                methods,
            ),
            [undefined_note(overall), _limit_note(measured)],
        )
    ]
    if measured:
        sections.append(
            Section(
                f"Overall: {100 * profile.evaluation.confidence:.0f} % intervals of this run",
                interval_cells(overall, list(measured)),
                ["Bootstrap over source-surrogate pairs."],
            )
        )
    for metric in METRICS:
        rows = data[data["metric"] == metric.name]
        columns = [(group, metric, rows[rows["group"] == group]) for group in (*GROUPS, OVERALL)]
        sections.append(Section(f"{metric_label(metric)} by group ({metric.family})", metric_cells(columns, methods)))
    return Document(
        "table5_table6_recovery_sppe",
        "Tables 5 and 6. Surrogate-to-source edit recovery",
        _notes(profile, n),
        sections,
        data,
    )


def inside_outside_table(profile: Profile, measured: dict[str, pd.DataFrame]) -> Document:
    """The metrics that can be taken over a region, inside and outside the private region M."""
    regional = [metric for metric in METRICS if metric.regional]
    rows = [
        {"metric": metric.name, "method": method, "region": region}
        | summary(table, f"{metric.name}_{region}", profile.evaluation)
        for metric in regional
        for method, table in measured.items()
        for region in REGIONS
    ]
    columns = ["metric", "method", "region", "value", "n", "published", "low", "high", "undefined"]
    data = pd.DataFrame(rows, columns=columns)
    sections = [
        Section(
            f"{region.capitalize()} M",
            metric_cells(
                [
                    (metric_label(metric), metric, data[(data["metric"] == metric.name) & (data["region"] == region)])
                    for metric in regional
                ],
                list(measured),
            ),
        )
        for region in REGIONS
    ]
    notes = [
        (
            f"This run only (profile `{profile.name}`, {data_name(profile)}); the paper has no such table. Inside M is "
            f"what was hidden from the cloud and has to be recovered; outside M the surrogate equals the source, so "
            f"`copy-surrogate` is nearly the answer there. Bold: best."
        ),
        (
            "SSIM averages the SSIM map over the region; PSNR takes the region's pixels; CLIP-Sim sees the region with "
            "the rest painted mid-grey, which raises it: compare rows, not regions."
        ),
    ]
    return Document(
        "table_recovery_inside_outside", "Recovery inside and outside the private region", notes, sections, data
    )


def tag_table(profile: Profile, measured: dict[str, pd.DataFrame]) -> Document:
    """The eight metrics by instruction tag (ADD/REMOVE, EDIT, STYLE)."""
    rows = [
        {"metric": metric.name, "method": method, "tag": tag}
        | summary(table[table["tag"] == tag], metric.name, profile.evaluation)
        for metric in METRICS
        for method, table in measured.items()
        for tag in TAGS
    ]
    columns = ["metric", "method", "tag", "value", "n", "published", "low", "high", "undefined"]
    data = pd.DataFrame(rows, columns=columns)
    first = next(iter(measured.values()), pd.DataFrame({"tag": []}))
    sections = [
        Section(
            f"{tag} ({int((first['tag'] == tag).sum())} instances)",
            metric_cells(
                [
                    (metric_label(metric), metric, data[(data["metric"] == metric.name) & (data["tag"] == tag)])
                    for metric in METRICS
                ],
                list(measured),
            ),
        )
        for tag in TAGS
    ]
    notes = [
        f"This run only (profile `{profile.name}`, {data_name(profile)}); the paper has no such table. Bold: best."
    ]
    return Document("table_recovery_by_tag", "Recovery by kind of instruction", notes, sections, data)


def paired_data(profile: Profile, measured: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """C2E-S2SER against every method on every metric, whole image and inside M: difference, interval, test, effect.

    `p_corrected`: Holm's correction over all rows of the table.
    """
    columns = [
        "metric",
        "method",
        "region",
        "value",
        "n",
        "published",
        "low",
        "high",
        "p_value",
        "p_corrected",
        "effect",
    ]
    if PROPOSED not in measured or len(measured) < 2:
        return pd.DataFrame(columns=columns)
    rows = []
    for method, table in measured.items():
        if method == PROPOSED:
            continue
        for metric in METRICS:
            for region in ("all", "inside") if metric.regional else ("all",):
                column = metric.name if region == "all" else f"{metric.name}_{region}"
                found = compare(measured[PROPOSED], table, column, profile.evaluation)
                rows.append(
                    {
                        "metric": metric.name,
                        "method": method,
                        "region": region,
                        "value": found.difference,
                        "n": found.pairs,
                        "published": None,
                        "low": found.low,
                        "high": found.high,
                        "p_value": found.p_value,
                        "effect": found.effect,
                    }
                )
    for row in rows:
        if row["region"] == "all":
            row["published"] = published_difference(row["metric"], row["method"])
    data = pd.DataFrame(rows)
    data["p_corrected"] = holm(data["p_value"].to_numpy())
    return data[columns]


def paired_cells(rows: pd.DataFrame, unit: str = "pairs") -> pd.DataFrame:
    """Printed comparisons, one row each: metric, region, value, published, low, high, p_value, p_corrected, effect, n.

    `unit` is what n counts and what was resampled.
    """
    by_name = {metric.name: metric for metric in METRICS}
    places = 4
    cells = [
        {
            "metric": metric_label(by_name[row.metric]) + ("" if row.region == "all" else " inside M"),
            "difference (paper)": beside(row.value, row.published, places),
            "interval": f"{number(row.low, places)} to {number(row.high, places)}",
            "p": NOTHING if pd.isna(row.p_value) else f"{row.p_value:.2g}",
            "p, corrected": NOTHING if pd.isna(row.p_corrected) else f"{row.p_corrected:.2g}",
            "effect": number(row.effect, 2),
            unit: str(row.n),
        }
        for row in rows.itertuples()
    ]
    headers = ["metric", "difference (paper)", "interval", "p", "p, corrected", "effect", unit]
    return pd.DataFrame(cells, columns=headers)


def published_difference(metric: str, method: str) -> float | None:
    """The paper's C2E-S2SER minus another method on a metric, overall; None where it did not publish one."""
    published = read_published("table5_table6_recovery_sppe")
    theirs = published[published["group"] == OVERALL].set_index(["metric", "method"])["value"]
    return theirs[metric, PROPOSED] - theirs[metric, method] if (metric, method) in theirs else None


def paired_table(profile: Profile, measured: dict[str, pd.DataFrame]) -> Document:
    """Paired differences of C2E-S2SER to every method, with Wilcoxon tests and effect sizes."""
    data = paired_data(profile, measured)
    notes = [
        (
            f"{PROPOSED} minus the other method, paired by instance and tested by pair; positive means {PROPOSED} is "
            f"better (profile `{profile.name}`, {data_name(profile)}). p: two-sided Wilcoxon signed-rank test; corrected: "
            f"Holm, over the {len(data)} rows of this page. Effect: rank-biserial correlation, 1 if {PROPOSED} is better "
            f"on every pair."
        )
    ]
    others = [method for method in measured if method in set(data["method"])]
    sections = [Section(f"{PROPOSED} minus {name}", paired_cells(data[data["method"] == name])) for name in others]
    sections = sections or [Section("", paired_cells(data))]
    return Document("table_recovery_paired", f"{PROPOSED} against every method, paired", notes, sections, data)


def recovery_documents(profile: Profile) -> list[Document]:
    """Tables 5 and 6, inside/outside M, by tag, and the paired comparison."""
    measured = read_metrics(profile)
    data = recovery_by_group(profile)
    return [
        recovery_table(profile, data, measured),
        inside_outside_table(profile, measured),
        tag_table(profile, measured),
        paired_table(profile, measured),
    ]
