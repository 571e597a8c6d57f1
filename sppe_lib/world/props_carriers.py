"""Things that carry free-standing text: clocks, calendars, cakes, signs; and doors and tables."""

import math

from sppe_lib.world.props_shapes import Piece, compose, contrasting, ellipse, label, line, path, rect
from sppe_lib.world.scene import Element, draws


@draws("clock")
def draw_clock(element: Element, part: str) -> str:
    """A digital clock body (model "digital"), a wall clock with hands at `hour` (model "wall")."""
    look, width, height = element.attributes, element.width, element.height
    if look.get("model", "digital") == "wall":
        r = min(width, height) / 2
        svg = ellipse(r, r, r, fill=look["colour"]) + ellipse(r, r, r * 0.84, fill="white")
        for index in range(12):
            angle = index * math.pi / 6
            svg += line(
                r + r * 0.68 * math.sin(angle),
                r - r * 0.68 * math.cos(angle),
                r + r * 0.76 * math.sin(angle),
                r - r * 0.76 * math.cos(angle),
                "black",
                r * 0.05,
            )
        hour, minute = int(look.get("hour", 10)), int(look.get("minute", 10))
        for angle, long, thick in (
            (math.pi * (hour % 12 + minute / 60) / 6, 0.42, 0.1),
            (math.pi * minute / 30, 0.62, 0.07),
        ):
            svg += line(r, r, r + r * long * math.sin(angle), r - r * long * math.cos(angle), "black", r * thick)
        return compose(element, [Piece(svg, "face", ellipse(r, r, r * 0.84, fill="black"))], part)
    svg = rect(width * 0.1, height * 0.9, width * 0.12, height * 0.1, "black") + rect(
        width * 0.78, height * 0.9, width * 0.12, height * 0.1, "black"
    )
    svg += rect(0, 0, width, height * 0.93, look["colour"], height * 0.12, "#00000066", 0.6)
    svg += rect(width * 0.06, height * 0.12, width * 0.88, height * 0.68, look["screen"], 2)
    return compose(element, [Piece(svg)], part)


@draws("calendar")
def draw_calendar(element: Element, part: str) -> str:
    """A tear-off calendar without its date: colour of the head."""
    look, width, height = element.attributes, element.width, element.height
    svg = rect(1.2, 1.6, width, height, "#000000", 1, opacity=0.28) + rect(
        0, 0, width, height, "white", 1, "#00000055", 0.5
    )
    svg += rect(0, 0, width, height * 0.24, look["colour"], 1)
    svg += "".join(ellipse(width * x, height * 0.06, width * 0.03, fill="dark grey") for x in (0.2, 0.5, 0.8))
    return compose(element, [Piece(svg)], part)


@draws("cake")
def draw_cake(element: Element, part: str) -> str:
    """A birthday cake with candles: colour, icing."""
    look, width, height = element.attributes, element.width, element.height
    svg = ellipse(width / 2, height * 0.94, width / 2, height * 0.06, "light grey")
    for index in range(5):
        x = width * (0.22 + 0.14 * index)
        svg += rect(x - 1.2, height * 0.06, 2.4, height * 0.2, ("red", "blue", "yellow", "green", "purple")[index])
        svg += ellipse(x, height * 0.03, 1.5, 2.4, "orange")
    svg += rect(width * 0.08, height * 0.26, width * 0.84, height * 0.66, look["colour"], 2)
    drips = "".join(f"a{width * 0.07:.2f} {height * 0.1:.2f} 0 0 1 {-width * 0.14:.2f} 0" for _ in range(6))
    svg += path(f"M{width * 0.08:.1f} {height * 0.24:.1f}H{width * 0.92:.1f}V{height * 0.3:.1f}{drips}Z", look["icing"])
    return compose(element, [Piece(svg)], part)


@draws("sign")
def draw_sign(element: Element, part: str) -> str:
    """A sign: colour, edge, model ("board" on a wall, "post" on a post, "mailbox", "badge"), text."""
    look, width, height = element.attributes, element.width, element.height
    model, colour, edge = look.get("model", "board"), look["colour"], look["edge"]
    if model == "post":
        svg = rect(width * 0.47, height * 0.3, width * 0.06, height * 3, "grey")
        svg += rect(0, 0, width, height, colour, 2, edge, 1.6)
    elif model == "mailbox":
        svg = rect(0, 0, width, height, colour, 3, "#00000066", 0.8) + rect(
            width * 0.15, height * 0.1, width * 0.7, height * 0.07, "black", 1
        )
        svg += rect(width * 0.08, height * 0.44, width * 0.84, height * 0.42, "white", 1, edge, 0.8)
    elif model == "badge":
        svg = rect(width * 0.42, -height * 0.14, width * 0.16, height * 0.2, "grey", 1)
        svg += rect(1, 1.4, width, height, "#000000", 2, opacity=0.28) + rect(
            0, 0, width, height, "white", 2, edge, 0.8
        )
        svg += rect(0, 0, width, height * 0.34, colour, 2)
    else:
        svg = rect(1, 1.4, width, height, "#000000", 1.5, opacity=0.3) + rect(
            0, 0, width, height, colour, 1.5, edge, 1.4
        )
        svg += "".join(ellipse(width * x, height * 0.5, min(height * 0.05, 1.2), fill=edge) for x in (0.03, 0.97))
    pieces = [Piece(svg)]
    if look.get("text"):
        pieces.append(
            Piece(label(look["text"], width * 0.1, height * 0.05, width * 0.8, height * 0.25, contrasting(colour)))
        )
    return compose(element, pieces, part)


@draws("door")
def draw_door(element: Element, part: str) -> str:
    """A front door: colour."""
    look, width, height = element.attributes, element.width, element.height
    svg = rect(0, 0, width, height, look["colour"], 1, "white", 2)
    svg += "".join(
        rect(width * x, height * y, width * 0.32, height * 0.24, "#00000028", 1)
        for x in (0.12, 0.56)
        for y in (0.08, 0.7)
    )
    svg += ellipse(width * 0.88, height * 0.6, width * 0.04, fill="gold")
    return compose(element, [Piece(svg)], part)


@draws("table")
def draw_table(element: Element, part: str) -> str:
    """The top of a table seen from the front: colour."""
    look, width, height = element.attributes, element.width, element.height
    svg = rect(0, 0, width, height, look["colour"]) + rect(0, 0, width, height * 0.1, "#ffffff55")
    return compose(element, [Piece(svg)], part)
