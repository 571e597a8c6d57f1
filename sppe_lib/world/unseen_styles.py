"""Raster styles that only the unseen instructions ask for; importing this module adds them to `styles.STYLES`."""

import numpy as np

from sppe_lib.world import style_filters as f
from sppe_lib.world.styles import STYLES

TILES, BLOCKS, DOTS = 21, 32, 16
"""Tiles of a mosaic, blocks of pixel art and dots of a comic along a side."""


def _blocks(image: np.ndarray, number: int) -> np.ndarray:
    """The mean colour of each square block, `number` of them along the side (at least 2 pixels each)."""
    length = max(2, round(f.side(image) / number))
    rows, columns = (np.arange(0, size, length) for size in image.shape[:2])
    heights, widths = np.diff(rows, append=image.shape[0]), np.diff(columns, append=image.shape[1])
    sums = np.add.reduceat(np.add.reduceat(image, rows, axis=0), columns, axis=1)
    means = sums / (heights[:, None] * widths)[..., None]
    return np.repeat(np.repeat(means, heights, axis=0), widths, axis=1)


def _mosaic(image: np.ndarray, variant: int) -> np.ndarray:
    grout = ("#efe6d2", "#3a3a40", "#c9b79a")[variant]
    # Neighbouring tiles of one colour differ a little, as stones do.
    stones = _blocks(np.clip(f.saturate(image, 1.3) + 0.12 * f.texture(image, 1 / TILES, 11)[..., None], 0, 1), TILES)
    lines = np.maximum(f.stripes(image, 1 / TILES, 0.25, 0), f.stripes(image, 1 / TILES, 0.25, 1))
    return f.blend(stones, f.gradient_map(lines, (grout, grout)), 0.55 * lines)


def _pixel_art(image: np.ndarray, variant: int) -> np.ndarray:
    return f.posterise(f.contrast(f.saturate(_blocks(image, BLOCKS), 1.4), 1.2), (4, 3, 5)[variant])


def _pop_art(image: np.ndarray, variant: int) -> np.ndarray:
    shades = (
        ("#1b1464", "#e6007e", "#ffd500", "#fff7d6"),
        ("#5a0a3c", "#00a0dc", "#ffe100", "#ffffff"),
        ("#0a3c5a", "#ff4b2b", "#7fd8be", "#fff2e0"),
    )[variant]
    height, width = image.shape[:2]
    y, x = np.mgrid[0:height, 0:width] * DOTS / f.side(image)
    dots = np.hypot(x % 1 - 0.5, y % 1 - 0.5) < 0.55 * np.sqrt(np.clip(1 - f.luma(image), 0, 1))
    result = f.gradient_map(np.round(f.luma(f.blur(image, 0.01)) * 3) / 3, shades)
    result = f.blend(result, result * 0.55, dots.astype(float))
    return f.blend(result, np.zeros_like(result), np.clip(1.5 * f.edges(image), 0, 1))


def _blueprint(image: np.ndarray, variant: int) -> np.ndarray:
    paper, light = (("#123f8c", "#2a5cb0"), ("#0e3a5c", "#22608c"), ("#1c2f7a", "#3a50a8"))[variant]
    result = f.gradient_map(f.luma(image), (paper, light))
    grid = np.maximum(f.stripes(image, 0.125, 0.1, 0), f.stripes(image, 0.125, 0.1, 1))
    result = f.blend(result, np.ones_like(result), 0.18 * grid)
    return f.blend(result, np.ones_like(result), np.clip(2.2 * f.edges(image), 0, 1))


def _neon(image: np.ndarray, variant: int) -> np.ndarray:
    glow = (("#ff2bd6", "#27f0ff"), ("#39ff6a", "#f6ff3a"), ("#ff5a1f", "#8a5aff"))[variant]
    lines = np.clip(2.4 * f.edges(image), 0, 1)
    tubes = f.gradient_map(f.luma(f.blur(image, 0.03)), glow)
    halo = np.clip(1.6 * f.blur(lines, 0.02), 0, 1)
    return f.blend(f.blend(image * 0.12, tubes * 0.8, 0.6 * halo), 0.5 + 0.5 * tubes, lines)


def _negative(image: np.ndarray, variant: int) -> np.ndarray:
    film = np.array([(1.0, 1.0, 1.0), (1.0, 0.86, 0.7), (0.82, 0.95, 1.0)][variant])
    return (1 - image) * film


STYLES.update(
    {
        "mosaic": ("as a mosaic", _mosaic),
        "pixel-art": ("as pixel art", _pixel_art),
        "pop-art": ("as a comic", _pop_art),
        "blueprint": ("as a blueprint", _blueprint),
        "neon": ("in neon light", _neon),
        "negative": ("as a negative", _negative),
    }
)
