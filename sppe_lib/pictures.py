"""The one reader for every picture and mask, from a path or from bytes, and the one encoder for what may leave.

A picture is read as viewers show it: upright by its EXIF orientation, in sRGB, transparency over white (erased content
does not come back), 16 bits scaled by their range; of an animation the first frame. Its metadata stay behind. Whatever
goes wrong is one DataError that names the file.
"""

import io
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError

from sppe_lib.errors import DataError, KitError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Larger pictures are refused before they are decoded (a file of some kilobytes can ask for gigabytes).
MAX_PIXELS = 120_000_000
# What is opened (JPEG: MPO as well). Others, such as EPS, would start a program on the file.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "JPEG2000", "AVIF")
PAPER = 255  # the grey level that shows through where a picture is transparent

_ORIENTATION, _PHOTOMETRIC, _SAMPLE_FORMAT, _SUBFILE, _DNG = 0x0112, 262, 339, 254, 50706
# EXIF orientation to what makes the stored pixels upright (Image.Transpose); 5 to 8 exchange width and height.
_TURNS = {orientation: Image.Transpose(turn) for orientation, turn in zip(range(2, 9), (0, 3, 1, 5, 4, 6, 2))}


def shown_name(source: str | Path | bytes, name: str = "") -> str:
    """How messages name a picture: `name`, or as much of its path as finds it in a data tree."""
    return name or ("of these bytes" if isinstance(source, bytes) else "/".join(Path(source).parts[-4:]))


@contextmanager
def _opened(source: str | Path | bytes, name: str = "") -> Iterator[Image.Image]:
    # Everything that decoding can raise becomes one sentence: the decoders know no common class of errors.
    try:
        with warnings.catch_warnings(action="ignore"):
            if not isinstance(source, bytes) and not Path(source).is_file():
                raise FileNotFoundError
            with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS) as image:
                _check_header(image)
                yield image
    except KitError:
        raise
    except Exception as error:
        raise DataError(f"The image {shown_name(source, name)} {_reason(error)}.") from None


def _check_header(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise Image.DecompressionBombError
    tags = getattr(image, "tag_v2", {})
    # The raw files of cameras are TIFFs that begin with a thumbnail: that is not the picture.
    if _DNG in tags or tags.get(_SUBFILE, 0) & 1:
        raise UnidentifiedImageError


def opened_rgb(image: Image.Image) -> Image.Image:
    """`plain_rgb` of a PIL image that may not have been decoded yet; raises DataError as `read_picture` does."""
    try:
        _check_header(image)
        return plain_rgb(image)
    except Exception as error:
        raise DataError(f"The image {_reason(error)}.") from None


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "is missing; restore it, or correct its name"
    if isinstance(error, UnidentifiedImageError):
        return f"is not an image that can be read ({', '.join(FORMATS)}); save it as one of these"
    if isinstance(error, Image.DecompressionBombError):
        return f"has more than {MAX_PIXELS // 1_000_000} megapixels; make it smaller"
    why = (error.strerror or str(error)) if isinstance(error, OSError) else type(error).__name__
    return f"is truncated or damaged ({why}); replace it with an intact copy"


def _orientation(image: Image.Image) -> int:
    with suppress(Exception):  # EXIF that cannot be read turns nothing in a viewer either
        return image.getexif().get(_ORIENTATION, 1)
    return 1


def picture_layout(source: str | Path | bytes, name: str = "") -> tuple[tuple[int, int], int]:
    """((width, height) upright, EXIF orientation 1 to 8) from the header; nothing is decoded. Raises DataError."""
    with _opened(source, name) as image:
        turn = _orientation(image)
        # Of a TIFF, PIL gives the upright size already.
        swapped = turn in (5, 6, 7, 8) and image.format != "TIFF"
        return (image.size[::-1] if swapped else image.size), turn if turn in _TURNS else 1


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """An image as stored, made upright by an EXIF orientation (1 and unknown ones: as it is)."""
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image


def _grey_8_bit(image: Image.Image) -> Image.Image:
    # Modes I;16, I and F: 16 bits are the range of whole numbers; of floats the first of 1, 255 and 65535 that holds.
    values = np.nan_to_num(np.asarray(image, dtype=np.float64), posinf=0.0, neginf=0.0)
    tags = getattr(image, "tag_v2", {})
    if image.mode == "I" and 1 in tags.get(_SAMPLE_FORMAT, (0,)):
        values %= 2.0**32  # whole numbers without a sign, which PIL holds with one
    transparent = image.info.get("transparency")
    low, high = float(values.min()), float(values.max())
    ranges = [top for top in ((1.0, 255.0, 65535.0) if image.mode == "F" else (65535.0,)) if low >= 0 and high <= top]
    low, high = (0.0, ranges[0]) if ranges else (low, max(high, low + 1))
    levels = np.rint((values - low) * (255 / (high - low))).astype(np.uint8)
    if tags.get(_PHOTOMETRIC) == 0:  # white is zero; of 8 bits PIL turns it itself
        levels = 255 - levels
    if isinstance(transparent, int):
        levels[values == transparent] = PAPER
    return Image.fromarray(levels)


def _srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    # What the profile means is kept, the profile is not; one that cannot be used is what viewers ignore as well.
    image = image if image.mode in ("RGB", "CMYK", "L") else image.convert("RGB")
    with suppress(Exception):
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile or b""))
        if "sRGB" not in ImageCms.getProfileDescription(opened):
            image = ImageCms.profileToProfile(image, opened, ImageCms.createProfile("sRGB"), outputMode="RGB")
    return image.convert("RGB")


def plain_rgb(image: Image.Image, paper: int = PAPER) -> Image.Image:
    """Any PIL image as new 8-bit RGB pixels, upright, transparency over grey level `paper`; nothing else remains."""
    image.load()  # now a TIFF is upright, and EXIF at the end of a file is known
    profile, image = image.info.get("icc_profile"), turned(image, _orientation(image))
    if image.mode == "F" or image.mode.startswith("I"):
        image = _grey_8_bit(image)
    if image.has_transparency_data:
        grey, image = image.mode in ("L", "LA", "La"), image.convert("RGBA")
        picture = _srgb(image.convert("L") if grey else image, profile)
        picture.putalpha(image.getchannel("A"))
        image = Image.alpha_composite(Image.new("RGBA", image.size, (paper, paper, paper, 255)), picture)
        profile = None
    image = _srgb(image, profile)
    return Image.frombytes("RGB", image.size, image.tobytes())


def read_picture(source: str | Path | bytes, size: int | None = None, name: str = "") -> Image.Image:
    """Read a picture as upright 8-bit RGB without metadata; `size` stretches it to a `square`.

    `name` is how messages call it. Raises DataError for what is missing, no picture, truncated or above MAX_PIXELS.
    """
    with _opened(source, name) as image:
        image = plain_rgb(image)
    return image if size is None else square(image, size)


def square(image: Image.Image, size: int) -> Image.Image:
    """An image stretched to a square of `size` pixels, each the mean of what it covers."""
    # Filters that reach further (bilinear, bicubic) would mix private pixels into those beside the shrunken mask.
    return image.resize((size, size), Image.Resampling.BOX)


def check_mask(private: np.ndarray, name: str, may_be_full: bool = False) -> None:
    """Raise DataError if a boolean mask is empty or, unless that is allowed, full; `name` says which mask."""
    if not private.any():
        raise DataError(
            f"The mask {name} is empty, so nothing would be protected: none of it is above half of its range; draw the "
            f"private region in white (255, not 1)."
        )
    if private.all() and not may_be_full:
        raise DataError(
            f"The mask {name} is full, so nothing outside it could be compared; draw only the private region in white."
        )


def read_mask(
    source: str | Path | bytes, size: tuple[int, int], may_be_full: bool = False, orientation: int = 1, name: str = ""
) -> Image.Image:
    """Read a mask of any mode as grey, 255 where private and 0 elsewhere, by `mask_pixels`.

    `size`: upright (width, height) of its picture. A mask that fits only the picture as stored, by its EXIF
    `orientation`, is turned with it. Raises DataError for what cannot be read, another size, and as `check_mask` does.
    """
    name = shown_name(source, name)
    with _opened(source, name) as image:
        image = mask_image(mask_pixels(image))
    if image.size != tuple(size) and orientation in (5, 6, 7, 8):
        image = turned(image, orientation)
    if image.size != tuple(size):
        raise DataError(
            f"The mask {name} is {image.width}x{image.height} pixels but its image is {size[0]}x{size[1]}; export the "
            f"mask at the size of its image."
        )
    check_mask(np.asarray(image) > 0, name, may_be_full)
    return image


def mask_pixels(image: Image.Image) -> np.ndarray:
    """Where a mask of any mode is private, boolean [H, W]: opaque, and a channel (so red, too) above half its range."""
    return np.asarray(plain_rgb(image, paper=0)).max(axis=-1) > 127


def mask_image(private: np.ndarray) -> Image.Image:
    """A boolean mask [H, W] as a grey image, 255 where private."""
    return Image.fromarray(private.astype(np.uint8) * 255)


def shrink_mask(private: np.ndarray, width: int, height: int) -> np.ndarray:
    """A boolean mask [H, W] at another size: a pixel is private if any part of what it covers is."""
    for axis, length in ((0, height), (1, width)):
        edges = np.arange(length + 1) * private.shape[axis]
        starts, ends = edges[:-1] // length, -(-edges[1:] // length)
        counts = np.cumsum(np.insert(private.astype(np.int64), 0, 0, axis=axis), axis=axis)
        private = counts.take(ends, axis) > counts.take(starts, axis)
    return private


def resize_mask(mask: Image.Image, size: int) -> Image.Image:
    """A mask of any mode, grey at a square of `size` pixels: a pixel is private if any part of what it covers is."""
    if mask.mode == "L" and mask.size == (size, size):
        return mask
    return mask_image(shrink_mask(mask_pixels(mask), size, size))


def png_bytes(image: Image.Image | np.ndarray) -> bytes:
    """Pixels alone, encoded anew as PNG, fit to leave the machine; grey ones stay grey, all else is `plain_rgb`."""
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    grey = image.mode == "L" and not image.has_transparency_data and _orientation(image) not in _TURNS
    image = Image.frombytes("L", image.size, image.tobytes()) if grey else plain_rgb(image)
    buffer = io.BytesIO()
    # The grain of a large photo hardly compresses: trying hard takes five times as long for a few percent.
    image.save(buffer, format="PNG", compress_level=1 if image.width * image.height > 2**20 else 6)
    return buffer.getvalue()


def png(image: Image.Image | np.ndarray) -> dict:
    """`png_bytes` as the value of a `datasets.Image` column."""
    return {"bytes": png_bytes(image), "path": None}


GAP = 8  # pixels between the panels of `grid`, the one layout of every figure of pictures

_DOTS, _BESIDE, _ABOVE, _BELOW = 150, 250, 96, 46


def panel(image: Image.Image, side: int) -> np.ndarray:
    """A picture as [h, w, 3] uint8 about `side` pixels large; small ones grow by whole pixels."""
    if max(image.size) > side:
        return np.asarray(image.resize((side, side), Image.Resampling.LANCZOS).convert("RGB"))
    factor = side // max(image.size)
    return np.asarray(image.convert("RGB")).repeat(factor, axis=0).repeat(factor, axis=1)


def grid(
    pictures: Sequence[Sequence[Image.Image]],
    titles: Sequence[str],
    texts: Sequence[tuple[str, str]],
    headline: str = "",
    foot: str = "",
    side: int = 128,
) -> "Figure":
    """Rows of `pictures` under column titles, beside each its `texts` (what, caption); placed in pixels at 150 dpi."""
    # Imported here: readers of pictures need no drawing.
    import matplotlib
    from matplotlib.figure import Figure

    width = _BESIDE + len(titles) * (side + GAP) + GAP
    height = _ABOVE + len(pictures) * (side + GAP) + _BELOW
    canvas = np.full((height, width, 3), 255, np.uint8)
    for row, line in enumerate(pictures):
        for column, picture in enumerate(line):
            y, x, pixels = _ABOVE + row * (side + GAP), _BESIDE + column * (side + GAP), panel(picture, side)
            canvas[y - 1 : y + side + 1, x - 1 : x + side + 1] = 160  # a grey hairline around each
            canvas[y : y + pixels.shape[0], x : x + pixels.shape[1]] = pixels
    with matplotlib.rc_context({"font.family": "DejaVu Sans", "pdf.fonttype": 42}):
        figure = Figure(figsize=(width / _DOTS, height / _DOTS), dpi=_DOTS, facecolor="white")
        axis = figure.add_axes((0, 0, 1, 1))
        axis.imshow(canvas, interpolation="none", aspect="auto")
        axis.set_axis_off()

        def write(x: float, y: float, words: str, size: float, va: str, **look: object) -> None:
            figure.text(x / width, y, words, fontsize=size, va=va, **look)

        write(GAP, 1 - 10 / height, headline, 8.5, "top", weight="bold")
        foot = textwrap.fill(foot, max(60, int(width / 7.2)))
        write(GAP, 8 / height, foot, 5.5, "bottom", color="#444444")
        for column, title in enumerate(titles):
            middle, size = _BESIDE + column * (side + GAP) + side / 2, min(6.5, side / 20)
            write(middle, 1 - (_ABOVE - 6) / height, title, size, "bottom", ha="center", linespacing=1.35)
        for row, (what, caption) in enumerate(texts):
            middle = height - _ABOVE - row * (side + GAP) - side / 2
            write(GAP, (middle + 3) / height, textwrap.fill(what, 25), 7, "bottom")
            write(GAP, (middle - 5) / height, caption, 5.8, "top", color="#555555")
    return figure
