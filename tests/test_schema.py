"""The one schema: features, batches, and what an instance must satisfy."""

import io

import numpy as np
import pytest
import torch
from datasets import Image as ImageFeature
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from PIL import Image

from sppe_lib.data import schema
from sppe_lib.errors import ConfigError, DataError
from sppe_lib.pictures import png


def picture(value: int, size: int = 16) -> Image.Image:
    return Image.new("RGB", (size, size), (value, value, value))


def instance(**changes) -> dict:
    private = np.zeros((16, 16), dtype=np.uint8)
    private[4:8, 4:8] = 255
    row = {
        "instance_id": "mini/test/00000/001",
        "dataset": "SPPE-mini (simulated)",
        "source": picture(10),
        "mask": Image.fromarray(private),
        "surrogate": picture(20),
        "edited_surrogate": picture(30),
        "edited_source": picture(40),
    }
    return row | changes


def test_five_image_columns():
    images = {name for name, feature in schema.FEATURES.items() if isinstance(feature, ImageFeature)}
    assert images == set(schema.IMAGE_COLUMNS)


def test_good_instance_passes():
    schema.check_instance(instance())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"surrogate": picture(1, 24)}, "surrogate is 24x24 pixels but the source is 16x16"),
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
    assert tensors.min() >= 0 and tensors.max() <= 1
    assert np.array_equal(schema.to_uint8(tensors), pixels)


def test_masks_become_binary():
    values = np.array([[0, 127], [128, 255]], dtype=np.uint8)
    assert schema.mask_tensor(Image.fromarray(values)).tolist() == [[[0, 0], [1, 1]]]


def test_transparency_and_grey_become_rgb():
    for mode in ("RGBA", "L", "P"):
        assert schema.image_tensor(Image.new(mode, (4, 4))).shape == (3, 4, 4)


def test_opening_what_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="Unknown split 'testing': use one of train, val, test"):
        schema.open_split(tmp_path, "testing")
    with pytest.raises(DataError, match="No test shards.*01_benchmark"):
        schema.open_split(tmp_path, "test")
    (tmp_path / "test-00000-of-00001.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(DataError, match="test shards .* cannot be read"):
        schema.open_split(tmp_path, "test")


def test_png_columns_are_lossless():
    pixels = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    value = png(pixels)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(value["bytes"]))), pixels)
