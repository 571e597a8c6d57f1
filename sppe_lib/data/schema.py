"""One schema for every source of data: the instance (T, P, I, M, S, S', I') of the paper's benchmark.

A split is a Hugging Face dataset in Parquet shards under `results/<profile>/<set>/`.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from datasets import Dataset, Features, Image, Value

from sppe_lib.config import Profile
from sppe_lib.data import taxonomy
from sppe_lib.data.parquet import open_parquet
from sppe_lib.errors import ConfigError, DataError
from sppe_lib.pictures import check_mask

SPLITS = ("train", "val", "test")

EVALUATED = {
    "benchmark": ("benchmark", "test"),
    "validation": ("benchmark", "val"),
    "unseen": ("unseen", "test"),
    "sweep": ("sweep", "test"),
}
"""Data that methods recover and are measured on: name -> (folder under `results/<profile>/`, split)."""

UNSEEN = "SPPE-mini unseen (simulated)"
INSTRUCTPIX2PIX = "InstructPix2Pix"
FULL_IMAGE_DATASETS = (UNSEEN, INSTRUCTPIX2PIX)
"""Data sets whose surrogates replace the whole picture (Table 7): only there may a mask be full."""

IMAGE_COLUMNS = ("source", "mask", "surrogate", "edited_surrogate", "edited_source")

FEATURES = Features(
    {
        "instance_id": Value("string"),  # unique, stable: <dataset>/<pair>/<instruction code>
        "pair_id": Value("string"),  # one source-surrogate pair; its instances share I, M and S
        "dataset": Value("string"),  # where it comes from: "SPPE-mini (simulated)", "VISPR", ...
        "split": Value("string"),
        "category": Value("string"),  # T, one of 36 (for full images: the kind of scene)
        "group": Value("string"),
        "modality": Value("string"),
        "instruction_code": Value("string"),
        "instruction": Value("string"),  # P
        "tag": Value("string"),  # ADD/REMOVE, EDIT or STYLE
        "strength": Value("float32"),  # protection strength of S; 0.5 in the benchmark, null where S is another scene
        "source": Image(),  # I, RGB
        "mask": Image(),  # M, grey, 255 = private
        "surrogate": Image(),  # S, RGB
        "edited_surrogate": Image(),  # S', RGB
        "edited_source": Image(),  # I', RGB, the reference
        "source_outcome": Value("string"),  # the simulated editor's own account; "" for real data
        "surrogate_outcome": Value("string"),
        "released_label": Value("float32"),  # the release's cosine in [-1, 1]; null where none
    }
)

ORACLE_FEATURES = Features({"instance_id": Value("string"), "edited_again": Image()})
"""A second edit of the source by the simulated editor, under another seed (val and test of the vector world only)."""


@dataclass(frozen=True)
class Batch:
    """B instances: images float32 [B, 3, H, W] in [0, 1], `mask` float32 [B, 1, H, W] in {0, 1}, 1 = private."""

    instance_id: list[str]
    pair_id: list[str]
    category: list[str]
    group: list[str]
    modality: list[str]
    instruction: list[str]
    tag: list[str]
    source: torch.Tensor
    mask: torch.Tensor
    surrogate: torch.Tensor
    edited_surrogate: torch.Tensor
    edited_source: torch.Tensor

    def __len__(self) -> int:
        return len(self.instance_id)


def text_columns(
    pair_id: str,
    dataset: str,
    split: str,
    category: str,
    code: str,
    strength: float | None,
    own: tuple[str, str] | None = None,
    released_label: float | None = None,
) -> dict:
    """Everything in a row of FEATURES but its images, by the published lists; ConfigError for an unknown name or code.

    `own`, an instruction and its tag, is for instances that are private as a whole: of any category and code, group
    and modality "Unseen". `strength` is None where S is another scene altogether.
    """
    kind = ("Unseen", "Unseen") if own else (taxonomy.category(category).group, taxonomy.category(category).modality)
    text, tag = own or (taxonomy.instruction(code).text, taxonomy.instruction(code).tag)
    names = [name for name in FEATURES if name not in IMAGE_COLUMNS]
    identity = f"{pair_id}/{code}", pair_id, dataset, split, category
    return dict(zip(names, (*identity, *kind, code, text, tag, strength, "", "", released_label), strict=True))


def image_tensor(image) -> torch.Tensor:
    """A PIL image as float32 [3, H, W] in [0, 1]; transparency and grey become RGB."""
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1).float() / 255


def mask_tensor(image) -> torch.Tensor:
    """A PIL mask as float32 [1, H, W] in {0, 1}; any value above half counts as private."""
    return (torch.from_numpy(np.array(image.convert("L"))) > 127).float()[None]


def to_uint8(images: torch.Tensor) -> np.ndarray:
    """Float images [B, 3, H, W] in [0, 1] as uint8 [B, H, W, 3], rounded and clipped."""
    return (images.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()


def check_instance(row: dict) -> None:
    """Raise DataError if an instance's images differ in size or its mask is empty or (but for whole images) full."""
    name, size = row["instance_id"], row["source"].size
    for column in IMAGE_COLUMNS:
        if row[column].size != size:
            sizes = "{}x{} pixels but the source is {}x{}".format(*row[column].size, *size)
            raise DataError(f"{name}: {column} is {sizes}; resize or replace it.")
    private = np.asarray(row["mask"].convert("L")) > 127
    check_mask(private, f"of {name}", may_be_full=row["dataset"] in FULL_IMAGE_DATASETS)


def split_files(folder: Path, split: str) -> list[Path]:
    """The Parquet shards of a split, in order; none where the folder is not there. Its name is no pattern."""
    folder = Path(folder)
    found = os.listdir(folder) if folder.is_dir() else []
    return sorted(folder / name for name in found if re.fullmatch(rf"{split}-\d{{5,}}-of-\d{{5,}}\.parquet", name))


def open_split(folder: Path, split: str) -> Dataset:
    """Open a split (memory-mapped). Raises ConfigError for unknown splits, DataError where none is stored."""
    if split not in SPLITS:
        raise ConfigError(f"Unknown split {split!r}: use one of {', '.join(SPLITS)}.")
    shards = split_files(folder, split)
    if not shards:
        raise DataError(
            f"No {split} shards in {Path(folder).name!r}: run the stage that builds it (01_benchmark or 01b_more_sets) "
            f"first."
        )
    return open_parquet(shards, FEATURES)


def oracle_file(folder: Path, split: str) -> Path:
    """Where the second edits of a split of a built benchmark are, with the columns of ORACLE_FEATURES."""
    return Path(folder) / "oracle" / f"{split}.parquet"


def open_oracle(folder: Path, split: str) -> Dataset:
    """The second edits of a split, row by row as `open_split` has its instances; DataError where there are none."""
    path = oracle_file(folder, split)
    if not path.is_file():
        raise DataError(
            f"{Path(folder).name!r} has no second edits of the split {split}: run 01_benchmark with benchmark.source "
            f"vector-world, which makes them for val and test."
        )
    return open_parquet(path, ORACLE_FEATURES)


def open_evaluated(profile: Profile, data: str) -> Dataset:
    """Open one of EVALUATED of a profile; of `validation` the first `ablation.pairs` pairs (all if 0).

    Raises ConfigError for an unknown name, DataError if it is not built.
    """
    if data not in EVALUATED:
        raise ConfigError(f"Unknown data {data!r}: use one of {', '.join(EVALUATED)}.")
    folder, split = EVALUATED[data]
    dataset = open_split(profile.results / folder, split)
    if data != "validation" or not profile.ablation.pairs:
        return dataset
    chosen = set(list(first_rows(dataset))[: profile.ablation.pairs])
    return dataset.select([row for row, pair in enumerate(dataset["pair_id"][:]) if pair in chosen])


def first_rows(dataset: Dataset) -> dict[str, int]:
    """For every pair of a split, its id and the first of its rows, in the order of the split."""
    pairs = pd.Series(dataset["pair_id"][:], dtype=str).drop_duplicates()
    return dict(zip(pairs, pairs.index.tolist()))


def collate(rows: Sequence[dict]) -> Batch:
    """Turn dataset rows into a Batch."""
    columns: dict = {field.name: [row[field.name] for row in rows] for field in fields(Batch)}
    for name in IMAGE_COLUMNS:
        columns[name] = torch.stack([(mask_tensor if name == "mask" else image_tensor)(one) for one in columns[name]])
    return Batch(**columns)


def iterate(dataset: Dataset, batch: int, rows: Sequence[int] | None = None) -> Iterator[Batch]:
    """Batches of a split in order; `rows` selects row numbers."""
    order = list(range(len(dataset))) if rows is None else list(rows)
    for start in range(0, len(order), batch):
        yield collate([dataset[index] for index in order[start : start + batch]])
