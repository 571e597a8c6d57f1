"""What is computed in a place: sky, buildings, trees, shelves, lamplight.

A painter takes the setting's values by name, the generator, and the words of `data-args`; it returns SVG, or ""
where it only leaves a random choice among the values, for the conditions of the asset.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from sppe_lib.world.shapes import ellipse, line, path, polygon, rect

SKIES = {"day": ("#79bdf2", "#d9effc"), "sunset": ("#5a3a86", "#ff9a4a"), "night": ("#070b26", "#27306b")}
GREY_SKY = ("#93a1ad", "#ced6dc")

Look = dict[str, Any]


def sky(look: Look, rng: np.random.Generator, horizon: str, weather: str = "") -> str:
    """The sky down to a horizon, with sun, moon, stars and clouds as time and weather have them."""
    low, time, weather = float(horizon), look["time"], weather or look["weather"]
    top, bottom = GREY_SKY if time == "day" and weather != "clear" else SKIES[time]
    body = (
        f'<defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="{top}"/>'
        f'<stop offset="1" stop-color="{bottom}"/></linearGradient></defs>' + rect(0, 0, 100, low, "url(#sky)")
    )
    x = float(rng.uniform(12, 88))
    if time == "night":
        body += ellipse(x, 13, 6, fill="#f5f0c8")
        body += "".join(ellipse(*star, 0.8, fill="#ffffff") for star in rng.uniform((2, 2), (98, low * 0.7), (16, 2)))
    elif time == "sunset":
        body += ellipse(x, low * 0.8, 10, fill="#ffe07a") + rect(0, low * 0.35, 100, 3, "#ffb38a", 1.5)
    elif weather == "clear":
        body += ellipse(x, 12, 7, fill="#ffe45c")
    if weather != "clear" or time == "day":
        tone = {"day": "#ffffff", "sunset": "#e8836b", "night": "#39406f"}[time]
        for x, y in rng.uniform((5, 6), (95, max(low * 0.4, 10)), (2 if weather == "clear" else 4, 2)):
            body += ellipse(x, y, 13, 4, tone, opacity=0.85) + ellipse(x + 3, y - 3, 7, 4, tone, opacity=0.85)
    return body


def buildings(look: Look, rng: np.random.Generator, foot: str, tallest: str) -> str:
    """A row of buildings of random widths and heights, with lit and dark windows."""
    night, ground, tall = look["time"] == "night", float(foot), float(tallest)
    tones = ("#b5654a", "#c9b18c", "#8f9bab", "#7c8f7a", "#d6c3b0", "#6f6a80")
    body, x = "", -4.0
    while x < 100:
        width, height = float(rng.uniform(15, 26)), float(rng.uniform(0.55, 1.0)) * tall
        body += rect(x, ground - height, width, height, "#141a3d" if night else tones[int(rng.integers(len(tones)))])
        for column in range(2):
            for row in range(int(height // 12)):
                lit = rng.random() < (0.6 if night else 0.3)
                window = ("#ffd968" if lit else "#0a0e26") if night else ("#e6f2fa" if lit else "#40566e")
                body += rect(x + width * (0.18 + 0.4 * column), ground - height + 4 + 12 * row, width * 0.24, 6, window)
        x += width + 0.5
    return body


def _tree(x: float, ground: float, size: float, leaf: str, pine: bool = False) -> str:
    trunk = rect(x - size * 0.08, ground - size * 0.4, size * 0.16, size * 0.42, "#6b4526")
    if not pine:
        return trunk + ellipse(x, ground - size * 0.72, size * 0.36, size * 0.42, leaf)
    foot = ground - size * 0.25
    return trunk + polygon([(x - size * 0.36, foot), (x, ground - size * 1.2), (x + size * 0.36, foot)], leaf)


def park_trees(look: Look, rng: np.random.Generator) -> str:
    trees = enumerate(rng.permutation([8, 30, 68, 92]))
    return "".join(_tree(x, 64 + 3 * n, 30 + 6 * n, "#2f8a40" if n % 2 else "#4aa350") for n, x in trees)


def forest_trees(look: Look, rng: np.random.Generator) -> str:
    trees, leaves = enumerate(np.sort(rng.uniform(0, 100, 9))), ("#14512b", "#1f6b38", "#2b8246")
    return "".join(_tree(x, 70 + 4 * (n % 4), 44 + 5 * (n % 3), leaves[n % 3], n % 3 != 2) for n, x in trees)


def ridges(look: Look, rng: np.random.Generator) -> str:
    """Three ridges of hills, one before the other."""
    tones = ("#cddbe8", "#e3ecf4", "#f2f6fb") if look["season"] == "winter" else ("#8fb7a0", "#6ca870", "#4f9450")
    body = ""
    for index, tone in enumerate(tones):
        y, wave = 74 + 7 * index, rng.uniform(-6, 6, 2)
        body += path(f"M0 {y + wave[0]:.1f}Q25 {y - 9:.1f} 50 {y:.1f}T100 {y + wave[1]:.1f}V100H0Z", tone)
    return body


def furrows(look: Look, rng: np.random.Generator) -> str:
    """Furrows that meet at a random point of the horizon."""
    tone, vanishing = "#d3dfea" if look["season"] == "winter" else "#b8933c", float(rng.uniform(30, 70))
    return "".join(polygon([(vanishing, 58), (x, 100), (x + 7, 100)], tone) for x in range(-60, 170, 16))


def scratches(look: Look, rng: np.random.Generator) -> str:
    """A few scratches in a table top."""
    places = ((*rng.uniform((4, 72), (70, 97)), rng.uniform(10, 24)) for _ in range(int(rng.integers(2, 5))))
    return "".join(line(x, y, x + length, y, "#00000033", 0.8) for x, y, length in places)


def books(look: Look, rng: np.random.Generator) -> str:
    """Three rows of six books in the shelf of an office."""
    x, tones = 7 if look["coin"] == "heads" else 61, ("red", "blue", "green", "yellow", "teal", "white", "orange")
    places = ((x + 5.4 * column, 13 + 16 * row) for row in range(3) for column in range(6))
    return "".join(rect(*place, 4.2, 10, tones[int(rng.integers(len(tones)))]) for place in places)


def goods(look: Look, rng: np.random.Generator) -> str:
    """Three shelves of nine packets in a shop."""
    tones, body = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "teal"), ""
    for y in (30, 52, 74):
        body += rect(0, y, 100, 3, "#8c6b48")
        for column in range(9):
            tall = rng.uniform(8, 14)
            body += rect(3 + 11 * column, y - tall, 8, tall, tones[int(rng.integers(len(tones)))], 1)
    return body


def wallpaper(look: Look, rng: np.random.Generator) -> str:
    """Nothing, stripes, tiles or dots."""
    pattern, white = int(rng.integers(4)), "#ffffff"
    if pattern == 1:
        return "".join(rect(x, 0, 8, 100, white, opacity=0.3) for x in range(0, 100, 16))
    if pattern == 2:
        rows = range(0, 108, 12)
        joints = {y: range(9 * (y % 24 > 0), 100 + 9 * (y % 24 > 0), 18) for y in rows}
        tiles = ([(0, y, 100, y), *((x, y, x, y + 12) for x in joints[y])] for y in rows)
        return "".join(line(*ends, white, 0.9) for row in tiles for ends in row)
    dots = [(x + 6 * (y % 24 > 0), y) for y in range(6, 100, 12) for x in range(4, 100, 12)] if pattern == 3 else []
    return "".join(ellipse(x, y, 1.8, fill=look.get("accent", "white"), opacity=0.5) for x, y in dots)


def lamp(look: Look, rng: np.random.Generator, x: str, y: str) -> str:
    """Lamplight about a point (across "20-80": at random between) in a room that is dark at night."""
    low, _, high = x.partition("-")
    across = float(rng.uniform(float(low), float(high))) if high else float(x)
    if look["time"] != "night":
        return ""
    return rect(0, 0, 100, 100, "#060a2c", opacity=0.5) + ellipse(across, float(y), 20, 20, "#ffe38a", opacity=0.35)


def coin(look: Look, rng: np.random.Generator) -> str:
    """Leaves "coin": heads or tails."""
    look["coin"] = "heads" if rng.random() < 0.5 else "tails"
    return ""


def choice(look: Look, rng: np.random.Generator, *options: str) -> str:
    """Leaves "choice": one of its words."""
    look["choice"] = str(rng.choice(options))
    return ""


_ALL = (
    sky, buildings, park_trees, forest_trees, ridges, furrows, scratches, books, goods, wallpaper, lamp, coin, choice,
)  # fmt: skip
PAINTERS: dict[str, Callable[..., str]] = {painter.__name__: painter for painter in _ALL}
"""Name of a painter, as an asset's `data-paint` says it, to the function."""
