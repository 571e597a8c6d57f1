"""Scenes of the 36 privacy categories: one drawn at random from several layouts for each."""

import zlib

import numpy as np

from sppe_lib.data.taxonomy import category as look_up
from sppe_lib.world import (
    props,  # noqa: F401
    scenes_documents,
    scenes_people,
    scenes_plates,
    scenes_screens,
    scenes_text,
    scenes_things,
)
from sppe_lib.world.scene import Scene

MAKERS = {
    name: maker
    for module in (scenes_people, scenes_documents, scenes_text, scenes_screens, scenes_plates, scenes_things)
    for name, maker in module.SCENES.items()
}
"""Category name -> function(generator) -> Scene."""


def make_scene(category: str, seed: int) -> Scene:
    """A scene of a category (exact published spelling); the same seed always gives the same scene.

    Raises ConfigError for an unknown category.
    """
    name = look_up(category).name
    # crc32, not hash(): the same in every process.
    return MAKERS[name](np.random.default_rng([zlib.crc32(name.encode()), int(seed)]))
