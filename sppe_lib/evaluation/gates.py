"""Gates: differences that a run has to show before its other verdicts mean anything, each with interval and goal.

A gate is an entry of gates.yaml. It holds where the difference reaches its goal and its bootstrap interval leaves out
zero; it is null where one side was not recovered.
"""

import json

import numpy as np
import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.evaluation import frame
from sppe_lib.evaluation.metrics import PSNR_LIMIT, metric
from sppe_lib.evaluation.rendering import NOTHING, Document, Section, document, number, read_yaml, spanned
from sppe_lib.evaluation.statistics import difference_of, median_difference
from sppe_lib.recovery.ablation_rows import PREFIX
from sppe_lib.runtime import write_text

COLUMNS = ("gate", "value", "ci_low", "ci_high", "goal", "holds", "difference", "data", "n")


def evaluate_gate(profile: Profile, entry: dict) -> dict:
    """A gate of gates.yaml by COLUMNS; all but name and goal are None where no data has both sides. n: pairs."""
    shown, region, found = metric(entry["metric"]), entry["region"], dict.fromkeys(COLUMNS)
    trained = [method for method in frame.published_methods() if frame.is_trained(method)]
    several = {"best trained": trained, "best trivial": frame.TRIVIAL_METHODS}
    for data in entry["data"]:
        rows = frame.select(frame.measured_in(profile, data), metric=shown.name, region=region)
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
        found = {
            "difference": f"{' minus '.join(name.removeprefix(PREFIX) for name in names)}, {what}{unit}",
            "data": "validation split" if data == "validation" else "test split",
            "holds": bool(result.value >= entry["goal"] and result.low > 0),
            **{name: round(value, 4) if np.isfinite(value) else None for name, value in numbers.items()},
            "n": result.n,
        }
        break
    found |= {"gate": entry["gate"], "goal": entry["goal"]}
    return {name: found[name] for name in COLUMNS}


def evaluate_gates(profile: Profile) -> list[dict]:
    """Every gate of gates.yaml."""
    return [evaluate_gate(profile, entry) for entry in read_yaml("gates.yaml")]


def write_gates(profile: Profile) -> list[dict]:
    """Write `figures/<profile>/gates.json` atomically and return its content."""
    gates = evaluate_gates(profile)
    text = json.dumps(gates, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_text(profile.figures / "gates.json", text)
    return gates


def with_interval(gate: dict) -> str:
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
        | {"value": with_interval(gate), "goal": f"{gate['goal']:g}", "here": words[gate["holds"]]}
        for gate in gates
    ]
    sections = [Section("", pd.DataFrame(cells))]
    return document("table_gates", profile, sections, pd.DataFrame(gates), limit=PSNR_LIMIT)
