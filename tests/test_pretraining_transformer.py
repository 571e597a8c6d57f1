"""The miniature's transformer: tasks, two training steps, export that loads as a backbone, held-out records."""

import dataclasses

import numpy as np
import pytest
import torch
from tiny import tiny_clip
from tiny_flux import tiny_flux

from sppe_lib.config import ModelParameters
from sppe_lib.diffusion.backbone import Backbone
from sppe_lib.pretraining.scenes import Pictures, make_pictures
from sppe_lib.pretraining.transformer import TransformerSettings, token_weights, train_transformer

SETTINGS = TransformerSettings(
    steps=4, records=60, warmup_steps=1, cooldown_steps=1, batch=1, double_layers=1, single_layers=1, heads=2, head_width=16,
    checkpoint_seconds=0.0, changed_weight=4.0,
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("pretraining")
    pictures = make_pictures(root / "pictures", 60, processes=1, size=32, chunk_records=60)
    clip, vae = tiny_clip(root / "clip"), str(tiny_flux(root / "flux"))
    return root, pictures, ModelParameters(clip, clip, vae, "", clip)


def train(folders, name, settings=SETTINGS):
    root, pictures, models = folders
    output = train_transformer(pictures, root / name, settings, models, root / f"{name}.pt")
    return Backbone(dataclasses.replace(models, transformer=str(output))).transformer


def test_resumed_pretraining_exports_the_same_weights(folders):
    straight = train(folders, "straight")
    train(folders, "parts", dataclasses.replace(SETTINGS, steps=2, cooldown_steps=0))
    resumed = train(folders, "parts")
    for (name, one), two in zip(straight.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(one, two), name


def test_tokens_that_the_edit_changes_count_more():
    before = np.zeros((1, 4, 8, 8, 3), np.uint8)
    before[0, 1, 5, 2] = 9  # one pixel of I', in the third of the four tokens
    fields = dict(mask=None, captions=None, category=None, code=None, outcome=None, strength=None, edit_seed=None, index=[0])
    weights = token_weights(Pictures(images=before, **fields), tokens=4, changed_weight=4.0)[..., 0]
    assert torch.allclose(weights[0, 0], torch.tensor([1.0, 1.0, 4.0, 1.0]) * 4 / 7)
    assert torch.equal(weights[0, 1], torch.ones(4))  # S' is S: nothing changed


def test_export_has_the_input_channels_of_flux_fill_for_its_vae(folders):
    transformer = train(folders, "straight")
    assert transformer.config.in_channels == 16 + 16 + 4 * 2**2
    assert np.isfinite([value.float().abs().sum().item() for value in transformer.state_dict().values()]).all()
