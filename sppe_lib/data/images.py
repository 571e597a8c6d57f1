"""Reading and writing single images and masks; every failure names the file and the remedy."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from sppe_lib.errors import DataError


def _name(path: Path) -> str:
    # Enough of the path to find the file in a data tree, without the machine's own folders.
    return "/".join(Path(path).parts[-4:])


def _read(path: Path, decode: bool = True) -> Image.Image:
    path = Path(path)
    if not path.is_file():
        raise DataError(f"The image {_name(path)} is missing; restore it from the original download.")
    try:
        with Image.open(path) as image:
            if decode:
                image.load()
            return image
    except UnidentifiedImageError:
        reason = "is not an image that can be read"
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = f"is truncated or damaged ({error})"
    raise DataError(f"The image {_name(path)} {reason}; replace it with an intact copy.")


def read_image(path: str | Path, size: int | None = None) -> Image.Image:
    """Read an image as RGB; `size` resizes it to a square of that many pixels (bicubic).

    Raises DataError for a missing, unreadable or truncated file.
    """
    image = _read(Path(path)).convert("RGB")
    return image if size is None else square(image, size)


def square(image: Image.Image, size: int) -> Image.Image:
    """An image stretched to a square of `size` pixels (bicubic)."""
    return image.resize((size, size), Image.Resampling.BICUBIC)


def image_size(path: str | Path) -> tuple[int, int]:
    """(width, height) in pixels from the file's header; nothing is decoded.

    Raises DataError for a missing or unreadable file.
    """
    return _read(Path(path), decode=False).size


def check_mask(private: np.ndarray, name: str, may_be_full: bool = False) -> None:
    """Raise DataError if a boolean mask is empty or, unless that is allowed, full; `name` says which mask."""
    if not private.any():
        raise DataError(f"The mask {name} is empty, so nothing would be protected; draw the private region in white.")
    if private.all() and not may_be_full:
        raise DataError(
            f"The mask {name} is full, so nothing outside it could be compared; draw only the private region in white."
        )


def read_mask(path: str | Path, size: tuple[int, int], may_be_full: bool = False) -> Image.Image:
    """Read a mask as grey, 255 where private and 0 elsewhere (any value above half counts as private).

    `size` is the (width, height) of the image it belongs to. Raises DataError for a missing, unreadable
    or truncated file, for another size, and for a mask that is empty or, unless that is allowed, full.
    """
    path = Path(path)
    image = _read(path).convert("L")
    if image.size != tuple(size):
        raise DataError(
            f"The mask {_name(path)} is {image.size[0]}x{image.size[1]} pixels but its image is "
            f"{size[0]}x{size[1]}; export the mask at the size of its image."
        )
    private = np.asarray(image) > 127
    check_mask(private, _name(path), may_be_full)
    return mask_image(private)


def mask_image(private: np.ndarray) -> Image.Image:
    """A boolean mask [H, W] as a grey image, 255 where private."""
    return Image.fromarray(private.astype(np.uint8) * 255)


def resize_mask(mask: Image.Image, size: int) -> Image.Image:
    """A mask resized to a square without new values (nearest neighbour)."""
    return mask.resize((size, size), Image.Resampling.NEAREST)


def png(image: Image.Image | np.ndarray) -> dict:
    """An image (or uint8 array) as the value of a `datasets.Image` column: lossless PNG bytes."""
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return {"bytes": buffer.getvalue(), "path": None}
