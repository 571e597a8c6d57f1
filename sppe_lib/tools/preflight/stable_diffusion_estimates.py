"""Memory of the two baselines on Stable Diffusion models of their own (`models.visii`, `models.cross_image`)."""

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

STABLE_DIFFUSION = {
    "unet": {"sample_size": 64, "in_channels": 4, "cross_attention_dim": 768, "attention_head_dim": 8},
    "vae": {
        "latent_channels": 4, "block_out_channels": [128, 256, 512, 512], "layers_per_block": 2,
        "down_block_types": ["DownEncoderBlock2D"] * 4, "up_block_types": ["UpDecoderBlock2D"] * 4,
    },
    "text_encoder": {
        "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
        "vocab_size": 49408, "max_position_embeddings": 77, "projection_dim": 768,
    },
}  # fmt: skip
"""Sizes of Stable Diffusion 1, taken where a model's own config.json is not on this machine."""

UNET_KEPT_BYTES = {2: 575, 4: 1145}
"""Bytes that the UNet keeps for the backward pass to its text, per latent and channel of its first level.

By the bytes of a number; counted with `torch.autograd.graph.saved_tensors_hooks`, and a test counts again.
"""

UNET_PASSING_NUMBERS = 16
"""Numbers per latent and channel of the first level that a pass without a backward pass holds at once: the skip
connections (about six) and the finest block of the decoder at work (about ten)."""

ATTENTION_BYTES = 12
"""Per attention weight of Cross-Image Attention: the weights in float32, three times over while they are sharpened."""

VAE_BYTES = 12
"""As in `estimates`: per pixel and channel of the VAE encoder's first level."""


def _count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def stable_diffusion_memory(
    configs: dict[str, dict], pixels: int, batch: int, number_bytes: int, inversion: bool
) -> tuple[int, int]:
    """(bytes of weights, bytes of activations) of VISII (`inversion`) or Cross-Image Attention on its own model.

    `configs`: config.json of "unet", "vae" and "text_encoder"; `pixels`: side of the pictures; `batch`: instances at
    once. The whole pipeline is in memory, in numbers of `number_bytes`. VISII: UNET_KEPT_BYTES. Cross-Image
    Attention: four streams through the UNet, and the attention weights of one of them at its finest level. Or the
    VAE's, where they are more, which encodes one picture of every instance at once. Not counted is the metrics' CLIP,
    which VISII compares with.
    """
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(configs["unet"])
        vae = AutoencoderKL.from_config(configs["vae"])
        text = CLIPTextModel(CLIPTextConfig.from_dict(configs["text_encoder"]))
    weights = number_bytes * sum(_count(part) for part in (unet, vae, text))
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
    return weights, max(activations, VAE_BYTES * batch * pixels**2 * levels[0])
