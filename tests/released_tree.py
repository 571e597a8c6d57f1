"""Writes a small data tree in the layout of the published release, for the tests, and reads such trees."""

import io
import json
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image

from sppe_lib.data.released import ReadInstance, Released, find_instances, read_instances
from sppe_lib.pictures import turned

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
    image = Image.new("L", size, 0)
    image.paste(255, box)
    return image


def save(image: Image.Image, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **({"quality": 95} if path.suffix == ".jpg" else {}))
    return path


INVERSE = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}
"""The turn that undoes an EXIF orientation."""


def stored(upright: Image.Image, orientation: int, form: str = "PNG", **options) -> bytes:
    """A picture as a camera stores it: turned away, with the orientation that makes it upright."""
    exif, buffer = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    turned(upright, INVERSE[orientation]).save(buffer, form, exif=exif, **options)
    return buffer.getvalue()


def write_instance(
    root: Path,
    split: str,
    folder: str,
    stem: str,
    codes: tuple[str, ...],
    with_mask: bool = True,
    tree: str = "",
    pair: tuple[Image.Image, ...] = (),
    box: tuple[int, int, int, int] = (12, 12, 30, 30),
) -> None:
    """All files of one pair and its edits; `tree` (such as VISPR) goes between ORIGINAL and the split."""
    seed = sum(map(ord, folder + stem))
    pair = pair or (picture(seed), picture(seed, private=True))
    for role, image in zip(("source", "surrogate"), pair, strict=True):
        place = f"{tree}/{split}/{role}/{folder}/{stem}".strip("/")
        save(image, root / "ORIGINAL" / f"{place}.jpg")
        for code in codes:
            save(Image.eval(image, lambda value: 255 - value), root / "EDITED" / f"{place}_{code}.jpg")
    for code in codes if with_mask else ():
        save(mask(box, pair[0].size), root / "MASK" / folder / f"{stem}_{code}.png")


def write_tree(root: Path) -> Path:
    """Four pairs in three splits, labels for the test split; complete and intact."""
    write_instance(root, "TRAIN", "a105_face_all", "2017_1", ("007", "033"))
    write_instance(root, "TRAIN", "a30_credit_card", "2017_2", ("057", "019"))
    write_instance(root, "VAL", "a73_landmark", "2017_3", ("037", "032"), with_mask=False)
    write_instance(root, "TEST", "a208_laptop_computer", "4", ("064", "036"), tree="DIPA")
    folder = "a208_laptop_computer"
    named = {role: f"VISPR/TEST/{role}/{folder}/4.jpg" for role in ("source", "surrogate")}
    entry = {"category": folder, "stem": "4"} | named
    labels = [entry | {"code": code, "label": label} for code, label in (("064", 0.75), ("036", -0.25))]
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


def photograph(seed: int) -> Image.Image:
    """Smooth light, edges and grain, of no particular size."""
    generator = np.random.default_rng(seed)
    height, width = generator.integers(70, 110, 2)
    light = Image.fromarray(generator.integers(0, 255, (5, 7, 3), dtype=np.uint8)).resize((width, height))
    image = np.asarray(light, dtype=float) + generator.normal(0, 6, (height, width, 3))
    image[generator.integers(0, height) :, : generator.integers(1, width)] *= 0.6
    return Image.fromarray(image.clip(0, 255).astype(np.uint8))


def write_photographs(root: Path, folders: dict[str, tuple[str, ...]], pairs: dict[str, int], masks: bool) -> Path:
    """A tree in the released layout: for each split so many pairs of each category folder, with edits by its codes."""
    box = (10, 12, 40, 50)
    for split, folder in product(pairs, folders):
        for number in range(pairs[split]):
            source = photograph(sum(map(ord, split + folder)) + number)
            surrogate = source.copy()
            surrogate.paste(photograph(number).resize((30, 38)), box)
            stem, pair = f"{split}{number}", (source, surrogate)
            write_instance(root, split.upper(), folder, stem, folders[folder], masks, pair=pair, box=box)
    return root


TREES = {
    "several groups": ({"a105_face_all": ("007", "033"), "a30_credit_card": ("057", "047")}, True),
    "one group and one tag, no masks": ({"a38_ticket": ("019", "020")}, False),
}
