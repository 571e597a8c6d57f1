"""Surrogates and edits of a whole list of photographs, on one or many processes, resumable.

    accelerate launch -m sppe_lib.data.generate RECORDS OUTPUT [--profile paper] [--shards 256]

(without a GPU, `torchrun --nproc-per-node 2 -m ...` starts several processes.)

RECORDS has one JSON object per line, the fields of `record_list.Record`. OUTPUT receives Parquet shards in the
benchmark's schema, which `schema.open_split` reads, and a dataset card. The same command again makes only what is
missing, whatever the number of processes or nodes.
"""

import argparse
import dataclasses
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from accelerate import PartialState

from sppe_lib.config import GenerationParameters, Profile, load_profile
from sppe_lib.data.card import generated_card
from sppe_lib.data.editors import CLOUD, Editor, load_editor, usual_model
from sppe_lib.data.own_folder import contents, digest
from sppe_lib.data.parquet import parquet_file
from sppe_lib.data.problems import read_json, shown
from sppe_lib.data.record_list import Record, read_records
from sppe_lib.data.schema import FEATURES, SPLITS
from sppe_lib.data.store import IDENTITY
from sppe_lib.data.surrogates import make_surrogates
from sppe_lib.errors import ConfigError, DataError, command_line
from sppe_lib.locations import model_location
from sppe_lib.models import cached_commit
from sppe_lib.pictures import picture_layout, png, read_mask, read_picture, resize_mask, square
from sppe_lib.runtime import atomic_path, device, progress, seed_of, write_text

CARD = "README.md"  # beside the shards; one that is there is never overwritten
MADE_OF = b"made_of"  # what the metadata of a shard call the digest of its records and their files


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def shard_of(index: int, shards: int, total: int) -> int:
    """The shard that item `index` of `total` belongs to: contiguous, so that rows keep their order, and even."""
    return index * shards // total


def plan_shards(records: Sequence[Record], folder: Path, shards: int, batch: int) -> dict[Path, list[Record]]:
    """The output files of every split and the records of each; at most `shards` files for each split.

    Whole batches of the surrogate model share a shard, so that pictures meet the same neighbours in it, and get the
    same pixels, for any number of shards.
    """
    if shards < 1:
        raise ConfigError(f"{shards} shards: choose at least 1.")
    planned: dict[Path, list[Record]] = defaultdict(list)
    for split in SPLITS:
        members = [record for record in records if record.split == split]
        batches = -(-len(members) // batch)
        number = min(shards, batches)
        for index, record in enumerate(members):
            shard = shard_of(index // batch, number, batches)
            planned[folder / f"{split}-{shard:05d}-of-{number:05d}.parquet"].append(record)
    return planned


def generate(
    profile: Profile, records: Sequence[Record], folder: Path, shards: int = 256, process: int = 0, processes: int = 1
) -> list[Path]:
    """Make this process's share of the shards that are not there yet; returns the files it wrote.

    A shard is there if it was made of the same pictures and masks, by their contents. Raises ConfigError, before any
    work, for the cloud editor and for a folder that was begun with other values or by anything else; and what
    surrogates and editors raise; finished shards stay.
    """
    parameters, folder = profile.generation, Path(folder)
    if parameters.editor == CLOUD:
        raise ConfigError(
            "The benchmark needs I', for which the source would have to be uploaded: choose an editor that runs on "
            "this machine, or call editors.load_editor for your own surrogates."
        )
    planned = plan_shards(records, folder, shards, parameters.batch)
    # What the shards are made of; without folders, so that data which moved are the same data.
    identity = dataclasses.asdict(parameters) | {"strength": profile.benchmark.strength}
    identity |= {"records": _digest([record.described() for record in records]), "shards": len(planned)}
    begun, contents_of = _begun(folder, identity), cache(digest)  # some files belong to many records
    mine = {}
    for target in list(planned)[process::processes]:
        made_of = _digest(
            [[record.described(), *map(contents_of, record.files)] for record in planned[target]]
        ).encode()
        if _made_of(target) != made_of:
            mine[target] = made_of
    if not mine:
        return []
    edit = load_editor(parameters)
    if begun.get("models", used := models_used(parameters)) != used:
        # A branch of the hub moves: shards of two commits must not stand under one card.
        raise ConfigError(
            f"The folder {shown(folder.name)!r} was begun with models of other commits than the hub's cache has now: "
            f"pin generation.surrogate_revision and generation.editor_revision to those of its README.md, or choose a "
            f"new folder."
        )
    for target, made_of in progress(mine.items(), "Shards"):
        rows = make_rows(planned[target], profile, edit)
        if not (folder / CARD).exists():
            # Now that the models are loaded, their commits are known.
            identity["models"] = models_used(parameters)
            write_text(folder / IDENTITY, json.dumps(identity, indent=2) + "\n")
            write_text(folder / CARD, generated_card(records, identity))
        schema = FEATURES.arrow_schema
        schema = schema.with_metadata({**(schema.metadata or {}), MADE_OF: made_of})
        with atomic_path(target) as temporary, open(temporary, "wb") as handle:
            pq.write_table(pa.Table.from_pylist(rows, schema=schema), handle)
    return list(mine)


def _made_of(target: Path) -> bytes | None:
    try:
        return parquet_file(target).schema_arrow.metadata.get(MADE_OF)
    except (DataError, AttributeError):  # not there, damaged, or without metadata: made anew
        return None


def _begun(folder: Path, identity: dict) -> dict:
    """What a folder says it was begun with; {} for a new or empty one. Raises ConfigError for any other folder."""
    name, present = shown(folder.name), [path for path in contents(folder) if not path.startswith(".")]
    if not present:
        return {}
    if IDENTITY not in present:
        other = f"holds {shown(present[0])!r} and no {IDENTITY}, so this command did not begin it"
        raise ConfigError(f"The folder {name!r} {other}: choose a new folder.")
    begun = read_json(folder / IDENTITY, f"The file {name}/{IDENTITY}")
    begun = begun if isinstance(begun, dict) else {}
    if different := ", ".join(key for key in identity if begun.get(key) != identity[key]):
        raise ConfigError(
            f"The folder {name!r} was begun with other values ({different}): choose a new folder, or delete this one."
        )
    return begun


def models_used(parameters: GenerationParameters) -> dict[str, dict[str, str]]:
    """Name, revision and commit of the surrogate model and the editor's, by role; "" where there is none.

    A folder is named by its last part. The commit is the one in the hub's cache: ask when the models are loaded.
    """

    def used(location: str, revision: str) -> dict[str, str]:
        folder = Path(model_location(location)) if location else None
        if folder is None or folder.is_dir():
            return {"model": f"folder {folder.name}" if folder else "", "revision": "", "commit": ""}
        commit = cached_commit(location, "model_index.json", revision) or ""
        return {"model": location, "revision": revision, "commit": commit}

    return {
        "surrogate": used(parameters.surrogate_model, parameters.surrogate_revision),
        "editor": used(usual_model(parameters), parameters.editor_revision),
    }


def make_rows(records: Sequence[Record], profile: Profile, edit: Editor) -> list[dict]:
    """The finished instances of some pairs, as rows of the benchmark's schema.

    I and S are edited with the same seed, made of `generation.seed` and the instance's name; where a record brings
    its own I', only S is.
    """
    parameters, strength = profile.generation, profile.benchmark.strength
    sources, masks = [], []
    for record in records:
        original, (_, orientation) = read_picture(record.source), picture_layout(record.source)
        mask = read_mask(record.mask, original.size, record.whole, orientation)
        sources.append(square(original, parameters.size))
        masks.append(resize_mask(mask, parameters.size))
    prompts, names, whole = zip(*((record.surrogate_prompt, record.pair_id, record.whole) for record in records))
    surrogates = make_surrogates(sources, masks, prompts, parameters, names, strength, whole)
    instances = [(pair, *item) for pair, record in enumerate(records) for item in record.instructions.items()]
    # One call for I and S, since a command loads its model every time.
    own = [instance for instance in instances if not records[instance[0]].edited]
    edited = iter(
        edit(
            [sources[pair] for pair, *_ in own] + [surrogates[pair].image for pair, *_ in instances],
            [text for *_, text in own + instances],
            [seed_of("edit", parameters.seed, names[pair], code) for pair, code, _ in own + instances],
        )
    )
    edited_sources = [
        read_picture(brought, parameters.size) if (brought := records[pair].edited) else next(edited)
        for pair, *_ in instances
    ]
    return [
        records[pair].columns(code, strength)
        | {
            "source": png(sources[pair]),
            "mask": png(masks[pair]),
            "surrogate": {"bytes": surrogates[pair].png, "path": None},
            "edited_source": png(edited_source),
            "edited_surrogate": png(edited_surrogate),
        }
        for (pair, code, _), edited_source, edited_surrogate in zip(instances, edited_sources, edited, strict=True)
    ]


@command_line
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
        profile, records = load_profile(chosen.profile), read_records(chosen.records)
        generate(profile, records, chosen.output, chosen.shards, state.process_index, state.num_processes)
    finally:
        state.destroy_process_group()


if __name__ == "__main__":
    sys.exit(main())
