"""Surrogates and edits of a whole list of photographs, on one or many processes, resumable.

    accelerate launch -m sppe_lib.data.generate RECORDS OUTPUT [--profile paper] [--shards 256]

(without a GPU, `torchrun --nproc-per-node 2 -m ...` starts several processes.)

RECORDS is a text file with one JSON object per line, the fields of `record_list.Record`; picture paths are relative to
it. OUTPUT receives Parquet shards in the benchmark's schema, which `schema.open_split` reads, and a dataset card
(README.md). What is finished is kept: the same command again makes only what is missing, whatever the number of
processes or nodes.
"""

import argparse
import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from accelerate import PartialState

from sppe_lib.config import Profile, load_profile
from sppe_lib.data.editors import CLOUD, Editor, load_editor
from sppe_lib.data.generated_card import generated_card, models_used
from sppe_lib.data.images import png, read_image, read_mask, resize_mask, square
from sppe_lib.data.record_list import Record, read_records
from sppe_lib.data.schema import FEATURES, SPLITS
from sppe_lib.data.store import IDENTITY
from sppe_lib.data.surrogates import make_surrogates
from sppe_lib.errors import ConfigError, KitError
from sppe_lib.runtime import atomic_path, device, progress, seed_of, write_text

CARD = "README.md"
"""The dataset card beside the shards."""


@dataclass(frozen=True)
class Shard:
    """The records of one output file."""

    target: Path
    records: Sequence[Record]


def shard_of(index: int, shards: int, total: int) -> int:
    """The shard that item `index` of `total` belongs to: contiguous, and of nearly equal sizes.

    Contiguous, so that all shards read in order give the same rows for any number of shards.
    """
    return index * shards // total


def plan_shards(records: Sequence[Record], folder: Path, shards: int, batch: int) -> list[Shard]:
    """The output files of every split; at most `shards` for each.

    Whole batches of the surrogate model share a shard, so that pictures meet the same neighbours in it, and get the
    same pixels, for any number of shards.
    """
    if shards < 1:
        raise ConfigError(f"{shards} shards: choose at least 1.")
    planned = []
    for split in SPLITS:
        members = [record for record in records if record.split == split]
        batches = -(-len(members) // batch)
        number = min(shards, batches)
        for shard in range(number):
            chosen = [
                record for index, record in enumerate(members) if shard_of(index // batch, number, batches) == shard
            ]
            planned.append(Shard(folder / f"{split}-{shard:05d}-of-{number:05d}.parquet", chosen))
    return planned


def generate(
    profile: Profile, records: Sequence[Record], folder: Path, shards: int = 256, process: int = 0, processes: int = 1
) -> list[Path]:
    """Make this process's share of the shards that are not there yet; returns the files it wrote.

    Each shard is written atomically; on the same kind of device its bytes are the same whoever makes it. Raises
    ConfigError for a folder that was begun with other parameters or records and for the cloud editor, and what
    surrogates and editors raise; finished shards stay.
    """
    parameters, folder = profile.generation, Path(folder)
    if parameters.editor == CLOUD:
        raise ConfigError(
            "The benchmark needs I', for which the source would have to be uploaded: choose an editor that runs on "
            "this machine, or call editors.load_editor for your own surrogates."
        )
    planned = plan_shards(records, folder, shards, parameters.batch)
    identity = _identity(profile, records, planned)
    _check_identity(folder, identity)
    mine = [shard for shard in planned[process::processes] if not shard.target.exists()]
    if not mine:
        return []
    edit = load_editor(parameters)
    _check_models(folder, models_used(parameters))
    for shard in progress(mine, "Shards"):
        rows = make_rows(shard.records, profile, edit)
        if not (folder / IDENTITY).exists():
            # Now that the models are loaded, their commits are known. The card first: where it is missing, so is this.
            made_of = identity | {"models": models_used(parameters)}
            write_text(folder / CARD, generated_card(records, made_of))
            write_text(folder / IDENTITY, json.dumps(made_of, indent=2) + "\n")
        with atomic_path(shard.target) as temporary:
            pq.write_table(pa.Table.from_pylist(rows, schema=FEATURES.arrow_schema), temporary)
    return [shard.target for shard in mine]


def _identity(profile: Profile, records: Sequence[Record], planned: Sequence[Shard]) -> dict:
    """What the shards of a folder are made of; without folders, so that data which moved are the same data."""
    listed = [record.described() for record in records]
    return {
        **dataclasses.asdict(profile.generation),
        "strength": profile.benchmark.strength,
        "records": hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest(),
        "shards": len(planned),
    }


def _check_models(folder: Path, used: dict) -> None:
    # A branch of the hub moves: shards of two commits must not stand under one card.
    begun = json.loads((folder / IDENTITY).read_text(encoding="utf-8")) if (folder / IDENTITY).exists() else {}
    if begun.get("models", used) != used:
        raise ConfigError(
            f"The folder {folder.name!r} was begun with models of other commits than the hub's cache has now: pin "
            f"generation.surrogate_revision and generation.editor_revision to those of its README.md, or choose a new folder."
        )


def _check_identity(folder: Path, identity: dict) -> None:
    if not (folder / IDENTITY).exists():
        return
    begun = json.loads((folder / IDENTITY).read_text(encoding="utf-8"))
    different = [name for name in identity if begun.get(name) != identity[name]]
    if different:
        raise ConfigError(
            f"The folder {folder.name!r} was begun with other values ({', '.join(different)}): choose a new folder, or "
            f"delete this one."
        )


def make_rows(records: Sequence[Record], profile: Profile, edit: Editor) -> list[dict]:
    """The finished instances of some pairs, as rows of the benchmark's schema.

    I and S are edited with the same seed, made of `generation.seed` and the instance's name; where a record brings
    its own I', only S is.
    """
    size, strength = profile.generation.size, profile.benchmark.strength
    sources, masks = [], []
    for record in records:
        original = read_image(record.source)
        masks.append(resize_mask(read_mask(record.mask, original.size, record.whole), size))
        sources.append(square(original, size))
    surrogates = make_surrogates(
        sources,
        masks,
        [record.surrogate_prompt for record in records],
        profile.generation,
        [record.pair_id for record in records],
        strength,
        [record.whole for record in records],
    )
    instances = [
        (pair, code, text) for pair, record in enumerate(records) for code, text in record.instructions.items()
    ]
    seeds = [seed_of("edit", profile.generation.seed, records[pair].pair_id, code) for pair, code, _ in instances]
    edited_sources = {
        number: square(read_image(records[pair].edited), size)
        for number, (pair, _, _) in enumerate(instances)
        if records[pair].edited
    }
    missing = [number for number in range(len(instances)) if number not in edited_sources]
    # One call for both, since a command loads its model every time.
    numbers = [*missing, *range(len(instances))]
    pictures = [sources[instances[number][0]] for number in missing]
    pictures += [surrogates[pair].image for pair, _, _ in instances]
    edited = edit(pictures, [instances[number][2] for number in numbers], [seeds[number] for number in numbers])
    edited_sources |= dict(zip(missing, edited))
    return [
        records[pair].columns(code, strength)
        | {
            "source": png(sources[pair]),
            "mask": png(masks[pair]),
            "surrogate": {"bytes": surrogates[pair].png, "path": None},
            "edited_source": png(edited_sources[number]),
            "edited_surrogate": png(edited[len(missing) + number]),
        }
        for number, (pair, code, _) in enumerate(instances)
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; every process that accelerate started makes its own shards."""
    parser = argparse.ArgumentParser(prog="python -m sppe_lib.data.generate", description=__doc__.splitlines()[0])
    parser.add_argument("records", type=Path, help="one JSON object per line: the fields of Record")
    parser.add_argument("output", type=Path, help="folder of the Parquet shards")
    parser.add_argument("--profile", help="a profile of params.yaml")
    parser.add_argument("--shards", type=int, default=256, help="files of each split, at most")
    chosen = parser.parse_args(arguments)
    # On a CPU accelerate reads how many processes torchrun started only when told that there is no accelerator.
    state = PartialState(cpu=device().type == "cpu")
    try:
        profile = load_profile(chosen.profile)
        records = read_records(chosen.records)
        generate(profile, records, chosen.output, chosen.shards, state.process_index, state.num_processes)
    except KitError as error:
        raise SystemExit(str(error)) from None
    finally:
        state.destroy_process_group()


if __name__ == "__main__":
    main()
