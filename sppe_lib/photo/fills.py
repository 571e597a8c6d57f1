"""Where a region is neither face nor writing: another part of the same photo, laid over it where it fits best."""

import numpy as np

from sppe_lib.photo.blend import membrane, put, window
from sppe_lib.photo.models import cv2
from sppe_lib.runtime import numpy_generator

SIDE = 192  # longer side in pixels at which the places to copy from are compared


def draw_fill(canvas: np.ndarray, private: np.ndarray, inside: np.ndarray, seed: int) -> None:
    """Fill a mask of `canvas` (RGB uint8) from elsewhere in it, where the rim agrees best and nothing is private.

    `private`: every private pixel of the photo, none of which is copied. `seed` takes one of the best places. A region
    too large to be copied from anywhere is filled half by half; in the end the canvas, already emptied, stays as it is.
    """
    rows, columns = window(inside, 12)
    here, old = inside[rows, columns], canvas[rows, columns]
    places = _places(canvas, private, here, (rows.start, columns.start))
    height, width = here.shape
    if len(places):
        down, right = places[numpy_generator("fill surrogate", seed).integers(min(len(places), 8))]
        copied = canvas[down : down + height, right : right + width].astype(np.float32)
        put(old, copied + membrane(old - copied, here, 0.15 * max(here.shape), private[rows, columns]), here)
    elif max(here.shape) >= 48:
        first = np.zeros_like(inside)
        if height >= width:
            first[: (rows.start + rows.stop) // 2] = True
        else:
            first[:, : (columns.start + columns.stop) // 2] = True
        draw_fill(canvas, private, inside & first, seed)
        # What is new is no longer private: the second half is joined to it.
        draw_fill(canvas, private & ~(inside & first), inside & ~first, seed + 1)


def _places(canvas: np.ndarray, private: np.ndarray, here: np.ndarray, corner: tuple[int, int]) -> np.ndarray:
    """(row, column) of the windows like `here` whose surroundings look like its own, best first, [N, 2]."""
    scale = min(1.0, SIDE / max(canvas.shape))
    size = [max(1, round(length * scale)) for length in canvas.shape[1::-1]]
    part = [max(3, round(length * scale)) for length in here.shape[1::-1]]
    if part[0] >= size[0] or part[1] >= size[1]:
        return np.empty((0, 2), dtype=int)
    small, hidden, shape = (
        cv2.resize(values.astype(np.float32), to, interpolation=cv2.INTER_AREA)
        for values, to in ((canvas, size), (private, size), (here, part))
    )
    top, left = (round(start * scale) for start in corner)
    own = small[top : top + part[1], left : left + part[0]]
    shape = (shape > 0)[: len(own), : own.shape[1]]
    rim = ~shape & (hidden[top : top + len(own), left : left + own.shape[1]] == 0)
    cost = cv2.matchTemplate(small, own, cv2.TM_SQDIFF, mask=np.repeat(rim[..., None].astype(np.float32), 3, axis=2))
    # Nothing private is copied: no hidden pixel may lie under the shape.
    touched = cv2.matchTemplate((hidden > 0).astype(np.float32), shape.astype(np.float32), cv2.TM_CCORR)
    free = np.argwhere(touched < 0.5)
    order = free[np.argsort(cost[free[:, 0], free[:, 1]], kind="stable")]
    # A place is rounded down to a whole pixel of the small picture: check it again at full size.
    places = np.minimum((order / scale).astype(int), np.array(canvas.shape[:2]) - here.shape)[:200]
    return np.array([p for p in places if not (private[p[0] :, p[1] :][: len(here), : here.shape[1]] & here).any()])
