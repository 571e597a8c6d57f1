"""EditTransfer (arXiv 2503.13327; SPEC §5): a LoRA inpaints the four-panel grid from a templated prompt.

Its idea is in-context learning by example, and nothing else: no mask, no tag, no cycle, no maps. So the
whole target panel is painted, and nothing of it is known beforehand. The released method runs on
FLUX.1-dev; here it runs on the same frozen backbone, data and budget as every method.
"""

import torch
from torch import nn

from sppe_lib.config import Profile
from sppe_lib.diffusion.backbone import Backbone
from sppe_lib.diffusion.flow import flow_matching_loss, noisy, sample_times
from sppe_lib.diffusion.latents import LatentBatch
from sppe_lib.recovery.grid import build, draw_noise, fit, grid_velocity, load, paint_all, recovery_panels

NAME = "EditTransfer"

TEMPLATE = "below, the same edit: {instruction}"
"""The prompt: the lower row is to show the edit of the upper row."""


def _nothing_more(backbone: Backbone) -> nn.Module:
    return nn.Module()


def _velocity(backbone: Backbone, batch: LatentBatch, target, time, known_noise, guidance: float) -> torch.Tensor:
    known, _ = recovery_panels(batch)
    text = backbone.text.encode([TEMPLATE.format(instruction=text) for text in batch.instruction])
    return grid_velocity(backbone, target, time, (known, paint_all(backbone, batch)), text, known_noise, guidance=guidance)


def train_edit_transfer(profile: Profile):
    """Train EditTransfer on the training split; returns the folder written."""
    backbone, extra = build(profile, _nothing_more)

    def make_losses(read):
        def losses_at(step: int, rows: list[int], generator: torch.Generator):
            batch = read(rows)
            clean = batch.edited_source
            noise, known_noise = draw_noise(clean, 3, generator)
            time = sample_times(len(batch), generator).to(clean)
            target = noisy(clean, noise, time)
            velocity = _velocity(backbone, batch, target, time, known_noise, profile.recovery.guidance)
            return {"recovery": flow_matching_loss(velocity, clean, noise)}

        return losses_at

    return fit(profile, NAME, backbone, extra, make_losses)


def load_edit_transfer(profile: Profile):
    """A trained EditTransfer as a function from a Batch to recovered pictures [B, 3, H, W] in [0, 1]."""

    def make_velocity(backbone: Backbone, extra: nn.Module):
        return lambda batch, target, time, noise: _velocity(backbone, batch, target, time, noise, profile.recovery.guidance)

    return load(profile, NAME, _nothing_more, make_velocity)
