"""From annotations in any layout to images with private regions and their masks; what does not fit is listed.

Annotations are taken to be drawn as viewers show the image, upright by its EXIF orientation. Only where their stated
size fits the image as it is stored, and not upright, do their coordinates refer to that, and are turned with it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from sppe_lib.data.problems import Found, Problem, files_below, shown
from sppe_lib.data.released_layout import PICTURES
from sppe_lib.data.sources.regions import Region, region_mask, region_problem
from sppe_lib.errors import DataError
from sppe_lib.pictures import check_mask, mask_image, picture_layout

if TYPE_CHECKING:
    from sppe_lib.data.sources import Source

ASPECT_TOLERANCE = 0.01  # an image may be another size than its annotation says if the aspect ratios agree to this
FAULTY = "faulty"  # the kind of a region that could not be placed; no reading holds one


@dataclass(frozen=True)
class AnnotatedImage:
    """An image of a data set with its private regions; `split` is train, val, test or "" where there is none."""

    split: str
    image: Path
    regions: list[Region]


@dataclass(frozen=True)
class Annotation:
    """What a layout says of one image.

    `shapes` are (original name, coordinates), or None where the annotation cannot be used (and was listed); a shape
    without coordinates has no known place.
    """

    image: str  # the stem of its name
    split: str = ""
    path: str = ""  # where it should be, as far as that is said
    records: int = 1  # of annotation
    size: tuple[int, int] | None = None  # (width, height) that coordinates refer to
    shapes: list[tuple[str, list | None]] | None = None


@dataclass
class Reading(Found):
    """What a reader found in a data set: images in a fixed order, and everything that was left out."""

    images: list[AnnotatedImage] = field(default_factory=list)
    annotations: int = 0
    unmapped: Counter = field(default_factory=Counter)  # regions of each original name that is no category


@dataclass(frozen=True)
class PrivateMask:
    """What a surrogate is made from: an image, a category and the union of its regions (grey, 255 = private)."""

    split: str
    image: Path
    category: str
    mask: Image.Image


def below(path: Path, folder: Path) -> str:
    """A path as messages name it: from the data folder on."""
    return shown(f"{folder.name}/{path.relative_to(folder)}")


def split_of(path: Path) -> str:
    """The split that a path names, as a folder or file such as train2017; "" if it names none."""
    for part in (*path.parts[:-1], path.stem):
        if match := re.fullmatch(r"(train|val|test)(2017)?( \(\d+\))?", part.lower()):
            return match[1]
    return ""


def images_below(folder: Path) -> dict[str, list[Path]]:
    """Image files at any depth by stem, relative to `folder`, each once; DataError if the folder does not exist."""
    if not folder.is_dir():
        raise DataError(f"The data folder {folder.name!r} does not exist; unpack the data set there.")
    found, files = defaultdict(list), set()
    for path in files_below(folder):
        if path.suffix.lower() in PICTURES and (real := path.resolve()) not in files:
            files.add(real)
            found[path.stem].append(path.relative_to(folder))
    return found


def _fitting(candidates: list[Path], annotation: Annotation) -> list[Path]:
    # Of several images of one name those that agree best with the annotation's split and path.
    def agreement(path: Path) -> tuple[bool, int]:
        same = [first == second for first, second in zip(path.parts[::-1], Path(annotation.path).parts[::-1])]
        return split_of(path) == annotation.split, (same + [False]).index(False)

    best = max(map(agreement, candidates), default=None)
    return [path for path in candidates if agreement(path) == best]


def read_annotations(reading: Reading, folder: Path, annotations: Iterable[Annotation], source: "Source") -> None:
    """Fill a reading from the annotations of the images below `folder`, by the names and the kind of their source.

    What does not fit is left out and listed; of an image every category of which a region is faulty, since it would be
    protected in part only. Regions of an image that is annotated twice are joined within one split.
    """
    images, unknown, used = images_below(folder), Counter(), set()
    placed: dict[tuple[Path, str], list[Region]] = defaultdict(list)
    for annotation in annotations:
        reading.annotations += annotation.records
        candidates = _fitting(images.get(annotation.image, []), annotation)
        if not candidates:
            reading.add_problem("annotation without image", annotation.image, "unpack the images as well")
            continue
        if len(candidates) > 1:
            reading.add_problem("image twice", ", ".join(map(str, candidates)), "keep one image of each name")
            used.update(candidates)
            continue
        (path,) = candidates
        if annotation.shapes is None or not annotation.records:
            used.update({path} if annotation.records else ())
            continue
        if path in used:
            reading.add_problem("image annotated twice", path, "keep one annotation of each image")
        used.add(path)
        placed[path, annotation.split] += _regions(reading, unknown, folder / path, annotation, source)
    for (path, split), regions in placed.items():
        faulty = {region.category for region in regions if region.kind == FAULTY}
        if "" not in faulty:
            sound = [region for region in dict.fromkeys(regions) if region.category not in faulty]
            reading.images.append(AnnotatedImage(split, folder / path, sound))
    for name, number in sorted(unknown.items()):
        remedy = "add it to the mapping table, or to its names without a category"
        reading.add_problem("unknown category name", f"{name} ({number} times)", remedy)
    for stem, paths in images.items():
        for path in (path for path in paths if path not in used):
            if any(other in used for other in paths):
                reading.add_problem("image twice", path, "keep one image of each name")
            else:
                reading.add_problem("image without annotation", stem, "unpack its annotation as well, or remove it")


def _regions(reading: Reading, unknown: Counter, image: Path, annotation: Annotation, source: "Source") -> list[Region]:
    # Those of kind FAULTY say which category cannot be protected as a whole, "" for the whole image.
    shapes, kind, categories = [], source.kind, source.categories
    for name, coordinates in annotation.shapes:
        category = categories.get(name, categories.get(name.strip().lower()))
        if category:
            shapes.append((name, Region(category, kind, tuple(coordinates or ()))))
        elif source.closed and name not in categories:
            unknown[name] += 1
        else:
            reading.unmapped[name] += 1
    if kind == "image":
        return [region for _, region in shapes]
    try:
        upright, orientation = picture_layout(image)
    except DataError as error:
        reading.add_problem("image that cannot be read", f"{image.name} ({error})", "unpack it again")
        return [Region("", FAULTY)]
    stored = upright[::-1] if orientation in (5, 6, 7, 8) else upright
    scale, turn = scale_between(annotation.size, upright), 1
    if scale is None:
        scale, turn = scale_between(annotation.size, stored), orientation
    if scale is None:
        sizes = "{} ({}x{}, annotated {}x{})".format(image.name, *upright, *annotation.size)
        reading.add_problem("image of another shape than annotated", sizes, "replace it with the original image")
        return [Region("", FAULTY)]
    regions = []
    for name, region in shapes:
        # Checked as annotated: scaling cannot repair a shape, and would fail on what is no number.
        if problem := region_problem(region, annotation.size) if region.coordinates else f"region without its {kind}":
            regions.append(Region(region.category, FAULTY))
            reading.add_problem(problem, f"{image.name} ({name})", f"correct or remove the {kind}")
        else:
            regions.append(_placed(region, scale, stored, turn))
    return regions


def scale_between(annotated: tuple[int, int], actual: tuple[int, int]) -> tuple[float, float] | None:
    """Factors for x and y from the annotated (width, height) to the actual one; None if the aspect differs."""
    if min(*annotated, *actual) < 1 or max(annotated) > 2**31:
        return None
    across, down = actual[0] / annotated[0], actual[1] / annotated[1]
    return (across, down) if abs(across / down - 1) <= ASPECT_TOLERANCE else None


def _placed(region: Region, scale: tuple[float, float], stored: tuple[int, int], orientation: int) -> Region:
    # Scaled by (x, y) to the stored (width, height), and made upright by an EXIF orientation of 5 to 8.
    points = np.reshape(region.coordinates, (-1, 2)) * scale
    if orientation != 1:
        if region.kind == "box":
            points = np.array([points[0], points[0] + points[1]])
        for axis, turns in ((1, (6, 7)), (0, (7, 8))):
            if orientation in turns:
                points[:, axis] = stored[axis] - points[:, axis]
        points = points[:, ::-1]
        if region.kind == "box":
            points = np.array([points.min(axis=0), np.ptp(points, axis=0)])
    return replace(region, coordinates=tuple(points.ravel().tolist()))


def private_masks(reading: Reading) -> Iterator[PrivateMask]:
    """One mask for each image and category with a place, at the image's own upright size, in order.

    A category of which a region cannot be drawn, and a mask that is empty or full, joins `reading.problems` instead.
    """
    for annotated in reading.images:
        placed = [region for region in annotated.regions if region.kind != "image"]
        for category in dict.fromkeys(region.category for region in placed):
            try:
                size, orientation = picture_layout(annotated.image)
                private = np.zeros(size[::-1], dtype=bool)
                for region in placed:
                    if region.category == category:
                        private |= region_mask(region, size, orientation)
                check_mask(private, f"of {category} in {annotated.image.name}")
            except DataError as error:
                reading.problems.append(Problem.of(error, f"{annotated.image.name} ({category})"))
                continue
            yield PrivateMask(annotated.split, annotated.image, category, mask_image(private))
