"""The one schema with its taxonomy and labels: what an instance must satisfy, what fits it, what it is worth."""

import io

import numpy as np
import pytest
import torch
from datasets import Image as ImageFeature
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from PIL import Image
from released_tree import mask
from tiny import tiny_benchmark, tiny_clip

from sppe_lib.clip import DatasetFeatures, load_clip
from sppe_lib.data import schema, taxonomy
from sppe_lib.data.labels import count_labels, edit_labels, label_table, training_target
from sppe_lib.data.schema import image_tensor, open_split
from sppe_lib.errors import ConfigError, DataError
from sppe_lib.pictures import png
from sppe_lib.published import read_published


def grey(value: int, size: int = 16) -> Image.Image:
    return Image.new("RGB", (size, size), (value, value, value))


def instance(**changes) -> dict:
    row = {"instance_id": "mini/test/00000/001", "dataset": "SPPE-mini (simulated)"}
    shades = {"source": 10, "surrogate": 20, "edited_surrogate": 30, "edited_source": 40}
    images = {name: grey(value) for name, value in shades.items()}
    return row | images | {"mask": mask((4, 4, 8, 8), (16, 16))} | changes


def test_five_image_columns_binary_masks_rgb_pictures_and_lossless_png():
    images = {name for name, feature in schema.FEATURES.items() if isinstance(feature, ImageFeature)}
    assert images == set(schema.IMAGE_COLUMNS)
    schema.check_instance(instance())
    values = np.array([[0, 127], [128, 255]], dtype=np.uint8)
    assert schema.mask_tensor(Image.fromarray(values)).tolist() == [[[0, 0], [1, 1]]]
    for mode in ("RGBA", "L", "P"):
        assert schema.image_tensor(Image.new(mode, (4, 4))).shape == (3, 4, 4)
    pixels = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    value = png(pixels)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(value["bytes"]))), pixels)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"surrogate": grey(1, 24)}, "surrogate is 24x24 pixels but the source is 16x16"),
        ({"mask": Image.new("L", (16, 16), 0)}, "mask of mini/test/00000/001 is empty"),
        ({"mask": Image.new("L", (16, 16), 255)}, "mask of mini/test/00000/001 is full"),
        ({"mask": Image.new("L", (8, 8), 255)}, "mask is 8x8 pixels"),
    ],
)
def test_bad_instances_are_named(changes, message):
    with pytest.raises(DataError, match=message):
        schema.check_instance(instance(**changes))


@settings(max_examples=20, deadline=None)
@given(arrays(np.uint8, (3, 8, 8, 3)))
def test_images_survive_tensors_exactly(pixels):
    tensors = torch.stack([schema.image_tensor(Image.fromarray(image)) for image in pixels])
    assert tensors.shape == (3, 3, 8, 8) and tensors.dtype == torch.float32
    assert tensors.min() >= 0 and tensors.max() <= 1 and np.array_equal(schema.to_uint8(tensors), pixels)


def test_opening_what_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="Unknown split 'testing': use one of train, val, test"):
        schema.open_split(tmp_path, "testing")
    with pytest.raises(DataError, match="No test shards.*01_benchmark"):
        schema.open_split(tmp_path, "test")
    (tmp_path / "test-00000-of-00001.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(DataError, match="test-00000-of-00001.parquet cannot be read"):
        schema.open_split(tmp_path, "test")


def test_published_sizes_codes_tags_and_instructions_of_every_category():
    categories = taxonomy.categories().values()
    assert len(categories) == 36 and len({entry.modality for entry in categories}) == 3
    assert {entry.group for entry in categories} == set(taxonomy.GROUPS) and len(taxonomy.GROUPS) == 11
    pairs = sum(entry.published_pairs for entry in categories)
    assert pairs == 27848
    assert read_published("table1_datasets").set_index("dataset").loc["SPPE", "scale"] == 2 * pairs == 55696
    codes = list(taxonomy.instructions())
    assert codes == [f"{number:03d}" for number in range(1, 66)]
    assert {entry.tag for entry in taxonomy.instructions().values()} == set(taxonomy.TAGS)
    used = set()
    for name in taxonomy.categories():
        fitting = [entry.code for entry in taxonomy.instructions_for(name)]
        assert len(fitting) == len(set(fitting)) >= 2
        used.update(fitting)
    assert used == set(taxonomy.instructions())
    faces = " ".join(entry.text for entry in taxonomy.instructions_for("faces"))
    assert "sunglasses" in faces and "credit card" not in faces


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="Unknown category 'cat'.*human face"):
        taxonomy.category("cat")
    with pytest.raises(ConfigError, match="Unknown instruction code '066'.*001 to 065"):
        taxonomy.instruction("066")
    for wrong in ("Face", ["faces"], None):
        with pytest.raises(ConfigError, match="Unknown category"):
            taxonomy.category(wrong)


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labels")
    clip = load_clip(tiny_clip(folder / "clip"))
    benchmark = tiny_benchmark(folder / "benchmark", 7)
    return {split: DatasetFeatures(clip, open_split(benchmark, split)) for split in ("train", "val", "test")}


def test_label_is_the_cosine_of_the_two_changes_and_one_where_nothing_was_replaced(features):
    split = features["test"]
    labels = edit_labels(split)
    row = split.dataset[5]
    encoded = lambda name: split.clip.image_features(image_tensor(row[name])[None])[0].double().numpy()
    first, second = (encoded(f"edited_{name}") - encoded(name) for name in ("source", "surrogate"))
    expected = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    assert labels[5] == pytest.approx(expected, abs=1e-4)
    # Pairs 0 and 6 of the synthetic benchmark have S = I; pair 0 is unchanged by its edits.
    assert labels[12:] == pytest.approx([1, 1], abs=1e-4) and (labels[2:12] < 0.9999).all()


def test_unchanged_instances_are_undefined_and_counted_whatever_the_batch(features):
    table = label_table(features)
    assert list(table.columns) == ["instance_id", "split", "label"]
    undefined = table[table["label"].isna()]
    assert list(undefined["instance_id"].str.contains("-0000/")) == [True] * 6
    assert count_labels(table).T.to_dict() == dict.fromkeys(("train", "val", "test"), {"defined": 12, "undefined": 2})
    assert table["label"].dropna().between(-1, 1).all()
    split = features["val"]
    again = DatasetFeatures(split.clip, split.dataset, batch=3)
    torch.testing.assert_close(edit_labels(again), edit_labels(split), rtol=0, atol=1e-3, equal_nan=True)
    np.testing.assert_allclose(training_target(np.array([-1.0, 0.0, 1.0])), [0, 0.5, 1])
    assert np.isnan(training_target(np.array([np.nan]))).all()
