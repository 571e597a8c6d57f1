"""What an assessor is good for as a gate: refuse the uploads it trusts least, and see what the rest is worth.

Worth is measured twice: true editability (the label), and how well C2E-S2SER recovered the edit inside M.
Random refusal leaves both where they are; the oracle refuses by the worth itself.
"""

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sppe_lib.config import EvaluationParameters, Profile
from sppe_lib.editability.scores import oriented
from sppe_lib.evaluation.rendering import Document, Section, best, number
from sppe_lib.evaluation.results import (
    PROPOSED,
    PROPOSED_ASSESSOR,
    data_name,
    read_assessors,
    read_metrics,
    read_scores,
)
from sppe_lib.evaluation.statistics import interval, resampled_rows

REFUSED = np.linspace(0, 0.9, 19)
"""Fractions of the uploads that are refused."""

WORTH = {"label": "true editability", "psnr_gt_inside": f"PSNR (GT) inside M of {PROPOSED} [dB]"}
"""Column -> what the kept uploads are judged by."""

ORACLE = "oracle"


def kept_means(score: np.ndarray, worth: np.ndarray, refused: np.ndarray = REFUSED) -> np.ndarray:
    """Mean worth of what is kept when each fraction with the lowest scores is refused; at least one is kept.

    score, worth: [n], both defined. Ties keep their order. Returns one mean for each fraction.
    """
    ordered = worth[np.argsort(-score, kind="stable")]
    kept = np.maximum(1, np.round((1 - refused) * len(worth)).astype(int))
    return (np.cumsum(ordered) / np.arange(1, len(ordered) + 1))[kept - 1]


def mean_gain(score: np.ndarray, worth: np.ndarray) -> float:
    """How far the kept uploads are above random refusal, averaged over the fractions refused."""
    return float((kept_means(score, worth) - worth.mean()).mean())


def gate_data(profile: Profile) -> pd.DataFrame:
    """One row a test instance with a label: pair_id, the worths, and every assessor's score turned so that higher is better.

    Empty before the editability stage; without recovered pictures only the label is a worth.
    """
    scores = read_scores(profile)
    if scores is None:
        return pd.DataFrame(columns=["pair_id", "label"])
    data = scores[["instance_id", "pair_id", "label"]].copy()
    for entry in read_assessors(profile):
        if entry["available"]:
            data[entry["name"]] = oriented(scores[entry["name"]].to_numpy(), entry["direction"])
    measured = read_metrics(profile)
    if PROPOSED in measured:
        data = data.merge(measured[PROPOSED][["instance_id", "psnr_gt_inside"]], on="instance_id", how="left")
    return data[data["label"].notna()].drop(columns="instance_id").reset_index(drop=True)


def _assessors(data: pd.DataFrame) -> list[str]:
    return [name for name in data.columns if name not in ("pair_id", *WORTH)]


def _gain_interval(data: pd.DataFrame, score: str, worth: str, settings: EvaluationParameters) -> tuple[float, float]:
    """Bootstrap interval over pairs of `mean_gain`."""
    values = data[[score, worth]].to_numpy(dtype=float)
    samples = np.array([mean_gain(*values[rows].T) for rows in resampled_rows(data["pair_id"], settings)])
    return interval(samples, settings)


def gate_gains(profile: Profile) -> pd.DataFrame:
    """worth, method, value (mean gain over random refusal), n, published, low, high; the oracle is the last of each worth."""
    data = gate_data(profile)
    rows = []
    for worth in (name for name in WORTH if name in data):
        for name in [*_assessors(data), ORACLE]:
            score = worth if name == ORACLE else name
            part = data[data[[score, worth]].notna().all(axis=1)][list(dict.fromkeys(["pair_id", score, worth]))]
            if len(part) < 2:
                continue
            part = part.rename(columns={worth: "worth"}).assign(score=part[score])
            low, high = _gain_interval(part, "score", "worth", profile.evaluation)
            value = mean_gain(part["score"].to_numpy(dtype=float), part["worth"].to_numpy(dtype=float))
            rows.append(
                {
                    "worth": worth,
                    "method": name,
                    "value": value,
                    "n": len(part),
                    "published": None,
                    "low": low,
                    "high": high,
                }
            )
    return pd.DataFrame(rows, columns=["worth", "method", "value", "n", "published", "low", "high"])


def gate_table(profile: Profile) -> Document:
    """The mean gain of every assessor as a gate."""
    data = gate_gains(profile)
    sections = []
    for worth, label in WORTH.items():
        rows = data[data["worth"] == worth]
        winners = best({row.method: row.value for row in rows.itertuples() if row.method != ORACLE})
        cells = pd.DataFrame(
            {
                "refused by": list(rows["method"]),
                "mean gain": [number(row.value, 3, row.method in winners) for row in rows.itertuples()],
                "interval": [f"{number(row.low, 3)} to {number(row.high, 3)}" for row in rows.itertuples()],
                "n": [str(row.n) for row in rows.itertuples()],
            }
        )
        if len(rows):
            sections.append(Section(label.capitalize() if label.islower() else label, cells))
    notes = [
        (
            f"This kit's own (profile `{profile.name}`, {data_name(profile)}); the paper has no such table. The test uploads "
            f"that an assessor scores lowest are refused; the gain is how far the mean worth of the rest is above that of "
            f"all, averaged over refusing 0 to 90 %. Random refusal gains 0; the oracle refuses by the worth itself."
        )
    ]
    sections = sections or [
        Section("", pd.DataFrame({"refused by": []}), ["Editability: not run in this profile yet."])
    ]
    return Document("table_gate", "Assessors as a gate before the upload", notes, sections, data)


def draw_gate(profile: Profile) -> Figure:
    """Mean worth of the kept uploads against the fraction refused, a panel for each worth."""
    data = gate_data(profile)
    with matplotlib.rc_context({"font.family": "DejaVu Sans", "font.size": 9, "pdf.fonttype": 42}):
        figure = Figure(figsize=(10, 4.4), layout="constrained", facecolor="white")
        for axis, (worth, label) in zip(figure.subplots(1, 2), WORTH.items()):
            if worth not in data or data[worth].notna().sum() < 2:
                axis.set_axis_off()
                axis.text(0.5, 0.5, "not run in this profile yet", ha="center", transform=axis.transAxes)
                continue
            for name in [*_assessors(data), ORACLE]:
                part = data[data[[worth, worth if name == ORACLE else name]].notna().all(axis=1)]
                score = part[worth if name == ORACLE else name].to_numpy(dtype=float)
                curve = kept_means(score, part[worth].to_numpy(dtype=float))
                style = {PROPOSED_ASSESSOR: ("#c44e52", 2.4, "-"), ORACLE: ("black", 1.2, ":")}.get(
                    name, ("#9db4cf", 1.0, "-")
                )
                shown = name if name in (PROPOSED_ASSESSOR, ORACLE) else None
                axis.plot(100 * REFUSED, curve, color=style[0], linewidth=style[1], linestyle=style[2], label=shown)
            axis.plot([], [], color="#9db4cf", label="image-quality metrics")
            axis.axhline(data[worth].mean(), color="#777777", linestyle="--", linewidth=1, label="random")
            axis.set(xlabel="uploads refused [%]", ylabel=f"mean of the kept: {label}")
            axis.grid(color="#e6e6e6")
            axis.spines[["top", "right"]].set_visible(False)
        if figure.axes[0].get_legend_handles_labels()[1]:
            figure.axes[0].legend(fontsize=8, frameon=False)
        figure.suptitle(f"An assessor as a gate before the upload. This run: {data_name(profile)}", fontsize=11)
    return figure
