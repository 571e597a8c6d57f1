"""Writes a small data tree in the layout of the published release, for the tests, and reads such trees."""

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from sppe_lib.data.released import ReadInstance, Released, find_instances, read_instances

SIDE = 48


def picture(seed: int, private: bool = False) -> Image.Image:
    """A smooth random picture; `private` changes its middle, as a surrogate does."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 255, (4, 4, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    if private:
        image.paste((255, 0, 255), (12, 12, 30, 30))
    return image


def mask(box: tuple[int, int, int, int] = (12, 12, 30, 30), size: tuple[int, int] = (SIDE, SIDE)) -> Image.Image:
    """A mask that is white in the box."""
    image = Image.new("L", size, 0)
    image.paste(255, box)
    return image


def save(image: Image.Image, path: Path) -> Path:
    """Save, making folders; JPEG at high quality."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **({"quality": 95} if path.suffix == ".jpg" else {}))
    return path


def write_instance(
    root: Path, split: str, folder: str, stem: str, codes: tuple[str, ...], with_mask: bool = True, tree: str = ""
) -> None:
    """All files of one pair and its edits; `tree` (such as VISPR) goes between ORIGINAL and the split."""
    seed = sum(map(ord, folder + stem))
    below = Path(tree) / split if tree else Path(split)
    for role, private in (("source", False), ("surrogate", True)):
        save(picture(seed, private), root / "ORIGINAL" / below / role / folder / f"{stem}.jpg")
        for code in codes:
            edited = Image.eval(picture(seed, private), lambda value: 255 - value)
            save(edited, root / "EDITED" / below / role / folder / f"{stem}_{code}.jpg")
    for code in codes if with_mask else ():
        save(mask(), root / "MASK" / folder / f"{stem}_{code}.png")


def write_tree(root: Path) -> Path:
    """Four pairs in three splits, labels for the test split; complete and intact."""
    write_instance(root, "TRAIN", "a105_face_all", "2017_1", ("007", "033"))
    write_instance(root, "TRAIN", "a30_credit_card", "2017_2", ("057", "019"))
    write_instance(root, "VAL", "a73_landmark", "2017_3", ("037", "032"), with_mask=False)
    write_instance(root, "TEST", "a208_laptop_computer", "4", ("064", "036"), tree="DIPA")
    folder = "a208_laptop_computer"
    named = {role: f"VISPR/TEST/{role}/{folder}/4.jpg" for role in ("source", "surrogate")}
    labels = [
        {"category": folder, "stem": "4", "code": code} | named | {"label": label}
        for code, label in (("064", 0.75), ("036", -0.25))
    ]
    (root / "labels").mkdir(parents=True, exist_ok=True)
    (root / "labels" / "test_labels.json").write_text(json.dumps(labels))
    return root


def read_tree(root: Path, size: int = 32, **options) -> tuple[Released, dict[str, ReadInstance]]:
    """What a tree holds, and its sound instances by id; `options` go to `find_instances`."""
    found = find_instances(root, size=size, strength=0.5, **options)
    instances = list(read_instances(found, processes=1))
    return found, {instance.row["instance_id"]: instance for instance in instances if instance.row}


def pixels(row: dict, column: str) -> np.ndarray:
    """A picture of a row as whole numbers, so that differences do not wrap."""
    return np.asarray(Image.open(io.BytesIO(row[column]["bytes"])), dtype=int)
