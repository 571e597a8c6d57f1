"""The raster styles of the simulated editor: colour, brush, texture and ornament on pixels.

A style is a function of the image and of its parameters only: "strength" in [0, 1] (how far the
image moves towards the style), "variant" (0, 1 or 2: another tint, frame or word), and "cast" with
"cast_amount" in [0, 1], a colour that dyes the result by brightness. They are
mostly local functions (a colour map, a blur, edges, a fixed texture, a fixed frame), as a style
transfer that a small model may learn from one example. `assets/styles.yaml` lists the operations
of each style.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from sppe_lib.errors import ConfigError
from sppe_lib.world import read_asset
from sppe_lib.world import style_filters as f
from sppe_lib.world.colours import rgb

STYLES: dict[str, dict] = read_asset("styles.yaml")
"""Name of a style -> its words, what varies, and its steps."""

Colour = str | Sequence[float]
""" "#rrggbb", or three numbers in [0, 1]."""


def apply_style(image: np.ndarray, name: str, parameters: Mapping[str, Any]) -> np.ndarray:
    """The image in a style.

    `image` is uint8 (H, W, 3); so is the result. Unknown names raise ConfigError.
    """
    if name not in STYLES:
        raise ConfigError(f"Unknown style '{name}': choose one of {', '.join(sorted(STYLES))}.")
    variant = int(parameters.get("variant", 0)) % 3
    varied = {key: values[variant] for key, values in STYLES[name]["vary"].items()}
    plain = source = styled = image.astype(float) / 255
    for step in STYLES[name]["steps"]:
        ((operation, arguments),) = step.items()
        if operation == "mark":
            source = styled
        else:
            styled = _call(OPERATIONS[operation], _filled_in(arguments, varied), styled, source)
    mixed = np.clip(f.blend(plain, styled, float(parameters.get("strength", 1.0))), 0, 1)
    if amount := float(parameters.get("cast_amount", 0.0)):
        mixed = f.blend(mixed, f.gradient_map(f.luma(mixed), ("#000000", parameters["cast"], "#ffffff")), amount)
    return np.round(np.clip(mixed, 0, 1) * 255).astype(np.uint8)


def describe_style(name: str) -> str:
    """A short phrase such as "in a pencil sketch style"."""
    return STYLES[name]["words"]


def _call(function: Callable, arguments: Any, *first: Any) -> Any:
    """The function with arguments from YAML: a mapping, a list, or a single one."""
    if isinstance(arguments, dict):
        return function(*first, **arguments)
    return function(*first, *(arguments if isinstance(arguments, list) else [arguments]))


def _filled_in(value: Any, varied: Mapping[str, Any]) -> Any:
    """Arguments with "$name" and "{name}" replaced by what the variant has for them."""
    if isinstance(value, dict):
        return {key: _filled_in(entry, varied) for key, entry in value.items()}
    if isinstance(value, list):
        return [_filled_in(entry, varied) for entry in value]
    if isinstance(value, str):
        if value.startswith("$"):
            return varied[value[1:]]
        for key, replacement in varied.items():
            value = value.replace("{" + key + "}", str(replacement))
    return value


# --------------------------------------------------------- operations on (the picture so far, the source picture)


def tint(
    image: np.ndarray,
    source: np.ndarray,
    shades: Sequence[str],
    amount: float | None = None,
    of_source: bool = True,
    blurred: float = 0.0,
    contrast: Sequence[float] = (),
    gain: float = 1.0,
    lift: float = 0.0,
) -> np.ndarray:
    """Towards shades chosen by brightness (dark to light); without `amount` nothing but the shades is left."""
    grey = f.luma(source if of_source else image)
    if blurred:
        grey = f.blur(grey, blurred)
    if contrast:
        grey = f.contrast(grey, *contrast)
    shaded = f.gradient_map(grey * gain + lift, shades)
    return shaded if amount is None else f.blend(image, shaded, amount)


def paint(image: np.ndarray, source: np.ndarray, colour: Colour, amount: float | np.ndarray) -> np.ndarray:
    """Towards one colour."""
    tone = np.array(rgb(colour)) / 255 if isinstance(colour, str) else np.array(colour)
    return f.blend(image, np.broadcast_to(tone, image.shape), amount)


def back_to_source(image: np.ndarray, source: np.ndarray, amount: float, blurred: float = 0.0) -> np.ndarray:
    """Towards the source picture, blurred or not."""
    return f.blend(image, f.blur(source, blurred) if blurred else source, amount)


def outlines(image: np.ndarray, source: np.ndarray, colour: Colour, gain: float) -> np.ndarray:
    """The edges of the source in a colour."""
    return paint(image, source, colour, np.clip(gain * f.edges(source), 0, 1))


def grid(
    image: np.ndarray, source: np.ndarray, colour: Colour, amount: float, period: float, share: float
) -> np.ndarray:
    """Regular lines across and down."""
    lines = np.maximum(f.stripes(image, period, share, 0), f.stripes(image, period, share, 1))
    return paint(image, source, colour, amount * lines)


def vignette(image: np.ndarray, source: np.ndarray, amount: float, colour: str, start: float = 0.45) -> np.ndarray:
    """Towards a colour with the distance from the centre."""
    y, x = f.places(image)
    distance = np.hypot((y + 0.5) / image.shape[0] - 0.5, (x + 0.5) / image.shape[1] - 0.5)
    return paint(image, source, colour, np.clip((distance - start) / (0.72 - start), 0, 1) * amount)


def strokes(image: np.ndarray, source: np.ndarray, size: float, amount: float | None = None) -> np.ndarray:
    """Flat patches of thick paint."""
    patches = f.kuwahara(image, size)
    return patches if amount is None else f.blend(image, patches, amount)


def relief(image: np.ndarray, source: np.ndarray, amount: float) -> np.ndarray:
    """Light on the weave of a canvas and on the rims of the paint."""
    return image * (1 + amount * (f.texture(image, 0.035, 5, 2.5) + 0.8 * f.edges(source)))[..., None]


def stains(image: np.ndarray, source: np.ndarray, colour: Colour, amount: float) -> np.ndarray:
    """Large and small spots of age."""
    spots = np.clip(f.texture(image, 0.16, 3) + 0.3 * f.texture(image, 0.05, 4), 0, 1)
    return paint(image, source, colour, amount * spots)


def hatching(image: np.ndarray, source: np.ndarray, shades: Sequence[str], axis: int) -> np.ndarray:
    """Pencil: dodged brightness, and hatched shadows."""
    grey = f.luma(image)
    dodge = np.clip(grey / (f.blur(grey, 0.035) + 0.02), 0, 1) ** 3
    hatch = f.stripes(image, 0.0625, 0.5, axis)
    shade = dodge * (0.74 + 0.26 * np.clip(grey + 0.15, 0, 1)) - 0.12 * hatch * (grey < 0.45)
    return f.gradient_map(np.clip(shade, 0, 1), shades)


def paper_rim(image: np.ndarray, source: np.ndarray, width: float, brightness: float) -> np.ndarray:
    """Bare paper with an uneven rim around the picture."""
    (height, across), (y, x) = image.shape[:2], f.places(image)
    rim = np.minimum(np.minimum(x / across, 1 - (x + 1) / across), np.minimum(y / height, 1 - (y + 1) / height))
    bare = np.clip(1 - (rim + 0.02 * f.texture(image, 0.09, 7)) / width, 0, 1)
    return paint(image, source, [brightness] * 3, bare)


def dabs(image: np.ndarray, source: np.ndarray, amount: float, lift: float) -> np.ndarray:
    """Dabs of other colours, and a little more light."""
    first = f.texture(image, 0.05, 8)
    colours = np.stack([first, f.texture(image, 0.05, 9), -first], axis=-1)
    return np.clip(image + amount * colours + lift, 0, 1)


def waves(image: np.ndarray, source: np.ndarray, amount: float) -> np.ndarray:
    """Wavy rows of brush strokes."""
    y, x = (axis / f.side(image) for axis in f.places(image))
    return image * (1 + amount * np.sin(2 * np.pi * (12 * y + 1.2 * np.sin(2 * np.pi * (2 * x + y)))))[..., None]


def halftone(image: np.ndarray, source: np.ndarray, shades: Sequence[str], count: int) -> np.ndarray:
    """Few colours, and printed dots (`count` along the side) that grow with the darkness."""
    y, x = (axis * count / f.side(image) for axis in f.places(image))
    dots = np.hypot(x % 1 - 0.5, y % 1 - 0.5) < 0.55 * np.sqrt(np.clip(1 - f.luma(image), 0, 1))
    flat = f.gradient_map(np.round(f.luma(f.blur(image, 0.01)) * 3) / 3, shades)
    return f.blend(flat, flat * 0.55, dots.astype(float))


def neon(image: np.ndarray, source: np.ndarray, *glow: str) -> np.ndarray:
    """Outlines as glowing tubes in the dark."""
    lines = np.clip(2.4 * f.edges(image), 0, 1)
    tubes = f.gradient_map(f.luma(f.blur(image, 0.03)), glow)
    halo = np.clip(1.6 * f.blur(lines, 0.02), 0, 1)
    return f.blend(f.blend(image * 0.12, tubes * 0.8, 0.6 * halo), 0.5 + 0.5 * tubes, lines)


def draw(image: np.ndarray, source: np.ndarray, *pieces: str | dict) -> np.ndarray:
    """Vector ornaments on top: SVG fragments, and {name of one of ORNAMENTS: its arguments}; {opacity: ...} of all."""
    svg, opacity = "", 1.0
    for piece in pieces:
        if isinstance(piece, str):
            svg += piece
            continue
        ((name, arguments),) = piece.items()
        if name == "opacity":
            opacity = arguments
        else:
            svg += _call(ORNAMENTS[name], arguments)
    drawn = f.drawing(svg, image.shape[0], image.shape[1])
    return f.blend(image, drawn[..., :3], drawn[..., 3] * opacity)


def _of_image(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """An operation that needs no source picture."""
    return lambda image, source, *arguments: function(image, *arguments)


OPERATIONS: dict[str, Callable[..., np.ndarray]] = {
    "tint": tint, "paint": paint, "source": back_to_source, "outlines": outlines, "grid": grid, "vignette": vignette,
    "strokes": strokes, "relief": relief, "stains": stains, "hatching": hatching, "paper_rim": paper_rim,
    "dabs": dabs, "waves": waves, "halftone": halftone, "neon": neon, "draw": draw,
    "saturate": _of_image(f.saturate), "contrast": _of_image(f.contrast), "blur": _of_image(f.blur),
    "posterise": _of_image(f.posterise), "swirl": _of_image(f.swirl), "shift_channels": _of_image(f.shift_channels),
    "dim": lambda image, source, factor: image * factor,
    "negative": lambda image, source, *film: (1 - image) * np.array(film),
    "blocks": lambda image, source, number: f.blocks(np.clip(image, 0, 1), number),
    "glow": lambda image, source, amount, size: 1 - (1 - image) * (1 - amount * f.blur(image, size)),
    "grain": lambda image, source, amount, *grain: image + amount * f.texture(image, *grain)[..., None],
    "scanlines": lambda image, source, amount, period: image * (1 - amount * f.stripes(image, period))[..., None],
    "wet_edges": lambda image, source, amount, size: image * (1 - amount * f.edges(source, size))[..., None],
}  # fmt: skip
"""Name of an operation -> function(picture so far, source: the plain picture or the one at the last `mark`, ...)."""


# ------------------------------------------------------------------------- ornaments, as SVG on 100 x 100 units


def border(colour: str, width: float, inset: float = 0.0) -> str:
    """A plain frame of a width, `inset` from the edge."""
    start, length = inset + width / 2, 100 - 2 * inset - width
    return (
        f'<rect x="{start}" y="{start}" width="{length}" height="{length}" fill="none" '
        f'stroke="{colour}" stroke-width="{width}"/>'
    )


def dots(at: Sequence[float], inset: float, radius: float, colour: str, line: str = "none") -> str:
    """Discs along all four sides."""
    spots = [spot for place in at for one in (inset, 100 - inset) for spot in ((place, one), (one, place))]
    return "".join(
        f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{colour}" stroke="{line}" stroke-width="1.3"/>' for x, y in spots
    )


def word(text: str, x: float, y: float, size: float, colour: str, family: str = "DejaVu Serif") -> str:
    """Centred text."""
    slant = 'font-style="italic"' if family == "DejaVu Serif" else ""
    return (
        f'<text x="{x}" y="{y}" font-family="{family}" font-weight="bold" {slant} font-size="{size}" '
        f'fill="{colour}" text-anchor="middle">{text}</text>'
    )


def lines(colour: str, x: float, y: float, widths: Sequence[float], step: float, height: float) -> str:
    """Lines of unreadable text."""
    return "".join(
        f'<rect x="{x}" y="{y + step * row}" width="{width}" height="{height}" fill="{colour}"/>'
        for row, width in enumerate(widths)
    )


ORNAMENTS = {"border": border, "dots": dots, "word": word, "lines": lines}
