"""The test that would refute claim 3: fresh source-surrogate pairs on which C2E-S2SER fails to exceed SOER (SPEC §7).

The sweep set is such a set: other scenes, drawn with other seeds, at several protection strengths. Claim 3 survives
it only if C2E-S2SER is ahead on every one of the eight metrics; sources are resampled and tested, not pairs.
"""

import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.evaluation.evidence import NOT_TESTED, ahead, claim, describe, weakest
from sppe_lib.evaluation.metrics import METRIC_NAMES
from sppe_lib.evaluation.recovery_tables import NOT_RUN, paired_cells, published_difference
from sppe_lib.evaluation.rendering import Document, Section
from sppe_lib.evaluation.results import BASELINE, PROPOSED, data_name, published_wins
from sppe_lib.evaluation.statistics import Comparison, compare, holm
from sppe_lib.evaluation.sweep_results import sweep_metrics

ALL = "all"
"""Every surrogate of the set, whatever its strength."""

COLUMNS = [
    "strength", "metric", "region", "value", "n", "published", "low", "high", "p_value", "p_corrected", "effect",
]  # fmt: skip


def _compared(profile: Profile, measured: dict[str, pd.DataFrame], strength: float | str) -> dict[str, Comparison]:
    """C2E-S2SER minus SOER on each metric at one strength or at all, by source."""
    first, second = (
        table if strength == ALL else table[table["strength"] == strength]
        for table in (measured[PROPOSED], measured[BASELINE])
    )
    return {name: compare(first, second, name, profile.evaluation) for name in METRIC_NAMES}


def _comparable(measured: dict[str, pd.DataFrame]) -> bool:
    return {PROPOSED, BASELINE} <= measured.keys()


def refutation_data(profile: Profile) -> pd.DataFrame:
    """C2E-S2SER minus SOER on the sweep set: each metric over all surrogates and at each strength (COLUMNS).

    `value` is positive where C2E-S2SER is ahead; n counts sources. `p_corrected`: Holm, over all rows. `published`:
    the paper's difference on its benchmark. No rows before both methods have run on the set.
    """
    measured = sweep_metrics(profile)
    if not _comparable(measured):
        return pd.DataFrame(columns=COLUMNS)
    rows = []
    for strength in (ALL, *sorted(measured[PROPOSED]["strength"].unique())):
        for name, found in _compared(profile, measured, strength).items():
            rows.append(
                {
                    "strength": strength,
                    "metric": name,
                    "region": "all",
                    "value": found.difference,
                    "n": found.pairs,
                    "published": published_difference(name, BASELINE) if strength == ALL else None,
                    "low": found.low,
                    "high": found.high,
                    "p_value": found.p_value,
                    "effect": found.effect,
                }
            )
    data = pd.DataFrame(rows)
    return data.assign(p_corrected=holm(data["p_value"].to_numpy()))[COLUMNS]


def refutation_table(profile: Profile) -> Document:
    """The refutation test in numbers: per metric the difference, its interval, test and effect, also by strength."""
    data = refutation_data(profile)
    sections = [
        Section(
            "All strengths" if strength == ALL else f"Strength {strength:g}",
            paired_cells(rows, "sources"),
            [f"Ahead on {int((rows['value'] > 0).sum())} of {len(rows)} metrics."],
        )
        for strength, rows in data.groupby("strength", sort=False)
    ]
    confidence = 100 * profile.evaluation.confidence
    notes = [
        (
            f"{PROPOSED} minus {BASELINE} on the sweep set (profile `{profile.name}`, {data_name(profile)}): fresh "
            f"sources that neither training nor the benchmark has seen. Positive: {PROPOSED} is ahead. Claim 3 is "
            f"refuted here as soon as there is one of the {len(METRIC_NAMES)} metrics on which it is not ahead. In brackets: "
            f"the paper's difference on its own benchmark."
        ),
        (
            f"Paired by instance, then averaged by source, because the surrogates of a source share I and I'. "
            f"Intervals: {confidence:.0f} %, bootstrap over sources. p: two-sided Wilcoxon signed-rank test over "
            f"sources; corrected: Holm, over the {len(data)} rows of this page. Effect: rank-biserial correlation."
        ),
    ]
    sections = sections or [Section("", paired_cells(data, "sources"), [f"Recovery on the sweep set: {NOT_RUN}."])]
    return Document("table_refutation", "Would fresh pairs refute claim 3?", notes, sections, data)


def refutation_claim(profile: Profile) -> dict:
    """Claim 3 under its refutation test, as an entry of claims.json; not tested before both methods have run on it."""
    text = f"{PROPOSED} still beats {BASELINE} on 8 of 8 metrics on fresh pairs (refutation test of claim 3)"
    published = f"{published_wins()} of {len(METRIC_NAMES)} on the paper's benchmark"
    measured = sweep_metrics(profile)
    if not _comparable(measured):
        return claim(text, published, NOT_TESTED, None)
    table = measured[PROPOSED]
    found = _compared(profile, measured, ALL)
    strengths = sorted(table["strength"].unique())
    by_strength = ", ".join(
        f"{strength:g}: {len(ahead(_compared(profile, measured, strength)))}" for strength in strengths
    )
    sources = table["pair_id"].nunique()
    scope = f"{sources} sources, {len(table)} surrogates at strengths {strengths[0]:g} to {strengths[-1]:g}"
    answer = f"{describe(found)}; {scope}; ahead by strength: {by_strength}"
    return claim(text, published, answer, len(ahead(found)) == len(found), evidence=weakest(found))
