"""What the simulated editor can do: verbs whose parameters `assets/edits.yaml` gives for each instruction.

Each takes a view of a scene and returns the edited scene, or "missed", or "absent" when there is nothing to do.
A list among the parameters stands for several realisations (`View.realised`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sppe_lib.world.colours import mix
from sppe_lib.world.people import CURLY_TOPS, DEFAULTS, LONG_TOPS, hair_is_visible
from sppe_lib.world.scene import Element
from sppe_lib.world.unseen_settings import PLACES_OUTDOOR
from sppe_lib.world.view import (
    WHOLE,
    EditResult,
    View,
    box_of,
    misses,
    most_visible,
    most_visible_thing,
    visibility,
    with_element,
)

PHOTO_SHARE = 0.12
"""Share of a document that the head in its photograph takes, roughly."""

HATS = ("hat", "turban", "winterHat1", "winterHat02", "winterHat03", "winterHat04")


# ----------------------------------------------------------------------------------------------- people


def _heads(element: Element) -> list[tuple[str, str, float]]:
    """The heads in an element, as candidates of `most_visible`: a person's own, or those of its photographs."""
    if element.kind == "person":
        return [("", "head", 1.0)]
    looks = element.attributes.items()
    return [(key, "all", PHOTO_SHARE) for key, look in looks if isinstance(look, Mapping) and "skin" in look]


def person(
    view: View,
    set: Mapping[str, Any] | None = None,
    tint: Sequence[tuple[Sequence[str], Any, float]] = (),
    needs_hair: bool = False,
    hat_off: bool = False,
    curl: bool = False,
    remove: bool = False,
) -> EditResult:
    """Change the person whose head shows most, free-standing or in a photograph; other traits stay.

    `set`: attribute -> its new value. `tint`: (attributes, colour, amount) to move colours of the person.
    `needs_hair`: nothing to do where none shows. `hat_off`: nothing else is worn on the head. `curl`: the hair.
    `remove`: the person vanishes and what is behind shows.
    """
    target = most_visible(view, _heads)
    if target is None:
        return view.unchanged("absent")
    element = view.scene.elements[target.index]
    look = {**DEFAULTS, **(element.attributes[target.photograph] if target.photograph else element.attributes)}
    if needs_hair and not hair_is_visible(look):
        return view.unchanged("absent")
    box = box_of(element)
    if misses(view, box, target.area, target.fraction):
        return view.unchanged("missed")
    changes: dict[str, Any] = {}
    if hat_off:
        changes |= {"cap": "", "cowboy_hat": ""}
        if look["top"] in HATS:  # the hair below was not visible: the editor makes some up
            changes |= {"top": "theCaesar", "hair": look["hair"] if look["facial_hair"] else "#4a312c"}
    if curl:
        changes["top"] = _curly_top(look["top"], view.realisation(box, 3))
    changes |= {key: view.realised(value, box) for key, value in (set or {}).items()}
    for keys, colour, amount in tint:
        changes |= {key: mix(look[key], view.realised(colour, box), amount) for key in keys}
    if target.photograph:
        photo = None if remove else {**element.attributes[target.photograph], **changes}
        new = (element.with_attributes(**{target.photograph: photo}),)
    else:
        new = () if remove else (element.with_attributes(**changes),)
    return EditResult(with_element(view.scene, target.index, *new), "done")


def _curly_top(top: str, choice: int) -> str:
    """A curly hair style of about the same length that is not `top`."""
    options = ("curly", "fro", "bigHair") if top in LONG_TOPS else ("shortCurly", "fro", "frizzle")
    wanted = options[choice]
    return wanted if wanted != top else next(other for other in (*options, *CURLY_TOPS) if other != top)


# ----------------------------------------------------------------------------------------------- things


def has_text(element: Element) -> bool:
    """Whether an element shows writing."""
    text = element.attributes.get("text", "")
    return any((text,) if isinstance(text, str) else text)


def _is(element: Element, wanted: str | Mapping[str, str]) -> bool:
    if wanted == "writing":
        return has_text(element)
    return all(
        value == (element.kind if key == "kind" else element.attributes.get(key)) for key, value in wanted.items()
    )


def change(
    view: View,
    largest: str = "",
    every: str | Mapping[str, str] = "",
    set: Mapping[str, Any] | None = None,
    become: str = "",
) -> EditResult:
    """Change the most visible thing of the kind `largest`, or every visible one that is `every`.

    `every` is {"kind": ...}, {attribute: value} or "writing" (all that carries some); each has its own chance to
    be missed. `set`: attribute -> its new value; `become`: another kind with the same attributes.
    """

    def changed(element: Element) -> Element:
        values = {key: view.realised(value, box_of(element)) for key, value in (set or {}).items()}
        return replace(element.with_attributes(**values), kind=become or element.kind)

    if largest:
        target = most_visible_thing(view, largest)
        found = [] if target is None else [(target.index, target.area, target.fraction)]
    else:
        shown = [(index, *visibility(view.scene, index)) for index, element in enumerate(view.scene.elements)
                 if _is(element, every)]  # fmt: skip
        found = [(index, area, fraction) for index, area, fraction in shown if area > 0]
    if not found:
        return view.unchanged("absent")
    scene = view.scene
    for index, area, fraction in found:
        element = view.scene.elements[index]
        if not misses(view, box_of(element), area, fraction):
            scene = with_element(scene, index, changed(element))
    return view.unchanged("missed") if scene is view.scene else EditResult(scene, "done")


def _lies_on(element: Element, below: Element) -> bool:
    """Whether the centre of an element is inside another's box, and it is no larger."""
    x, y = element.x + element.width / 2, element.y + element.height / 2
    inside = below.x <= x <= below.x + below.width and below.y <= y <= below.y + below.height
    return inside and element.width * element.height <= below.width * below.height


def remove(view: View, kind: str, falls: str = "") -> EditResult:
    """Remove the most visible thing of a kind, with the writing that lies on it; what it held (`falls`) comes down."""
    found = most_visible_thing(view, kind)
    if found is None:
        return view.unchanged("absent")
    target = view.scene.elements[found.index]
    if misses(view, box_of(target), found.area, found.fraction):
        return view.unchanged("missed")
    kept = [
        element
        for index, element in enumerate(view.scene.elements)
        if index < found.index or (index > found.index and not (element.kind == "text" and _lies_on(element, target)))
    ]
    down = [replace(one, y=one.y + 26) if one.kind == falls and one.y < 50 else one for one in kept]
    return view.done(elements=tuple(down))


def stain(view: View, kind: str, colour: Any) -> EditResult:
    """Stains or scratches on the most visible thing; on the whole picture if that is small or there is none."""
    found = most_visible_thing(view, *{element.kind for element in view.scene.elements} - {"person"})
    box, area = WHOLE, 1.0
    if found is not None and found.area >= 0.06:
        box, area = box_of(view.scene.elements[found.index]), found.area
    if misses(view, box, area):
        return view.unchanged("missed")
    # The shape follows the seed and the tone of the place, so that a surrogate may move it.
    seed = 7919 * (view.seed % 100_003) + 31 * view.realisation(box, 3) + int(view.code)
    x, y, width, height = box
    look = {"shape_seed": seed, "colour": view.realised(colour, box)}
    overlay = Element(kind, x + 0.08 * width, y + 0.08 * height, 0.84 * width, 0.84 * height, look)
    return view.done(elements=(*view.scene.elements, overlay))


def add(
    view: View,
    kind: str,
    places: list[Sequence[Sequence[float]]],
    look: Mapping[str, Any] | None = None,
    behind: bool = False,
    sky: bool = False,
) -> EditResult:
    """Add things of a kind; `places` are the boxes (x, y, width, height) of each realisation.

    `behind`: behind all elements. `sky`: it needs one, so there is nothing to do indoors.
    """
    if sky and view.scene.setting["place"] not in PLACES_OUTDOOR:
        return view.unchanged("absent")
    if misses(view, WHOLE, 1.0):
        return view.unchanged("missed")
    shown = {key: view.realised(value, WHOLE) for key, value in (look or {}).items()}
    new, old = tuple(Element(kind, *box, shown) for box in view.realised(places, WHOLE)), view.scene.elements
    return view.done(elements=(*new, *old) if behind else (*old, *new))


def sit(view: View, kind: str, seat: str, width: float, height: float, at: Any, look: Mapping[str, Any]) -> EditResult:
    """Something sits down on the most visible thing of the kind `seat`; `at` is where, as a share of its width."""
    found = most_visible_thing(view, seat)
    if found is None:
        return view.unchanged("absent")
    below = view.scene.elements[found.index]
    box = box_of(below)
    if misses(view, box, found.area, found.fraction):
        return view.unchanged("missed")
    x, foot = below.x + below.width * view.realised(at, box), below.y + 0.76 * below.height
    shown = {key: view.realised(value, box) for key, value in look.items()}
    return view.done(elements=(*view.scene.elements, Element(kind, x, foot - height, width, height, shown)))


# ------------------------------------------------------------------------------------- the whole picture


def style(view: View, name: str) -> EditResult:
    """The whole picture in a raster style; strength and variant follow its tone and the seed."""
    if misses(view, WHOLE, 1.0):
        return view.unchanged("missed")
    strength = (0.95, 0.85, 1.0)[view.realisation(WHOLE, 5) % 3]
    parameters = {"variant": view.realisation(WHOLE, 3), "strength": strength}
    return view.done(styles=(*view.scene.styles, (name, parameters)))


def background(view: View, place: list[str], time: str, keep: Sequence[str] = ()) -> EditResult:
    """Another setting behind the same elements; places in `keep` stay what they are if only the time changes."""
    if misses(view, WHOLE, 1.0):
        return view.unchanged("missed")
    old, choice = view.scene.setting, view.realisation(WHOLE, len(place))
    new = {**old, "place": place[choice], "time": time, "weather": "clear"}
    if old.get("place") in keep and old.get("time") != time:
        new["place"] = old["place"]
    if new["place"] != old.get("place"):  # a few layouts of each new place exist; what was decorated stays
        new["variant"] = 1000 + choice
    return view.done(setting=new)


def conditions(view: View, set: Mapping[str, str], shower: bool = False) -> EditResult:
    """Another time, weather or season; nothing to do where it is so, or needs a sky and there is none.

    `shower`: rain falls in front of everything too.
    """
    setting = view.scene.setting
    indoors = setting["place"] not in PLACES_OUTDOOR
    if (indoors and "time" not in set) or all(setting.get(key) == value for key, value in set.items()):
        return view.unchanged("absent")
    if misses(view, WHOLE, 1.0):
        return view.unchanged("missed")
    clouds = setting["weather"] if indoors else view.realised(["clear", "cloudy", "clear"], WHOLE)
    drops = (Element("shower", *WHOLE, {"shape_seed": view.realisation(WHOLE, 3)}),) if shower else ()
    return view.done(setting={**setting, "weather": clouds, **set}, elements=(*view.scene.elements, *drops))


def wall(view: View, colour: Any) -> EditResult:
    """Paint the walls of a room."""
    setting = view.scene.setting
    if setting["place"] in PLACES_OUTDOOR:
        return view.unchanged("absent")
    if misses(view, WHOLE, 1.0):
        return view.unchanged("missed")
    return view.done(setting={**setting, "colours": {**setting["colours"], "wall": view.realised(colour, WHOLE)}})


VERBS: dict[str, Callable[..., EditResult]] = {
    function.__name__: function
    for function in (person, change, remove, stain, add, sit, style, background, conditions, wall)
}
"""Name of a verb -> function(view, **parameters)."""
