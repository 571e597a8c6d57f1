"""InstructPix2Pix (Brooks et al., 2023): the data of the paper's Table 7, where the whole image is private.

The hub data set has 313,010 rows in 262 Parquet shards (its card; 63 GB). It is streamed, so only the shards that are
needed travel; or read from a local copy.

The paper says "934 unique prompts" and not which. Ours are the first 934 that differ, small letters and single spaces,
in the seeded shuffle of `datasets` (shards, then a buffer), so they depend on the pinned version of that library. A
local copy is read in the hub's order of shards and should give the same ones; that was not verified against the hub.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from datasets import Image, IterableDataset, load_dataset
from PIL.Image import Image as Picture

from sppe_lib.data import taxonomy
from sppe_lib.data.parquet import parquet_file, read_rows
from sppe_lib.data.problems import files_below, shown
from sppe_lib.data.schema import INSTRUCTPIX2PIX
from sppe_lib.errors import DataError
from sppe_lib.pictures import mask_image, read_picture
from sppe_lib.runtime import seed_of

NAME = INSTRUCTPIX2PIX
HUB_ID = "timbrooks/instructpix2pix-clip-filtered"
OBTAIN = f"The hub data set {HUB_ID}, streamed, or a copy of its data folder. Terms: see its card."
PUBLISHED_PROMPTS = 934  # unique prompts of the paper's Table 7
SHUFFLE_BUFFER = 1000  # rows among which the seeded shuffle draws; part of the rule
COLUMNS = ("original_prompt", "original_image", "edit_prompt", "edited_prompt", "edited_image")

_ADD_OR_REMOVE = re.compile(
    r"^(please )?(add|remove|delete|erase|insert|put|place|give|take away|get rid)\b|\b(wear|wears|wearing|without)\b"
)
_STYLE = re.compile(
    r"\bstyle\b|\b(painting|watercolou?r|sketch|drawing|engraving|mosaic|pixel art|black and white|vintage|retro"
    r"|futuristic|medieval|impressionist|cubist)\b|\b(cartoon|anime|comic)\b(?! character)"
    r"|^make it look\b|^turn (it )?to\b"
)


@dataclass(frozen=True)
class EditExample:
    """One example: I and I' (RGB), P, P's weak tag by `tag_of`, and the caption of I."""

    instance_id: str
    source: Picture
    instruction: str
    edited_source: Picture
    tag: str
    caption: str

    @property
    def mask(self) -> Picture:
        """M: everything is private."""
        return mask_image(np.ones(self.source.size[::-1], dtype=bool))


@dataclass
class Rows:
    """The rows, streamed, pictures still encoded; `skipped` counts what could not be used while they are read."""

    stream: IterableDataset
    skipped: Counter


def tag_of(instruction: str) -> str:
    """One of the three weak tags by keywords: this kit's own rule, as the data set has none and the paper names none.

    It was written with the 65 published instructions in view, so `tag_agreement` only says that the two do not
    contradict each other, not how well other instructions are tagged.
    """
    text = _normal(instruction)
    if _ADD_OR_REMOVE.search(text):
        return "ADD/REMOVE"
    return "STYLE" if _STYLE.search(text) else "EDIT"


def tag_agreement() -> tuple[int, int]:
    """Of the published instructions, how many get their published tag by `tag_of`, and how many there are."""
    instructions = taxonomy.instructions().values()
    return sum(tag_of(entry.text) == entry.tag for entry in instructions), len(instructions)


def _normal(instruction: str) -> str:
    return " ".join(instruction.split()).lower()


def _fault_of(columns: Iterable[str]) -> str:
    lacking = ", ".join(column for column in COLUMNS if column not in columns)
    return lacking and f"lacks the columns {lacking}"


def _fault_of_shard(shard: Path) -> str:
    try:
        return _fault_of(parquet_file(shard).schema_arrow.names)
    except DataError as error:
        return f"holds no shard that can be read ({str(error).rstrip('.')})"


def _read_shards(shards: list[Path], skipped: Counter) -> Iterator[dict]:
    for shard in shards:
        try:
            if _fault_of(parquet_file(shard).schema_arrow.names):
                skipped[f"the shard {shown(shard.name)}, which has other columns"] += 1
            else:
                yield from read_rows(shard, COLUMNS)
        except DataError:
            skipped[f"the shard {shown(shard.name)}, which cannot be read"] += 1


def shards_below(folder: Path) -> list[Path]:
    """The Parquet files of a folder, at any depth."""
    return [path for path in files_below(folder) if path.suffix.lower() == ".parquet"]


def open_rows(location: str | Path = HUB_ID) -> Rows:
    """The rows of a folder with Parquet shards at any depth, or of a hub id, streamed; a Path is never a hub id.

    Shards that cannot be read are skipped and counted; DataError where none can be.
    """
    skipped, folder = Counter(), Path(location)
    if isinstance(location, Path) or folder.is_dir():
        if not folder.is_dir():
            raise DataError(f"The data folder {folder.name!r} does not exist; copy the data set's data folder there.")
        # Lists among the arguments are what `datasets` shuffles as shards.
        shards = shards_below(folder)
        stream = IterableDataset.from_generator(partial(_read_shards, skipped=skipped), gen_kwargs={"shards": shards})
        faults = [_fault_of_shard(shard) for shard in shards] or ["holds no Parquet shards"]
        fault = "" if "" in faults else faults[-1]  # others are skipped
    else:
        try:
            stream = load_dataset(location, split="train", streaming=True)
            fault = _fault_of(stream.features or next(iter(stream)))
            for column in ("original_image", "edited_image"):
                stream = stream.cast_column(column, Image(decode=False))
        except Exception as error:  # the hub client raises many kinds
            raise DataError(
                f"InstructPix2Pix cannot be read from {location!r} ({type(error).__name__}); name a folder with its "
                f"Parquet shards, or {HUB_ID} where the hub can be reached."
            ) from None
    if fault:
        raise DataError(f"The data set at {folder.name!r} {fault}; use a copy of {HUB_ID}.")
    return Rows(stream, skipped)


def select(rows: Rows, number: int = PUBLISHED_PROMPTS, seed: int = 0) -> Iterator[EditExample]:
    """The examples of the first `number` unique instructions in the seeded order.

    A row without an instruction or without two pictures that can be read is skipped and counted in `rows.skipped`.
    Raises DataError, after the last one, if there are fewer.
    """
    seen: set[str] = set()
    for row in rows.stream.shuffle(seed=seed, buffer_size=SHUFFLE_BUFFER):
        if not isinstance(row["edit_prompt"], str) or not (text := _normal(row["edit_prompt"])):
            rows.skipped["rows without an instruction"] += 1
            continue
        if text in seen:
            continue
        try:
            source, edited = (_decoded(row[name]) for name in ("original_image", "edited_image"))
        except DataError:
            rows.skipped["rows with a picture that cannot be read"] += 1
            continue
        seen.add(text)
        yield EditExample(
            instance_id=f"instructpix2pix/{seed_of(NAME, text):016x}",
            source=source,
            instruction=" ".join(row["edit_prompt"].split()),
            edited_source=edited,
            tag=tag_of(text),
            caption=" ".join(str(row["original_prompt"] or "").split()),
        )
        if len(seen) == number:
            return
    raise DataError(f"The data set has {len(seen)} unique instructions, {number} were asked for; ask for fewer.")


def _decoded(stored: dict | bytes | None) -> Picture:
    content = stored.get("bytes") if isinstance(stored, dict) else stored
    return read_picture(content if isinstance(content, bytes) else b"", name="of InstructPix2Pix")
