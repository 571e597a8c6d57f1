"""Everyday objects: medicine, books, cups, plants, statues, hands, pens."""

from sppe_lib.world.props_shapes import Piece, compose, ellipse, line, lines_of, path, polygon, rect, written
from sppe_lib.world.scene import Element, draws


@draws("medicine")
def draw_medicine(element: Element, part: str) -> str:
    """Medicine: form (box, bottle, blister), colour, accent, text (the name), ink."""
    look, width, height = element.attributes, element.width, element.height
    colour, accent, form = look["colour"], look["accent"], look["form"]
    if form == "bottle":
        body = rect(width * 0.2, 0, width * 0.6, height * 0.16, "white", 1.5, "grey", 0.6)
        body += "".join(
            line(width * x, height * 0.03, width * x, height * 0.13, "grey", 0.6) for x in (0.3, 0.4, 0.5, 0.6, 0.7)
        )
        body += rect(width * 0.06, height * 0.15, width * 0.88, height * 0.85, colour, width * 0.1, "#00000055", 0.6)
        body += rect(width * 0.06, height * 0.34, width * 0.88, height * 0.5, "white")
        body += rect(width * 0.06, height * 0.34, width * 0.88, height * 0.1, accent)
        text_box = (width * 0.1, height * 0.47, width * 0.8, height * 0.34)
    elif form == "blister":
        body = rect(0, 0, width, height, "silver", 2, "grey", 0.6)
        body += "".join(
            ellipse(
                width * (0.14 + 0.18 * column),
                height * (0.6 + 0.23 * row),
                min(width * 0.07, height * 0.1),
                fill=colour,
                stroke="white",
                stroke_width=0.8,
            )
            for row in range(2)
            for column in range(5)
        )
        body += rect(width * 0.04, height * 0.06, width * 0.92, height * 0.38, "white", 1)
        text_box = (width * 0.07, height * 0.08, width * 0.86, height * 0.34)
    else:
        depth = min(width, height) * 0.12
        body = polygon([(0, depth), (depth, 0), (width, 0), (width - depth, depth)], "light grey", "#00000055", 0.4)
        body += polygon(
            [(width - depth, depth), (width, 0), (width, height - depth), (width - depth, height)],
            "grey",
            "#00000055",
            0.4,
        )
        body += rect(0, depth, width - depth, height - depth, colour, 0, "#00000055", 0.5)
        body += rect(0, depth + (height - depth) * 0.74, width - depth, (height - depth) * 0.26, accent)
        radius, x, y = height * 0.1, (width - depth) * 0.8, depth + (height - depth) * 0.87
        body += rect(x - radius, y - radius * 0.3, radius * 2, radius * 0.6, "white")
        body += rect(x - radius * 0.3, y - radius, radius * 0.6, radius * 2, "white")
        body += rect(width * 0.08, depth + (height - depth) * 0.81, width * 0.34, height * 0.1, "white", height * 0.05)
        text_box = (
            width * 0.06,
            depth + (height - depth) * 0.12,
            width * 0.94 - depth - width * 0.06,
            (height - depth) * 0.54,
        )
    ink = look["ink"] if form == "box" else ("black" if look["ink"] == "white" else look["ink"])
    pieces = [Piece(body)]
    if lines_of(look["text"]):
        pieces.append(written(look["text"], *text_box, ink))
    return compose(element, pieces, part)


@draws("pills")
def draw_pills(element: Element, part: str) -> str:
    """A few loose pills: colour, accent."""
    look, width, height = element.attributes, element.width, element.height
    svg = ""
    for x, y, turn in ((0.2, 0.3, 20), (0.7, 0.25, -30), (0.45, 0.75, 70)):
        svg += (
            f'<g transform="translate({width * x:.1f} {height * y:.1f}) rotate({turn})">'
            + rect(-5, -2.2, 10, 4.4, look["colour"], 2.2, "#00000055", 0.4)
            + rect(0, -2.2, 5, 4.4, look["accent"], 2.2)
            + "</g>"
        )
    return compose(element, [Piece(svg)], part)


@draws("book")
def draw_book(element: Element, part: str) -> str:
    """A closed book: colour, stripe."""
    look, width, height = element.attributes, element.width, element.height
    svg = rect(1.3, 1.6, width, height, "#000000", 1, opacity=0.3) + rect(
        0, 0, width, height, "cream", 1, "#00000055", 0.5
    )
    svg += rect(0, 0, width * 0.95, height * 0.96, look["colour"], 1, "#00000055", 0.5)
    svg += rect(width * 0.05, 0, width * 0.05, height * 0.96, look["stripe"])
    svg += rect(width * 0.25, height * 0.2, width * 0.55, height * 0.22, look["stripe"], 1)
    svg += ellipse(width * 0.52, height * 0.68, min(width, height) * 0.14, fill=look["stripe"])
    return compose(element, [Piece(svg)], part)


@draws("figure")
def draw_figure(element: Element, part: str) -> str:
    """A stone bust or statue in place of a person: colour, framing ("bust", "full", "head")."""
    look, width, height = element.attributes, element.width, element.height
    tone, shade = look["colour"], "#00000044"
    framing = look.get("framing", "bust")
    scale = min(width / 70, height / (100 if framing == "bust" else 165))
    x, y = width / 2, height

    def px(dx):
        return x + dx * scale

    def py(dy):
        return y - dy * scale

    body = ""
    if framing == "full":
        body += polygon([(px(-22), py(0)), (px(-17), py(90)), (px(17), py(90)), (px(22), py(0))], tone)
        body += "".join(line(px(dx), py(4), px(dx * 0.6), py(80), shade, scale * 2) for dx in (-10, 0, 10))
        base = 62
    else:
        base = 0
    body += path(
        f"M{px(-33):.1f} {py(base):.1f}Q{px(-33):.1f} {py(base + 36):.1f} {px(0):.1f} {py(base + 40):.1f}"
        f"Q{px(33):.1f} {py(base + 36):.1f} {px(33):.1f} {py(base):.1f}Z",
        tone,
    )
    body += rect(px(-8), py(base + 52), 16 * scale, 18 * scale, tone)
    body += ellipse(px(0), py(base + 64), 17 * scale, 22 * scale, tone)
    body += ellipse(px(0), py(base + 78), 19 * scale, 12 * scale, shade)
    for dx in (-7, 7):
        body += ellipse(px(dx), py(base + 64), 2.6 * scale, fill=shade)
    body += line(px(-5), py(base + 52), px(5), py(base + 52), shade, 2 * scale)
    return compose(element, [Piece(body)], part)


@draws("plant")
def draw_plant(element: Element, part: str) -> str:
    """A pot plant: colour of the pot, leaf colour."""
    look, width, height = element.attributes, element.width, element.height
    leaf, x = look.get("leaf", "green"), width / 2
    svg = "".join(
        path(
            f"M{x:.1f} {height * 0.66:.1f}Q{width * a:.1f} {height * b:.1f} {width * c:.1f} {height * d:.1f}"
            f"Q{width * (a + 0.14):.1f} {height * (b + 0.2):.1f} {x:.1f} {height * 0.66:.1f}Z",
            leaf,
        )
        for a, b, c, d in ((0.1, 0.3, 0.06, 0.12), (0.3, 0.1, 0.4, 0), (0.6, 0.1, 0.76, 0.03), (0.8, 0.4, 0.96, 0.22))
    )
    svg += polygon(
        [(width * 0.22, height * 0.62), (width * 0.78, height * 0.62), (width * 0.68, height), (width * 0.32, height)],
        look["colour"],
        "#00000055",
        0.4,
    )
    return compose(element, [Piece(svg)], part)


@draws("cup")
def draw_cup(element: Element, part: str) -> str:
    """A cup: colour; seen from above where attribute "above" is true."""
    look, width, height = element.attributes, element.width, element.height
    if look.get("above", True):
        r = min(width, height) * 0.4
        svg = rect(r * 1.7, r * 0.8, r * 0.8, r * 0.4, look["colour"], 2) + ellipse(
            r, r, r, fill=look["colour"], stroke="#00000055", stroke_width=0.5
        )
        svg += ellipse(r, r, r * 0.74, fill="dark brown") + ellipse(
            r * 0.8, r * 0.8, r * 0.25, fill="brown", opacity=0.7
        )
    else:
        svg = ellipse(width * 0.78, height * 0.5, width * 0.17, height * 0.22, "none", look["colour"], width * 0.08)
        svg += rect(width * 0.1, height * 0.1, width * 0.65, height * 0.9, look["colour"], 2, "#00000055", 0.5)
    return compose(element, [Piece(svg)], part)


@draws("hand")
def draw_hand(element: Element, part: str) -> str:
    """A hand that holds something from below: skin, sleeve. "thumb": only the thumb, to lie on top."""
    look, width, height = element.attributes, element.width, element.height
    skin = look["skin"]
    if look.get("thumb"):
        svg = path(
            f"M{width * 0.5:.1f} {height * 0.95:.1f}L{width * 0.42:.1f} {height * 0.2:.1f}", "none", skin, width * 0.42
        )
        svg += ellipse(width * 0.41, height * 0.16, width * 0.1, height * 0.09, "#ffffff88")
        return compose(element, [Piece(svg)], part)
    svg = rect(width * 0.3, height * 0.66, width * 0.42, height * 0.36, look["sleeve"], 2)
    svg += path(
        f"M{width * 0.33:.1f} {height * 0.72:.1f}L{width * 0.26:.1f} {height * 0.36:.1f}"
        f"Q{width * 0.5:.1f} {height * 0.2:.1f} "
        f"{width * 0.74:.1f} {height * 0.36:.1f}L{width * 0.68:.1f} {height * 0.72:.1f}Z",
        skin,
    )
    for x, top in ((0.3, 0.1), (0.44, 0.03), (0.58, 0.05), (0.7, 0.14)):
        svg += path(f"M{width * x:.1f} {height * 0.4:.1f}V{height * top:.1f}", "none", skin, width * 0.115)
    return compose(element, [Piece(svg)], part)


@draws("pen")
def draw_pen(element: Element, part: str) -> str:
    """A pen lying aslant: colour."""
    width, height = element.width, element.height
    svg = line(width * 0.12, height * 0.88, width * 0.9, height * 0.12, element.attributes["colour"], 3.4)
    svg += line(0, height, width * 0.1, height * 0.9, "black", 1.4) + line(
        width * 0.72, height * 0.3, width * 0.9, height * 0.12, "gold", 1.2
    )
    return compose(element, [Piece(svg)], part)
