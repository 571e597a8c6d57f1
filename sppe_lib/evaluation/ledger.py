"""The ledger: paper, released code and this kit side by side, point by point.

The points stand in ledger.yaml. What the kit does is read from the profile where a parameter decides it; what a
difference costs is read from the results where the run measures it.
"""

import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.evaluation.frame import is_simulated, measured_in, methods_of
from sppe_lib.evaluation.metrics import column
from sppe_lib.evaluation.rendering import NOTHING, Document, Section, document, gaps, read_yaml
from sppe_lib.evaluation.rules import compared
from sppe_lib.evaluation.statistics import signed
from sppe_lib.recovery.ablation_rows import PREFIX


def _kit(profile: Profile, entry: dict) -> str:
    chosen = profile.recovery.training
    cases = {
        "simulated": is_simulated(profile),
        "aligned": profile.models.references == "aligned",
        "change": profile.models.output == "change",
        "noised_tag": chosen.noised_tag,
        "keep_term": chosen.keep_term,
        "visii": profile.models.visii,
        "cross_image": profile.models.cross_image,
        "otherwise": True,
    }
    kit = entry["kit"]
    kit = next(words for case, words in kit.items() if cases[case]) if isinstance(kit, dict) else kit
    rates = [f"{chosen.learning_rate:g}", *(f"{method} {rate:g}" for method, rate in chosen.learning_rates)]
    lora = {"attention": "attention layers", "all": "every linear layer of the blocks and the input projection"}
    return kit.format(**gaps(profile, rates="; ".join(rates), ema=chosen.ema or "none", lora=lora[chosen.layers]))


def _effect(profile: Profile, effect: dict | str | None) -> str:
    """What a point costs here: undefined directions, or the paired differences of two ablations; "" if unknown."""
    if effect is None:
        return ""
    if effect == "undefined directions":
        rows = measured_in(profile, "benchmark", metric=("dir_i", "dir_s"))
        missing = rows["instance"].where(rows["value"].isna())
        undefined = missing.groupby(rows["method"], sort=False, observed=True).nunique()
        return "; ".join(f"{name}: {count} instances" for name, count in undefined.items())
    rows, names = measured_in(profile, "validation"), [PREFIX + effect[end] for end in ("first", "second")]
    if not set(names) <= set(methods_of(rows)):
        return ""
    parts = []
    for name, found in compared(profile, rows, *names, effect["metrics"]).items():
        entry, region = column(name)
        label = entry.label + (" inside M" if region == "inside" else "")
        parts.append(f"{label} {signed(found, 3)}")
    return ", ".join(parts)


def ledger_table(profile: Profile) -> Document:
    """The ledger as a table: topic, paper, release, kit, reason, measured effect."""
    rows = [
        entry | {"kit": _kit(profile, entry), "effect": _effect(profile, entry.get("effect"))}
        for entry in read_yaml("ledger.yaml")
    ]
    data = pd.DataFrame(rows, columns=["topic", "paper", "release", "kit", "reason", "effect"])
    headings = {
        "kit": f"this kit, profile {profile.name}",
        "release": "released code",
        "effect": "measured effect here",
    }
    cells = data.rename(columns=headings).replace("", NOTHING)
    return document("table_ledger", profile, [Section("", cells)], data)
