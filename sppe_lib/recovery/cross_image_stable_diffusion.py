"""Cross-Image Attention on its own model, Stable Diffusion (Alaluf et al., SIGGRAPH 2024), chosen by
`models.cross_image`: I gives the structure, S' the appearance, nothing is trained.

Both pictures enter by edit-friendly DDPM inversion: noised at every timestep with noise of its own, and what the
model's step misses of the next noised picture is kept and added again. Then I is denoised once more, with the
decoder's self-attention looking at S' (keys and values) and sharpened, the prediction driven further the way of the
swap (appearance guidance), and latents given the statistics of S' (AdaIN). Constants are the authors', as shares of
their 100 steps; the steps are `recovery.sampling.steps`.

What differs: both chains run beside the result rather than before it, so one pass of the UNet serves both; the chains
are not guided by text, so that with the swap off I comes back exactly; AdaIN takes the whole picture, since their
masks come from clustering attention maps; FreeU, which their UNet carries, is left out.
"""

from dataclasses import dataclass

import torch
from diffusers import DDIMScheduler, DiffusionPipeline
from diffusers.models.attention_processor import Attention, AttnProcessor2_0

from sppe_lib.config import Profile
from sppe_lib.data.schema import Batch
from sppe_lib.recovery import stable_diffusion as sd
from sppe_lib.recovery.method import Method
from sppe_lib.runtime import torch_generator

KEY = "Cross-Image Attention on Stable Diffusion"
"""What its random numbers are drawn under."""

PROMPT = "A photo of a {domain}"
"""The authors' prompt; the domain is the instance's category."""

START, SWAP_FROM, ADAIN_FROM = 0.32, 0.42, 0.52
"""Shares of the schedule: what is skipped at its noisy end, where the swap of attention begins, where AdaIN begins."""

STRUCTURE_EVERY, STRUCTURE_UNTIL = 5, 0.72
"""Up to this share, every fifth step takes keys and values from I itself, which keeps the structure."""

CONTRAST = 1.67
"""How far attention weights are pushed from their mean."""

GUIDANCE = (3.5, 1.75)
"""How far the prediction goes the way of the swap, at the first and at the last step."""

STREAMS = 4
"""Parts of a batch: the result with swapped attention, the result without, S' and I."""


@dataclass
class Swap:
    """What the attention layers are told before every pass.

    `tokens`: lengths of the sequences at which layers swap; `active`: whether they do now; `of_structure`: whether
    keys and values then come from I rather than from S'.
    """

    tokens: tuple[int, ...] = ()
    active: bool = False
    of_structure: bool = False


class CrossImageProcessor(AttnProcessor2_0):
    """Self-attention in which the first quarter of a batch (STREAMS) looks at S' or at I rather than at itself.

    Everything else, and everything while `swap.active` is False, is diffusers' own attention.
    """

    def __init__(self, swap: Swap):
        super().__init__()
        self.swap = swap

    def __call__(self, attn: Attention, hidden_states, encoder_hidden_states=None, attention_mask=None, temb=None):
        """States [4B, N, D] to states of that shape."""
        if not self.swap.active or hidden_states.shape[1] not in self.swap.tokens:
            return super().__call__(attn, hidden_states, encoder_hidden_states, attention_mask, temb)
        result, plain, appearance, structure = hidden_states.chunk(STREAMS)
        looked_at = structure if self.swap.of_structure else appearance
        query, key, value = (
            layer(states).unflatten(-1, (attn.heads, -1)).transpose(1, 2)
            for layer, states in ((attn.to_q, result), (attn.to_k, looked_at), (attn.to_v, looked_at))
        )
        weights = (query.float() @ key.float().transpose(-1, -2) * attn.scale).softmax(dim=-1)
        mean = 1 / weights.shape[-1]
        # As in the authors' code, what is pushed below zero is lost and the rest is not made to sum to one again.
        weights = ((weights - mean) * CONTRAST + mean).clamp(0, 1).to(value.dtype)
        crossed = attn.to_out[0]((weights @ value).transpose(1, 2).flatten(2))
        return torch.cat([crossed, super().__call__(attn, torch.cat([plain, appearance, structure]))])


def install(pipeline: DiffusionPipeline) -> Swap:
    """Give the decoder's self-attention layers a CrossImageProcessor each; returns their switch."""
    swap = Swap()
    crossing = {name: name.startswith("up_blocks") and ".attn1." in name for name in pipeline.unet.attn_processors}
    processors = {name: CrossImageProcessor(swap) if here else AttnProcessor2_0() for name, here in crossing.items()}
    pipeline.unet.set_attn_processor(processors)
    return swap


def adapt_statistics(values: torch.Tensor, like: torch.Tensor, over: int | tuple[int, ...] = 1) -> torch.Tensor:
    """AdaIN: `values` with the mean and deviation that `like` has `over` some axes: tokens (1), or rows and columns."""
    centred = (values - values.mean(over, keepdim=True)) / values.std(over, keepdim=True).clamp_min(1e-5)
    return centred * like.std(over, keepdim=True) + like.mean(over, keepdim=True)


def transfer(
    pipeline: DiffusionPipeline,
    source: torch.Tensor,
    appearance: torch.Tensor,
    texts: torch.Tensor,
    generators: list[torch.Generator],
    steps: int,
) -> torch.Tensor:
    """Scaled latents [B, C, h, w] of I, denoised with the appearance of S'.

    `source` and `appearance`: scaled latents [B, C, h, w] of I and S'; `texts` [B, L, D]. All noise of an instance
    comes from its own generator, so its result does not depend on the others.
    """
    # Latents have no bounds to be clipped to, and a step must reach the next timestep of the list.
    scheduler = DDIMScheduler.from_config(pipeline.scheduler.config, clip_sample=False, timestep_spacing="leading")
    scheduler.set_timesteps(steps)
    timesteps = scheduler.timesteps.tolist()[int(START * steps) :]
    shape = (2, len(timesteps), *source.shape[1:])
    noise = torch.stack([torch.randn(shape, generator=generator) for generator in generators]).to(source)
    times = [torch.full((len(source),), time) for time in timesteps]
    structures, appearances = (  # noised at each timestep, and at the end themselves
        [scheduler.add_noise(clean, noise[:, chain, number], time) for number, time in enumerate(times)] + [clean]
        for chain, clean in enumerate((source, appearance))
    )

    def mean_step(predicted: torch.Tensor, time: int, latents: torch.Tensor) -> torch.Tensor:
        nothing = torch.zeros_like(latents)
        return scheduler.step(predicted, time, latents, eta=1.0, variance_noise=nothing).prev_sample

    positions = source.shape[-2] * source.shape[-1]
    swap = install(pipeline)  # here, since a pipeline is loaded once a process and may have another's
    swap.tokens = (positions, positions // 4)  # the decoder's two finest levels: 64 and 32 a side at 512 pixels
    strengths = torch.linspace(*GUIDANCE, len(timesteps)).tolist()
    result = structures[0]
    for number, time in enumerate(timesteps):
        share = (steps - len(timesteps) + number) / steps
        swap.active = share >= SWAP_FROM
        swap.of_structure = number % STRUCTURE_EVERY == 0 and share < STRUCTURE_UNTIL
        streams = torch.cat([result, result, appearances[number], structures[number]])
        swapped, plain, _, own = sd.predict_noise(pipeline, streams, time, texts.repeat(STREAMS, 1, 1)).chunk(STREAMS)
        missed = structures[number + 1] - mean_step(own, time, structures[number])
        guided = plain + strengths[number] * (swapped - plain)
        result = mean_step(guided, time, result) + missed
        if share >= ADAIN_FROM:
            result = adapt_statistics(result, appearances[number + 1], (-2, -1))
    swap.active = False
    return result


class CrossImageStableDiffusion(Method):
    """Cross-Image Attention on a Stable Diffusion `pipeline`, in `steps` of which START are skipped."""

    name = "Cross-Image Attention"

    def __init__(self, pipeline: DiffusionPipeline, steps: int, seed: int):
        self.pipeline, self.steps, self.seed = pipeline, steps, seed

    @classmethod
    def load(cls, profile: Profile) -> Method:
        """On `models.cross_image`. Raises what `load_stable_diffusion` raises."""
        location, steps = profile.models.cross_image, profile.recovery.sampling.steps
        pipeline = sd.load_stable_diffusion("cross_image", location, "StableDiffusionPipeline", pictures=1)
        return cls(pipeline, steps, profile.recovery.training.seed)

    @torch.no_grad()
    def recover(self, batch: Batch) -> torch.Tensor:
        """Recovered pictures [B, 3, H, W] in [0, 1]."""
        pipeline, scale = self.pipeline, self.pipeline.vae.config.scaling_factor
        pair = (sd.encode_pictures(pipeline, pictures) * scale for pictures in (batch.source, batch.edited_surrogate))
        texts, _ = sd.encode_texts(pipeline, [PROMPT.format(domain=category) for category in batch.category])
        generators = [torch_generator("sample", KEY, self.seed, name) for name in batch.instance_id]
        return sd.decode_latents(pipeline, transfer(pipeline, *pair, texts, generators, self.steps))
