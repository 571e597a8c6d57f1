"""Pretraining: reproducible pictures apart from the benchmark, exact resumption, exports that load."""

import dataclasses
import json
import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL
from safetensors.torch import load_file
from transformers import AutoTokenizer, CLIPImageProcessor, CLIPModel, CLIPTextModel, CLIPTokenizer

from sppe_lib.data.taxonomy import categories, instructions, instructions_for
from sppe_lib.errors import ConfigError, DataError
from sppe_lib.pretraining import scenes
from sppe_lib.pretraining.autoencoder import AutoencoderSettings, build_autoencoder, to_tensor, train_autoencoder
from sppe_lib.pretraining.clip import ClipSettings, contrastive_loss, direction_loss, train_clip, train_tokenizer
from sppe_lib.pretraining.run import MatrixOptimizer
from sppe_lib.pretraining.scenes import choose_edit, load_pictures, make_pictures
from sppe_lib.runtime import numpy_generator, seed_of

SIZE = 16
SHARED = {"records": 30, "batch": 4, "warmup_steps": 2, "cooldown_steps": 0, "validation_records": 2}
AUTOENCODER = AutoencoderSettings(steps=4, channels=(8, 8, 8), latent_channels=4, norm_groups=4, **SHARED)
CLIP = ClipSettings(
    steps=4, image_size=SIZE, hidden=16, heads=2, vision_layers=1, text_layers=1, projection=8, vocabulary=600, **SHARED
)
TRAININGS = {"autoencoder": (train_autoencoder, AUTOENCODER), "clip": (train_clip, CLIP)}


@pytest.fixture(scope="module")
def stub(tmp_path_factory):
    """A folder of 30 random records in the layout of `make_pictures`."""
    folder, rng, codes = tmp_path_factory.mktemp("stub"), np.random.default_rng(0), list(instructions())
    for chunk in range(3):
        columns = {
            "images": rng.integers(0, 256, (10, 6, SIZE, SIZE, 3), dtype=np.uint8),
            "mask": rng.random((10, SIZE, SIZE)) < 0.5,
            "captions": np.array([[f"a {word} {rng.integers(1000)}" for word in "abcd"] for _ in range(10)]),
            "category": np.array(["faces"] * 10),
            "code": rng.choice(codes, 10),
            "outcome": np.full((10, 3), "done"),
            "strength": np.full(10, 0.5, np.float32),
            "index": np.arange(10 * chunk, 10 * chunk + 10),
        }
        np.savez(folder / f"chunk-{chunk:05d}.npz", **columns)
    (folder / "layout.json").write_text(json.dumps({"size": SIZE, "chunk_records": 10}))
    return folder


@pytest.fixture(scope="module")
def trained(stub, tmp_path_factory):
    """A folder with both models, each trained without an interruption."""
    root = tmp_path_factory.mktemp("trained")
    for name, (train, settings) in TRAININGS.items():
        train(stub, root / name, settings, root / f"{name}.pt")
    return root


def same_weights(first, second):
    """Whether two exported folders hold the same tensors."""
    first, second = (load_file(*folder.glob("*.safetensors")) for folder in (first, second))
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("name", TRAININGS)
def test_a_resumed_training_ends_with_the_weights_of_an_uninterrupted_one(stub, trained, tmp_path, name):
    train, settings = TRAININGS[name]
    half, settings = replace(settings, steps=2), replace(settings, checkpoint_every=1)  # which changes no weight
    train(stub, tmp_path / "half", half, tmp_path / "parts.pt")
    assert not same_weights(trained / name, tmp_path / "half")
    for folder in ("parts", "again"):  # nothing is left to train then: the weights come from the checkpoint
        train(stub, tmp_path / folder, settings, tmp_path / "parts.pt")
        assert same_weights(trained / name, tmp_path / folder)
        assert json.loads((tmp_path / folder / "training.json").read_text())["steps"] == 4
    with pytest.raises(ConfigError, match="other settings"):
        train(stub, tmp_path / "parts", replace(settings, batch=5), tmp_path / "parts.pt")


def test_the_exported_autoencoder_loads_and_its_scaled_latents_have_unit_variance(stub, trained):
    model = AutoencoderKL.from_pretrained(trained / "autoencoder")
    assert model.dtype == torch.float32
    pictures = load_pictures(stub)
    images = to_tensor(pictures.subset(np.flatnonzero(pictures.held_out)).images)
    with torch.no_grad():
        latents = model.encode(images).latent_dist.mode()
        assert model.decode(latents).sample.shape == images.shape
    assert latents.shape == (12, 4, SIZE // 4, SIZE // 4)
    scaled = (latents - model.config.shift_factor) * model.config.scaling_factor
    assert [scaled.mean().item(), scaled.std().item()] == pytest.approx([0, 1], abs=1e-3)


def test_the_exported_clip_loads_with_its_tokenizer_and_image_processor(trained):
    folder = trained / "clip"
    model, text_model = CLIPModel.from_pretrained(folder).eval(), CLIPTextModel.from_pretrained(folder)
    assert model.dtype == text_model.dtype == torch.float32
    tokenizer, automatic = CLIPTokenizer.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    texts = [entry.text for entry in instructions().values()] + ["unseen: Ωmega ☂ 漢字"]
    tokens = tokenizer(texts, padding=True, return_tensors="pt")
    assert torch.equal(automatic(texts, padding=True, return_tensors="pt")["input_ids"], tokens["input_ids"])
    assert tokenizer.model_max_length == 77
    picture = np.zeros((50, 40, 3), np.uint8)
    pixels = CLIPImageProcessor.from_pretrained(folder)(images=[picture], return_tensors="pt")["pixel_values"]
    assert pixels.shape == (1, 3, SIZE, SIZE)
    with torch.no_grad():
        assert model(**tokens, pixel_values=pixels).logits_per_text.shape == (66, 1)
        # The pooled state is that of the end token, whatever the padding after it.
        longer = tokenizer(texts, padding="max_length", max_length=70, return_tensors="pt")
        short, long = text_model(tokens["input_ids"]), text_model(longer["input_ids"])
    torch.testing.assert_close(short.pooler_output, long.pooler_output, atol=1e-5, rtol=1e-4)


def test_the_tokenizer_is_the_same_each_time():
    # Many equally frequent pairs: their order is what a careless trainer leaves to chance.
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("abcdefghijklmnop"), 6)) for _ in range(300)]
    first, second = (train_tokenizer(texts, 1000).get_vocab() for _ in range(2))
    assert first == second and len(first) > 900


def test_every_parameter_is_trained_by_one_of_the_two_optimisers():
    model = build_autoencoder(AUTOENCODER)
    optimizer = MatrixOptimizer(model, AUTOENCODER)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    images = to_tensor(np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3), dtype=np.uint8))
    for _ in range(2):  # Silent residual branches pass a gradient on from the second step.
        model.decode(model.encode(images).latent_dist.sample()).sample.sub(images).square().mean().backward()
        for group in optimizer.param_groups:
            group["lr"] = 1e-2
        optimizer.step()
        optimizer.zero_grad()
    assert [name for name, value in model.state_dict().items() if torch.equal(value, before[name])] == []
    trained = sum(value.numel() for value in optimizer.matrices)
    trained += sum(value.numel() for group in optimizer.adam.param_groups for value in group["params"])
    assert trained == sum(value.numel() for value in model.parameters())


def test_equal_captions_are_not_each_others_negatives():
    features = torch.eye(4)[[0, 0, 1, 2]]
    same = torch.eye(4, dtype=torch.bool)
    same[0, 1] = same[1, 0] = True
    loss = contrastive_loss(features, features, torch.tensor(50.0), same).item()
    assert loss == pytest.approx(math.log(2) / 2, abs=1e-3)


def test_directions_that_point_to_their_instruction_cost_nothing_and_unchanged_pairs_do_not_count():
    texts = torch.eye(65)
    pictures = torch.zeros(2, 4, 65)
    pictures[:, 0::2, 64] = pictures[0, 1::2, 3] = pictures[1, 1::2, 7] = 1.0
    changed = torch.tensor([[True, True], [False, False]])
    right = direction_loss(pictures, texts, torch.tensor([3, 9]), changed, 50.0)
    wrong = direction_loss(pictures, texts, torch.tensor([4, 7]), changed, 50.0)
    assert right.item() < 1e-3 < 10 < wrong.item()


def test_edits_fit_their_category_all_instructions_occur_and_no_scene_is_one_of_the_benchmarks():
    assert max(seed_of("any", number) for number in range(1000)) < scenes.SEED_BASE
    drawn = [choose_edit(numpy_generator("test", index)) for index in range(1500)]
    assert all(edit in instructions_for(name) for *names, edit in drawn for name in names)
    assert {edit.code for *_, edit in drawn} == set(instructions())
    assert {name for name, *_ in drawn} == set(categories())
    tags = Counter(edit.tag for *_, edit in drawn)
    assert min(tags.values()) > 0.28 * len(drawn)


def test_pictures_do_not_depend_on_processes_and_are_continued(tmp_path):
    first = tmp_path / "two" / "chunk-00000.npz"
    make_pictures(tmp_path / "one", 4, processes=1, size=32, chunk_records=2)
    make_pictures(tmp_path / "two", 2, processes=1, size=32, chunk_records=2)
    kept = first.stat().st_mtime_ns
    make_pictures(tmp_path / "two", 4, processes=2, size=32, chunk_records=2)
    assert first.stat().st_mtime_ns == kept
    one, two = load_pictures(tmp_path / "one"), load_pictures(tmp_path / "two")
    for field in dataclasses.fields(one):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(two, field.name))
    assert one.images.shape == (4, 6, 32, 32, 3) and one.images.dtype == np.uint8
    source, _, surrogate = one.images[0, :3]
    np.testing.assert_array_equal(source[~one.mask[0]], surrogate[~one.mask[0]])
    assert len(load_pictures(tmp_path / "one", 3)) == 3


def test_bad_folders_are_named(tmp_path, stub):
    with pytest.raises(DataError, match="nothing"):
        load_pictures(tmp_path / "nothing")
    with pytest.raises(DataError, match="lacks 1 of 4"):
        load_pictures(stub, 40)
    with pytest.raises(DataError, match="another layout"):
        make_pictures(stub, 10, size=64)
    (tmp_path / "layout.json").write_text('{"chunk_records": 10}')
    (tmp_path / "chunk-00000.npz").write_bytes(b"cut short")
    with pytest.raises(DataError, match="chunk-00000.npz"):
        load_pictures(tmp_path)
