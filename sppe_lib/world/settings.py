"""Settings: the place, time of day, weather and season behind the elements of a scene.

A setting is plain data. Every place can be drawn at every time, with whatever colours another place left behind,
because the simulated editor changes "place" and "time" on their own. A place is the asset "place-NAME"; what is random
in it follows from the setting's "variant" (`assets/README.md`).
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sppe_lib.errors import ConfigError
from sppe_lib.world import read_asset
from sppe_lib.world.colours import PALETTES
from sppe_lib.world.draw import ASSET_NAMES, Box, Drawing, Node, asset
from sppe_lib.world.shapes import ellipse, line, path, polygon, rect

_TABLES = read_asset("places.yaml")
WHERE: dict[str, str] = {**_TABLES["outdoor"], **_TABLES["indoor"]}
"""Place in words, with the colours that it names."""
OUTDOOR, INDOOR, UNSEEN_OUTDOOR = (tuple(_TABLES[name]) for name in ("outdoor", "indoor", "unseen_outdoor"))
PLACES = OUTDOOR + INDOOR
TIMES = ("day", "night", "sunset")


def _unknown(place: Any) -> ConfigError:
    return ConfigError(f"Unknown place {place!r} in a setting: use one of {', '.join(PLACES)}.")


def random_setting(rng: np.random.Generator, place: str | None = None) -> dict[str, Any]:
    """Draw a setting: {"place", "time", "weather", "colours", "variant"}.

    `place` fixes the place (one of PLACES; ConfigError for another). Small decoration (where trees stand, which windows
    are lit) follows from the whole number "variant".
    """
    chosen = str(rng.choice(PLACES[:4] + INDOOR)) if place is None else place
    if chosen not in PLACES:
        raise _unknown(chosen)
    return {
        "place": chosen,
        "time": str(rng.choice(TIMES, p=(0.74, 0.13, 0.13))),
        "weather": str(rng.choice(("clear", "cloudy", "rain"), p=(0.64, 0.22, 0.14))) if chosen in OUTDOOR else "clear",
        "colours": {name: str(rng.choice(PALETTES[f"{name}s"])) for name in ("wall", "floor", "table", "accent")},
        "variant": int(rng.integers(0, 10_000)),
    }


class PlaceDrawing(Drawing):
    """The drawing of a place: its random groups are drawn before anything is painted."""

    def __init__(self, look: dict[str, Any], root: Node, rng: np.random.Generator) -> None:
        super().__init__(look, "all")
        self.drawn: dict[Node, str] = {}
        groups = [node for node in root.iter("g") if "data-scatter" in node.attrib or "data-paint" in node.attrib]
        groups.sort(key=lambda node: node.get("data-order", "1"))
        self.drawn = {node: self._random(node, rng) for node in groups}

    def draw(self, node: Node, box: Box, inside: bool) -> str:
        return self.drawn[node] if node in self.drawn else super().draw(node, box, inside)

    def _random(self, node: Node, rng: np.random.Generator) -> str:
        if painter := node.get("data-paint"):
            return PAINTERS[painter](self.look, rng, *node.get("data-args", "").split())
        if not self.shown(node):
            return ""
        count, *limits = (float(number) for number in node.get("data-scatter").split())
        low, high = np.split(np.array(limits), 2)
        points = rng.uniform(low, high, (int(count), len(low)))
        result = ""
        for tone, (x, *y) in zip(node.get("data-tones", "").split() or [""] * len(points), points, strict=True):
            self.look["tone"] = tone
            result += self.children(node, Box(x, *(y or [0.0]), 100.0, 100.0), True)
        return result


def draw_setting(setting: Mapping[str, Any]) -> str:
    """SVG of a setting over the whole canvas; all but "place" has defaults. ConfigError for an unknown place."""
    place = setting.get("place")
    if f"place-{place}" not in ASSET_NAMES:
        raise _unknown(place)
    rng, root = np.random.default_rng(int(setting.get("variant", 0))), asset(f"place-{place}")
    look = {"time": "day", "weather": "clear", "season": "", **setting, **setting.get("colours", {})}
    body = PlaceDrawing(look, root, rng).children(root, Box(0.0, 0.0, 100.0, 100.0), True)
    if look["weather"] == "rain":
        drops = rng.uniform((0, 0), (100, 95), (26, 2))
        body += path("".join(f"M{x:.1f} {y:.1f}l-2 6" for x, y in drops), "none", "#dbe9f7", 0.9, 0.8)
    return body


def describe_setting(setting: Mapping[str, Any]) -> str:
    """A short phrase for captions: where, when, which weather."""
    place = setting["place"]
    colours = {**_TABLES["colours"]["any"], **_TABLES["colours"].get(place, {}), **setting.get("colours", {})}
    when = {"day": "", "night": " at night", "sunset": " at sunset"}[setting.get("time", "day")]
    weather = {"rain": " in rain", "cloudy": " under clouds"}.get(setting.get("weather", "clear"), "")
    return WHERE[place].format(**colours) + when + (weather if place in OUTDOOR and place != "underwater" else "")


# ------------------------- what is computed in a place: sky, buildings, trees, shelves, lamplight
# A painter takes the setting's values by name, the generator, and the words of `data-args`; it returns SVG, or ""
# where it only leaves a random choice among the values, for the conditions of the asset.

Look = dict[str, Any]
Chance = np.random.Generator


def _one_of(rng: Chance, words: str) -> str:
    options = words.split()
    return options[int(rng.integers(len(options)))]


def sky(look: Look, rng: Chance, horizon: str, weather: str = "") -> str:
    """The sky down to a horizon, with sun, moon, stars and clouds as time and weather have them."""
    low, time, weather = float(horizon), look["time"], weather or look["weather"]
    top, bottom, clouds = _TABLES["skies"]["grey day" if time == "day" and weather != "clear" else time]
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
        for x, y in rng.uniform((5, 6), (95, max(low * 0.4, 10)), (2 if weather == "clear" else 4, 2)):
            body += ellipse(x, y, 13, 4, clouds, opacity=0.85) + ellipse(x + 3, y - 3, 7, 4, clouds, opacity=0.85)
    return body


def buildings(look: Look, rng: Chance, foot: str, tallest: str) -> str:
    """A row of buildings of random widths and heights, with lit and dark windows."""
    night, ground, body, x = look["time"] == "night", float(foot), "", -4.0
    while x < 100:
        width, height = float(rng.uniform(15, 26)), float(rng.uniform(0.55, 1.0)) * float(tallest)
        wall = "#141a3d" if night else _one_of(rng, "#b5654a #c9b18c #8f9bab #7c8f7a #d6c3b0 #6f6a80")
        body += rect(x, ground - height, width, height, wall)
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


def park_trees(look: Look, rng: Chance) -> str:
    trees = enumerate(rng.permutation([8, 30, 68, 92]))
    return "".join(_tree(x, 64 + 3 * n, 30 + 6 * n, "#2f8a40" if n % 2 else "#4aa350") for n, x in trees)


def forest_trees(look: Look, rng: Chance) -> str:
    trees, leaves = enumerate(np.sort(rng.uniform(0, 100, 9))), ("#14512b", "#1f6b38", "#2b8246")
    return "".join(_tree(x, 70 + 4 * (n % 4), 44 + 5 * (n % 3), leaves[n % 3], n % 3 != 2) for n, x in trees)


def ridges(look: Look, rng: Chance) -> str:
    """Three ridges of hills, one before the other."""
    tones = ("#cddbe8", "#e3ecf4", "#f2f6fb") if look["season"] == "winter" else ("#8fb7a0", "#6ca870", "#4f9450")
    hills = ((tone, 74 + 7 * index, rng.uniform(-6, 6, 2)) for index, tone in enumerate(tones))
    curve = "M0 {:.1f}Q25 {:.1f} 50 {:.1f}T100 {:.1f}V100H0Z"
    return "".join(path(curve.format(y + left, y - 9, y, y + right), tone) for tone, y, (left, right) in hills)


def furrows(look: Look, rng: Chance) -> str:
    """Furrows that meet at a random point of the horizon."""
    tone, vanishing = "#d3dfea" if look["season"] == "winter" else "#b8933c", float(rng.uniform(30, 70))
    return "".join(polygon([(vanishing, 58), (x, 100), (x + 7, 100)], tone) for x in range(-60, 170, 16))


def scratches(look: Look, rng: Chance) -> str:
    """A few scratches in a table top."""
    places = ((*rng.uniform((4, 72), (70, 97)), rng.uniform(10, 24)) for _ in range(int(rng.integers(2, 5))))
    return "".join(line(x, y, x + length, y, "#00000033", 0.8) for x, y, length in places)


def books(look: Look, rng: Chance) -> str:
    """Three rows of six books in the shelf of an office."""
    x, tones = 7 if look["coin"] == "heads" else 61, "red blue green yellow teal white orange"
    places = ((x + 5.4 * column, 13 + 16 * row) for row in range(3) for column in range(6))
    return "".join(rect(*place, 4.2, 10, _one_of(rng, tones)) for place in places)


def goods(look: Look, rng: Chance) -> str:
    """Three shelves of nine packets in a shop."""
    body = ""
    for y in (30, 52, 74):
        body += rect(0, y, 100, 3, "#8c6b48")
        for x in range(3, 100, 11):
            tall, tone = rng.uniform(8, 14), _one_of(rng, "red orange yellow green blue purple pink white teal")
            body += rect(x, y - tall, 8, tall, tone, 1)
    return body


def wallpaper(look: Look, rng: Chance) -> str:
    """Nothing, stripes, tiles or dots."""
    pattern = int(rng.integers(4))
    if pattern == 1:
        return "".join(rect(x, 0, 8, 100, "#ffffff", opacity=0.3) for x in range(0, 100, 16))
    if pattern == 2:
        joints = {y: range(9 * (y % 24 > 0), 100 + 9 * (y % 24 > 0), 18) for y in range(0, 108, 12)}
        tiles = ([(0, y, 100, y), *((x, y, x, y + 12) for x in row)] for y, row in joints.items())
        return "".join(line(*ends, "#ffffff", 0.9) for row in tiles for ends in row)
    dots = [(x + 6 * (y % 24 > 0), y) for y in range(6, 100, 12) for x in range(4, 100, 12)] if pattern == 3 else []
    return "".join(ellipse(x, y, 1.8, fill=look.get("accent", "white"), opacity=0.5) for x, y in dots)


def lamp(look: Look, rng: Chance, x: str, y: str) -> str:
    """Lamplight about a point (across "20-80": at random between) in a room that is dark at night."""
    low, _, high = x.partition("-")
    across = float(rng.uniform(float(low), float(high))) if high else float(x)
    light = rect(0, 0, 100, 100, "#060a2c", opacity=0.5) + ellipse(across, float(y), 20, 20, "#ffe38a", opacity=0.35)
    return light if look["time"] == "night" else ""


_ALL = sky, buildings, park_trees, forest_trees, ridges, furrows, scratches, books, goods, wallpaper, lamp
PAINTERS: dict[str, Callable[..., str]] = {
    **{painter.__name__: painter for painter in _ALL},
    "coin": lambda look, rng: look.update(coin="heads" if rng.random() < 0.5 else "tails") or "",
    "choice": lambda look, rng, *options: look.update(choice=str(rng.choice(options))) or "",
}
"""Name of a painter, as an asset's `data-paint` says it, to the function."""
