"""Other writing of the same length, size, slant and colours, on a ground that is drawn anew from its surroundings."""

from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sppe_lib.photo.blend import grain, put, window
from sppe_lib.photo.models import cv2, package_folder
from sppe_lib.runtime import numpy_generator

# Fonts that matplotlib ships; the one whose width and weight come nearest to the source's is taken.
FONTS = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSansMono-Bold")
# A letter becomes another one of its own row, so that words can be spoken and numbers stay numbers.
ALPHABETS = ("0123456789", "aeiou", "bcdfghklmnprstvw", "AEIOU", "BCDFGHKLMNPRSTVW")
HEIGHT = 96  # height in pixels at which a line is laid flat and drawn


def other_text(text: str, random: np.random.Generator) -> str:
    """A text of the same length and kind with every letter and digit another one; spaces and points stay."""

    def other(letter: str) -> str:
        if not letter.isalnum():
            return letter if letter.isascii() else "-"
        row = next((row for row in ALPHABETS if letter in row), ALPHABETS[3 if letter.isupper() else 2])
        return str(random.choice([choice for choice in row if choice.lower() != letter.lower()]))

    return "".join(other(letter) for letter in text)


@cache
def _font(name: str) -> ImageFont.FreeTypeFont:
    folder = package_folder("matplotlib") / "mpl-data" / "fonts" / "ttf"
    return ImageFont.truetype(str(folder / f"{name}.ttf"), 2 * HEIGHT)


def glyphs(text: str, name: str) -> np.ndarray:
    """A text drawn tightly, white on black, float32 [h, w] in [0, 1]."""
    left, top, right, bottom = _font(name).getbbox(text)
    picture = Image.new("L", (max(right - left, 1), max(bottom - top, 1)))
    ImageDraw.Draw(picture).text((-left, -top), text, fill=255, font=_font(name))
    return np.asarray(picture, dtype=np.float32) / 255


def flattened(picture: np.ndarray, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A line laid flat, float32 [HEIGHT, w, 3], and the perspective [3, 3] from it to its quadrangle [4, 2]."""
    top, right, bottom, left = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    width = int(np.clip(HEIGHT * max(top, bottom) / max(right, left, 1), 8, 40 * HEIGHT))
    flat = np.array([[0, 0], [width, 0], [width, HEIGHT], [0, HEIGHT]], dtype=np.float32)
    onto = cv2.getPerspectiveTransform(flat, corners.astype(np.float32))
    way = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpPerspective(picture, onto, (width, HEIGHT), flags=way).astype(np.float32), onto


def ink(flat: np.ndarray) -> np.ndarray:
    """Where a flat line [h, w, 3] is written on, bool [h, w]: what differs from the ground that its border shows."""
    from skimage.filters import threshold_otsu

    grey = flat.mean(-1)
    if np.ptp(grey) < 8:
        return np.zeros(grey.shape, dtype=bool)
    dark = grey < threshold_otsu(grey)
    border = np.concatenate([dark[0], dark[-1], dark[:, 0], dark[:, -1]])
    # The ground holds most of the border and, between the letters, most of the middle.
    middle = dark[len(dark) // 4 : -len(dark) // 4]
    return ~dark if border.mean() + middle.mean() > 1 else dark


def extent(written: np.ndarray) -> tuple[int, int, int, int]:
    """(x0, y0, x1, y1) of the line within ink [h, w]: of its bands of rows the one with most ink, not a neighbour."""
    height, width = written.shape
    rows = np.flatnonzero(written.mean(1) > 0.03)
    if not len(rows):
        return 0, height // 8, width, height - height // 8
    bands = np.split(rows, np.flatnonzero(np.diff(rows) > height // 24) + 1)
    band = max(bands, key=lambda rows: written[rows].sum())
    columns = np.flatnonzero(written[band].any(0))
    return int(columns[0]), int(band[0]), int(columns[-1]) + 1, int(band[-1]) + 1


def tightened(picture: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """A quadrangle [4, 2] drawn closely around the line in it: readers' boxes reach into the lines above and below."""
    flat, onto = flattened(picture, corners)
    x0, y0, x1, y1 = extent(ink(flat))
    margin = 0.12 * (y1 - y0)
    x0, y0, x1, y1 = x0 - margin, y0 - margin, x1 + margin, y1 + margin
    tight = np.array([[[x0, y0], [x1, y0], [x1, y1], [x0, y1]]], dtype=np.float32)
    return cv2.perspectiveTransform(tight, onto)[0].astype(np.float64)


def draw_text(
    canvas: np.ndarray, source: np.ndarray, inside: np.ndarray, corners: np.ndarray, text: str, seed: int
) -> None:
    """Write into a mask of `canvas` (RGB uint8) other words, in place of the line in a quadrangle [4, 2] of `source`.

    Of the source its place, weight, sharpness, and the colours of ink (one) and ground (a plane a channel) are used.
    """
    random = numpy_generator("text surrogate", seed, text)
    flat, onto = flattened(source, corners)
    written = ink(flat)
    x0, y0, x1, y1 = extent(written)
    box, weight, words = (x1 - x0, y1 - y0), float(written[y0:y1, x0:x1].mean()), []
    for name in FONTS:
        letters = glyphs(other_text(text, random), name)
        shape = np.log(letters.shape[1] / letters.shape[0] * box[1] / box[0])
        words.append((abs(shape) + 2 * abs(float(letters.mean()) - weight), letters))
    line = np.zeros(written.shape, np.float32)
    line[y0:y1, x0:x1] = cv2.resize(min(words, key=lambda pair: pair[0])[1], box, interpolation=cv2.INTER_AREA)
    scale = HEIGHT / max(np.linalg.norm(corners[3] - corners[0]), 1)
    line = cv2.GaussianBlur(line, (0, 0), max(0.6, 0.6 * scale))[..., None]
    # The ground as a plane through each channel [h, w, 3], and the colour of the ink [3].
    colour = np.median(flat[~written], 0)
    far = np.abs(flat - colour).sum(-1)
    clear = ~written & (far <= np.quantile(far[~written], 0.7))
    places = np.stack([np.ones(written.shape), *np.indices(written.shape) / HEIGHT], axis=-1)
    plane, *_ = np.linalg.lstsq(places[clear], flat[clear], rcond=None)
    if written.any():
        colour = np.median(flat[written & (far >= np.median(far[written]))], 0)
    rows, columns = window(inside, 12)
    old, here = canvas[rows, columns], inside[rows, columns]
    shift = np.array([[1, 0, -columns.start], [0, 1, -rows.start], [0, 0, 1]])
    drawn, size = (1 - line) * (places @ plane) + line * colour, here.shape[::-1]
    new = cv2.warpPerspective(drawn, shift @ onto, size, None, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
    put(old, new + grain(old, here, random), here)
