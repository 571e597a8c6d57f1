"""Ablations of C2E-S2SER: its modules and training length (Table 8), and what each of its inputs is worth.

The first two kinds are trained, all with the same data, steps and constant learning rate (`ablation.steps`);
the rows of training length are snapshots of one run. The third kind takes something away from the finished
C2E-S2SER when it recovers, without training it anew: it shows what that model relies on, not what a model
trained without that input could reach. All are recovered on the validation split.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from sppe_lib.config import Profile, changed
from sppe_lib.data.schema import Batch, collate, open_evaluated
from sppe_lib.data.taxonomy import TAGS
from sppe_lib.diffusion.latents import LatentBatch, encode_batch
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

    The same for any batching: pairs stand in a random order, and every row takes the one that is further on by the
    size of the largest pair.
    """
    names = sorted(set(pairs))
    place = dict(zip(names, numpy_generator("shuffled pairs", seed).permutation(len(names)).tolist(), strict=True))
    order = sorted(range(len(pairs)), key=lambda row: (place[pairs[row]], row))
    step = max(Counter(pairs).values(), default=0)
    return {row: order[(number + step) % len(order)] for number, row in enumerate(order)}


class Shuffled(C2eS2ser):
    """The panels S and S' are another instance's; what is known of the target outside M stays this one's."""

    @classmethod
    def load(cls, profile: Profile) -> "Shuffled":
        """As `TrainedMethod.load`, with the split that others are taken from."""
        method = super().load(profile)
        method.dataset = open_evaluated(profile, VALIDATION[0])
        method.place = {name: row for row, name in enumerate(method.dataset["instance_id"][:])}
        method.other = shuffled_rows(method.dataset["pair_id"][:], profile.recovery.training.seed)
        return method

    def encode(self, batch: Batch) -> LatentBatch:
        """As `TrainedMethod.encode`."""
        taken = collate([self.dataset[self.other[self.place[name]]] for name in batch.instance_id])
        # Two instances of a pair are shown different surrogates here, so they must not be encoded as one.
        alone = replace(taken, pair_id=taken.instance_id)
        shown = encode_batch(self.backbone, alone, ("surrogate", "edited_surrogate"))
        own = encode_batch(self.backbone, batch, ("source", "edited_surrogate_outside"))
        return replace(own, surrogate=shown.surrogate, edited_surrogate=shown.edited_surrogate)


class RandomTag(C2eS2ser):
    """A random tag in place of the generator's."""

    given_tag = True

    def encode(self, batch: Batch) -> LatentBatch:
        """As `TrainedMethod.encode`."""
        draws = [numpy_generator("random tag", self.training.seed, name) for name in batch.instance_id]
        return super().encode(replace(batch, tag=[TAGS[draw.integers(len(TAGS))] for draw in draws]))


def _without_pair(batch: Batch) -> Batch:
    grey = torch.full_like(batch.surrogate, GREY)
    return replace(batch, surrogate=grey, edited_surrogate=grey, mask=torch.ones_like(batch.mask))


def _seeing(change: Callable[[Batch], Batch], **switches: bool) -> type[C2eS2ser]:
    """The finished C2E-S2SER, which sees a changed batch."""

    def encode(self: C2eS2ser, batch: Batch) -> LatentBatch:
        return C2eS2ser.encode(self, change(batch))

    return type("Changed", (C2eS2ser,), {"encode": encode, **switches})


def _as_it_is(batch: Batch) -> Batch:
    return batch


CHANGED = {
    rows.NOTHING: C2eS2ser,
    rows.NO_PAIR: _seeing(_without_pair, knows_mask=False),
    rows.SHUFFLED: Shuffled,
    rows.NO_SOURCE: _seeing(lambda batch: replace(batch, source=torch.full_like(batch.source, GREY))),
    rows.NO_TEXT: _seeing(lambda batch: replace(batch, instruction=[""] * len(batch))),
    rows.NO_MASK: _seeing(lambda batch: replace(batch, mask=torch.ones_like(batch.mask)), knows_mask=False),
    rows.TRUE_TAG: _seeing(_as_it_is, given_tag=True),
    rows.RANDOM_TAG: RandomTag,
    rows.NOT_PUT_BACK: _seeing(_as_it_is, knows_mask=False),
}
"""What is changed when the finished C2E-S2SER recovers; without `knows_mask` S' is not put back outside M."""

METHODS = {
    **{method.name: Entry(method, trained=True, data=VALIDATION) for method in (Base, WithCycle, Full)},
    **{row.method: Entry(method, data=VALIDATION) for row, method in {**LENGTHS, **CHANGED}.items()},
}
"""The ablations as recovery methods, by name; they stand in no other table."""
