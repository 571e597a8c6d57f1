"""The rows of the ablation table: their names, and what the paper's Table 8 calls them.

How each is trained and recovered is in ablations.py; this is what the tables and figures read.
"""

from dataclasses import dataclass

PREFIX = "ablation/"
"""What an ablation's name as a method starts with."""

LENGTHS = {"5/6 of the steps": 5 / 6, "7/6 of the steps": 7 / 6, "8/6 of the steps": 8 / 6}
"""Table 8's training lengths, 5000, 7000 and 8000, against the chosen 6000."""


@dataclass(frozen=True)
class Ablation:
    """A row of the ablation table: its group ("module", "iteration" or "input"), label, and Table 8's name for it."""

    group: str
    label: str
    published: str | None = None

    @property
    def method(self) -> str:
        """Its name as a method, and its folder."""
        return f"{PREFIX}{self.label}"


BASE = Ablation("module", "base", "base")
CYCLE = Ablation("module", "base + cycle", "base + cycle")
FULL = Ablation("module", "base + cycle + edit tag", "base + cycle + edit tag")
HELD = Ablation("module", "the same, no gradient through Î")
"""Not the paper's: its cycle corrects Î, too. What that is worth, or costs."""

MODULES = (BASE, CYCLE, FULL, HELD)
ITERATIONS = tuple(
    Ablation("iteration", label, published) for label, published in zip(LENGTHS, ("5000", "7000", "8000"), strict=True)
)

NOTHING = Ablation("input", "nothing taken away")
NO_PAIR = Ablation("input", "without S and S'")
SHUFFLED = Ablation("input", "with a shuffled pair (S, S')")
SAME_WORDS = Ablation("input", "with another pair of the same instruction")
NO_SOURCE = Ablation("input", "without I")
NO_TEXT = Ablation("input", "without text")
TRUE_TAG = Ablation("input", "with the oracle's tag")
RANDOM_TAG = Ablation("input", "with a random tag")
NO_TEXT_TRUE_TAG = Ablation("input", "without text, with the oracle's tag")
NO_TEXT_RANDOM_TAG = Ablation("input", "without text, with a random tag")
INPUTS = (
    *(NOTHING, NO_PAIR, SHUFFLED, SAME_WORDS, NO_SOURCE),
    *(TRUE_TAG, RANDOM_TAG, NO_TEXT, NO_TEXT_TRUE_TAG, NO_TEXT_RANDOM_TAG),
)

ROWS = (*MODULES, *ITERATIONS, *INPUTS)
"""Every row of the ablation table, in its order."""
