"""Building blocks of the raster styles: local functions of an image of floats in [0, 1].

All take and return float arrays of shape (H, W, 3) (or (H, W) where said). Lengths are given as fractions of the larger
side, so a style looks the same at 64 px and at 512 px. Textures come from fixed seeds: the same on every image.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image
from scipy import ndimage

from sppe_lib.world.colours import rgb
from sppe_lib.world.scene import rasterise


def side(image: np.ndarray) -> int:
    """The larger side in pixels."""
    return max(image.shape[:2])


def places(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of every pixel, shape (H, W) each."""
    return tuple(np.mgrid[0 : image.shape[0], 0 : image.shape[1]])


def luma(image: np.ndarray) -> np.ndarray:
    """Brightness, shape (H, W)."""
    return image @ np.array([0.299, 0.587, 0.114])


def blend(image: np.ndarray, other: np.ndarray, amount: float | np.ndarray) -> np.ndarray:
    """`image` moved towards `other` by `amount` (number or (H, W) array) in [0, 1]."""
    amount = np.asarray(amount)
    return image + (other - image) * (amount[..., None] if amount.ndim == 2 else amount)


def gradient_map(values: np.ndarray, colours: Sequence[str]) -> np.ndarray:
    """Brightness (H, W) to colours: dark, ..., light, evenly spaced."""
    positions = np.linspace(0, 1, len(colours))
    table = np.array([rgb(colour) for colour in colours]) / 255
    return np.stack([np.interp(values, positions, channel) for channel in table.T], axis=-1)


def contrast(image: np.ndarray, factor: float, pivot: float = 0.5) -> np.ndarray:
    """Distance from `pivot` times `factor`."""
    return np.clip((image - pivot) * factor + pivot, 0, 1)


def blur(image: np.ndarray, fraction: float) -> np.ndarray:
    """Gaussian blur, sigma as a fraction of the side; (H, W) or (H, W, 3)."""
    return ndimage.gaussian_filter(image, fraction * side(image), axes=(0, 1))


def edges(image: np.ndarray, fraction: float = 0.006, gain: float = 1.8) -> np.ndarray:
    """Edge strength in [0, 1], shape (H, W), after a small blur."""
    smooth = blur(luma(image), fraction)
    step = fraction * side(image) / 0.5
    return np.clip(gain * step * np.hypot(ndimage.sobel(smooth, 0), ndimage.sobel(smooth, 1)) / 4, 0, 1)


def kuwahara(image: np.ndarray, fraction: float) -> np.ndarray:
    """Edge-keeping smoothing in flat patches, as strokes of thick paint."""
    radius, grey = max(1, round(fraction * side(image))), luma(image)
    window = 2 * radius + 1
    mean = ndimage.uniform_filter(image, (window, window, 1))
    variance = ndimage.uniform_filter(grey**2, window) - ndimage.uniform_filter(grey, window) ** 2
    shifts = [(dy, dx) for dy in (-radius, radius) for dx in (-radius, radius)]
    best = np.stack([_shift(variance, *shift) for shift in shifts]).argmin(0)
    return np.take_along_axis(np.stack([_shift(mean, *shift) for shift in shifts]), best[None, ..., None], 0)[0]


def _shift(values: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """Values moved by whole pixels, edges repeated."""
    rows = np.clip(np.arange(values.shape[0]) + dy, 0, values.shape[0] - 1)
    columns = np.clip(np.arange(values.shape[1]) + dx, 0, values.shape[1] - 1)
    return values[rows][:, columns]


def shift_channels(image: np.ndarray, fraction: float) -> np.ndarray:
    """Red to the left, blue to the right."""
    step = max(1, round(fraction * side(image)))
    red, green, blue = np.moveaxis(image, -1, 0)
    return np.stack([_shift(red, 0, step), green, _shift(blue, 0, -step)], axis=-1)


def stripes(image: np.ndarray, period: float, share: float = 0.5, axis: int = 0) -> np.ndarray:
    """1.0 on regular lines, else 0.0, shape (H, W); `period` as a fraction of the side (>= 2 px)."""
    length = max(2, round(period * side(image)))
    return (places(image)[axis] % length < max(1, round(length * share))).astype(float)


def blocks(image: np.ndarray, number: int) -> np.ndarray:
    """The mean colour of each square block, `number` of them along the side (at least 2 pixels each)."""
    length = max(2, round(side(image) / number))
    rows, columns = (np.arange(0, size, length) for size in image.shape[:2])
    heights, widths = np.diff(rows, append=image.shape[0]), np.diff(columns, append=image.shape[1])
    sums = np.add.reduceat(np.add.reduceat(image, rows, axis=0), columns, axis=1)
    means = sums / (heights[:, None] * widths)[..., None]
    return np.repeat(np.repeat(means, heights, axis=0), widths, axis=1)


@lru_cache(maxsize=64)
def texture(shape: tuple[int, int], grain: float, number: int, stretch: float = 1.0) -> np.ndarray:
    """A fixed smooth noise in [-1, 1]; `grain`: its size as a fraction of the side, `stretch`: drawn out sideways."""
    cells = max(3, round(1 / grain))
    size = cells, max(3, round(cells / stretch))
    noise = np.random.default_rng(1000 + number).uniform(-1, 1, size).astype(np.float32)
    picture = Image.fromarray(noise).resize(shape[::-1], Image.Resampling.BICUBIC)
    return np.clip(np.asarray(picture, dtype=float), -1, 1)


def swirl(image: np.ndarray, amount: float, period: float) -> np.ndarray:
    """Displace pixels along waves; both as fractions of the side."""
    y, x = (axis.astype(float) for axis in places(image))
    length, shift = period * side(image) / (2 * np.pi), amount * side(image)
    where = [y + shift * np.sin(x / length + 1.3), x + shift * np.sin(y / length)]
    channels = [ndimage.map_coordinates(image[..., c], where, order=1, mode="nearest") for c in range(3)]
    return np.stack(channels, axis=-1)


@lru_cache(maxsize=256)
def drawing(svg: str, height: int, width: int) -> np.ndarray:
    """A vector fragment (100 x 100 units over the whole image): floats in [0, 1], shape (height, width, 4)."""
    pixels = rasterise(svg, max(height, width))
    if height != width:
        pixels = np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR))
    return pixels.astype(float) / 255
