"""Editors and surrogates by real, tiny pipelines of the hub, and what loading says when it fails."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit
from huggingface_hub import errors
from tiny_pipelines import (
    box_mask,
    generation,
    hub_error,
    picture,
    tiny_flux_kontext,
    tiny_instruct_pix2pix,
    tiny_qwen_image_edit,
    tiny_sdxl_inpainting,
)

from sppe_lib import hub
from sppe_lib.data import surrogates, taxonomy
from sppe_lib.data.editors import EDITORS, load_editor
from sppe_lib.data.surrogates import PROMPTS, Surrogate, make_surrogates, prompt_for
from sppe_lib.errors import ConfigError, DataError, ResourceError


@pytest.fixture(autouse=True)
def float32(monkeypatch):
    """A CPU is quicker in float32 on models this small; a sixteenth of Qwen's megapixel is enough for one."""
    real = pipeline_qwenimage_edit.calculate_dimensions
    monkeypatch.setattr(hub, "compute_dtype", lambda: torch.float32)
    monkeypatch.setattr(pipeline_qwenimage_edit, "calculate_dimensions", lambda area, ratio: real(area / 16, ratio))


@pytest.mark.parametrize(
    ("name", "tiny", "size"),
    [
        ("instruct-pix2pix", tiny_instruct_pix2pix, (48, 32)),
        ("flux-kontext", tiny_flux_kontext, (64, 64)),
        ("qwen-image-edit", tiny_qwen_image_edit, (64, 64)),
    ],
)
def test_an_edit_has_the_pictures_size_and_follows_picture_seed_and_instruction(tmp_path, name, tiny, size):
    edit = load_editor(generation(editor=name, editor_model=tiny(tmp_path / "model"), editor_guidance=2.0))
    first = picture(0, *size)
    images, texts, seeds = [first] * 3, ["make it blue"] * 3, [1, 1, 2]
    if name == "instruct-pix2pix":  # the others take seconds for each
        images, texts = [*images, picture(1, *size), first], [*texts, texts[0], "remove the text"]
        seeds = [*seeds, 1, 1]
    same, again, *others = (np.asarray(image) for image in edit(images, texts, seeds))
    assert same.shape == (*size[::-1], 3) and np.array_equal(same, again)
    assert all(other.shape == same.shape and not np.array_equal(other, same) for other in others)
    with pytest.raises(ValueError, match="zip"):
        edit([], ["make it blue"], [1, 2])


def test_a_folder_without_a_model_a_weight_file_cut_short_and_a_full_memory_are_reported(tmp_path):
    with pytest.raises(ResourceError, match="Cannot load .* as FluxKontextPipeline: .*model_index.json.*check its"):
        load_editor(generation(editor="flux-kontext", editor_model=str(tmp_path)))
    model = tiny_instruct_pix2pix(tmp_path / "model")
    weights = Path(model, "unet", "diffusion_pytorch_model.safetensors")
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ResourceError, match="cut short or damaged: delete it and download"):
        load_editor(generation(editor="instruct-pix2pix", editor_model=model))

    def pipeline(**arguments):
        raise torch.OutOfMemoryError("tried to allocate")

    with pytest.raises(ResourceError, match="lower generation.batch"):
        hub.run_pipeline(pipeline)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (hub_error(errors.GatedRepoError), "licence must be accepted first"),
        (hub_error(errors.RepositoryNotFoundError), "the hub has no such model"),
        (hub_error(errors.RevisionNotFoundError), "no such revision"),
        (errors.LocalEntryNotFoundError("offline"), "could not be reached or the download broke off"),
        (ConnectionResetError("reset by peer"), "could not be reached or the download broke off"),
    ],
)
def test_what_the_hub_answers_becomes_one_sentence(monkeypatch, error, message):
    asked = []

    def download(*arguments, revision, **options):
        asked.append(revision)
        raise error

    monkeypatch.setattr("diffusers.configuration_utils.hf_hub_download", download)
    with pytest.raises(ResourceError, match=message) as raised:
        hub.load_pipeline("AutoPipelineForInpainting", "someone/model", "v2")
    assert str(raised.value).startswith("Cannot load 'someone/model' (v2) as AutoPipelineForInpainting: ")
    assert "\n" not in str(raised.value) and asked == ["v2"]


BOX = box_mask(5, 3, 13, 20)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub, "compute_dtype", lambda: torch.float32)
        yield tiny_sdxl_inpainting(tmp_path_factory.mktemp("models") / "sdxl")


def make(model, names, strength=0.5, mask=BOX, batch=4, prompts=None, size=(32, 32), **values):
    """The surrogates, as int arrays, of one picture for each name, at 32 pixels."""
    parameters = generation(surrogate_model=model, surrogate_steps=4, size=32, batch=batch, **values)
    images = [picture(number, *size) for number in range(len(names))]
    prompts = prompts or ["a photo"] * len(names)
    made = make_surrogates(images, [mask] * len(names), prompts, parameters, names, strength)
    assert [(one.name, one.image.mode, one.image.size) for one in made] == [(name, "RGB", (32, 32)) for name in names]
    return [np.asarray(one.image).astype(int) for one in made]


def test_the_whole_private_region_changes_by_name_seed_and_strength_and_nothing_else(model):
    (after,) = make(model, ["one"])
    before, private = np.asarray(picture(0)), np.asarray(BOX) > 0
    assert np.array_equal(before[~private], after[~private])
    assert (before[private] != after[private]).any(axis=-1).mean() > 0.9
    make(model, ["wide"], mask=box_mask(8, 8, 30, 40, width=64, height=48), size=(64, 48))  # any shape: a square
    alone = make(model, ["x", "b"], batch=1)[1]
    assert np.abs(make(model, ["a", "b", "c"])[1] - alone).max() <= 1  # batches round differently
    assert np.array_equal(alone, make(model, ["x", "b"], batch=1)[1])
    for name, values in (("other", {}), ("b", {"seed": 1}), ("b", {"strength": 1.0})):
        assert np.abs(alone - make(model, ["x", name], batch=1, **values)[1]).max() > 10
    (thin,) = make(model, ["thin"], mask=box_mask(7, 0, 8, 32), strength=1.0)
    assert (np.abs(thin[:, 7] - np.asarray(picture(0))[:, 7]).max(axis=-1) > 0).mean() > 0.9
    wide = np.asarray(surrogates._whole_latents(box_mask(7, 9, 8, 10), 8))
    assert wide.shape == (32, 32) and (wide[8:16, 0:8] == 255).all() and (wide > 0).sum() == 64


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"strength": 0.05}, ConfigError, "Strength 0.05"),
        ({"strength": 0.2}, ConfigError, "more steps"),
        ({"strength": math.nan}, ConfigError, "Strength nan"),
        ({"mask": box_mask(0, 0, 0, 0)}, DataError, "of one at 32 pixels is empty"),
        ({"mask": box_mask(0, 0, 32, 32)}, DataError, "of one at 32 pixels is full"),
        ({"mask": box_mask(0, 0, 9, 9, width=30)}, DataError, "30x32 pixels but its image is 32x32"),
        ({"prompts": ["", ""]}, DataError, "1 images, 1 masks, 2 prompts and 1 names"),
        ({"model": ""}, ConfigError, "No surrogate model"),
    ],
)
def test_what_cannot_be_repainted_is_refused_before_a_model_is_loaded(monkeypatch, change, kind, message):
    monkeypatch.setattr(surrogates, "load_pipeline", lambda *arguments: pytest.fail("loaded a model"))
    with pytest.raises(kind, match=message):
        make(**({"model": "someone/model", "names": ["one"]} | change))


def test_nothing_but_make_surrogates_makes_a_surrogate(model):
    parameters = generation(surrogate_model=model, surrogate_steps=4, size=32)
    (made,) = make_surrogates([picture(0)], [BOX], ["a photo"], parameters, ["one"])
    with pytest.raises(TypeError, match="make_surrogates only"):
        Surrogate("one", made.png)
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(made, png=b"a source")
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.png = b"a source"
    made.image.paste((0, 0, 0), (0, 0, 32, 32))  # a copy: painting into it changes nothing
    assert np.asarray(made.image).any()


def test_every_category_has_a_prompt_of_its_own_kind_and_other_names_are_refused():
    assert [prompt_for(name) for name in taxonomy.categories()] == list(PROMPTS.values())
    with pytest.raises(ConfigError, match="Unknown category 'dog'"):
        prompt_for("dog")
    with pytest.raises(ConfigError, match=f"Unknown editor 'smart-edit'.*{', '.join(EDITORS)}"):
        load_editor(generation(editor="smart-edit"))
