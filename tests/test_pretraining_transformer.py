"""The miniature's transformer: tasks, two training steps, export that loads as a backbone, held-out records."""

import dataclasses

import numpy as np
import pytest
import torch
from tiny import tiny_clip
from tiny_flux import tiny_flux

from sppe_lib.config import ModelParameters
from sppe_lib.diffusion.backbone import Backbone
from sppe_lib.pretraining.scenes import make_pictures
from sppe_lib.pretraining.transformer import TransformerSettings, train_transformer

SETTINGS = TransformerSettings(
    steps=4,
    records=60,
    warmup_steps=1,
    cooldown_steps=1,
    batch=1,
    double_layers=1,
    single_layers=1,
    heads=2,
    head_width=16,
    checkpoint_every=1,
    compile=False,
    earlier=(),
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("pretraining")
    pictures = make_pictures(root / "pictures", 60, processes=1, size=32, chunk_records=60)
    clip, vae = tiny_clip(root / "clip"), str(tiny_flux(root / "flux"))
    return root, pictures, ModelParameters(clip=clip, metrics_clip=clip, vae=vae, transformer="", text=clip)


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


def test_a_second_round_goes_on_from_the_first_with_other_batches(folders):
    root = folders[0]
    two = dataclasses.replace(SETTINGS, earlier=(2,), first_records=60, first_cooldown_steps=1)
    second = train(folders, "rounds", two).state_dict()
    first = Backbone(dataclasses.replace(folders[2], transformer=str(root / "rounds-round-1"))).transformer.state_dict()
    assert any(not torch.equal(first[name], second[name]) for name in first)
    assert str(root) not in (root / "rounds" / "transformer" / "config.json").read_text()  # no path of this machine
    written = (root / "rounds-round-1" / "training.json").stat().st_mtime_ns
    (root / "rounds.pt").unlink()
    again = train(folders, "rounds", two).state_dict()  # the finished first round is not repeated
    assert (root / "rounds-round-1" / "training.json").stat().st_mtime_ns == written
    assert all(torch.equal(again[name], second[name]) for name in second)


def test_export_has_the_input_channels_of_flux_fill_for_its_vae(folders):
    transformer = train(folders, "straight")
    assert transformer.config.in_channels == 16 + 16 + 4 * 2**2
    assert np.isfinite([value.float().abs().sum().item() for value in transformer.state_dict().values()]).all()
