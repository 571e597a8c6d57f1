"""Things whose drawing is computed: from rows of text, the time of day, a count or a seed."""

from collections.abc import Callable

import numpy as np

from sppe_lib.world.colours import mix
from sppe_lib.world.draw import Box, draw_asset, draw_thing
from sppe_lib.world.scene import Element, draws
from sppe_lib.world.shapes import ellipse, line, lines_of, path, placed, polygon, rect, written


@draws("receipt")
def draw_receipt(element: Element, part: str) -> str:
    """A till receipt: paper, ink, text (shop, then lines "item price", then total)."""
    look, width, height = element.attributes, element.width, element.height
    rows = lines_of(look["text"])
    step = (height - 8) / (len(rows) + 1.2)
    y, ruled, text = 2.0, "", ""
    for index, row in enumerate(rows):
        # The shop's name, the goods, then a rule and the total in larger figures.
        large = index in (0, len(rows) - 1)
        tall = step * (1.5 if large else 1.0) * 0.86
        text += written(part, row, width * 0.06, y, width * 0.88, tall, look["ink"], "sans" if large else "mono")
        y += tall + step * 0.14
        if index in (0, len(rows) - 2):
            ruled = line(width * 0.06, y - step * 0.04, width * 0.94, y - step * 0.04, "grey", 0.6) + ruled
    if part != "all":
        return placed(element, text if part in ("text", "details") else "")
    teeth = [(0.0, 0.0), (width, 0.0), (width, height - 3)]
    for index in range(8):
        teeth += [(width * (7.5 - index) / 8, height), (width * (7 - index) / 8, height - 3)]
    shadow = f'<g transform="translate(1.2 1.4)">{polygon(teeth, "#000000", opacity=0.25)}</g>'
    return placed(element, shadow + polygon(teeth, look["paper"]) + ruled + text)


@draws("paper")
def draw_paper(element: Element, part: str) -> str:
    """A sheet of paper: paper, ruled ("" or "lines" or "grid" or "form"), heading, text."""
    width, height, ruled = element.width, element.height, element.attributes.get("ruled", "")
    rules = ""
    if ruled in ("lines", "grid") and part == "all":
        rules += "".join(line(2, y, width - 2, y, "#9db7d6", 0.5) for y in np.arange(9, height - 2, 9))
    if ruled == "grid" and part == "all":
        rules += "".join(line(x, 2, x, height - 2, "#9db7d6", 0.5) for x in np.arange(9, width - 2, 9))
    return draw_thing(element, part, "paper-sheet") + placed(element, rules)


@draws("scribble")
def draw_scribble(element: Element, part: str) -> str:
    """A drawn ornament instead of writing (what a strong surrogate makes of text): ink, shape."""
    look, width, height = element.attributes, element.width, element.height
    if look["shape"] in ("bars", "waves"):
        svg = draw_asset(f"scribble-{look['shape']}", Box(0, 0, width, height), look)
    else:
        count = max(2, int(width / max(height, 1)))
        radius, thick = min(height, width / count) * 0.36, height * 0.12
        ring = {"fill": "none", "stroke": look["ink"], "stroke_width": thick}
        svg = "".join(ellipse(width * (i + 0.5) / count, height / 2, radius, **ring) for i in range(count))
    if part != "all":
        svg = rect(0, 0, width, height, "black") + svg if part in ("text", "details") else ""
    return placed(element, svg)


def _scenery(kind: str) -> Callable:
    """Register a thing that has no private part."""

    def register(drawer: Callable[[Element], str]) -> Callable[[Element], str]:
        draws(kind)(lambda element, part: placed(element, drawer(element) if part == "all" else ""))
        return drawer

    return register


@_scenery("flower")
def draw_flower(element: Element) -> str:
    """A flower on its stem: colour, centre, petals (their number)."""
    look, w, h = element.attributes, element.width, element.height
    y, radius, petals = w * 0.5, w * 0.5, look["petals"]
    svg = line(w * 0.5, y, w * 0.5, h, "#2c7a35", w * 0.1) + ellipse(w * 0.72, h * 0.72, w * 0.24, h * 0.06, "#3f9d52")
    for angle in np.arange(petals) * 2 * np.pi / petals:
        x, up = w * 0.5 + 0.58 * radius * np.cos(angle), y + 0.58 * radius * np.sin(angle)
        svg += ellipse(x, up, radius * 0.42, None, look["colour"], mix(look["colour"], "#101010", 0.25), 0.5)
    return svg + ellipse(w * 0.5, y, radius * 0.34, fill=look["centre"])


@_scenery("birds")
def draw_birds(element: Element) -> str:
    """A flock of dark birds: shape_seed."""
    rng, svg = np.random.default_rng(element.attributes["shape_seed"]), ""
    for column in range(4):
        x = element.width * (0.12 + 0.25 * column) + rng.uniform(-2, 2)
        y = element.height * rng.uniform(0.25, 0.8)
        left = f"M{x - 6:.1f} {y - 2:.1f}Q{x - 3:.1f} {y - 6:.1f} {x:.1f} {y:.1f}"
        svg += path(f"{left}Q{x + 3:.1f} {y - 6:.1f} {x + 6:.1f} {y - 2:.1f}", "none", "#1d2030", 2)
    return svg


@_scenery("shower")
def draw_shower(element: Element) -> str:
    """Rain in front of everything: shape_seed."""
    rng = np.random.default_rng(element.attributes["shape_seed"])
    drops = rng.uniform(0, (element.width, element.height), (60, 2))
    return path("".join(f"M{x:.1f} {y:.1f}l-2.5 8" for x, y in drops), "none", "#dcebff", 1.3, 0.85)
