"""Figures 5, 10 and 11 of a run, the paper beside it, and `write_figures`, which writes all of them.

A figure is a pure function of result files and the published CSVs. Image grids are in grids.py. Every
figure is a PNG (150 dpi) and a PDF without dates, so the same results give the same bytes.
"""

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import seaborn
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from sppe_lib.config import Profile
from sppe_lib.data.taxonomy import GROUPS, categories
from sppe_lib.editability.scores import OVERALL
from sppe_lib.evaluation.ablation_tables import draw_ablation
from sppe_lib.evaluation.drawing import STYLE, absent, settle
from sppe_lib.evaluation.gate import draw_gate
from sppe_lib.evaluation.grids import figure12, overview
from sppe_lib.evaluation.metrics import metric
from sppe_lib.evaluation.recovery_tables import overall_means
from sppe_lib.evaluation.results import TRIVIAL_METHODS, data_name, read_correlations, read_instances, read_metrics
from sppe_lib.evaluation.statistics import correlate
from sppe_lib.evaluation.tables import published_correlations
from sppe_lib.runtime import atomic_path

DOTS_PER_INCH = 150

LARGEST_PNG = 390_000
"""Bytes: results are committed, so pictures stay small."""

MODALITY_COLOURS = {"Visual": "#4c78a8", "Textual": "#f2a13c", "Multimodal": "#54a24b"}

SCATTER_METRICS = ("ssim", "psnr", "clip_sim")
"""Figure 11: each against the source and against the reference."""


def _picture(figure: Figure) -> Image.Image:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write `<name>.png` and `<name>.pdf` atomically; no dates and a settled layout, so equal figures are equal files.

    A PNG larger than `LARGEST_PNG` is reduced to 256 colours.
    """
    figure.set_dpi(DOTS_PER_INCH)  # texts take room as they will have it in the PNG
    settle(figure)
    png, pdf = (Path(folder) / f"{name}.{suffix}" for suffix in ("png", "pdf"))
    with atomic_path(png) as temporary:
        picture = _picture(figure)
        picture.save(temporary, format="PNG", optimize=True)
        if temporary.stat().st_size > LARGEST_PNG:
            picture.quantize(256, dither=Image.Dither.NONE).save(temporary, format="PNG", optimize=True)
    with atomic_path(pdf) as temporary:
        figure.savefig(temporary, format="pdf", metadata={"CreationDate": None, "Producer": None, "Creator": None})
    return [png, pdf]


def _shades(colour: str, number: int) -> list[tuple[float, float, float]]:
    base = np.array(matplotlib.colors.to_rgb(colour))
    return [tuple(base + (1 - base) * share) for share in np.linspace(0.15, 0.6, max(number, 1))]


def _ring(axis, sizes, colours, labels, radius: float, width: float, size: float, smallest: float) -> None:
    """One ring of a sunburst; slices below `smallest` of the circle keep their colour but get no label."""
    total = sum(sizes)
    wedges, _ = axis.pie(
        sizes,
        radius=radius,
        colors=colours,
        startangle=90,
        counterclock=False,
        wedgeprops={"width": width, "edgecolor": "white", "linewidth": 0.6},
    )
    for wedge, value, label in zip(wedges, sizes, labels):
        if value < smallest * total:
            continue
        angle = (wedge.theta1 + wedge.theta2) / 2
        turn = angle - 180 if 90 < angle % 360 < 270 else angle
        distance = radius - width / 2
        axis.text(
            distance * np.cos(np.radians(angle)),
            distance * np.sin(np.radians(angle)),
            label,
            rotation=turn,
            ha="center",
            va="center",
            fontsize=size,
        )


def _sunburst(axis, pairs: dict[str, int], title: str) -> None:
    entries = [entry for entry in categories().values() if pairs.get(entry.name)]
    modalities = list(dict.fromkeys(entry.modality for entry in entries))
    groups = list(dict.fromkeys((entry.modality, entry.group) for entry in entries))
    inner = [sum(pairs[entry.name] for entry in entries if entry.modality == modality) for modality in modalities]
    _ring(axis, inner, [MODALITY_COLOURS[name] for name in modalities], modalities, 0.62, 0.42, 7.5, 0.02)
    middle, shades = [], []
    for modality in modalities:
        own = [group for of, group in groups if of == modality]
        for group, shade in zip(own, _shades(MODALITY_COLOURS[modality], len(own))):
            middle.append(sum(pairs[entry.name] for entry in entries if entry.group == group))
            shades.append(shade)
    _ring(axis, middle, shades, [group for _, group in groups], 0.97, 0.35, 6.5, 0.018)
    outer, names, colours = [], [], []
    for (_, group), shade in zip(groups, shades):
        own = [entry for entry in entries if entry.group == group]
        outer += [pairs[entry.name] for entry in own]
        names += [entry.name for entry in own]
        colours += _shades(matplotlib.colors.to_hex(shade), len(own))
    _ring(axis, outer, colours, names, 1.45, 0.48, 5.2, 0.012)
    axis.set(xlim=(-1.47, 1.47), ylim=(-1.47, 1.47))
    axis.set_title(title, fontsize=10)


def figure5(profile: Profile) -> Figure:
    """Figure 5: pairs by modality, group and category as nested rings; the paper's, and this run's."""
    instances = read_instances(profile)
    ours = instances.groupby("category")["pair_id"].nunique().to_dict()
    published = {entry.name: entry.published_pairs for entry in categories().values()}
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(11, 5.9), layout="constrained")
        left, right = figure.subplots(1, 2)
        _sunburst(left, published, f"Paper: SPPE, {sum(published.values()):,} pairs")
        _sunburst(right, ours, f"This run: {data_name(profile)}, {sum(ours.values()):,} pairs")
        figure.suptitle("Figure 5. Privacy categories (inner: modality, middle: group, outer: category)", fontsize=11)
    return figure


def _heat_map(axis, table: pd.DataFrame, metric_name: str, methods: list[str], groups: list[str], title: str) -> None:
    values = table[table["metric"] == metric_name].pivot(index="method", columns="group", values="value")
    values = values.reindex(index=methods, columns=groups).astype(float)
    axis.set_facecolor("#e8e8e8")  # shows where there is no value
    seaborn.heatmap(
        values,
        ax=axis,
        vmin=-0.2,
        vmax=0.8,
        cmap="RdYlBu_r",
        annot=True,
        fmt=".2f",
        annot_kws={"size": 6},
        linewidths=0.5,
        cbar=False,
    )
    axis.set(xlabel="", ylabel="")
    axis.set_title(title, fontsize=9)
    axis.tick_params(labelsize=7, length=0)
    axis.set_xticklabels(axis.get_xticklabels(), rotation=45, ha="right")
    axis.set_yticklabels(axis.get_yticklabels(), rotation=0)


def figure10(profile: Profile) -> Figure:
    """Figure 10: SRCC and PLCC by group and assessor; the paper's on the left, this run's on the right."""
    published, measured = published_correlations(), read_correlations(profile)
    groups = [*GROUPS, OVERALL]
    theirs = list(dict.fromkeys(published["method"]))
    ours = sorted(dict.fromkeys(measured["method"]), key=lambda name: (name not in theirs, name))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(12, 6.4), layout="constrained")
        for row, (metric_name, label) in zip(figure.subplots(2, 2), (("srcc", "SRCC"), ("plcc", "PLCC"))):
            _heat_map(row[0], published, metric_name, theirs, groups, f"{label}, paper (SPPE)")
            if ours:
                _heat_map(row[1], measured, metric_name, ours, groups, f"{label}, this run: {data_name(profile)}")
            else:
                absent(row[1], "editability: not run in this profile yet")
        figure.suptitle("Figure 10. Editability by group (grey: undefined or no instances)", fontsize=11)
    return figure


def _scatter(axis, data: pd.DataFrame, name: str, column: str, colours: dict, title: str) -> None:
    wide = (
        data.pivot(index="method", columns="metric", values=column)[[f"{name}_src", f"{name}_gt"]]
        .astype(float)
        .dropna()
    )
    for method, (source, reference) in wide.iterrows():
        marker = "s" if method in TRIVIAL_METHODS else "o"
        axis.scatter(
            source,
            reference,
            s=55,
            color=colours[method],
            marker=marker,
            edgecolor="black",
            linewidth=0.5,
            zorder=3,
            alpha=0.85,
            label=method,
        )
    unit = f" [{metric(f'{name}_gt').unit}]" if metric(f"{name}_gt").unit else ""
    axis.set(xlabel=f"{metric(f'{name}_src').label}{unit}", ylabel=f"{metric(f'{name}_gt').label}{unit}")
    axis.set_title(title, fontsize=9)
    axis.margins(0.22)
    axis.grid(color="#e3e3e3", zorder=0)


def figure11(profile: Profile) -> Figure:
    """Figure 11: source integrity against edit consistency per method; the paper above, this run below."""
    data = overall_means(profile)
    methods = list(dict.fromkeys(data["method"]))
    colours = dict(zip(methods, seaborn.color_palette("tab10", len(methods))))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(11, 6.6), layout="constrained")
        axes = figure.subplots(2, len(SCATTER_METRICS))
        for row, column, title in zip(
            axes, ("published", "value"), ("paper (SPPE)", f"this run: {data_name(profile)}")
        ):
            for axis, name in zip(row, SCATTER_METRICS):
                if data[column].notna().any():
                    _scatter(axis, data, name, column, colours, title)
                else:
                    absent(axis, "recovery: not run in this profile yet")
        known = {label: handle for axis in axes.flat for handle, label in zip(*axis.get_legend_handles_labels())}
        shown = [method for method in methods if method in known]
        figure.legend(
            [known[method] for method in shown],
            shown,
            loc="outside lower center",
            ncols=len(shown),
            fontsize=7.5,
            frameon=False,
            columnspacing=1.2,
            handletextpad=0.2,
        )
        figure.suptitle(
            "Figure 11. Faithful to the source (right) against faithful to the edit (up); squares: trivial baselines",
            fontsize=11,
        )
    return figure


def figure13(profile: Profile) -> Figure:
    """Figure 13: DirI against DirS of every instance, a panel per method, with Pearson's r and its interval."""
    measured = read_metrics(profile)
    columns = 4
    rows = max(1, -(-len(measured) // columns))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(11, 1.8 + 2.6 * rows), layout="constrained")
        axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for axis in axes.flat[len(measured) :]:
            axis.set_axis_off()
        if not measured:
            absent(axes[0, 0], "recovery: not run in this profile yet")
        for axis, (method, table) in zip(axes.flat, measured.items()):
            found = correlate(table, "dir_s", "dir_i", profile.evaluation)
            axis.scatter(table["dir_s"], table["dir_i"], s=5, alpha=0.35, linewidth=0, color="#4c78a8", rasterized=True)
            axis.set_title(
                f"{method}\nr = {found.value:.2f} ({found.low:.2f} to {found.high:.2f}), n = {found.n}", fontsize=8
            )
            axis.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05))
            axis.grid(color="#e3e3e3", zorder=0)
        figure.supxlabel("DirS: direction of the surrogate's edit", fontsize=9)
        figure.supylabel("DirI: direction of the reference edit", fontsize=9)
        figure.suptitle(f"Figure 13. Do the two directions agree? This run: {data_name(profile)}", fontsize=11)
    return figure


FIGURES = {
    "figure_overview": overview,
    "figure05_categories": figure5,
    "figure10_editability_by_group": figure10,
    "figure11_source_reference": figure11,
    "figure12_qualitative": figure12,
    "figure13_directions": figure13,
    "figure_gate": draw_gate,
    "figure_ablation": draw_ablation,
}
"""File name -> function of a profile. The overview is the README's picture; the numbers are the paper's."""


def write_figures(profile: Profile) -> dict[str, Figure]:
    """Write every figure to `figures/<profile>/` as PNG and PDF; returns them by name."""
    figures = {name: draw(profile) for name, draw in FIGURES.items()}
    for name, figure in figures.items():
        save(figure, profile.figures, name)
    return figures
