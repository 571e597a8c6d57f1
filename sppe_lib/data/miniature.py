"""SPPE-mini: the instances of the simulated vector world, split by split.

Every pair draws from its own seeds, made of the benchmark's seed, the split's name and the pair's
number, so the bytes do not depend on the order or the number of processes. Two splits therefore
never share a scene; on top of that, a scene whose private person, text or thing (`identities`), or
whose pixels, already occur in another split is drawn again, so no identity is shared either.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from sppe_lib.data import taxonomy
from sppe_lib.data.processes import in_processes
from sppe_lib.data.schema import SPLITS, text_columns
from sppe_lib.errors import DataError
from sppe_lib.pictures import mask_image, png
from sppe_lib.runtime import numpy_generator, seed_of
from sppe_lib.world import editor, scenes, surrogates
from sppe_lib.world.editor import EditResult
from sppe_lib.world.scene import Scene, render

DRAWING_ORDER = ("test", "val", "train")
"""Smallest first, so that the identities of the test split are the first to be claimed."""

ATTEMPTS = 200
"""Scenes tried for one source before giving up; ordinary runs need one or two."""


@dataclass(frozen=True)
class PairPlan:
    """What to draw for one source and its surrogate; `attempt` counts the scenes that were refused.

    Other sets (`sweep`, `unseen`) plan theirs by other names, and may give a source several surrogates, hence pairs.
    """

    seed: int
    split: str
    index: int
    category: str
    codes: tuple[str, ...]
    size: int
    strength: float
    attempt: int = 0

    dataset = "SPPE-mini (simulated)"

    @property
    def stored_split(self) -> str:
        """The split of its rows: sets beside the benchmark have a test split only."""
        return self.split if self.split in SPLITS else "test"

    @property
    def pairs(self) -> dict[str, float]:
        """The pairs of this source: id -> protection strength of the surrogate."""
        return {f"mini/{self.split}/{self.index:05d}": self.strength}

    def protect(self, scene: Scene) -> list[Scene]:
        """The surrogates of a scene, one for each pair."""
        return [surrogates.make_surrogate(scene, self.strength, self.seed_for("surrogate"))]

    def seed_for(self, *purpose: object) -> int:
        """The seed of one purpose ("scene", "surrogate", "edit" and the code) of this pair."""
        return seed_of("SPPE-mini", self.seed, self.split, self.index, self.attempt, *purpose)

    def edit(self, code: str) -> Callable[[Scene], EditResult]:
        """The simulated editor with one instruction and this pair's seed for it."""
        return partial(editor.edit, code=code, seed=self.seed_for("edit", code))


@dataclass(frozen=True)
class DrawnPair:
    """The finished rows of one source, what identifies it, and how many scenes were refused for their masks.

    `private_shares`: pair_id -> share of the picture that is private, 0 to 1.
    """

    plan: PairPlan
    rows: list[dict]
    private_shares: dict[str, float]
    identities: frozenset[str]
    refused_masks: int


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


def _usable_scene(plan: PairPlan) -> tuple[PairPlan, Scene, list[Scene], list[np.ndarray]]:
    """The first scene, from the plan's attempt on, of which every surrogate has a useful mask.

    A mask that covers nothing or everything is useless; the scene is then drawn again with the next attempt's seeds.
    Returns the plan with the attempt that was taken, the scene, its surrogates and their masks (bool [H, W]).
    """
    while plan.attempt < ATTEMPTS:
        scene = scenes.make_scene(plan.category, plan.seed_for("scene"))
        protected = plan.protect(scene)
        masks = [surrogates.pair_mask(scene, surrogate, plan.size) for surrogate in protected]
        if all(private.any() and not private.all() for private in masks):
            return plan, scene, protected, masks
        plan = replace(plan, attempt=plan.attempt + 1)
    raise DataError(
        f"No usable scene for pair {plan.index} of the {plan.split} split ({plan.category}) in {ATTEMPTS} "
        f"attempts; choose another benchmark.seed or fewer pairs."
    )


def draw_pair(plan: PairPlan) -> DrawnPair:
    """Draw one source and its instances: scene, surrogates, masks, and for each code the two independent edits.

    Raises DataError where no scene has useful masks after ATTEMPTS attempts.
    """
    first = plan.attempt
    plan, scene, protected, masks = _usable_scene(plan)
    pictures = Pictures(plan.size)
    rows, shares = [], {}
    for (pair, strength), surrogate, private in zip(plan.pairs.items(), protected, masks):
        shares[pair] = float(private.mean())
        rows += [
            text_columns(pair, plan.dataset, plan.stored_split, plan.category, code, strength)
            | edited_columns(scene, surrogate, private, plan.edit(code), pictures)
            for code in plan.codes
        ]
    known = identities(scene) | {"pixels " + hashlib.sha256(pictures(scene)["bytes"]).hexdigest()}
    return DrawnPair(plan, rows, shares, known, plan.attempt - first)


def draw_pairs(
    plans: Sequence[PairPlan],
    processes: int = 2,
    claims: dict[str, str] | None = None,
    redraws: Counter | None = None,
    draw: Callable[[PairPlan], DrawnPair] = draw_pair,
) -> Iterator[DrawnPair]:
    """Draw plans in order and claim what they show; what another split has claimed already is drawn again.

    `claims` (identity -> split) and `redraws` (how many scenes for their "masks", how many for their "identities")
    are filled. Drawing again happens here, in order, so the result is the same for any number of processes.
    `draw` must be importable.
    """
    claims = {} if claims is None else claims
    redraws = Counter() if redraws is None else redraws
    for pair in in_processes(draw, plans, processes):
        split = pair.plan.split
        redraws["masks"] += pair.refused_masks
        while any(claims.get(identity, split) != split for identity in pair.identities):
            redraws["identities"] += 1
            pair = draw(replace(pair.plan, attempt=pair.plan.attempt + 1))
            redraws["masks"] += pair.refused_masks
        claims.update(dict.fromkeys(pair.identities, split))
        yield pair
