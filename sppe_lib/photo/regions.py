"""Private regions of a photo: what was found, what the user adds and takes away, and the mask they make."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, floor

import numpy as np

from sppe_lib.data.taxonomy import category as known_category
from sppe_lib.errors import ConfigError


@dataclass(frozen=True, eq=False)
class Region:
    """A private region of a photo."""

    category: str  # of the taxonomy
    box: tuple[int, int, int, int]  # (x0, y0, x1, y1) in pixels
    way: str = "fill"  # how a surrogate is made: "face", "text" or "fill"
    outline: np.ndarray | None = field(default=None, repr=False)  # its polygon [N, 2], or None for the box
    text: str = ""  # what is written there
    score: float = 1.0  # in [0, 1]; 1 where the user drew it
    mask: np.ndarray | None = field(default=None, repr=False)  # bool [H, W] where it is neither polygon nor box
    number: int = 0  # in the preview; a removal of others leaves it as it is
    # By (H, W), rows and columns of a window and the pixels in it: a polygon is asked for often, and takes long.
    _drawn: dict[tuple[int, int], tuple[slice, slice, np.ndarray | bool]] = field(
        default_factory=dict, init=False, repr=False
    )

    def pixels(self, shape: tuple[int, int]) -> np.ndarray:
        """The region as a boolean mask of `shape` (H, W)."""
        if self.mask is not None:
            return self.mask
        if shape not in self._drawn:
            self._drawn[shape] = self._filled(shape)
        rows, columns, own = self._drawn[shape]
        inside = np.zeros(shape, dtype=bool)
        inside[rows, columns] = own
        return inside

    def _filled(self, shape: tuple[int, int]) -> tuple[slice, slice, np.ndarray | bool]:
        from skimage.draw import polygon

        if self.outline is not None:
            at = polygon(self.outline[:, 1], self.outline[:, 0], shape)
            if at[0].size:
                rows, columns = (slice(places.min(), places.max() + 1) for places in at)
                own = np.zeros((rows.stop - rows.start, columns.stop - columns.start), dtype=bool)
                own[at[0] - rows.start, at[1] - columns.start] = True
                return rows, columns, own
        # An outline too thin to hold a pixel's middle must not leave the region as it was.
        x0, y0, x1, y1 = self.box
        return slice(y0, y1), slice(x0, x1), True


def drawn(text: str, shape: tuple[int, int]) -> Region:
    """A region given as "x0,y0,x1,y1" or "x0,y0,x1,y1,category", in pixels from the top left; raises ConfigError.

    A face is replaced by a face, all else by another part of the photo.
    """
    parts, (height, width) = [part.strip() for part in text.split(",")], shape
    try:  # a pixel that the box touches is private
        x0, y0, x1, y1 = (way(float(part)) for way, part in zip((floor, floor, ceil, ceil), parts[:4], strict=True))
    except (ValueError, OverflowError):
        why = f"The region {text!r} is not x0,y0,x1,y1 or x0,y0,x1,y1,category; give four pixels."
        raise ConfigError(why) from None
    name = known_category(parts[4]).name if len(parts) > 4 else "picture frame"
    box = (max(x0, 0), max(y0, 0), min(x1, width), min(y1, height))
    if box[0] >= box[2] or box[1] >= box[3]:
        raise ConfigError(f"The region {text!r} has no pixel in a photo of {width}x{height}; correct its corners.")
    return Region(name, box, "face" if name in ("human face", "faces") else "fill")


def overlap(first: Sequence[float], second: Sequence[float]) -> float:
    """Share of the smaller box (x0, y0, x1, y1, ...) that two boxes have in common, in [0, 1]."""
    a, b = np.array(first[:4], dtype=float), np.array(second[:4], dtype=float)
    common = np.prod(np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None))
    return float(common / max(min(np.prod(a[2:] - a[:2]), np.prod(b[2:] - b[:2])), 1))


def entries(given: str | Iterable[str]) -> list[str]:
    """What the user names, one or several: "12" is one entry, not a "1" and a "2". Raises ConfigError for no text."""
    named = [given] if isinstance(given, (str, int)) else list(given or ())
    if odd := [one for one in named if not isinstance(one, (str, int))]:
        raise ConfigError(f"A region or secret is {type(odd[0]).__name__}: give a text, such as 'x0,y0,x1,y1'.")
    return [str(one) for one in named]


def revised(
    found: list[Region], add: str | Iterable[str], remove: str | Iterable[str], shape: tuple[int, int]
) -> list[Region]:
    """The regions after the user's look: `remove` names numbers as the preview shows them, or boxes of what was found;
    `add` draws more, numbered on.

    One string is one entry. Raises ConfigError for a removal that meets no region.
    """
    kept = dict(enumerate([*found, *(drawn(entry, shape) for entry in entries(add))]))
    for entry in entries(remove):
        if entry.strip().isdecimal():
            met = {int(entry)} & kept.keys()
        else:
            box = drawn(entry, shape).box
            met = {at for at, one in kept.items() if at < len(found) and overlap(one.box, box) >= 0.5}
        if not met:
            raise ConfigError(f"Nothing was found at {entry!r}, so it cannot be removed; the preview has the numbers.")
        kept = {at: one for at, one in kept.items() if at not in met}
    return [replace(one, number=at) for at, one in kept.items()]


def next_number(regions: Iterable[Region]) -> int:
    """The number of a region that joins others."""
    return 1 + max((one.number for one in regions), default=-1)


def private_mask(regions: list[Region], shape: tuple[int, int]) -> np.ndarray:
    """All regions as one boolean mask [H, W]."""
    mask = np.zeros(shape, dtype=bool)
    for region in regions:
        mask |= region.pixels(shape)
    return mask
