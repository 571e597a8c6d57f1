"""Devices with screens: laptop, tablet, television, monitor, telephone; and what their screens show."""

from sppe_lib.world.props_shapes import (
    Piece,
    compose,
    contrasting,
    ellipse,
    label,
    line,
    lines_of,
    path,
    polygon,
    portrait,
    rect,
)
from sppe_lib.world.scene import Element, draws

CONTENTS = ("mail", "chat", "chart", "call", "profile", "landscape", "desktop")
"""What a screen can show; all but "landscape" and "chart" are built round the text."""


def screen_content(look, x: float, y: float, width: float, height: float) -> str:
    """The picture on a screen: attributes screen (colour), accent, content, text, ink, photo."""
    ground, accent = look["screen"], look["accent"]
    content, text, ink = look["content"], look["text"], look["ink"]
    body = rect(x, y, width, height, ground)

    def box(left, top, wide, tall):
        return x + width * left, y + height * top, width * wide, height * tall

    if content == "mail":
        body += rect(*box(0, 0, 1, 0.2), accent) + label(text, *box(0.06, 0.3, 0.88, 0.6), ink)
        body += polygon(
            [
                (x + width * 0.05, y + height * 0.05),
                (x + width * 0.17, y + height * 0.05),
                (x + width * 0.11, y + height * 0.13),
            ],
            contrasting(accent),
        )
    elif content == "chat":
        body += rect(*box(0.05, 0.08, 0.74, 0.48), "white", height * 0.08) + label(
            text, *box(0.09, 0.12, 0.66, 0.4), "black"
        )
        body += rect(*box(0.4, 0.64, 0.55, 0.26), accent, height * 0.08)
    elif content == "chart":
        for index, tall in enumerate((0.25, 0.4, 0.3, 0.5)):
            body += rect(*box(0.08 + 0.22 * index, 0.94 - tall, 0.15, tall), accent)
        body += label(text, *box(0.06, 0.06, 0.88, 0.32), ink)
    elif content in ("call", "profile"):
        wide = 0.4 if content == "profile" else 0.56
        left = 0.04 if content == "profile" else 0.22
        photo_box = box(left, 0.08, wide, 0.84 if content == "profile" else 0.7)
        body += portrait(look.get("photo"), *photo_box, accent).svg
        if content == "profile":
            body += label(text, *box(0.48, 0.15, 0.48, 0.7), ink)
        else:
            body += label(text, *box(0.1, 0.8, 0.8, 0.18), ink)
    elif content == "landscape":
        body += ellipse(x + width * 0.72, y + height * 0.27, height * 0.14, fill="yellow")
        body += polygon([box(0, 0.85, 0, 0)[:2], box(0.35, 0.3, 0, 0)[:2], box(0.7, 0.85, 0, 0)[:2]], accent)
        body += polygon(
            [box(0.4, 0.85, 0, 0)[:2], box(0.75, 0.5, 0, 0)[:2], box(1, 0.85, 0, 0)[:2]], accent, opacity=0.7
        )
        body += rect(*box(0, 0.8, 1, 0.2), "green") + label(text, *box(0.05, 0.03, 0.62, 0.34), ink)
    else:
        body += rect(*box(0, 0.86, 1, 0.14), accent)
        body += "".join(
            rect(*box(0.06, 0.08 + 0.26 * row, 0.1, 0.17), tone, 1)
            for row, tone in enumerate(("orange", "teal", "pink"))
        )
        body += label(text, *box(0.24, 0.22, 0.7, 0.42), ink)
    return body


def _screen_piece(look, x: float, y: float, width: float, height: float) -> Piece:
    return Piece(screen_content(look, x, y, width, height), "screen", rect(x, y, width, height, "black"))


@draws("laptop")
def draw_laptop(element: Element, part: str) -> str:
    """An open laptop from the front: body colour; screen, accent, content, text, ink, photo."""
    look, width, height = element.attributes, element.width, element.height
    lid = height * 0.74
    body = rect(width * 0.08, 0, width * 0.84, lid, look["body"], 2.5, "#00000066", 0.6)
    deck = polygon(
        [(width * 0.08, lid), (width * 0.92, lid), (width, height * 0.95), (0, height * 0.95)],
        look["body"],
        "#00000066",
        0.6,
    )
    deck += rect(0, height * 0.94, width, height * 0.06, "grey", 1)
    for row in range(3):
        y = lid + height * (0.03 + 0.05 * row)
        left, wide = width * (0.13 - 0.02 * row), width * (0.74 + 0.04 * row)
        deck += rect(left, y, wide, height * 0.032, "dark grey")
    margin = width * 0.035
    pieces = [
        Piece(body + deck),
        _screen_piece(look, width * 0.08 + margin, margin, width * 0.84 - 2 * margin, lid - 2 * margin),
    ]
    return compose(element, pieces, part)


@draws("tablet")
def draw_tablet(element: Element, part: str) -> str:
    """A tablet computer: body colour; screen, accent, content, text, ink, photo."""
    look, width, height = element.attributes, element.width, element.height
    side = min(width, height)
    margin = side * 0.09
    body = rect(1, 1.4, width, height, "#000000", side * 0.08, opacity=0.3)
    body += rect(0, 0, width, height, look["body"], side * 0.08, "#00000066", 0.6)
    if width > height:
        body += ellipse(width - margin * 0.75, height / 2, margin * 0.4, fill=contrasting(look["body"]))
        screen = (margin, margin, width - margin * 2.5, height - 2 * margin)
    else:
        body += ellipse(width / 2, height - margin * 0.75, margin * 0.4, fill=contrasting(look["body"]))
        screen = (margin, margin, width - margin * 2, height - 2.5 * margin)
    return compose(element, [Piece(body), _screen_piece(look, *screen)], part)


@draws("television")
def draw_television(element: Element, part: str) -> str:
    """A television on feet, or an old one with aerials (model "flat" or "old")."""
    look, width, height = element.attributes, element.width, element.height
    if look.get("model") == "old":
        top = height * 0.2
        body = line(width * 0.5, top, width * 0.28, 1, "dark grey", 1.4) + line(
            width * 0.5, top, width * 0.74, 1, "dark grey", 1.4
        )
        body += rect(width * 0.15, height * 0.9, 4, height * 0.1, "dark grey")
        body += rect(width * 0.85 - 4, height * 0.9, 4, height * 0.1, "dark grey")
        body += rect(0, top, width, height * 0.73, look["body"], 3, "#00000077", 0.7)
        body += ellipse(width * 0.9, top + height * 0.15, width * 0.045, fill="light grey")
        body += ellipse(width * 0.9, top + height * 0.34, width * 0.045, fill="light grey")
        screen = (width * 0.05, top + height * 0.05, width * 0.76, height * 0.62)
    else:
        body = polygon(
            [
                (width * 0.2, height * 0.88),
                (width * 0.27, height * 0.88),
                (width * 0.2, height),
                (width * 0.12, height),
            ],
            "dark grey",
        )
        body += polygon(
            [
                (width * 0.8, height * 0.88),
                (width * 0.73, height * 0.88),
                (width * 0.8, height),
                (width * 0.88, height),
            ],
            "dark grey",
        )
        body += rect(0, 0, width, height * 0.9, look["body"], 1.4, "#00000077", 0.7)
        screen = (width * 0.03, width * 0.03, width * 0.94, height * 0.9 - width * 0.06)
    return compose(element, [Piece(body), _screen_piece(look, *screen)], part)


@draws("monitor")
def draw_monitor(element: Element, part: str) -> str:
    """A computer monitor on a stand, with a keyboard where attribute "keyboard" is true."""
    look, width, height = element.attributes, element.width, element.height
    tall = height * (0.7 if look.get("keyboard") else 0.8)
    body = rect(width * 0.43, tall, width * 0.14, height * 0.14, "grey")
    body += rect(width * 0.28, tall + height * 0.12, width * 0.44, height * 0.05, "grey", 1)
    if look.get("keyboard"):
        body += rect(width * 0.1, height * 0.89, width * 0.7, height * 0.11, look["body"], 1, "#00000066", 0.5)
        for row in range(2):
            for column in range(9):
                body += rect(
                    width * (0.125 + 0.073 * column),
                    height * (0.905 + 0.045 * row),
                    width * 0.05,
                    height * 0.03,
                    "light grey",
                )
        body += ellipse(width * 0.9, height * 0.94, width * 0.05, height * 0.055, look["body"])
    body += rect(0, 0, width, tall, look["body"], 1.6, "#00000077", 0.7)
    margin = width * 0.04
    return compose(
        element, [Piece(body), _screen_piece(look, margin, margin, width - 2 * margin, tall - margin * 2.4)], part
    )


@draws("phone")
def draw_phone(element: Element, part: str) -> str:
    """A mobile telephone showing a caller or a page: body, screen, accent, content ("caller", "page")."""
    look, width, height = element.attributes, element.width, element.height
    body = rect(1, 1.4, width, height, "#000000", width * 0.13, opacity=0.3)
    body += rect(0, 0, width, height, look["body"], width * 0.13, "#00000066", 0.6)
    body += rect(width * 0.06, height * 0.05, width * 0.88, height * 0.9, look["screen"], width * 0.08)
    if look.get("content") == "caller":
        body += ellipse(width * 0.5, height * 0.22, width * 0.17, fill="light grey")
        body += ellipse(width * 0.5, height * 0.19, width * 0.07, fill="dark grey")
        body += path(
            f"M{width * 0.38:.1f} {height * 0.28:.1f}q{width * 0.12:.1f} {-height * 0.09:.1f} {width * 0.24:.1f} 0Z",
            "dark grey",
        )
        body += ellipse(width * 0.28, height * 0.84, width * 0.12, fill="green")
        body += ellipse(width * 0.72, height * 0.84, width * 0.12, fill="red")
    else:
        body += rect(width * 0.06, height * 0.05, width * 0.88, height * 0.14, look["accent"], width * 0.06)
        body += rect(width * 0.16, height * 0.78, width * 0.68, height * 0.1, look["accent"], width * 0.05)
    pieces = [Piece(body)]
    if lines_of(look.get("text", "")):
        pieces.append(
            Piece(
                label(
                    look["text"], width * 0.16, height * 0.06, width * 0.68, height * 0.12, contrasting(look["accent"])
                )
            )
        )
    return compose(element, pieces, part)


@draws("page")
def draw_page(element: Element, part: str) -> str:
    """A web page or profile page: screen, accent, photo (a person, None for a silhouette, or absent)."""
    look, width, height = element.attributes, element.width, element.height
    body = rect(0, 0, width, height, look["screen"], 2, "#00000055", 0.7)
    body += rect(0, 0, width, height * 0.16, look["accent"], 2)
    body += "".join(
        ellipse(width * (0.06 + 0.07 * index), height * 0.08, height * 0.03, fill=tone)
        for index, tone in enumerate(("red", "yellow", "green"))
    )
    body += "".join(
        rect(width * 0.06, height * y, width * wide, height * 0.05, "light grey", 1)
        for y, wide in ((0.78, 0.88), (0.88, 0.6))
    )
    pieces = [Piece(body)]
    if "photo" in look:
        pieces.append(
            portrait(
                look["photo"],
                width * 0.06,
                height * 0.22,
                width * 0.3,
                height * 0.48,
                look.get("backdrop", "light blue"),
            )
        )
    return compose(element, pieces, part)
