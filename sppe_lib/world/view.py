"""How the simulated editor looks at a scene: what shows, what it misses, which realisation it chooses.

The simulated editor stands in for a cloud model. It may look only at what is visible: pixels at a
coarse size, boxes, attributes, occlusion; never at `Element.private`. Its documented failure modes:

- it does nothing when the target of the instruction is absent;
- it misses: always with a small chance, more often the smaller, the more hidden or the less
  contrasted the target is (`miss_chance`);
- the same words come out differently from request to request: the realisation (hues, shapes, places,
  sizes, kinds, the strength of a style) is drawn from the seed, and moves a little with the brightness of the
  whole picture (`share`). An image and its surrogate that are sent with one seed, as to one service asked
  twice, get nearly the same one; with another seed the same words come out another way.
"""

import colorsys
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from sppe_lib.world.colours import hex_colour
from sppe_lib.world.scene import DRAWERS, Element, Scene, rasterise, render, svg_document

LOOK_SIZE = 32
"""Side in pixels at which the editor looks at a scene."""

BASE_MISS = 0.07
"""Chance to miss even the clearest target."""

CLEAR_AREA = 0.008
"""Share of the canvas at which the extra chance to miss has fallen to about a third."""

Box = tuple[float, float, float, float]
"""x, y, width, height in scene units."""

TONE_GAIN = 1.0
"""How far a realisation moves, as a share of its range, when the whole picture goes from black to white."""

WHOLE: Box = (0.0, 0.0, 100.0, 100.0)


@dataclass(frozen=True)
class EditResult:
    """An edited scene and what happened: "done", "missed" or "absent" (then the scene is unchanged)."""

    scene: Scene
    outcome: Literal["done", "missed", "absent"]


class NotDone(Exception):
    """Raised with "missed" or "absent" by an edit that leaves the scene as it is."""


@dataclass(frozen=True)
class View:
    """A scene as the editor sees it, with the instruction's code and the seed.

    `toned`: the brightness that realisations follow, if not the scene's own.
    """

    scene: Scene
    code: str
    seed: int
    toned: float | None = None

    @property
    def code_number(self) -> int:
        """The instruction's code as a number, for seeds; codes that are no digits ("u07") are hashed."""
        return int(self.code) if self.code.isdigit() else zlib.crc32(self.code.encode())

    @cached_property
    def pixels(self) -> np.ndarray:
        """A coarse look at the scene: floats in [0, 1], shape (LOOK_SIZE, LOOK_SIZE, 3)."""
        return render(self.scene, LOOK_SIZE).astype(float) / 255

    def crop(self, box: Box) -> np.ndarray:
        """The coarse pixels of a box, at least one."""
        x, y, width, height = (value * LOOK_SIZE / 100 for value in box)
        left, top = (int(np.clip(round(value), 0, LOOK_SIZE - 1)) for value in (x, y))
        right = max(left + 1, min(LOOK_SIZE, round(x + width)))
        bottom = max(top + 1, min(LOOK_SIZE, round(y + height)))
        return self.pixels[top:bottom, left:right]

    def rng(self, box: Box, purpose: str) -> np.random.Generator:
        """Chance that depends on the seed, the instruction and the mean colour of a box, roughly.

        A source and a surrogate whose colours differ there get independent numbers.
        """
        seen = (self.crop(box).mean(axis=(0, 1)) * 6).round().astype(np.uint8).tobytes()
        return np.random.default_rng([self.seed, self.code_number, zlib.crc32(seen), zlib.crc32(purpose.encode())])

    @cached_property
    def tone(self) -> float:
        """Mean brightness of the whole picture, 0 to 1, or the one that is given."""
        return self.toned if self.toned is not None else float(self.pixels.mean(axis=(0, 1)) @ (0.299, 0.587, 0.114))

    def share(self, purpose: str) -> float:
        """Where in its range, 0 to 1, one realised value lies: by the seed, the instruction and the picture's tone."""
        drawn = np.random.default_rng([self.seed, self.code_number, zlib.crc32(purpose.encode())]).random()
        moved = (drawn + TONE_GAIN * (self.tone - 0.5)) % 2
        return float(min(moved, 2 - moved))  # reflected at the ends of the range

    def choice(self, count: int, purpose: str) -> int:
        """One of `count` realisations, from 0."""
        return min(int(self.share(purpose) * count), count - 1)

    def realised(self, value: Any, purpose: str) -> Any:
        """What this request makes of a value of `edits.yaml`.

        A list stands for several realisations, {between: [low, high]} for a number, {hue: [...], saturation: [...],
        lightness: [...]} for a colour (degrees and shares; {as: name} draws as every other value of that name), any
        other mapping for values of its own; the rest is the same in all.
        """
        if isinstance(value, list):
            return self.realised(value[self.choice(len(value), purpose)], purpose)
        if not isinstance(value, Mapping):
            return value
        purpose = value.get("as", purpose)
        if "between" in value:
            low, high = value["between"]
            return low + (high - low) * self.share(purpose)
        if "hue" in value:
            hue, lightness, saturation = (
                low + (high - low) * self.share(f"{purpose} {part}")
                for part, (low, high) in ((part, value[part]) for part in ("hue", "lightness", "saturation"))
            )
            return hex_colour(255 * part for part in colorsys.hls_to_rgb(hue / 360 % 1, lightness, saturation))
        return self.look(value)

    def look(self, values: Mapping[str, Any] | None) -> dict[str, Any]:
        """Attributes, each with this request's realisation."""
        return {key: self.realised(value, key) for key, value in (values or {}).items()}

    def misses(self, box: Box = WHOLE, area: float = 1.0, fraction: float = 1.0) -> bool:
        """Whether this edit misses a target in a box, of which these shares of canvas and target show."""
        contrast = float(self.crop(box).std(axis=(0, 1)).mean() * 2)
        return bool(self.rng(box, "miss").random() < miss_chance(area, fraction, contrast))

    def attempt(self, box: Box = WHOLE, area: float = 1.0, fraction: float = 1.0) -> None:
        """Raise NotDone("missed") if this edit misses its target."""
        if self.misses(box, area, fraction):
            raise NotDone("missed")

    def most_visible(self, candidates: Callable[[Element], Iterable[tuple[str, str, float]]]) -> "Target":
        """The candidate that shows most; raises NotDone("absent") when none does.

        `candidates` gives (attribute of a photograph or "", part of the element that shows it, share of that part).
        """
        best, elements = None, self.scene.elements
        for index in sorted(range(len(elements)), key=lambda index: -elements[index].width * elements[index].height):
            if best is not None and elements[index].width * elements[index].height / 1e4 < best.area:
                break  # this and all later boxes are smaller than what was found
            for photograph, part, share in candidates(elements[index]):
                area, fraction = visibility(self.scene, index, part)
                if area > 0 and (best is None or share * area > best.area):
                    best = Target(index, elements[index], photograph, share * area, fraction)
        if best is None:
            raise NotDone("absent")
        return best

    def thing(self, *kinds: str) -> "Target":
        """The element of some kinds that shows most."""
        return self.most_visible(lambda element: [("", "all", 1.0)] if element.kind in kinds else [])


@dataclass(frozen=True)
class Target:
    """What an edit aims at: an element, or the photograph in one of its attributes, and how much of it shows."""

    index: int
    element: Element
    photograph: str
    area: float
    fraction: float

    @property
    def box(self) -> Box:
        return box_of(self.element)


def box_of(element: Element) -> Box:
    """An element's box."""
    return element.x, element.y, element.width, element.height


def _alpha(fragment: str) -> np.ndarray:
    return rasterise(svg_document(fragment), 2 * LOOK_SIZE)[..., 3].astype(float) / 255


def visibility(scene: Scene, index: int, part: str = "all") -> tuple[float, float]:
    """(share of the canvas that shows, share of the element that shows), both in [0, 1].

    "The element" in the second number is what of it lies on the canvas and, roughly, beyond it.
    """
    element = scene.elements[index]
    shape = _alpha(DRAWERS[element.kind](element, part))
    shown = shape
    later = scene.elements[index + 1 :]
    if later:
        shown = shape * (1 - _alpha("".join(DRAWERS[other.kind](other, "all") for other in later)))
    x, y, width, height = box_of(element)
    inside = max(0.0, min(100, x + width) - max(0, x)) * max(0.0, min(100, y + height) - max(0, y))
    fraction = shown.sum() / max(shape.sum(), 1e-9) * inside / max(width * height, 1e-9)
    return float(shown.mean()), float(fraction)


def miss_chance(area: float, fraction: float = 1.0, contrast: float = 1.0) -> float:
    """Chance in [0, 1] to miss a target.

    `area`: visible share of the canvas; `fraction`: visible share of the target; `contrast`: how
    much it stands out, in [0, 1].
    """
    small = 0.95 * np.exp(-area / CLEAR_AREA)
    hidden = 0.8 * max(0.0, 0.7 - fraction)
    faint = 0.15 * max(0.0, 1 - contrast / 0.12)
    return float(min(1.0, BASE_MISS + small + hidden + faint))


def with_element(scene: Scene, index: int, *new: Element) -> Scene:
    """The scene with the element at `index` replaced by none, one or more."""
    return replace(scene, elements=(*scene.elements[:index], *new, *scene.elements[index + 1 :]))
