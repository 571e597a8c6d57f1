"""Table 8: what the modules, the training length and each input of C2E-S2SER are worth, on the validation split.

Every row has a row that it is compared with, on the same instances: a module with the row before it, a
training length with the chosen one, an input that is taken away with nothing taken away.
"""

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from sppe_lib.config import Profile
from sppe_lib.evaluation.cells import NOT_RUN, metric_cells, metric_label, summary
from sppe_lib.evaluation.metrics import METRIC_NAMES, METRICS, metric
from sppe_lib.evaluation.rendering import NOTHING, Document, Section, beside, number
from sppe_lib.evaluation.results import PROPOSED, data_name, read_metrics
from sppe_lib.evaluation.statistics import compare
from sppe_lib.published import read_published
from sppe_lib.recovery.ablation_rows import BASE, CYCLE, FULL, INPUTS, ITERATIONS, LENGTHS, Ablation
from sppe_lib.recovery.method import VALIDATION

NAME = "table8_ablation"

RUN = VALIDATION[0]

CHOSEN_LENGTH = Ablation("iteration", "all of the steps", "6000")
"""The chosen training length; its model is that of all modules."""

UNTOUCHED, *TAKEN_AWAY = INPUTS

LENGTH_ROWS = tuple(sorted((*ITERATIONS, CHOSEN_LENGTH), key=lambda row: LENGTHS.get(row.label, 1.0)))

AGAINST = (
    {BASE: None, CYCLE: BASE, FULL: CYCLE}
    | {row: None if row is CHOSEN_LENGTH else CHOSEN_LENGTH for row in LENGTH_ROWS}
    | {UNTOUCHED: None}
    | {row: UNTOUCHED for row in TAKEN_AWAY}
)
"""Every row of the table, in its order, and the row it is compared with."""

HEADINGS = {"module": "Modules", "iteration": "Training length", "input": "Inputs"}

SHOWN = ("psnr_gt", "ssim_gt", "clip_sim_gt", "dir_i")
"""The metrics of the figure: agreement with the reference, and the direction of the edit."""

COLUMNS = [
    "group", "variant", "region", "metric", "value", "n", "published", "low", "high", "undefined",
    "against", "difference", "difference_published", "difference_low", "difference_high", "p_value", "effect", "pairs",
]  # fmt: skip


def measured_variants(profile: Profile) -> dict[Ablation, pd.DataFrame]:
    """The metrics of every row that was recovered on the validation split."""
    measured = read_metrics(profile, RUN)
    methods = {row: FULL.method if row is CHOSEN_LENGTH else row.method for row in AGAINST}
    return {row: measured[method] for row, method in methods.items() if method in measured}


def published_ablation() -> dict[tuple[str, str, str], float]:
    """The paper's Table 8: (group, variant, metric) -> value."""
    table = read_published("table8_ablation").melt(["group", "variant"], list(METRIC_NAMES), var_name="metric")
    return table.set_index(["group", "variant", "metric"])["value"].to_dict()


def ablation_data(profile: Profile) -> pd.DataFrame:
    """Every row by metric and region ("all" or "inside" M): its mean, and its paired difference to the row `against`.

    `value` to `undefined` describe the row's own mean; `difference` to `pairs` its comparison
    (statistics.Comparison). What was not run has only the paper's values.
    """
    measured, published = measured_variants(profile), published_ablation()
    rows = []
    for variant, against in AGAINST.items():
        for entry in METRICS:
            theirs = published.get((variant.group, variant.published, entry.name))
            for region in ("all", "inside") if entry.regional else ("all",):
                column = entry.name if region == "all" else f"{entry.name}_{region}"
                row = {"group": variant.group, "variant": variant.label, "region": region, "metric": entry.name}
                row["against"] = against.label if against else None
                if region == "all" and theirs is not None:
                    row["published"] = theirs
                    if against:
                        row["difference_published"] = theirs - published[against.group, against.published, entry.name]
                if variant in measured:
                    row |= summary(measured[variant], column, profile.evaluation)
                if variant in measured and against in measured:
                    found = compare(measured[variant], measured[against], column, profile.evaluation)
                    row |= {"difference": found.difference, "difference_low": found.low, "difference_high": found.high}
                    row |= {"p_value": found.p_value, "effect": found.effect, "pairs": found.pairs}
                rows.append(row)
    counts = {"n": "Int64", "undefined": "Int64", "pairs": "Int64"}
    return pd.DataFrame(rows, columns=COLUMNS).astype(counts | {"difference": float, "difference_published": float})


def _difference_cells(rows: pd.DataFrame) -> pd.DataFrame:
    """Variants by metrics: `difference (paper) [low to high] effect`; bold where the interval leaves out zero."""
    lines = []
    for (variant, against), own in rows.groupby(["variant", "against"], sort=False):
        line = {"variant": f"{variant}, minus {against}"}
        for row in own.itertuples():
            places = 2 if metric(row.metric).unit else 3
            certain = row.difference_low > 0 or row.difference_high < 0
            text = beside(row.difference, row.difference_published, places, (certain, False))
            if pd.notna(row.difference_low):
                text += f" [{number(row.difference_low, places)} to {number(row.difference_high, places)}]"
            if pd.notna(row.effect):
                text += f" r {number(row.effect, 2)}"
            line[metric_label(metric(row.metric))] = text
        lines.append(line)
    return pd.DataFrame(lines)


def _sections(profile: Profile, data: pd.DataFrame) -> list[Section]:
    sections = []
    how = (
        f"Paired by instance, tested by pair. Square brackets: {100 * profile.evaluation.confidence:.0f} % interval; "
        f"bold where it leaves out zero. r: rank-biserial correlation, 1 if the variant is better on every pair, -1 if "
        f"it is worse on every pair."
    )
    for group, heading in HEADINGS.items():
        own = data[(data["group"] == group) & (data["region"] == "all")]
        names = list(dict.fromkeys(own["variant"]))
        columns = [(metric_label(entry), entry, own[own["metric"] == entry.name]) for entry in METRICS]
        sections.append(Section(heading, metric_cells(columns, names, key="variant")))
        sections.append(Section(f"{heading}: differences", _difference_cells(own.dropna(subset="against")), [how]))
    inside = data[(data["group"] == "input") & (data["region"] == "inside")].dropna(subset="against")
    sections.append(Section("Inputs: differences inside M", _difference_cells(inside), [how]))
    return sections


def ablation_table(profile: Profile) -> Document:
    """Table 8, with paired differences, and what the finished model loses without each of its inputs."""
    data = ablation_data(profile)
    steps, warmup = profile.ablation.steps, profile.ablation.cycle_warmup_steps
    n = data["n"].max()
    notes = [
        (
            f"First number: this run, profile `{profile.name}`, validation split of {data_name(profile)} "
            f"({0 if pd.isna(n) else n} instances), so nothing here was chosen on the test split. In brackets: the "
            f"paper's number, on other and real images. Bold: best of each. {NOTHING}: {NOT_RUN}."
        ),
        (
            f"Modules and training lengths are trained anew: {steps} steps (the paper's {CHOSEN_LENGTH.published}) at "
            f"a constant learning rate, the cycle from step {warmup} on; {PROPOSED} of the other tables takes "
            f"{profile.recovery.training.steps} steps in this profile. The lengths are states of one run, so a longer one has "
            f"also had more of the cycle; the last row of the modules and `{CHOSEN_LENGTH.label}` are the same model."
        ),
        (
            f"Inputs are taken away from the finished {PROPOSED} when it recovers, without training it anew: it shows "
            f"what that model relies on, not what one trained without that input could reach. The paper has no such "
            f"rows."
        ),
    ]
    return Document(NAME, "Table 8. Ablation of C2E-S2SER", notes, _sections(profile, data), data)


def _draw_differences(axis, rows: pd.DataFrame, places: dict[tuple[str, str], float], inside: bool) -> None:
    style = (
        {"color": "#c44e52", "marker": "s", "label": "inside M"}
        if inside
        else {"color": "#4c78a8", "marker": "o", "label": "whole image"}
    )
    heights = [places[row.group, row.variant] + (0.18 if inside else -0.18) for row in rows.itertuples()]
    bounds = rows[["difference_low", "difference_high"]].to_numpy(dtype=float).T
    axis.hlines(heights, *bounds, color=style["color"], linewidth=1.4)
    axis.plot(rows["difference"], heights, linestyle="", markersize=4.5, **style)


def draw_ablation(profile: Profile) -> Figure:
    """Paired differences of every variant, over the whole image and inside M, with intervals; a panel per metric."""
    data = ablation_data(profile).dropna(subset="against")
    variants = data[["group", "variant", "against"]].drop_duplicates()
    groups = list(dict.fromkeys(variants["group"]))
    places = {
        (row.group, row.variant): index + 0.6 * groups.index(row.group)  # a gap between the groups
        for index, row in enumerate(variants.itertuples())
    }
    with matplotlib.rc_context({"font.family": "DejaVu Sans", "font.size": 8, "pdf.fonttype": 42}):
        figure = Figure(figsize=(12, 6), layout="constrained", facecolor="white")
        axes = figure.subplots(1, len(SHOWN), sharey=True)
        for axis, name in zip(axes, SHOWN):
            for region in ("all", "inside"):
                rows = data[(data["metric"] == name) & (data["region"] == region)].dropna(subset="difference")
                if len(rows):
                    _draw_differences(axis, rows, places, region == "inside")
            axis.axvline(0, color="#555555", linewidth=1, zorder=1)
            axis.set_title(metric_label(metric(name)), fontsize=9)
            axis.grid(axis="x", color="#e6e6e6", zorder=0)
            axis.spines[["top", "right"]].set_visible(False)
        labels = [f"{row.variant}\nminus {row.against}" for row in variants.itertuples()]
        axes[0].set_yticks(list(places.values()), labels, fontsize=7)
        axes[0].invert_yaxis()
        if data["difference"].notna().any():
            axes[0].legend(fontsize=7, frameon=False, loc="best")
        else:
            axes[0].text(0.5, 0.5, NOT_RUN, ha="center", transform=axes[0].transAxes)
        figure.suptitle(
            f"What each part of {PROPOSED} is worth: paired differences, {100 * profile.evaluation.confidence:.0f} % "
            f"intervals. This run: validation split of {data_name(profile)}",
            fontsize=10,
        )
    return figure
