"""The paper's claims and this kit's goals, each with the published number, ours and a verdict computed by code alone.

A claim is an entry of claims.yaml and one of the rules below. `holds` is true, false, or null where this profile does
not test it: what could not be compared leaves a favourable verdict open, an unfavourable one stands. On the simulated
miniature a verdict speaks about the miniature, not about the paper's data.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.editability.scores import OVERALL
from sppe_lib.evaluation.frame import (
    BASELINE, PROPOSED, PROPOSED_ASSESSOR, TRIVIAL_METHODS, assessor_samples, assessor_spreads, data_name, measured_in,
    methods_of, published_ablation, published_correlations, published_recovery, read_assessors, read_correlations, select,
)  # fmt: skip
from sppe_lib.evaluation.metrics import METRIC_NAMES, column, metric
from sppe_lib.evaluation.rendering import NOTHING, Document, Section, document, gaps, read_yaml
from sppe_lib.evaluation.statistics import NAN, Difference, compare, correlate, interval, relative_margin, spread, summarise
from sppe_lib.evaluation.tables import DIFFERENCE, seed_values
from sppe_lib.published import read_published
from sppe_lib.runtime import write_text

NOT_TESTED = "not tested in this profile yet"

PAPER = "paper"
KIT_GOAL = "this kit's own goal for the miniature, not a claim of the paper"

BEST_OTHER = "the best other"
"""In `pairs` of claims.yaml: for each metric the best of the measured methods, trivial ones aside."""


@dataclass(frozen=True)
class Evidence:
    """The number that a verdict hangs on: what it is, its interval, over how many, its test (NaN where none)."""

    quantity: str = ""
    value: float = NAN
    low: float = NAN
    high: float = NAN
    n: int = 0
    p_value: float = NAN


@dataclass(frozen=True)
class Answer:
    """What a rule found: in words, its verdict, the number it hangs on, and what the verdict leaves out, if anything."""

    measured: str = NOT_TESTED
    holds: bool | None = None
    evidence: Evidence = Evidence()
    scope: str = ""


def from_difference(quantity: str, found: Difference) -> Evidence:
    """A paired difference as the number that a verdict hangs on."""
    return Evidence(quantity, found.value, found.low, found.high, found.n, found.p_value)


# The paper's own numbers, in words.


def published_margins() -> dict[str, tuple[str, float]]:
    """Per metric: the paper's best IQA baseline and ERMA's margin over it in per cent (from Table 4)."""
    table = read_published("table4_editability").set_index("method")
    found = {}
    for name in ("srcc", "plcc"):
        others = table[name].drop(PROPOSED_ASSESSOR)
        found[name] = others.idxmax(), relative_margin(table.loc[PROPOSED_ASSESSOR, name], others.max())
    return found


def published_spreads() -> dict[str, float]:
    """Per assessor: population standard deviation of the published SRCC over the eleven groups."""
    table = published_correlations()
    table = table[(table["metric"] == "srcc") & (table["group"] != OVERALL)]
    return {method: spread(rows["value"].to_numpy()) for method, rows in table.groupby("method", sort=False)}


def published_wins(run: str = "benchmark") -> int:
    """On how many metrics the paper's C2E-S2SER exceeds SOER overall; of the run `unseen`, all methods of Table 7."""
    table = published_recovery().query("run == @run and group == @OVERALL")
    values = table.pivot(index="metric", columns="method", values="value")
    others = values[[BASELINE]] if run == "benchmark" else values.drop(columns=PROPOSED)
    return int((values[PROPOSED] > others.max(axis="columns")).sum())


def _published_gaps() -> dict[str, str]:
    margins = published_margins()
    table = published_ablation().set_index(["group", "metric", "variant"])["value"]
    modules, lengths = table["module"].unstack(), table["iteration"].unstack()
    base, cycle, full = (modules[name] for name in ("base", "base + cycle", "base + cycle + edit tag"))
    longer = lengths["8000"] - lengths["6000"]
    eight = len(METRIC_NAMES)
    return {
        "margins": ", ".join(f"{margin:+.1f} % {name.upper()} over {other}" for name, (other, margin) in margins.items()),
        "thresholds": " and ".join(f"{margin:.1f} % {name.upper()}" for name, (_, margin) in margins.items()),
        "spreads": ", ".join(
            f"{name} {value:.3f}" for name, value in sorted(published_spreads().items(), key=lambda entry: entry[1])
        ),
        "wins": f"{published_wins()} of {eight}",
        "unseen_wins": f"{published_wins('unseen')} of {eight}",
        "module_wins": f"the cycle {(cycle > base).sum()} of {eight}, the edit tag {(full > cycle).sum()} of {eight}",
        "length": ", ".join(f"{metric(name).label} {longer[name]:+.4f}" for name in ("ssim_src", "psnr_src", "dir_i"))
        + " from 6000 to 8000 steps (Table 8)",
    }


# Words for comparisons.


def _ahead_on(found: dict[str, Difference]) -> list[str]:
    return [name for name, result in found.items() if result.value > 0]


def with_interval(result: Difference) -> str:
    """A difference and its interval: `+0.0123 (+0.0045 to +0.0201)`."""
    return f"{result.value:+.4f} ({result.low:+.4f} to {result.high:+.4f})"


def describe(found: dict[str, Difference]) -> str:
    """On how many metrics the first method is ahead, on how many of them surely, and the differences of the rest."""
    wins = _ahead_on(found)
    certain = [name for name in wins if found[name].low > 0]
    losses = ", ".join(f"{name} {with_interval(result)}" for name, result in found.items() if name not in wins)
    words = f"{len(wins)} of {len(found)}, {len(certain)} of them with an interval above zero"
    return words + (f"; not on {losses}" if losses else "")


def standing(result: Difference) -> float:
    """A difference in halves of its interval's width, which metrics of different units can be compared by.

    Without an interval, the sign of the difference.
    """
    half = (result.high - result.low) / 2
    return result.value / half if half > 0 else float(np.sign(result.value))


def weakest(found: dict[str, Difference]) -> Evidence:
    """The metric that a claim about all hangs on: of those it is not ahead on, or else of all, the lowest `standing`.

    The quantity also says on how many metrics the method is ahead, and surely ahead.
    """
    defined = {name: result for name, result in found.items() if result.n}
    if not defined:
        return Evidence()
    wins = _ahead_on(found)
    lost = {name: result for name, result in defined.items() if name not in wins}
    name, least = min((lost or defined).items(), key=lambda entry: standing(entry[1]))
    certain = sum(found[win].low > 0 for win in wins)
    which = "least ahead on" if not lost else "furthest behind on"
    return from_difference(f"ahead on {len(wins)} of {len(found)}, surely on {certain}; {which} {name}", least)


# The rules: each takes the profile and a claim's entry.


def compared(profile: Profile, rows: pd.DataFrame, first: str, second: str, names: list[str]) -> dict[str, Difference]:
    """First minus second on each of the columns `names`, such as `psnr_gt_inside`."""
    found = {}
    for name in names:
        entry, region = column(name)
        own = select(rows, metric=entry.name, region=region)
        rows_found = compare(own, first, second, ["metric"], profile.evaluation).drop(columns="metric")
        found[name] = Difference(*next(rows_found.itertuples(index=False), (NAN, NAN, NAN, NAN, NAN, 0)))
    return found


def _rivals(rows: pd.DataFrame) -> list[str]:
    return [name for name in methods_of(rows) if name not in (PROPOSED, *TRIVIAL_METHODS)]


def _best_others(rows: pd.DataFrame) -> dict[str, str]:
    """Per metric the rival with the highest mean."""
    whole = select(rows, region="all", method=_rivals(rows))
    means = whole.groupby(["metric", "method"], sort=False, observed=True)["value"].apply(pd.Series.mean)
    return means.fillna(-np.inf).unstack()[_rivals(rows)].idxmax(axis="columns").to_dict()


def ahead(profile: Profile, entry: dict) -> Answer:
    """Of each of `pairs` the first method's mean is above the second's on all `metrics`."""
    rows = measured_in(profile, entry["run"])
    metrics = entry.get("metrics", dict.fromkeys(METRIC_NAMES))
    found, words, complete = {}, [], True
    for pair in entry["pairs"]:
        first, second, step = pair["first"], pair["second"], pair.get("step")
        if first not in methods_of(rows) or not (_rivals(rows) if second == BEST_OTHER else second in methods_of(rows)):
            complete = False
            continue
        if second == BEST_OTHER:
            against = _best_others(rows)
            complete = complete and not _missing(profile, entry["run"])
            own = {
                f"{name} against {against[name]}": compared(profile, rows, first, against[name], [name])[name]
                for name in metrics
            }
        else:
            own = compared(profile, rows, first, second, list(metrics))
            own = {(metrics[name] or name).format(second=second): result for name, result in own.items()}
        words.append((f"{step}: " if step else "") + describe(own))
        found |= {f"{name} with {step}" if step else name: result for name, result in own.items()}
    if not found:
        return Answer()
    holds = len(_ahead_on(found)) == len(found)
    answer = "; ".join(words)
    if "unit" in entry:
        answer = ", ".join(f"{name} {result.value:+.2f} {entry['unit']}" for name, result in found.items())
    answer += _ALSO[entry["also"]](profile, rows, holds) if "also" in entry else ""
    return Answer(answer, None if holds and not complete else holds, weakest(found))


def _missing(profile: Profile, run: str) -> list[str]:
    """Methods of the paper's table of a run that were not measured."""
    ran = methods_of(measured_in(profile, run))
    return [name for name in published_recovery().query("run == @run")["method"].unique() if name not in ran]


def _seeds_agree(profile: Profile, rows: pd.DataFrame, holds: bool) -> str:
    """On how many metrics each seed has C2E-S2SER ahead, and how many seeds give the same verdict; "" for one seed."""
    values = seed_values(profile)
    differences = values[values["method"] == DIFFERENCE]
    wins = (differences["value"] > 0).groupby(differences["seed"]).sum()
    if len(wins) < 2:
        return ""
    agree = int(((wins == len(METRIC_NAMES)) == holds).sum())
    counts, seeds = (", ".join(map(str, values)) for values in (wins, wins.index))
    return f"; ahead on {counts} of {len(METRIC_NAMES)} with seeds {seeds}: {agree} of {len(wins)} seeds agree"


def _at_strengths(profile: Profile, rows: pd.DataFrame, holds: bool) -> str:
    """How many sources and surrogates a verdict on the sweep set is about, and how it goes at each strength."""
    ours = select(rows, method=PROPOSED, metric=METRIC_NAMES[0], region="all")
    strengths = sorted(ours["strength"].unique())
    by_strength = ", ".join(
        f"{strength:g}: {len(_ahead_on(compared(profile, select(rows, strength=strength), PROPOSED, BASELINE, METRIC_NAMES)))}"
        for strength in strengths
    )
    return (
        f"; {ours['pair'].nunique()} sources, {len(ours)} surrogates at strengths {strengths[0]:g} to "
        f"{strengths[-1]:g}; ahead by strength: {by_strength}"
    )


def _among_rivals(profile: Profile, rows: pd.DataFrame, holds: bool) -> str:
    """Which methods were compared and which are missing, and where a trivial baseline, which is not counted, is above."""
    words, missing = f"; each metric against the best of {', '.join(_rivals(rows))}", _missing(profile, "unseen")
    if missing:
        words += f", without {', '.join(missing)}, not run here"
    whole = select(rows, region="all").groupby(["metric", "method"], sort=False, observed=True)["value"]
    means, above = whole.mean().unstack(), []
    for name in METRIC_NAMES:
        better = [other for other in TRIVIAL_METHODS if other in means and means.loc[name, other] > means.loc[name, PROPOSED]]
        above += [f"{name} ({', '.join(better)})"] if better else []
    return words + (f"; not counted: a trivial baseline is above on {', '.join(above)}" if above else "")


_ALSO = {"seeds": _seeds_agree, "strengths": _at_strengths, "rivals": _among_rivals}


def at_least(profile: Profile, entry: dict) -> Answer:
    """The mean of `first` on a metric, or its difference to `second`, is at least the number `least`."""
    rows, (kind, region) = measured_in(profile, entry["run"]), column(entry["metric"])
    first, second = entry["first"], entry.get("second")
    if not {first, second or first} <= set(methods_of(rows)):
        return Answer()
    if second:
        found = compared(profile, rows, first, second, [entry["metric"]])[entry["metric"]]
        evidence, sign, counted = from_difference(entry["quantity"], found), "+", f"{found.n} pairs"
    else:
        own = select(rows, method=first, metric=kind.name, region=region)
        (found,) = summarise(own, ["metric"], profile.evaluation).itertuples()
        evidence, sign, counted = Evidence(entry["quantity"], *found[2:6]), "", f"n = {found.n}"
    unit = f" {kind.unit}" if kind.unit else ""
    words = f"{found.value:{sign}.2f}{unit} ({found.low:{sign}.2f} to {found.high:{sign}.2f}), {counted}"
    return Answer(words, bool(found.value >= entry["least"]), evidence)


def signs(profile: Profile, entry: dict) -> Answer:
    """From `second` to `first` each of `metrics` moves the way that its sign says."""
    rows, wanted = measured_in(profile, entry["run"]), entry["metrics"]
    if not {entry["first"], entry["second"]} <= set(methods_of(rows)):
        return Answer()
    found = compared(profile, rows, entry["first"], entry["second"], list(wanted))
    words = ", ".join(f"{metric(name).label} {with_interval(result)}" for name, result in found.items())
    name = min(found, key=lambda name: wanted[name] * found[name].effect)
    evidence = from_difference(f"difference on {name}, the least clear of the three", found[name])
    holds = all(wanted[name] * result.value > 0 for name, result in found.items())
    return Answer(f"{words}, {entry['names']}", holds, evidence)


def direction_correlations(profile: Profile, run: str, first: str, second: str) -> dict:
    """Pearson's r of two metrics over the instances of a run, by method."""
    rows = select(measured_in(profile, run), region="all")
    found = {}
    for name in methods_of(rows):
        one, other = (select(rows, method=name, metric=which) for which in (first, second))
        found[name] = correlate(one["value"].to_numpy(), other["value"].to_numpy(), one["pair"].to_numpy(), profile.evaluation)
    return found


def correlates(profile: Profile, entry: dict) -> Answer:
    """Two metrics correlate over instances for every method that ran: every interval is above zero."""
    found = direction_correlations(profile, entry["run"], entry["first"], entry["second"])
    found = {name: result for name, result in found.items() if np.isfinite(result.value)}
    if not found:
        return Answer()
    words = ", ".join(f"{name} r = {one.value:.2f} ({one.low:.2f} to {one.high:.2f})" for name, one in found.items())
    name, least = min(found.items(), key=lambda one: one[1].value)
    # No p-value: Pearson's test would take the two instances of a pair for independent, which the interval does not.
    evidence = Evidence(f"Pearson's r of {name}, the smallest", least.value, least.low, least.high, least.n)
    return Answer(words, all(result.low > 0 for result in found.values()), evidence)


def _assessed(profile: Profile) -> pd.DataFrame | None:
    """Correlations of this run, or None without ERMA and another assessor."""
    table = read_correlations(profile)
    methods = set(table["method"])
    return table if PROPOSED_ASSESSOR in methods and len(methods) > 1 else None


def _unavailable(profile: Profile, measured: set[str]) -> str:
    described = {entry["name"] for entry in read_assessors(profile)} | set(read_published("table4_editability")["method"])
    missing = sorted(described - measured)
    return f"; not available here: {', '.join(missing)}" if missing else ""


def _left_out(measured: set[str]) -> str:
    """Which of the paper's own IQA baselines a verdict about ERMA leaves out; "" where all were measured."""
    missing = sorted(set(read_published("table4_editability")["method"]) - measured)
    return f"without the paper's {', '.join(missing)}, whose weights are not available" if missing else ""


def best_assessor(profile: Profile, entry: dict) -> Answer:
    """ERMA's SRCC and PLCC are above every baseline's (`by: order`), or by the paper's relative margins (`by: margin`).

    The verdict hangs on the metric with the smaller difference to its best baseline.
    """
    table, published, samples = _assessed(profile), published_margins(), assessor_samples(profile)
    if table is None:
        return Answer()
    words, verdicts, margins = [], [], []
    for name in published:
        rows = table[(table["group"] == OVERALL) & (table["metric"] == name)].set_index("method").dropna(subset="value")
        others = rows["value"].drop(PROPOSED_ASSESSOR, errors="ignore")
        if others.empty or PROPOSED_ASSESSOR not in rows.index:
            continue
        ours, other, value = float(rows["value"][PROPOSED_ASSESSOR]), others.idxmax(), float(others.max())
        margin, ends, words_on_ends = relative_margin(ours, value), (NAN, NAN), ""
        if {(name, PROPOSED_ASSESSOR), (name, other)} <= samples.keys():
            ends = interval(samples[name, PROPOSED_ASSESSOR] - samples[name, other], profile.evaluation)
            words_on_ends = f", difference {ends[0]:+.3f} to {ends[1]:+.3f}"
        # A baseline that does not correlate at all leaves no margin to express: being above it is all there is.
        by_margin = entry["by"] == "margin" and np.isfinite(margin)
        verdicts.append(bool(margin >= published[name][1] if by_margin else ours > value))
        size = f"{margin:+.1f} %" if np.isfinite(margin) else "no relative margin, the baseline is not positive"
        words.append(f"{name.upper()} {ours:.3f}, best baseline {other} {value:.3f} ({size}{words_on_ends})")
        quantity = f"{name.upper()} minus that of {other}"
        margins.append(Evidence(quantity, ours - value, *ends, int(rows.loc[PROPOSED_ASSESSOR, "n"])))
    if not verdicts:
        return Answer()
    methods = set(table["method"])
    measured = "; ".join(words) + f"; over {len(methods) - 1} baselines{_unavailable(profile, methods)}"
    return Answer(measured, all(verdicts), min(margins, key=lambda one: one.value), _left_out(methods))


def steadiest_assessor(profile: Profile, entry: dict) -> Answer:
    """ERMA's population standard deviation of SRCC over the groups is the smallest."""
    table = _assessed(profile)
    if table is None:
        return Answer()
    methods, name = set(table["method"]), PROPOSED_ASSESSOR
    by_group = table[(table["metric"] == "srcc") & (table["group"] != OVERALL)]
    spreads = {method: spread(rows["value"].to_numpy()) for method, rows in by_group.groupby("method")}
    ranked = sorted((value, method) for method, value in spreads.items() if np.isfinite(value))
    words = ", ".join(f"{method} {value:.3f}" for value, method in ranked) + _unavailable(profile, methods)
    others = [one for one in ranked if one[1] != name]
    if not others or len(others) == len(ranked):
        return Answer(words)
    value, other = others[0]
    samples, ends = assessor_spreads(profile), (NAN, NAN)
    if {name, other} <= samples.keys():
        ends = interval(samples[name] - samples[other], profile.evaluation)
    sizes = by_group[by_group["method"] == name].set_index("group")["n"]
    quantity = f"spread minus that of {other}, the steadiest other (smallest group: {sizes.idxmin()}, n = {sizes.min()})"
    evidence = Evidence(quantity, spreads[name] - value, *ends, int(sizes.sum()))
    return Answer(words, ranked[0][1] == name, evidence, _left_out(methods))


RULES: dict[str, Callable[[Profile, dict], Answer]] = {
    rule.__name__: rule for rule in (ahead, at_least, signs, correlates, best_assessor, steadiest_assessor)
}


def evaluate_claims(profile: Profile) -> list[dict]:
    """Every claim with its number (null for this kit's own goals) and verdict; what is not defined is null."""
    values, found = gaps(profile, **_published_gaps()), []
    for entry in read_yaml("claims.yaml"):
        answer = RULES[entry["rule"]](profile, entry)
        evidence = answer.evidence
        numbers = {"value": evidence.value, "ci_low": evidence.low, "ci_high": evidence.high, "p_value": evidence.p_value}
        found.append(
            {
                "number": entry.get("number"),
                "claim": entry["claim"].format(**values),
                "published": entry.get("published", "").format(**values),
                "measured": answer.measured,
                "holds": answer.holds,
                "scope": (answer.scope or None) if answer.holds is not None else None,
                "origin": KIT_GOAL if entry.get("goal") else PAPER,
                "quantity": evidence.quantity or None,
                **{name: float(value) if np.isfinite(value) else None for name, value in numbers.items()},
                "n": int(evidence.n) or None,
            }
        )
    return found


def write_claims(profile: Profile) -> list[dict]:
    """Write `figures/<profile>/claims.json` atomically and return its content."""
    claims = [entry | {"data": data_name(profile), "profile": profile.name} for entry in evaluate_claims(profile)]
    write_text(profile.figures / "claims.json", json.dumps(claims, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    return claims


def verdict_in_words(entry: dict) -> str:
    """Whether a claim holds here, and what the verdict leaves out."""
    words = {True: "**holds here**", False: "**does not hold here**", None: "not tested"}
    return words[entry["holds"]] + (f", {entry['scope']}" if entry["scope"] else "")


def describe_evidence(entry: dict) -> str:
    """What the verdict hangs on, in one line: the quantity, its value, interval, n and p."""
    if entry["quantity"] is None:
        return NOTHING
    value, low, high = (
        NOTHING if entry[name] is None else f"{entry[name]:.4g}" for name in ("value", "ci_low", "ci_high")
    )
    words = f"{entry['quantity']}: {value}" + (f" ({low} to {high})" if entry["ci_low"] is not None else "")
    words += f", n = {entry['n']}" if entry["n"] else ""
    return words + (f", p = {entry['p_value']:.2g}" if entry["p_value"] is not None else "")


def verdict_cells(claims: list[dict], goal: str) -> dict[str, list[str]]:
    """Number, claim, the paper's evidence, verdict and what decides it; `goal` marks this kit's own."""
    return {
        "": [entry["number"] or NOTHING for entry in claims],
        "claim": [entry["claim"] + ("" if entry["origin"] == PAPER else f" {goal}") for entry in claims],
        "paper": [entry["published"] or NOTHING for entry in claims],
        "here": [verdict_in_words(entry) for entry in claims],
        "decided by": [describe_evidence(entry) for entry in claims],
    }


def verdict_table(profile: Profile) -> Document:
    """One row per claim: verdict, what decides it, the paper's number, and all that was measured."""
    claims = evaluate_claims(profile)
    cells = verdict_cells(claims, "(goal of this kit)") | {"measured": [entry["measured"] for entry in claims]}
    order = ["", "claim", "here", "decided by", "paper", "measured"]
    return document("table_verdicts", profile, [Section("", pd.DataFrame(cells)[order])], pd.DataFrame(claims))
