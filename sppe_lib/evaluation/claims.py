"""The paper's claims, each with the published number, ours and a verdict computed by code alone.

`holds` is true, false, or null where this profile does not test the claim. On the simulated miniature
a verdict speaks about the miniature, not about the paper's data.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.editability.scores import OVERALL
from sppe_lib.evaluation.evidence import (
    KIT_GOAL,
    NOT_TESTED,
    PAPER,
    Evidence,
    ahead,
    claim,
    describe,
    from_comparison,
    weakest,
)
from sppe_lib.evaluation.further_claims import ablation_claims, generalisation_claim
from sppe_lib.evaluation.metrics import METRIC_NAMES
from sppe_lib.evaluation.refutation import refutation_claim
from sppe_lib.evaluation.results import (
    BASELINE,
    PROPOSED,
    PROPOSED_ASSESSOR,
    TRIVIAL_METHODS,
    data_name,
    published_wins,
    read_assessors,
    read_correlations,
    read_metrics,
    resampled_assessors,
    resampled_spreads,
)
from sppe_lib.evaluation.seed_tables import seed_differences
from sppe_lib.evaluation.statistics import compare, correlate, interval, relative_margin, spread, summarise
from sppe_lib.published import read_published
from sppe_lib.runtime import write_text

GOAL_PSNR = 24.0
"""dB against the reference over the whole image: a goal of this kit for SPPE-mini."""

GOAL_INSIDE_MARGIN = 3.0
"""dB above copy-surrogate inside M: a goal of this kit for SPPE-mini."""


def published_margins() -> dict[str, tuple[str, float]]:
    """Per metric: the paper's best IQA baseline and ERMA's margin over it in per cent (from Table 4)."""
    table = read_published("table4_editability").set_index("method")
    found = {}
    for metric in ("srcc", "plcc"):
        others = table[metric].drop(PROPOSED_ASSESSOR)
        found[metric] = others.idxmax(), relative_margin(table.loc[PROPOSED_ASSESSOR, metric], others.max())
    return found


def published_spreads() -> dict[str, float]:
    """Per assessor: population standard deviation of the published SRCC over the eleven groups."""
    table = read_published("figure10_editability_by_group")
    table = table[table["metric"] == "srcc"]
    return {method: spread(rows["value"].to_numpy()) for method, rows in table.groupby("method", sort=False)}


def _unavailable(profile: Profile, measured: set[str]) -> str:
    described = {entry["name"] for entry in read_assessors(profile)} | set(
        read_published("table4_editability")["method"]
    )
    missing = sorted(described - measured)
    return f"; not available here: {', '.join(missing)}" if missing else ""


def _left_out(measured: set[str]) -> str:
    """Which of the paper's own IQA baselines a verdict about ERMA leaves out; "" where all were measured."""
    missing = sorted(set(read_published("table4_editability")["method"]) - measured)
    return f"without the paper's {', '.join(missing)}, whose weights are not available" if missing else ""


def _difference_text(profile: Profile, samples: dict, metric: str, other: str) -> str:
    if not {(metric, PROPOSED_ASSESSOR), (metric, other)} <= samples.keys():
        return ""
    low, high = interval(samples[metric, PROPOSED_ASSESSOR] - samples[metric, other], profile.evaluation)
    return f", difference {low:+.3f} to {high:+.3f}"


def _order_and_margin(profile: Profile, table: pd.DataFrame) -> tuple[str, bool | None, bool | None]:
    """What was measured of claim 1, whether ERMA is above all baselines, and whether by the published margins."""
    published, samples = published_margins(), resampled_assessors(profile)
    parts, above, enough = [], [], []
    for metric in ("srcc", "plcc"):
        rows = table[(table["group"] == OVERALL) & (table["metric"] == metric)]
        values = rows.set_index("method")["value"]
        ours, others = float(values[PROPOSED_ASSESSOR]), values.drop(PROPOSED_ASSESSOR).dropna()
        if others.empty:
            continue
        best, value = others.idxmax(), float(others.max())
        margin = relative_margin(ours, value)
        above.append(ours > value)
        # A baseline that does not correlate at all leaves no margin to express: being above it is all there is.
        enough.append(margin >= published[metric][1] if np.isfinite(margin) else ours > value)
        size = f"{margin:+.1f} %" if np.isfinite(margin) else "no relative margin, the baseline is not positive"
        difference = _difference_text(profile, samples, metric, best)
        parts.append(f"{metric.upper()} {ours:.3f}, best baseline {best} {value:.3f} ({size}{difference})")
    methods = set(table["method"])
    text = "; ".join(parts) + f"; over {len(methods) - 1} baselines{_unavailable(profile, methods)}"
    return text, all(above) if above else None, all(enough) if enough else None


def _smallest_margin(profile: Profile, table: pd.DataFrame) -> Evidence:
    """ERMA's correlation minus the best baseline's, on the metric with the smaller margin, with its interval over pairs."""
    return min((_margin_evidence(profile, table, metric) for metric in ("srcc", "plcc")), key=lambda found: found.value)


def _margin_evidence(profile: Profile, table: pd.DataFrame, metric: str) -> Evidence:
    rows = table[(table["group"] == OVERALL) & (table["metric"] == metric)].set_index("method")
    others = rows["value"].drop(PROPOSED_ASSESSOR).dropna()
    if others.empty:
        return Evidence()
    best, samples = others.idxmax(), resampled_assessors(profile)
    keys = [(metric, PROPOSED_ASSESSOR), (metric, best)]
    bounds = (float("nan"),) * 2
    if all(key in samples for key in keys):
        bounds = interval(samples[keys[0]] - samples[keys[1]], profile.evaluation)
    difference = float(rows.loc[PROPOSED_ASSESSOR, "value"] - others.max())
    return Evidence(
        f"{metric.upper()} minus that of {best}", difference, *bounds, int(rows.loc[PROPOSED_ASSESSOR, "n"])
    )


def _steadiest(profile: Profile, table: pd.DataFrame) -> tuple[str, bool | None, Evidence]:
    """What was measured of claim 2, whether ERMA's spread over groups is the smallest, and by how much."""
    by_group = table[(table["metric"] == "srcc") & (table["group"] != OVERALL)]
    spreads = {name: spread(rows["value"].to_numpy()) for name, rows in by_group.groupby("method")}
    ranked = sorted((value, name) for name, value in spreads.items() if np.isfinite(value))
    text = ", ".join(f"{name} {value:.3f}" for value, name in ranked) + _unavailable(profile, set(table["method"]))
    others = [entry for entry in ranked if entry[1] != PROPOSED_ASSESSOR]
    if len(ranked) < 2 or len(others) == len(ranked):
        return text, None, Evidence()
    value, name = others[0]
    samples = resampled_spreads(profile)
    bounds = (float("nan"),) * 2
    if {PROPOSED_ASSESSOR, name} <= samples.keys():
        bounds = interval(samples[PROPOSED_ASSESSOR] - samples[name], profile.evaluation)
    sizes = by_group[by_group["method"] == PROPOSED_ASSESSOR].set_index("group")["n"]
    quantity = f"spread minus that of {name}, the steadiest other (smallest group: {sizes.idxmin()}, n = {sizes.min()})"
    return (
        text,
        ranked[0][1] == PROPOSED_ASSESSOR,
        Evidence(quantity, spreads[PROPOSED_ASSESSOR] - value, *bounds, int(sizes.sum())),
    )


def editability_claims(profile: Profile) -> list[dict]:
    """Claims 1 (ERMA above every IQA baseline, and by how much) and 2 (its SRCC varies least over groups)."""
    published = published_margins()
    margins = ", ".join(f"{margin:+.1f} % {metric.upper()} over {name}" for metric, (name, margin) in published.items())
    thresholds = " and ".join(f"{margin:.1f} % {metric.upper()}" for metric, (_, margin) in published.items())
    spreads = sorted(published_spreads().items(), key=lambda entry: entry[1])
    texts = (
        (f"{PROPOSED_ASSESSOR} is above every IQA baseline on SRCC and PLCC", margins),
        (f"{PROPOSED_ASSESSOR}'s relative margin over the best IQA baseline is at least {thresholds}", margins),
        (
            f"{PROPOSED_ASSESSOR}'s SRCC varies least over the groups (population standard deviation)",
            ", ".join(f"{name} {value:.3f}" for name, value in spreads),
        ),
    )
    table = read_correlations(profile)
    methods = set(table["method"])
    if PROPOSED_ASSESSOR not in methods or len(methods) < 2:
        answers = [(NOT_TESTED, None, Evidence())] * len(texts)
    else:
        measured, above, enough = _order_and_margin(profile, table)
        evidence = _smallest_margin(profile, table)
        answers = [(measured, above, evidence), (measured, enough, evidence), _steadiest(profile, table)]
    scope = _left_out(methods)
    return [
        claim(*text, measured, holds, PAPER, evidence, "" if holds is None else scope)
        for text, (measured, holds, evidence) in zip(texts, answers)
    ]


def recovery_claims(profile: Profile) -> list[dict]:
    """Claim 3 (C2E-S2SER exceeds SOER on all eight metrics) and this kit's two goals for the miniature."""
    measured = read_metrics(profile)
    text = f"{PROPOSED} beats {BASELINE} on 8 of 8 metrics"
    published = f"{published_wins()} of {len(METRIC_NAMES)}"
    if {PROPOSED, BASELINE} <= measured.keys():
        found = {
            name: compare(measured[PROPOSED], measured[BASELINE], name, profile.evaluation) for name in METRIC_NAMES
        }
        holds = len(ahead(found)) == len(METRIC_NAMES)
        answer = describe(found) + _seeds_agree(profile, holds)
        verdicts = [claim(text, published, answer, holds, evidence=weakest(found))]
    else:
        verdicts = [claim(text, published, NOT_TESTED, None)]
    return verdicts + _goals(profile, measured)


def _seeds_agree(profile: Profile, holds: bool) -> str:
    """On how many metrics each seed has C2E-S2SER ahead, and how many seeds give the same verdict; "" for one seed."""
    wins = (seed_differences(profile) > 0).sum()
    if len(wins) < 2:
        return ""
    agree = int(((wins == len(METRIC_NAMES)) == holds).sum())
    counts, seeds = (", ".join(map(str, values)) for values in (wins, wins.index))
    return f"; ahead on {counts} of {len(METRIC_NAMES)} with seeds {seeds}: {agree} of {len(wins)} seeds agree"


def direction_claim(profile: Profile) -> dict:
    """Claim 7: DirI and DirS correlate over instances for every method that ran (Figure 13)."""
    text = "DirI and DirS correlate for every recovery method"
    found = {
        name: correlate(table, "dir_i", "dir_s", profile.evaluation) for name, table in read_metrics(profile).items()
    }
    found = {name: result for name, result in found.items() if np.isfinite(result.value)}
    if not found:
        return claim(text, "Figure 13", NOT_TESTED, None)
    measured = ", ".join(
        f"{name} r = {result.value:.2f} ({result.low:.2f} to {result.high:.2f})" for name, result in found.items()
    )
    name, least = min(found.items(), key=lambda entry: entry[1].value)
    quantity = f"Pearson's r of {name}, the smallest"
    # No p-value: Pearson's test would take the two instances of a pair for independent, which the interval does not.
    evidence = Evidence(quantity, least.value, least.low, least.high, least.n)
    return claim(text, "Figure 13", measured, all(result.low > 0 for result in found.values()), evidence=evidence)


def _goals(profile: Profile, measured: dict[str, pd.DataFrame]) -> list[dict]:
    overall = f"{PROPOSED} reaches {GOAL_PSNR:.0f} dB PSNR against the reference"
    inside = f"{PROPOSED} is at least {GOAL_INSIDE_MARGIN:.0f} dB above copy-surrogate inside M (PSNR, GT)"
    trivial = f"{PROPOSED} is above every trivial baseline on PSNR (GT), over the whole image and inside M"
    entries = [claim(text, "", NOT_TESTED, None, KIT_GOAL) for text in (overall, inside, trivial)]
    if PROPOSED not in measured:
        return entries
    table = measured[PROPOSED]
    found = summarise(table["psnr_gt"].to_numpy(), table["pair_id"].to_numpy(), profile.evaluation)
    entries[0] = claim(
        overall,
        "",
        f"{found.mean:.2f} dB ({found.low:.2f} to {found.high:.2f}), n = {found.n}",
        found.mean >= GOAL_PSNR,
        KIT_GOAL,
        Evidence("mean PSNR (GT) [dB]", found.mean, found.low, found.high, found.n),
    )
    if "copy-surrogate" in measured:
        margin = compare(table, measured["copy-surrogate"], "psnr_gt_inside", profile.evaluation)
        entries[1] = claim(
            inside,
            "",
            f"{margin.difference:+.2f} dB ({margin.low:+.2f} to {margin.high:+.2f}), {margin.pairs} pairs",
            margin.difference >= GOAL_INSIDE_MARGIN,
            KIT_GOAL,
            from_comparison("difference of PSNR (GT) inside M [dB]", margin),
        )
    found = {
        f"PSNR{' inside M' if column.endswith('inside') else ''} against {name}": compare(table, measured[name], column, profile.evaluation)
        for name in TRIVIAL_METHODS if name in measured for column in ("psnr_gt", "psnr_gt_inside")
    }  # fmt: skip
    if found:
        answer = ", ".join(f"{name} {result.difference:+.2f} dB" for name, result in found.items())
        complete = len(found) == 2 * len(TRIVIAL_METHODS)
        holds = len(ahead(found)) == len(found)
        entries[2] = claim(trivial, "", answer, None if holds and not complete else holds, KIT_GOAL, weakest(found))
    return entries


NUMBERS = ("1", "1", "2", "3", "", "", "", "3", "4", "5", "6", "7")
"""Which of the paper's seven claims an entry is about, in the order of `evaluate_claims`; "" for this kit's own goals."""


def evaluate_claims(profile: Profile) -> list[dict]:
    """Every claim with its number and verdict."""
    further = [
        refutation_claim(profile),
        generalisation_claim(profile),
        *ablation_claims(profile),
        direction_claim(profile),
    ]
    entries = editability_claims(profile) + recovery_claims(profile) + further
    return [{"number": number or None} | entry for number, entry in zip(NUMBERS, entries, strict=True)]


def write_claims(profile: Profile) -> list[dict]:
    """Write `figures/<profile>/claims.json` atomically and return its content."""
    claims = [entry | {"data": data_name(profile), "profile": profile.name} for entry in evaluate_claims(profile)]
    path = Path(profile.figures) / "claims.json"
    write_text(path, json.dumps(claims, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    return claims
