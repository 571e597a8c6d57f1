"""The published SPPE release, or any tree in its layout, as instances of the kit's own schema."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from sppe_lib import pictures
from sppe_lib.data import taxonomy
from sppe_lib.data.problems import Found, Problem
from sppe_lib.data.processes import in_processes
from sppe_lib.data.released_layout import ROLES, Layout, Place, category_of, scan, tree_of
from sppe_lib.data.schema import FULL_IMAGE_DATASETS, SPLITS, text_columns
from sppe_lib.errors import DataError
from sppe_lib.runtime import seed_of

DIFFERENCE_THRESHOLD = 24
"""Without a mask, a pixel is private if a channel of I and S differs by more (of 255); JPEG alone moves it by 10."""


@dataclass(frozen=True)
class InstancePlan:
    """One instance to read; paths are absolute."""

    row: dict  # its text columns
    place: Place  # in the layout
    size: int
    panels: dict[str, Path]  # source, surrogate, edited_source and edited_surrogate; or, if they exist only as a ...
    grid: Path | None  # ... four-panel grid, this
    mask: Path | None  # None where none is stored


@dataclass(frozen=True)
class ReadInstance:
    """A finished row, or the problem for which there is none."""

    row: dict | None
    private_share: float = 0.0  # of its pixels, 0 to 1
    mask_origin: str = ""  # "file" or "difference"
    problem: Problem | None = None


def finished(row: dict, images: dict[str, Image.Image], mask: Image.Image, origin: str) -> ReadInstance:
    """A row with its images as squares of its mask's size; DataError where the mask, made smaller, is empty or full."""
    private, size = np.asarray(mask) > 127, mask.width
    may_be_full = row["dataset"] in FULL_IMAGE_DATASETS  # elsewhere, thin frames can close
    pictures.check_mask(private, f"of {row['instance_id']} at {size} pixels", may_be_full)
    columns = {name: pictures.png(pictures.square(image, size)) for name, image in images.items()}
    return ReadInstance(row | columns | {"mask": pictures.png(mask)}, float(private.mean()), origin)


@dataclass
class Released(Found):
    """What a tree in the released layout holds: plans in a fixed order, and everything that is wrong."""

    plans: list[InstancePlan]


def find_instances(
    root: str | Path, size: int, strength: float, pairs: dict[str, int] | None = None, seed: int = 0
) -> Released:
    """Pair up the files below `root` (nothing is decoded yet).

    `pairs`: how many pairs to keep of each split, chosen by the seed; 0 or absent keeps all. `strength` is noted in the
    rows; the release does not store it. Whatever does not fit becomes a problem. Raises DataError if no instance is
    complete.
    """
    layout = scan(root)
    plans = list(_plans(layout, size, strength))
    _list_unused(layout, plans)
    if not plans:
        layout.require_none()
        raise DataError(f"The data folder {layout.root.name!r} holds no complete instance; download it again.")
    present = {split: {plan.row["pair_id"] for plan in plans if plan.place.split == split} for split in SPLITS}
    kept = choose_pairs(present, pairs or {}, seed)
    plans = [plan for plan in plans if plan.row["pair_id"] in kept]
    return Released(layout.name, plans, problems=layout.problems)


def choose_pairs(present: dict[str, Iterable[str]], numbers: dict[str, int], seed: int) -> set[str]:
    """So many pairs of each split, chosen by the seed and their ids alone; all for 0 or where there are fewer."""
    chosen: set[str] = set()
    for split, pairs in present.items():
        order = sorted(pairs, key=lambda pair: (seed_of("released subset", seed, pair), pair))
        chosen.update(order[: numbers.get(split) or None])
    return chosen


def compare_with_published(plans: list[InstancePlan]) -> pd.DataFrame:
    """Complete pairs found, read without a limit, against Table 2 by category, and the sum in a last row "all".

    Columns modality, group, category, published_pairs, found_pairs, missing (at least 0).
    """
    found = Counter({plan.row["pair_id"]: plan.row["category"] for plan in plans}.values())
    table = pd.DataFrame([vars(category) for category in taxonomy.categories().values()])
    table = table.rename(columns={"name": "category"})[["modality", "group", "category", "published_pairs"]]
    table["found_pairs"] = [found[category] for category in table["category"]]
    table["missing"] = (table["published_pairs"] - table["found_pairs"]).clip(lower=0)
    sums = table[["published_pairs", "found_pairs", "missing"]].sum()
    table.loc[len(table)] = {"modality": "", "group": "", "category": "all", **sums}
    return table


def _plans(layout: Layout, size: int, strength: float) -> Iterator[InstancePlan]:
    found = sorted(layout.of_kind("EDITED", "source") | layout.of_kind("EDITED", "surrogate") | layout.of_kind("IMG"))
    splits = Counter(place[1:] for place in {place[:3] for place in found})
    categories = {place.folder: category_of(place.folder) for place in found}
    for folder in sorted(folder for folder, category in categories.items() if category is None):
        layout.add_problem("unmapped category folder", folder, "give it the name of one of the 36 categories")
    for place in (place for place in found if categories[place.folder]):
        if place.code not in taxonomy.instructions():
            layout.add_problem("unknown instruction code", place.name, "use a code from 001 to 065")
            continue
        if not place.split:
            layout.add_problem("no split", place.name, "put its EDITED folder below TRAIN, VAL or TEST")
            continue
        panels, grid = _panels(layout, place), layout.files.get(place._replace(kind="IMG"))
        mask, label = layout.find(place._replace(kind="MASK")), layout.find(place)
        several = splits[place.folder, place.stem] > 1
        if several and mask and not mask.split:
            # Whose it is cannot be known, and the wrong one would leave private pixels outside.
            remedy = "put it below the folder of its split"
            layout.add_problem("mask of a name in several splits", f"{mask.name} ({place.split})", remedy)
            continue
        if grid:
            _check_caption(layout, grid, place.code)
        used = list(panels.values()) or ([grid] if grid else [])
        if not used or mask in layout.clashes:
            continue  # listed already
        pair, category = f"released/{place.split}/{place.folder}/{place.stem}", categories[place.folder]
        cosine = None if label is None or (several and not label.split) else layout.labels[label]
        yield InstancePlan(
            row=text_columns(pair, tree_of(used), place.split, category, place.code, strength, released_label=cosine),
            place=place,
            size=size,
            panels={panel: layout.root / path for panel, path in panels.items()},
            grid=layout.root / grid if grid and not panels else None,
            mask=layout.root / layout.files[mask] if mask else None,
        )


def _panels(layout: Layout, instance: Place) -> dict[str, Path]:
    """The four pictures of an instance; empty, with a problem for each that is missing, where it is not complete."""
    panels = {}
    for role in ROLES:
        original = instance._replace(code="", role=role, kind="ORIGINAL")
        # A tree without split folders (DIPA) serves every split.
        panels[role] = layout.find(original) or original
        panels[f"edited_{role}"] = instance._replace(role=role, kind="EDITED")
    missing = [place for place in panels.values() if place not in layout.files]
    if missing and instance._replace(kind="IMG") not in layout.files:
        for place in (place for place in missing if place not in layout.clashes):
            stem = place.name.rpartition("/")[2]
            path = f"{place.kind}/{place.split.upper()}/{place.role}/{place.folder}/{stem}.jpg"
            layout.add_problem("instance without its pair", path, "restore it from the release")
    return {} if missing else {panel: layout.files[place] for panel, place in panels.items()}


def _check_caption(layout: Layout, grid: Path, code: str) -> None:
    # Beside a grid stands `instruction [SPLIT] category`; its code is in its name, so the two can disagree.
    caption = grid.with_suffix(".txt")
    if not (layout.root / caption).is_file():
        layout.add_problem("grid without caption", grid, "restore its .txt from the release")
        return
    text = (layout.root / caption).read_text(encoding="utf-8-sig", errors="replace").partition("[SPLIT]")[0].strip()
    if text.lower() != taxonomy.instruction(code).text.lower():
        layout.add_problem("caption is not its code's instruction", caption, "correct the caption or the code")


def _list_unused(layout: Layout, plans: list[InstancePlan]) -> None:
    """Note pictures, masks and labels that no instance needs, and instances without a label where others have one."""
    edited = {place for place in (*layout.files, *layout.clashes) if place.kind in ("EDITED", "IMG")}
    needed = {
        (split, *place[1:3], code) for place in edited for split in (place.split, "") for code in (place.code, "")
    }
    for place, path in layout.files.items():
        if place[:4] not in needed:
            without = "original without edited pictures" if place.kind == "ORIGINAL" else "mask without pictures"
            layout.add_problem(without, path, "restore the pictures that belong to it, or remove it")
    complete = {plan.place for plan in plans} | {plan.place._replace(split="") for plan in plans}
    for place in sorted(set(layout.labels) - complete):
        layout.add_problem("label without pictures", place.name, "download the pictures or remove the label")
    some = {plan.place[:2] for plan in plans if plan.row["released_label"] is not None}
    for plan in plans:
        if plan.row["released_label"] is None and plan.place[:2] in some:
            layout.add_problem("instance without label", plan.row["instance_id"], "complete the label file")


def _grid_panels(path: Path) -> dict[str, Image.Image]:
    """The four panels of a stored grid: S and S' above, I and I' below."""
    grid = pictures.read_picture(path)
    width, height = grid.size[0] // 2, grid.size[1] // 2
    corners = zip(("surrogate", "edited_surrogate", "source", "edited_source"), product((0, height), (0, width)))
    return {panel: grid.crop((x, y, x + width, y + height)) for panel, (y, x) in corners}


def _private(plan: InstancePlan, panels: dict[str, Image.Image]) -> tuple[Image.Image, str]:
    """The mask at the instance's size and where it comes from.

    The release also stores, under the same name, masks of the whole four-panel grid: black but for the lower right
    quarter. If all of that quarter is white it says where to paint, and the mask is derived as if none were stored.
    """
    if plan.mask is None:
        return _difference(plan, panels), "difference"
    original = panels["source"].size
    size, _ = pictures.picture_layout(plan.mask)
    if size == (2 * original[0], 2 * original[1]) or (size != original and size == (1024, 1024)):
        white = np.asarray(pictures.read_mask(plan.mask, size, may_be_full=True)) > 127
        quarter = white[white.shape[0] // 2 :, white.shape[1] // 2 :]
        if quarter.sum() == white.sum():
            if quarter.all():
                return _difference(plan, panels), "difference"
            return pictures.resize_mask(pictures.mask_image(quarter), plan.size), "file"
    orientation = pictures.picture_layout(plan.panels["source"])[1] if plan.panels else 1
    return pictures.resize_mask(pictures.read_mask(plan.mask, original, orientation=orientation), plan.size), "file"


def _difference(plan: InstancePlan, panels: dict[str, Image.Image]) -> Image.Image:
    pair = [panels[role] for role in ROLES]
    if pair[0].size != pair[1].size:
        pair = [pictures.square(image, plan.size) for image in pair]
    source, surrogate = (np.asarray(image, dtype=np.int16) for image in pair)
    private = np.abs(source - surrogate).max(axis=-1) > DIFFERENCE_THRESHOLD
    pictures.check_mask(private, f"derived from source and surrogate of {plan.row['instance_id']}")
    return pictures.mask_image(pictures.shrink_mask(private, plan.size, plan.size))


def read_instance(plan: InstancePlan) -> ReadInstance:
    """Read, check and resize one instance; what is wrong with it comes back as a problem, not an exception."""
    name = plan.row["instance_id"]
    try:
        stored = {panel: pictures.read_picture(path) for panel, path in plan.panels.items()}
        panels = _grid_panels(plan.grid) if plan.grid else stored
        size = panels["source"].size
        for panel, image in panels.items():
            if image.size == size[::-1] != size:
                raise DataError(f"The {panel} of {name} lies on its side against its source; turn it.")
        mask, origin = _private(plan, panels)
        return finished(plan.row, panels, mask, origin)
    except DataError as error:
        return ReadInstance(None, problem=Problem.of(error, name))


def read_instances(released: Released, processes: int = 2) -> Iterator[ReadInstance]:
    """Read all planned instances in order; problems found on the way join `released.problems`."""
    return released.noting(in_processes(read_instance, released.plans, processes))
