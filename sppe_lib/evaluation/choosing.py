"""What an assessor is good for: as a gate before the upload, and as a chooser among surrogates of one source.

Worth is measured twice: true editability (the label), and how well C2E-S2SER recovered the edit inside M. A gate
refuses the uploads that it trusts least; a chooser uploads the candidate that it scores highest, where chance gives the
mean of the source's candidates. The oracle goes by the worth itself.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.editability.stage import SWEEP
from sppe_lib.evaluation.frame import PROPOSED, averaged, by_source, measured_in, read_scores
from sppe_lib.evaluation.rendering import NOT_RUN, NOTHING, Document, Section, best, document, number, spanned
from sppe_lib.evaluation.statistics import NAN, interval, mean_of, resampled_rows

REFUSED = np.linspace(0, 0.9, 19)  # fractions of the uploads that are refused
WORTH = {"label": "true editability", "psnr_gt_inside": f"PSNR (GT) inside M of {PROPOSED} [dB]"}
"""Column -> what uploads are judged by."""

ORACLE, RANDOM = "oracle", "random"


def _with_recovery(profile: Profile, scores: pd.DataFrame, run: str) -> pd.DataFrame:
    """pair_id, worths (the second where C2E-S2SER was measured on them) and each assessor's score."""
    ours = averaged(measured_in(profile, run, method=PROPOSED, metric="psnr_gt", region="inside"))
    if len(ours):
        scores = scores.assign(psnr_gt_inside=scores["instance_id"].map(ours.set_index("instance")["value"]))
    return scores.drop(columns=["instance_id", "group", "strength", "candidate"], errors="ignore")


def gate_data(profile: Profile) -> pd.DataFrame:
    """A test instance with a label a row (none before 02_editability): pair_id, worths, each assessor's score."""
    data = _with_recovery(profile, read_scores(profile), "benchmark")
    return data.dropna(subset="label").reset_index(drop=True)


def chooser_data(profile: Profile) -> pd.DataFrame:
    """As `gate_data`, one row a surrogate of the sweep set at the benchmark's strength; pair_id is its source."""
    scores = by_source(read_scores(profile, SWEEP))
    return _with_recovery(profile, scores[np.isclose(scores["strength"], profile.benchmark.strength)], SWEEP)


def assessors_in(data: pd.DataFrame) -> list[str]:
    """The assessors of `gate_data` or `chooser_data`."""
    return [name for name in data.columns if name not in ("pair_id", *WORTH)]


def kept_means(score: np.ndarray, worth: np.ndarray, refused: np.ndarray = REFUSED) -> np.ndarray:
    """Mean worth of what is kept (at least one) when each fraction with the lowest scores [n] is refused."""
    ordered = worth[np.argsort(-score, kind="stable")]
    kept = np.maximum(1, np.round((1 - refused) * len(worth)).astype(int))
    return (np.cumsum(ordered) / np.arange(1, len(ordered) + 1))[kept - 1]


def mean_gain(score: np.ndarray, worth: np.ndarray) -> float:
    """How far the kept uploads are above random refusal, averaged over the fractions refused."""
    return float((kept_means(score, worth) - worth.mean()).mean())


def scored(data: pd.DataFrame, name: str, worth: str) -> tuple[np.ndarray, pd.Series]:
    """Score and worth [n, 2] of the rows that have both, and their pairs; the oracle's score is the worth."""
    values = data[[worth if name == ORACLE else name, worth]].to_numpy(dtype=float)
    defined = np.isfinite(values).all(axis=1)
    return values[defined], data["pair_id"][defined]


def gate_gains(profile: Profile) -> pd.DataFrame:
    """worth, method, value (mean gain over random refusal), n, low, high; the oracle is the last of each worth."""
    data, rows = gate_data(profile), []
    for worth in (name for name in WORTH if name in data):
        for name in [*assessors_in(data), ORACLE]:
            values, pairs = scored(data, name, worth)
            if len(values) > 1:
                samples = [mean_gain(*values[drawn].T) for drawn in resampled_rows(pairs, profile.evaluation)]
                ends = interval(np.array(samples), profile.evaluation)
                rows.append((worth, name, mean_gain(*values.T), len(values), *ends))
    return pd.DataFrame(rows, columns=["worth", "method", "value", "n", "low", "high"])


def chosen_worth(score: np.ndarray, worth: np.ndarray) -> float:
    """Worth of the candidate [K] with the highest score: the mean over ties, NaN where no score is defined."""
    return float(worth[score == np.nanmax(score)].mean()) if np.isfinite(score).any() else NAN


def source_gains(data: pd.DataFrame, worth: str) -> pd.DataFrame:
    """Per source with two candidates of defined worth: their `mean` worth, and each chooser's gain over it."""
    names, rows = assessors_in(data), {}
    for source, part in data[data[worth].notna()].groupby("pair_id"):
        if len(part) > 1:
            values = part[worth].to_numpy(dtype=float)
            gains = {name: chosen_worth(part[name].to_numpy(dtype=float), values) - values.mean() for name in names}
            rows[source] = {"mean": values.mean(), RANDOM: 0.0} | gains | {ORACLE: values.max() - values.mean()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["mean", RANDOM, *names, ORACLE])


def chooser_gains(profile: Profile) -> pd.DataFrame:
    """Every chooser's gain for each worth, interval over sources (n), `mean` worth chosen, share of the oracle's."""
    data, rows = chooser_data(profile), []
    for worth in (name for name in WORTH if name in data):
        gains = source_gains(data, worth)
        for name in gains.columns.drop("mean"):
            gain = gains[name]
            if gain.notna().any():
                found = mean_of(gain, gains.index, profile.evaluation)
                possible, chosen = gains.loc[gain.notna(), ORACLE].mean(), (gains["mean"] + gain).mean()
                share = found.value / possible if possible > 0 else NAN
                rows.append((worth, name, found.value, found.n, found.low, found.high, chosen, share))
    columns = ["worth", "method", "value", "n", "low", "high", "mean", "share_of_oracle"]
    return pd.DataFrame(rows, columns=columns)


def _section(worth: str, rows: pd.DataFrame, by: str, more: dict[str, Sequence[str]], notes=()) -> Section:
    """What each method gains, best in bold, and `more` columns."""
    label, found = WORTH[worth], list(rows[["method", "value", "low", "high"]].itertuples(index=False))
    winners = best({row.method: row.value for row in found if row.method != ORACLE})
    cells = {
        by: rows["method"],
        "mean gain": [number(row.value, 3, row.method in winners) for row in found],
        "interval": [spanned(row.low, row.high, 3) for row in found],
    }
    return Section(label.capitalize() if label.islower() else label, pd.DataFrame(cells | more), notes)


def gate_table(profile: Profile) -> Document:
    """The mean gain of every assessor as a gate."""
    data = gate_gains(profile)
    sections = [
        _section(worth, rows, "refused by", {"n": rows["n"].map(str)})
        for worth, rows in data.groupby("worth", sort=False)
    ]
    empty = Section("", pd.DataFrame({"refused by": []}), [f"Editability: {NOT_RUN}."])
    return document("table_gate", profile, sections or [empty], data)


def chooser_table(profile: Profile) -> Document:
    """What is gained by letting each assessor choose among the candidates of a source."""
    data, candidates = chooser_gains(profile), chooser_data(profile)
    sections = []
    for worth, rows in data.groupby("worth", sort=False):
        shares = (100 * rows["share_of_oracle"]).map("{:.0f} %".format, na_action="ignore").fillna(NOTHING)
        means = [number(value, 3) for value in rows["mean"]]
        more = {"of the oracle's": shares, "mean of the chosen": means, "sources": rows["n"].map(str)}
        note = f"Candidates left out because this worth is undefined for them: {candidates[worth].isna().sum()}."
        sections.append(_section(worth, rows, "chosen by", more, [note]))
    size = candidates.groupby("pair_id").size().max() if len(candidates) else 0
    empty = Section("", pd.DataFrame({"chosen by": []}), [f"Sweep set: {NOT_RUN}."])
    return document("table_chooser", profile, sections or [empty], data, candidates=size)
