"""Drawing helpers shared by all props: named colours, SVG primitives, fitted text, parts.

A prop is a list of pieces in local coordinates (0..width, 0..height of the element's box). Each
piece belongs to a part ("body", "text", "photo", "screen"); `compose` draws them all, or only the
silhouette of one part, which is how private masks are made.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from PIL import ImageFont

from sppe_lib.world.scene import DRAWERS, Element, font_paths

COLOURS = {
    "white": "#ffffff",
    "cream": "#f7ecd0",
    "beige": "#e0cda9",
    "light grey": "#d3d6da",
    "grey": "#8d949c",
    "dark grey": "#4a4f57",
    "black": "#16181c",
    "red": "#d8322f",
    "dark red": "#8c1d2b",
    "orange": "#f08a24",
    "yellow": "#f6cf3a",
    "light yellow": "#fbf0a8",
    "green": "#2f9e4f",
    "dark green": "#1d5a38",
    "light green": "#b9e3b4",
    "teal": "#1f9aa0",
    "blue": "#2b6fd6",
    "dark blue": "#1c2f73",
    "light blue": "#b5d8f5",
    "purple": "#7b3fb0",
    "lavender": "#d6c8f0",
    "pink": "#f48fb5",
    "light pink": "#fbd5e0",
    "brown": "#8a5a33",
    "light brown": "#c79a63",
    "dark brown": "#51331f",
    "gold": "#d9a92c",
    "silver": "#b9c0c8",
}
"""The colours of the world by name; captions use the names."""

DARK = (
    "black",
    "dark grey",
    "dark red",
    "dark green",
    "dark blue",
    "purple",
    "dark brown",
    "brown",
    "red",
    "blue",
    "green",
    "teal",
    "grey",
)
LIGHT = (
    "white",
    "cream",
    "beige",
    "light grey",
    "light yellow",
    "light green",
    "light blue",
    "lavender",
    "light pink",
    "yellow",
    "pink",
    "light brown",
    "silver",
    "gold",
    "orange",
)
INKS = ("black", "dark blue", "dark red", "dark green", "purple", "blue", "red", "dark brown")
PAPERS = ("white", "cream", "light yellow", "light blue", "light green", "light pink", "lavender", "light grey")
VIVID = ("red", "orange", "yellow", "green", "teal", "blue", "dark blue", "purple", "pink", "dark red", "dark green")

FAMILIES = {
    "sans": ("DejaVu Sans", "font-weight='bold'"),
    "mono": ("DejaVu Sans Mono", "font-weight='bold'"),
    "serif": ("DejaVu Serif", "font-weight='bold' font-style='italic'"),
}
_FILES = {"sans": 0, "mono": 1, "serif": 2}


def hex_of(name: str) -> str:
    """The hexadecimal value of a named colour; any other string is passed through."""
    return COLOURS.get(name, name)


def is_dark(name: str) -> bool:
    """Whether white text is easier to read on this colour than black text."""
    value = hex_of(name).lstrip("#")
    red, green, blue = (int(value[index : index + 2], 16) for index in (0, 2, 4))
    return 0.3 * red + 0.59 * green + 0.11 * blue < 125


def contrasting(name: str) -> str:
    """Black or white, whichever reads better on the named colour."""
    return "white" if is_dark(name) else "black"


def _paint(fill: str, stroke: str, stroke_width: float, opacity: float) -> str:
    text = f'fill="{hex_of(fill)}"'
    if stroke:
        text += f' stroke="{hex_of(stroke)}" stroke-width="{stroke_width:g}" stroke-linejoin="round"'
    if opacity < 1:
        text += f' opacity="{opacity:g}"'
    return text


def rect(x, y, width, height, fill, radius=0.0, stroke="", stroke_width=1.0, opacity=1.0) -> str:
    """A rectangle with optionally rounded corners."""
    return (
        f'<rect x="{x:.2f}" y="{y:.2f}" width="{max(width, 0):.2f}" height="{max(height, 0):.2f}" '
        f'rx="{radius:.2f}" {_paint(fill, stroke, stroke_width, opacity)}/>'
    )


def ellipse(x, y, radius_x, radius_y=None, fill="black", stroke="", stroke_width=1.0, opacity=1.0) -> str:
    """An ellipse (a circle without `radius_y`) about (x, y)."""
    radius_y = radius_x if radius_y is None else radius_y
    return (
        f'<ellipse cx="{x:.2f}" cy="{y:.2f}" rx="{radius_x:.2f}" ry="{radius_y:.2f}" '
        f"{_paint(fill, stroke, stroke_width, opacity)}/>"
    )


def polygon(points: Iterable[tuple[float, float]], fill, stroke="", stroke_width=1.0, opacity=1.0) -> str:
    """A closed polygon."""
    text = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
    return f'<polygon points="{text}" {_paint(fill, stroke, stroke_width, opacity)}/>'


def path(data: str, fill="none", stroke="", stroke_width=1.0, opacity=1.0) -> str:
    """An SVG path; round line caps."""
    return f'<path d="{data}" stroke-linecap="round" {_paint(fill, stroke, stroke_width, opacity)}/>'


def line(x1, y1, x2, y2, stroke, stroke_width=1.0) -> str:
    """A straight stroke with round ends."""
    return path(f"M{x1:.2f} {y1:.2f}L{x2:.2f} {y2:.2f}", "none", stroke, stroke_width)


@cache
def _ruler(font: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(Path(font_paths()[_FILES[font]]), 200)


@cache
def text_width(text: str, font: str) -> float:
    """Width of a text at font size 1."""
    return _ruler(font).getlength(text) / 200


def lines_of(text: str | tuple[str, ...]) -> tuple[str, ...]:
    """The non-empty lines of a text attribute (a string or a tuple of strings)."""
    return tuple(part for part in ((text,) if isinstance(text, str) else text) if part)


def label(text, x, y, width, height, fill="black", font="sans", anchor="middle") -> str:
    """Text (a line or a tuple of lines), as large as fits into the box; empty text draws nothing."""
    parts = lines_of(text)
    if not parts:
        return ""
    row = height / len(parts)
    widest = max(text_width(part, font) for part in parts)
    # A capital is 0.73 high; descenders and the gap to the next line need the rest.
    size = min(row / (0.8 if len(parts) == 1 else 0.98), width / max(widest, 1e-6))
    family, style = FAMILIES[font]
    left = {"start": x, "middle": x + width / 2, "end": x + width}[anchor]
    return "".join(
        f'<text x="{left:.2f}" y="{y + row * (index + 0.5) + 0.362 * size:.2f}" '
        f'font-family="{family}" {style} '
        f'font-size="{size:.2f}" text-anchor="{anchor}" fill="{hex_of(fill)}">{escape(part)}</text>'
        for index, part in enumerate(parts)
    )


@dataclass(frozen=True)
class Piece:
    """One piece of a prop: its SVG, the part it belongs to, and that part's silhouette."""

    svg: str
    part: str = "body"
    silhouette: str = ""


def written(text, x, y, width, height, fill="black", font="sans", anchor="middle") -> Piece:
    """A text piece of part "text"; its silhouette is the box the text is fitted into."""
    silhouette = rect(x - 0.7, y - 0.7, width + 1.4, height + 1.4, "black")
    return Piece(label(text, x, y, width, height, fill, font, anchor), "text", silhouette)


def portrait(person, x, y, width, height, backdrop="light grey") -> Piece:
    """A photograph of a person (attributes as people.random_person gives them; None: a silhouette)."""
    frame = rect(x, y, width, height, backdrop)
    if person is None:
        face = ellipse(x + width / 2, y + height * 0.4, width * 0.22, height * 0.24, "dark grey") + rect(
            x + width * 0.18, y + height * 0.7, width * 0.64, height * 0.3, "dark grey", width * 0.15
        )
    else:
        # A nested svg clips the person to the photograph.
        # The head (half of a bust's height wide) fills the photograph.
        tall = min(height * 1.38, width / 0.5)
        wide = tall * 0.693
        sitter = Element("person", (width - wide) / 2, max(height - tall, 0), wide, tall, {**person, "framing": "bust"})
        face = (
            f'<svg x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" '
            f'viewBox="0 0 {width:.2f} {height:.2f}">{DRAWERS["person"](sitter, "all")}</svg>'
        )
    return Piece(frame + face, "photo", rect(x, y, width, height, "black"))


DETAILS = ("text", "photo")
"""The parts that "details" stands for: all the personal data on a document."""


def compose(element: Element, pieces: Iterable[Piece], part: str) -> str:
    """Place the pieces of an element at its box (turned by attribute "rotation", in degrees).

    Part "all" draws everything; another part draws only its silhouette ("details": text and photo).
    """
    if part == "all":
        body = "".join(piece.svg for piece in pieces)
    else:
        wanted = DETAILS if part == "details" else (part,)
        # The piece itself too: an italic letter or a pen stroke may reach beyond its box.
        body = "".join(piece.silhouette + piece.svg for piece in pieces if piece.part in wanted)
    turn = element.attributes.get("rotation", 0)
    rotation = f" rotate({turn:g} {element.width / 2:.2f} {element.height / 2:.2f})" if turn else ""
    return f'<g transform="translate({element.x:.2f} {element.y:.2f}){rotation}">{body}</g>'
