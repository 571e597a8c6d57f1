"""The published SPPE release, or any tree in its layout, as instances of the kit's own schema."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from sppe_lib.data import taxonomy
from sppe_lib.data.images import check_mask, mask_image, png, read_image, read_mask, resize_mask, square
from sppe_lib.data.problems import Problem, problem_table, require_no_problems
from sppe_lib.data.processes import in_processes
from sppe_lib.data.released_layout import Key, Layout, category_of, scan
from sppe_lib.data.schema import text_columns
from sppe_lib.errors import DataError
from sppe_lib.runtime import seed_of

DIFFERENCE_THRESHOLD = 24
"""Where no mask is stored, a pixel is private if a channel of I and S differs by more (of 255).

JPEG alone moves channels by about 10; content replaced by inpainting by much more.
"""

SPLIT_FOLDERS = {"train": "TRAIN", "val": "VAL", "test": "TEST"}


@dataclass(frozen=True)
class InstancePlan:
    """One instance: the absolute paths of its files and its row's text columns.

    `panels` holds source, surrogate, edited_source, edited_surrogate; or, if the instance exists only as a
    four-panel grid, `grid` does. `mask` is None where none is stored.
    """

    row: dict
    size: int
    panels: dict[str, Path]
    grid: Path | None
    mask: Path | None


@dataclass(frozen=True)
class ReadInstance:
    """A finished row, or the reason why there is none.

    `private_share` is the share of private pixels (0 to 1); `mask_origin` is "file" or "difference".
    """

    row: dict | None
    private_share: float = 0.0
    mask_origin: str = ""
    problem: Problem | None = None


@dataclass
class Released:
    """What a tree in the released layout holds: plans in a fixed order, and everything that is wrong."""

    plans: list[InstancePlan]
    problems: list[Problem]

    def report(self) -> pd.DataFrame:
        """All problems: columns problem, file, remedy."""
        return problem_table(self.problems)

    def require_none(self) -> None:
        """Raise DataError with counts and examples if there are problems."""
        require_no_problems(self.problems, "the released data")


def find_instances(
    root: str | Path, size: int, strength: float, pairs: dict[str, int] | None = None, seed: int = 0
) -> Released:
    """Pair up the files below `root` (nothing is decoded yet).

    `pairs`: how many pairs to keep of each split, chosen by the seed; 0 or absent keeps all. `strength` is
    noted in the rows; the release does not store it. Files without their partners, unknown categories,
    unknown instruction codes, and instances without a label where their split and category has some become
    problems. Raises DataError if no instance is complete.
    """
    layout = scan(root)
    problems = list(layout.problems)
    plans = list(_plans(layout, size, strength, problems))
    if not plans:
        Released(plans, problems).require_none()
        raise DataError(f"The data folder {layout.root.name!r} holds no complete instance; download it again.")
    labelled = {(plan.row["_folder"], plan.row["_stem"], plan.row["instruction_code"]) for plan in plans}
    for folder, stem, code in sorted(set(layout.labels) - labelled):
        problems.append(
            Problem("label without pictures", f"{folder}/{stem}_{code}", "download the pictures or remove the label")
        )
    problems += _unused_masks(layout) + _unlabelled(plans)
    return Released(_limit(plans, pairs or {}, seed), problems)


def _unused_masks(layout: Layout) -> list[Problem]:
    pictured = {(key.folder, key.stem, code) for _, key, code in layout.edited}
    pictured |= {(key.folder, key.stem, code) for key, code in layout.grids}
    return [
        Problem("mask without pictures", str(path), "restore the pictures or remove the mask")
        for key, path in layout.masks.items()
        if key not in pictured
    ]


def _unlabelled(plans: list[InstancePlan]) -> list[Problem]:
    labelled = {(plan.row["split"], plan.row["_folder"]) for plan in plans if plan.row["released_label"] is not None}
    return [
        Problem("instance without label", plan.row["instance_id"], "complete the label file")
        for plan in plans
        if plan.row["released_label"] is None and (plan.row["split"], plan.row["_folder"]) in labelled
    ]


def compare_with_published(plans: list[InstancePlan]) -> pd.DataFrame:
    """Complete pairs found against Table 2, category by category, and the sum in a last row "all".

    Columns modality, group, category, published_pairs, found_pairs, missing (at least 0). Pass the plans of a
    tree that was read without a limit on pairs.
    """
    found = Counter(category for _, category in {(plan.row["pair_id"], plan.row["category"]) for plan in plans})
    table = pd.DataFrame(
        [
            {
                "modality": category.modality,
                "group": category.group,
                "category": category.name,
                "published_pairs": category.published_pairs,
                "found_pairs": found[category.name],
                "missing": max(category.published_pairs - found[category.name], 0),
            }
            for category in taxonomy.categories().values()
        ]
    )
    sums = table[["published_pairs", "found_pairs", "missing"]].sum()
    table.loc[len(table)] = {"modality": "", "group": "", "category": "all", **sums}
    return table


def choose_pairs(present: Iterable[str], number: int, seed: int) -> list[str]:
    """`number` of the ids of pairs, chosen by the seed and the id alone; all of them for 0 or where there are fewer."""
    ordered = sorted(present)
    if 0 < number < len(ordered):
        return sorted(ordered, key=lambda pair: seed_of("released subset", seed, pair))[:number]
    return ordered


def _limit(plans: list[InstancePlan], pairs: dict[str, int], seed: int) -> list[InstancePlan]:
    kept = set()
    for split in SPLIT_FOLDERS:
        present = {plan.row["pair_id"] for plan in plans if plan.row["split"] == split}
        kept.update(choose_pairs(present, pairs.get(split, 0), seed))
    return [plan for plan in plans if plan.row["pair_id"] in kept]


def _original(layout: Layout, role: str, key: Key) -> Path | None:
    # A tree without split folders (DIPA) serves every split.
    return layout.originals.get((role, key)) or layout.originals.get((role, Key("", key.folder, key.stem)))


def _plans(layout: Layout, size: int, strength: float, problems: list[Problem]) -> Iterator[InstancePlan]:
    found = {(key, code) for _, key, code in layout.edited} | set(layout.grids)
    unmapped, used = set(), set()
    for key, code in sorted(found, key=lambda item: (item[0].split, item[0].folder, item[0].stem, item[1])):
        name = f"{key.folder}/{key.stem}_{code}"
        category = category_of(key.folder)
        if category is None:
            unmapped.add(key.folder)
            continue
        if code not in taxonomy.instructions():
            problems.append(Problem("unknown instruction code", name, "use a code from 001 to 065"))
            continue
        if not key.split:
            problems.append(Problem("no split", name, "put its EDITED folder below TRAIN, VAL or TEST"))
            continue
        panels, missing = {}, []
        for role in ("source", "surrogate"):
            panels[role] = _original(layout, role, key)
            panels[f"edited_{role}"] = layout.edited.get((role, key, code))
            folder = f"{SPLIT_FOLDERS[key.split]}/{role}/{key.folder}"
            if panels[role] is None:
                missing.append(f"ORIGINAL/{folder}/{key.stem}.jpg")
            if panels[f"edited_{role}"] is None:
                missing.append(f"EDITED/{folder}/{key.stem}_{code}.jpg")
        used.update((role, key.folder, key.stem) for role in ("source", "surrogate"))
        grid = layout.grids.get((key, code)) if missing else None
        if missing and grid is None:
            for path in missing:
                problems.append(Problem("instance without its pair", path, "restore it from the release"))
            continue
        if (key, code) in layout.grids:
            _check_caption(layout, layout.grids[key, code], code, problems)
        mask = layout.masks.get((key.folder, key.stem, code))
        yield InstancePlan(
            row=_row(layout, key, code, category, strength),
            size=size,
            panels={} if grid else {panel: layout.root / path for panel, path in panels.items()},
            grid=layout.root / grid if grid else None,
            mask=layout.root / mask if mask else None,
        )
    for folder in sorted(unmapped):
        problems.append(Problem("unmapped category folder", folder, "give it the name of one of the 36 categories"))
    for role, key in layout.originals:
        if (role, key.folder, key.stem) not in used and key.folder not in unmapped:
            path = layout.originals[role, key]
            problems.append(Problem("original without edited pictures", str(path), "restore the edited pictures"))


def _check_caption(layout: Layout, grid: Path, code: str, problems: list[Problem]) -> None:
    # Beside a grid stands `instruction [SPLIT] category`; its code is in its name, so the two can disagree.
    caption = layout.root / grid.with_suffix(".txt")
    if not caption.is_file():
        problems.append(Problem("grid without caption", str(grid), "restore its .txt from the release"))
    else:
        text = caption.read_text(encoding="utf-8", errors="replace").partition("[SPLIT]")[0].strip()
        if text.lower() != taxonomy.instruction(code).text.lower():
            name = str(grid.with_suffix(".txt"))
            problems.append(Problem("caption is not its code's instruction", name, "correct the caption or the code"))


def _row(layout: Layout, key: Key, code: str, category_name: str, strength: float) -> dict:
    label = layout.labels.get((key.folder, key.stem, code))
    dataset = layout.trees.get((key.folder, key.stem), "SPPE release")
    pair = f"released/{key.split}/{key.folder}/{key.stem}"
    columns = text_columns(pair, dataset, key.split, category_name, code, strength, label)
    return columns | {"_folder": key.folder, "_stem": key.stem}


def _grid_panels(path: Path) -> dict[str, Image.Image]:
    """The four panels of a stored grid: S and S' above, I and I' below (SPEC §4)."""
    grid = read_image(path)
    width, height = grid.size[0] // 2, grid.size[1] // 2
    corners = {
        "surrogate": (0, 0),
        "edited_surrogate": (width, 0),
        "source": (0, height),
        "edited_source": (width, height),
    }
    return {panel: grid.crop((x, y, x + width, y + height)) for panel, (x, y) in corners.items()}


def _private(plan: InstancePlan, panels: dict[str, Image.Image]) -> tuple[Image.Image, str]:
    """The mask at the instance's size and where it comes from.

    The release also stores, under the same name, masks of the whole four-panel grid: black but for the
    lower right quarter. If all of that quarter is white it says where to paint, not what is private, and
    the mask is derived as if none were stored.
    """
    original = panels["source"].size
    if plan.mask is not None:
        grid = read_image(plan.mask).convert("L")
        if grid.size == (2 * original[0], 2 * original[1]) or (grid.size != original and grid.size == (1024, 1024)):
            white = np.asarray(grid) > 127
            half = (white.shape[0] // 2, white.shape[1] // 2)
            elsewhere = white.copy()
            elsewhere[half[0] :, half[1] :] = False
            quarter = white[half[0] :, half[1] :]
            if quarter.any() and not elsewhere.any():
                if not quarter.all():
                    return resize_mask(mask_image(quarter), plan.size), "file"
                return _difference(plan, panels), "difference"
        return resize_mask(read_mask(plan.mask, original), plan.size), "file"
    return _difference(plan, panels), "difference"


def _difference(plan: InstancePlan, panels: dict[str, Image.Image]) -> Image.Image:
    source, surrogate = (
        np.asarray(square(panels[panel], plan.size), dtype=np.int16) for panel in ("source", "surrogate")
    )
    private = np.abs(source - surrogate).max(axis=-1) > DIFFERENCE_THRESHOLD
    check_mask(private, f"derived from source and surrogate of {plan.row['instance_id']}")
    return mask_image(private)


def read_instance(plan: InstancePlan) -> ReadInstance:
    """Read, check and resize one instance; what is wrong with it comes back as a problem, not an exception."""
    row = {name: value for name, value in plan.row.items() if not name.startswith("_")}
    try:
        if plan.grid:
            panels = _grid_panels(plan.grid)
        else:
            panels = {name: read_image(path) for name, path in plan.panels.items()}
        mask, origin = _private(plan, panels)
        # Thin regions can vanish, and thin frames close, when a mask is made smaller.
        private = np.asarray(mask) > 127
        check_mask(private, f"of {row['instance_id']} at {plan.size} pixels")
    except DataError as error:
        what, _, remedy = str(error).rstrip(".").rpartition("; ")
        return ReadInstance(None, problem=Problem(what, row["instance_id"], remedy))
    row |= {panel: png(square(image, plan.size)) for panel, image in panels.items()}
    row["mask"] = png(mask)
    return ReadInstance(row, float(private.mean()), origin)


def read_instances(released: Released, processes: int = 2) -> Iterator[ReadInstance]:
    """Read all planned instances in order; problems found on the way join `released.problems`."""
    for instance in in_processes(read_instance, released.plans, processes):
        if instance.problem is not None:
            released.problems.append(instance.problem)
        yield instance
