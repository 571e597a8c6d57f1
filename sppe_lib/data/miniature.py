"""SPPE-mini: the instances of the simulated vector world, split by split.

Every pair draws from its own seeds (`PairPlan.seed_for`), so the bytes do not depend on the order or the number of
processes. A scene whose private person, text or thing (`identities`), or whose pixels, already occur in another split
is drawn again. I and S are edited with one seed, as one service that is asked twice: what the editor makes of the words
beyond what they say is nearly the same on both. An edit that is done must be seen inside M (`seen_inside`).
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, cycle, islice

import numpy as np
from scipy.optimize import linear_sum_assignment

from sppe_lib.config import BenchmarkParameters
from sppe_lib.data import taxonomy
from sppe_lib.data.processes import in_processes
from sppe_lib.data.schema import SPLITS, text_columns
from sppe_lib.errors import DataError
from sppe_lib.pictures import mask_image, png
from sppe_lib.runtime import numpy_generator, seed_of
from sppe_lib.world import editor, scenes, surrogates
from sppe_lib.world.editor import EditResult
from sppe_lib.world.scene import Scene, render

DRAWING_ORDER = ("train", "val", "test")  # test gives way where two show the same: drawn anew, it alters no other
EDITED_AGAIN = ("val", "test")  # whose sources are edited once more, under another seed (`schema.open_oracle`)
ATTEMPTS = 200  # scenes tried for one source before giving up, and seeds tried for a second edit

SEEN_LEVELS, SEEN_SHARE = 16, 0.02
"""An edit is seen where a channel moves by more than so many of 255 levels, in at least this share of M's pixels."""

CATEGORY_COST, BEYOND_SHARE_COST, MISFIT_COST = 8, 1e4, 1e6
"""Costs of a tag in `choose_instructions`, where a use of an instruction costs 1: its use in the same category, having
a third of the instructions already, and not fitting."""


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
    def pairs(self) -> dict[str, float]:
        """The pairs of this source: id -> protection strength of the surrogate."""
        return {f"mini/{self.split}/{self.index:05d}": self.strength}

    def protect(self, scene: Scene) -> list[Scene]:
        """The surrogates of a scene, one for each pair."""
        return [surrogates.make_surrogate(scene, self.strength, self.seed_for("surrogate"))]

    def seed_for(self, *purpose: object) -> int:
        """The seed of one purpose ("scene", "surrogate", "edit" and the code) of this pair."""
        return seed_of("SPPE-mini", self.seed, self.split, self.index, self.attempt, *purpose)

    def edit(self, scene: Scene, code: str) -> EditResult:
        """What the simulated editor makes of a scene by one instruction, with this pair's seed for it."""
        return editor.edit(scene, code, self.seed_for("edit", code))

    def edit_again(self, scene: Scene, code: str, first: EditResult) -> EditResult:
        """As `edit`, which gave `first`, under another seed where it is done, too; `first` if none of ATTEMPTS is."""
        if first.outcome != "done":
            return first  # nothing changed, which looks the same under every seed
        again = (editor.edit(scene, code, self.seed_for("edit again", code, number)) for number in range(ATTEMPTS))
        return next((result for result in again if result.outcome == "done"), first)

    def choices(self, code: str, taken: Sequence[str]) -> Iterator[str]:
        """An instruction, then in random order the category's others of its tag that are not `taken`."""
        yield code
        fitting = fitting_codes(self.category, taxonomy.instruction(code).tag)
        others = [other for other in fitting if other not in (code, *taken)]
        yield from numpy_generator("SPPE-mini other instructions", self.seed_for(code)).permutation(others).tolist()


@dataclass(frozen=True)
class DrawnPair:
    """The finished rows of one source, what identifies it, and what had to be drawn again (as `Summary.redraws`).

    `private_shares`: pair_id -> private share of pixels, 0 to 1. Rows of EDITED_AGAIN also have `edited_again`.
    """

    plan: PairPlan
    rows: list[dict]
    private_shares: dict[str, float]
    identities: frozenset[str]
    redraws: Counter = field(default_factory=Counter)


def fitting_codes(category_name: str, tag: str) -> list[str]:
    """The codes of the instructions of a tag that make sense for a category."""
    return [entry.code for entry in taxonomy.instructions_for(category_name) if entry.tag == tag]


def choose_instructions(category_names: Sequence[str], *seed: object, number: int = 2) -> list[tuple[str, ...]]:
    """`number` different fitting instruction codes for each pair, tags and instructions spread evenly.

    Of every 36 pairs in a row a third of the instructions is of each tag, as far as the categories have such: the
    cheapest assignment, where a tag costs a pair the uses so far of its least used fitting instruction and, more, those
    of the tag in the category. Of its tag, the first instruction of a pair is the one least used so far, so that rare
    ones are all used; a further one the one least used in the category. Ties go to the seed.
    """
    generator = numpy_generator("SPPE-mini instructions", *seed)
    overall: Counter = Counter()
    within: Counter = Counter()
    chosen: list[tuple[str, ...]] = []
    tags, block = len(taxonomy.TAGS), len(taxonomy.categories())
    for start in range(0, len(category_names), block):
        names = category_names[start : start + block]
        fitting = [[fitting_codes(name, tag) for tag in taxonomy.TAGS] for name in names]
        # A second instruction of a tag needs two that fit.
        cost = [
            [
                min((overall[code] for code in codes), default=0)
                + CATEGORY_COST * sum(within[name, code] for code in codes)
                + MISFIT_COST * (len(codes) <= place)
                for codes in options
            ]
            for name, options in zip(names, fitting)
            for place in range(number)
        ]
        share = -(-len(cost) // tags)
        columns = np.tile(np.arange(tags), share + len(cost))
        costs = (np.array(cost) + generator.random((len(cost), tags)))[:, columns]
        costs[:, share * tags :] += BEYOND_SHARE_COST
        for name, options, wanted in zip(names, fitting, columns[linear_sum_assignment(costs)[1]].reshape(-1, number)):
            pair: list[str] = []
            for tag in wanted:
                codes = generator.permutation([code for code in options[tag] if code not in pair]).tolist()
                pair.append(min(codes, key=lambda code: (within[name, code] if pair else 0, overall[code])))
                overall[pair[-1]] += 1
                within[name, pair[-1]] += 1
            chosen.append(tuple(pair))
    return chosen


def plan_split(
    split: str, pairs: int, parameters: BenchmarkParameters, seed: int, instructions: int = 2
) -> list[PairPlan]:
    """The plans of a split: `pairs` pairs, categories in turn, so their numbers differ by one at most."""
    names = list(islice(cycle(taxonomy.categories()), pairs))
    codes = choose_instructions(names, seed, split, number=instructions)
    shape = parameters.size, parameters.strength
    return [PairPlan(seed, split, *pair, *shape) for pair in zip(range(pairs), names, codes, strict=True)]


def plan_splits(parameters: BenchmarkParameters) -> list[PairPlan]:
    """The plans of all splits in the order in which they are drawn, test under its own seed."""
    seeds = dict.fromkeys(DRAWING_ORDER, parameters.seed)
    if parameters.test_seed is not None:
        seeds["test"] = parameters.test_seed
    parts = (plan_split(split, parameters.pairs[split], parameters, seed) for split, seed in seeds.items())
    return list(chain.from_iterable(parts))


def _plain(value: object) -> object:
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else str(value)


def identities(scene: Scene) -> frozenset[str]:
    """What identifies the private content of a scene.

    Each private element counts with all its looks, and a text of several words or with a number (a full name, an
    address, a plate) also by itself, in whatever looks. A single word such as a first name is nobody's own, nor is the
    country on a passport's cover.
    """
    found = set()
    for element in (element for element in scene.elements if element.private):
        found.add(f"{element.kind} " + json.dumps(dict(element.attributes), sort_keys=True, default=_plain))
        text = element.attributes.get("text") or ""
        words = (text if isinstance(text, str) else " ".join(text)).split()
        if element.kind != "passport_cover" and (len(words) > 1 or any(sign.isdigit() for sign in "".join(words))):
            found.add("text " + " ".join(words))
    return frozenset(found)


class Pictures:
    """Pictures of scenes at one size in pixels; equal scenes, such as those that an edit left alone, are drawn once."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._known: list[tuple[Scene, np.ndarray]] = []

    def pixels(self, scene: Scene) -> np.ndarray:
        """uint8 [H, W, 3]."""
        found = next((pixels for known, pixels in self._known if known == scene), None)
        if found is None:
            self._known.append((scene, found := render(scene, self.size)))
        return found

    def __call__(self, scene: Scene) -> dict:
        """The value of an image column."""
        return png(self.pixels(scene))


Edits = tuple[tuple[Scene, EditResult], tuple[Scene, EditResult]]
"""Source and surrogate, each with what the editor made of it."""


def edited_columns(edits: Edits, private: np.ndarray, pictures: Pictures) -> dict:
    """The picture and outcome columns of one instance."""
    (source, edited_source), (surrogate, edited_surrogate) = edits
    return {
        "source": pictures(source),
        "mask": png(mask_image(private)),
        "surrogate": pictures(surrogate),
        "edited_surrogate": pictures(edited_surrogate.scene),
        "edited_source": pictures(edited_source.scene),
        "source_outcome": edited_source.outcome,
        "surrogate_outcome": edited_surrogate.outcome,
    }


def seen_inside(edits: Edits, private: np.ndarray, pictures: Pictures) -> bool:
    """Whether what the editor did, if it did anything, shows inside M, on the source and on the surrogate."""
    for scene, result in edits:
        before, after = (pictures.pixels(one)[private].astype(int) for one in (scene, result.scene))
        moved = np.abs(after - before).max(axis=-1) > SEEN_LEVELS
        if result.outcome == "done" and moved.mean() < SEEN_SHARE:
            return False
    return True


def _instances(
    plan: PairPlan, scene: Scene, protected: list[Scene], masks: list[np.ndarray], pictures: Pictures, redraws: Counter
) -> list[dict] | None:
    """The rows of a source: of each planned instruction, or of the first of `choices` that is seen inside every M.

    None where none is; `redraws` counts the others as "instructions".
    """
    rows: list[dict] = []
    split = plan.split if plan.split in SPLITS else "test"  # all that sets beside the benchmark have
    for planned in plan.codes:
        taken = [*(code for code in plan.codes if code != planned), *(row["instruction_code"] for row in rows)]
        for code in plan.choices(planned, taken):
            edited = plan.edit(scene, code)
            found = [((scene, edited), (other, plan.edit(other, code))) for other in protected]
            if all(seen_inside(edits, private, pictures) for edits, private in zip(found, masks, strict=True)):
                break
            redraws["instructions"] += 1
        else:
            return None
        for (pair, strength), edits, private in zip(plan.pairs.items(), found, masks, strict=True):
            row = text_columns(pair, plan.dataset, split, plan.category, code, strength)
            rows.append(row | edited_columns(edits, private, pictures))
            if plan.split in EDITED_AGAIN:
                rows[-1]["edited_again"] = pictures(plan.edit_again(scene, code, edited).scene)
    return rows


def draw_pair(plan: PairPlan) -> DrawnPair:
    """Draw one source and its instances: scene, surrogates, masks, and for each code the two independent edits.

    A scene is drawn again where a mask covers nothing or everything, or no instruction is seen inside it; DataError
    where ATTEMPTS scenes are not enough.
    """
    redraws: Counter = Counter()
    for attempt in range(plan.attempt, ATTEMPTS):
        plan, pictures = replace(plan, attempt=attempt), Pictures(plan.size)
        scene = scenes.make_scene(plan.category, plan.seed_for("scene"))
        protected = plan.protect(scene)
        masks = [surrogates.pair_mask(scene, surrogate, plan.size) for surrogate in protected]
        usable = all(private.any() and not private.all() for private in masks)
        rows = _instances(plan, scene, protected, masks, pictures, redraws) if usable else None
        if rows is None:
            redraws["scenes" if usable else "masks"] += 1
            continue
        known = identities(scene) | {"pixels " + hashlib.sha256(pictures(scene)["bytes"]).hexdigest()}
        shares = {pair: float(private.mean()) for pair, private in zip(plan.pairs, masks, strict=True)}
        return DrawnPair(plan, rows, shares, known, redraws)
    raise DataError(
        f"No usable scene for pair {plan.index} of the {plan.split} split ({plan.category}) in {ATTEMPTS} "
        f"attempts; choose another benchmark.seed or fewer pairs."
    )


def draw_pairs(
    plans: Sequence[PairPlan],
    processes: int = 2,
    claims: dict[str, str] | None = None,
    redraws: Counter | None = None,
    draw: Callable[[PairPlan], DrawnPair] = draw_pair,
) -> Iterator[DrawnPair]:
    """Draw plans in order and claim what they show; what another split has claimed already is drawn again.

    `claims` (identity -> split) and `redraws` (as `Summary.redraws`) are filled. Drawing again happens here, in order,
    so the result is the same for any number of processes. `draw` must be importable.
    """
    claims, redraws = {} if claims is None else claims, Counter() if redraws is None else redraws
    for pair in in_processes(draw, plans, processes):
        split = pair.plan.split
        redraws.update(pair.redraws)
        while any(claims.get(identity, split) != split for identity in pair.identities):
            redraws["identities"] += 1
            pair = draw(replace(pair.plan, attempt=pair.plan.attempt + 1))
            redraws.update(pair.redraws)
        claims.update(dict.fromkeys(pair.identities, split))
        yield pair
