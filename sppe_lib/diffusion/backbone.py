"""The frozen models that all recovery methods share: transformer, VAE, text encoders, scheduler.

The same loading code serves the shipped miniature and hub models: real diffusers and transformers
classes and `from_pretrained`; only locations differ.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxTransformer2DModel
from transformers import AutoTokenizer, CLIPTextModel, T5EncoderModel
from transformers import logging as transformers_logging

from sppe_lib.config import ModelParameters, model_location
from sppe_lib.diffusion.panels import pack, unpack
from sppe_lib.errors import ResourceError
from sppe_lib.hub import load_problem
from sppe_lib.runtime import autocast, compute_dtype, device

TEXT_TOKENS = 32
"""Length of the text sequence without a T5 encoder: the longest instruction has 18 tokens here."""

TEXT_BATCH = 64

T5_TOKENS = 512
"""Length of the text sequence with T5, as in FLUX.1-dev."""


def load_component(cls: type, location: str, subfolder: str, **options):
    """`cls.from_pretrained` from a folder or hub id that holds `subfolder`, or from a folder that is the component.

    Raises ResourceError naming what is missing and where it was looked for.
    """
    resolved = Path(model_location(location))
    if resolved.is_dir() and not (resolved / subfolder).is_dir():
        arguments = {}
    else:
        arguments = {"subfolder": subfolder}
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()  # a CLIP's text half reports its vision half as left over
    try:
        return cls.from_pretrained(model_location(location), **arguments, **options)
    except Exception as error:  # the libraries raise many kinds; the user needs one sentence
        raise ResourceError(
            f"Cannot load {subfolder} of {location!r} (params.yaml `models`) as {cls.__name__}: {load_problem(error)}."
        ) from error
    finally:
        transformers_logging.set_verbosity(verbosity)


@dataclass(frozen=True)
class TextStates:
    """Encoded texts: `sequence` [B, L, D] for attention, `pooled` [B, P] for modulation."""

    sequence: torch.Tensor
    pooled: torch.Tensor


class TextEncoder:
    """FLUX's text side: a CLIP text model for the pooled vector, and T5 for the sequence where there is one.

    Without T5 (the miniature) CLIP's own token states are the sequence. Every distinct text is
    encoded once and kept.
    """

    def __init__(self, location: str):
        self.clip = load_component(CLIPTextModel, location, "text_encoder").eval().requires_grad_(False)
        self.clip_tokenizer = load_component(AutoTokenizer, location, "tokenizer")
        folder = Path(model_location(location))
        has_t5 = (folder / "text_encoder_2").is_dir() if folder.is_dir() else True
        self.t5 = self.t5_tokenizer = None
        if has_t5:
            self.t5 = load_component(T5EncoderModel, location, "text_encoder_2", dtype=compute_dtype()).eval()
            self.t5_tokenizer = load_component(AutoTokenizer, location, "tokenizer_2")
        self._known: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}

    @torch.no_grad()
    def _encode_new(self, texts: list[str]) -> list[tuple[torch.Tensor, torch.Tensor]]:
        def tokens(tokenizer, length):
            return tokenizer(texts, padding="max_length", max_length=length, truncation=True, return_tensors="pt").input_ids

        length = self.clip.config.max_position_embeddings
        if self.t5 is None:
            length = min(TEXT_TOKENS, length)
        output = self.clip(tokens(self.clip_tokenizer, length))
        sequence = output.last_hidden_state
        if self.t5 is not None:
            sequence = self.t5(tokens(self.t5_tokenizer, T5_TOKENS)).last_hidden_state
        return list(zip(sequence.float(), output.pooler_output.float(), strict=True))

    def encode(self, texts: list[str]) -> TextStates:
        """Encode texts; `""` is the empty text of the cycle."""
        new = sorted(set(texts) - self._known.keys())
        for start in range(0, len(new), TEXT_BATCH):
            some = new[start : start + TEXT_BATCH]
            self._known.update(zip(some, self._encode_new(some), strict=True))
        sequences, pooled = zip(*(self._known[text] for text in texts), strict=True)
        return TextStates(torch.stack(sequences).to(device()), torch.stack(pooled).to(device()))


class Backbone:
    """A frozen FLUX-family model: `predict` velocities of tokens, `encode` and `decode` pictures."""

    def __init__(self, models: ModelParameters, transformer: FluxTransformer2DModel | None = None):
        """Load the parts; `transformer` replaces the stored one (pretraining makes its own)."""
        if transformer is None:
            transformer = load_component(
                FluxTransformer2DModel, models.transformer, "transformer", torch_dtype=compute_dtype()
            ).requires_grad_(False).eval()
            self.scheduler = load_component(FlowMatchEulerDiscreteScheduler, models.transformer, "scheduler")
        else:
            self.scheduler = FlowMatchEulerDiscreteScheduler()
        self.transformer = transformer.to(device())
        self.vae = load_component(AutoencoderKL, models.vae, "vae").requires_grad_(False).eval().to(device())
        self._text_location = models.text
        self._grey: dict[int, torch.Tensor] = {}

    @cached_property
    def text(self) -> TextEncoder:
        """The text encoders, loaded at first use."""
        return TextEncoder(self._text_location)

    @property
    def channels(self) -> int:
        """Input channels of the transformer."""
        return self.transformer.config.in_channels

    @property
    def token_width(self) -> int:
        """Width of a packed latent token: four times the VAE's latent channels."""
        return 4 * self.vae.config.latent_channels

    @property
    def text_width(self) -> int:
        """Width of a text token."""
        return self.transformer.config.joint_attention_dim

    @property
    def downscale(self) -> int:
        """Pixels per latent along one side."""
        return 2 ** (len(self.vae.config.block_out_channels) - 1)

    @torch.no_grad()
    def encode(self, images: torch.Tensor) -> torch.Tensor:
        """Pictures [B, 3, H, W] in [0, 1] to packed, scaled latents [B, N, 4C] (the posterior's mode)."""
        with autocast():
            latents = self.vae.encode(images.to(device()) * 2 - 1).latent_dist.mode()
        config = self.vae.config
        return pack((latents.float() - (config.shift_factor or 0.0)) * config.scaling_factor)

    def grey(self, size: int) -> torch.Tensor:
        """Packed latents [1, N, 4C] of a mid-grey picture of `size` pixels: a target of which nothing is known."""
        if size not in self._grey:
            self._grey[size] = self.encode(torch.full((1, 3, size, size), 0.5))
        return self._grey[size]

    @torch.no_grad()
    def decode(self, tokens: torch.Tensor) -> torch.Tensor:
        """Packed, scaled latents to pictures [B, 3, H, W] in [0, 1]."""
        config = self.vae.config
        with autocast():
            images = self.vae.decode(unpack(tokens) / config.scaling_factor + (config.shift_factor or 0.0)).sample
        return (images.float() / 2 + 0.5).clamp(0, 1)

    def predict(
        self, features: torch.Tensor, ids: torch.Tensor, time: torch.Tensor, text: TextStates, guidance: float = 1.0,
        control: Callable[[torch.Tensor | None], dict] | None = None,
    ) -> torch.Tensor:
        """Velocities [B, T, 4C] of all tokens; `features` [B, T, in_channels] and `ids` from `panels.assemble`.

        `control` maps the guidance [B] (None where the model has none) to a ControlNet's residuals.
        """
        guided = torch.full_like(time, guidance) if self.transformer.config.guidance_embeds else None
        with autocast():
            return self.transformer(
                hidden_states=features,
                encoder_hidden_states=text.sequence,
                pooled_projections=text.pooled,
                timestep=time,
                img_ids=ids,
                txt_ids=torch.zeros(text.sequence.shape[1], 3, device=ids.device),
                guidance=guided,
                return_dict=False,
                **(control(guided) if control else {}),
            )[0].float()
