"""Eight kinds of scenes that SPPE-mini has not: what they show is nobody's, and nothing in them is private.

Their surrogates are other scenes of the same kind, so that the whole picture is replaced (paper, Table 7).
"""

import zlib
from collections.abc import Callable

import numpy as np

from sppe_lib.errors import ConfigError
from sppe_lib.world import unseen_props, unseen_settings  # noqa: F401
from sppe_lib.world.content import pick
from sppe_lib.world.scene import Element, Scene
from sppe_lib.world.unseen_props import FRUITS

FURS = ("grey", "dark grey", "white", "light brown", "brown", "cream", "silver")
PAINTS = ("red", "white", "teal", "brown", "beige", "light blue", "dark green", "light grey")
BRIGHT = ("red", "orange", "light blue", "teal", "dark blue", "light green", "purple", "white", "dark red")
WALLS = ("cream", "beige", "light grey", "light green", "light pink", "lavender")
WOODS = ("brown", "light brown", "dark brown", "grey")


def _setting(rng: np.random.Generator, place: str) -> dict:
    """A setting by day in summer: what an instruction may change is not so already."""
    return {
        "place": place,
        "time": "day",
        "weather": pick(rng, ("clear", "clear", "cloudy")),
        "season": "summer",
        "colours": {"wall": pick(rng, WALLS), "floor": pick(rng, WOODS), "accent": pick(rng, BRIGHT)},
        "variant": int(rng.integers(0, 10_000)),
    }


def _element(kind: str, x: float, y: float, width: float, height: float, **look) -> Element:
    return Element(kind, round(x, 2), round(y, 2), round(width, 2), round(height, 2), look)


def _cats(rng: np.random.Generator) -> Scene:
    def cat(x: float, height: float) -> Element:
        eyes = pick(rng, ("#58c24a", "#e8b830"))
        look = {"colour": pick(rng, FURS), "stripes": bool(rng.random() < 0.4), "eyes": eyes}
        return _element("cat", x, 95 - height, height * 0.72, height, **look)

    place = pick(rng, ("meadow", "meadow", "parlour"))
    if rng.random() < 0.3:
        return Scene(_setting(rng, place), (cat(rng.uniform(4, 8), rng.uniform(54, 62)), cat(52, rng.uniform(56, 64))))
    height = float(rng.uniform(62, 76))
    return Scene(_setting(rng, place), (cat(rng.uniform(8, 90 - 0.72 * height), height),))


def _fruit(rng: np.random.Generator) -> Scene:
    def fruit(x: float, y: float, kind: str) -> Element:
        size = float(rng.uniform(19, 22))
        return _element("fruit", x, y, size, size, type=kind, colour="")

    kinds = list(FRUITS)
    in_bowl = [fruit(x, y, pick(rng, kinds)) for x, y in ((34, 28), (52, 30))]
    in_bowl += [fruit(x, y, kind) for x, y, kind in zip((24, 42, 60), (36, 34, 37), rng.permutation(kinds))]
    colour = pick(rng, PAINTS)
    stripe = pick(rng, [tone for tone in PAINTS if tone != colour])
    bowl = _element("bowl", 14, 50, 72, 26, colour=colour, stripe=stripe)
    places = rng.permutation([4.0, 30.0, 54.0, 76.0])[: int(rng.integers(2, 4))]
    # The kinds that instructions ask for are likely, not certain.
    lying = [fruit(x, 76, pick(rng, ("apple", "apple", "pear", *kinds))) for x in places]
    return Scene(_setting(rng, "kitchen"), (*in_bowl, bowl, *lying))


def _boats(rng: np.random.Generator) -> Scene:
    def boat(x: float, foot: float, height: float) -> Element:
        hull = pick(rng, BRIGHT)
        look = {"hull": hull, "sail": pick(rng, ("white", "cream", "light blue", "light yellow")),
                "stripe": pick(rng, [tone for tone in BRIGHT if tone != hull])}  # fmt: skip
        return _element("boat", x, foot - height, height * 0.8, height, **look)

    height = float(rng.uniform(54, 66))
    near = boat(rng.uniform(6, 90 - 0.8 * height), rng.uniform(84, 92), height)
    far = [boat(4 if near.x > 26 else 70, 66, rng.uniform(26, 32))] if rng.random() < 0.6 else []
    return Scene(_setting(rng, "sea"), (*far, near))


def _living_room(rng: np.random.Generator) -> Scene:
    left = bool(rng.random() < 0.5)
    width = float(rng.uniform(62, 70))
    look = {"colour": pick(rng, PAINTS), "cushion": pick(rng, BRIGHT)}
    sofa = _element("sofa", 4 if left else 96 - width, 46, width, 40, **look)
    shade = pick(rng, ("light yellow", "orange", "pink", "white"))
    lamp = _element("floor_lamp", 76 if left else 2, 24, 22, 66, colour=shade)
    return Scene(_setting(rng, "parlour"), (sofa, lamp) if rng.random() < 0.85 else (sofa,))


def _balloons(rng: np.random.Generator) -> Scene:
    def balloon(x: float, y: float, height: float) -> Element:
        colour = pick(rng, BRIGHT)
        second = pick(rng, [tone for tone in (*BRIGHT, "light yellow") if tone != colour])
        return _element("balloon", x, y, height * 0.72, height, colour=colour, second=second, dots="")

    near = balloon(rng.uniform(4, 44), rng.uniform(4, 22), rng.uniform(60, 70))
    far = [balloon(70 if near.x < 26 else 4, rng.uniform(8, 40), rng.uniform(28, 36))] if rng.random() < 0.7 else []
    return Scene(_setting(rng, "hills"), (*far, near))


def _garden(rng: np.random.Generator) -> Scene:
    colours = ("red", "pink", "orange", "yellow", "light pink", "dark red")
    fence = [_element("fence", -4, 40, 108, 30, colour=pick(rng, ("white", "light brown", "beige")))]
    flowers = []
    for x in (2, 21, 40, 60, 78):
        height = float(rng.uniform(42, 60))
        centre = pick(rng, ("yellow", "brown", "white"))
        look = {"colour": pick(rng, colours), "petals": pick(rng, (5, 6, 8)), "centre": centre}
        flowers.append(_element("flower", x + rng.uniform(-2, 2), 96 - height, 20, height, **look))
    return Scene(_setting(rng, "meadow"), (*(fence if rng.random() < 0.85 else []), *flowers))


def _farm(rng: np.random.Generator) -> Scene:
    left = bool(rng.random() < 0.5)
    wood = pick(rng, ("red", "dark red", "brown", "light brown", "grey"))
    barn = _element("barn", 4 if left else 40, 24, 56, 48, colour=wood)
    paint = pick(rng, ("green", "red", "blue", "orange"))
    tractor = _element("tractor", 42 if left else 8, 58, 48, 36, colour=paint)
    return Scene(_setting(rng, "farmland"), (barn, tractor) if rng.random() < 0.85 else (barn,))


def _ducks(rng: np.random.Generator) -> Scene:
    def duck(x: float, foot: float, width: float) -> Element:
        colour = pick(rng, ("yellow", "white", "light brown", "brown"))
        return _element("duck", x, foot - 0.8 * width, width, 0.8 * width, colour=colour)

    near = duck(rng.uniform(20, 42), 92, rng.uniform(44, 52))
    far = [duck(x, 68, rng.uniform(20, 25)) for x in ((10, 66) if rng.random() < 0.5 else (66,))]
    return Scene(_setting(rng, "pond"), (*far, near))


SCENES: dict[str, Callable[[np.random.Generator], Scene]] = {
    "cats": _cats,
    "fruit still life": _fruit,
    "boats at sea": _boats,
    "living room": _living_room,
    "hot-air balloons": _balloons,
    "flower garden": _garden,
    "farm": _farm,
    "duck pond": _ducks,
}
"""Kind of scene -> function(generator) -> Scene."""


def make_unseen_scene(kind: str, seed: int) -> Scene:
    """A scene of one of the kinds in SCENES; the same seed always gives the same scene.

    Raises ConfigError for an unknown kind.
    """
    if kind not in SCENES:
        raise ConfigError(f"Unknown kind of scene {kind!r}: use one of {', '.join(SCENES)}.")
    return SCENES[kind](np.random.default_rng([zlib.crc32(kind.encode()), int(seed)]))
