"""Edits that SPPE-mini has not: how the simulated editor carries out the unseen instructions.

It obeys the rules of `edits_common`: what it does depends on the visible scene, the instruction and the
seed; it misses, it finds nothing to do, and it realises the same words differently on different pictures.
"""

from dataclasses import replace

from sppe_lib.world import editor
from sppe_lib.world.edits_common import (
    WHOLE,
    Box,
    Edit,
    EditResult,
    View,
    box_of,
    change_each,
    change_largest,
    largest,
    misses,
)
from sppe_lib.world.edits_image import in_style
from sppe_lib.world.edits_things import remove_thing
from sppe_lib.world.scene import Element
from sppe_lib.world.unseen_settings import PLACES_OUTDOOR

SHADES = {
    "orange": ("#f58a1e", "#ff9f3a", "#e06a10"), "black": ("#202024", "#2c2a30", "#16181c"),
    "blue": ("#2b6fd6", "#3f8ae8", "#1f55b0"), "pink": ("#ff7fb0", "#f45fa0", "#ff9cc4"),
    "red": ("#d8322f", "#e84a3a", "#b8202a"), "purple": ("#7b3fb0", "#9550cc", "#643093"),
    "yellow": ("#f6cf3a", "#ffe14a", "#e8b820"), "green": ("#2f9e4f", "#48b860", "#1f8040"),
    "white": ("#ffffff", "#f6f6f0", "#f0f4fa"), "gold": ("#d9a92c", "#e8bc3c", "#c49420"),
}  # fmt: skip
"""Colour word -> the three shades it may become."""


def recolour(colour: str, kind: str, key: str = "colour", every: bool = False) -> Edit:
    """An edit that gives the most visible thing of a kind, or every one, a shade of a colour."""

    def apply(view: View) -> EditResult:
        def change(element: Element) -> Element:
            return element.with_attributes(**{key: SHADES[colour][view.realisation(box_of(element), 3)]})

        if every:
            return change_each(view, lambda element: element.kind == kind, change)
        return change_largest(view, (kind,), change)

    return apply


def wear(**attributes: tuple[str, ...]) -> Edit:
    """An edit that dresses the most visible cat; each attribute takes one of the values given for it."""

    def apply(view: View) -> EditResult:
        def change(cat: Element) -> Element:
            worn = {key: values[view.realisation(box_of(cat), len(values))] for key, values in attributes.items()}
            return cat.with_attributes(**worn)

        return change_largest(view, ("cat",), change)

    return apply


def become(kind: str, other: str) -> Edit:
    """An edit that turns every thing of a kind into another kind that has the same attributes."""
    return lambda view: change_each(
        view, lambda element: element.kind == kind, lambda element: replace(element, kind=other)
    )


def swap_fruit(old: str, new: str) -> Edit:
    """An edit that turns every fruit of a type into another type, as it grows."""
    return lambda view: change_each(
        view, lambda element: element.attributes.get("type") == old,
        lambda element: element.with_attributes(type=new, colour=""),
    )  # fmt: skip


def add(kind: str, *places: tuple[Box, ...], behind: bool = False, sky: bool = False, **looks: tuple) -> Edit:
    """An edit that adds things of a kind.

    `places`: what may come out; each is the boxes of one realisation. `looks`: attribute -> its value in
    each realisation. `behind`: behind all elements. `sky`: it needs one, so it is "absent" indoors.
    """

    def apply(view: View) -> EditResult:
        if sky and view.scene.setting["place"] not in PLACES_OUTDOOR:
            return view.unchanged("absent")
        if misses(view, WHOLE, 1.0):
            return view.unchanged("missed")
        choice = view.realisation(WHOLE, len(places))
        look = {key: values[choice] for key, values in looks.items()}
        new = tuple(Element(kind, *box, look) for box in places[choice])
        old = view.scene.elements
        return EditResult(replace(view.scene, elements=(*new, *old) if behind else (*old, *new)), "done")

    return apply


def cat_on_sofa(view: View) -> EditResult:
    """A cat sits down on the most visible sofa."""
    found = largest(view, ("sofa",))
    if found is None:
        return view.unchanged("absent")
    sofa = view.scene.elements[found[0]]
    if misses(view, box_of(sofa), found[1], found[2]):
        return view.unchanged("missed")
    choice = view.realisation(box_of(sofa), 3)
    x, foot = sofa.x + sofa.width * (0.24, 0.36, 0.5)[choice], sofa.y + 0.76 * sofa.height
    cat = Element("cat", x, foot - 34, 25, 34, {"colour": SHADES[("orange", "black", "white")[choice]][0]})
    return EditResult(replace(view.scene, elements=(*view.scene.elements, cat)), "done")


def conditions(**changes: str) -> Edit:
    """An edit of time, weather or season; what needs a sky is "absent" indoors, and so is what is so already."""

    def apply(view: View) -> EditResult:
        setting = view.scene.setting
        indoors = setting["place"] not in PLACES_OUTDOOR
        if (indoors and "time" not in changes) or all(setting.get(key) == value for key, value in changes.items()):
            return view.unchanged("absent")
        if misses(view, WHOLE, 1.0):
            return view.unchanged("missed")
        clouds = setting["weather"] if indoors else ("clear", "cloudy", "clear")[view.realisation(WHOLE, 3)]
        return EditResult(replace(view.scene, setting={**setting, "weather": clouds, **changes}), "done")

    return apply


def rain(view: View) -> EditResult:
    """Bad weather, with rain in front of everything too."""
    result = conditions(weather="rain")(view)
    if result.outcome != "done":
        return result
    shower = Element("shower", *WHOLE, {"shape_seed": view.realisation(WHOLE, 3)})
    return replace(result, scene=replace(result.scene, elements=(*result.scene.elements, shower)))


def take_bowl_away(view: View) -> EditResult:
    """The fruit bowl goes; what lay in it comes to lie on the table."""
    result = remove_thing("bowl")(view)
    if result.outcome != "done":
        return result
    elements = tuple(
        replace(element, y=element.y + 26) if element.kind == "fruit" and element.y < 50 else element
        for element in result.scene.elements
    )
    return replace(result, scene=replace(result.scene, elements=elements))


def wall(colour: str) -> Edit:
    """An edit that paints the walls of a room."""

    def apply(view: View) -> EditResult:
        setting = view.scene.setting
        if setting["place"] in PLACES_OUTDOOR:
            return view.unchanged("absent")
        if misses(view, WHOLE, 1.0):
            return view.unchanged("missed")
        colours = {**setting["colours"], "wall": SHADES[colour][view.realisation(WHOLE, 3)]}
        return EditResult(replace(view.scene, setting={**setting, "colours": colours}), "done")

    return apply


def style(name: str) -> Edit:
    """An edit that puts the whole picture in a raster style."""
    return lambda view: in_style(view, name)


def published(code: str) -> Edit:
    """One of SPPE-mini's own edits, asked for in other words."""
    return lambda view: editor.edit(view.scene, code, view.seed)
