"""Settings: the place, time of day, weather and season behind the elements of a scene.

A setting is plain data. Every place can be drawn at every time, with whatever colours another
place left behind, because the simulated editor changes "place" and "time" on their own.

A place is the asset "place-NAME"; what is random in it follows from the setting's "variant" (`assets/README.md`).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sppe_lib.errors import ConfigError
from sppe_lib.world import read_asset
from sppe_lib.world.colours import PALETTES
from sppe_lib.world.draw import Box, Drawing, Node, asset, asset_names
from sppe_lib.world.setting_painters import PAINTERS
from sppe_lib.world.shapes import path

_TABLES = read_asset("places.yaml")
WHERE: dict[str, str] = {**_TABLES["outdoor"], **_TABLES["indoor"]}
"""Place in words, with the colours that it names."""
OUTDOOR, INDOOR, UNSEEN_OUTDOOR = (tuple(_TABLES[name]) for name in ("outdoor", "indoor", "unseen_outdoor"))
PLACES = OUTDOOR + INDOOR

TIMES = ("day", "night", "sunset")
WEATHERS = ("clear", "cloudy", "rain")


def random_setting(rng: np.random.Generator, place: str | None = None) -> dict[str, Any]:
    """Draw a setting: {"place", "time", "weather", "colours", "variant"}.

    `place` fixes the place (one of PLACES). "variant" is an integer from which small decoration
    (where trees stand, which windows are lit) is derived. Raises ConfigError for an unknown place.
    """
    chosen = str(rng.choice(PLACES[:4] + INDOOR)) if place is None else place
    if chosen not in PLACES:
        raise ConfigError(f"Unknown place {place!r} in a setting: use one of {', '.join(PLACES)}.")
    return {
        "place": chosen,
        "time": str(rng.choice(TIMES, p=(0.74, 0.13, 0.13))),
        "weather": str(rng.choice(WEATHERS, p=(0.64, 0.22, 0.14))) if chosen in OUTDOOR else "clear",
        "colours": {name: str(rng.choice(PALETTES[f"{name}s"])) for name in ("wall", "floor", "table", "accent")},
        "variant": int(rng.integers(0, 10_000)),
    }


class PlaceDrawing(Drawing):
    """The drawing of a place: its random groups are drawn before anything is painted."""

    def __init__(self, look: dict[str, Any], root: Node, rng: np.random.Generator) -> None:
        super().__init__(look, "all")
        self.drawn: dict[Node, str] = {}
        groups = [node for node in root.iter("g") if "data-scatter" in node.attrib or "data-paint" in node.attrib]
        self.drawn = {
            node: self._random(node, rng) for node in sorted(groups, key=lambda node: node.get("data-order", "1"))
        }

    def draw(self, node: Node, box: Box, inside: bool) -> str:
        known = self.drawn.get(node)
        return super().draw(node, box, inside) if known is None else known

    def _random(self, node: Node, rng: np.random.Generator) -> str:
        if painter := node.get("data-paint"):
            return PAINTERS[painter](self.look, rng, *node.get("data-args", "").split())
        if not self._shown(node):
            return ""
        count, *limits = (float(number) for number in node.get("data-scatter").split())
        low, high = limits[: len(limits) // 2], limits[len(limits) // 2 :]
        points = rng.uniform(low, high, (int(count), len(low)))
        tones = node.get("data-tones", "").split() or [""] * len(points)
        result = ""
        for tone, (x, *y) in zip(tones, points, strict=True):
            self.look["tone"] = tone
            result += self.children(node, Box(x, *(y or [0.0]), 100.0, 100.0), True)
        return result


def draw_setting(setting: Mapping[str, Any]) -> str:
    """SVG of a setting over the whole canvas; only "place" is required, the rest has defaults.

    Raises ConfigError for a place that has no asset.
    """
    place = setting.get("place")
    if f"place-{place}" not in asset_names():
        raise ConfigError(f"Unknown place {place!r} in a setting: use one of {', '.join(PLACES)}.")
    rng = np.random.default_rng(int(setting.get("variant", 0)))
    look = {"time": "day", "weather": "clear", "season": "", **setting, **setting.get("colours", {})}
    root = asset(f"place-{place}")
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
