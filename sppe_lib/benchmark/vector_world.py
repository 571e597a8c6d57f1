"""SPPE-mini: the instances of the simulated vector world, split by split.

Every pair draws from its own seeds, made of the benchmark's seed, the split's name and the pair's
number, so the bytes do not depend on the order or the number of processes. Two splits therefore
never share a scene; on top of that, a scene whose private person, text or thing (`identities`), or
whose pixels, already occur in another split is drawn again, so no identity is shared either (`_Claims`).
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sppe_lib.benchmark import taxonomy
from sppe_lib.benchmark.images import mask_image, png
from sppe_lib.benchmark.processes import in_processes
from sppe_lib.benchmark.schema import text_columns
from sppe_lib.benchmark.world import editor, scenes, surrogates
from sppe_lib.benchmark.world.scene import Scene, render
from sppe_lib.errors import DataError
from sppe_lib.runtime import numpy_generator, seed_of

DATASET = "SPPE-mini (simulated)"

DRAWING_ORDER = ("test", "val", "train")
"""Smallest first, so that the identities of the test split are the first to be claimed."""

ATTEMPTS = 200
"""Scenes tried for one pair before giving up; ordinary runs need one or two."""


@dataclass(frozen=True)
class PairPlan:
    """What to draw for one source-surrogate pair; `attempt` counts the scenes that were refused."""

    seed: int
    split: str
    index: int
    category: str
    codes: tuple[str, ...]
    size: int
    strength: float
    attempt: int = 0

    def seed_for(self, *purpose: object) -> int:
        """The seed of one purpose ("scene", "surrogate", "edit" and the code) of this pair."""
        return seed_of("SPPE-mini", self.seed, self.split, self.index, self.attempt, *purpose)


@dataclass(frozen=True)
class DrawnPair:
    """The finished rows of one pair, the share of pixels that is private (0 to 1), and what identifies them."""

    plan: PairPlan
    rows: list[dict]
    private_share: float
    identities: frozenset[str]
    refused_masks: int


@dataclass
class Redraws:
    """How many scenes were drawn again, and why; filled while a split is drawn."""

    masks: int = 0
    identities: int = 0


@dataclass
class _Claims:
    """Identities and pictures that belong to the splits drawn so far."""

    owner: dict[str, str] = field(default_factory=dict)

    def conflicts(self, pair: DrawnPair) -> bool:
        return any(self.owner.get(identity, pair.plan.split) != pair.plan.split for identity in pair.identities)

    def take(self, pair: DrawnPair) -> None:
        self.owner.update(dict.fromkeys(pair.identities, pair.plan.split))


def choose_instructions(category_names: Sequence[str], *seed: object) -> list[tuple[str, str]]:
    """Two different fitting instruction codes for each pair, spread evenly.

    The first is the one least used so far in the whole split; the second the one least used within
    the pair's category, then in the split. So rare instructions (one category only) are all used,
    and every category still meets the styles. Ties go to the rarer instruction, then to the seed.
    """
    generator = numpy_generator("SPPE-mini instructions", *seed)
    rarity = Counter(
        instruction.code for name in taxonomy.categories() for instruction in taxonomy.instructions_for(name)
    )
    overall: Counter = Counter()
    within: Counter = Counter()
    chosen = []
    for name in category_names:
        codes = [instruction.code for instruction in taxonomy.instructions_for(name)]
        luck = dict(zip(codes, generator.random(len(codes))))
        first = min(codes, key=lambda code: (overall[code], rarity[code], luck[code]))
        overall[first] += 1
        within[name, first] += 1
        rest = [code for code in codes if code != first]
        second = min(rest, key=lambda code: (within[name, code], overall[code], rarity[code], luck[code]))
        overall[second] += 1
        within[name, second] += 1
        chosen.append((first, second))
    return chosen


def plan_split(split: str, pairs: int, size: int, strength: float, seed: int) -> list[PairPlan]:
    """The plans of a split: `pairs` pairs, categories in turn, so their numbers differ by one at most."""
    names = list(taxonomy.categories())
    category_names = [names[index % len(names)] for index in range(pairs)]
    codes = choose_instructions(category_names, seed, split)
    return [
        PairPlan(seed, split, index, category_names[index], codes[index], size, strength) for index in range(pairs)
    ]


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    return list(value) if isinstance(value, (tuple, np.ndarray)) else str(value)


def identities(scene: Scene) -> frozenset[str]:
    """What identifies the private content of a scene.

    Each private element counts with all its looks (a face, a fingerprint, a name in its ink and
    font), and a text of several words or with a number (a full name, an address, a plate) also by
    itself, in whatever looks. A single word such as a first name is nobody's own, nor is the country
    on a passport's cover.
    """
    found = set()
    for element in scene.elements:
        if not element.private:
            continue
        found.add(f"{element.kind} " + json.dumps(dict(element.attributes), sort_keys=True, default=_plain))
        text = element.attributes.get("text") or ""
        words = (text if isinstance(text, str) else " ".join(text)).split()
        if element.kind != "passport_cover" and (len(words) > 1 or any(sign.isdigit() for sign in "".join(words))):
            found.add("text " + " ".join(words))
    return frozenset(found)


def draw_pair(plan: PairPlan) -> DrawnPair:
    """Draw one pair and its instances: scene, surrogate, mask and the two independent edits each.

    A mask that covers nothing or everything is useless; the pair is then drawn again with the next
    attempt's seeds. Raises DataError after ATTEMPTS attempts.
    """
    first = plan.attempt
    while True:
        if plan.attempt >= ATTEMPTS:
            raise DataError(
                f"No usable scene for pair {plan.index} of the {plan.split} split ({plan.category}) in {ATTEMPTS} "
                f"attempts; choose another benchmark.seed or fewer pairs."
            )
        scene = scenes.make_scene(plan.category, plan.seed_for("scene"))
        surrogate = surrogates.make_surrogate(scene, plan.strength, plan.seed_for("surrogate"))
        private = surrogates.pair_mask(scene, surrogate, plan.size)
        if private.any() and not private.all():
            break
        plan = replace(plan, attempt=plan.attempt + 1)

    # An edit that does nothing returns an equal scene, whose picture is known already.
    pictures = [(scene, render(scene, plan.size)), (surrogate, render(surrogate, plan.size))]

    def picture(wanted: Scene) -> np.ndarray:
        for known, pixels in pictures:
            if known == wanted:
                return pixels
        return render(wanted, plan.size)

    encoded = {"source": png(pictures[0][1]), "mask": png(mask_image(private)), "surrogate": png(pictures[1][1])}
    rows = []
    for code in plan.codes:
        seed = plan.seed_for("edit", code)
        edited_source = editor.edit(scene, code, seed)
        edited_surrogate = editor.edit(surrogate, code, seed)
        rows.append(
            _row(plan, code)
            | encoded
            | {
                "edited_surrogate": png(picture(edited_surrogate.scene)),
                "edited_source": png(picture(edited_source.scene)),
                "source_outcome": edited_source.outcome,
                "surrogate_outcome": edited_surrogate.outcome,
            }
        )
    pixels = "pixels " + hashlib.sha256(pictures[0][1].tobytes()).hexdigest()
    return DrawnPair(plan, rows, float(private.mean()), identities(scene) | {pixels}, plan.attempt - first)


def _row(plan: PairPlan, code: str) -> dict:
    pair = f"mini/{plan.split}/{plan.index:05d}"
    return text_columns(pair, DATASET, plan.split, plan.category, code, plan.strength)


def draw_pairs(
    pairs: dict[str, int], size: int, strength: float, seed: int, processes: int = 2, redraws: Redraws | None = None
) -> Iterator[DrawnPair]:
    """Draw whole splits, DRAWING_ORDER first to last, each pair in order.

    `pairs`: how many for each split. `redraws` is filled with how many scenes were refused. A scene that
    would share an identity or a picture with another split is drawn again, here, in order, so that the
    result is the same for any number of processes.
    """
    redraws = redraws if redraws is not None else Redraws()
    claims = _Claims()
    plans = [plan for split in DRAWING_ORDER for plan in plan_split(split, pairs.get(split, 0), size, strength, seed)]
    for pair in in_processes(draw_pair, plans, processes):
        redraws.masks += pair.refused_masks
        while claims.conflicts(pair):
            redraws.identities += 1
            pair = draw_pair(replace(pair.plan, attempt=pair.plan.attempt + 1))
            redraws.masks += pair.refused_masks
        claims.take(pair)
        yield pair
