"""A small search over hyper-parameters: which values are tried, and what a method recovers with each.

A cell is a method with one choice of values. Everything happens on the validation split, with trainings as long as the
profile's own, because the best rate depends on the length. A cell's pictures are written as soon as they are made, so a
search that was stopped goes on with the next; evaluation/search_tables.py measures them and says which is best.
"""

import itertools
import operator
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from sppe_lib import recovery
from sppe_lib.config import Profile, changed
from sppe_lib.data.schema import EVALUATED, open_evaluated, split_files
from sppe_lib.locations import backbone_keys
from sppe_lib.recovery import TRAINED
from sppe_lib.recovery.method import VALIDATION
from sppe_lib.recovery.sharded import digest_of, recover_in_shards

FOLDER = "search"
"""Where the search's pictures go under `results/<profile>/`, and its table under `figures/<profile>/`."""

GRID = {
    "VISII": {
        "recovery.sampling.inversion_steps": [5, 10],
        "recovery.sampling.inversion_learning_rate": [0.02, 0.05, 0.1, 0.2],
    },
    **{name: {"recovery.training.learning_rate": [1e-3, 2e-3, 4e-3, 8e-3]} for name in TRAINED},
}
"""Method -> parameter of params.yaml -> the values to try. The profile's own values are always tried as well."""


@dataclass(frozen=True)
class Cell:
    """One choice of values for a method: parameter of params.yaml -> value."""

    method: str
    values: dict[str, float]

    @property
    def name(self) -> str:
        """Its values in words, such as `inversion_steps=5, inversion_learning_rate=0.02`."""
        return ", ".join(f"{key.rpartition('.')[2]}={value:g}" for key, value in self.values.items())


def own_values(profile: Profile, method: str) -> dict[str, float]:
    """What params.yaml has for the parameters of a method's grid."""
    own = changed(profile, {"recovery.training.learning_rate": profile.recovery.training.rate_of(method)})
    return {key: operator.attrgetter(key)(own) for key in GRID[method]}


def cells(profile: Profile) -> list[Cell]:
    """Of every method the first `ablation.search_cells` (0: all): the profile's own values, then the grid's others."""
    found = []
    for method, grid in GRID.items():
        choices = [dict(zip(grid, values)) for values in itertools.product(*grid.values())]
        own = own_values(profile, method)
        choices = [own, *(values for values in choices if values != own)]
        found += [Cell(method, values) for values in choices[: profile.ablation.search_cells or None]]
    return found


def cell_profile(profile: Profile, cell: Cell) -> Profile:
    """The profile with a cell's values and one seed."""
    alone = {"recovery.training.learning_rates": (), "recovery.training.seeds": 1}
    return changed(profile, alone | cell.values)


def cost(profile: Profile, cell: Cell) -> int:
    """The steps of optimisation that a cell needs: of its training, or of VISII for each instance."""
    chosen = cell_profile(profile, cell).recovery
    return chosen.training.steps if cell.method in TRAINED else chosen.sampling.inversion_steps


def picture_file(profile: Profile, cell: Cell) -> Path:
    """Where a cell's pictures of the validation split are; another name for other data, weights or settings."""
    # Parameters that are searched count by the cell's own values only: a value that is chosen by the search and then
    # written into params.yaml must not make every other cell anew. The size of a sampling batch decides nothing.
    searched = {key.removeprefix("recovery.") for grid in GRID.values() for key in grid} | {"sampling.batch"}
    settings = asdict(cell_profile(profile, cell).recovery)
    flat = {f"{part}.{name}": value for part, values in settings.items() for name, value in values.items()}
    fixed = {name: value for name, value in flat.items() if name not in searched}
    models, (folder, split) = profile.models, EVALUATED[VALIDATION[0]]
    shards = [path for name in ("train", split) for path in split_files(profile.results / folder, name)]
    weights = models.backbone, models.visii, backbone_keys(models)
    digest = digest_of(cell.method, cell.values, fixed, *weights, profile.ablation.pairs, *shards)
    return profile.results / FOLDER / cell.method / f"{cell.name} {digest}.parquet"


def run_cell(profile: Profile, cell: Cell) -> Path:
    """Train (if the method learns) and recover the validation split with a cell's values; returns its pictures' file.

    A cell that is done is not repeated. It works in a folder of its own, which holds a training that was stopped and
    is removed at the end, so the profile's own trainings and checkpoints are never touched.
    """
    path = picture_file(profile, cell)
    if path.is_file():
        return path
    chosen, method = cell_profile(profile, cell), recovery.METHODS[cell.method].imported()
    work = profile.results / FOLDER / "work" / path.stem
    made = method.load(chosen, method.fit(chosen, workplace=work)) if cell.method in TRAINED else method.load(chosen)
    data, batch = open_evaluated(profile, VALIDATION[0]), chosen.recovery.sampling.batch
    recover_in_shards(made.recover, data, path, work / "shards", batch, f"{cell.method}: {cell.name}")
    shutil.rmtree(work, ignore_errors=True)
    return path
