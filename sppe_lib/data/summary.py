"""What a benchmark build did, in numbers: for the card, the notebook and the log."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from sppe_lib.config import BenchmarkParameters
from sppe_lib.data.vector_world import Redraws

VECTOR_WORLD = "vector-world"
"""The value of benchmark.source that means: draw the miniature."""


IDENTITIES = "identities.json"
"""File of a simulated set: the split of every identity in it."""


@dataclass
class Summary:
    """What a build did; `counts` has the columns split, modality, group, category, pairs, instances.

    `outcomes` counts what the simulated editor did on (source, surrogate); empty for real data. `problems`
    has the columns problem, file, remedy. `private_shares` holds the private share of pixels of each pair,
    `identities` the split of every simulated identity, `made_of` what `shards.MADE_OF` will hold.
    """

    folder: Path
    parameters: BenchmarkParameters
    counts: pd.DataFrame | None = None
    outcomes: Counter = field(default_factory=Counter)
    redraws: Redraws = field(default_factory=Redraws)
    problems: pd.DataFrame | None = None
    mask_origins: Counter = field(default_factory=Counter)
    private_shares: dict[str, float] = field(default_factory=dict)
    identities: dict[str, str] = field(default_factory=dict)
    made_of: dict[str, dict] = field(default_factory=dict)

    @property
    def simulated(self) -> bool:
        """Whether the instances come from the vector world."""
        return self.parameters.source == VECTOR_WORLD

    def __str__(self) -> str:
        split_counts = self.counts.groupby("split", sort=False)[["pairs", "instances"]].sum()
        lines = [
            f"{split}: {int(row.pairs)} pairs, {int(row.instances)} instances" for split, row in split_counts.iterrows()
        ]
        if self.simulated:
            lines.append(
                f"scenes drawn again: {self.redraws.masks} for an empty or full mask, "
                f"{self.redraws.identities} because their identity belongs to another split"
            )
        if self.problems is not None and len(self.problems):
            first = self.problems.iloc[0]
            lines.append(f"{len(self.problems)} problems, listed in problems.csv; first: {first.problem}: {first.file}")
        return "\n".join(lines)
