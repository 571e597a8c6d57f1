"""Captions: one compact sentence of what a scene shows, in a limited vocabulary.

Used to train the small CLIP and the text side. A caption says what is visible (kinds, colours, writing, hair, glasses,
hats, clothes), then the setting and the styles; never what is private.
"""

from sppe_lib.world import people, read_asset
from sppe_lib.world.colours import COLOURS, nearest
from sppe_lib.world.dice import LISTS
from sppe_lib.world.scene import Element, Scene
from sppe_lib.world.settings import describe_setting
from sppe_lib.world.shapes import lines_of
from sppe_lib.world.styles import describe_style
from sppe_lib.world.things import describe_overlay

WORD_LIMIT = 48
"""Captions stop before this many words, so that a tokenizer of 77 tokens holds them."""

_TABLES = read_asset("captions.yaml")
DEVICES, GROUNDS = _TABLES["devices"], _TABLES["grounds"]


def _colour(colour: str) -> str:
    """The name of a colour: itself if named, else the nearest of the named ones."""
    return colour if colour in COLOURS else nearest(colour, COLOURS, 1)


def _thing(element: Element) -> str:
    """What a thing is, without its writing and its photograph."""
    look, kind = element.attributes, element.kind
    name, phrase = _TABLES["names"].get(kind, kind.replace("_", " ")), _TABLES["phrases"].get(kind, "{ground} {name}")
    words = {key: _colour(look[key]) for key in ("colour", "ink") if key in look}
    words["ground"] = next((_colour(look[key]) for key in GROUNDS if key in look), "")
    if (material := look.get("material", "plastic")) not in ("plastic", "paper"):
        words["ground"] = "black vip" if material == "vip" else material.replace("_", " ")
    phrase = phrase.format(**{**look, **words, "name": name}).strip()
    if not phrase.endswith("pills"):
        phrase = f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"
    if kind in DEVICES and "screen" in look and look.get("content") in LISTS["contents"]:
        shown = "mountains" if look["content"] == "landscape" else f"a {look['content']}"
        phrase += f" showing {shown} in {_colour(look['screen'])} and {_colour(look['accent'])}"
    if kind == "picture_frame" and look.get("photo") is None:
        phrase += f" with a {look['picture']}"
    if kind in _TABLES["striped"] and look.get("stripe") and material in ("plastic", "paper"):
        phrase += f" and {_colour(look['stripe'])}"
    return phrase


def describe_element(element: Element) -> str:
    """A short phrase for one element; an empty string for what is not worth a word."""
    look, kind = element.attributes, element.kind
    writing = " ".join(lines_of(look.get("text", ""))).lower()
    if kind == "person":
        return people.describe_person(look)
    if "shape_seed" in look:
        return describe_overlay(element)
    if kind == "text":
        patch = f" on {_colour(look['panel'])}" if look.get("panel", "").isalpha() else ""
        return f"{_colour(look.get('colour', 'black'))} text {writing}{patch}" if writing else ""
    if kind in ("veil", "signature", "handwriting"):
        return f"{_colour(look['ink'])} {kind} {writing}" if writing else ""
    phrase = _thing(element)
    if look.get("photo") is not None and (kind not in DEVICES or kind == "phone"):
        phrase += f" with a photo of {people.describe_person(look['photo']).removeprefix('a person with ')}"
    return phrase + (f" saying {writing}" if writing else "")


def _importance(element: Element) -> tuple:
    """What the editor laid over the scene first, then writing and things, side things last."""
    look, kind = element.attributes, element.kind
    unwritten = not lines_of(look.get("text", "")) and kind != "person"
    return kind in _TABLES["silent"], "shape_seed" not in look, unwritten, -element.width * element.height


def describe(scene: Scene) -> str:
    """A lower-case sentence, at most about WORD_LIMIT words: the things that show, largest first, setting, styles."""
    styles = " ".join(describe_style(name) for name, _ in scene.styles)
    ending = f"{describe_setting(scene.setting)} {styles}".strip()
    budget = WORD_LIMIT - len(ending.split())
    phrases: list[str] = []
    for element in sorted(scene.elements, key=_importance):
        phrase = describe_element(element)
        if phrase and phrase not in phrases and len(phrase.split()) <= budget:
            phrases.append(phrase)
            budget -= len(phrase.split()) + 1
    return f"{' and '.join(phrases) or 'nothing'} {ending}".lower()
