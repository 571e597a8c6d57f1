"""The simulated editor: applies one of the 65 instructions to a scene of the vector world.

It stands in for the cloud model that edits sources and surrogates (SPEC section 1). What it does
depends only on what is visible in the scene it is given, on the instruction and on the seed; its
failure modes are described in `edits_common`.
"""

from sppe_lib.errors import ConfigError
from sppe_lib.world import edits_image, edits_people, edits_things, overlays, people
from sppe_lib.world.edits_common import Edit, EditResult, View, miss_chance, visible_area
from sppe_lib.world.scene import Scene

__all__ = ["EDITS", "EditResult", "edit", "miss_chance", "overlays", "people", "visible_area"]

EDITS: dict[str, Edit] = {
    code: function
    for table in (edits_people.EDITS, edits_image.EDITS, edits_things.EDITS)
    for code, function in sorted(table.items())
}
"""Instruction code ("001" to "065") to its edit."""


def edit(scene: Scene, code: str, seed: int) -> EditResult:
    """Apply an instruction to a scene as the simulated editor would.

    `code` is one of the published three-digit codes, `seed` a non-negative integer. Returns the
    edited scene and "done", or the same scene and "missed" or "absent". Raises ConfigError for an
    unknown code or a negative seed.
    """
    if code not in EDITS:
        raise ConfigError(f"Unknown instruction code '{code}': use a three-digit code from 001 to 065.")
    if seed < 0:
        raise ConfigError(f"The editor's seed is {seed}: use a non-negative integer.")
    return EDITS[code](View(scene, code, int(seed)))
