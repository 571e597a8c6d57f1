"""The layouts of VISPR, Visual Redactions, DIPA and DIPA2: where their annotations are and what they look like.

What is known of each, and from where, is in sources.yaml. What was not seen in the authors' own code or files is not
verified; images are therefore found by their names, at any depth.
"""

import ast
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from sppe_lib.data.problems import files_below, read_json
from sppe_lib.data.sources.reading import AnnotatedImage, Annotation, Reading, below, split_of
from sppe_lib.data.sources.regions import Region
from sppe_lib.errors import DataError

_UNDOCUMENTED = (AttributeError, KeyError, TypeError, ValueError, OverflowError)


def _annotations(folder: Path, key: str, kind: type) -> Iterator[tuple[Path, Any]]:
    """Every JSON file that has `key`, and what it has there; DataError where none has."""
    found = False
    for path in files_below(folder):
        if path.suffix.lower() == ".json":
            content = read_json(path, f"The annotation file {below(path, folder)}")
            if isinstance(content, dict) and isinstance(content.get(key), kind):  # else some other JSON
                found = True
                yield path.relative_to(folder), content[key]
    if not found:
        raise DataError(f"The folder {folder.name!r} holds no JSON file with {key}; download the annotations.")


def _undocumented(reading: Reading, name: str, error: Exception) -> None:
    what = f"{name} ({type(error).__name__}: {str(error)[:80]})"
    reading.add_problem("annotation that is not as documented", what, "download it again")


def vispr(reading: Reading, folder: Path) -> Iterator[Annotation]:
    """The labels of every image; DataError where there is no annotation."""
    for path, labels in _annotations(folder, "labels", list):
        shapes = [(label, None) for label in dict.fromkeys(map(str, labels))]
        yield Annotation(path.stem, split_of(path), str(path.with_suffix("")), shapes=shapes)


def redactions(reading: Reading, folder: Path) -> Iterator[Annotation]:
    """The polygons of every image in every fold; DataError where no fold is found."""
    for path, entries in _annotations(folder, "annotations", dict):
        for image_id, entry in entries.items():
            annotation = Annotation(image_id, split_of(path))
            try:
                size = int(entry["image_width"]), int(entry["image_height"])
                # An attribute without a polygon is private somewhere: it must not vanish.
                shapes = [
                    (str(item["attr_id"]), list(polygon))
                    for item in entry["attributes"]
                    for polygon in item["polygons"] or [[]]
                ]
                annotation = replace(annotation, path=str(entry.get("image_path", "")), size=size, shapes=shapes)
            except _UNDOCUMENTED as error:
                _undocumented(reading, image_id, error)
            yield annotation


def dipa(reading: Reading, folder: Path) -> Iterator[Annotation]:
    """The boxes that somebody found private; DataError for missing and broken files."""
    labels = {path.name.partition("_label")[0]: path for path in _label_files(folder, "original labels")}
    people = defaultdict(list)
    for path in _label_files(folder, "annotations"):
        if path.parent.name == "labels" and path.suffix.lower() == ".json":
            people[path.name.partition("_")[0]].append(path)
    remedy = "unpack the original labels again"
    for image_id in sorted(people.keys() | labels.keys()):
        judged_by = people.get(image_id, [])
        annotation = Annotation(image_id, records=len(judged_by))
        objects, size = _objects(labels[image_id], folder) if image_id in labels else ([], None)
        if objects:
            votes, boxes = _judgements(reading, folder, judged_by)
            for name in sorted(votes.keys() - {name for name, _ in objects}):
                reading.add_problem("judgement without box", f"{image_id} ({name})", remedy)
            shapes = [(name, box) for name, box in objects if votes[name]] + boxes
            annotation = replace(annotation, size=size, shapes=shapes)
        else:
            lacking = "original labels without a box" if image_id in labels else "annotation without original labels"
            reading.add_problem(lacking, image_id, remedy)
        yield annotation


def _label_files(folder: Path, name: str) -> list[Path]:
    found = files_below(folder / name) if (folder / name).is_dir() else ()
    files = [path for path in found if "_label" in path.name]
    if not files:
        raise DataError(f"The folder {folder.name!r} holds no label files in {name!r}; unpack the whole archive.")
    return files


def _objects(path: Path, folder: Path) -> tuple[list[tuple[str, list]], tuple[int, int] | None]:
    """(object name, box) of each record, and the annotated (width, height) of the image."""
    name = f"The label file {below(path, folder)}"
    try:
        if path.suffix.lower() == ".json":
            content = read_json(path, name)
            sizes, records = [content], list(content["annotations"].values())
        else:
            sizes = records = list(_lines(path, name))
        objects = [(str(item["category"]), list(item["bbox"])) for item in records]
        return objects, next(((int(item["width"]), int(item["height"])) for item in sizes), None)
    except _UNDOCUMENTED as error:
        why = f"{type(error).__name__}: {str(error)[:80]}"
        raise DataError(f"{name} is not as documented ({why}); download or unpack it again.") from None


def _lines(path: Path, name: str) -> Iterator[dict]:
    # Split at line feeds alone: a name may hold what Unicode calls a line's end.
    for number, line in enumerate(path.read_bytes().decode("utf-8-sig", errors="replace").split("\n"), 1):
        for parse in (json.loads, ast.literal_eval) if line.strip() else ():  # the second for single quotes
            try:
                yield parse(line)
                break
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
        else:
            if line.strip():
                raise DataError(f"{name} cannot be read in line {number}; download or unpack it again.")


def _judgements(reading: Reading, folder: Path, people: list[Path]) -> tuple[Counter, list[tuple[str, list]]]:
    """How many people find each object name private, and the boxes that they drew themselves."""
    votes, boxes = Counter(), []
    for path in people:
        content = read_json(path, f"The annotation file {below(path, folder)}")
        try:
            votes.update(key for key, value in content["defaultAnnotation"].items() if not value["ifNoPrivacy"])
            boxes += [(str(item["category"]), list(item["bbox"])) for item in content["manualAnnotation"].values()]
        except _UNDOCUMENTED as error:
            _undocumented(reading, path.name, error)
    return votes, boxes


def _with(reading: Reading, regions_of: Callable[[AnnotatedImage], list[Region]]) -> Reading:
    return replace(reading, images=[replace(one, regions=regions_of(one)) for one in reading.images])


def _in_several_splits(reading: Reading) -> set[str]:
    """Names that more than one image has."""
    return {stem for stem, number in Counter(one.image.stem for one in reading.images).items() if number > 1}


def with_regions(reading: Reading, placed: Reading) -> Reading:
    """Give VISPR's images the regions that another reading (Visual Redactions) has for images of the same name.

    An image without a namesake keeps its labels without a place. Of namesakes in several splits only the one of its own
    split counts.
    """
    several = _in_several_splits(reading) | _in_several_splits(placed)
    regions = {one.image.stem: one.regions for one in placed.images if one.image.stem not in several}
    regions |= {(one.image.stem, one.split): one.regions for one in placed.images}
    return _with(
        reading, lambda one: regions.get((one.image.stem, one.split), regions.get(one.image.stem, one.regions))
    )


def with_mask_files(reading: Reading, folder: Path) -> Reading:
    """Give each label the mask `<folder>/<category with underscores>/<image name>.png`, white where private.

    For masks made by a detector, at the size of their images. Those of a name that several splits have are in a
    sub-folder named by the split. Labels without such a file keep no place; DataError if no label has one.
    """
    several = _in_several_splits(reading)

    def placed(one: AnnotatedImage, region: Region) -> Region:
        own = one.split if one.image.stem in several else ""
        file = Path(folder) / region.category.replace(" ", "_") / own / f"{one.image.stem}.png"
        return Region(region.category, "file", file=file) if region.kind == "image" and file.is_file() else region

    found = _with(reading, lambda one: [placed(one, region) for region in one.regions])
    if found == reading:
        name = Path(folder).name
        raise DataError(f"The folder {name!r} holds no mask of any labelled image; name them <category>/<image>.png.")
    return found
