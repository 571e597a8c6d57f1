"""The original data sets: tiny trees in their layouts, read into images with regions and masks."""

import numpy as np
import pytest
from datasets import Dataset, Features, Image, Value
from released_tree import mask, picture, save, write_tree
from source_trees import HEIGHT, OBJECTS, WIDTH, attribute, image, write_dipa, write_json, write_redactions, write_vispr

from sppe_lib.data import taxonomy
from sppe_lib.data.released import compare_with_published, find_instances
from sppe_lib.data.released_layout import category_of
from sppe_lib.data.sources import SOURCES, instructpix2pix, layouts, mapping_table, read_source, unreached_categories
from sppe_lib.data.sources.reading import private_masks, scale_between
from sppe_lib.data.sources.regions import Region, region_mask
from sppe_lib.data.sources.instructpix2pix import EditExample, open_rows, select, tag_agreement, tag_of
from sppe_lib.data.sources.inventory import inventory
from sppe_lib.data.sources.plots import region_grid
from sppe_lib.errors import ConfigError, DataError

WRITERS = {
    "VISPR": write_vispr,
    "Redactions": write_redactions,
    "DIPA": lambda root: write_dipa(root, second=False),
    "DIPA2": lambda root: write_dipa(root, second=True),
}


@pytest.fixture(params=list(SOURCES))
def unpacked(request, tmp_path):
    """(name, folder) of each data set, complete and intact."""
    return request.param, WRITERS[request.param](tmp_path / request.param)


# Masks


@pytest.mark.parametrize(
    ("region", "pixels", "box"),
    [
        (Region("faces", "polygon", (10, 10, 20, 10, 20, 20, 10, 20)), 100, (10, 10, 20, 20)),
        (
            Region("faces", "polygon", (0, 0, 8, 0, 0, 8)),
            36,
            (0, 0, 8, 8),
        ),  # half of 64, the diagonal's pixels included
        (Region("faces", "polygon", (35, 25, 41, 25, 41, 31, 35, 31)), 25, (35, 25, 40, 30)),
        (Region("faces", "box", (10, 5, 7, 3)), 21, (10, 5, 17, 8)),
        (Region("faces", "box", (10.5, 5.5, 1, 1)), 4, (10, 5, 12, 7)),
        (Region("faces", "box", (-1, -1, 4, 4)), 9, (0, 0, 3, 3)),
    ],
)
def test_golden_masks(region, pixels, box):
    private = region_mask(region, (WIDTH, HEIGHT))
    assert private.shape == (HEIGHT, WIDTH) and private.dtype == bool
    assert private.sum() == pixels
    rows, columns = np.nonzero(private)
    assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == box


@pytest.mark.parametrize(
    ("kind", "coordinates", "message"),
    [
        ("polygon", (1, 1, 5, 5), "polygon with fewer than 3 points"),
        ("polygon", (1, 1, 5, 5, 1, 1, 5, 5), "polygon with fewer than 3 points"),
        ("polygon", (1, 1, 5, 5, 9), "odd number of coordinates"),
        ("polygon", (1, 1, 5, "x", 9, 9), "not a list of numbers"),
        ("polygon", (1, 1, 5, float("nan"), 9, 9), "not a list of numbers"),
        ("polygon", (1, 1, 60, 1, 9, 9), "polygon outside the image"),
        ("polygon", (-5, 1, 6, 1, 9, 9), "polygon outside the image"),
        ("box", (3, 3, 0, 5), "box of zero area"),
        ("box", (3, 3, 5, -2), "box of zero area"),
        ("box", (3, 3, 5), "box without its 4 numbers"),
        ("box", (30, 3, 20, 5), "box outside the image"),
        ("image", (), "has no region"),
    ],
)
def test_faulty_regions_have_no_mask(kind, coordinates, message):
    with pytest.raises(DataError, match=message):
        region_mask(Region("faces", kind, coordinates), (WIDTH, HEIGHT))


def test_scale_needs_the_same_aspect():
    assert scale_between((40, 30), (80, 60)) == (2, 2)
    assert scale_between((40, 30), (30, 40)) is None
    assert scale_between((0, 30), (30, 40)) is None


# Mapping


def test_mapping_tables_name_real_categories_only():
    for name, source in SOURCES.items():
        assert set(filter(None, source.categories.values())) <= set(taxonomy.categories())
        assert len(mapping_table(name)) == len(source.categories)
        assert "Terms" in source.obtain
    assert unreached_categories() == ["passport cover"]


def test_mapping_of_redactions_agrees_with_the_released_folders():
    assert {name: category_of(name) for name in SOURCES["Redactions"].categories} == SOURCES["Redactions"].categories
    assert len(SOURCES["Redactions"].categories) == 28
    assert (
        len([name for name in SOURCES["VISPR"].categories if not name.endswith("_all") and name != "a109_person_body"])
        == 68
    )


def test_unknown_data_set():
    with pytest.raises(ConfigError, match="Unknown data set 'COCO': use one of VISPR"):
        read_source("COCO", "anywhere")


# Readers


def test_redactions_become_regions_and_masks(tmp_path):
    reading = read_source("Redactions", write_redactions(tmp_path / "R"))
    assert [(entry.split, entry.image.name) for entry in reading.images] == [
        ("test", "2017_2.jpg"),
        ("train", "2017_1.jpg"),
    ]
    assert dict(reading.unmapped) == {"a110_nudity_all": 1}
    masks = {(record.image.stem, record.category): np.asarray(record.mask) for record in private_masks(reading)}
    assert set(masks) == {("2017_1", "faces"), ("2017_2", "multi-vehicle plates")}
    face = masks["2017_1", "faces"]
    assert face.shape == (HEIGHT, WIDTH) and set(np.unique(face)) == {0, 255}
    assert (face > 0).sum() == 136 and face[0, 0] and face[10, 10] and not face[0, 10]


def test_regions_follow_an_image_of_another_size(tmp_path):
    root = write_redactions(tmp_path / "R")
    image(root / "images/test2017/2017_2.jpg", (2 * WIDTH, 2 * HEIGHT))
    record = next(private_masks(read_source("Redactions", root)))
    assert record.mask.size == (80, 60) and (np.asarray(record.mask) > 0).sum() == 400
    image(root / "images/test2017/2017_2.jpg", (HEIGHT, WIDTH))
    with pytest.raises(
        DataError, match=r"1 x image of another shape than annotated: 2017_2.jpg \(30x40, annotated 40x30\)"
    ):
        read_source("Redactions", root)


def test_vispr_labels_have_no_place_until_paired(tmp_path):
    reading = read_source("VISPR", write_vispr(tmp_path / "V"))
    regions = {entry.image.stem: {region.category for region in entry.regions} for entry in reading.images}
    assert regions == {"2017_1": {"faces", "person"}, "2017_2": {"multi-vehicle plates"}, "2017_3": set()}
    assert {entry.image.stem: entry.split for entry in reading.images} == {
        "2017_1": "train",
        "2017_2": "test",
        "2017_3": "val",
    }
    assert dict(reading.unmapped) == {"a12_semi_nudity": 1, "a0_safe": 1}
    assert list(private_masks(reading)) == []
    paired = layouts.with_regions(reading, read_source("Redactions", write_redactions(tmp_path / "R")))
    assert {record.category for record in private_masks(paired)} == {"faces", "multi-vehicle plates"}
    assert all(record.image.parent.parent.name == "V" for record in private_masks(paired))


def test_vispr_labels_with_a_detectors_masks(tmp_path):
    reading = read_source("VISPR", write_vispr(tmp_path / "V"))
    with pytest.raises(DataError, match="'masks' holds no mask"):
        layouts.with_mask_files(reading, tmp_path / "masks")
    save(mask((2, 3, 6, 8), (WIDTH, HEIGHT)), tmp_path / "masks/multi-vehicle_plates/2017_2.png")
    records = list(private_masks(layouts.with_mask_files(reading, tmp_path / "masks")))
    assert [(record.category, (np.asarray(record.mask) > 0).sum()) for record in records] == [
        ("multi-vehicle plates", 20)
    ]


@pytest.mark.parametrize("name", ["DIPA", "DIPA2"])
def test_dipa_boxes_count_where_somebody_finds_them_private(tmp_path, name):
    root = WRITERS[name](tmp_path / name)
    reading = read_source(name, root)
    assert reading.annotations == 2 and dict(reading.unmapped) == {"Lamp": 1}
    masks = {record.category: (np.asarray(record.mask) > 0).sum() for record in private_masks(reading)}
    assert masks == {"human face": 80, "laptop": 12}
    everything = SOURCES[name].read(root, min_annotators=0)
    assert [region.category for region in everything.images[0].regions] == ["human face", "person", "laptop"]
    unanimous = SOURCES[name].read(root, min_annotators=2)
    assert [region.category for region in unanimous.images[0].regions] == ["human face", "laptop"]


def test_full_masks_are_listed_and_thin_regions_are_drawn(tmp_path):
    everything = [0, 0, WIDTH, 0, WIDTH, HEIGHT, 0, HEIGHT]
    sliver, line = [3.6, 3.6, 3.9, 3.6, 3.9, 3.9], [1, 1, 5, 5, 9, 9]
    items = [attribute("a105_face_all", everything), attribute("a38_ticket", sliver), attribute("a35_mail", line)]
    reading = read_source("Redactions", write_redactions(tmp_path / "R", items))
    sizes = {record.category: (np.asarray(record.mask) > 0).sum() for record in private_masks(reading)}
    assert sizes == {"multi-vehicle plates": 100, "ticket": 1, "mail": 8}
    (problem,) = reading.problems
    assert "is full" in problem.problem and problem.file == "2017_1.jpg (faces)"


# Bad input


def test_intact_trees_have_no_problems(unpacked):
    name, folder = unpacked
    reading = read_source(name, folder)
    assert reading.report().empty and len(reading.images) == {"VISPR": 3, "Redactions": 2}.get(name, 1)


def test_half_unpacked_folders_are_listed_with_counts(unpacked):
    name, folder = unpacked
    for number in range(2):
        image(folder / f"images/stray{number}.jpg")
    lost = next(path for path in sorted(folder.rglob("*.jpg")) if not path.stem.startswith("stray"))
    lost.unlink()
    with pytest.raises(DataError, match="3 problems in .*2 x image without annotation: stray0, stray1") as caught:
        read_source(name, folder)
    assert "1 x annotation without image" in str(caught.value) and lost.stem in str(caught.value)
    assert len(read_source(name, folder, strict=False).problems) == 3


def test_nothing_unpacked(unpacked, tmp_path):
    name, folder = unpacked
    with pytest.raises(DataError, match="'nowhere' does not exist"):
        read_source(name, tmp_path / "nowhere")
    for path in folder.rglob("*label*" if name.startswith("DIPA") else "*.json"):
        path.unlink() if path.is_file() else None
    with pytest.raises(DataError, match="holds no"):
        read_source(name, folder)


def test_broken_json_names_file_and_position(unpacked):
    name, folder = unpacked
    path = next(path for path in sorted(folder.rglob("*.json")) if path.parent.name != "workerinfo")
    path.write_text('{"annotations": {\n "a": }', encoding="utf-8")
    with pytest.raises(DataError, match=rf"{path.name} is not valid JSON \(.*line 2 column 7"):
        read_source(name, folder)


def test_broken_line_of_dipa(tmp_path):
    folder = write_dipa(tmp_path / "DIPA", second=False)
    path = folder / "original labels/0a1b_label"
    path.write_text(path.read_text() + "{'category': 'Pers", encoding="utf-8")
    with pytest.raises(DataError, match="0a1b_label cannot be read in line 4"):
        read_source("DIPA", folder)
    path.write_text("{'category': 'Person'}", encoding="utf-8")
    with pytest.raises(DataError, match="0a1b_label is not as documented .*bbox"):
        read_source("DIPA", folder)


@pytest.mark.parametrize(
    ("polygon", "message"),
    [
        ([1, 1, 5, 5], r"1 x polygon with fewer than 3 points: 2017_1.jpg \(a105_face_all\)"),
        ([1, 1, 90, 5, 9, 9], "1 x polygon outside the image"),
        ([1, 1, None, 5, 9, 9], "1 x polygon that is not a list of numbers"),
        (7, "1 x annotation that is not as documented: 2017_1"),
    ],
)
def test_faulty_polygons_of_redactions(tmp_path, polygon, message):
    root = write_redactions(tmp_path / "R", [attribute("a105_face_all", polygon)])
    with pytest.raises(DataError, match=message):
        read_source("Redactions", root)
    assert "2017_2.jpg" in [entry.image.name for entry in read_source("Redactions", root, strict=False).images]


@pytest.mark.parametrize("second", [False, True])
def test_faulty_boxes_of_dipa(tmp_path, second):
    name = "DIPA2" if second else "DIPA"
    objects = (("Human face", [4, 5, 0, 8]), *OBJECTS[1:])
    root = write_dipa(tmp_path / name, second, objects)
    with pytest.raises(DataError, match=r"1 x box of zero area: 0a1b.jpg \(Human face\)"):
        read_source(name, root)
    root = write_dipa(tmp_path / name, second, OBJECTS[1:])
    with pytest.raises(DataError, match=r"1 x judgement without box: 0a1b \(Human face\)"):
        read_source(name, root)


def test_unknown_names_of_closed_lists_are_errors(tmp_path):
    root = write_redactions(tmp_path / "R", [attribute("a999_shoe", [0, 0, 5, 0, 5, 5], [0, 0, 4, 0, 4, 4])])
    with pytest.raises(DataError, match=r"1 x unknown category name: a999_shoe \(2 times\)"):
        read_source("Redactions", root)
    root = write_vispr(tmp_path / "V")
    write_json(root / "val2017/2017_3.json", {"image_path": "x.jpg", "labels": ["a999_shoe"]})
    with pytest.raises(DataError, match=r"unknown category name: a999_shoe \(1 times\)"):
        read_source("VISPR", root)


def test_images_that_cannot_be_read_or_are_there_twice(tmp_path):
    root = write_redactions(tmp_path / "R")
    (root / "images/test2017/2017_2.jpg").write_bytes(b"no picture")
    image(root / "copies/2017_1.jpg")
    with pytest.raises(DataError, match="image that cannot be read: 2017_2.jpg") as caught:
        read_source("Redactions", root)
    assert "1 x image twice" in str(caught.value)


# Inventory and the released tree


def test_inventory_without_and_with_data(tmp_path):
    table = inventory(tmp_path / "data").set_index("source")
    assert list(table.index) == ["SPPE", "VISPR", "Redactions", "DIPA", "DIPA2", "InstructPix2Pix"]
    assert not table["present"].any() and set(table["missing"]) == {"everything"} and table["obtain"].all()
    for name, write in WRITERS.items():
        write(tmp_path / "data" / name)
    (tmp_path / "data/VISPR/val2017/2017_3.jpg").unlink()
    (tmp_path / "data/Redactions/test2017.json").write_text("{")
    write_tree(tmp_path / "data/SPPE")
    (tmp_path / "data/InstructPix2Pix").mkdir()
    (tmp_path / "data/InstructPix2Pix/train.parquet").write_bytes(b"no shard")
    table = inventory(tmp_path / "data").set_index("source")
    assert table["present"].all()
    assert (table.loc["VISPR", "images"], table.loc["VISPR", "missing"]) == (2, "1 x annotation without image")
    assert "Redactions/test2017.json is not valid JSON" in table.loc["Redactions", "missing"]
    assert tuple(table.loc["DIPA2", ["images", "annotations", "missing"]]) == (1, 2, "")
    assert tuple(table.loc["SPPE", ["images", "annotations", "missing"]]) == (24, 8, "")
    assert "cannot be read" in table.loc["InstructPix2Pix", "missing"]


def test_released_pairs_against_table_2(tmp_path):
    table = compare_with_published(find_instances(write_tree(tmp_path / "SPPE"), 32, 0.5).plans).set_index("category")
    assert tuple(table.loc["laptop computer", ["published_pairs", "found_pairs", "missing"]]) == (118, 1, 117)
    assert tuple(table.loc["all", ["published_pairs", "found_pairs", "missing"]]) == (27848, 4, 27844)
    assert len(table) == 37


def test_grid_of_regions(tmp_path):
    reading = read_source("Redactions", write_redactions(tmp_path / "R"))
    figure = region_grid(reading)
    assert [axis.get_title() for axis in figure.axes][:2] == ["multi-vehicle plates", "faces"]
    assert region_grid(read_source("VISPR", write_vispr(tmp_path / "V"))) is None


# InstructPix2Pix

PROMPTS = (
    "make it snowy",
    "Make it  snowy",
    "add a hat",
    "as a watercolor",
    "turn the cat into a dog",
    "remove the car",
)


@pytest.fixture
def shards(tmp_path):
    """Three Parquet shards of seven rows each: five unique prompts in all of them, and one more in each."""
    features = Features(
        original_prompt=Value("string"),
        original_image=Image(),
        edit_prompt=Value("string"),
        edited_prompt=Value("string"),
        edited_image=Image(),
    )
    for shard in range(3):
        prompts = [*PROMPTS, f"make the sky colour {shard}"]
        columns = {
            "original_prompt": ["a"] * 7,
            "original_image": [picture(index) for index in range(7)],
            "edit_prompt": prompts,
            "edited_prompt": ["b"] * 7,
            "edited_image": [picture(index, private=True) for index in range(7)],
        }
        folder = tmp_path / "copy/data"
        folder.mkdir(parents=True, exist_ok=True)
        Dataset.from_dict(columns, features=features).to_parquet(str(folder / f"train-{shard:05d}-of-00003.parquet"))
    return tmp_path / "copy"


def test_selection_is_unique_and_seeded(shards):
    first = list(select(open_rows(shards), number=6, seed=3))
    again = list(select(open_rows(shards), number=6, seed=3))
    other = list(select(open_rows(shards), number=6, seed=4))
    names = [example.instance_id for example in first]
    assert names == [example.instance_id for example in again] != [example.instance_id for example in other]
    assert len({example.instruction.lower() for example in first}) == len(set(names)) == 6
    assert np.array_equal(np.asarray(first[0].source), np.asarray(again[0].source))
    assert first[0].mask.size == first[0].source.size and np.asarray(first[0].mask).min() == 255
    assert isinstance(first[0], EditExample) and first[0].source.size == first[0].edited_source.size


def test_selection_ends_in_an_error_where_prompts_run_out(shards):
    examples = select(open_rows(shards), number=9)
    assert len([next(examples) for _ in range(8)]) == 8
    with pytest.raises(DataError, match="has 8 unique instructions, 9 were asked for"):
        next(examples)


def test_hub_that_cannot_be_reached(monkeypatch):
    def unreachable(*arguments, **options):
        raise ConnectionError

    monkeypatch.setattr(instructpix2pix, "load_dataset", unreachable)
    with pytest.raises(DataError, match="cannot be read from .*ConnectionError.*name a folder with its Parquet shards"):
        open_rows()


def test_copies_without_shards_or_columns(tmp_path):
    with pytest.raises(DataError, match="'nowhere' does not exist"):
        open_rows(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="'empty' holds no Parquet shards"):
        open_rows(tmp_path / "empty")
    (tmp_path / "other").mkdir()
    Dataset.from_dict({"edit_prompt": ["a"]}).to_parquet(str(tmp_path / "other/a.parquet"))
    with pytest.raises(DataError, match="lacks the columns original_prompt, original_image"):
        open_rows(tmp_path / "other")


@pytest.mark.parametrize(
    ("instruction", "tag"),
    [
        ("add a hat", "ADD/REMOVE"),
        ("Remove  the painting", "ADD/REMOVE"),
        ("as a watercolor", "STYLE"),
        ("in the style of Van Gogh", "STYLE"),
        ("turn the cat into a dog", "EDIT"),
    ],
)
def test_weak_tags(instruction, tag):
    assert tag_of(instruction) == tag


def test_weak_tags_agree_with_the_published_ones():
    assert tag_agreement() == (65, 65)


# The way to generation


def test_records_of_a_reading_are_what_generation_reads(tmp_path):
    from sppe_lib.data.generate import read_records
    from sppe_lib.pictures import read_mask
    from sppe_lib.pictures import read_picture as read_image
    from sppe_lib.data.sources.records import write_records

    reading = SOURCES["Redactions"].read(write_redactions(tmp_path / "Redactions"))
    masks = list(private_masks(reading))
    records = read_records(write_records(reading, tmp_path / "records"))
    assert [(record.category, record.split) for record in records] == [
        (private.category, private.split) for private in masks
    ]
    for record, private in zip(records, masks, strict=True):
        assert len(set(record.codes)) == 2
        assert {taxonomy.instruction(code) for code in record.codes} <= set(taxonomy.instructions_for(record.category))
        assert np.array_equal(read_mask(record.mask, read_image(record.source).size), private.mask)
    again = read_records(write_records(reading, tmp_path / "records"))
    assert again == records


def test_the_command_says_errors_in_one_sentence(tmp_path, capsys):
    from sppe_lib.data.sources import records

    assert records.main(["Redactions", str(tmp_path / "nothing"), str(tmp_path / "records")]) == 2
    assert "nothing" in capsys.readouterr().err and not (tmp_path / "records").exists()


def test_a_reading_without_places_gives_no_records_and_leaves_what_was_there(tmp_path):
    from sppe_lib.data.sources.records import write_records

    reading = SOURCES["VISPR"].read(write_vispr(tmp_path / "VISPR"))
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "kept").write_text("old")
    with pytest.raises(ConfigError, match="kept"):
        write_records(reading, tmp_path / "records")
    with pytest.raises(DataError, match="No image of VISPR"):
        write_records(reading, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert [path.name for path in (tmp_path / "records").iterdir()] == ["kept"]
