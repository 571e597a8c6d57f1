"""The paper's figures from a run's results, the paper beside it, and how every figure is written.

Every figure is a PNG (150 dpi) and a PDF without dates, so the same results give the same bytes.
"""

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure
from matplotlib.transforms import Bbox
from PIL import Image

from sppe_lib.config import Profile
from sppe_lib.data.taxonomy import GROUPS, categories
from sppe_lib.editability.scores import OVERALL
from sppe_lib.errors import ConfigError, DataError
from sppe_lib.evaluation import frame
from sppe_lib.evaluation.further_figures import absent, figure6, figure_ablation, figure_chooser, figure_gate
from sppe_lib.evaluation.metrics import metric
from sppe_lib.evaluation.qualitative import figure12, overview
from sppe_lib.evaluation.rendering import NOT_RUN
from sppe_lib.evaluation.rules import metric_correlations
from sppe_lib.runtime import atomic_path

LARGEST_PNG = 390_000  # bytes: results are committed, so pictures stay small
PLACES = 6  # decimals of a position, as a share of the figure: a thousandth of a pixel
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "pdf.fonttype": 42,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "white",
}
"""For `matplotlib.rc_context`."""

MODALITY_COLOURS = {"Visual": "#4c78a8", "Textual": "#f2a13c", "Multimodal": "#54a24b"}

SCATTER_METRICS = ("ssim", "psnr", "clip_sim")  # Figure 11: each against the source and against the reference


def settle(figure: Figure) -> None:
    """Lay a figure out once, at rounded positions: the last bits of matplotlib's layout change from run to run."""
    if figure.get_layout_engine() is None:
        return
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    parts = figure.findobj(SubFigure)
    for part in parts:
        part.bbox_relative.set_points(np.round(part.bbox_relative.get_points(), PLACES))
    for axis in figure.findobj(Axes):
        axis.set_position(Bbox(np.round(axis.get_position(original=True).get_points(), PLACES)))
    for text in (text for part in (figure, *parts) for text in part.texts):
        text.set_position(np.round(text.get_position(), PLACES))


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write `<name>.png`, of 256 colours where it would exceed LARGEST_PNG, and `<name>.pdf`, both atomically."""
    figure.set_dpi(150)  # texts take room as they will have it in the PNG
    settle(figure)
    png, pdf = (Path(folder) / f"{name}.{suffix}" for suffix in ("png", "pdf"))
    with atomic_path(png) as temporary:
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
        picture.save(temporary, format="PNG", optimize=True)
        if temporary.stat().st_size > LARGEST_PNG:
            picture.quantize(256, dither=Image.Dither.NONE).save(temporary, format="PNG", optimize=True)
    with atomic_path(pdf) as temporary:
        figure.savefig(temporary, format="pdf", metadata={"CreationDate": None, "Producer": None, "Creator": None})
    return [png, pdf]


def _shades(colour: str, number: int) -> list[tuple[float, float, float]]:
    base = np.array(matplotlib.colors.to_rgb(colour))
    return [tuple(base + (1 - base) * share) for share in np.linspace(0.15, 0.6, max(number, 1))]


def _ring(axis, sizes: pd.Series, colours: list, radius: float, width: float, size: float, smallest: float) -> None:
    """One ring of a sunburst; slices below `smallest` of the circle keep their colour but get no label."""
    look = {"wedgeprops": {"width": width, "edgecolor": "white", "linewidth": 0.6}, "radius": radius, "startangle": 90}
    wedges, _ = axis.pie(sizes.to_list(), colors=colours, counterclock=False, **look)
    for wedge, (label, value) in zip(wedges, sizes.items()):
        if value >= smallest * sizes.sum():
            angle, distance = (wedge.theta1 + wedge.theta2) / 2, radius - width / 2
            turn = angle - 180 if 90 < angle % 360 < 270 else angle
            x, y = distance * np.cos(np.radians(angle)), distance * np.sin(np.radians(angle))
            axis.text(x, y, label, rotation=turn, ha="center", va="center", fontsize=size)


def _sunburst(axis, pairs: dict[str, int], title: str) -> None:
    # The categories stand in the order of their groups, and these in that of their modalities.
    rows = [(one.modality, one.group, pairs[one.name], one.name) for one in categories().values() if one.name in pairs]
    table = pd.DataFrame(rows, columns=["modality", "group", "pairs", "category"])
    inner, middle, outer = (table.groupby(by, sort=False)["pairs"].sum() for by in ("modality", "group", "category"))
    shades, colours = [], []
    for modality, own in table.groupby("modality", sort=False):
        numbers = own.groupby("group", sort=False).size()
        shades += _shades(MODALITY_COLOURS[modality], len(numbers))
        for shade, number in zip(shades[-len(numbers) :], numbers):
            colours += _shades(matplotlib.colors.to_hex(shade), number)
    _ring(axis, inner, [MODALITY_COLOURS[name] for name in inner.index], 0.62, 0.42, 7.5, 0.02)
    _ring(axis, middle, shades, 0.97, 0.35, 6.5, 0.018)
    _ring(axis, outer, colours, 1.45, 0.48, 5.2, 0.012)
    axis.set(xlim=(-1.47, 1.47), ylim=(-1.47, 1.47))
    axis.set_title(title, fontsize=10)


def figure5(profile: Profile) -> Figure:
    """Figure 5: pairs by modality, group and category as nested rings; the paper's, and this run's."""
    ours = frame.read_instances(profile).groupby("category")["pair_id"].nunique().to_dict()
    published = {entry.name: entry.published_pairs for entry in categories().values()}
    figure = Figure(figsize=(11, 5.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    _sunburst(left, published, f"Paper: SPPE, {sum(published.values()):,} pairs")
    _sunburst(right, ours, f"This run: {frame.data_name(profile)}, {sum(ours.values()):,} pairs")
    figure.suptitle("Figure 5. Privacy categories (inner: modality, middle: group, outer: category)", fontsize=11)
    return figure


def _heat_map(axis, table: pd.DataFrame, methods: list[str], title: str) -> None:
    values = table.pivot(index="method", columns="group", values="value")
    values = values.reindex(index=methods, columns=[*GROUPS, OVERALL]).astype(float)
    axis.set_facecolor("#e8e8e8")  # shows where there is no value
    look = {"cmap": "RdYlBu_r", "annot": True, "fmt": ".2f", "annot_kws": {"size": 6}, "linewidths": 0.5, "cbar": False}
    seaborn.heatmap(values, ax=axis, vmin=-0.2, vmax=0.8, **look)
    axis.set(xlabel="", ylabel="")
    axis.set_title(title, fontsize=9)
    axis.tick_params(labelsize=7, length=0)
    axis.set_xticklabels(axis.get_xticklabels(), rotation=45, ha="right")
    axis.set_yticklabels(axis.get_yticklabels(), rotation=0)


def figure10(profile: Profile) -> Figure:
    """Figure 10: SRCC and PLCC by group and assessor; the paper's on the left, this run's on the right."""
    published, measured = frame.published_correlations(), frame.read_correlations(profile)
    theirs = list(dict.fromkeys(published["method"]))
    ours = sorted(dict.fromkeys(measured["method"]), key=lambda name: (name not in theirs, name))
    figure = Figure(figsize=(12, 6.4), layout="constrained")
    for (left, right), name in zip(figure.subplots(2, 2), ("srcc", "plcc")):
        title = f"{name.upper()}, this run: {frame.data_name(profile)}"
        _heat_map(left, published[published["metric"] == name], theirs, f"{name.upper()}, paper (SPPE)")
        if ours:
            _heat_map(right, measured[measured["metric"] == name], ours, title)
        else:
            absent(right, f"editability: {NOT_RUN}")
    figure.suptitle("Figure 10. Editability by group (grey: undefined or no instances)", fontsize=11)
    return figure


def _scatter(axis, wide: pd.DataFrame, name: str, colours: dict, title: str) -> None:
    source, reference = metric(f"{name}_src"), metric(f"{name}_gt")
    for method, (x, y) in wide[[source.name, reference.name]].dropna().sort_index().iterrows():
        if method in frame.CEILINGS:
            axis.axhline(y, color=colours[method], linestyle="--", linewidth=1, label=method, zorder=1)
            continue
        marker = "s" if method in frame.FLOORS else "o"
        look = {"edgecolor": "black", "linewidth": 0.5, "zorder": 3, "alpha": 0.85}
        axis.scatter(x, y, s=55, color=colours[method], marker=marker, label=method, **look)
    unit = f" [{reference.unit}]" if reference.unit else ""
    axis.set(xlabel=f"{source.label}{unit}", ylabel=f"{reference.label}{unit}")
    axis.set_title(title, fontsize=9)
    axis.margins(0.22)
    axis.grid(color="#e3e3e3", zorder=0)


def figure11(profile: Profile) -> Figure:
    """Figure 11: source integrity against edit consistency per method; the paper above, this run below."""
    rows = frame.measured_in(profile, "benchmark", region="all")
    published = frame.published_recovery().query("run == 'benchmark' and group == @OVERALL")
    means = {"published": published.set_index(["method", "metric"])["value"]}
    means["value"] = rows.groupby(["method", "metric"], observed=True)["value"].apply(pd.Series.mean)
    data = pd.DataFrame(means).unstack("metric").astype(float).reindex(frame.ordered_methods(frame.methods_of(rows)))
    colours = dict(zip(data.index, seaborn.color_palette("tab20", len(data))))
    figure = Figure(figsize=(11, 6.6), layout="constrained")
    axes = figure.subplots(2, len(SCATTER_METRICS))
    titles = {"published": "paper (SPPE)", "value": f"this run: {frame.data_name(profile)}"}
    for row, (column, title) in zip(axes, titles.items()):
        for axis, name in zip(row, SCATTER_METRICS):
            if data[column].notna().any(axis=None):
                _scatter(axis, data[column], name, colours, title)
            else:
                absent(axis, f"recovery: {NOT_RUN}")
    known = {label: handle for axis in axes.flat for handle, label in zip(*axis.get_legend_handles_labels())}
    shown = [method for method in data.index if method in known]
    place = {"loc": "outside lower center", "ncols": min(len(shown), 6), "columnspacing": 1.2, "handletextpad": 0.2}
    figure.legend([known[method] for method in shown], shown, fontsize=7.5, frameon=False, **place)
    title = "Figure 11. Faithful to the source (right) and to the edit (up); squares: floors, dashed: ceilings"
    figure.suptitle(title, fontsize=11)
    return figure


def figure13(profile: Profile) -> Figure:
    """Figure 13: DirI against DirS of every instance, a panel per method, with Pearson's r and its interval."""
    found = metric_correlations(profile, "benchmark", "dir_s", "dir_i")
    measured, columns = frame.averaged(frame.measured_in(profile, "benchmark", region="all")), 4
    rows = max(1, -(-len(found) // columns))
    figure = Figure(figsize=(11, 1.8 + 2.6 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axis in axes.flat[len(found) :]:
        axis.set_axis_off()
    if not found:
        absent(axes[0, 0], f"recovery: {NOT_RUN}")
    for axis, (method, one) in zip(axes.flat, found.items()):
        x, y = (frame.select(measured, method=method, metric=name)["value"] for name in ("dir_s", "dir_i"))
        axis.scatter(x, y, s=5, alpha=0.35, linewidth=0, color="#4c78a8", rasterized=True)
        axis.set_title(f"{method}\nr = {one.value:.2f} ({one.low:.2f} to {one.high:.2f}), n = {one.n}", fontsize=8)
        axis.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05))
        axis.grid(color="#e3e3e3", zorder=0)
    figure.supxlabel("DirS: direction of the surrogate's edit", fontsize=9)
    figure.supylabel("DirI: direction of the reference edit", fontsize=9)
    figure.suptitle(f"Figure 13. Do the two directions agree? This run: {frame.data_name(profile)}", fontsize=11)
    return figure


FIGURES = {
    "figure_overview": overview,
    "figure05_categories": figure5,
    "figure10_editability_by_group": figure10,
    "figure11_source_reference": figure11,
    "figure12_qualitative": figure12,
    "figure13_directions": figure13,
    "figure_gate": figure_gate,
    "figure_ablation": figure_ablation,
}
"""File name -> function of a profile. The overview is the README's picture; the numbers are the paper's."""

SWEEP_FIGURES = {"figure06_strength": figure6, "figure_chooser": figure_chooser}
"""Those of the sweep set, which 07_sweep draws."""


def draw(profile: Profile, name: str) -> Figure:
    """A figure by name, in the look that all share."""
    with matplotlib.rc_context(STYLE):
        return (FIGURES | SWEEP_FIGURES)[name](profile)


def write_figures(profile: Profile, names=tuple(FIGURES)) -> list[str]:
    """Write figures as PNG and PDF; returns their names. Raises DataError, first, where 05_tables has not run."""
    frame.require_metrics(profile)
    for name in names:
        save(draw(profile, name), profile.figures, name)
    return list(names)


def show(profile: Profile, name: str):
    """The PNG of a figure of this profile, for display. Raises for unknown names and for figures not written yet."""
    from IPython.display import Image as Shown  # only notebooks need it

    if name not in FIGURES | SWEEP_FIGURES:
        raise ConfigError(f"Unknown figure {name!r}: use one of {', '.join(FIGURES | SWEEP_FIGURES)}.")
    path = profile.figures / f"{name}.png"
    if not path.is_file():
        raise DataError(f"{name}.png of profile {profile.name} is not written yet: run the stage that draws it.")
    return Shown(filename=str(path))
