"""SPPE-mini: the instances of the simulated vector world, split by split.

Every pair draws from its own seeds, made of the benchmark's seed, the split's name and the pair's
number, so the bytes do not depend on the order or the number of processes. Two splits therefore
never share a scene; on top of that, a scene whose private person, text or thing (`identities`), or
whose pixels, already occur in another split is drawn again, so no identity is shared either (`Claims`).
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from sppe_lib.data import taxonomy
from sppe_lib.data.images import mask_image, png
from sppe_lib.data.processes import in_processes
from sppe_lib.data.schema import text_columns
from sppe_lib.errors import DataError
from sppe_lib.runtime import numpy_generator, seed_of
from sppe_lib.world import editor, scenes, surrogates
from sppe_lib.world.editor import EditResult
from sppe_lib.world.scene import Scene, render

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

    def edit(self, code: str) -> Callable[[Scene], EditResult]:
        """The simulated editor with one instruction and this pair's seed for it."""
        return partial(editor.edit, code=code, seed=self.seed_for("edit", code))


@dataclass(frozen=True)
class DrawnPair:
    """The finished rows of one source, what identifies it, and how many scenes were refused for their masks.

    `private_shares`: pair_id -> share of the picture that is private, 0 to 1. The benchmark has one
    surrogate, hence one pair, for each source; other sets may have more (`extra_sets`).
    """

    plan: PairPlan
    rows: list[dict]
    private_shares: dict[str, float]
    identities: frozenset[str]
    refused_masks: int


@dataclass
class Redraws:
    """How many scenes were drawn again, and why; filled while a split is drawn."""

    masks: int = 0
    identities: int = 0


@dataclass
class Claims:
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
    return [PairPlan(seed, split, index, category_names[index], codes[index], size, strength) for index in range(pairs)]


def plan_splits(pairs: dict[str, int], size: int, strength: float, seed: int) -> list[PairPlan]:
    """The plans of several splits (name -> number of pairs) in the order in which they are drawn."""
    return [plan for split in DRAWING_ORDER for plan in plan_split(split, pairs.get(split, 0), size, strength, seed)]


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


class Pictures:
    """Pictures of scenes at one size in pixels, as values of an image column; equal scenes are rendered once.

    An edit that does nothing returns an equal scene, so many pictures are known already.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._known: list[tuple[Scene, dict]] = []

    def __call__(self, scene: Scene) -> dict:
        for known, picture in self._known:
            if known == scene:
                return picture
        self._known.append((scene, png(render(scene, self.size))))
        return self._known[-1][1]


def usable_scene(
    plan: PairPlan, protect: Callable[[PairPlan, Scene], list[Scene]]
) -> tuple[PairPlan, Scene, list[Scene], list[np.ndarray]]:
    """The first scene, from the plan's attempt on, of which every surrogate has a useful mask.

    `protect(plan, scene)` draws the surrogates. A mask that covers nothing or everything is useless; the
    scene is then drawn again with the next attempt's seeds. Returns the plan with the attempt that was
    taken, the scene, its surrogates and their masks (bool [H, W]). Raises DataError after ATTEMPTS attempts.
    """
    while plan.attempt < ATTEMPTS:
        scene = scenes.make_scene(plan.category, plan.seed_for("scene"))
        protected = protect(plan, scene)
        masks = [surrogates.pair_mask(scene, surrogate, plan.size) for surrogate in protected]
        if all(private.any() and not private.all() for private in masks):
            return plan, scene, protected, masks
        plan = replace(plan, attempt=plan.attempt + 1)
    raise DataError(
        f"No usable scene for pair {plan.index} of the {plan.split} split ({plan.category}) in {ATTEMPTS} "
        f"attempts; choose another benchmark.seed or fewer pairs."
    )


def edited_columns(
    source: Scene, surrogate: Scene, private: np.ndarray, edit: Callable[[Scene], EditResult], pictures: Pictures
) -> dict:
    """The picture and outcome columns of one instance: source and surrogate, each edited on its own."""
    edited_source, edited_surrogate = edit(source), edit(surrogate)
    return {
        "source": pictures(source),
        "mask": png(mask_image(private)),
        "surrogate": pictures(surrogate),
        "edited_surrogate": pictures(edited_surrogate.scene),
        "edited_source": pictures(edited_source.scene),
        "source_outcome": edited_source.outcome,
        "surrogate_outcome": edited_surrogate.outcome,
    }


def source_identities(scene: Scene, pictures: Pictures) -> frozenset[str]:
    """The identities of a scene, and its very picture."""
    return identities(scene) | {"pixels " + hashlib.sha256(pictures(scene)["bytes"]).hexdigest()}


def draw_pair(plan: PairPlan) -> DrawnPair:
    """Draw one pair and its instances: scene, surrogate, mask and the two independent edits each."""
    first = plan.attempt
    plan, scene, (surrogate,), (private,) = usable_scene(
        plan, lambda plan, scene: [surrogates.make_surrogate(scene, plan.strength, plan.seed_for("surrogate"))]
    )
    pictures = Pictures(plan.size)
    pair = f"mini/{plan.split}/{plan.index:05d}"
    rows = [
        text_columns(pair, DATASET, plan.split, plan.category, code, plan.strength)
        | edited_columns(scene, surrogate, private, plan.edit(code), pictures)
        for code in plan.codes
    ]
    shares = {pair: float(private.mean())}
    return DrawnPair(plan, rows, shares, source_identities(scene, pictures), plan.attempt - first)


def draw_pairs(
    pairs: dict[str, int], size: int, strength: float, seed: int, processes: int = 2, redraws: Redraws | None = None
) -> Iterator[DrawnPair]:
    """Draw whole splits, DRAWING_ORDER first to last, each pair in order.

    `pairs`: how many for each split. `redraws` is filled with how many scenes were refused. A scene that
    would share an identity or a picture with another split is drawn again, here, in order, so that the
    result is the same for any number of processes.
    """
    plans = plan_splits(pairs, size, strength, seed)
    return draw_claimed(draw_pair, plans, Claims(), processes, redraws if redraws is not None else Redraws())


def draw_claimed(
    draw: Callable[[PairPlan], DrawnPair], plans: Sequence[PairPlan], claims: Claims, processes: int, redraws: Redraws
) -> Iterator[DrawnPair]:
    """Draw plans in order and claim what they show; what another split has claimed already is drawn again.

    `draw` must be importable. `claims` and `redraws` are filled.
    """
    for pair in in_processes(draw, plans, processes):
        redraws.masks += pair.refused_masks
        while claims.conflicts(pair):
            redraws.identities += 1
            pair = draw(replace(pair.plan, attempt=pair.plan.attempt + 1))
            redraws.masks += pair.refused_masks
        claims.take(pair)
        yield pair
