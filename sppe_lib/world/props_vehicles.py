"""Vehicles and their plates."""

from sppe_lib.world.props_shapes import Piece, compose, ellipse, line, lines_of, path, polygon, rect, written
from sppe_lib.world.scene import Element, draws

PLATE_PLACE = (0.29, 0.67, 0.42, 0.155)
SMALL_CAR_PLATE_PLACE = (0.2, 0.645, 0.6, 0.21)
"""Where a plate sits on a car: left, top, width, height as shares of the car's box."""


@draws("plate")
def draw_plate(element: Element, part: str) -> str:
    """A licence plate: colour, ink, band ("" or a colour at the left), text."""
    look, width, height = element.attributes, element.width, element.height
    body = rect(0, 0, width, height, look["colour"], height * 0.12, "black", max(height * 0.06, 0.5))
    left = width * 0.05
    if look.get("band"):
        body += rect(height * 0.05, height * 0.05, width * 0.11, height * 0.9, look["band"], height * 0.08)
        body += ellipse(width * 0.065, height * 0.32, height * 0.11, fill="yellow")
        left = width * 0.14
    pieces = [Piece(body)]
    if lines_of(look["text"]):
        pieces.append(written(look["text"], left, height * 0.1, width * 0.95 - left, height * 0.8, look["ink"]))
    return compose(element, pieces, part)


@draws("car")
def draw_car(element: Element, part: str) -> str:
    """A car from the front or the back: colour, view ("front", "back"), model ("car", "van")."""
    look, width, height = element.attributes, element.width, element.height
    colour, front = look["colour"], look.get("view", "front") == "front"

    def at(x, y):
        return width * x, height * y

    svg = ellipse(width * 0.5, height * 0.96, width * 0.52, height * 0.06, "#000000", opacity=0.35)
    svg += rect(*at(0.08, 0.74), width * 0.15, height * 0.25, "black", 1.5)
    svg += rect(*at(0.77, 0.74), width * 0.15, height * 0.25, "black", 1.5)
    roof = 0.02 if look.get("model") == "van" else 0.08
    side = 0.12 if look.get("model") == "van" else 0.2
    svg += polygon([at(0.07, 0.42), at(side, roof), at(1 - side, roof), at(0.93, 0.42)], colour, "#00000055", 0.5)
    svg += polygon(
        [at(0.14, 0.4), at(side + 0.04, roof + 0.05), at(0.96 - side, roof + 0.05), at(0.86, 0.4)], "#2b3a4a"
    )
    svg += polygon([at(0.25, 0.4), at(0.36, roof + 0.05), at(0.46, roof + 0.05), at(0.35, 0.4)], "#8fb0c8", opacity=0.7)
    svg += path(
        f"M{width * 0.03:.1f} {height * 0.88:.1f}V{height * 0.52:.1f}Q{width * 0.04:.1f} {height * 0.4:.1f} "
        f"{width * 0.14:.1f} {height * 0.4:.1f}H{width * 0.86:.1f}Q{width * 0.96:.1f} {height * 0.4:.1f} "
        f"{width * 0.97:.1f} {height * 0.52:.1f}V{height * 0.88:.1f}Z",
        colour,
        "#00000055",
        0.5,
    )
    svg += rect(*at(0.0, 0.82), width, height * 0.09, "dark grey", 1.2)
    if front:
        svg += rect(*at(0.29, 0.5), width * 0.42, height * 0.13, "black", 1)
        svg += "".join(
            line(width * 0.31, height * y, width * 0.69, height * y, "silver", height * 0.015)
            for y in (0.535, 0.565, 0.595)
        )
        for x in (0.16, 0.84):
            svg += ellipse(*at(x, 0.56), width * 0.085, height * 0.085, "light yellow", "grey", 0.6)
    else:
        svg += line(width * 0.2, height * 0.47, width * 0.8, height * 0.47, "#00000066", 0.8)
        svg += ellipse(*at(0.5, 0.54), width * 0.035, fill="silver")
        for x in (0.05, 0.77):
            svg += rect(*at(x, 0.5), width * 0.18, height * 0.13, "red", 1, "dark red", 0.5)
    return compose(element, [Piece(svg)], part)


@draws("bumper")
def draw_bumper(element: Element, part: str) -> str:
    """The part of a car about its plate, seen from near: colour, view ("front", "back", "wall")."""
    look, width, height = element.attributes, element.width, element.height
    svg = rect(0, 0, width, height, look["colour"])
    if look["view"] == "front":
        svg += rect(width * 0.2, height * 0.03, width * 0.6, height * 0.2, "black", 3)
        svg += "".join(
            line(width * 0.23, height * y, width * 0.77, height * y, "silver", 1.5) for y in (0.08, 0.13, 0.18)
        )
        for x in (0.06, 0.94):
            svg += ellipse(width * x, height * 0.14, width * 0.11, height * 0.12, "light yellow", "grey", 1.4)
    else:
        for x in (-0.03, 0.83):
            svg += rect(width * x, height * 0.04, width * 0.2, height * 0.2, "red", 3, "dark red", 1.2)
        svg += ellipse(width * 0.5, height * 0.14, width * 0.05, fill="silver")
    svg += rect(0, height * 0.78, width, height * 0.22, "dark grey") + line(
        0, height * 0.78, width, height * 0.78, "black", 1
    )
    svg += line(0, height * 0.29, width, height * 0.29, "#00000055", 1)
    return compose(element, [Piece(svg)], part)


@draws("sticker")
def draw_sticker(element: Element, part: str) -> str:
    """A bumper sticker with a drawing instead of writing (what a strong surrogate makes of a plate)."""
    look, width, height = element.attributes, element.width, element.height
    svg = rect(0, 0, width, height, look["colour"], height * 0.2, look["ink"], max(height * 0.08, 0.6))
    for index in range(3):
        x, y, r = width * (0.22 + 0.28 * index), height * 0.5, height * 0.15
        svg += "".join(
            ellipse(x + dx * r, y + dy * r, r * 0.8, fill=look["ink"])
            for dx, dy in ((0, -1), (1, -0.2), (0.6, 0.9), (-0.6, 0.9), (-1, -0.2))
        )
        svg += ellipse(x, y, r * 0.7, fill=look["colour"])
    return compose(element, [Piece(svg, "all")], part)
