"""Folders that `generate` filled, read back as data: found, checked to be finished, and their rows in any size.

`benchmark.source` names one, or a folder that holds one for each data set; `benchmark.unseen_source` names one of
full-image pairs (`unseen_folder`). Rows are streamed: a paper-sized set is not copied into a cache first.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, FiniteFloat, ValidationError

from sppe_lib.config import Profile, repository
from sppe_lib.data.parquet import ROWS, parquet_file, unreadable
from sppe_lib.data.problems import Problem, problem_table, read_json, require_no_problems
from sppe_lib.data.processes import in_processes
from sppe_lib.data.released import ReadInstance, choose_pairs
from sppe_lib.data.schema import FEATURES, FULL_IMAGE_DATASETS, IMAGE_COLUMNS, SPLITS, check_instance, split_files
from sppe_lib.data.store import IDENTITY
from sppe_lib.errors import ConfigError, DataError
from sppe_lib.pictures import check_mask, png, read_picture, resize_mask, square


class MadeOf(BaseModel):
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


COMMAND = "accelerate launch -m sppe_lib.data.generate"


@dataclass(frozen=True)
class GeneratedFolder:
    """A finished folder, and what its generation.json says of it."""

    path: Path
    made_of: dict

    def files(self, split: str) -> list[Path]:
        """The shards of a split, in order; none where no record has that split."""
        return split_files(self.path, split)

    def column(self, split: str, name: str) -> list:
        """A text column of a split; pictures are not read."""
        return [row[name] for path in self.files(split) for row in _rows(path, [name])]

    def count(self, split: str) -> int:
        """How many instances a split has, by the heads of its shards."""
        return sum(_open(path).metadata.num_rows for path in self.files(split))

    def rows(self, split: str) -> Iterator[dict]:
        """The rows of a split, pictures still encoded."""
        for path in self.files(split):
            yield from _rows(path, list(FEATURES))


def _open(path: Path) -> pq.ParquetFile:
    opened = parquet_file(path)
    missing = [name for name in FEATURES if name not in opened.schema_arrow.names]
    if missing:
        raise DataError(
            f"The shard {path.parent.name}/{path.name} has no column {missing[0]}; delete it and generate it again."
        )
    return opened


def _rows(path: Path, columns: list[str]) -> Iterator[dict]:
    try:
        for batch in _open(path).iter_batches(ROWS, columns=columns):
            yield from batch.to_pylist()
    except (OSError, ValueError, pa.ArrowException) as error:
        raise unreadable(path, error) from None


def read_folder(path: Path, name: str, make: str) -> GeneratedFolder:
    """A folder that `generate` filled; no shard is opened.

    `name` says which folder, `make` which command finishes it. Raises DataError where it is not finished or lacks its
    generation.json.
    """
    identity = path / IDENTITY
    if not identity.is_file():
        raise DataError(f"{name} has no {IDENTITY}, which says what made it; copy that file as well.")
    made_of = read_json(identity, f"The file {path.name}/{IDENTITY}")
    try:
        MadeOf.model_validate(made_of, strict=True)
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
class Generated:
    """What the folders of `benchmark.source` hold together.

    `instances` counts those of each split and pair; `pairs` are those that the profile takes. `problems` fills while
    instances are read.
    """

    folders: list[GeneratedFolder]
    datasets: list[str]
    instances: dict[str, Counter]
    pairs: set[str]
    problems: list[Problem] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many instances the pairs have that the profile takes."""
        return sum(number for split in self.instances.values() for pair, number in split.items() if pair in self.pairs)

    def report(self) -> pd.DataFrame:
        """All problems: columns problem, file, remedy."""
        return problem_table(self.problems)

    def require_none(self) -> None:
        """Raise DataError with counts and examples if there are problems."""
        require_no_problems(self.problems, "the generated data")


def find_generated(profile: Profile) -> Generated | None:
    """The folder or folders of `benchmark.source`, joined in the order of their names; None if `generate` made none.

    Only text is read. Of every split the profile's number of pairs is taken, chosen by `benchmark.seed` (0: all).
    Raises DataError for what is not finished, not private in part only, repeated or without a split, and ConfigError
    for another protection strength than the profile's.
    """
    parameters = profile.benchmark
    folders, datasets, owners = [], {}, {}
    instances = {split: Counter() for split in SPLITS}
    for path in generated_folders(repository() / parameters.source):
        # As the user wrote it, and below that only the name.
        shown = parameters.source if path == repository() / parameters.source else f"{parameters.source}/{path.name}"
        name = f"The folder {shown!r} of benchmark.source"
        folder = read_folder(path, name, f"{COMMAND} <its records> {shown} --profile {profile.name}")
        if folder.made_of["strength"] != parameters.strength:
            raise ConfigError(
                f"{name} was generated at protection strength {folder.made_of['strength']:g}, and benchmark.strength "
                f"is {parameters.strength:g}: set it to the former, or generate a new folder."
            )
        folders.append(folder)
        for split in SPLITS:
            datasets |= dict.fromkeys(folder.column(split, "dataset"))
            counted = Counter(folder.column(split, "pair_id"))
            for pair in counted:
                if pair in owners:
                    raise DataError(f"{name} holds the pair {pair}, which {owners[pair]} has as well; remove one.")
                owners[pair] = path.name
            instances[split] += counted
    if not folders:
        return None
    name = f"The folder {parameters.source!r} of benchmark.source"
    whole = [dataset for dataset in datasets if dataset in FULL_IMAGE_DATASETS]
    if whole:
        raise DataError(
            f"{name} holds pairs of {whole[0]}, whose surrogates are full images; name it as benchmark.unseen_source, "
            f"and give benchmark.source a folder without them."
        )
    empty = [split for split in SPLITS if not instances[split]]
    if empty:
        raise DataError(
            f"{name} has no pairs of the split {empty[0]}; generate a folder from records of that split and put both "
            f"into one folder that benchmark.source names."
        )
    chosen = [choose_pairs(instances[split], parameters.pairs[split], parameters.seed) for split in SPLITS]
    return Generated(folders, list(datasets), instances, {pair for part in chosen for pair in part})


def sized(row: dict, size: int) -> tuple[dict, float]:
    """A row with pictures of `size` pixels, and the share of it that is private; unchanged where it has that size.

    Raises DataError for pictures that cannot be read, and for a mask that is empty or, in a data set of regions, full.
    """
    images = {}
    for name in IMAGE_COLUMNS:
        stored = row[name]["bytes"] if isinstance(row[name], dict) else None
        images[name] = read_picture(stored or b"", name=f"{name} of {row['instance_id']}")
    check_instance(row | images)
    mask = resize_mask(images["mask"], size)
    private = np.asarray(mask) > 127
    if images["source"].size != (size, size):
        # A thin frame can close when a mask is made smaller.
        may_be_full = row["dataset"] in FULL_IMAGE_DATASETS
        check_mask(private, f"of {row['instance_id']} at {size} pixels", may_be_full)
        pictures = {name: png(square(image, size)) for name, image in images.items() if name != "mask"}
        row = row | pictures | {"mask": png(mask)}
    return row, float(private.mean())


def _read(row: dict, size: int) -> ReadInstance:
    try:
        row, share = sized(row, size)
    except DataError as error:
        what, _, remedy = str(error).rstrip(".").rpartition("; ")
        return ReadInstance(None, problem=Problem(what, row["instance_id"], remedy))
    return ReadInstance(row, share, "file")


def read_instances(found: Generated, size: int, processes: int = 2) -> Iterator[ReadInstance]:
    """Read the instances of the chosen pairs, folder by folder; what is wrong with some joins `found.problems`."""
    rows: Iterable[dict] = (
        row
        for folder in found.folders
        for split in SPLITS
        for row in folder.rows(split)
        if row["pair_id"] in found.pairs
    )
    for instance in in_processes(partial(_read, size=size), rows, processes):
        if instance.problem is not None:
            found.problems.append(instance.problem)
        yield instance
