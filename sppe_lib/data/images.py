"""Names of `sppe_lib.pictures` as they were called here."""

from sppe_lib.pictures import check_mask, mask_image, picture_layout, png, read_mask, resize_mask, square  # noqa: F401
from sppe_lib.pictures import read_picture as read_image  # noqa: F401


def image_size(path) -> tuple[int, int]:
    """(width, height) of an upright picture from its header."""
    return picture_layout(path)[0]
