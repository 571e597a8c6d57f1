"""Where built sets are kept: Parquet shards, a card and counts in one folder, whoever made the rows."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset

from sppe_lib.config import BenchmarkParameters
from sppe_lib.data import taxonomy
from sppe_lib.data.card import set_card
from sppe_lib.data.parquet import write_parquet
from sppe_lib.data.schema import FEATURES, ORACLE_FEATURES, SPLITS, oracle_file
from sppe_lib.runtime import atomic_path, progress, require_disk

VECTOR_WORLD = "vector-world"  # the value of benchmark.source that means: draw the miniature
IDENTITIES = "identities.json"  # file of a simulated set: the split of every identity in it
IDENTITY = "generation.json"  # file beside generated shards: what they are made of (`generate` writes it)
MADE_OF = "made_of.json"  # file of a benchmark built from generated folders: the IDENTITY of each, by its name

SHARD_BYTES, BUFFER_BYTES, _ROW_GROUP = 300_000_000, 30_000_000, 64
"""Bytes of pictures in a shard; and bytes of a split, or rows if that is less, that wait in memory to be written."""

REDRAWS = {
    "masks": "scenes drawn again for an empty or full mask",
    "instructions": "instructions replaced by another of the same tag, since nothing would change inside M",
    "scenes": "scenes drawn again because no instruction of a tag changes anything inside M",
    "identities": "scenes drawn again because their identity belongs to another split",
}
"""Why something is drawn again in the vector world, and how a summary says it after a number."""


def row_bytes(size: int) -> int:
    """A generous estimate of one stored instance: five PNG pictures at half of their raw bytes."""
    return 5 * size * size * 3 // 2 + 2000


@dataclass
class Summary:
    """What a build did; `counts` has the columns split, modality, group, category, pairs, instances.

    `outcomes` counts what the simulated editor did on (source, surrogate), `redraws` what was drawn again (see
    REDRAWS), and `edited_again` holds rows of `schema.ORACLE_FEATURES` by split; all are empty for real data.
    `problems` has the columns problem, file, remedy. `mask_origins` counts masks from a "file" or a "difference".
    `private_shares`: share of private pixels by pair; `identities`: split by simulated identity; `made_of`: see
    MADE_OF.
    """

    folder: Path
    parameters: BenchmarkParameters
    counts: pd.DataFrame = field(default_factory=pd.DataFrame)
    outcomes: Counter = field(default_factory=Counter)
    redraws: Counter = field(default_factory=Counter)
    edited_again: dict[str, list[dict]] = field(default_factory=dict)
    problems: pd.DataFrame | None = None
    mask_origins: Counter = field(default_factory=Counter)
    private_shares: dict[str, float] = field(default_factory=dict)
    identities: dict[str, str] = field(default_factory=dict)
    made_of: dict[str, dict] = field(default_factory=dict)

    @property
    def simulated(self) -> bool:
        """Whether the instances come from the vector world."""
        return bool(self.outcomes)

    def __str__(self) -> str:
        of_split = self.counts.groupby("split", sort=False)[["pairs", "instances"]].sum().astype(int)
        lines = [f"{split}: {row.pairs} pairs, {row.instances} instances" for split, row in of_split.iterrows()]
        lines += [f"{self.redraws[reason]} {what}" for reason, what in REDRAWS.items() if self.redraws[reason]]
        if self.problems is not None and len(self.problems):
            first = self.problems.iloc[0]
            lines.append(f"{len(self.problems)} problems, listed in problems.csv; first: {first.problem}: {first.file}")
        return "\n".join(lines)


class _Shards:
    """The shards of one split in a folder being built; rows wait until there are enough for a row group."""

    def __init__(self, folder: Path, split: str, size: int) -> None:
        self.folder, self.split, self.waiting, self.groups = folder, split, [], 0
        self.rows_of_group = max(1, min(_ROW_GROUP, BUFFER_BYTES // row_bytes(size)))
        self.groups_of_shard = max(1, -(-(SHARD_BYTES // row_bytes(size)) // self.rows_of_group))
        self.writers: list[pq.ParquetWriter] = []

    def add(self, row: dict) -> None:
        """Take one more row."""
        self.waiting.append(row)
        if len(self.waiting) == self.rows_of_group:
            self.flush()

    def flush(self) -> None:
        """Write what waits, into a new shard if the last one is full."""
        if self.waiting and self.groups % self.groups_of_shard == 0:
            self.close()
            path = self.folder / f"{self.split}-{len(self.writers):05d}.parquet"
            self.writers.append(pq.ParquetWriter(path, FEATURES.arrow_schema))
        if self.waiting:
            self.writers[-1].write_table(pa.Table.from_pylist(self.waiting, schema=FEATURES.arrow_schema))
            self.waiting, self.groups = [], self.groups + 1

    def close(self) -> None:
        """Close the shard that is open, if one is."""
        for writer in self.writers[-1:]:
            writer.close()

    def finish(self) -> None:
        """Write what waits and give the shards their names, which say how many there are."""
        self.flush()
        self.close()
        for path in sorted(self.folder.glob(f"{self.split}-?????.parquet")):
            path.rename(path.with_stem(f"{path.stem}-of-{len(self.writers):05d}"))


def write_shards(rows: Iterable[dict], folder: Path, size: int) -> pd.DataFrame:
    """Write rows of pictures of `size` pixels as `<split>-00000-of-00001.parquet`, ... into a folder being built.

    Rows are not kept, however many there are. Returns how many there are: split, modality, group, category, pairs,
    instances.
    """
    kind, names = ["split", "modality", "group", "category"], list(taxonomy.categories())
    counts: dict[tuple, Counter] = defaultdict(Counter)

    def published_order(entry: tuple[str, ...]) -> tuple:
        # Categories that are not of the published 36 come last, by name.
        place = names.index(entry[-1]) if entry[-1] in names else len(names)
        return SPLITS.index(entry[0]), place, entry[-1]

    with ExitStack() as stack:
        shards = {split: stack.enter_context(closing(_Shards(folder, split, size))) for split in SPLITS}
        for row in rows:
            counts[tuple(row[column] for column in kind)][row["pair_id"]] += 1
            shards[row["split"]].add(row)
        for part in shards.values():
            part.finish()
    listed = [(*entry, len(counts[entry]), counts[entry].total()) for entry in sorted(counts, key=published_order)]
    return pd.DataFrame(listed, columns=[*kind, "pairs", "instances"])


def write_set(rows: Iterable[dict], number: int, summary: Summary, about: Callable[[Summary], str]) -> Summary:
    """Replace `summary.folder` by the rows as Parquet shards, README.md (the card) and counts.csv, once all are there.

    Beside them stands what the summary has of problems, identities, second edits and MADE_OF. `number`: how many rows
    there are, at most. `about` gives the card's prose once all rows are written. Returns the summary, with its counts.
    Raises ResourceError where the disk has no room.
    """
    size, name = summary.parameters.size, summary.folder.name
    require_disk(summary.folder, number * row_bytes(size))
    with atomic_path(summary.folder) as folder:
        folder.mkdir()
        summary.counts = write_shards(progress(rows, name.capitalize(), number), folder, size)
        for split, again in summary.edited_again.items():
            path = oracle_file(folder, split)
            path.parent.mkdir(exist_ok=True)
            write_parquet(Dataset.from_list(again, features=ORACLE_FEATURES), path)
        beside = {
            "counts.csv": summary.counts.to_csv(index=False),
            "problems.csv": None if summary.problems is None else summary.problems.to_csv(index=False),
            IDENTITIES: summary.identities and json.dumps(summary.identities, sort_keys=True),
            MADE_OF: summary.made_of and json.dumps(summary.made_of, indent=2) + "\n",
            "README.md": set_card(summary, about(summary)),
        }
        for file, text in beside.items():
            if text:
                (folder / file).write_bytes(text.encode("utf-8", "backslashreplace"))
    return summary
