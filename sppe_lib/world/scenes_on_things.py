"""Layouts that carry a private text on other things: signs, badges, cakes, calendars, clocks, photographs."""

import numpy as np

from sppe_lib.world.content import person, pick, scene, text
from sppe_lib.world.props_shapes import VIVID, contrasting, is_dark
from sppe_lib.world.scene import Element, Scene
from sppe_lib.world.scenes_on_paper import Text, font_of, rows_height


def on_sign(rng: np.random.Generator, content: Text, title: str = "") -> Scene:
    """A door plate, a sign on a post or a mailbox, sometimes with a person beside it."""
    model = pick(rng, ("board", "post", "mailbox"))
    colour = pick(rng, VIVID + ("white", "gold", "silver", "cream", "black"))
    edge = contrasting(colour)
    beside = rng.random() < 0.4
    width = float(rng.uniform(60, 72)) if beside else float(rng.uniform(66, 92))
    tall = max(rows_height(content, 17), 20)
    x = float(rng.uniform(3, 97 - width)) if not beside else 3.0
    elements: list[Element] = []
    if model == "mailbox":
        height = min(tall * 2.4, 84)
        y = 92 - height
        colour = pick(rng, VIVID)
        elements.append(Element("sign", x, y, width, height, {"colour": colour, "edge": "black", "model": model}))
        words = text(content, x + width * 0.1, y + height * 0.45, width * 0.8, height * 0.4, "black", font_of(rng))
    else:
        height = tall + 12
        y = float(rng.uniform(10, 40))
        if model == "board" and rng.random() < 0.6:
            elements.append(
                Element("door", x + 1, 2, width - 2, 98, {"colour": pick(rng, VIVID + ("brown", "dark brown"))})
            )
        elements.append(Element("sign", x, y, width, height, {"colour": colour, "edge": edge, "model": model}))
        words = text(content, x + width * 0.06, y + 5, width * 0.88, height - 10, edge, font_of(rng))
    passer = [person(rng, 85, 100, float(rng.uniform(58, 74)), pick(rng, ("bust", "full")))] if beside else []
    return scene(
        rng,
        ("street", "park", "street", "city") if model != "board" else ("wall", "street", "office"),
        elements,
        words,
        passer,
    )


def on_badge(rng: np.random.Generator, content: Text, title: str = "HELLO") -> Scene:
    """A name badge, close up or worn by a person."""
    colour, worn = pick(rng, VIVID), rng.random() < 0.6
    width, height = (54.0, 37.0) if worn else (float(rng.uniform(66, 92)), float(rng.uniform(50, 66)))
    x, y = ((100 - width) / 2 + float(rng.uniform(-4, 4)), 61.0 if worn else float(rng.uniform(10, 96 - height)))
    badge = Element(
        "sign", x, y, width, height, {"colour": colour, "edge": "grey", "model": "badge", "text": title or "HELLO"}
    )
    words = text(
        content,
        x + width * 0.05,
        y + height * 0.4,
        width * 0.9,
        height * 0.52,
        pick(rng, ("black", "dark blue", "dark red", "purple")),
        font_of(rng),
    )
    wearer = [person(rng, 50, 92, float(rng.uniform(80, 86)))] if worn else []
    return scene(rng, ("office", "room", "shop", "street") if worn else ("desk", "wall"), wearer, badge, words)


def on_cake(rng: np.random.Generator, content: Text, title: str = "") -> Scene:
    """A birthday cake, with or without the birthday child."""
    width = float(rng.uniform(66, 92))
    height = width * 0.82
    x, y = (100 - width) / 2 + float(rng.uniform(-4, 4)), 94 - height
    colour = pick(
        rng, ("pink", "light yellow", "brown", "light green", "light blue", "lavender", "cream", "dark brown")
    )
    icing = pick(rng, [tone for tone in ("white", "pink", "yellow", "teal", "red", "cream") if tone != colour])
    child = [person(rng, float(pick(rng, (24, 76))), 80, float(rng.uniform(72, 80)))] if rng.random() < 0.55 else []
    table = Element("table", -2, 88, 104, 14, {"colour": pick(rng, ("white", "brown", "light brown", "red", "blue"))})
    words = text(
        content,
        x + width * 0.12,
        y + height * 0.43,
        width * 0.76,
        height * 0.46,
        "white" if is_dark(colour) else pick(rng, ("dark red", "dark blue", "purple", "black")),
        font_of(rng),
    )
    return scene(
        rng,
        ("room", "wall", "park"),
        child,
        table,
        Element("cake", x, y, width, height, {"colour": colour, "icing": icing}),
        words,
    )


def on_calendar(rng: np.random.Generator, content: Text, title: str = "") -> Scene:
    """A tear-off calendar on a wall or a desk."""
    height = float(rng.uniform(62, 90))
    width = height * float(rng.uniform(0.82, 1.0))
    x, y = float(rng.uniform(4, 96 - width)), float(rng.uniform(4, 96 - height))
    sheet = Element("calendar", x, y, width, height, {"colour": pick(rng, VIVID)})
    words = text(
        content,
        x + width * 0.08,
        y + height * 0.29,
        width * 0.84,
        height * 0.64,
        pick(rng, ("black", "dark red", "dark blue", "dark green")),
        "sans",
    )
    room = 96 - width > 30 and rng.random() < 0.5
    passer = [person(rng, 86 if x + width / 2 < 50 else 14, 101, 60)] if room else []
    return scene(
        rng, ("wall", "office", "room", "desk") if not passer else ("wall", "office", "room"), sheet, words, passer
    )


def on_clock(rng: np.random.Generator, content: Text, title: str = "") -> Scene:
    """A digital clock on a table or on a station wall."""
    width = float(rng.uniform(56, 94))
    height = width * float(rng.uniform(0.46, 0.6))
    screen, ink = pick(
        rng,
        (
            ("black", "red"),
            ("black", "light green"),
            ("dark blue", "light blue"),
            ("light green", "black"),
            ("light grey", "black"),
            ("black", "orange"),
        ),
    )
    x, y = float(rng.uniform(3, 97 - width)), float(rng.uniform(84, 92)) - height
    table = Element("table", -2, 80, 104, 22, {"colour": pick(rng, ("brown", "light brown", "white", "grey"))})
    body = Element(
        "clock",
        x,
        y,
        width,
        height,
        {"colour": pick(rng, VIVID + ("white", "dark grey")), "screen": screen, "model": "digital"},
    )
    words = text(
        content, x + width * 0.09, y + height * 0.17, width * 0.82, height * 0.58, ink, pick(rng, ("sans", "mono"))
    )
    behind = [person(rng, float(pick(rng, (20, 80))), 88, float(rng.uniform(72, 84)))] if rng.random() < 0.4 else []
    return scene(rng, ("room", "office", "wall", "shop"), behind, table, body, words)


def on_photograph(rng: np.random.Generator, content: Text, title: str = "") -> Scene:
    """A time stamp in the corner of a photograph of people or a view."""
    label = content if isinstance(content, str) else " ".join(content)
    ink = pick(rng, ("orange", "yellow", "white", "red"))
    width = float(rng.uniform(46, 74))
    right, low = rng.random() < 0.75, rng.random() < 0.85
    stamp = text(
        label,
        97 - width if right else 3,
        84 if low else 3,
        width,
        13,
        ink,
        pick(rng, ("mono", "sans")),
        panel="#000000aa",
    )
    count = int(rng.integers(1, 3))
    sitters = [
        person(rng, 100 * (index + 0.5) / count, 101, float(rng.uniform(66, 84)) - 8 * count) for index in range(count)
    ]
    return scene(rng, ("street", "park", "beach", "room", "city"), sitters, stamp)
