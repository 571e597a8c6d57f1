"""What the simulated editor can do: verbs whose parameters `assets/edits.yaml` gives for each instruction.

Each takes a view of a scene and returns the edited scene, or raises NotDone. Lists, ranges and hues among the
parameters stand for realisations (`View.realised`).
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sppe_lib.world.colours import mix
from sppe_lib.world.people import CURLY_TOPS, DEFAULTS, LONG_TOPS, hair_is_visible
from sppe_lib.world.scene import Element, Scene
from sppe_lib.world.settings import UNSEEN_OUTDOOR
from sppe_lib.world.view import WHOLE, NotDone, View, box_of, visibility, with_element

PHOTO_SHARE = 0.12
"""Share of a document that the head in its photograph takes, roughly."""

HATS = ("hat", "turban", "winterHat1", "winterHat02", "winterHat03", "winterHat04")

Look = Mapping[str, Any]

SWAY = 16.0
"""How far, in scene units, the place of an added thing varies beyond its given places."""

LAYOUTS = 12
"""How many layouts of a new background the editor has."""

STRENGTH = {"between": [0.7, 1.0]}
CAST = {
    "cast": {"hue": [0, 360], "saturation": [0.55, 0.95], "lightness": [0.4, 0.6]},
    "cast_amount": {"between": [0.15, 0.6]},
}
"""What a style of the editor has beside its name: how strong it is, and a cast of colour over the whole picture."""

LIGHT = {
    "day": {"hue": [0, 360], "saturation": [0.4, 0.9], "lightness": [0.45, 0.75]},
    "sunset": {"hue": [-30, 60], "saturation": [0.6, 0.95], "lightness": [0.4, 0.6]},
    "night": {"hue": [180, 320], "saturation": [0.4, 0.9], "lightness": [0.08, 0.3]},
}
LIGHT_AMOUNT = {"between": [0.2, 0.5]}
"""The light of a new background, which falls on all that stands before it, by time of day, and how strong it is."""


# ----------------------------------------------------------------------------------------------- people


def _heads(element: Element) -> list[tuple[str, str, float]]:
    """The heads in an element, as candidates of `View.most_visible`: a person's own, or those of its photographs."""
    if element.kind == "person":
        return [("", "head", 1.0)]
    looks = element.attributes.items()
    return [(key, "all", PHOTO_SHARE) for key, look in looks if isinstance(look, Mapping) and "skin" in look]


def person(
    view: View,
    set: Look | None = None,
    tint: Sequence[tuple[Sequence[str], Any, Any]] = (),
    needs_hair: bool = False,
    hat_off: bool = False,
    curl: bool = False,
    remove: bool = False,
) -> Scene:
    """Change the person whose head shows most, free-standing or in a photograph; other traits stay.

    `set`: attribute -> its new value. `tint`: (attributes, colour, amount) to move colours of the person.
    `needs_hair`: nothing to do where none shows. `hat_off`: nothing else is worn on the head. `curl`: the hair.
    `remove`: the person vanishes and what is behind shows.
    """
    target = view.most_visible(_heads)
    old = target.element.attributes[target.photograph] if target.photograph else target.element.attributes
    look = {**DEFAULTS, **old}
    if needs_hair and not hair_is_visible(look):
        raise NotDone("absent")
    view.attempt(target.box, target.area, target.fraction)
    changes: dict[str, Any] = {}
    if hat_off:
        changes |= {"cap": "", "cowboy_hat": ""}
        if look["top"] in HATS:  # the hair below was not visible: the editor makes some up
            changes |= {"top": "theCaesar", "hair": look["hair"] if look["facial_hair"] else "#4a312c"}
    if curl:
        changes["top"] = _curly_top(look["top"], view.choice(3, "curl"))
    changes |= view.look(set)
    for keys, colour, amount in tint:
        towards, share = view.realised(colour, f"tint {keys[0]}"), view.realised(amount, f"amount {keys[0]}")
        changes |= {key: mix(look[key], towards, share) for key in keys}
    if target.photograph:
        photograph = {target.photograph: None if remove else {**old, **changes}}
        return with_element(view.scene, target.index, target.element.with_attributes(**photograph))
    return with_element(view.scene, target.index, *([] if remove else [target.element.with_attributes(**changes)]))


def _curly_top(top: str, choice: int) -> str:
    """A curly hair style of about the same length that is not `top`."""
    options = ("curly", "fro", "bigHair") if top in LONG_TOPS else ("shortCurly", "fro", "frizzle")
    wanted = options[choice]
    return wanted if wanted != top else next(other for other in (*options, *CURLY_TOPS) if other != top)


# ----------------------------------------------------------------------------------------------- things


def _is(element: Element, wanted: str | Mapping[str, str]) -> bool:
    if wanted == "writing":
        text = element.attributes.get("text", "")
        return any((text,) if isinstance(text, str) else text)
    return all(
        value == (element.kind if key == "kind" else element.attributes.get(key)) for key, value in wanted.items()
    )


def change(
    view: View, largest: str = "", every: str | Mapping[str, str] = "", set: Look | None = None, become: str = ""
) -> Scene:
    """Change the most visible thing of the kind `largest`, or every visible one that is `every`.

    `every` is {"kind": ...}, {attribute: value} or "writing" (all that carries some); each has its own chance to
    be missed. `set`: attribute -> its new value; `become`: another kind with the same attributes.
    """
    if largest:
        target = view.thing(largest)
        found = [(target.index, target.area, target.fraction)]
    else:
        wanted = [index for index, element in enumerate(view.scene.elements) if _is(element, every)]
        found = [(index, *visibility(view.scene, index)) for index in wanted]
        found = [entry for entry in found if entry[1] > 0]
    if not found:
        raise NotDone("absent")
    scene = view.scene
    for index, area, fraction in found:
        element = view.scene.elements[index]
        box = box_of(element)
        if not view.misses(box, area, fraction):
            new = element.with_attributes(**view.look(set))
            scene = with_element(scene, index, replace(new, kind=become or new.kind))
    if scene is view.scene:
        raise NotDone("missed")
    return scene


def _lies_on(element: Element, below: Element) -> bool:
    """Whether the centre of an element is inside another's box, and it is no larger."""
    x, y = element.x + element.width / 2, element.y + element.height / 2
    inside = below.x <= x <= below.x + below.width and below.y <= y <= below.y + below.height
    return inside and element.width * element.height <= below.width * below.height


def remove(view: View, kind: str, falls: str = "") -> Scene:
    """Remove the most visible thing of a kind, with the writing that lies on it; what it held (`falls`) comes down."""
    target = view.thing(kind)
    view.attempt(target.box, target.area, target.fraction)
    before, after = view.scene.elements[: target.index], view.scene.elements[target.index + 1 :]
    kept = (*before, *(one for one in after if not (one.kind == "text" and _lies_on(one, target.element))))
    down = tuple(replace(one, y=one.y + 26) if one.kind == falls and one.y < 50 else one for one in kept)
    return replace(view.scene, elements=down)


def stain(view: View, kind: str, colour: Any) -> Scene:
    """Stains or scratches on the most visible thing; on the whole picture if that is small or there is none."""
    box, area = WHOLE, 1.0
    things = [element.kind for element in view.scene.elements if element.kind != "person"]
    with suppress(NotDone):
        target = view.thing(*things)
        if target.area >= 0.06:
            box, area = target.box, target.area
    view.attempt(box, area)
    # The shape follows the seed, place and size the picture, too.
    look = {"shape_seed": 7919 * (view.seed % 100_003) + int(view.code), "colour": view.realised(colour, "colour")}
    x, y, width, height = box
    across, down = (0.6 + 0.3 * view.share(f"size {axis}") for axis in "xy")
    left, top = ((1 - size) * view.share(f"place {axis}") for axis, size in (("x", across), ("y", down)))
    overlay = Element(kind, x + left * width, y + top * height, across * width, down * height, look)
    return replace(view.scene, elements=(*view.scene.elements, overlay))


def add(
    view: View, kind: str, places: list, look: Look | None = None, behind: bool = False, sky: bool = False
) -> Scene:
    """Add things of a kind; `places` are the boxes (x, y, width, height) of each realisation.

    `behind`: behind all elements. `sky`: it needs one, so there is nothing to do indoors.
    """
    if sky and view.scene.setting["place"] not in UNSEEN_OUTDOOR:
        raise NotDone("absent")
    view.attempt()
    shown, old = view.look(look), view.scene.elements
    right, down = (SWAY * (view.share(f"place {axis}") - 0.5) for axis in "xy")
    boxes = places[view.choice(len(places), "places")]
    new = tuple(Element(kind, x + right, y + down, width, height, shown) for x, y, width, height in boxes)
    return replace(view.scene, elements=(*new, *old) if behind else (*old, *new))


def sit(view: View, kind: str, seat: str, width: float, height: float, at: Any, look: Look) -> Scene:
    """Something sits down on the most visible thing of the kind `seat`; `at` is where, as a share of its width."""
    below = view.thing(seat)
    view.attempt(below.box, below.area, below.fraction)
    x = below.element.x + below.element.width * view.realised(at, "at")
    y = below.element.y + 0.76 * below.element.height - height
    sitter = Element(kind, x, y, width, height, view.look(look))
    return replace(view.scene, elements=(*view.scene.elements, sitter))


# ------------------------------------------------------------------------------------- the whole picture


def style(view: View, name: str) -> Scene:
    """The whole picture in a raster style, of one variant, strength and cast of colour."""
    view.attempt()
    cast = {part: view.realised(value, f"cast {part}") for part, value in CAST.items()}
    parameters = {"variant": view.choice(3, "variant"), "strength": view.realised(STRENGTH, "strength"), **cast}
    return replace(view.scene, styles=(*view.scene.styles, (name, parameters)))


def background(view: View, place: str | list[str], time: str | list[str]) -> Scene:
    """Another setting behind the same elements, in one of several layouts, and its light over everything."""
    view.attempt()
    new = {
        **view.scene.setting,
        "place": view.realised(place, "place"),
        "time": view.realised(time, "time"),
        "weather": view.realised(["clear", "cloudy"], "weather"),
        "variant": 1000 + view.choice(LAYOUTS, "layout"),
    }
    light = view.look({"colour": LIGHT[new["time"]], "opacity": LIGHT_AMOUNT})
    return replace(view.scene, setting=new, elements=(*view.scene.elements, Element("veil", *WHOLE, light)))


def conditions(view: View, set: Mapping[str, str], shower: bool = False) -> Scene:
    """Another time, weather or season; nothing to do where it is so, or needs a sky and there is none.

    `shower`: rain falls in front of everything too.
    """
    setting = view.scene.setting
    indoors = setting["place"] not in UNSEEN_OUTDOOR
    if (indoors and "time" not in set) or all(setting.get(key) == value for key, value in set.items()):
        raise NotDone("absent")
    view.attempt()
    clouds = setting["weather"] if indoors else view.realised(["clear", "cloudy", "clear"], "weather")
    drops = [Element("shower", *WHOLE, {"shape_seed": view.choice(8, "drops")})] if shower else []
    new = {**setting, "weather": clouds, **set}
    return replace(view.scene, setting=new, elements=(*view.scene.elements, *drops))


def wall(view: View, colour: Any) -> Scene:
    """Paint the walls of a room."""
    setting = view.scene.setting
    if setting["place"] in UNSEEN_OUTDOOR:
        raise NotDone("absent")
    view.attempt()
    colours = {**setting["colours"], "wall": view.realised(colour, "colour")}
    return replace(view.scene, setting={**setting, "colours": colours})


VERBS: dict[str, Callable[..., Scene]] = {
    function.__name__: function
    for function in (person, change, remove, stain, add, sit, style, background, conditions, wall)
}
"""Name of a verb -> function(view, **parameters)."""
