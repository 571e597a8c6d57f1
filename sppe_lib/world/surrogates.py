"""Surrogates: scenes whose private content is replaced by other content in the same place.

The protection strength (the paper's Figure 6) sets how much changes. Every trait of a private element (text, colours,
face, content of a screen ...) is redrawn with a chance that grows with the strength, characters of a text likewise.
From strength 0.8 on, some private elements become another kind of thing altogether. Setting and everything not private
stay as they are, so the two images are equal outside `pair_mask`. `assets/surrogates.yaml` says what may become what.
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sppe_lib.errors import ConfigError
from sppe_lib.world import people, read_asset, things  # noqa: F401  (registers drawers)
from sppe_lib.world.colours import PAPERS, VIVID, contrasting, is_dark
from sppe_lib.world.dice import LISTS, PLATE_LETTERS, WORDS, Dice
from sppe_lib.world.scene import Element, Scene, private_mask
from sppe_lib.world.shapes import lines_of

TABLE = read_asset("surrogates.yaml")
OPTIONS: dict[str, Sequence] = {**LISTS, **TABLE["lists"]}

KIND_CHANGE_FROM = 0.8  # the strength from which a private element can become another kind of thing
WRITTEN = ("text", "signature", "handwriting")  # kinds that are nothing but writing
GROUNDS = ("screen", "paper", "colour", "cover")  # attributes that colour what a text stands on; the first counts


def make_surrogate(scene: Scene, strength: float, seed: int) -> Scene:
    """A surrogate of a scene at protection strength 0.1 ... 1.0; the same seed gives the same surrogate.

    Raises ConfigError for a strength outside (0, 1] and for a scene without private content.
    """
    if not 0 < strength <= 1:
        raise ConfigError(f"Protection strength {strength} is out of range: use a number from 0.1 to 1.0.")
    if not any(element.private for element in scene.elements):
        raise ConfigError("The scene has no private element to protect: mark at least one as private.")
    elements = list(scene.elements)
    for index, element in enumerate(elements):
        if element.private:
            rng = np.random.default_rng([zlib.crc32(b"surrogate"), int(seed), index])
            elements[index] = _protected(element, strength, Dice(rng))
    return replace(scene, elements=tuple(elements))


def pair_mask(source: Scene, surrogate: Scene, size: int) -> np.ndarray:
    """Where a source and its surrogate can differ: bool (size, size), the union of their private masks."""
    return private_mask(source, size) | private_mask(surrogate, size)


def _protected(element: Element, strength: float, dice: Dice) -> Element:
    """One private element replaced at a strength."""
    other_kind = dice.chance(1.5 * (strength - KIND_CHANGE_FROM) + 0.25)
    all_private = element.private in ("all", "print", "head") or element.kind in WRITTEN
    if strength >= KIND_CHANGE_FROM and other_kind and all_private:
        return _stand_in(element, dice)
    if element.kind == "person":
        return replace(element, attributes=_other_person(element.attributes, strength, dice, element.private))
    return replace(element, attributes=_redrawn(element, strength, dice))


def _other(value: Any, options: Sequence, dice: Dice) -> Any:
    return dice.pick([option for option in options if option != value])


def _other_ink(ink: str, dice: Dice) -> str:
    return _other(ink, OPTIONS["dark_inks" if is_dark(ink) else "light_inks"], dice)


def _other_person(look: Mapping[str, Any], strength: float, dice: Dice, part: str) -> dict[str, Any]:
    """Another identity; from strength 0.4 on at least two of skin, hair style and hair colour differ."""
    result, stranger = (people.replace_identity(look, share, dice.rng, part) for share in (strength, 1.0))
    same = [key for key in ("skin", "hair", "top") if result[key] == look[key]]
    if strength >= 0.4 and len(same) > 1:
        result |= {key: stranger[key] for key in same[:2]}
        if part == "all":
            result["body_skin"] = result["skin"]
    return result


def _other_value(key: str, element: Element, strength: float, dice: Dice) -> Any:
    """Another value of one trait."""
    value, options = element.attributes[key], TABLE["traits"][key]
    if key == "text":
        rows = tuple(change_text(row, strength, dice.rng) for row in lines_of(value))
        return rows[0] if isinstance(value, str) and rows else rows or value
    if key == "photo":
        return people.random_person(dice.rng) if value is None else _other_person(value, strength, dice, "all")
    if key == "ink":
        return _other_ink(value, dice)
    if isinstance(options, dict):
        if "from" in options:
            low, high = options["from"], options["to"]
            return round(float(np.clip(value + strength * dice.between(low - high, high - low), low, high)), 2)
        options = options.get(element.kind, options["others"])
    return _other(value, OPTIONS[options] if isinstance(options, str) else options, dice)


def _redrawn(element: Element, strength: float, dice: Dice) -> dict[str, Any]:
    """Attributes of a private element after protection."""
    old, kind, part = element.attributes, element.kind, element.private
    allowed = old if kind in (*WRITTEN, "fingerprint") else TABLE["parts"].get(part, old)
    # Free-standing text is coloured below; the writing on the back of an envelope sits elsewhere.
    kept = {"colour"} if kind == "text" else {"style"} if old.get("style") == "flap" else set()
    keys = [key for key in TABLE["traits"] if key in old and key in allowed and key not in kept]
    main = TABLE["main"].get(kind, ["text", *[key for key in GROUNDS if key in allowed][:1]])
    if part in ("text", "details"):
        main = ["text", "photo", "ink"]
    result = dict(old)
    for key in keys:
        chance = max(0.0, strength - 0.6) if key == "form" else min(1.0, 1.6 * strength)
        if key == "text" and old["text"]:
            chance = 1.0  # some of its signs always change
        # The draw is made in any case: the generator's state must not depend on the outcome.
        lucky, value = dice.chance(chance), _other_value(key, element, strength, dice)
        if lucky or (strength >= 0.4 and key in main):
            result[key] = value
    if kind == "text":
        return _recoloured_text(result, strength, dice)
    if result == dict(old):
        key = next((key for key in main if key in keys), keys[0])
        result[key] = _other_value(key, element, strength, dice)
    return _readable(kind, result)


def _recoloured_text(look: dict[str, Any], strength: float, dice: Dice) -> dict[str, Any]:
    """Free-standing text keeps light or dark ink, as its carrier stays; sometimes a patch shows behind it."""
    other = _other_ink(look["colour"], dice)
    patched, patch = dice.chance(0.5), dice.pick(PAPERS + VIVID)
    changed = dice.chance(min(1.0, 1.6 * strength))
    if strength >= 0.4 and patched:
        return {**look, "panel": patch, "colour": contrasting(patch)}
    return {**look, "colour": other} if changed or strength >= 0.4 else look


def _readable(kind: str, look: dict[str, Any]) -> dict[str, Any]:
    """The same attributes with ink that shows on its ground."""
    if "ink" not in look or kind in ("signature", "handwriting", "fingerprint"):
        return look
    ground = next((look[key] for key in GROUNDS if key in look), "white")
    if kind == "medicine" and look["form"] != "box":
        ground = "white"
    return look | {"ink": contrasting(ground)} if is_dark(look["ink"]) == is_dark(ground) else look


def _stand_in(element: Element, dice: Dice) -> Element:
    """Another kind of thing in the same box (what an unlucky strong surrogate shows)."""
    old = element.attributes
    if element.kind == "person" and element.private == "head":
        # The body stays, so only the head can turn to stone.
        look = people.replace_identity(old, 1.0, dice.rng, "head")
        stone = dict.fromkeys(("skin", "hair", "hat"), dice.pick(TABLE["stones"]))
        return replace(element, attributes=look | stone | {"facial_hair": "", "accessories": ""})
    kind = dice.pick(TABLE["stand_ins"][element.kind])
    known = {"framing": old.get("framing", "full"), "ink": old.get("colour", old.get("ink", "black"))}
    look = {name: dice.record(recipe, **known) for name, recipe in TABLE["looks"].items()}[kind]
    look |= {"rotation": old["rotation"]} if "rotation" in old else {}
    return replace(element, kind=kind, attributes=look, private="text" if kind == "scribble" else "all")


def change_text(text: str, strength: float, rng: np.random.Generator) -> str:
    """Redraw words and digits, each with a chance of min(1, 1.6 strength); at least one changes.

    Words are replaced by others of the same list (names by names, months by months), below strength
    0.4 only in half of their letters; letters outside known words by other letters, digits by digits.
    """
    chance = min(1.0, 1.6 * strength)
    runs = re.findall(r"[A-Za-z]+|[0-9]|[^A-Za-z0-9]+", text)
    places = [index for index, run in enumerate(runs) if run.isalnum()]
    # All draws are made in any case, so a stronger surrogate changes at least what a weaker one does.
    luck, choices = rng.random(len(places)), rng.integers(0, 1_000_000, len(places))
    if places and luck.min() >= chance:
        luck[int(np.argmin(luck))] = 0.0
    for index, value, choice in zip(places, luck, choices, strict=True):
        if value < chance:
            after_colon = index > 0 and runs[index - 1] == ":"
            runs[index] = _other_run(runs[index], strength, int(choice), "012345" if after_colon else "0123456789")
    return "".join(runs)


def _other_run(run: str, strength: float, choice: int, digits: str) -> str:
    """Another word, letter group or digit in place of `run`."""
    old, half = run.upper(), (len(run) + 1) // 2
    if run.isdigit():
        options = [sign for sign in (digits[:4] if run <= "3" else digits) if sign != run]
        return options[choice % len(options)]
    words = next((words for words in WORDS.values() if old in (word.upper() for word in words)), None)
    if words is None:
        shift = 1 + choice % (len(PLATE_LETTERS) - 1)
        other = "".join(PLATE_LETTERS[(PLATE_LETTERS.find(sign) + shift) % len(PLATE_LETTERS)] for sign in old)
    else:
        options = sorted((word for word in words if word.upper() != old), key=lambda word: abs(len(word) - len(run)))
        options = options[: max(len(options) // 2, 3)]  # of about the same length
        other = options[choice % len(options)].upper()
        if strength < 0.4:  # a trace of the original stays: its first half
            other = old[:half] + other[half:] if old[:half] + other[half:] != old else old[:-1]
    return other if run.isupper() else other.capitalize() if run[0].isupper() else other.lower()
