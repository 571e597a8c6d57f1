"""Recovery in shards: several processes share the work, and a run that was stopped goes on where it was.

A shard is a fixed part of the instances, written whole or not at all, whatever the number of processes. Its folder
carries a digest of all that decides the pictures, so that other data, weights or parameters have other shards.
"""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
from datasets import Dataset, Features, Image, Value
from PIL import Image as PillowImage

from sppe_lib.data.schema import iterate, to_uint8
from sppe_lib.diffusion.processes import process
from sppe_lib.recovery.method import Recover
from sppe_lib.runtime import atomic_path, progress

RECOVERED_FEATURES = Features({"instance_id": Value("string"), "image": Image()})

SHARD_BATCHES = 16
"""Batches in a shard."""


def digest_of(*parts: object) -> str:
    """A short digest of what decides a run: values as they are, files by their name and content."""

    def known(part: object) -> object:
        if not isinstance(part, Path):
            return part
        with part.open("rb") as file:
            return part.name, hashlib.file_digest(file, "sha256").hexdigest()

    return hashlib.sha256(repr([known(part) for part in parts]).encode()).hexdigest()[:16]


def recover_rows(recover: Recover, dataset: Dataset, rows: range, batch: int, description: str) -> Dataset:
    """Recover some rows of a data set: instance_id and image, in their order."""
    made = {"instance_id": [], "image": []}
    for part in progress(iterate(dataset, batch, rows), description, total=-(-len(rows) // batch)):
        made["instance_id"] += part.instance_id
        made["image"] += [PillowImage.fromarray(np.ascontiguousarray(image)) for image in to_uint8(recover(part))]
    return Dataset.from_dict(made, features=RECOVERED_FEATURES)


def recover_in_shards(
    recover: Recover, dataset: Dataset, path: Path, shards: Path, batch: int, description: str
) -> Path:
    """Recover a whole data set into the Parquet file `path`, by way of shards in the folder `shards`.

    Every process makes the shards that are its turn and not there yet; the main process joins them, one in memory at a
    time, writes `path` atomically and removes the shards. Returns `path`.
    """
    state, size = process(), batch * SHARD_BATCHES
    files = [shards / f"{number:05d}.parquet" for number in range(-(-len(dataset) // size))]
    for number in range(state.process_index, len(files), state.num_processes):
        if files[number].is_file():
            continue
        rows = range(number * size, min(len(dataset), (number + 1) * size))
        part = f" ({number + 1} of {len(files)})" if len(files) > 1 else ""
        made = recover_rows(recover, dataset, rows, batch, description + part)
        with atomic_path(files[number]) as temporary, temporary.open("wb") as file:
            made.to_parquet(file)
    state.wait_for_everyone()
    if state.is_main_process:
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            with parquet.ParquetWriter(file, RECOVERED_FEATURES.arrow_schema) as writer:
                for shard in files:
                    with shard.open("rb") as stored:
                        writer.write_table(parquet.read_table(stored).cast(writer.schema))
        shutil.rmtree(shards, ignore_errors=True)
    state.wait_for_everyone()
    return path
