"""Table 8: what the modules, the training length and each input of C2E-S2SER are worth, on the validation split.

Every row is compared with another on the same instances: a module with the row before it, a training length with the
chosen one, an input that is taken away with nothing taken away.
"""

import numpy as np
import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.evaluation import rendering
from sppe_lib.evaluation.frame import measured_in, methods_of, published_ablation
from sppe_lib.evaluation.recovery_tables import WHERE
from sppe_lib.evaluation.rendering import Document, Section, document, number, table, text
from sppe_lib.evaluation.statistics import NAN, compare, summarise
from sppe_lib.recovery import ablation_rows as ablations
from sppe_lib.recovery.ablation_rows import Ablation

CHOSEN_LENGTH = Ablation("iteration", "all of the steps", "6000")
"""The chosen training length; its model is that of all modules."""

_LENGTHS = sorted((*ablations.ITERATIONS, CHOSEN_LENGTH), key=lambda row: ablations.LENGTHS.get(row.label, 1.0))

AGAINST = (
    dict(zip(ablations.MODULES, (None, *ablations.MODULES)))
    | dict.fromkeys(_LENGTHS, CHOSEN_LENGTH)
    | dict.fromkeys(ablations.INPUTS, ablations.NOTHING)
    | {CHOSEN_LENGTH: None, ablations.NOTHING: None}
    | dict.fromkeys((ablations.NO_TEXT_TRUE_TAG, ablations.NO_TEXT_RANDOM_TAG), ablations.NO_TEXT)
)
"""Every row of the table, in its order, and the row it is compared with."""


def _method_of(row: Ablation) -> str:
    """The name under which a row was recovered."""
    return (ablations.FULL if row is CHOSEN_LENGTH else row).method


def ablation_data(profile: Profile) -> pd.DataFrame:
    """Every row by metric and region ("all" or "inside" M): its mean, and its paired difference to the row `against`.

    `value` to `undefined` describe the row's own mean; `difference` to `pairs` its comparison. What was not run has
    only the paper's values.
    """
    frame = measured_in(profile, "validation", region=("all", "inside"))
    means = summarise(frame, ["method", "metric", "region"], profile.evaluation)
    published = published_ablation().set_index(["group", "variant", "metric"])["value"].to_dict()
    renamed = {"value": "difference", "low": "difference_low", "high": "difference_high", "n": "pairs"}
    parts = []
    for row, against in AGAINST.items():
        part = pd.DataFrame(WHERE, columns=["metric", "region"]).assign(group=row.group, variant=row.label)
        part = part.merge(means[means["method"] == _method_of(row)].drop(columns="method"), "left")
        part["against"] = against.label if against else None
        theirs, other = (
            [
                published.get((one.group, one.published, name), NAN) if one and region == "all" else NAN
                for name, region in WHERE
            ]
            for one in (row, against)
        )
        part = part.assign(published=theirs, difference_published=np.subtract(theirs, other))
        if against:
            methods = [_method_of(row), _method_of(against)]
            found = compare(frame, *methods, ["metric", "region"], profile.evaluation).rename(columns=renamed)
            ran = set(methods) <= set(methods_of(frame))
            part = part.merge(found if ran else found.iloc[:0], "left", ["metric", "region"])
        parts.append(part)
    counts = dict.fromkeys(["n", "undefined", "pairs"], "Int64")
    return pd.concat(parts, ignore_index=True).astype(counts | dict.fromkeys(list(renamed.values())[:3], float))


def _difference(row, places: int) -> str:
    """`difference (paper) [low to high] effect`; bold where the interval leaves out zero."""
    places, low, high = min(places, 3), row.difference_low, row.difference_high
    shown = rendering.beside(row.difference, row.difference_published, places, (low > 0 or high < 0, False))
    shown += f" [{rendering.spanned(low, high, places)}]" if pd.notna(low) else ""
    return shown + (f" r {number(row.effect, 2)}" if pd.notna(row.effect) else "")


def _differences(data: pd.DataFrame) -> pd.DataFrame:
    rows = data.dropna(subset="against")
    names = (rows["variant"] + ", minus " + rows["against"]).unique()
    return pd.DataFrame({"variant": names} | rendering.metric_cells(rows, _difference))


def ablation_table(profile: Profile) -> Document:
    """Table 8, with paired differences, and what the finished model loses without each of its inputs."""
    data = ablation_data(profile)
    how = [text("table8_ablation", "how", profile)]
    sections = []
    for group, heading in {"module": "Modules", "iteration": "Training length", "input": "Inputs"}.items():
        own = data[(data["group"] == group) & (data["region"] == "all")]
        sections.append(Section(heading, table(own, "variant", "metric")))
        sections.append(Section(f"{heading}: differences", _differences(own), how))
    inside = data[(data["group"] == "input") & (data["region"] == "inside")]
    sections.append(Section("Inputs: differences inside M", _differences(inside), how))
    n = data["n"].max()
    return document("table8_ablation", profile, sections, data, n=0 if pd.isna(n) else n, chosen=CHOSEN_LENGTH)
