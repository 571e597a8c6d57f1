"""bitsandbytes for real: the paper's 8-bit optimiser, and the release's 8-bit base with its adapter kept apart."""

import pytest
import torch
from bitsandbytes.nn import Linear8bitLt
from tiny import tiny_benchmark, tiny_clip
from tiny_pipelines import tiny_flux_dev

from sppe_lib import recovery
from sppe_lib.config import load_profile
from sppe_lib.data.schema import collate, open_split
from sppe_lib.diffusion.backbone import Backbone
from sppe_lib.recovery.trained import make_optimizer


@pytest.fixture
def profile(tmp_path, monkeypatch):
    monkeypatch.setenv("SPPE_RESULTS", str(tmp_path / "results"))
    location, clip = tiny_flux_dev(tmp_path / "flux"), tiny_clip(tmp_path / "clip")
    models = {f"models.{name}": location for name in ("vae", "transformer", "text")}
    models |= {"models.clip": clip, "models.metrics_clip": clip, "models.quantize_base": True}
    training = {"recovery.training.optimizer": "adamw8bit", "recovery.training.gradient_checkpointing": True}
    profile = load_profile("smoke", {"benchmark.size": 32, "recovery.sampling.batch": 4} | models | training)
    tiny_benchmark(profile.results / "benchmark", 4, size=32)
    return profile


@pytest.mark.skipif(not torch.cuda.is_available(), reason="diffusers loads an 8-bit base on a GPU only")
def test_an_8_bit_base_trains_an_adapter_that_recovers(profile):
    blocks = Backbone(profile.models).transformer.transformer_blocks
    linear = [layer for layer in blocks.modules() if isinstance(layer, Linear8bitLt)]
    assert linear and all(layer.weight.dtype is torch.int8 for layer in linear)
    recovery.fit(profile, "C2E-S2SER")
    batch = collate(list(open_split(profile.results / "benchmark", "test").select(range(2))))
    recovered = recovery.method("C2E-S2SER").load(profile)(batch)
    assert recovered.shape == (2, 3, 32, 32) and torch.isfinite(recovered).all()


def test_the_8_bit_optimiser_follows_adamw():
    torch.manual_seed(0)
    start, target = torch.randn(64, 128), torch.randn(64, 128)  # 4096 and more numbers are kept in 8 bits
    found = {}
    for name in ("adamw", "adamw8bit"):
        weight = torch.nn.Parameter(start.clone())
        optimizer = make_optimizer({"weight": weight}, name)
        optimizer.param_groups[0]["lr"] = 0.01
        for _ in range(20):
            optimizer.zero_grad()
            (weight - target).square().sum().backward()
            optimizer.step()
        found[name] = weight.detach()
        stored = optimizer.state[weight]
    assert stored["state1"].dtype is torch.uint8
    moved = (found["adamw"] - start).norm()
    assert (found["adamw8bit"] - found["adamw"]).norm() < 0.05 * moved
