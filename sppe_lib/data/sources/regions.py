"""Private regions of a picture and their masks.

A pixel (column i, row j) covers the square from (i, j) to (i + 1, j + 1), as in COCO: a polygon through the corners of
a square of 10 pixels has 100 pixels, and a box [x, y, 10, 10] has as many. Masks err on the private side: a pixel that
a region touches is private, and so is what a contour encloses, however often and in whichever sense it is walked.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import label

from sppe_lib.errors import DataError
from sppe_lib.pictures import read_mask

EDGE_TOLERANCE = 2.0
"""Regions may stick out of their image by this many pixels (they are clipped); further out is a problem."""

Points = np.ndarray
"""Corners in order, float64 [N, 2] of (x, y)."""


@dataclass(frozen=True)
class Region:
    """One private region of one of the 36 categories.

    `kind` says how it is given: "polygon", coordinates (x1, y1, x2, y2, ...); "box", coordinates (x, y, width,
    height); "file", a mask file that is white where private; "image", somewhere in the image, place unknown.
    Coordinates are pixels of the upright image.
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
    values, (width, height) = region.coordinates, size
    if not all(map(_finite, values)):
        return f"{region.kind} that is not a list of numbers"
    if region.kind == "polygon":
        if len(values) % 2:
            return "polygon with an odd number of coordinates"
        if len(set(zip(values[::2], values[1::2], strict=True))) < 3:
            return "polygon with fewer than 3 points"
        across, down = values[::2], values[1::2]
    else:
        if len(values) != 4:
            return "box without its 4 numbers"
        x, y, box_width, box_height = values
        if box_width <= 0 or box_height <= 0:
            return "box of zero area"
        across, down = (x, x + box_width), (y, y + box_height)
    if min(*across, *down) < -EDGE_TOLERANCE or max(across) > width + EDGE_TOLERANCE:
        return f"{region.kind} outside the image"
    return f"{region.kind} outside the image" if max(down) > height + EDGE_TOLERANCE else None


def region_mask(region: Region, size: tuple[int, int], orientation: int = 1) -> np.ndarray:
    """The region as a boolean mask [H, W] of every pixel that it touches.

    `size` is the upright (width, height) of the image, `orientation` its EXIF orientation, by which a mask file that
    fits only the stored image is turned. Raises DataError for a faulty region, for one that lies outside altogether,
    and for one whose place is not known.
    """
    width, height = size
    if region.kind == "file":
        return np.asarray(read_mask(region.file, size, orientation=orientation)) > 127
    if region.kind == "image":
        raise DataError(
            f"A label of the whole image has no region ({region.category}); pair it with regions or masks first."
        )
    if problem := region_problem(region, size):
        raise DataError(
            f"A region of {region.category} is a {problem} ({width}x{height} pixels); correct or remove it."
        )
    private = np.zeros((height, width), dtype=bool)
    if region.kind == "polygon":
        points = np.asarray(region.coordinates, dtype=np.float64).reshape(-1, 2)
        left, top = np.floor(points.min(axis=0)).astype(int)
        right, bottom = np.floor(points.max(axis=0)).astype(int) + 1
        window = polygon_mask(points - (left, top), right - left, bottom - top)
        inside = window[max(-top, 0) : height - top, max(-left, 0) : width - left]
        row, column = max(top, 0), max(left, 0)
        private[row : row + inside.shape[0], column : column + inside.shape[1]] = inside
    else:
        x, y, box_width, box_height = region.coordinates
        left, top = max(math.floor(x), 0), max(math.floor(y), 0)
        private[top : math.ceil(y + box_height), left : math.ceil(x + box_width)] = True
    if not private.any():
        raise DataError(f"A {region.kind} of {region.category} covers no pixel of the image; correct or remove it.")
    return private


def polygon_mask(points: Points, width: int, height: int) -> np.ndarray:
    """The pixels that a closed contour touches or encloses, boolean [height, width]; at least one pixel wide.

    Each loop of the contour is filled by itself, so that one walked twice, or back, leaves no hole.
    """
    private = np.zeros((height, width), dtype=bool)
    for loop in _loops(points):
        private |= _winding(loop, width, height) != 0
    edges = list(zip(points, np.roll(points, -1, axis=0), strict=True))
    _draw(private, [edge for edge in edges if not _on_grid_line(*edge)])
    if not private.any():
        _draw(private, edges)
    # What is not connected to the outside is enclosed.
    outside, _ = label(np.pad(~private, 1, constant_values=True))
    return (outside != outside[0, 0])[1:-1, 1:-1]


def _loops(points: Points) -> list[Points]:
    # A contour that comes back to one of its points has closed a loop there.
    loops, walked, places = [], [], {}
    for point in [*map(tuple, points), tuple(points[0])]:
        if point in places:
            start = places[point]
            loops.append(np.asarray(walked[start:]))
            for passed in walked[start + 1 :]:
                del places[passed]
            del walked[start + 1 :]
        else:
            places[point] = len(walked)
            walked.append(point)
    return loops


def _winding(points: Points, width: int, height: int) -> np.ndarray:
    # How often the loop goes round each pixel's centre: what crosses the row to the left of it, with its sense.
    crossings = np.zeros((height, width + 1), dtype=np.int32)
    for (x1, y1), (x2, y2) in zip(points, np.roll(points, -1, axis=0), strict=True):
        rows = np.arange(max(math.ceil(min(y1, y2) - 0.5), 0), min(math.ceil(max(y1, y2) - 0.5), height))
        if len(rows):
            across = x1 + (rows + 0.5 - y1) * (x2 - x1) / (y2 - y1)
            np.add.at(crossings, (rows, np.clip(np.ceil(across - 0.5), 0, width).astype(int)), 1 if y2 > y1 else -1)
    return crossings.cumsum(axis=1)[:, :width]


def _on_grid_line(start: np.ndarray, end: np.ndarray) -> bool:
    # Such an edge lies between two pixels and touches neither: the filling alone says which is inside.
    return bool(np.any((start == end) & (start == np.floor(start))))


def _draw(private: np.ndarray, edges: list[tuple[np.ndarray, np.ndarray]]) -> None:
    # Between two neighbouring crossings of grid lines an edge is inside one pixel.
    for start, end in edges:
        cuts = [np.zeros(1), np.ones(1)]
        for first, last in zip(start, end, strict=True):
            if first != last:
                lines = np.arange(math.ceil(min(first, last)), math.floor(max(first, last)) + 1)
                cuts.append(np.clip((lines - first) / (last - first), 0, 1))
        at = np.unique(np.concatenate(cuts))
        middles = start + ((at[:-1] + at[1:]) / 2)[:, None] * (end - start)
        columns, rows = np.clip(np.floor(middles).astype(int), 0, np.array(private.shape[::-1]) - 1).T
        private[rows, columns] = True
