"""What real folders are like: turned photos, odd names, copies, links, pictures of one name, and no sweep at all."""

import json
import os
import weakref
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import released_tree
from datasets import Dataset
from matplotlib import pyplot as plt
from PIL import Image
from released_tree import SIDE, mask, picture, pixels, read_tree, save, stored, write_instance, write_tree
from tiny import tiny_benchmark, tiny_pair

from sppe_lib import config
from sppe_lib.config import load_profile, repository
from sppe_lib.data import released
from sppe_lib.data.build import SETS, build_benchmark, build_sets
from sppe_lib.data.parquet import open_parquet, write_parquet
from sppe_lib.data.problems import files_below, read_json
from sppe_lib.data.released import find_instances
from sppe_lib.data.schema import IMAGE_COLUMNS, SPLITS, iterate, open_evaluated, open_split, split_files
from sppe_lib.data.store import write_shards
from sppe_lib.errors import ConfigError, DataError, KitError, ResourceError
from sppe_lib.pictures import turned

FACE = "a105_face_all"


@pytest.fixture
def tree(tmp_path):
    return write_tree(tmp_path / "SPPE")


def read(root, size=SIDE):
    found, instances = read_tree(root, size)
    return found.problems, {name: instance.row for name, instance in instances.items()}


NAMES = ("run1", "run[1]", "[v2]", "a?b", "a*b", "a::b", "s3:", "file:", "{a,b}", "50%25", "~", "$HOME", "ü\u2028 x")


def test_a_folders_name_is_no_pattern(tmp_path):
    for name in NAMES:
        (tmp_path / name).mkdir()
    for first in (0, 100):  # and a changed file is read anew
        for number, name in enumerate(NAMES, first):
            write_parquet(Dataset.from_dict({"x": [number]}), tmp_path / name / "x.parquet")
        for number, name in enumerate(NAMES, first):
            assert open_parquet(tmp_path / name / "x.parquet")["x"][:] == [number], name


def test_copies_and_leftovers_are_no_shards(tmp_path):
    folder = tiny_benchmark(tmp_path / "b", 1, size=16)
    for name in ("test-00000-of-00001 (1).parquet", "._test-00000-of-00001.parquet", "test-00000.parquet"):
        (folder / name).write_bytes((folder / "test-00000-of-00001.parquet").read_bytes())
    assert [path.name for path in split_files(folder, "test")] == ["test-00000-of-00001.parquet"]
    assert split_files(tmp_path / "none", "test") == []


def test_what_nobody_put_there_is_passed_over_and_linked_folders_are_followed_but_not_in_circles(tree, tmp_path):
    before = read(tree)
    source = tree / "ORIGINAL/TRAIN/source" / FACE
    for name in ("._2017_1.jpg", ".ipynb_checkpoints/2017_1-checkpoint.jpg", "2017_1 (1).jpg"):
        save(picture(9), source / name)
    save(picture(9), tree / "__MACOSX/ORIGINAL/TRAIN/source" / FACE / "2017_1.jpg")
    (tree / "labels/._test_labels.json").write_bytes(b"\x00\x05\x16\x07")
    (tree / "labels/test_labels (1).json").write_text("[{", encoding="utf-8")
    assert read(tree) == before
    (tree / "ORIGINAL").rename(tmp_path / "elsewhere")
    (tree / "ORIGINAL").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tree / "EDITED/TRAIN/round").symlink_to(tree, target_is_directory=True)
    (tree / "gone").symlink_to(tmp_path / "nothing")
    assert read(tree) == before and len(list(files_below(tree))) == len(set(files_below(tree)))


def test_names_that_no_text_can_hold_are_listed(tree):
    name = os.fsdecode(b"caf\xe9.jpg")
    try:
        save(picture(1), tree / "ORIGINAL/TRAIN/source" / FACE / name)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    problems, rows = read(tree)
    assert [problem.problem for problem in problems] == ["name that is not UTF-8"] and len(rows) == 8
    assert problems[0].file.encode("ascii").endswith(rb"caf\udce9.jpg")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("drawn_on", ["the upright picture", "the stored picture"])
def test_photos_are_read_as_they_are_seen(tree, orientation, drawn_on):
    upright = Image.fromarray(np.random.default_rng(0).integers(0, 255, (2, 3, 3), dtype=np.uint8))
    upright, private = upright.resize((60, 40), Image.Resampling.BICUBIC), mask((6, 4, 20, 30), (60, 40))
    for path in tree.glob(f"*/TRAIN/*/{FACE}/2017_1*.jpg"):
        path.write_bytes(stored(upright, orientation, "JPEG", quality=95))
    if drawn_on == "the stored picture":
        private = turned(private, released_tree.INVERSE[orientation])
    for code in ("007", "033"):
        save(private, tree / "MASK" / FACE / f"2017_1_{code}.png")
    problems, rows = read(tree)
    row = rows[f"released/train/{FACE}/2017_1/007"]
    expected = np.asarray(upright.resize((SIDE, SIDE), Image.Resampling.BICUBIC), dtype=int)
    assert not problems and np.abs(pixels(row, "source") - expected).mean() < 4  # JPEG
    # A mask as large as the upright picture is taken as drawn on it: half turns and mirrors cannot be told apart.
    if drawn_on == "the upright picture" or orientation not in (2, 3, 4):
        drawn = pixels(row, "mask")
        assert drawn[SIDE * 5 // 40 : SIDE * 29 // 40, SIDE * 7 // 60 : SIDE * 19 // 60].min() == 255
        assert drawn[SIDE * 31 // 40 :].max() == drawn[:, SIDE * 22 // 60 :].max() == 0


def test_a_picture_on_its_side_is_listed(tree):
    for role, size in (("source", (60, 40)), ("surrogate", (40, 60))):
        save(picture(1).resize(size), tree / "ORIGINAL/TRAIN" / role / FACE / "2017_1.jpg")
    problems, rows = read(tree)
    assert len(rows) == 6 and all("on its side" in problem.problem for problem in problems) and len(problems) == 2


@pytest.mark.parametrize("stored", [True, False])
def test_a_thin_private_line_stays_private(tree, stored):
    # Three pixels of 1024, seen at 32: with a mask of its own, and found as the difference of I and S.
    line = (100, 500, 900, 503)
    pair = [picture(1).resize((1024, 1024)) for _ in range(2)]
    pair[1].paste(tuple(255 if value < 128 else 0 for value in pair[0].getpixel((500, 501))), line)
    for role, image in zip(("source", "surrogate"), pair, strict=True):
        save(image, tree / "ORIGINAL/TRAIN" / role / FACE / "2017_1.jpg")
    path = tree / "MASK" / FACE / "2017_1_007.png"
    save(mask(line, (1024, 1024)), path) if stored else path.unlink()
    _, rows = read(tree, size=32)
    private = pixels(rows[f"released/train/{FACE}/2017_1/007"], "mask") == 255
    assert private[15, 4:28].all() and not private[:14].any() and not private[18:].any()


@pytest.mark.parametrize("folder", ["ORIGINAL/TRAIN/source", "EDITED/TRAIN/surrogate", "MASK"])
def test_two_pictures_of_one_name_are_both_named_and_neither_is_used(tree, folder):
    stem = "2017_1" if folder.startswith("ORIGINAL") else "2017_1_007"
    path = save(picture(5), tree / folder / FACE / f"{stem}.jpeg")
    problems, rows = read(tree)
    (problem,) = problems
    assert problem.problem == "two pictures of one name" and problem.file.count(stem) == 2
    assert path.name in problem.file and f"released/train/{FACE}/2017_1/007" not in rows
    assert f"released/train/{FACE}/2017_1/033" in rows or folder.startswith("ORIGINAL")


def test_a_name_in_two_splits_has_two_pictures_and_two_masks(tree):
    write_instance(tree, "TEST", FACE, "2017_1", ("007",), with_mask=False)
    problems, rows = read(tree)
    names = [f"released/{split}/{FACE}/2017_1/007" for split in ("train", "test")]
    assert {problem.problem for problem in problems} == {"mask of a name in several splits"}
    assert not set(names) & set(rows)  # whose mask it is cannot be known
    (tree / "MASK" / FACE / "2017_1_007.png").unlink()
    boxes = {"TRAIN": (2, 2, 8, 8), "TEST": (20, 20, 40, 40)}
    for split, box in boxes.items():
        save(mask(box), tree / "MASK" / split / FACE / "2017_1_007.png")
    problems, rows = read(tree)
    assert [np.count_nonzero(pixels(rows[name], "mask")) for name in names] == [36, 400]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_json_in_any_unicode_encoding(tmp_path, encoding):
    path = tmp_path / "x.json"
    path.write_bytes(json.dumps({"é\u2028": "ü\u0085"}, ensure_ascii=False).encode(encoding))
    assert read_json(path, "x") == {"é\u2028": "ü\u0085"}


@pytest.mark.parametrize(
    "content", ["[" * 100_000, "9" * 5000, "[1,", "", "\ufffe", '"\xe9"'], ids=lambda text: text[:4]
)
def test_json_that_cannot_be_read_is_one_sentence(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_bytes(content.encode("latin-1", "replace"))
    with pytest.raises(DataError, match="^The list x is not valid JSON") as raised:
        read_json(path, "The list x")
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 300


LABELS = ["NaN", "Infinity", "-1e999", "9" * 400, "true", '"0.5"', "null", "[1]", "1.5"]
OTHERS = [('"2017_1"', '["a"]'), ('"007"', "{}"), (f'"category": "{FACE}", ', "")]


@pytest.mark.parametrize(("old", "new"), [("0.1", label) for label in LABELS] + OTHERS)
def test_entries_without_a_cosine_or_a_name_are_refused_with_their_number(tree, old, new):
    entry = f'{{"category": "{FACE}", "stem": "2017_1", "code": "007", "label": 0.1}}'
    (tree / "labels/train.JSON").write_text(f"[{entry}, {entry.replace(old, new)}]", encoding="utf-8")
    with pytest.raises(DataError, match="labels/train.JSON, entry 1"):
        find_instances(tree, 32, 0.5)


def build(root, **changes):
    """Build profile smoke's benchmark from a tree; (its summary, its folder)."""
    values = {"source": str(root), "size": 32, **{f"{split}_pairs": 0 for split in SPLITS}, **changes}
    profile = load_profile("smoke", {f"benchmark.{name}": value for name, value in values.items()})
    return build_benchmark(profile, processes=1), profile.results / "benchmark"


@pytest.mark.parametrize("split", SPLITS)
def test_the_vector_world_needs_a_number_of_pairs(results, split):
    with pytest.raises(ConfigError, match=f"benchmark.{split}_pairs is 0"):
        build_benchmark(load_profile("smoke", {f"benchmark.{split}_pairs": 0}))
    assert not results.exists()


@pytest.mark.parametrize("source", ["nowhere", "x" * 300, "nul\0byte", "a/" * 3000])
def test_a_source_that_is_no_folder_is_one_sentence(results, source):
    with pytest.raises(KitError, match="source|does not exist") as raised:
        build(source)
    assert "\n" not in str(raised.value) and not results.exists()


def test_too_little_disk_is_known_before_work(tree, results, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=1000))
    monkeypatch.setattr(released, "read_instances", lambda *arguments: (pytest.fail("read a picture") for _ in (1,)))
    with pytest.raises(ResourceError, match="Not enough disk for 'benchmark'.*free some space"):
        build(tree)
    assert not results.exists()


def test_a_broken_tree_is_read_as_far_as_it_goes_or_refused(tree, results):
    lost = "EDITED/TRAIN/source/a105_face_all/2017_1_007.jpg"
    (tree / lost).unlink()
    with pytest.raises(DataError, match=f"instance without its pair: {lost}"):
        find_instances(tree, SIDE, 0.5).require_none()
    summary, folder = build(tree)
    assert int(summary.counts["instances"].sum()) == 7 and len(open_split(folder, "train")) == 3
    assert "1 problems" in str(summary) and lost in str(summary) and lost in (folder / "problems.csv").read_text()


def test_an_error_on_the_way_leaves_what_was_there(tree, results):
    _, folder = build(tree)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    file = tree / "ORIGINAL/VAL/surrogate/a73_landmark/2017_3.jpg"
    file.write_bytes(file.read_bytes()[:300])  # all instances of the split need it
    with pytest.raises(DataError, match="2017_3.jpg is truncated"):
        build(tree)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["benchmark"]


def test_nothing_readable_is_an_error(tree, results):
    for path in tree.rglob("ORIGINAL/**/*.jpg"):
        path.write_bytes(b"")
    with pytest.raises(DataError, match="8 problems in the released data"):
        build(tree)
    assert not (results / "smoke/benchmark").exists()


def test_a_split_without_any_instance_is_known_before_work(tmp_path, results):
    root = released_tree.write_photographs(tmp_path / "photos", {FACE: ("007",)}, {"train": 1, "test": 1}, True)
    with pytest.raises(DataError, match="no instances of the split val; add its folders VAL"):
        build(root)
    assert not results.exists()


def run_notebook(name: str) -> dict:
    """Every code cell of a notebook but its parameters, each run twice in a row."""
    cells = json.loads((repository() / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    names = {"profile": "smoke"}
    for cell in cells:
        if cell["cell_type"] == "code" and "parameters" not in cell["metadata"].get("tags", []):
            for _ in range(2):
                exec(compile("".join(cell["source"]), f"{name}: {cell['id']}", "exec"), names)
    plt.close("all")
    return names


@pytest.mark.parametrize("kind", released_tree.TREES)
def test_a_tree_of_photographs_goes_through_without_any_optional_part(kind, tmp_path, results, monkeypatch):
    folders, masks = released_tree.TREES[kind]
    root = released_tree.write_photographs(tmp_path / "photos [1]", folders, {"train": 4, "val": 2, "test": 2}, masks)
    absent = {f"{split}_pairs": 0 for split in SPLITS} | {"sweep_sources": 0, "unseen_pairs": 0, "unseen_source": ""}
    changes = {"source": str(root), "size": 32} | absent
    profile = load_profile("smoke", {f"benchmark.{name}": value for name, value in changes.items()})
    monkeypatch.setattr(config, "load_profile", lambda name=None: profile)
    summary = run_notebook("01_benchmark")["summary"]
    assert summary.problems.empty and not summary.simulated
    assert summary.counts["instances"].sum() == 2 * summary.counts["pairs"].sum() == 2 * 8 * len(folders)
    assert summary.mask_origins == ({"file": 16 * len(folders)} if masks else {"difference": 16})
    built = run_notebook("01b_more_sets")["built"]
    for name in SETS:
        assert "not built" in built[name] or "drawn by" in built[name]
        assert built[name] in (profile.results / name / "README.md").read_text(encoding="utf-8")
        assert split_files(profile.results / name, "test") == []
        with pytest.raises(DataError, match=f"No test shards in '{name}'"):
            open_evaluated(profile, name)


def test_sets_of_an_earlier_build_do_not_stay(results):
    folder = tiny_benchmark(results / "smoke" / "sweep", 1, size=16)
    build_sets(load_profile("smoke", {"benchmark.sweep_sources": 0, "benchmark.unseen_source": ""}), processes=1)
    assert [path.name for path in folder.iterdir()] == ["README.md"]


class Row(dict):
    """A row that can be counted: dictionaries themselves have no weak references."""


def test_rows_do_not_pile_up_while_shards_are_written(tmp_path):
    alive, most = [], 0
    texts = {name: value for name, value in tiny_pair(0, "test", 16)[0].items() if name not in IMAGE_COLUMNS}
    encoded = texts | {name: {"bytes": b"x" * 50, "path": None} for name in IMAGE_COLUMNS}

    def rows():
        nonlocal alive, most
        for number in range(1000):
            row = Row(encoded | {"instance_id": str(number), "split": SPLITS[number % 3]})
            alive = [known for known in alive if known() is not None] + [weakref.ref(row)]
            most = max(most, len(alive))
            yield row

    counts = write_shards(rows(), tmp_path, 512)
    assert counts["instances"].sum() == 1000 and most <= 3 * 64


def test_reading_a_split_takes_no_memory_of_its_size(tmp_path):
    folder = tiny_benchmark(tmp_path / "b", 30, size=128)
    stored = sum(path.stat().st_size for path in split_files(folder, "test"))
    before, most, seen = pa.total_allocated_bytes(), 0, 0
    for batch in iterate(open_split(folder, "test"), 4):
        most, seen = max(most, pa.total_allocated_bytes() - before), seen + len(batch)
    assert seen == 60 and most < stored / 4
