"""Claims 4, 5 and 6: other images and instructions (Table 7), modules and training length (Table 8).

Verdicts follow the means, as the paper's do; how many of the differences have an interval above zero is said
beside each.
"""

import numpy as np
import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.evaluation.ablation_tables import CHOSEN_LENGTH, measured_variants, published_ablation
from sppe_lib.evaluation.evidence import NOT_TESTED, ahead, claim, describe, from_comparison, weakest, with_interval
from sppe_lib.evaluation.generalisation_tables import UNSEEN, published_generalisation
from sppe_lib.evaluation.metrics import METRIC_NAMES, metric
from sppe_lib.evaluation.results import PROPOSED, TRIVIAL_METHODS, read_metrics
from sppe_lib.evaluation.statistics import Comparison, compare
from sppe_lib.published import read_published
from sppe_lib.recovery.ablation_rows import BASE, CYCLE, FULL, ITERATIONS, LENGTHS

STEPS = {"the cycle": (CYCLE, BASE), "the edit tag": (FULL, CYCLE)}
"""What a module improves: the variant with it and the one without."""

LONGEST = max(ITERATIONS, key=lambda row: LENGTHS[row.label])

TOO_LONG = {"ssim_src": 1, "psnr_src": 1, "dir_i": -1}
"""Which way each metric goes, by the paper, where the cycle phase is too long."""


def published_generalisation_wins() -> int:
    """On how many of the eight metrics the paper's C2E-S2SER is best in Table 7."""
    values = published_generalisation().pivot(index="metric", columns="method", values="value")
    return int((values.idxmax(axis="columns") == PROPOSED).sum())


def published_differences(first: str, second: str, group: str = "module") -> dict[str, float]:
    """The paper's Table 8: one variant minus another of the same group, by metric."""
    values = published_ablation()
    return {name: values[group, first, name] - values[group, second, name] for name in METRIC_NAMES}


def _best_rivals(measured: dict[str, pd.DataFrame], rivals: list[str]) -> dict[str, str]:
    """Per metric the method of `rivals` with the highest mean."""
    means = pd.DataFrame({name: measured[name][list(METRIC_NAMES)].mean() for name in rivals})
    return means.fillna(-np.inf).idxmax(axis="columns").to_dict()


def _trivial_above(measured: dict[str, pd.DataFrame]) -> str:
    """Where a trivial baseline is above C2E-S2SER, in words; "" where none is."""
    ours = measured[PROPOSED][list(METRIC_NAMES)].mean()
    found = []
    for name in METRIC_NAMES:
        above = [
            method for method in TRIVIAL_METHODS if method in measured and measured[method][name].mean() > ours[name]
        ]
        if above:
            found.append(f"{name} ({', '.join(above)})")
    return f"; not counted: a trivial baseline is above on {', '.join(found)}" if found else ""


def generalisation_claim(profile: Profile) -> dict:
    """Claim 4: C2E-S2SER is the best of the paper's methods on all eight metrics on unseen images and instructions.

    It fails as soon as one method is above on one metric; it holds only if every method of Table 7 has run.
    """
    text = f"{PROPOSED} is best on 8 of 8 metrics on unseen images and instructions"
    published = f"{published_generalisation_wins()} of {len(METRIC_NAMES)} (Table 7)"
    measured = read_metrics(profile, UNSEEN)
    rivals = [name for name in measured if name not in (PROPOSED, *TRIVIAL_METHODS)]
    if PROPOSED not in measured or not rivals:
        return claim(text, published, NOT_TESTED, None)
    found = {
        f"{name} against {rival}": compare(measured[PROPOSED], measured[rival], name, profile.evaluation)
        for name, rival in _best_rivals(measured, rivals).items()
    }
    missing = [name for name in read_published("table7_recovery_instructpix2pix")["method"] if name not in measured]
    answer = f"{describe(found)}; each metric against the best of {', '.join(rivals)}"
    if missing:
        answer += f", without {', '.join(missing)}, not run here"
    holds = len(ahead(found)) == len(METRIC_NAMES)
    verdict = None if holds and missing else holds
    return claim(text, published, answer + _trivial_above(measured), verdict, evidence=weakest(found))


def module_claim(profile: Profile) -> dict:
    """Claim 5: the cycle, then the edit tag, each improve all eight metrics (sixteen comparisons, validation split)."""
    text = "The cycle, then the edit tag, each improve all 8 metrics"
    wins = {
        name: sum(difference > 0 for difference in published_differences(first.published, second.published).values())
        for name, (first, second) in STEPS.items()
    }
    published = ", ".join(f"{name} {count} of {len(METRIC_NAMES)}" for name, count in wins.items()) + " (Table 8)"
    measured = measured_variants(profile)
    if not {BASE, CYCLE, FULL} <= measured.keys():
        return claim(text, published, NOT_TESTED, None)
    found: dict[str, Comparison] = {}
    answers = []
    for step, (first, second) in STEPS.items():
        own = {name: compare(measured[first], measured[second], name, profile.evaluation) for name in METRIC_NAMES}
        answers.append(f"{step}: {describe(own)}")
        found |= {f"{name} with {step}": result for name, result in own.items()}
    return claim(text, published, "; ".join(answers), len(ahead(found)) == len(found), evidence=weakest(found))


def length_claim(profile: Profile) -> dict:
    """Claim 6: from the chosen length to the longest, source SSIM and PSNR rise and DirI falls (validation split)."""
    text = "Too long a cycle phase raises source SSIM and PSNR and lowers DirI"
    theirs = published_differences(LONGEST.published, CHOSEN_LENGTH.published, "iteration")
    published = ", ".join(f"{metric(name).label} {theirs[name]:+.4f}" for name in TOO_LONG)
    published += f" from {CHOSEN_LENGTH.published} to {LONGEST.published} steps (Table 8)"
    measured = measured_variants(profile)
    if not {CHOSEN_LENGTH, LONGEST} <= measured.keys():
        return claim(text, published, NOT_TESTED, None)
    found = {name: compare(measured[LONGEST], measured[CHOSEN_LENGTH], name, profile.evaluation) for name in TOO_LONG}
    answer = ", ".join(f"{metric(name).label} {with_interval(result)}" for name, result in found.items())
    answer += f", {LONGEST.label} minus {CHOSEN_LENGTH.label}"
    name = min(found, key=lambda name: TOO_LONG[name] * found[name].effect)
    evidence = from_comparison(f"difference on {name}, the least clear of the three", found[name])
    holds = all(TOO_LONG[name] * result.difference > 0 for name, result in found.items())
    return claim(text, published, answer, holds, evidence=evidence)


def ablation_claims(profile: Profile) -> list[dict]:
    """Claims 5 and 6."""
    return [module_claim(profile), length_claim(profile)]
