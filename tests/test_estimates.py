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

REPOSITORY = Path(__file__).parents[1]
WIDTH, TOKENS, TEXT = 256, 96, 32


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("SPPE_HOME", str(REPOSITORY))
    monkeypatch.setenv("SPPE_RESULTS", str(tmp_path))
    monkeypatch.setattr(estimates, "try_to_load_from_cache", lambda *arguments, **options: None)
    return tmp_path


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
        words = torch.randn(1, TEXT, 32, requires_grad=learns == "text")
        return saved_bytes(
            transformer,
            lambda: transformer(
                hidden_states=torch.randn(1, TOKENS, 48), encoder_hidden_states=words, return_dict=False,
                pooled_projections=torch.randn(1, 32), timestep=torch.rand(1), img_ids=torch.zeros(TOKENS, 3),
                txt_ids=torch.zeros(TEXT, 3),
            ),
            dtype,
        )  # fmt: skip


@pytest.mark.parametrize(("learns", "dtype"), [(key[0], key[1]) for key in estimates.KEPT_BYTES])
def test_activations_are_those_that_autograd_keeps(learns, dtype):
    kind = {2: torch.bfloat16, 4: torch.float32}[dtype]
    one, two = (kept_bytes(1 * n, 2 * n, learns, kind) for n in (1, 2))
    per_block = (two - one) / 3 / ((TOKENS + TEXT) * WIDTH)  # two single blocks for a double one, as in FLUX
    assert per_block == pytest.approx(estimates.KEPT_BYTES[learns, dtype], rel=0.15)


@pytest.mark.parametrize("number_bytes", estimates.UNET_KEPT_BYTES)
def test_activations_of_the_unet_are_those_that_autograd_keeps(number_bytes):
    dtype, width, side = {2: torch.bfloat16, 4: torch.float32}[number_bytes], 32, 32
    with torch.random.fork_rng():
        torch.manual_seed(0)
        unet = UNet2DConditionModel(
            block_out_channels=(width, 2 * width, 4 * width, 4 * width), cross_attention_dim=64, attention_head_dim=2
        )
    unet = unet.requires_grad_(False).to(dtype)
    words = torch.randn(1, 77, 64, dtype=dtype, requires_grad=True)
    latents = torch.randn(1, 4, side, side, dtype=dtype)
    kept = saved_bytes(unet, lambda: unet(latents, 1, words), torch.float32)  # in its own type, not under autocast
    assert kept / (side**2 * width) == pytest.approx(estimates.UNET_KEPT_BYTES[number_bytes], rel=0.15)


def test_memory_of_baselines_on_their_own_models():
    table = estimates.memory_needed(load_profile("paper"), 2).set_index(["stage", "method"])
    on_backbone = load_profile("paper", {"models.visii": "", "models.cross_image": ""})
    shared = estimates.memory_needed(on_backbone, 2).set_index(["stage", "method"])
    parameters = 859_520_964 + 83_653_863 + 123_060_480  # Stable Diffusion 1.5's UNet, VAE and text encoder
    for method in ("VISII", "Cross-Image Attention"):
        own, other = table.loc[("recover", method)], shared.loc[("recover", method)]
        assert own["weights"] == 2 * parameters and other["weights"] > 10 * own["weights"]
        assert own["total"] > own["weights"] + own["activations"] > own["weights"]
    rest = [row for row in table.index if row[1] not in ("VISII", "Cross-Image Attention")]
    assert table.loc[rest].equals(shared.loc[rest])


def test_counts_of_the_shipped_models_are_those_of_their_files():
    found = estimates.count(load_profile("smoke"))
    files = {"transformer": "weights/backbone/transformer", "vae": "weights/vae"}
    for name, location in files.items():
        with safe_open(Path(model_location(location)) / "diffusion_pytorch_model.safetensors", "pt") as file:
            stored = sum(file.get_tensor(key).numel() for key in file.keys())  # noqa: SIM118 - not a dict
        assert getattr(found, name) == stored
    assert (found.tokens, found.text_tokens, found.width) == (64, 32, 192)


def test_counts_of_flux():
    found = estimates.count(load_profile("paper"))
    assert found.transformer == pytest.approx(11.9e9, rel=0.01)  # the published 12 billion
    assert found.text == pytest.approx(4.762e9 + 0.123e9, rel=0.01)  # T5-v1.1-XXL's encoder, CLIP ViT-L/14's text
    assert found.vae == pytest.approx(83.8e6, rel=0.01)
    assert (found.tokens, found.text_tokens) == (1024, 512)


def test_every_method_with_a_backbone_has_its_load():
    loads = {stage: {load.method for load in estimates.LOADS if load.stage == stage} for stage in ("train", "recover")}
    assert loads["train"] == set(recovery.TRAINED)
    without = {"copy-surrogate", "paste-source", "local-linear", "oracle-words", "oracle-realisation"}
    assert loads["recover"] == set(recovery.METHODS) - without


def test_memory_follows_the_parameters():
    def needed(**changes):
        plainly = {"recovery.training.gradient_checkpointing": False, "recovery.training.optimizer": "adamw"}
        table = estimates.memory_needed(load_profile("paper", plainly | changes), 2)
        return table.set_index(["stage", "method"])

    plain = needed()
    checkpointed, eight_bit = (
        needed(**{"recovery.training.gradient_checkpointing": True}),
        needed(**{"recovery.training.optimizer": "adamw8bit"}),
    )
    assert (plain["total"] >= plain[["weights", "trained", "activations"]].sum(axis=1)).all()
    c2e, edit_transfer = ("train", "C2E-S2SER"), ("train", "EditTransfer")
    assert plain.loc[c2e, "activations"] == 2 * plain.loc[edit_transfer, "activations"]  # the cycle is a second pass
    no_cycle = needed(**{"recovery.training.cycle_warmup_steps": 6000})
    assert no_cycle.loc[c2e, "activations"] == plain.loc[edit_transfer, "activations"]
    train = plain.loc["train"].index
    assert (checkpointed.loc["train", "activations"] <= plain.loc["train", "activations"]).all() and len(train) == 4
    assert checkpointed.loc[c2e, "activations"] < plain.loc[c2e, "activations"] / 2
    assert (checkpointed.loc["recover"] == plain.loc["recover"]).all(axis=None)
    assert (eight_bit.loc["train", "trained"] < plain.loc["train", "trained"]).all()
    half = needed(**{"recovery.training.rank": 128})
    assert half.loc[c2e, "trained"] == plain.loc[c2e, "trained"] // 2
    assert half.loc[("recover", "VISII"), "trained"] == 0
    twice = needed(**{"recovery.training.batch": 2})
    assert twice.loc[c2e, "activations"] == 2 * plain.loc[c2e, "activations"]
    assert plain["total"].idxmax() == ("train", "Prompt-Diffusion")  # half of the backbone in float32, with AdamW


def test_expected_instances():
    assert estimates.expected_instances(load_profile("smoke")) == {"train": 48, "val": 16, "test": 16, "all": 80}
    paper = load_profile("paper")
    assert set(estimates.expected_instances(paper).values()) == {55696}  # the paper's number
    found = {"train": 40, "val": 10, "test": 10}
    assert estimates.expected_instances(paper, found) == found | {"all": 60}
    limited = load_profile("paper", {"benchmark.train_pairs": 5, "benchmark.val_pairs": 90})
    assert estimates.expected_instances(limited, found) == {"train": 10, "val": 10, "test": 10, "all": 30}


def test_disk():
    profile = load_profile("smoke")
    counts = estimates.count(profile)
    needed = estimates.disk_needed(profile, {"train": 10, "val": 0, "test": 3, "all": 13}, counts)
    assert needed["benchmark"] == 2 * 13 * row_bytes(64)
    assert needed["latents"] == 10 * (8 * 64 * 64 * 2 + 64 * 64)
    assert needed["recovered"] == 2 * len(recovery.METHODS) * 3 * 64 * 64 * 3 // 2
    assert needed["checkpoints"] > needed["training"] > 0


def test_measured_times_are_read_where_a_training_left_them(place):
    profile = load_profile("smoke")
    table = estimates.stage_costs(profile)
    assert table["training_seconds"].isna().all()
    folder = profile.results / "training" / "SOER" / "seed-0"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text('{"training_seconds": 12.5, "device": "cpu"}')
    table = estimates.stage_costs(profile).set_index(["stage", "method"])
    assert table.loc[("train", "SOER"), "training_seconds"] == 12.5
    assert table["training_seconds"].notna().sum() == 1


def test_a_models_sizes_are_read_at_its_revision(monkeypatch):
    asked = []
    monkeypatch.setattr(
        estimates, "try_to_load_from_cache", lambda name, file, revision: asked.append((name, file, revision))
    )
    for location in ("owner/name", "owner/name@v2"):
        assert estimates.component_config(location, "vae") == estimates.FLUX_1_FILL["vae"]
    assert asked == [("owner/name", "vae/config.json", None), ("owner/name", "vae/config.json", "v2")]
