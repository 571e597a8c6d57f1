"""The published release's layout: a small tree, written here, read into the kit's own schema."""

import functools
import json
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from released_tree import mask, picture, pixels, read_tree, save, write_instance, write_tree

from sppe_lib.data import taxonomy
from sppe_lib.data.released import find_instances, read_instances
from sppe_lib.data.released_layout import category_of, scan, split_code
from sppe_lib.errors import DataError


@pytest.fixture
def tree(tmp_path):
    return write_tree(tmp_path / "SPPE")


def test_intact_tree_has_no_problems_and_limits_keep_whole_pairs(tree):
    found, instances = read_tree(tree)
    assert found.report().empty and len(instances) == 8
    splits = [instance.row["split"] for instance in instances.values()]
    assert {split: splits.count(split) for split in splits} == {"train": 4, "val": 2, "test": 2}
    card = instances["released/train/a30_credit_card/2017_2/057"].row
    assert (card["category"], card["group"], card["modality"]) == ("credit card", "Financial", "Multimodal")
    assert card["instruction"] == "Make the credit card look like a marble credit card" and card["tag"] == "EDIT"
    assert instances["released/test/a208_laptop_computer/4/064"].row["dataset"] == "DIPA"
    assert list(read_instances(found, processes=2)) == list(read_instances(found, processes=1))
    labels = {name: instance.row["released_label"] for name, instance in instances.items()}
    names = ("test/a208_laptop_computer/4/064", "test/a208_laptop_computer/4/036", "val/a73_landmark/2017_3/037")
    assert [labels[f"released/{name}"] for name in names] == [0.75, -0.25, None]
    plans = (read_tree(tree, pairs={"train": 1}, seed=3)[0].plans for _ in range(2))
    kept, again = ([plan.row["instance_id"] for plan in some] for some in plans)
    assert kept == again and [sum(f"/{split}/" in name for name in kept) for split in ("train", "val")] == [2, 2]


def test_pictures_end_up_in_their_columns(tree):
    _, instances = read_tree(tree)
    row = instances["released/train/a105_face_all/2017_1/007"].row
    seed = sum(map(ord, "a105_face_all2017_1"))
    for column in ("source", "surrogate", "edited_source", "edited_surrogate"):
        expected = picture(seed, column.endswith("surrogate")).resize((32, 32), Image.Resampling.BICUBIC)
        expected = np.asarray(expected, dtype=int)
        expected = 255 - expected if column.startswith("edited") else expected
        assert np.abs(pixels(row, column) - expected).mean() < 4  # JPEG
    private = pixels(row, "mask")
    assert set(np.unique(private)) == {0, 255} and (private[9:19, 9:19] == 255).all() and (private[:6] == 0).all()
    instance = instances["released/val/a73_landmark/2017_3/037"]  # without a mask file the difference is used
    private = pixels(instance.row, "mask") == 255
    assert instance.mask_origin == "difference" and private[10:18, 10:18].all()
    assert not private[:5].any() and not private[-5:].any()


@pytest.mark.parametrize("new", ["VISPR/TRAIN", "ORIGINAL/VISPR/TRAIN"])
def test_roots_may_be_elsewhere_and_originals_without_split_folders_serve_the_split_of_their_edits(tree, new):
    (tree / new).parent.mkdir(parents=True, exist_ok=True)
    (tree / "ORIGINAL/TRAIN").rename(tree / new)
    for role in ROLES:
        (tree / "ORIGINAL/DIPA/TEST" / role).rename(tree / "ORIGINAL/DIPA" / role)
    found, instances = read_tree(tree)
    assert found.report().empty and len(instances) == 8
    assert instances["released/train/a105_face_all/2017_1/007"].row["dataset"] == "VISPR"
    assert "released/test/a208_laptop_computer/4/064" in instances


PARTNERS = {f"ORIGINAL/TRAIN/{role}/a105_face_all/2017_1.jpg": 6 for role in ("source", "surrogate")}
PARTNERS |= {f"EDITED/TRAIN/{role}/a105_face_all/2017_1_007.jpg": 7 for role in ("source", "surrogate")}


@pytest.mark.parametrize("file", PARTNERS)
def test_missing_partner_is_named(tree, file):
    (tree / file).unlink()
    found, instances = read_tree(tree)
    report = found.report()
    assert set(report["problem"]) == {"instance without its pair"} and set(report["file"]) == {file}
    assert "released/train/a105_face_all/2017_1/007" not in instances and len(instances) == PARTNERS[file]
    with pytest.raises(DataError, match="instance without its pair: .*2017_1"):
        found.require_none()


def relabel(tree, keep=2, **changes):
    rows = json.loads((tree / "labels/test_labels.json").read_text())
    more = [rows[0] | changes] if changes else []
    (tree / "labels/test_labels.json").write_text(json.dumps(rows[:keep] + more))


def uncoded(tree):
    write_instance(tree, "TEST", "a105_face_all", "8", ("099", "001"))
    for place in ("EDITED/TEST/source/a105_face_all/holiday", "thumbnails/big/a105_face_all/1"):
        save(picture(1), tree / f"{place}.jpg")
    save(picture(1), tree / "EDITED/source/a105_face_all/9_001.jpg")


def unused(tree):
    save(mask(), tree / "MASK/a105_face_all/2017_9_007.png")
    (tree / "IMG/TEST/a38_ticket").mkdir(parents=True)
    (tree / "IMG/TEST/a38_ticket/1_060.txt").write_text("x")
    save(Image.new("RGB", (96, 96)), tree / "IMG/TRAIN/a105_face_all/2017_1_007.png")
    relabel(tree, keep=1)


ROLES, FOLDER, ENTRY = ("source", "surrogate"), "a208_laptop_computer", "labels/test_labels.json, entry 2"
CHANGES = [
    (
        lambda tree: shutil.rmtree(tree / "EDITED/VAL"),
        [f"original without edited pictures: ORIGINAL/VAL/{role}/a73_landmark/2017_3.jpg" for role in ROLES],
    ),
    (
        lambda tree: write_instance(tree, "TEST", "a110_nudity_all", "9", ("019", "020")),
        ["unmapped category folder: a110_nudity_all"],
    ),
    (
        uncoded,
        ["edited picture without instruction code: EDITED/TEST/source/a105_face_all/holiday.jpg"]
        + ["no split: a105_face_all/9_001", "picture outside the layout: thumbnails/big/a105_face_all/1.jpg"]
        + ["unknown instruction code: a105_face_all/8_099"],
    ),
    (
        unused,
        ["caption without grid: IMG/TEST/a38_ticket/1_060.txt"]
        + ["grid without caption: IMG/TRAIN/a105_face_all/2017_1_007.png"]
        + [f"instance without label: released/test/{FOLDER}/4/036"]
        + ["mask without pictures: MASK/a105_face_all/2017_9_007.png"],
    ),
    (
        lambda tree: relabel(tree, stem="gone", **{role: f"{role}/{FOLDER}/gone.jpg" for role in ROLES}),
        [f"label without pictures: {FOLDER}/gone_064"],
    ),
    (lambda tree: relabel(tree, label=0.5), [f"label given twice: {ENTRY}"]),
]
for role, other in zip(ROLES, (f"VISPR/TEST/source/{FOLDER}/5.jpg", f"VISPR/TEST/source/{FOLDER}/4.jpg")):
    CHANGES.append((functools.partial(relabel, **{role: other}), [f"label names another picture: {ENTRY}: {other}"]))


@pytest.mark.parametrize(("change", "problems"), CHANGES)
def test_what_does_not_fit_is_listed(tree, change, problems):
    change(tree)
    found, instances = read_tree(tree)
    assert sorted(f"{problem.problem}: {problem.file}" for problem in found.problems) == problems
    number = 8 - 2 * problems[0].startswith("original") + (change is uncoded)
    assert len(instances) == number and ("released/test/a105_face_all/8/001" in instances) == (change is uncoded)


def test_truncated_picture_is_left_out_and_named(tree):
    file = tree / "EDITED/DIPA/TEST/source/a208_laptop_computer/4_064.jpg"
    file.write_bytes(file.read_bytes()[:200])
    found, instances = read_tree(tree)
    assert "released/test/a208_laptop_computer/4/036" in instances and len(instances) == 7
    problem = found.report().iloc[0]
    assert "source/a208_laptop_computer/4_064.jpg is truncated or damaged" in problem.problem
    assert problem.file == "released/test/a208_laptop_computer/4/064"
    assert problem.remedy == "replace it with an intact copy"


@pytest.mark.parametrize(
    ("box", "size", "message"),
    [
        ((5, 5, 10, 10), (20, 20), "is 20x20 pixels but its image is 48x48"),
        ((0, 0, 0, 0), (48, 48), "is empty"),
        ((0, 0, 48, 48), (48, 48), "is full"),
        ((1, 1, 48, 48), (48, 48), "at 16 pixels is full"),
    ],
)
def test_bad_masks_are_named(tree, box, size, message):
    save(mask(box, size), tree / "MASK/a105_face_all/2017_1_007.png")
    found, instances = read_tree(tree, size=16)
    (problem,) = found.problems
    assert len(instances) == 7 and message in problem.problem and "2017_1" in problem.problem + problem.file


def test_grid_masks_keep_their_lower_right_quarter(tree):
    # The release stores masks of the whole four-panel grid under the same name.
    file = tree / "MASK/a105_face_all/2017_1_007.png"
    save(mask((48 + 20, 48 + 4, 48 + 40, 48 + 16), (96, 96)), file)
    _, instances = read_tree(tree)
    instance = instances["released/train/a105_face_all/2017_1/007"]
    assert instance.mask_origin == "file"
    rows, columns = np.nonzero(pixels(instance.row, "mask"))
    # The box 4..16 x 20..40 of 48 pixels, at 32 pixels.
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (2, 10, 13, 26)
    # All of the quarter white says where to paint, not what is private.
    save(mask((48, 48, 96, 96), (96, 96)), file)
    _, instances = read_tree(tree)
    assert instances["released/train/a105_face_all/2017_1/007"].mask_origin == "difference"


def test_instance_stored_only_as_a_grid(tree):
    grid = Image.new("RGB", (96, 96))
    for index in range(4):
        left, top, colour = 48 * (index % 2), 48 * (index // 2), tuple(40 * index + channel for channel in (10, 20, 30))
        grid.paste(colour, (left, top, left + 48, top + 48))
    save(grid, tree / "IMG/TEST/a38_ticket/77_060.png")
    (tree / "IMG/TEST/a38_ticket/77_060.txt").write_text("Make it look like a wooden carved ticket [SPLIT] Ticket \n")
    save(mask(), tree / "MASK/a38_ticket/77_060.png")
    found, instances = read_tree(tree)
    assert found.report().empty
    row = instances["released/test/a38_ticket/77/060"].row
    colours = [tuple(pixels(row, name)[0, 0]) for name in ("surrogate", "edited_surrogate", "source", "edited_source")]
    assert colours == [(10, 20, 30), (50, 60, 70), (90, 100, 110), (130, 140, 150)]
    (tree / "IMG/TEST/a38_ticket/77_060.txt").write_text("remove text [SPLIT] Ticket")
    assert list(find_instances(tree, 32, 0.5).report()["problem"]) == ["caption is not its code's instruction"]


def test_nothing_there(tmp_path):
    with pytest.raises(DataError, match="'nowhere' does not exist"):
        scan(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no pictures in the released layout"):
        scan(tmp_path / "empty")
    save(picture(0), tmp_path / "half/ORIGINAL/TEST/source/a105_face_all/1.jpg")
    with pytest.raises(DataError, match="original without edited pictures"):
        find_instances(tmp_path / "half", 32, 0.5)
    assert {folder: category_of(folder) for folder in CATEGORIES} == CATEGORIES


CATEGORIES = {"a106_address_current_all": "current address", "a108_license_plate_all": "multi-vehicle plates"}
CATEGORIES |= {"a109_person_body": "person", "a203_Person": "person", "a209_license_plate": "plate"}
CATEGORIES |= dict.fromkeys(("a110_nudity_all", "face", ""))


@given(
    st.sampled_from(list(taxonomy.categories())),
    st.integers(0, 999),
    st.text(alphabet="ab_1", min_size=1),
    st.sampled_from(list(taxonomy.instructions())),
)
def test_every_category_name_is_its_own_folder_name_and_codes_come_off_stems(name, number, stem, code):
    assert category_of(f"a{number}_{name.replace(' ', '_')}") == category_of(name.title()) == name
    assert split_code(f"{stem}_{code}") == (stem, code) and split_code(f"{stem}_{code}x") is None
