"""The paper's claims and this kit's goals, each with the published number, ours and a verdict computed by code alone.

A claim is an entry of claims.yaml and one of the rules below. `holds` is true, false, or null where this profile does
not test it: what could not be compared leaves a favourable verdict open, an unfavourable one stands. On the simulated
miniature a verdict speaks about the miniature, not about the paper's data.
"""

import json
from dataclasses import asdict, dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.editability.scores import OVERALL
from sppe_lib.evaluation import frame
from sppe_lib.evaluation.metrics import METRIC_NAMES, column, metric
from sppe_lib.evaluation.rendering import NOTHING, Document, Section, document, gaps, read_yaml
from sppe_lib.evaluation.statistics import (
    NAN,
    Correlation,
    Difference,
    Mean,
    compare,
    correlate,
    interval,
    mean_of,
    relative_margin,
    spread,
)  # fmt: skip
from sppe_lib.evaluation.tables import DIFFERENCE, seed_values
from sppe_lib.published import read_published
from sppe_lib.runtime import write_text

NOT_TESTED = "not tested in this profile yet"

PAPER = "paper"
KIT_GOAL = "this kit's own goal for the miniature, not a claim of the paper"

BEST_OTHER = "the best other"
"""In `pairs` of claims.yaml: for each metric the best of the measured methods, trivial ones aside."""


@dataclass(frozen=True)
class Answer:
    """What a rule found: in words, its verdict, and the number that it hangs on (NaN, 0 or "" where there is none).

    `quantity`: what the number is; `low`, `high`: its interval; `n`: over how many; `scope`: what the verdict leaves
    out.
    """

    measured: str = NOT_TESTED
    holds: bool | None = None
    quantity: str = ""
    value: float = NAN
    low: float = NAN
    high: float = NAN
    n: int = 0
    p_value: float = NAN
    scope: str = ""

    def on(self, quantity: str, found: Mean | Difference | Correlation) -> "Answer":
        """The answer with the number that it hangs on."""
        names = ("value", "low", "high", "n", "p_value")
        return replace(
            self, quantity=quantity, **{name: value for name, value in asdict(found).items() if name in names}
        )


# The paper's own numbers, in words.


def published_margins() -> dict[str, tuple[str, float]]:
    """Per metric: the paper's best IQA baseline and ERMA's margin over it in per cent (from Table 4)."""
    table = read_published("table4_editability").set_index("method")
    others = table.drop(frame.PROPOSED_ASSESSOR)
    return {
        name: (others[name].idxmax(), relative_margin(table.loc[frame.PROPOSED_ASSESSOR, name], others[name].max()))
        for name in ("srcc", "plcc")
    }


def published_spreads() -> dict[str, float]:
    """Per assessor: population standard deviation of the published SRCC over the eleven groups."""
    table = frame.published_correlations().query("metric == 'srcc' and group != @OVERALL")
    return {method: spread(rows["value"].to_numpy()) for method, rows in table.groupby("method", sort=False)}


def published_wins(run: str = "benchmark", rivals: bool = False) -> int:
    """On how many metrics the paper's C2E-S2SER exceeds SOER overall, or with `rivals` every other method."""
    table = frame.published_recovery().query("run == @run and group == @OVERALL")
    values = table.pivot(index="metric", columns="method", values="value")
    others = values.drop(columns=frame.PROPOSED) if rivals else values[[frame.BASELINE]]
    return int((values[frame.PROPOSED] > others.max(axis="columns")).sum())


@cache
def _published_gaps() -> dict[str, str]:
    margins, of_eight = published_margins(), f"of {len(METRIC_NAMES)}"
    spreads = sorted(published_spreads().items(), key=lambda entry: entry[1])
    table = frame.published_ablation().set_index(["group", "metric", "variant"])["value"]
    modules, lengths = table["module"].unstack(), table["iteration"].unstack()
    base, cycle, full = (modules[name] for name in ("base", "base + cycle", "base + cycle + edit tag"))
    longer = lengths["8000"] - lengths["6000"]
    moved = ", ".join(f"{metric(name).label} {longer[name]:+.4f}" for name in ("ssim_src", "psnr_src", "dir_i"))
    return {
        "margins": ", ".join(
            f"{margin:+.1f} % {name.upper()} over {other}" for name, (other, margin) in margins.items()
        ),
        "thresholds": " and ".join(f"{margin:.1f} % {name.upper()}" for name, (_, margin) in margins.items()),
        "spreads": ", ".join(f"{name} {value:.3f}" for name, value in spreads),
        "wins": f"{published_wins()} {of_eight}",
        "unseen_wins": f"{published_wins('unseen', rivals=True)} {of_eight}",
        "module_wins": f"the cycle {(cycle > base).sum()} {of_eight}, the edit tag {(full > cycle).sum()} {of_eight}",
        "length": f"{moved} from 6000 to 8000 steps",
        "all_wins": f"{published_wins(rivals=True)} {of_eight}",
        "record": _record_in_words(*_record(frame.published_recovery().query("run == 'benchmark'"))),
    }


# Comparisons on several metrics, in words.


def compared(profile: Profile, rows: pd.DataFrame, first: str, second: str, names: list[str]) -> dict[str, Difference]:
    """First minus second on each of the columns `names`, such as `psnr_gt_inside`."""
    found = {}
    for name in names:
        entry, region = column(name)
        own = frame.select(rows, metric=entry.name, region=region)
        result = compare(own, first, second, ["metric"], profile.evaluation).drop(columns="metric")
        found[name] = Difference(*next(result.itertuples(index=False), (NAN, NAN, NAN, NAN, NAN, 0)))
    return found


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


def hanging_on_the_weakest(answer: Answer, found: dict[str, Difference]) -> Answer:
    """The metric that a claim about all hangs on: of those it is not ahead on, or else of all, the lowest `standing`.

    The quantity also says on how many metrics the method is ahead, and surely ahead.
    """
    defined = {name: result for name, result in found.items() if result.n}
    if not defined:
        return answer
    wins = _ahead_on(found)
    lost = {name: result for name, result in defined.items() if name not in wins}
    name, least = min((lost or defined).items(), key=lambda entry: standing(entry[1]))
    certain = sum(found[win].low > 0 for win in wins)
    which = "furthest behind on" if lost else "least ahead on"
    return answer.on(f"ahead on {len(wins)} of {len(found)}, surely on {certain}; {which} {name}", least)


# The rules about recovery: each takes the profile and a claim's entry.


def _rivals(rows: pd.DataFrame) -> list[str]:
    return [name for name in frame.methods_of(rows) if name not in (frame.PROPOSED, *frame.TRIVIAL_METHODS)]


def _missing(rows: pd.DataFrame, run: str) -> list[str]:
    """Methods of the paper's table of a run that were not measured."""
    return [
        name
        for name in frame.published_recovery().query("run == @run")["method"].unique()
        if name not in frame.methods_of(rows)
    ]


def _means(rows: pd.DataFrame) -> pd.DataFrame:
    """Means of the whole image: metrics by methods."""
    values = frame.select(rows, region="all").groupby(["metric", "method"], sort=False, observed=True)["value"]
    return values.apply(pd.Series.mean).unstack()


def _against_best(profile: Profile, rows: pd.DataFrame, first: str, names: list[str]) -> dict[str, Difference]:
    best = _means(rows)[_rivals(rows)].fillna(-np.inf).idxmax(axis="columns")
    return {f"{name} against {best[name]}": compared(profile, rows, first, best[name], [name])[name] for name in names}


def ahead(profile: Profile, entry: dict) -> Answer:
    """Of each of `pairs` the first method's mean is above the second's on all `metrics`."""
    rows = frame.measured_in(profile, entry["run"])
    metrics = entry.get("metrics", dict.fromkeys(METRIC_NAMES))
    found, words, complete = {}, [], True
    for pair in entry["pairs"]:
        first, second, step = pair["first"], pair["second"], pair.get("step")
        others = _rivals(rows) if second == BEST_OTHER else [second]
        if first not in frame.methods_of(rows) or not set(others) & set(frame.methods_of(rows)):
            complete = False
            continue
        if second == BEST_OTHER:
            own, complete = (
                _against_best(profile, rows, first, list(metrics)),
                complete and not _missing(rows, entry["run"]),
            )
        else:
            own = compared(profile, rows, first, second, list(metrics))
            own = {(metrics[name] or name).format(second=second): result for name, result in own.items()}
        words.append((f"{step}: " if step else "") + describe(own))
        found |= {f"{name} with {step}" if step else name: result for name, result in own.items()}
    if not found:
        return Answer()
    holds = len(_ahead_on(found)) == len(found)
    if "unit" in entry:
        words = [", ".join(f"{name} {result.value:+.2f} {entry['unit']}" for name, result in found.items())]
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
    """Which methods were compared, which are missing, and where a trivial baseline, which is not counted, is above."""
    words, missing, means = (
        f"; each metric against the best of {', '.join(_rivals(rows))}",
        _missing(rows, run),
        _means(rows),
    )
    words += f", without {', '.join(missing)}, not run here" if missing else ""
    trivial = means[[name for name in frame.TRIVIAL_METHODS if name in means]]
    above = trivial.gt(means[frame.PROPOSED], axis="index")
    named = [
        f"{name} ({', '.join(above.columns[row])})" for name, row in zip(above.index, above.to_numpy()) if row.any()
    ]
    return words + (f"; not counted: a trivial baseline is above on {', '.join(named)}" if named else "")


_ALSO = {"seeds": _seeds_agree, "strengths": _at_strengths, "rivals": _among_rivals}


def at_least(profile: Profile, entry: dict) -> Answer:
    """The mean of `first` on a metric, or its difference to `second`, is at least the number `least`."""
    rows, (kind, region) = frame.measured_in(profile, entry["run"]), column(entry["metric"])
    first, second = entry["first"], entry.get("second")
    if not {first, second or first} <= set(frame.methods_of(rows)):
        return Answer()
    if second:
        found = compared(profile, rows, first, second, [entry["metric"]])[entry["metric"]]
        sign, counted = "+", f"{found.n} pairs"
    else:
        own = frame.select(rows, method=first, metric=kind.name, region=region)
        found = mean_of(own["value"].to_numpy(), own["pair"].to_numpy(), profile.evaluation)
        sign, counted = "", f"n = {found.n}"
    unit = f" {kind.unit}" if kind.unit else ""
    words = f"{found.value:{sign}.2f}{unit} ({found.low:{sign}.2f} to {found.high:{sign}.2f}), {counted}"
    return Answer(words, bool(found.value >= entry["least"])).on(entry["quantity"], found)


def signs(profile: Profile, entry: dict) -> Answer:
    """From `second` to `first` each of `metrics` moves the way that its sign says."""
    rows, wanted = frame.measured_in(profile, entry["run"]), entry["metrics"]
    if not {entry["first"], entry["second"]} <= set(frame.methods_of(rows)):
        return Answer()
    found = compared(profile, rows, entry["first"], entry["second"], list(wanted))
    words = ", ".join(f"{metric(name).label} {with_interval(result)}" for name, result in found.items())
    name = min(found, key=lambda name: wanted[name] * found[name].effect)
    holds = all(wanted[name] * result.value > 0 for name, result in found.items())
    return Answer(f"{words}, {entry['names']}", holds).on(
        f"difference on {name}, the least clear of the {entry['of']}", found[name]
    )


def published_gains(entry: dict) -> dict[str, float]:
    """By how many per cent the paper's first method exceeds its second, on each of `metrics` in a group."""
    table = frame.published_recovery().query("run == 'benchmark'")
    values = table[table["group"] == entry["group"]].set_index(["metric", "method"])["value"]
    return {
        name: relative_margin(values[name, entry["first"]], values[name, entry["second"]]) for name in entry["metrics"]
    }


def _gains_in_words(entry: dict) -> str:
    found = published_gains(entry) if entry["rule"] == "gains" else {}
    return ", ".join(f"{metric(name).label} {gain:+.1f} %" for name, gain in found.items())


def gains(profile: Profile, entry: dict) -> Answer:
    """In a group `first` exceeds `second` on each of `metrics` by at least as many per cent as in the paper."""
    rows = frame.measured_in(profile, entry["run"])
    rows = rows if entry["group"] == OVERALL else frame.select(rows, group=entry["group"])
    first, second = entry["first"], entry["second"]
    if not {first, second} <= set(frame.methods_of(rows)):
        return Answer()
    means, needed = _means(rows), published_gains(entry)
    ours = {name: relative_margin(means.loc[name, first], means.loc[name, second]) for name in needed}
    found = compared(profile, rows, first, second, list(needed))
    words = "; ".join(f"{metric(name).label} {ours[name]:+.1f} %, {with_interval(one)}" for name, one in found.items())
    name = min(needed, key=lambda name: ours[name] - needed[name])
    holds = all(ours[name] >= needed[name] for name in needed)
    return Answer(words, holds).on(f"difference on {name}, the least beside the paper's", found[name])


def _record(table: pd.DataFrame) -> tuple[int, int, int, dict[str, str]]:
    """Of a table by metric, method and group: cells, in how many C2E-S2SER is above SOER and best of all, DirI and DirS."""
    wide = table[table["group"] != OVERALL].pivot(index=["metric", "group"], columns="method", values="value")
    wide = wide.dropna(subset=[frame.PROPOSED, frame.BASELINE])
    above = wide[frame.PROPOSED] > wide[frame.BASELINE]
    best = wide[frame.PROPOSED] > wide.drop(columns=[frame.PROPOSED, *frame.TRIVIAL_METHODS], errors="ignore").max(
        axis="columns"
    )
    directions = {
        metric(name).label: f"{above[name].sum()} of {len(above[name])}" for name in ("dir_i", "dir_s") if name in above
    }
    return len(wide), int(above.sum()), int(best.sum()), directions


def _record_in_words(cells: int, above: int, best: int, directions: dict[str, str]) -> str:
    parts = [
        f"above {frame.BASELINE} in {above} of {cells} cells",
        *(f"{name} {count} groups" for name, count in directions.items()),
    ]
    return ", ".join([*parts, f"best of all in {best}"])


def record_by_group(profile: Profile, entry: dict) -> Answer:
    """C2E-S2SER is above SOER, and best of all, in at least the paper's shares of the cells of Tables 5 and 6."""
    rows = frame.select(frame.measured_in(profile, entry["run"]), region="all")
    if not {frame.PROPOSED, frame.BASELINE} <= set(frame.methods_of(rows)):
        return Answer()
    means = rows.groupby(["metric", "method", "group"], sort=False, observed=True)["value"].mean().reset_index()
    cells, above, best, directions = _record(means.astype({"metric": str, "method": str, "group": str}))
    total, *published, _ = _record(frame.published_recovery().query("run == @entry['run']"))
    enough = all(ours / max(cells, 1) >= theirs / total for ours, theirs in zip((above, best), published))
    holds = None if enough and _missing(rows, entry["run"]) else enough
    share = Correlation(above / max(cells, 1), NAN, NAN, cells)
    return Answer(_record_in_words(cells, above, best, directions), holds).on(
        f"share of cells above {frame.BASELINE}", share
    )


def ranks(profile: Profile, entry: dict) -> Answer:
    """Of the paper's methods that ran, `method` has rank `rank` on each of `metrics`."""
    rows = frame.measured_in(profile, entry["run"])
    names = [name for name in frame.methods_of(rows) if name not in frame.TRIVIAL_METHODS]
    if entry["method"] not in names or len(names) < entry["rank"]:
        return Answer()
    found = _means(rows).loc[entry["metrics"], names].rank(axis="columns", ascending=False)[entry["method"]]
    words = ", ".join(f"{metric(name).label} {place:.0f} of {len(names)}" for name, place in found.items())
    holds = bool((found == entry["rank"]).all())
    missing = _missing(rows, entry["run"])
    words += f"; without {', '.join(missing)}, not run here" if missing else ""
    return Answer(words, None if holds and missing else holds)


def metric_correlations(profile: Profile, run: str, first: str, second: str) -> dict[str, Correlation]:
    """Pearson's r of two metrics over the instances of a run, by method."""
    rows = frame.select(frame.measured_in(profile, run), region="all")
    found = {}
    for name in frame.methods_of(rows):
        one, other = (frame.select(rows, method=name, metric=which) for which in (first, second))
        columns = (one["value"].to_numpy(), other["value"].to_numpy(), one["pair"].to_numpy())
        found[name] = correlate(*columns, profile.evaluation)
    return found


def correlates(profile: Profile, entry: dict) -> Answer:
    """Two metrics correlate over instances for every method that ran: every interval is above zero."""
    found = metric_correlations(profile, entry["run"], entry["first"], entry["second"])
    found = {name: result for name, result in found.items() if np.isfinite(result.value)}
    if not found:
        return Answer()
    words = ", ".join(f"{name} r = {one.value:.2f} ({one.low:.2f} to {one.high:.2f})" for name, one in found.items())
    name, least = min(found.items(), key=lambda one: one[1].value)
    return Answer(words, all(one.low > 0 for one in found.values())).on(f"Pearson's r of {name}, the smallest", least)


# The rules about editability.


def _assessed(profile: Profile) -> pd.DataFrame:
    """Correlations of this run; no rows without ERMA and another assessor."""
    table = frame.read_correlations(profile)
    return table if {frame.PROPOSED_ASSESSOR} < set(table["method"]) else table.iloc[:0]


def _unavailable(profile: Profile, measured: set[str]) -> str:
    described = {entry["name"] for entry in frame.read_assessors(profile)} | set(
        read_published("table4_editability")["method"]
    )
    missing = sorted(described - measured)
    return f"; not available here: {', '.join(missing)}" if missing else ""


def _left_out(measured: set[str]) -> str:
    """Which of the paper's own IQA baselines a verdict about ERMA leaves out; "" where all were measured."""
    missing = sorted(set(read_published("table4_editability")["method"]) - measured)
    return f"without the paper's {', '.join(missing)}, whose weights are not available" if missing else ""


def _ends(profile: Profile, samples: dict, first: object, second: object) -> tuple[float, float]:
    """The interval of the difference of two bootstrapped numbers; NaN where one was not bootstrapped."""
    known = first in samples and second in samples
    return interval(samples[first] - samples[second], profile.evaluation) if known else (NAN, NAN)


def best_assessor(profile: Profile, entry: dict) -> Answer:
    """ERMA's SRCC and PLCC are above every baseline's (`by: order`), or by the paper's relative margins (`by: margin`).

    `group`, `metrics` and `rivals` restrict it. The verdict hangs on the metric with the smaller difference to its best
    baseline. Other assessors that were trained on labels are no baselines of the paper; where one is above, it is said.
    """
    table, name_of = _assessed(profile), frame.PROPOSED_ASSESSOR
    group, missing = (
        entry.get("group", OVERALL),
        set(read_published("table4_editability")["method"]) - set(table["method"]),
    )
    trained = {one["name"] for one in frame.read_assessors(profile) if one.get("trained")} - {name_of}
    samples = frame.assessor_samples(profile) if group == OVERALL else {}
    words, verdicts, differences, above = [], [], [], set()
    for name, (best_published, needed) in published_margins().items():
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
            verdict = bool(margin >= needed if np.isfinite(margin) else ours > value)
            verdicts.append(None if best_published in missing else verdict)
        size = f"{margin:+.1f} %" if np.isfinite(margin) else "no relative margin, the baseline is not positive"
        size += f", difference {low:+.3f} to {high:+.3f}" if np.isfinite(low) else ""
        words.append(f"{name.upper()} {ours:.3f}, best baseline {other} {value:.3f} ({size})")
        found = Correlation(ours - value, low, high, int(rows.loc[name_of, "n"]))
        differences.append((f"{name.upper()} minus that of {other}", found))
        above |= {
            f"{one} ({name.upper()} {rows.loc[one, 'value']:.3f})"
            for one in trained & set(rows.index)
            if rows.loc[one, "value"] > ours
        }
    if not verdicts:
        return Answer()
    methods = set(table["method"])
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
    ends = _ends(profile, frame.assessor_spreads(profile), name, other)
    scope = _left_out(methods)
    answer = Answer(words, None if ranked[0][1] == name and scope else ranked[0][1] == name, scope=scope)
    found = Correlation(spreads[name] - value, *ends, int(sizes.sum()))
    return answer.on(f"spread minus that of {other}, the steadiest other ({smallest})", found)


RULES = {
    rule.__name__: rule
    for rule in (ahead, at_least, gains, signs, ranks, record_by_group, correlates, best_assessor, steadiest_assessor)
}


def evaluate_claim(profile: Profile, entry: dict) -> dict:
    """A claim of claims.yaml with its number (null: this kit's own goal) and verdict; what is not defined is null."""
    answer, values = RULES[entry["rule"]](profile, entry), gaps(profile, **_published_gaps())
    numbers = {"value": answer.value, "ci_low": answer.low, "ci_high": answer.high, "p_value": answer.p_value}
    return {
        "number": entry.get("number"),
        "claim": entry["claim"].format(**values),
        "published": entry.get("published", "").format(**values, gains=_gains_in_words(entry)),
        "measured": answer.measured,
        "holds": answer.holds,
        "scope": answer.scope or None,
        "origin": KIT_GOAL if entry.get("goal") else PAPER,
        "quantity": answer.quantity or None,
        **{name: float(value) if np.isfinite(value) else None for name, value in numbers.items()},
        "n": int(answer.n) or None,
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


def verdict_in_words(entry: dict) -> str:
    """Whether a claim holds here, and what the verdict leaves out."""
    words = {True: "**holds here**", False: "**does not hold here**", None: "not tested"}
    return words[entry["holds"]] + (f", {entry['scope']}" if entry["scope"] else "")


def describe_evidence(entry: dict) -> str:
    """What the verdict hangs on, in one line: the quantity, its value, interval, n and p."""
    if entry["quantity"] is None:
        return NOTHING
    ends = (NOTHING if entry[name] is None else f"{entry[name]:.4g}" for name in ("value", "ci_low", "ci_high"))
    value, low, high = ends
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
