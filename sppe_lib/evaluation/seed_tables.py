"""How far the trained methods' metrics move with the seed of training and sampling, and whether their order stays.

A bootstrap interval says what other test pairs would do to a number; this says what another training would
do. The paper reports one run of each method.
"""

import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.editability.scores import OVERALL
from sppe_lib.evaluation.cells import NOT_RUN, decimals, metric_label
from sppe_lib.evaluation.metrics import METRIC_NAMES, METRICS
from sppe_lib.evaluation.rendering import NOTHING, Document, Section, beside, number
from sppe_lib.evaluation.results import BASELINE, PROPOSED, data_name, read_repetitions
from sppe_lib.published import read_published
from sppe_lib.recovery import METHODS

NAME = "table_recovery_seeds"

DIFFERENCE = f"{PROPOSED} minus {BASELINE}"
"""How the rows of the table's data call the difference of the two methods on the same seed."""

COLUMNS = ["metric", "method", "value", "n", "published", "sd", "lowest", "highest", "above"]


def seed_values(profile: Profile) -> pd.DataFrame:
    """metric, method, seed (0 is the benchmark's own run), value: the mean of each metric over defined instances.

    Trained methods only: the others have nothing that a seed would move but their sampling, and run once.
    """
    rows = [
        {"metric": name, "method": method, "seed": seed, "value": table[name].mean()}
        for seed, measured in read_repetitions(profile).items()
        for method, table in measured.items()
        if method in METHODS and METHODS[method].trained
        for name in METRIC_NAMES
    ]
    return pd.DataFrame(rows, columns=["metric", "method", "seed", "value"])


def seed_differences(profile: Profile) -> pd.DataFrame:
    """C2E-S2SER minus SOER by metric (rows) and seed (columns), for the seeds that both have; empty without both."""
    wide = seed_values(profile).pivot(index=["metric", "seed"], columns="method", values="value")
    if not {PROPOSED, BASELINE} <= set(wide.columns):
        return pd.DataFrame(index=list(METRIC_NAMES))
    return (
        (wide[PROPOSED] - wide[BASELINE]).unstack("seed").reindex(list(METRIC_NAMES)).dropna(axis="columns", how="all")
    )


def _spread(values: pd.Series) -> dict[str, float]:
    """Mean, sample standard deviation (undefined for one seed), extremes and number of the seeds."""
    values = values.dropna()
    return {
        "value": values.mean(),
        "n": len(values),
        "sd": values.std(),
        "lowest": values.min(),
        "highest": values.max(),
    }


def seed_data(profile: Profile) -> pd.DataFrame:
    """metric, method, value, n (seeds), published, sd, lowest, highest, above.

    The last rows are the difference of C2E-S2SER and SOER on the same seed; `above` is theirs only: the
    number of seeds on which C2E-S2SER is above.
    """
    values, differences = seed_values(profile), seed_differences(profile)
    table = read_published("table5_table6_recovery_sppe")
    published = table[table["group"] == OVERALL].set_index(["metric", "method"])["value"].to_dict()
    rows = [
        {"metric": metric, "method": method, "published": published.get((metric, method))} | _spread(own["value"])
        for (method, metric), own in values.groupby(["method", "metric"], sort=False)
    ]
    if len(differences.columns):
        for metric, own in differences.iterrows():
            theirs = published[metric, PROPOSED] - published[metric, BASELINE]
            row = {"metric": metric, "method": DIFFERENCE, "published": theirs, "above": int((own > 0).sum())}
            rows.append(row | _spread(own))
    return pd.DataFrame(rows, columns=COLUMNS).astype({"n": "Int64", "above": "Int64"})


def _cells(data: pd.DataFrame) -> pd.DataFrame:
    """Methods by metrics: `mean ± standard deviation (paper)` and the extremes."""
    lines = []
    for method, own in data[data["method"] != DIFFERENCE].groupby("method", sort=False):
        line = {"method": method, "seeds": str(own["n"].max())}
        for metric in METRICS:
            row, places = own[own["metric"] == metric.name].iloc[0], decimals(metric)
            text = beside(row["value"], row["published"], places)
            if row["n"] > 1:
                extremes = f"{number(row['lowest'], places)} to {number(row['highest'], places)}"
                text += f" ± {number(row['sd'], places)} [{extremes}]"
            line[metric_label(metric)] = text
        lines.append(line)
    return pd.DataFrame(lines, columns=["method", "seeds", *map(metric_label, METRICS)])


def _difference_cells(data: pd.DataFrame) -> pd.DataFrame:
    own = data[data["method"] == DIFFERENCE].set_index("metric")
    lines = []
    for metric in METRICS:
        if metric.name in own.index:
            row, places = own.loc[metric.name], decimals(metric)
            lines.append(
                {
                    "metric": metric_label(metric),
                    f"seeds with {PROPOSED} above": f"{row['above']} of {row['n']}",
                    "mean difference (paper)": beside(row["value"], row["published"], places),
                    "standard deviation": number(row["sd"], places),
                    "lowest": number(row["lowest"], places),
                    "highest": number(row["highest"], places),
                }
            )
    return pd.DataFrame(lines)


def _seeds_note(seeds: int) -> str:
    if seeds == 0:
        return f"Repetitions: {NOT_RUN}."
    if seeds == 1:
        return (
            "One seed only in this profile (`recovery.training.seeds` is how many): nothing here says how far another training "
            "would move these numbers, so there are no standard deviations."
        )
    return (
        f"{seeds} seeds; only the seed of training and sampling moves, the instances are the same. Standard deviations "
        f"are those of a sample, over seeds; with so few they are rough."
    )


def seed_table(profile: Profile) -> Document:
    """The eight metrics of every trained method over seeds, and on how many seeds C2E-S2SER exceeds SOER."""
    data = seed_data(profile)
    sections = [
        Section(
            "Trained methods",
            _cells(data),
            [f"Mean over seeds (paper, one run) ± standard deviation [lowest to highest]. {NOTHING}: undefined."],
        )
    ]
    if (data["method"] == DIFFERENCE).any():
        sections.append(Section(f"{PROPOSED} minus {BASELINE}, seed by seed", _difference_cells(data)))
    notes = [
        f"Test instances of {data_name(profile)}, profile `{profile.name}`.",
        _seeds_note(len(read_repetitions(profile))),
    ]
    return Document(NAME, "Spread over seeds", notes, sections, data)
