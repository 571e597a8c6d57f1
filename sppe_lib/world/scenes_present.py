"""Ways of showing a flat thing: on a table, in a hand, held by a person, on a wall."""

import numpy as np

from sppe_lib.world import people
from sppe_lib.world.content import box, person, pick, scene, table_things, tilt
from sppe_lib.world.props_shapes import VIVID
from sppe_lib.world.scene import Element, Scene

SLEEVES = VIVID + ("white", "black", "grey")


def present(
    rng: np.random.Generator,
    kind: str,
    aspect: float,
    look: dict,
    private: str,
    low: float = 44,
    high: float = 92,
    turn: float = 12,
) -> Scene:
    """Show a flat thing: on a table, in a hand, held by a person, or on a wall or sheet."""
    layout = int(rng.choice(4, p=(0.42, 0.22, 0.22, 0.14)))
    if layout == 0:
        frame = box(rng, aspect, low, high)
        crowded = frame[2] * frame[3] > 4200
        return scene(
            rng,
            "desk",
            [] if crowded else table_things(rng),
            Element(kind, *frame, {**look, "rotation": tilt(rng, turn)}, private),
        )
    if layout == 1:
        longer = float(rng.uniform(min(max(low, 52), 66), 76))
        width, height = (longer, longer / aspect) if aspect >= 1 else (longer * aspect, longer)
        x, y = (100 - width) / 2 + float(rng.uniform(-6, 6)), max(6.0, 52 - height * 0.62)
        skin = pick(rng, people.SKINS)
        hand = Element(
            "hand", x + width * 0.2, 40, max(width * 0.6, 44), 62, {"skin": skin, "sleeve": pick(rng, SLEEVES)}
        )
        thumb = Element("hand", x + width * 0.5, y + height * 0.74, 26, 34, {"skin": skin, "thumb": True})
        return scene(
            rng,
            ("street", "park", "shop", "room", "office", "beach"),
            hand,
            Element(kind, x, y, width, height, {**look, "rotation": 0}, private),
            thumb,
        )
    if layout == 2:
        if aspect >= 1.2:  # held before the chest, below the face
            width = float(rng.uniform(48, 60))
            height = width / aspect
            x = 50 + float(rng.uniform(-10, 10))
            holder = person(rng, x, 88, float(rng.uniform(74, 82)))
            left, top = min(max(x - width / 2 + float(rng.uniform(-8, 8)), 3), 97 - width), 97 - height
            grips = (left - 7, left + width - 9)
        else:  # held up beside the face
            height = min(float(rng.uniform(58, 72)), 48 / aspect)
            width = height * aspect
            right = rng.random() < 0.5
            holder = person(rng, 25 if right else 75, 101, float(rng.uniform(72, 82)))
            left, top = 96 - width if right else 4, float(rng.uniform(14, 26))
            grips = (left + width * 0.4,)
        grip = {"skin": holder.attributes["body_skin"], "thumb": True}
        return scene(
            rng,
            ("street", "park", "shop", "room", "office", "beach", "wall"),
            holder,
            Element(kind, left, top, width, height, {**look, "rotation": 0}, private),
            [Element("hand", x, top + height * (0.6 if aspect >= 1.2 else 0.88), 17, 26, grip) for x in grips],
        )
    frame = box(rng, aspect, max(low, 60), high)
    return scene(rng, ("wall", "paper"), Element(kind, *frame, {**look, "rotation": tilt(rng, turn / 2)}, private))


def random_photo(rng: np.random.Generator, plain: float = 0.15):
    """A sitter, or None (a silhouette)."""
    sitter = people.random_person(rng)
    return None if rng.random() < plain else sitter
