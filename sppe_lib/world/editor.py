"""The simulated editor: applies one of the 65 published instructions, or an unseen one, to a scene.

It stands in for the cloud model that edits sources and surrogates (the paper's SmartEdit). What it does depends only on
what is visible in the scene it is given, on the instruction and on the seed; its failure modes are described in `view`.
Its verbs, whose parameters `assets/edits.yaml` gives for each instruction, take a view of a scene and return the edited
scene, or raise NotDone. Lists, ranges and hues among the parameters stand for realisations (`View.realised`).
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from sppe_lib.errors import ConfigError
from sppe_lib.world import read_asset, things  # noqa: F401  (registers drawers)
from sppe_lib.world.colours import mix
from sppe_lib.world.people import DEFAULTS, TOPS, hair_is_visible
from sppe_lib.world.scene import Element, Scene
from sppe_lib.world.settings import UNSEEN_OUTDOOR
from sppe_lib.world.shapes import lines_of
from sppe_lib.world.view import WHOLE, EditResult, NotDone, View, box_of, with_element

TABLE = read_asset("edits.yaml")

PHOTO_SHARE = 0.12  # of a document that the head in its photograph takes, roughly
SWAY = 16.0  # how far, in scene units, the place of an added thing varies beyond its given places
LAYOUTS = 12  # how many layouts of a new background the editor has

Look = Mapping[str, Any]


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
    look, changes = {**DEFAULTS, **old}, {}
    if needs_hair and not hair_is_visible(look):
        raise NotDone("absent")
    view.attempt(target)
    if hat_off:
        changes |= {"cap": "", "cowboy_hat": ""}
        if look["top"] in TABLE["hats"]:  # the hair below was not visible: the editor makes some up
            changes |= {"top": "theCaesar", "hair": look["hair"] if look["facial_hair"] else "#4a312c"}
    if curl:  # of about the same length
        curls = ("curly", "fro", "bigHair") if look["top"] in TOPS["long"] else ("shortCurly", "fro", "frizzle")
        wanted = curls[view.choice(3, "curl")]
        changes["top"] = next(top for top in (wanted, *curls) if top != look["top"])
    changes |= view.look(set)
    for keys, colour, amount in tint:
        towards, share = view.realised(colour, f"tint {keys[0]}"), view.realised(amount, f"amount {keys[0]}")
        changes |= {key: mix(look[key], towards, share) for key in keys}
    if target.photograph:
        changes = {target.photograph: None if remove else {**old, **changes}}
    gone = remove and not target.photograph
    return with_element(view.scene, target.index, *([] if gone else [target.element.with_attributes(**changes)]))


def _is(element: Element, wanted: str | Mapping[str, str]) -> bool:
    if wanted == "writing":
        return bool(lines_of(element.attributes.get("text", "")))
    look = {**element.attributes, "kind": element.kind}
    return all(value == look.get(key) for key, value in wanted.items())


def change(
    view: View, largest: str = "", every: str | Mapping[str, str] = "", set: Look | None = None, become: str = ""
) -> Scene:
    """Change the most visible thing of the kind `largest`, or every visible one that is `every`.

    `every` is {"kind": ...}, {attribute: value} or "writing" (all that carries some); each has its own chance to
    be missed. `set`: attribute -> its new value; `become`: another kind with the same attributes.
    """
    scene, elements = view.scene, enumerate(view.scene.elements)
    if largest:
        found = [view.thing(largest)]
    else:
        targets = [view.target(index) for index, element in elements if _is(element, every)]
        found = [target for target in targets if target.area > 0]
    if not found:
        raise NotDone("absent")
    for target in found:
        if not view.misses(target):
            new = target.element.with_attributes(**view.look(set))
            scene = with_element(scene, target.index, replace(new, kind=become or new.kind))
    if scene is view.scene:
        raise NotDone("missed")
    return scene


def remove(view: View, kind: str, falls: str = "") -> Scene:
    """Remove the most visible thing of a kind, with the writing that lies on it; what it held (`falls`) comes down."""
    target = view.thing(kind)
    view.attempt(target)
    left, top, wide, tall = box_of(target.element)

    def lies_on(text: Element) -> bool:
        x, y = text.x + text.width / 2, text.y + text.height / 2
        inside = left <= x <= left + wide and top <= y <= top + tall
        return text.kind == "text" and inside and text.width * text.height <= wide * tall

    before, after = view.scene.elements[: target.index], view.scene.elements[target.index + 1 :]
    kept = (*before, *(one for one in after if not lies_on(one)))
    down = tuple(replace(one, y=one.y + 26) if one.kind == falls and one.y < 50 else one for one in kept)
    return replace(view.scene, elements=down)


def stain(view: View, kind: str, colour: Any) -> Scene:
    """Stains or scratches on the most visible thing; on the whole picture if that is small or there is none."""
    kinds, target = [element.kind for element in view.scene.elements if element.kind != "person"], None
    with suppress(NotDone):
        thing = view.thing(*kinds)
        target = replace(thing, fraction=1.0) if thing.area >= 0.06 else None
    view.attempt(target)
    # The shape follows the seed, place and size the picture, too.
    look = {"shape_seed": 7919 * (view.seed % 100_003) + int(view.code), "colour": view.realised(colour, "colour")}
    x, y, width, height = box_of(target.element) if target else WHOLE
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
    target = view.thing(seat)
    view.attempt(target)
    left, top, wide, tall = box_of(target.element)
    x, y = left + wide * view.realised(at, "at"), top + 0.76 * tall - height
    return replace(view.scene, elements=(*view.scene.elements, Element(kind, x, y, width, height, view.look(look))))


def style(view: View, name: str) -> Scene:
    """The whole picture in a raster style, of one variant, strength and cast of colour."""
    view.attempt()
    parameters = {"variant": view.choice(3, "variant"), **view.look(TABLE["style"])}
    return replace(view.scene, styles=(*view.scene.styles, (name, parameters)))


def background(view: View, place: str | list[str], time: str | list[str]) -> Scene:
    """Another setting behind the same elements, in one of several layouts, and its light over everything."""
    view.attempt()
    new = view.look({"place": place, "time": time, "weather": ["clear", "cloudy"]})
    new = {**view.scene.setting, **new, "variant": 1000 + view.choice(LAYOUTS, "layout")}
    light = view.look({"colour": TABLE["light"][new["time"]], "opacity": TABLE["light"]["amount"]})
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
    verb.__name__: verb for verb in (person, change, remove, stain, add, sit, style, background, conditions, wall)
}
"""Name of a verb -> function(view, **parameters)."""


EDITS: dict[str, dict[str, Any]] = TABLE["published"]
"""Code of a published instruction ("001" to "065") to its edit, {verb: its parameters}."""


class UnseenInstruction(NamedTuple):
    """An instruction that SPPE-mini has not, the kinds of scenes it fits, and its edit or {"as_published": code}."""

    code: str
    tag: str
    text: str
    kinds: tuple[str, ...]
    edit: dict[str, Any]


_ROWS = [(tag, text, tuple(kinds), edit) for tag, kinds, edit, texts in TABLE["unseen"] for text in texts]

UNSEEN_INSTRUCTIONS = {
    f"u{number:02d}": UnseenInstruction(f"u{number:02d}", *row) for number, row in enumerate(_ROWS, 1)
}
"""Code ("u01", ...) to unseen instruction; every text is one of its own, and none is published."""


def edit(scene: Scene, code: str, seed: int, tone: float | None = None) -> EditResult:
    """Apply an instruction to a scene as the simulated editor would.

    `code` is a published three-digit code or one of UNSEEN_INSTRUCTIONS, `seed` a non-negative integer; `tone` is the
    brightness that the realisation follows, 0 to 1, instead of the scene's own (`View.tone`). Returns the edited scene
    and "done", or the same scene and "missed" or "absent". Raises ConfigError for an unknown code or a negative seed.
    """
    if code not in EDITS and code not in UNSEEN_INSTRUCTIONS:
        raise ConfigError(
            f"Unknown instruction code '{code}': use one from 001 to 065, or from u01 to {max(UNSEEN_INSTRUCTIONS)}."
        )
    if seed < 0:
        raise ConfigError(f"The editor's seed is {seed}: use a non-negative integer.")
    ((verb, parameters),) = (EDITS[code] if code in EDITS else UNSEEN_INSTRUCTIONS[code].edit).items()
    if verb == "as_published":
        return edit(scene, parameters, seed, tone)
    arguments = parameters if isinstance(parameters, dict) else {"name": parameters}
    try:
        return EditResult(VERBS[verb](View(scene, code, int(seed), tone), **arguments), "done")
    except NotDone as why:
        return EditResult(scene, str(why))
