"""The unseen set: scenes and instructions that SPPE-mini has not, with surrogates of the whole picture.

A simulated stand-in for the paper's test of generalisation on InstructPix2Pix (Table 7: 934 unique
prompts, full-image surrogates). S is another scene of the same kind, so the mask covers everything.
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from sppe_lib.config import BenchmarkParameters
from sppe_lib.data.miniature import DrawnPair, PairPlan, Pictures, edited_columns
from sppe_lib.data.schema import UNSEEN, text_columns
from sppe_lib.data.taxonomy import TAGS
from sppe_lib.runtime import numpy_generator
from sppe_lib.world.editor import UNSEEN_INSTRUCTIONS
from sppe_lib.world.scenes import UNSEEN_SCENES, make_scene

TAG_COST, REPEAT_COST, MISFIT_COST = 10.0, 1000.0, 1e6
"""Costs in `assign_instructions`, where luck costs 0 to 1: another tag, using a text once more, one that misfits."""


def assign_instructions(kinds: Sequence[str], *seed: object) -> list[str]:
    """A fitting instruction code for each scene: as many different texts, then as even in tags, as can be, else random.

    The cheapest assignment of scenes to uses of texts; kinds come in turn, and so do their tags.
    """
    codes, entries = list(UNSEEN_INSTRUCTIONS), UNSEEN_INSTRUCTIONS.values()
    luck = numpy_generator("SPPE-mini unseen instructions", *seed).random((len(kinds), len(codes)))
    fits = np.array([[kind in entry.kinds for entry in entries] for kind in kinds]).reshape(luck.shape)
    turns = np.array([sum(divmod(index, len(UNSEEN_SCENES))) % len(TAGS) for index in range(len(kinds))])
    another_tag = turns[:, None] != [TAGS.index(entry.tag) for entry in entries]
    once = np.where(fits, luck + TAG_COST * another_tag, MISFIT_COST)
    # A kind has more than ten texts of its own, so a few uses of each are enough for any even spread.
    uses = 1 + 2 * -(-len(kinds) // len(codes))
    cost = np.concatenate([once + REPEAT_COST * use for use in range(uses)], axis=1)
    return [codes[column % len(codes)] for column in linear_sum_assignment(cost)[1]]


def plan_unseen(parameters: BenchmarkParameters) -> list[PairPlan]:
    """The plans of all pairs: kinds of scenes in turn, one instruction each."""
    names = list(UNSEEN_SCENES)
    kinds = [names[index % len(names)] for index in range(parameters.unseen_pairs)]
    return [
        PairPlan(parameters.seed, "unseen", index, kind, (code,), parameters.size, parameters.strength)
        for index, (kind, code) in enumerate(zip(kinds, assign_instructions(kinds, parameters.seed)))
    ]


def draw_unseen_pair(plan: PairPlan) -> DrawnPair:
    """Draw one pair and its instance: two scenes of a kind, each edited on its own."""
    (code,), pair = plan.codes, f"unseen/{plan.index:05d}"
    source, surrogate = (make_scene(plan.category, plan.seed_for(role)) for role in ("scene", "surrogate"))
    own = UNSEEN_INSTRUCTIONS[code].text, UNSEEN_INSTRUCTIONS[code].tag
    row = text_columns(pair, UNSEEN, "test", plan.category, code, None, own)
    edits = (source, plan.edit(source, code)), (surrogate, plan.edit(surrogate, code))
    row |= edited_columns(edits, np.ones((plan.size, plan.size), dtype=bool), Pictures(plan.size))
    # No private element, hence no identity: nothing here can be someone's of another split.
    return DrawnPair(plan, [row], {pair: 1.0}, frozenset())
