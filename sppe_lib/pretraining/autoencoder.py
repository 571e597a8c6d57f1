"""Pretraining of the miniature's `AutoencoderKL` on the vector world.

It maps pictures [B, 3, H, W] in [-1, 1] to latents [B, 16, H/4, W/4] and back. The loss is L1 plus a small MSE, the L1
of horizontal and vertical differences (edges of glyphs), and a weak KL term.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import nn

from sppe_lib.pretraining.run import PretrainingSettings, default_checkpoint, pretrain, write_record
from sppe_lib.pretraining.scenes import load_pictures
from sppe_lib.runtime import atomic_path, autocast, device, numpy_generator, torch_generator


@dataclass(frozen=True)
class AutoencoderSettings(PretrainingSettings):
    """Shape and training of the autoencoder."""

    steps: int = 1880
    records: int = 8000
    cooldown_steps: int = 330
    learning_rate: float = 2e-3
    batch: int = 8
    channels: tuple[int, ...] = (32, 64, 96)  # features of its levels, each but the last halves the side
    latent_channels: int = 16
    norm_groups: int = 8
    mse_weight: float = 1.0  # L1 has 1
    edge_weight: float = 0.1
    kl_weight: float = 1e-6
    validation_records: int = 36  # held-out records that are measured at each export


def build_autoencoder(settings: AutoencoderSettings) -> AutoencoderKL:
    """A fresh `AutoencoderKL`, weights drawn from `settings.seed`."""
    levels = len(settings.channels)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        model = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * levels,
            up_block_types=("UpDecoderBlock2D",) * levels,
            block_out_channels=settings.channels,
            layers_per_block=1,
            latent_channels=settings.latent_channels,
            norm_num_groups=settings.norm_groups,
            sample_size=64,
            mid_block_add_attention=False,
            use_quant_conv=False,
            use_post_quant_conv=False,
        )
        # Start with little noise on the latents: at unit noise the first minutes teach nothing.
        model.encoder.conv_out.weight.data[settings.latent_channels :] *= 0.1
        model.encoder.conv_out.bias.data[settings.latent_channels :] = -6.0
        for name, layer in model.named_modules():
            # Residual branches start silent and the rest keeps norms: signals cross the untrained network undisturbed.
            if name.endswith(".conv2"):
                nn.init.zeros_(layer.weight)
                nn.init.zeros_(layer.bias)
            elif name.endswith(("conv_in", "conv_shortcut", ".conv")):
                nn.init.orthogonal_(layer.weight)
    return model.to(device())


def to_tensor(images: np.ndarray) -> torch.Tensor:
    """uint8 [..., H, W, 3] -> float32 [N, 3, H, W] in [-1, 1]; leading axes are flattened."""
    flat = torch.from_numpy(np.ascontiguousarray(images)).flatten(0, -4)
    return flat.permute(0, 3, 1, 2).to(device()).float() / 127.5 - 1


def _edges(images: torch.Tensor) -> torch.Tensor:
    across = (images[..., 1:] - images[..., :-1]).abs().mean()
    return across + (images[..., 1:, :] - images[..., :-1, :]).abs().mean()


def reconstruction_loss(model: AutoencoderKL, images: torch.Tensor, settings: AutoencoderSettings, step: int):
    """The loss of a batch [B, 3, H, W] in [-1, 1]; latent noise is seeded by the step."""
    with autocast():
        posterior = model.encode(images).latent_dist
        noise = torch.randn(posterior.mean.shape, generator=torch_generator("vae noise", settings.seed, step))
        rebuilt = model.decode(posterior.mean + posterior.std * noise.to(images.device)).sample
    error = rebuilt.float() - images
    # Per latent number, so that the weight does not depend on the size of the pictures.
    mean, variance, logarithm = posterior.mean.float(), posterior.var.float(), posterior.logvar.float()
    divergence = 0.5 * (mean.square() + variance - 1 - logarithm).mean()
    pixels = error.abs().mean() + settings.mse_weight * error.square().mean()
    return pixels + settings.edge_weight * _edges(error) + settings.kl_weight * divergence


@torch.no_grad()
def measure_autoencoder(model: AutoencoderKL, images: torch.Tensor, batch: int = 64) -> dict:
    """Mean PSNR in dB of 8-bit reconstructions of [N, 3, H, W] from the latents' mode, and their mean and std."""
    ratios, latents = [], []
    for part in images.split(batch):
        latents.append(model.encode(part).latent_dist.mode())
        rebuilt = ((model.decode(latents[-1]).sample.clamp(-1, 1) + 1) * 127.5).round()
        error = (rebuilt - (part + 1) * 127.5).square().mean(dim=(1, 2, 3))
        ratios.append(10 * torch.log10(255**2 / error.clamp_min(1e-3)))
    psnr, latent = torch.cat(ratios), torch.cat(latents)
    found = {"psnr": psnr.mean(), "psnr_lowest_tenth": psnr.quantile(0.1)}
    found |= {"latent_mean": latent.mean(), "latent_std": latent.std()}
    return {name: value.item() for name, value in found.items()}


def train_autoencoder(
    data_folder: str | Path,
    output_folder: str | Path,
    settings: AutoencoderSettings = AutoencoderSettings(),
    checkpoint: str | Path | None = None,
) -> dict:
    """Train the autoencoder on the pictures of `data_folder` as `pretrain` does, and write it to `output_folder`.

    In half precision, with the factors that give its latents zero mean and unit variance, and with training.json.
    Returns what was measured of the saved weights on held-out pictures. Raises DataError without pictures.
    """
    pictures = load_pictures(data_folder, settings.records)
    training = pictures.subset(~pictures.held_out).images
    training = training.reshape(-1, *training.shape[2:])
    held_out = np.flatnonzero(pictures.held_out)[: settings.validation_records]
    measured_on = to_tensor(pictures.images[held_out])
    model = build_autoencoder(settings)

    def loss_at(step: int) -> torch.Tensor:
        rows = numpy_generator("vae batch", settings.seed, step).integers(len(training), size=settings.batch)
        return reconstruction_loss(model, to_tensor(training[rows]), settings, step)

    def export(record: dict) -> dict:
        half = build_autoencoder(settings).eval()
        half.load_state_dict({name: value.half() for name, value in model.state_dict().items()})
        measured = measure_autoencoder(half, measured_on)
        half.register_to_config(shift_factor=measured["latent_mean"], scaling_factor=1 / measured["latent_std"])
        with atomic_path(output_folder) as temporary:
            half.half().save_pretrained(temporary)
            write_record(temporary, record, measured)
        return measured

    path = checkpoint or default_checkpoint(data_folder, output_folder)
    return pretrain("autoencoder", model, loss_at, settings, path, export)
