"""The search measured: which values of the hyper-parameters are best on the validation split, and by which rule.

The rule: the highest mean PSNR against I' inside M; of values within `TOLERANCE` of it the one with fewer steps, then
the values that params.yaml has, then the first in the grid.
"""

import numpy as np
import pandas as pd
from datasets import Dataset

from sppe_lib.config import Profile
from sppe_lib.data.schema import iterate, open_evaluated
from sppe_lib.errors import DataError
from sppe_lib.evaluation.cells import NOT_RUN, decimals, metric_label
from sppe_lib.evaluation.evaluate import Recovered
from sppe_lib.evaluation.metrics import Views, metric, prepare, prepare_mask
from sppe_lib.evaluation.rendering import NOTHING, Document, Section, number
from sppe_lib.evaluation.results import data_name
from sppe_lib.evaluation.statistics import summarise
from sppe_lib.recovery.method import VALIDATION
from sppe_lib.recovery.search import GRID, Cell, cells, cost, own_values, picture_file

NAME = "table_search"

CRITERION, REGION = metric("psnr_gt"), "inside"

TOLERANCE = 0.1
"""dB: values this close to the highest count as equal to it."""

COLUMNS = ["method", "parameters", "steps", "value", "low", "high", "n", "in_params", "best"]


def measure_cell(profile: Profile, cell: Cell) -> dict[str, float]:
    """value, low, high and n: a cell's mean PSNR against I' inside M, with its interval; empty if it was not run.

    Raises DataError where its pictures are of other instances.
    """
    path = picture_file(profile, cell)
    if not path.is_file():
        return {}
    dataset, pictures = open_evaluated(profile, VALIDATION[0]), Dataset.from_parquet(str(path))
    names = pictures["instance_id"][:]
    if sorted(names) != sorted(dataset["instance_id"][:]):
        raise DataError(f"{path.name} does not fit the validation split: delete it and run 03b_search again.")
    recovered = Recovered(cell.method, pictures, {name: row for row, name in enumerate(names)})
    values = []
    for batch in iterate(dataset, profile.evaluation.batch):
        images = {"recovered": prepare(recovered.images(batch)), "edited_source": prepare(batch.edited_source)}
        values += CRITERION.compute(Views(images, prepare_mask(batch.mask), {}), REGION).tolist()
    found = summarise(np.array(values), np.array(dataset["pair_id"][:]), profile.evaluation)
    return {"value": found.mean, "low": found.low, "high": found.high, "n": found.n}


def _best(rows: pd.DataFrame) -> int | None:
    """The index of the best of a method's rows by the rule; None where nothing was measured."""
    measured = rows.dropna(subset="value")
    if measured.empty:
        return None
    close = measured[measured["value"] >= measured["value"].max() - TOLERANCE]
    return close.sort_values("steps", kind="stable").index[0]


def search_data(profile: Profile) -> pd.DataFrame:
    """Every cell of the search, in the order of `search.cells`, with the columns COLUMNS.

    `steps` of optimisation are its cost, `in_params` marks the values that params.yaml has, `best` those that the
    rule chooses for the method. A cell that was not run has no value.
    """
    rows = []
    for cell in cells(profile):
        row = {"method": cell.method, "parameters": cell.name, "steps": cost(profile, cell)}
        row["in_params"] = cell.values == own_values(profile, cell.method)
        rows.append(row | measure_cell(profile, cell))
    data = (
        pd.DataFrame(rows).reindex(columns=COLUMNS).astype({"value": float, "low": float, "high": float, "n": "Int64"})
    )
    return data.assign(best=data.index.isin([_best(part) for _, part in data.groupby("method", sort=False)]))


def _cells(rows: pd.DataFrame) -> pd.DataFrame:
    places = decimals(CRITERION)
    return pd.DataFrame(
        {
            "values": rows["parameters"],
            "steps": rows["steps"],
            f"{metric_label(CRITERION)} inside M": [
                number(value, places, best) for value, best in zip(rows["value"], rows["best"])
            ],
            "interval": [
                f"{number(low, places)} to {number(high, places)}" if pd.notna(low) else NOTHING
                for low, high in zip(rows["low"], rows["high"])
            ],
            "in params.yaml": rows["in_params"].map({True: "yes", False: ""}),
            "best": rows["best"].map({True: "yes", False: ""}),
        }
    )


def search_table(profile: Profile) -> Document:
    """The search as a table of the kit, a section for each method."""
    data = search_data(profile)
    sections = [Section(method, _cells(data[data["method"] == method])) for method in GRID]
    n = data["n"].max()
    notes = [
        (
            f"Profile `{profile.name}`, validation split of {data_name(profile)} ({0 if pd.isna(n) else n} instances): "
            f"nothing here saw the test split. The rule: the highest mean {CRITERION.label} inside M; of values that "
            f"are within {TOLERANCE} dB of it the one with fewer steps, then the one higher up. Interval: the "
            f"{100 * profile.evaluation.confidence:.0f} % bootstrap interval of the mean over pairs. {NOTHING}: "
            f"{NOT_RUN}."
        ),
        (
            f"Trainings take {profile.ablation.steps} steps of one seed, those of the other tables "
            f"{profile.recovery.training.steps}; VISII's steps are those for each instance. Where the intervals overlap much, the "
            f"choice is within noise, and a longer training may prefer a smaller learning rate."
        ),
    ]
    return Document(NAME, "Hyper-parameters, searched on the validation split", notes, sections, data)
