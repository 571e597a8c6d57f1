"""The unseen set from a folder that `generate` filled: the paper's own test of generalisation, on InstructPix2Pix.

`benchmark.unseen_source` names the folder. Its split `test` becomes `results/<profile>/unseen/`, where the vector
world's stand-in is in other profiles, so recovery, metrics and Table 7 find it there.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from datasets import Dataset

from sppe_lib.benchmark.build import write_set
from sppe_lib.benchmark.card import Heading
from sppe_lib.benchmark.generate import IDENTITY
from sppe_lib.benchmark.generated_card import models_text
from sppe_lib.benchmark.images import png, resize_mask, square
from sppe_lib.benchmark.problems import read_json
from sppe_lib.benchmark.schema import (
    FULL_IMAGE_DATASETS,
    IMAGE_COLUMNS,
    INSTRUCTPIX2PIX,
    check_instance,
    open_split,
    split_files,
)
from sppe_lib.benchmark.sources.instructpix2pix import OBTAIN
from sppe_lib.benchmark.summary import Summary
from sppe_lib.config import Profile, repository
from sppe_lib.errors import ConfigError, DataError

COMMANDS = (
    "python -m sppe_lib.benchmark.sources.records InstructPix2Pix data/InstructPix2Pix data/InstructPix2Pix-records",
    "accelerate launch -m sppe_lib.benchmark.generate data/InstructPix2Pix-records/records.jsonl",
)
"""What makes such a folder; the second takes the folder as its last argument."""

_ABOUT = """\
**Nothing here is simulated.** Sources and instructions are those of {datasets}; surrogates and their edits were made by
the models below. Read from the folder `{folder}`, whose own card says more, such as where I' comes from.

- **Surrogates are full images**: the mask covers everything, and nothing is outside of it.
- Pictures are resized to {size}x{size} pixels where they have another size (bicubic).
- {obtain}
"""


def generated_files(profile: Profile) -> list[Path]:
    """The Parquet files of the split `test` in the folder `benchmark.unseen_source`; nothing is opened.

    Raises ConfigError, with the commands that make it, where the folder is not there; DataError where it has no such
    file or not all of them.
    """
    name = profile.benchmark.unseen_source
    folder = repository() / name
    make = f"{COMMANDS[0]}, then {COMMANDS[1]} {name} --profile {profile.name}"
    if not folder.is_dir():
        raise ConfigError(
            f"The set 'unseen' is not built: benchmark.unseen_source names {name!r}, which does not exist; make it "
            f"with {make}; or set it to \"\" to do without."
        )
    files = split_files(folder, "test")
    named = [re.fullmatch(r"test-\d+-of-(\d+)\.parquet", path.name) for path in files]
    if not files or not all(named):
        raise DataError(f"The folder {name!r} of benchmark.unseen_source has no test shards; make them with {make}.")
    if len(files) < int(named[0][1]):
        raise DataError(
            f"The folder {name!r} of benchmark.unseen_source has {len(files)} of {int(named[0][1])} test shards; "
            f"finish it with {make}."
        )
    return files


def count_instances(profile: Profile) -> int:
    """How many instances the folder has, by the heads of its files; raises as `generated_files`."""
    return sum(pq.read_metadata(path).num_rows for path in generated_files(profile))


def _open(profile: Profile) -> Dataset:
    """The folder's split `test`, of its first `unseen_pairs` pairs (0: of all)."""
    dataset = open_split(generated_files(profile)[0].parent, "test")
    others = sorted(set(dataset["dataset"][:]) - set(FULL_IMAGE_DATASETS))
    if others:
        raise DataError(
            f"The folder {profile.benchmark.unseen_source!r} of benchmark.unseen_source holds pairs of {others[0]}, "
            f"whose surrogates are not full images; name a folder that was generated from {INSTRUCTPIX2PIX}."
        )
    number, pairs = profile.benchmark.unseen_pairs, dataset["pair_id"][:]
    chosen = set(list(dict.fromkeys(pairs))[: number or None])
    return dataset.select([row for row, pair in enumerate(pairs) if pair in chosen])


def _rows(dataset: Dataset, summary: Summary) -> Iterator[dict]:
    size = summary.parameters.size
    for row in dataset:
        check_instance(row)
        mask = resize_mask(row["mask"].convert("L"), size)
        summary.private_shares[row["pair_id"]] = float((np.asarray(mask) > 127).mean())
        pictures = {name: png(square(row[name].convert("RGB"), size)) for name in IMAGE_COLUMNS if name != "mask"}
        yield row | pictures | {"mask": png(mask)}


def _made_of(path: Path) -> dict:
    if not path.is_file():
        raise DataError(
            f"The folder {path.parent.name!r} has no {path.name}, which says what made it; copy that file as well."
        )
    return read_json(path, f"The file {path.parent.name}/{path.name}")


def build_from_folder(profile: Profile) -> Summary:
    """Build `results/<profile>/unseen/` from the folder: Parquet shards of the split `test`, the card and counts.csv.

    Raises ConfigError where the folder is not there; DataError where it is not finished, not of full-image surrogates,
    or holds an instance that is not sound; ResourceError where the disk has no room.
    """
    parameters = profile.benchmark
    dataset = _open(profile)
    made_of = _made_of(repository() / parameters.unseen_source / IDENTITY)
    datasets = ", ".join(sorted(set(dataset["dataset"][:])))

    def heading(summary: Summary) -> Heading:
        folder = Path(parameters.unseen_source).name
        about = _ABOUT.format(datasets=datasets, folder=folder, size=parameters.size, obtain=OBTAIN)
        return Heading(f"{datasets}, unseen", "01b_more_sets", f"{about}\n{models_text(made_of)}")

    # For the summary and the card the folder is the source, whatever the benchmark's own is.
    summary = Summary(profile.results / "unseen", replace(parameters, source=parameters.unseen_source))
    write_set(_rows(dataset, summary), len(dataset), summary, heading)
    return summary
