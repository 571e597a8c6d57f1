"""Table 8: what the modules, the training length and each input of C2E-S2SER are worth, on the validation split.

Every row has a row that it is compared with, on the same instances: a module with the row before it, a
training length with the chosen one, an input that is taken away with nothing taken away.
"""

import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.evaluation.frame import measured_in, methods_of, published_ablation, select
from sppe_lib.evaluation.recovery_tables import WHERE
from sppe_lib.evaluation.rendering import (
    Document,
    Section,
    beside,
    document,
    metric_cells,
    number,
    spanned,
    table,
    text,
)
from sppe_lib.evaluation.statistics import compare, summarise
from sppe_lib.recovery.ablation_rows import (
    BASE,
    CYCLE,
    FULL,
    INPUTS,
    ITERATIONS,
    LENGTHS,
    NO_TEXT,
    NO_TEXT_RANDOM_TAG,
    NO_TEXT_TRUE_TAG,
    Ablation,
)

CHOSEN_LENGTH = Ablation("iteration", "all of the steps", "6000")
"""The chosen training length; its model is that of all modules."""

UNTOUCHED, *TAKEN_AWAY = INPUTS

LENGTH_ROWS = tuple(sorted((*ITERATIONS, CHOSEN_LENGTH), key=lambda row: LENGTHS.get(row.label, 1.0)))

AGAINST = (
    {BASE: None, CYCLE: BASE, FULL: CYCLE}
    | {row: None if row is CHOSEN_LENGTH else CHOSEN_LENGTH for row in LENGTH_ROWS}
    | {UNTOUCHED: None}
    | {row: NO_TEXT if row in (NO_TEXT_TRUE_TAG, NO_TEXT_RANDOM_TAG) else UNTOUCHED for row in TAKEN_AWAY}
)
"""Every row of the table, in its order, and the row it is compared with."""

HEADINGS = {"module": "Modules", "iteration": "Training length", "input": "Inputs"}


def method_of(row: Ablation) -> str:
    """The name under which a row was recovered."""
    return (FULL if row is CHOSEN_LENGTH else row).method


def ablation_data(profile: Profile) -> pd.DataFrame:
    """Every row by metric and region ("all" or "inside" M): its mean, and its paired difference to the row `against`.

    `value` to `undefined` describe the row's own mean; `difference` to `pairs` its comparison. What was not run has
    only the paper's values.
    """
    frame = select(measured_in(profile, "validation"), region=("all", "inside"))
    means = summarise(frame, ["method", "metric", "region"], profile.evaluation)
    published = published_ablation().set_index(["group", "variant", "metric"])["value"].to_dict()
    parts = []
    for row, against in AGAINST.items():
        part = pd.DataFrame(WHERE, columns=["metric", "region"]).assign(group=row.group, variant=row.label)
        part = part.merge(means[means["method"] == method_of(row)].drop(columns="method"), "left")
        theirs, other = (
            [
                published.get((one.group, one.published, name)) if one and region == "all" else None
                for name, region in WHERE
            ]
            for one in (row, against)
        )
        part = part.assign(
            against=against.label if against else None,
            published=theirs,
            difference_published=[a - b if a is not None and b is not None else None for a, b in zip(theirs, other)],
        )
        if against:
            found = compare(frame, method_of(row), method_of(against), ["metric", "region"], profile.evaluation)
            found = found.rename(
                columns={"value": "difference", "low": "difference_low", "high": "difference_high", "n": "pairs"}
            )
            ran = {method_of(row), method_of(against)} <= set(methods_of(frame))
            part = part.merge(found if ran else found.iloc[:0], "left", ["metric", "region"])
        parts.append(part)
    counts = dict.fromkeys(["n", "undefined", "pairs"], "Int64")
    numbers = dict.fromkeys(
        ["published", "difference_published", "difference", "difference_low", "difference_high"], float
    )
    return pd.concat(parts, ignore_index=True).astype(counts | numbers)


def _difference(row, places: int) -> str:
    """`difference (paper) [low to high] effect`; bold where the interval leaves out zero."""
    places = 2 if places == 2 else 3
    shown = beside(
        row.difference, row.difference_published, places, (row.difference_low > 0 or row.difference_high < 0, False)
    )
    if pd.notna(row.difference_low):
        shown += f" [{spanned(row.difference_low, row.difference_high, places)}]"
    return shown + (f" r {number(row.effect, 2)}" if pd.notna(row.effect) else "")


def _differences(data: pd.DataFrame) -> pd.DataFrame:
    rows = data.dropna(subset="against")
    pairs = rows[["variant", "against"]].drop_duplicates().itertuples()
    return pd.DataFrame(
        {"variant": [f"{row.variant}, minus {row.against}" for row in pairs]} | metric_cells(rows, _difference)
    )


def ablation_table(profile: Profile) -> Document:
    """Table 8, with paired differences, and what the finished model loses without each of its inputs."""
    data = ablation_data(profile)
    how = [text("table8_ablation", "how", profile)]
    sections = []
    for group, heading in HEADINGS.items():
        own = data[(data["group"] == group) & (data["region"] == "all")]
        sections.append(Section(heading, table(own, "variant", "metric")))
        sections.append(Section(f"{heading}: differences", _differences(own), how))
    inside = data[(data["group"] == "input") & (data["region"] == "inside")]
    sections.append(Section("Inputs: differences inside M", _differences(inside), how))
    n = data["n"].max()
    return document("table8_ablation", profile, sections, data, n=0 if pd.isna(n) else n, chosen=CHOSEN_LENGTH)
