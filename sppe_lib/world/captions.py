"""Captions: one compact sentence of what a scene shows, in a limited vocabulary.

Used to train the small CLIP and the text side. A caption says what is visible (kinds, colours,
writing, hair, glasses, hats, clothes), then the setting and the styles; never what is private.
"""

import numpy as np

from sppe_lib.world import people
from sppe_lib.world.props_shapes import COLOURS, hex_of, lines_of
from sppe_lib.world.scene import Element, Scene
from sppe_lib.world.settings import describe_setting

WORD_LIMIT = 48
"""Captions stop before this many words, so that a tokenizer of 77 tokens holds them."""

_NAMES = {
    "credit_card": "credit card",
    "drivers_license": "drivers license",
    "student_id": "student id",
    "ausweis": "ausweis",
    "passport": "open passport",
    "passport_cover": "passport cover",
    "business_card": "card",
    "letter": "envelope",
    "picture_frame": "picture frame",
    "plate": "plate",
    "picture_card": "picture card",
    "photo_print": "photo",
    "tablet": "tablet computer",
    "monitor": "computer monitor",
    "resume": "resume",
    "page": "profile page",
    "paper": "sheet",
    "sign": "sign",
    "figure": "statue",
    "phone": "phone",
}
_GROUND_KEYS = ("colour", "cover", "paper", "frame", "body", "screen")
_MATERIAL_WORDS = {
    "birthday": "birthday",
    "leather": "leather",
    "golden": "golden",
    "love_letter": "love letter",
    "vip": "black vip",
    "marble": "marble",
    "wedding": "wedding",
    "wooden": "wooden",
}
_CONTENT_WORDS = {
    "mail": "a mail",
    "chat": "a chat",
    "chart": "a chart",
    "call": "a call",
    "profile": "a profile",
    "landscape": "mountains",
    "desktop": "a desktop",
}
_SILENT = ("table", "bumper", "hand", "pen", "pills", "cup")
"""Side things that are named only when words are left."""


def colour_word(colour: str) -> str:
    """The name of a colour: itself if named, else the nearest of the named ones."""
    if colour in COLOURS:
        return colour
    target = np.array([int(hex_of(colour).lstrip("#")[index : index + 2], 16) for index in (0, 2, 4)])
    return min(
        COLOURS,
        key=lambda name: float(
            np.abs(np.array([int(COLOURS[name][index : index + 2], 16) for index in (1, 3, 5)]) - target).sum()
        ),
    )


def _article(words: str) -> str:
    if words.endswith("pills"):
        return words
    return ("an " if words[0] in "aeiou" else "a ") + words


def _writing(element: Element) -> str:
    return " ".join(lines_of(element.attributes.get("text", ""))).lower()


def _describe_device(element: Element, name: str) -> str:
    look = element.attributes
    phrase = _article(f"{colour_word(look['body'])} {name}")
    if "content" in look and "screen" in look and look["content"] in _CONTENT_WORDS:
        colours = f"{colour_word(look['screen'])} and {colour_word(look['accent'])}"
        phrase += f" showing {_CONTENT_WORDS[look['content']]} in {colours}"
    return phrase


def describe_element(element: Element) -> str:
    """A short phrase for one element; an empty string for what is not worth a word."""
    look, kind = element.attributes, element.kind
    if kind == "person":
        return people.describe_person(look)
    if "shape_seed" in look:
        from sppe_lib.world.overlays import describe_overlay

        return describe_overlay(element)
    writing = _writing(element)
    if kind == "text":
        patch = f" on {colour_word(look['panel'])}" if look.get("panel", "").isalpha() else ""
        return f"{colour_word(look.get('colour', 'black'))} text {writing}{patch}" if writing else ""
    if kind in ("signature", "handwriting"):
        return f"{colour_word(look['ink'])} {kind} {writing}" if writing else ""
    if kind == "fingerprint":
        return _article(f"{colour_word(look['ink'])} {look['pattern']} fingerprint")
    if kind == "landmark":
        return _article(f"{colour_word(look['colour'])} {look['type']}")
    if kind == "medicine":
        phrase = _article(f"{colour_word(look['colour'])} medicine {look['form']}")
    elif kind in ("laptop", "tablet", "television", "monitor", "phone"):
        phrase = _describe_device(element, _NAMES.get(kind, kind))
    elif kind == "picture_frame":
        phrase = _article(f"{colour_word(look['frame'])} picture frame")
        phrase += "" if look.get("photo") is not None else f" with a {look['picture']}"
    elif kind in ("credit_card", "ticket") and look.get("material") in _MATERIAL_WORDS:
        phrase = _article(f"{_MATERIAL_WORDS[look['material']]} {_NAMES.get(kind, kind)}")
    else:
        ground = next((look[key] for key in _GROUND_KEYS if key in look), "")
        ground = colour_word(ground) + " " if ground else ""
        if kind == "picture_card":
            ground = look["picture"] + " "
        phrase = _article(ground + _NAMES.get(kind, kind.replace("_", " ")))
        if kind in ("credit_card", "ticket", "drivers_license", "student_id", "ausweis"):
            phrase += f" and {colour_word(look['stripe'])}" if look.get("stripe") else ""
    if look.get("photo") is not None and kind not in ("laptop", "tablet", "television", "monitor"):
        face = people.describe_person(look["photo"]).removeprefix("a person with ")
        phrase += f" with a photo of {face}"
    return phrase + (f" saying {writing}" if writing else "")


def describe(scene: Scene) -> str:
    """One sentence of what is visible in a scene: things in order of size, place, time, styles.

    At most about WORD_LIMIT words; the smallest things are left out first. Lower case.
    """
    styles = ""
    if scene.styles:
        from sppe_lib.world.styles import describe_style

        styles = " ".join(describe_style(name) for name, _ in scene.styles)
    ending = f"{describe_setting(scene.setting)} {styles}".strip()
    budget = WORD_LIMIT - len(ending.split())

    def importance(element: Element) -> tuple:
        # What the editor laid over the scene first, then writing and things, side things last.
        written = bool(lines_of(element.attributes.get("text", "")))
        return (
            element.kind in _SILENT,
            "shape_seed" not in element.attributes,
            not written and element.kind != "person",
            -element.width * element.height,
        )

    phrases: list[str] = []
    for element in sorted(scene.elements, key=importance):
        phrase = describe_element(element)
        if not phrase or phrase in phrases:
            continue
        if len(phrase.split()) > budget:
            continue
        phrases.append(phrase)
        budget -= len(phrase.split()) + 1
    return f"{' and '.join(phrases) or 'nothing'} {ending}".lower()
