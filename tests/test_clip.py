"""CLIP features: prepared as transformers prepares them, independent of batching, honest about no change."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import transformers.utils
from huggingface_hub.errors import RevisionNotFoundError
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tiny import tiny_benchmark, tiny_clip
from transformers import AutoTokenizer, CLIPImageProcessor, CLIPModel

from sppe_lib.clip import DatasetFeatures, cosine, direction_cosine, load_clip
from sppe_lib.data.schema import image_tensor, open_split
from sppe_lib.errors import DataError, ResourceError


@pytest.fixture(scope="module")
def location(tmp_path_factory):
    return tiny_clip(tmp_path_factory.mktemp("clip") / "clip")


@pytest.fixture(scope="module")
def clip(location):
    return load_clip(location)


@pytest.fixture(scope="module")
def images():
    return torch.rand(5, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def test_features_have_the_promised_shape_and_type(clip, images):
    features = clip.image_features(images)
    assert features.shape == (5, clip.dimension) and features.dtype == torch.float32
    assert not features.requires_grad and not clip.model.training
    assert not torch.allclose(features.norm(dim=-1), torch.ones(5), atol=0.1), "features must not be normalised"
    assert clip.text_features(["a", "b c"]).shape == (2, clip.dimension)
    assert clip.image_features(images[:0]).shape == clip.text_features([]).shape == (0, clip.dimension)


def test_image_features_agree_with_transformers_own_processor(clip, location):
    pixels = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    picture = Image.fromarray(pixels).resize((64, 64), Image.Resampling.BICUBIC)
    processor = CLIPImageProcessor.from_pretrained(location)
    model = CLIPModel.from_pretrained(location).eval()
    with torch.no_grad():
        expected = model.get_image_features(**processor(picture, return_tensors="pt")).pooler_output
    # The processor rounds the resized image to 8 bits; this kit does not.
    assert cosine(clip.image_features(image_tensor(picture)[None]), expected).item() > 0.9999


@settings(max_examples=8, deadline=None)
@given(batch=st.integers(1, 7))
def test_image_features_do_not_depend_on_the_batch(clip, images, batch):
    torch.testing.assert_close(clip.image_features(images, batch), clip.image_features(images), rtol=1e-4, atol=1e-5)


def test_text_features_do_not_depend_on_neighbours_and_long_texts_are_cut(clip):
    alone = clip.text_features(["Turn to be vintage"])
    together = clip.text_features(["Turn to be vintage", "Let the person wear sunglasses " * 20])
    torch.testing.assert_close(alone[0], together[0], rtol=1e-4, atol=1e-5)
    assert cosine(together[:1], together[1:]).item() < 0.999


def test_direction_cosine_knows_same_opposite_and_orthogonal_changes():
    zero, right, up = torch.tensor([[1.0, 1.0]]), torch.tensor([[3.0, 1.0]]), torch.tensor([[1.0, 6.0]])
    assert direction_cosine(zero, right, zero, right).item() == pytest.approx(1)
    assert direction_cosine(zero, right, right, zero).item() == pytest.approx(-1)
    assert direction_cosine(zero, right, zero, up).item() == pytest.approx(0)


def test_no_change_has_no_direction(clip, images):
    edited = images.flip(1)
    before, after = clip.image_features(images), clip.image_features(edited)
    # The same images in other batches: their features differ in the last bits only.
    same = clip.image_features(images, batch=2)
    assert torch.isnan(direction_cosine(before, same, before, after)).all()
    assert torch.isnan(direction_cosine(before, after, before, same)).all()
    assert torch.isfinite(direction_cosine(before, after, before, after)).all()
    assert torch.isnan(cosine(torch.zeros(1, 4), torch.ones(1, 4))).all()


def test_dataset_features_follow_the_rows(clip, tmp_path):
    dataset = open_split(tiny_benchmark(tmp_path, 3), "test")
    features = DatasetFeatures(clip, dataset, batch=2)
    for column in ("source", "edited_source"):
        direct = clip.image_features(torch.stack([image_tensor(row[column]) for row in dataset]))
        torch.testing.assert_close(features.images(column), direct, rtol=1e-4, atol=1e-5)
        mirrored = clip.image_features(torch.stack([image_tensor(row[column]).flip(-1) for row in dataset]))
        torch.testing.assert_close(features.images(column, flipped=True), mirrored, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(features.texts(), clip.text_features(dataset["instruction"][:]), rtol=1e-4, atol=1e-5)


def test_missing_weights_are_a_clear_sentence(tmp_path):
    with pytest.raises(ResourceError, match="weights/no-such-clip.*00_pretrain_miniature"):
        load_clip("weights/no-such-clip")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ResourceError, match="models.clip"):
        load_clip(str(tmp_path / "empty"))


def test_a_whole_processors_file_serves_as_well(location, tmp_path):
    folder = tmp_path / "clip"
    shutil.copytree(location, folder)
    alone = folder / "preprocessor_config.json"
    (folder / "processor_config.json").write_text(json.dumps({"image_processor": json.loads(alone.read_text())}))
    alone.unlink()
    assert torch.equal(load_clip(str(folder)).mean, load_clip(str(location)).mean)
    (folder / "processor_config.json").write_text("{}")
    load_clip.cache_clear()
    with pytest.raises(ResourceError, match="holds image_mean"):
        load_clip(str(folder))


def test_a_revision_behind_the_hub_id_is_the_one_loaded(location, monkeypatch):
    asked = []
    for owner, name in (
        (CLIPModel, "from_pretrained"), (AutoTokenizer, "from_pretrained"), (transformers.utils, "cached_file"),
    ):  # fmt: skip
        real = getattr(owner, name)

        def load(model, *more, real=real, revision=None, **options):
            asked.append((model, revision))
            return real(location, *more, **options)

        monkeypatch.setattr(owner, name, load)
    first, second = load_clip("owner/clip@v1"), load_clip("owner/clip@v2")
    assert first is not second and first is load_clip("owner/clip@v1")
    assert asked == [("owner/clip", "v1")] * 3 + [("owner/clip", "v2")] * 3


def test_a_revision_that_is_not_there_is_a_clear_sentence(monkeypatch):
    def load(*arguments, **options):
        raise OSError(f"{options['revision']} is not\na revision") from hub_error

    hub_error = RevisionNotFoundError("no", response=SimpleNamespace(headers={}, request=None))
    monkeypatch.setattr(CLIPModel, "from_pretrained", load)
    with pytest.raises(ResourceError, match="at 'owner/clip@v9' .the model has no such revision: use main") as raised:
        load_clip("owner/clip@v9")
    assert "\n" not in str(raised.value)


def test_a_single_image_without_batch_axis_is_refused(clip):
    with pytest.raises(DataError, match=r"\[B, 3, H, W\]"):
        clip.image_features(torch.rand(3, 64, 64))
