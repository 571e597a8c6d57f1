"""Things whose drawing is computed: from rows of text, a count or a seed.

Among them are the stains, scratches and veils that the simulated editor lays over a scene: ordinary elements at its
end, whose shape comes from attributes["shape_seed"] and whose tint from attributes["colour"].
"""

import numpy as np

from sppe_lib.world import people, read_asset, writing  # noqa: F401  (with them, all drawers are registered)
from sppe_lib.world.colours import mix
from sppe_lib.world.draw import Box, draw_asset, draw_thing
from sppe_lib.world.scene import DRAWERS, Element
from sppe_lib.world.shapes import ellipse, line, lines_of, path, placed, polygon, rect, written

STAINS: dict[str, list] = read_asset("strokes.yaml")["stains"]


def draw_receipt(element: Element, part: str) -> str:
    """A till receipt: paper, ink, text (shop, then lines "item price", then total)."""
    look, width, height = element.attributes, element.width, element.height
    rows = lines_of(look["text"])
    step, y, ruled, text = (height - 8) / (len(rows) + 1.2), 2.0, "", ""
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


def draw_paper(element: Element, part: str) -> str:
    """A sheet of paper: paper, ruled ("" or "lines" or "grid" or "form"), heading, text."""
    width, height, ruled = element.width, element.height, element.attributes.get("ruled", "")
    down = np.arange(9, height - 2, 9) if ruled in ("lines", "grid") and part == "all" else ()
    across = np.arange(9, width - 2, 9) if ruled == "grid" and part == "all" else ()
    rules = [(2, y, width - 2, y) for y in down] + [(x, 2, x, height - 2) for x in across]
    lines = "".join(line(*ends, "#9db7d6", 0.5) for ends in rules)
    return draw_thing(element, part, "paper-sheet") + placed(element, lines)


def draw_scribble(element: Element, part: str) -> str:
    """A drawn ornament instead of writing (what a strong surrogate makes of text): ink, shape."""
    look, width, height = element.attributes, element.width, element.height
    if look["shape"] in ("bars", "waves"):
        svg = draw_asset(f"scribble-{look['shape']}", Box(0, 0, width, height), look)
    else:
        count = max(2, int(width / max(height, 1)))
        at, paint = (height / 2, min(height, width / count) * 0.36, None), ("none", look["ink"], height * 0.12)
        svg = "".join(ellipse(width * (index + 0.5) / count, *at, *paint) for index in range(count))
    if part != "all":
        svg = rect(0, 0, width, height, "black") + svg if part in ("text", "details") else ""
    return placed(element, svg)


def draw_birds(element: Element, part: str) -> str:
    """A flock of dark birds: shape_seed."""
    rng, svg = np.random.default_rng(element.attributes["shape_seed"]), ""
    for column in range(4):
        x = element.width * (0.12 + 0.25 * column) + rng.uniform(-2, 2)
        y = element.height * rng.uniform(0.25, 0.8)
        left = f"M{x - 6:.1f} {y - 2:.1f}Q{x - 3:.1f} {y - 6:.1f} {x:.1f} {y:.1f}"
        svg += path(f"{left}Q{x + 3:.1f} {y - 6:.1f} {x + 6:.1f} {y - 2:.1f}", "none", "#1d2030", 2)
    return placed(element, svg)


def draw_shower(element: Element, part: str) -> str:
    """Rain in front of everything: shape_seed."""
    rng = np.random.default_rng(element.attributes["shape_seed"])
    drops = rng.uniform(0, (element.width, element.height), (60, 2))
    return placed(element, path("".join(f"M{x:.1f} {y:.1f}l-2.5 8" for x, y in drops), "none", "#dcebff", 1.3, 0.85))


def describe_overlay(element: Element) -> str:
    """A short phrase for a stain or scratch element, such as "with a coffee stain"."""
    return f"with {STAINS[element.kind][0] if element.kind in STAINS else 'scratches'}"


def draw_stain(element: Element, part: str) -> str:
    """A large spot and small ones, with wobbly outlines: shape_seed, colour."""
    colour, unit, svg = element.attributes["colour"], min(element.width, element.height), ""
    places, shapes = (np.random.default_rng(element.attributes["shape_seed"] + more) for more in (0, 1))
    _, count, *spots = STAINS[element.kind]
    for index in range(count):
        r = unit * (places.uniform(0.10, 0.2) if index else 0.30)
        x = element.x + places.uniform(0.25, 0.75) * element.width
        y = element.y + places.uniform(0.25, 0.75) * element.height
        wide, tall, rough, paint = spots[min(index, 1)]
        radii, angles = 1 + shapes.uniform(-rough, rough, 10), np.linspace(0, 2 * np.pi, 10, endpoint=False)
        outline = [x + r * wide * radii * np.cos(angles), y + r * tall * radii * np.sin(angles)]
        points = np.stack(outline, axis=1)
        middles = (points + np.roll(points, -1, axis=0)) / 2
        curves = "".join(f" Q{a:.2f} {b:.2f} {c:.2f} {d:.2f}" for a, b, c, d in np.hstack([points, middles]))
        paint = paint.format(colour=colour, rim=mix(colour, "#1f4a66", 0.6), wide=0.10 * r + 0.5, ring=0.22 * r)
        svg += f'<path d="M{middles[-1][0]:.2f} {middles[-1][1]:.2f}{curves}Z" {paint}/>'
        if element.kind == "water_stain":  # a highlight
            shine = f'cx="{x - 0.3 * r:.2f}" cy="{y - 0.3 * r:.2f}" rx="{0.25 * r:.2f}" ry="{0.15 * r:.2f}"'
            svg += f'<ellipse {shine} fill="#fff" fill-opacity="0.85"/>'
    return f"<g>{svg}</g>"


def draw_scratch(element: Element, part: str) -> str:
    """Light slanting gashes with a dark edge: shape_seed, colour."""
    rng = np.random.default_rng(element.attributes["shape_seed"])
    slope, unit, result = rng.choice((-1, 1)), max(element.width, element.height), ""
    for _ in range(7):
        x = element.x + rng.uniform(0.1, 0.9) * element.width
        y = element.y + rng.uniform(0.1, 0.9) * element.height
        length, lean = unit * rng.uniform(0.18, 0.38), rng.uniform(0.5, 1.0) * slope
        dx, dy = 0.7 * length, 0.7 * length * lean
        gash = f'<path d="M{x - dx / 2:.2f} {y - dy / 2:.2f} l{dx:.2f} {dy:.2f}"'
        result += f'{gash} stroke="#2a2a2a" stroke-width="2.6" stroke-opacity="0.7"/>'
        result += f'{gash} stroke="{element.attributes["colour"]}" stroke-width="1.5"/>'
    return f'<g fill="none" stroke-linecap="round">{result}</g>'


def draw_veil(element: Element, part: str) -> str:
    """An even light of one colour over all that is below: colour, opacity."""
    colour, opacity = element.attributes["colour"], element.attributes["opacity"]
    box = f'x="{element.x}" y="{element.y}" width="{element.width}" height="{element.height}"'
    return f'<rect {box} fill="{colour}" fill-opacity="{opacity:.3f}"/>'


DRAWERS.update(dict.fromkeys(STAINS, draw_stain), scratch=draw_scratch, veil=draw_veil)
DRAWERS.update(receipt=draw_receipt, paper=draw_paper, scribble=draw_scribble, birds=draw_birds, shower=draw_shower)
