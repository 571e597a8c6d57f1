"""An assessor as a chooser: of several surrogates of one source, upload the one it scores highest.

All candidates have the benchmark's protection strength. The gain is how far the chosen candidate is above the mean
of its source's candidates, which is what choosing at random gives; the oracle chooses by the worth itself. Worth is
measured twice, as for the gate: true editability (the label), and how well C2E-S2SER recovered the edit inside M.
"""

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sppe_lib.config import Profile
from sppe_lib.editability.scores import oriented
from sppe_lib.evaluation.drawing import STYLE, absent
from sppe_lib.evaluation.gate import ORACLE, WORTH
from sppe_lib.evaluation.recovery_tables import NOT_RUN
from sppe_lib.evaluation.rendering import NOTHING, Document, Section, best, number
from sppe_lib.evaluation.results import PROPOSED, PROPOSED_ASSESSOR, data_name, read_assessors
from sppe_lib.evaluation.statistics import summarise
from sppe_lib.evaluation.sweep_results import benchmark_candidates, sweep_metrics, sweep_scores

RANDOM = "random"

COLUMNS = ["worth", "method", "value", "n", "low", "high", "mean", "share_of_oracle"]


def chosen_worth(score: np.ndarray, worth: np.ndarray) -> float:
    """Worth of the candidate with the highest score: the mean over ties, NaN where no score is defined.

    score, worth: [K]; a candidate without a score is never chosen.
    """
    if not np.isfinite(score).any():
        return float("nan")
    return float(worth[score == np.nanmax(score)].mean())


def chooser_data(profile: Profile) -> pd.DataFrame:
    """One row a candidate: pair_id (its source), the worths, and every assessor's score, higher is better.

    Empty before 07_sweep has scored the set; without recovered pictures only the label is a worth.
    """
    scores = benchmark_candidates(profile, sweep_scores(profile))
    data = scores[["instance_id", "pair_id", "label"]].copy()
    for entry in read_assessors(profile):
        if entry["name"] in scores and scores[entry["name"]].notna().any():
            data[entry["name"]] = oriented(scores[entry["name"]].to_numpy(), entry["direction"])
    measured = sweep_metrics(profile)
    if PROPOSED in measured:
        data = data.merge(measured[PROPOSED][["instance_id", "psnr_gt_inside"]], on="instance_id", how="left")
    return data.drop(columns="instance_id")


def source_gains(data: pd.DataFrame, worth: str) -> pd.DataFrame:
    """Per source: `mean` worth of its candidates, and each chooser's gain over it.

    Candidates whose worth is undefined are left out, and so are sources that then have fewer than two.
    """
    assessors = [name for name in data.columns if name not in ("pair_id", *WORTH)]
    rows = {}
    for source, part in data[data[worth].notna()].groupby("pair_id"):
        if len(part) < 2:
            continue
        values = part[worth].to_numpy(dtype=float)
        rows[source] = {"mean": values.mean(), RANDOM: 0.0}
        for name in assessors:
            rows[source][name] = chosen_worth(part[name].to_numpy(dtype=float), values) - values.mean()
        rows[source][ORACLE] = values.max() - values.mean()
    return pd.DataFrame.from_dict(rows, orient="index", columns=["mean", RANDOM, *assessors, ORACLE])


def chooser_gains(profile: Profile) -> pd.DataFrame:
    """Gain of every chooser for each worth, with its bootstrap interval over sources; columns as in COLUMNS.

    `mean`: mean worth of what was chosen. `share_of_oracle`: the gain as a share of the oracle's. n: sources.
    """
    data = chooser_data(profile)
    rows = []
    for worth in (name for name in WORTH if name in data):
        gains = source_gains(data, worth)
        for name in gains.columns.drop("mean"):
            gain = gains[name]
            if not gain.notna().any():
                continue
            found = summarise(gain.to_numpy(), gains.index.to_numpy(), profile.evaluation)
            possible = gains.loc[gain.notna(), ORACLE].mean()
            rows.append(
                {
                    "worth": worth,
                    "method": name,
                    "value": found.mean,
                    "n": found.n,
                    "low": found.low,
                    "high": found.high,
                    "mean": (gains["mean"] + gain).mean(),
                    "share_of_oracle": found.mean / possible if possible > 0 else float("nan"),
                }
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def _cells(rows: pd.DataFrame) -> pd.DataFrame:
    winners = best({row.method: row.value for row in rows.itertuples() if row.method != ORACLE})
    return pd.DataFrame(
        {
            "chosen by": list(rows["method"]),
            "mean gain": [number(row.value, 3, row.method in winners) for row in rows.itertuples()],
            "interval": [f"{number(row.low, 3)} to {number(row.high, 3)}" for row in rows.itertuples()],
            "of the oracle's": [
                NOTHING if pd.isna(share) else f"{100 * share:.0f} %" for share in rows["share_of_oracle"]
            ],
            "mean of the chosen": [number(row.mean, 3) for row in rows.itertuples()],
            "sources": [str(row.n) for row in rows.itertuples()],
        }
    )


def chooser_table(profile: Profile) -> Document:
    """What is gained by letting each assessor choose among the candidates of a source."""
    data, candidates = chooser_gains(profile), chooser_data(profile)
    sections = []
    for worth, label in WORTH.items():
        rows = data[data["worth"] == worth]
        if len(rows):
            undefined = int(candidates[worth].isna().sum())
            notes = [f"Candidates left out because this worth is undefined for them: {undefined}."]
            sections.append(Section(label.capitalize() if label.islower() else label, _cells(rows), notes))
    number_of = candidates.groupby("pair_id").size().max() if len(candidates) else 0
    notes = [
        (
            f"This kit's own (profile `{profile.name}`, {data_name(profile)}); the paper has no such table. Each "
            f"source has {number_of} surrogates at protection strength {profile.benchmark.strength:g}, of which an "
            f"assessor uploads the one it scores highest. Gain: how far it is above the mean of its source's, "
            f"which is what choosing at random gives. Ties share. Intervals: "
            f"{100 * profile.evaluation.confidence:.0f} %, bootstrap over sources."
        ),
        (
            "M covers what is private in I or in that S, so the region over which recovery is measured can differ a "
            "little among the candidates of a source."
        ),
    ]
    sections = sections or [Section("", pd.DataFrame({"chosen by": []}), [f"Sweep set: {NOT_RUN}."])]
    return Document("table_chooser", "Assessors as choosers of a surrogate", notes, sections, data)


def _draw_gains(axis, rows: pd.DataFrame, label: str) -> None:
    rows = rows[rows["method"] != RANDOM].sort_values("value", kind="stable")
    colours = [{PROPOSED_ASSESSOR: "#c44e52", ORACLE: "#555555"}.get(name, "#9db4cf") for name in rows["method"]]
    # Without an interval there is a bar without whiskers.
    whiskers = np.stack([rows["value"] - rows["low"], rows["high"] - rows["value"]]).clip(min=0)
    axis.barh(rows["method"], rows["value"], xerr=whiskers, color=colours, error_kw={"elinewidth": 1, "capsize": 2})
    axis.axvline(0, color="black", linewidth=0.8)
    axis.set_xlabel(f"gain over a random choice: {label}")
    axis.grid(axis="x", color="#e6e6e6")
    axis.set_axisbelow(True)


def draw_chooser(profile: Profile) -> Figure:
    """Mean gain of every chooser over a random choice, a panel for each worth, with intervals over sources."""
    data = chooser_gains(profile)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10, 4.8), layout="constrained")
        for axis, (worth, label) in zip(figure.subplots(1, 2), WORTH.items()):
            rows = data[data["worth"] == worth]
            if rows.empty:
                absent(axis, f"{label}: {NOT_RUN}")
            else:
                _draw_gains(axis, rows, label)
        title = f"An assessor as a chooser among surrogates (0: random). This run: {data_name(profile)}"
        figure.suptitle(title, fontsize=11)
    return figure
