"""Scenes of the group Monitor: devices whose screens show private content."""

import numpy as np

from sppe_lib.world.content import SECRETS, digits, full_name, person, pick, scene
from sppe_lib.world.props_screens import CONTENTS
from sppe_lib.world.props_shapes import VIVID, contrasting
from sppe_lib.world.scene import Element, Scene
from sppe_lib.world.scenes_present import present, random_photo


def _device_look(rng: np.random.Generator) -> dict:
    screen = pick(
        rng, ("white", "light blue", "light yellow", "light green", "lavender", "black", "dark blue", "dark green")
    )
    return {
        "body": pick(rng, ("dark grey", "silver", "black", "white", "grey")),
        "screen": screen,
        "accent": pick(rng, VIVID),
        "content": pick(rng, CONTENTS),
        "ink": contrasting(screen),
        "photo": random_photo(rng),
        "text": pick(rng, (pick(rng, full_name(rng)), (pick(rng, SECRETS), digits(rng, 4)), "PIN " + digits(rng, 3))),
    }


def _device(rng: np.random.Generator, kind: str, aspect: float, more: dict | None = None, whole: float = 0.4) -> Scene:
    """A device standing on a desk or table before a room, sometimes with a person beside it."""
    look = {**_device_look(rng), **(more or {})}
    private = "all" if rng.random() < whole else "screen"
    layout = int(rng.integers(3))
    vivid = pick(rng, VIVID)
    table = Element(
        "table", -2, 78, 104, 24, {"colour": pick(rng, ("brown", "light brown", "dark brown", "grey", "white"))}
    )
    places = ("room", "office", "shop", "wall")
    if layout == 0:  # large and frontal
        width = float(rng.uniform(70, 90))
        height = min(width / aspect, 84)
        return scene(rng, places, table, Element(kind, (100 - width) / 2, 90 - height, width, height, look, private))
    width = float(rng.uniform(44, 64))
    height = width / aspect
    x = float(rng.uniform(3, 97 - width))
    ground = float(rng.uniform(84, 92))
    beside = x > 50 - width / 2
    extra_x = 4.0 if beside else 78.0
    if layout == 1:
        extras = (
            [Element("plant", extra_x, 60, 18, 28, {"colour": vivid})]
            if rng.random() < 0.5
            else [Element("cup", extra_x, 72, 14, 16, {"colour": vivid, "above": False})]
        )
        return scene(rng, places, table, extras, Element(kind, x, ground - height, width, height, look, private))
    sitter = person(rng, 22.0 if beside else 78.0, 101, float(rng.uniform(66, 84)))
    x = 97 - width if beside else 3.0
    return scene(rng, places, sitter, table, Element(kind, x, 94 - height, width, height, look, private))


def laptop(rng: np.random.Generator) -> Scene:
    """A laptop with private content."""
    return _device(rng, "laptop", 1.25)


def tablet(rng: np.random.Generator) -> Scene:
    """A tablet computer on a table or in hands."""
    return present(
        rng, "tablet", pick(rng, (1.35, 0.75)), _device_look(rng), pick(rng, ("screen", "screen", "all")), 56, 94, 10
    )


def television(rng: np.random.Generator) -> Scene:
    """A television with private content."""
    model = pick(rng, ("flat", "flat", "old"))
    return _device(rng, "television", 1.55 if model == "flat" else 1.15, {"model": model})


def monitor(rng: np.random.Generator) -> Scene:
    """A computer monitor on a stand."""
    return _device(rng, "monitor", 1.25, {"keyboard": False})


def computer_monitor(rng: np.random.Generator) -> Scene:
    """A computer monitor with keyboard and mouse."""
    return _device(rng, "monitor", 1.15, {"keyboard": True})


SCENES = {
    "laptop": laptop,
    "tablet computer": tablet,
    "television": television,
    "monitor": monitor,
    "computer monitor": computer_monitor,
    "laptop computer": laptop,
}
