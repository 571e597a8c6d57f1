"""Identity documents: passports, licences, identity and student cards."""

from sppe_lib.world.props_shapes import (
    Piece,
    compose,
    contrasting,
    ellipse,
    line,
    lines_of,
    path,
    polygon,
    portrait,
    rect,
    written,
)
from sppe_lib.world.scene import Element, draws


def emblem(kind: str, x: float, y: float, radius: float, colour: str) -> str:
    """A small emblem: globe, star, eagle, crown, sun, lion (a shield) or leaf."""
    r = radius
    if kind == "globe":
        return (
            ellipse(x, y, r, fill="none", stroke=colour, stroke_width=r * 0.18)
            + ellipse(x, y, r * 0.45, r, "none", colour, r * 0.14)
            + line(x - r, y, x + r, y, colour, r * 0.14)
        )
    if kind == "star":
        return polygon(
            [
                (x, y - r),
                (x + r * 0.25, y - r * 0.3),
                (x + r, y - r * 0.3),
                (x + r * 0.4, y + r * 0.15),
                (x + r * 0.62, y + r * 0.85),
                (x, y + r * 0.42),
                (x - r * 0.62, y + r * 0.85),
                (x - r * 0.4, y + r * 0.15),
                (x - r, y - r * 0.3),
                (x - r * 0.25, y - r * 0.3),
            ],
            colour,
        )
    if kind == "crown":
        return polygon(
            [
                (x - r, y - r * 0.6),
                (x - r * 0.45, y),
                (x, y - r),
                (x + r * 0.45, y),
                (x + r, y - r * 0.6),
                (x + r * 0.8, y + r * 0.8),
                (x - r * 0.8, y + r * 0.8),
            ],
            colour,
        )
    if kind == "eagle":
        return (
            path(
                f"M{x} {y - r * 0.5}Q{x - r * 1.5} {y - r * 1.2} {x - r * 1.2} {y + r * 0.5}"
                f"L{x} {y + r * 0.3}"
                f"L{x + r * 1.2} {y + r * 0.5}Q{x + r * 1.5} {y - r * 1.2} {x} {y - r * 0.5}Z",
                colour,
            )
            + polygon([(x - r * 0.4, y + r), (x, y - r * 0.7), (x + r * 0.4, y + r)], colour)
            + ellipse(x, y - r * 0.7, r * 0.28, fill=colour)
        )
    if kind == "sun":
        rays = "".join(
            line(x + r * 0.7 * dx, y + r * 0.7 * dy, x + r * dx, y + r * dy, colour, r * 0.2)
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1), (0.7, 0.7), (-0.7, 0.7), (0.7, -0.7), (-0.7, -0.7))
        )
        return ellipse(x, y, r * 0.5, fill=colour) + rays
    if kind == "leaf":
        return path(f"M{x} {y + r}Q{x - r * 1.3} {y} {x} {y - r}Q{x + r * 1.3} {y} {x} {y + r}Z", colour)
    return path(
        f"M{x - r * 0.8} {y - r * 0.8}H{x + r * 0.8}V{y}Q{x + r * 0.7} {y + r * 0.7} {x} {y + r}"
        f"Q{x - r * 0.7} {y + r * 0.7} {x - r * 0.8} {y}Z",
        colour,
    )


EMBLEMS = ("globe", "star", "crown", "eagle", "sun", "leaf", "shield")


def sheet(width: float, height: float, fill: str, radius: float = 1.0) -> str:
    return rect(1.2, 1.6, width, height, "#000000", radius, opacity=0.28) + rect(
        0, 0, width, height, fill, radius, "#00000033", 0.5
    )


def _card(element: Element, part: str, title: str, photo_left: bool = True) -> str:
    """An identity card in landscape: colour, stripe, photo, text (first line large), ink."""
    look, width, height = element.attributes, element.width, element.height
    margin = height * 0.07
    top = height * 0.2
    photo_width = width * 0.33
    photo_x = margin if photo_left else width - margin - photo_width
    text_x = margin * 2 + photo_width if photo_left else margin
    text_width = width - photo_width - margin * 3
    body = sheet(width, height, look["colour"], height * 0.06)
    body += path(
        f"M0 {height * 0.75:.1f}Q{width * 0.4:.1f} {height * 0.5:.1f} {width:.1f} {height * 0.85:.1f}",
        "none",
        look["stripe"],
        height * 0.05,
        0.35,
    )
    body += rect(0, height * 0.04, width, top - height * 0.04, look["stripe"])
    pieces = [
        Piece(body),
        Piece(
            written(
                title,
                margin,
                height * 0.06,
                width - 2 * margin,
                top - height * 0.09,
                contrasting(look["stripe"]),
                "sans",
                "start",
            ).svg
            if lines_of(look["text"])
            else ""
        ),
        portrait(
            look["photo"],
            photo_x,
            top + margin,
            photo_width,
            height - top - margin * 2,
            look.get("backdrop", "light grey"),
        ),
        written(look["text"], text_x, top + margin, text_width, height * 0.56, look["ink"], "sans", "start"),
    ]
    if look.get("emblem"):
        pieces.insert(
            1, Piece(emblem(look["emblem"], width - margin * 1.6, height - margin * 1.7, margin * 1.1, look["stripe"]))
        )
    return compose(element, pieces, part)


@draws("drivers_license")
def draw_drivers_license(element: Element, part: str) -> str:
    """A driving licence: colour, stripe, photo, backdrop, text, ink, emblem."""
    return _card(element, part, "DRIVER")


@draws("student_id")
def draw_student_id(element: Element, part: str) -> str:
    """A student card in portrait, on a lanyard: colour, stripe, photo, backdrop, text, ink, lanyard."""
    look, width, height = element.attributes, element.width, element.height
    body = ""
    if look.get("lanyard"):
        body += path(
            f"M{width * 0.3:.1f} {-height * 0.27:.1f}L{width * 0.5:.1f} 2L{width * 0.7:.1f} {-height * 0.27:.1f}",
            "none",
            look["lanyard"],
            3,
        )
    body += sheet(width, height, look["colour"], width * 0.06) + rect(0, 0, width, height * 0.2, look["stripe"], 1.5)
    # A mortarboard says "student" without words.
    ink = contrasting(look["stripe"])
    x, y, r = width * 0.18, height * 0.09, height * 0.07
    body += polygon([(x - r * 1.4, y), (x, y - r * 0.7), (x + r * 1.4, y), (x, y + r * 0.7)], ink)
    body += rect(x - r * 0.7, y + r * 0.2, r * 1.4, r * 0.8, ink)
    pieces = [
        Piece(body),
        Piece(
            written("STUDENT", width * 0.36, height * 0.04, width * 0.6, height * 0.12, ink).svg
            if lines_of(look["text"])
            else ""
        ),
        portrait(
            look["photo"], width * 0.24, height * 0.23, width * 0.52, height * 0.43, look.get("backdrop", "light grey")
        ),
        written(look["text"], width * 0.06, height * 0.69, width * 0.88, height * 0.28, look["ink"]),
    ]
    return compose(element, pieces, part)


@draws("ausweis")
def draw_ausweis(element: Element, part: str) -> str:
    """A German identity card (Ausweis): colour, stripe, photo, backdrop, text, ink, emblem."""
    return _card(element, part, "AUSWEIS", photo_left=element.attributes.get("photo_left", True))


@draws("passport")
def draw_passport(element: Element, part: str) -> str:
    """An open passport: cover above (cover, emblem), data page below (colour, photo, text, ink)."""
    look, width, height = element.attributes, element.width, element.height
    half = height * 0.36
    gold = "gold"
    body = sheet(width, half, look["cover"], 1.5)
    body += emblem(look.get("emblem", "globe"), width / 2, half * 0.56, half * 0.24, gold)
    body += f'<g transform="translate(0 {half:.2f})">{sheet(width, height - half, look["colour"], 1.5)}</g>'
    page = height - half
    # The machine-readable zone: rows of chevrons.
    rows = "".join(
        path(
            "".join(
                f"M{x:.1f} {y:.1f}l{-width * 0.018:.2f} {page * 0.025:.2f}l{width * 0.018:.2f} {page * 0.025:.2f}"
                for x in [width * (0.07 + 0.045 * step) for step in range(20)]
            ),
            "none",
            "dark grey",
            0.5,
        )
        for y in (half + page * 0.84, half + page * 0.92)
    )
    pieces = [
        Piece(body + rows),
        portrait(
            look["photo"],
            width * 0.06,
            half + page * 0.08,
            width * 0.34,
            page * 0.7,
            look.get("backdrop", "light grey"),
        ),
        written(look["text"], width * 0.44, half + page * 0.08, width * 0.51, page * 0.7, look["ink"], "sans", "start"),
    ]
    return compose(element, pieces, part)


@draws("passport_cover")
def draw_passport_cover(element: Element, part: str) -> str:
    """A closed passport: cover colour, emblem, text (country and "PASSPORT"), ink."""
    look, width, height = element.attributes, element.width, element.height
    body = sheet(width, height, look["cover"], width * 0.07)
    body += line(width * 0.045, 2, width * 0.045, height - 2, "#00000055", 1)
    body += emblem(look["emblem"], width / 2, height * 0.47, width * 0.22, look["ink"])
    lines = lines_of(look["text"])
    pieces = [Piece(body)]
    if lines:
        pieces.append(written(lines[0], width * 0.12, height * 0.07, width * 0.76, height * 0.16, look["ink"], "serif"))
    if len(lines) > 1:
        pieces.append(written(lines[1], width * 0.12, height * 0.77, width * 0.76, height * 0.14, look["ink"]))
    return compose(element, pieces, part)
