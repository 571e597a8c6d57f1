"""InstructPix2Pix from its shards to the unseen set: listed, generated, read where the vector world's set would be."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from datasets import Dataset
from source_trees import write_shard
from tiny_pipelines import generation_values, picture

from sppe_lib import hub, recovery
from sppe_lib.config import load_profile
from sppe_lib.data.build import build_set, build_sets
from sppe_lib.data.generate import generate, read_records
from sppe_lib.data.schema import FULL_IMAGE_DATASETS, check_instance, open_evaluated, open_split
from sppe_lib.data.sources import records
from sppe_lib.errors import ConfigError, DataError
from sppe_lib.evaluation.recovery_tables import unseen_table
from sppe_lib.pictures import read_picture
from sppe_lib.tools.preflight.context import MISSING, OK, OPTIONAL, Context, check_unseen

PROMPTS = ("make it snowy", "add a hat", "as a watercolor", "Add a hat")
CAPTIONS = ("a house", "a dog", " ", "a cat")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The folder with `records/` and `generated/`, made by the two commands' own functions, and what made it."""
    root = tmp_path_factory.mktemp("world")
    pictures = [picture(number, 40, 32) for number in range(8)]
    write_shard(root / "raw/train-00000-of-00001.parquet", PROMPTS, pictures[:4], pictures[4:], CAPTIONS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub, "compute_dtype", lambda: torch.float32)
        assert records.main(["InstructPix2Pix", str(root / "raw"), str(root / "records"), "--prompts", "3"]) == 0
        values = generation_values(root)
        profile = load_profile("smoke", {f"generation.{name}": value for name, value in values.items()})
        generate(profile, read_records(root / "records" / "records.jsonl"), root / "generated", shards=2)
        yield root, profile


@pytest.fixture
def listed(world):
    return read_records(world[0] / "records" / "records.jsonl")


@pytest.fixture
def profile(world, tmp_path, results):
    """A profile of another picture size whose unseen set is a copy of the generated folder."""
    shutil.copytree(world[0] / "generated", tmp_path / "generated")
    changes = {"unseen_source": str(tmp_path / "generated"), "unseen_pairs": 0, "source": "data/SPPE", "size": 16}
    return load_profile("smoke", {f"benchmark.{name}": value for name, value in changes.items()})


def folder_of(profile):
    return Path(profile.benchmark.unseen_source)


def test_the_list_has_every_instruction_and_what_cannot_be_listed_leaves_nothing(world, listed, tmp_path, capsys):
    assert {record.instruction.lower() for record in listed} == {"make it snowy", "add a hat", "as a watercolor"}
    assert {record.tag for record in listed} == {"EDIT", "ADD/REMOVE", "STYLE"}
    for record in listed:
        assert record.whole and record.split == "test" and record.codes == ()
        assert record.prompt in {"a house", "a dog", "a cat", "a photo"}  # a caption, or what stands for an empty one
        assert read_picture(record.source).size == read_picture(record.edited).size == (40, 32)
        assert list(record.instructions.values()) == [record.instruction]
    assert [path.name for path in (world[0] / "records" / "masks").iterdir()] == ["40x32.png"]
    for folder, more, message in (
        (world[0] / "raw", [], "has 3 unique instructions, 934 were asked for"),
        (tmp_path / "none", [], "'none' does not exist"),
        (world[0] / "raw", ["--prompts", "0"], "choose at least 1"),
    ):
        assert records.main(["InstructPix2Pix", str(folder), str(tmp_path / "out"), *more]) == 2
        assert message in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_generated_pairs_and_their_card_say_that_everything_is_private(world, listed, tmp_path):
    by_pair, rows = {record.pair_id: record for record in listed}, open_split(world[0] / "generated", "test")
    assert sorted(rows["pair_id"][:]) == sorted(by_pair)
    for row in rows:
        check_instance(row)
        record = by_pair[row["pair_id"]]
        assert np.asarray(row["mask"]).min() == 255 and row["dataset"] in FULL_IMAGE_DATASETS
        assert (row["instruction"], row["tag"], row["category"]) == (record.instruction, record.tag, "whole image")
        assert np.array_equal(np.asarray(row["edited_source"]), np.asarray(read_picture(record.edited, 32)))
        assert np.array_equal(np.asarray(row["source"]), np.asarray(read_picture(record.source, 32)))
        assert not np.array_equal(np.asarray(row["surrogate"]), np.asarray(row["source"]))
        assert not np.array_equal(np.asarray(row["edited_surrogate"]), np.asarray(row["surrogate"]))
    card = (world[0] / "generated" / "README.md").read_text()
    assert "In 3 of 3 pairs everything is private" in card and "`edited_source` of 3 of them" in card
    generate(world[1], [replace(listed[0], edited=None)], tmp_path, shards=1)
    (row,) = open_split(tmp_path, "test")
    assert not np.array_equal(np.asarray(row["edited_source"]), np.asarray(read_picture(listed[0].edited, 32)))


def test_the_folder_becomes_the_unseen_set(profile):
    summary = build_set(profile, "unseen")
    assert summary.folder == profile.results / "unseen" and not summary.simulated
    unseen, generated = open_evaluated(profile, "unseen"), open_split(folder_of(profile), "test")
    assert unseen["instance_id"][:] == generated["instance_id"][:] and len(unseen) == 3
    for row, other in zip(unseen, generated, strict=True):
        check_instance(row)
        assert row["source"].size == (16, 16) and np.asarray(row["mask"]).min() == 255
        texts = [name for name in row if isinstance(row[name], (str, float))]
        assert {name: row[name] for name in texts} == {name: other[name] for name in texts}
    card = (summary.folder / "README.md").read_text()
    assert "Nothing here is simulated" in card and str(folder_of(profile).parent) not in card
    before = {path.name: path.read_bytes() for path in summary.folder.iterdir()}
    build_set(profile, "unseen")
    assert {path.name: path.read_bytes() for path in summary.folder.iterdir()} == before


def test_methods_recover_it_and_table_7_says_what_it_is(profile):
    some = replace(profile, benchmark=replace(profile.benchmark, unseen_pairs=2))
    build_set(some, "unseen")
    assert open_evaluated(some, "unseen")["pair_id"][:] == open_split(folder_of(some), "test")["pair_id"][:2]
    recovered = Dataset.from_parquet(str(recovery.recover_split(some, "copy-surrogate", "unseen")))
    assert recovered["instance_id"][:] == open_evaluated(some, "unseen")["instance_id"][:]
    notes = " ".join(unseen_table(some).notes)
    assert "images and instructions of InstructPix2Pix" in notes and "stand-in" not in notes


def test_a_folder_that_is_not_there_is_a_reason_with_the_commands(profile):
    shutil.rmtree(folder_of(profile))
    message = "does not exist; make it with python -m .*records .* then accelerate launch"
    with pytest.raises(ConfigError, match=message) as raised:
        build_set(profile, "unseen")
    assert f"records.jsonl {profile.benchmark.unseen_source} --profile smoke" in str(raised.value)
    assert build_sets(profile)["unseen"] == str(raised.value)
    assert str(raised.value) in (profile.results / "unseen" / "README.md").read_text()
    (finding,) = check_unseen(Context(profile))
    assert finding.status == OPTIONAL and finding.how.startswith("make it with python")


def test_what_is_not_finished_or_not_whole_is_refused(profile):
    folder = folder_of(profile)

    def refused(message):
        with pytest.raises(DataError, match=message):
            build_set(profile, "unseen")

    (finding,) = check_unseen(Context(profile))
    assert (finding.found, finding.status) == ("3 instances", OK)
    first, second = sorted(folder.glob("test-*"))
    second.unlink()
    refused("1 of 2 shards; finish it with")
    (finding,) = check_unseen(Context(profile))
    assert finding.status == MISSING and finding.how.startswith("finish it with")
    photos = Dataset.from_parquet(str(first)).map(lambda row: {"dataset": "photos"})
    for path in (first, second):
        photos.to_parquet(str(path.with_name(path.name.replace("test", "val"))))
    first.unlink()
    refused("has no test shards; make them with")
    photos.to_parquet(str(first))
    refused("holds pairs of photos, whose surrogates are not full images")
    assert not (profile.results / "unseen").exists()


def test_profiles_of_the_vector_world_need_no_folder():
    for changes in ({}, {"benchmark.unseen_source": ""}):
        assert list(check_unseen(Context(load_profile("smoke", changes)))) == []
