"""Writing and traces of a hand: free-standing text, signatures, handwriting, fingerprints."""

import math
import re

import numpy as np

from sppe_lib.world.scene import Element, draws
from sppe_lib.world.shapes import ellipse, label, lines_of, path, placed, rect

_POINT = re.compile(r"([A-Z]?)(-?[\d.]+)(?:\+([\d.]+)r)?,(-?[\d.]+)(?:\+([\d.]+)r)?(s?)")
"""Command, across and its share of the rank, up and its share of the rank, whether ascenders scale it."""

CAPITAL = "C-.3,.36s .2,.69s .5,.51s C.7,.3s -.1+.06r,.12s .45,0 S.9,.17 1,0"
OTHER = "L.22,.306+.017r L.42,0 Q.62,.3978+.0221r .72,0 L1,0"
STROKES = {
    "bdfhklt": "C.75,.29s .75,.667s .4,.58s C.2,.464s .2,.102 .35,0 S.6+.08r,.408 1,0",
    "gjpqyz": "C.1,.442 .7,.408 .55,.136 C.6,-.28s .2,-.364s .15,-.168s S.8,0 1,0",
    "aceosx": "C.05,.17 .15,.391 .5,.34 C0,.374 .05,-.085 .45,0 S.55+.05r,.17 1,0",
    " ": "M1,0",
}
"""Letters -> their stroke, as points of a path: across (in letters), up (in heights of the box; `s`: of ascenders and
descenders); `r` is what letters of one kind differ in."""

FLOURISHES = {
    1: "M .05,.86 Q .6,.72 .95,.8",
    2: "M .84,.57 C 1.05,.2 .7,.1 .55,.9",
    3: "M .9,.85 C .3,1 -.02,.9 .3,.78",
}
"""Strokes beside a signature, in shares of the box."""


def cursive(text: str, width: float, height: float, slant: float = 0.25, size: float = 1.0) -> str:
    """Path data of a joined-up hand writing `text` in a box; every letter has its own stroke.

    `slant` leans the letters to the right; `size` scales ascenders and descenders against the box.
    """
    step, base = width * 0.94 / max(len(text), 1), height * 0.66
    data = f"M{width * 0.03:.2f} {base:.2f}"
    for index, letter in enumerate(text):
        rank = ord(letter) % 7
        small = next((stroke for letters, stroke in STROKES.items() if letter.lower() in letters), OTHER)
        stroke = CAPITAL if letter.isupper() else small
        for command, across, turn, up, rise, scaled in _POINT.findall(stroke):
            x = width * 0.03 + step * (index + float(across) + rank * float(turn or 0))
            y = height * (float(up) + rank * float(rise or 0)) * (size if scaled else 1)
            data += f"{command or ' '}{x + slant * y:.2f} {base - y:.2f}"
    return data


def _private(element: Element, part: str, svg: str, name: str, silhouette: str, before: str = "") -> str:
    """A thing that is a private part throughout: for a mask with its silhouette, else after what stands `before` it."""
    wanted = part in (name, "details") if name == "text" else part == name
    return placed(element, before + svg if part == "all" else silhouette + svg if wanted else "")


@draws("text")
def draw_text(element: Element, part: str) -> str:
    """Free-standing text: text, colour, font (sans, mono, serif), optional panel colour behind it."""
    look, width, height = element.attributes, element.width, element.height
    style = look.get("colour", "black"), look.get("font", "sans"), look.get("anchor", "middle")
    panel = rect(0, 0, width, height, look["panel"], 1.5) if look.get("panel") else ""
    svg = label(look["text"], 1, 1, width - 2, height - 2, *style)
    return _private(element, part, svg, "text", rect(0, 0, width, height, "black"), panel)


@draws("signature")
def draw_signature(element: Element, part: str) -> str:
    """A signature (text: the name, ink, slant, flourish 0..3): one bold slanted stroke."""
    look, width, height = element.attributes, element.width, element.height
    if not look["text"]:
        return placed(element, "")
    data = cursive(look["text"], width * 0.86, height * 0.86, look.get("slant", 0.35), 1.1)
    stroke = max(min(height * 0.075, 2.6), 1.3)
    svg = path(data, "none", look["ink"], stroke)
    if flourish := FLOURISHES.get(look.get("flourish")):
        data = re.sub(r"(\S+),(\S+)", lambda at: f"{width * float(at[1]):.1f} {height * float(at[2]):.1f}", flourish)
        svg += path(data, "none", look["ink"], stroke * 0.8)
    return _private(element, part, svg, "text", rect(0, 0, width, height, "black", 2))


@draws("handwriting")
def draw_handwriting(element: Element, part: str) -> str:
    """Lines of handwriting (text: the lines, ink, slant): thin joined-up strokes."""
    look, rows, svg = element.attributes, lines_of(element.attributes["text"]), ""
    for index, text in enumerate(rows):
        row, longest = element.height / len(rows), max(len(text) for text in rows)
        data = cursive(text, element.width * len(text) / longest * 0.93, row, look.get("slant", 0.2))
        stroke = path(data, "none", look["ink"], max(min(row * 0.085, 2.0), 1.0))
        svg += f'<g transform="translate(0 {row * index:.2f})">{stroke}</g>'
    silhouette = rect(0, 0, element.width, element.height, "black", 1) if svg else ""
    return _private(element, part, svg, "text", silhouette)


def _ridge(look, index: int, spacing: float, width: float, height: float) -> np.ndarray:
    """Points (n, 2) of one ridge of a whorl (rings), a loop (hairpins) or an arch (hills)."""
    bend, phase = float(look.get("bend", 0.0)), float(look.get("phase", 0.0))
    pattern, stretch = look.get("pattern", "whorl"), height / width
    radius = (index + 0.5) * spacing
    if pattern == "whorl":
        angle = np.linspace(0, 2 * math.pi, 41)
        wobble = 1 + 0.05 * np.sin(3 * angle + phase + index * 0.35)
        x = width / 2 + radius * wobble * np.cos(angle)
        y = height / 2 + radius * wobble * stretch * np.sin(angle)
    elif pattern == "loop":
        along = np.linspace(-1, 1, 41)
        turn = np.clip(along * 2, -1, 1) * math.pi / 2
        x = width * 0.5 + radius * np.sin(turn)
        y = height * 0.42 - radius * stretch * np.cos(turn)
        y = y + np.maximum(np.abs(along) - 0.5, 0) * 2 * height * 0.6
        # The legs of a loop sweep to one side.
        x = x + (bend if abs(bend) > 0.2 else 0.3) * 0.9 * np.maximum(y - height * 0.4, 0)
    else:
        x = np.linspace(0, width, 41)
        hill = np.exp(-(((x - width * (0.5 + 0.2 * bend)) / (width * 0.2)) ** 2))
        y = (index + 0.5) * spacing * 1.05 + height * 0.12 - hill * height * (0.22 - 0.004 * index)
        y = y + spacing * 0.3 * np.sin(x / width * 6 + phase)
    return np.stack([x, y], axis=1)


@draws("fingerprint")
def draw_fingerprint(element: Element, part: str) -> str:
    """Ridges of a finger: pattern (whorl, loop, arch), ink, ground ("" or a colour), ridges, phase, bend."""
    look, width, height = element.attributes, element.width, element.height
    x0, y0, count = width / 2, height / 2, int(look.get("ridges", 8))
    spacing = width / (2 * count)
    svg = ellipse(x0, y0, x0, y0, look["ground"]) if look.get("ground") else ""
    for index in range({"whorl": count, "loop": count + 3}.get(look.get("pattern", "whorl"), int(height / spacing))):
        points = _ridge(look, index, spacing, width, height)
        x, y = points.T
        inside = (x - x0) ** 2 / (x0 - 0.5) ** 2 + (y - y0) ** 2 / (y0 - 0.5) ** 2 < 1
        # A break in most ridges, as real prints have.
        inside[int((index * 17 + float(look.get("phase", 0)) * 9) % len(points))] = index < 2
        pens = np.where(np.insert(inside[:-1], 0, False), "L", "M")[inside]
        data = "".join(f"{pen}{x:.2f} {y:.2f}" for pen, (x, y) in zip(pens, points[inside], strict=True))
        svg += path(data, "none", look["ink"], spacing * 0.5) if "L" in data else ""
    return _private(element, part, svg, "print", ellipse(x0, y0, x0, y0, "black"))
