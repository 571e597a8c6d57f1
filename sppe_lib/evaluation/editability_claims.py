"""The rules of claims about ERMA and the other assessors, and what every rule answers with."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.editability.scores import OVERALL
from sppe_lib.evaluation import frame
from sppe_lib.evaluation.statistics import NAN, Correlation, Difference, interval, relative_margin, spread
from sppe_lib.published import read_published

NOT_TESTED = "not tested in this profile yet"


@dataclass(frozen=True)
class Answer:
    """What a rule found, in words, its verdict, and what that leaves out; the number that it hangs on, and its name."""

    measured: str = NOT_TESTED
    holds: bool | None = None
    scope: str = ""
    quantity: str = ""
    found: Difference | Correlation = Difference()

    def on(self, quantity: str, found: Difference | Correlation) -> "Answer":
        """The answer with the number that it hangs on."""
        return replace(self, quantity=quantity, found=found)


def _assessed(profile: Profile) -> pd.DataFrame:
    """Correlations of this run; no rows without ERMA and another assessor."""
    table = frame.read_correlations(profile)
    return table if {frame.PROPOSED_ASSESSOR} < set(table["method"]) else table.iloc[:0]


def _paper_lacks(measured: set[str]) -> set[str]:
    return set(read_published("table4_editability")["method"]) - measured


def _unavailable(profile: Profile, measured: set[str]) -> str:
    described = {entry["name"] for entry in frame.read_assessors(profile)} - measured
    missing = sorted(described | _paper_lacks(measured))
    return f"; not available here: {', '.join(missing)}" if missing else ""


def _left_out(measured: set[str]) -> str:
    """Which of the paper's own IQA baselines a verdict about ERMA leaves out; "" where all were measured."""
    missing = sorted(_paper_lacks(measured))
    return f"without the paper's {', '.join(missing)}, whose weights are not available" if missing else ""


def _ends(profile: Profile, samples: dict, first: object, second: object) -> tuple[float, float]:
    """The interval of the difference of two bootstrapped numbers; NaN where one was not bootstrapped."""
    known = first in samples and second in samples
    return interval(samples[first] - samples[second], profile.evaluation) if known else (NAN, NAN)


def best_assessor(profile: Profile, entry: dict) -> Answer:
    """ERMA's SRCC and PLCC are above every baseline's (`by: order`), or by the relative margins `least` in per
    cent (`by: margin`), for which the paper's best ones (`best`) must have run.

    `group`, `metrics` and `rivals` restrict it. The verdict hangs on the metric with the smaller difference to its best
    baseline. Other assessors that were trained on labels are no baselines of the paper; where one is above, it is said.
    """
    table, name_of = _assessed(profile), frame.PROPOSED_ASSESSOR
    group, methods = entry.get("group", OVERALL), set(table["method"])
    missing = _paper_lacks(methods)
    trained = {one["name"] for one in frame.read_assessors(profile) if one.get("trained")} - {name_of}
    samples = frame.assessor_samples(profile)[0] if group == OVERALL else {}
    words, verdicts, differences, above = [], [], [], set()
    for name, label in (("srcc", "SRCC"), ("plcc", "PLCC")):
        rows = table[(table["group"] == group) & (table["metric"] == name)].dropna(subset="value").set_index("method")
        others = rows["value"].drop([name_of, *trained], errors="ignore")
        others = others[others.index.isin(entry.get("rivals", others.index))]
        if others.empty or name_of not in rows.index or name not in entry.get("metrics", [name]):
            continue
        ours, other, value = float(rows["value"][name_of]), others.idxmax(), float(others.max())
        margin = relative_margin(ours, value)
        low, high = _ends(profile, samples, (name, name_of), (name, other))
        if entry["by"] == "order":
            verdict = bool(ours > value)
            verdicts.append(None if verdict and missing & set(entry.get("rivals", missing)) else verdict)
        else:
            # A baseline that does not correlate at all leaves no margin to express: being above it is all there is.
            verdict = bool(margin >= entry["least"][name] if np.isfinite(margin) else ours > value)
            verdicts.append(None if entry["best"][name] in missing else verdict)
        size = f"{margin:+.1f} %" if np.isfinite(margin) else "no relative margin, the baseline is not positive"
        size += f", difference {low:+.3f} to {high:+.3f}" if np.isfinite(low) else ""
        words.append(f"{label} {ours:.3f}, best baseline {other} {value:.3f} ({size})")
        found = Correlation(ours - value, low, high, int(rows.loc[name_of, "n"]))
        differences.append((f"{label} minus that of {other}", found))
        higher = rows.loc[rows.index.isin(list(trained)) & (rows["value"] > ours), "value"]
        above |= {f"{one} ({label} {value:.3f})" for one, value in higher.items()}
    if not verdicts:
        return Answer()
    measured = "; ".join(words) + f"; over {len(methods - trained) - 1} baselines{_unavailable(profile, methods)}"
    measured += f"; not counted, but above: {', '.join(sorted(above))}" if above else ""
    holds = False if False in verdicts else None if None in verdicts else True
    answer = Answer(measured, holds, scope=_left_out(methods))
    return answer.on(*min(differences, key=lambda one: one[1].value))


def steadiest_assessor(profile: Profile, entry: dict) -> Answer:
    """ERMA's population standard deviation of SRCC over the groups is the smallest."""
    table, name = _assessed(profile), frame.PROPOSED_ASSESSOR
    by_group = table[(table["metric"] == "srcc") & (table["group"] != OVERALL)]
    spreads = {method: spread(rows["value"].to_numpy()) for method, rows in by_group.groupby("method")}
    ranked = sorted((value, method) for method, value in spreads.items() if np.isfinite(value))
    others = [one for one in ranked if one[1] != name]
    if not others or len(others) == len(ranked):
        return Answer()
    methods, (value, other) = set(table["method"]), others[0]
    words = ", ".join(f"{method} {value:.3f}" for value, method in ranked) + _unavailable(profile, methods)
    sizes = by_group[by_group["method"] == name].set_index("group")["n"]
    smallest = f"smallest group: {sizes.idxmin()}, n = {sizes.min()}"
    ends = _ends(profile, frame.assessor_samples(profile)[1], name, other)
    scope = _left_out(methods)
    answer = Answer(words, None if ranked[0][1] == name and scope else ranked[0][1] == name, scope=scope)
    found = Correlation(spreads[name] - value, *ends, int(sizes.sum()))
    return answer.on(f"spread minus that of {other}, the steadiest other ({smallest})", found)
