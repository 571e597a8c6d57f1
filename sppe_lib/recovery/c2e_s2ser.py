"""C2E-S2SER, the paper's recovery model (paper §4, SPEC §4): visual conditions, edit tag, staged cycle.

I^ = R(I, S, S', M, P). The loss is L_rec + L_tag + [step > T_w] L_cyc.
"""

from dataclasses import replace

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from sppe_lib.data.taxonomy import TAGS
from sppe_lib.diffusion.backbone import TextStates
from sppe_lib.diffusion.flow import clean_estimate
from sppe_lib.diffusion.latents import LatentBatch
from sppe_lib.diffusion.panels import unpack
from sppe_lib.recovery.grid import draw_noised, grid_velocity, recovery_panels
from sppe_lib.recovery.trained import TrainedMethod


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


class C2eS2ser(TrainedMethod):
    """The paper's model; `cycle` and `tag`: which of its modules are on (Table 8: base, + cycle, + edit tag).

    `given_tag`: the batch's own tag is taken, not the generator's (an ablation).
    """

    name = "C2E-S2SER"
    knows_mask = True
    cycle = True
    tag = True
    given_tag = False

    def modules(self, backbone):
        """The tag generator and the tags' tokens."""
        return EditTag(backbone.token_width // 4, backbone.text_width)

    def text(self, batch: LatentBatch, logits: torch.Tensor | None = None) -> TextStates:
        """The instruction, the tag before it: the generator's (from `logits`, if they are known), or the given one."""
        text = self.backbone.text.encode(batch.instruction)
        if not self.tag:
            return text
        if self.given_tag:
            return self.extra.before(text, _true_tags(batch))
        if logits is None:
            logits = self.extra.generator(batch.surrogate, batch.edited_surrogate)
        return self.extra.before(text, logits.argmax(dim=-1))

    def velocity(self, batch, x_t, t, noise, text=None):
        """As `TrainedMethod.velocity`; `text` in place of the batch's own."""
        text, guidance = text or self.text(batch), self.training.guidance
        return grid_velocity(self.backbone, x_t, t, recovery_panels(batch), text, noise, guidance=guidance)

    def losses(self, step, batch, generators):
        """L_tag + L_rec + [step > T_w] L_cyc (Eq. 12)."""
        losses, logits = {}, None
        if self.tag:
            logits = self.extra.generator(batch.surrogate, batch.edited_surrogate)
            losses["tag"] = cross_entropy(logits, _true_tags(batch))
        at = draw_noised(batch.edited_source, self.panels, generators)
        velocity = self.velocity(batch, at.x_t, at.time, at.known, self.text(batch, logits))
        losses["recovery"] = at.loss(velocity)
        if self.cycle and step >= self.training.cycle_warmup_steps:
            losses["cycle"] = self.cycle_loss(batch, clean_estimate(at.x_t, velocity, at.time), generators)
        return losses

    def cycle_loss(self, batch: LatentBatch, recovered: torch.Tensor, generators) -> torch.Tensor:
        """I~ = R(I^, S', S, M, empty): the evidence reversed, no text, the source as target (Eq. 11).

        `recovered`, I^, is what the recovery pass points to, with its gradient: the cycle corrects I^, too.
        """
        text = self.backbone.text.encode([""] * len(batch))
        at = draw_noised(batch.source, self.panels, generators)
        reverse = replace(
            batch,
            source=recovered,
            surrogate=batch.edited_surrogate,
            edited_surrogate=batch.surrogate,
            edited_surrogate_outside=batch.surrogate_outside,
        )
        return at.loss(self.velocity(reverse, at.x_t, at.time, at.known, text))


def _true_tags(batch: LatentBatch) -> torch.Tensor:
    return torch.tensor([TAGS.index(tag) for tag in batch.tag], device=batch.mask.device)
