"""The simulated editor: applies one of the 65 published instructions, or an unseen one, to a scene.

It stands in for the cloud model that edits sources and surrogates (the paper's SmartEdit). What it does
depends only on what is visible in the scene it is given, on the instruction and on the seed; its
failure modes are described in `view`, its verbs in `edits`.
"""

from dataclasses import dataclass
from typing import Any

from sppe_lib.errors import ConfigError
from sppe_lib.world import props, read_asset  # noqa: F401  (they register drawers)
from sppe_lib.world.edits import VERBS
from sppe_lib.world.scene import Scene
from sppe_lib.world.view import EditResult, NotDone, View

__all__ = ["EDITS", "UNSEEN_INSTRUCTIONS", "EditResult", "UnseenInstruction", "edit"]

_TABLE = read_asset("edits.yaml")

Edit = dict[str, Any]
"""{verb: its parameters}, or {"as_published": code}."""

EDITS: dict[str, Edit] = _TABLE["published"]
"""Code of a published instruction ("001" to "065") to its edit."""


@dataclass(frozen=True)
class UnseenInstruction:
    """An instruction that SPPE-mini has not: code ("u01", ...), tag, text, the kinds of scenes it fits, its edit."""

    code: str
    tag: str
    text: str
    kinds: tuple[str, ...]
    edit: Edit


_ROWS = [(tag, text, tuple(kinds), edit) for tag, kinds, edit, texts in _TABLE["unseen"] for text in texts]

UNSEEN_INSTRUCTIONS: dict[str, UnseenInstruction] = {
    f"u{number:02d}": UnseenInstruction(f"u{number:02d}", *row) for number, row in enumerate(_ROWS, 1)
}
"""Code to unseen instruction; every text is one of its own, and none is published."""


def edit(scene: Scene, code: str, seed: int, tone: float | None = None) -> EditResult:
    """Apply an instruction to a scene as the simulated editor would.

    `code` is a published three-digit code or one of UNSEEN_INSTRUCTIONS, `seed` a non-negative integer; `tone` is the
    brightness that the realisation follows, 0 to 1, instead of the scene's own (`View.tone`). Returns the edited scene
    and "done", or the same scene and "missed" or "absent". Raises ConfigError for an unknown code or a negative seed.
    """
    if code not in EDITS and code not in UNSEEN_INSTRUCTIONS:
        raise ConfigError(
            f"Unknown instruction code '{code}': use one from 001 to 065, or from u01 to {max(UNSEEN_INSTRUCTIONS)}."
        )
    if seed < 0:
        raise ConfigError(f"The editor's seed is {seed}: use a non-negative integer.")
    ((verb, parameters),) = (EDITS[code] if code in EDITS else UNSEEN_INSTRUCTIONS[code].edit).items()
    if verb == "as_published":
        return edit(scene, parameters, seed, tone)
    arguments = parameters if isinstance(parameters, dict) else {"name": parameters}
    try:
        return EditResult(VERBS[verb](View(scene, code, int(seed), tone), **arguments), "done")
    except NotDone as why:
        return EditResult(scene, str(why))
