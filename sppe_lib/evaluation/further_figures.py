"""Figure 6, and this kit's own figures: assessors as gate and chooser, and what each part of C2E-S2SER is worth."""

import textwrap

import matplotlib
import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sppe_lib.config import Profile
from sppe_lib.data.schema import image_tensor, open_evaluated, to_uint8
from sppe_lib.editability.stage import SWEEP, sweep_is_built
from sppe_lib.evaluation import choosing, frame, sweep
from sppe_lib.evaluation.ablation import ablation_data
from sppe_lib.evaluation.metrics import metric
from sppe_lib.evaluation.qualitative import RULE, choose_rows
from sppe_lib.evaluation.rendering import NOT_RUN, metric_label

SHOWN = ("psnr_gt", "ssim_gt", "clip_sim_gt", "dir_i")
"""The metrics of the ablations' figure: agreement with the reference, and the direction of the edit."""

FIGURE6_CHOICES = (("group", "Face", "ADD/REMOVE"), ("group", "Financial", "EDIT"))
"""The sources shown in Figure 6: a face and a document of money, see `qualitative.choose_rows`."""


def absent(axis: Axes, text: str) -> None:
    """Say in an axis why it is empty."""
    axis.set_axis_off()
    axis.text(0.5, 0.5, text, ha="center", va="center", transform=axis.transAxes)


def figure_gate(profile: Profile) -> Figure:
    """Mean worth of the kept uploads against the fraction refused, a panel for each worth."""
    data = choosing.gate_data(profile)
    others = {"color": "#9db4cf", "linewidth": 1.0}
    looks = {
        frame.PROPOSED_ASSESSOR: {"color": "#c44e52", "linewidth": 2.4, "label": frame.PROPOSED_ASSESSOR},
        choosing.ORACLE: {"color": "black", "linewidth": 1.2, "linestyle": ":", "label": choosing.ORACLE},
    }
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    for axis, (worth, label) in zip(figure.subplots(1, 2), choosing.WORTH.items()):
        if worth not in data or data[worth].notna().sum() < 2:
            absent(axis, NOT_RUN)
            continue
        for name in [*choosing.assessors_in(data), choosing.ORACLE]:
            values, _ = choosing.scored(data, name, worth)
            if len(values):
                axis.plot(100 * choosing.REFUSED, choosing.kept_means(*values.T), **looks.get(name, others))
        axis.plot([], [], color="#9db4cf", label="image-quality metrics and trivial assessors")
        axis.axhline(data[worth].mean(), color="#777777", linestyle="--", linewidth=1, label="random")
        axis.set(xlabel="uploads refused [%]", ylabel=f"mean of the kept: {label}")
        axis.grid(color="#e6e6e6")
    if figure.axes[0].get_legend_handles_labels()[1]:
        figure.axes[0].legend(fontsize=8, frameon=False)
    figure.suptitle(f"An assessor as a gate before the upload. This run: {frame.data_name(profile)}", fontsize=11)
    return figure


def figure_chooser(profile: Profile) -> Figure:
    """Mean gain of every chooser over a random choice, a panel for each worth, with intervals over sources."""
    data, colours = choosing.chooser_gains(profile), {frame.PROPOSED_ASSESSOR: "#c44e52", choosing.ORACLE: "#555555"}
    figure = Figure(figsize=(10, 4.8), layout="constrained")
    for axis, (worth, label) in zip(figure.subplots(1, 2), choosing.WORTH.items()):
        rows = data[(data["worth"] == worth) & (data["method"] != choosing.RANDOM)].sort_values("value", kind="stable")
        if rows.empty:
            absent(axis, f"{label}: {NOT_RUN}")
            continue
        # Without an interval there is a bar without whiskers.
        whiskers = np.stack([rows["value"] - rows["low"], rows["high"] - rows["value"]]).clip(min=0)
        bars = [colours.get(name, "#9db4cf") for name in rows["method"]]
        axis.barh(rows["method"], rows["value"], xerr=whiskers, color=bars, error_kw={"elinewidth": 1, "capsize": 2})
        axis.axvline(0, color="black", linewidth=0.8)
        axis.set_xlabel(f"gain over a random choice: {label}")
        axis.grid(axis="x", color="#e6e6e6")
        axis.set_axisbelow(True)
    title = f"An assessor as a chooser among surrogates (0: random). This run: {frame.data_name(profile)}"
    figure.suptitle(title, fontsize=11)
    return figure


def figure_ablation(profile: Profile) -> Figure:
    """Paired differences of every variant, over the whole image and inside M, with intervals; a panel per metric."""
    data = ablation_data(profile).dropna(subset="against")
    variants = data[["group", "variant", "against"]].drop_duplicates(ignore_index=True)
    variants["place"] = variants.index + 0.6 * pd.factorize(variants["group"])[0]  # a gap between the groups
    data = data.merge(variants)
    looks = {"all": (-0.18, "#4c78a8", "o", "whole image"), "inside": (0.18, "#c44e52", "s", "inside M")}
    with matplotlib.rc_context({"font.size": 8}):
        figure = Figure(figsize=(12, 6), layout="constrained")
        axes = figure.subplots(1, len(SHOWN), sharey=True)
        for axis, name in zip(axes, SHOWN):
            for region, (shift, colour, marker, label) in looks.items():
                rows = data[(data["metric"] == name) & (data["region"] == region)].dropna(subset="difference")
                if len(rows):
                    heights, ends = rows["place"] + shift, (rows["difference_low"], rows["difference_high"])
                    axis.hlines(heights, *ends, color=colour, linewidth=1.4)
                    look = {"linestyle": "", "markersize": 4.5, "color": colour, "marker": marker, "label": label}
                    axis.plot(rows["difference"], heights, **look)
            axis.axvline(0, color="#555555", linewidth=1, zorder=1)
            axis.set_title(metric_label(metric(name)), fontsize=9)
            axis.grid(axis="x", color="#e6e6e6", zorder=0)
        labels = [f"{row.variant}\nminus {row.against}" for row in variants.itertuples()]
        axes[0].set_yticks(variants["place"], labels, fontsize=7)
        axes[0].invert_yaxis()
        if data["difference"].notna().any():
            axes[0].legend(fontsize=7, frameon=False, loc="best")
        else:
            axes[0].text(0.5, 0.5, NOT_RUN, ha="center", transform=axes[0].transAxes)
        how = f"paired differences, {100 * profile.evaluation.confidence:.0f} % intervals"
        where = f"This run: validation split of {frame.data_name(profile)}"
        figure.suptitle(f"What each part of {frame.PROPOSED} is worth: {how}. {where}", fontsize=10)
    return figure


def _draw_sources(figure, profile: Profile) -> None:
    """For each chosen source I and a surrogate at each strength; beneath, the edit of each."""
    rows = []
    if sweep_is_built(profile):
        dataset = open_evaluated(profile, SWEEP)
        table = frame.by_source(pd.DataFrame({"pair_id": dataset["pair_id"][:]}))
        first = table[table["candidate"] == 0]
        judged = list(first.index[np.isclose(first["strength"], profile.benchmark.strength)])
        rows = choose_rows(dataset.select(judged), FIGURE6_CHOICES)
    if not rows:
        return absent(figure.subplots(), f"sweep set: {NOT_RUN}")
    rule = RULE.format(what="group") + f" Judged at strength {profile.benchmark.strength:g}."
    for part, row in zip(np.ravel(figure.subfigures(len(rows), 1)), rows):
        own = first[first["pair_id"] == first["pair_id"][judged[row.Index]]].sort_values("strength")
        source, surrogates = dataset[judged[row.Index]], [dataset[index] for index in own.index]
        images = [source["source"], *(one["surrogate"] for one in surrogates)]
        images += [source["edited_source"], *(one["edited_surrogate"] for one in surrogates)]
        titles = ["I", *(f"S, strength {strength:g}" for strength in own["strength"]), "I'", *["S'"] * len(own)]
        for axis, title, image in zip(part.subplots(2, 1 + len(own)).flat, titles, images):
            axis.imshow(to_uint8(image_tensor(image)[None])[0], interpolation="nearest")
            axis.set_title(title, fontsize=8, pad=2)
            axis.set(xticks=[], yticks=[])
        part.suptitle(f"“{row.instruction}” ({row.category} · {row.tag})", fontsize=9)
    figure.supxlabel(textwrap.fill(rule, 150), fontsize=6, color="#444444")


def figure6(profile: Profile) -> Figure:
    """Figure 6: above, sources with their surrogates along the strengths; below, the curves with their intervals."""
    data = sweep.strength_data(profile)
    names = list(dict.fromkeys([*sweep.METHODS, *data["line"]]))
    colours = dict(zip(names, seaborn.color_palette("colorblind", len(names))))
    figure = Figure(figsize=(9.6, 11.2), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(6, 4.6))
    _draw_sources(above, profile)
    for axis, panel in zip(below.subplots(2, 3).flat, sweep.PANELS):
        rows = data[data["panel"] == panel.name]
        if rows.empty:
            absent(axis, f"{panel.title}\n{panel.file}: {NOT_RUN}")
            continue
        for line, part in rows.groupby("line", sort=False):
            x, colour = part["strength"], colours[line]
            axis.plot(x, part["value"], marker="o", markersize=4, color=colour, label=line)
            axis.fill_between(x, part["low"], part["high"], color=colour, alpha=0.18, linewidth=0)
        if panel.name == "leakage_identified":
            axis.axhline(sweep.chance(rows), color="#777777", linestyle="--", linewidth=1, label="by chance")
        axis.set_title(panel.title, fontsize=8.5)
        axis.set_xticks(sorted(rows["strength"].unique()))
        axis.grid(color="#e6e6e6")
        axis.legend(fontsize=7.5, frameon=False)
    bands = f"protection strength (bands: {profile.evaluation.confidence:.0%} intervals over sources)"
    below.supxlabel(bands, fontsize=9)
    figure.suptitle(f"Figure 6. The strength sweep. This run: {frame.data_name(profile)}", fontsize=11)
    return figure
