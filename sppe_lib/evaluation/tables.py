"""Tables 1, 2 and 4, and `write_tables`, which writes every table of 05_tables."""

from pathlib import Path

import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.data.schema import SPLITS
from sppe_lib.data.taxonomy import GROUPS, categories
from sppe_lib.editability.scores import OVERALL
from sppe_lib.evaluation import frame
from sppe_lib.evaluation import recovery_tables as recovery
from sppe_lib.evaluation.ablation import ablation_table
from sppe_lib.evaluation.choosing import gate_table
from sppe_lib.evaluation.claims import gates_table, verdict_table
from sppe_lib.evaluation.recovery_tables import every
from sppe_lib.evaluation.rendering import NOT_RUN, NOTHING, Document, Section, document, spanned, table, write
from sppe_lib.evaluation.statistics import interval
from sppe_lib.published import read_published

CORRELATIONS = {"srcc": "SRCC", "plcc": "PLCC"}


def datasets_table(profile: Profile) -> Document:
    """Table 1: data sets for privacy in images, the published rows and one for this run's set."""
    published, instances = read_published("table1_datasets").astype({"scale": "Int64"}), frame.read_instances(profile)
    row, name = published[published["dataset"] == "SPPE"].iloc[0].to_dict(), frame.data_name(profile)
    row |= {"dataset": "SPPE (this run)" if name == "SPPE" else name, "annotation": "label, segmentation"}
    row |= {"utility": f"yes ({instances['instruction_code'].nunique()} prompts)"}
    row |= {"scale": len(instances), "n": len(instances)}
    data = pd.concat([published.assign(n=pd.NA, published=published["scale"]), pd.DataFrame([row])], ignore_index=True)
    cells = data.drop(columns=["n", "published"]).astype(object).fillna(NOTHING).map(str)
    cells.iloc[-1] = [f"**{cell}**" for cell in cells.iloc[-1]]
    by_split = ", ".join(f"{(instances['split'] == split).sum():,} {split}" for split in SPLITS)
    return document("table1_datasets", profile, [Section("", cells)], data, by_split=by_split)


def taxonomy_table(profile: Profile) -> Document:
    """Table 2: source-surrogate pairs and instances of each category in this run, beside the published pairs."""
    by_category = frame.read_instances(profile).groupby("category")["pair_id"]
    data = pd.DataFrame(
        [(entry.modality, entry.group, entry.name, entry.published_pairs) for entry in categories().values()],
        columns=["modality", "group", "category", "published"],
    )
    counts = {"source_surrogate_pairs": by_category.nunique(), "n": by_category.size()}
    for place, (name, found) in enumerate(counts.items(), start=3):
        data.insert(place, name, data["category"].map(found).fillna(0).astype(int))
    cells = data.map(lambda value: f"{value:,}" if isinstance(value, int) else value)
    cells.loc[len(cells)] = ["**Total**", "", "", *(f"**{data[name].sum():,}**" for name in data.columns[3:])]
    cells.columns = ["modality", "group", "category", "pairs, this run", "instances, this run", "pairs, paper"]
    pairs = int(data["published"].sum())
    return document("table2_taxonomy", profile, [Section("", cells)], data, pairs=pairs, instances=2 * pairs)


def _assessors(profile: Profile, measured: set[str]) -> dict[str, str]:
    """Every assessor and why it has no number here ("" if it has one): the paper's, then this run's, ERMA last."""
    described = {entry["name"]: entry for entry in frame.read_assessors(profile)}
    names = dict.fromkeys([*read_published("table4_editability")["method"], *described, *sorted(measured)])
    reasons = {}
    for name in sorted(names, key=lambda name: name == frame.PROPOSED_ASSESSOR):
        unavailable = described.get(name, {}).get("available", True) is False
        reason = described.get(name, {}).get("reason") or "weights not available"
        reasons[name] = "" if name in measured else reason if unavailable else NOT_RUN
    return reasons


def editability_tables(profile: Profile) -> list[Document]:
    """Table 4 (SRCC and PLCC of every assessor, higher is better) and the same by group (Figure 10's numbers)."""
    measured = frame.read_correlations(profile)
    reasons = _assessors(profile, set(measured["method"]))
    keys = {"metric": list(CORRELATIONS), "method": list(reasons), "group": [*GROUPS, OVERALL]}
    published = frame.published_correlations().rename(columns={"value": "published"})
    data = every(keys).merge(measured, "left", list(keys)).merge(published, "left", list(keys)).astype({"n": "Int64"})
    overall = data[data["group"] == OVERALL]
    bounds = pd.DataFrame(
        [(*key, *interval(values, profile.evaluation)) for key, values in frame.assessor_samples(profile)[0].items()],
        columns=["metric", "method", "low", "high"],
    )
    overall = overall.merge(bounds, "left", ["metric", "method"])
    parts = {name: overall[overall["metric"] == name].reset_index(drop=True) for name in CORRELATIONS}
    n, theirs = parts["srcc"]["n"], pd.DataFrame({name: part["published"] for name, part in parts.items()})
    words = [" ".join(f"{name}={one}" for name, one in row.dropna().items()) for _, row in theirs.iterrows()]
    wide = {"method": list(reasons)} | {name: part["value"] for name, part in parts.items()}
    wide |= {"n": n, "published": words}
    cells = {"method": list(reasons)}
    for name, part in parts.items():
        ends = part[["low", "high"]].itertuples(index=False)
        wide |= {f"{name}_{end}": part[end] for end in ("published", "low", "high")}
        cells[f"{CORRELATIONS[name]} ↑"] = list(table(part, "method", "metric", 4)[name])
        cells[f"{CORRELATIONS[name]} interval"] = [
            NOTHING if pd.isna(low) else spanned(low, high, 3) for low, high in ends
        ]
    cells |= {"n": n.astype("string").fillna(NOTHING), "note": list(reasons.values())}
    sections = [
        Section(f"{label} ↑", table(data[data["metric"] == name], "method", "group", 3))
        for name, label in CORRELATIONS.items()
    ]
    labelled = data[(data["metric"] == "srcc") & (data["method"] == frame.PROPOSED_ASSESSOR)].dropna(subset="n")
    sizes = ", ".join(f"{row.group} {row.n}" for row in labelled.itertuples()) or "none yet"
    return [
        document("table4_editability", profile, [Section("", pd.DataFrame(cells))], pd.DataFrame(wide)),
        document("table4_editability_by_group", profile, sections, data, sizes=sizes),
    ]


def all_documents(profile: Profile) -> list[Document]:
    """Every table of a profile, in the order of the paper."""
    before = [make(profile) for make in (verdict_table, gates_table, datasets_table, taxonomy_table)]
    recovered = (
        *(recovery.recovery_table, recovery.kept_outside_table, recovery.inside_outside_table, recovery.tag_table),
        *(recovery.averages_table, recovery.paired_table, recovery.unseen_table),
        *(ablation_table, recovery.seed_table, gate_table),
    )
    return [*before, *editability_tables(profile), *(make(profile) for make in recovered)]


def write_tables(profile: Profile, documents: list[Document] | None = None, folder: str = "tables") -> list[Path]:
    """Write tables (default: all of the paper's); returns paths. Raises DataError, first, before 05_tables has run."""
    frame.require_metrics(profile)
    return [path for one in documents or all_documents(profile) for path in write(one, profile.figures / folder)]
