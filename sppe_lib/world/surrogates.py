"""Surrogates: scenes whose private content is replaced by other content in the same place.

The protection strength (SPEC section 2, the paper's Figure 6) sets how much changes. Every trait of
a private element (text, colours, face, content of a screen ...) is redrawn with a chance that
grows with the strength, characters of a text likewise. From strength 0.8 on, some private
elements become another kind of thing altogether. Setting and everything not private stay as they are,
so the two images are equal outside `pair_mask`.
"""

import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from sppe_lib.errors import ConfigError
from sppe_lib.world import people, props  # noqa: F401
from sppe_lib.world.content import pick
from sppe_lib.world.props_documents import EMBLEMS
from sppe_lib.world.props_landmarks import LANDMARKS
from sppe_lib.world.props_pictures import PICTURES
from sppe_lib.world.props_screens import CONTENTS
from sppe_lib.world.props_shapes import DARK, LIGHT, PAPERS, VIVID, contrasting, is_dark, lines_of
from sppe_lib.world.scene import Element, Scene, private_mask
from sppe_lib.world.surrogate_text import change_text

KIND_CHANGE_FROM = 0.8
"""The strength from which a private element can become another kind of thing."""


DARK_INKS = ("black", "dark blue", "dark red", "dark green", "purple", "blue", "brown")


LIGHT_INKS = ("white", "light yellow", "light pink", "yellow", "light blue", "light green")


_TEXT_KEYS = ("text", "ink")


_PHOTO_KEYS = ("photo", "picture", "accent", "backdrop")


_SCREEN_KEYS = ("screen", "accent", "content", "text", "photo", "ink")


_PART_KEYS = {
    "text": _TEXT_KEYS,
    "details": ("text", "photo", "backdrop", "ink"),
    "photo": _PHOTO_KEYS,
    "screen": _SCREEN_KEYS,
}
"""Part -> the attributes that show in that part and nowhere else."""


_OPTIONS = {
    "design": ("wave", "circle", "split", "plain"),
    "emblem": EMBLEMS,
    "picture": PICTURES,
    "content": CONTENTS,
    "type": LANDMARKS,
    "pattern": ("whorl", "loop", "arch"),
    "flourish": (0, 1, 2, 3),
    "style": ("front", "airmail"),
    "form": ("box", "bottle", "blister"),
    "band": ("", "blue", "dark green"),
}


_COLOUR_KEYS = (
    "colour",
    "cover",
    "paper",
    "screen",
    "body",
    "stripe",
    "border",
    "seal",
    "stamp",
    "accent",
    "frame",
    "mat",
    "trim",
    "backdrop",
)


_NUMBERS = {"slant": (0.0, 0.6), "phase": (0.0, 6.28), "bend": (-0.6, 0.6)}


_GROUNDS = ("screen", "paper", "colour", "cover")


_MAIN_KEYS = {"landmark": ("type", "colour"), "picture_frame": ("photo", "picture"), "fingerprint": ("pattern", "ink")}
"""What must differ from strength 0.4 on; text and ground colour for all other kinds."""


_OTHER_KINDS = {
    "person": ("figure", "figure", "plant"),
    "credit_card": ("picture_card", "book"),
    "ticket": ("picture_card",),
    "drivers_license": ("picture_card",),
    "student_id": ("picture_card",),
    "ausweis": ("picture_card",),
    "passport": ("picture_card", "book"),
    "passport_cover": ("book", "picture_card"),
    "diploma": ("picture_card",),
    "resume": ("picture_card",),
    "receipt": ("picture_card",),
    "letter": ("picture_card", "book"),
    "laptop": ("book", "picture_card", "plant"),
    "tablet": ("picture_card", "book"),
    "television": ("picture_card",),
    "monitor": ("picture_card", "plant"),
    "plate": ("sticker",),
    "text": ("scribble",),
    "signature": ("scribble",),
    "handwriting": ("scribble",),
    "fingerprint": ("picture_card",),
    "medicine": ("cup", "picture_card"),
    "picture_frame": ("plant", "picture_card"),
    "landmark": ("figure", "plant"),
}


def _other(value: Any, options, rng: np.random.Generator) -> Any:
    return pick(rng, [option for option in options if option != value])


def _other_colour(name: str, rng: np.random.Generator, kind: str, key: str) -> str:
    """Another colour for the same purpose: papers stay papers; covers and stripes stay vivid."""
    if key == "paper" or (key == "colour" and kind in ("drivers_license", "student_id", "ausweis", "passport")):
        return _other(name, PAPERS, rng)
    if kind == "plate":
        return _other(name, ("white", "yellow", "dark blue", "black", "light blue", "green", "red", "light green"), rng)
    if key in ("stripe", "accent", "stamp", "seal", "border", "trim"):
        return _other(name, VIVID, rng)
    if key == "screen":
        return _other(
            name,
            (
                "white",
                "light blue",
                "light yellow",
                "light green",
                "lavender",
                "black",
                "dark blue",
                "dark green",
                "pink",
            ),
            rng,
        )
    if key in ("backdrop", "mat"):
        return _other(name, LIGHT, rng)
    return _other(name, VIVID + ("white", "black", "gold", "light blue", "brown"), rng)


def _change(key: str, element: Element, strength: float, rng: np.random.Generator) -> Any:
    value, kind = element.attributes[key], element.kind
    if key == "text":
        rows = tuple(change_text(row, strength, rng) for row in lines_of(value))
        return rows[0] if isinstance(value, str) and rows else rows if rows else value
    if key == "photo":
        return people.random_person(rng) if value is None else _other_person(value, strength, rng, "all")
    if key in ("ink", "handwriting"):
        return _other(value, DARK_INKS if is_dark(value) else LIGHT_INKS, rng)
    if key in _NUMBERS:
        low, high = _NUMBERS[key]
        return round(float(np.clip(value + strength * rng.uniform(low - high, high - low), low, high)), 2)
    if key in _OPTIONS:
        return _other(value, _OPTIONS[key], rng)
    return _other_colour(value, rng, kind, key)


def _new_attributes(element: Element, strength: float, rng: np.random.Generator) -> dict[str, Any]:
    """Attributes of a private element after protection."""
    old = element.attributes
    allowed = _PART_KEYS.get(element.private, tuple(old))
    if element.kind in ("text", "signature", "handwriting", "fingerprint"):
        allowed = tuple(old)
    candidates = [
        key
        for key in (
            "type",
            "content",
            "form",
            "text",
            "photo",
            "picture",
            *_COLOUR_KEYS,
            "pattern",
            "design",
            "emblem",
            "style",
            "flourish",
            "band",
            "slant",
            "phase",
            "bend",
            "ink",
        )
        if key in old and key in allowed and not (key == "colour" and element.kind == "text")
    ]
    if old.get("style") == "flap" and "style" in candidates:
        candidates.remove("style")  # the writing sits elsewhere on the back
    main = _MAIN_KEYS.get(element.kind, ("text", *[key for key in _GROUNDS if key in allowed][:1]))
    if element.private in ("text", "details"):
        main = ("text", "photo", "ink")
    result = dict(old)
    for key in candidates:
        chance = min(1.0, 1.6 * strength)
        if key == "form":
            chance = max(0.0, strength - 0.6)
        if key == "text" and old["text"]:
            chance = 1.0  # some of its signs always change
        lucky, value = rng.random() < chance, _change(key, element, strength, rng)
        if lucky or (strength >= 0.4 and key in main):
            result[key] = value
    if element.kind == "text":
        return _text_colours(result, strength, rng)
    if result == dict(old):
        key = next((key for key in main if key in candidates), candidates[0])
        result[key] = _change(key, element, strength, rng)
    return _readable(element, result)


def _text_colours(look: dict[str, Any], strength: float, rng: np.random.Generator) -> dict[str, Any]:
    """Free-standing text keeps light or dark ink, as its carrier stays; sometimes a patch shows behind it."""
    old = look["colour"]
    other = _other(old, DARK_INKS if is_dark(old) else LIGHT_INKS, rng)
    patched, patch = rng.random() < 0.5, pick(rng, PAPERS + VIVID)
    changed = rng.random() < min(1.0, 1.6 * strength)
    if strength >= 0.4 and patched:
        return {**look, "panel": patch, "colour": contrasting(patch)}
    return {**look, "colour": other} if changed or strength >= 0.4 else look


def _readable(element: Element, look: dict[str, Any]) -> dict[str, Any]:
    """The same attributes with ink that shows on its ground."""
    if "ink" not in look or element.kind in ("signature", "handwriting", "fingerprint"):
        return look
    ground = next((look[key] for key in _GROUNDS if key in look), "white")
    if element.kind == "medicine" and look.get("form") != "box":
        ground = "white"
    if look["ink"] == ground or is_dark(look["ink"]) == is_dark(ground):
        # Red on white plates and the like are dark enough already.
        look["ink"] = contrasting(ground)
    return look


def _other_kind(element: Element, rng: np.random.Generator) -> Element:
    """Another kind of thing in the same box (what an unlucky strong surrogate shows)."""
    if element.kind == "person" and element.private == "head":
        # The body stays, so only the head can turn to stone.
        look = people.replace_identity(element.attributes, 1.0, rng, "head")
        stone = pick(rng, ("#a7abb0", "#c9c2b4", "#7f9c93", "#b08d57"))
        return replace(
            element,
            attributes={**look, "skin": stone, "hair": stone, "hat": stone, "facial_hair": "", "accessories": ""},
        )
    kind = pick(rng, _OTHER_KINDS[element.kind])
    turned = {"rotation": element.attributes["rotation"]} if "rotation" in element.attributes else {}
    look = {
        "figure": {
            "colour": pick(rng, ("silver", "beige", "grey", "gold")),
            "framing": element.attributes.get("framing", "full"),
        },
        "plant": {"colour": pick(rng, VIVID), "leaf": pick(rng, ("green", "dark green", "teal"))},
        "book": {"colour": pick(rng, VIVID), "stripe": pick(rng, ("white", "gold", "light yellow"))},
        "picture_card": {"picture": pick(rng, PICTURES), "accent": pick(rng, VIVID)},
        "sticker": {"colour": pick(rng, LIGHT), "ink": pick(rng, DARK)},
        "cup": {"colour": pick(rng, VIVID), "above": False},
        "scribble": {
            "shape": pick(rng, ("bars", "waves", "rings")),
            "ink": element.attributes.get("colour", element.attributes.get("ink", "black")),
        },
    }[kind]
    return Element(
        kind,
        element.x,
        element.y,
        element.width,
        element.height,
        {**look, **turned},
        "text" if kind == "scribble" else "all",
    )


def _covers_all(element: Element) -> bool:
    """Whether nothing of the element is public, so that it may become another kind of thing."""
    return element.private in ("all", "print", "head") or element.kind in ("text", "signature", "handwriting")


def _other_person(look: Mapping[str, Any], strength: float, rng: np.random.Generator, part: str) -> dict[str, Any]:
    """Another identity; from strength 0.4 on at least two of skin, hair style and hair colour differ."""
    result = people.replace_identity(look, strength, rng, part)
    stranger = people.replace_identity(look, 1.0, rng, part)
    same = [key for key in ("skin", "hair", "top") if result[key] == look[key]]
    if strength >= 0.4 and len(same) > 1:
        result.update({key: stranger[key] for key in same[:2]})
        if part == "all":
            result["body_skin"] = result["skin"]
    return result


def protect(element: Element, strength: float, rng: np.random.Generator) -> Element:
    """One private element replaced at a strength."""
    other_kind = rng.random() < 1.5 * (strength - KIND_CHANGE_FROM) + 0.25
    if strength >= KIND_CHANGE_FROM and other_kind and _covers_all(element):
        return _other_kind(element, rng)
    if element.kind == "person":
        return replace(element, attributes=_other_person(element.attributes, strength, rng, element.private))
    return replace(element, attributes=_new_attributes(element, strength, rng))


def make_surrogate(scene: Scene, strength: float, seed: int) -> Scene:
    """A surrogate of a scene at protection strength 0.1 ... 1.0; the same seed gives the same surrogate.

    Raises ConfigError for a strength outside (0, 1] and for a scene without private content.
    """
    if not 0 < strength <= 1:
        raise ConfigError(f"Protection strength {strength} is out of range: use a number from 0.1 to 1.0.")
    if not any(element.private for element in scene.elements):
        raise ConfigError("The scene has no private element to protect: mark at least one as private.")
    start = zlib.crc32(b"surrogate")
    elements = tuple(
        protect(element, strength, np.random.default_rng([start, int(seed), index])) if element.private else element
        for index, element in enumerate(scene.elements)
    )
    return replace(scene, elements=elements)


def pair_mask(source: Scene, surrogate: Scene, size: int) -> np.ndarray:
    """Where a source and its surrogate can differ: bool (size, size), the union of their private masks."""
    return private_mask(source, size) | private_mask(surrogate, size)
