"""Bad input: one clear sentence naming the file and the remedy, and nothing lost."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from released_tree import mask, save, write_tree

from sppe_lib.config import load_profile
from sppe_lib.data import build
from sppe_lib.data.build import build_benchmark
from sppe_lib.data.schema import open_split
from sppe_lib.errors import ConfigError, DataError, KitError, ResourceError
from sppe_lib.pictures import read_mask, read_picture
from sppe_lib.runtime import atomic_path, require_disk, write_text

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def results(tmp_path, monkeypatch):
    monkeypatch.setenv("SPPE_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("SPPE_HOME", str(REPOSITORY))
    return tmp_path / "results"


@pytest.fixture
def tree(tmp_path):
    return write_tree(tmp_path / "SPPE")


def profile_for(tree, **changes):
    values = {"source": str(tree), "size": 32, "train_pairs": 0, "val_pairs": 0, "test_pairs": 0} | changes
    return load_profile("smoke", {f"benchmark.{name}": value for name, value in values.items()})


def one_sentence(error) -> str:
    text = str(error.value)
    assert text.endswith(".") and "\n" not in text
    return text


@pytest.mark.parametrize("content", [None, b"", b"not an image", b"\x89PNG\r\n\x1a\n"])
def test_an_image_that_is_missing_or_unreadable(tmp_path, content):
    path = tmp_path / "faces" / "1.jpg"
    if content is not None:
        path.parent.mkdir()
        path.write_bytes(content)
    with pytest.raises(DataError, match="faces/1.jpg is .*; (replace|restore|save)") as error:
        read_picture(path)
    one_sentence(error)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_truncated_image(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    path = save(Image.fromarray(noise), tmp_path / f"1{suffix}")
    assert read_picture(path, size=16).size == (16, 16)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DataError, match="truncated or damaged"):
        read_picture(path)


@pytest.mark.parametrize(
    ("box", "size", "message"),
    [
        ((2, 2, 9, 9), (48, 40), "mask.png is 48x48 pixels but its image is 48x40; export"),
        ((0, 0, 0, 0), (48, 48), "mask.png is empty"),
        ((0, 0, 48, 48), (48, 48), "mask.png is full"),
    ],
)
def test_bad_masks(tmp_path, box, size, message):
    path = save(mask(box), tmp_path / "mask.png")
    with pytest.raises(DataError, match=message) as error:
        read_mask(path, size)
    one_sentence(error)


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_the_vector_world_needs_a_number_of_pairs(split, results):
    profile = load_profile("smoke", {f"benchmark.{split}_pairs": 0})
    with pytest.raises(ConfigError, match=f"benchmark.{split}_pairs is 0") as error:
        build_benchmark(profile)
    one_sentence(error)
    assert not results.exists()


def test_missing_data_folder_is_known_before_work(tmp_path, results):
    with pytest.raises(DataError, match="'nowhere' does not exist; download"):
        build_benchmark(profile_for(tmp_path / "nowhere"))
    assert not results.exists()


def test_too_little_disk_is_known_before_work(tree, results, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
    monkeypatch.setattr(
        build.released, "read_instances", lambda *arguments: (pytest.fail("read a picture") for _ in (1,))
    )
    with pytest.raises(ResourceError, match="Not enough disk for 'benchmark'.*free some space") as error:
        build_benchmark(profile_for(tree))
    one_sentence(error)
    assert not results.exists()


def test_disk_check_asks_the_disk_of_the_nearest_folder(tmp_path, monkeypatch):
    asked = []

    def usage(folder):
        asked.append(folder)
        return type("Usage", (), {"free": 10})

    monkeypatch.setattr("shutil.disk_usage", usage)
    require_disk(tmp_path / "not" / "there", 10)
    with pytest.raises(ResourceError):
        require_disk(tmp_path / "not" / "there", 11)
    assert set(asked) == {tmp_path}


def test_a_broken_tree_is_read_as_far_as_it_goes(tree, results):
    (tree / "EDITED/TRAIN/source/a105_face_all/2017_1_007.jpg").unlink()
    summary = build_benchmark(profile_for(tree), processes=1)
    assert int(summary.counts["instances"].sum()) == 7
    assert "1 problems" in str(summary) and "2017_1_007.jpg" in str(summary)
    assert "2017_1_007.jpg" in (results / "smoke/benchmark/problems.csv").read_text()
    assert len(open_split(results / "smoke/benchmark", "train")) == 3


def test_strict_refuses_it(tree, results):
    (tree / "EDITED/TRAIN/source/a105_face_all/2017_1_007.jpg").unlink()
    with pytest.raises(DataError, match="instance without its pair: EDITED/TRAIN/source/a105_face_all/2017_1_007.jpg"):
        build_benchmark(profile_for(tree), processes=1, strict=True)
    assert not results.exists()


def test_an_error_on_the_way_leaves_what_was_there(tree, results):
    profile = profile_for(tree)
    build_benchmark(profile, processes=1)
    folder = results / "smoke/benchmark"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    file = tree / "ORIGINAL/TRAIN/surrogate/a30_credit_card/2017_2.jpg"
    file.write_bytes(file.read_bytes()[:300])
    with pytest.raises(DataError, match="2017_2.jpg is truncated"):
        build_benchmark(profile, processes=1, strict=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["benchmark"]


def test_nothing_readable_is_an_error(tree, results):
    for path in tree.rglob("ORIGINAL/**/*.jpg"):
        path.write_bytes(b"")
    with pytest.raises(DataError, match="8 problems in the released data"):
        build_benchmark(profile_for(tree), processes=1)
    assert not (results / "smoke/benchmark").exists()


def test_atomic_path_keeps_the_old_until_the_new_is_whole(tmp_path):
    target = tmp_path / "folder"
    for value in ("first", "second"):
        with atomic_path(target) as temporary:
            temporary.mkdir()
            (temporary / "file").write_text(value)
    with pytest.raises(KeyboardInterrupt), atomic_path(target) as temporary:
        temporary.mkdir()
        (temporary / "file").write_text("third")
        raise KeyboardInterrupt
    assert (target / "file").read_text() == "second"
    assert list(tmp_path.iterdir()) == [target]
    write_text(tmp_path / "note", "x")
    assert (tmp_path / "note").read_text() == "x"


def test_a_replacement_that_fails_puts_the_old_back(tmp_path, monkeypatch):
    target = tmp_path / "folder"
    with atomic_path(target) as temporary:
        temporary.mkdir()
    (target / "file").write_text("old")
    real = os.replace

    def fails_once(source, destination):
        if Path(destination) == target and not calls:
            calls.append(1)
            raise PermissionError("no")
        return real(source, destination)

    calls: list[int] = []
    monkeypatch.setattr(os, "replace", fails_once)
    with pytest.raises(PermissionError), atomic_path(target) as temporary:
        temporary.mkdir()
    assert (target / "file").read_text() == "old"


def test_errors_share_one_base():
    assert all(issubclass(error, KitError) for error in (ConfigError, DataError, ResourceError))
