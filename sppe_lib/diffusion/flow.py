"""Flow matching in FLUX's convention: x_t = (1 - t) x_0 + t noise, and the model predicts noise - x_0."""

import math
from collections.abc import Callable

import torch
from diffusers import FlowMatchEulerDiscreteScheduler

Velocity = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""(x_t [B, N, D], t [B]) -> predicted velocity [B, N, D]."""


def time_shift(scheduler: FlowMatchEulerDiscreteScheduler) -> float:
    """How far the scheduler moves flow times towards noise (Esser et al. 2024, Eq. 23); 1 where that is dynamic."""
    return 1.0 if scheduler.config.use_dynamic_shifting else scheduler.config.shift


def sample_times(batch: int, generator: torch.Generator, shift: float = 1.0) -> torch.Tensor:
    """Flow times in (0, 1], uniform, as diffusers' FLUX trainers draw them, then moved by `shift` towards noise.

    A sampler of one or two steps lives near 1, and so must what is learnt for it. The last hundredth before the data,
    where no sampler steps and a velocity made of a clean estimate has errors of any size, is left out.
    """
    uniform = 1 - 0.99 * torch.rand(batch, generator=generator)
    return shift * uniform / (1 + (shift - 1) * uniform)


def noisy(clean: torch.Tensor, noise: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
    """The point at flow time `time` [B] between data (t = 0) and noise (t = 1)."""
    fraction = time.view(-1, *[1] * (clean.dim() - 1)).to(clean)
    return (1 - fraction) * clean + fraction * noise


def clean_estimate(noisy_tokens: torch.Tensor, velocity: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
    """The data that a velocity at time t points to: x_0 = x_t - t v."""
    return noisy_tokens - time.view(-1, *[1] * (velocity.dim() - 1)).to(velocity) * velocity


def flow_matching_loss(
    velocity: torch.Tensor, clean: torch.Tensor, noise: torch.Tensor, weight: torch.Tensor | None = None
) -> torch.Tensor:
    """Mean squared error to noise - clean; `weight` broadcasts over tokens, e.g. [B, N, 1]."""
    error = (velocity.float() - (noise - clean).float()).square()
    return (error if weight is None else error * weight).mean()


def integrate(
    velocity: Velocity, noise: torch.Tensor, scheduler: FlowMatchEulerDiscreteScheduler, steps: int, start: float = 1.0
) -> torch.Tensor:
    """Follow the flow from `noise` [B, N, D] to data in `steps` Euler steps of the scheduler's own spacing.

    `start`: the flow time that `noise` is at, below 1 for data that is only partly noised.
    """
    scheduler = FlowMatchEulerDiscreteScheduler.from_config(scheduler.config)
    arguments, shift = {}, time_shift(scheduler)
    if scheduler.config.use_dynamic_shifting:
        # Resolution-dependent shift of FLUX: linear in the number of tokens.
        config = scheduler.config
        slope = (config.max_shift - config.base_shift) / (config.max_image_seq_len - config.base_image_seq_len)
        arguments["mu"] = config.base_shift + slope * (noise.shape[1] - config.base_image_seq_len)
        shift = math.exp(arguments["mu"])
    first = start / (shift - (shift - 1) * start)  # the scheduler moves it to `start`
    scheduler.set_timesteps(
        sigmas=torch.linspace(first, first / steps, steps).tolist(), device=noise.device, **arguments
    )
    tokens = noise
    for timestep in scheduler.timesteps:
        time = (timestep / scheduler.config.num_train_timesteps).expand(noise.shape[0]).to(noise)
        tokens = scheduler.step(velocity(tokens, time), timestep, tokens, return_dict=False)[0]
    return tokens
