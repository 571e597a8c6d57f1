"""What a scene of the vector world is, and how it becomes pixels.

A scene is a setting (background) plus elements in painter's order, on a square canvas of 100 x 100 units. Everything
is plain data, so a scene can be edited, compared and hashed. Drawing is a table from an element's kind to a function
that returns SVG; resvg rasterises it with fonts shipped in matplotlib, so pixels do not depend on the machine.
"""

import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import resvg_py
from PIL import Image

FONT_FILES = [
    str(Path(matplotlib.get_data_path(), "fonts", "ttf", f"DejaVu{name}.ttf"))
    for name in ("Sans-Bold", "SansMono-Bold", "Serif-BoldItalic")
]
"""The fonts that the world may use: families DejaVu Sans, DejaVu Sans Mono, DejaVu Serif."""


@dataclass(frozen=True)
class Element:
    """One thing in a scene, in a box in scene units; `attributes` holds all that shows and nothing else.

    `private` names the part that must be protected: "" (nothing), "all", or a part that the kind's drawer knows ("head"
    of a person, "text" of a receipt). Only masks and surrogates read it; the simulated editor must not.
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
    """A setting (read by `settings.draw_setting`), elements in painter's order, and raster styles.

    `styles` are (name, parameters) for `styles.apply_style`, applied in order after drawing.
    """

    setting: Mapping[str, Any]
    elements: tuple[Element, ...] = ()
    styles: tuple[tuple[str, Mapping[str, Any]], ...] = ()


DRAWERS: dict[str, Callable[[Element, str], str]] = {}
"""Kind -> drawer(element, part), which returns SVG in scene units: of the whole element (part "all"), or of that part
alone, placed exactly where the whole element shows it."""


def drawn(elements: Iterable[Element], part: str = "all") -> str:
    """SVG of elements, or of one part of them."""
    return "".join(DRAWERS[element.kind](element, part) for element in elements)


@lru_cache(maxsize=64)
def rasterise(svg: str, size: int) -> np.ndarray:
    """An SVG fragment in scene units as uint8 RGBA of shape (size, size, 4), not to be written to.

    The last ones are kept: an editor looks at one scene again for every instruction, seed and target.
    """
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    document = f'<svg {names} viewBox="0 0 100 100">{svg}</svg>'
    png = resvg_py.svg_to_bytes(
        svg_string=document, width=size, height=size, skip_system_fonts=True, font_files=FONT_FILES
    )
    return np.asarray(Image.open(io.BytesIO(bytes(png))).convert("RGBA"))


def render(scene: Scene, size: int) -> np.ndarray:
    """Pixels of a scene: uint8 RGB of shape (size, size, 3), raster styles applied."""
    # Imported late: both modules need the classes above.
    from sppe_lib.world.settings import draw_setting
    from sppe_lib.world.styles import apply_style

    image = np.ascontiguousarray(rasterise(draw_setting(scene.setting) + drawn(scene.elements), size)[..., :3])
    for name, parameters in scene.styles:
        image = apply_style(image, name, parameters)
    return image


def private_mask(scene: Scene, size: int) -> np.ndarray:
    """Where the private layer shows: bool of shape (size, size).

    The private parts are drawn alone; any pixel they touch counts (alpha > 0, so nothing of an anti-aliased edge is
    left outside), minus what later elements cover completely.
    """
    mask = np.zeros((size, size), dtype=bool)
    for element in scene.elements:
        if element.private:
            mask |= rasterise(drawn([element], element.private), size)[..., 3] > 0
        elif mask.any():
            mask &= rasterise(drawn([element]), size)[..., 3] < 255
    return mask
