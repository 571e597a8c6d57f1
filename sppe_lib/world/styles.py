"""The raster styles of the simulated editor: colour, brush, texture and ornament on pixels.

A style is a function of the image and of its parameters only: "strength" in [0, 1] (how far the image moves towards the
style), "variant" (0, 1 or 2: another tint, frame or word), and "cast" with "cast_amount" in [0, 1], a colour that dyes
the result by brightness. They are mostly local functions (a colour map, a blur, edges, a fixed texture, a fixed frame),
as a style transfer that a small model may learn from one example. `assets/styles.yaml` lists the operations of each.
"""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from sppe_lib.errors import ConfigError
from sppe_lib.world import read_asset
from sppe_lib.world import style_filters as f
from sppe_lib.world.colours import rgb

STYLES: dict[str, dict] = read_asset("styles.yaml")
"""Name of a style -> its words, what varies, and its steps."""

Colour = str | Sequence[float]  # "#rrggbb", or three numbers in [0, 1]


def apply_style(image: np.ndarray, name: str, parameters: Mapping[str, Any]) -> np.ndarray:
    """The image, uint8 (H, W, 3), in a style. Unknown names raise ConfigError."""
    if name not in STYLES:
        raise ConfigError(f"Unknown style '{name}': choose one of {', '.join(sorted(STYLES))}.")
    variant = int(parameters.get("variant", 0)) % 3
    varied = {key: values[variant] for key, values in STYLES[name]["vary"].items()}
    plain = source = styled = image.astype(float) / 255
    for step in _filled_in(STYLES[name]["steps"], varied):
        ((operation, arguments),) = step.items()
        if operation == "mark":
            source = styled
            continue
        function = OPERATIONS[operation]
        named = {"source": source} if "source" in inspect.signature(function).parameters else {}
        if isinstance(arguments, dict):
            styled = function(styled, **arguments, **named)
        else:
            styled = function(styled, *(arguments if isinstance(arguments, list) else [arguments]), **named)
    mixed = np.clip(f.blend(plain, styled, float(parameters.get("strength", 1.0))), 0, 1)
    if amount := float(parameters.get("cast_amount", 0.0)):
        mixed = f.blend(mixed, f.gradient_map(f.luma(mixed), ("#000000", parameters["cast"], "#ffffff")), amount)
    return np.round(np.clip(mixed, 0, 1) * 255).astype(np.uint8)


def describe_style(name: str) -> str:
    """A short phrase such as "in a pencil sketch style"."""
    return STYLES[name]["words"]


def _filled_in(steps: list[dict], varied: Mapping[str, Any]) -> list[dict]:
    """Steps with "$name" and "{name}" replaced by what the variant has for them."""
    text = json.dumps(steps)
    for name, value in varied.items():
        text = text.replace(f'"${name}"', json.dumps(value)).replace("{" + name + "}", str(value))
    return json.loads(text)


# ------------------------------ operations on the picture so far; some need the plain picture, too, as `source`


def tint(
    image: np.ndarray,
    shades: Sequence[str],
    amount: float | None = None,
    of_source: bool = True,
    blurred: float = 0.0,
    contrast: Sequence[float] = (),
    gain: float = 1.0,
    lift: float = 0.0,
    *,
    source: np.ndarray,
) -> np.ndarray:
    """Towards shades chosen by brightness (dark to light); without `amount` nothing but the shades is left."""
    grey = f.blur(f.luma(source if of_source else image), blurred)
    if contrast:
        grey = f.contrast(grey, *contrast)
    shaded = f.gradient_map(grey * gain + lift, shades)
    return shaded if amount is None else f.blend(image, shaded, amount)


def paint(image: np.ndarray, colour: Colour, amount: float | np.ndarray) -> np.ndarray:
    """Towards one colour."""
    tone = np.array(rgb(colour)) / 255 if isinstance(colour, str) else np.array(colour)
    return f.blend(image, np.broadcast_to(tone, image.shape), amount)


def grid(image: np.ndarray, colour: Colour, amount: float, period: float, share: float) -> np.ndarray:
    """Regular lines across and down."""
    lines = np.maximum(f.stripes(image, period, share, 0), f.stripes(image, period, share, 1))
    return paint(image, colour, amount * lines)


def vignette(image: np.ndarray, amount: float, colour: str, start: float = 0.45) -> np.ndarray:
    """Towards a colour with the distance from the centre."""
    y, x = f.places(image)
    distance = np.hypot((y + 0.5) / image.shape[0] - 0.5, (x + 0.5) / image.shape[1] - 0.5)
    return paint(image, colour, np.clip((distance - start) / (0.72 - start), 0, 1) * amount)


def strokes(image: np.ndarray, size: float, amount: float = 1.0) -> np.ndarray:
    """Flat patches of thick paint."""
    patches = f.kuwahara(image, size)
    return patches if amount == 1 else f.blend(image, patches, amount)


def relief(image: np.ndarray, amount: float, *, source: np.ndarray) -> np.ndarray:
    """Light on the weave of a canvas and on the rims of the paint."""
    return image * (1 + amount * (f.texture(image.shape[:2], 0.035, 5, 2.5) + 0.8 * f.edges(source)))[..., None]


def stains(image: np.ndarray, colour: Colour, amount: float) -> np.ndarray:
    """Large and small spots of age."""
    large, small = f.texture(image.shape[:2], 0.16, 3), f.texture(image.shape[:2], 0.05, 4)
    return paint(image, colour, amount * np.clip(large + 0.3 * small, 0, 1))


def hatching(image: np.ndarray, shades: Sequence[str], axis: int) -> np.ndarray:
    """Pencil: dodged brightness, and hatched shadows."""
    grey = f.luma(image)
    dodge = np.clip(grey / (f.blur(grey, 0.035) + 0.02), 0, 1) ** 3
    hatch = f.stripes(image, 0.0625, 0.5, axis)
    shade = dodge * (0.74 + 0.26 * np.clip(grey + 0.15, 0, 1)) - 0.12 * hatch * (grey < 0.45)
    return f.gradient_map(np.clip(shade, 0, 1), shades)


def paper_rim(image: np.ndarray, width: float, brightness: float) -> np.ndarray:
    """Bare paper with an uneven rim around the picture."""
    (height, across), (y, x) = image.shape[:2], f.places(image)
    rim = np.minimum(np.minimum(x / across, 1 - (x + 1) / across), np.minimum(y / height, 1 - (y + 1) / height))
    bare = np.clip(1 - (rim + 0.02 * f.texture(image.shape[:2], 0.09, 7)) / width, 0, 1)
    return paint(image, [brightness] * 3, bare)


def dabs(image: np.ndarray, amount: float, lift: float) -> np.ndarray:
    """Dabs of other colours, and a little more light."""
    first = f.texture(image.shape[:2], 0.05, 8)
    colours = np.stack([first, f.texture(image.shape[:2], 0.05, 9), -first], axis=-1)
    return np.clip(image + amount * colours + lift, 0, 1)


def waves(image: np.ndarray, amount: float) -> np.ndarray:
    """Wavy rows of brush strokes."""
    y, x = (axis / f.side(image) for axis in f.places(image))
    return image * (1 + amount * np.sin(2 * np.pi * (12 * y + 1.2 * np.sin(2 * np.pi * (2 * x + y)))))[..., None]


def halftone(image: np.ndarray, shades: Sequence[str], count: int) -> np.ndarray:
    """Few colours, and printed dots (`count` along the side) that grow with the darkness."""
    y, x = (axis * count / f.side(image) for axis in f.places(image))
    dots = np.hypot(x % 1 - 0.5, y % 1 - 0.5) < 0.55 * np.sqrt(np.clip(1 - f.luma(image), 0, 1))
    flat = f.gradient_map(np.round(f.luma(f.blur(image, 0.01)) * 3) / 3, shades)
    return f.blend(flat, flat * 0.55, dots.astype(float))


def neon(image: np.ndarray, *glow: str) -> np.ndarray:
    """Outlines as glowing tubes in the dark."""
    lines = np.clip(2.4 * f.edges(image), 0, 1)
    tubes = f.gradient_map(f.luma(f.blur(image, 0.03)), glow)
    halo = np.clip(1.6 * f.blur(lines, 0.02), 0, 1)
    return f.blend(f.blend(image * 0.12, tubes * 0.8, 0.6 * halo), 0.5 + 0.5 * tubes, lines)


def draw(image: np.ndarray, svg: str, dots: Mapping[str, Any] | None = None, opacity: float = 1.0) -> np.ndarray:
    """A vector ornament on top, on 100 x 100 units over the whole image; `dots`: discs along all four sides of it."""
    if dots:
        inset, style = dots["inset"], f'fill="{dots["colour"]}" stroke="{dots["line"]}" stroke-width="1.3"'
        spots = (spot for at in dots["at"] for one in (inset, 100 - inset) for spot in ((at, one), (one, at)))
        svg += "".join(f'<circle cx="{x}" cy="{y}" r="{dots["radius"]}" {style}/>' for x, y in spots)
    drawn = f.drawing(svg, image.shape[0], image.shape[1])
    return f.blend(image, drawn[..., :3], drawn[..., 3] * opacity)


_NAMED = (
    tint, paint, grid, vignette, strokes, relief, stains, hatching, paper_rim, dabs, waves, halftone, neon,
    draw, f.contrast, f.blur, f.swirl, f.shift_channels,
)  # fmt: skip
OPERATIONS: dict[str, Callable[..., np.ndarray]] = {
    **{function.__name__: function for function in _NAMED},
    "source": lambda image, amount, blurred=0.0, *, source: f.blend(image, f.blur(source, blurred), amount),
    "outlines": lambda image, colour, gain, source: paint(image, colour, np.clip(gain * f.edges(source), 0, 1)),
    "saturate": lambda image, by: np.clip(f.blend(np.repeat(f.luma(image)[..., None], 3, -1), image, by), 0, 1),
    "posterise": lambda image, levels: np.round(image * (levels - 1)) / (levels - 1),
    "dim": lambda image, factor: image * factor,
    "negative": lambda image, *film: (1 - image) * np.array(film),
    "blocks": lambda image, number: f.blocks(np.clip(image, 0, 1), number),
    "glow": lambda image, amount, size: 1 - (1 - image) * (1 - amount * f.blur(image, size)),
    "grain": lambda image, amount, *grain: image + amount * f.texture(image.shape[:2], *grain)[..., None],
    "scanlines": lambda image, amount, period: image * (1 - amount * f.stripes(image, period))[..., None],
    "wet_edges": lambda image, amount, size, source: image * (1 - amount * f.edges(source, size))[..., None],
}
"""Name of an operation -> function(picture so far, ...), some with `source`: the plain picture or that at a `mark`."""
