"""SOER (AAAI 2026, arXiv 2512.07166; SPEC §5): two spatial maps guide the same backbone, trained in turns.

The mask M and the edit map |S' - S|^2 are encoded by the VAE, each runs through its own small
transformer (F_m, F_e), and the average joins the picture tokens. Steps alternate: F_m learns with
L + L*M, then F_e with L + L*(1 - M), the other one frozen; the LoRA learns in both.
"""

from functools import partial

import torch
from torch import nn
from torch.nn.functional import adaptive_avg_pool2d

from sppe_lib.config import Profile
from sppe_lib.data.schema import Batch
from sppe_lib.diffusion.backbone import Backbone
from sppe_lib.diffusion.flow import flow_matching_loss, noisy
from sppe_lib.diffusion.latents import KNOWN, MAPS, LatentBatch, encode_batch
from sppe_lib.recovery.grid import build, draw_noise, draw_times, fit, grid_velocity, load, recovery_panels

NAME = "SOER"


class MapTransformer(nn.Module):
    """A small transformer over the tokens of one spatial map: [B, N, 4C] -> [B, N, channels]."""

    def __init__(self, token_width: int, channels: int, tokens: int, width: int = 128, layers: int = 2):
        super().__init__()
        self.enter = nn.Linear(token_width, width)
        self.place = nn.Parameter(torch.zeros(1, tokens, width))
        layer = nn.TransformerEncoderLayer(
            width, 4, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.leave = nn.Linear(width, channels)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.leave(self.blocks(self.enter(tokens) + self.place))


class SpatialGuidance(nn.Module):
    """F_m and F_e; their average is the guidance."""

    def __init__(self, token_width: int, channels: int, tokens: int):
        super().__init__()
        self.mask_transformer = MapTransformer(token_width, channels, tokens)
        self.edit_transformer = MapTransformer(token_width, channels, tokens)

    def forward(self, batch: LatentBatch, learn: str | None = None) -> torch.Tensor:
        """Guidance tokens [B, N, channels]; `learn` is "mask" or "edit", the other one's gradient is cut."""
        from_mask = self.mask_transformer(batch.mask_map)
        from_edit = self.edit_transformer(batch.edit_map)
        if learn == "mask":
            from_edit = from_edit.detach()
        elif learn == "edit":
            from_mask = from_mask.detach()
        return (from_mask + from_edit) / 2


def _guidance(profile: Profile, backbone: Backbone) -> SpatialGuidance:
    tokens = (profile.benchmark.size // backbone.downscale // 2) ** 2
    return SpatialGuidance(backbone.token_width, backbone.channels, tokens)


def token_mask(mask: torch.Tensor, tokens: int) -> torch.Tensor:
    """The share of private pixels in each token's patch: [B, 1, H, W] -> [B, N, 1]."""
    side = int(tokens**0.5)
    return adaptive_avg_pool2d(mask, side).flatten(2).transpose(1, 2)


def train_soer(profile: Profile):
    """Train SOER on the training split; returns the folder written."""
    backbone, extra = build(profile, partial(_guidance, profile))

    def make_losses(read):
        def losses_at(step: int, rows: list[int], generators: list[torch.Generator]):
            batch = read(rows)
            clean = batch.edited_source
            learn = "mask" if step % 2 == 0 else "edit"
            inside = token_mask(batch.mask, clean.shape[1])
            noise, known_noise = draw_noise(clean, 3, generators)
            time = draw_times(clean, generators)
            velocity = grid_velocity(
                backbone,
                noisy(clean, noise, time),
                time,
                recovery_panels(batch),
                backbone.text.encode(batch.instruction),
                known_noise,
                extra(batch, learn),
                profile.recovery.training.guidance,
            )
            return {
                "recovery": flow_matching_loss(velocity, clean, noise, 1 + (inside if learn == "mask" else 1 - inside))
            }

        return losses_at

    return fit(profile, NAME, backbone, extra, make_losses)


def _encode(backbone: Backbone, batch: Batch) -> LatentBatch:
    return encode_batch(backbone, batch, (*KNOWN, *MAPS))


def load_soer(profile: Profile):
    """A trained SOER as a function from a Batch to recovered pictures [B, 3, H, W] in [0, 1]."""

    def make_velocity(backbone: Backbone, extra: SpatialGuidance):
        def velocity(batch: LatentBatch, target, time, known_noise):
            text = backbone.text.encode(batch.instruction)
            grid = recovery_panels(batch)
            return grid_velocity(
                backbone, target, time, grid, text, known_noise, extra(batch), profile.recovery.training.guidance
            )

        return velocity

    return load(profile, NAME, partial(_guidance, profile), make_velocity, outside_known=True, encode=_encode)
