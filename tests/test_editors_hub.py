"""Editors of the model hub, run as real, tiny pipelines, and what loading says when it fails."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit
from huggingface_hub.errors import (
    GatedRepoError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from tiny_pipelines import generation, picture, tiny_flux_kontext, tiny_instruct_pix2pix, tiny_qwen_image_edit

from sppe_lib import hub
from sppe_lib.data.editors import EDITORS, load_editor
from sppe_lib.errors import ConfigError, ResourceError


@pytest.fixture(autouse=True)
def float32(monkeypatch):
    """A CPU is quicker in float32 on models this small."""
    monkeypatch.setattr(hub, "compute_dtype", lambda: torch.float32)


def edits(name, model, images, seeds, instruction="make it blue"):
    edit = load_editor(generation(editor=name, editor_model=model, editor_guidance=2.0))
    return [np.asarray(image) for image in edit(images, [instruction] * len(images), seeds)]


def check_seeds(edited, size):
    same, again, other = edited
    assert {image.shape for image in edited} == {(*size[::-1], 3)}
    assert np.array_equal(same, again)
    assert not np.array_equal(same, other)


def test_instruct_pix2pix_follows_picture_seed_and_instruction(tmp_path):
    model = tiny_instruct_pix2pix(tmp_path / "model")
    edited = edits("instruct-pix2pix", model, [picture(0, 48, 32)] * 3, [1, 1, 2])
    check_seeds(edited, (48, 32))
    (another_picture,) = edits("instruct-pix2pix", model, [picture(1, 48, 32)], [1])
    (another_instruction,) = edits("instruct-pix2pix", model, [picture(0, 48, 32)], [1], "remove the text")
    assert not np.array_equal(edited[0], another_picture)
    assert not np.array_equal(edited[0], another_instruction)


def test_flux_kontext_keeps_the_pictures_size(tmp_path):
    edited = edits("flux-kontext", tiny_flux_kontext(tmp_path / "model"), [picture(0, 64, 64)] * 3, [1, 1, 2])
    check_seeds(edited, (64, 64))


def test_qwen_image_edit_keeps_the_pictures_size(tmp_path, monkeypatch):
    # It works on a megapixel; a sixteenth of that is enough for a model that knows nothing.
    real = pipeline_qwenimage_edit.calculate_dimensions
    monkeypatch.setattr(pipeline_qwenimage_edit, "calculate_dimensions", lambda area, ratio: real(area / 16, ratio))
    edited = edits("qwen-image-edit", tiny_qwen_image_edit(tmp_path / "model"), [picture(0, 64, 64)] * 3, [1, 1, 2])
    check_seeds(edited, (64, 64))


def test_inputs_must_go_together(tmp_path):
    model = tiny_instruct_pix2pix(tmp_path / "model")
    edit = load_editor(generation(editor="instruct-pix2pix", editor_model=model))
    with pytest.raises(ValueError, match="zip"):
        edit([picture(0)], ["make it blue"], [1, 2])


@pytest.mark.parametrize("name", ["", "smart-edit", "instruct_pix2pix"])
def test_unknown_editors_are_refused_by_name(name):
    with pytest.raises(ConfigError, match=f"Unknown editor {name!r}.*{', '.join(EDITORS)}"):
        load_editor(generation(editor=name))


def test_a_folder_without_a_model_is_reported(tmp_path):
    with pytest.raises(ResourceError, match="Cannot load .* as FluxKontextPipeline: .*model_index.json.*check its"):
        load_editor(generation(editor="flux-kontext", editor_model=str(tmp_path)))


def test_a_weight_file_cut_short_is_reported(tmp_path):
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
        (hub_error(GatedRepoError), "licence must be accepted first"),
        (hub_error(RepositoryNotFoundError), "the hub has no such model"),
        (hub_error(RevisionNotFoundError), "no such revision"),
        (LocalEntryNotFoundError("offline"), "could not be reached or the download broke off"),
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
    assert "\n" not in str(raised.value)
    assert asked == ["v2"]


def test_memory_that_does_not_suffice_is_reported():
    def pipeline(**arguments):
        raise torch.OutOfMemoryError("tried to allocate")

    with pytest.raises(ResourceError, match="lower generation.batch"):
        hub.run_pipeline(pipeline)
