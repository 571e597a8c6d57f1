"""Eight kinds of scenes that SPPE-mini has not: what they show is nobody's, and nothing in them is private.

Their surrogates are other scenes of the same kind, so that the whole picture is replaced (paper, Table 7).
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from sppe_lib.world.dice import LISTS, Dice
from sppe_lib.world.layouts import element, rounded
from sppe_lib.world.scene import Element, Scene


def _setting(dice: Dice, place: str) -> dict[str, Any]:
    """By day in summer: what an instruction may change is not so already."""
    drawn = dice.record("setting")
    colours = {name: drawn.pop(f"_{name}") for name in ("wall", "floor", "accent")}
    return {"place": place, **drawn, "colours": colours, "variant": dice.whole(0, 10_000)}


def _thing(dice: Dice, kind: str, x: float, y: float, width: float, height: float) -> Element:
    return element(kind, rounded(x, y, width, height), dice.record(kind))


def _upright(dice: Dice, kind: str, aspect: float, foot: float, x: float, height: float) -> Element:
    return _thing(dice, kind, x, foot - height, height * aspect, height)


def _scene(dice: Dice, place: str, things: list[Element], loose: Element | None = None) -> Scene:
    """A scene of these things, the `loose` one not always among them."""
    setting = _setting(dice, place)
    kept = loose is None or dice.chance(0.85)
    return Scene(setting, tuple(thing for thing in things if kept or thing is not loose))


def cats(dice: Dice) -> Scene:
    """One cat or two, outdoors or in a parlour."""
    place, two = dice.pick(("meadow", "meadow", "parlour")), dice.chance(0.3)
    height = 0.0 if two else dice.between(62, 76)
    setting, cat = _setting(dice, place), partial(_upright, dice, "cat", 0.72, 95)
    if two:
        return Scene(setting, (cat(dice.between(4, 8), dice.between(54, 62)), cat(52, dice.between(56, 64))))
    return Scene(setting, (cat(dice.between(8, 90 - 0.72 * height), height),))


def fruit_still_life(dice: Dice) -> Scene:
    """A bowl of fruit, and some more of it on the table."""

    def fruit(x: float, y: float, kind: str) -> Element:
        size = dice.between(19, 22)
        return Element("fruit", *rounded(x, y, size, size), {"type": kind, "colour": ""})

    kinds = LISTS["fruits"]
    heap = [fruit(x, y, dice.pick(kinds)) for x, y in ((34, 28), (52, 30))]
    three = dice.rng.permutation(kinds)[:3]
    heap += [fruit(x, y, kind) for x, y, kind in zip((24, 42, 60), (36, 34, 37), three, strict=True)]
    bowl = _thing(dice, "bowl", 14, 50, 72, 26)
    places = dice.rng.permutation([4.0, 30.0, 54.0, 76.0])[: dice.whole(2, 4)]
    # The kinds that instructions ask for are likely, not certain.
    lying = [fruit(x, 76, dice.pick(("apple", "apple", "pear", *kinds))) for x in places]
    return _scene(dice, "kitchen", [*heap, bowl, *lying])


def boats(dice: Dice) -> Scene:
    """A sailing boat at sea, sometimes another far away."""
    height = dice.between(54, 66)
    x, foot = dice.between(6, 90 - 0.8 * height), dice.between(84, 92)
    near = _upright(dice, "boat", 0.8, foot, x, height)
    far = [_upright(dice, "boat", 0.8, 66, 4 if near.x > 26 else 70, dice.between(26, 32))] if dice.chance(0.6) else []
    return _scene(dice, "sea", [*far, near])


def living_room(dice: Dice) -> Scene:
    """A sofa, and mostly a lamp."""
    left, width = dice.chance(0.5), dice.between(62, 70)
    sofa = _thing(dice, "sofa", 4 if left else 96 - width, 46, width, 40)
    lamp = _thing(dice, "floor_lamp", 76 if left else 2, 24, 22, 66)
    return _scene(dice, "parlour", [sofa, lamp], lamp)


def balloons(dice: Dice) -> Scene:
    """A hot-air balloon, mostly another far away."""

    def balloon(x: float, y: float, height: float) -> Element:
        return _thing(dice, "balloon", x, y, height * 0.72, height)

    near = balloon(dice.between(4, 44), dice.between(4, 22), dice.between(60, 70))
    far = [balloon(70 if near.x < 26 else 4, dice.between(8, 40), dice.between(28, 36))] if dice.chance(0.7) else []
    return _scene(dice, "hills", [*far, near])


def garden(dice: Dice) -> Scene:
    """Five flowers, mostly before a fence."""
    fence, flowers = _thing(dice, "fence", -4, 40, 108, 30), []
    for x in (2, 21, 40, 60, 78):
        height, look = dice.between(42, 60), dice.record("flower")
        flowers.append(element("flower", rounded(x + dice.between(-2, 2), 96 - height, 20, height), look))
    return _scene(dice, "meadow", [fence, *flowers], fence)


def farm(dice: Dice) -> Scene:
    """A barn, and mostly a tractor."""
    left = dice.chance(0.5)
    barn = _thing(dice, "barn", 4 if left else 40, 24, 56, 48)
    tractor = _thing(dice, "tractor", 42 if left else 8, 58, 48, 36)
    return _scene(dice, "farmland", [barn, tractor], tractor)


def ducks(dice: Dice) -> Scene:
    """A large duck and one or two small ones on a pond."""

    def duck(x: float, foot: float, width: float) -> Element:
        return _thing(dice, "duck", x, foot - 0.8 * width, width, 0.8 * width)

    near = duck(dice.between(20, 42), 92, dice.between(44, 52))
    far = [duck(x, 68, dice.between(20, 25)) for x in ((10, 66) if dice.chance(0.5) else (66,))]
    return _scene(dice, "pond", [*far, near])


UNSEEN_SCENES: dict[str, Callable[[Dice], Scene]] = {
    "cats": cats, "fruit still life": fruit_still_life, "boats at sea": boats, "living room": living_room,
    "hot-air balloons": balloons, "flower garden": garden, "farm": farm, "duck pond": ducks,
}  # fmt: skip
"""Kind of scene -> function that draws one."""
