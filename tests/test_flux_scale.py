"""Recovery on FLUX with T5, in the hub's layout: training, sampling, the adapter in stock pipelines, 8 bits."""

import gc
import weakref

import numpy as np
import pytest
import torch
from bitsandbytes.nn import Linear8bitLt
from diffusers import FluxFillPipeline, FluxPipeline
from tiny import tiny_benchmark, tiny_clip
from tiny_pipelines import box_mask, picture, tiny_flux_dev, tiny_flux_fill
from transformers import T5EncoderModel

from sppe_lib import recovery
from sppe_lib.config import load_profile
from sppe_lib.data.schema import collate, open_split
from sppe_lib.diffusion.backbone import Backbone
from sppe_lib.diffusion.latents import latent_cache
from sppe_lib.diffusion.panels import TARGET, Painting, assemble
from sppe_lib.errors import DataError

MODELS = {"fill": (tiny_flux_fill, FluxFillPipeline), "dev": (tiny_flux_dev, FluxPipeline)}
SMALL = {"height": 32, "width": 32, "max_sequence_length": 16}
WAYS = {"fill": ("grid", "velocity"), "dev": ("aligned", "change")}


def on_tiny_flux(folder, location: str, **changes):
    """The smoke profile on a tiny FLUX with T5, and a benchmark of 32 px."""
    models = dict.fromkeys(("models.vae", "models.transformer", "models.text"), location)
    models |= dict.fromkeys(("models.clip", "models.metrics_clip"), tiny_clip(folder / "clip"))
    profile = load_profile("smoke", {"benchmark.size": 32, "recovery.sampling.batch": 4} | models | changes)
    tiny_benchmark(profile.results / "benchmark", 4, size=32)
    return profile


@pytest.fixture(params=MODELS)
def flux(request, tmp_path, results):
    """(profile on a tiny FLUX with T5, its folder, diffusers' pipeline for it)."""
    make, pipeline = MODELS[request.param]
    location, way = make(tmp_path / "flux"), dict(zip(("models.references", "models.output"), WAYS[request.param]))
    training = {"gradient_checkpointing": True, "ema": 0.5, "layers": "attention"}
    training = {f"recovery.training.{name}": value for name, value in training.items()}
    return on_tiny_flux(tmp_path, location, **way, **training), location, pipeline


@pytest.mark.parametrize("method", ["C2E-S2SER", "SOER", "EditTransfer", "Prompt-Diffusion"])
def test_methods_train_and_recover(flux, method):
    profile, _, _ = flux
    if method == "Prompt-Diffusion" and "fill" not in str(flux[2]).lower():
        pytest.skip("one backbone is enough for the ControlNet branch")
    recovery.fit(profile, method)
    batch = collate(list(open_split(profile.results / "benchmark", "test").select(range(2))))
    recovered = recovery.method(method).load(profile)(batch)
    assert recovered.shape == (2, 3, 32, 32) and torch.isfinite(recovered).all()


def test_the_adapter_changes_the_stock_pipeline(flux):
    profile, location, pipeline = flux
    folder = recovery.fit(profile, "EditTransfer")
    stock = pipeline.from_pretrained(location)
    stock.set_progress_bar_config(disable=True)
    known = {} if pipeline is FluxPipeline else {"image": picture(0), "mask_image": box_mask(4, 4, 28, 28)}

    def drawn() -> np.ndarray:
        generator = torch.Generator().manual_seed(0)
        return stock("abc", generator=generator, num_inference_steps=2, output_type="np", **SMALL, **known).images[0]

    before = drawn()
    assert np.array_equal(before, drawn())
    stock.load_lora_weights(folder, weight_name="pytorch_lora_weights.safetensors")
    assert not np.array_equal(before, drawn())
    stock.unload_lora_weights()
    assert np.allclose(before, drawn(), atol=1e-5)


def test_features_of_a_painted_picture_are_those_of_the_stock_fill_pipeline(tmp_path):
    location = tiny_flux_fill(tmp_path / "flux")
    stock = FluxFillPipeline.from_pretrained(location)
    with torch.no_grad():  # no variance: the stock pipeline samples the VAE's posterior, the kit takes its mode
        stock.vae.encoder.conv_out.weight[4:] = 0
        stock.vae.encoder.conv_out.bias[4:] = -40
    stock.vae.save_pretrained(f"{location}/vae")
    seen = {}
    watch = lambda module, arguments, options: seen.update(options)
    stock.transformer.register_forward_pre_hook(watch, with_kwargs=True)
    stock.set_progress_bar_config(disable=True)
    image, mask = picture(1), box_mask(8, 4, 20, 24)
    generator = torch.Generator().manual_seed(0)
    stock("abc", image=image, mask_image=mask, num_inference_steps=1, generator=generator, **SMALL)
    profile = load_profile("smoke", {f"models.{name}": location for name in ("vae", "transformer", "text")})
    backbone = Backbone(profile.models)
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255
    region = torch.from_numpy(np.array(mask))[None, None].float() / 255
    # The stock pipeline blacks the region out in [-1, 1], which is mid-grey in [0, 1].
    known = backbone.encode(torch.where(region > 0, 0.5, pixels))
    noisy = seen["hidden_states"][..., :16]
    features, ids = assemble(noisy, [], Painting(known, region), backbone.channels, backbone.downscale, torch.ones(1))
    assert features.shape == seen["hidden_states"].shape
    assert torch.equal(features[..., 32:], seen["hidden_states"][..., 32:])
    assert torch.equal(ids - ids[0], seen["img_ids"])  # the target stands at the lower right of the grid
    painted = (states[..., 16:32] for states in (features, seen["hidden_states"]))
    assert torch.allclose(*painted, atol=0.05)  # bfloat16 in the kit's encoder
    assert TARGET == (1, 1)


def test_texts_are_encoded_once_and_the_encoders_leave_memory(flux, monkeypatch):
    profile, _, _ = flux
    loaded, in_memory_while_training = [], []
    real_load, real_step = T5EncoderModel.from_pretrained, torch.optim.AdamW.step

    def load(*arguments, **options):
        model = real_load(*arguments, **options)
        loaded.append(weakref.ref(model))
        return model

    def step(optimizer, *arguments, **options):
        gc.collect()
        in_memory_while_training.append(sum(reference() is not None for reference in loaded))
        return real_step(optimizer, *arguments, **options)

    monkeypatch.setattr(T5EncoderModel, "from_pretrained", load)
    monkeypatch.setattr(torch.optim.AdamW, "step", step)
    recovery.fit(profile, "SOER")
    assert len(loaded) == 1 and in_memory_while_training == [0] * profile.recovery.training.steps
    (profile.results / "checkpoints" / "SOER-0.pt").unlink()
    recovery.fit(profile, "SOER")
    assert len(loaded) == 1  # every text stands on disk
    with pytest.raises(DataError, match="03_train_recovery"):
        recovery.method("C2E-S2SER").load(profile)


def test_latents_are_made_again_when_the_autoencoder_changes(flux):
    profile, location, _ = flux
    first = latent_cache(profile.results, Backbone(profile.models)).batch([0]).source
    changed = Backbone(profile.models).vae
    with torch.no_grad():
        changed.encoder.conv_in.weight.mul_(2)
    changed.save_pretrained(f"{location}/vae")
    assert not torch.equal(first, latent_cache(profile.results, Backbone(profile.models)).batch([0]).source)


@pytest.fixture
def quantised(tmp_path, results):
    training = {"recovery.training.optimizer": "adamw8bit", "recovery.training.gradient_checkpointing": True}
    return on_tiny_flux(tmp_path, tiny_flux_dev(tmp_path / "flux"), **{"models.quantize_base": True}, **training)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="diffusers loads an 8-bit base on a GPU only")
def test_an_8_bit_base_trains_an_adapter_that_recovers(quantised):
    blocks = Backbone(quantised.models).transformer.transformer_blocks
    linear = [layer for layer in blocks.modules() if isinstance(layer, Linear8bitLt)]
    assert linear and all(layer.weight.dtype is torch.int8 for layer in linear)
    recovery.fit(quantised, "C2E-S2SER")
    batch = collate(list(open_split(quantised.results / "benchmark", "test").select(range(2))))
    recovered = recovery.method("C2E-S2SER").load(quantised)(batch)
    assert recovered.shape == (2, 3, 32, 32) and torch.isfinite(recovered).all()
