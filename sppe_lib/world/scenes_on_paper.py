"""Layouts that carry a private text on paper or a screen: cards, pages, telephones, envelopes, forms."""

import numpy as np

from sppe_lib.world import people
from sppe_lib.world.content import box, person, pick, scene, table_things, text
from sppe_lib.world.props_documents import EMBLEMS
from sppe_lib.world.props_papers import paper_ink
from sppe_lib.world.props_pictures import PICTURES
from sppe_lib.world.props_shapes import LIGHT, PAPERS, VIVID, is_dark, lines_of
from sppe_lib.world.scene import Element, Scene

Text = str | tuple[str, ...]


def font_of(rng: np.random.Generator) -> str:
    return pick(rng, ("sans", "sans", "mono", "serif"))


def rows_height(content: Text, tall: float) -> float:
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
        grips = [
            Element(
                "hand", x - 8, y + height * 0.55, 17, 26, {"skin": holder[0].attributes["body_skin"], "thumb": True}
            )
        ]
    stripe = pick(rng, [tone for tone in VIVID if tone != colour])
    card = Element(
        "business_card",
        x,
        y,
        width,
        height,
        {"colour": colour, "stripe": stripe, "ink": ink, "emblem": pick(rng, EMBLEMS), "text": title},
    )
    tall = height * (0.52 if len(lines_of(content)) > 1 else 0.34)
    words = text(content, x + width * 0.1, y + height * 0.4, width * 0.86, tall, ink, font_of(rng))
    return scene(
        rng,
        ("room", "office", "shop", "street") if held else "desk",
        holder if held else table_things(rng),
        card,
        words,
        grips,
    )


def on_page(rng: np.random.Generator, content: Text, title: str = "") -> Scene:
    """A profile page on a screen, with a portrait and the text beside it."""
    frame = box(rng, float(rng.uniform(1.0, 1.3)), 78, 96)
    x, y, width, height = frame
    screen = pick(rng, ("white", "light blue", "light yellow", "lavender", "light pink", "light green", "light grey"))
    sitter = people.random_person(rng)
    page = Element(
        "page",
        *frame,
        {
            "screen": screen,
            "accent": pick(rng, VIVID),
            "backdrop": pick(rng, LIGHT),
            "photo": sitter if rng.random() < 0.8 else None,
        },
    )
    tall = min(height * 0.4, rows_height(content, 17))
    words = text(
        content, x + width * 0.39, y + height * 0.24, width * 0.58, tall, pick(rng, paper_ink(screen)), font_of(rng)
    )
    heading = [text(title, x + width * 0.4, y + height * 0.66, width * 0.3, 7, "grey", private=False)] if title else []
    return scene(rng, ("desk", "office", "wall", "room"), page, words, heading)


def on_phone(rng: np.random.Generator, content: Text, title: str = "") -> Scene:
    """A mobile telephone that shows a caller or a page."""
    height = float(rng.uniform(84, 94))
    width = height * 0.62
    x = float(rng.uniform(6, 94 - width))
    y = (100 - height) / 2
    screen = pick(rng, ("white", "black", "dark blue", "light blue", "light yellow", "dark green", "lavender"))
    phone = Element(
        "phone",
        x,
        y,
        width,
        height,
        {
            "body": pick(rng, ("black", "dark grey", "white", "red", "dark blue")),
            "screen": screen,
            "accent": pick(rng, VIVID),
            "content": "caller" if title == "CALL" and rng.random() < 0.6 else "page",
            "text": title,
        },
    )
    ink = "white" if is_dark(screen) else pick(rng, paper_ink(screen))
    caller = phone.attributes["content"] == "caller"
    phone = phone.with_attributes(text="") if caller else phone
    top = 0.38 if caller else 0.28
    words = text(
        content,
        x + width * 0.1,
        y + height * top,
        width * 0.8,
        min(rows_height(content, 17), height * 0.34),
        ink,
        "sans",
    )
    skin = pick(rng, people.SKINS)
    held = rng.random() < 0.5
    hand = (
        [Element("hand", x + 4, 44, width, 60, {"skin": skin, "sleeve": pick(rng, VIVID)})]
        if held
        else table_things(rng, 1)
    )
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
    letter = Element(
        "letter",
        x,
        y,
        width,
        height,
        {
            "paper": paper,
            "stamp": pick(rng, VIVID),
            "text": "",
            "ink": "black",
            "style": pick(rng, ("front", "airmail")),
        },
    )
    words = text(
        content,
        x + width * 0.08,
        y + height * 0.42,
        width * 0.7,
        height * (0.46 if len(lines_of(content)) > 1 else 0.28),
        pick(rng, paper_ink(paper)),
        font_of(rng),
    )
    return scene(rng, ("street", "room", "office") if held else "desk", holder or table_things(rng), letter, words)


def on_form(rng: np.random.Generator, content: Text, title: str = "") -> Scene:
    """A form with one large field."""
    sheet = Element(
        "paper",
        *box(rng, float(rng.uniform(0.9, 1.1)), 84, 96),
        {"paper": pick(rng, PAPERS), "ruled": "form", "accent": pick(rng, VIVID)},
    )
    x, y, width, height = sheet.x, sheet.y, sheet.width, sheet.height
    words = text(
        content,
        x + width * 0.09,
        y + height * 0.4,
        width * 0.82,
        height * 0.36,
        pick(rng, ("black", "dark blue", "dark green", "purple")),
        font_of(rng),
    )
    return scene(
        rng,
        "desk",
        sheet,
        text(title or "FORM", x + width * 0.1, y + height * 0.21, width * 0.5, height * 0.09, "grey", private=False),
        words,
        table_things(rng, 1) if width < 88 else [],
    )


def on_print(rng: np.random.Generator, content: Text, title: str = "") -> Scene:
    """An instant photograph whose white edge carries the text."""
    height = float(rng.uniform(78, 94))
    width = height * 0.86
    x, y = float(rng.uniform(3, 97 - width)), (100 - height) / 2
    sitter = people.random_person(rng)
    look = {"photo": sitter if rng.random() < 0.6 else None, "picture": pick(rng, PICTURES), "accent": pick(rng, LIGHT)}
    label = content if isinstance(content, str) else " ".join(content)
    words = text(
        label,
        x + width * 0.05,
        y + height * 0.8,
        width * 0.9,
        height * 0.16,
        pick(rng, ("black", "dark blue", "dark red")),
        "serif",
    )
    return scene(rng, "desk", table_things(rng, 1), Element("photo_print", x, y, width, height, look), words)
