"""Ablations of C2E-S2SER: its modules and training length (Table 8), and what each of its inputs is worth.

The first two kinds are trained, all with the same data, steps and constant learning rate (`ablation.steps`); the rows
of training length are snapshots of one run. The third kind takes something away from the finished C2E-S2SER when it
recovers: it shows what that model relies on, not what one trained without that input could reach. All are recovered on
the validation split.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from sppe_lib.config import Profile, changed
from sppe_lib.data.schema import EVALUATED, Batch, collate, open_split
from sppe_lib.data.taxonomy import TAGS
from sppe_lib.diffusion.latents import LatentBatch
from sppe_lib.recovery import ablation_rows as rows
from sppe_lib.recovery.c2e_s2ser import C2eS2ser
from sppe_lib.recovery.method import VALIDATION, Entry
from sppe_lib.runtime import numpy_generator

GREY = 0.5
"""What stands in a panel whose picture is taken away."""


def ablation_profile(profile: Profile, share: float = 1.0) -> Profile:
    """The profile with the ablations' own training: `share` of `ablation.steps`, at a constant learning rate."""
    values = {
        "steps": round(share * profile.ablation.steps),
        "cycle_warmup_steps": profile.ablation.cycle_warmup_steps,
        "learning_rate": profile.recovery.training.rate_of(C2eS2ser.name),
        "schedule": "constant",
    }
    return changed(profile, {f"recovery.training.{name}": value for name, value in values.items()})


class Base(C2eS2ser):
    """Neither cycle nor tag."""

    name = rows.BASE.method
    cycle = tag = False

    @classmethod
    def fit(cls, profile: Profile) -> Path:
        """As `TrainedMethod.fit`, with the ablations' own training."""
        return super().fit(ablation_profile(profile))


class WithCycle(Base):
    """Without the tag."""

    name = rows.CYCLE.method
    cycle = True


class Held(Base):
    """Everything, but the cycle trains the way back alone: no gradient reaches Î."""

    name = rows.HELD.method
    cycle = tag = True
    corrects = False


LENGTHS = {row: type("Length", (C2eS2ser,), {"name": row.method}) for row in rows.ITERATIONS}
"""The model at the other training lengths."""


class Full(C2eS2ser):
    """Everything, at the chosen length."""

    name = rows.FULL.method

    @classmethod
    def fit(cls, profile: Profile) -> Path:
        """One run to the longest length; every shorter one, this too, is its state on the way."""
        shares = {rows.FULL: 1.0} | {row: rows.LENGTHS[row.label] for row in LENGTHS}
        longest = max(shares, key=shares.get)
        snapshots = {round(shares[row] * profile.ablation.steps): row.method for row in shares if row is not longest}
        LENGTHS[longest].fit(ablation_profile(profile, shares[longest]), snapshots)
        return profile.results / "training" / "ablation"


def shuffled_rows(pairs: list[str], seed: int) -> dict[int, int]:
    """For every row a row of another pair, each taken once; of the same where one pair holds more than half of all.

    Pairs stand in a random order, and every row takes the one that is further on by the size of the largest pair.
    """
    names = sorted(set(pairs))
    place = dict(zip(names, numpy_generator("shuffled pairs", seed).permutation(len(names)).tolist(), strict=True))
    order = sorted(range(len(pairs)), key=lambda row: (place[pairs[row]], row))
    step = max(Counter(pairs).values(), default=0)
    return {row: order[(number + step) % len(order)] for number, row in enumerate(order)}


class Shuffled(C2eS2ser):
    """The pair (S, S') is another instance's, of the whole validation split."""

    same_words = False

    @classmethod
    def load(cls, profile: Profile) -> "Shuffled":
        """As `TrainedMethod.load`, with the split that others are taken from."""
        method = super().load(profile)
        method.dataset = open_split(profile.results / "benchmark", EVALUATED[VALIDATION[0]][1])
        names, pairs, words = (method.dataset[column][:] for column in ("instance_id", "pair_id", "instruction"))
        method.others = {}
        for chosen in sorted(set(words)) if cls.same_words else [None]:
            rows = [row for row, instruction in enumerate(words) if chosen in (None, instruction)]
            taken = shuffled_rows([pairs[row] for row in rows], profile.recovery.training.seed)
            method.others |= {names[rows[place]]: rows[other] for place, other in taken.items()}
        return method

    def encode(self, batch: Batch) -> LatentBatch:
        """As `TrainedMethod.encode`."""
        taken = collate([self.dataset[self.others[name]] for name in batch.instance_id])
        return super().encode(replace(batch, surrogate=taken.surrogate, edited_surrogate=taken.edited_surrogate))


class SameWords(Shuffled):
    """The pair is another one of the same instruction, where the split has one: only the realisation is wrong."""

    same_words = True


def _without(*names: str) -> Callable[[Batch, int], Batch]:
    return lambda batch, seed: replace(batch, **{name: torch.full_like(getattr(batch, name), GREY) for name in names})


def _without_text(batch: Batch, seed: int) -> Batch:
    return replace(batch, instruction=[""] * len(batch))


def _with_random_tag(batch: Batch, seed: int) -> Batch:
    draws = [numpy_generator("random tag", seed, name).integers(len(TAGS)) for name in batch.instance_id]
    return replace(batch, tag=[TAGS[draw] for draw in draws])


def _seeing(*changes: Callable[[Batch, int], Batch], given_tag: bool = False) -> type[C2eS2ser]:
    """The finished C2E-S2SER, which sees a changed batch; `given_tag`: it takes the batch's tag."""

    def encode(self: C2eS2ser, batch: Batch) -> LatentBatch:
        for change in changes:
            batch = change(batch, self.training.seed)
        return C2eS2ser.encode(self, batch)

    return type("Changed", (C2eS2ser,), {"encode": encode, "given_tag": given_tag})


CHANGED = {
    rows.NOTHING: C2eS2ser,
    rows.NO_PAIR: _seeing(_without("surrogate", "edited_surrogate")),
    rows.SHUFFLED: Shuffled,
    rows.SAME_WORDS: SameWords,
    rows.NO_SOURCE: _seeing(_without("source")),
    rows.TRUE_TAG: _seeing(given_tag=True),
    rows.RANDOM_TAG: _seeing(_with_random_tag, given_tag=True),
    rows.NO_TEXT: _seeing(_without_text),
    rows.NO_TEXT_TRUE_TAG: _seeing(_without_text, given_tag=True),
    rows.NO_TEXT_RANDOM_TAG: _seeing(_without_text, _with_random_tag, given_tag=True),
}
"""What is changed when the finished C2E-S2SER recovers. Where P is given it says the tag; else only S and S' do."""

METHODS = {
    **{method.name: Entry(method, trained=True, data=VALIDATION) for method in (Base, WithCycle, Full, Held)},
    **{row.method: Entry(method, data=VALIDATION) for row, method in {**LENGTHS, **CHANGED}.items()},
}
"""The ablations as recovery methods, by name; they stand in no other table."""
