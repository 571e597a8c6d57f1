"""EditTransfer (arXiv 2503.13327; SPEC §5): a LoRA inpaints the four-panel grid from a templated prompt.

Its idea is in-context learning by example, and nothing else: no mask, no tag, no cycle, no maps. So the
whole target panel is painted, and nothing of it is known beforehand. The released method runs on
FLUX.1-dev; here it runs on the same frozen backbone, data and budget as every method.
"""

from functools import partial

from torch import nn

from sppe_lib.config import Profile
from sppe_lib.diffusion.backbone import Backbone
from sppe_lib.diffusion.latents import LatentBatch
from sppe_lib.recovery.grid import Velocity, fit_by_flow_matching, grid_velocity, load, paint_all, recovery_panels

NAME = "EditTransfer"

TEMPLATE = "below, the same edit: {instruction}"
"""The prompt: the lower row is to show the edit of the upper row."""


def _prompt(instruction: str) -> str:
    return TEMPLATE.format(instruction=instruction)


def _nothing_more(backbone: Backbone) -> nn.Module:
    return nn.Module()


def _make_velocity(profile: Profile, backbone: Backbone, extra: nn.Module) -> Velocity:
    def velocity(batch: LatentBatch, target, time, known_noise):
        known, _ = recovery_panels(batch)
        text = backbone.text.encode([_prompt(text) for text in batch.instruction])
        grid = known, paint_all(backbone, batch)
        return grid_velocity(
            backbone, target, time, grid, text, known_noise, guidance=profile.recovery.training.guidance
        )

    return velocity


def train_edit_transfer(profile: Profile):
    """Train EditTransfer on the training split; returns the folder written."""
    return fit_by_flow_matching(profile, NAME, _nothing_more, partial(_make_velocity, profile), known=3, prompt=_prompt)


def load_edit_transfer(profile: Profile):
    """A trained EditTransfer as a function from a Batch to recovered pictures [B, 3, H, W] in [0, 1]."""
    return load(profile, NAME, _nothing_more, partial(_make_velocity, profile))
