"""Where a region is neither face nor writing: another part of the same photo, laid over it where it fits best."""

import numpy as np

from sppe_lib.photo.blend import membrane, placed, window
from sppe_lib.photo.models import extra
from sppe_lib.runtime import numpy_generator

SIDE = 192
"""Longer side in pixels at which the places to copy from are compared."""


def draw_fill(canvas: np.ndarray, private: np.ndarray, inside: np.ndarray, seed: int) -> np.ndarray:
    """`canvas` (RGB uint8) with a mask filled from elsewhere in it, where the rim agrees best and nothing is private.

    `private`: every private pixel of the photo, none of which is copied. `seed` takes one of the best places. A region
    too large to be copied from anywhere is filled half by half; in the end the canvas, already emptied, stays as it is.
    """
    rows, columns = window(inside, 12)
    here = inside[rows, columns]
    places = _places(canvas, private, here, (rows.start, columns.start))
    if not len(places):
        if max(here.shape) < 48:
            return canvas.copy()
        halves = [inside.copy(), inside.copy()]
        if here.shape[0] >= here.shape[1]:
            middle = (rows.start + rows.stop) // 2
            halves[0][middle:], halves[1][:middle] = False, False
        else:
            middle = (columns.start + columns.stop) // 2
            halves[0][:, middle:], halves[1][:, :middle] = False, False
        canvas = draw_fill(canvas, private, halves[0], seed)
        # What is new is no longer private: the second half is joined to it.
        return draw_fill(canvas, private & ~halves[0], halves[1], seed + 1)
    random = numpy_generator("fill surrogate", seed)
    down, right = places[random.integers(min(len(places), 8))]
    height, width = here.shape
    copied = canvas[down : down + height, right : right + width].astype(np.float32)
    old = canvas[rows, columns]
    joined = copied + membrane(old - copied, here, 0.15 * max(here.shape), private[rows, columns])
    result = canvas.copy()
    result[rows, columns] = placed(old, joined, here)
    return result


def _places(canvas: np.ndarray, private: np.ndarray, here: np.ndarray, corner: tuple[int, int]) -> np.ndarray:
    """(row, column) of the windows like `here` whose surroundings look like its own, best first, [N, 2]."""
    cv2 = extra("cv2")
    scale = min(1.0, SIDE / max(canvas.shape))
    size = [max(1, round(length * scale)) for length in canvas.shape[1::-1]]
    small = cv2.resize(canvas, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    hidden = cv2.resize(private.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    part = [max(3, round(length * scale)) for length in here.shape[::-1]]
    shape = cv2.resize(here.astype(np.float32), part, interpolation=cv2.INTER_AREA) > 0
    if part[0] >= size[0] or part[1] >= size[1]:
        return np.empty((0, 2), dtype=int)
    top, left = round(corner[0] * scale), round(corner[1] * scale)
    own = small[top : top + part[1], left : left + part[0]]
    shape = shape[: len(own), : own.shape[1]]
    rim = (~shape & ~hidden[top : top + len(own), left : left + own.shape[1]]).astype(np.float32)
    cost = cv2.matchTemplate(small, own, cv2.TM_SQDIFF, mask=np.repeat(rim[..., None], 3, axis=2))
    # Nothing private is copied: no hidden pixel may lie under the shape.
    touched = cv2.matchTemplate(hidden.astype(np.float32), shape.astype(np.float32), cv2.TM_CCORR)
    free = np.argwhere(touched < 0.5)
    order = free[np.argsort(cost[free[:, 0], free[:, 1]], kind="stable")]
    limit = np.array(canvas.shape[:2]) - here.shape
    # A place is rounded down to a whole pixel of the small picture: check it again at full size.
    places = np.minimum((order / scale).astype(int), limit)[:200]
    return np.array(
        [p for p in places if not (private[p[0] : p[0] + len(here), p[1] : p[1] + here.shape[1]] & here).any()]
    )
