"""Scenes of the groups Face, Body, Biometric and of landmarks: people and what they leave behind."""

import numpy as np

from sppe_lib.world.content import FIRST_NAMES, LAST_NAMES, NOTES, box, person, pick, scene, table_things, text, tilt
from sppe_lib.world.props_landmarks import LANDMARKS
from sppe_lib.world.props_shapes import INKS, LIGHT, PAPERS, VIVID
from sppe_lib.world.scene import Element, Scene

PEOPLE_PLACES = ("street", "park", "room", "office", "beach", "shop", "wall", "city")


def human_face(rng: np.random.Generator) -> Scene:
    """A close-up of one face."""
    height = float(rng.uniform(100, 130))
    sitter = person(rng, float(rng.uniform(42, 58)), height + float(rng.uniform(-3, 9)), height, "bust", "head")
    behind = []
    if rng.random() < 0.3:
        behind.append(person(rng, float(pick(rng, (14, 86))), 100, float(rng.uniform(52, 68))))
    return scene(rng, PEOPLE_PLACES, behind, sitter)


def faces(rng: np.random.Generator) -> Scene:
    """One to three people in a scene; all heads are private."""
    count = 1 + int(rng.choice(3, p=(0.4, 0.35, 0.25)))
    framing = "full" if rng.random() < (0.2 if count < 3 else 0.4) else "bust"
    elements = []
    for index in range(count):
        middle = 100 * (index + 0.5) / count + float(rng.uniform(-4, 4))
        if framing == "full":
            elements.append(person(rng, middle, float(rng.uniform(92, 98)), float(rng.uniform(70, 92)), "full", "head"))
        else:
            high = {1: 95, 2: 72, 3: 56}[count]
            elements.append(person(rng, middle, 101, float(rng.uniform(high - 18, high + 6)), "bust", "head"))
    front = []
    if framing == "bust" and rng.random() < 0.25:
        front = [Element("cup", float(rng.uniform(8, 78)), 84, 14, 16, {"colour": pick(rng, VIVID), "above": False})]
    return scene(rng, PEOPLE_PLACES, elements, front)


def body(rng: np.random.Generator) -> Scene:
    """One person, all of whom is private; sometimes others stand behind."""
    framing = "full" if rng.random() < 0.7 else "bust"
    behind = []
    if framing == "full":
        main = person(
            rng, float(rng.uniform(28, 72)), float(rng.uniform(94, 99)), float(rng.uniform(58, 94)), "full", "all"
        )
        if rng.random() < 0.3:
            x = 12.0 if main.x > 30 else 88.0
            behind.append(person(rng, x, 88, float(rng.uniform(44, 60)), "full"))
    else:
        main = person(rng, float(rng.uniform(38, 62)), 101, float(rng.uniform(74, 104)), "bust", "all")
    if rng.random() < 0.3:
        behind.append(Element("plant", float(pick(rng, (2, 76))), 66, 20, 30, {"colour": pick(rng, VIVID)}))
    return scene(rng, PEOPLE_PLACES, behind, main)


def fingerprint(rng: np.random.Generator) -> Scene:
    """The ridges of a finger: on paper, on an identity sheet, on a scanner."""
    look = {
        "pattern": pick(rng, ("whorl", "loop", "arch")),
        "ink": pick(rng, INKS),
        "ground": "",
        "ridges": int(rng.integers(7, 10)),
        "phase": round(float(rng.uniform(0, 6.28)), 2),
        "bend": round(float(rng.uniform(-0.6, 0.6)), 2),
        "rotation": tilt(rng, 20),
    }
    layout = int(rng.integers(4))
    if layout == 0:
        frame = box(rng, 0.78, 62, 90)
        return scene(rng, ("paper", "wall"), Element("fingerprint", *frame, look, "print"))
    if layout == 1:
        sheet = Element(
            "paper",
            14,
            6,
            72,
            88,
            {"paper": pick(rng, PAPERS), "ruled": "form", "accent": pick(rng, VIVID), "text": ""},
        )
        return scene(
            rng,
            "desk",
            table_things(rng),
            sheet,
            Element("fingerprint", 36, 42, 27, 33, {**look, "ridges": 6}, "print"),
            text("ID " + str(int(rng.integers(10, 99))), 22, 23, 56, 9, "black", private=False),
        )
    if layout == 2:
        frame = box(rng, 0.78, 50, 60, 8)
        return scene(
            rng,
            ("paper", "desk"),
            Element("paper", 4, 4, 92, 92, {"paper": pick(rng, PAPERS)}),
            Element("fingerprint", *frame, look, "print"),
        )
    tone = pick(rng, ("green", "teal", "blue", "light blue"))
    pad = Element("sign", 16, 8, 68, 84, {"colour": "black", "edge": "grey", "model": "board"})
    return scene(
        rng,
        ("desk", "office"),
        pad,
        Element("fingerprint", 27, 16, 46, 60, {**look, "ink": tone, "rotation": 0}, "print"),
        text("SCAN", 34, 79, 32, 10, tone, private=False),
    )


def _sheet(rng: np.random.Generator, ruled: tuple[str, ...] = ("", "", "lines", "grid")) -> Element:
    return Element(
        "paper",
        *box(rng, float(rng.uniform(0.75, 1.3)), 82, 94),
        {"paper": pick(rng, PAPERS), "ruled": pick(rng, ruled)},
    )


def signature(rng: np.random.Generator) -> Scene:
    """A signature on a letter, a form, a card or a big sheet."""
    name = (
        pick(rng, FIRST_NAMES)[0] + pick(rng, LAST_NAMES).lower()
        if rng.random() < 0.5
        else pick(rng, FIRST_NAMES).capitalize()
    )
    look = {
        "text": name,
        "ink": pick(rng, INKS),
        "slant": round(float(rng.uniform(0.1, 0.6)), 2),
        "flourish": int(rng.integers(4)),
        "rotation": tilt(rng, 10),
    }
    layout = int(rng.integers(3))
    if layout == 0:
        frame = box(rng, float(rng.uniform(1.5, 2.3)), 66, 90)
        return scene(
            rng,
            "paper",
            Element("signature", *frame, look, "text"),
            [Element("pen", 62, 66, 32, 32, {"colour": pick(rng, VIVID)})] if frame[1] + frame[3] < 66 else [],
        )
    if layout == 1:
        sheet = Element(
            "paper", 10, 5, 80, 90, {"paper": pick(rng, PAPERS), "ruled": "form", "accent": pick(rng, VIVID)}
        )
        return scene(
            rng,
            "desk",
            table_things(rng),
            sheet,
            Element("signature", 18, 42, 62, 34, look, "text"),
            text("SIGN HERE", 20, 24, 60, 8, "black", private=False),
        )
    card = Element(
        "letter",
        6,
        20,
        88,
        58,
        {
            "paper": pick(rng, PAPERS),
            "stamp": pick(rng, VIVID),
            "text": "",
            "ink": "black",
            "style": "front",
            "rotation": 0,
        },
    )
    return scene(rng, "desk", card, Element("signature", 12, 42, 62, 33, look, "text"))


def handwriting(rng: np.random.Generator) -> Scene:
    """Lines of handwriting on a sheet, a sticky note, a blackboard or a shopping list."""
    rows = tuple(
        " ".join(str(word) for word in rng.permutation(NOTES)[: int(rng.integers(1, 3))])
        for _ in range(int(rng.integers(2, 5)))
    )
    look = {"text": rows, "ink": pick(rng, INKS), "slant": round(float(rng.uniform(0, 0.4)), 2)}
    layout = int(rng.integers(3))
    if layout == 0:
        sheet = _sheet(rng, ("", "lines", "lines", "grid"))
        inner = (sheet.x + 6, sheet.y + 5, sheet.width - 12, sheet.height - 12)
        return scene(rng, "desk", sheet, Element("handwriting", *inner, look, "text"))
    if layout == 1:
        note = Element(
            "paper",
            *box(rng, 1.0, 46, 66, 8),
            {"paper": pick(rng, ("yellow", "pink", "light green", "light blue")), "ruled": ""},
        )
        inner = (note.x + 4, note.y + 4, note.width - 8, note.height - 8)
        behind = [person(rng, float(pick(rng, (22, 78))), 101, 74)] if rng.random() < 0.35 else []
        return scene(
            rng,
            ("wall", "office", "desk") if not behind else ("room", "office", "wall"),
            behind,
            note,
            Element("handwriting", *inner, {**look, "text": rows[:2]}, "text"),
        )
    board = Element("sign", 4, 10, 92, 74, {"colour": "dark green", "edge": "brown", "model": "board"})
    front = [person(rng, 82, 101, 62)] if rng.random() < 0.5 else []
    return scene(
        rng,
        ("room", "office", "wall"),
        board,
        Element(
            "handwriting",
            10,
            16,
            56 if front else 80,
            60,
            {**look, "ink": pick(rng, ("white", "yellow", "light pink")), "text": rows[:3]},
            "text",
        ),
        front,
    )


def landmark(rng: np.random.Generator) -> Scene:
    """A building that gives the place away; sometimes a tourist stands before it."""
    kind = pick(rng, LANDMARKS)
    aspect = {
        "iron tower": 0.6,
        "pyramid": 1.5,
        "domed palace": 1.2,
        "bridge": 1.9,
        "castle": 1.2,
        "clock tower": 0.5,
        "windmill": 0.75,
        "arch": 1.05,
        "pagoda": 0.9,
        "temple": 1.5,
        "skyscraper": 0.55,
        "lighthouse": 0.5,
        "big wheel": 0.95,
        "statue": 0.55,
    }[kind]
    longer = float(rng.uniform(48, 90))
    width, height = (longer, longer / aspect) if aspect >= 1 else (longer * aspect, longer)
    ground = float(rng.uniform(76, 92))
    height = min(height, ground - 3)
    x = float(rng.uniform(2, max(98 - width, 3)))
    look = {
        "type": kind,
        "colour": pick(
            rng, LIGHT[1:3] + ("brown", "grey", "light brown", "orange", "dark red", "silver", "red", "teal")
        ),
        "trim": pick(rng, ("dark grey", "dark red", "dark blue", "brown", "gold", "dark green")),
    }
    front = []
    if rng.random() < 0.4:
        left = x + width / 2 > 50
        front = [person(rng, 18.0 if left else 82.0, 99, float(rng.uniform(42, 60)), pick(rng, ("bust", "full")))]
    return scene(
        rng,
        ("park", "street", "beach", "city", "park", "snow"),
        Element("landmark", x, ground - height, width, height, look, "all"),
        front,
    )


SCENES = {
    "human face": human_face,
    "faces": faces,
    "person": body,
    "fingerprint": fingerprint,
    "signature": signature,
    "handwriting": handwriting,
    "landmark": landmark,
}
