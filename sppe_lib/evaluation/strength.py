"""The strength sweep (paper, Figure 6): protection bought with strength, and what it costs.

Editability, recovery and leakage against the protection strength, each a mean over sources with its bootstrap
interval over sources. One surrogate a source and strength enters, so that all strengths see the same sources.
"""

import textwrap
from dataclasses import dataclass

import matplotlib
import numpy as np
import pandas as pd
import seaborn
from datasets import Dataset
from matplotlib.figure import Figure

from sppe_lib.config import Profile
from sppe_lib.data.schema import image_tensor, open_evaluated, to_uint8
from sppe_lib.editability.sweep import SWEEP, sweep_is_built
from sppe_lib.evaluation.drawing import STYLE, absent
from sppe_lib.evaluation.grids import RULE, Row, choose_rows
from sppe_lib.evaluation.recovery_tables import NOT_RUN
from sppe_lib.evaluation.rendering import Document, Section, number
from sppe_lib.evaluation.results import BASELINE, PROPOSED, PROPOSED_ASSESSOR, data_name
from sppe_lib.evaluation.statistics import summarise
from sppe_lib.evaluation.sweep_results import (
    benchmark_candidates,
    by_source,
    first_candidates,
    sweep_leakage,
    sweep_metrics,
    sweep_scores,
)

METHODS = (PROPOSED, BASELINE, "copy-surrogate")
"""Recovery methods with a curve; the last is what comes back from the cloud, unrecovered."""

FIGURE6_CHOICES = (("group", "Face", "ADD/REMOVE"), ("group", "Financial", "EDIT"))
"""The sources shown: a face and a document of money, see `grids.choose_rows`."""


@dataclass(frozen=True)
class Panel:
    """One panel of curves: the file it reads, its title, and its lines (name -> column; None: one a method)."""

    name: str
    file: str
    title: str
    lines: dict[str, str] | None
    decimals: int = 3


PANELS = (
    Panel("editability", "scores", "Editability (cosine) ↑", {"label": "label", PROPOSED_ASSESSOR: PROPOSED_ASSESSOR}),
    Panel("psnr_gt_inside", "metrics", "Recovery: PSNR (GT) inside M [dB] ↑", None, 2),
    Panel("dir_i", "metrics", "Recovery: DirI ↑", None),
    Panel("leakage_psnr", "leakage", "Leakage: PSNR of S and I inside M [dB] ↓", {"S": "psnr_inside"}, 2),
    Panel("leakage_similarity", "leakage", "Leakage: likeness of S and I inside M ↓",
          {"CLIP-Sim": "clip_sim_inside", "SSIM": "ssim_inside"}),
    Panel("leakage_identified", "leakage", "Leakage: S re-identified (rate) ↓", {"S": "reidentified"}),
)  # fmt: skip


def _lines(profile: Profile) -> list[tuple[Panel, str, pd.DataFrame, str]]:
    """Panel, name, table and column of every curve that has been measured."""
    files = {"scores": sweep_scores(profile), "leakage": sweep_leakage(profile)}
    metrics = sweep_metrics(profile)
    lines = []
    for panel in PANELS:
        if panel.lines is None:
            lines += [(panel, name, metrics[name], panel.name) for name in METHODS if name in metrics]
        elif len(files[panel.file]):
            lines += [(panel, name, files[panel.file], column) for name, column in panel.lines.items()]
    return lines


def strength_data(profile: Profile) -> pd.DataFrame:
    """panel, line, strength, value, n, low, high, undefined of every curve; no rows where nothing was measured."""
    rows = []
    for panel, line, table, column in _lines(profile):
        for strength, part in first_candidates(table).groupby("strength"):
            found = summarise(part[column].to_numpy(), part["pair_id"].to_numpy(), profile.evaluation)
            rows.append(
                {
                    "panel": panel.name,
                    "line": line,
                    "strength": strength,
                    "value": found.mean,
                    "n": found.n,
                    "low": found.low,
                    "high": found.high,
                    "undefined": found.undefined,
                }
            )
    return pd.DataFrame(rows, columns=["panel", "line", "strength", "value", "n", "low", "high", "undefined"])


def _with_interval(value: float, low: float, high: float, decimals: int) -> str:
    return f"{number(value, decimals)} ({number(low, decimals)} to {number(high, decimals)})"


def _cells(panel: Panel, rows: pd.DataFrame) -> pd.DataFrame:
    cells = {"": list(dict.fromkeys(rows["line"]))}
    for strength, part in rows.groupby("strength"):
        found = part.set_index("line").loc[cells[""]]
        cells[f"{strength:g}"] = [
            _with_interval(row.value, row.low, row.high, panel.decimals) for row in found.itertuples()
        ]
    return pd.DataFrame(cells)


def _chance(data: pd.DataFrame) -> float:
    """The rate at which guessing re-identifies: one in the number of sources."""
    return 1 / data.loc[data["panel"] == "leakage_identified", "n"].max()


def strength_table(profile: Profile) -> Document:
    """Figure 6 in numbers: every curve at every protection strength, with its interval."""
    data = strength_data(profile)
    sections = []
    for panel in PANELS:
        rows = data[data["panel"] == panel.name]
        if rows.empty:
            sections.append(Section(panel.title, pd.DataFrame({"": []}), [f"{panel.file}: {NOT_RUN}."]))
            continue
        notes = [f"By chance: {number(_chance(data), panel.decimals)}."] if panel.name == "leakage_identified" else []
        if rows["undefined"].any():
            missing = rows[rows["undefined"] > 0].itertuples()
            counts = "; ".join(f"{row.line} at {row.strength:g}: {row.undefined}" for row in missing)
            notes.append(f"Undefined, because an edit changed nothing, and left out: {counts}.")
        sections.append(Section(panel.title, _cells(panel, rows), notes))
    sources = int(data[["n", "undefined"]].sum(axis=1).max()) if len(data) else 0
    notes = [
        (
            f"Profile `{profile.name}`, {data_name(profile)}, {sources} fresh sources with one surrogate at each "
            f"protection strength. Mean over sources, in brackets its {100 * profile.evaluation.confidence:.0f} % "
            f"interval, bootstrap over sources. The paper shows Figure 6 without publishing its numbers."
        ),
        (
            "Leakage compares the uploaded S with the private I inside M; re-identified: S is nearer to its own source "
            "than to every other one by CLIP features inside M. `copy-surrogate` is what the cloud returns. "
            "M covers what is private in I or in that S, so the region can differ a little from surrogate to surrogate."
        ),
    ]
    return Document("table_strength", "Figure 6 in numbers. The strength sweep", notes, sections, data)


def shown_sources(profile: Profile, dataset: Dataset) -> list[Row]:
    """The sources of the figure by the rule of `choose_rows`, judged at the benchmark's strength.

    `index` of a row is that surrogate's row in the set.
    """
    table = by_source(pd.DataFrame({"pair_id": dataset["pair_id"][:]}))
    candidates = list(first_candidates(benchmark_candidates(profile, table)).index)
    chosen = choose_rows(dataset.select(candidates), FIGURE6_CHOICES)
    return [Row(candidates[row.index], row.instruction, row.caption) for row in chosen]


def _show(axis, image, title: str) -> None:
    axis.imshow(to_uint8(image_tensor(image)[None])[0], interpolation="nearest")
    axis.set_title(title, fontsize=8, pad=2)
    axis.set(xticks=[], yticks=[])


def _draw_sources(figure, dataset: Dataset, rows: list[Row]) -> None:
    """For each source I and its surrogates along the strengths; beneath, the edit of each."""
    table = by_source(pd.DataFrame({"pair_id": dataset["pair_id"][:]}))
    for part, row in zip(np.ravel(figure.subfigures(len(rows), 1)), rows):
        own = first_candidates(table[table["pair_id"] == table["pair_id"][row.index]]).sort_values("strength")
        upper, lower = part.subplots(2, 1 + len(own))
        source = dataset[row.index]
        _show(upper[0], source["source"], "I")
        _show(lower[0], source["edited_source"], "I'")
        for column, (index, strength) in enumerate(own["strength"].items(), start=1):
            surrogate = dataset[index]
            _show(upper[column], surrogate["surrogate"], f"S, strength {strength:g}")
            _show(lower[column], surrogate["edited_surrogate"], "S'")
        part.suptitle(f"“{row.instruction}” ({row.caption})", fontsize=9)


def _draw_panel(axis, panel: Panel, rows: pd.DataFrame, colours: dict[str, str]) -> None:
    for line, part in rows.groupby("line", sort=False):
        axis.plot(part["strength"], part["value"], marker="o", markersize=4, color=colours[line], label=line)
        axis.fill_between(part["strength"], part["low"], part["high"], color=colours[line], alpha=0.18, linewidth=0)
    if panel.name == "leakage_identified":
        axis.axhline(_chance(rows), color="#777777", linestyle="--", linewidth=1, label="by chance")
    axis.set_title(panel.title, fontsize=8.5)
    axis.set_xticks(sorted(rows["strength"].unique()))
    axis.grid(color="#e6e6e6")
    axis.legend(fontsize=7.5, frameon=False)


def draw_strength(profile: Profile) -> Figure:
    """Figure 6: above, sources with their surrogates along the strengths; below, the curves with their intervals."""
    data = strength_data(profile)
    names = list(dict.fromkeys([*METHODS, *data["line"]]))
    colours = dict(zip(names, seaborn.color_palette("colorblind", len(names))))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 11.2), layout="constrained")
        above, below = figure.subfigures(2, 1, height_ratios=(6, 4.6))
        rows = []
        if sweep_is_built(profile):
            dataset = open_evaluated(profile, SWEEP)
            rows = shown_sources(profile, dataset)
        if rows:
            _draw_sources(above, dataset, rows)
            rule = RULE.format(what="group") + f" Judged at strength {profile.benchmark.strength:g}."
            above.supxlabel(textwrap.fill(rule, 150), fontsize=6, color="#444444")
        else:
            absent(above.subplots(), f"sweep set: {NOT_RUN}")
        for axis, panel in zip(below.subplots(2, 3).flat, PANELS):
            part = data[data["panel"] == panel.name]
            if part.empty:
                absent(axis, f"{panel.title}\n{panel.file}: {NOT_RUN}")
            else:
                _draw_panel(axis, panel, part, colours)
        below.supxlabel(
            f"protection strength (bands: {profile.evaluation.confidence:.0%} intervals over sources)", fontsize=9
        )
        figure.suptitle(f"Figure 6. The strength sweep. This run: {data_name(profile)}", fontsize=11)
    return figure
