"""Ablations of C2E-S2SER: its modules and training length (Table 8), and what each of its inputs is worth.

The first two kinds are trained, all with the same data, steps and constant learning rate (`ablation.steps`);
the rows of training length are snapshots of one run. The third kind takes something away from the finished
C2E-S2SER when it recovers, without training it anew: it shows what that model relies on, not what a model
trained without that input could reach. All are recovered on the validation split.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from sppe_lib.config import Profile, changed
from sppe_lib.data.schema import Batch, collate, open_evaluated
from sppe_lib.data.taxonomy import TAGS
from sppe_lib.diffusion.backbone import Backbone
from sppe_lib.diffusion.latents import LatentBatch, encode_batch
from sppe_lib.recovery.ablation_rows import (
    BASE,
    CYCLE,
    FULL,
    ITERATIONS,
    LENGTHS,
    NO_MASK,
    NO_PAIR,
    NO_SOURCE,
    NO_TEXT,
    NOT_PUT_BACK,
    NOTHING,
    RANDOM_TAG,
    SHUFFLED,
    TRUE_TAG,
)
from sppe_lib.recovery.c2e_s2ser import NAME, Variant, load_c2e, train_c2e
from sppe_lib.recovery.method import VALIDATION, Method, Recover
from sppe_lib.runtime import numpy_generator

GREY = 0.5
"""What stands in a panel whose picture is taken away."""


VARIANTS = {
    BASE: Variant(BASE.method, cycle=False, tag=False),
    CYCLE: Variant(CYCLE.method, cycle=True, tag=False),
    FULL: Variant(FULL.method),
}


def ablation_profile(profile: Profile, share: float = 1.0) -> Profile:
    """The profile with the ablations' own training: `share` of `ablation.steps`, at a constant learning rate."""
    steps, warmup = profile.ablation.steps, profile.ablation.cycle_warmup_steps
    rate = profile.recovery.training.rate_of(NAME)
    length = {
        "steps": round(share * steps),
        "cycle_warmup_steps": warmup,
        "learning_rate": rate,
        "schedule": "constant",
    }
    return changed(profile, {f"recovery.training.{name}": value for name, value in length.items()})


def _train_variant(variant: Variant, profile: Profile) -> Path:
    return train_c2e(ablation_profile(profile), variant)


def _train_full(profile: Profile) -> Path:
    # One run to the longest length; every shorter one is its state on the way.
    steps = profile.ablation.steps
    lengths = {FULL.method: 1.0} | {row.method: LENGTHS[row.label] for row in ITERATIONS}
    longest = max(lengths, key=lengths.get)
    snapshots = {round(share * steps): name for name, share in lengths.items() if name != longest}
    train_c2e(ablation_profile(profile, lengths[longest]), Variant(longest), snapshots)
    return profile.results / "training" / "ablation"


def _without_pair(profile: Profile, backbone: Backbone, batch: Batch) -> LatentBatch:
    grey = torch.full_like(batch.surrogate, GREY)
    return encode_batch(
        backbone, replace(batch, surrogate=grey, edited_surrogate=grey, mask=torch.ones_like(batch.mask))
    )


def _without_source(profile: Profile, backbone: Backbone, batch: Batch) -> LatentBatch:
    return encode_batch(backbone, replace(batch, source=torch.full_like(batch.source, GREY)))


def _without_text(profile: Profile, backbone: Backbone, batch: Batch) -> LatentBatch:
    return encode_batch(backbone, replace(batch, instruction=[""] * len(batch)))


def _without_mask(profile: Profile, backbone: Backbone, batch: Batch) -> LatentBatch:
    return encode_batch(backbone, replace(batch, mask=torch.ones_like(batch.mask)))


def shuffled_rows(pairs: list[str], seed: int) -> dict[int, int]:
    """For every row a row of another pair, each taken once; of the same pair where one pair holds more than half of them.

    The same for any batching: pairs stand in a random order, and every row takes the one that is further on by the size of
    the largest pair.
    """
    names = sorted(set(pairs))
    place = dict(zip(names, numpy_generator("shuffled pairs", seed).permutation(len(names)).tolist(), strict=True))
    order = sorted(range(len(pairs)), key=lambda row: (place[pairs[row]], row))
    step = max(Counter(pairs).values(), default=0)
    return {row: order[(number + step) % len(order)] for number, row in enumerate(order)}


def _shuffled_pair(profile: Profile, backbone: Backbone, batch: Batch) -> LatentBatch:
    # The panels S and S' are another instance's; what is known of the target outside M stays this one's.
    dataset = open_evaluated(profile, VALIDATION[0])
    names = dataset["instance_id"][:]
    other = shuffled_rows(dataset["pair_id"][:], profile.recovery.training.seed)
    taken = collate([dataset[other[names.index(name)]] for name in batch.instance_id])
    # Two instances of a pair are shown different surrogates here, so they must not be encoded as one.
    shown = encode_batch(backbone, replace(taken, pair_id=taken.instance_id), ("surrogate", "edited_surrogate"))
    own = encode_batch(backbone, batch, ("source", "edited_surrogate_outside"))
    return replace(own, surrogate=shown.surrogate, edited_surrogate=shown.edited_surrogate)


def _random_tag(profile: Profile, backbone: Backbone, batch: Batch) -> LatentBatch:
    seed = profile.recovery.training.seed
    tags = [TAGS[numpy_generator("random tag", seed, name).integers(len(TAGS))] for name in batch.instance_id]
    return encode_batch(backbone, replace(batch, tag=tags))


@dataclass(frozen=True)
class InputChange:
    """How an ablation changes what C2E-S2SER sees.

    `encode(profile, backbone, batch)` prepares the batch; `given_tag`: the batch's tag is taken, not the
    generator's; `keep_outside`: False where S' outside M must not be put back into the result.
    """

    encode: Callable[[Profile, Backbone, Batch], LatentBatch] = lambda profile, backbone, batch: encode_batch(
        backbone, batch
    )
    given_tag: bool = False
    keep_outside: bool = True


CHANGES = {
    NOTHING: InputChange(),
    NO_PAIR: InputChange(_without_pair, keep_outside=False),
    SHUFFLED: InputChange(_shuffled_pair),
    NO_SOURCE: InputChange(_without_source),
    NO_TEXT: InputChange(_without_text),
    NO_MASK: InputChange(_without_mask, keep_outside=False),
    TRUE_TAG: InputChange(given_tag=True),
    RANDOM_TAG: InputChange(_random_tag, given_tag=True),
    NOT_PUT_BACK: InputChange(keep_outside=False),
}
"""What is changed when the finished C2E-S2SER recovers."""


def _load_changed(change: InputChange, profile: Profile) -> Recover:
    if not change.keep_outside:
        profile = changed(profile, {"recovery.sampling.keep_outside": False})
    return load_c2e(profile, encode=partial(change.encode, profile), given_tag=change.given_tag)


def _methods() -> list[Method]:
    found = []
    for row, variant in VARIANTS.items():
        fit = _train_full if row is FULL else partial(_train_variant, variant)
        found.append(Method(row.method, partial(load_c2e, variant=variant), fit, VALIDATION))
    found += [
        Method(row.method, partial(load_c2e, variant=Variant(row.method)), None, VALIDATION) for row in ITERATIONS
    ]
    found += [Method(row.method, partial(_load_changed, change), None, VALIDATION) for row, change in CHANGES.items()]
    return found


METHODS = {method.name: method for method in _methods()}
"""The ablations as recovery methods, by name; they stand in no other table."""
