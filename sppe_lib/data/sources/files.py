"""Finding the images of a data set below a folder, however its archives were unpacked."""

import re
from pathlib import Path

from sppe_lib.data.released_layout import PICTURES
from sppe_lib.data.sources.annotated import Reading
from sppe_lib.errors import DataError


def shown(path: Path, folder: Path) -> str:
    """A path as messages name it: from the data folder on."""
    return f"{folder.name}/{path.relative_to(folder)}"


def images_below(folder: Path, reading: Reading) -> dict[str, Path]:
    """Image files at any depth by stem. Two of the same stem become a problem, the first is kept.

    Raises DataError if the folder does not exist.
    """
    if not folder.is_dir():
        raise DataError(f"The data folder {folder.name!r} does not exist; unpack the data set there.")
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in PICTURES and not path.name.startswith("."):
            if path.stem in found:
                reading.add_problem("image twice", shown(path, folder), "keep one image of each name")
            found.setdefault(path.stem, path)
    return found


def split_of(path: Path) -> str:
    """The split that a path names, as a folder or file such as train2017; "" if it names none."""
    for part in (*path.parts[:-1], path.stem):
        if match := re.fullmatch(r"(train|val|test)(2017)?", part.lower()):
            return match[1]
    return ""


def add_unannotated(reading: Reading, images: dict[str, Path], used: set[Path]) -> None:
    """Note every image that no annotation names."""
    for stem, path in images.items():
        if path not in used:
            reading.add_problem("image without annotation", stem, "unpack the annotations as well, or remove the image")
