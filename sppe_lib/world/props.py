"""The things of the vector world: importing this module registers all their drawers."""

from sppe_lib.world import draw, overlays, people, things, writing  # noqa: F401
from sppe_lib.world.colours import is_dark

LANDMARKS = (
    "iron tower", "pyramid", "domed palace", "bridge", "castle", "clock tower", "windmill", "arch", "pagoda", "temple",
    "skyscraper", "lighthouse", "big wheel", "statue",
)  # fmt: skip
"""Kinds of landmark, as named in captions."""

EMBLEMS = ("globe", "star", "crown", "eagle", "sun", "leaf", "shield")

PICTURES = ("mountain", "sea", "flower", "sunset", "cat", "house")
"""What a framed picture or a post card can show."""

CONTENTS = ("mail", "chat", "chart", "call", "profile", "landscape", "desktop")
"""What a screen can show; all but "landscape" and "chart" are built round the text."""

FRUITS = ("apple", "lemon", "pear", "tangerine", "plum")

PLATE_PLACE = (0.29, 0.67, 0.42, 0.155)
SMALL_CAR_PLATE_PLACE = (0.2, 0.645, 0.6, 0.21)
"""Where a plate sits on a car: left, top, width, height as shares of the car's box."""


def paper_ink(paper: str) -> tuple[str, ...]:
    """Ink colours that can be read on a paper."""
    return (
        ("white", "gold", "light yellow")
        if is_dark(paper)
        else ("black", "dark blue", "dark red", "dark green", "purple")
    )
