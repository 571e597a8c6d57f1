"""Edits of people by the simulated editor: instructions 001 to 018 and 023.

The target is the most visible person, free-standing or in a photograph on a document. Its own
traits stay, except what the edit changes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sppe_lib.world.colours import mix
from sppe_lib.world.edits_common import (
    Box,
    Edit,
    EditResult,
    View,
    box_of,
    by_size,
    misses,
    visibility,
    with_element,
)  # fmt: skip
from sppe_lib.world.people import (
    CURLY_TOPS,
    DEFAULTS,
    LONG_TOPS,
    hair_is_visible,
)  # fmt: skip
from sppe_lib.world.scene import Scene

Change = Callable[[Mapping[str, Any], int], dict[str, Any] | None]
"""(a person's attributes, realisation 0..2) -> attributes to replace; None when there is no target."""

PHOTO_SHARE = 0.12
"""Share of a document that the head in its photograph takes, roughly."""

HATS = ("hat", "turban", "winterHat1", "winterHat02", "winterHat03", "winterHat04")


@dataclass(frozen=True)
class Sitter:
    """A person in a scene: the element's index, the attribute that holds it ("" for a person element)."""

    index: int
    key: str
    attributes: Mapping[str, Any]
    box: Box
    area: float
    fraction: float


def find_person(view: View) -> Sitter | None:
    """The person whose head shows most, or None."""
    best = None
    for index in by_size(view.scene):
        element = view.scene.elements[index]
        if best is not None and element.width * element.height / 1e4 < best.area:
            break  # this and all later boxes are smaller than the head that was found
        if element.kind == "person":
            area, fraction = visibility(view.scene, index, "head")
            found = [Sitter(index, "", {**DEFAULTS, **element.attributes}, box_of(element), area, fraction)]
        else:
            photos = {
                key: value for key, value in element.attributes.items()
                if isinstance(value, Mapping) and "skin" in value
            }  # fmt: skip
            area, fraction = visibility(view.scene, index) if photos else (0.0, 0.0)
            found = [
                Sitter(index, key, {**DEFAULTS, **photo}, box_of(element), PHOTO_SHARE * area, fraction)
                for key, photo in photos.items()
            ]
        for sitter in found:
            if sitter.area > 0 and (best is None or sitter.area > best.area):
                best = sitter
    return best


def change_person(scene: Scene, sitter: Sitter, changes: Mapping[str, Any] | None) -> Scene:
    """The scene with some of a person's attributes replaced; None removes the person."""
    element = scene.elements[sitter.index]
    if sitter.key:
        photo = None if changes is None else {**element.attributes[sitter.key], **changes}
        return with_element(scene, sitter.index, element.with_attributes(**{sitter.key: photo}))
    if changes is None:
        return with_element(scene, sitter.index)
    return with_element(scene, sitter.index, element.with_attributes(**changes))


def person_edit(change: Change) -> Edit:
    """An edit that changes the attributes of the person in view."""

    def apply(view: View) -> EditResult:
        sitter = find_person(view)
        if sitter is None:
            return view.unchanged("absent")
        changes = change(sitter.attributes, view.realisation(sitter.box, 3))
        if changes is None:
            return view.unchanged("absent")
        if misses(view, sitter.box, sitter.area, sitter.fraction):
            return view.unchanged("missed")
        return EditResult(change_person(view.scene, sitter, changes), "done")

    return apply


def remove_person(view: View) -> EditResult:
    """Instruction 023: the person vanishes and the setting shows."""
    sitter = find_person(view)
    if sitter is None:
        return view.unchanged("absent")
    if misses(view, sitter.box, sitter.area, sitter.fraction):
        return view.unchanged("missed")
    return EditResult(change_person(view.scene, sitter, None), "done")


# ----------------------------------------------------------------------------- worn things


def _bare_headed(look: Mapping[str, Any]) -> dict[str, Any]:
    """Take off what cannot be worn under a new hat."""
    changes: dict[str, Any] = {"cap": "", "cowboy_hat": ""}
    if look["top"] in HATS:
        # The hair below was not visible: the editor makes some up.
        hair = look["hair"] if look["facial_hair"] else "#4a312c"
        changes |= {"top": "theCaesar", "hair": hair}
    return changes


def _sunglasses(look: Mapping[str, Any], choice: int) -> dict[str, Any]:
    shape, colour = (("square", "#17181c"), ("round", "#6a2f14"), ("aviator", "#1c3f86"))[choice]
    return {"sunglasses": {"shape": shape, "colour": colour}, "accessories": ""}


def _cowboy_hat(look: Mapping[str, Any], choice: int) -> dict[str, Any]:
    return _bare_headed(look) | {"cowboy_hat": ("#8a5a2c", "#d2a869", "#3b2a22")[choice]}


def _cap(look: Mapping[str, Any], choice: int) -> dict[str, Any]:
    return _bare_headed(look) | {"cap": ("#d83a3a", "#2f62c8", "#2f9a55")[choice]}


def _earrings(look: Mapping[str, Any], choice: int) -> dict[str, Any]:
    return {"earrings": ("#f2c320", "#e6ebf2", "#21c2a4")[choice]}


def _scarf(look: Mapping[str, Any], choice: int) -> dict[str, Any]:
    return {"scarf": ("#c4243c", "#2d6fd2", "#e8b22a")[choice]}


def _suit(look: Mapping[str, Any], choice: int) -> dict[str, Any]:
    suit, tie = (("#23283a", "#c02a2a"), ("#5b6068", "#2a4fc0"), ("#3a2a20", "#2f8a4a"))[choice]
    return {"clothes": "blazerAndShirt", "clothes_colour": suit, "trousers": suit, "tie": tie}


# -------------------------------------------------------------------------------- appearance


def _hair_colour(colours: tuple[str, str, str]) -> Change:
    def change(look: Mapping[str, Any], choice: int) -> dict[str, Any] | None:
        return {"hair": colours[choice]} if hair_is_visible(look) else None

    return change


def _curly(look: Mapping[str, Any], choice: int) -> dict[str, Any] | None:
    if not hair_is_visible(look):
        return None
    options = ("curly", "fro", "bigHair") if look["top"] in LONG_TOPS else ("shortCurly", "fro", "frizzle")
    top = options[choice]
    if top == look["top"]:
        top = next(other for other in (*options, *CURLY_TOPS) if other != look["top"])
    return {"top": top}


def _older(look: Mapping[str, Any], choice: int) -> dict[str, Any]:
    grey = ("#e9e9ea", "#c9cacd", "#f7f4ee")[choice]
    return {"age": "older", "hair": mix(look["hair"], grey, 0.88), "skin": mix(look["skin"], "#b9a594", 0.15)}


def _young(look: Mapping[str, Any], choice: int) -> dict[str, Any]:
    cheeks = ("#ff5f7a", "#ff8a5c", "#f25ca8")[choice]
    return {"age": "younger", "age_colour": cheeks, "facial_hair": "", "mouth": "smile", "eyes": "default"}


# ---------------------------------------------------------------------------------- concepts


def _tinted(look: Mapping[str, Any], keys: tuple[str, ...], colour: str, amount: float) -> dict[str, Any]:
    return {key: mix(look[key], colour, amount) for key in keys}


def _cyborg(look: Mapping[str, Any], choice: int) -> dict[str, Any]:
    return {"concept": "cyborg", "concept_colour": ("#ff2f2f", "#27d8ff", "#5dff5a")[choice]}


def _cartoon(look: Mapping[str, Any], choice: int) -> dict[str, Any]:
    tint = _tinted(look, ("skin", "body_skin"), ("#ffd92e", "#ffb45c", "#ffe873")[choice], 0.7)
    return {"concept": "cartoon", "concept_colour": ("#e8452c", "#e07a1c", "#e64a8a")[choice], **tint}


def _anime(look: Mapping[str, Any], choice: int) -> dict[str, Any]:
    eye, hair = (("#2f7df0", "#3b6bff"), ("#8a35d8", "#b44dff"), ("#1ea65a", "#ff5fae"))[choice]
    tint = _tinted(look, ("hair",), hair, 0.4) | _tinted(look, ("skin", "body_skin"), "#ffe9dc", 0.35)
    return {"concept": "anime", "concept_colour": eye, **tint}


def _superhero(look: Mapping[str, Any], choice: int) -> dict[str, Any]:
    suit, cape = (("#2148c4", "#d8202e"), ("#b81e2c", "#23408f"), ("#1f7a3c", "#7a2fb0"))[choice]
    return {
        "concept": "superhero", "concept_colour": cape, "clothes": "shirtCrewNeck", "clothes_colour": suit,
        "trousers": suit, "accessories": "",
    }  # fmt: skip


def _vampire(look: Mapping[str, Any], choice: int) -> dict[str, Any]:
    tint = _tinted(look, ("skin", "body_skin"), "#e4e2f0", 0.68)
    return {"concept": "vampire", "concept_colour": ("#b01226", "#6a1a9a", "#8a0f3c")[choice], **tint}


def _ghost(look: Mapping[str, Any], choice: int) -> dict[str, Any]:
    colour = ("#eef6ff", "#e8fff4", "#f6f0ff")[choice]
    keys = ("skin", "body_skin", "hair", "hat", "clothes_colour", "trousers")
    return {"concept": "ghost", "opacity": 0.68, **_tinted(look, keys, colour, 0.72)}


EDITS: dict[str, Edit] = {
    "001": person_edit(_sunglasses),
    "002": person_edit(_cowboy_hat),
    "003": person_edit(_cap),
    "004": person_edit(_earrings),
    "005": person_edit(_scarf),
    "006": person_edit(_suit),
    "007": person_edit(_hair_colour(("#e3202c", "#b4122a", "#ff4a2a"))),
    "008": person_edit(_hair_colour(("#f7dc7a", "#ffe9a8", "#e6c14f"))),
    "009": person_edit(_hair_colour(("#2a6bff", "#2bb4f5", "#3538c8"))),
    "010": person_edit(_curly),
    "011": person_edit(_cyborg),
    "012": person_edit(_cartoon),
    "013": person_edit(_anime),
    "014": person_edit(_superhero),
    "015": person_edit(_vampire),
    "016": person_edit(_ghost),
    "017": person_edit(_older),
    "018": person_edit(_young),
    "023": remove_person,
}
"""Instruction code to edit."""
