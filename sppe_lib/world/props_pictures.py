"""Pictures and what shows them: picture frames, post cards, instant photographs, ornaments."""

import math

from sppe_lib.world.props_shapes import Piece, compose, ellipse, line, path, polygon, portrait, rect
from sppe_lib.world.scene import Element, draws

PICTURES = ("mountain", "sea", "flower", "sunset", "cat", "house")


def picture(kind: str, x: float, y: float, width: float, height: float, accent: str = "teal") -> str:
    """A small picture: mountain, sea, flower, sunset, cat or house."""

    def at(across, down):
        return x + width * across, y + height * down

    side = min(width, height)
    if kind == "mountain":
        return (
            rect(x, y, width, height, "light blue")
            + polygon([at(0, 1), at(0.35, 0.3), at(0.7, 1)], "grey")
            + polygon([at(0.4, 1), at(0.72, 0.45), at(1, 1)], "dark grey")
            + polygon([at(0.26, 0.48), at(0.35, 0.3), at(0.44, 0.48)], "white")
            + rect(x, y + height * 0.88, width, height * 0.12, "green")
        )
    if kind == "sea":
        return (
            rect(x, y, width, height, "light blue")
            + rect(x, y + height * 0.5, width, height * 0.5, "blue")
            + polygon([at(0.3, 0.6), at(0.7, 0.6), at(0.62, 0.74), at(0.38, 0.74)], "brown")
            + polygon([at(0.5, 0.15), at(0.5, 0.58), at(0.75, 0.58)], "white")
        )
    if kind == "flower":
        cx, cy = at(0.5, 0.4)
        petals = "".join(
            ellipse(cx + side * 0.2 * math.cos(a), cy + side * 0.2 * math.sin(a), side * 0.14, fill=accent)
            for a in (0, 1.26, 2.51, 3.77, 5.03)
        )
        return (
            rect(x, y, width, height, "light yellow")
            + line(cx, cy, cx, y + height * 0.95, "green", side * 0.06)
            + petals
            + ellipse(cx, cy, side * 0.12, fill="yellow")
        )
    if kind == "sunset":
        return (
            rect(x, y, width, height, "orange")
            + ellipse(*at(0.5, 0.6), side * 0.25, fill="yellow")
            + rect(x, y + height * 0.6, width, height * 0.4, "purple")
        )
    if kind == "cat":
        cx, cy = at(0.5, 0.58)
        return (
            rect(x, y, width, height, "light green")
            + polygon([(cx - side * 0.28, cy - side * 0.42), (cx, cy - side * 0.1), (cx - side * 0.3, cy)], "dark grey")
            + polygon([(cx + side * 0.28, cy - side * 0.42), (cx, cy - side * 0.1), (cx + side * 0.3, cy)], "dark grey")
            + ellipse(cx, cy, side * 0.31, side * 0.27, "dark grey")
            + ellipse(cx - side * 0.12, cy - side * 0.04, side * 0.055, fill="yellow")
            + ellipse(cx + side * 0.12, cy - side * 0.04, side * 0.055, fill="yellow")
            + ellipse(cx, cy + side * 0.08, side * 0.04, fill="pink")
        )
    return (
        rect(x, y, width, height, "light blue")
        + rect(x, y + height * 0.8, width, height * 0.2, "green")
        + rect(x + width * 0.25, y + height * 0.48, width * 0.5, height * 0.4, "cream")
        + polygon([at(0.18, 0.5), at(0.5, 0.2), at(0.82, 0.5)], "red")
        + rect(x + width * 0.43, y + height * 0.64, width * 0.14, height * 0.24, "brown")
    )


@draws("picture_frame")
def draw_picture_frame(element: Element, part: str) -> str:
    """A framed picture: frame colour, mat, photo (a person) or picture (see PICTURES), accent, backdrop."""
    look, width, height = element.attributes, element.width, element.height
    thick = min(width, height) * 0.09
    body = rect(1.4, 1.8, width, height, "#000000", 0.8, opacity=0.3) + rect(
        0, 0, width, height, look["frame"], 0.8, "#00000066", 0.6
    )
    body += rect(thick, thick, width - 2 * thick, height - 2 * thick, look.get("mat", "white"), 0, "#00000055", 0.5)
    inner = thick * 1.7
    box = (inner, inner, width - 2 * inner, height - 2 * inner)
    if look.get("photo") is not None:
        inside = portrait(look["photo"], *box, look.get("backdrop", "light blue"))
    else:
        inside = Piece(picture(look["picture"], *box, look.get("accent", "red")), "photo", rect(*box, "black"))
    return compose(element, [Piece(body), inside], part)


@draws("picture_card")
def draw_picture_card(element: Element, part: str) -> str:
    """A picture post card: picture (see PICTURES), accent."""
    look, width, height = element.attributes, element.width, element.height
    edge = min(width, height) * 0.06
    svg = rect(1.2, 1.5, width, height, "#000000", 0.6, opacity=0.28) + rect(
        0, 0, width, height, "white", 0.6, "#00000055", 0.4
    )
    svg += picture(look["picture"], edge, edge, width - 2 * edge, height - 2 * edge, look["accent"])
    return compose(element, [Piece(svg)], part)


@draws("photo_print")
def draw_photo_print(element: Element, part: str) -> str:
    """An instant photograph with a white edge: picture (see PICTURES), accent, or photo (a person)."""
    look, width, height = element.attributes, element.width, element.height
    svg = rect(1.2, 1.6, width, height, "#000000", 0.6, opacity=0.28) + rect(
        0, 0, width, height, "white", 0.6, "#00000044", 0.5
    )
    box = (width * 0.06, width * 0.06, width * 0.88, height * 0.74)
    if look.get("photo") is not None:
        svg += portrait(look["photo"], *box, look["accent"]).svg
    else:
        svg += picture(look["picture"], *box, look["accent"])
    return compose(element, [Piece(svg)], part)


@draws("scribble")
def draw_scribble(element: Element, part: str) -> str:
    """A drawn ornament instead of writing (what a strong surrogate makes of text): ink, shape."""
    look, width, height = element.attributes, element.width, element.height
    shape, ink = look["shape"], look["ink"]
    silhouette = rect(0, 0, width, height, "black")
    if shape == "bars":
        svg = "".join(
            rect(
                width * (0.05 + 0.09 * index),
                height * 0.12,
                width * (0.03 + 0.025 * (index % 3 == 0)),
                height * 0.76,
                ink,
            )
            for index in range(10)
        )
    elif shape == "waves":
        svg = "".join(
            path(
                f"M{width * 0.05:.1f} {height * y:.1f}"
                + f"q{width * 0.075:.2f} {-height * 0.22:.2f} {width * 0.15:.2f} 0" * 6,
                "none",
                ink,
                height * 0.09,
            )
            for y in (0.35, 0.75)
        )
    else:
        count = max(2, int(width / max(height, 1)))
        svg = "".join(
            ellipse(
                width * (i + 0.5) / count,
                height / 2,
                min(height, width / count) * 0.36,
                fill="none",
                stroke=ink,
                stroke_width=height * 0.12,
            )
            for i in range(count)
        )
    return compose(element, [Piece(svg, "text", silhouette)], part)
