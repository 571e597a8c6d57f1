"""Parquet shards: how rows of the schema are stored, whoever made them, and how many there are of each kind."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sppe_lib.data import taxonomy
from sppe_lib.data.schema import FEATURES, SPLITS

SHARD_BYTES = 300_000_000
"""A shard is closed when it has about this many bytes of pictures."""

IDENTITY = "generation.json"
"""The file beside generated shards that says what they are made of (`generate` writes it)."""

MADE_OF = "made_of.json"
"""File of a benchmark that was built from generated folders: the name of each and the content of its IDENTITY."""

_ROW_GROUP = 64

_KIND = ("split", "modality", "group", "category")


def row_bytes(size: int) -> int:
    """A generous estimate of one stored instance: five PNG pictures at half of their raw bytes."""
    return 5 * size * size * 3 // 2 + 2000


def _published_order(kind: tuple[str, ...]) -> tuple:
    # Categories that are not of the published 36 come last, by name.
    split, _, _, category = kind
    names = list(taxonomy.categories())
    return SPLITS.index(split), names.index(category) if category in names else len(names), category


def write_shards(rows: Iterable[dict], folder: Path, size: int) -> pd.DataFrame:
    """Write rows of pictures of `size` pixels as `<split>-00000-of-00001.parquet`, ... into a folder being built.

    Returns how many there are: split, modality, group, category, pairs, instances.
    """
    shard_rows = max(_ROW_GROUP, SHARD_BYTES // row_bytes(size))
    instances: Counter = Counter()
    pairs: dict[tuple, set[str]] = {}
    waiting: dict[str, list[dict]] = {}
    writers: dict[str, pq.ParquetWriter] = {}
    shards: dict[str, list[Path]] = {}
    written: Counter = Counter()

    def flush(split: str) -> None:
        if split not in writers:
            shards.setdefault(split, []).append(folder / f"{split}-{len(shards.get(split, [])):05d}.parquet")
            writers[split] = pq.ParquetWriter(shards[split][-1], FEATURES.arrow_schema)
        writers[split].write_table(pa.Table.from_pylist(waiting[split], schema=FEATURES.arrow_schema))
        written[split] += len(waiting.pop(split))
        if written[split] >= shard_rows:
            writers.pop(split).close()
            written[split] = 0

    try:
        for row in rows:
            split = row["split"]
            kind = tuple(row[column] for column in _KIND)
            instances[kind] += 1
            pairs.setdefault(kind, set()).add(row["pair_id"])
            waiting.setdefault(split, []).append(row)
            if len(waiting[split]) == _ROW_GROUP:
                flush(split)
        for split in list(waiting):
            flush(split)
    finally:
        for writer in writers.values():
            writer.close()
    for split, paths in shards.items():
        for number, path in enumerate(paths):
            path.rename(folder / f"{split}-{number:05d}-of-{len(paths):05d}.parquet")
    return pd.DataFrame(
        [
            dict(zip(_KIND, kind)) | {"pairs": len(pairs[kind]), "instances": instances[kind]}
            for kind in sorted(instances, key=_published_order)
        ],
        columns=[*_KIND, "pairs", "instances"],
    )
