"""Surrogates of photographs: the private region repainted by a diffusion model.

The vector world draws its own (`world/surrogates.py`); these are for real sources. A `Surrogate` is the only
kind of picture that `cloud_editor` uploads, and only `make_surrogates` makes one.
"""

import io
from collections.abc import Sequence
from dataclasses import InitVar, dataclass
from importlib.resources import files

import numpy as np
import yaml
from PIL import Image
from skimage.measure import block_reduce

from sppe_lib.config import GenerationParameters
from sppe_lib.data import taxonomy
from sppe_lib.errors import ConfigError, DataError
from sppe_lib.hub import load_pipeline, run_pipeline
from sppe_lib.pictures import check_mask, mask_image, plain_rgb, png_bytes, resize_mask, square
from sppe_lib.runtime import progress, torch_generator

PROMPTS = {
    category: f"a photo of {thing}"
    for category, thing in yaml.safe_load(files(__package__).joinpath("prompts.yaml").read_text("utf-8")).items()
}
"""What to paint in a private region, by category (this kit's own)."""

_MAKER = object()


@dataclass(frozen=True)
class Surrogate:
    """A picture whose private region has been repainted: the only thing an editor that uploads will take.

    `name` is the instance's; `png` the encoded picture, bytes so that nothing can be painted back into it.
    Raises TypeError wherever it is made other than by `make_surrogates`.
    """

    name: str
    png: bytes
    maker: InitVar[object] = None

    def __post_init__(self, maker: object) -> None:
        if maker is not _MAKER:
            raise TypeError("A Surrogate is made by make_surrogates only, so that no source can pass for one: call it.")

    @property
    def image(self) -> Image.Image:
        """The picture, RGB."""
        return Image.open(io.BytesIO(self.png)).convert("RGB")


def prompt_for(category: str) -> str:
    """What the surrogate model is asked to paint for a category; raises ConfigError for an unknown one."""
    return PROMPTS[taxonomy.category(category).name]


def make_surrogates(
    images: Sequence[Image.Image],
    masks: Sequence[Image.Image],
    prompts: Sequence[str],
    parameters: GenerationParameters,
    names: Sequence[str],
    strength: float = 0.5,
    may_be_full: Sequence[bool] | None = None,
) -> list[Surrogate]:
    """Repaint the private region of every image: B images, masks (white = private), prompts and names to B surrogates.

    Everything is stretched to squares of `parameters.size` pixels. `strength` (0.1 to 1.0) is the pipeline's own: the
    share of the noise schedule that the region goes through. The noise of an image comes from `parameters.seed` and its
    name; computing in batches can still move a pixel by a level. `may_be_full`: which masks may cover everything (None:
    no mask may). Raises ConfigError, DataError (a mask that does not fit its image, is empty or full) or ResourceError
    before anything is painted.
    """
    if not parameters.surrogate_model:
        raise ConfigError("No surrogate model: choose the profile paper or set generation.surrogate_model.")
    if not 0.1 <= strength <= 1.0 or int(strength * parameters.surrogate_steps) < 1:
        raise ConfigError(
            f"Strength {strength} with {parameters.surrogate_steps} steps paints nothing: choose a strength of 0.1 to "
            f"1.0 and more steps."
        )
    if not len(images) == len(masks) == len(prompts) == len(names):
        numbers = f"{len(images)} images, {len(masks)} masks, {len(prompts)} prompts and {len(names)} names"
        raise DataError(f"{numbers} do not go together: give as many of each.")
    full = may_be_full or [False] * len(images)
    private = [_private(*entry, parameters.size) for entry in zip(images, masks, names, full, strict=True)]
    pipeline = load_pipeline("AutoPipelineForInpainting", parameters.surrogate_model, parameters.surrogate_revision)
    surrogates = []
    for start in progress(range(0, len(images), parameters.batch), "Surrogates"):
        rows = slice(start, start + parameters.batch)
        sources = [square(plain_rgb(image), parameters.size) for image in images[rows]]
        painted = run_pipeline(
            pipeline,
            prompt=list(prompts[rows]),
            image=sources,
            mask_image=[_whole_latents(mask, pipeline.vae_scale_factor) for mask in private[rows]],
            height=parameters.size,
            width=parameters.size,
            strength=strength,
            num_inference_steps=parameters.surrogate_steps,
            guidance_scale=parameters.surrogate_guidance,
            generator=[torch_generator("surrogate", parameters.seed, name) for name in names[rows]],
        )
        for name, picture, source, mask in zip(names[rows], painted, sources, private[rows], strict=True):
            # The VAE alters every pixel a little. Outside M a surrogate equals its source by definition: what is
            # public needs no change, and an edit must not differ there because of the surrogate.
            surrogates.append(Surrogate(name, png_bytes(Image.composite(picture, source, mask)), _MAKER))
    return surrogates


def _private(image: Image.Image, mask: Image.Image, name: str, may_be_full: bool, size: int) -> Image.Image:
    if mask.size != image.size:
        sizes = "{}x{} pixels but its image is {}x{}".format(*mask.size, *image.size)
        raise DataError(f"The mask of {name} is {sizes}; export the mask at the size of its image.")
    private = np.asarray(resize_mask(mask, size)) > 127
    check_mask(private, f"of {name} at {size} pixels", may_be_full)
    return mask_image(private)


def _whole_latents(mask: Image.Image, side: int) -> Image.Image:
    # The pipeline samples the mask at one pixel in each latent, so a thin region could be missed and stay as it is.
    private = block_reduce(np.asarray(mask) > 127, (side, side), np.max)
    return mask_image(private.repeat(side, axis=0).repeat(side, axis=1))
