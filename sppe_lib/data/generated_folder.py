"""Folders that `generate` filled, read back as data: found, checked to be finished, and their rows in any size.

`benchmark.source` names one, or a folder that holds one for each data set; `benchmark.unseen_source` names one of
full-image pairs, which takes the place of the vector world's stand-in. Rows are streamed, not copied into a cache.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow.parquet as pq
from pydantic import BaseModel, FiniteFloat, ValidationError

from sppe_lib.config import Profile, repository
from sppe_lib.data.parquet import parquet_file, read_rows
from sppe_lib.data.problems import Found, Problem, read_json
from sppe_lib.data.processes import in_processes
from sppe_lib.data.released import ReadInstance, choose_pairs, finished
from sppe_lib.data.schema import FEATURES, FULL_IMAGE_DATASETS, IMAGE_COLUMNS, SPLITS, check_instance, split_files
from sppe_lib.data.store import IDENTITY
from sppe_lib.errors import ConfigError, DataError
from sppe_lib.pictures import read_picture, resize_mask

COMMAND = "accelerate launch -m sppe_lib.data.generate"


class MadeOf(BaseModel, strict=True):
    """What a generation.json must say, beside the other values of `generation`."""

    shards: int
    strength: FiniteFloat
    surrogate_steps: int
    surrogate_guidance: FiniteFloat
    batch: int
    editor: str
    editor_steps: int
    editor_guidance: FiniteFloat
    models: dict[Literal["surrogate", "editor"], dict[Literal["model", "revision", "commit"], str]]


@dataclass(frozen=True)
class GeneratedFolder:
    """A finished folder, and what its generation.json says of it."""

    path: Path
    made_of: dict

    def rows(self, split: str, columns: Sequence[str] = tuple(FEATURES)) -> Iterator[dict]:
        """The rows of a split, pictures still encoded, or some of their columns."""
        for path in split_files(self.path, split):
            _head(path)
            yield from read_rows(path, columns)

    def column(self, split: str, name: str) -> list:
        """A text column of a split; pictures are not read."""
        return [row[name] for row in self.rows(split, [name])]

    def count(self, split: str) -> int:
        """How many instances a split has, by the heads of its shards."""
        return sum(_head(path).num_rows for path in split_files(self.path, split))


def _head(path: Path) -> pq.FileMetaData:
    opened = parquet_file(path)
    missing = [name for name in FEATURES if name not in opened.schema_arrow.names]
    if missing:
        name = f"{path.parent.name}/{path.name}"
        raise DataError(f"The shard {name} has no column {missing[0]}; delete it and generate it again.")
    return opened.metadata


def read_folder(path: Path, name: str, make: str) -> GeneratedFolder:
    """A folder that `generate` filled, whose shards are not opened yet; DataError where it is not finished.

    `name` says which folder it is, `make` which command finishes it.
    """
    if not (path / IDENTITY).is_file():
        raise DataError(f"{name} has no {IDENTITY}, which says what made it; copy that file as well.")
    made_of = read_json(path / IDENTITY, f"The file {path.name}/{IDENTITY}")
    try:
        MadeOf.model_validate(made_of)
    except ValidationError:
        raise DataError(f"{name} has a {IDENTITY} that does not say what made it; generate the folder anew.") from None
    found = sum(len(split_files(path, split)) for split in SPLITS)
    if found < made_of["shards"]:
        raise DataError(f"{name} has {found} of {made_of['shards']} shards; finish it with {make}.")
    return GeneratedFolder(path, made_of)


def generated_folders(root: Path) -> list[Path]:
    """`root` if `generate` began it, else its sub-folders that it began; none where `root` is another thing."""

    def begun(folder: Path) -> bool:
        return (folder / IDENTITY).is_file() or any(folder.glob("*-of-*.parquet"))

    if not os.path.isdir(root):
        return []
    return [root] if begun(root) else [path for path in sorted(root.iterdir()) if path.is_dir() and begun(path)]


@dataclass
class Generated(Found):
    """What the folders of `benchmark.source` hold together; `problems` fills while instances are read."""

    folders: list[GeneratedFolder]
    datasets: list[str]
    instances: dict[str, Counter]  # how many each split and pair has
    pairs: set[str]  # those that the profile takes

    @property
    def total(self) -> int:
        """How many instances the pairs have that the profile takes."""
        return sum(number for split in self.instances.values() for pair, number in split.items() if pair in self.pairs)

    def read(self, size: int, processes: int = 2) -> Iterator[ReadInstance]:
        """The instances of these pairs, folder by folder; what is wrong with some joins `problems`."""
        stored = (row for folder in self.folders for split in self.instances for row in folder.rows(split))
        chosen = (row for row in stored if row["pair_id"] in self.pairs)
        return self.noting(in_processes(partial(read_instance, size=size), chosen, processes))


def find_generated(profile: Profile) -> Generated | None:
    """The folder or folders of `benchmark.source`, joined in the order of their names; None if `generate` made none.

    Only text is read. Of every split the profile's number of pairs is taken, chosen by `benchmark.seed` (0: all).
    Raises DataError for what is not finished, private as a whole, repeated or without a split, and ConfigError for
    another protection strength than the profile's.
    """
    parameters = profile.benchmark
    root, folders, datasets, owners = repository() / parameters.source, [], {}, {}
    instances = {split: Counter() for split in SPLITS}
    for path in generated_folders(root):
        # As the user wrote it, and below that only the name.
        shown = parameters.source if path == root else f"{parameters.source}/{path.name}"
        name = f"The folder {shown!r} of benchmark.source"
        folder = read_folder(path, name, f"{COMMAND} <its records> {shown} --profile {profile.name}")
        strength = folder.made_of["strength"]
        if strength != parameters.strength:
            raise ConfigError(
                f"{name} was generated at protection strength {strength:g}, and benchmark.strength is "
                f"{parameters.strength:g}: set it to the former, or generate a new folder."
            )
        folders.append(folder)
        for split in SPLITS:
            datasets |= dict.fromkeys(folder.column(split, "dataset"))
            instances[split] += (counted := Counter(folder.column(split, "pair_id")))
            for pair in counted:
                if owners.setdefault(pair, (path.name, split)) != (path.name, split):
                    raise DataError(f"{name} holds the pair {pair}, which {owners[pair][0]} has as well; remove one.")
    if not folders:
        return None
    name = f"The folder {parameters.source!r} of benchmark.source"
    if whole := [dataset for dataset in datasets if dataset in FULL_IMAGE_DATASETS]:
        raise DataError(
            f"{name} holds pairs of {whole[0]}, whose surrogates are full images; name it as benchmark.unseen_source, "
            f"and give benchmark.source a folder without them."
        )
    if empty := [split for split in SPLITS if not instances[split]]:
        raise DataError(
            f"{name} has no pairs of the split {empty[0]}; generate a folder from records of that split and put both "
            f"into one folder that benchmark.source names."
        )
    pairs = choose_pairs(instances, parameters.pairs, parameters.seed)
    return Generated("the generated data", folders, list(datasets), instances, pairs)


def find_unseen(profile: Profile) -> GeneratedFolder:
    """The folder that `benchmark.unseen_source` names, with shards of the split `test`; none is opened.

    Raises ConfigError, with the commands that make it, where the folder is not there; DataError where it has no such
    shard or not all of them.
    """
    name, records = profile.benchmark.unseen_source, "data/InstructPix2Pix-records"
    list_records = f"python -m sppe_lib.data.sources.records InstructPix2Pix data/InstructPix2Pix {records}"
    make = f"{list_records}, then {COMMAND} {records}/records.jsonl {name} --profile {profile.name}"
    if not os.path.isdir(repository() / name):
        raise ConfigError(
            f"The set 'unseen' is not built: benchmark.unseen_source names {name!r}, which does not exist; make it "
            f'with {make}; or set it to "" to do without.'
        )
    shown = f"The folder {name!r} of benchmark.unseen_source"
    folder = read_folder(repository() / name, shown, make)
    if not split_files(folder.path, "test"):
        raise DataError(f"{shown} has no test shards; make them with {make}.")
    return folder


def read_instance(row: dict, size: int) -> ReadInstance:
    """A row with pictures of `size` pixels, unchanged where it has that size, or what is wrong with it as a problem."""
    try:
        images = {}
        for name in IMAGE_COLUMNS:
            stored = row[name]["bytes"] if isinstance(row[name], dict) else None
            images[name] = read_picture(stored or b"", name=f"{name} of {row['instance_id']}")
        check_instance(row | images)
        mask = resize_mask(images.pop("mask"), size)
        if images["source"].size == (size, size):
            return ReadInstance(row, float((np.asarray(mask) > 127).mean()), "file")
        return finished(row, images, mask, "file")
    except DataError as error:
        return ReadInstance(None, problem=Problem.of(error, row["instance_id"]))
