"""Editors of the model hub, run as real, tiny pipelines, and what loading says when it fails."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit
from huggingface_hub import errors
from tiny_pipelines import generation, picture, tiny_flux_kontext, tiny_instruct_pix2pix, tiny_qwen_image_edit

from sppe_lib import hub
from sppe_lib.data.editors import EDITORS, load_editor
from sppe_lib.errors import ConfigError, ResourceError


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
        images, texts, seeds = (
            [*images, picture(1, *size), first],
            [*texts, texts[0], "remove the text"],
            [*seeds, 1, 1],
        )
    same, again, *others = (np.asarray(image) for image in edit(images, texts, seeds))
    assert same.shape == (*size[::-1], 3) and np.array_equal(same, again)
    assert all(other.shape == same.shape and not np.array_equal(other, same) for other in others)
    with pytest.raises(ValueError, match="zip"):
        edit([], ["make it blue"], [1, 2])


@pytest.mark.parametrize("name", ["", "smart-edit", "instruct_pix2pix"])
def test_unknown_editors_are_refused_by_name(name):
    with pytest.raises(ConfigError, match=f"Unknown editor {name!r}.*{', '.join(EDITORS)}"):
        load_editor(generation(editor=name))


def test_a_folder_without_a_model_and_a_weight_file_cut_short_are_reported(tmp_path):
    with pytest.raises(ResourceError, match="Cannot load .* as FluxKontextPipeline: .*model_index.json.*check its"):
        load_editor(generation(editor="flux-kontext", editor_model=str(tmp_path)))
    model = tiny_instruct_pix2pix(tmp_path / "model")
    weights = Path(model, "unet", "diffusion_pytorch_model.safetensors")
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ResourceError, match="cut short or damaged: delete it and download"):
        load_editor(generation(editor="instruct-pix2pix", editor_model=model))


def hub_error(kind):
    return kind("says the server", response=SimpleNamespace(headers={}, request=None))


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


def test_memory_that_does_not_suffice_is_reported():
    def pipeline(**arguments):
        raise torch.OutOfMemoryError("tried to allocate")

    with pytest.raises(ResourceError, match="lower generation.batch"):
        hub.run_pipeline(pipeline)
