"""Pairs that `generate` made enter the pipeline as the benchmark: one folder or several, of any size, or refused."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import ImageOps
from released_tree import mask, picture, save

from sppe_lib.config import load_profile
from sppe_lib.data import generate as generation
from sppe_lib.data.build import build_benchmark
from sppe_lib.data.record_list import Record
from sppe_lib.data.schema import SPLITS, check_instance, open_split
from sppe_lib.errors import ConfigError, DataError
from sppe_lib.evaluation.frame import data_name
from sppe_lib.pictures import png
from sppe_lib.tools.preflight.context import MISSING, OK, Context, check_data

SIDE = 32
PAIRS = {"train": 3, "val": 2, "test": 2}
MODEL = {"model": "folder sdxl", "revision": "", "commit": ""}


@pytest.fixture(autouse=True)
def cheap_models(monkeypatch, results):
    """Surrogates and edits without models: a square is painted, and colours are inverted."""

    def make_surrogates(sources, masks, prompts, parameters, names, strength, whole):
        painted = [source.copy() for source in sources]
        for image, private in zip(painted, masks, strict=True):
            image.paste((255, 0, 255), mask=private)
        return [SimpleNamespace(image=image, png=png(image)["bytes"]) for image in painted]

    def edit(images, instructions, seeds):
        return [ImageOps.invert(image) for image in images]

    monkeypatch.setattr(generation, "make_surrogates", make_surrogates)
    monkeypatch.setattr(generation, "load_editor", lambda parameters: edit)
    monkeypatch.setattr(generation, "models_used", lambda parameters: {"surrogate": MODEL, "editor": MODEL})


def record(folder, dataset, split, number, box=(8, 8, 20, 20), **own):
    name = f"{dataset}-{split}-{number}"
    source = save(picture(sum(map(ord, name))).resize((SIDE, SIDE)), folder / f"{name}.png")
    private = save(mask(box, (SIDE, SIDE)), folder / f"{name}-mask.png")
    own = {"category": "ticket", "codes": ("060", "047"), "dataset": dataset, "split": split} | own
    return Record(pair_id=f"{dataset}/{split}/{name}", source=source, mask=private, **own)


def generated(profile, folder, dataset="VISPR", pairs=PAIRS, more=()):
    """Fill a folder with `pairs` pairs of each split, as the command does."""
    pictures = folder.parent.parent / f"pictures of {folder.name}"
    records = [record(pictures, dataset, split, number) for split in pairs for number in range(pairs[split])]
    generation.generate(profile, [*records, *more], folder, shards=2)
    return folder


@pytest.fixture
def profile(tmp_path):
    """A profile whose benchmark is to be made of `data/rebuilt`, at the size that it is generated in."""
    changes = {"benchmark.source": str(tmp_path / "data" / "rebuilt"), "benchmark.size": SIDE, "generation.size": SIDE}
    changes |= {f"benchmark.{split}_pairs": 0 for split in SPLITS} | {"generation.batch": 1}
    return load_profile("smoke", changes)


def source_of(profile):
    return Path(profile.benchmark.source)


def changed(profile, **values):
    return replace(profile, benchmark=replace(profile.benchmark, **values))


def ids(folder, split, column="instance_id"):
    return open_split(folder, split)[column][:]


def stored(folder, split):
    return [row for path in sorted(folder.glob(f"{split}-*")) for row in pq.read_table(path).to_pylist()]


def data_finding(profile):
    (finding,) = check_data(Context(profile))
    return finding


def refused(profile, message, kind=DataError):
    with pytest.raises(kind, match=message) as raised:
        build_benchmark(profile, processes=1)
    return str(raised.value)


def test_a_generated_folder_becomes_the_benchmark_and_its_card_says_what_made_it(profile):
    folder = generated(profile, source_of(profile))
    summary = build_benchmark(profile, processes=1)
    assert summary.folder == profile.results / "benchmark" and not summary.simulated
    for split, number in PAIRS.items():
        assert ids(summary.folder, split) == ids(folder, split) and len(ids(folder, split)) == 2 * number
        assert stored(summary.folder, split) == stored(folder, split)  # to the byte
    assert summary.counts["pairs"].sum() == sum(PAIRS.values()) and summary.problems.empty
    assert data_name(profile) == "SPPE, rebuilt"
    card = (summary.folder / "README.md").read_text()
    assert "# SPPE, rebuilt from VISPR\n" in card and "license: other" in card
    assert "Nothing here is simulated" in card and "`folder sdxl`" in card and str(folder.parent) not in card
    made_of = json.loads((summary.folder / "made_of.json").read_text())
    assert made_of == {"rebuilt": json.loads((folder / "generation.json").read_text())}
    before = {path.name: path.read_bytes() for path in summary.folder.iterdir()}
    build_benchmark(profile, processes=2)
    assert {path.name: path.read_bytes() for path in summary.folder.iterdir()} == before


def test_other_sizes_are_resized_and_a_mask_that_closes_is_left_out(profile):
    pictures = source_of(profile).parent / "thin"
    thin = record(pictures, "VISPR", "train", 9, box=(1, 1, SIDE, SIDE))
    generated(profile, source_of(profile), more=[thin])
    smaller = changed(profile, size=16)
    summary = build_benchmark(smaller, processes=1)
    train = open_split(summary.folder, "train")
    assert len(train) == 2 * PAIRS["train"] and thin.pair_id not in train["pair_id"][:]
    for row in train:
        check_instance(row)
        assert row["source"].size == (16, 16) and set(np.unique(np.asarray(row["mask"]))) == {0, 255}
    assert sorted(summary.problems["file"]) == [f"{thin.pair_id}/{code}" for code in ("047", "060")]
    assert "at 16 pixels is full" in summary.problems["problem"][0]
    assert "2 problems were found" in (summary.folder / "README.md").read_text()


def test_numbers_of_pairs_are_limits_for_each_split_and_preflight_knows_generated_data(profile):
    folder = generated(profile, source_of(profile))
    summary = build_benchmark(changed(profile, train_pairs=2, val_pairs=1, test_pairs=9), processes=1)
    taken = {split: set(ids(summary.folder, split, "pair_id")) for split in SPLITS}
    assert {split: len(pairs) for split, pairs in taken.items()} == {"train": 2, "val": 1, "test": 2}
    assert taken["train"] < set(ids(folder, "train", "pair_id"))
    fewer = build_benchmark(changed(profile, train_pairs=1), processes=1)
    assert set(ids(fewer.folder, "train", "pair_id")) < taken["train"]  # the seed orders, the number cuts
    found = {finding.check: finding for finding in check_data(Context(profile))}
    assert found["data"].found == "generated from VISPR: 1 finished folders"
    numbers = {"train": "6 instances", "val": "4 instances", "test": "4 instances"}
    assert {split: found[f"data: {split}"].found for split in SPLITS} == numbers
    assert {finding.status for finding in found.values()} == {OK}
    shutil.rmtree(source_of(profile))
    assert "does not exist" in data_finding(profile).found


def test_a_folder_of_folders_is_joined(profile, monkeypatch):
    root = source_of(profile)
    generated(profile, root / "VISPR", "VISPR", {"train": 2, "val": 1})
    other = {"surrogate": MODEL | {"model": "folder flux"}, "editor": MODEL}
    monkeypatch.setattr(generation, "models_used", lambda parameters: other)
    generated(profile, root / "DIPA", "DIPA", {"train": 1, "test": 2})
    (root / "lists").mkdir()  # something else beside them is no matter
    summary = build_benchmark(profile, processes=1)
    assert ids(summary.folder, "train") == ids(root / "DIPA", "train") + ids(root / "VISPR", "train")
    assert ids(summary.folder, "val") == ids(root / "VISPR", "val")
    assert ids(summary.folder, "test") == ids(root / "DIPA", "test")
    card = (summary.folder / "README.md").read_text()
    assert "## Models of DIPA\n" in card and "## Models of VISPR\n" in card and "`folder flux`" in card


def test_what_is_not_finished_is_refused(profile):
    folder = generated(profile, source_of(profile))
    first = sorted(folder.glob("train-*"))[0]
    content = first.read_bytes()
    first.write_bytes(content[:200])
    refused(profile, f"rebuilt/{first.name} cannot be read .*; delete it and")
    first.write_bytes(content)
    pq.write_table(pq.read_table(first).drop_columns(["surrogate"]), first)
    refused(profile, f"{first.name} has no column surrogate")
    sorted(folder.glob("val-*"))[0].unlink()
    message = "benchmark.source has 5 of 6 shards; finish it with accelerate launch -m"
    assert refused(profile, message).endswith(f"{profile.benchmark.source} --profile smoke.")
    finding = data_finding(profile)
    assert finding.status == MISSING and finding.how.startswith("finish it with accelerate launch")
    (folder / "generation.json").unlink()
    refused(profile, "has no generation.json, which says what made it; copy that file as well")
    (folder / "generation.json").write_text("[]")
    refused(profile, "does not say what made it")
    assert not (profile.results / "benchmark").exists()


def test_folders_that_do_not_fit_are_refused(profile):
    own = {"category": "whole image", "codes": (), "instruction": "add a hat", "tag": "EDIT", "prompt": "a dog"}
    whole = record(source_of(profile).parent / "whole", "InstructPix2Pix", "test", 0, (0, 0, SIDE, SIDE), **own)
    generated(profile, source_of(profile) / "one", more=[whole])
    refused(profile, "holds pairs of InstructPix2Pix, .*; name it as benchmark.unseen_source")
    assert data_finding(profile).status == MISSING
    shutil.rmtree(source_of(profile) / "one")
    generated(profile, source_of(profile) / "one", pairs={"train": 1, "test": 1})
    refused(profile, "has no pairs of the split val; generate a folder from records of that split")
    refused(changed(profile, strength=0.7), "at protection strength 0.5, and benchmark.strength is 0.7", ConfigError)
    generated(profile, source_of(profile) / "two")
    refused(profile, "/two' of benchmark.source holds the pair VISPR/train/VISPR-train-0, which one has")
