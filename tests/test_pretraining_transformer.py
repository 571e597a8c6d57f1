"""The miniature's transformer: tasks, two training steps, export that loads as a backbone, held-out records."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL
from safetensors.torch import load_file, save_file
from tiny import tiny_clip
from tiny_pipelines import tiny_flux
from transformers import CLIPTextModel

from sppe_lib.diffusion.backbone import Backbone, load_component
from sppe_lib.errors import ConfigError
from sppe_lib.pretraining.scenes import load_pictures, make_pictures
from sppe_lib.pretraining.transformer import (
    SHIPPED,
    SIDES,
    Tasks,
    TransformerSettings,
    edit_quality,
    encode_records,
    new_transformer,
    train_transformer,
)
from sppe_lib.recovery.grid import grid_velocity

SMALL = {"batch": 1, "double_layers": 1, "single_layers": 1, "heads": 2, "head_width": 16}
SETTINGS = TransformerSettings(steps=4, records=60, warmup_steps=1, cooldown_steps=1, checkpoint_every=1, **SMALL)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("pretraining")
    pictures = make_pictures(root / "pictures", 60, processes=1, size=32, chunk_records=60)
    clip, vae = tiny_clip(root / "clip"), str(tiny_flux(root / "flux"))
    models = dataclasses.replace(SHIPPED, clip=clip, metrics_clip=clip, vae=vae, transformer="", text=clip)
    return root, pictures, models


def train(folders, name, settings=SETTINGS):
    root, pictures, models = folders
    models = dataclasses.replace(models, transformer=str(root / name))
    train_transformer(pictures, root / name, settings, models, root / f"{name}.pt")
    return Backbone(models).transformer


def test_resumed_pretraining_exports_the_same_weights(folders):
    straight = train(folders, "straight")
    train(folders, "parts", dataclasses.replace(SETTINGS, steps=2, cooldown_steps=0))
    resumed = train(folders, "parts")
    for (name, one), two in zip(straight.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(one, two), name
    root, pictures, models = folders
    other = shutil.copytree(models.vae, root / "other vae")
    (stored,) = (other / "vae").glob("*.safetensors")
    save_file({name: value * 1.1 for name, value in load_file(stored).items()}, stored)
    with pytest.raises(ConfigError):
        train((root, pictures, dataclasses.replace(models, vae=str(other))), "parts")


def test_backwards_the_pair_and_the_edited_picture_change_sides(folders):
    root, pictures, models = folders
    loaded = load_pictures(pictures, 60)
    latents = torch.arange(60 * 6.0).reshape(60, 6, 1, 1)
    tasks = Tasks(None, loaded, (latents, None), SETTINGS)
    rows, own, other = np.array([3, 3]), np.array([0, 0]), np.array([2, 2])
    before, after, edited = (panel.latents[:, 0, 0] - 18 for panel in tasks.known(rows, own, other, np.array([0, 1])))
    assert (before.tolist(), after.tolist(), edited.tolist()) == ([4, 5], [5, 4], [0, 1])


def test_untrained_it_leaves_the_picture_as_it_is(folders):
    root, pictures, models = folders
    loaded = load_pictures(pictures, 60)
    vae, clip = load_component(AutoencoderKL, models.vae, "vae"), load_component(CLIPTextModel, models.text, "")
    backbone = Backbone(models, new_transformer(vae, clip.config, SETTINGS))
    tasks = Tasks(backbone, loaded, encode_records(backbone, loaded), SETTINGS)
    measured = edit_quality(backbone, tasks, 8)
    known, text = tasks.known(np.array([0]), np.array([0])), backbone.text.encode([""])
    noise = torch.randn(known[0].latents.shape)
    kept = noise - grid_velocity(backbone, noise, torch.ones(1), (known, None), text)
    assert torch.allclose(kept, known[0].latents, atol=1e-5)
    assert measured["words"] == measured["example"]


def test_examples_are_edits_that_did_something_on_both_scenes_and_never_held_out(folders):
    root, pictures, models = folders
    loaded = load_pictures(pictures, 60)
    tasks = Tasks(None, loaded, (None, None), SETTINGS)
    assert {tuple(side) for side in tasks.examples[:, 1:].tolist()} <= {tuple(side) for side in SIDES.tolist()}
    assert not loaded.held_out[tasks.examples[:, 0]].any()
    assert loaded.changed[tasks.examples[:, :1], tasks.examples[:, 1:]].all()


def test_export_has_the_layout_that_it_was_trained_in(folders):
    transformer = train(folders, "straight")
    assert transformer.config.in_channels == 16
    assert np.isfinite([value.float().abs().sum().item() for value in transformer.state_dict().values()]).all()
    assert json.loads((folders[0] / "straight" / "scheduler" / "scheduler_config.json").read_text())["shift"] == 50
