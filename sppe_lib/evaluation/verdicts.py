"""Verdicts for reading: every claim, the paper's evidence, this run's, and whether it holds here."""

import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.evaluation.claims import evaluate_claims
from sppe_lib.evaluation.rendering import NOTHING, Document, Section, document


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


def verdict_cells(claims: list[dict]) -> dict[str, list[str]]:
    """Number, claim, the paper's evidence, verdict and what decides it."""
    return {
        "": [entry["number"] for entry in claims],
        "claim": [entry["claim"] for entry in claims],
        "paper": [entry["published"] for entry in claims],
        "here": [verdict_in_words(entry) for entry in claims],
        "decided by": [describe_evidence(entry) for entry in claims],
    }


def verdict_table(profile: Profile) -> Document:
    """One row per claim: verdict, what decides it, the paper's number, and all that was measured."""
    claims = evaluate_claims(profile)
    cells = verdict_cells(claims) | {"measured": [entry["measured"] for entry in claims]}
    order = ["", "claim", "here", "decided by", "paper", "measured"]
    return document("table_verdicts", profile, [Section("", pd.DataFrame(cells)[order])], pd.DataFrame(claims))
