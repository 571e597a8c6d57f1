"""The benchmark stage: from the vector world or a released tree to Parquet shards with a card."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sppe_lib.benchmark import released, taxonomy, vector_world
from sppe_lib.benchmark.card import write_card
from sppe_lib.benchmark.schema import FEATURES, SPLITS
from sppe_lib.benchmark.summary import Summary
from sppe_lib.config import BenchmarkParameters, Profile, repository
from sppe_lib.errors import ConfigError
from sppe_lib.runtime import atomic_path, progress, require_disk

SHARD_BYTES = 300_000_000
"""A shard is closed when it has about this many bytes of pictures."""

_ROW_GROUP = 64


def row_bytes(size: int) -> int:
    """A generous estimate of one stored instance: five PNG pictures at half of their raw bytes."""
    return 5 * size * size * 3 // 2 + 2000


def _wanted_pairs(parameters: BenchmarkParameters) -> dict[str, int]:
    return {split: getattr(parameters, f"{split}_pairs") for split in SPLITS}


def build_benchmark(profile: Profile, processes: int = 2, strict: bool = False) -> Summary:
    """Build `results/<profile>/benchmark/`: Parquet shards, README.md (the card), counts.csv, problems.csv.

    `profile.benchmark.source` is "vector-world" or a folder in the released layout. `strict` makes any
    problem of a released tree an error; otherwise faulty instances are left out and listed. The folder is
    replaced only once everything is written. Raises ConfigError, DataError or ResourceError, before the
    work starts where that can be known.
    """
    parameters = profile.benchmark
    folder = profile.results / "benchmark"
    summary = Summary(folder, parameters)
    pairs = _wanted_pairs(parameters)
    if summary.simulated:
        for split, number in pairs.items():
            if number < 1:
                raise ConfigError(
                    f"benchmark.{split}_pairs is {number}: the vector world has no end, so say how many (at least 1)."
                )
        total = 2 * sum(pairs.values())
        rows = _simulated_rows(parameters, processes, summary)
    else:
        root = Path(parameters.source)
        found = released.find_instances(
            root if root.is_absolute() else repository() / root, parameters.size, parameters.strength, pairs,
            parameters.seed,
        )
        if strict:
            found.require_none()
        total = len(found.plans)
        rows = _released_rows(found, processes, strict, summary)
    require_disk(folder, total * row_bytes(parameters.size))
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        counter = _write_shards(progress(rows, "Benchmark", total), temporary, parameters.size)
        summary.counts = _counts(counter)
        summary.counts.to_csv(temporary / "counts.csv", index=False)
        if summary.problems is not None:
            summary.problems.to_csv(temporary / "problems.csv", index=False)
        write_card(temporary, summary)
    return summary


def _simulated_rows(parameters: BenchmarkParameters, processes: int, summary: Summary) -> Iterator[dict]:
    drawn = vector_world.draw_pairs(
        _wanted_pairs(parameters), parameters.size, parameters.strength, parameters.seed, processes, summary.redraws
    )
    for pair in drawn:
        summary.private_shares[pair.rows[0]["pair_id"]] = pair.private_share
        for row in pair.rows:
            summary.outcomes[row["source_outcome"], row["surrogate_outcome"]] += 1
            yield row


def _released_rows(found: released.Released, processes: int, strict: bool, summary: Summary) -> Iterator[dict]:
    for instance in released.read_instances(found, processes):
        if strict:
            found.require_none()
        if instance.row is not None:
            summary.mask_origins[instance.mask_origin] += 1
            summary.private_shares[instance.row["pair_id"]] = instance.private_share
            yield instance.row
    if not summary.private_shares:
        found.require_none()
    summary.problems = found.report()


def _write_shards(rows: Iterator[dict], folder: Path, size: int) -> Counter:
    """Write the rows, split by split as they come; returns instances and pairs by (split, category)."""
    shard_rows = max(_ROW_GROUP, SHARD_BYTES // row_bytes(size))
    counter: Counter = Counter()
    pairs = set()
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
            counter[split, row["category"], "instances"] += 1
            if row["pair_id"] not in pairs:
                pairs.add(row["pair_id"])
                counter[split, row["category"], "pairs"] += 1
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
    return counter


def _counts(counter: Counter) -> pd.DataFrame:
    rows = []
    for split in SPLITS:
        for category in taxonomy.categories().values():
            instances = counter[split, category.name, "instances"]
            if instances:
                rows.append(
                    {
                        "split": split,
                        "modality": category.modality,
                        "group": category.group,
                        "category": category.name,
                        "pairs": counter[split, category.name, "pairs"],
                        "instances": instances,
                    }
                )
    return pd.DataFrame(rows)
