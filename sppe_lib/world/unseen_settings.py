"""Places of the unseen scenes: sea, hills, meadow, farmland and pond outdoors, parlour and kitchen indoors.

As with the other places, each can be drawn at every time and in every weather; the outdoor ones also in
winter (setting "season"), because the simulated editor changes these on their own.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sppe_lib.world.settings import PLACE_DRAWERS
from sppe_lib.world.settings_outdoor import SKIES, dusk, gradient, sky
from sppe_lib.world.shapes import ellipse, line, path, polygon, rect

SNOW = "#f2f6fb"


def _ground(setting: Mapping[str, Any], summer: str, winter: str = SNOW) -> str:
    return winter if setting.get("season") == "winter" else summer


def _shade(setting: Mapping[str, Any], top: float) -> str:
    """What night and sunset do to the ground below a height."""
    tint = {"night": ("#060a2c", 0.62), "sunset": ("#c2501a", 0.4)}.get(setting.get("time", "day"))
    return rect(0, top, 100, 100 - top, tint[0], opacity=tint[1]) if tint else ""


def _falling_snow(setting: Mapping[str, Any], rng: np.random.Generator) -> str:
    if setting.get("season") != "winter":
        return ""
    return "".join(ellipse(x, y, 1.3, fill="white") for x, y in rng.uniform(0, (100, 70), (24, 2)))


def _sea(setting, rng) -> str:
    body = sky(setting, rng, 56) + rect(0, 55, 100, 45, "#2478b8") + rect(0, 55, 100, 8, "#5aa7d6")
    for x, y in rng.uniform((0, 64), (82, 97), (9, 2)):
        body += path(f"M{x:.1f} {y:.1f}q4 -3 8 0t8 0", "none", "#cfe8f6", 1.1)
    return body + _shade(setting, 55)


def _hills(setting, rng) -> str:
    body = sky(setting, rng, 80)
    for index, tone in enumerate(("#8fb7a0", "#6ca870", "#4f9450")):
        y, wave = 74 + 7 * index, rng.uniform(-6, 6, 2)
        outline = f"M0 {y + wave[0]:.1f}Q25 {y - 9:.1f} 50 {y:.1f}T100 {y + wave[1]:.1f}V100H0Z"
        body += path(outline, _ground(setting, tone, ("#cddbe8", "#e3ecf4", SNOW)[index]))
    return body + _shade(setting, 72) + _falling_snow(setting, rng)


def _meadow(setting, rng) -> str:
    body = sky(setting, rng, 56) + ellipse(20, 62, 45, 14, _ground(setting, "#5fa55a", "#dbe6f0"))
    body += rect(0, 56, 100, 44, _ground(setting, "#7cc45e"))
    for x, y in rng.uniform((2, 60), (98, 97), (16, 2)):
        body += path(f"M{x:.1f} {y:.1f}l-1.5 -5m1.5 5l1.5 -5", "none", _ground(setting, "#3f8f3a", "#c3d2e0"), 0.9)
    return body + _shade(setting, 56) + _falling_snow(setting, rng)


def _farmland(setting, rng) -> str:
    body = sky(setting, rng, 60) + rect(0, 58, 100, 42, _ground(setting, "#d9b95a"))
    vanishing = float(rng.uniform(30, 70))
    for x in range(-60, 170, 16):
        body += polygon([(vanishing, 58), (x, 100), (x + 7, 100)], _ground(setting, "#b8933c", "#d3dfea"))
    return body + _shade(setting, 58) + _falling_snow(setting, rng)


def _pond(setting, rng) -> str:
    body = sky(setting, rng, 44) + rect(0, 42, 100, 58, _ground(setting, "#6db05a"))
    body += ellipse(50, 78, 60, 26, _ground(setting, "#d9c48a", "#dbe6f0"))
    body += ellipse(50, 79, 56, 23, _ground(setting, "#3f93c4", "#b9d7ea"))
    for side in (4, 92):
        for x in side + rng.uniform(-3, 5, 3):
            body += line(x, 70, x + 1, 44, _ground(setting, "#3f7a35", "#9aa58f"), 1.4)
            body += ellipse(x + 1, 46, 1.6, 5, "#6b4526")
    return body + _shade(setting, 42) + _falling_snow(setting, rng)


def _lamplight(setting: Mapping[str, Any]) -> str:
    if setting.get("time") == "night":
        return rect(0, 0, 100, 100, "#060a2c", opacity=0.45)
    return dusk(setting)


def _parlour(setting, rng) -> str:
    colours = setting["colours"]
    body = rect(0, 0, 100, 100, colours["wall"]) + rect(0, 70, 100, 30, colours["floor"]) + rect(0, 68, 100, 3, "white")
    x = float(rng.choice([12.0, 58.0]))
    top, bottom = SKIES[setting.get("time", "day")]
    body += gradient("pane", top, bottom) + rect(x, 8, 28, 28, "url(#pane)", 0, "white", 2.6)
    body += line(x + 14, 8, x + 14, 36, "white", 1.6) + line(x, 22, x + 28, 22, "white", 1.6)
    return body + ellipse(50, 90, 44, 8, colours["accent"]) + ellipse(50, 90, 36, 6, "cream") + _lamplight(setting)


def _kitchen(setting, rng) -> str:
    colours = setting["colours"]
    body = rect(0, 0, 100, 100, colours["wall"])
    for x in range(0, 101, 20):
        body += line(x, 0, x, 66, "#ffffff", 1)
    for y in range(6, 66, 20):
        body += line(0, y, 100, y, "#ffffff", 1)
    body += rect(0, 64, 100, 36, colours["floor"]) + rect(0, 64, 100, 3, "#ffffff", opacity=0.35)
    for _ in range(int(rng.integers(2, 5))):
        x, y = rng.uniform((4, 72), (70, 97))
        body += line(x, y, x + float(rng.uniform(10, 24)), y, "#00000033", 0.8)
    return body + _lamplight(setting)


PLACES_OUTDOOR = {"sea": _sea, "hills": _hills, "meadow": _meadow, "farmland": _farmland, "pond": _pond}
"""Place -> function(setting, generator) that returns its SVG."""

PLACE_DRAWERS.update(PLACES_OUTDOOR, parlour=_parlour, kitchen=_kitchen)
