"""Finding files in the layout of the published SPPE release, wherever its roots are.

The release's scripts disagree about roots (`ORIGINAL/TEST/source/...`, `VISPR/TEST/source/...`, `DIPA/source/...`), so
a file is recognised by its neighbourhood: the role folder (`source` or `surrogate`) two levels up, the category folder
one level up, and, anywhere above, EDITED or ORIGINAL, the split, and the tree (VISPR, DIPA, ...).
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from sppe_lib.data import taxonomy
from sppe_lib.data.problems import Found, files_below, first_fault, read_json, shown
from sppe_lib.data.schema import SPLITS
from sppe_lib.errors import DataError

TREES = ("VISPR", "DIPA", "DIPA2", "REDACTIONS")
ROLES = ("source", "surrogate")
PICTURES = (".jpg", ".jpeg", ".png")

KINDS = {"MASK": "mask", "IMG": "grid", "EDITED": "edited picture", "ORIGINAL": "original"}
"""Folders that say what a picture is, and what it is; below none of the first three it is an original."""

FOLDER_NAMES = {
    "face all": "faces",
    "person body": "person",
    "address current all": "current address",
    "address home all": "home address",
    "license plate all": "multi-vehicle plates",
    "license plate": "plate",
}
"""Category folders whose name, without its `a105_` number, is none of the 36: this kit's own reading of Table 2."""


def category_of(folder: str) -> str | None:
    """The category a folder such as `a105_face_all` or `a204_Picture_frame` stands for; None, never guessed."""
    name = re.sub(r"^a\d+_", "", folder).replace("_", " ").strip().lower()
    name = FOLDER_NAMES.get(name, name)
    return name if name in taxonomy.categories() else None


class Place(NamedTuple):
    """Where a picture belongs."""

    split: str  # "" where the path names none
    folder: str  # of its category
    stem: str
    code: str = ""  # of its instruction; "" for originals
    role: str = ""  # one of ROLES; "" for masks and grids
    kind: str = ""  # one of KINDS

    @property
    def name(self) -> str:
        """The category folder and stem, with the code where it has one."""
        return f"{self.folder}/{self.stem}" + (f"_{self.code}" if self.code else "")


class _Label(BaseModel, strict=True):
    category: str | int
    stem: str | int
    code: str | int
    # A little above 1 is rounding; the cosines were stored as 32-bit floats.
    label: Annotated[float, Field(gt=-1.001, lt=1.001)]


_LABELS = TypeAdapter(list[_Label])


def _split_of(parts: Iterable[str]) -> str:
    return next((part.lower() for part in parts if part.lower() in SPLITS), "")


@dataclass
class Layout(Found):
    """Everything found below a root: pictures by place, relative to the root, and the cosines of labels by place."""

    root: Path
    files: dict[Place, Path] = field(default_factory=dict)
    clashes: set[Place] = field(default_factory=set)  # what several files claim, and none of `files`
    labels: dict[Place, float] = field(default_factory=dict)

    def find(self, wanted: Place) -> Place | None:
        """The place of a file or label, or else the same without a split, or None."""
        known = self.files if wanted.kind else self.labels
        places = (wanted, wanted._replace(split=""))
        return next((place for place in places if place in known or place in self.clashes), None)

    def of_kind(self, kind: str, role: str = "") -> set[Place]:
        """The places of a kind and role, as instances: split, folder, stem and code alone."""
        known = (*self.files, *self.clashes)
        return {Place(*place[:4]) for place in known if (place.kind, place.role) == (kind, role)}

    def add_picture(self, path: Path) -> None:
        """Note a picture by where it lies; what cannot be placed becomes a problem."""
        if len(path.parts) < 3:
            return
        above = [part.upper() for part in path.parts[:-2]]
        kind = next((kind for kind in KINDS if kind in above), "ORIGINAL")
        role = path.parts[-3].lower() if kind in ("EDITED", "ORIGINAL") else ""
        stem, code = (path.stem, "") if kind == "ORIGINAL" else split_code(path.stem) or (path.stem, None)
        if role not in ("", *ROLES):
            self.add_problem("picture outside the layout", path, "move it below a source or surrogate folder")
        elif code is None:
            remedy = f"name it <stem>_<three-digit code>{path.suffix}"
            self.add_problem(f"{KINDS[kind]} without instruction code", path, remedy)
        else:
            place = Place(_split_of(above), path.parts[-2], stem, code, role, kind)
            known = self.files.setdefault(place, path)
            if place in self.clashes or not (self.root / known).samefile(self.root / path):
                other = "others" if place in self.clashes else known
                self.add_problem("two pictures of one name", f"{other} and {path}", "keep one of them")
                self.clashes.add(place)
                del self.files[place]

    def add_labels(self, path: Path) -> None:
        """Note the labels of a JSON file, if it is a label list. Raises DataError naming an entry that is not sound."""
        rows = read_json(self.root / path, f"The label file {shown(path)}")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            return  # some other JSON
        if not any(_Label.model_fields.keys() <= row.keys() for row in rows):
            return
        try:
            labels = _LABELS.validate_python(rows)
        except ValidationError as error:
            why = first_fault(error).replace(".", ": ", 1)
            raise DataError(f"The label file {shown(path)}, entry {why}; correct or remove the entry.") from None
        for number, label in enumerate(labels):
            where, named = f"{shown(path)}, entry {number}", {role: str(rows[number].get(role, "")) for role in ROLES}
            split = _split_of(part for name in named.values() for part in Path(name).parts)
            place = Place(split, str(label.category), str(label.stem), str(label.code))
            for role, name in named.items():
                # Roots differ between the release's scripts, the end of a path does not.
                if role in rows[number] and (*Path(name).parts[-3:-1], Path(name).stem) != (role, *place[1:3]):
                    self.add_problem("label names another picture", f"{where}: {Path(name)}", f"correct its {role}")
            if self.labels.setdefault(place, label.label) != label.label:
                self.add_problem("label given twice", where, "keep one of the two different values")


def split_code(stem: str) -> tuple[str, str] | None:
    """`2017_45509279_041` as ("2017_45509279", "041"); None where no three-digit code ends the name."""
    match = re.fullmatch(r"(.+)_([0-9]{3})", stem, re.DOTALL)
    return (match[1], match[2]) if match else None


def tree_of(paths: Iterable[Path]) -> str:
    """The data set of the release that one of the paths names, such as VISPR; "SPPE release" if none does."""
    parts = (part.upper() for path in paths for part in path.parts[:-2])
    return next((part for part in parts if part in TREES), "SPPE release")


def scan(root: str | Path) -> Layout:
    """Find every picture, mask, grid and label list below `root`; none is opened but the last.

    Raises DataError if the folder does not exist, holds nothing of the layout, or a faulty label file; everything
    smaller becomes a problem of the layout.
    """
    root = Path(root)
    name = shown(root.name)[:80]
    if not os.path.isdir(root):
        raise DataError(
            f"The data folder {name!r} does not exist; download the SPPE release there or set benchmark.source to the "
            f"folder that holds it, or to one that data.generate filled."
        )
    layout = Layout("the released data", root)
    for found in files_below(root):
        path = found.relative_to(root)
        if shown(path) != str(path):
            layout.add_problem("name that is not UTF-8", path, "rename the file or its folder")
        elif path.suffix.lower() in PICTURES:
            layout.add_picture(path)
        elif path.suffix.lower() == ".json":
            layout.add_labels(path)
        elif "IMG" in path.parts and path.suffix == ".txt" and not found.with_suffix(".png").is_file():
            layout.add_problem("caption without grid", path, "restore the grid or remove the caption")
    if all(place.kind == "MASK" for place in layout.files):
        raise DataError(
            f"The data folder {name!r} holds no pictures in the released layout; expected "
            f"ORIGINAL/<SPLIT>/source/<category>/<stem>.jpg and EDITED/<SPLIT>/source/<category>/<stem>_<code>.jpg."
        )
    return layout
