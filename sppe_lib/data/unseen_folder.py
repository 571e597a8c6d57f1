"""The unseen set from a folder that `generate` filled: the paper's own test of generalisation, on InstructPix2Pix.

`benchmark.unseen_source` names the folder. Its split `test` becomes `results/<profile>/unseen/`, where the vector
world's stand-in is in other profiles, so recovery, metrics and Table 7 find it there.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from sppe_lib.config import Profile, repository
from sppe_lib.data.card import Heading, prose
from sppe_lib.data.generated_card import models_text
from sppe_lib.data.generated_folder import COMMAND, GeneratedFolder, read_folder, sized
from sppe_lib.data.schema import FULL_IMAGE_DATASETS, INSTRUCTPIX2PIX
from sppe_lib.data.sources.instructpix2pix import OBTAIN
from sppe_lib.data.store import Summary, write_set
from sppe_lib.errors import ConfigError, DataError

RECORDS = "python -m sppe_lib.data.sources.records InstructPix2Pix data/InstructPix2Pix data/InstructPix2Pix-records"
"""What lists the pairs of such a folder, from a copy of the data set."""


def find_unseen(profile: Profile) -> GeneratedFolder:
    """The folder that `benchmark.unseen_source` names, with shards of the split `test`; none is opened.

    Raises ConfigError, with the commands that make it, where the folder is not there; DataError where it has no such
    shard or not all of them.
    """
    name = profile.benchmark.unseen_source
    records = f"{RECORDS.rpartition(' ')[2]}/records.jsonl"
    make = f"{RECORDS}, then {COMMAND} {records} {name} --profile {profile.name}"
    if not os.path.isdir(repository() / name):
        raise ConfigError(
            f"The set 'unseen' is not built: benchmark.unseen_source names {name!r}, which does not exist; make it "
            f'with {make}; or set it to "" to do without.'
        )
    shown = f"The folder {name!r} of benchmark.unseen_source"
    folder = read_folder(repository() / name, shown, make)
    if not folder.files("test"):
        raise DataError(f"{shown} has no test shards; make them with {make}.")
    return folder


def count_instances(profile: Profile) -> int:
    """How many instances the folder has; raises as `find_unseen`."""
    return find_unseen(profile).count("test")


def build_from_folder(profile: Profile) -> Summary:
    """Build `results/<profile>/unseen/` from the folder: Parquet shards of the split `test`, the card and counts.csv.

    Taken are the instances of the first `unseen_pairs` pairs (0: of all). Raises ConfigError where the folder is not
    there; DataError where it is not finished, not of full-image surrogates, or holds an instance that is not sound;
    ResourceError where the disk has no room.
    """
    parameters, folder = profile.benchmark, find_unseen(profile)
    found = sorted(set(folder.column("test", "dataset")))
    if others := [dataset for dataset in found if dataset not in FULL_IMAGE_DATASETS]:
        raise DataError(
            f"The folder {parameters.unseen_source!r} of benchmark.unseen_source holds pairs of {others[0]}, "
            f"whose surrogates are not full images; name a folder that was generated from {INSTRUCTPIX2PIX}."
        )
    pairs = folder.column("test", "pair_id")
    chosen = set(list(dict.fromkeys(pairs))[: parameters.unseen_pairs or None])
    summary = Summary(profile.results / "unseen", parameters)

    def rows() -> Iterator[dict]:
        for row in folder.rows("test"):
            if row["pair_id"] in chosen:
                finished, summary.private_shares[row["pair_id"]] = sized(row, parameters.size)
                yield finished

    name, datasets = Path(parameters.unseen_source).name, ", ".join(found)
    about = prose("unseen_folder", datasets=datasets, folder=name, size=parameters.size, obtain=OBTAIN)
    heading = Heading(f"{datasets}, unseen", "01b_more_sets", f"{about}\n{models_text(folder.made_of)}")
    return write_set(rows(), sum(pair in chosen for pair in pairs), summary, lambda _: heading)
