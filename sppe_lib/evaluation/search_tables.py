"""The search measured: which values of the hyper-parameters are best on the validation split, and by which rule.

The rule: the highest mean PSNR against I' inside M; of values within `TOLERANCE` of it the one with fewer steps, then
the values that params.yaml has, then the first in the grid.
"""

from dataclasses import asdict

import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.data.schema import iterate, open_evaluated
from sppe_lib.evaluation.measure import open_pictures
from sppe_lib.evaluation.metrics import Views, metric, prepare, prepare_mask
from sppe_lib.evaluation.rendering import NOTHING, Document, Section, decimals, document, metric_label, number, spanned
from sppe_lib.evaluation.statistics import mean_of
from sppe_lib.recovery.method import VALIDATION
from sppe_lib.recovery.search import GRID, Cell, cells, cost, own_values, picture_file

CRITERION, REGION = metric("psnr_gt"), "inside"

TOLERANCE = 0.1  # dB: values this close to the highest count as equal to it


def measure_cell(profile: Profile, cell: Cell) -> dict[str, float]:
    """value, low, high and n of a cell's mean PSNR against I' inside M; empty if it was not run."""
    path = picture_file(profile, cell)
    if not path.is_file():
        return {}
    dataset, values = open_evaluated(profile, VALIDATION[0]), []
    remedy = "delete it and run 03b_search again"
    recovered = open_pictures(path, cell.method, dataset["instance_id"][:], remedy)
    for batch in iterate(dataset, profile.evaluation.batch):
        images = {"recovered": prepare(recovered.images(batch)), "edited_source": prepare(batch.edited_source)}
        values += CRITERION.compute(Views(images, prepare_mask(batch.mask), {}), REGION).tolist()
    return asdict(mean_of(values, dataset["pair_id"][:], profile.evaluation))


def search_data(profile: Profile) -> pd.DataFrame:
    """Every cell of the search, in its order: method, parameters, steps, value, low, high, n, in_params, best.

    `in_params` marks the values that params.yaml has, `best` those that the rule chooses for the method. A cell that
    was not run has no value.
    """
    rows = [
        {"method": cell.method, "parameters": cell.name, "steps": cost(profile, cell)}
        | {"in_params": cell.values == own_values(profile, cell.method)}
        | measure_cell(profile, cell)
        for cell in cells(profile)
    ]
    columns = ["method", "parameters", "steps", "value", "low", "high", "n", "in_params"]
    data = pd.DataFrame(rows).reindex(columns=columns)
    data = data.astype({"value": float, "low": float, "high": float, "n": "Int64"})
    close = data[data["value"] >= data.groupby("method")["value"].transform("max") - TOLERANCE]
    best = close.sort_values("steps", kind="stable").drop_duplicates("method")
    return data.assign(best=data.index.isin(best.index))


def _cells(rows: pd.DataFrame) -> pd.DataFrame:
    places, shown = decimals(CRITERION), list(rows.itertuples())
    return pd.DataFrame(
        {
            "values": rows["parameters"],
            "steps": rows["steps"],
            f"{metric_label(CRITERION)} inside M": [number(row.value, places, row.best) for row in shown],
            "interval": [spanned(row.low, row.high, places) if pd.notna(row.low) else NOTHING for row in shown],
            "in params.yaml": rows["in_params"].map({True: "yes", False: ""}),
            "best": rows["best"].map({True: "yes", False: ""}),
        }
    )


def search_table(profile: Profile) -> Document:
    """The search as a table of the kit, a section for each method."""
    data = search_data(profile)
    sections = [Section(method, _cells(data[data["method"] == method])) for method in GRID]
    n = data["n"].max()
    more = {"n": 0 if pd.isna(n) else n, "criterion": CRITERION.label, "tolerance": TOLERANCE}
    return document("table_search", profile, sections, data, **more)
