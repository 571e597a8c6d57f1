"""Scenes of the groups Contact, Identity and Time: private text on things that carry it."""

from collections.abc import Callable

import numpy as np

from sppe_lib.benchmark.world import people
from sppe_lib.benchmark.world.content import (
    address, birth_date, box, calendar_date, clock_time, email, full_name, person, pick, scene, table_things, telephone,
    text, username,
)
from sppe_lib.benchmark.world.props_documents import EMBLEMS, paper_ink
from sppe_lib.benchmark.world.props_objects import PICTURES
from sppe_lib.benchmark.world.props_shapes import LIGHT, PAPERS, VIVID, contrasting, is_dark, lines_of
from sppe_lib.benchmark.world.scene import Element, Scene

Text = str | tuple[str, ...]


def _font(rng: np.random.Generator) -> str:
    return pick(rng, ("sans", "sans", "mono", "serif"))


def _rows(content: Text, tall: float) -> float:
    """Height of a text box whose rows are `tall` high."""
    return tall * len(lines_of(content))


def on_card(rng: np.random.Generator, content: Text, title: str = "") -> Scene:
    """A business card on a table, or held up by a person."""
    colour = pick(rng, PAPERS + ("beige", "dark blue", "dark red", "dark green", "black"))
    ink = pick(rng, paper_ink(colour))
    held = rng.random() < 0.4
    width = float(rng.uniform(62, 90))
    height = width / 1.6
    x, y = float(rng.uniform(3, 97 - width)), float(rng.uniform(3, 97 - height))
    holder, grips = [], []
    if held:
        holder = [person(rng, 50 + float(rng.uniform(-12, 12)), 90, 82)]
        width = float(rng.uniform(58, 70))
        height = width / 1.75
        x, y = (100 - width) / 2, 97 - height
        grips = [Element("hand", x - 8, y + height * 0.55, 17, 26, {"skin": holder[0].attributes["body_skin"], "thumb": True})]
    stripe = pick(rng, [tone for tone in VIVID if tone != colour])
    card = Element("business_card", x, y, width, height,
                   {"colour": colour, "stripe": stripe, "ink": ink, "emblem": pick(rng, EMBLEMS), "text": title})
    tall = height * (0.52 if len(lines_of(content)) > 1 else 0.34)
    words = text(content, x + width * 0.1, y + height * 0.4, width * 0.86, tall, ink, _font(rng))
    return scene(rng, ("room", "office", "shop", "street") if held else "desk", holder if held else table_things(rng),
                 card, words, grips)


def on_page(rng: np.random.Generator, content: Text, title: str = "") -> Scene:
    """A profile page on a screen, with a portrait and the text beside it."""
    frame = box(rng, float(rng.uniform(1.0, 1.3)), 78, 96)
    x, y, width, height = frame
    screen = pick(rng, ("white", "light blue", "light yellow", "lavender", "light pink", "light green", "light grey"))
    sitter = people.random_person(rng)
    page = Element("page", *frame, {"screen": screen, "accent": pick(rng, VIVID), "backdrop": pick(rng, LIGHT),
                                    "photo": sitter if rng.random() < 0.8 else None})
    tall = min(height * 0.4, _rows(content, 17))
    words = text(content, x + width * 0.39, y + height * 0.24, width * 0.58, tall, pick(rng, paper_ink(screen)), _font(rng))
    heading = [text(title, x + width * 0.4, y + height * 0.66, width * 0.3, 7, "grey", private=False)] if title else []
    return scene(rng, ("desk", "office", "wall", "room"), page, words, heading)


def on_phone(rng: np.random.Generator, content: Text, title: str = "") -> Scene:
    """A mobile telephone that shows a caller or a page."""
    height = float(rng.uniform(84, 94))
    width = height * 0.62
    x = float(rng.uniform(6, 94 - width))
    y = (100 - height) / 2
    screen = pick(rng, ("white", "black", "dark blue", "light blue", "light yellow", "dark green", "lavender"))
    phone = Element("phone", x, y, width, height, {
        "body": pick(rng, ("black", "dark grey", "white", "red", "dark blue")), "screen": screen, "accent": pick(rng, VIVID),
        "content": "caller" if title == "CALL" and rng.random() < 0.6 else "page", "text": title})
    ink = "white" if is_dark(screen) else pick(rng, paper_ink(screen))
    caller = phone.attributes["content"] == "caller"
    phone = phone.with_attributes(text="") if caller else phone
    top = 0.38 if caller else 0.28
    words = text(content, x + width * 0.1, y + height * top, width * 0.8, min(_rows(content, 17), height * 0.34), ink, "sans")
    skin = pick(rng, people.SKINS)
    held = rng.random() < 0.5
    hand = [Element("hand", x + 4, 44, width, 60, {"skin": skin, "sleeve": pick(rng, VIVID)})] if held else table_things(rng, 1)
    thumb = [Element("hand", x + width - 10, 62, 20, 30, {"skin": skin, "thumb": True})] if held else []
    return scene(rng, ("street", "room", "shop", "park") if held else "desk", hand, phone, words, thumb)


def on_envelope(rng: np.random.Generator, content: Text, title: str = "") -> Scene:
    """An envelope on a table or held by a person."""
    width = float(rng.uniform(72, 94))
    height = width / 1.5
    x, y = float(rng.uniform(2, 98 - width)), float(rng.uniform(3, 97 - height))
    held = rng.random() < 0.3
    holder = [person(rng, 50, 89, 82)] if held else []
    if held:
        width = float(rng.uniform(56, 64))
        height, x = width / 1.55, 50 - width / 2
    y = 97 - height if held else y
    paper = pick(rng, ("white", "cream", "light brown", "light blue", "light yellow", "light pink", "light green"))
    letter = Element("letter", x, y, width, height, {"paper": paper, "stamp": pick(rng, VIVID), "text": "", "ink": "black",
                                                    "style": pick(rng, ("front", "airmail"))})
    words = text(content, x + width * 0.08, y + height * 0.42, width * 0.7, height * (0.46 if len(lines_of(content)) > 1 else 0.28),
                 pick(rng, paper_ink(paper)), _font(rng))
    return scene(rng, ("street", "room", "office") if held else "desk", holder or table_things(rng), letter, words)


def on_sign(rng: np.random.Generator, content: Text, title: str = "") -> Scene:
    """A door plate, a sign on a post or a mailbox, sometimes with a person beside it."""
    model = pick(rng, ("board", "post", "mailbox"))
    colour = pick(rng, VIVID + ("white", "gold", "silver", "cream", "black"))
    edge = contrasting(colour)
    beside = rng.random() < 0.4
    width = float(rng.uniform(60, 72)) if beside else float(rng.uniform(66, 92))
    tall = max(_rows(content, 17), 20)
    x = float(rng.uniform(3, 97 - width)) if not beside else 3.0
    elements: list[Element] = []
    if model == "mailbox":
        height = min(tall * 2.4, 84)
        y = 92 - height
        colour = pick(rng, VIVID)
        elements.append(Element("sign", x, y, width, height, {"colour": colour, "edge": "black", "model": model}))
        words = text(content, x + width * 0.1, y + height * 0.45, width * 0.8, height * 0.4, "black", _font(rng))
    else:
        height = tall + 12
        y = float(rng.uniform(10, 40))
        if model == "board" and rng.random() < 0.6:
            elements.append(Element("door", x + 1, 2, width - 2, 98, {"colour": pick(rng, VIVID + ("brown", "dark brown"))}))
        elements.append(Element("sign", x, y, width, height, {"colour": colour, "edge": edge, "model": model}))
        words = text(content, x + width * 0.06, y + 5, width * 0.88, height - 10, edge, _font(rng))
    passer = [person(rng, 85, 100, float(rng.uniform(58, 74)), pick(rng, ("bust", "full")))] if beside else []
    return scene(rng, ("street", "park", "street", "city") if model != "board" else ("wall", "street", "office"), elements, words, passer)


def on_badge(rng: np.random.Generator, content: Text, title: str = "HELLO") -> Scene:
    """A name badge, close up or worn by a person."""
    colour, worn = pick(rng, VIVID), rng.random() < 0.6
    width, height = (54.0, 37.0) if worn else (float(rng.uniform(66, 92)), float(rng.uniform(50, 66)))
    x, y = (100 - width) / 2 + float(rng.uniform(-4, 4)), 61.0 if worn else float(rng.uniform(10, 96 - height))
    badge = Element("sign", x, y, width, height, {"colour": colour, "edge": "grey", "model": "badge", "text": title or "HELLO"})
    words = text(content, x + width * 0.05, y + height * 0.4, width * 0.9, height * 0.52, pick(rng, ("black", "dark blue", "dark red", "purple")),
                 _font(rng))
    wearer = [person(rng, 50, 92, float(rng.uniform(80, 86)))] if worn else []
    return scene(rng, ("office", "room", "shop", "street") if worn else ("desk", "wall"), wearer, badge, words)


def on_form(rng: np.random.Generator, content: Text, title: str = "") -> Scene:
    """A form with one large field."""
    sheet = Element("paper", *box(rng, float(rng.uniform(0.9, 1.1)), 84, 96),
                    {"paper": pick(rng, PAPERS), "ruled": "form", "accent": pick(rng, VIVID)})
    x, y, width, height = sheet.x, sheet.y, sheet.width, sheet.height
    words = text(content, x + width * 0.09, y + height * 0.4, width * 0.82, height * 0.36, pick(rng, ("black", "dark blue", "dark green", "purple")),
                 _font(rng))
    return scene(rng, "desk", sheet, text(title or "FORM", x + width * 0.1, y + height * 0.21, width * 0.5, height * 0.09, "grey",
                                        private=False), words, table_things(rng, 1) if width < 88 else [])


def on_cake(rng: np.random.Generator, content: Text, title: str = "") -> Scene:
    """A birthday cake, with or without the birthday child."""
    width = float(rng.uniform(66, 92))
    height = width * 0.82
    x, y = (100 - width) / 2 + float(rng.uniform(-4, 4)), 94 - height
    colour = pick(rng, ("pink", "light yellow", "brown", "light green", "light blue", "lavender", "cream", "dark brown"))
    icing = pick(rng, [tone for tone in ("white", "pink", "yellow", "teal", "red", "cream") if tone != colour])
    child = [person(rng, float(pick(rng, (24, 76))), 80, float(rng.uniform(72, 80)))] if rng.random() < 0.55 else []
    table = Element("table", -2, 88, 104, 14, {"colour": pick(rng, ("white", "brown", "light brown", "red", "blue"))})
    words = text(content, x + width * 0.12, y + height * 0.43, width * 0.76, height * 0.46, "white" if is_dark(colour) else
                 pick(rng, ("dark red", "dark blue", "purple", "black")), _font(rng))
    return scene(rng, ("room", "wall", "park"), child, table,
                 Element("cake", x, y, width, height, {"colour": colour, "icing": icing}), words)


def on_calendar(rng: np.random.Generator, content: Text, title: str = "") -> Scene:
    """A tear-off calendar on a wall or a desk."""
    height = float(rng.uniform(62, 90))
    width = height * float(rng.uniform(0.82, 1.0))
    x, y = float(rng.uniform(4, 96 - width)), float(rng.uniform(4, 96 - height))
    sheet = Element("calendar", x, y, width, height, {"colour": pick(rng, VIVID)})
    words = text(content, x + width * 0.08, y + height * 0.29, width * 0.84, height * 0.64,
                 pick(rng, ("black", "dark red", "dark blue", "dark green")), "sans")
    room = 96 - width > 30 and rng.random() < 0.5
    passer = [person(rng, 86 if x + width / 2 < 50 else 14, 101, 60)] if room else []
    return scene(rng, ("wall", "office", "room", "desk") if not passer else ("wall", "office", "room"), sheet, words, passer)


def on_clock(rng: np.random.Generator, content: Text, title: str = "") -> Scene:
    """A digital clock on a table or on a station wall."""
    width = float(rng.uniform(56, 94))
    height = width * float(rng.uniform(0.46, 0.6))
    screen, ink = pick(rng, (("black", "red"), ("black", "light green"), ("dark blue", "light blue"), ("light green", "black"),
                             ("light grey", "black"), ("black", "orange")))
    x, y = float(rng.uniform(3, 97 - width)), float(rng.uniform(84, 92)) - height
    table = Element("table", -2, 80, 104, 22, {"colour": pick(rng, ("brown", "light brown", "white", "grey"))})
    body = Element("clock", x, y, width, height, {"colour": pick(rng, VIVID + ("white", "dark grey")), "screen": screen,
                                                  "model": "digital"})
    words = text(content, x + width * 0.09, y + height * 0.17, width * 0.82, height * 0.58, ink, pick(rng, ("sans", "mono")))
    behind = [person(rng, float(pick(rng, (20, 80))), 88, float(rng.uniform(72, 84)))] if rng.random() < 0.4 else []
    return scene(rng, ("room", "office", "wall", "shop"), behind, table, body, words)


def on_photograph(rng: np.random.Generator, content: Text, title: str = "") -> Scene:
    """A time stamp in the corner of a photograph of people or a view."""
    label = content if isinstance(content, str) else " ".join(content)
    ink = pick(rng, ("orange", "yellow", "white", "red"))
    width = float(rng.uniform(46, 74))
    right, low = rng.random() < 0.75, rng.random() < 0.85
    stamp = text(label, 97 - width if right else 3, 84 if low else 3, width, 13, ink, pick(rng, ("mono", "sans")), panel="#000000aa")
    count = int(rng.integers(1, 3))
    sitters = [person(rng, 100 * (index + 0.5) / count, 101, float(rng.uniform(66, 84)) - 8 * count) for index in range(count)]
    return scene(rng, ("street", "park", "beach", "room", "city"), sitters, stamp)


def on_print(rng: np.random.Generator, content: Text, title: str = "") -> Scene:
    """An instant photograph whose white edge carries the text."""
    height = float(rng.uniform(78, 94))
    width = height * 0.86
    x, y = float(rng.uniform(3, 97 - width)), (100 - height) / 2
    sitter = people.random_person(rng)
    look = {"photo": sitter if rng.random() < 0.6 else None, "picture": pick(rng, PICTURES), "accent": pick(rng, LIGHT)}
    label = content if isinstance(content, str) else " ".join(content)
    words = text(label, x + width * 0.05, y + height * 0.8, width * 0.9, height * 0.16, pick(rng, ("black", "dark blue", "dark red")), "serif")
    return scene(rng, "desk", table_things(rng, 1), Element("photo_print", x, y, width, height, look), words)


def _table(make: Callable, *layouts: Callable, title: str = "") -> Callable[[np.random.Generator], Scene]:
    """A category: random content on one of the layouts."""

    def draw(rng: np.random.Generator) -> Scene:
        layout = pick(rng, layouts)
        return layout(rng, make(rng), title)

    return draw


def _date_time(rng: np.random.Generator) -> Scene:
    layout = pick(rng, (on_clock, on_calendar, on_photograph, on_print, on_photograph))
    date = calendar_date(rng)
    if layout is on_clock:
        return layout(rng, clock_time(rng))
    if layout is on_calendar:
        return layout(rng, date)
    stamp = " ".join(date) if rng.random() < 0.5 else f"{int(rng.integers(1, 13))}.{date[0]}.{int(rng.integers(10, 27))}"
    return layout(rng, stamp)


def _name(rng: np.random.Generator) -> Text:
    first, last = full_name(rng)
    return (first, last) if rng.random() < 0.6 else first


SCENES = {
    "email": _table(email, on_card, on_page, on_phone, on_form, on_card, title="MAIL"),
    "home address": _table(address, on_sign, on_sign, on_envelope, on_form, title="HOME"),
    "phone": _table(telephone, on_phone, on_phone, on_card, on_sign, title="CALL"),
    "current address": _table(address, on_envelope, on_form, on_card, on_phone, title="NOW"),
    "name all": _table(_name, on_badge, on_card, on_sign, on_form, on_page, title="NAME"),
    "birth date": _table(birth_date, on_cake, on_cake, on_form, on_page, title="BORN"),
    "username": _table(username, on_page, on_page, on_phone, on_badge, title="USER"),
    "date time": _date_time,
}
