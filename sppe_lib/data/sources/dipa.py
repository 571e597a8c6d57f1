"""DIPA and DIPA2 (Xu et al., IUI 2023 and IMWUT 2023): boxes of objects, and who finds them private.

Seen: both readmes, in AnranXu/DIPA_data_expansion (dataset/readme.md) and with the copy of DIPA2 in
sourasb05/Fed-DIPA2 (dipa2/), whose files were looked at; the projects' own readers (unify_annoation.py,
toolbar.jsx of AnranXu/DIPA_visualization). Both have

* images/<image>.jpg,
* original labels/<image>_label: the objects of LVIS or OpenImages with bbox [x, y, width, height] and the
  image's width and height. DIPA: one record a line, in single quotes in places (its readers replace them);
  DIPA2: <image>_label.json with `annotations`,
* annotations/<CrowdWorks or Prolific>/labels/<image>_<worker>_label.json: `defaultAnnotation`, one judgement
  of a person on each object name (`ifNoPrivacy`), and `manualAnnotation`, boxes and names of their own.

The image id ends at the first underscore. The readers say that boxes and images differ in scale at times,
so boxes are scaled to the image file. Not verified here, since nothing is downloaded: DIPA's files as such,
and the scale of manual boxes, taken to be that of the image's original labels. There are no splits.

A box counts as private if at least one person said so: the paper names no rule, this one is ours.
"""

import ast
import json
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from sppe_lib.data.problems import read_json
from sppe_lib.data.sources.annotated import AnnotatedImage, Reading, Region, placed_regions
from sppe_lib.data.sources.files import add_unannotated, images_below, shown
from sppe_lib.errors import DataError

CATEGORIES: dict[str, str | None] = {
    "human face": "human face",
    "person": "person",
    "man": "person",
    "woman": "person",
    "boy": "person",
    "girl": "person",
    "human body": "person",
    "vehicle registration plate": "vehicle registration plate",
    "license_plate": "plate",
    "passport": "passport",
    "ticket": "ticket",
    "laptop": "laptop",
    "laptop_computer": "laptop computer",
    "tablet computer": "tablet computer",
    "television": "television",
    "television_set": "television",
    "computer monitor": "computer monitor",
    "monitor_(computer_equipment) computer_monitor": "monitor",
    "picture frame": "picture frame",
}
"""Object names of OpenImages (with spaces) and LVIS (with underscores), in small letters, and our reading of them.

The names are an open list (OpenImages, LVIS, free words in English and Japanese): what is not here is
counted in `Reading.unmapped`, not an error.
"""


def read(folder: Path, name: str, min_annotators: int = 1) -> Reading:
    """Read a folder that holds images/, original labels/ and annotations/.

    `min_annotators`: how many people must have found an object private; 0 takes every box, judged or not.
    Raises DataError for missing folders and broken files; everything smaller becomes a problem.
    """
    reading = Reading(name)
    images = images_below(folder / "images" if folder.is_dir() else folder, reading)
    labels = {path.name.partition("_label")[0]: path for path in _files(folder, "original labels")}
    people: dict[str, list[Path]] = {}
    for path in _files(folder, "annotations"):
        if path.parent.name == "labels" and path.suffix == ".json":
            people.setdefault(path.name.partition("_")[0], []).append(path)
    for image_id in sorted(people.keys() | labels.keys()):
        reading.annotations += len(people.get(image_id, ()))
        if image_id not in images:
            reading.add_problem("annotation without image", image_id, "unpack the images as well")
        elif image_id not in labels:
            reading.add_problem("annotation without original labels", image_id, "unpack the folder 'original labels'")
        else:
            judged_by = people.get(image_id, [])
            regions = _regions(reading, folder, images[image_id], labels[image_id], judged_by, min_annotators)
            if regions is not None:
                reading.images.append(AnnotatedImage(name, "", images[image_id], regions))
    annotated = (people if min_annotators else labels).keys()
    add_unannotated(reading, images, {path for stem, path in images.items() if stem in annotated})
    return reading


read_dipa = partial(read, name="DIPA")
read_dipa2 = partial(read, name="DIPA2")


def _files(folder: Path, name: str) -> list[Path]:
    files = sorted(path for path in (folder / name).rglob("*_label*") if path.is_file())
    if not files:
        raise DataError(f"The folder {folder.name!r} holds no label files in {name!r}; unpack the whole archive.")
    return files


def _original_labels(path: Path, folder: Path) -> list[tuple[str, list, tuple[int, int]]]:
    """(object name, box, annotated size of the image) of each record."""
    name = f"The label file {shown(path, folder)}"
    try:
        if path.suffix == ".json":
            content = read_json(path, name)
            size = int(content["width"]), int(content["height"])
            return [(str(item["category"]), list(item["bbox"]), size) for item in content["annotations"].values()]
        return [
            (str(item["category"]), list(item["bbox"]), (int(item["width"]), int(item["height"])))
            for item in _lines(path, name)
        ]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{name} is not as documented ({type(error).__name__}: {error}); download or unpack it again."
        ) from None


def _lines(path: Path, name: str) -> Iterator[dict]:
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            try:
                yield ast.literal_eval(line)  # single quotes
            except (SyntaxError, ValueError):
                raise DataError(f"{name} cannot be read in line {number}; download or unpack it again.") from None


def _regions(
    reading: Reading, folder: Path, image: Path, labels: Path, people: list[Path], min_annotators: int
) -> list[Region] | None:
    objects = _original_labels(labels, folder)
    votes: Counter = Counter()
    boxes = []
    for path in people:
        content = read_json(path, f"The annotation file {shown(path, folder)}")
        try:
            votes.update(key for key, value in content["defaultAnnotation"].items() if not value["ifNoPrivacy"])
            boxes += [(str(item["category"]), list(item["bbox"])) for item in content["manualAnnotation"].values()]
        except (AttributeError, KeyError, TypeError) as error:
            what = f"{path.name} ({type(error).__name__}: {error})"
            reading.add_problem("annotation that is not as documented", what, "download it again")
    names = {key for key, _, _ in objects}
    for key in sorted(votes.keys() - names):
        reading.add_problem("judgement without box", f"{image.name} ({key})", "unpack the original labels again")
    if not objects:
        reading.add_problem("original labels without a box", image.name, "unpack the original labels again")
        return None
    shapes = []
    for key, box in [(key, box) for key, box, _ in objects if votes[key] >= min_annotators] + boxes:
        category = CATEGORIES.get(key.strip().lower())
        if category is None:
            reading.unmapped[key] += 1
        else:
            shapes.append((key, category, box))
    return placed_regions(reading, image, objects[0][2], "box", shapes)
