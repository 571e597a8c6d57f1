"""C2E-S2SER, the paper's recovery model (paper §4, SPEC §4): visual conditions, edit tag, staged cycle.

I^ = R(I, S, S', M, P). The loss is L_rec + L_tag + [step > T_w] L_cyc.
"""

from dataclasses import dataclass, replace

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from sppe_lib.config import Profile
from sppe_lib.data.taxonomy import TAGS
from sppe_lib.diffusion.backbone import Backbone, TextStates
from sppe_lib.diffusion.flow import clean_estimate, flow_matching_loss, noisy
from sppe_lib.diffusion.latents import LatentBatch, encode_batch
from sppe_lib.diffusion.panels import unpack
from sppe_lib.recovery.grid import build, draw_noise, draw_times, fit, grid_velocity, load, recovery_panels

NAME = "C2E-S2SER"


@dataclass(frozen=True)
class Variant:
    """Which of the paper's modules are on (Table 8: base, + cycle, + edit tag)."""

    name: str = NAME
    cycle: bool = True
    tag: bool = True


class TagGenerator(nn.Module):
    """Which kind of edit is seen between S and S': two Conv2d + SiLU, average pool, linear to the three tags."""

    def __init__(self, latent_channels: int, width: int = 64):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3 * latent_channels, width, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.SiLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(width, len(TAGS)),
        )

    def forward(self, surrogate: torch.Tensor, edited: torch.Tensor) -> torch.Tensor:
        """Packed latents of S and S' [B, N, 4C] -> logits [B, 3]; their difference map is the third input."""
        return self.layers(torch.cat([unpack(surrogate), unpack(edited), unpack(edited - surrogate)], dim=1))


class EditTag(nn.Module):
    """The tag generator and one learned text token per tag, put before the instruction's tokens."""

    def __init__(self, latent_channels: int, text_width: int):
        super().__init__()
        self.generator = TagGenerator(latent_channels)
        self.token = nn.Embedding(len(TAGS), text_width)

    def before(self, text: TextStates, tag: torch.Tensor) -> TextStates:
        """Text states with the token of `tag` [B] in front."""
        return replace(text, sequence=torch.cat([self.token(tag)[:, None].to(text.sequence), text.sequence], dim=1))


def _true_tags(batch: LatentBatch, like: torch.Tensor) -> torch.Tensor:
    return torch.tensor([TAGS.index(tag) for tag in batch.tag], device=like.device)


def _edit_tag(backbone: Backbone) -> EditTag:
    return EditTag(backbone.token_width // 4, backbone.text_width)


def train_c2e(profile: Profile, variant: Variant = Variant(), snapshots: dict[int, str] | None = None):
    """Train C2E-S2SER, or a variant of it, on the training split; returns the folder written.

    `snapshots`: number of steps -> name under which the state after that many is kept, too.
    """
    backbone, extra = build(profile, _edit_tag)

    def make_losses(read):
        def losses_at(step: int, rows: list[int], generators: list[torch.Generator]):
            batch = read(rows)
            text = backbone.text.encode(batch.instruction)
            losses = {}
            if variant.tag:
                logits = extra.generator(batch.surrogate, batch.edited_surrogate)
                losses["tag"] = cross_entropy(logits, _true_tags(batch, logits))
                text = extra.before(text, logits.argmax(dim=-1))
            clean = batch.edited_source
            noise, known_noise = draw_noise(clean, 3, generators)
            time = draw_times(clean, generators)
            target = noisy(clean, noise, time)
            velocity = grid_velocity(
                backbone,
                target,
                time,
                recovery_panels(batch),
                text,
                known_noise,
                guidance=profile.recovery.training.guidance,
            )
            losses["recovery"] = flow_matching_loss(velocity, clean, noise)
            if variant.cycle and step >= profile.recovery.training.cycle_warmup_steps:
                recovered = clean_estimate(target, velocity, time)
                losses["cycle"] = _cycle_loss(
                    backbone, batch, recovered, generators, profile.recovery.training.guidance
                )
            return losses

        return losses_at

    return fit(profile, variant.name, backbone, extra, make_losses, snapshots)


def _cycle_loss(
    backbone: Backbone, batch: LatentBatch, recovered: torch.Tensor, generators: list[torch.Generator], guidance: float
):
    # I~ = R(I^, S', S, M, empty): the evidence reversed, no text, the source as target. I^ is the
    # estimate that the recovery pass points to, with its gradient, so the cycle also corrects I^.
    text = backbone.text.encode([""] * len(batch))
    noise, known_noise = draw_noise(batch.source, 3, generators)
    time = draw_times(noise, generators)
    reverse = replace(
        batch,
        source=recovered,
        surrogate=batch.edited_surrogate,
        edited_surrogate=batch.surrogate,
        edited_surrogate_outside=batch.surrogate_outside,
    )
    target = noisy(batch.source, noise, time)
    velocity = grid_velocity(backbone, target, time, recovery_panels(reverse), text, known_noise, guidance=guidance)
    return flow_matching_loss(velocity, batch.source, noise)


def load_c2e(profile: Profile, variant: Variant = Variant(), encode=encode_batch, given_tag: bool = False):
    """A trained C2E-S2SER as a function from a Batch to recovered pictures [B, 3, H, W] in [0, 1].

    For ablations: `encode` prepares what it sees (see `grid.load`); `given_tag` takes the batch's own tag
    instead of the generator's.
    """

    def make_velocity(backbone: Backbone, extra: EditTag):
        def velocity(batch: LatentBatch, target, time, known_noise):
            text = backbone.text.encode(batch.instruction)
            if variant.tag:
                logits = extra.generator(batch.surrogate, batch.edited_surrogate)
                text = extra.before(text, _true_tags(batch, logits) if given_tag else logits.argmax(dim=-1))
            grid = recovery_panels(batch)
            return grid_velocity(
                backbone, target, time, grid, text, known_noise, guidance=profile.recovery.training.guidance
            )

        return velocity

    return load(profile, variant.name, _edit_tag, make_velocity, outside_known=True, encode=encode)
