"""What a verdict is made of: one entry of claims.json, and the number it hangs on."""

from dataclasses import dataclass

import numpy as np

from sppe_lib.evaluation.statistics import Comparison

NOT_TESTED = "not tested in this profile yet"

PAPER = "paper"
KIT_GOAL = "this kit's own goal for the miniature, not a claim of the paper"


@dataclass(frozen=True)
class Evidence:
    """The number that a verdict hangs on: what it is, its interval, over how many, its test (NaN where none)."""

    quantity: str = ""
    value: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    n: int = 0
    p_value: float = float("nan")


def from_comparison(quantity: str, result: Comparison) -> Evidence:
    """A paired difference as the number that a verdict hangs on."""
    return Evidence(quantity, result.difference, result.low, result.high, result.pairs, result.p_value)


def claim(
    text: str,
    published: str,
    measured: str,
    holds: bool | None,
    origin: str = PAPER,
    evidence: Evidence = Evidence(),
    scope: str = "",
) -> dict:
    """One entry of claims.json; what is not defined is null. `scope`: what the verdict leaves out, if anything."""
    numbers = {"value": evidence.value, "ci_low": evidence.low, "ci_high": evidence.high, "p_value": evidence.p_value}
    numbers = {name: float(value) if np.isfinite(value) else None for name, value in numbers.items()}
    entry = {
        "claim": text,
        "published": published,
        "measured": measured,
        "holds": holds,
        "scope": scope or None,
        "origin": origin,
    }
    return entry | {"quantity": evidence.quantity or None, **numbers, "n": evidence.n or None}


def ahead(found: dict[str, Comparison]) -> list[str]:
    """The metrics on which the first method's mean is above the second's."""
    return [name for name, result in found.items() if result.difference > 0]


def with_interval(result: Comparison) -> str:
    """A difference and its interval: `+0.0123 (+0.0045 to +0.0201)`."""
    return f"{result.difference:+.4f} ({result.low:+.4f} to {result.high:+.4f})"


def describe(found: dict[str, Comparison]) -> str:
    """On how many metrics the first method is ahead, on how many of them surely, and the differences of the rest."""
    wins = ahead(found)
    certain = [name for name in wins if found[name].low > 0]
    losses = ", ".join(f"{name} {with_interval(result)}" for name, result in found.items() if name not in wins)
    text = f"{len(wins)} of {len(found)}, {len(certain)} of them with an interval above zero"
    return text + (f"; not on {losses}" if losses else "")


def standing(result: Comparison) -> float:
    """A difference in halves of its interval's width, which metrics of different units can be compared by.

    Without an interval, the sign of the difference.
    """
    half = (result.high - result.low) / 2
    return result.difference / half if half > 0 else float(np.sign(result.difference))


def weakest(found: dict[str, Comparison]) -> Evidence:
    """The metric that a claim about all hangs on: of those it is not ahead on, or else of all, the lowest `standing`.

    The quantity also says on how many metrics the method is ahead, and surely ahead.
    """
    defined = {name: result for name, result in found.items() if result.pairs}
    if not defined:
        return Evidence()
    wins = ahead(found)
    lost = {name: result for name, result in defined.items() if name not in wins}
    name, least = min((lost or defined).items(), key=lambda entry: standing(entry[1]))
    certain = sum(found[win].low > 0 for win in wins)
    which = "least ahead on" if not lost else "furthest behind on"
    quantity = f"ahead on {len(wins)} of {len(found)}, surely on {certain}; {which} {name}"
    return from_comparison(quantity, least)
