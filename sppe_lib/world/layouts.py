"""Putting things into scenes: boxes, persons, writing, and the ways of showing a flat thing or a device."""

from collections.abc import Mapping, Sequence
from typing import Any

from sppe_lib.world import people
from sppe_lib.world.colours import VIVID
from sppe_lib.world.dice import LOOKS, Dice
from sppe_lib.world.scene import Element, Scene
from sppe_lib.world.settings import random_setting

Text = str | tuple[str, ...]
Frame = tuple[float, float, float, float]
"""x, y, width, height in scene units."""

STREET = "street park shop room office beach"


def element(kind: str, frame: Sequence[float], look: Mapping[str, Any], private: str = "", **more: Any) -> Element:
    """An element from a drawn record, without the record's hidden values."""
    return Element(kind, *frame, {key: value for key, value in look.items() if key[0] != "_"} | more, private)


def rounded(*frame: float) -> Frame:
    """A box to the hundredth."""
    return tuple(round(value, 2) for value in frame)


def part(frame: Sequence[float], left: float, top: float, wide: float, tall: float) -> Frame:
    """A part of a box, in shares of its width and height, to the hundredth."""
    x, y, width, height = frame
    return rounded(x + width * left, y + height * top, width * wide, height * tall)


def sides(longer: float, aspect: float) -> tuple[float, float]:
    """Width and height of a box whose longer side and aspect (width over height) are given."""
    return (longer, longer / aspect) if aspect >= 1 else (longer * aspect, longer)


def box(dice: Dice, aspect: float, low: float, high: float, margin: float = 3.0) -> Frame:
    """A random box on the canvas; its longer side is between `low` and `high`."""
    size = sides(dice.between(low, high), aspect)
    free = (max(100 - side - 2 * margin, 0) for side in size)
    start = (margin + dice.between(0, 1) * room if room else (100 - side) / 2 for room, side in zip(free, size))
    return rounded(*start, *size)


def person(dice: Dice, x: float, ground: float, height: float, framing: str = "bust", private: str = "") -> Element:
    """A random person whose middle is at x, feet (or the bust's lower edge) at `ground`."""
    width = height * people.ASPECTS[framing]
    look = {**people.random_person(dice.rng), "framing": framing}
    return Element("person", *rounded(x - width / 2, ground - height, width, height), look, private)


def text(content: Text, frame: Frame, colour="black", font="sans", private: bool = True, **more: Any) -> Element:
    """A free-standing text element, private unless said otherwise."""
    look = {"text": content, "colour": colour, "font": font, **more}
    return Element("text", *rounded(*frame), look, "text" if private else "")


def scene(dice: Dice, places: str, *entries: Element | Sequence[Element]) -> Scene:
    """A scene in one of the places (words), with elements in painter's order (lists of elements are unrolled)."""
    elements = [one for entry in entries for one in ([entry] if isinstance(entry, Element) else entry)]
    names = places.split()
    return Scene(random_setting(dice.rng, dice.pick(names) if len(names) > 1 else places), tuple(elements))


def table_things(dice: Dice, count: int = 2) -> list[Element]:
    """Up to `count` things that lie about on a table seen from above, near its corners."""
    things, elements = LOOKS["table things"], []
    for index in dice.rng.permutation(4)[: dice.whole(0, count + 1)]:
        kind = dice.pick(list(things))
        look = {name: dice.record(recipe) for name, recipe in things.items()}[kind]
        x, y = (corner + dice.between(-3, 3) for corner in ((4, 4), (72, 4), (4, 72), (72, 72))[index])
        elements.append(Element(kind, x, y, 22, 22, look))
    return elements


def table(colour: str, top: float = 80) -> Element:
    """A table top before the viewer, from a height to below the lower edge."""
    return Element("table", -2, top, 104, 102 - top, {"colour": colour})


def thumb(x: float, y: float, skin: str, width: float = 17, height: float = 26) -> Element:
    """The thumb of a hand that holds something."""
    return Element("hand", x, y, width, height, {"skin": skin, "thumb": True})


def present(dice: Dice, look: Mapping[str, Any]) -> Scene:
    """Show a flat thing: on a table, in a hand, held by a person, or on a wall or sheet.

    The record's `_shown`, `_aspect` and `_private` say what it is, its size and what of it is private.
    """
    kind, low, high = (look["_shown"][name] for name in ("kind", "low", "high"))
    turn, aspect = look["_shown"].get("turn", 12), look.get("_aspect") or look["_shown"]["aspect"]

    def thing(frame: Sequence[float], rotation: float = 0) -> Element:
        return element(kind, frame, look, look.get("_private", "all"), rotation=rotation)

    layout = int(dice.rng.choice(4, p=(0.42, 0.22, 0.22, 0.14)))
    if layout == 0:
        frame = box(dice, aspect, low, high)
        about = [] if frame[2] * frame[3] > 4200 else table_things(dice)
        return scene(dice, "desk", about, thing(frame, dice.tilt(turn)))
    if layout == 1:
        width, height = sides(dice.between(min(max(low, 52), 66), 76), aspect)
        x, y = (100 - width) / 2 + dice.between(-6, 6), max(6.0, 52 - height * 0.62)
        skin, sleeve = dice.pick(people.SKINS), dice.pick((*VIVID, "white", "black", "grey"))
        hand = Element("hand", x + width * 0.2, 40, max(width * 0.6, 44), 62, {"skin": skin, "sleeve": sleeve})
        front = thumb(x + width * 0.5, y + height * 0.74, skin, 26, 34)
        return scene(dice, STREET, hand, thing((x, y, width, height)), front)
    if layout == 3:
        return scene(dice, "wall paper", thing(box(dice, aspect, max(low, 60), high), dice.tilt(turn / 2)))
    if aspect >= 1.2:  # held before the chest, below the face
        width = dice.between(48, 60)
        height = width / aspect
        x = 50 + dice.between(-10, 10)
        holder = person(dice, x, 88, dice.between(74, 82))
        left, top = min(max(x - width / 2 + dice.between(-8, 8), 3), 97 - width), 97 - height
        hands = [(left - 7, top + height * 0.6), (left + width - 9, top + height * 0.6)]
    else:  # held up beside the face
        height = min(dice.between(58, 72), 48 / aspect)
        width, right = height * aspect, dice.chance(0.5)
        holder = person(dice, 25 if right else 75, 101, dice.between(72, 82))
        left, top = 96 - width if right else 4, dice.between(14, 26)
        hands = [(left + width * 0.4, top + height * 0.88)]
    thumbs = [thumb(*place, holder.attributes["body_skin"]) for place in hands]
    return scene(dice, STREET + " wall", holder, thing((left, top, width, height)), thumbs)


def device(dice: Dice, kind: str, aspect: float, **more: Any) -> Scene:
    """A device standing on a desk or table before a room, sometimes with a person beside it."""
    look, private = dice.record("device") | more, "all" if dice.chance(0.4) else "screen"
    layout, vivid, places = dice.whole(0, 3), dice.pick(VIVID), "room office shop wall"
    desk = table(dice.pick(("brown", "light brown", "dark brown", "grey", "white")), 78)
    if layout == 0:  # large and frontal
        width = dice.between(70, 90)
        height = min(width / aspect, 84)
        frame = ((100 - width) / 2, 90 - height, width, height)
        return scene(dice, places, desk, element(kind, frame, look, private))
    width = dice.between(44, 64)
    height = width / aspect
    x, ground = dice.between(3, 97 - width), dice.between(84, 92)
    beside = x > 50 - width / 2
    if layout == 1:
        extra, shown = 4.0 if beside else 78.0, element(kind, (x, ground - height, width, height), look, private)
        plant = Element("plant", extra, 60, 18, 28, {"colour": vivid})
        cup = Element("cup", extra, 72, 14, 16, {"colour": vivid, "above": False})
        return scene(dice, places, desk, plant if dice.chance(0.5) else cup, shown)
    sitter = person(dice, 22.0 if beside else 78.0, 101, dice.between(66, 84))
    frame = (97 - width if beside else 3.0, 94 - height, width, height)
    return scene(dice, places, sitter, desk, element(kind, frame, look, private))
