"""What a scene of the vector world is, and how it becomes pixels.

A scene is a setting (background) plus elements in painter's order, on a square canvas of
100 x 100 units. Everything is plain data, so a scene can be edited, compared and hashed.
Drawing is a table from an element's kind to a function that returns an SVG fragment; fragments
are rasterised by resvg with fonts shipped in matplotlib, so pixels do not depend on the machine.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import resvg_py
from PIL import Image

CANVAS = 100.0
"""Side of the square canvas, in scene units."""

FONT_FILES = ("DejaVuSans-Bold.ttf", "DejaVuSansMono-Bold.ttf", "DejaVuSerif-BoldItalic.ttf")


@dataclass(frozen=True)
class Element:
    """One thing in a scene.

    `x, y, width, height` is its box in scene units. `attributes` holds all that shows and nothing
    else. `private` names the part that must be protected: "" (nothing), "all", or a part that the
    kind's drawer knows ("head" of a person, "text" of a receipt). Only masks and surrogates read
    `private`; the simulated editor must not.
    """

    kind: str
    x: float
    y: float
    width: float
    height: float
    attributes: Mapping[str, Any] = field(default_factory=dict)
    private: str = ""

    def with_attributes(self, **changes) -> "Element":
        """A copy with some attributes replaced."""
        return replace(self, attributes={**self.attributes, **changes})


@dataclass(frozen=True)
class Scene:
    """A setting, elements in painter's order, and raster styles applied in order after drawing.

    `setting` is plain data read by `settings.draw_setting`. `styles` is a tuple of
    (name, parameters) pairs read by `styles.apply_style`; parameters include any seed.
    """

    setting: Mapping[str, Any]
    elements: tuple[Element, ...] = ()
    styles: tuple[tuple[str, Mapping[str, Any]], ...] = ()


Drawer = Callable[[Element, str], str]
"""(element, part) -> SVG fragment in scene units; part "all" draws the whole element, any other
value only that part, placed exactly where the whole element shows it."""

DRAWERS: dict[str, Drawer] = {}


def draws(kind: str) -> Callable[[Drawer], Drawer]:
    """Register the drawer of an element kind."""

    def register(drawer: Drawer) -> Drawer:
        DRAWERS[kind] = drawer
        return drawer

    return register


@cache
def font_paths() -> list[str]:
    """Paths of the fonts the world may use: families DejaVu Sans, DejaVu Sans Mono, DejaVu Serif."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return [str(folder / name) for name in FONT_FILES]


def svg_document(body: str) -> str:
    """Wrap a fragment in an SVG document over the whole canvas."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {CANVAS:g} {CANVAS:g}">{body}</svg>'
    )


@lru_cache(maxsize=64)
def rasterise(svg: str, size: int) -> np.ndarray:
    """Rasterise an SVG document to uint8 RGBA of shape (size, size, 4), not to be written to.

    The last ones are kept: an editor looks at one scene again for every instruction, seed and target.
    """
    png = resvg_py.svg_to_bytes(
        svg_string=svg, width=size, height=size, skip_system_fonts=True, font_files=font_paths()
    )
    return np.asarray(Image.open(io.BytesIO(bytes(png))).convert("RGBA"))


def render(scene: Scene, size: int) -> np.ndarray:
    """Pixels of a scene: uint8 RGB of shape (size, size, 3), raster styles applied."""
    # Imported late: both modules need the classes above.
    from sppe_lib.world.settings import draw_setting
    from sppe_lib.world.styles import apply_style

    elements = "".join(DRAWERS[element.kind](element, "all") for element in scene.elements)
    image = np.ascontiguousarray(rasterise(svg_document(draw_setting(scene.setting) + elements), size)[..., :3])
    for name, parameters in scene.styles:
        image = apply_style(image, name, parameters)
    return image


def private_mask(scene: Scene, size: int) -> np.ndarray:
    """Where the private layer shows: bool of shape (size, size).

    The private parts are drawn alone; any pixel they touch counts (alpha > 0, so nothing of an
    anti-aliased edge is left outside), minus what later elements cover completely.
    """
    mask = np.zeros((size, size), dtype=bool)
    for element in scene.elements:
        if element.private:
            fragment = DRAWERS[element.kind](element, element.private)
            mask |= rasterise(svg_document(fragment), size)[..., 3] > 0
        elif mask.any():
            cover = rasterise(svg_document(DRAWERS[element.kind](element, "all")), size)
            mask &= cover[..., 3] < 255
    return mask
