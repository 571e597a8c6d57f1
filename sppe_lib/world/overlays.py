"""Stains and scratches that the simulated editor lays over a scene.

An overlay is an ordinary element at the end of a scene; its shape comes from
attributes["shape_seed"], its tint from attributes["colour"], so that it is plain data.
"""

import numpy as np

from sppe_lib.world.colours import mix
from sppe_lib.world.scene import Element, draws

WORDS = {
    "water_stain": "water stains", "coffee_stain": "a coffee stain", "ink_stain": "blue ink stains",
    "scratch": "scratches",
}  # fmt: skip


def describe_overlay(element: Element) -> str:
    """A short phrase for a stain or scratch element, such as "with a coffee stain"."""
    return f"with {WORDS[element.kind]}"


def _blob(rng: np.random.Generator, x: float, y: float, rx: float, ry: float, rough: float) -> str:
    """A closed wobbly outline around (x, y), as path data."""
    count = 10
    radii = 1 + rng.uniform(-rough, rough, count)
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    points = np.stack([x + rx * radii * np.cos(angles), y + ry * radii * np.sin(angles)], axis=1)
    middles = (points + np.roll(points, -1, axis=0)) / 2
    path = f"M{middles[-1][0]:.2f} {middles[-1][1]:.2f}"
    for point, middle in zip(points, middles, strict=True):
        path += f" Q{point[0]:.2f} {point[1]:.2f} {middle[0]:.2f} {middle[1]:.2f}"
    return path + "Z"


def _spots(element: Element, count: int) -> list[tuple[float, float, float]]:
    """Centres and radii of blobs spread over the element's box, in scene units."""
    rng = np.random.default_rng(element.attributes["shape_seed"])
    unit = min(element.width, element.height)
    spots = []
    for index in range(count):
        radius = unit * (0.30 if index == 0 else rng.uniform(0.10, 0.2))
        x = element.x + rng.uniform(0.25, 0.75) * element.width
        y = element.y + rng.uniform(0.25, 0.75) * element.height
        spots.append((x, y, radius))
    return spots


@draws("water_stain")
def draw_water(element: Element, part: str) -> str:
    """Pale translucent patches with a darker rim and a highlight."""
    rng = np.random.default_rng(element.attributes["shape_seed"] + 1)
    colour = element.attributes.get("colour", "#9fc4d8")
    result = ""
    for x, y, radius in _spots(element, 4):
        outline = _blob(rng, x, y, radius, radius * 0.85, 0.22)
        result += (
            f'<path d="{outline}" fill="{colour}" fill-opacity="0.5" stroke="{mix(colour, "#1f4a66", 0.6)}" '
            f'stroke-opacity="0.75" stroke-width="{0.10 * radius + 0.5:.2f}"/>'
            f'<ellipse cx="{x - 0.3 * radius:.2f}" cy="{y - 0.3 * radius:.2f}" rx="{0.25 * radius:.2f}" '
            f'ry="{0.15 * radius:.2f}" fill="#fff" fill-opacity="0.85"/>'
        )
    return f"<g>{result}</g>"


@draws("coffee_stain")
def draw_coffee(element: Element, part: str) -> str:
    """The ring of a cup, with drops."""
    rng = np.random.default_rng(element.attributes["shape_seed"] + 1)
    colour = element.attributes.get("colour", "#6b3f16")
    (x, y, radius), *drops = _spots(element, 4)
    result = (
        f'<path d="{_blob(rng, x, y, radius, radius, 0.05)}" fill="{colour}" fill-opacity="0.35" '
        f'stroke="{colour}" stroke-opacity="0.85" stroke-width="{0.22 * radius:.2f}"/>'
    )
    for dx, dy, drop in drops:
        outline = _blob(rng, dx, dy, drop * 0.6, drop * 0.6, 0.2)
        result += f'<path d="{outline}" fill="{colour}" fill-opacity="0.75"/>'
    return f"<g>{result}</g>"


@draws("ink_stain")
def draw_ink(element: Element, part: str) -> str:
    """Dense splashes of ink."""
    rng = np.random.default_rng(element.attributes["shape_seed"] + 1)
    colour = element.attributes.get("colour", "#1a37b8")
    result = "".join(
        f'<path d="{_blob(rng, x, y, radius * 0.85, radius * 0.8, 0.35)}" fill="{colour}" fill-opacity="0.9"/>'
        for x, y, radius in _spots(element, 5)
    )
    return f"<g>{result}</g>"


@draws("scratch")
def draw_scratch(element: Element, part: str) -> str:
    """Light slanting gashes with a dark edge."""
    rng = np.random.default_rng(element.attributes["shape_seed"])
    colour = element.attributes.get("colour", "#ffffff")
    unit = max(element.width, element.height)
    slope = rng.choice((-1, 1))
    result = ""
    for _ in range(7):
        x = element.x + rng.uniform(0.1, 0.9) * element.width
        y = element.y + rng.uniform(0.1, 0.9) * element.height
        length, lean = unit * rng.uniform(0.18, 0.38), rng.uniform(0.5, 1.0) * slope
        dx, dy = 0.7 * length, 0.7 * length * lean
        line = f"M{x - dx / 2:.2f} {y - dy / 2:.2f} l{dx:.2f} {dy:.2f}"
        result += (
            f'<path d="{line}" stroke="#2a2a2a" stroke-width="2.6" stroke-opacity="0.7"/>'
            f'<path d="{line}" stroke="{colour}" stroke-width="1.5"/>'
        )
    return f'<g fill="none" stroke-linecap="round">{result}</g>'
