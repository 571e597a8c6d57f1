"""What recovery methods share: the 2x2 grid pass through the frozen backbone, the noise of an instance, sampling."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from sppe_lib.diffusion.backbone import Backbone, TextStates
from sppe_lib.diffusion.flow import flow_matching_loss, integrate, noisy, sample_times
from sppe_lib.diffusion.latents import LatentBatch
from sppe_lib.diffusion.panels import TARGET, Painting, Panel, assemble, positions
from sppe_lib.runtime import torch_generator

SOURCE = (1, 0)
"""Row and column of the panel that is edited: I, or what stands for it."""

GUIDANCE_INDEX = 4
"""Index of guidance tokens on FLUX's first position axis, where the panels have 0 to 3."""

Velocity = Callable[[LatentBatch, torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""(instances, noisy target x_t [B, N, D], time [B], noise of the known panels [B, K, N, D]) -> target's velocity."""


def paint_all(backbone: Backbone, batch: LatentBatch) -> Painting:
    """A target of which nothing is known."""
    known = backbone.grey(batch.mask.shape[-1]).expand(len(batch), -1, -1)
    return Painting(known, torch.ones_like(batch.mask))


def recovery_panels(backbone: Backbone, batch: LatentBatch) -> tuple[list[Panel], Painting]:
    """The grid of R(I, S, S', M, P): S and S' on top, I below left, and a target of which nothing is known.

    The paper gives its backbone the mask without saying where it enters; the release masks the whole target and never
    uses M. So the whole target is painted here, by every method, and nothing is put back.
    """
    known = [Panel(batch.surrogate, 0, 0), Panel(batch.edited_surrogate, 0, 1), Panel(batch.source, 1, 0)]
    return known, paint_all(backbone, batch)


def grid_velocity(
    backbone: Backbone,
    target: torch.Tensor,
    time: torch.Tensor,
    grid: tuple[list[Panel], Painting | None],
    text: TextStates,
    noise: torch.Tensor | None = None,
    guidance_tokens: torch.Tensor | None = None,
    guidance: float = 1.0,
) -> torch.Tensor:
    """Velocity [B, N, 4C] of the target panel, whose `grid` needs no painting where the transformer takes none.

    `noise` [B, K, N, 4C] is that of the known panels (`assemble`). `guidance_tokens` [B, N, in_channels] join the
    picture tokens at the target's place, further along FLUX's first position axis (SOER's spatial maps).
    """
    features, ids = assemble(target, *grid, backbone.channels, backbone.downscale, time, noise, backbone.aligned)
    if guidance_tokens is not None:
        place = positions(int(target.shape[1] ** 0.5), *TARGET, backbone.aligned).to(ids)
        place[:, 0] = GUIDANCE_INDEX
        features, ids = torch.cat([features, guidance_tokens.to(features)], dim=1), torch.cat([ids, place])
    output = backbone.predict(features, ids, time, text, guidance)[:, : target.shape[1]]
    (source,) = (panel.latents for panel in grid[0] if (panel.row, panel.column) == SOURCE)
    return backbone.velocity(output, target, time, source)


def draw_noise(
    like: torch.Tensor, known: int, generators: Sequence[torch.Generator]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Noise of the target [B, N, D] and of known panels [B, known, N, D], each instance's from its own generator."""
    shape = (known + 1, *like.shape[1:])
    drawn = torch.stack([torch.randn(shape, generator=generator) for generator in generators]).to(like)
    return drawn[:, 0], drawn[:, 1:]


@dataclass(frozen=True)
class Noised:
    """A target on its way from noise: `clean`, `noise` [B, N, D], `time` [B]; `known` [B, K, N, D] of the panels."""

    clean: torch.Tensor
    noise: torch.Tensor
    known: torch.Tensor
    time: torch.Tensor

    @property
    def x_t(self) -> torch.Tensor:
        """The target at its flow time."""
        return noisy(self.clean, self.noise, self.time)

    def loss(self, velocity: torch.Tensor, weight: torch.Tensor | None = None) -> torch.Tensor:
        """The flow-matching loss of a velocity predicted here."""
        return flow_matching_loss(velocity, self.clean, self.noise, weight)


def draw_noised(clean: torch.Tensor, known: int, generators: Sequence[torch.Generator], shift: float = 1.0) -> Noised:
    """Noise and flow time (`flow.sample_times`) of a training step, each instance's from its own generator."""
    noise, known_noise = draw_noise(clean, known, generators)
    time = torch.cat([sample_times(1, generator, shift) for generator in generators]).to(clean)
    return Noised(clean, noise, known_noise, time)


def instance_noise(like: torch.Tensor, names: list[str], method: str, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """`draw_noise` of sampling, for the target and three known panels: each instance's from its own id."""
    return draw_noise(like, 3, [torch_generator("sample", method, seed, name) for name in names])


@torch.no_grad()
def sample(
    backbone: Backbone, velocity: Velocity, batch: LatentBatch, names: list[str], method: str, seed: int, steps: int
) -> torch.Tensor:
    """Integrate the flow for encoded instances `names`: the target's latents [B, N, 4C].

    Every instance has its own noise, so the result does not depend on how instances are batched.
    """
    noise, known = instance_noise(batch.source, names, method, seed)
    return integrate(lambda x_t, time: velocity(batch, x_t, time, known), noise, backbone.scheduler, steps)
