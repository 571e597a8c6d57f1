"""The paper's claims, each with the published number, ours and a verdict computed by code alone.

A claim is an entry of claims.yaml and one of the rules. `holds` is true, false, or null where this profile does not
test it: what could not be compared leaves a favourable verdict open, an unfavourable one stands. On the simulated
miniature a verdict speaks about the miniature, not about the paper's data.
"""

import json

import numpy as np
import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.editability.scores import OVERALL
from sppe_lib.evaluation import frame
from sppe_lib.evaluation.editability_claims import Answer, best_assessor, steadiest_assessor
from sppe_lib.evaluation.metrics import METRIC_NAMES, column, metric
from sppe_lib.evaluation.recovery_tables import DIFFERENCE, seed_values
from sppe_lib.evaluation.rendering import NOTHING, Document, Section, document, read_yaml
from sppe_lib.evaluation.statistics import NAN, Correlation, Difference, correlate, difference_of, relative_margin
from sppe_lib.runtime import write_text

BEST_OTHER = "the best other"
"""In `pairs` of claims.yaml: for each metric the best of the measured methods, floors and ceilings aside."""


# Comparisons on several metrics, in words.


def compared(profile: Profile, rows: pd.DataFrame, first: str, second: str, names: list[str]) -> dict[str, Difference]:
    """First minus second on each of the columns `names`, such as `psnr_gt_inside`."""
    found = {}
    for name in names:
        entry, region = column(name)
        own = frame.select(rows, metric=entry.name, region=region)
        found[name] = difference_of(*(own[own["method"] == one] for one in (first, second)), profile.evaluation)
    return found


def _ahead_on(found: dict[str, Difference], surely: bool = False) -> list[str]:
    return [name for name, one in found.items() if one.value > 0 and (one.low > 0 or not surely)]


def with_interval(result: Difference) -> str:
    """A difference and its interval: `+0.0123 (+0.0045 to +0.0201)`."""
    return f"{result.value:+.4f} ({result.low:+.4f} to {result.high:+.4f})"


def describe(found: dict[str, Difference]) -> str:
    """On how many metrics the first method is ahead, on how many of them surely, and the differences of the rest."""
    wins, certain = _ahead_on(found), _ahead_on(found, surely=True)
    losses = ", ".join(f"{name} {with_interval(result)}" for name, result in found.items() if name not in wins)
    words = f"{len(wins)} of {len(found)}, {len(certain)} of them with an interval above zero"
    return words + (f"; not on {losses}" if losses else "")


def hanging_on_the_weakest(answer: Answer, found: dict[str, Difference]) -> Answer:
    """The metric that a claim about all hangs on: of those it is not ahead on, or else of all, the lowest difference
    in halves of its interval's width (its sign without one), so that units do not matter.

    The quantity also says on how many metrics the method is ahead, and surely ahead.
    """

    def standing(name: str) -> float:
        value, half = found[name].value, (found[name].high - found[name].low) / 2
        return value / half if half > 0 else float(np.sign(value))

    defined = [name for name, result in found.items() if result.n]
    if not defined:
        return answer
    wins, certain = _ahead_on(found), _ahead_on(found, surely=True)
    lost = [name for name in defined if name not in wins]
    name, which = min(lost or defined, key=standing), "furthest behind on" if lost else "least ahead on"
    return answer.on(f"ahead on {len(wins)} of {len(found)}, surely on {len(certain)}; {which} {name}", found[name])


# The rules about recovery: each takes the profile and a claim's entry.


def _rows(profile: Profile, entry: dict, *methods: str) -> pd.DataFrame:
    """Rows of an entry's run and group; none where one of the methods was not measured there."""
    rows = frame.measured_in(profile, entry["run"])
    rows = rows if entry.get("group", OVERALL) == OVERALL else frame.select(rows, group=entry["group"])
    return rows if set(methods) <= set(frame.methods_of(rows)) else rows.iloc[:0]


def _rivals(rows: pd.DataFrame) -> list[str]:
    return [name for name in frame.methods_of(rows) if name not in (frame.PROPOSED, *frame.BOUNDS)]


def _missing(rows: pd.DataFrame, run: str) -> str:
    """Methods of the paper's table of a run that were not measured, as a clause; "" where all were."""
    published = frame.published_recovery().query("run == @run")["method"].unique()
    names = [name for name in published if name not in frame.methods_of(rows)]
    return f", without {', '.join(names)}, not run here" if names else ""


def _means(rows: pd.DataFrame) -> pd.DataFrame:
    """Means of the whole image: metrics by methods."""
    values = frame.select(rows, region="all").groupby(["metric", "method"], sort=False, observed=True)["value"]
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
        if second == BEST_OTHER:
            best, own = _means(rows)[others].fillna(-np.inf).idxmax(axis="columns"), {}
            for name in metrics:
                own[f"{name} against {best[name]}"] = compared(profile, rows, first, best[name], [name])[name]
            complete = complete and not _missing(rows, entry["run"])
        else:
            own = compared(profile, rows, first, second, metrics)
        words.append((f"{step}: " if step else "") + describe(own))
        found |= {f"{name} with {step}" if step else name: result for name, result in own.items()}
    if not found:
        return Answer()
    holds = len(_ahead_on(found)) == len(found)
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
    ours = frame.select(rows, method=frame.PROPOSED, metric=METRIC_NAMES[0], region="all")
    wins = {
        strength: len(_ahead_on(compared(profile, part, frame.PROPOSED, frame.BASELINE, METRIC_NAMES)))
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
    above = means[[name for name in frame.FLOORS if name in means]].gt(means[frame.PROPOSED], axis="index")
    named = [f"{name} ({', '.join(row.index[row])})" for name, row in above.iterrows() if row.any()]
    return words + (f"; not counted: a floor is above on {', '.join(named)}" if named else "")


_ALSO = {"seeds": _seeds_agree, "strengths": _at_strengths, "rivals": _among_rivals}


def signs(profile: Profile, entry: dict) -> Answer:
    """From `second` to `first` each of `metrics` moves the way that its sign says."""
    wanted, methods = entry["metrics"], (entry["first"], entry["second"])
    rows = _rows(profile, entry, *methods)
    if rows.empty:
        return Answer()
    found = compared(profile, rows, *methods, wanted)
    words = ", ".join(f"{metric(name).label} {with_interval(result)}" for name, result in found.items())
    name = min(found, key=lambda name: wanted[name] * found[name].effect)
    holds = all(wanted[name] * result.value > 0 for name, result in found.items())
    return Answer(f"{words}, {entry['names']}", holds).on(
        f"difference on {name}, the least clear of the {entry['of']}", found[name]
    )


def gains(profile: Profile, entry: dict) -> Answer:
    """In a group `first` exceeds `second` on each metric of `least` by at least as many per cent."""
    needed, methods = entry["least"], [entry["first"], entry["second"]]
    rows = _rows(profile, entry, *methods)
    if rows.empty:
        return Answer()
    means = _means(rows)
    ours = {name: relative_margin(*means.loc[name, methods]) for name in needed}
    found = compared(profile, rows, *methods, needed)
    words = "; ".join(f"{metric(name).label} {ours[name]:+.1f} %, {with_interval(one)}" for name, one in found.items())
    name = min(needed, key=lambda name: ours[name] - needed[name])
    holds = all(ours[name] >= needed[name] for name in needed)
    return Answer(words, holds).on(f"difference on {name}, the least beside the paper's", found[name])


def record_by_group(profile: Profile, entry: dict) -> Answer:
    """C2E-S2SER is above SOER, and best of all, in at least the paper's shares of the cells (metrics by groups)."""
    rows = frame.select(_rows(profile, entry, frame.PROPOSED, frame.BASELINE), region="all")
    if rows.empty:
        return Answer()
    means = rows.groupby(["metric", "group", "method"], sort=False, observed=True)["value"].mean().unstack()
    means = means.dropna(subset=[frame.PROPOSED, frame.BASELINE])
    above = means[frame.PROPOSED] > means[frame.BASELINE]
    best = means[frame.PROPOSED] > means[_rivals(rows)].max(axis="columns")
    parts = [f"above {frame.BASELINE} in {above.sum()} of {len(means)} cells"]
    directions = [name for name in ("dir_i", "dir_s") if name in above]
    parts += [f"{metric(name).label} {above[name].sum()} of {len(above[name])} groups" for name in directions]
    parts.append(f"best of all in {best.sum()}")
    enough = above.mean() >= entry["above"] / entry["cells"] and best.mean() >= entry["best"] / entry["cells"]
    holds = None if enough and _missing(rows, entry["run"]) else bool(enough)
    share = Correlation(above.mean(), NAN, NAN, len(means))
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


def metric_correlations(profile: Profile, run: str, first: str, second: str) -> dict[str, Correlation]:
    """Pearson's r of two metrics over the instances of a run, by method."""
    rows = frame.averaged(frame.select(frame.measured_in(profile, run), region="all", metric=(first, second)))
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


_RULES = (ahead, gains, signs, ranks, record_by_group, correlates, best_assessor, steadiest_assessor)
RULES = {rule.__name__: rule for rule in _RULES}


def evaluate_claim(profile: Profile, entry: dict) -> dict:
    """A claim of claims.yaml with its number and verdict; what is not defined is null."""
    answer = RULES[entry["rule"]](profile, entry)
    names = {"value": "value", "ci_low": "low", "ci_high": "high", "p_value": "p_value"}
    numbers = {name: getattr(answer.found, key, NAN) for name, key in names.items()}
    return {
        "number": entry["number"],
        "claim": entry["claim"],
        "published": entry.get("published", ""),
        "measured": answer.measured,
        "holds": answer.holds,
        "scope": answer.scope or None,
        "quantity": answer.quantity or None,
        **{name: float(value) if np.isfinite(value) else None for name, value in numbers.items()},
        "n": int(answer.found.n) or None,
    }


def evaluate_claims(profile: Profile, run: str | None = None) -> list[dict]:
    """Every claim with its verdict, in the order of claims.yaml; `run`: only those about this run of the frame."""
    return [evaluate_claim(profile, one) for one in read_yaml("claims.yaml") if run in (None, one.get("run"))]


def write_claims(profile: Profile) -> list[dict]:
    """Write `figures/<profile>/claims.json` atomically and return its content."""
    claims = [entry | {"data": frame.data_name(profile), "profile": profile.name} for entry in evaluate_claims(profile)]
    text = json.dumps(claims, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_text(profile.figures / "claims.json", text)
    return claims


# The verdicts for reading.


def verdict_in_words(entry: dict) -> str:
    """Whether a claim holds here, and what the verdict leaves out."""
    words = {True: "**holds here**", False: "**does not hold here**", None: "not tested"}
    return words[entry["holds"]] + (f", {entry['scope']}" if entry["scope"] else "")


def _evidence(entry: dict) -> str:
    """What the verdict hangs on, in one line: the quantity, its value, interval, n and p."""
    if entry["quantity"] is None:
        return NOTHING
    numbers = (entry[name] for name in ("value", "ci_low", "ci_high"))
    value, low, high = (NOTHING if one is None else f"{one:.4g}" for one in numbers)
    words = f"{entry['quantity']}: {value}" + (f" ({low} to {high})" if entry["ci_low"] is not None else "")
    words += f", n = {entry['n']}" if entry["n"] else ""
    return words + (f", p = {entry['p_value']:.2g}" if entry["p_value"] is not None else "")


def verdict_cells(claims: list[dict]) -> dict[str, list[str]]:
    """Number, claim, the paper's evidence, verdict and what decides it."""
    return {
        "": [entry["number"] for entry in claims],
        "claim": [entry["claim"] for entry in claims],
        "paper": [entry["published"] for entry in claims],
        "here": [verdict_in_words(entry) for entry in claims],
        "decided by": [_evidence(entry) for entry in claims],
    }


def verdict_table(profile: Profile) -> Document:
    """One row per claim: verdict, what decides it, the paper's number, and all that was measured."""
    claims = evaluate_claims(profile)
    cells = verdict_cells(claims) | {"measured": [entry["measured"] for entry in claims]}
    order = ["", "claim", "here", "decided by", "paper", "measured"]
    return document("table_verdicts", profile, [Section("", pd.DataFrame(cells)[order])], pd.DataFrame(claims))
