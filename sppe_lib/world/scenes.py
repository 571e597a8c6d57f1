"""Scenes of the 36 privacy categories and of the eight unseen kinds, each drawn at random from several layouts."""

import zlib
from collections.abc import Callable
from functools import partial

import numpy as np

from sppe_lib.data.taxonomy import category as look_up
from sppe_lib.world import carriers, read_asset, things  # noqa: F401  (registers drawers)
from sppe_lib.world.colours import PAPERS, VIVID
from sppe_lib.world.dice import LISTS, LOOKS, Dice
from sppe_lib.world.layouts import box, device, element, part, person, present, scene, sides, table, table_things, text
from sppe_lib.world.scene import Element, Scene
from sppe_lib.world.unseen_scenes import UNSEEN_SCENES

_TABLE = read_asset("scenes.yaml")
PEOPLE_PLACES = "street park room office beach shop wall city"


def human_face(dice: Dice) -> Scene:
    """A close-up of one face."""
    height = dice.between(100, 130)
    sitter = person(dice, dice.between(42, 58), height + dice.between(-3, 9), height, "bust", "head")
    behind = [person(dice, float(dice.pick((14, 86))), 100, dice.between(52, 68))] if dice.chance(0.3) else []
    return scene(dice, PEOPLE_PLACES, behind, sitter)


def faces(dice: Dice) -> Scene:
    """One to three people in a scene; all heads are private."""
    count = 1 + int(dice.rng.choice(3, p=(0.4, 0.35, 0.25)))
    full, high = dice.chance(0.2 if count < 3 else 0.4), (95, 72, 56)[count - 1]
    people, cup = [], []
    for index in range(count):
        middle = 100 * (index + 0.5) / count + dice.between(-4, 4)
        if full:
            people.append(person(dice, middle, dice.between(92, 98), dice.between(70, 92), "full", "head"))
        else:
            people.append(person(dice, middle, 101, dice.between(high - 18, high + 6), "bust", "head"))
    if not full and dice.chance(0.25):
        cup = [Element("cup", dice.between(8, 78), 84, 14, 16, {"colour": dice.pick(VIVID), "above": False})]
    return scene(dice, PEOPLE_PLACES, people, cup)


def body(dice: Dice) -> Scene:
    """One person, all of whom is private; sometimes others stand behind."""
    behind = []
    if dice.chance(0.7):
        main = person(dice, dice.between(28, 72), dice.between(94, 99), dice.between(58, 94), "full", "all")
        if dice.chance(0.3):
            behind.append(person(dice, 12.0 if main.x > 30 else 88.0, 88, dice.between(44, 60), "full"))
    else:
        main = person(dice, dice.between(38, 62), 101, dice.between(74, 104), "bust", "all")
    if dice.chance(0.3):
        behind.append(Element("plant", float(dice.pick((2, 76))), 66, 20, 30, {"colour": dice.pick(VIVID)}))
    return scene(dice, PEOPLE_PLACES, behind, main)


def fingerprint(dice: Dice) -> Scene:
    """The ridges of a finger: on paper, on an identity sheet, on a scanner."""
    look, layout = dice.record("fingerprint"), dice.whole(0, 4)
    if layout == 0:
        return scene(dice, "paper wall", element("fingerprint", box(dice, 0.78, 62, 90), look, "print"))
    if layout == 1:
        form = {"paper": dice.pick(PAPERS), "ruled": "form", "accent": dice.pick(VIVID), "text": ""}
        ridges = element("fingerprint", (36, 42, 27, 33), look, "print", ridges=6)
        about = table_things(dice)
        number = text(f"ID {dice.whole(10, 99)}", (22, 23, 56, 9), private=False)
        return scene(dice, "desk", about, Element("paper", 14, 6, 72, 88, form), ridges, number)
    if layout == 2:
        ridges = element("fingerprint", box(dice, 0.78, 50, 60, 8), look, "print")
        return scene(dice, "paper desk", Element("paper", 4, 4, 92, 92, {"paper": dice.pick(PAPERS)}), ridges)
    tone = dice.pick(("green", "teal", "blue", "light blue"))
    pad = Element("sign", 16, 8, 68, 84, {"colour": "black", "edge": "grey", "model": "board"})
    ridges = element("fingerprint", (27, 16, 46, 60), look, "print", ink=tone, rotation=0)
    return scene(dice, "desk office", pad, ridges, text("SCAN", (34, 79, 32, 10), tone, private=False))


def signature(dice: Dice) -> Scene:
    """A signature on a letter, a form, a card or a big sheet."""
    look, layout = dice.record("signature"), dice.whole(0, 3)
    if layout == 0:
        frame = box(dice, dice.between(1.5, 2.3), 66, 90)
        pen = [Element("pen", 62, 66, 32, 32, {"colour": dice.pick(VIVID)})] if frame[1] + frame[3] < 66 else []
        return scene(dice, "paper", element("signature", frame, look, "text"), pen)
    if layout == 1:
        form = {"paper": dice.pick(PAPERS), "ruled": "form", "accent": dice.pick(VIVID)}
        name = element("signature", (18, 42, 62, 34), look, "text")
        heading = text("SIGN HERE", (20, 24, 60, 8), private=False)
        return scene(dice, "desk", table_things(dice), Element("paper", 10, 5, 80, 90, form), name, heading)
    letter = {"paper": dice.pick(PAPERS), "stamp": dice.pick(VIVID), "text": "", "ink": "black", "style": "front"}
    name = element("signature", (12, 42, 62, 33), look, "text")
    return scene(dice, "desk", Element("letter", 6, 20, 88, 58, letter | {"rotation": 0}), name)


def handwriting(dice: Dice) -> Scene:
    """Lines of handwriting on a sheet, a sticky note, a blackboard or a shopping list."""
    look, layout = dice.record("handwriting"), dice.whole(0, 3)
    if layout == 0:
        x, y, width, height = frame = box(dice, dice.between(0.75, 1.3), 82, 94)
        sheet = {"paper": dice.pick(PAPERS), "ruled": dice.pick(("", "lines", "lines", "grid"))}
        words = element("handwriting", (x + 6, y + 5, width - 12, height - 12), look, "text")
        return scene(dice, "desk", Element("paper", *frame, sheet), words)
    if layout == 1:
        x, y, width, height = frame = box(dice, 1.0, 46, 66, 8)
        note = {"paper": dice.pick(("yellow", "pink", "light green", "light blue")), "ruled": ""}
        behind = [person(dice, float(dice.pick((22, 78))), 101, 74)] if dice.chance(0.35) else []
        words = element("handwriting", (x + 4, y + 4, width - 8, height - 8), look, "text", text=look["text"][:2])
        places = "room office wall" if behind else "wall office desk"
        return scene(dice, places, behind, Element("paper", *frame, note), words)
    board = Element("sign", 4, 10, 92, 74, {"colour": "dark green", "edge": "brown", "model": "board"})
    front = [person(dice, 82, 101, 62)] if dice.chance(0.5) else []
    look |= {"ink": dice.pick(("white", "yellow", "light pink")), "text": look["text"][:3]}
    words = element("handwriting", (10, 16, 56 if front else 80, 60), look, "text")
    return scene(dice, "room office wall", board, words, front)


def landmark(dice: Dice) -> Scene:
    """A building that gives the place away; sometimes a tourist stands before it."""
    kind = dice.pick(LISTS["landmarks"])
    width, height = sides(dice.between(48, 90), LOOKS["landmark aspects"][kind])
    ground = dice.between(76, 92)
    height = min(height, ground - 3)
    x, tourist = dice.between(2, max(98 - width, 3)), []
    building = element("landmark", (x, ground - height, width, height), dice.record("landmark"), "all", type=kind)
    if dice.chance(0.4):
        side = 18.0 if x + width / 2 > 50 else 82.0
        tourist = [person(dice, side, 99, dice.between(42, 60), dice.pick(("bust", "full")))]
    return scene(dice, "park street beach city park snow", building, tourist)


def student_id(dice: Dice) -> Scene:
    """A student card with photo, name and number; on a lanyard, a table or in a hand."""
    look = dice.record("student id")
    if not dice.chance(0.4):
        return present(dice, look)
    look["lanyard"] = dice.pick(VIVID)
    holder = [person(dice, 50, 90, 84)] if dice.chance(0.5) else []
    card = element("student_id", (36, 61, 28, 38) if holder else (26, 20, 48, 72), look, look["_private"])
    return scene(dice, "room office wall park", holder, card)


def education_history(dice: Dice) -> Scene:
    """A diploma or a curriculum vitae."""
    look = dice.record("education")
    return present(dice, look | dice.record(look["_kind"], first=look["_first"], last=look["_last"]))


def picture_frame(dice: Dice) -> Scene:
    """A framed photograph or picture on a wall or a shelf."""
    look, frame = dice.record("picture frame"), box(dice, dice.pick((0.8, 0.8, 1.0, 1.25)), 40, 84, 6)
    below = frame[1] + frame[3] < 62 and dice.chance(0.7)
    extras = [person(dice, float(dice.pick((20, 80))), 101, dice.between(48, 62))] if below else []
    hung = element("picture_frame", frame, look, dice.pick(("all", "photo", "all")))
    return scene(dice, "wall room office wall", hung, extras)


def medicine(dice: Dice) -> Scene:
    """A box, a bottle or a blister of medicine."""
    look = dice.record("medicine")
    if look["form"] != "bottle" or not dice.chance(0.6):
        return present(dice, look | {"_private": dice.pick(("all", "all", "text"))})
    below, height = table(dice.pick(("brown", "white", "light brown", "grey"))), dice.between(52, 84)
    x = dice.between(6, 94 - height * 0.62)
    bottle = element("medicine", (x, 92 - height, height * 0.62, height), look, dice.pick(("all", "text")))
    pills = Element("pills", 78.0 if x < 40 else 4.0, 80, 18, 14, {"colour": dice.pick(VIVID), "accent": "white"})
    return scene(dice, "room shop wall", below, bottle, pills)


def television(dice: Dice) -> Scene:
    """A television with private content."""
    model = dice.pick(("flat", "flat", "old"))
    return device(dice, "television", 1.55 if model == "flat" else 1.15, model=model)


def plate_close_up(dice: Dice) -> Scene:
    """A registration plate seen from near, sometimes off its car: on a table or a wall."""
    bumper, width = Element("bumper", 0, 0, 100, 100, dice.record("car")), dice.between(64, 96)
    height = width / dice.between(2.0, 3.4)
    frame = ((100 - width) / 2 + dice.between(-2, 2), 53 - height / 2, width, height)
    plate = element("plate", frame, dice.record("plate"), "all")
    if not dice.chance(0.25):
        return scene(dice, "street city", bumper, plate)
    frame = box(dice, 2.6, 60, 94)
    return scene(dice, "desk wall", element("plate", frame, dice.record("plate"), "all", rotation=dice.tilt(10)))


def _car(dice: Dice, x: float, ground: float, width: float) -> list[Element]:
    """A car and its private plate."""
    model = dice.pick(("car", "car", "van"))
    height = width * (0.92 if model == "van" else 0.8)
    frame = part((x, ground - height, width, height), 0, 0, 1, 1)  # to the hundredth
    car = element("car", frame, dice.record("car"), model=model)
    place = part(frame, *((0.29, 0.67, 0.42, 0.155) if width > 56 else (0.2, 0.645, 0.6, 0.21)))
    return [car, element("plate", place, dice.record("plate"), "all")]


def car_plate(dice: Dice) -> Scene:
    """One car with its plate, sometimes a person beside it."""
    width = dice.between(60, 96)
    x, ground, beside = dice.between(2, 98 - width), dice.between(90, 97), []
    if width < 78 and dice.chance(0.6):
        right = x + width / 2 > 50
        beside = [person(dice, 12.0 if right else 88.0, ground, dice.between(56, 68), "full")]
        x = 97 - width if right else 3.0
    return scene(dice, "street city park beach street snow", beside, _car(dice, x, ground, width))


def several_plates(dice: Dice) -> Scene:
    """Two to four cars, each with a plate."""
    first, *others = _TABLE["parked"][dice.whole(2, 5)]
    places = others[0] if others and not dice.chance(0.5) else first
    return scene(dice, "street city park street", [one for place in places for one in _car(dice, *place)])


def date_time(dice: Dice) -> Scene:
    """A date, a time or both on a clock, a calendar or a photograph."""
    layout = dice.pick((carriers.clock, carriers.calendar, carriers.photograph, carriers.print_, carriers.photograph))
    day, month = date = dice.record("date")["text"]
    if layout is carriers.calendar:
        return layout(dice, date, "")
    written = dice.record("time") if layout is carriers.clock else dice.record("stamp", day=day, month=month)
    return layout(dice, written["text"], "")


def flat(recipe: str, dice: Dice) -> Scene:
    """A flat thing, shown in one of several ways."""
    return present(dice, dice.record(recipe))


def carried(recipe: str, title: str, names: str, dice: Dice) -> Scene:
    """A private text on one of the carriers; `title` is a word beside it."""
    layout = getattr(carriers, dice.pick(names.split()))
    return layout(dice, dice.record(recipe)["text"], title)


MAKERS: dict[str, Callable[[Dice], Scene]] = {
    "human face": human_face, "faces": faces, "person": body, "fingerprint": fingerprint, "signature": signature,
    "handwriting": handwriting, "landmark": landmark,
    "student id": student_id, "education history": education_history, "picture frame": picture_frame,
    "medicine": medicine, "date time": date_time, "television": television,
    "vehicle registration plate": plate_close_up, "plate": car_plate, "multi-vehicle plates": several_plates,
    **{name: partial(flat, recipe) for name, recipe in _TABLE["flat"].items()},
    **{name: partial(carried, *row) for name, row in _TABLE["carried"].items()},
    **{name: partial(device, **row) for name, row in _TABLE["devices"].items()},
}  # fmt: skip
"""Category -> function that draws a scene of it."""


def make_scene(name: str, seed: int) -> Scene:
    """The scene of a category (exact published spelling; ConfigError for another) or of an unseen kind for a seed."""
    maker = UNSEEN_SCENES[name] if name in UNSEEN_SCENES else MAKERS[look_up(name).name]
    # crc32, not hash(): the same in every process.
    return maker(Dice(np.random.default_rng([zlib.crc32(name.encode()), int(seed)])))
