"""The sweep: sources that no benchmark split has, each with surrogates of several strengths and several seeds.

For recovery and editability along the protection strength (the paper's Figure 6), for fresh pairs, and for choosing
among several surrogates of a source before uploading one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sppe_lib.config import BenchmarkParameters
from sppe_lib.data.miniature import PairPlan, plan_split
from sppe_lib.errors import DataError
from sppe_lib.world import surrogates
from sppe_lib.world.scene import Scene, render

STRENGTHS = (0.1, 0.3, 0.5, 0.7, 0.9)  # of the surrogates of every source, beside those at the benchmark's own
SURROGATE_ATTEMPTS = 30  # seeds tried for a surrogate that shows another picture than its source
SWEEP_COLUMNS = ("source", "strength", "candidate")


def sweep_columns(pair_ids: Sequence[str] | pd.Series) -> pd.DataFrame:
    """What each pair's id says: `sweep/00012/s50-2` is source `sweep/00012`, strength 0.5, candidate 2.

    The rows are those of `pair_ids`. All pairs of a source share I and I', so statistics must resample sources,
    not pairs. Raises DataError for an id that is not of the sweep.
    """
    pair_ids = pd.Series(pair_ids, dtype=str)
    found = pair_ids.str.extract(r"^(?P<source>sweep/.+)/s(?P<strength>\d+)-(?P<candidate>\d+)$")
    unknown = pair_ids[found["source"].isna()]
    if len(unknown):
        raise DataError(f"{unknown.iloc[0]!r} is no pair of the sweep set (like sweep/00012/s50-2): build it again.")
    return found.assign(strength=found["strength"].astype(int) / 100, candidate=found["candidate"].astype(int))


@dataclass(frozen=True)
class SweepPlan(PairPlan):
    """What to draw for one source; `candidates`: its surrogates at the benchmark's strength, `strength`."""

    candidates: int = 1

    dataset = "SPPE-mini sweep (simulated)"

    @property
    def pairs(self) -> dict[str, float]:
        """Id -> strength of each surrogate: `sweep/00012/s50-2` is candidate 2 at strength 0.5."""
        levels = {round(100 * strength): strength for strength in (*STRENGTHS, self.strength)}
        return {
            f"sweep/{self.index:05d}/s{percent:02d}-{number}": strength
            for percent, strength in sorted(levels.items())
            for number in range(self.candidates if strength == self.strength else 1)
        }

    def protect(self, scene: Scene) -> list[Scene]:
        """The surrogates of a scene, each showing another picture than the scene where one can be found."""
        before = render(scene, self.size)

        def surrogate(name: str, strength: float) -> Scene:
            # A weak one may leave everything as it is, which would protect nothing: then the next seed.
            for attempt in range(SURROGATE_ATTEMPTS):
                other = surrogates.make_surrogate(scene, strength, self.seed_for("surrogate", name, attempt))
                if not np.array_equal(before, render(other, self.size)):
                    break
            return other

        return [surrogate(pair.rpartition("/")[2], strength) for pair, strength in self.pairs.items()]


def plan_sweep(parameters: BenchmarkParameters) -> list[SweepPlan]:
    """The plans of all sources: categories in turn, one fitting instruction each."""
    plans = plan_split("sweep", parameters.sweep_sources, parameters, parameters.seed, instructions=1)
    return [SweepPlan(**vars(plan), candidates=parameters.sweep_candidates) for plan in plans]
