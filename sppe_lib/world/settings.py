"""Settings: the place, time of day and weather behind the elements of a scene.

A setting is plain data. Every place can be drawn at every time, with whatever colours another
place left behind, because the simulated editor changes "place" and "time" on their own.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sppe_lib.errors import ConfigError
from sppe_lib.world.settings_outdoor import OUTDOOR_DRAWERS, SKIES, dusk, gradient
from sppe_lib.world.shapes import ellipse, line, path, polygon, rect

OUTDOOR = ("street", "park", "beach", "city", "forest", "snow", "underwater")


INDOOR = ("room", "office", "shop", "desk", "wall", "paper")


PLACES = OUTDOOR + INDOOR


TIMES = ("day", "night", "sunset")


WEATHERS = ("clear", "cloudy", "rain")


WALLS = ("cream", "beige", "light blue", "light green", "lavender", "light pink", "light grey", "teal", "light yellow")


FLOORS = ("brown", "light brown", "grey", "dark brown", "dark grey")


TABLES = ("brown", "light brown", "dark brown", "dark grey", "light grey", "green", "dark blue", "beige", "dark red")


ACCENTS = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "dark blue", "dark red")


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
        "colours": {
            "wall": str(rng.choice(WALLS)),
            "floor": str(rng.choice(FLOORS)),
            "table": str(rng.choice(TABLES)),
            "accent": str(rng.choice(ACCENTS)),
        },
        "variant": int(rng.integers(0, 10_000)),
    }


def _rain(setting: Mapping[str, Any], rng: np.random.Generator) -> str:
    if setting.get("weather") != "rain":
        return ""
    drops = rng.uniform((0, 0), (100, 95), (26, 2))
    return path("".join(f"M{x:.1f} {y:.1f}l-2 6" for x, y in drops), "none", "#dbe9f7", 0.9, 0.8)


def _window(setting: Mapping[str, Any], x: float, y: float, width: float, height: float) -> str:
    top, bottom = SKIES[setting.get("time", "day")]
    body = gradient("pane", top, bottom) + rect(x, y, width, height, "url(#pane)", 0, "white", 2.4)
    if setting.get("time") == "night":
        body += ellipse(x + width * 0.7, y + height * 0.3, 3, fill="#f5f0c8")
    return body + line(x + width / 2, y, x + width / 2, y + height, "white", 1.6)


def _colour(setting: Mapping[str, Any], name: str, default: str) -> str:
    return setting.get("colours", {}).get(name, default)


def _room(setting, rng) -> str:
    body = rect(0, 0, 100, 100, _colour(setting, "wall", "cream"))
    body += rect(0, 76, 100, 24, _colour(setting, "floor", "brown")) + rect(0, 75, 100, 2, "white")
    left = bool(rng.random() < 0.5)
    body += _window(setting, 8 if left else 66, 10, 26, 32)
    x = 80.0 if left else 18.0
    body += line(x, 30, x, 78, "#4b4f57", 1.6) + polygon(
        [(x - 9, 32), (x - 5, 18), (x + 5, 18), (x + 9, 32)], _colour(setting, "accent", "orange")
    )
    return body + _dusk_indoor(setting, x, 28)


def _dusk_indoor(setting: Mapping[str, Any], x: float, y: float) -> str:
    if setting.get("time") == "night":
        return rect(0, 0, 100, 100, "#060a2c", opacity=0.5) + ellipse(x, y, 20, 20, "#ffe38a", opacity=0.35)
    return dusk(setting)


def _office(setting, rng) -> str:
    body = rect(0, 0, 100, 100, _colour(setting, "wall", "light grey"))
    x = 4.0 if rng.random() < 0.5 else 58.0
    body += rect(x, 8, 38, 50, "#7a5a3f") + "".join(rect(x + 2, 11 + 16 * row, 34, 12, "#4a3626") for row in range(3))
    tones = ("red", "blue", "green", "yellow", "teal", "white", "orange")
    for row in range(3):
        for column in range(6):
            tone = tones[int(rng.integers(len(tones)))]
            body += rect(x + 3 + 5.4 * column, 13 + 16 * row, 4.2, 10, tone)
    body += _window(setting, 62 - x if x > 50 else 62, 10, 28, 28)
    body += rect(0, 80, 100, 20, _colour(setting, "floor", "grey"))
    return body + _dusk_indoor(setting, 50, 20)


def _shop(setting, rng) -> str:
    body = rect(0, 0, 100, 100, _colour(setting, "wall", "light yellow"))
    tones = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "teal")
    for row in range(3):
        y = 14 + 22 * row
        body += rect(0, y + 16, 100, 3, "#8c6b48")
        for column in range(9):
            tall = float(rng.uniform(8, 14))
            body += rect(3 + 11 * column, y + 16 - tall, 8, tall, tones[int(rng.integers(len(tones)))], 1)
    body += rect(0, 78, 100, 22, _colour(setting, "floor", "light brown"))
    body += "".join(
        polygon(
            [(x, 0), (x + 12.5, 0), (x + 12.5, 7), (x, 7)], _colour(setting, "accent", "red") if index % 2 else "white"
        )
        for index, x in enumerate(np.arange(0, 100, 12.5))
    )
    return body + _dusk_indoor(setting, 50, 10)


def _desk(setting, rng) -> str:
    tone = _colour(setting, "table", "brown")
    body = rect(0, 0, 100, 100, tone)
    if "brown" in tone or tone == "beige":
        for y in (20, 40, 60, 80):
            body += line(0, y, 100, y, "#000000", 0.5)
        for x, y in rng.uniform((0, 3), (80, 97), (7, 2)):
            body += path(f"M{x:.1f} {y:.1f}q10 -3 20 0", "none", "#000000", 0.5, 0.35)
    return body + _dusk_indoor(setting, float(rng.uniform(20, 80)), 20)


def _wall(setting, rng) -> str:
    tone = _colour(setting, "wall", "cream")
    body = rect(0, 0, 100, 100, tone)
    pattern = int(rng.integers(4))
    if pattern == 1:
        body += "".join(rect(x, 0, 8, 100, "#ffffff", opacity=0.3) for x in range(0, 100, 16))
    elif pattern == 2:
        for row in range(9):
            body += line(0, row * 12, 100, row * 12, "#ffffff", 0.9)
            body += "".join(
                line(x + 9 * (row % 2), row * 12, x + 9 * (row % 2), row * 12 + 12, "#ffffff", 0.9)
                for x in range(0, 100, 18)
            )
    elif pattern == 3:
        body += "".join(
            ellipse(x + 6 * (y % 24 > 0), y, 1.8, fill=_colour(setting, "accent", "white"), opacity=0.5)
            for y in range(6, 100, 12)
            for x in range(4, 100, 12)
        )
    return body + _dusk_indoor(setting, 50, 8)


def _paper(setting, rng) -> str:
    body = rect(0, 0, 100, 100, _colour(setting, "wall", "white"))
    if rng.random() < 0.5:
        body += "".join(line(0, y, 100, y, "#9db7d6", 0.6) for y in range(12, 100, 11))
        body += line(9, 0, 9, 100, "#e08a8a", 0.8)
    return body + _dusk_indoor(setting, 50, 8)


PLACE_DRAWERS: dict[str, Callable] = {
    **OUTDOOR_DRAWERS,
    "room": _room,
    "office": _office,
    "shop": _shop,
    "desk": _desk,
    "wall": _wall,
    "paper": _paper,
}
"""Place -> function(setting, generator) that returns its SVG."""


def draw_setting(setting: Mapping[str, Any]) -> str:
    """SVG of a setting over the whole canvas; only "place" is required, the rest has defaults."""
    rng = np.random.default_rng(int(setting.get("variant", 0)))
    try:
        drawer = PLACE_DRAWERS[setting["place"]]
    except KeyError:
        raise ConfigError(
            f"Unknown place {setting.get('place')!r} in a setting: use one of {', '.join(PLACES)}."
        ) from None
    return drawer(setting, rng) + _rain(setting, rng)


def describe_setting(setting: Mapping[str, Any]) -> str:
    """A short phrase for captions: where, when, which weather."""
    place = setting["place"]
    colours = setting.get("colours", {})
    where = {
        "street": "on a street",
        "park": "in a park",
        "beach": "on a beach",
        "city": "in a city",
        "forest": "in a forest",
        "snow": "in a snowy landscape",
        "underwater": "underwater",
        "room": f"in a {colours.get('wall', 'cream')} room",
        "office": f"in a {colours.get('wall', 'grey')} office",
        "shop": "in a shop",
        "desk": f"on a {colours.get('table', 'brown')} table",
        "wall": f"before a {colours.get('wall', 'cream')} wall",
        "paper": f"on {colours.get('wall', 'white')} paper",
    }[place]
    when = {"day": "", "night": " at night", "sunset": " at sunset"}[setting.get("time", "day")]
    weather = {"rain": " in rain", "cloudy": " under clouds"}.get(setting.get("weather", "clear"), "")
    return where + when + (weather if place in OUTDOOR and place != "underwater" else "")
