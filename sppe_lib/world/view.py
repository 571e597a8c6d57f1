"""How the simulated editor looks at a scene: what shows, what it misses, which realisation it chooses.

The simulated editor stands in for a cloud model. It may look only at what is visible: pixels at a coarse size, boxes,
attributes, occlusion; never at `Element.private`. Its documented failure modes:

- it does nothing when the target of the instruction is absent;
- it misses: always with a small chance, more often the smaller, the more hidden or the less contrasted the target is
  (`miss_chance`);
- the same words come out differently from request to request: the realisation (hues, shapes, places, sizes, kinds, the
  strength of a style) is drawn from the seed, and moves a little with the brightness of the whole picture (`share`). An
  image and its surrogate that are sent with one seed, as to one service asked twice, get nearly the same one; with
  another seed the same words come out another way.
"""

import colorsys
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from sppe_lib.world.colours import hex_colour
from sppe_lib.world.scene import Element, Scene, drawn, rasterise, render

LOOK_SIZE = 32  # side in pixels at which the editor looks at a scene
BASE_MISS = 0.07  # chance to miss even the clearest target
CLEAR_AREA = 0.008  # share of the canvas at which the extra chance to miss has fallen to about a third
TONE_GAIN = 1.0  # how far a realisation moves, in shares of its range, when the picture goes from black to white

Box = tuple[float, float, float, float]  # x, y, width, height in scene units
WHOLE: Box = (0.0, 0.0, 100.0, 100.0)


@dataclass(frozen=True)
class EditResult:
    """An edited scene and what happened: "done", "missed" or "absent" (then the scene is unchanged)."""

    scene: Scene
    outcome: Literal["done", "missed", "absent"]


class NotDone(Exception):
    """Raised with "missed" or "absent" by an edit that leaves the scene as it is."""


@dataclass(frozen=True)
class Target:
    """What an edit aims at: an element, or the photograph in one of its attributes, and how much of it shows."""

    index: int
    element: Element
    photograph: str
    area: float
    fraction: float


@dataclass(frozen=True)
class View:
    """A scene as the editor sees it; `toned` is the brightness that realisations follow, if not the scene's own."""

    scene: Scene
    code: str
    seed: int
    toned: float | None = None

    @cached_property
    def pixels(self) -> np.ndarray:
        """A coarse look at the scene: floats in [0, 1], shape (LOOK_SIZE, LOOK_SIZE, 3)."""
        return render(self.scene, LOOK_SIZE).astype(float) / 255

    @cached_property
    def tone(self) -> float:
        """Mean brightness of the whole picture, 0 to 1, or the one that is given."""
        return self.toned if self.toned is not None else float(self.pixels.mean(axis=(0, 1)) @ (0.299, 0.587, 0.114))

    def _random(self, *purposes: bytes) -> float:
        code = int(self.code) if self.code.isdigit() else zlib.crc32(self.code.encode())
        return np.random.default_rng([self.seed, code, *map(zlib.crc32, purposes)]).random()

    def share(self, purpose: str) -> float:
        """Where in its range, 0 to 1, one realised value lies: by the seed, the instruction and the picture's tone."""
        moved = (self._random(purpose.encode()) + TONE_GAIN * (self.tone - 0.5)) % 2
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
            return self._within(value["between"], purpose)
        if "hue" in value:
            parts = (self._within(value[part], f"{purpose} {part}") for part in ("hue", "lightness", "saturation"))
            hue, lightness, saturation = parts
            return hex_colour(255 * part for part in colorsys.hls_to_rgb(hue / 360 % 1, lightness, saturation))
        return self.look(value)

    def _within(self, limits: tuple[float, float], purpose: str) -> float:
        low, high = limits
        return low + (high - low) * self.share(purpose)

    def look(self, values: Mapping[str, Any] | None) -> dict[str, Any]:
        """Attributes, each with this request's realisation."""
        return {key: self.realised(value, key) for key, value in (values or {}).items()}

    def misses(self, target: Target | None = None) -> bool:
        """Whether this edit misses its target; without one it is the whole picture.

        Chance depends on the seed, the instruction and the mean colour of the target's box, roughly: a source and a
        surrogate whose colours differ there get independent numbers.
        """
        area, fraction = (target.area, target.fraction) if target else (1.0, 1.0)
        x, y, width, height = (value * LOOK_SIZE / 100 for value in (box_of(target.element) if target else WHOLE))
        left, top = (int(np.clip(round(value), 0, LOOK_SIZE - 1)) for value in (x, y))
        right, bottom = (min(LOOK_SIZE, round(value)) for value in (x + width, y + height))
        seen = self.pixels[top : max(top + 1, bottom), left : max(left + 1, right)]
        colour = (seen.mean(axis=(0, 1)) * 6).round().astype(np.uint8).tobytes()
        contrast = float(seen.std(axis=(0, 1)).mean() * 2)
        return bool(self._random(colour, b"miss") < miss_chance(area, fraction, contrast))

    def attempt(self, target: Target | None = None) -> None:
        """Raise NotDone("missed") if this edit misses its target."""
        if self.misses(target):
            raise NotDone("missed")

    def target(self, index: int, photograph: str = "", part: str = "all", share: float = 1.0) -> Target:
        """An element, or a photograph that takes a `share` of the `part` which shows it, as a target."""
        area, fraction = visibility(self.scene, index, part)
        return Target(index, self.scene.elements[index], photograph, share * area, fraction)

    def most_visible(self, candidates: Callable[[Element], Iterable[tuple[str, str, float]]]) -> Target:
        """The candidate that shows most; raises NotDone("absent") when none does.

        `candidates` gives (attribute of a photograph or "", part of the element that shows it, share of that part).
        """
        best, elements = None, self.scene.elements
        sizes = [element.width * element.height for element in elements]
        for index in sorted(range(len(elements)), key=lambda index: -sizes[index]):
            if best is not None and sizes[index] / 1e4 < best.area:
                break  # this and all later boxes are smaller than what was found
            for candidate in candidates(elements[index]):
                found = self.target(index, *candidate)
                if found.area > (best.area if best else 0):
                    best = found
        if best is None:
            raise NotDone("absent")
        return best

    def thing(self, *kinds: str) -> Target:
        """The element of some kinds that shows most."""
        return self.most_visible(lambda element: [("", "all", 1.0)] if element.kind in kinds else [])


def box_of(element: Element) -> Box:
    """An element's box."""
    return element.x, element.y, element.width, element.height


def visibility(scene: Scene, index: int, part: str = "all") -> tuple[float, float]:
    """The share of the canvas that an element's part takes, and how much of it shows (beyond the canvas: roughly)."""

    def alpha(svg: str) -> np.ndarray:
        return rasterise(svg, 2 * LOOK_SIZE)[..., 3].astype(float) / 255

    element, later = scene.elements[index], scene.elements[index + 1 :]
    shape = alpha(drawn([element], part))
    shown = shape * (1 - alpha(drawn(later))) if later else shape
    x, y, width, height = box_of(element)
    inside = max(0.0, min(100, x + width) - max(0, x)) * max(0.0, min(100, y + height) - max(0, y))
    fraction = shown.sum() / max(shape.sum(), 1e-9) * inside / max(width * height, 1e-9)
    return float(shown.mean()), float(fraction)


def miss_chance(area: float, fraction: float = 1.0, contrast: float = 1.0) -> float:
    """Chance to miss a target by visible shares of canvas and target, and by how much it stands out; all in [0, 1]."""
    small = 0.95 * np.exp(-area / CLEAR_AREA)
    hidden = 0.8 * max(0.0, 0.7 - fraction)
    faint = 0.15 * max(0.0, 1 - contrast / 0.12)
    return float(min(1.0, BASE_MISS + small + hidden + faint))


def with_element(scene: Scene, index: int, *new: Element) -> Scene:
    """The scene with the element at `index` replaced by none, one or more."""
    return replace(scene, elements=(*scene.elements[:index], *new, *scene.elements[index + 1 :]))
