"""SOER (AAAI 2026, arXiv 2512.07166): two spatial maps guide the same backbone, trained in turns.

The mask M and the edit map |S' - S|^2 are encoded by the VAE, each runs through its own small transformer (F_m, F_e),
and the average joins the picture tokens. Steps alternate: F_m learns with L + L*M, then F_e with L + L*(1 - M), the
other one frozen; the LoRA learns in both.
"""

import torch
from torch import nn
from torch.nn.functional import adaptive_avg_pool2d

from sppe_lib.diffusion.latents import KNOWN, MAPS, LatentBatch
from sppe_lib.recovery.grid import draw_noised
from sppe_lib.recovery.trained import TrainedMethod


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
        from_mask, from_edit = self.mask_transformer(batch.mask_map), self.edit_transformer(batch.edit_map)
        if learn == "mask":
            from_edit = from_edit.detach()
        elif learn == "edit":
            from_mask = from_mask.detach()
        return (from_mask + from_edit) / 2


class Soer(TrainedMethod):
    """The maps' transformers and a LoRA, trained in turns."""

    name = "SOER"
    pictures = (*KNOWN, *MAPS)

    def modules(self, backbone):
        """F_m and F_e."""
        tokens = (self.size // backbone.downscale // 2) ** 2
        return SpatialGuidance(backbone.token_width, backbone.channels, tokens)

    def velocity(self, batch, x_t, t, noise, learn=None):
        """As `TrainedMethod.velocity`; `learn` as in SpatialGuidance."""
        return super().velocity(batch, x_t, t, noise, guidance_tokens=self.extra(batch, learn))

    def losses(self, step, batch, generators):
        """Flow matching with the inside of M counted twice in even steps, the outside in odd ones."""
        at = draw_noised(batch.edited_source, self.panels, generators, self.backbone.time_shift)
        # The share of private pixels in each token's patch: [B, 1, H, W] -> [B, N, 1].
        inside = adaptive_avg_pool2d(batch.mask, int(at.clean.shape[1] ** 0.5)).flatten(2).transpose(1, 2)
        learn, weight = ("mask", 1 + inside) if step % 2 == 0 else ("edit", 1 + (1 - inside))
        return {"recovery": at.loss(self.velocity(batch, at.x_t, at.time, at.known, learn), weight)}
