"""Tables 1, 2 and 4 of a run, the paper beside it, and `write_tables`, which writes all of them.

A table is a pure function of result files and the published CSVs; see rendering.py for the formats and
recovery_tables.py for Tables 5 and 6, generalisation_tables.py for Table 7, ablation_tables.py for Table 8.
"""

from pathlib import Path

import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.data.schema import SPLITS
from sppe_lib.data.taxonomy import GROUPS, categories
from sppe_lib.editability.scores import OVERALL
from sppe_lib.evaluation.ablation_tables import ablation_table
from sppe_lib.evaluation.gate import gate_table
from sppe_lib.evaluation.generalisation_tables import generalisation_table
from sppe_lib.evaluation.recovery_tables import recovery_documents
from sppe_lib.evaluation.rendering import NOTHING, Document, Section, beside, best, number, write
from sppe_lib.evaluation.results import (
    PROPOSED_ASSESSOR,
    data_name,
    read_assessors,
    read_correlations,
    read_instances,
    resampled_assessors,
)
from sppe_lib.evaluation.seed_tables import seed_table
from sppe_lib.evaluation.statistics import interval
from sppe_lib.evaluation.verdicts import verdict_table
from sppe_lib.published import read_published

CORRELATIONS = {"srcc": "SRCC", "plcc": "PLCC"}


def _where(profile: Profile) -> str:
    simulated = profile.benchmark.source == "vector-world"
    kind = ", whose images, surrogates and edits are all simulated" if simulated else ""
    return f"profile `{profile.name}`, on {data_name(profile)}{kind}"


def datasets_table(profile: Profile) -> Document:
    """Table 1: data sets for privacy in images, the published rows and one for this run's set."""
    published = read_published("table1_datasets").astype({"scale": "Int64"})
    instances = read_instances(profile)
    row = published[published["dataset"] == "SPPE"].iloc[0].to_dict()
    instructions = instances["instruction_code"].nunique()
    row |= {
        "dataset": "SPPE (this run)" if data_name(profile) == "SPPE" else data_name(profile),
        "annotation": "label, segmentation",
        "utility": f"yes ({instructions} prompts)",
        "scale": len(instances),
    }
    data = pd.concat(
        [
            published.assign(n=pd.NA, published=published["scale"]),
            pd.DataFrame([row | {"n": len(instances), "published": pd.NA}]),
        ],
        ignore_index=True,
    )
    cells = data.drop(columns=["n", "published"]).astype(object).fillna(NOTHING).map(str)
    cells.iloc[-1] = [f"**{text}**" for text in cells.iloc[-1]]
    by_split = ", ".join(f"{(instances['split'] == split).sum():,} {split}" for split in SPLITS)
    notes = [
        (
            f"The last row is this run ({_where(profile)}); its scale counts instances ({by_split}). "
            f"All other rows are the paper's."
        )
    ]
    return Document("table1_datasets", "Table 1. Data sets for image privacy", notes, [Section("", cells)], data)


def taxonomy_table(profile: Profile) -> Document:
    """Table 2: source-surrogate pairs and instances of each category in this run, beside the published pairs."""
    instances = read_instances(profile)
    pairs = instances.groupby("category")["pair_id"].nunique()
    data = pd.DataFrame(
        [
            {
                "modality": entry.modality,
                "group": entry.group,
                "category": entry.name,
                "source_surrogate_pairs": int(pairs.get(entry.name, 0)),
                "n": int((instances["category"] == entry.name).sum()),
                "published": entry.published_pairs,
            }
            for entry in categories().values()
        ]
    )
    cells = data.rename(
        columns={"source_surrogate_pairs": "pairs, this run", "n": "instances, this run", "published": "pairs, paper"}
    )
    total = {"modality": "**Total**", "group": "", "category": ""}
    total |= {name: f"**{cells[name].sum():,}**" for name in cells.columns[3:]}
    cells = pd.concat(
        [cells.map(lambda value: f"{value:,}" if isinstance(value, int) else value), pd.DataFrame([total])],
        ignore_index=True,
    )
    notes = [
        (
            f"This run is {_where(profile)}. Two instructions are applied to each pair, so instances are twice the "
            f"pairs; the paper's {int(data['published'].sum()):,} pairs give its "
            f"{2 * int(data['published'].sum()):,} instances."
        )
    ]
    return Document("table2_taxonomy", "Table 2. Pairs by privacy category", notes, [Section("", cells)], data)


def _assessors(profile: Profile, correlations: pd.DataFrame) -> dict[str, str]:
    """Every assessor and why it has no number here ("" if it has one): the paper's, then this run's."""
    described = {entry["name"]: entry for entry in read_assessors(profile)}
    names = [*read_published("table4_editability")["method"], *described, *correlations["method"]]
    measured = set(correlations["method"])
    reasons = {}
    for name in sorted(dict.fromkeys(names), key=lambda name: name == PROPOSED_ASSESSOR):
        entry = described.get(name, {})
        if name in measured:
            reasons[name] = ""
        elif entry.get("available", True) is False:
            reasons[name] = entry.get("reason") or "weights not available"
        else:
            reasons[name] = "not run in this profile yet"
    return reasons


def _lookup(table: pd.DataFrame, column: str = "value") -> dict[tuple[str, str, str], float]:
    return {(row.metric, row.method, row.group): getattr(row, column) for row in table.itertuples()}


def published_correlations() -> pd.DataFrame:
    """Figure 10's values by group and, as group Overall, Table 4's: metric, method, group, value."""
    overall = read_published("table4_editability").melt("method", var_name="metric").assign(group=OVERALL)
    return pd.concat(
        [read_published("figure10_editability_by_group"), overall[["metric", "method", "group", "value"]]],
        ignore_index=True,
    )


def _cells_by_group(metric: str, ours: dict, published: dict, methods: list[str], groups: list[str]) -> pd.DataFrame:
    rows = []
    for method in methods:
        row = {"method": method}
        for group in groups:
            bold = tuple(
                method in best({name: values.get((metric, name, group)) for name in methods})
                for values in (ours, published)
            )
            key = (metric, method, group)
            row[group] = beside(ours.get(key), published.get(key), 3, bold)
        rows.append(row)
    return pd.DataFrame(rows)


def editability_tables(profile: Profile) -> list[Document]:
    """Table 4 (SRCC and PLCC of every assessor) and the same by group (Figure 10's numbers).

    Correlations are those of result files, already signed so that higher is better.
    """
    measured = read_correlations(profile)
    reasons = _assessors(profile, measured)
    methods = list(reasons)
    ours, counts = _lookup(measured), _lookup(measured, "n")
    published = _lookup(published_correlations())
    bounds = {key: interval(samples, profile.evaluation) for key, samples in resampled_assessors(profile).items()}
    rows, printed = [], []
    for method in methods:
        values = {metric: ours.get((metric, method, OVERALL)) for metric in CORRELATIONS}
        theirs = {metric: published.get((metric, method, OVERALL)) for metric in CORRELATIONS}
        n = counts.get(("srcc", method, OVERALL))
        row = {"method": method} | values | {"n": n}
        row["published"] = " ".join(f"{metric}={value}" for metric, value in theirs.items() if value is not None)
        cells = {"method": method}
        for metric, label in CORRELATIONS.items():
            low, high = bounds.get((metric, method), (None, None))
            row |= {f"{metric}_published": theirs[metric], f"{metric}_low": low, f"{metric}_high": high}
            bold = tuple(
                method in best({name: found.get((metric, name, OVERALL)) for name in methods})
                for found in (ours, published)
            )
            cells[f"{label} ↑"] = beside(values[metric], theirs[metric], 4, bold)
            cells[f"{label} interval"] = NOTHING if low is None else f"{number(low, 3)} to {number(high, 3)}"
        cells |= {"n": NOTHING if n is None else str(int(n)), "note": reasons[method]}
        rows.append(row)
        printed.append(cells)
    notes = [
        (
            f"How well each assessor predicts, from I, S (and for {PROPOSED_ASSESSOR} the instruction), whether the edit "
            f"of S goes the way of the edit of I. First number: this run ({_where(profile)}). In brackets: the paper's, on "
            f"real images, so read the order of the rows, not the difference between the two numbers. Bold: best of each."
        ),
        (
            f"Signs are turned so that higher is better for every row. Intervals: "
            f"{100 * profile.evaluation.confidence:.0f} %, bootstrap over pairs. Rows without brackets are baselines "
            f"this kit adds; they have no published value."
        ),
    ]
    table = Document(
        "table4_editability",
        "Table 4. Editability assessment",
        notes,
        [Section("", pd.DataFrame(printed))],
        pd.DataFrame(rows),
    )
    groups = [*GROUPS, OVERALL]
    long = [
        {
            "metric": metric,
            "method": method,
            "group": group,
            "value": ours.get((metric, method, group)),
            "n": counts.get((metric, method, group)),
            "published": published.get((metric, method, group)),
        }
        for metric in CORRELATIONS
        for method in methods
        for group in groups
    ]
    sections = [
        Section(f"{label} ↑", _cells_by_group(metric, ours, published, methods, groups))
        for metric, label in CORRELATIONS.items()
    ]
    sizes = ", ".join(
        f"{group} {int(counts['srcc', PROPOSED_ASSESSOR, group])}"
        for group in groups
        if ("srcc", PROPOSED_ASSESSOR, group) in counts
    )
    by_group = Document(
        "table4_editability_by_group",
        "Figure 10 in numbers. Editability by group",
        [notes[0], f"Instances with a label in this run: {sizes or 'none yet'}."],
        sections,
        pd.DataFrame(long),
    )
    return [table, by_group]


def all_documents(profile: Profile) -> list[Document]:
    """Every table of a profile, in the order of the paper."""
    return [
        verdict_table(profile),
        datasets_table(profile),
        taxonomy_table(profile),
        *editability_tables(profile),
        *recovery_documents(profile),
        generalisation_table(profile),
        ablation_table(profile),
        seed_table(profile),
        gate_table(profile),
    ]


def write_tables(profile: Profile, documents: list[Document] | None = None) -> list[Path]:
    """Write every table to `figures/<profile>/tables/` as CSV, Markdown and LaTeX; returns the paths."""
    folder = profile.figures / "tables"
    return [path for document in documents or all_documents(profile) for path in write(document, folder)]
