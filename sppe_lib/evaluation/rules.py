"""The rules of claims.yaml: what each finds of an entry in a profile's results, as an Answer."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.editability.scores import OVERALL
from sppe_lib.evaluation import frame
from sppe_lib.evaluation.frame import PROPOSED, PROPOSED_ASSESSOR
from sppe_lib.evaluation.metrics import METRIC_NAMES, column, metric
from sppe_lib.evaluation.recovery_tables import DIFFERENCE, seed_values
from sppe_lib.evaluation.statistics import (
    NAN,
    Estimate,
    correlate,
    difference_of,
    interval,
    relative_margin,
    signed,
    spread,
)  # fmt: skip
from sppe_lib.published import read_published

NOT_TESTED = "not tested in this profile yet"

BEST_OTHER = "the best other"
"""In `pairs` of claims.yaml: for each metric the best of the measured methods, floors and ceilings aside."""


@dataclass(frozen=True)
class Answer:
    """What a rule found, in words, its verdict, and what that leaves out; the number that it hangs on, and its name."""

    measured: str = NOT_TESTED
    holds: bool | None = None
    scope: str = ""
    quantity: str = ""
    found: Estimate = Estimate()

    def on(self, quantity: str, found: Estimate) -> "Answer":
        """The answer with the number that it hangs on."""
        return replace(self, quantity=quantity, found=found)


# Comparisons on several metrics, in words.


def compared(profile: Profile, rows: pd.DataFrame, first: str, second: str, names: list[str]) -> dict[str, Estimate]:
    """First minus second on each of the columns `names`, such as `psnr_gt_inside`."""
    found = {}
    for name in names:
        entry, region = column(name)
        own = frame.select(rows, metric=entry.name, region=region)
        found[name] = difference_of(*(own[own["method"] == one] for one in (first, second)), profile.evaluation)
    return found


def ahead_on(found: dict[str, Estimate], surely: bool = False) -> list[str]:
    """The metrics on which the first method is ahead; `surely`: with an interval above zero."""
    return [name for name, one in found.items() if one.value > 0 and (one.low > 0 or not surely)]


def describe(found: dict[str, Estimate]) -> str:
    """On how many metrics the first method is ahead, on how many of them surely, and the differences of the rest."""
    wins, certain = ahead_on(found), ahead_on(found, surely=True)
    losses = ", ".join(f"{name} {signed(result)}" for name, result in found.items() if name not in wins)
    words = f"{len(wins)} of {len(found)}, {len(certain)} of them with an interval above zero"
    return words + (f"; not on {losses}" if losses else "")


def hanging_on_the_weakest(answer: Answer, found: dict[str, Estimate]) -> Answer:
    """The metric that a claim about all hangs on: of those it is not ahead on, or else of all, the lowest difference
    in halves of its interval's width (its sign without one), so that units do not matter."""

    def standing(name: str) -> float:
        value, half = found[name].value, (found[name].high - found[name].low) / 2
        return value / half if half > 0 else float(np.sign(value))

    defined = [name for name, result in found.items() if result.n]
    if not defined:
        return answer
    wins, certain = ahead_on(found), ahead_on(found, surely=True)
    lost = [name for name in defined if name not in wins]
    name, which = min(lost or defined, key=standing), "furthest behind on" if lost else "least ahead on"
    return answer.on(f"ahead on {len(wins)} of {len(found)}, surely on {len(certain)}; {which} {name}", found[name])


# The rules about recovery.


def _rows(profile: Profile, entry: dict, *methods: str) -> pd.DataFrame:
    """Rows of an entry's run and group; none where one of the methods was not measured there."""
    rows = frame.measured_in(profile, entry["run"])
    rows = rows if entry.get("group", OVERALL) == OVERALL else frame.select(rows, group=entry["group"])
    return rows if set(methods) <= set(frame.methods_of(rows)) else rows.iloc[:0]


def _rivals(rows: pd.DataFrame) -> list[str]:
    return [name for name in frame.methods_of(rows) if name not in (PROPOSED, *frame.BOUNDS)]


def _missing(rows: pd.DataFrame, run: str) -> str:
    """Methods of the paper's table of a run that were not measured, as a clause; "" where all were."""
    published = frame.published_recovery().query("run == @run")["method"].unique()
    names = [name for name in published if name not in frame.methods_of(rows)]
    return f", without {', '.join(names)}, not run here" if names else ""


def _means(rows: pd.DataFrame, *by: str) -> pd.DataFrame:
    """Means of the whole image: metrics (and `by`) by methods."""
    values = frame.select(rows, region="all").groupby(["metric", *by, "method"], sort=False, observed=True)["value"]
    return values.apply(pd.Series.mean).unstack()


def ahead(profile: Profile, entry: dict) -> Answer:
    """Of each of `pairs` the first method's mean is above the second's on all `metrics`."""
    rows, metrics = _rows(profile, entry), entry.get("metrics", METRIC_NAMES)
    found, words, complete = {}, [], True
    for pair in entry["pairs"]:
        first, second, step = pair["first"], pair["second"], pair.get("step")
        others = _rivals(rows) if second == BEST_OTHER else [second]
        if first not in frame.methods_of(rows) or not set(others) & set(frame.methods_of(rows)):
            complete = False
            continue
        best, own = _means(rows)[others].fillna(-np.inf).idxmax(axis="columns"), {}
        for name in metrics:
            label = f"{name} against {best[name]}" if second == BEST_OTHER else name
            own[label] = compared(profile, rows, first, best[name], [name])[name]
        complete = complete and not (second == BEST_OTHER and _missing(rows, entry["run"]))
        words.append((f"{step}: " if step else "") + describe(own))
        found |= {f"{name} with {step}" if step else name: result for name, result in own.items()}
    if not found:
        return Answer()
    holds = len(ahead_on(found)) == len(found)
    also = _ALSO[entry["also"]](profile, rows, holds, entry["run"]) if "also" in entry else ""
    answer = Answer("; ".join(words) + also, None if holds and not complete else holds)
    return hanging_on_the_weakest(answer, found)


def _seeds_agree(profile: Profile, rows: pd.DataFrame, holds: bool, run: str) -> str:
    """On how many metrics each seed has C2E-S2SER ahead, and how many seeds give the same verdict; "" for one seed."""
    values = seed_values(profile)
    differences = values[values["method"] == DIFFERENCE]
    wins = (differences["value"] > 0).groupby(differences["seed"]).sum()
    if len(wins) < 2:
        return ""
    agree = int(((wins == len(METRIC_NAMES)) == holds).sum())
    counts, seeds = (", ".join(map(str, values)) for values in (wins, wins.index))
    return f"; ahead on {counts} of {len(METRIC_NAMES)} with seeds {seeds}: {agree} of {len(wins)} seeds agree"


def _at_strengths(profile: Profile, rows: pd.DataFrame, holds: bool, run: str) -> str:
    """How many sources and surrogates a verdict on the sweep set is about, and how it goes at each strength."""
    ours = frame.select(rows, method=PROPOSED, metric=METRIC_NAMES[0], region="all")
    wins = {
        strength: len(ahead_on(compared(profile, part, PROPOSED, frame.BASELINE, METRIC_NAMES)))
        for strength, part in rows.groupby("strength")
    }
    return (
        f"; {ours['pair'].nunique()} sources, {len(ours)} surrogates at strengths {min(wins):g} to {max(wins):g}; "
        f"ahead by strength: " + ", ".join(f"{strength:g}: {count}" for strength, count in wins.items())
    )


def _among_rivals(profile: Profile, rows: pd.DataFrame, holds: bool, run: str) -> str:
    """Which methods were compared, which are missing, and where a floor, which is not counted, is above."""
    means = _means(rows)
    words = f"; each metric against the best of {', '.join(_rivals(rows))}{_missing(rows, run)}"
    above = means[[name for name in frame.FLOORS if name in means]].gt(means[PROPOSED], axis="index")
    named = [f"{name} ({', '.join(row.index[row])})" for name, row in above.iterrows() if row.any()]
    return words + (f"; not counted: a floor is above on {', '.join(named)}" if named else "")


_ALSO = {"seeds": _seeds_agree, "strengths": _at_strengths, "rivals": _among_rivals}


def changes(profile: Profile, entry: dict) -> Answer:
    """From `second` to `first` each metric of `signs` moves the way that its sign says (`names`, `of`: the words for
    it), or each of `least` rises by at least so many per cent of its mean."""
    methods, least = [entry["first"], entry["second"]], entry.get("least")
    rows = _rows(profile, entry, *methods)
    if rows.empty:
        return Answer()
    if least:
        found, means = compared(profile, rows, *methods, least), _means(rows)
        gains = {name: relative_margin(*means.loc[name, methods]) for name in least}
        holds = all(gains[name] >= least[name] for name in least)
        words = "; ".join(f"{metric(name).label} {gains[name]:+.1f} %, {signed(one)}" for name, one in found.items())
        name, which = min(least, key=lambda name: gains[name] - least[name]), "least beside the paper's"
    else:
        found, signs = compared(profile, rows, *methods, entry["signs"]), entry["signs"]
        holds = all(signs[name] * one.value > 0 for name, one in found.items())
        words = ", ".join(f"{metric(name).label} {signed(one)}" for name, one in found.items())
        words, which = f"{words}, {entry['names']}", f"least clear of the {entry['of']}"
        name = min(found, key=lambda name: signs[name] * found[name].effect)
    return Answer(words, holds).on(f"difference on {name}, the {which}", found[name])


def record_by_group(profile: Profile, entry: dict) -> Answer:
    """C2E-S2SER is above SOER, and best of all, in at least the paper's shares of the cells (metrics by groups)."""
    rows = _rows(profile, entry, PROPOSED, frame.BASELINE)
    if rows.empty:
        return Answer()
    means = _means(rows, "group").dropna(subset=[PROPOSED, frame.BASELINE])
    above = means[PROPOSED] > means[frame.BASELINE]
    best = means[PROPOSED] > means[_rivals(rows)].max(axis="columns")
    parts = [f"above {frame.BASELINE} in {above.sum()} of {len(means)} cells"]
    directions = [name for name in ("dir_i", "dir_s") if name in above]
    parts += [f"{metric(name).label} {above[name].sum()} of {len(above[name])} groups" for name in directions]
    parts.append(f"best of all in {best.sum()}")
    enough = above.mean() >= entry["above"] / entry["cells"] and best.mean() >= entry["best"] / entry["cells"]
    holds = None if enough and _missing(rows, entry["run"]) else bool(enough)
    share = Estimate(above.mean(), n=len(means))
    return Answer(", ".join(parts), holds).on(f"share of cells above {frame.BASELINE}", share)


def ranks(profile: Profile, entry: dict) -> Answer:
    """Of the paper's methods that ran, `method` has rank `rank` on each of `metrics`."""
    rows = _rows(profile, entry)
    names = [name for name in frame.methods_of(rows) if name not in frame.BOUNDS]
    if entry["method"] not in names or len(names) < entry["rank"]:
        return Answer()
    found = _means(rows).loc[entry["metrics"], names].rank(axis="columns", ascending=False)[entry["method"]]
    words = ", ".join(f"{metric(name).label} {place:.0f} of {len(names)}" for name, place in found.items())
    holds = bool((found == entry["rank"]).all())
    missing = _missing(rows, entry["run"])
    return Answer(words + missing.replace(",", ";", 1), None if holds and missing else holds)


def metric_correlations(profile: Profile, run: str, first: str, second: str) -> dict[str, Estimate]:
    """Pearson's r of two metrics over the instances of a run, by method."""
    rows = frame.averaged(frame.measured_in(profile, run, region="all", metric=(first, second)))
    found = {}
    for name in frame.methods_of(rows):
        one, other = (frame.select(rows, method=name, metric=which) for which in (first, second))
        found[name] = correlate(one["value"], other["value"], one["pair"], profile.evaluation)
    return found


def correlates(profile: Profile, entry: dict) -> Answer:
    """Two metrics correlate over instances for every method that ran: every interval is above zero."""
    found = metric_correlations(profile, entry["run"], entry["first"], entry["second"])
    found = {name: one for name, one in found.items() if np.isfinite(one.value) and name not in frame.BOUNDS}
    if not found:
        return Answer()
    words = ", ".join(f"{name} r = {one.value:.2f} ({one.low:.2f} to {one.high:.2f})" for name, one in found.items())
    name, least = min(found.items(), key=lambda one: one[1].value)
    return Answer(words, all(one.low > 0 for one in found.values())).on(f"Pearson's r of {name}, the smallest", least)


# The rules about ERMA and the other assessors.


def _assessed(profile: Profile) -> tuple[pd.DataFrame, set[str], set[str]]:
    """Correlations of this run (no rows without ERMA and another assessor), their methods, and those of the paper's
    Table 4 that lack."""
    table = frame.read_correlations(profile)
    table = table if {PROPOSED_ASSESSOR} < set(table["method"]) else table.iloc[:0]
    methods = set(table["method"])
    return table, methods, set(read_published("table4_editability")["method"]) - methods


def _unavailable(profile: Profile, methods: set[str], missing: set[str]) -> str:
    described = {entry["name"] for entry in frame.read_assessors(profile)} - methods
    return f"; not available here: {', '.join(sorted(described | missing))}" if described | missing else ""


def _left_out(missing: set[str]) -> str:
    """Which of the paper's own IQA baselines a verdict about ERMA leaves out; "" where all were measured."""
    return f"without the paper's {', '.join(sorted(missing))}, whose weights are not available" if missing else ""


def _difference(profile: Profile, value: float, n: int, samples: dict, first: object, second: object) -> Estimate:
    """A difference of two bootstrapped numbers; without an interval where one was not bootstrapped."""
    known = first in samples and second in samples
    ends = interval(samples[first] - samples[second], profile.evaluation) if known else (NAN, NAN)
    return Estimate(value, *ends, int(n))


def best_assessor(profile: Profile, entry: dict) -> Answer:
    """ERMA's SRCC and PLCC are above every baseline's, or by the relative margins `least` in per cent, for which the
    paper's best ones (`best`) must have run.

    `group`, `metrics` and `rivals` restrict it. The verdict hangs on the metric with the smaller difference to its best
    baseline. Other assessors that were trained on labels are no baselines of the paper; where one is above, it is said.
    """
    (table, methods, missing), group = _assessed(profile), entry.get("group", OVERALL)
    trained = {one["name"] for one in frame.read_assessors(profile) if one.get("trained")} - {PROPOSED_ASSESSOR}
    samples = frame.assessor_samples(profile)[0] if group == OVERALL else {}
    words, verdicts, differences, above = [], [], [], set()
    for name, label in (("srcc", "SRCC"), ("plcc", "PLCC")):
        rows = table[(table["group"] == group) & (table["metric"] == name)].dropna(subset="value").set_index("method")
        others = rows["value"].drop([PROPOSED_ASSESSOR, *trained], errors="ignore")
        others = others[others.index.isin(entry.get("rivals", others.index))]
        if others.empty or PROPOSED_ASSESSOR not in rows.index or name not in entry.get("metrics", [name]):
            continue
        ours, other, value = float(rows["value"][PROPOSED_ASSESSOR]), others.idxmax(), float(others.max())
        margin = relative_margin(ours, value)
        if "least" in entry:
            # A baseline that does not correlate at all leaves no margin to express: being above it is all there is.
            verdict = bool(margin >= entry["least"][name] if np.isfinite(margin) else ours > value)
            verdicts.append(None if entry["best"][name] in missing else verdict)
        else:
            verdicts.append(None if ours > value and missing & set(entry.get("rivals", missing)) else ours > value)
        keys = (name, PROPOSED_ASSESSOR), (name, other)
        found = _difference(profile, ours - value, rows.loc[PROPOSED_ASSESSOR, "n"], samples, *keys)
        size = f"{margin:+.1f} %" if np.isfinite(margin) else "no relative margin, the baseline is not positive"
        size += f", difference {found.low:+.3f} to {found.high:+.3f}" if np.isfinite(found.low) else ""
        words.append(f"{label} {ours:.3f}, best baseline {other} {value:.3f} ({size})")
        differences.append((f"{label} minus that of {other}", found))
        higher = rows.loc[rows.index.isin(list(trained)) & (rows["value"] > ours), "value"]
        above |= {f"{one} ({label} {value:.3f})" for one, value in higher.items()}
    if not verdicts:
        return Answer()
    measured = "; ".join(words) + f"; over {len(methods - trained) - 1} baselines"
    measured += _unavailable(profile, methods, missing)
    measured += f"; not counted, but above: {', '.join(sorted(above))}" if above else ""
    holds = False if False in verdicts else None if None in verdicts else True
    return Answer(measured, holds, _left_out(missing)).on(*min(differences, key=lambda one: one[1].value))


def steadiest_assessor(profile: Profile, entry: dict) -> Answer:
    """ERMA's population standard deviation of SRCC over the groups is the smallest."""
    table, methods, missing = _assessed(profile)
    by_group = table[(table["metric"] == "srcc") & (table["group"] != OVERALL)]
    spreads = {method: spread(rows["value"].to_numpy()) for method, rows in by_group.groupby("method")}
    ranked = sorted((value, method) for method, value in spreads.items() if np.isfinite(value))
    others = [one for one in ranked if one[1] != PROPOSED_ASSESSOR]
    if not others or len(others) == len(ranked):
        return Answer()
    value, other = others[0]
    words = ", ".join(f"{method} {value:.3f}" for value, method in ranked) + _unavailable(profile, methods, missing)
    sizes = by_group[by_group["method"] == PROPOSED_ASSESSOR].set_index("group")["n"]
    smallest = f"smallest group: {sizes.idxmin()}, n = {sizes.min()}"
    holds, samples = ranked[0][1] == PROPOSED_ASSESSOR, frame.assessor_samples(profile)[1]
    difference = spreads[PROPOSED_ASSESSOR] - value
    found = _difference(profile, difference, sizes.sum(), samples, PROPOSED_ASSESSOR, other)
    answer = Answer(words, None if holds and missing else holds, _left_out(missing))
    return answer.on(f"spread minus that of {other}, the steadiest other ({smallest})", found)


_RULES = (ahead, changes, ranks, record_by_group, correlates, best_assessor, steadiest_assessor)
RULES = {rule.__name__: rule for rule in _RULES}  # by the name that claims.yaml gives them
