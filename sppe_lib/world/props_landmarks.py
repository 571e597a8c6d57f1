"""Landmarks: buildings that give a place away."""

from sppe_lib.world.props_shapes import Piece, compose, ellipse, line, path, polygon, rect
from sppe_lib.world.scene import Element, draws

LANDMARKS = (
    "iron tower",
    "pyramid",
    "domed palace",
    "bridge",
    "castle",
    "clock tower",
    "windmill",
    "arch",
    "pagoda",
    "temple",
    "skyscraper",
    "lighthouse",
    "big wheel",
    "statue",
)
"""Kinds of landmark, as named in captions."""


def _iron_tower(at, w, h, tone, trim):
    svg = path(
        f"M{w * 0.12:.1f} {h:.1f}Q{w * 0.42:.1f} {h * 0.6:.1f} {w * 0.47:.1f} "
        f"0H{w * 0.53:.1f}Q{w * 0.58:.1f} {h * 0.6:.1f} "
        f"{w * 0.88:.1f} {h:.1f}H{w * 0.66:.1f}Q{w * 0.5:.1f} {h * 0.72:.1f} {w * 0.34:.1f} {h:.1f}Z",
        tone,
    )
    return svg + rect(w * 0.22, h * 0.7, w * 0.56, h * 0.05, trim) + rect(w * 0.34, h * 0.42, w * 0.32, h * 0.04, trim)


def _pyramid(at, w, h, tone, trim):
    return (
        polygon([at(0, 1), at(0.5, 0.15), at(1, 1)], tone)
        + polygon([at(0.5, 0.15), at(0.62, 1), at(1, 1)], trim)
        + "".join(
            line(
                w * (0.5 - 0.5 * y),
                h * (0.15 + 0.85 * y),
                w * (0.5 + 0.12 * y),
                h * (0.15 + 0.85 * y),
                "#00000033",
                0.8,
            )
            for y in (0.25, 0.45, 0.65, 0.85)
        )
    )


def _domed_palace(at, w, h, tone, trim):
    svg = rect(w * 0.15, h * 0.55, w * 0.7, h * 0.45, tone)
    svg += path(
        f"M{w * 0.32:.1f} {h * 0.55:.1f}"
        f"C{w * 0.2:.1f} {h * 0.25:.1f} {w * 0.48:.1f} {h * 0.22:.1f} {w * 0.5:.1f} {h * 0.06:.1f}"
        f"C{w * 0.52:.1f} {h * 0.22:.1f} {w * 0.8:.1f} {h * 0.25:.1f} {w * 0.68:.1f} {h * 0.55:.1f}Z",
        tone,
        trim,
        1,
    )
    for x in (0.04, 0.9):
        svg += rect(w * x, h * 0.3, w * 0.06, h * 0.7, tone) + ellipse(
            w * (x + 0.03), h * 0.29, w * 0.05, h * 0.06, trim
        )
    return svg + "".join(
        path(
            f"M{w * x:.1f} {h:.1f}V{h * 0.76:.1f}Q{w * (x + 0.07):.1f} {h * 0.6:.1f} {w * (x + 0.14):.1f} "
            f"{h * 0.76:.1f}V{h:.1f}Z",
            trim,
        )
        for x in (0.22, 0.43, 0.64)
    )


def _bridge(at, w, h, tone, trim):
    svg = rect(0, h * 0.68, w, h * 0.07, tone)
    for x in (0.2, 0.74):
        svg += rect(w * x, h * 0.08, w * 0.06, h * 0.92, tone)
    svg += path(
        f"M0 {h * 0.5:.1f}Q{w * 0.12:.1f} {h * 0.4:.1f} {w * 0.23:.1f} {h * 0.1:.1f}"
        f"Q{w * 0.5:.1f} {h * 1.15:.1f} "
        f"{w * 0.77:.1f} {h * 0.1:.1f}Q{w * 0.88:.1f} {h * 0.4:.1f} {w:.1f} {h * 0.5:.1f}",
        "none",
        trim,
        1.6,
    )
    return svg + "".join(
        line(w * x, h * y, w * x, h * 0.68, trim, 0.8)
        for x, y in ((0.32, 0.36), (0.41, 0.53), (0.5, 0.6), (0.59, 0.53), (0.68, 0.36))
    )


def _castle(at, w, h, tone, trim):
    svg = rect(w * 0.2, h * 0.5, w * 0.6, h * 0.5, tone)
    for x, top in ((0.04, 0.34), (0.4, 0.22), (0.76, 0.34)):
        svg += rect(w * x, h * top, w * 0.2, h * (1 - top), tone)
        svg += polygon([at(x - 0.03, top), at(x + 0.1, top - 0.22), at(x + 0.23, top)], trim)
        svg += rect(w * (x + 0.07), h * (top + 0.08), w * 0.06, h * 0.1, "#00000088")
    return svg + path(
        f"M{w * 0.41:.1f} {h:.1f}V{h * 0.8:.1f}Q{w * 0.5:.1f} {h * 0.66:.1f} {w * 0.59:.1f} {h * 0.8:.1f}V{h:.1f}Z",
        "#3a2a20",
    )


def _clock_tower(at, w, h, tone, trim):
    svg = rect(w * 0.32, h * 0.24, w * 0.36, h * 0.76, tone) + polygon(
        [at(0.28, 0.25), at(0.5, 0), at(0.72, 0.25)], trim
    )
    svg += ellipse(w * 0.5, h * 0.38, w * 0.15, fill="white", stroke=trim, stroke_width=1.4)
    svg += line(w * 0.5, h * 0.38, w * 0.5, h * 0.38 - w * 0.1, "black", 1) + line(
        w * 0.5, h * 0.38, w * 0.58, h * 0.38, "black", 1
    )
    return svg + "".join(
        rect(w * x, h * y, w * 0.06, h * 0.09, "#00000077") for x in (0.38, 0.56) for y in (0.56, 0.72, 0.87)
    )


def _windmill(at, w, h, tone, trim):
    svg = polygon([at(0.36, 0.42), at(0.64, 0.42), at(0.74, 1), at(0.26, 1)], tone)
    svg += path(f"M{w * 0.34:.1f} {h * 0.43:.1f}Q{w * 0.5:.1f} {h * 0.2:.1f} {w * 0.66:.1f} {h * 0.43:.1f}Z", trim)
    for dx, dy in ((0.32, -0.27), (0.32, 0.27), (-0.32, 0.27), (-0.32, -0.27)):
        svg += line(w * 0.5, h * 0.38, w * (0.5 + dx), h * (0.38 + dy), "dark brown", 1.2)
        svg += polygon(
            [
                at(0.5 + dx * 0.3, 0.38 + dy * 0.3),
                at(0.5 + dx, 0.38 + dy),
                at(0.5 + dx + 0.09, 0.38 + dy * 0.8),
                at(0.5 + dx * 0.3 + 0.09, 0.38 + dy * 0.15),
            ],
            "white",
            "grey",
            0.4,
        )
    return svg + rect(w * 0.45, h * 0.82, w * 0.1, h * 0.18, "dark brown")


def _arch(at, w, h, tone, trim):
    return (
        path(
            f"M{w * 0.06:.1f} {h:.1f}V{h * 0.1:.1f}H{w * 0.94:.1f}V{h:.1f}H{w * 0.68:.1f}V{h * 0.58:.1f}"
            f"Q{w * 0.5:.1f} {h * 0.3:.1f} {w * 0.32:.1f} {h * 0.58:.1f}V{h:.1f}Z",
            tone,
        )
        + rect(0, h * 0.1, w, h * 0.07, trim)
        + rect(w * 0.06, h * 0.27, w * 0.88, h * 0.04, trim)
        + rect(w * 0.12, h * 0.42, w * 0.12, h * 0.16, trim)
        + rect(w * 0.76, h * 0.42, w * 0.12, h * 0.16, trim)
    )


def _pagoda(at, w, h, tone, trim):
    svg = line(w * 0.5, 0, w * 0.5, h * 0.2, trim, 1.4)
    for index, (half, top) in enumerate(((0.26, 0.12), (0.34, 0.34), (0.42, 0.57))):
        svg += rect(w * (0.5 - half * 0.62), h * (top + 0.1), w * half * 1.24, h * 0.16, tone)
        svg += path(
            f"M{w * (0.5 - half - 0.06):.1f} {h * (top + 0.09):.1f}"
            f"Q{w * 0.38:.1f} {h * (top + 0.08):.1f} {w * 0.44:.1f} "
            f"{h * top:.1f}H{w * 0.56:.1f}"
            f"Q{w * 0.62:.1f} {h * (top + 0.08):.1f} {w * (0.5 + half + 0.06):.1f} "
            f"{h * (top + 0.09):.1f}L{w * (0.5 + half):.1f} {h * (top + 0.14):.1f}H{w * (0.5 - half):.1f}Z",
            trim,
        )
    return (
        svg + rect(w * 0.2, h * 0.83, w * 0.6, h * 0.17, tone) + rect(w * 0.43, h * 0.83, w * 0.14, h * 0.17, "#3a2020")
    )


def _temple(at, w, h, tone, trim):
    return (
        polygon([at(0, 0.34), at(0.5, 0.08), at(1, 0.34)], tone)
        + polygon([at(0.18, 0.31), at(0.5, 0.15), at(0.82, 0.31)], trim)
        + rect(w * 0.02, h * 0.34, w * 0.96, h * 0.07, trim)
        + rect(0, h * 0.92, w, h * 0.08, tone)
        + "".join(rect(w * (0.05 + 0.165 * i), h * 0.41, w * 0.09, h * 0.51, tone) for i in range(6))
    )


def _skyscraper(at, w, h, tone, trim):
    svg = polygon([at(0.5, 0), at(0.56, 0.14), at(0.44, 0.14)], trim) + rect(
        w * 0.38, h * 0.12, w * 0.24, h * 0.2, tone
    )
    svg += rect(w * 0.3, h * 0.3, w * 0.4, h * 0.7, tone) + rect(w * 0.2, h * 0.6, w * 0.6, h * 0.4, tone)
    return svg + "".join(
        rect(w * (0.34 + 0.12 * i), h * (0.36 + 0.1 * j), w * 0.07, h * 0.055, "light yellow")
        for i in range(3)
        for j in range(6)
    )


def _lighthouse(at, w, h, tone, trim):
    svg = polygon([at(0.38, 0.25), at(0.62, 0.25), at(0.72, 1), at(0.28, 1)], "white")
    for y in (0.32, 0.56, 0.8):
        a, b = 0.12 + 0.133 * (y - 0.25), 0.12 + 0.133 * (y - 0.13)
        svg += polygon([at(0.5 - a, y), at(0.5 + a, y), at(0.5 + b, y + 0.12), at(0.5 - b, y + 0.12)], tone)
    return (
        svg
        + rect(w * 0.4, h * 0.12, w * 0.2, h * 0.13, "light yellow", 0, "black", 0.8)
        + polygon([at(0.35, 0.13), at(0.5, 0), at(0.65, 0.13)], trim)
    )


def _big_wheel(at, w, h, tone, trim):
    r, x, y = min(w, h * 0.84) * 0.46, w * 0.5, h * 0.44
    spokes = ((1, 0), (0.7, 0.7), (0, 1), (-0.7, 0.7), (-1, 0), (-0.7, -0.7), (0, -1), (0.7, -0.7))
    svg = line(x, y, w * 0.25, h, trim, 2.4) + line(x, y, w * 0.75, h, trim, 2.4)
    svg += ellipse(x, y, r, fill="none", stroke=tone, stroke_width=2)
    for index, (dx, dy) in enumerate(spokes):
        svg += line(x, y, x + r * dx, y + r * dy, tone, 0.9)
        svg += ellipse(x + r * dx, y + r * dy, r * 0.13, fill=("red", "yellow", "blue", "white")[index % 4])
    return svg + ellipse(x, y, r * 0.12, fill=trim)


def _statue(at, w, h, tone, trim):
    return (
        rect(w * 0.22, h * 0.72, w * 0.56, h * 0.28, trim)
        + rect(w * 0.14, h * 0.94, w * 0.72, h * 0.06, trim)
        + polygon([at(0.38, 0.3), at(0.6, 0.3), at(0.7, 0.74), at(0.3, 0.74)], tone)
        + line(w * 0.58, h * 0.36, w * 0.74, h * 0.1, tone, w * 0.09)
        + ellipse(w * 0.76, h * 0.06, w * 0.07, h * 0.06, "orange")
        + ellipse(w * 0.48, h * 0.22, w * 0.1, h * 0.09, tone)
        + polygon(
            [
                at(0.36, 0.17),
                at(0.38, 0.06),
                at(0.44, 0.13),
                at(0.48, 0.03),
                at(0.52, 0.13),
                at(0.58, 0.06),
                at(0.6, 0.17),
            ],
            tone,
        )
    )


_SHAPES = dict(
    zip(
        LANDMARKS,
        (
            _iron_tower,
            _pyramid,
            _domed_palace,
            _bridge,
            _castle,
            _clock_tower,
            _windmill,
            _arch,
            _pagoda,
            _temple,
            _skyscraper,
            _lighthouse,
            _big_wheel,
            _statue,
        ),
        strict=True,
    )
)


@draws("landmark")
def draw_landmark(element: Element, part: str) -> str:
    """A landmark: type (one of LANDMARKS), colour, trim (a second colour)."""
    look, width, height = element.attributes, element.width, element.height

    def at(x: float, y: float) -> tuple[float, float]:
        return width * x, height * y

    svg = _SHAPES[look["type"]](at, width, height, look["colour"], look["trim"])
    return compose(element, [Piece(svg)], part)
