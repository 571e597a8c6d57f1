"""Outdoor places: sky, sun and moon, street, city, park, beach, forest, snow, under water."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sppe_lib.world.colours import hex_of
from sppe_lib.world.shapes import ellipse, line, path, polygon, rect

SKIES = {"day": ("#79bdf2", "#d9effc"), "sunset": ("#5a3a86", "#ff9a4a"), "night": ("#070b26", "#27306b")}


GREY_SKY = ("#93a1ad", "#ced6dc")


def gradient(name: str, top: str, bottom: str) -> str:
    return (
        f'<defs><linearGradient id="{name}" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="{top}"/>'
        f'<stop offset="1" stop-color="{bottom}"/></linearGradient></defs>'
    )


def sky(setting: Mapping[str, Any], rng: np.random.Generator, horizon: float = 100.0) -> str:
    """The sky down to a horizon, with sun, moon, stars and clouds as time and weather have them."""
    time, weather = setting.get("time", "day"), setting.get("weather", "clear")
    top, bottom = GREY_SKY if time == "day" and weather != "clear" else SKIES[time]
    body = gradient("sky", top, bottom) + rect(0, 0, 100, horizon, "url(#sky)")
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


def dusk(setting: Mapping[str, Any]) -> str:
    """The tint that night and sunset lay over what is not sky."""
    tint = {"night": ("#060a2c", 0.58), "sunset": ("#ff6a1a", 0.3)}.get(setting.get("time", "day"))
    return rect(0, 0, 100, 100, tint[0], opacity=tint[1]) if tint else ""


def _tree(x: float, ground: float, size: float, leaf: str = "#3b8f45", pine: bool = False) -> str:
    trunk = rect(x - size * 0.08, ground - size * 0.4, size * 0.16, size * 0.42, "#6b4526")
    if pine:
        return trunk + polygon(
            [
                (x - size * 0.36, ground - size * 0.25),
                (x, ground - size * 1.2),
                (x + size * 0.36, ground - size * 0.25),
            ],
            leaf,
        )
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
    body = sky(setting, rng, 66) + _buildings(setting, rng, 66, 50)
    ground = rect(0, 66, 100, 7, "#b9b4ac") + rect(0, 73, 100, 27, "#5b5f66")
    ground += "".join(rect(x, 85, 13, 2.4, "#f1f1e4") for x in (-4, 22, 48, 74))
    dark = rect(0, 66, 100, 34, "#060a2c", opacity=0.5) if setting.get("time") == "night" else ""
    return body + ground + dark


def _city(setting, rng) -> str:
    body = sky(setting, rng, 80) + _buildings(setting, rng, 84, 78)
    return body + rect(0, 84, 100, 16, "#1d2030" if setting.get("time") == "night" else "#70757d")


def _park(setting, rng) -> str:
    ground = rect(0, 60, 100, 40, "#79bf5f")
    ground += polygon([(44, 60), (52, 60), (78, 100), (30, 100)], "#dcc79a")
    trees = "".join(
        _tree(x, 64 + 3 * index, 30 + 6 * index, "#2f8a40" if index % 2 else "#4aa350")
        for index, x in enumerate(rng.permutation([8, 30, 68, 92]))
    )
    shade = {"night": "#060a2c", "sunset": "#c2501a"}.get(setting.get("time", "day"))
    dark = rect(0, 60, 100, 40, shade, opacity=0.45) if shade else ""
    return sky(setting, rng, 62) + ground + dark + trees


def _beach(setting, rng) -> str:
    sea = {"day": "#2f9fc9", "sunset": "#a8557a", "night": "#0f2450"}[setting.get("time", "day")]
    sand = {"day": "#efd9a0", "sunset": "#dba06a", "night": "#5c5570"}[setting.get("time", "day")]
    waves = "".join(line(x, y, x + 14, y, "#dff3fa", 1.2) for x, y in rng.uniform((0, 50), (86, 66), (5, 2)))
    body = sky(setting, rng, 48) + rect(0, 47, 100, 22, sea) + waves + rect(0, 68, 100, 32, sand)
    accent = setting.get("colours", {}).get("accent", "red")
    x = float(rng.choice([14.0, 84.0]))
    shade = line(x, 48, x, 84, "#7a5a3a", 1.6) + path(f"M{x - 15} 53Q{x} 30 {x + 15} 53Z", hex_of(accent))
    return body + shade


def _forest(setting, rng) -> str:
    body = sky(setting, rng, 40) + rect(0, 34, 100, 66, "#1f5a33") + rect(0, 76, 100, 24, "#3a6b34")
    for index, x in enumerate(np.sort(rng.uniform(0, 100, 9))):
        tone = ("#14512b", "#1f6b38", "#2b8246")[index % 3]
        body += _tree(float(x), 70 + 4 * (index % 4), 44 + 5 * (index % 3), tone, pine=index % 3 != 2)
    return body + dusk(setting)


def _snow(setting, rng) -> str:
    body = sky({**setting, "weather": "clear"}, rng, 60)
    body += polygon([(-5, 62), (20, 26), (44, 62)], "#c9d8e8") + polygon([(30, 62), (66, 18), (104, 62)], "#b5c9de")
    body += polygon([(12, 38), (20, 26), (28, 38)], "white") + polygon([(54, 33), (66, 18), (79, 33)], "white")
    body += ellipse(20, 84, 70, 28, "#f3f8fd") + ellipse(80, 86, 60, 28, "#ffffff")
    body += "".join(_tree(float(x), 74, 26, "#6d9a86", pine=True) for x in rng.uniform(4, 96, 3))
    body += "".join(ellipse(x, y, 1.2, fill="#ffffff") for x, y in rng.uniform(0, 100, (22, 2)))
    return body + ("" if setting.get("time", "day") == "day" else dusk(setting))


def _underwater(setting, rng) -> str:
    body = gradient("sea", "#39b7d8", "#08366b") + rect(0, 0, 100, 100, "url(#sea)")
    body += polygon([(20, 0), (32, 0), (12, 70), (-6, 70)], "#c8f4ff", opacity=0.22)
    body += polygon([(60, 0), (76, 0), (84, 70), (58, 70)], "#c8f4ff", opacity=0.22)
    body += path("M0 92Q25 82 50 91T100 90V100H0Z", "#c9b27a")
    for x in rng.uniform(3, 97, 4):
        body += path(f"M{x:.1f} 96q-5 -9 0 -17q5 -8 0 -16", "none", "#1f8f5a", 3)
    for index, (x, y) in enumerate(rng.uniform((8, 10), (92, 70), (4, 2))):
        tone = ("#ff9a2e", "#ffd93b", "#ff6f7d", "#ffffff")[index]
        body += ellipse(x, y, 6, 3.4, tone) + polygon([(x + 5, y), (x + 10, y - 4), (x + 10, y + 4)], tone)
    body += "".join(
        ellipse(x, y, 1.6, fill="none", stroke="#e4fbff", stroke_width=0.7) for x, y in rng.uniform(0, 92, (10, 2))
    )
    return body + ("" if setting.get("time", "day") == "day" else dusk(setting))


OUTDOOR_DRAWERS: dict[str, Callable] = {
    "street": _street,
    "park": _park,
    "beach": _beach,
    "city": _city,
    "forest": _forest,
    "snow": _snow,
    "underwater": _underwater,
}
"""Place -> function(setting, generator) that returns its SVG."""
