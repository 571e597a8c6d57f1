"""From a data set to the list of records that `data.generate` works through.

    python -m sppe_lib.data.sources.records Redactions data/Redactions data/records
    python -m sppe_lib.data.sources.records InstructPix2Pix data/InstructPix2Pix data/InstructPix2Pix-records

Of annotated photographs, one record is one image and privacy category with its mask, and two fitting instructions,
chosen evenly as in SPPE-mini (the paper's are not published). Of InstructPix2Pix, one record is one of its examples,
private as a whole. Masks, and pictures that came in Parquet files, are written beside the list. An output folder must
be new or as this command left it.
"""

import argparse
import hashlib
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PIL.Image import Image

from sppe_lib.data.miniature import choose_instructions
from sppe_lib.data.own_folder import check_output, own_folder
from sppe_lib.data.sources import SOURCES, read_source
from sppe_lib.data.sources.instructpix2pix import HUB_ID, NAME, PUBLISHED_PROMPTS, EditExample, open_rows, select
from sppe_lib.data.sources.reading import Reading, private_masks
from sppe_lib.errors import ConfigError, DataError, command_line
from sppe_lib.pictures import png_bytes
from sppe_lib.runtime import progress

RECORDS = "records.jsonl"
_LONGEST = 100


def file_name(stem: str) -> str:
    """An image's stem as part of a name that any disk and table can hold; a digest tells changed ones apart."""
    safe = re.sub(r"[^\w.-]", "_", stem.encode("utf-8", "replace").decode())[:_LONGEST]
    if safe == stem and len(safe.encode()) <= _LONGEST:
        return safe
    digest = hashlib.sha256(stem.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return f"{safe.encode('ascii', 'ignore').decode()}-{digest}"


@contextmanager
def _record_folder(folder: Path, inputs: Sequence[Path]) -> Iterator[tuple[list[dict], Callable[..., None]]]:
    """The lines of the list to be, and a function that adds one: its fields, and as keywords its (file, picture)."""
    lines: list[dict] = []
    with own_folder(folder, inputs) as temporary:

        def add(fields: dict, **pictures: tuple[str, Image]) -> None:
            for file, picture in pictures.values():
                path = temporary / file
                path.parent.mkdir(exist_ok=True)
                if not path.exists():
                    path.write_bytes(png_bytes(picture))
            lines.append(fields | {kind: file for kind, (file, _) in pictures.items()})

        yield lines, add
        # As ASCII: one record is one line whatever Unicode takes for a line's end, and any file's name can be written.
        (temporary / RECORDS).write_bytes("".join(json.dumps(line) + "\n" for line in lines).encode())


def write_records(reading: Reading, folder: Path, seed: int = 0, inputs: Sequence[Path] = ()) -> Path:
    """Write `folder`/records.jsonl and `folder`/masks/ for every image and category with a place; returns the list.

    Raises DataError where the reading gives no mask at all, and ConfigError, before any work, as `own_folder`; `inputs`
    are folders that must not be in it, besides the images.
    """
    folder, dataset = Path(folder), reading.name
    with _record_folder(folder, [*inputs, *(annotated.image for annotated in reading.images)]) as (lines, add):
        for private in progress(private_masks(reading), "masks"):
            parts = (dataset, private.split, file_name(private.image.stem), private.category.replace(" ", "_"))
            name = "-".join(filter(None, parts))
            fields = {"pair_id": f"{dataset}/{private.split}/{name}", "dataset": dataset, "split": private.split}
            fields |= {"category": private.category, "codes": []}
            fields["source"] = os.path.relpath(os.path.abspath(private.image), folder.resolve())
            add(fields, mask=(f"masks/{name}.png", private.mask))
        if not lines:
            raise DataError(
                f"No image of {dataset} has a private region with a place: add regions or mask files (see its reader)."
            )
        chosen = choose_instructions([line["category"] for line in lines], seed, dataset)
        for line, codes in zip(lines, chosen, strict=True):
            line["codes"] = list(codes)
    return folder / RECORDS


def write_example_records(examples: Iterable[EditExample], folder: Path, inputs: Sequence[Path] = ()) -> Path:
    """Write `folder`/records.jsonl and the pictures and masks of InstructPix2Pix's examples; returns the list.

    All are of the split `test`. Raises as `select`, and ConfigError, before any work, as `own_folder`.
    """
    with _record_folder(Path(folder), inputs) as (_, add):
        for example in progress(examples, "examples"):
            name, size = f"{example.instance_id.rpartition('/')[2]}.png", "{}x{}".format(*example.source.size)
            own = {"instruction": example.instruction, "tag": example.tag, "prompt": example.caption or "a photo"}
            add(
                {"pair_id": example.instance_id, "dataset": NAME, "split": "test", "category": "whole image"} | own,
                source=(f"sources/{name}", example.source),
                edited=(f"edited/{name}", example.edited_source),
                mask=(f"masks/{size}.png", example.mask),
            )
    return Path(folder) / RECORDS


@command_line
def main(arguments: list[str] | None = None) -> None:
    """Read the data set of the command line and write its list of records."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("source", choices=[*sorted(SOURCES), NAME], help="whose layout the folder has")
    parser.add_argument("folder", help=f"the unpacked data set; for {NAME} its hub id {HUB_ID} as well, streamed")
    parser.add_argument("output", type=Path, help="folder that receives the list and the masks")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of instructions")
    parser.add_argument("--prompts", type=int, default=PUBLISHED_PROMPTS, help=f"unique prompts of {NAME}")
    chosen = parser.parse_args(arguments)
    from_hub = chosen.source == NAME and chosen.folder == HUB_ID
    inputs = [] if from_hub else [Path(chosen.folder)]
    if chosen.prompts < 1:
        raise ConfigError(f"--prompts is {chosen.prompts}: choose at least 1.")
    check_output(chosen.output, inputs)
    if chosen.source == NAME:
        rows = open_rows(HUB_ID if from_hub else Path(chosen.folder))
        write_example_records(select(rows, chosen.prompts, chosen.seed), chosen.output, inputs)
        left_out = rows.skipped
    else:
        reading = read_source(chosen.source, Path(chosen.folder), strict=False)
        write_records(reading, chosen.output, chosen.seed, inputs)
        left_out = Counter(problem.problem for problem in reading.problems)
    print(f"wrote {RECORDS}; left out: {left_out.total()}")
    for what, number in left_out.most_common():
        print(f"  {number} x {what}")


if __name__ == "__main__":
    sys.exit(main())
