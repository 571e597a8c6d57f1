"""The sweep: sources that no benchmark split has, each with surrogates of several strengths and several seeds.

Three uses: recovery and editability along the protection strength (the paper's Figure 6), new
source-surrogate pairs that could refute the paper's claim (3) (SPEC §7), and choosing among several
surrogates of a source before uploading one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sppe_lib.config import BenchmarkParameters
from sppe_lib.data import taxonomy
from sppe_lib.data.schema import text_columns
from sppe_lib.data.vector_world import (
    Claims,
    DrawnPair,
    PairPlan,
    Pictures,
    Redraws,
    choose_instructions,
    draw_claimed,
    draw_pair,
    edited_columns,
    plan_splits,
    source_identities,
    usable_scene,
)
from sppe_lib.errors import DataError
from sppe_lib.runtime import progress
from sppe_lib.world import surrogates
from sppe_lib.world.scene import Scene, render

DATASET = "SPPE-mini sweep (simulated)"

STRENGTHS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Protection strengths at which every source has a surrogate, beside those at the benchmark's own."""


SURROGATE_ATTEMPTS = 30
"""Seeds tried for a surrogate that shows another picture than its source."""


SWEEP_COLUMNS = ("source", "strength", "candidate")

_PAIR_NAME = r"^(?P<source>sweep/.+)/s(?P<percent>\d+)-(?P<candidate>\d+)$"


def sweep_columns(pair_ids: Sequence[str] | pd.Series) -> pd.DataFrame:
    """What each pair's id says: `sweep/00012/s50-2` is source `sweep/00012`, strength 0.5, candidate 2.

    The rows are those of `pair_ids`. All pairs of a source share I and I', so statistics must resample sources,
    not pairs. Raises DataError for an id that is not of the sweep.
    """
    pair_ids = pd.Series(pair_ids, dtype=str)
    found = pair_ids.str.extract(_PAIR_NAME)
    unknown = found["source"].isna()
    if unknown.any():
        raise DataError(
            f"{pair_ids[unknown].iloc[0]!r} is no pair of the sweep set (like sweep/00012/s50-2): build that set again."
        )
    return found[["source"]].assign(
        strength=found["percent"].astype(int) / 100, candidate=found["candidate"].astype(int)
    )


@dataclass(frozen=True)
class SweepPlan(PairPlan):
    """What to draw for one source; `candidates`: its surrogates at the benchmark's strength, `strength`."""

    candidates: int = 1

    @property
    def surrogates(self) -> list[tuple[str, float]]:
        """(name, strength) of each surrogate: "s50-2" is candidate 2 at strength 0.5."""
        levels = {round(100 * strength): strength for strength in (*STRENGTHS, self.strength)}
        return [
            (f"s{percent:02d}-{number}", strength)
            for percent, strength in sorted(levels.items())
            for number in range(self.candidates if strength == self.strength else 1)
        ]


def plan_sweep(parameters: BenchmarkParameters) -> list[SweepPlan]:
    """The plans of all sources: categories in turn, one fitting instruction each."""
    names = list(taxonomy.categories())
    category_names = [names[index % len(names)] for index in range(parameters.sweep_sources)]
    chosen = choose_instructions(category_names, parameters.seed, "sweep")
    return [
        SweepPlan(
            parameters.seed,
            "sweep",
            index,
            category_names[index],
            chosen[index][:1],
            parameters.size,
            parameters.strength,
            candidates=parameters.sweep_candidates,
        )
        for index in range(parameters.sweep_sources)
    ]


def _protect(plan: SweepPlan, scene: Scene) -> list[Scene]:
    before = render(scene, plan.size)

    def surrogate(name: str, strength: float) -> Scene:
        # A weak one may leave everything as it is, which would protect nothing: then the next seed.
        for attempt in range(SURROGATE_ATTEMPTS):
            other = surrogates.make_surrogate(scene, strength, plan.seed_for("surrogate", name, attempt))
            if not np.array_equal(before, render(other, plan.size)):
                break
        return other

    return [surrogate(name, strength) for name, strength in plan.surrogates]


def draw_source(plan: SweepPlan) -> DrawnPair:
    """Draw one source, all its surrogates, and the edit of each: one pair and one instance for each surrogate."""
    first = plan.attempt
    plan, scene, protected, masks = usable_scene(plan, _protect)
    pictures = Pictures(plan.size)
    (code,) = plan.codes
    rows, shares = [], {}
    for (name, strength), surrogate, private in zip(plan.surrogates, protected, masks):
        pair = f"sweep/{plan.index:05d}/{name}"
        shares[pair] = float(private.mean())
        rows.append(
            text_columns(pair, DATASET, "test", plan.category, code, strength)
            | edited_columns(scene, surrogate, private, plan.edit(code), pictures)
        )
    return DrawnPair(plan, rows, shares, source_identities(scene, pictures), plan.attempt - first)


def benchmark_claims(parameters: BenchmarkParameters, processes: int) -> Claims:
    """The identities of all splits of the benchmark, from drawing its sources again without their edits."""
    claims = Claims()
    plans = plan_splits(parameters.pairs, parameters.size, parameters.strength, parameters.seed)
    taken = [replace(plan, codes=()) for plan in plans]
    for _ in progress(draw_claimed(draw_pair, taken, claims, processes, Redraws()), "Identities", len(taken)):
        pass
    return claims


def draw_sweep(
    parameters: BenchmarkParameters, processes: int, redraws: Redraws, taken: Claims | None = None
) -> Iterator[DrawnPair]:
    """Draw every source of the sweep, in order; `redraws` is filled.

    A scene which shares an identity or a picture with the benchmark is drawn again. `taken`: the benchmark's
    identities, where they are known already.
    """
    claims = taken or benchmark_claims(parameters, processes)
    yield from draw_claimed(draw_source, plan_sweep(parameters), claims, processes, redraws)
