"""Estimates of memory and disk against what models and autograd really hold."""

from pathlib import Path

import pytest
import torch
from diffusers import FluxTransformer2DModel, UNet2DConditionModel
from safetensors import safe_open

from sppe_lib import recovery
from sppe_lib.config import load_profile, model_location
from sppe_lib.data.store import row_bytes
from sppe_lib.diffusion.lora import add_lora
from sppe_lib.tools.preflight import estimates

WIDTH, TOKENS, TEXT = 256, 96, 32
DTYPES = {2: torch.bfloat16, 4: torch.float32}


@pytest.fixture(autouse=True)
def place(results, monkeypatch):
    monkeypatch.setattr(estimates, "try_to_load_from_cache", lambda *arguments, **options: None)


def saved_bytes(model: torch.nn.Module, forward, dtype: torch.dtype) -> int:
    """Bytes that autograd keeps for the backward pass of `forward`, the model's parameters not counted."""
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept: dict[int, torch.Tensor] = {}  # the tensors themselves, so that no storage is used again

    def keep(tensor):
        if tensor.untyped_storage().data_ptr() not in weights:
            kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
    with hooks, torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        forward()
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


def kept_bytes(double: int, single: int, learns: str, dtype: torch.dtype) -> int:
    """Bytes that autograd keeps for the backward pass of a transformer with so many blocks."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        transformer = FluxTransformer2DModel(
            in_channels=48, out_channels=16, num_layers=double, num_single_layers=single, attention_head_dim=64,
            num_attention_heads=WIDTH // 64, joint_attention_dim=32, pooled_projection_dim=32,
            axes_dims_rope=(16, 24, 24),
        ).requires_grad_(False)  # fmt: skip
        for parameter in transformer.parameters():
            parameter.data = parameter.data.to(dtype)
        if learns == "lora":
            add_lora(transformer, WIDTH // 12, WIDTH // 12, 0, "all")  # rank 256 of 3072 channels
            for layer in transformer.modules():  # what narrow layers keep in place of three products is not per token
                layer.__dict__.pop("forward", None)
        given = {
            "hidden_states": torch.randn(1, TOKENS, 48), "pooled_projections": torch.randn(1, 32),
            "encoder_hidden_states": torch.randn(1, TEXT, 32, requires_grad=learns == "text"),
            "timestep": torch.rand(1), "img_ids": torch.zeros(TOKENS, 3), "txt_ids": torch.zeros(TEXT, 3),
        }  # fmt: skip
        return saved_bytes(transformer, lambda: transformer(**given, return_dict=False), dtype)


@pytest.mark.parametrize(("learns", "number_bytes"), estimates.KEPT_BYTES)
def test_activations_are_those_that_autograd_keeps(learns, number_bytes):
    one, two = (kept_bytes(n, 2 * n, learns, DTYPES[number_bytes]) for n in (1, 2))
    per_block = (two - one) / 3 / ((TOKENS + TEXT) * WIDTH)  # two single blocks for a double one, as in FLUX
    assert per_block == pytest.approx(estimates.KEPT_BYTES[learns, number_bytes], rel=0.15)


@pytest.mark.parametrize("number_bytes", estimates.UNET_KEPT_BYTES)
def test_activations_of_the_unet_are_those_that_autograd_keeps(number_bytes):
    dtype, width, side = DTYPES[number_bytes], 32, 32
    with torch.random.fork_rng():
        torch.manual_seed(0)
        channels = (width, 2 * width, 4 * width, 4 * width)
        unet = UNet2DConditionModel(block_out_channels=channels, cross_attention_dim=64, attention_head_dim=2)
    unet = unet.requires_grad_(False).to(dtype)
    words = torch.randn(1, 77, 64, dtype=dtype, requires_grad=True)
    latents = torch.randn(1, 4, side, side, dtype=dtype)
    kept = saved_bytes(unet, lambda: unet(latents, 1, words), torch.float32)  # in its own type, not under autocast
    assert kept / (side**2 * width) == pytest.approx(estimates.UNET_KEPT_BYTES[number_bytes], rel=0.15)


def needed(**changes):
    """`memory_needed` of profile paper, in bfloat16, with some parameters changed."""
    changes = {name.replace("__", "."): value for name, value in changes.items()}
    return estimates.memory_needed(load_profile("paper", changes), 2).set_index(["stage", "method"])


def test_memory_follows_the_parameters_and_baselines_on_their_own_models():
    table, shared = needed(), needed(models__visii="", models__cross_image="")
    parameters = 859_520_964 + 83_653_863 + 123_060_480  # Stable Diffusion 1.5's UNet, VAE and text encoder
    own = [("recover", "VISII"), ("recover", "Cross-Image Attention")]
    assert (table.loc[own, "weights"] == 2 * parameters).all()
    assert (shared.loc[own, "weights"] > 10 * 2 * parameters).all()
    assert (table.loc[own, "total"] > table.loc[own, "weights"] + table.loc[own, "activations"]).all()
    assert table.drop(own).equals(shared.drop(own))
    plainly = {"recovery__training__gradient_checkpointing": False, "recovery__training__optimizer": "adamw"}
    plain, c2e, edit_transfer = needed(**plainly), ("train", "C2E-S2SER"), ("train", "EditTransfer")

    def changed(name, value):
        return needed(**plainly | {f"recovery__training__{name}": value})

    assert (plain["total"] >= plain[["weights", "trained", "activations"]].sum(axis=1)).all()
    assert plain["total"].idxmax() == ("train", "Prompt-Diffusion")  # half of the backbone in float32, with AdamW
    assert plain.loc[("recover", "VISII"), "trained"] == 0
    assert plain.loc[c2e, "activations"] == 2 * plain.loc[edit_transfer, "activations"]  # the cycle is a second pass
    no_cycle = changed("cycle_warmup_steps", 6000)
    assert no_cycle.loc[c2e, "activations"] == plain.loc[edit_transfer, "activations"]
    checkpointed = changed("gradient_checkpointing", True)
    assert (checkpointed.loc["train", "activations"] <= plain.loc["train", "activations"]).all()
    assert checkpointed.loc[c2e, "activations"] < plain.loc[c2e, "activations"] / 2
    assert (checkpointed.loc["recover"] == plain.loc["recover"]).all(axis=None)
    assert (changed("optimizer", "adamw8bit").loc["train", "trained"] < plain.loc["train", "trained"]).all()
    assert changed("rank", 128).loc[c2e, "trained"] == plain.loc[c2e, "trained"] // 2
    assert changed("batch", 2).loc[c2e, "activations"] == 2 * plain.loc[c2e, "activations"]


def test_counts_are_those_of_the_files_and_of_the_papers():
    found = estimates.count(load_profile("smoke"))
    for name, location in {"transformer": "weights/backbone/transformer", "vae": "weights/vae"}.items():
        with safe_open(Path(model_location(location)) / "diffusion_pytorch_model.safetensors", "pt") as file:
            assert getattr(found, name) == sum(file.get_tensor(key).numel() for key in file.keys())  # noqa: SIM118
    assert (found.tokens, found.text_tokens, found.width) == (64, 32, 192)
    flux = estimates.count(load_profile("paper"))
    assert (flux.tokens, flux.text_tokens) == (1024, 512)
    # The published 12 billion; T5-v1.1-XXL's encoder and CLIP ViT-L/14's text.
    for name, published in {"transformer": 11.9e9, "text": 4.762e9 + 0.123e9, "vae": 83.8e6}.items():
        assert getattr(flux, name) == pytest.approx(published, rel=0.01)
    loads = {stage: {load.method for load in estimates.LOADS if load.stage == stage} for stage in ("train", "recover")}
    assert loads["train"] == set(recovery.TRAINED)
    without = {"copy-surrogate", "paste-source", "local-linear", "oracle-words", "oracle-realisation"}
    assert loads["recover"] == set(recovery.METHODS) - without


def test_expected_instances_and_their_disk():
    smoke, found = load_profile("smoke"), {"train": 40, "val": 10, "test": 10}
    assert estimates.expected_instances(smoke) == {"train": 48, "val": 16, "test": 16, "all": 80}
    assert set(estimates.expected_instances(load_profile("paper")).values()) == {55696}  # the paper's number
    assert estimates.expected_instances(load_profile("paper"), found) == found | {"all": 60}
    limited = load_profile("paper", {"benchmark.train_pairs": 5, "benchmark.val_pairs": 90})
    assert estimates.expected_instances(limited, found) == {"train": 10, "val": 10, "test": 10, "all": 30}
    needed = estimates.disk_needed(smoke, {"train": 10, "val": 0, "test": 3, "all": 13}, estimates.count(smoke))
    assert needed["benchmark"] == 2 * 13 * row_bytes(64) and needed["latents"] == 10 * (6 * 64 * 64 * 2 + 64 * 64)
    assert needed["recovered"] == 2 * len(recovery.METHODS) * 3 * 64 * 64 * 3 // 2
    assert needed["checkpoints"] > needed["training"] > 0


def test_times_are_read_where_a_training_left_them_and_sizes_at_a_models_revision(monkeypatch):
    profile = load_profile("smoke")
    assert estimates.stage_costs(profile)["training_seconds"].isna().all()
    folder = profile.results / "training" / "SOER" / "seed-0"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text('{"training_seconds": 12.5, "device": "cpu"}')
    times = estimates.stage_costs(profile).set_index(["stage", "method"])["training_seconds"]
    assert times["train", "SOER"] == 12.5 and times.notna().sum() == 1
    asked = []
    monkeypatch.setattr(estimates, "try_to_load_from_cache", lambda *given, revision: asked.append((*given, revision)))
    for location in ("owner/name", "owner/name@v2"):
        assert estimates.component_config(location, "vae") == estimates.FLUX_1_FILL["vae"]
    assert asked == [("owner/name", "vae/config.json", None), ("owner/name", "vae/config.json", "v2")]
