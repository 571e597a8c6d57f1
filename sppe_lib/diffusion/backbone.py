"""The frozen models that all recovery methods share: transformer, VAE, text encoders, scheduler.

The same code loads the shipped miniature and hub models, by `from_pretrained` of real classes; only locations differ.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from diffusers import AutoencoderKL, BitsAndBytesConfig, FlowMatchEulerDiscreteScheduler, FluxTransformer2DModel
from diffusers.configuration_utils import FrozenDict
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoTokenizer, CLIPTextModel, PreTrainedModel, T5EncoderModel
from transformers import logging as transformers_logging

from sppe_lib.config import ModelParameters
from sppe_lib.diffusion.flow import time_shift
from sppe_lib.diffusion.panels import pack, unpack
from sppe_lib.errors import ResourceError
from sppe_lib.hub import load_problem
from sppe_lib.locations import hub_options, location_key, model_location
from sppe_lib.runtime import atomic_path, autocast, compute_dtype, device

TEXT_TOKENS = 32
"""Length of the text sequence without a T5 encoder: the longest instruction has 18 tokens here."""

T5_TOKENS = 512
"""Length of the text sequence with T5, as in FLUX.1-dev."""

TEXT_BATCH = 64

SHORTEST_TIME = 0.05
"""Flow time from which on a velocity is not made of a clean estimate any more: the division would blow it up."""


def load_component(cls: type, location: str, subfolder: str, method: str = "from_pretrained", **options):
    """`cls.from_pretrained` from a folder or hub id that holds `subfolder`, or from a folder that is the component.

    `method` names another class method, such as `load_config`, which reads no weights. Raises ResourceError naming what
    is missing and where it was looked for.
    """
    resolved = Path(model_location(location))
    arguments = {} if resolved.is_dir() and not (resolved / subfolder).is_dir() else {"subfolder": subfolder}
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()  # a CLIP's text half reports its vision half as left over
    try:
        return getattr(cls, method)(model_location(location), **arguments, **hub_options(location), **options)
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
    """FLUX's text side: a CLIP text model for the pooled vector, and T5 for the sequence, or CLIP's own token states.

    Every distinct text is encoded once and kept, also on disk where a folder is given; the encoders are loaded when a
    text is new.
    """

    def __init__(self, location: str, folder: Path | None = None):
        self._location = location
        self._folder = folder / location_key(location, "text_encoder")[:16] if folder else None
        self._known: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}

    @cached_property
    def _encoders(self) -> list[tuple[Callable, PreTrainedModel, int]]:
        """(tokenizer, model, length of the sequence) of CLIP, and of T5 where there is one."""
        clip = load_component(CLIPTextModel, self._location, "text_encoder").eval().requires_grad_(False).to(device())
        tokenizer = load_component(AutoTokenizer, self._location, "tokenizer")
        length = clip.config.max_position_embeddings
        folder = Path(model_location(self._location))
        if folder.is_dir() and not (folder / "text_encoder_2").is_dir():
            return [(tokenizer, clip, min(TEXT_TOKENS, length))]
        t5 = load_component(T5EncoderModel, self._location, "text_encoder_2", dtype=compute_dtype()).eval().to(device())
        second = load_component(AutoTokenizer, self._location, "tokenizer_2")
        return [(tokenizer, clip, length), (second, t5, T5_TOKENS)]

    @torch.no_grad()
    def _encode_new(self, texts: list[str]) -> list[tuple[torch.Tensor, torch.Tensor]]:
        outputs, options = [], {"padding": "max_length", "truncation": True, "return_tensors": "pt"}
        for tokenizer, model, length in self._encoders:
            outputs.append(model(tokenizer(texts, max_length=length, **options).input_ids.to(device())))
        # The last encoder (T5 where there is one) gives the sequence, CLIP the pooled vector.
        sequence, pooled = outputs[-1].last_hidden_state, outputs[0].pooler_output
        return list(zip(sequence.float().cpu(), pooled.float().cpu(), strict=True))

    def _file(self, text: str) -> Path:
        return self._folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.safetensors"

    def encode(self, texts: list[str]) -> TextStates:
        """Encode texts; `""` is the empty text of the cycle."""
        new = []
        for text in sorted(set(texts) - self._known.keys()):
            if self._folder and self._file(text).is_file():
                stored = load_file(self._file(text))
                self._known[text] = stored["sequence"], stored["pooled"]
            else:
                new.append(text)
        for start in range(0, len(new), TEXT_BATCH):
            some = new[start : start + TEXT_BATCH]
            for text, (sequence, pooled) in zip(some, self._encode_new(some), strict=True):
                self._known[text] = sequence, pooled
                if self._folder:
                    with atomic_path(self._file(text)) as temporary:
                        save_file({"sequence": sequence.contiguous(), "pooled": pooled.contiguous()}, temporary)
        sequences, pooled = zip(*(self._known[text] for text in texts), strict=True)
        return TextStates(torch.stack(sequences).to(device()), torch.stack(pooled).to(device()))

    def free(self) -> None:
        """Take the encoders out of memory; what they have encoded stays known."""
        self.__dict__.pop("_encoders", None)


class Backbone:
    """A frozen FLUX-family model: `predict` velocities of tokens, `encode` and `decode` pictures.

    Weights are loaded when they are first used; that every part exists is checked at once. `token_width`: of a packed
    latent token; `downscale`: pixels per latent along one side; `aligned`: whether known pictures stand at the target's
    own rows and columns, as in FLUX.1 Kontext.
    """

    def __init__(
        self, models: ModelParameters, transformer: FluxTransformer2DModel | None = None, texts: Path | None = None
    ):
        """`transformer` replaces the stored one (pretraining makes its own); `texts`: folder that keeps encoded texts.

        Raises ResourceError where a part is not there.
        """
        self.models = models
        self._grey: dict[int, torch.Tensor] = {}
        self.text = TextEncoder(models.text, texts)
        self.vae_config = FrozenDict(load_component(AutoencoderKL, models.vae, "vae", "load_config"))
        self.token_width = 4 * self.vae_config.latent_channels
        self.downscale = 2 ** (len(self.vae_config.block_out_channels) - 1)
        self.aligned = models.references == "aligned"
        load_component(AutoConfig, models.text, "text_encoder")
        if transformer is None:
            load_component(FluxTransformer2DModel, models.transformer, "transformer", "load_config")
        else:
            self.transformer = transformer.to(device())
            self.scheduler = FlowMatchEulerDiscreteScheduler()

    @cached_property
    def transformer(self) -> FluxTransformer2DModel:
        """The frozen transformer, in 8 bits where `models.quantize_base` says so."""
        options = {"torch_dtype": compute_dtype()}
        if self.models.quantize_base:
            options["quantization_config"] = BitsAndBytesConfig(load_in_8bit=True)
        loaded = load_component(FluxTransformer2DModel, self.models.transformer, "transformer", **options)
        loaded.requires_grad_(False).eval()
        return loaded if self.models.quantize_base else loaded.to(device())

    @cached_property
    def scheduler(self) -> FlowMatchEulerDiscreteScheduler:
        """The flow's scheduler."""
        return load_component(FlowMatchEulerDiscreteScheduler, self.models.transformer, "scheduler")

    @cached_property
    def vae(self) -> AutoencoderKL:
        """The frozen autoencoder; channels last, which is a quarter faster on a CPU."""
        loaded = load_component(AutoencoderKL, self.models.vae, "vae").requires_grad_(False).eval()
        return loaded.to(device(), memory_format=torch.channels_last)

    @cached_property
    def vae_key(self) -> str:
        """What identifies the autoencoder's weights (`location_key`)."""
        return location_key(self.models.vae, "vae")

    def free_encoders(self) -> None:
        """Take the VAE and the text encoders out of memory until they are used again."""
        self.__dict__.pop("vae", None)
        self.text.free()
        if device().type == "cuda":
            torch.cuda.empty_cache()

    @property
    def channels(self) -> int:
        """Input channels of the transformer."""
        return self.transformer.config.in_channels

    @property
    def time_shift(self) -> float:
        """How far flow times are moved towards noise, in training as in sampling."""
        return time_shift(self.scheduler)

    def velocity(
        self, output: torch.Tensor, x_t: torch.Tensor, time: torch.Tensor, source: torch.Tensor
    ) -> torch.Tensor:
        """The target's velocity [B, N, 4C] that the transformer's `output` for it means, at x_t and flow time [B].

        With `models.output` "change" the output is x_0 - source, and v = (x_t - x_0) / t.
        """
        if self.models.output == "velocity":
            return output
        return (x_t - source - output) / time.view(-1, 1, 1).clamp(min=SHORTEST_TIME)

    @torch.no_grad()
    def encode(self, images: torch.Tensor) -> torch.Tensor:
        """Pictures [B, 3, H, W] in [0, 1] to packed, scaled latents [B, N, 4C] (the posterior's mode)."""
        with autocast():
            latents = self.vae.encode(images.to(device()) * 2 - 1).latent_dist.mode()
        config = self.vae_config
        return pack((latents.float() - (config.shift_factor or 0.0)) * config.scaling_factor)

    def grey(self, size: int) -> torch.Tensor:
        """Packed latents [1, N, 4C] of a mid-grey picture of `size` pixels: a target of which nothing is known."""
        if size not in self._grey:
            self._grey[size] = self.encode(torch.full((1, 3, size, size), 0.5))
        return self._grey[size]

    @torch.no_grad()
    def decode(self, tokens: torch.Tensor) -> torch.Tensor:
        """Packed, scaled latents to pictures [B, 3, H, W] in [0, 1]."""
        config = self.vae_config
        with autocast():
            images = self.vae.decode(unpack(tokens) / config.scaling_factor + (config.shift_factor or 0.0)).sample
        return (images.float() / 2 + 0.5).clamp(0, 1)

    def predict(
        self,
        features: torch.Tensor,
        ids: torch.Tensor,
        time: torch.Tensor,
        text: TextStates,
        guidance: float = 1.0,
        control: Callable[[torch.Tensor | None], dict] | None = None,
    ) -> torch.Tensor:
        """The transformer's output [B, T, 4C] for all tokens.

        `features` [B, T, in_channels] and `ids` [T, 3] are from `panels.assemble`. `control` maps the guidance [B]
        (None where the model has none) to a ControlNet's residuals.
        """
        guided = torch.full_like(time, guidance) if self.transformer.config.guidance_embeds else None
        with autocast():
            return self.transformer(
                hidden_states=features,
                encoder_hidden_states=text.sequence,
                pooled_projections=text.pooled,
                timestep=time,
                guidance=guided,
                return_dict=False,
                **(control(guided) if control else {}),
                img_ids=ids,
                txt_ids=torch.zeros(text.sequence.shape[1], 3, device=ids.device),
            )[0].float()
