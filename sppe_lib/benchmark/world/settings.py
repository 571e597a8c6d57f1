"""Settings: the place, time of day and weather behind the elements of a scene.

A setting is plain data. Every place can be drawn at every time, with whatever colours another
place left behind, because the simulated editor changes "place" and "time" on their own.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sppe_lib.benchmark.world.props_shapes import ellipse, hex_of, line, path, polygon, rect
from sppe_lib.errors import ConfigError

OUTDOOR = ("street", "park", "beach", "city", "forest", "snow", "underwater")
INDOOR = ("room", "office", "shop", "desk", "wall", "paper")
PLACES = OUTDOOR + INDOOR
TIMES = ("day", "night", "sunset")
WEATHERS = ("clear", "cloudy", "rain")

WALLS = ("cream", "beige", "light blue", "light green", "lavender", "light pink", "light grey", "teal", "light yellow")
FLOORS = ("brown", "light brown", "grey", "dark brown", "dark grey")
TABLES = ("brown", "light brown", "dark brown", "dark grey", "light grey", "green", "dark blue", "beige", "dark red")
ACCENTS = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "dark blue", "dark red")

SKIES = {"day": ("#79bdf2", "#d9effc"), "sunset": ("#5a3a86", "#ff9a4a"), "night": ("#070b26", "#27306b")}
GREY_SKY = ("#93a1ad", "#ced6dc")


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


def _gradient(name: str, top: str, bottom: str) -> str:
    return (
        f'<defs><linearGradient id="{name}" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="{top}"/>'
        f'<stop offset="1" stop-color="{bottom}"/></linearGradient></defs>'
    )


def _sky(setting: Mapping[str, Any], rng: np.random.Generator, horizon: float = 100.0) -> str:
    time, weather = setting.get("time", "day"), setting.get("weather", "clear")
    top, bottom = GREY_SKY if time == "day" and weather != "clear" else SKIES[time]
    body = _gradient("sky", top, bottom) + rect(0, 0, 100, horizon, "url(#sky)")
    disc_x = float(rng.uniform(12, 88))
    if time == "night":
        body += ellipse(disc_x, 13, 6, fill="#f5f0c8")
        for x, y in rng.uniform((2, 2), (98, horizon * 0.7), (16, 2)):
            body += ellipse(x, y, 0.8, fill="#ffffff")
    elif time == "sunset":
        body += ellipse(disc_x, horizon * 0.8, 10, fill="#ffe07a") + rect(0, horizon * 0.35, 100, 3, "#ffb38a", 1.5)
    elif weather == "clear":
        body += ellipse(disc_x, 12, 7, fill="#ffe45c")
    if weather != "clear" or time == "day":
        tone = {"day": "#ffffff", "sunset": "#e8836b", "night": "#39406f"}[time]
        for x, y in rng.uniform((5, 6), (95, max(horizon * 0.4, 10)), (2 if weather == "clear" else 4, 2)):
            body += ellipse(x, y, 13, 4, tone, opacity=0.85) + ellipse(x + 3, y - 3, 7, 4, tone, opacity=0.85)
    return body


def _rain(setting: Mapping[str, Any], rng: np.random.Generator) -> str:
    if setting.get("weather") != "rain":
        return ""
    drops = rng.uniform((0, 0), (100, 95), (26, 2))
    return path("".join(f"M{x:.1f} {y:.1f}l-2 6" for x, y in drops), "none", "#dbe9f7", 0.9, 0.8)


def _dusk(setting: Mapping[str, Any]) -> str:
    """The tint that night and sunset lay over what is not sky."""
    tint = {"night": ("#060a2c", 0.58), "sunset": ("#ff6a1a", 0.3)}.get(setting.get("time", "day"))
    return rect(0, 0, 100, 100, tint[0], opacity=tint[1]) if tint else ""


def _tree(x: float, ground: float, size: float, leaf: str = "#3b8f45", pine: bool = False) -> str:
    trunk = rect(x - size * 0.08, ground - size * 0.4, size * 0.16, size * 0.42, "#6b4526")
    if pine:
        return trunk + polygon([(x - size * 0.36, ground - size * 0.25), (x, ground - size * 1.2),
                                (x + size * 0.36, ground - size * 0.25)], leaf)
    return trunk + ellipse(x, ground - size * 0.72, size * 0.36, size * 0.42, leaf)


def _buildings(setting: Mapping[str, Any], rng: np.random.Generator, ground: float, tall: float) -> str:
    night = setting.get("time") == "night"
    tones = ("#b5654a", "#c9b18c", "#8f9bab", "#7c8f7a", "#d6c3b0", "#6f6a80")
    body, x = "", -4.0
    while x < 100:
        width, height = float(rng.uniform(15, 26)), float(rng.uniform(0.55, 1.0)) * tall
        tone = "#141a3d" if night else tones[int(rng.integers(len(tones)))]
        body += rect(x, ground - height, width, height, tone)
        for column in range(2):
            for row in range(int(height // 12)):
                lit = rng.random() < (0.6 if night else 0.3)
                window = ("#ffd968" if lit else "#0a0e26") if night else ("#e6f2fa" if lit else "#40566e")
                body += rect(x + width * (0.18 + 0.4 * column), ground - height + 4 + 12 * row, width * 0.24, 6, window)
        x += width + 0.5
    return body


def _street(setting, rng) -> str:
    body = _sky(setting, rng, 66) + _buildings(setting, rng, 66, 50)
    ground = rect(0, 66, 100, 7, "#b9b4ac") + rect(0, 73, 100, 27, "#5b5f66")
    ground += "".join(rect(x, 85, 13, 2.4, "#f1f1e4") for x in (-4, 22, 48, 74))
    dark = rect(0, 66, 100, 34, "#060a2c", opacity=0.5) if setting.get("time") == "night" else ""
    return body + ground + dark


def _city(setting, rng) -> str:
    body = _sky(setting, rng, 80) + _buildings(setting, rng, 84, 78)
    return body + rect(0, 84, 100, 16, "#1d2030" if setting.get("time") == "night" else "#70757d")


def _park(setting, rng) -> str:
    ground = rect(0, 60, 100, 40, "#79bf5f")
    ground += polygon([(44, 60), (52, 60), (78, 100), (30, 100)], "#dcc79a")
    trees = "".join(_tree(x, 64 + 3 * index, 30 + 6 * index, "#2f8a40" if index % 2 else "#4aa350")
                    for index, x in enumerate(rng.permutation([8, 30, 68, 92])))
    shade = {"night": "#060a2c", "sunset": "#c2501a"}.get(setting.get("time", "day"))
    dark = rect(0, 60, 100, 40, shade, opacity=0.45) if shade else ""
    return _sky(setting, rng, 62) + ground + dark + trees


def _beach(setting, rng) -> str:
    sea = {"day": "#2f9fc9", "sunset": "#a8557a", "night": "#0f2450"}[setting.get("time", "day")]
    sand = {"day": "#efd9a0", "sunset": "#dba06a", "night": "#5c5570"}[setting.get("time", "day")]
    waves = "".join(line(x, y, x + 14, y, "#dff3fa", 1.2) for x, y in rng.uniform((0, 50), (86, 66), (5, 2)))
    body = _sky(setting, rng, 48) + rect(0, 47, 100, 22, sea) + waves + rect(0, 68, 100, 32, sand)
    accent = setting.get("colours", {}).get("accent", "red")
    x = float(rng.choice([14.0, 84.0]))
    shade = line(x, 48, x, 84, "#7a5a3a", 1.6) + path(f"M{x - 15} 53Q{x} 30 {x + 15} 53Z", hex_of(accent))
    return body + shade


def _forest(setting, rng) -> str:
    body = _sky(setting, rng, 40) + rect(0, 34, 100, 66, "#1f5a33") + rect(0, 76, 100, 24, "#3a6b34")
    for index, x in enumerate(np.sort(rng.uniform(0, 100, 9))):
        tone = ("#14512b", "#1f6b38", "#2b8246")[index % 3]
        body += _tree(float(x), 70 + 4 * (index % 4), 44 + 5 * (index % 3), tone, pine=index % 3 != 2)
    return body + _dusk(setting)


def _snow(setting, rng) -> str:
    body = _sky({**setting, "weather": "clear"}, rng, 60)
    body += polygon([(-5, 62), (20, 26), (44, 62)], "#c9d8e8") + polygon([(30, 62), (66, 18), (104, 62)], "#b5c9de")
    body += polygon([(12, 38), (20, 26), (28, 38)], "white") + polygon([(54, 33), (66, 18), (79, 33)], "white")
    body += ellipse(20, 84, 70, 28, "#f3f8fd") + ellipse(80, 86, 60, 28, "#ffffff")
    body += "".join(_tree(float(x), 74, 26, "#6d9a86", pine=True) for x in rng.uniform(4, 96, 3))
    body += "".join(ellipse(x, y, 1.2, fill="#ffffff") for x, y in rng.uniform(0, 100, (22, 2)))
    return body + ("" if setting.get("time", "day") == "day" else _dusk(setting))


def _underwater(setting, rng) -> str:
    body = _gradient("sea", "#39b7d8", "#08366b") + rect(0, 0, 100, 100, "url(#sea)")
    body += polygon([(20, 0), (32, 0), (12, 70), (-6, 70)], "#c8f4ff", opacity=0.22)
    body += polygon([(60, 0), (76, 0), (84, 70), (58, 70)], "#c8f4ff", opacity=0.22)
    body += path("M0 92Q25 82 50 91T100 90V100H0Z", "#c9b27a")
    for x in rng.uniform(3, 97, 4):
        body += path(f"M{x:.1f} 96q-5 -9 0 -17q5 -8 0 -16", "none", "#1f8f5a", 3)
    for index, (x, y) in enumerate(rng.uniform((8, 10), (92, 70), (4, 2))):
        tone = ("#ff9a2e", "#ffd93b", "#ff6f7d", "#ffffff")[index]
        body += ellipse(x, y, 6, 3.4, tone) + polygon([(x + 5, y), (x + 10, y - 4), (x + 10, y + 4)], tone)
    body += "".join(ellipse(x, y, 1.6, fill="none", stroke="#e4fbff", stroke_width=0.7)
                    for x, y in rng.uniform(0, 92, (10, 2)))
    return body + ("" if setting.get("time", "day") == "day" else _dusk(setting))


def _window(setting: Mapping[str, Any], x: float, y: float, width: float, height: float) -> str:
    top, bottom = SKIES[setting.get("time", "day")]
    body = _gradient("pane", top, bottom) + rect(x, y, width, height, "url(#pane)", 0, "white", 2.4)
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
    body += line(x, 30, x, 78, "#4b4f57", 1.6) + polygon([(x - 9, 32), (x - 5, 18), (x + 5, 18), (x + 9, 32)],
                                                         _colour(setting, "accent", "orange"))
    return body + _dusk_indoor(setting, x, 28)


def _dusk_indoor(setting: Mapping[str, Any], x: float, y: float) -> str:
    if setting.get("time") == "night":
        return rect(0, 0, 100, 100, "#060a2c", opacity=0.5) + ellipse(x, y, 20, 20, "#ffe38a", opacity=0.35)
    return _dusk(setting)


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
    body += "".join(polygon([(x, 0), (x + 12.5, 0), (x + 12.5, 7), (x, 7)],
                            _colour(setting, "accent", "red") if index % 2 else "white")
                    for index, x in enumerate(np.arange(0, 100, 12.5)))
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
            body += "".join(line(x + 9 * (row % 2), row * 12, x + 9 * (row % 2), row * 12 + 12, "#ffffff", 0.9)
                            for x in range(0, 100, 18))
    elif pattern == 3:
        body += "".join(ellipse(x + 6 * (y % 24 > 0), y, 1.8, fill=_colour(setting, "accent", "white"), opacity=0.5)
                        for y in range(6, 100, 12) for x in range(4, 100, 12))
    return body + _dusk_indoor(setting, 50, 8)


def _paper(setting, rng) -> str:
    body = rect(0, 0, 100, 100, _colour(setting, "wall", "white"))
    if rng.random() < 0.5:
        body += "".join(line(0, y, 100, y, "#9db7d6", 0.6) for y in range(12, 100, 11))
        body += line(9, 0, 9, 100, "#e08a8a", 0.8)
    return body + _dusk_indoor(setting, 50, 8)


_PLACE_DRAWERS: dict[str, Callable] = {
    "street": _street, "park": _park, "beach": _beach, "city": _city, "forest": _forest, "snow": _snow,
    "underwater": _underwater, "room": _room, "office": _office, "shop": _shop, "desk": _desk, "wall": _wall,
    "paper": _paper,
}


def draw_setting(setting: Mapping[str, Any]) -> str:
    """SVG of a setting over the whole canvas; only "place" is required, the rest has defaults."""
    rng = np.random.default_rng(int(setting.get("variant", 0)))
    try:
        drawer = _PLACE_DRAWERS[setting["place"]]
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
        "street": "on a street", "park": "in a park", "beach": "on a beach", "city": "in a city",
        "forest": "in a forest", "snow": "in a snowy landscape", "underwater": "underwater",
        "room": f"in a {colours.get('wall', 'cream')} room", "office": f"in a {colours.get('wall', 'grey')} office",
        "shop": "in a shop", "desk": f"on a {colours.get('table', 'brown')} table",
        "wall": f"before a {colours.get('wall', 'cream')} wall", "paper": f"on {colours.get('wall', 'white')} paper",
    }[place]
    when = {"day": "", "night": " at night", "sunset": " at sunset"}[setting.get("time", "day")]
    weather = {"rain": " in rain", "cloudy": " under clouds"}.get(setting.get("weather", "clear"), "")
    return where + when + (weather if place in OUTDOOR and place != "underwater" else "")
