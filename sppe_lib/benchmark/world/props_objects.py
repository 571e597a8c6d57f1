"""Everyday objects: medicine, picture frames, books, cups, plants, clocks, hands, pens."""

import math

from sppe_lib.benchmark.world.props_shapes import (
    Piece, compose, contrasting, ellipse, label, line, lines_of, path, polygon, portrait, rect, written,
)
from sppe_lib.benchmark.world.scene import Element, draws

PICTURES = ("mountain", "sea", "flower", "sunset", "cat", "house")


def picture(kind: str, x: float, y: float, width: float, height: float, accent: str = "teal") -> str:
    """A small picture: mountain, sea, flower, sunset, cat or house."""

    def at(across, down):
        return x + width * across, y + height * down

    side = min(width, height)
    if kind == "mountain":
        return (rect(x, y, width, height, "light blue") + polygon([at(0, 1), at(.35, .3), at(.7, 1)], "grey")
                + polygon([at(.4, 1), at(.72, .45), at(1, 1)], "dark grey") + polygon([at(.26, .48), at(.35, .3), at(.44, .48)], "white")
                + rect(x, y + height * .88, width, height * .12, "green"))
    if kind == "sea":
        return (rect(x, y, width, height, "light blue") + rect(x, y + height * .5, width, height * .5, "blue")
                + polygon([at(.3, .6), at(.7, .6), at(.62, .74), at(.38, .74)], "brown")
                + polygon([at(.5, .15), at(.5, .58), at(.75, .58)], "white"))
    if kind == "flower":
        cx, cy = at(.5, .4)
        petals = "".join(ellipse(cx + side * .2 * math.cos(a), cy + side * .2 * math.sin(a), side * .14, fill=accent)
                         for a in (0, 1.26, 2.51, 3.77, 5.03))
        return (rect(x, y, width, height, "light yellow") + line(cx, cy, cx, y + height * .95, "green", side * .06)
                + petals + ellipse(cx, cy, side * .12, fill="yellow"))
    if kind == "sunset":
        return (rect(x, y, width, height, "orange") + ellipse(*at(.5, .6), side * .25, fill="yellow")
                + rect(x, y + height * .6, width, height * .4, "purple"))
    if kind == "cat":
        cx, cy = at(.5, .58)
        return (rect(x, y, width, height, "light green")
                + polygon([(cx - side * .28, cy - side * .42), (cx, cy - side * .1), (cx - side * .3, cy)], "dark grey")
                + polygon([(cx + side * .28, cy - side * .42), (cx, cy - side * .1), (cx + side * .3, cy)], "dark grey")
                + ellipse(cx, cy, side * .31, side * .27, "dark grey")
                + ellipse(cx - side * .12, cy - side * .04, side * .055, fill="yellow")
                + ellipse(cx + side * .12, cy - side * .04, side * .055, fill="yellow")
                + ellipse(cx, cy + side * .08, side * .04, fill="pink"))
    return (rect(x, y, width, height, "light blue") + rect(x, y + height * .8, width, height * .2, "green")
            + rect(x + width * .25, y + height * .48, width * .5, height * .4, "cream")
            + polygon([at(.18, .5), at(.5, .2), at(.82, .5)], "red")
            + rect(x + width * .43, y + height * .64, width * .14, height * .24, "brown"))


@draws("picture_frame")
def draw_picture_frame(element: Element, part: str) -> str:
    """A framed picture: frame colour, mat, photo (a person) or picture (see PICTURES), accent, backdrop."""
    look, width, height = element.attributes, element.width, element.height
    thick = min(width, height) * 0.09
    body = rect(1.4, 1.8, width, height, "#000000", 0.8, opacity=0.3) + rect(0, 0, width, height, look["frame"], 0.8,
                                                                          "#00000066", 0.6)
    body += rect(thick, thick, width - 2 * thick, height - 2 * thick, look.get("mat", "white"), 0, "#00000055", 0.5)
    inner = thick * 1.7
    box = (inner, inner, width - 2 * inner, height - 2 * inner)
    if look.get("photo") is not None:
        inside = portrait(look["photo"], *box, look.get("backdrop", "light blue"))
    else:
        inside = Piece(picture(look["picture"], *box, look.get("accent", "red")), "photo", rect(*box, "black"))
    return compose(element, [Piece(body), inside], part)


@draws("medicine")
def draw_medicine(element: Element, part: str) -> str:
    """Medicine: form (box, bottle, blister), colour, accent, text (the name), ink."""
    look, width, height = element.attributes, element.width, element.height
    colour, accent, form = look["colour"], look["accent"], look["form"]
    if form == "bottle":
        body = rect(width * .2, 0, width * .6, height * .16, "white", 1.5, "grey", 0.6)
        body += "".join(line(width * x, height * .03, width * x, height * .13, "grey", 0.6) for x in (.3, .4, .5, .6, .7))
        body += rect(width * .06, height * .15, width * .88, height * .85, colour, width * .1, "#00000055", 0.6)
        body += rect(width * .06, height * .34, width * .88, height * .5, "white")
        body += rect(width * .06, height * .34, width * .88, height * .1, accent)
        text_box = (width * .1, height * .47, width * .8, height * .34)
    elif form == "blister":
        body = rect(0, 0, width, height, "silver", 2, "grey", 0.6)
        body += "".join(ellipse(width * (0.14 + 0.18 * column), height * (0.6 + 0.23 * row), min(width * .07, height * .1),
                                fill=colour, stroke="white", stroke_width=0.8) for row in range(2) for column in range(5))
        body += rect(width * .04, height * .06, width * .92, height * .38, "white", 1)
        text_box = (width * .07, height * .08, width * .86, height * .34)
    else:
        depth = min(width, height) * 0.12
        body = polygon([(0, depth), (depth, 0), (width, 0), (width - depth, depth)], "light grey", "#00000055", 0.4)
        body += polygon([(width - depth, depth), (width, 0), (width, height - depth), (width - depth, height)], "grey",
                        "#00000055", 0.4)
        body += rect(0, depth, width - depth, height - depth, colour, 0, "#00000055", 0.5)
        body += rect(0, depth + (height - depth) * .74, width - depth, (height - depth) * .26, accent)
        radius, x, y = height * .1, (width - depth) * .8, depth + (height - depth) * .87
        body += rect(x - radius, y - radius * .3, radius * 2, radius * .6, "white")
        body += rect(x - radius * .3, y - radius, radius * .6, radius * 2, "white")
        body += rect(width * .08, depth + (height - depth) * .81, width * .34, height * .1, "white", height * .05)
        text_box = (width * .06, depth + (height - depth) * .12, width * .94 - depth - width * .06, (height - depth) * .54)
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
    for x, y, turn in ((.2, .3, 20), (.7, .25, -30), (.45, .75, 70)):
        svg += (f'<g transform="translate({width * x:.1f} {height * y:.1f}) rotate({turn})">'
                + rect(-5, -2.2, 10, 4.4, look["colour"], 2.2, "#00000055", 0.4) + rect(0, -2.2, 5, 4.4, look["accent"], 2.2)
                + "</g>")
    return compose(element, [Piece(svg)], part)


@draws("book")
def draw_book(element: Element, part: str) -> str:
    """A closed book: colour, stripe."""
    look, width, height = element.attributes, element.width, element.height
    svg = rect(1.3, 1.6, width, height, "#000000", 1, opacity=0.3) + rect(0, 0, width, height, "cream", 1, "#00000055", 0.5)
    svg += rect(0, 0, width * .95, height * .96, look["colour"], 1, "#00000055", 0.5)
    svg += rect(width * .05, 0, width * .05, height * .96, look["stripe"])
    svg += rect(width * .25, height * .2, width * .55, height * .22, look["stripe"], 1)
    svg += ellipse(width * .52, height * .68, min(width, height) * .14, fill=look["stripe"])
    return compose(element, [Piece(svg)], part)


@draws("picture_card")
def draw_picture_card(element: Element, part: str) -> str:
    """A picture post card: picture (see PICTURES), accent."""
    look, width, height = element.attributes, element.width, element.height
    edge = min(width, height) * 0.06
    svg = rect(1.2, 1.5, width, height, "#000000", 0.6, opacity=0.28) + rect(0, 0, width, height, "white", 0.6, "#00000055", 0.4)
    svg += picture(look["picture"], edge, edge, width - 2 * edge, height - 2 * edge, look["accent"])
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
        body += "".join(line(px(dx), py(4), px(dx * .6), py(80), shade, scale * 2) for dx in (-10, 0, 10))
        base = 62
    else:
        base = 0
    body += path(f"M{px(-33):.1f} {py(base):.1f}Q{px(-33):.1f} {py(base + 36):.1f} {px(0):.1f} {py(base + 40):.1f}"
                 f"Q{px(33):.1f} {py(base + 36):.1f} {px(33):.1f} {py(base):.1f}Z", tone)
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
    svg = "".join(path(f"M{x:.1f} {height * .66:.1f}Q{width * a:.1f} {height * b:.1f} {width * c:.1f} {height * d:.1f}"
                       f"Q{width * (a + .14):.1f} {height * (b + .2):.1f} {x:.1f} {height * .66:.1f}Z", leaf)
                  for a, b, c, d in ((.1, .3, .06, .12), (.3, .1, .4, 0), (.6, .1, .76, .03), (.8, .4, .96, .22)))
    svg += polygon([(width * .22, height * .62), (width * .78, height * .62), (width * .68, height), (width * .32, height)],
                   look["colour"], "#00000055", 0.4)
    return compose(element, [Piece(svg)], part)


@draws("cup")
def draw_cup(element: Element, part: str) -> str:
    """A cup: colour; seen from above where attribute "above" is true."""
    look, width, height = element.attributes, element.width, element.height
    if look.get("above", True):
        r = min(width, height) * .4
        svg = rect(r * 1.7, r * .8, r * .8, r * .4, look["colour"], 2) + ellipse(r, r, r, fill=look["colour"], stroke="#00000055",
                                                                               stroke_width=0.5)
        svg += ellipse(r, r, r * .74, fill="dark brown") + ellipse(r * .8, r * .8, r * .25, fill="brown", opacity=.7)
    else:
        svg = ellipse(width * .78, height * .5, width * .17, height * .22, "none", look["colour"], width * .08)
        svg += rect(width * .1, height * .1, width * .65, height * .9, look["colour"], 2, "#00000055", 0.5)
    return compose(element, [Piece(svg)], part)


@draws("hand")
def draw_hand(element: Element, part: str) -> str:
    """A hand that holds something from below: skin, sleeve. "thumb": only the thumb, to lie on top."""
    look, width, height = element.attributes, element.width, element.height
    skin = look["skin"]
    if look.get("thumb"):
        svg = path(f"M{width * .5:.1f} {height * .95:.1f}L{width * .42:.1f} {height * .2:.1f}", "none", skin, width * .42)
        svg += ellipse(width * .41, height * .16, width * .1, height * .09, "#ffffff88")
        return compose(element, [Piece(svg)], part)
    svg = rect(width * .3, height * .66, width * .42, height * .36, look["sleeve"], 2)
    svg += path(f"M{width * .33:.1f} {height * .72:.1f}L{width * .26:.1f} {height * .36:.1f}Q{width * .5:.1f} {height * .2:.1f} "
                f"{width * .74:.1f} {height * .36:.1f}L{width * .68:.1f} {height * .72:.1f}Z", skin)
    for x, top in ((.3, .1), (.44, .03), (.58, .05), (.7, .14)):
        svg += path(f"M{width * x:.1f} {height * .4:.1f}V{height * top:.1f}", "none", skin, width * .115)
    return compose(element, [Piece(svg)], part)


@draws("pen")
def draw_pen(element: Element, part: str) -> str:
    """A pen lying aslant: colour."""
    width, height = element.width, element.height
    svg = line(width * .12, height * .88, width * .9, height * .12, element.attributes["colour"], 3.4)
    svg += line(0, height, width * .1, height * .9, "black", 1.4) + line(width * .72, height * .3, width * .9, height * .12, "gold", 1.2)
    return compose(element, [Piece(svg)], part)


@draws("clock")
def draw_clock(element: Element, part: str) -> str:
    """A digital clock body (model "digital"), a wall clock with hands at `hour` (model "wall")."""
    look, width, height = element.attributes, element.width, element.height
    if look.get("model", "digital") == "wall":
        r = min(width, height) / 2
        svg = ellipse(r, r, r, fill=look["colour"]) + ellipse(r, r, r * .84, fill="white")
        for index in range(12):
            angle = index * math.pi / 6
            svg += line(r + r * .68 * math.sin(angle), r - r * .68 * math.cos(angle), r + r * .76 * math.sin(angle),
                        r - r * .76 * math.cos(angle), "black", r * .05)
        hour, minute = int(look.get("hour", 10)), int(look.get("minute", 10))
        for angle, long, thick in ((math.pi * (hour % 12 + minute / 60) / 6, .42, .1), (math.pi * minute / 30, .62, .07)):
            svg += line(r, r, r + r * long * math.sin(angle), r - r * long * math.cos(angle), "black", r * thick)
        return compose(element, [Piece(svg, "face", ellipse(r, r, r * .84, fill="black"))], part)
    svg = rect(width * .1, height * .9, width * .12, height * .1, "black") + rect(width * .78, height * .9, width * .12, height * .1, "black")
    svg += rect(0, 0, width, height * .93, look["colour"], height * .12, "#00000066", 0.6)
    svg += rect(width * .06, height * .12, width * .88, height * .68, look["screen"], 2)
    return compose(element, [Piece(svg)], part)


@draws("calendar")
def draw_calendar(element: Element, part: str) -> str:
    """A tear-off calendar without its date: colour of the head."""
    look, width, height = element.attributes, element.width, element.height
    svg = rect(1.2, 1.6, width, height, "#000000", 1, opacity=.28) + rect(0, 0, width, height, "white", 1, "#00000055", 0.5)
    svg += rect(0, 0, width, height * .24, look["colour"], 1)
    svg += "".join(ellipse(width * x, height * .06, width * .03, fill="dark grey") for x in (.2, .5, .8))
    return compose(element, [Piece(svg)], part)


@draws("cake")
def draw_cake(element: Element, part: str) -> str:
    """A birthday cake with candles: colour, icing."""
    look, width, height = element.attributes, element.width, element.height
    svg = ellipse(width / 2, height * .94, width / 2, height * .06, "light grey")
    for index in range(5):
        x = width * (.22 + .14 * index)
        svg += rect(x - 1.2, height * .06, 2.4, height * .2, ("red", "blue", "yellow", "green", "purple")[index])
        svg += ellipse(x, height * .03, 1.5, 2.4, "orange")
    svg += rect(width * .08, height * .26, width * .84, height * .66, look["colour"], 2)
    drips = "".join(f"a{width * .07:.2f} {height * .1:.2f} 0 0 1 {-width * .14:.2f} 0" for _ in range(6))
    svg += path(f"M{width * .08:.1f} {height * .24:.1f}H{width * .92:.1f}V{height * .3:.1f}{drips}Z", look["icing"])
    return compose(element, [Piece(svg)], part)


@draws("sign")
def draw_sign(element: Element, part: str) -> str:
    """A sign: colour, edge, model ("board" on a wall, "post" on a post, "mailbox", "badge"), text."""
    look, width, height = element.attributes, element.width, element.height
    model, colour, edge = look.get("model", "board"), look["colour"], look["edge"]
    if model == "post":
        svg = rect(width * .47, height * .3, width * .06, height * 3, "grey")
        svg += rect(0, 0, width, height, colour, 2, edge, 1.6)
    elif model == "mailbox":
        svg = rect(0, 0, width, height, colour, 3, "#00000066", 0.8) + rect(width * .15, height * .1, width * .7, height * .07, "black", 1)
        svg += rect(width * .08, height * .44, width * .84, height * .42, "white", 1, edge, 0.8)
    elif model == "badge":
        svg = rect(width * .42, -height * .14, width * .16, height * .2, "grey", 1)
        svg += rect(1, 1.4, width, height, "#000000", 2, opacity=.28) + rect(0, 0, width, height, "white", 2, edge, 0.8)
        svg += rect(0, 0, width, height * .34, colour, 2)
    else:
        svg = rect(1, 1.4, width, height, "#000000", 1.5, opacity=.3) + rect(0, 0, width, height, colour, 1.5, edge, 1.4)
        svg += "".join(ellipse(width * x, height * .5, min(height * .05, 1.2), fill=edge) for x in (.03, .97))
    pieces = [Piece(svg)]
    if look.get("text"):
        pieces.append(Piece(label(look["text"], width * .1, height * .05, width * .8, height * .25, contrasting(colour))))
    return compose(element, pieces, part)


@draws("door")
def draw_door(element: Element, part: str) -> str:
    """A front door: colour."""
    look, width, height = element.attributes, element.width, element.height
    svg = rect(0, 0, width, height, look["colour"], 1, "white", 2)
    svg += "".join(rect(width * x, height * y, width * .32, height * .24, "#00000028", 1) for x in (.12, .56) for y in (.08, .7))
    svg += ellipse(width * .88, height * .6, width * .04, fill="gold")
    return compose(element, [Piece(svg)], part)


@draws("photo_print")
def draw_photo_print(element: Element, part: str) -> str:
    """An instant photograph with a white edge: picture (see PICTURES), accent, or photo (a person)."""
    look, width, height = element.attributes, element.width, element.height
    svg = rect(1.2, 1.6, width, height, "#000000", .6, opacity=.28) + rect(0, 0, width, height, "white", .6, "#00000044", .5)
    box = (width * .06, width * .06, width * .88, height * .74)
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
        svg = "".join(rect(width * (0.05 + 0.09 * index), height * .12, width * (0.03 + 0.025 * (index % 3 == 0)), height * .76, ink)
                      for index in range(10))
    elif shape == "waves":
        svg = "".join(path(f"M{width * .05:.1f} {height * y:.1f}" + f"q{width * .075:.2f} {-height * .22:.2f} {width * .15:.2f} 0" * 6,
                           "none", ink, height * .09) for y in (.35, .75))
    else:
        count = max(2, int(width / max(height, 1)))
        svg = "".join(ellipse(width * (i + .5) / count, height / 2, min(height, width / count) * .36, fill="none", stroke=ink,
                              stroke_width=height * .12) for i in range(count))
    return compose(element, [Piece(svg, "text", silhouette)], part)


@draws("table")
def draw_table(element: Element, part: str) -> str:
    """The top of a table seen from the front: colour."""
    look, width, height = element.attributes, element.width, element.height
    svg = rect(0, 0, width, height, look["colour"]) + rect(0, 0, width, height * 0.1, "#ffffff55")
    return compose(element, [Piece(svg)], part)
