"""What a profile needs, before anything runs: memory by stage and method, disk by stage. Estimated, not measured."""

import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import torch
import yaml
from diffusers import AutoencoderKL, FluxTransformer2DModel, UNet2DConditionModel
from diffusers.utils import logging
from huggingface_hub import try_to_load_from_cache
from transformers import CLIPTextConfig, CLIPTextModel, T5Config, T5EncoderModel

from sppe_lib.config import Profile
from sppe_lib.data.schema import SPLITS
from sppe_lib.data.store import row_bytes
from sppe_lib.diffusion.backbone import T5_TOKENS, TEXT_TOKENS
from sppe_lib.diffusion.latents import PICTURES
from sppe_lib.diffusion.lora import add_lora
from sppe_lib.locations import model_location, model_revision
from sppe_lib.models import is_hub_id
from sppe_lib.published import read_published
from sppe_lib.recovery import METHODS, prompt_diffusion
from sppe_lib.recovery.method import training_folder
from sppe_lib.runtime import compute_dtype

_SIZES = yaml.safe_load(Path(__file__).with_name("sizes.yaml").read_text(encoding="utf-8"))
FLUX_1_FILL, STABLE_DIFFUSION = _SIZES["FLUX.1-Fill"], _SIZES["Stable Diffusion 1"]
"""Sizes of the hub's models by component, taken where a model's own config.json is not on this machine."""

KEPT_BYTES = {("lora", 2): 50, ("lora", 4): 80, ("text", 2): 28, ("text", 4): 48}
"""Bytes kept for the backward pass, per token, channel and block, by what is learnt and the bytes of a number.

Counted on `FluxTransformer2DModel` with `torch.autograd.graph.saved_tensors_hooks`; a test counts again.
"""

UNET_KEPT_BYTES = {2: 575, 4: 1145}
"""The same of the UNet with a backward pass to its text: per latent and channel of its first level."""

UNET_PASSING_NUMBERS = 16
"""Numbers per latent and channel of the first level that a pass without a backward pass holds at once: the skip
connections (about six) and the finest block of the decoder at work (about ten)."""

ATTENTION_BYTES = 12
"""Per attention weight of Cross-Image Attention: the weights in float32, three times over while they are sharpened."""

TRAINED_BYTES = {"adamw": 16, "adamw8bit": 10}
"""Per trained parameter, by optimiser: float32 weight and gradient, and AdamW's two moments in 4 bytes or 1 each."""

VAE_BYTES = 12
"""Per pixel and channel of the VAE encoder's first level: a convolution's input and output and a float32 norm."""

ALLOCATOR_SHARE = 0.1
"""Added to the sum, for what the allocator holds and cannot use."""

SMALL_PARAMETERS = 1_000_000_000
"""A transformer up to this size is workable without an accelerator; above, a training step takes minutes."""


@dataclass(frozen=True)
class Load:
    """What one stage of one method puts through the transformer at once.

    `panels`: pictures in a sequence. `learns`: "lora", "text" or "" (no backward pass). `passes`: forward passes kept
    for one backward. `branch`: Prompt-Diffusion's ControlNet. `streams`: sequences an instance. `attention`: its
    weights are computed as a whole, in float32. `own`: the entry of `models` that takes the method off the transformer.
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
    Load("recover", "frozen", 4, lora=False),
    Load("recover", "VISII", 2, "text", lora=False, own="visii"),
    Load("recover", "Cross-Image Attention", 2, lora=False, streams=2, attention=True, own="cross_image"),
    Load("recover", "EditTransfer", 4),
    Load("recover", "Prompt-Diffusion", 1, branch=True),
    Load("recover", "SOER", 5),
    Load("recover", "C2E-S2SER", 4),
)
"""Every stage that runs the transformer. What is not here (CLIP, ERMA, metrics) needs less than any of these."""


def component_config(location: str, component: str, otherwise: dict[str, dict[str, Any]] = FLUX_1_FILL) -> dict:
    """The config.json of a model's component on this machine (shipped, folder, hub cache), else that of `otherwise`.

    {} for a T5 encoder that a folder does not have.
    """
    resolved, path = Path(model_location(location)), None
    if resolved.is_dir():
        if component == "text_encoder_2" and not (resolved / component).is_dir():
            return {}
        path = (resolved / component if (resolved / component).is_dir() else resolved) / "config.json"
    elif is_hub_id(location):  # else no model at all, which is not for an estimate to say
        path = try_to_load_from_cache(str(resolved), f"{component}/config.json", revision=model_revision(location))
    if isinstance(path, (str, Path)) and Path(path).is_file():
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        # The shipped text encoder is the text half of a whole CLIP.
        return content.get("text_config", content) if component == "text_encoder" else content
    return otherwise[component]


def _size(module: torch.nn.Module) -> int:
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
    models, training = profile.models, profile.recovery.training
    t5 = component_config(models.text, "text_encoder_2")
    with torch.device("meta"):
        transformer = FluxTransformer2DModel.from_config(component_config(models.transformer, "transformer"))
        transformer.requires_grad_(False)
        vae = AutoencoderKL.from_config(component_config(models.vae, "vae"))
        text = _size(CLIPTextModel(CLIPTextConfig.from_dict(component_config(models.text, "text_encoder"))))
        if t5:
            text += _size(T5EncoderModel(T5Config.from_dict(t5)))
        config, levels, token_width = transformer.config, vae.config.block_out_channels, 4 * vae.config.latent_channels
        stand_in: Any = SimpleNamespace(transformer=transformer, token_width=token_width, channels=config.in_channels)
        branch, backbone = _size(prompt_diffusion.ExampleBranch(stand_in)), _size(transformer)
        adapter = add_lora(transformer, training.rank, training.alpha, training.seed, training.layers)
    return Counts(
        transformer=backbone, vae=_size(vae), text=text, lora=sum(value.numel() for value in adapter.values()),
        branch=branch, width=config.num_attention_heads * config.attention_head_dim, heads=config.num_attention_heads,
        blocks=config.num_layers + config.num_single_layers,
        tokens=(profile.benchmark.size // 2 ** (len(levels) - 1) // 2) ** 2, token_width=token_width,
        text_tokens=T5_TOKENS if t5 else TEXT_TOKENS, vae_channels=levels[0],
    )  # fmt: skip


def stable_diffusion_memory(
    configs: dict[str, dict], pixels: int, batch: int, number_bytes: int, inversion: bool
) -> tuple[int, int]:
    """(bytes of weights, bytes of activations) of VISII (`inversion`) or Cross-Image Attention on its own model.

    `configs`: config.json of "unet", "vae" and "text_encoder"; `pixels`: side of the pictures; `batch`: instances at
    once; numbers have `number_bytes`. VISII: UNET_KEPT_BYTES. Cross-Image Attention: four streams through the UNet, and
    the attention weights of one of them at its finest level. Or the VAE's, where they are more, which encodes one
    picture of every instance at once. Not counted is the metrics' CLIP, which VISII compares with.
    """
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(configs["unet"])
        vae = AutoencoderKL.from_config(configs["vae"])
        text = CLIPTextModel(CLIPTextConfig.from_dict(configs["text_encoder"]))
    levels = vae.config.block_out_channels
    latents = (pixels // 2 ** (len(levels) - 1)) ** 2
    channels = latents * unet.config.block_out_channels[0]
    if inversion:
        activations = UNET_KEPT_BYTES[number_bytes] * batch * channels
    else:
        heads = unet.config.num_attention_heads or unet.config.attention_head_dim
        heads = heads if isinstance(heads, int) else heads[0]  # some models have one for each level
        activations = 4 * UNET_PASSING_NUMBERS * number_bytes * batch * channels
        activations += ATTENTION_BYTES * batch * heads * latents**2
    weights = number_bytes * sum(_size(part) for part in (unet, vae, text))
    return weights, max(activations, VAE_BYTES * batch * pixels**2 * levels[0])


def memory_needed(profile: Profile, number_bytes: int | None = None, counts: Counts | None = None) -> pd.DataFrame:
    """Bytes on the device by stage and method, one row each: weights, trained, activations, total; and text encoders.

    Weights: the transformer in the compute type (`number_bytes` 2 for bfloat16, 4 for float32; None takes this
    machine's), the VAE in float32. Trained: LoRA and Prompt-Diffusion's branch at TRAINED_BYTES; the other methods' own
    modules are below a hundredth of the LoRA. Activations: KEPT_BYTES in every block when something is learnt, for one
    block otherwise; with gradient checkpointing, in one block and every block's input. Or the VAE's, where they are
    more, which encodes a batch with all its maps at once. On a model of its own: `stable_diffusion_memory`.
    ALLOCATOR_SHARE is added. `text_encoders` are in memory only while texts are new, before any training.
    """
    size, counts = number_bytes or compute_dtype().itemsize, counts or count(profile)
    rows = [_memory(load, profile, size, counts) for load in LOADS]
    table = pd.DataFrame(rows, columns=["stage", "method", "weights", "trained", "activations", "text_encoders"])
    total = table[["weights", "trained", "activations"]].sum(axis=1) * (1 + ALLOCATOR_SHARE)
    table.insert(5, "total", total.astype(int))
    return table.astype({"activations": int})


def _memory(load: Load, profile: Profile, size: int, counts: Counts) -> tuple[str, str, int, int, float, int]:
    settings, sampled, pixels = profile.recovery.training, profile.recovery.sampling.batch, profile.benchmark.size
    training, location = load.stage == "train", load.own and getattr(profile.models, load.own)
    if location:
        configs = {part: component_config(location, part, STABLE_DIFFUSION) for part in STABLE_DIFFUSION}
        weights, activations = stable_diffusion_memory(configs, pixels, sampled, size, bool(load.learns))
        return load.stage, load.method, weights, 0, activations, 0
    batch = (settings.batch if training else sampled) * load.streams
    sequence = load.panels * counts.tokens + counts.text_tokens
    cycle = settings.cycle_warmup_steps < settings.steps
    blocks: float = counts.blocks * (load.passes if cycle else 1) if load.learns else 1
    if load.branch and training:
        blocks *= 1.5  # the branch has half as many blocks again
    kept = KEPT_BYTES[load.learns or "lora", size]
    per_channel = kept + blocks * size if training and settings.gradient_checkpointing else blocks * kept
    activations = per_channel * batch * sequence * counts.width
    if load.attention:
        activations += 2 * batch * counts.heads * sequence**2 * 4
    encoded = sampled * (len(PICTURES) if training else len(PICTURES) - 1)
    activations = max(activations, encoded * pixels**2 * counts.vae_channels * VAE_BYTES)
    learnt = load.lora * counts.lora + load.branch * counts.branch
    trained = learnt * (TRAINED_BYTES[settings.optimizer] if training else 4)
    weights = counts.transformer * size + counts.vae * 4
    return load.stage, load.method, weights, trained, activations, counts.text * size


def expected_instances(profile: Profile, found: dict[str, int] | None = None) -> dict[str, int]:
    """Instances by split, and "all": what the profile asks for, at most what is there (`found`, where known).

    Where it takes all there are and nothing is known, every entry is the paper's number: for one split, a bound.
    """
    wanted = {split: 2 * number for split, number in profile.benchmark.pairs.items()}
    if profile.benchmark.source != "vector-world":
        if found is None and not all(wanted.values()):
            paper = 2 * int(read_published("table2_taxonomy")["source_surrogate_pairs"].sum())
            return {split: wanted[split] or paper for split in SPLITS} | {"all": paper}
        if found is not None:
            wanted = {split: min(wanted[split] or found[split], found[split]) for split in SPLITS}
    return wanted | {"all": sum(wanted.values())}


def disk_needed(profile: Profile, instances: dict[str, int], counts: Counts) -> dict[str, int]:
    """Bytes written by stage, with the copy that DVC keeps of outputs (a file system with reflinks shares it).

    `instances` as `expected_instances` gives them. latents: every kind of encoded picture in 16 bits, and the mask, of
    every training instance. training: the trained weights in float32; in checkpoints also AdamW's two moments, the
    largest one twice while it is replaced. recovered: a picture a method and test instance, at half of its raw bytes.
    """
    size = profile.benchmark.size
    trained = sum(load.stage == "train" for load in LOADS) * counts.lora + counts.branch
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
    paths = [training_folder(profile, method) / "manifest.json" for method in table["method"]]
    there = [path.is_file() and stage == "train" for stage, path in zip(table["stage"], paths, strict=True)]
    read = [json.loads(path.read_text(encoding="utf-8")) if has else {} for path, has in zip(paths, there)]
    table["training_seconds"] = pd.Series([manifest.get("training_seconds") for manifest in read], dtype="float64")
    table["measured_on"] = [manifest.get("device", "") for manifest in read]
    return table.rename(columns={name: f"{name}_GB" for name in columns})
