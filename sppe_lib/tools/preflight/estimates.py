"""What a profile needs, before anything runs: memory by stage and method, disk by stage. Estimated, not measured."""

import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import torch
from diffusers import AutoencoderKL, FluxTransformer2DModel
from diffusers.utils import logging
from huggingface_hub import try_to_load_from_cache
from transformers import CLIPTextConfig, CLIPTextModel, T5Config, T5EncoderModel

from sppe_lib.config import Profile
from sppe_lib.data.store import row_bytes
from sppe_lib.data.schema import SPLITS
from sppe_lib.diffusion.backbone import T5_TOKENS, TEXT_TOKENS
from sppe_lib.diffusion.latents import PICTURES
from sppe_lib.diffusion.lora import add_lora
from sppe_lib.locations import model_location, model_revision
from sppe_lib.model_files import is_hub_id
from sppe_lib.published import read_published
from sppe_lib.recovery import METHODS, TRAINED
from sppe_lib.recovery.method import training_folder
from sppe_lib.recovery.prompt_diffusion import ExampleBranch
from sppe_lib.runtime import compute_dtype
from sppe_lib.tools.preflight.stable_diffusion_estimates import STABLE_DIFFUSION, stable_diffusion_memory

FLUX_1_FILL = {
    "transformer": {
        "in_channels": 384, "out_channels": 64, "num_layers": 19, "num_single_layers": 38, "attention_head_dim": 128,
        "num_attention_heads": 24, "joint_attention_dim": 4096, "pooled_projection_dim": 768, "guidance_embeds": True,
        "axes_dims_rope": [16, 56, 56],
    },
    "vae": {
        "latent_channels": 16, "block_out_channels": [128, 256, 512, 512], "layers_per_block": 2,
        "down_block_types": ["DownEncoderBlock2D"] * 4, "up_block_types": ["UpDecoderBlock2D"] * 4,
        "use_quant_conv": False, "use_post_quant_conv": False,
    },
    "text_encoder": {
        "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
        "vocab_size": 49408, "max_position_embeddings": 77, "projection_dim": 768,
    },
    "text_encoder_2": {
        "d_model": 4096, "d_ff": 10240, "num_layers": 24, "num_heads": 64, "d_kv": 64, "vocab_size": 32128,
        "feed_forward_proj": "gated-gelu",
    },
}  # fmt: skip
"""Sizes of FLUX.1-Fill-dev, taken where a model's own config.json is not on this machine."""

KEPT_BYTES = {("lora", 2): 50, ("lora", 4): 80, ("text", 2): 28, ("text", 4): 48}
"""Bytes kept for the backward pass, per token, channel and block, by what is learnt and the bytes of a number.

Counted on `FluxTransformer2DModel` with `torch.autograd.graph.saved_tensors_hooks`; a test counts again.
"""

TRAINED_BYTES = {"adamw": 16, "adamw8bit": 10}
"""Per trained parameter, by optimiser: float32 weight and gradient, and AdamW's two moments in four bytes or one each."""

VAE_BYTES = 12
"""Per pixel and channel of the VAE encoder's first level: a convolution's input and output and a float32 norm."""

ALLOCATOR_SHARE = 0.1
"""Added to the sum, for what the allocator holds and cannot use."""

SMALL_PARAMETERS = 1_000_000_000
"""A transformer up to this size is workable without an accelerator; above, a training step takes minutes."""


@dataclass(frozen=True)
class Load:
    """What one stage of one method puts through the transformer at once.

    `panels`: pictures in a sequence. `learns`: "lora", "text" or "" (no backward pass). `passes`: forward
    passes kept for one backward. `branch`: Prompt-Diffusion's ControlNet. `lora`: whether there is one.
    `streams`: sequences an instance. `attention`: attention weights are computed as a whole, in float32.
    `own`: the entry of `models` that takes the method off the transformer, where it names a model.
    """

    stage: str
    method: str
    panels: int
    learns: str = ""
    passes: int = 1
    branch: bool = False
    lora: bool = True
    streams: int = 1
    attention: bool = False
    own: str = ""


LOADS = (
    Load("train", "EditTransfer", 4, "lora"),
    Load("train", "Prompt-Diffusion", 1, "lora", branch=True),
    Load("train", "SOER", 5, "lora"),
    Load("train", "C2E-S2SER", 4, "lora", passes=2),
    Load("recover", "VISII", 2, "text", lora=False, own="visii"),
    Load("recover", "Cross-Image Attention", 2, lora=False, streams=2, attention=True, own="cross_image"),
    Load("recover", "EditTransfer", 4),
    Load("recover", "Prompt-Diffusion", 1, branch=True),
    Load("recover", "SOER", 5),
    Load("recover", "C2E-S2SER", 4),
)
"""Every stage that runs the transformer. What is not here (CLIP, ERMA, metrics) needs less than any of these."""


def component_config(location: str, component: str, otherwise: dict[str, dict] = FLUX_1_FILL) -> dict:
    """The config.json of a model's component on this machine (shipped, folder, hub cache), else that of `otherwise`.

    {} for a T5 encoder that a folder does not have.
    """
    resolved = Path(model_location(location))
    if resolved.is_dir():
        path = resolved / component if (resolved / component).is_dir() else resolved
        if component == "text_encoder_2" and path == resolved:
            return {}
        path = path / "config.json"
    elif not is_hub_id(location):  # no model at all, which is not for an estimate to say
        path = None
    else:
        path = try_to_load_from_cache(str(resolved), f"{component}/config.json", revision=model_revision(location))
    if isinstance(path, (str, Path)) and Path(path).is_file():
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        # The shipped text encoder is the text half of a whole CLIP.
        return content.get("text_config", content) if component == "text_encoder" else content
    return otherwise[component]


def _count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@dataclass(frozen=True)
class Counts:
    """Parameters of a profile's models, of the LoRA and of Prompt-Diffusion's branch; and the sizes loads depend on."""

    transformer: int
    vae: int
    text: int
    lora: int
    branch: int
    width: int
    heads: int
    blocks: int
    tokens: int
    token_width: int
    text_tokens: int
    vae_channels: int


def count(profile: Profile) -> Counts:
    """Build the models on the meta device, which holds shapes and no numbers, and count."""
    logging.set_verbosity_error()  # the ControlNet reports the transformer's settings that it has no use for
    models = profile.models
    configs = {
        "transformer": component_config(models.transformer, "transformer"),
        "vae": component_config(models.vae, "vae"),
        "text_encoder": component_config(models.text, "text_encoder"),
        "text_encoder_2": component_config(models.text, "text_encoder_2"),
    }
    with torch.device("meta"):
        transformer = FluxTransformer2DModel.from_config(configs["transformer"]).requires_grad_(False)
        vae = AutoencoderKL.from_config(configs["vae"])
        text = _count(CLIPTextModel(CLIPTextConfig.from_dict(configs["text_encoder"])))
        if configs["text_encoder_2"]:
            text += _count(T5EncoderModel(T5Config.from_dict(configs["text_encoder_2"])))
        token_width = 4 * vae.config.latent_channels
        channels = transformer.config.in_channels
        stand_in = SimpleNamespace(transformer=transformer, token_width=token_width, channels=channels)
        branch = _count(ExampleBranch(stand_in))
        backbone = _count(transformer)
        adapter = add_lora(
            transformer, profile.recovery.training.rank, profile.recovery.training.alpha, profile.recovery.training.seed
        )
        lora = sum(value.numel() for value in adapter.values())
    config, levels = transformer.config, vae.config.block_out_channels
    return Counts(
        transformer=backbone, vae=_count(vae), text=text, lora=lora, branch=branch,
        width=config.num_attention_heads * config.attention_head_dim, heads=config.num_attention_heads,
        blocks=config.num_layers + config.num_single_layers,
        tokens=(profile.benchmark.size // 2 ** (len(levels) - 1) // 2) ** 2, token_width=token_width,
        text_tokens=T5_TOKENS if configs["text_encoder_2"] else TEXT_TOKENS, vae_channels=levels[0],
    )  # fmt: skip


def memory_needed(profile: Profile, number_bytes: int | None = None, counts: Counts | None = None) -> pd.DataFrame:
    """Bytes on the device by stage and method, one row each: weights, trained, activations, total; and text encoders.

    Assumptions. Weights: the transformer in the compute type (`number_bytes` 2 for bfloat16, 4 for float32;
    None takes this machine's), the VAE in float32. Trained: LoRA and Prompt-Diffusion's branch at TRAINED_BYTES;
    the other methods' own modules are below a hundredth of the LoRA. Activations: KEPT_BYTES in every block
    when something is learnt, for one block otherwise; with gradient checkpointing, in one block and every
    block's input. Or the VAE's, where they are more, which encodes a batch with all its maps at once.
    Where VISII or Cross-Image Attention has its own model: `stable_diffusion_memory`.
    ALLOCATOR_SHARE is added. `text_encoders` are in memory only while texts are new, before any training.
    `counts` saves counting again.
    """
    size, counts = number_bytes or compute_dtype().itemsize, counts or count(profile)
    settings, pixels = profile.recovery.training, profile.benchmark.size**2
    rows = []
    for load in LOADS:
        if location := load.own and getattr(profile.models, load.own):
            configs = {part: component_config(location, part, STABLE_DIFFUSION) for part in STABLE_DIFFUSION}
            weights, activations = stable_diffusion_memory(
                configs, profile.benchmark.size, profile.recovery.sampling.batch, size, bool(load.learns)
            )
            rows.append(_row(load, weights, 0, activations, 0))
            continue
        training = load.stage == "train"
        batch = (settings.batch if training else profile.recovery.sampling.batch) * load.streams
        sequence = load.panels * counts.tokens + counts.text_tokens
        cycle = settings.cycle_warmup_steps < settings.steps
        blocks = counts.blocks * (load.passes if cycle else 1) if load.learns else 1
        if load.branch and training:
            blocks *= 1.5  # the branch has half as many blocks again
        kept = KEPT_BYTES[load.learns or "lora", size]
        per_channel = kept + blocks * size if training and settings.gradient_checkpointing else blocks * kept
        activations = per_channel * batch * sequence * counts.width
        if load.attention:
            activations += 2 * batch * counts.heads * sequence**2 * 4
        encoded = profile.recovery.sampling.batch * (len(PICTURES) if training else len(PICTURES) - 1)
        activations = max(activations, encoded * pixels * counts.vae_channels * VAE_BYTES)
        learnt = load.lora * counts.lora + load.branch * counts.branch
        trained = learnt * (TRAINED_BYTES[settings.optimizer] if training else 4)
        weights = counts.transformer * size + counts.vae * 4
        rows.append(_row(load, weights, trained, activations, counts.text * size))
    return pd.DataFrame(rows)


def _row(load: Load, weights: int, trained: int, activations: float, text_encoders: int) -> dict:
    return {
        "stage": load.stage, "method": load.method, "weights": weights, "trained": trained,
        "activations": int(activations), "total": int((weights + trained + activations) * (1 + ALLOCATOR_SHARE)),
        "text_encoders": text_encoders,
    }  # fmt: skip


def expected_instances(profile: Profile, found: dict[str, int] | None = None) -> dict[str, int]:
    """Instances by split, and "all": what the profile asks for, at most what is there (`found`, where known).

    Where a profile takes all there are and nothing is known, every entry is the paper's number of instances,
    which for a single split is an upper bound.
    """
    wanted = {split: 2 * getattr(profile.benchmark, f"{split}_pairs") for split in SPLITS}
    if profile.benchmark.source != "vector-world":
        if found is None and not all(wanted.values()):
            paper = 2 * int(read_published("table2_taxonomy")["source_surrogate_pairs"].sum())
            return {split: wanted[split] or paper for split in SPLITS} | {"all": paper}
        if found is not None:
            wanted = {split: min(wanted[split] or found[split], found[split]) for split in SPLITS}
    return wanted | {"all": sum(wanted.values())}


def disk_needed(profile: Profile, instances: dict[str, int], counts: Counts) -> dict[str, int]:
    """Bytes written by stage, with the copy that DVC keeps of outputs (a file system with reflinks shares it).

    `instances` as `expected_instances` gives them. benchmark: `row_bytes` an instance. latents: every kind of
    encoded picture in 16 bits, and the mask, of every training instance. training: the trained weights in
    float32; in checkpoints also AdamW's two moments, the largest one twice while it is replaced. recovered: a
    picture a method and test instance, at half of its raw bytes.
    """
    size = profile.benchmark.size
    fitted = len(TRAINED)
    trained = fitted * counts.lora + counts.branch
    latents = len(PICTURES) * counts.tokens * counts.token_width * 2 + size * size
    return {
        "benchmark": 2 * instances["all"] * row_bytes(size),
        "latents": instances["train"] * latents,
        "training": 2 * trained * 4,
        "checkpoints": (trained + counts.lora + counts.branch) * 12,
        "recovered": 2 * len(METHODS) * instances["test"] * (size * size * 3 // 2),
    }


def stage_costs(profile: Profile) -> pd.DataFrame:
    """`memory_needed` in GB, and the seconds a training took where its manifest is in the results (else missing)."""
    table = memory_needed(profile)
    columns = ["weights", "trained", "activations", "total", "text_encoders"]
    table[columns] = (table[columns] / 1e9).round(3)
    manifests = [training_folder(profile, method) / "manifest.json" for method in table["method"]]
    read = [
        json.loads(path.read_text(encoding="utf-8")) if stage == "train" and path.is_file() else {}
        for stage, path in zip(table["stage"], manifests, strict=True)
    ]
    table["training_seconds"] = pd.Series([manifest.get("training_seconds") for manifest in read], dtype="float64")
    table["measured_on"] = [manifest.get("device", "") for manifest in read]
    return table.rename(columns={name: f"{name}_GB" for name in columns})
