"""Credit cards and tickets, in every material that the instructions ask for."""

from sppe_lib.world.props_shapes import (
    Piece,
    compose,
    contrasting,
    ellipse,
    line,
    lines_of,
    path,
    polygon,
    rect,
    written,
)
from sppe_lib.world.scene import Element, draws

MATERIALS = ("plastic", "paper", "birthday", "leather", "golden", "love_letter", "vip", "marble", "wedding", "wooden")

_GROUND = {
    "birthday": "#ffd1e6",
    "leather": "#7a4526",
    "golden": "#e3b53c",
    "love_letter": "#fbeee0",
    "vip": "#17151f",
    "marble": "#eceef1",
    "wedding": "#fffdf7",
    "wooden": "#b07b45",
}
MATERIAL_INKS = {
    "birthday": "#b0246f",
    "leather": "#f0d9a8",
    "golden": "#6b4708",
    "love_letter": "#8c2f4a",
    "vip": "#f0c850",
    "marble": "#2b2f38",
    "wedding": "#8a6d2f",
    "wooden": "#3d2410",
}


def _heart(x: float, y: float, r: float, colour: str) -> str:
    return path(
        f"M{x:.2f} {y + r:.2f}"
        f"C{x - r * 1.8:.2f} {y - r * 0.2:.2f} {x - r * 0.7:.2f} {y - r * 1.3:.2f} {x:.2f} "
        f"{y - r * 0.3:.2f}C{x + r * 0.7:.2f} {y - r * 1.3:.2f} {x + r * 1.8:.2f} {y - r * 0.2:.2f} {x:.2f} "
        f"{y + r:.2f}Z",
        colour,
    )


def _texture(material: str, width: float, height: float) -> str:
    """What a material adds to its ground."""
    if material == "birthday":
        body = ""
        for index, tone in enumerate(("red", "blue", "yellow", "green", "purple")):
            x = width * (0.12 + 0.19 * index)
            body += line(x, height * 0.2, x + 1, height * 0.42, "grey", 0.4)
            body += ellipse(x, height * (0.13 + 0.04 * (index % 2)), height * 0.085, height * 0.11, tone)
        return body + "".join(
            rect(width * (0.07 + 0.13 * index), height * (0.9 - 0.06 * (index % 2)), 2, 2, tone)
            for index, tone in enumerate(("teal", "orange", "purple", "red", "green", "blue", "pink"))
        )
    if material == "leather":
        return rect(2, 2, width - 4, height - 4, "none", height * 0.05, "#e8c98d", 0.9).replace(
            "/>", ' stroke-dasharray="3 2"/>'
        ) + "".join(
            path(f"M{width * x:.1f} {height * y:.1f}q3 2 6 -1", "none", "#56301a", 0.8)
            for x, y in ((0.1, 0.2), (0.5, 0.15), (0.75, 0.3), (0.2, 0.6), (0.6, 0.55), (0.82, 0.75), (0.35, 0.85))
        )
    if material == "golden":
        return (
            rect(2, 2, width - 4, height - 4, "none", height * 0.05, "#8a5f10", 1)
            + polygon(
                [(width * 0.3, 0), (width * 0.5, 0), (width * 0.25, height), (width * 0.05, height)],
                "#fff1b5",
                opacity=0.55,
            )
            + path(
                f"M{width * 0.75:.1f} {height * 0.3:.1f}q6 -8 10 0q-4 8 -10 0q-6 -8 -10 0q4 8 10 0",
                "none",
                "#8a5f10",
                1,
            )
        )
    if material == "love_letter":
        return (
            _heart(width * 0.84, height * 0.22, height * 0.13, "red")
            + _heart(width * 0.68, height * 0.16, height * 0.07, "pink")
            + "".join(
                path(f"M{width * 0.06:.1f} {height * y:.1f}q4 -4 8 0t8 0t8 0t8 0", "none", "#8c2f4a", 0.7)
                for y in (0.16, 0.28)
            )
        )
    if material == "vip":
        r, x, y = height * 0.1, width * 0.84, height * 0.2
        return rect(1.6, 1.6, width - 3.2, height - 3.2, "none", height * 0.05, "#f0c850", 1) + polygon(
            [
                (x - r * 1.3, y - r),
                (x - r * 0.5, y),
                (x, y - r * 1.3),
                (x + r * 0.5, y),
                (x + r * 1.3, y - r),
                (x + r, y + r),
                (x - r, y + r),
            ],
            "#f0c850",
        )
    if material == "marble":
        return "".join(
            path(
                f"M{width * x:.1f} 0Q{width * (x + 0.2):.1f} {height * 0.4:.1f} {width * (x - 0.05):.1f} "
                f"{height * 0.6:.1f}T{width * (x + 0.1):.1f} {height:.1f}",
                "none",
                "#9aa2ae",
                stroke,
                0.8,
            )
            for x, stroke in ((0.15, 1.2), (0.42, 0.6), (0.7, 1.4), (0.88, 0.6))
        )
    if material == "wedding":
        x, y, r = width * 0.83, height * 0.22, height * 0.09
        return (
            rect(2, 2, width - 4, height - 4, "none", 1, "#d9b65a", 0.9)
            + ellipse(x - r * 0.6, y, r, fill="none", stroke="#d9a92c", stroke_width=1.2)
            + ellipse(x + r * 0.6, y, r, fill="none", stroke="#d9a92c", stroke_width=1.2)
            + "".join(
                ellipse(width * px, height * py, height * 0.05, fill="#f3b7c6")
                for px, py in ((0.08, 0.12), (0.14, 0.17), (0.08, 0.88), (0.92, 0.88))
            )
        )
    if material == "wooden":
        return "".join(
            path(
                f"M0 {height * y:.1f}"
                f"Q{width * 0.3:.1f} {height * (y - 0.07):.1f} {width * 0.5:.1f} {height * y:.1f}"
                f"T{width:.1f} {height * y:.1f}",
                "none",
                "#7d5228",
                1,
                0.9,
            )
            for y in (0.12, 0.3, 0.48, 0.66, 0.84)
        ) + ellipse(width * 0.8, height * 0.3, width * 0.05, height * 0.06, "none", "#7d5228", 1)
    return ""


def _ground(look, width: float, height: float, radius: float) -> str:
    material = look.get("material", "plastic")
    ground = _GROUND.get(material, look["colour"])
    return (
        rect(1.2, 1.6, width, height, "#000000", radius, opacity=0.3)
        + rect(0, 0, width, height, ground, radius, "#00000040", 0.5)
        + _texture(material, width, height)
    )


@draws("credit_card")
def draw_credit_card(element: Element, part: str) -> str:
    """A bank card: colour, design (wave, circle, split, plain), text (number, name), ink, material."""
    look, width, height = element.attributes, element.width, element.height
    material = look.get("material", "plastic")
    plastic = material in ("plastic", "paper")
    body = _ground(look, width, height, height * 0.08)
    second = look.get("stripe", "white")
    if plastic:
        design = look.get("design", "plain")
        if design == "wave":
            body += path(
                f"M0 {height * 0.75:.1f}"
                f"Q{width * 0.3:.1f} {height * 0.5:.1f} {width * 0.55:.1f} {height * 0.75:.1f}"
                f"T{width:.1f} {height * 0.6:.1f}V{height * 0.92:.1f}"
                f"Q{width:.1f} {height:.1f} {width * 0.95:.1f} "
                f"{height:.1f}H{width * 0.05:.1f}Q0 {height:.1f} 0 {height * 0.92:.1f}Z",
                second,
                opacity=0.75,
            )
        elif design == "circle":
            body += ellipse(width * 0.74, height * 0.34, height * 0.3, fill=second, opacity=0.6)
        elif design == "split":
            body += rect(0, 0, width, height * 0.2, second, height * 0.06)
        body += ellipse(width * 0.8, height * 0.17, height * 0.1, fill="red")
        body += ellipse(width * 0.88, height * 0.17, height * 0.1, fill="orange", opacity=0.85)
    ink = MATERIAL_INKS.get(material, look["ink"])
    font = {"love_letter": "serif", "wedding": "serif"}.get(material, "sans")
    if material not in ("love_letter", "wedding", "birthday"):
        chip = height * 0.22
        body += rect(width * 0.08, height * 0.22, chip * 1.25, chip, "#e7c65a", 1, "#7d6218", 0.5)
        body += line(width * 0.08, height * 0.33, width * 0.08 + chip * 1.25, height * 0.33, "#7d6218", 0.5)
    pieces = [Piece(body)]
    lines = lines_of(look["text"])
    if lines:
        pieces.append(written(lines[0], width * 0.07, height * 0.5, width * 0.86, height * 0.25, ink, font))
    if len(lines) > 1:
        pieces.append(written(lines[1], width * 0.07, height * 0.78, width * 0.6, height * 0.16, ink, font, "start"))
    return compose(element, pieces, part)


@draws("ticket")
def draw_ticket(element: Element, part: str) -> str:
    """An admission or travel ticket: colour, stripe, emblem, text (event, then seat), ink, material."""
    look, width, height = element.attributes, element.width, element.height
    material = look.get("material", "paper")
    plain = material in ("plastic", "paper")
    ground = _GROUND.get(material, look["colour"])
    notch = height * 0.13
    middle = height / 2
    outline = (
        f"M0 0H{width:.2f}V{middle - notch:.2f}A{notch:.2f} {notch:.2f} "
        f"0 0 0 {width:.2f} {middle + notch:.2f}"
        f"V{height:.2f}H0V{middle + notch:.2f}A{notch:.2f} {notch:.2f} 0 0 0 0 {middle - notch:.2f}Z"
    )
    body = f'<g transform="translate(1.2 1.5)">{path(outline, "#000000", opacity=0.28)}</g>'
    body += path(outline, ground, "#00000040", 0.5)
    stub = width * 0.74
    if plain:
        body += rect(stub, 0, width * 0.26 - height * 0.0, height * 0.36, look["stripe"])
        body += rect(stub, height * 0.64, width * 0.26, height * 0.36, look["stripe"])
        body += rect(stub, height * 0.36, width * 0.26 - notch, height * 0.28, look["stripe"])
    else:
        body += _texture(material, width, height)
    ink = MATERIAL_INKS.get(material, look["ink"])
    body += path(f"M{stub:.1f} 1V{height:.1f}", "none", ink, 0.8).replace("/>", ' stroke-dasharray="2 2"/>')
    # Bars on the stub.
    bars = contrasting(look["stripe"]) if plain else ink
    for index, wide in enumerate((1.6, 0.8, 2.2, 0.8, 1.6)):
        body += rect(stub + width * (0.05 + 0.034 * index), height * 0.15, wide * width / 90, height * 0.7, bars)
    pieces = [Piece(body)]
    lines = lines_of(look["text"])
    if lines:
        pieces.append(written(lines[0], width * 0.07, height * 0.08, width * 0.62, height * 0.4, ink))
    if len(lines) > 1:
        pieces.append(written(lines[1], width * 0.07, height * 0.54, width * 0.62, height * 0.36, ink))
    return compose(element, pieces, part)
