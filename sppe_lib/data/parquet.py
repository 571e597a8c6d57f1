"""Parquet files as data sets, whatever their folders are called.

`datasets` reads paths as patterns (`[`, `*`, `?`) and chains of file systems (`::`); here a path is a path.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import datasets.config
import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, Features
from datasets.table import table_cast
from datasets.utils.logging import disable_progress_bar

from sppe_lib.errors import DataError
from sppe_lib.runtime import atomic_path


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, pa.ArrowException) as error:
        reason, name = str(error).partition("\n")[0].rstrip("."), f"{path.parent.name}/{path.name}"
        raise DataError(f"The file {name} cannot be read ({reason}); delete it and run what wrote it again.") from None


def parquet_file(path: Path) -> pq.ParquetFile:
    """Open a Parquet file without reading its rows; DataError naming it where that cannot be done."""
    with _naming(path):
        return pq.ParquetFile(pa.memory_map(os.fsencode(path)))


def _batches(path: Path, columns: list[str] | None, schema: pa.Schema | None) -> Iterator[pa.RecordBatch]:
    with _naming(path):
        for batch in parquet_file(path).iter_batches(64, columns=columns):
            yield from table_cast(pa.Table.from_batches([batch]), schema).to_batches() if schema else [batch]


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[dict]:
    """The rows of some columns of a Parquet file, pictures still encoded; raises as `parquet_file`."""
    for batch in _batches(path, list(columns), None):
        yield from batch.to_pylist()


def _state(path: Path) -> bytes:
    # A Parquet file's end says where every column chunk lies and what its extremes are.
    found = path.stat()
    with open(path, "rb") as handle:
        handle.seek(max(0, found.st_size - 65536))
        return f"{found.st_size} {found.st_mtime_ns} ".encode() + handle.read()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def open_parquet(paths: Path | Sequence[Path], features: Features | None = None) -> Dataset:
    """Parquet files of one schema as one data set, memory-mapped (by a copy in the cache of `datasets`).

    `features` replaces the files' own. Raises DataError naming a file that cannot be read or has other columns.
    """
    paths = [Path(path) for path in ([paths] if isinstance(paths, (str, Path)) else paths)]
    features = features or Features.from_arrow_schema(parquet_file(paths[0]).schema_arrow)
    schema = features.arrow_schema
    name = _digest("\0".join(str(path.resolve()) for path in paths).encode("utf-8", "surrogateescape"))
    folder = Path(datasets.config.HF_DATASETS_CACHE) / "sppe"
    copy = folder / f"{name}-{_digest(repr(features).encode() + b''.join(map(_state, paths)))}.arrow"
    if not copy.is_file():
        with atomic_path(copy) as temporary, pa.ipc.new_stream(str(temporary), schema) as writer:
            for path in paths:
                for batch in _batches(path, None, schema):
                    writer.write_batch(batch)
        for older in set(folder.glob(f"{name}-*.arrow")) - {copy}:
            older.unlink(missing_ok=True)
    return Dataset.from_file(str(copy))


def write_parquet(dataset: Dataset, path: Path) -> None:
    """Write a data set as one Parquet file."""
    disable_progress_bar()
    with open(path, "wb") as handle:
        dataset.to_parquet(handle)
