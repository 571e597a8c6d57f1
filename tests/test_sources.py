"""The original data sets: tiny trees in their layouts, read into images with regions and masks, and into records."""

from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import source_trees
from datasets import Dataset
from released_tree import mask, picture, save, write_tree
from source_trees import HEIGHT, OBJECTS, WIDTH, attribute, image, write_json, write_shard

from sppe_lib.data import sources, taxonomy
from sppe_lib.data.plots import region_grid
from sppe_lib.data.record_list import read_records
from sppe_lib.data.released import compare_with_published, find_instances
from sppe_lib.data.released_layout import category_of
from sppe_lib.data.sources import SOURCES, instructpix2pix, layouts, read_source, records
from sppe_lib.data.sources.instructpix2pix import open_rows, select, tag_agreement, tag_of
from sppe_lib.data.sources.inventory import inventory
from sppe_lib.data.sources.reading import private_masks, scale_between
from sppe_lib.data.sources.regions import Region, region_mask
from sppe_lib.errors import ConfigError, DataError
from sppe_lib.pictures import read_mask, read_picture


@pytest.fixture(params=list(SOURCES))
def unpacked(request, tmp_path):
    return request.param, source_trees.WRITERS[request.param](tmp_path / request.param)


def sizes(reading):
    return {(one.image.stem, one.category): int((np.asarray(one.mask) > 0).sum()) for one in private_masks(reading)}


@pytest.mark.parametrize(
    ("kind", "coordinates", "pixels", "box"),
    [
        ("polygon", (10, 10, 20, 10, 20, 20, 10, 20), 100, (10, 10, 20, 20)),
        ("polygon", (0, 0, 8, 0, 0, 8), 36, (0, 0, 8, 8)),  # half of 64, the diagonal's pixels included
        ("polygon", (35, 25, 41, 25, 41, 31, 35, 31), 25, (35, 25, 40, 30)),
        ("polygon", (3.6, 3.6, 3.9, 3.6, 3.9, 3.9), 1, (3, 3, 4, 4)),  # thinner than a pixel
        ("polygon", (1, 1, 5, 5, 9, 9), 8, (1, 1, 9, 9)),  # a line
        ("box", (10, 5, 7, 3), 21, (10, 5, 17, 8)),
        ("box", (10.5, 5.5, 1, 1), 4, (10, 5, 12, 7)),
        ("box", (-1, -1, 4, 4), 9, (0, 0, 3, 3)),
    ],
)
def test_golden_masks(kind, coordinates, pixels, box):
    private = region_mask(Region("faces", kind, coordinates), (WIDTH, HEIGHT))
    assert private.shape == (HEIGHT, WIDTH) and private.dtype == bool and private.sum() == pixels
    rows, columns = np.nonzero(private)
    assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == box


@pytest.mark.parametrize(
    ("kind", "coordinates", "message"),
    [
        ("polygon", (1, 1, 5, 5, 1, 1, 5, 5), "fewer than 3 points"),
        ("polygon", (1, 1, 5, 5, 9), "odd number of coordin"),
        *(("polygon", (1, 1, 5, wrong, 9, 9), "not a list of numbers") for wrong in ("x", float("nan"), 10**400)),
        ("polygon", (1, 1, 60, 1, 9, 9), "outside the image"),
        ("polygon", (-5, 1, 6, 1, 9, 9), "outside the image"),
        ("box", (3, 3, 0, 5), "zero area"),
        ("box", (3, 3, 5), "without its 4 numbers"),
        ("image", (), "has no region"),
        ("box", (30, 3, 20, 5), "outside the image"),
        ("box", (-1.5, 3, 1, 5), "covers no pixel"),
    ],
)
def test_faulty_regions_have_no_mask(kind, coordinates, message):
    with pytest.raises(DataError, match=message):
        region_mask(Region("faces", kind, coordinates), (WIDTH, HEIGHT))


def test_mapping_tables_name_real_categories_only():
    for name, source in SOURCES.items():
        assert set(filter(None, source.categories.values())) <= set(taxonomy.categories())
        assert len(sources.mapping_table(name)) == len(source.categories) and "Terms" in source.obtain
    assert sources.unreached_categories() == ["passport cover"]
    redactions = SOURCES["Redactions"].categories
    assert {name: category_of(name) for name in redactions} == redactions
    with pytest.raises(ConfigError, match="COCO.*VISPR"):
        read_source("COCO", "anywhere")


def test_redactions_become_regions_and_masks(tmp_path):
    root = source_trees.write_redactions(tmp_path / "R")
    reading = read_source("Redactions", root)
    assert [(one.split, one.image.name) for one in reading.images] == [("test", "2017_2.jpg"), ("train", "2017_1.jpg")]
    assert dict(reading.unmapped) == {"a110_nudity_all": 1}
    assert sizes(reading) == {("2017_1", "faces"): 136, ("2017_2", "multi-vehicle plates"): 100}
    (face,) = [np.asarray(one.mask) for one in private_masks(reading) if one.category == "faces"]
    assert face.shape == (HEIGHT, WIDTH) and set(np.unique(face)) == {0, 255}
    assert face[0, 0] and face[10, 10] and not face[0, 10]
    # Regions follow an image of another size, but not of another shape.
    image(root / "images/test2017/2017_2.jpg", (2 * WIDTH, 2 * HEIGHT))
    assert sizes(read_source("Redactions", root))["2017_2", "multi-vehicle plates"] == 400
    image(root / "images/test2017/2017_2.jpg", (HEIGHT, WIDTH))
    with pytest.raises(DataError, match=r"2017_2.jpg \(30x40, annotated 40x30\)"):
        read_source("Redactions", root)
    assert scale_between((0, 30), (30, 40)) is None


def test_vispr_labels_have_no_place_until_paired(tmp_path):
    reading = read_source("VISPR", source_trees.write_vispr(tmp_path / "V"))
    found = {one.image.stem: (one.split, {region.category for region in one.regions}) for one in reading.images}
    labels = {"2017_1": ("train", {"faces", "person"}), "2017_2": ("test", {"multi-vehicle plates"})}
    assert found == labels | {"2017_3": ("val", set())}
    assert dict(reading.unmapped) == {"a12_semi_nudity": 1, "a0_safe": 1}
    assert not sizes(reading) and region_grid(reading) is None
    paired = layouts.with_regions(reading, read_source("Redactions", source_trees.write_redactions(tmp_path / "R")))
    assert {one.category for one in private_masks(paired)} == {"faces", "multi-vehicle plates"}
    assert all(one.image.parent.parent.name == "V" for one in private_masks(paired))
    with pytest.raises(DataError, match="'masks' holds no mask"):
        layouts.with_mask_files(reading, tmp_path / "masks")
    save(mask((2, 3, 6, 8), (WIDTH, HEIGHT)), tmp_path / "masks/multi-vehicle_plates/2017_2.png")
    detected = layouts.with_mask_files(reading, tmp_path / "masks")
    assert sizes(detected) == {("2017_2", "multi-vehicle plates"): 20}


def test_of_a_name_in_two_splits_nobody_gets_the_others_region(tmp_path):
    root = source_trees.write_vispr(tmp_path / "V")
    for split in ("train", "val"):
        image(root / f"{split}2017/2017_2.jpg")
        write_json(root / f"{split}2017/2017_2.json", {"labels": ["a103_license_plate_complete"]})
    reading = read_source("VISPR", root)
    paired = layouts.with_regions(reading, read_source("Redactions", source_trees.write_redactions(tmp_path / "R")))
    assert {one.split for one in private_masks(paired) if one.image.stem == "2017_2"} == {"test"}
    for place in ("2017_2.png", "val/2017_2.png"):
        save(mask((2, 3, 6, 8), (WIDTH, HEIGHT)), tmp_path / "masks/multi-vehicle_plates" / place)
    assert {one.split for one in private_masks(layouts.with_mask_files(reading, tmp_path / "masks"))} == {"val"}


@pytest.mark.parametrize("name", ["DIPA", "DIPA2"])
def test_dipa_boxes_count_where_somebody_finds_them_private(tmp_path, name):
    root = source_trees.WRITERS[name](tmp_path / name)
    reading = read_source(name, root)
    assert reading.annotations == 2 and dict(reading.unmapped) == {"Lamp": 1}
    assert sizes(reading) == {("0a1b", "human face"): 80, ("0a1b", "laptop"): 12}


def test_half_unpacked_and_broken_folders_are_listed_or_refused(unpacked, tmp_path):
    name, folder = unpacked
    reading = read_source(name, folder)
    assert reading.report().empty and len(reading.images) == {"VISPR": 3, "Redactions": 2}.get(name, 1)
    for number in range(2):
        image(folder / f"images/stray{number}.jpg")
    lost = next(path for path in sorted(folder.rglob("*.jpg")) if not path.stem.startswith("stray"))
    lost.unlink()
    with pytest.raises(DataError, match="3 problems in .*2 x image without annotation: stray0, stray1") as caught:
        read_source(name, folder)
    assert "1 x annotation without image" in str(caught.value) and lost.stem in str(caught.value)
    assert len(read_source(name, folder, strict=False).problems) == 3
    with pytest.raises(DataError, match="'nowhere' does not exist"):
        read_source(name, tmp_path / "nowhere")
    path = next(path for path in sorted(folder.rglob("*.json")) if path.parent.name != "workerinfo")
    path.write_text('{"annotations": {\n "a": }', encoding="utf-8")
    with pytest.raises(DataError, match=rf"{path.name} is not valid JSON \(.*line 2 column 7"):
        read_source(name, folder)
    for path in folder.rglob("*label*" if name.startswith("DIPA") else "*.json"):
        path.unlink() if path.is_file() else None
    with pytest.raises(DataError, match="holds no"):
        read_source(name, folder)


EVERYTHING = [0, 0, WIDTH, 0, WIDTH, HEIGHT, 0, HEIGHT]


@pytest.mark.parametrize(
    ("name", "polygons", "message"),
    [
        ("a105_face_all", [[1, 1, 5, 5]], r"1 x polygon with fewer than 3 points: 2017_1.jpg \(a105_face_all\)"),
        ("a105_face_all", [[1, 1, 90, 5, 9, 9]], "1 x polygon outside the image"),
        ("a105_face_all", [7], "1 x annotation that is not as documented: 2017_1"),
        ("a999_shoe", [[0, 0, 5, 0, 5, 5]] * 2, r"1 x unknown category name: a999_shoe \(2 times\)"),
        ("a105_face_all", [EVERYTHING], r"1 x The mask .* is full.*: 2017_1.jpg \(faces\)"),
    ],
)
def test_faulty_annotations_of_redactions(tmp_path, name, polygons, message):
    root = source_trees.write_redactions(tmp_path / "R", [attribute(name, *polygons)])
    reading = read_source("Redactions", root, strict=False)
    assert set(sizes(reading)) == {("2017_2", "multi-vehicle plates")}
    with pytest.raises(DataError, match=message):
        reading.require_none()


FACE = "0a1b (Human face)"
LABELS = "original labels/0a1b_label"


@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize(
    ("objects", "problems"),
    [
        ((("Human face", [4, 5, 0, 8]), *OBJECTS[1:]), {"0a1b.jpg (Human face)": "box of zero area"}),
        (OBJECTS[1:], {FACE: "judgement without box"}),
        ((), {"0a1b": "original labels without a box"}),
    ],
)
def test_faulty_boxes_of_dipa(tmp_path, second, objects, problems):
    name = "DIPA2" if second else "DIPA"
    root = source_trees.write_dipa(tmp_path / name, second, objects)
    assert {one.file: one.problem for one in read_source(name, root, strict=False).problems} == problems


def test_faulty_label_files_unreadable_or_double_images_and_unknown_labels(tmp_path):
    folder = source_trees.write_dipa(tmp_path / "DIPA", second=False)
    content = (folder / LABELS).read_text()
    for damaged, message in (
        (content + "{'category': 'Pers", "0a1b_label cannot be read in line 4"),
        ("{'category': 'Person'}", "0a1b_label is not as documented .*bbox"),
    ):
        (folder / LABELS).write_text(damaged, encoding="utf-8")
        with pytest.raises(DataError, match=message):
            read_source("DIPA", folder)
    (folder / LABELS).rename(folder / "original labels/another_label")
    (folder / "original labels/another_label").write_text(content, encoding="utf-8")
    problems = read_source("DIPA", folder, strict=False).problems
    assert {"0a1b": "annotation without original labels"}.items() <= {one.file: one.problem for one in problems}.items()
    root = source_trees.write_redactions(tmp_path / "R")
    (root / "images/test2017/2017_2.jpg").write_bytes(b"no picture")
    image(root / "copies/2017_1.jpg")
    with pytest.raises(DataError, match="image that cannot be read: 2017_2.jpg") as caught:
        read_source("Redactions", root)
    assert "1 x image twice: copies/2017_1.jpg" in str(caught.value)
    root = source_trees.write_vispr(tmp_path / "V")
    write_json(root / "val2017/2017_3.json", {"image_path": "x.jpg", "labels": ["a999_shoe"]})
    with pytest.raises(DataError, match=r"unknown category name: a999_shoe \(1 times\)"):
        read_source("VISPR", root)


def test_inventory_without_and_with_data(tmp_path):
    table = inventory(tmp_path / "data").set_index("source")
    assert list(table.index) == ["SPPE", "VISPR", "Redactions", "DIPA", "DIPA2", "InstructPix2Pix"]
    assert not table["present"].any() and set(table["missing"]) == {"everything"} and table["obtain"].all()
    for name, write in source_trees.WRITERS.items():
        write(tmp_path / "data" / name)
    (tmp_path / "data/VISPR/val2017/2017_3.jpg").unlink()
    (tmp_path / "data/Redactions/test2017.json").write_text("{")
    write_tree(tmp_path / "data/SPPE")
    shard = write_shard(tmp_path / "data/InstructPix2Pix/a.parquet", ["add a hat"], *[[picture(0)]] * 2, ["a"])
    table = inventory(tmp_path / "data").set_index("source")
    rows = {name: tuple(row) for name, row in table[["images", "annotations", "missing"]].iterrows()}
    assert table["present"].all() and "Redactions/test2017.json is not valid JSON" in rows.pop("Redactions")[2]
    assert rows.pop("VISPR")[::2] == (2, "1 x annotation without image")
    assert rows == {"SPPE": (24, 8, ""), "DIPA": (1, 2, ""), "DIPA2": (1, 2, ""), "InstructPix2Pix": (2, 1, "")}
    shard.write_bytes(b"no shard")
    assert "cannot be read" in inventory(tmp_path / "data").set_index("source").loc["InstructPix2Pix", "missing"]
    table = compare_with_published(find_instances(tmp_path / "data/SPPE", 32, 0.5).plans).set_index("category")
    assert tuple(table.loc["laptop computer", ["published_pairs", "found_pairs", "missing"]]) == (118, 1, 117)
    assert tuple(table.loc["all", ["published_pairs", "found_pairs", "missing"]]) == (27848, 4, 27844)


PROMPTS = ("make it snowy", "Make it  snowy", "add a hat", "as a watercolor", "turn it into a dog", "remove the car")


@pytest.fixture
def shards(tmp_path):
    """Three Parquet shards of seven rows each: five unique prompts in all of them, and one more in each."""
    folder = tmp_path / "a copy [1]::data"
    for shard in range(3):
        pictures = [[picture(index, private) for index in range(7)] for private in (False, True)]
        prompts = [*PROMPTS, f"make the sky colour {shard}"]
        write_shard(folder / f"train-{shard:05d}-of-00003.parquet", prompts, *pictures, ["a"] * 7)
    return folder


def test_selection_is_unique_and_seeded_and_has_weak_tags(shards):
    first, again, other = (list(select(open_rows(shards), number=6, seed=seed)) for seed in (3, 3, 4))
    names = [example.instance_id for example in first]
    assert names == [example.instance_id for example in again] != [example.instance_id for example in other]
    assert len({example.instruction.lower() for example in first}) == len(set(names)) == 6
    assert np.array_equal(np.asarray(first[0].source), np.asarray(again[0].source))
    assert first[0].mask.size == first[0].source.size == first[0].edited_source.size
    assert np.asarray(first[0].mask).min() == 255
    tags = {"add a hat": "ADD/REMOVE", "Remove  the painting": "ADD/REMOVE", "as a watercolor": "STYLE"}
    tags |= {"turn the cat into a dog": "EDIT"}
    assert {instruction: tag_of(instruction) for instruction in tags} == tags and tag_agreement() == (65, 65)


def test_bad_rows_and_shards_are_skipped_and_counted(shards):
    table = pq.read_table(pa.memory_map(str(shards / "train-00000-of-00003.parquet"))).to_pylist()
    table[0]["edit_prompt"], table[1]["edited_image"] = None, None
    table[2]["original_image"]["bytes"] = table[2]["original_image"]["bytes"][:40]
    table[1]["edit_prompt"], table[2]["edit_prompt"] = "without a picture", "cut off"
    with open(shards / "train-00000-of-00003.parquet", "wb") as handle:
        pq.write_table(pa.Table.from_pylist(table), handle)
    (shards / "train-00001-of-00003.parquet").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    (shards / "._train-00002-of-00003.parquet").write_bytes(b"litter")
    (shards / "train-00002-of-00003.parquet").rename(shards / "train-00002-of-00003.PARQUET")
    with open(shards / "another.parquet", "wb") as handle:
        pq.write_table(pa.table({"edit_prompt": ["b"], "url": ["c"]}), handle)
    rows = open_rows(shards)
    examples = select(rows, number=99)
    assert len([next(examples) for _ in range(7)]) == 7
    with pytest.raises(DataError, match="has 7 unique instructions, 99 were asked for"):
        next(examples)
    counts = {"rows without an instruction": 1, "rows with a picture that cannot be read": 2}
    counts |= {"the shard another.parquet, which has other columns": 1}
    assert dict(rows.skipped) == counts | {"the shard train-00001-of-00003.parquet, which cannot be read": 1}


def test_hubs_and_copies_that_cannot_be_read(tmp_path, monkeypatch):
    other = Dataset.from_dict({"edit_prompt": ["a"]})
    monkeypatch.setattr(instructpix2pix, "load_dataset", lambda *_, **options: other.to_iterable_dataset())
    with pytest.raises(DataError, match="instructpix2pix-clip-filtered' lacks the columns original_prompt"):
        open_rows()
    monkeypatch.setattr(instructpix2pix, "load_dataset", mock.Mock(side_effect=ConnectionError))
    with pytest.raises(DataError, match="cannot be read from .*ConnectionError.*name a folder with its Parquet shards"):
        open_rows()
    for name in ("empty", "other"):
        (tmp_path / name).mkdir()
    other.to_parquet(str(tmp_path / "other/a.parquet"))
    for name, message in (("nowhere", "does not exist"), ("empty", "holds no Parquet shards"), ("other", "lacks")):
        with pytest.raises(DataError, match=f"{name}'.*{message}"):
            open_rows(tmp_path / name)


def test_records_of_a_reading_are_what_generation_reads(tmp_path):
    reading = read_source("Redactions", source_trees.write_redactions(tmp_path / "Redactions"), strict=False)
    masks = list(private_masks(reading))
    listed = read_records(records.write_records(reading, tmp_path / "records"))
    assert [(one.category, one.split) for one in listed] == [(one.category, one.split) for one in masks]
    for record, private in zip(listed, masks, strict=True):
        fitting = {instruction.code for instruction in taxonomy.instructions_for(record.category)}
        assert len(set(record.codes)) == 2 and set(record.codes) <= fitting
        assert np.array_equal(read_mask(record.mask, read_picture(record.source).size), private.mask)
    assert read_records(records.write_records(reading, tmp_path / "records")) == listed
    assert [axis.get_title() for axis in region_grid(reading).axes][:2] == ["multi-vehicle plates", "faces"]


def test_a_reading_without_places_gives_no_records_and_leaves_what_was_there(tmp_path, capsys):
    assert records.main(["Redactions", str(tmp_path / "nothing"), str(tmp_path / "records")]) == 2
    assert "nothing" in capsys.readouterr().err and not (tmp_path / "records").exists()
    reading = read_source("VISPR", source_trees.write_vispr(tmp_path / "VISPR"), strict=False)
    with pytest.raises(DataError, match="No image of VISPR"):
        records.write_records(reading, tmp_path / "records")
    assert not (tmp_path / "records").exists()
