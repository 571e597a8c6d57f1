"""What the readers of original data sets share: annotated images, their private regions, and masks of these.

A pixel (column i, row j) covers the square from (i, j) to (i + 1, j + 1), as in COCO: a polygon through
the corners of a square of 10 pixels has 100 pixels, and a box [x, y, 10, 10] has as many.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from skimage.draw import polygon as fill_polygon

from sppe_lib.data.images import check_mask, image_size, mask_image, read_mask
from sppe_lib.data.problems import Problem, problem_table, require_no_problems
from sppe_lib.errors import DataError

EDGE_TOLERANCE = 2.0
"""Regions may stick out of their image by this many pixels (they are clipped); further out is a problem."""

ASPECT_TOLERANCE = 0.01
"""An image may be another size than its annotation says if the aspect ratio agrees to this share."""


@dataclass(frozen=True)
class Region:
    """One private region of one of the 36 categories.

    `kind` says how it is given: "polygon", coordinates (x1, y1, x2, y2, ...); "box", coordinates (x, y, width,
    height); "file", a mask file that is white where private; "image", somewhere in the image, place unknown.
    Coordinates are pixels of the image file as it is.
    """

    category: str
    kind: str
    coordinates: tuple[float, ...] = ()
    file: Path | None = None


@dataclass(frozen=True)
class AnnotatedImage:
    """An image of a data set with its private regions; `split` is train, val, test or "" where there is none."""

    dataset: str
    split: str
    image: Path
    regions: list[Region]


@dataclass
class Reading:
    """What a reader found: images in a fixed order, and everything that was left out.

    `annotations` counts annotation records, `unmapped` the regions of each original category name that is
    none of the 36 categories.
    """

    dataset: str
    images: list[AnnotatedImage] = field(default_factory=list)
    annotations: int = 0
    unmapped: Counter = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)

    def report(self) -> pd.DataFrame:
        """All problems: columns problem, file, remedy."""
        return problem_table(self.problems)

    def require_none(self) -> None:
        """Raise DataError with counts and examples if there are problems."""
        require_no_problems(self.problems, self.dataset)

    def add_problem(self, problem: str, file: object, remedy: str) -> None:
        """Note something that was left out."""
        self.problems.append(Problem(problem, str(file), remedy))

    def add_unknown(self, unknown: Counter) -> None:
        """Note category names that the mapping table does not have."""
        for name, number in sorted(unknown.items()):
            self.add_problem(
                "unknown category name", f"{name} ({number} times)", "add it to the mapping table, or None for it"
            )


@dataclass(frozen=True)
class PrivateMask:
    """What a surrogate is made from: an image, a category and the union of its regions (grey, 255 = private)."""

    dataset: str
    split: str
    image: Path
    category: str
    mask: Image.Image


def scale_between(annotated: tuple[int, int], actual: tuple[int, int]) -> tuple[float, float] | None:
    """Factors for x and y from the annotated (width, height) to the actual one; None if the aspect differs."""
    if min(*annotated, *actual) < 1:
        return None
    across, down = actual[0] / annotated[0], actual[1] / annotated[1]
    return (across, down) if abs(across / down - 1) <= ASPECT_TOLERANCE else None


def region_problem(region: Region, size: tuple[int, int]) -> str | None:
    """What is wrong with a polygon or box in an image of (width, height), None if nothing."""
    values, (width, height) = region.coordinates, size
    if not all(isinstance(value, (int, float)) and math.isfinite(value) for value in values):
        return f"{region.kind} that is not a list of numbers"
    if region.kind == "polygon":
        if len(values) % 2:
            return "polygon with an odd number of coordinates"
        if len(set(zip(values[::2], values[1::2]))) < 3:
            return "polygon with fewer than 3 points"
        across, down = values[::2], values[1::2]
    else:
        if len(values) != 4:
            return "box without its 4 numbers"
        x, y, box_width, box_height = values
        if box_width <= 0 or box_height <= 0:
            return "box of zero area"
        across, down = (x, x + box_width), (y, y + box_height)
    low, high = -EDGE_TOLERANCE, EDGE_TOLERANCE
    if min(*across, *down) < low or max(across) > width + high or max(down) > height + high:
        return f"{region.kind} outside the image"
    return None


def placed_regions(
    reading: Reading, image: Path, annotated: tuple[int, int], kind: str, shapes: list[tuple[str, str, list]]
) -> list[Region] | None:
    """Regions in pixels of the image file from shapes (original name, category, coordinates).

    `annotated` is the (width, height) that the coordinates refer to. A faulty shape becomes a problem of the
    reading and is left out; an image that cannot be read, or of another aspect, becomes one and gives None.
    """
    try:
        actual = image_size(image)
    except DataError as error:
        reading.add_problem("image that cannot be read", f"{image.name} ({error})", "unpack it again")
        return None
    scale = scale_between(annotated, actual)
    if scale is None:
        sizes = f"{image.name} ({actual[0]}x{actual[1]}, annotated {annotated[0]}x{annotated[1]})"
        reading.add_problem("image of another shape than annotated", sizes, "replace it with the original image")
        return None
    regions = []
    for name, category, coordinates in shapes:
        region = Region(category, kind, tuple(coordinates))
        # Checked as annotated: scaling cannot repair a shape, and would fail on what is no number.
        if problem := region_problem(region, annotated):
            reading.add_problem(problem, f"{image.name} ({name})", f"correct or remove the {kind}")
            continue
        scaled = tuple(value * scale[index % 2] for index, value in enumerate(coordinates))
        regions.append(replace(region, coordinates=scaled))
    return regions


def region_mask(region: Region, size: tuple[int, int]) -> np.ndarray:
    """The region as a boolean mask [H, W]; `size` is the (width, height) of the image.

    A polygon has the pixels whose centres it contains, a box every pixel that it touches. Raises DataError
    for a faulty region, and for one whose place is not known.
    """
    width, height = size
    if region.kind == "file":
        return np.asarray(read_mask(region.file, size)) > 127
    if region.kind == "image":
        raise DataError(
            f"A label of the whole image has no region ({region.category}); pair it with regions or masks first."
        )
    if problem := region_problem(region, size):
        size_text = f"{width}x{height} pixels"
        raise DataError(f"A region of {region.category} is a {problem} ({size_text}); correct or remove it.")
    private = np.zeros((height, width), dtype=bool)
    if region.kind == "polygon":
        across, down = (np.asarray(region.coordinates[start::2]) - 0.5 for start in (0, 1))
        rows, columns = fill_polygon(down, across, private.shape)
        private[rows, columns] = True
    else:
        x, y, box_width, box_height = region.coordinates
        left, top = max(math.floor(x), 0), max(math.floor(y), 0)
        private[top : math.ceil(y + box_height), left : math.ceil(x + box_width)] = True
    return private


def private_masks(reading: Reading) -> Iterator[PrivateMask]:
    """One mask for each image and category, at the image's own size, in order.

    Labels without a place give none. A mask that is empty or full is left out and joins `reading.problems`.
    """
    for annotated in reading.images:
        placed = [region for region in annotated.regions if region.kind != "image"]
        for category in dict.fromkeys(region.category for region in placed):
            name = f"of {category} in {annotated.image.name}"
            try:
                size = image_size(annotated.image)
                private = np.logical_or.reduce(
                    [region_mask(region, size) for region in placed if region.category == category]
                )
                check_mask(private, name)
            except DataError as error:
                what, _, remedy = str(error).rstrip(".").rpartition("; ")
                reading.add_problem(what, f"{annotated.image.name} ({category})", remedy)
                continue
            yield PrivateMask(annotated.dataset, annotated.split, annotated.image, category, mask_image(private))
