"""Writing and traces of a hand: free-standing text, signatures, handwriting, fingerprints."""

import math
import re

import numpy as np

from sppe_lib.world import read_asset
from sppe_lib.world.scene import DRAWERS, Element
from sppe_lib.world.shapes import ellipse, label, lines_of, path, placed, rect

TABLE = read_asset("strokes.yaml")

# Command, across and its share of the rank, up and its share of the rank, whether ascenders scale it.
_POINT = re.compile(r"([A-Z]?)(-?[\d.]+)(?:\+([\d.]+)r)?,(-?[\d.]+)(?:\+([\d.]+)r)?(s?)")


def cursive(text: str, width: float, height: float, slant: float, size: float = 1.0) -> str:
    """Path data of a joined-up hand writing `text` in a box; every letter has its own stroke.

    `slant` leans the letters to the right; `size` scales ascenders and descenders against the box.
    """
    step, base = width * 0.94 / max(len(text), 1), height * 0.66
    data = f"M{width * 0.03:.2f} {base:.2f}"
    for index, letter in enumerate(text):
        rank = ord(letter) % 7
        small = next((stroke for letters, stroke in TABLE["letters"].items() if letter.lower() in letters), "")
        stroke = TABLE["capital"] if letter.isupper() else small or TABLE["other"]
        for command, across, turn, up, rise, scaled in _POINT.findall(stroke):
            x = width * 0.03 + step * (index + float(across) + rank * float(turn or 0))
            y = height * (float(up) + rank * float(rise or 0)) * (size if scaled else 1)
            data += f"{command or ' '}{x + slant * y:.2f} {base - y:.2f}"
    return data


def _private(element: Element, part: str, svg: str, silhouette: str, before: str = "", name: str = "text") -> str:
    """A thing that is a private part throughout: for a mask with its silhouette, else after what stands `before` it."""
    wanted = part == name or (name, part) == ("text", "details")
    return placed(element, before + svg if part == "all" else silhouette + svg if wanted else "")


def draw_text(element: Element, part: str) -> str:
    """Free-standing text: text, colour, font (sans, mono, serif), optional panel colour behind it."""
    look, width, height = element.attributes, element.width, element.height
    panel = rect(0, 0, width, height, look["panel"], 1.5) if look.get("panel") else ""
    svg = label(look["text"], 1, 1, width - 2, height - 2, look.get("colour", "black"), look.get("font", "sans"))
    return _private(element, part, svg, rect(0, 0, width, height, "black"), panel)


def draw_signature(element: Element, part: str) -> str:
    """A signature (text: the name, ink, slant, flourish 0..3): one bold slanted stroke."""
    look, width, height = element.attributes, element.width, element.height
    if not look["text"]:
        return placed(element, "")
    data = cursive(look["text"], width * 0.86, height * 0.86, look.get("slant", 0.35), 1.1)
    stroke = max(min(height * 0.075, 2.6), 1.3)
    svg = path(data, "none", look["ink"], stroke)
    if flourish := TABLE["flourishes"][look.get("flourish", 0)]:
        data = re.sub(r"(\S+),(\S+)", lambda at: f"{width * float(at[1]):.1f} {height * float(at[2]):.1f}", flourish)
        svg += path(data, "none", look["ink"], stroke * 0.8)
    return _private(element, part, svg, rect(0, 0, width, height, "black", 2))


def draw_handwriting(element: Element, part: str) -> str:
    """Lines of handwriting (text: the lines, ink, slant): thin joined-up strokes."""
    look, rows, svg = element.attributes, lines_of(element.attributes["text"]), ""
    for index, text in enumerate(rows):
        row, longest = element.height / len(rows), max(len(text) for text in rows)
        data = cursive(text, element.width * len(text) / longest * 0.93, row, look.get("slant", 0.2))
        stroke = path(data, "none", look["ink"], max(min(row * 0.085, 2.0), 1.0))
        svg += f'<g transform="translate(0 {row * index:.2f})">{stroke}</g>'
    return _private(element, part, svg, rect(0, 0, element.width, element.height, "black", 1) if svg else "")


def _ridge(look, index: int, spacing: float, width: float, height: float) -> np.ndarray:
    """Points (n, 2) of one ridge of a whorl (rings), a loop (hairpins) or an arch (hills)."""
    bend, phase, stretch = look["bend"], look["phase"], height / width
    radius = (index + 0.5) * spacing
    if look["pattern"] == "whorl":
        angle = np.linspace(0, 2 * math.pi, 41)
        wobble = 1 + 0.05 * np.sin(3 * angle + phase + index * 0.35)
        x = width / 2 + radius * wobble * np.cos(angle)
        y = height / 2 + radius * wobble * stretch * np.sin(angle)
    elif look["pattern"] == "loop":
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
        y = radius * 1.05 + height * 0.12 - hill * height * (0.22 - 0.004 * index)
        y = y + spacing * 0.3 * np.sin(x / width * 6 + phase)
    return np.stack([x, y], axis=1)


def draw_fingerprint(element: Element, part: str) -> str:
    """Ridges of a finger: pattern (whorl, loop, arch), ink, ridges, phase, bend."""
    look, width, height = element.attributes, element.width, element.height
    x0, y0, count, svg = width / 2, height / 2, look["ridges"], ""
    spacing = width / (2 * count)
    for index in range({"whorl": count, "loop": count + 3}.get(look["pattern"], int(height / spacing))):
        points = _ridge(look, index, spacing, width, height)
        x, y = points.T
        inside = (x - x0) ** 2 / (x0 - 0.5) ** 2 + (y - y0) ** 2 / (y0 - 0.5) ** 2 < 1
        # A break in most ridges, as real prints have.
        inside[int((index * 17 + look["phase"] * 9) % len(points))] = index < 2
        pens = np.where(np.insert(inside[:-1], 0, False), "L", "M")[inside]
        data = "".join(f"{pen}{x:.2f} {y:.2f}" for pen, (x, y) in zip(pens, points[inside], strict=True))
        svg += path(data, "none", look["ink"], spacing * 0.5) if "L" in data else ""
    return _private(element, part, svg, ellipse(x0, y0, x0, y0, "black"), name="print")


DRAWERS.update(text=draw_text, signature=draw_signature, handwriting=draw_handwriting, fingerprint=draw_fingerprint)
