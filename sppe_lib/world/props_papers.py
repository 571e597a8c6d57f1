"""Papers: diplomas, curricula vitae, receipts, envelopes, business cards."""

from sppe_lib.world.props_documents import emblem, sheet
from sppe_lib.world.props_shapes import (
    Piece,
    compose,
    contrasting,
    ellipse,
    is_dark,
    line,
    lines_of,
    path,
    polygon,
    portrait,
    rect,
    written,
)
from sppe_lib.world.scene import Element, draws


@draws("diploma")
def draw_diploma(element: Element, part: str) -> str:
    """A certificate: paper, border colour, text (title, name, year), ink, seal colour, ribbon."""
    look, width, height = element.attributes, element.width, element.height
    body = sheet(width, height, look["paper"])
    body += rect(width * 0.04, height * 0.05, width * 0.92, height * 0.9, "none", 1, look["border"], 1.6)
    x, y, r = width * 0.8, height * 0.78, min(width, height) * 0.11
    body += polygon(
        [(x - r * 0.7, y), (x + r * 0.7, y), (x + r * 0.9, y + r * 2), (x, y + r * 1.4), (x - r * 0.9, y + r * 2)],
        look["border"],
    )
    body += ellipse(x, y, r, fill=look["seal"]) + ellipse(x, y, r * 0.6, fill="none", stroke="white", stroke_width=0.7)
    rows = lines_of(look["text"])
    pieces = [Piece(body)]
    if rows:
        pieces.append(written(rows[0], width * 0.1, height * 0.11, width * 0.8, height * 0.21, look["border"], "serif"))
    if len(rows) > 1:
        pieces.append(written(rows[1], width * 0.1, height * 0.38, width * 0.8, height * 0.22, look["ink"]))
    if len(rows) > 2:
        pieces.append(written(rows[2], width * 0.1, height * 0.68, width * 0.5, height * 0.18, look["ink"]))
    return compose(element, pieces, part)


@draws("resume")
def draw_resume(element: Element, part: str) -> str:
    """A curriculum vitae: paper, stripe, photo, backdrop, text (name, then "year school" lines), ink."""
    look, width, height = element.attributes, element.width, element.height
    rows = lines_of(look["text"])
    body = sheet(width, height, look["paper"]) + rect(0, 0, width, height * 0.34, look["stripe"])
    pieces = [
        Piece(body),
        portrait(
            look["photo"], width * 0.05, height * 0.04, width * 0.26, height * 0.26, look.get("backdrop", "light grey")
        ),
    ]
    if rows:
        pieces.append(
            written(rows[0], width * 0.36, height * 0.09, width * 0.6, height * 0.16, contrasting(look["stripe"]))
        )
    for index, row in enumerate(rows[1:4]):
        top = height * (0.4 + 0.2 * index)
        pieces.insert(1, Piece(ellipse(width * 0.1, top + height * 0.07, width * 0.035, fill=look["stripe"])))
        pieces.append(written(row, width * 0.18, top, width * 0.77, height * 0.15, look["ink"], "sans", "start"))
    return compose(element, pieces, part)


@draws("receipt")
def draw_receipt(element: Element, part: str) -> str:
    """A till receipt: paper, ink, text (shop, then lines "item price", then total)."""
    look, width, height = element.attributes, element.width, element.height
    teeth = [(0.0, 0.0), (width, 0.0), (width, height - 3)]
    count = 8
    for index in range(count):
        teeth += [(width * (count - index - 0.5) / count, height), (width * (count - index - 1) / count, height - 3)]
    body = f'<g transform="translate(1.2 1.4)">{polygon(teeth, "#000000", opacity=0.25)}</g>'
    body += polygon(teeth, look["paper"])
    rows = lines_of(look["text"])
    pieces = [Piece(body)]
    if rows:
        # The shop's name, the goods, then a rule and the total in larger figures.
        step = (height - 8) / (len(rows) + 1.2)
        y = 2.0
        for index, row in enumerate(rows):
            large = index in (0, len(rows) - 1)
            tall = step * (1.5 if large else 1.0) * 0.86
            pieces.append(
                written(row, width * 0.06, y, width * 0.88, tall, look["ink"], "mono" if not large else "sans")
            )
            y += tall + step * 0.14
            if index == 0 or index == len(rows) - 2:
                pieces.insert(1, Piece(line(width * 0.06, y - step * 0.04, width * 0.94, y - step * 0.04, "grey", 0.6)))
    return compose(element, pieces, part)


@draws("letter")
def draw_letter(element: Element, part: str) -> str:
    """An envelope: paper, stamp colour, text (address lines), ink, style (front, flap, airmail)."""
    look, width, height = element.attributes, element.width, element.height
    body = sheet(width, height, look["paper"])
    style = look.get("style", "front")
    if style == "airmail":
        step = width / 10
        for index in range(10):
            tone = ("red", "blue")[index % 2]
            for y in (0, height - 3.4):
                x = index * step
                body += polygon(
                    [(x, y + 3.4), (x + step * 0.3, y), (x + step * 0.75, y), (x + step * 0.45, y + 3.4)], tone
                )
    if style == "flap":
        body += path(f"M0 0L{width / 2:.1f} {height * 0.42:.1f}L{width:.1f} 0", "#00000012", "#00000055", 0.9)
        body += ellipse(width / 2, height * 0.36, height * 0.1, fill=look["stamp"])
        text_box = (width * 0.12, height * 0.52, width * 0.76, height * 0.42)
    else:
        size = height * 0.3
        x, y = width - size * 0.95 - 5, 5.5
        body += rect(x, y, size * 0.85, size, "white", 0.3, "grey", 0.5)
        body += rect(x + 1.5, y + 1.5, size * 0.85 - 3, size - 3, look["stamp"])
        body += ellipse(x + size * 0.42, y + size * 0.5, size * 0.18, fill="white")
        for row in range(3):
            body += path(f"M{x - size * 0.7:.1f} {y + 3 + 4 * row:.1f}q4 -3 8 0t8 0", "none", "dark grey", 0.7, 0.7)
        text_box = (width * 0.1, height * 0.44, width * 0.64, height * 0.46)
    pieces = [Piece(body), written(look["text"], *text_box, look["ink"], look.get("font", "sans"), "start")]
    return compose(element, pieces, part)


@draws("business_card")
def draw_business_card(element: Element, part: str) -> str:
    """A business card or name badge: colour, stripe, text, ink, emblem."""
    look, width, height = element.attributes, element.width, element.height
    body = sheet(width, height, look["colour"], 1.2) + rect(0, 0, width * 0.06, height, look["stripe"])
    if look.get("emblem"):
        body += emblem(look["emblem"], width * 0.18, height * 0.2, height * 0.12, look["stripe"])
    pieces = [Piece(body)]
    if lines_of(look.get("text", "")):
        pieces.append(written(look["text"], width * 0.3, height * 0.08, width * 0.64, height * 0.24, look["ink"]))
    return compose(element, pieces, part)


def paper_ink(paper: str) -> tuple[str, ...]:
    """Ink colours that can be read on a paper."""
    return (
        ("white", "gold", "light yellow")
        if is_dark(paper)
        else ("black", "dark blue", "dark red", "dark green", "purple")
    )
