"""Draws things of the world from SVG assets: slots filled, geometry scaled to the thing's box.

`assets/README.md` says how an asset is written, and what its `data-` attributes mean.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element as Node

from sppe_lib.errors import ConfigError
from sppe_lib.world import ASSETS
from sppe_lib.world.colours import MATERIALS, contrasting, hex_of, mix
from sppe_lib.world.scene import DRAWERS, Element
from sppe_lib.world.shapes import FAMILIES, lines_of, placed, portrait, rect, written

ASSET_NAMES = sorted(path.stem for path in ASSETS.glob("*.svg"))

DETAILS = ("text", "photo")
"""The parts that "details" stands for: all the personal data on a document."""

HORIZONTAL = ("x", "x1", "x2", "cx", "width")
VERTICAL = ("y", "y1", "y2", "cy", "height")
LENGTHS = ("width", "height", "r", "rx", "ry", "stroke-width")
"""Geometric attributes that the origin of a box does not move."""

STROKES = {
    "stroke-linejoin": ("path", "line", "rect", "circle", "ellipse", "polygon"),
    "stroke-linecap": ("path", "line"),
}
"""Styles of a whole file and the shapes that take them: resvg's round caps leave traces on closed shapes."""

FONTS = {family: font for font, (family, _) in FAMILIES.items()}

_TERM = re.compile(r"([+-]?[\d.]+)(px|vw|vh|vmin)?((?:[*/]-?[\d.]+)*)")
_LENGTH = r"[\d.]+(?:px|vw|vh|vmin)(?:[*/]-?[\d.]+)*"
_SUM = rf"[+-]?{_LENGTH}(?:[+-]{_LENGTH})*"
_TOKEN = re.compile(rf"{_SUM}|[+-]?[\d.]+|[A-Za-z]")
_UNITS = {"H": ("vw",), "V": ("vh",), "A": ("vw", "vh", "", "", "", "vw", "vh")}
"""Units of the numbers after a path command; of all others, x and y in turn."""


@cache
def asset(name: str) -> Node:
    """The root element of an asset. Raises ConfigError where there is no such file."""
    if name not in ASSET_NAMES:
        raise ConfigError(f"The world has no drawing {name!r}: add sppe_lib/world/assets/{name}.svg.")
    root = ElementTree.fromstring((ASSETS / f"{name}.svg").read_text(encoding="utf-8"))
    for node in root.iter():
        node.tag = node.tag.rpartition("}")[2]
        for style, tags in STROKES.items():
            if node.tag in tags and style in root.attrib:
                node.attrib.setdefault(style, root.get(style))
    return root


@cache
def _terms(length: str, unit: str) -> list[tuple[float, str, list[tuple[str, str]]]]:
    """A length as terms of number, unit, and what multiplies or divides it; `unit` is that of bare numbers."""
    return [
        # A share of the box as a fraction: "7e-2" is 0.07, where 7 / 100 may not be.
        (float(number if (own or unit) == "px" else number + "e-2"), own or unit, re.findall("([*/])([^*/]+)", ratios))
        for number, own, ratios in _TERM.findall(length.replace(" ", ""))
    ]


@dataclass(frozen=True)
class Box:
    """Where the 100 x 100 units of an asset go, in scene units."""

    x: float
    y: float
    width: float
    height: float

    def length(self, text: str, unit: str, start: float = 0.0) -> float:
        """A length in scene units from a `start` on: a sum of terms, or min(...) or max(...) of two of them.

        Units: "vw", "vh", "vmin" (percent of a side of the box) or "px" (a scene unit); `unit` of bare numbers.
        """
        if bounds := re.fullmatch(r"(min|max)\((.*),(.*)\)", text):
            lengths = [self.length(bounds[2], unit), self.length(bounds[3], unit)]
            return start + (min(lengths) if bounds[1] == "min" else max(lengths))
        sides = {"px": 1.0, "vw": self.width, "vh": self.height}
        for number, own, ratios in _terms(text, unit):
            value = number * (sides.get(own) or min(self.width, self.height))
            for sign, ratio in ratios:
                value = value * float(ratio) if sign == "*" else value / float(ratio)
            start += value
        return start

    def attribute(self, node: Node, name: str) -> float:
        """A geometric attribute of a shape, in scene units."""
        text, own = node.get(name), node.get(f"data-{name}", "")
        text = own if own and own not in ("vw", "vh", "vmin", "px") else text + own
        horizontal = name in HORIZONTAL or (node.tag == "ellipse" and name == "rx")
        vertical = name in VERTICAL or (node.tag == "ellipse" and name == "ry")
        start = 0.0 if name in LENGTHS else self.x if horizontal else self.y
        return self.length(text, "vw" if horizontal else "vh" if vertical else "px", start)

    def outline(self, text: str, digits: tuple[int, int]) -> str:
        """The points of a polygon or the data of a path, in scene units; decimals after capitals and small letters."""
        result, command, index = [], "L", 0
        for token in _TOKEN.findall(text):
            if token.isalpha():
                result, command, index = [*result, token], token, 0
                continue
            units = _UNITS.get(command.upper(), ("vw", "vh"))
            unit = units[index % len(units)]
            # The radii of an arc are lengths; relative commands go on from where the pen is.
            moved = command.isupper() and not (command == "A" and index % 7 < 2)
            origin = {"vw": self.x, "vh": self.y}.get(unit, 0.0) if moved else 0.0
            result.append(f"{self.length(token, unit, origin):.{digits[command.islower()]}f}" if unit else token)
            index += 1
        return " ".join(result)


@dataclass
class Drawing:
    """One drawing of one thing: its attributes, and the part that is asked for ("all" for the whole)."""

    look: Mapping[str, Any]
    part: str

    def children(self, node: Node, box: Box, inside: bool) -> str:
        """All that is in a group or an asset; only what is `inside` the part asked for is drawn."""
        return "".join(self.draw(child, box, inside) for child in node)

    def draw(self, node: Node, box: Box, inside: bool) -> str:
        """One node as SVG in scene units."""
        if node.tag == "title" or not self.shown(node):
            return ""
        inside = inside or node.get("data-part") in (DETAILS if self.part == "details" else (self.part,))
        if node.tag in ("g", "image"):
            return (self._group if node.tag == "g" else self._image)(node, box, inside)
        if not inside:
            return ""
        if node.tag == "defs":
            return ElementTree.tostring(node, encoding="unicode")
        return self._text(node, box) if node.tag == "text" else f"<{node.tag}{self._attributes(node, box)}/>"

    def _lines(self, node: Node) -> tuple[str, ...]:
        """The lines of text of a node; one that the thing does not have is missing."""
        slot = node.get("data-text") or ("" if node.tag == "text" else "text")
        lines, index = lines_of(self.look.get(slot, node.text or "")), node.get("data-line")
        return lines if index is None else lines[int(index) : int(index) + 1]

    def shown(self, node: Node) -> bool:
        """Whether the thing has the line and fulfils the condition of a node."""
        if "data-line" in node.attrib and not self._lines(node):
            return False
        if (condition := node.get("data-if")) is None:
            return True
        absent, name, no, values = re.fullmatch(r"(!?)(\w+)(!?)=?(.*)", condition).groups()
        value = self.look.get(name)
        if "=" not in condition:
            return bool(any(value) if isinstance(value, (tuple, list)) else value) != bool(absent)
        return node.get("display") != "none" if value is None else (str(value) in values.split("|")) != bool(no)

    def _group(self, node: Node, box: Box, inside: bool) -> str:
        if sides := [box.length(side, "px") for side in node.get("data-side", "").split()]:
            x, y = re.fullmatch(r"translate\((\S+) (\S+)\)", node.get("transform")).groups()
            about = Box(box.length(x, "vw", box.x), box.length(y, "vh", box.y), sides[0], sides[-1])
            return self.children(node, about, inside)
        inner, attributes = self.children(node, box, inside), self._attributes(node, box)
        return f"<g{attributes}>{inner}</g>" if attributes and inner else inner

    def _image(self, node: Node, box: Box, inside: bool) -> str:
        within = [box.attribute(node, name) for name in ("x", "y", "width", "height")]
        silhouette = rect(*within, "black") if inside and node.get("data-part") and self.part != "all" else ""
        settings = dict(pair.split("=") for pair in node.get("data-set", "").split())
        look = {**self.look, **{name: self.look.get(value, value) for name, value in settings.items()}}
        if "data-person" in node.attrib:
            look["backdrop"] = self._colour(node, "fill")
            if person := look.get(node.get("data-person")):
                return silhouette + portrait(person, *within, look["backdrop"]) if inside else ""
        name = re.sub(r"\{(\w+)\}", lambda slot: str(look.get(slot[1])).replace(" ", "_"), node.get("data-href", ""))
        name = name.removesuffix(".svg")
        found = asset(name if name in ASSET_NAMES else node.get("href").removesuffix(".svg"))
        return silhouette + Drawing(look, self.part).children(found, Box(*within), inside)

    def _text(self, node: Node, box: Box) -> str:
        sides = zip(node.get("data-box").split(), (box.x, box.y, 0.0, 0.0), strict=True)
        within = (box.length(text, "px", start) for text, start in sides)
        font = self.look.get(node.get("data-font")) or FONTS[node.get("font-family")]
        style = self._colour(node, "fill"), font, node.get("text-anchor", "middle")
        return written(self.part if node.get("data-part") else "all", self._lines(node), *within, *style)

    def _colour(self, node: Node, name: str) -> str:
        """Attribute fill or stroke with its slot filled, or as time and season have it."""
        for state in (self.look.get("time"), self.look.get("season")):
            if colour := node.get(f"data-{name}-{state}"):
                return colour
        function, _, rest = node.get(f"data-{name}", "").rpartition("(")
        slot, *arguments = rest.rstrip(")").split(", ")
        colour = self.look.get(slot)
        return hex_of(COLOUR_FUNCTIONS[function](colour, *arguments)) if colour else node.get(name)

    def _attributes(self, node: Node, box: Box) -> str:
        result = ""
        for name, value in node.attrib.items():
            own = node.get(f"data-{name}", value)
            if name.startswith("data-") or name == "display":
                continue
            if name in ("fill", "stroke"):
                value = self._colour(node, name)
            elif name in ("d", "points"):
                digits = node.get("data-digits", "12" if name == "d" else "22")
                value = box.outline(own, (int(digits[0]), int(digits[-1])))
            elif name in HORIZONTAL + VERTICAL + LENGTHS:
                value = f"{box.attribute(node, name):{'g' if name == 'stroke-width' else '.2f'}}"
            elif name == "transform":
                value = re.sub(_SUM, lambda length: f"{box.length(length[0], 'px'):.2f}", own)
            elif own != value:
                value = self.look.get(own, value)
            result += f' {name}="{value}"'
        return result


COLOUR_FUNCTIONS: dict[str, Callable[..., str]] = {
    "": lambda colour: colour,
    "contrasting": contrasting,
    "mix": lambda colour, other, amount: mix(colour, other, float(amount)),
    "on_white": lambda colour: "black" if colour == "white" else colour,
}
"""What a slot of a colour may apply to a thing's colour."""


def draw_asset(name: str, box: Box, look: Mapping[str, Any], part: str = "all") -> str:
    """An asset in a box, as SVG in scene units; `look`: the thing's attributes by slot name.

    Part "all" draws everything; another part only what is marked as it, with the box of its text ("details":
    text and photo). Raises ConfigError for an asset that does not exist.
    """
    return Drawing(look, part).children(asset(name), box, part == "all")


def draw_thing(element: Element, part: str, name: str = "") -> str:
    """A thing of the world at its box; `name` of its asset, if that is not its kind."""
    look = {**element.attributes, **MATERIALS.get(element.attributes.get("material", ""), {})}
    look["colour"] = look.get("material_colour") or look.get("colour")
    look["orientation"] = "wide" if element.width > element.height else "tall"
    look["pictured"] = "photo" in look
    return placed(element, draw_asset(name or element.kind, Box(0, 0, element.width, element.height), look, part))


# A dash marks the assets that are parts of others.
DRAWERS.update({name: draw_thing for name in ASSET_NAMES if "-" not in name})
