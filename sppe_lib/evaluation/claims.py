"""The paper's claims and this kit's gates, each with a verdict computed by code alone.

A claim is an entry of claims.yaml and one of the rules: `holds` is true, false, or null where this profile does not
test it; what could not be compared leaves a favourable verdict open, an unfavourable one stands. A gate is an entry of
gates.yaml: a difference that a run has to show before its other verdicts mean anything. It holds where the difference
reaches its goal and its bootstrap interval leaves out zero; it is null where one side was not recovered.
"""

import json

import numpy as np
import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.evaluation import frame
from sppe_lib.evaluation.metrics import PSNR_LIMIT, metric
from sppe_lib.evaluation.rendering import NOTHING, Document, Section, document, number, read_yaml, spanned
from sppe_lib.evaluation.rules import RULES
from sppe_lib.evaluation.statistics import difference_of, median_difference
from sppe_lib.recovery.ablation_rows import PREFIX
from sppe_lib.runtime import write_text

GATE_COLUMNS = ("gate", "value", "ci_low", "ci_high", "goal", "holds", "difference", "data", "n")


def evaluate_claim(profile: Profile, entry: dict) -> dict:
    """A claim of claims.yaml with its number and verdict; what is not defined is null."""
    answer = RULES[entry["rule"]](profile, entry)
    found = answer.found
    numbers = {"value": found.value, "ci_low": found.low, "ci_high": found.high, "p_value": found.p_value}
    return {
        "number": entry["number"],
        "claim": entry["claim"],
        "published": entry.get("published", ""),
        "measured": answer.measured,
        "holds": answer.holds,
        "scope": answer.scope or None,
        "quantity": answer.quantity or None,
        **{name: float(value) if np.isfinite(value) else None for name, value in numbers.items()},
        "n": int(found.n) or None,
    }


def evaluate_claims(profile: Profile, run: str | None = None) -> list[dict]:
    """Every claim with its verdict, in the order of claims.yaml; `run`: only those about this run of the frame."""
    return [evaluate_claim(profile, one) for one in read_yaml("claims.yaml") if run in (None, one.get("run"))]


def evaluate_gate(profile: Profile, entry: dict) -> dict:
    """A gate of gates.yaml by GATE_COLUMNS; all but name and goal are None where no data has both sides. n: pairs."""
    shown, region, found = metric(entry["metric"]), entry["region"], dict.fromkeys(GATE_COLUMNS)
    trained = [method for method in frame.published_methods() if frame.is_trained(method)]
    several = {"best trained": trained, "best trivial": frame.TRIVIAL_METHODS}
    for data in entry["data"]:
        rows = frame.measured_in(profile, data, metric=shown.name, region=region)
        values = frame.averaged(rows).groupby("method", observed=True)["value"].agg(entry["kind"])
        wanted = [several.get(entry[end], [entry[end]]) for end in ("first", "second")]
        sides = [values[values.index.isin(names)].dropna() for names in wanted]
        if sides[0].empty or sides[1].empty:
            continue
        names = [side.idxmax() for side in sides]
        compare = median_difference if entry["kind"] == "median" else difference_of
        result = compare(*(frame.select(rows, method=name) for name in names), profile.evaluation)
        what = f"{entry['kind']} {shown.label}" + ("" if region == "all" else f" {region} M")
        unit = f" [{shown.unit}]" if shown.unit else ""
        numbers = {"value": result.value, "ci_low": result.low, "ci_high": result.high}
        found |= {
            "difference": f"{' minus '.join(name.removeprefix(PREFIX) for name in names)}, {what}{unit}",
            "data": "validation split" if data == "validation" else "test split",
            "holds": bool(result.value >= entry["goal"] and result.low > 0),
            **{name: round(value, 4) if np.isfinite(value) else None for name, value in numbers.items()},
            "n": result.n,
        }
        break
    return found | {"gate": entry["gate"], "goal": entry["goal"]}


def evaluate_gates(profile: Profile) -> list[dict]:
    """Every gate of gates.yaml."""
    return [evaluate_gate(profile, entry) for entry in read_yaml("gates.yaml")]


def _write(profile: Profile, name: str, entries: list[dict]) -> list[dict]:
    text = json.dumps(entries, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_text(profile.figures / f"{name}.json", text)
    return entries


def write_claims(profile: Profile) -> list[dict]:
    """Write `figures/<profile>/claims.json` atomically and return its content."""
    where = {"data": frame.data_name(profile), "profile": profile.name}
    return _write(profile, "claims", [entry | where for entry in evaluate_claims(profile)])


def write_gates(profile: Profile) -> list[dict]:
    """Write `figures/<profile>/gates.json` atomically and return its content."""
    return _write(profile, "gates", evaluate_gates(profile))


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


def verdict_cells(claims: list[dict], here: str = "here") -> pd.DataFrame:
    """Number, claim, the paper's evidence, verdict (headed `here`), what decides it, and all that was measured."""
    rows = [
        (one["number"], one["claim"], one["published"], verdict_in_words(one), _evidence(one), one["measured"])
        for one in claims
    ]
    return pd.DataFrame(rows, columns=["", "claim", "paper", here, "decided by", "measured"])


def verdict_table(profile: Profile) -> Document:
    """One row per claim: verdict, what decides it, the paper's number, and all that was measured."""
    claims = evaluate_claims(profile)
    cells = verdict_cells(claims)[["", "claim", "here", "decided by", "paper", "measured"]]
    return document("table_verdicts", profile, [Section("", cells)], pd.DataFrame(claims))


def gate_in_words(gate: dict) -> str:
    """Value and interval of a gate: `1.24 (0.98 to 1.51)`."""
    if gate["value"] is None:
        return NOTHING
    return f"{number(gate['value'], 2)} ({spanned(gate['ci_low'], gate['ci_high'], 2)})"


def gates_table(profile: Profile) -> Document:
    """The gates for reading."""
    gates = evaluate_gates(profile)
    words = {True: "**holds**", False: "**does not hold**", None: "not tested"}
    cells = [
        {"gate": gate["gate"], "difference": gate["difference"] or NOTHING, "on": gate["data"] or NOTHING}
        | {"value": gate_in_words(gate), "goal": f"{gate['goal']:g}", "here": words[gate["holds"]]}
        for gate in gates
    ]
    sections = [Section("", pd.DataFrame(cells))]
    return document("table_gates", profile, sections, pd.DataFrame(gates), limit=PSNR_LIMIT)
