"""Pictures of original data with their private regions."""

import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from skimage.segmentation import mark_boundaries

from sppe_lib.data.plots import picture_grid
from sppe_lib.data.sources.reading import PrivateMask, Reading, private_masks
from sppe_lib.pictures import read_picture, resize_mask


def region_grid(reading: Reading, number: int = 8, columns: int = 4) -> Figure | None:
    """The first masks of a reading, one per category its private region tinted red; None if there are none."""
    chosen = {}
    for record in private_masks(reading):
        chosen.setdefault(record.category, record)
        if len(chosen) == number:
            break
    tinted = [(category, _tinted(record)) for category, record in chosen.items()]
    return picture_grid(tinted, columns, cell=2.2) if tinted else None


def _tinted(record: PrivateMask) -> Image.Image:
    side = 256
    image = np.asarray(read_picture(record.image, side), dtype=float) / 255
    private = np.asarray(resize_mask(record.mask, side)) > 127
    image[private] = 0.6 * image[private] + 0.4 * np.array([1.0, 0.1, 0.1])
    return Image.fromarray((mark_boundaries(image, private, color=(1, 0, 0)) * 255).round().astype(np.uint8))
