"""Pictures for the notebooks of the data: grids of scenes, strengths, instances and private regions, and counts."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from datasets import Dataset
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from skimage.segmentation import mark_boundaries

from sppe_lib.data import taxonomy
from sppe_lib.data.schema import SPLITS
from sppe_lib.data.sources.reading import PrivateMask, Reading, private_masks
from sppe_lib.data.sweep import sweep_columns
from sppe_lib.pictures import read_picture, resize_mask
from sppe_lib.world import scenes, surrogates
from sppe_lib.world.scene import render

PARTS = {
    "source": "I  source",
    "mask": "M  private",
    "surrogate": "S  surrogate",
    "edited_surrogate": "S'  edited surrogate",
    "edited_source": "I'  edited source",
}
"""Columns of an instance row, in the order in which the story is told, and what stands below each."""

FULL_IMAGE_PARTS = tuple(column for column in PARTS if column != "mask")  # where the mask covers everything
SECOND_EDIT = {"edited_again": "I edited again\nunder another seed"}  # the column of `schema.ORACLE_FEATURES`
OUTCOMES = {"edited_surrogate": "surrogate_outcome", "edited_source": "source_outcome"}
"""Where the simulated editor's account of an edited picture stands."""


def _show(axis: Axes, picture: object) -> None:
    pixels = np.asarray(picture)
    axis.imshow(pixels, cmap="gray" if pixels.ndim == 2 else None, vmin=0, vmax=255, interpolation="nearest")
    axis.set_xticks([])
    axis.set_yticks([])


def picture_grid(pictures: Sequence[tuple[str, object]], columns: int, cell: float = 1.25) -> Figure:
    """Titled pictures in a grid; `cell` is the width of one in inches. Grey pictures are shown grey."""
    rows = -(-len(pictures) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(columns * cell, rows * (cell + 0.22)), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, (title, picture) in zip(axes.flat, pictures):
        _show(axis, picture)
        axis.set_title(title, fontsize=7 if len(title) < 20 else 5.5)
    figure.tight_layout(pad=0.3)
    plt.close(figure)
    return figure


def category_grid(split: Dataset, column: str = "source") -> Figure:
    """One picture of each category that the split has, in published order."""
    first = {name: index for index, name in reversed(list(enumerate(list(split["category"]))))}
    present = [name for name in taxonomy.categories() if name in first]
    return picture_grid([(name, split[first[name]][column]) for name in present], columns=9)


def strength_grid(categories: Sequence[str], strengths: Sequence[float], size: int, seed: int = 0) -> Figure:
    """Sources of the simulated world and their surrogates at several protection strengths, one row each."""
    pictures = []
    for name in categories:
        scene = scenes.make_scene(name, seed)
        shown = [(f"strength {strength:g}", surrogates.make_surrogate(scene, strength, seed)) for strength in strengths]
        pictures += [(title, render(drawn, size)) for title, drawn in [(name, scene), *shown]]
    return picture_grid(pictures, columns=1 + len(strengths))


def instance_grid(
    split: Dataset, indices: Sequence[int], columns: Sequence[str] = tuple(PARTS), cell: float = 1.6
) -> Figure:
    """Instances as rows of pictures, some of PARTS and SECOND_EDIT; the instruction stands above each row's middle."""
    size = (len(columns) * cell, len(indices) * (cell + 0.45))
    figure, axes = plt.subplots(len(indices), len(columns), figsize=size, squeeze=False)
    for line, index in zip(axes, indices):
        row = split[int(index)]
        for axis, column in zip(line, columns):
            _show(axis, row[column])
            outcome = row.get(OUTCOMES.get(column), "")
            axis.set_xlabel((PARTS | SECOND_EDIT)[column] + (f"\n({outcome})" if outcome else ""), fontsize=7)
        line[len(columns) // 2].set_title(f"{row['category']}: {row['instruction']}", fontsize=8)
    figure.tight_layout(pad=0.4, h_pad=1.2)
    plt.close(figure)
    return figure


def examples(split: Dataset, source_outcome: str, surrogate_outcome: str, number: int) -> list[int]:
    """Rows of a split with these two outcomes, spread over the split; fewer if there are not as many."""
    pairs = zip(split["source_outcome"], split["surrogate_outcome"])
    found = [index for index, pair in enumerate(pairs) if pair == (source_outcome, surrogate_outcome)]
    return [found[position * len(found) // number] for position in range(number)] if len(found) > number else found


def tag_examples(split: Dataset, per_tag: int = 2) -> list[int]:
    """Rows that show each tag, from different categories where possible."""
    tags, names = list(split["tag"]), list(split["category"])
    chosen: list[int] = []
    seen: set[str] = set()
    for tag in taxonomy.TAGS:
        rows = [index for index, value in enumerate(tags) if value == tag]
        for _ in range(min(per_tag, len(rows))):
            fresh = [index for index in rows if names[index] not in seen] or rows
            # Somewhere in the middle, so that the tags do not all show the first categories.
            index = fresh[len(fresh) * (len(chosen) + 1) // 8 % len(fresh)]
            rows.remove(index)
            chosen.append(index)
            seen.add(names[index])
    return chosen


def counts_by_group(counts: pd.DataFrame) -> pd.DataFrame:
    """Instances by group and split, with totals, groups in published order."""
    given = {"index": "group", "columns": "split", "values": "instances", "aggfunc": "sum", "fill_value": 0}
    table = counts.pivot_table(**given, margins=True, margins_name="all")
    order = [name for name in (*taxonomy.GROUPS, "all") if name in table.index]
    return table.loc[order, [name for name in (*SPLITS, "all") if name in table.columns]]


def tag_bars(splits: dict[str, Dataset]) -> Figure:
    """How the instances of each split (name -> rows) are shared among the tags, in per cent."""
    shares = pd.DataFrame(
        {name: pd.Series(rows["tag"][:]).value_counts(normalize=True) for name, rows in splits.items()}
    )
    axis = (100 * shares).reindex(taxonomy.TAGS).plot.bar(figsize=(5, 2.2), rot=0, ylabel="instances, %")
    axis.legend(loc="lower center", ncols=len(splits))
    plt.close(axis.figure)
    return axis.figure


def private_share_histogram(shares: Sequence[float]) -> Figure:
    """How much of a picture is private, over all pairs (shares from 0 to 1)."""
    figure, axis = plt.subplots(figsize=(5, 2.2), layout="tight")
    axis.hist(np.asarray(list(shares)) * 100, bins=40, range=(0, 100), color="#4c72b0")
    axis.set(xlabel="private part of the picture, %", ylabel="pairs")
    plt.close(figure)
    return figure


def sweep_grid(sweep: Dataset, source: str, cell: float = 1.25) -> Figure:
    """One source of the sweep: I and I', then its surrogates along the strengths with S' below each."""
    rows = [sweep[int(index)] for index in np.flatnonzero(sweep_columns(sweep["pair_id"][:])["source"] == source)]
    above, below = [("I", rows[0]["source"])], [(f"I' ({rows[0]['source_outcome']})", rows[0]["edited_source"])]
    for row in rows:
        above.append((f"S {row['strength']:.1f}  ({row['pair_id'].rpartition('/')[2]})", row["surrogate"]))
        below.append((f"S' ({row['surrogate_outcome']})", row["edited_surrogate"]))
    figure = picture_grid(above + below, columns=1 + len(rows), cell=cell)
    figure.set_figheight(figure.get_figheight() + 0.3)
    figure.suptitle(f"{rows[0]['category']}: {rows[0]['instruction']}", fontsize=8)
    figure.tight_layout(pad=0.3)
    return figure


def region_grid(reading: Reading, number: int = 8, columns: int = 4) -> Figure | None:
    """The first masks of a reading, one per category its private region tinted red; None if there are none."""
    chosen = {}
    for record in private_masks(reading):
        chosen.setdefault(record.category, record)
        if len(chosen) == number:
            break
    tinted = [(category, _tinted(record)) for category, record in chosen.items()]
    return picture_grid(tinted, columns, cell=2.2) if tinted else None


def _tinted(record: PrivateMask) -> Image.Image:
    side = 256
    image = np.asarray(read_picture(record.image, side), dtype=float) / 255
    private = np.asarray(resize_mask(record.mask, side)) > 127
    image[private] = 0.6 * image[private] + 0.4 * np.array([1.0, 0.1, 0.1])
    return Image.fromarray((mark_boundaries(image, private, color=(1, 0, 0)) * 255).round().astype(np.uint8))
