"""Stains and scratches that the simulated editor lays over a scene.

An overlay is an ordinary element at the end of a scene; its shape comes from
attributes["shape_seed"], its tint from attributes["colour"], so that it is plain data.
"""

import numpy as np

from sppe_lib.world.colours import mix
from sppe_lib.world.scene import DRAWERS, Element, draws

WORDS = {
    "water_stain": "water stains", "coffee_stain": "a coffee stain", "ink_stain": "blue ink stains",
    "scratch": "scratches",
}  # fmt: skip


def describe_overlay(element: Element) -> str:
    """A short phrase for a stain or scratch element, such as "with a coffee stain"."""
    return f"with {WORDS[element.kind]}"


def _blob(rng: np.random.Generator, x: float, y: float, rx: float, ry: float, rough: float, paint: str) -> str:
    """A closed wobbly outline around (x, y); `paint`: its attributes."""
    radii = 1 + rng.uniform(-rough, rough, 10)
    angles = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    points = np.stack([x + rx * radii * np.cos(angles), y + ry * radii * np.sin(angles)], axis=1)
    middles = (points + np.roll(points, -1, axis=0)) / 2
    curves = (f" Q{a:.2f} {b:.2f} {c:.2f} {d:.2f}" for (a, b), (c, d) in zip(points, middles, strict=True))
    return f'<path d="M{middles[-1][0]:.2f} {middles[-1][1]:.2f}{"".join(curves)}Z" {paint}/>'


def _water(rng: np.random.Generator, colour: str, index: int, x: float, y: float, r: float) -> str:
    """A pale translucent patch with a darker rim and a highlight."""
    rim = f'stroke="{mix(colour, "#1f4a66", 0.6)}" stroke-opacity="0.75" stroke-width="{0.10 * r + 0.5:.2f}"'
    shine = f'cx="{x - 0.3 * r:.2f}" cy="{y - 0.3 * r:.2f}" rx="{0.25 * r:.2f}" ry="{0.15 * r:.2f}"'
    patch = _blob(rng, x, y, r, r * 0.85, 0.22, f'fill="{colour}" fill-opacity="0.5" {rim}')
    return f'{patch}<ellipse {shine} fill="#fff" fill-opacity="0.85"/>'


def _coffee(rng: np.random.Generator, colour: str, index: int, x: float, y: float, r: float) -> str:
    """First the ring of a cup, then drops."""
    if index:
        return _blob(rng, x, y, r * 0.6, r * 0.6, 0.2, f'fill="{colour}" fill-opacity="0.75"')
    ring = f'stroke="{colour}" stroke-opacity="0.85" stroke-width="{0.22 * r:.2f}"'
    return _blob(rng, x, y, r, r, 0.05, f'fill="{colour}" fill-opacity="0.35" {ring}')


def _ink(rng: np.random.Generator, colour: str, index: int, x: float, y: float, r: float) -> str:
    """A dense splash."""
    return _blob(rng, x, y, r * 0.85, r * 0.8, 0.35, f'fill="{colour}" fill-opacity="0.9"')


SPOTS = {
    "water_stain": (_water, 4, "#9fc4d8"),
    "coffee_stain": (_coffee, 4, "#6b3f16"),
    "ink_stain": (_ink, 5, "#1a37b8"),
}
"""Kind of stain -> function that draws a spot, how many, and the colour where none is said."""


def draw_stain(element: Element, part: str) -> str:
    """A large spot and small ones."""
    seed, unit = element.attributes["shape_seed"], min(element.width, element.height)
    spot, count, tint = SPOTS[element.kind]
    places, shapes = np.random.default_rng(seed), np.random.default_rng(seed + 1)
    result = ""
    for index in range(count):
        radius = unit * (places.uniform(0.10, 0.2) if index else 0.30)
        x = element.x + places.uniform(0.25, 0.75) * element.width
        y = element.y + places.uniform(0.25, 0.75) * element.height
        result += spot(shapes, element.attributes.get("colour", tint), index, x, y, radius)
    return f"<g>{result}</g>"


DRAWERS.update(dict.fromkeys(SPOTS, draw_stain))


@draws("scratch")
def draw_scratch(element: Element, part: str) -> str:
    """Light slanting gashes with a dark edge."""
    rng = np.random.default_rng(element.attributes["shape_seed"])
    colour, unit = element.attributes.get("colour", "#ffffff"), max(element.width, element.height)
    slope, result = rng.choice((-1, 1)), ""
    for _ in range(7):
        x = element.x + rng.uniform(0.1, 0.9) * element.width
        y = element.y + rng.uniform(0.1, 0.9) * element.height
        length, lean = unit * rng.uniform(0.18, 0.38), rng.uniform(0.5, 1.0) * slope
        dx, dy = 0.7 * length, 0.7 * length * lean
        gash = f'<path d="M{x - dx / 2:.2f} {y - dy / 2:.2f} l{dx:.2f} {dy:.2f}"'
        result += f'{gash} stroke="#2a2a2a" stroke-width="2.6" stroke-opacity="0.7"/>'
        result += f'{gash} stroke="{colour}" stroke-width="1.5"/>'
    return f'<g fill="none" stroke-linecap="round">{result}</g>'
