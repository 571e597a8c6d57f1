"""VISII on its own model, a frozen InstructPix2Pix (Nguyen et al., NeurIPS 2023), chosen by `models.visii`.

Per instance, the embedding of the instruction's words is optimised until the editor turns S into S'; then the stock
pipeline edits I by it. The loss is the paper's: the error of the predicted noise of S', with S as the picture
condition, minus the cosine in CLIP's joint space between the mean embedding, projected, and E(S') - E(S). As in the
authors' code the prediction is guided, with the scales that edit afterwards; the start and end tokens stay; every
step takes another timestep, in an order and with noise of the instance's own. Their code starts from a prompt found
for S', since VISII is given no instruction; here there is one. They keep the embedding of the step with the smallest
error, which at random timesteps says more of the timestep than of the embedding; here it is the last.
"""

from dataclasses import dataclass

import torch
from diffusers import DDPMScheduler, DiffusionPipeline
from torch.nn.functional import cosine_similarity

from sppe_lib.clip import ClipFeatures, load_clip
from sppe_lib.config import Profile, SamplingParameters
from sppe_lib.data.schema import Batch
from sppe_lib.errors import ConfigError
from sppe_lib.recovery.method import Method
from sppe_lib.recovery.stable_diffusion import encode_pictures, encode_texts, load_stable_diffusion, predict_noise
from sppe_lib.runtime import device, torch_generator

KEY = "VISII on InstructPix2Pix"
"""What its random numbers are drawn under."""

TEXT_GUIDANCE, PICTURE_GUIDANCE = 7.5, 1.5
"""InstructPix2Pix's own scales, in the loss and in the edit."""

NOISE_WEIGHT, DIRECTION_WEIGHT = 4.0, 0.1
"""Weights of the two losses, as in the paper."""

ENOUGH_DIRECTION = 0.5
"""A cosine from which on the direction loss rests, as in the authors' code."""


@dataclass(frozen=True)
class Example:
    """What B inversions look at, on the device, in float32.

    `surrogate` [B, C, h, w]: latents of S, as the UNet takes a picture to edit; `edited` [B, C, h, w]: scaled latents
    of S'. `start` [B, L, D]: the instructions' token states, of which `words` (bool [B, L, 1]) may change; `empty`
    [1, L, D]: those of no text. `direction` [B, d]: E(S') - E(S). `levels`: the noise that the editor was trained on,
    whatever scheduler its pipeline samples with.
    """

    surrogate: torch.Tensor
    edited: torch.Tensor
    start: torch.Tensor
    words: torch.Tensor
    empty: torch.Tensor
    direction: torch.Tensor
    levels: DDPMScheduler


def make_example(pipeline: DiffusionPipeline, clip: ClipFeatures, batch: Batch) -> Example:
    """Encode S, S' and P of a batch."""
    start, words = encode_texts(pipeline, batch.instruction)
    direction = clip.image_features(batch.edited_surrogate) - clip.image_features(batch.surrogate)
    return Example(
        surrogate=encode_pictures(pipeline, batch.surrogate),
        edited=encode_pictures(pipeline, batch.edited_surrogate) * pipeline.vae.config.scaling_factor,
        start=start, words=words, empty=encode_texts(pipeline, [""])[0], direction=direction.to(device()),
        levels=DDPMScheduler.from_config(pipeline.scheduler.config),
    )  # fmt: skip


def guided_noise(
    pipeline: DiffusionPipeline, example: Example, noisy: torch.Tensor, times: torch.Tensor, embedding: torch.Tensor
) -> torch.Tensor:
    """The noise [B, C, h, w] that the editor sees in `noisy` at `times` [B], guided by text and by picture."""
    by_text = predict_noise(pipeline, torch.cat([noisy, example.surrogate], dim=1), times, embedding)
    with torch.no_grad():  # these two do not know the embedding
        pictures = torch.cat([example.surrogate, torch.zeros_like(example.surrogate)])
        inputs = torch.cat([noisy.repeat(2, 1, 1, 1), pictures], dim=1)
        empty = example.empty.expand(len(inputs), -1, -1)
        by_picture, free = predict_noise(pipeline, inputs, times.repeat(2), empty).chunk(2)
    return free + TEXT_GUIDANCE * (by_text - by_picture) + PICTURE_GUIDANCE * (by_picture - free)


def noise_loss(
    pipeline: DiffusionPipeline, example: Example, embedding: torch.Tensor, times: torch.Tensor, noise: torch.Tensor
) -> torch.Tensor:
    """Squared error [B] of the noise predicted in S' when S is edited by `embedding` [B, L, D]."""
    noisy = example.levels.add_noise(example.edited, noise, times)
    return (guided_noise(pipeline, example, noisy, times, embedding) - noise).square().mean(dim=(1, 2, 3))


def direction_loss(clip: ClipFeatures, example: Example, embedding: torch.Tensor) -> torch.Tensor:
    """Minus the cosine [B] between the mean embedding in CLIP's joint space and E(S') - E(S); 0 where S' is S."""
    projected = clip.model.text_projection(embedding.mean(dim=1))
    return -cosine_similarity(projected, example.direction, dim=-1).clamp(max=ENOUGH_DIRECTION)


class VisiiInstructPix2Pix(Method):
    """VISII on an InstructPix2Pix `pipeline`; `clip` judges directions, `seed` decides all noise."""

    name = "VISII"

    def __init__(self, pipeline: DiffusionPipeline, clip: ClipFeatures, sampling: SamplingParameters, seed: int):
        self.pipeline, self.clip, self.sampling, self.seed = pipeline, clip, sampling, seed

    @classmethod
    def load(cls, profile: Profile) -> Method:
        """On `models.visii`. Raises what `load_stable_diffusion` raises, and ConfigError for a model whose text
        encoder is not that of `models.metrics_clip`, which the direction loss needs.
        """
        location = profile.models.visii
        pipeline = load_stable_diffusion("visii", location, "StableDiffusionInstructPix2PixPipeline", pictures=2)
        clip = load_clip(profile.models.metrics_clip)
        found, wanted = pipeline.text_encoder.config.hidden_size, clip.model.config.text_config.hidden_size
        if found != wanted:
            raise ConfigError(
                f"models.visii is {location!r} with text states of width {found}, but models.metrics_clip has {wanted}:"
                f" VISII compares both, so name the CLIP whose text encoder the editor has "
                f"(openai/clip-vit-large-patch14)."
            )
        return cls(pipeline, clip, profile.recovery.sampling, profile.recovery.training.seed)

    def invert(self, example: Example, names: list[str]) -> torch.Tensor:
        """The embedding [B, L, D] of each instance that best explains S -> S'.

        Timesteps and noise come from the instance's id, and losses are summed over instances, so an instance's
        embedding does not depend on the others in its batch.
        """
        change = torch.zeros_like(example.start, requires_grad=True)
        optimizer = torch.optim.Adam([change], lr=self.sampling.inversion_learning_rate)
        generators = [torch_generator(KEY, self.seed, name) for name in names]
        timesteps = example.levels.config.num_train_timesteps
        orders = torch.stack([torch.randperm(timesteps, generator=generator) for generator in generators])
        for step in range(self.sampling.inversion_steps):
            times = orders[:, step % timesteps].to(device())
            noise = torch.stack([torch.randn(example.edited.shape[1:], generator=each) for each in generators])
            embedding = example.start + example.words * change
            errors = noise_loss(self.pipeline, example, embedding, times, noise.to(device()))
            losses = NOISE_WEIGHT * errors + DIRECTION_WEIGHT * direction_loss(self.clip, example, embedding)
            optimizer.zero_grad(set_to_none=True)
            losses.sum().backward()
            optimizer.step()
        return (example.start + example.words * change).detach()

    def recover(self, batch: Batch) -> torch.Tensor:
        """Recovered pictures [B, 3, H, W] in [0, 1]."""
        embedding = self.invert(make_example(self.pipeline, self.clip, batch), batch.instance_id)
        generators = [torch_generator("sample", KEY, self.seed, name) for name in batch.instance_id]
        edited = self.pipeline(
            prompt_embeds=embedding,
            image=batch.source,
            num_inference_steps=self.sampling.steps,
            output_type="pt",
            guidance_scale=TEXT_GUIDANCE,
            image_guidance_scale=PICTURE_GUIDANCE,
            generator=generators,
        )
        return edited.images.float().cpu()
