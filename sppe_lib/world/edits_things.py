"""Edits of things by the simulated editor: removals, stains and card or ticket materials.

Instructions 047 to 065.
"""

from dataclasses import replace

from sppe_lib.world.edits_common import (
    WHOLE,
    Edit,
    EditResult,
    View,
    box_of,
    change_each,
    change_largest,
    largest,
    misses,
)  # fmt: skip
from sppe_lib.world.scene import Element

MATERIALS = {
    "052": ("credit_card", "birthday"),
    "053": ("credit_card", "leather"),
    "054": ("credit_card", "golden"),
    "055": ("credit_card", "love_letter"),
    "056": ("credit_card", "vip"),
    "057": ("credit_card", "marble"),
    "058": ("credit_card", "wedding"),
    "059": ("credit_card", "wooden"),
    "060": ("ticket", "wooden"),
    "061": ("ticket", "golden"),
    "062": ("ticket", "marble"),
    "063": ("ticket", "leather"),
}
"""Instruction code to the kind of thing and the material it takes on."""

STAINS = {
    "048": ("water_stain", ("#9fc4d8", "#8fb0c4", "#b4d6e6")),
    "049": ("coffee_stain", ("#6b3f16", "#8a5626", "#4a2a10")),
    "050": ("ink_stain", ("#1a37b8", "#16259a", "#2a5ae0")),
    "051": ("scratch", ("#ffffff", "#d8dce0", "#f2ead8")),
}
"""Instruction code to overlay kind and the tints it may have."""

LIVING = ("person",)


def has_text(element: Element) -> bool:
    """Whether an element shows writing."""
    text = element.attributes.get("text", "")
    return bool(text) and any(line for line in ((text,) if isinstance(text, str) else text))


def remove_text(view: View) -> EditResult:
    """Instruction 047: writing vanishes; each thing that carries some has its own chance to be missed."""
    return change_each(view, has_text, lambda element: element.with_attributes(text=""))


def _lies_on(element: Element, below: Element) -> bool:
    """Whether the centre of an element is inside another's box, and it is no larger."""
    x, y = element.x + element.width / 2, element.y + element.height / 2
    inside = below.x <= x <= below.x + below.width and below.y <= y <= below.y + below.height
    return inside and element.width * element.height <= below.width * below.height


def remove_thing(*kinds: str) -> Edit:
    """An edit that removes the most visible thing of some kinds, with the writing that lies on it."""

    def apply(view: View) -> EditResult:
        found = largest(view, kinds)
        if found is None:
            return view.unchanged("absent")
        index, area, fraction = found
        target = view.scene.elements[index]
        if misses(view, box_of(target), area, fraction):
            return view.unchanged("missed")
        kept = tuple(
            element
            for number, element in enumerate(view.scene.elements)
            if number < index or (number > index and not (element.kind == "text" and _lies_on(element, target)))
        )
        return EditResult(replace(view.scene, elements=kept), "done")

    return apply


def stain(view: View) -> EditResult:
    """Instructions 048 to 051: stains or scratches on the most visible thing, else on the whole picture."""
    kind, tints = STAINS[view.code]
    things = tuple({element.kind: None for element in view.scene.elements if element.kind not in LIVING})
    found = largest(view, things)
    box, area = (WHOLE, 1.0) if found is None else (box_of(view.scene.elements[found[0]]), found[1])
    if area < 0.06:  # too small to stain: the picture itself gets it
        box, area = WHOLE, 1.0
    if misses(view, box, area):
        return view.unchanged("missed")
    choice = view.realisation(box, 3)
    # The shape follows the seed and the tone of the place, so that a surrogate may move it.
    attributes = {"shape_seed": 7919 * (view.seed % 100_003) + 31 * choice + int(view.code), "colour": tints[choice]}
    x, y, width, height = box
    overlay = Element(kind, x + 0.08 * width, y + 0.08 * height, 0.84 * width, 0.84 * height, attributes)
    return EditResult(replace(view.scene, elements=(*view.scene.elements, overlay)), "done")


def material(view: View) -> EditResult:
    """Instructions 052 to 063: a card or ticket takes on another material; its writing stays."""
    kind, name = MATERIALS[view.code]
    return change_largest(view, (kind,), lambda target: target.with_attributes(material=name))


EDITS: dict[str, Edit] = {
    "047": remove_text,
    **{code: stain for code in STAINS},
    **{code: material for code in MATERIALS},
    "064": remove_thing("laptop"),
    "065": remove_thing("plate"),
}
"""Instruction code to edit."""
