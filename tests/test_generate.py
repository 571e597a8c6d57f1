"""Sharded generation: the same rows for any number of shards and processes, resumable, refused where it must be."""

import json
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from released_tree import stored
from tiny_pipelines import box_mask, generation_values, picture

from sppe_lib import hub
from sppe_lib.config import load_profile
from sppe_lib.data import generate as generation
from sppe_lib.data.card import generated_card
from sppe_lib.data.generate import generate, main, models_used, read_records, shard_of
from sppe_lib.data.record_list import Record
from sppe_lib.data.schema import check_instance, open_split
from sppe_lib.errors import ConfigError, DataError, ResourceError
from sppe_lib.runtime import compute_dtype, device

REPOSITORY = Path(__file__).parents[1]


def write_records(folder, train=5, test=2):
    """Sources, masks and the list of records of a few pairs; returns the list's path."""
    lines = []
    for number in range(train + test):
        picture(number, 40, 32).save(folder / f"{number}.png")
        box_mask(5, 3, 25, 20, width=40).save(folder / f"{number}_mask.png")
        entry = {"pair_id": f"photos/{number}", "dataset": "photos", "split": "train" if number < train else "test"}
        entry |= {"category": "ticket", "codes": ["060", "047"] if number % 2 else ["019"]}
        lines.append(json.dumps(entry | {"source": f"{number}.png", "mask": f"{number}_mask.png"}))
    (folder / "records.jsonl").write_text("\n".join(lines) + "\n")
    return folder / "records.jsonl"


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """`generate` with tiny models in float32: fills a folder from a list of records, or from its own."""
    folder = tmp_path_factory.mktemp("world")
    values = generation_values(folder)

    def profile(**changes):
        return load_profile("smoke", {f"generation.{name}": value for name, value in (values | changes).items()})

    def make(output, records=None, changes=None, shards=1, **options):
        records = make.records if records is None else records
        return generate(profile(**(changes or {})), records, output, shards=shards, **options)

    make.path, make.values, make.profile = write_records(folder), values, profile
    make.records = read_records(make.path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub, "compute_dtype", lambda: torch.float32)
        yield make


@pytest.fixture(scope="module")
def whole(make, tmp_path_factory):
    """What one process makes in one shard of each split."""
    folder = tmp_path_factory.mktemp("whole")
    make(folder)
    return folder


@pytest.fixture
def begun(whole, tmp_path):
    """A copy of it without the shard of the split test."""
    shutil.copytree(whole, tmp_path / "begun")
    next((tmp_path / "begun").glob("test-*")).unlink()
    return tmp_path / "begun"


def rows(folder, split):
    return [row for file in sorted(folder.glob(f"{split}-*.parquet")) for row in pq.read_table(file).to_pylist()]


def test_rows_are_instances_of_the_benchmark(whole):
    train = open_split(whole, "train")
    names = ["0/019", "1/060", "1/047", "2/019", "3/060", "3/047", "4/019"]
    assert train["instance_id"][:] == [f"photos/{name}" for name in names]
    assert len(open_split(whole, "test")) == 3
    for row in train:
        check_instance(row)
        private = np.asarray(row["mask"]) > 0
        source, surrogate = np.asarray(row["source"]), np.asarray(row["surrogate"])
        assert row["source"].size == (32, 32) and row["tag"] and row["strength"] == 0.5
        assert np.array_equal(source[~private], surrogate[~private]) and (source[private] != surrogate[private]).any()
        assert not np.array_equal(np.asarray(row["edited_source"]), np.asarray(row["edited_surrogate"]))


def test_shards_and_processes_change_nothing(whole, make, tmp_path):
    for process in (1, 0):
        assert len(make(tmp_path, shards=3, process=process, processes=2)) == 2
    assert len(list(tmp_path.glob("*.parquet"))) == 4  # three of train, and test has one batch only
    for split in ("train", "test"):
        assert rows(tmp_path, split) == rows(whole, split)


def test_what_is_finished_is_kept(whole, make, tmp_path, monkeypatch):
    made, real = [], generation.make_rows

    def breaks_at_the_third(chosen, *arguments):
        made.append(len(chosen))
        if len(made) == 3:
            raise KeyboardInterrupt
        return real(chosen, *arguments)

    monkeypatch.setattr(generation, "make_rows", breaks_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path, shards=3)
    files = {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    shards = [f"train-0000{number}-of-00003.parquet" for number in range(2)]
    assert sorted(files) == ["README.md", "generation.json", *shards]
    assert len(make(tmp_path, shards=3)) == 2
    assert all((tmp_path / name).stat().st_mtime_ns == time for name, time in files.items())
    assert rows(tmp_path, "train") == rows(whole, "train")
    monkeypatch.setattr(generation, "load_editor", lambda parameters: pytest.fail("loaded a model for nothing"))
    assert make(tmp_path, shards=3) == []


def test_a_folder_belongs_to_who_began_it_with_one_set_of_values_and_of_models(make, begun, tmp_path, monkeypatch):
    (tmp_path / "other").mkdir()
    for folder in (tmp_path / "other", begun):
        (folder / "README.md").write_text("my notes")
    with pytest.raises(ConfigError, match="README.md"):
        make(tmp_path / "other")
    assert [file.name for file in (tmp_path / "other").iterdir()] == ["README.md"]
    before = sorted(begun.iterdir())
    monkeypatch.setattr(generation, "models_used", lambda parameters: {"editor": {"commit": "another"}})
    for options, message in (
        ({"changes": {"seed": 1}}, r"other values \(seed\)"),
        ({"shards": 2}, r"other values \(shards\)"),
        ({"records": make.records[1:]}, r"other values \(records\)"),
        ({}, "other commits"),  # two of them must not stand under one card
        ({"shards": 0}, "at least 1"),
    ):
        with pytest.raises(ConfigError, match=message):
            make(begun, **options)
    assert sorted(begun.iterdir()) == before
    monkeypatch.undo()
    assert len(make(begun)) == 1 and (begun / "README.md").read_text() == "my notes"


def test_a_corrected_photo_or_mask_is_made_anew_and_nothing_else(make, whole, tmp_path):
    records, out = read_records(write_records(tmp_path)), tmp_path / "out"
    made = make(out, records, shards=3)
    box_mask(30, 3, 38, 20, width=40).save(tmp_path / "0_mask.png")
    assert make(out, records, shards=3) == made[:1]
    (corrected,) = {row["mask"]["bytes"] for row in rows(out, "train") if row["pair_id"] == "photos/0"}
    assert corrected != rows(whole, "train")[0]["mask"]["bytes"]
    assert rows(out, "train")[3:] == rows(whole, "train")[3:]


def test_private_pixels_do_not_reach_the_surrogate_whichever_way_the_photo_lies(make, tmp_path, monkeypatch):
    monkeypatch.setattr(generation, "load_editor", lambda _: lambda images, *_: [image.copy() for image in images])
    photo, records = Image.new("RGB", (64, 48), "grey"), []
    photo.paste((255, 0, 0), (4, 6, 20, 18))
    box_mask(4, 6, 20, 18, 64, 48).save(tmp_path / "mask.png")
    for orientation in (1, 3, 6, 8):
        path = tmp_path / f"{orientation}.png"
        path.write_bytes(stored(photo, orientation))
        fields = {"pair_id": path.stem, "dataset": "photos", "split": "test", "category": "ticket", "codes": ("060",)}
        records.append(Record(**fields, source=path, mask=tmp_path / "mask.png"))
    make(tmp_path / "out", records, {"size": 48})
    found = open_split(tmp_path / "out", "test")
    assert len(found) == 4
    for row in found:
        surrogate, source = np.asarray(row["surrogate"]).astype(int), np.asarray(row["source"]).astype(int)
        assert (source[8:16, 5:13, 0] > 240).all()  # upright: there it was
        private = np.asarray(row["mask"]) > 0
        assert private[6:18, 3:15].all() and np.abs(surrogate - source)[private].mean() > 5
        assert not row["source"].info and not row["surrogate"].info


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"editor": "cloud"}, ConfigError, "source would have to be uploaded"),
        ({"surrogate_model": str(REPOSITORY / "tests")}, ResourceError, "Cannot load .*tests"),
    ],
)
def test_what_cannot_run_leaves_nothing_behind(make, tmp_path, changes, kind, message):
    with pytest.raises(kind, match=message):
        make(tmp_path / "out", changes=changes)
    assert not (tmp_path / "out").exists()


def test_the_card_says_what_made_the_folder_and_names_revisions_and_commits(whole, make, monkeypatch):
    card = (whole / "README.md").read_text()
    _, front, text = card.split("---\n", 2)
    splits = [entry["split"] for entry in yaml.safe_load(front)["configs"][0]["data_files"]]
    assert splits == ["train", "test"] and yaml.safe_load(front)["license"] == "other"
    assert "| train   |       5 |           7 |" in text and "complete with 2 Parquet" in text
    assert "`folder sdxl`, a local copy of unknown revision; protection strength 0.5" in text
    assert str(make.path.parent) not in card
    commits = {"someone/paints": "abc123"}
    monkeypatch.setattr(generation, "cached_commit", lambda name, file, revision: commits.get(name))

    def card_of(**changes):
        parameters = make.profile(**changes).generation
        used = models_used(parameters)
        made_of = asdict(parameters) | {"strength": 0.5, "shards": 1, "models": used}
        return used, generated_card(make.records, made_of)

    surrogate = {"surrogate_model": "someone/paints", "surrogate_revision": "v2"}
    used, card = card_of(**surrogate, editor_model="", editor_revision="main")
    assert used["surrogate"] == {"model": "someone/paints", "revision": "v2", "commit": "abc123"}
    assert used["editor"] == {"model": "timbrooks/instruct-pix2pix", "revision": "main", "commit": ""}
    assert "`someone/paints` at revision `v2` (commit abc123)" in card
    assert "`timbrooks/instruct-pix2pix` at revision `main`;" in card
    _, card = card_of(editor="command:my-own-editor {folder}", editor_model="")
    assert "`command`, an external program" in card and "my-own-editor" not in card


@given(st.integers(1, 60), st.integers(1, 200))
def test_shards_are_contiguous_and_even(shards, total):
    numbers = [shard_of(index, shards, total) for index in range(total)]
    assert numbers == sorted(numbers) and numbers[0] == 0 and numbers[-1] < shards
    sizes = [numbers.count(shard) for shard in range(shards)]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"split": "dev"}, "records.jsonl line 3: the split 'dev' is unknown"),
        ({"category": "dog"}, "line 3: Unknown category 'dog'"),
        ({"codes": ["066"]}, "line 3: Unknown instruction code '066'"),
        ({"mask": "none.png"}, "line 3: the file none.png of photos/2 is missing"),
        ({"pair_id": "photos/0"}, "repeats a pair_id"),
        ({"extra": 1}, "line 3 is no record .*give it the fields pair_id"),
        ({"source": 5}, "line 3 is no record"),
        ({"codes": []}, "line 3: photos/2 has no codes"),
        ({"codes": ["060", "060"]}, "line 3: photos/2 repeats a code"),
        ({"prompt": "a ticket"}, "line 3: prompt is for the full-image data sets only .*InstructPix2Pix"),
        ({"dataset": "InstructPix2Pix"}, "line 3: photos/2 is of the full-image data set InstructPix2Pix; give it an"),
        (
            {"dataset": "InstructPix2Pix", "codes": [], "instruction": "add a hat", "prompt": "a", "tag": "HAT"},
            "line 3: the tag 'HAT' is unknown",
        ),
    ],
)
def test_a_faulty_record_is_named(tmp_path, change, message):
    path = write_records(tmp_path)
    lines = path.read_text().splitlines()
    lines[2] = json.dumps(json.loads(lines[2]) | change)
    path.write_text("\n".join(lines))
    with pytest.raises(DataError, match=message):
        read_records(path)


@pytest.fixture
def as_a_process_starts(monkeypatch):
    """This process computes as a fresh one with one thread does, so that bytes can be compared."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setattr(hub, "compute_dtype", compute_dtype)
    hub.load_pipeline.cache_clear()
    yield
    hub.load_pipeline.cache_clear()
    torch.set_num_threads(threads)


@pytest.mark.skipif(device().type != "cpu", reason="two processes of one CPU")
def test_two_processes_write_the_bytes_of_one(make, tmp_path, monkeypatch, capsys, as_a_process_starts):
    content = yaml.safe_load((REPOSITORY / "params.yaml").read_text())
    content["profiles"]["smoke"]["generation"].update(make.values)
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    monkeypatch.setenv("SPPE_HOME", str(tmp_path))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--profile", "smoke", "--shards", "3"]
    environment = {"PYTHONPATH": REPOSITORY, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": 1}
    environment |= {"WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2}  # as torchrun and accelerate set it
    command, started = [sys.executable, "-m", "sppe_lib.data.generate", make.path, tmp_path / "two", *options], []
    for rank in range(2):
        own = {name: str(value) for name, value in (environment | {"RANK": rank, "LOCAL_RANK": rank}).items()}
        started.append(subprocess.Popen(command, env=os.environ | own, text=True, stderr=subprocess.PIPE))
    for process in started:
        error = process.communicate()[1]
        assert process.returncode == 0, error
        assert "Shards: 100%" in error and "2/2" in error  # each made two of the four
    main([str(make.path), str(tmp_path / "one"), *options])
    one, two = ({file.name: file.read_bytes() for file in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert len(one) == 6 and one == two
    assert main([str(tmp_path / "none.jsonl"), str(tmp_path / "out"), *options]) == 2
    assert "The list of records 'none.jsonl' is missing" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
