"""Finding files in the layout of the published SPPE release (SPEC §2), wherever its roots are.

The release's scripts disagree about roots: `ORIGINAL/TEST/source/...`, `VISPR/TEST/source/...` and
`DIPA/source/...` all occur. So a file is recognised by its own neighbourhood: the role folder
(`source` or `surrogate`) two levels up, the category folder one level up, and, anywhere above them,
EDITED or ORIGINAL, the split, and the tree (VISPR, DIPA, ...). Nothing is opened here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sppe_lib.data import taxonomy
from sppe_lib.data.problems import Problem, read_json
from sppe_lib.errors import DataError

RELEASED_SPLITS = {"TRAIN": "train", "VAL": "val", "TEST": "test"}

TREES = ("VISPR", "DIPA", "DIPA2", "REDACTIONS")

PICTURES = (".jpg", ".jpeg", ".png")

FOLDER_NAMES = {
    "face all": "faces",
    "person body": "person",
    "address current all": "current address",
    "address home all": "home address",
    "license plate all": "multi-vehicle plates",
    "license plate": "plate",
}
"""Category folders whose name, without its `a105_` number, is not one of the 36 names.

This is the kit's own reading: the release does not say which folder is which row of its table. The
first four are VISPR's attribute names; `license plate` is the numbered folder of the DIPA sources.
"""


def category_of(folder: str) -> str | None:
    """The category a folder such as `a105_face_all` or `a204_Picture_frame` stands for, or None.

    The number is dropped, underscores become spaces, capitals small; then FOLDER_NAMES, then the 36
    names themselves. Anything else is unknown, never guessed.
    """
    name = re.sub(r"^a\d+_", "", folder).replace("_", " ").strip().lower()
    name = FOLDER_NAMES.get(name, name)
    return name if name in taxonomy.categories() else None


@dataclass(frozen=True)
class Key:
    """One released picture's place: its split ("" where the path names none), category folder and stem."""

    split: str
    folder: str
    stem: str


@dataclass
class Layout:
    """Everything found below a root, paths relative to it.

    `originals`: (role, key) to path; `edited`: (role, key, code) to path; `masks` and `grids`: (category
    folder, stem, code) to path; `labels`: (category folder, stem, code) to cosine; `trees`: key to tree.
    """

    root: Path
    originals: dict[tuple[str, Key], Path] = field(default_factory=dict)
    edited: dict[tuple[str, Key, str], Path] = field(default_factory=dict)
    masks: dict[tuple[str, str, str], Path] = field(default_factory=dict)
    grids: dict[tuple[Key, str], Path] = field(default_factory=dict)
    labels: dict[tuple[str, str, str], float] = field(default_factory=dict)
    trees: dict[tuple[str, str], str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add_problem(self, problem: str, file: object, remedy: str) -> None:
        """Note a problem; `file` is relative to the root."""
        self.problems.append(Problem(problem, str(file), remedy))


def split_code(stem: str) -> tuple[str, str] | None:
    """`2017_45509279_041` as ("2017_45509279", "041"); None where no three-digit code ends the name."""
    match = re.fullmatch(r"(.+)_(\d{3})", stem)
    return match.groups() if match else None


def scan(root: str | Path) -> Layout:
    """Find every picture, mask, grid and label list below `root`.

    Raises DataError if the folder does not exist, holds nothing of the layout, or holds a label file that
    is not what it should be. Everything smaller becomes a problem of the layout.
    """
    root = Path(root)
    if not root.is_dir():
        raise DataError(
            f"The data folder {root.name!r} does not exist; download the SPPE release there or set benchmark.source "
            f"to the folder that holds it, or to one that data.generate filled."
        )
    layout = Layout(root)
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if path.name.startswith(".") or not path.is_file():
            continue
        if path.suffix.lower() in PICTURES:
            _place(layout, relative)
        elif path.suffix.lower() == ".json":
            _read_labels(layout, relative)
        elif "IMG" in relative.parts and path.suffix == ".txt" and not path.with_suffix(".png").is_file():
            layout.add_problem("caption without grid", relative, "restore the grid or remove the caption")
    if not (layout.originals or layout.edited or layout.grids):
        raise DataError(
            f"The data folder {root.name!r} holds no pictures in the released layout; expected "
            f"ORIGINAL/<SPLIT>/source/<category>/<stem>.jpg and EDITED/<SPLIT>/source/<category>/<stem>_<code>.jpg."
        )
    return layout


def _place(layout: Layout, path: Path) -> None:
    above = [part.upper() for part in path.parts[:-2]]
    if len(path.parts) < 3:
        return
    folder, stem = path.parts[-2], path.stem
    split = next((RELEASED_SPLITS[part] for part in above if part in RELEASED_SPLITS), "")
    tree = next((part for part in above if part in TREES), "")
    coded = split_code(stem)
    if "MASK" in above:
        if coded:
            layout.masks[folder, *coded] = path
        else:
            layout.add_problem("mask without instruction code", path, "name it <stem>_<three-digit code>.png")
        return
    if "IMG" in above:
        if coded:
            layout.grids[Key(split, folder, coded[0]), coded[1]] = path
        else:
            layout.add_problem("grid without instruction code", path, "name it <stem>_<three-digit code>.png")
        return
    role = path.parts[-3].lower()
    if role not in ("source", "surrogate"):
        layout.add_problem("picture outside the layout", path, "move it below a source or surrogate folder")
        return
    if "EDITED" in above:
        if not coded:
            layout.add_problem("edited picture without instruction code", path, "name it <stem>_<three-digit code>.jpg")
            return
        stem, code = coded
        layout.edited[role, Key(split, folder, stem), code] = path
    else:
        layout.originals[role, Key(split, folder, stem)] = path
    if tree:
        layout.trees.setdefault((folder, stem), tree)


def _read_labels(layout: Layout, path: Path) -> None:
    rows = read_json(layout.root / path, f"The label file {path}")
    needed = {"category", "stem", "code", "label"}
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        return  # some other JSON
    if not any(needed <= set(row) for row in rows):
        return
    for number, row in enumerate(rows):
        if not needed <= set(row):
            missing = ", ".join(sorted(needed - set(row)))
            raise DataError(f"The label file {path}: entry {number} lacks {missing}; download the file again.")
        label = row["label"]
        # A little above 1 is rounding; the cosines were stored as 32-bit floats.
        if isinstance(label, bool) or not isinstance(label, (int, float)) or not abs(label) < 1.001:
            raise DataError(
                f"The label file {path}: entry {number} has the label {label!r}, which is not a cosine from -1 to 1; "
                f"correct or remove the entry."
            )
        key = str(row["category"]), str(row["stem"]), str(row["code"])
        if layout.labels.get(key, float(label)) != float(label):
            layout.add_problem("label given twice", f"{path}, entry {number}", "keep one of the two different values")
            continue
        for role in ("source", "surrogate"):
            # Roots differ between the release's scripts, the end of a path does not.
            named = Path(str(row.get(role, "")))
            if role in row and (*named.parts[-3:-1], named.stem) != (role, key[0], key[1]):
                where = f"{path}, entry {number}: {named}"
                layout.add_problem("label names another picture", where, f"correct its {role}")
        layout.labels[key] = float(label)
