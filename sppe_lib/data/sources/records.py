"""From a data set to the list of records that `data.generate` works through.

    python -m sppe_lib.data.sources.records Redactions data/Redactions data/records
    python -m sppe_lib.data.sources.records InstructPix2Pix data/InstructPix2Pix data/InstructPix2Pix-records

Of annotated photographs, one record is one image and privacy category with its mask, and two fitting instructions,
chosen evenly as in SPPE-mini (which two the paper gave each pair is not published). Of InstructPix2Pix, one record is
one of its examples, private as a whole, with its own instruction, caption and edited picture. Masks, and pictures that
came in Parquet files, are written beside the list.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from sppe_lib.data.sources import SOURCES, read_source
from sppe_lib.data.sources.annotated import Reading, private_masks
from sppe_lib.data.sources.instructpix2pix import HUB_ID, NAME, PUBLISHED_PROMPTS, EditExample, open_rows, select
from sppe_lib.data.miniature import choose_instructions
from sppe_lib.errors import DataError, command_line
from sppe_lib.runtime import atomic_path, progress, write_text

RECORDS = "records.jsonl"


def write_records(reading: Reading, folder: Path, seed: int = 0) -> Path:
    """Write `folder`/records.jsonl and `folder`/masks/ for every image and category with a place; returns the list.

    Paths in the list are relative to it. The folder is replaced only once everything is written. Raises
    DataError where the reading gives no mask at all.
    """
    folder = Path(folder)
    with atomic_path(folder) as temporary:
        (temporary / "masks").mkdir(parents=True)
        found = []
        for private in progress(private_masks(reading), "masks"):
            name = f"{private.dataset}-{private.image.stem}-{private.category.replace(' ', '_')}"
            private.mask.save(temporary / "masks" / f"{name}.png")
            found.append((name, private))
        if not found:
            raise DataError(
                f"No image of {reading.dataset} has a private region with a place: add regions or mask files (see its reader)."
            )
        chosen = choose_instructions([private.category for _, private in found], seed, reading.dataset)
        lines = [
            {
                "pair_id": f"{private.dataset}/{private.split}/{name}",
                "dataset": private.dataset,
                "split": private.split,
                "category": private.category,
                "codes": list(codes),
                "source": os.path.relpath(private.image, folder),
                "mask": f"masks/{name}.png",
            }
            for (name, private), codes in zip(found, chosen, strict=True)
        ]
        write_text(temporary / RECORDS, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    return folder / RECORDS


def write_example_records(examples: Iterable[EditExample], folder: Path) -> Path:
    """Write `folder`/records.jsonl and the pictures and masks of InstructPix2Pix's examples; returns the list.

    All are of the split `test`. The folder is replaced only once everything is written; what `select` raises comes
    through.
    """
    folder = Path(folder)
    with atomic_path(folder) as temporary:
        for kind in ("sources", "edited", "masks"):
            (temporary / kind).mkdir(parents=True)
        lines = []
        for example in progress(examples, "examples"):
            name = f"{example.instance_id.rpartition('/')[2]}.png"
            files = {
                "source": f"sources/{name}", "edited": f"edited/{name}",
                "mask": f"masks/{example.source.width}x{example.source.height}.png",
            }  # fmt: skip
            pictures = {"source": example.source, "edited": example.edited_source, "mask": example.mask}
            for kind, picture in pictures.items():
                if not (temporary / files[kind]).exists():
                    picture.save(temporary / files[kind])
            line = {
                "pair_id": example.instance_id, "dataset": NAME, "split": "test", "category": "whole image",
                "instruction": example.instruction, "tag": example.tag, "prompt": example.caption or "a photo", **files,
            }  # fmt: skip
            lines.append(json.dumps(line, ensure_ascii=False) + "\n")
        write_text(temporary / RECORDS, "".join(lines))
    return folder / RECORDS


@command_line
def main(arguments: list[str] | None = None) -> None:
    """Read the data set of the command line and write its list of records."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", choices=[*sorted(SOURCES), NAME], help="whose layout the folder has")
    parser.add_argument("folder", help=f"the unpacked data set; for {NAME} its hub id {HUB_ID} as well, streamed")
    parser.add_argument("output", type=Path, help="folder that receives the list and the masks")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of instructions")
    parser.add_argument("--prompts", type=int, default=PUBLISHED_PROMPTS, help=f"unique prompts of {NAME}")
    chosen = parser.parse_args(arguments)
    if chosen.source == NAME:
        rows = open_rows(HUB_ID if chosen.folder == HUB_ID else Path(chosen.folder))
        written = write_example_records(select(rows, chosen.prompts, chosen.seed), chosen.output)
        print(f"wrote {written.name}; {chosen.prompts} examples")
        return
    reading = read_source(chosen.source, Path(chosen.folder), strict=False)
    print(f"wrote {write_records(reading, chosen.output, chosen.seed).name}; {len(reading.problems)} problems left out")


if __name__ == "__main__":
    sys.exit(main())
