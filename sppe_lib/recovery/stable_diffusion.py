"""What the baselines on Stable Diffusion models share: loading them, and texts and pictures into and out of them."""

import torch
from diffusers import DiffusionPipeline

from sppe_lib.errors import ConfigError
from sppe_lib.hub import load_pipeline
from sppe_lib.locations import model_location, model_revision
from sppe_lib.runtime import device


def load_stable_diffusion(parameter: str, location: str, name: str, pictures: int) -> DiffusionPipeline:
    """A frozen pipeline of diffusers' class `name`, without the safety checker, which blacks out what it objects to.

    `parameter` is the entry of `models` that holds `location`; `pictures`: how many latents the UNet takes side by
    side (1: the noisy one; 2: that and the picture to be edited). Raises ResourceError for a model that cannot be
    loaded, ConfigError for one of another kind.
    """
    pipeline = load_pipeline(
        name, model_location(location), model_revision(location) or "main",
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    wanted, found = pictures * pipeline.vae.config.latent_channels, pipeline.unet.config.in_channels
    predicts, problem = pipeline.scheduler.config.prediction_type, None
    if found != wanted:
        problem = f"whose UNet takes {found} channels and not {wanted}: name a model made for {name}"
    elif predicts != "epsilon":
        problem = f"which predicts {predicts} and not noise: name a model of the Stable Diffusion 1 family"
    if problem:
        raise ConfigError(f"models.{parameter} is {location!r}, {problem}.")
    for part in (pipeline.unet, pipeline.vae, pipeline.text_encoder):
        part.requires_grad_(False)
    return pipeline


@torch.no_grad()
def encode_texts(pipeline: DiffusionPipeline, texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """CLIP's token states of B texts, float32 [B, L, D], and which of them are words, bool [B, L, 1].

    Words are the tokens between the start and the end; a text is padded to the full length or cut there.
    """
    tokenizer = pipeline.tokenizer
    ids = tokenizer(
        texts, padding="max_length", max_length=tokenizer.model_max_length, truncation=True, return_tensors="pt"
    ).input_ids.to(device())
    end = (ids == tokenizer.eos_token_id).int().argmax(dim=1, keepdim=True)
    place = torch.arange(ids.shape[1], device=ids.device)
    return pipeline.text_encoder(ids)[0].float(), ((place > 0) & (place < end))[..., None]


@torch.no_grad()
def encode_pictures(pipeline: DiffusionPipeline, pictures: torch.Tensor) -> torch.Tensor:
    """Pictures [B, 3, H, W] in [0, 1] to latents, float32 [B, C, h, w]: the posterior's mode, not yet scaled."""
    vae = pipeline.vae
    return vae.encode(pictures.to(device(), vae.dtype) * 2 - 1).latent_dist.mode().float()


@torch.no_grad()
def decode_latents(pipeline: DiffusionPipeline, latents: torch.Tensor) -> torch.Tensor:
    """Scaled latents [B, C, h, w] to pictures, float32 [B, 3, H, W] in [0, 1], on the CPU."""
    vae = pipeline.vae
    pictures = vae.decode((latents / vae.config.scaling_factor).to(vae.dtype)).sample
    return (pictures.float() / 2 + 0.5).clamp(0, 1).cpu()


def predict_noise(pipeline: DiffusionPipeline, latents: torch.Tensor, time, texts: torch.Tensor) -> torch.Tensor:
    """The noise, float32 [B, C, h, w], that the UNet sees in its input [B, in_channels, h, w].

    `time`: a timestep, or one each [B]; `texts` [B, L, D].
    """
    unet = pipeline.unet
    return unet(latents.to(unet.dtype), time, encoder_hidden_states=texts.to(unet.dtype), return_dict=False)[0].float()
