"""SVG primitives in scene units, fitted text, and portraits: what drawers in Python and assets share."""

from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from typing import Any

from PIL import ImageFont

from sppe_lib.world.colours import hex_of
from sppe_lib.world.scene import FONT_FILES, Element, drawn

FAMILIES = {
    "sans": ("DejaVu Sans", "font-weight='bold'"),
    "mono": ("DejaVu Sans Mono", "font-weight='bold'"),
    "serif": ("DejaVu Serif", "font-weight='bold' font-style='italic'"),
}
"""Font name -> family and style, in the order of `scene.FONT_FILES`."""


def _paint(fill: str, stroke: str = "", stroke_width: float = 1.0, opacity: float = 1.0) -> str:
    line = f' stroke="{hex_of(stroke)}" stroke-width="{stroke_width:g}" stroke-linejoin="round"' if stroke else ""
    return f'fill="{hex_of(fill)}"{line}' + (f' opacity="{opacity:g}"' if opacity < 1 else "")


def rect(x, y, width, height, fill, radius=0.0, *paint, **more) -> str:
    """A rectangle with optionally rounded corners; all shapes may have stroke, stroke_width, opacity."""
    size = f'width="{max(width, 0):.2f}" height="{max(height, 0):.2f}" rx="{radius:.2f}"'
    return f'<rect x="{x:.2f}" y="{y:.2f}" {size} {_paint(fill, *paint, **more)}/>'


def ellipse(x, y, radius_x, radius_y=None, fill="black", *paint, **more) -> str:
    """An ellipse (a circle without `radius_y`) about (x, y)."""
    radii = f'rx="{radius_x:.2f}" ry="{radius_x if radius_y is None else radius_y:.2f}"'
    return f'<ellipse cx="{x:.2f}" cy="{y:.2f}" {radii} {_paint(fill, *paint, **more)}/>'


def polygon(points: Iterable[tuple[float, float]], fill, *paint, **more) -> str:
    """A closed polygon."""
    return f'<polygon points="{" ".join(f"{x:.2f},{y:.2f}" for x, y in points)}" {_paint(fill, *paint, **more)}/>'


def path(data: str, fill="none", *paint, **more) -> str:
    """An SVG path; round line caps."""
    return f'<path d="{data}" stroke-linecap="round" {_paint(fill, *paint, **more)}/>'


def line(x1, y1, x2, y2, stroke, stroke_width=1.0) -> str:
    """A straight stroke with round ends."""
    return path(f"M{x1:.2f} {y1:.2f}L{x2:.2f} {y2:.2f}", "none", stroke, stroke_width)


@cache
def _ruler(font: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT_FILES[list(FAMILIES).index(font)], 200)


def lines_of(text: str | tuple[str, ...]) -> tuple[str, ...]:
    """The non-empty lines of a text attribute (a string or a tuple of strings)."""
    return tuple(part for part in ((text,) if isinstance(text, str) else text) if part)


def label(text, x, y, width, height, fill="black", font="sans", anchor="middle") -> str:
    """Text (a line or a tuple of lines), as large as fits into the box; empty text draws nothing."""
    parts = lines_of(text)
    if not parts:
        return ""
    row = height / len(parts)
    widest = max(_ruler(font).getlength(part) / 200 for part in parts)
    # A capital is 0.73 high; descenders and the gap to the next line need the rest.
    size = min(row / (0.8 if len(parts) == 1 else 0.98), width / max(widest, 1e-6))
    (family, style), left = FAMILIES[font], {"start": x, "middle": x + width / 2, "end": x + width}[anchor]
    paint = f'font-family="{family}" {style} font-size="{size:.2f}" text-anchor="{anchor}" fill="{hex_of(fill)}"'
    return "".join(
        f'<text x="{left:.2f}" y="{y + row * (index + 0.5) + 0.362 * size:.2f}" {paint}>{escape(part)}</text>'
        for index, part in enumerate(parts)
    )


def written(part: str, text, x, y, width, height, fill="black", font="sans", anchor="middle") -> str:
    """Text for a part of a thing: in part "all" the text alone, else with the box it is fitted into."""
    silhouette = "" if part == "all" else rect(x - 0.7, y - 0.7, width + 1.4, height + 1.4, "black")
    return silhouette + label(text, x, y, width, height, fill, font, anchor)


def portrait(person: Mapping[str, Any], x, y, width, height, backdrop: str) -> str:
    """A photograph of a person (attributes as people.random_person gives them)."""
    # The head (half of a bust's height wide) fills the photograph, and a nested svg clips it.
    tall = min(height * 1.38, width / 0.5)
    wide = tall * 0.693
    sitter = Element("person", (width - wide) / 2, max(height - tall, 0), wide, tall, {**person, "framing": "bust"})
    size = f'width="{width:.2f}" height="{height:.2f}" viewBox="0 0 {width:.2f} {height:.2f}"'
    return rect(x, y, width, height, backdrop) + f'<svg x="{x:.2f}" y="{y:.2f}" {size}>{drawn([sitter])}</svg>'


def placed(element: Element, body: str) -> str:
    """A drawing in local coordinates at an element's box, turned by its attribute "rotation" (degrees)."""
    turn = element.attributes.get("rotation", 0)
    rotation = f" rotate({turn:g} {element.width / 2:.2f} {element.height / 2:.2f})" if turn else ""
    return f'<g transform="translate({element.x:.2f} {element.y:.2f}){rotation}">{body}</g>'
