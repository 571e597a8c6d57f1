"""Private regions of a picture and their masks.

A pixel (column i, row j) covers the square from (i, j) to (i + 1, j + 1), as in COCO. Masks err on the private side: a
pixel that a region touches is private, and so is what a contour encloses, however often and in whichever sense.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import label

from sppe_lib.errors import DataError
from sppe_lib.pictures import read_mask

EDGE_TOLERANCE = 2.0  # pixels by which regions may stick out of their image (they are clipped)


@dataclass(frozen=True)
class Region:
    """One private region of one of the 36 categories; coordinates are pixels of the upright image.

    `kind`: "polygon", coordinates (x1, y1, x2, y2, ...); "box", coordinates (x, y, width, height); "file", a mask file
    that is white where private; "image", somewhere in the image, place unknown.
    """

    category: str
    kind: str
    coordinates: tuple[float, ...] = ()
    file: Path | None = None


def _finite(value: object) -> bool:
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number of hundreds of digits
        return False


def region_problem(region: Region, size: tuple[int, int]) -> str | None:
    """What is wrong with a polygon or box in an image of (width, height), None if nothing."""
    values, kind = region.coordinates, region.kind
    if not all(map(_finite, values)):
        return f"{kind} that is not a list of numbers"
    if kind == "polygon" and len(values) % 2:
        return "polygon with an odd number of coordinates"
    if kind == "polygon" and len(set(zip(values[::2], values[1::2], strict=True))) < 3:
        return "polygon with fewer than 3 points"
    if kind == "box" and len(values) != 4:
        return "box without its 4 numbers"
    if kind == "box" and min(values[2:]) <= 0:
        return "box of zero area"
    (left, top), (right, bottom) = _corners(region)
    outside = min(left, top, size[0] - right, size[1] - bottom) < -EDGE_TOLERANCE
    return f"{kind} outside the image" if outside else None


def _corners(region: Region) -> np.ndarray:
    points = np.asarray(region.coordinates, dtype=np.float64).reshape(-1, 2)
    return np.array(
        [points[0], points.sum(axis=0)] if region.kind == "box" else [points.min(axis=0), points.max(axis=0)]
    )


def region_mask(region: Region, size: tuple[int, int], orientation: int = 1) -> np.ndarray:
    """The region as a boolean mask [H, W] of every pixel that it touches; DataError for one that has none.

    `size` is the upright (width, height) of the image, `orientation` its EXIF orientation, by which a mask file that
    fits only the stored image is turned.
    """
    width, height = size
    if region.kind == "file":
        return np.asarray(read_mask(region.file, size, orientation=orientation)) > 127
    name = f"of {region.category}"
    if region.kind == "image":
        raise DataError(f"A label of the whole image has no region ({name}); pair it with regions or masks first.")
    if problem := region_problem(region, size):
        raise DataError(f"A region {name} is a {problem} ({width}x{height} pixels); correct or remove it.")
    corners = _corners(region)
    (left, top), (right, bottom) = np.floor(corners[0]).astype(int), np.ceil(corners[1]).astype(int)
    if region.kind == "polygon":
        points = np.asarray(region.coordinates, dtype=np.float64).reshape(-1, 2) - (left, top)
        window = polygon_mask(points, max(right - left, 1), max(bottom - top, 1))
    else:
        window = np.ones((bottom - top, right - left), dtype=bool)
    edge = math.ceil(EDGE_TOLERANCE) + 1  # drawn with a margin, since a region may stick out as far
    private = np.zeros((height + 2 * edge, width + 2 * edge), dtype=bool)
    private[top + edge :, left + edge :][: window.shape[0], : window.shape[1]] = window
    private = private[edge:-edge, edge:-edge]
    if not private.any():
        raise DataError(f"A {region.kind} {name} covers no pixel of the image; correct or remove it.")
    return private


def polygon_mask(points: np.ndarray, width: int, height: int) -> np.ndarray:
    """The pixels that a closed contour of corners [N, 2] touches or encloses, boolean [height, width]; never none.

    Drawn on a lattice of twice the resolution, whose odd places are the insides of pixels and whose even ones the lines
    between them: an edge on such a line touches neither of its pixels, and still encloses.
    """
    on_line = points == np.floor(points)
    corners = 2 * np.floor(points).astype(int) + ~on_line
    walk = []
    for start, end, corner in zip(points, np.roll(points, -1, axis=0), corners, strict=True):
        # Between two neighbouring crossings of grid lines an edge is inside one pixel, or on one line.
        cuts = [np.zeros(1), np.ones(1)]
        for first, last in zip(start, end, strict=True):
            if first != last:
                lines = np.arange(math.ceil(min(first, last)), math.floor(max(first, last)) + 1)
                cuts.append(np.clip((lines - first) / (last - first), 0, 1))
        at = np.unique(np.concatenate(cuts))
        middles = start + ((at[:-1] + at[1:]) / 2)[:, None] * (end - start)
        along = (start == end) & (start == np.floor(start))
        walk += [corner[None], 2 * np.floor(middles).astype(int) + ~along]
    walked = np.concatenate(walk)
    walked = np.concatenate([walked, (walked + np.roll(walked, -1, axis=0)) // 2])  # what lies between two steps
    columns, rows = np.clip(walked, 0, (2 * width, 2 * height)).T
    lattice = np.zeros((2 * height + 1, 2 * width + 1), dtype=bool)
    lattice[rows, columns] = True
    private = _filled(_filled(lattice)[1::2, 1::2])
    if not private.any():  # nothing but lines between pixels: those below and to the right
        private[np.minimum(rows // 2, height - 1), np.minimum(columns // 2, width - 1)] = True
    return private


def _filled(drawn: np.ndarray) -> np.ndarray:
    outside, _ = label(np.pad(~drawn, 1, constant_values=True))
    return (outside != outside[0, 0])[1:-1, 1:-1]
