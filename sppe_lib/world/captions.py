"""Captions: one compact sentence of what a scene shows, in a limited vocabulary.

Used to train the small CLIP and the text side. A caption says what is visible (kinds, colours,
writing, hair, glasses, hats, clothes), then the setting and the styles; never what is private.
"""

from sppe_lib.world import people, read_asset
from sppe_lib.world.colours import COLOURS, hex_of, rgb
from sppe_lib.world.dice import LISTS
from sppe_lib.world.overlays import describe_overlay
from sppe_lib.world.scene import Element, Scene
from sppe_lib.world.settings import describe_setting
from sppe_lib.world.shapes import lines_of
from sppe_lib.world.styles import describe_style

WORD_LIMIT = 48
"""Captions stop before this many words, so that a tokenizer of 77 tokens holds them."""

_TABLES = read_asset("captions.yaml")
NAMES, PHRASES, DEVICES, GROUNDS, STRIPED, SILENT = (
    _TABLES[name] for name in ("names", "phrases", "devices", "grounds", "striped", "silent")
)


def colour_word(colour: str) -> str:
    """The name of a colour: itself if named, else the nearest of the named ones."""
    if colour in COLOURS:
        return colour
    target = rgb(hex_of(colour))
    return min(COLOURS, key=lambda name: sum(abs(a - b) for a, b in zip(rgb(COLOURS[name]), target, strict=True)))


def _article(words: str) -> str:
    return words if words.endswith("pills") else f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _thing(element: Element) -> str:
    """What a thing is, without its writing and its photograph."""
    look, kind = element.attributes, element.kind
    name = NAMES.get(kind, kind.replace("_", " "))
    material = look.get("material", "plastic")
    if kind in PHRASES:
        colours = {key: colour_word(look[key]) for key in ("colour", "ink") if key in look}
        return _article(PHRASES[kind].format(**{**look, **colours}))
    if kind in DEVICES:
        phrase = _article(f"{colour_word(look['body'])} {name}")
        if "screen" not in look or look.get("content") not in LISTS["contents"]:
            return phrase
        shown = "mountains" if look["content"] == "landscape" else f"a {look['content']}"
        return f"{phrase} showing {shown} in {colour_word(look['screen'])} and {colour_word(look['accent'])}"
    if kind == "picture_frame":
        picture = "" if look.get("photo") is not None else f" with a {look['picture']}"
        return _article(f"{colour_word(look['frame'])} {name}") + picture
    if kind in ("credit_card", "ticket") and material not in ("plastic", "paper"):
        return _article(f"{'black vip' if material == 'vip' else material.replace('_', ' ')} {name}")
    ground = next((colour_word(look[key]) for key in GROUNDS if key in look), "")
    ground = look["picture"] if kind == "picture_card" else ground
    stripe = f" and {colour_word(look['stripe'])}" if kind in STRIPED and look.get("stripe") else ""
    return _article(f"{ground} {name}".strip()) + stripe


def describe_element(element: Element) -> str:
    """A short phrase for one element; an empty string for what is not worth a word."""
    look, kind = element.attributes, element.kind
    writing = " ".join(lines_of(look.get("text", ""))).lower()
    if kind == "person":
        return people.describe_person(look)
    if kind == "veil":
        return ""
    if "shape_seed" in look:
        return describe_overlay(element)
    if kind == "text":
        patch = f" on {colour_word(look['panel'])}" if look.get("panel", "").isalpha() else ""
        return f"{colour_word(look.get('colour', 'black'))} text {writing}{patch}" if writing else ""
    if kind in ("signature", "handwriting"):
        return f"{colour_word(look['ink'])} {kind} {writing}" if writing else ""
    phrase = _thing(element)
    if look.get("photo") is not None and (kind not in DEVICES or kind == "phone"):
        phrase += f" with a photo of {people.describe_person(look['photo']).removeprefix('a person with ')}"
    return phrase + (f" saying {writing}" if writing else "")


def _importance(element: Element) -> tuple:
    """What the editor laid over the scene first, then writing and things, side things last."""
    look, kind = element.attributes, element.kind
    unwritten = not lines_of(look.get("text", "")) and kind != "person"
    return kind in SILENT, "shape_seed" not in look, unwritten, -element.width * element.height


def describe(scene: Scene) -> str:
    """One sentence of what is visible in a scene: things in order of size, place, time, styles.

    At most about WORD_LIMIT words; the smallest things are left out first. Lower case.
    """
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
