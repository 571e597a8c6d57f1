"""What protection costs (paper, Figure 6), and whether fresh pairs refute claim 3, both on the sweep set.

Editability, recovery and leakage against the protection strength are means over sources; one surrogate a source and
strength enters, so that all strengths see the same sources. Claim 3 survives fresh source-surrogate pairs only if
C2E-S2SER is ahead of SOER on all eight metrics.
"""

from dataclasses import dataclass

import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.evaluation.frame import BASELINE, PROPOSED, PROPOSED_ASSESSOR, measured_in, methods_of, read_frame, select
from sppe_lib.evaluation.metrics import METRIC_NAMES
from sppe_lib.evaluation.recovery_tables import paired_cells, published_difference
from sppe_lib.evaluation.rendering import NOT_RUN, Document, Section, document, number, spanned
from sppe_lib.evaluation.statistics import compare, holm, summarise

METHODS = (PROPOSED, BASELINE, "copy-surrogate")
"""Recovery methods with a curve; the last is what comes back from the cloud, unrecovered."""

ALL = "all"  # every surrogate of the set, whatever its strength


@dataclass(frozen=True)
class Panel:
    """One panel of curves: its name and title, what it is made from, and its lines (name -> rows of the frame)."""

    name: str
    file: str
    title: str
    lines: dict[str, dict[str, str]]
    decimals: int = 3


def _recovered(metric: str, region: str) -> dict[str, dict[str, str]]:
    return {name: {"method": name, "metric": metric, "region": region} for name in METHODS}


PANELS = (
    Panel("editability", "scores", "Editability (cosine) ↑",
          {"label": {"metric": "label"}, PROPOSED_ASSESSOR: {"method": PROPOSED_ASSESSOR, "metric": "score"}}),
    Panel("psnr_gt_inside", "metrics", "Recovery: PSNR (GT) inside M [dB] ↑", _recovered("psnr_gt", "inside"), 2),
    Panel("dir_i", "metrics", "Recovery: DirI ↑", _recovered("dir_i", "all")),
    Panel("leakage_psnr", "leakage", "Leakage: PSNR of S and I inside M [dB] ↓", {"S": {"metric": "psnr"}}, 2),
    Panel("leakage_similarity", "leakage", "Leakage: likeness of S and I inside M ↓",
          {"CLIP-Sim": {"metric": "clip_sim"}, "SSIM": {"metric": "ssim"}}),
    Panel("leakage_identified", "leakage", "Leakage: S re-identified (rate) ↓", {"S": {"metric": "reidentified"}}),
)  # fmt: skip


def strength_data(profile: Profile) -> pd.DataFrame:
    """panel, line, strength, value, n, low, high, undefined of every curve; no rows where nothing was measured."""
    frame = select(read_frame(profile), run="sweep", candidate=0)
    frame, parts = frame.sort_values("strength", kind="stable"), []
    for panel in PANELS:
        for line, rows in panel.lines.items():
            found = summarise(select(frame, **rows), ["strength"], profile.evaluation)
            parts.append(found.assign(panel=panel.name, line=line))
    # A curve that was not measured has no rows, whose columns are of no type.
    numbers = dict.fromkeys(("strength", "value", "low", "high"), float) | {"n": int, "undefined": int}
    return pd.concat(parts, ignore_index=True).astype(numbers)


def chance(data: pd.DataFrame) -> float:
    """The rate at which guessing re-identifies: one in the number of sources."""
    return 1 / data.loc[data["panel"] == "leakage_identified", "n"].max()


def _strength_section(panel: Panel, rows: pd.DataFrame) -> Section:
    if rows.empty:
        return Section(panel.title, pd.DataFrame({"": []}), [f"{panel.file}: {NOT_RUN}."])
    cells = {"": list(dict.fromkeys(rows["line"]))}
    for strength, part in rows.groupby("strength"):
        found = part.set_index("line").reindex(cells[""])
        numbers = found[["value", "low", "high"]].itertuples(index=False)
        cells[f"{strength:g}"] = [
            f"{number(value, panel.decimals)} ({spanned(*ends, panel.decimals)})" for value, *ends in numbers
        ]
    notes = [f"By chance: {number(chance(rows), panel.decimals)}."] if panel.name == "leakage_identified" else []
    missing = rows[rows["undefined"] > 0]
    if len(missing):
        counts = "; ".join(f"{row.line} at {row.strength:g}: {row.undefined}" for row in missing.itertuples())
        notes.append(f"Undefined, because an edit changed nothing, and left out: {counts}.")
    return Section(panel.title, pd.DataFrame(cells), notes)


def strength_table(profile: Profile) -> Document:
    """Figure 6 in numbers: every curve at every protection strength, with its interval."""
    data = strength_data(profile)
    sections = [_strength_section(panel, data[data["panel"] == panel.name]) for panel in PANELS]
    sources = int(data[["n", "undefined"]].sum(axis=1).max()) if len(data) else 0
    return document("table_strength", profile, sections, data, sources=sources)


def refutation_data(profile: Profile) -> pd.DataFrame:
    """C2E-S2SER minus SOER on the sweep set: each metric over all surrogates and at each strength.

    n counts sources. `p_corrected`: Holm, over all rows. `published`: on the paper's benchmark. No rows before both
    methods have run on the set.
    """
    rows = measured_in(profile, "sweep", region="all")
    if not {PROPOSED, BASELINE} <= set(methods_of(rows)):
        rows = rows.iloc[:0]
    overall = compare(rows, PROPOSED, BASELINE, ["metric"], profile.evaluation).assign(strength=ALL)
    overall["published"] = [published_difference(name, BASELINE) for name in overall["metric"]]
    at_each = compare(rows, PROPOSED, BASELINE, ["strength", "metric"], profile.evaluation)
    data = pd.concat([overall, at_each.sort_values("strength", kind="stable")], ignore_index=True)
    return data.assign(region="all", p_corrected=holm(data["p_value"].to_numpy(float)))


def refutation_table(profile: Profile) -> Document:
    """The refutation test in numbers: per metric the difference, its interval, test and effect, also by strength."""
    data = refutation_data(profile)
    sections = []
    for strength, rows in data.groupby("strength", sort=False):
        heading = "All strengths" if strength == ALL else f"Strength {strength:g}"
        note = f"Ahead on {int((rows['value'] > 0).sum())} of {len(rows)} metrics."
        sections.append(Section(heading, paired_cells(rows, "sources"), [note]))
    empty = Section("", paired_cells(data, "sources"), [f"Recovery on the sweep set: {NOT_RUN}."])
    return document("table_refutation", profile, sections or [empty], data, metrics=len(METRIC_NAMES), rows=len(data))
