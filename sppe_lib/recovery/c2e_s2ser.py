"""C2E-S2SER, the paper's recovery model (paper §4): visual conditions, edit tag, staged cycle.

I^ = R(I, S, S', M, P). The loss is L_rec + L_tag + [step > T_w] L_cyc. M is an argument in the paper's equations,
without a place where it enters, and the release never uses it; so it enters nowhere here.
"""

from dataclasses import replace

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from sppe_lib.data.taxonomy import TAGS
from sppe_lib.diffusion.backbone import TextStates
from sppe_lib.diffusion.flow import clean_estimate, flow_matching_loss, noisy
from sppe_lib.diffusion.latents import LatentBatch
from sppe_lib.diffusion.panels import unpack
from sppe_lib.recovery.grid import draw_noised
from sppe_lib.recovery.trained import TrainedMethod

KEEP_SCALE = 0.5
"""Distance of S and S' at which the release's keep term has fallen to 1/e."""


class TagGenerator(nn.Module):
    """Which kind of edit is seen between S and S': two Conv2d + SiLU, average pool, linear to the three tags."""

    def __init__(self, latent_channels: int, width: int = 64):
        super().__init__()
        first, second = nn.Conv2d(3 * latent_channels, width, 3, padding=1), nn.Conv2d(width, width, 3, padding=1)
        head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, len(TAGS))
        self.layers = nn.Sequential(first, nn.SiLU(), second, nn.SiLU(), *head)

    def forward(self, surrogate: torch.Tensor, edited: torch.Tensor) -> torch.Tensor:
        """Packed latents of S and S' [B, N, 4C] -> logits [B, 3]; their difference map is the third input."""
        return self.layers(torch.cat([unpack(surrogate), unpack(edited), unpack(edited - surrogate)], dim=1))


class C2eS2ser(TrainedMethod):
    """The paper's model; `cycle` and `tag`: which of its modules are on (Table 8: base, + cycle, + edit tag).

    Of the ablations, `given_tag`: the batch's own tag is taken, not the generator's; `corrects`: the cycle's gradient
    reaches Î.
    """

    name = "C2E-S2SER"
    cycle = True
    tag = True
    given_tag = False
    corrects = True

    def modules(self, backbone):
        """The tag generator."""
        return TagGenerator(backbone.token_width // 4)

    def prompts(self, instruction):
        """The instruction alone, or with each of the tags before it."""
        return [f"<{tag}> {instruction}" for tag in TAGS] if self.tag else [instruction]

    def text(self, batch: LatentBatch, logits: torch.Tensor | None = None) -> TextStates:
        """E_text(c_g ‖ P) (Eq. 7): the tag stands before the instruction and goes through the text encoder with it.

        It is the generator's, from `logits` if they are known, or the given one.
        """
        chosen = [0] * len(batch)
        if self.tag and self.given_tag:
            chosen = _true_tags(batch).tolist()
        elif self.tag:
            logits = self.extra(batch.surrogate, batch.edited_surrogate) if logits is None else logits
            chosen = logits.argmax(dim=-1).tolist()
        texts = zip(batch.instruction, chosen, strict=True)
        return self.backbone.text.encode([self.prompts(instruction)[number] for instruction, number in texts])

    def losses(self, step, batch, generators):
        """L_tag + L_rec + [step > T_w] L_cyc (Eq. 12); with `training.keep_term`, the release's term in both passes."""
        losses, logits = {}, None
        at = draw_noised(batch.edited_source, self.panels, generators, self.backbone.time_shift)
        if self.tag:
            pair = batch.surrogate, batch.edited_surrogate
            if self.training.noised_tag:
                pair = (noisy(part, at.known[:, panel], at.time) for panel, part in enumerate(pair))
            logits = self.extra(*pair)
            losses["tag"] = cross_entropy(logits, _true_tags(batch))
        velocity = self.velocity(batch, at.x_t, at.time, at.known, self.text(batch, logits))
        losses["recovery"] = at.loss(velocity)
        if self.training.keep_term:
            losses["keep"] = keep_loss(batch, velocity, at.noise)
        if self.cycle and step >= self.training.cycle_warmup_steps:
            losses |= self.cycle_losses(batch, clean_estimate(at.x_t, velocity, at.time), generators)
        return losses

    def cycle_losses(self, batch: LatentBatch, recovered: torch.Tensor, generators) -> dict[str, torch.Tensor]:
        """I~ = R(I^, S', S, M, empty): the evidence reversed, no text, the source as target (Eq. 11).

        `recovered`, I^, is what the recovery pass points to, with its gradient: the cycle corrects I^, too.
        """
        recovered = recovered if self.corrects else recovered.detach()
        text = self.backbone.text.encode([""] * len(batch))
        at = draw_noised(batch.source, self.panels, generators, self.backbone.time_shift)
        reverse = replace(batch, source=recovered, surrogate=batch.edited_surrogate, edited_surrogate=batch.surrogate)
        velocity = self.velocity(reverse, at.x_t, at.time, at.known, text)
        losses = {"cycle": at.loss(velocity)}
        if self.training.keep_term:
            losses["cycle keep"] = keep_loss(reverse, velocity, at.noise)
        return losses


def keep_loss(batch: LatentBatch, velocity: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """The release's keep term: flow matching to the source, the more where S and S' are alike (L2 of a token)."""
    distance = (batch.surrogate - batch.edited_surrogate).norm(dim=-1, keepdim=True)
    return flow_matching_loss(velocity, batch.source, noise, (-distance / KEEP_SCALE).exp())


def _true_tags(batch: LatentBatch) -> torch.Tensor:
    return torch.tensor([TAGS.index(tag) for tag in batch.tag], device=batch.mask.device)
