"""The table of verdicts: every claim, the paper's evidence, this run's, and whether it holds here."""

import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.evaluation.claims import PAPER, evaluate_claims
from sppe_lib.evaluation.rendering import NOTHING, Document, Section
from sppe_lib.evaluation.results import data_name

WORDS = {True: "**holds here**", False: "**does not hold here**", None: "not tested"}
"""A verdict in words."""


def verdict_in_words(entry: dict) -> str:
    """Whether a claim holds here, and what the verdict leaves out."""
    return WORDS[entry["holds"]] + (f", {entry['scope']}" if entry["scope"] else "")


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.4g}"


def describe_evidence(entry: dict) -> str:
    """What the verdict hangs on, in one line: the quantity, its value, interval, n and p."""
    if entry["quantity"] is None:
        return NOTHING
    parts = [f"{entry['quantity']}: {_number(entry['value'])}"]
    if entry["ci_low"] is not None:
        parts.append(f"({_number(entry['ci_low'])} to {_number(entry['ci_high'])})")
    found = " ".join(parts)
    if entry["n"]:
        found += f", n = {entry['n']}"
    return found + (f", p = {entry['p_value']:.2g}" if entry["p_value"] is not None else "")


def verdict_table(profile: Profile) -> Document:
    """One row per claim: verdict, what decides it, the paper's number, and all that was measured."""
    claims = evaluate_claims(profile)
    data = pd.DataFrame(claims)[
        [
            "number",
            "claim",
            "origin",
            "holds",
            "scope",
            "quantity",
            "value",
            "ci_low",
            "ci_high",
            "n",
            "p_value",
            "published",
            "measured",
        ]
    ]
    cells = pd.DataFrame(
        {
            "": [entry["number"] or NOTHING for entry in claims],
            "claim": [entry["claim"] + ("" if entry["origin"] == PAPER else " (goal of this kit)") for entry in claims],
            "here": [verdict_in_words(entry) for entry in claims],
            "decided by": [describe_evidence(entry) for entry in claims],
            "paper": [entry["published"] or NOTHING for entry in claims],
            "measured": [entry["measured"] for entry in claims],
        }
    )
    notes = [
        (
            f"Computed by code from profile `{profile.name}`, {data_name(profile)}. On the simulated miniature a verdict "
            f"speaks of the miniature: it neither confirms nor refutes what the paper measured on photographs."
        ),
        (
            "Where a claim is about several metrics, the one that decides is the one furthest behind (or least ahead) "
            "by the width of its own interval, since their units differ."
        ),
    ]
    return Document("table_verdicts", "The paper's claims, a verdict each", notes, [Section("", cells)], data)
