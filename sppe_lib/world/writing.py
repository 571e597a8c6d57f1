"""Writing and traces of a hand: free-standing text, signatures, handwriting, fingerprints."""

import math

import numpy as np

from sppe_lib.world.scene import Element, draws
from sppe_lib.world.shapes import ellipse, label, lines_of, path, placed, rect

TALL, DEEP, ROUND = "bdfhklt", "gjpqyz", "aceosxgdq"

FLOURISHES = {
    1: ((0.05, 0.86), "Q", (0.6, 0.72), (0.95, 0.8)),
    2: ((0.84, 0.57), "C", (1.05, 0.2), (0.7, 0.1), (0.55, 0.9)),
    3: ((0.9, 0.85), "C", (0.3, 1.0), (-0.02, 0.9), (0.3, 0.78)),
}
"""Strokes beside a signature: start, kind of curve, its points, as shares of the box."""


def cursive(text: str, width: float, height: float, slant: float = 0.25, size: float = 1.0) -> str:
    """Path data of a joined-up hand writing `text` in a box; every letter has its own stroke.

    `slant` leans the letters to the right; `size` scales ascenders and descenders against the box.
    """
    step = width * 0.94 / max(len(text), 1)
    body = height * 0.34
    base = height * 0.66
    data = f"M{width * 0.03:.2f} {base:.2f}"
    for index, letter in enumerate(text):
        x = width * 0.03 + index * step
        low, rank = letter.lower(), ord(letter) % 7

        def point(across: float, up: float, x=x) -> str:
            return f"{x + step * across + slant * up:.2f} {base - up:.2f}"

        if low == " ":
            data += f"M{point(1, 0)}"
        elif letter.isupper():
            rise = height * 0.6 * size
            data += (
                f"C{point(-0.3, rise * 0.6)} {point(0.2, rise * 1.15)} {point(0.5, rise * 0.85)}"
                f"C{point(0.7, rise * 0.5)} {point(-0.1 + 0.06 * rank, rise * 0.2)} {point(0.45, 0)}"
                f"S{point(0.9, body * 0.5)} {point(1, 0)}"
            )
        elif low in TALL:
            rise = height * 0.58 * size
            data += (
                f"C{point(0.75, rise * 0.5)} {point(0.75, rise * 1.15)} {point(0.4, rise)}"
                f"C{point(0.2, rise * 0.8)} {point(0.2, body * 0.3)} {point(0.35, 0)}"
                f"S{point(0.6 + 0.08 * rank, body * 1.2)} {point(1, 0)}"
            )
        elif low in DEEP:
            drop = -height * 0.28 * size
            data += (
                f"C{point(0.1, body * 1.3)} {point(0.7, body * 1.2)} {point(0.55, body * 0.4)}"
                f"C{point(0.6, drop)} {point(0.2, drop * 1.3)} {point(0.15, drop * 0.6)}"
                f"S{point(0.8, 0)} {point(1, 0)}"
            )
        elif low in ROUND:
            data += (
                f"C{point(0.05, body * 0.5)} {point(0.15, body * 1.15)} {point(0.5, body)}"
                f"C{point(0.0, body * 1.1)} {point(0.05, -body * 0.25)} {point(0.45, 0)}"
                f"S{point(0.55 + 0.05 * rank, body * 0.5)} {point(1, 0)}"
            )
        else:
            rise = body * (0.9 + 0.05 * rank)
            data += f"L{point(0.22, rise)}L{point(0.42, 0)}Q{point(0.62, rise * 1.3)} {point(0.72, 0)}L{point(1, 0)}"
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
    if flourish := FLOURISHES.get(int(look.get("flourish", 0))):
        (x, y), curve, *points = flourish
        data = f"M{width * x:.1f} {height * y:.1f}{curve}" + " ".join(
            f"{width * x:.1f} {height * y:.1f}" for x, y in points
        )
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
    x0, y0 = width / 2, height / 2
    count = int(look.get("ridges", 8))
    spacing = width / (2 * count)
    svg = ellipse(x0, y0, x0, y0, look["ground"]) if look.get("ground") else ""
    rows = {"whorl": count, "loop": count + 3, "arch": int(height / spacing)}[look.get("pattern", "whorl")]
    for index in range(rows):
        points = _ridge(look, index, spacing, width, height)
        x, y = points.T
        inside = (x - x0) ** 2 / (x0 - 0.5) ** 2 + (y - y0) ** 2 / (y0 - 0.5) ** 2 < 1
        # A break in most ridges, as real prints have.
        inside[int((index * 17 + float(look.get("phase", 0)) * 9) % len(points))] = index < 2
        data, pen = "", False
        for (x, y), shown in zip(points, inside, strict=True):
            data += f"{'L' if pen else 'M'}{x:.2f} {y:.2f}" if shown else ""
            pen = bool(shown)
        svg += path(data, "none", look["ink"], spacing * 0.5) if "L" in data else ""
    return _private(element, part, svg, "print", ellipse(x0, y0, x0, y0, "black"))
