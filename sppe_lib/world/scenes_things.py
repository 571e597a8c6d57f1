"""Scenes of the group Financial, and of picture frames, tickets, medicine and mail."""

import numpy as np

from sppe_lib.world import people
from sppe_lib.world.content import (
    CITIES,
    DRUGS,
    EVENTS,
    GOODS,
    SHOPS,
    address,
    box,
    clock_time,
    digits,
    full_name,
    letters,
    person,
    pick,
    scene,
)
from sppe_lib.world.props_pictures import PICTURES
from sppe_lib.world.props_shapes import DARK, INKS, LIGHT, PAPERS, VIVID, contrasting
from sppe_lib.world.scene import Element, Scene
from sppe_lib.world.scenes_present import present


def credit_card(rng: np.random.Generator) -> Scene:
    """A bank card on a table or in a hand."""
    colour = pick(rng, VIVID + ("black", "silver", "gold", "light blue", "lavender", "dark grey"))
    first, last = full_name(rng)
    look = {
        "colour": colour,
        "stripe": pick(rng, [tone for tone in LIGHT + DARK if tone != colour]),
        "design": pick(rng, ("wave", "circle", "split", "plain")),
        "ink": contrasting(colour),
        "material": "plastic",
        "text": (
            f"{digits(rng, 4)} {digits(rng, 4)}" if rng.random() < 0.5 else f"{digits(rng, 4)} {digits(rng, 2)}",
            f"{first[0]} {last}",
        ),
    }
    return present(rng, "credit_card", 1.58, look, "all", 40, 94, 15)


def receipt(rng: np.random.Generator) -> Scene:
    """A till receipt."""
    prices = [int(rng.integers(1, 60)) for _ in range(int(rng.integers(1, 4)))]
    look = {
        "paper": pick(rng, ("white", "white", "cream", "light yellow", "light blue", "light pink")),
        "ink": pick(rng, ("black", "dark blue", "purple")),
        "text": (
            pick(rng, SHOPS),
            *(f"{pick(rng, GOODS)} {price}" for price in prices),
            f"{sum(prices)}.{digits(rng, 2)}",
        ),
    }
    return present(rng, "receipt", 0.6, look, pick(rng, ("all", "text")), 68, 95, 14)


def picture_frame(rng: np.random.Generator) -> Scene:
    """A framed photograph or picture on a wall or a shelf."""
    look = {
        "frame": pick(rng, ("gold", "brown", "black", "white", "silver", "dark red", "dark brown", "teal")),
        "mat": pick(rng, ("white", "cream", "light grey", "black")),
        "photo": people.random_person(rng),
        "picture": pick(rng, PICTURES),
        "accent": pick(rng, VIVID),
        "backdrop": pick(rng, LIGHT),
    }
    if rng.random() < 0.35:
        look["photo"] = None
    frame = box(rng, pick(rng, (0.8, 0.8, 1.0, 1.25)), 40, 84, 6)
    extras = (
        [person(rng, float(pick(rng, (20, 80))), 101, float(rng.uniform(48, 62)))]
        if frame[1] + frame[3] < 62 and rng.random() < 0.7
        else []
    )
    return scene(
        rng,
        ("wall", "room", "office", "wall"),
        Element("picture_frame", *frame, look, pick(rng, ("all", "photo", "all"))),
        extras,
    )


def ticket(rng: np.random.Generator) -> Scene:
    """An admission or travel ticket."""
    colour = pick(rng, PAPERS + ("yellow", "orange", "pink", "teal", "light brown", "beige"))
    look = {
        "colour": colour,
        "stripe": pick(rng, [tone for tone in VIVID if tone != colour]),
        "material": "paper",
        "ink": pick(rng, ("black", "dark blue", "dark red", "purple")),
        "text": (
            pick(rng, EVENTS),
            pick(rng, (f"{letters(rng, 1)}{digits(rng, 2)}", clock_time(rng), pick(rng, CITIES))),
        ),
    }
    return present(rng, "ticket", float(rng.uniform(1.8, 2.3)), look, "all", 56, 95, 15)


def medicine(rng: np.random.Generator) -> Scene:
    """A box, a bottle or a blister of medicine."""
    form = pick(rng, ("box", "bottle", "blister", "box"))
    colour = pick(
        rng,
        {
            "box": PAPERS + ("yellow", "teal", "blue"),
            "bottle": ("orange", "brown", "teal", "red", "green", "white", "blue"),
            "blister": ("red", "white", "orange", "pink", "teal", "yellow"),
        }[form],
    )
    look = {
        "form": form,
        "colour": colour,
        "accent": pick(rng, [tone for tone in VIVID if tone != colour]),
        "ink": contrasting(colour) if form == "box" else pick(rng, INKS),
        "text": (pick(rng, DRUGS), f"{int(rng.integers(1, 10)) * 10} mg"),
    }
    if form == "bottle" and rng.random() < 0.6:
        table = Element("table", -2, 80, 104, 22, {"colour": pick(rng, ("brown", "white", "light brown", "grey"))})
        height = float(rng.uniform(52, 84))
        x = float(rng.uniform(6, 94 - height * 0.62))
        return scene(
            rng,
            ("room", "shop", "wall"),
            table,
            Element("medicine", x, 92 - height, height * 0.62, height, look, pick(rng, ("all", "text"))),
            [Element("pills", 78.0 if x < 40 else 4.0, 80, 18, 14, {"colour": pick(rng, VIVID), "accent": "white"})],
        )
    aspect = {"box": 1.5, "bottle": 0.62, "blister": 1.6}[form]
    return present(rng, "medicine", aspect, look, pick(rng, ("all", "all", "text")), 52, 88, 12)


def mail(rng: np.random.Generator) -> Scene:
    """A letter in its envelope."""
    paper = pick(
        rng, ("white", "cream", "light brown", "light blue", "light yellow", "light pink", "beige", "light green")
    )
    first, last = full_name(rng)
    street, town = address(rng)
    look = {
        "paper": paper,
        "stamp": pick(rng, VIVID),
        "ink": pick(rng, ("black", "dark blue", "dark red", "purple")),
        "style": pick(rng, ("front", "front", "airmail", "flap")),
        "font": pick(rng, ("sans", "serif")),
        "text": pick(rng, ((last, street), (f"{first[0]} {last}", town), (last, street, town))),
    }
    return present(rng, "letter", 1.5, look, pick(rng, ("all", "text", "text")), 60, 95, 12)


SCENES = {
    "credit card": credit_card,
    "receipt": receipt,
    "picture frame": picture_frame,
    "ticket": ticket,
    "medicine": medicine,
    "mail": mail,
}
