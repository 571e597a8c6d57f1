"""CLIP features, shared by labels, ERMA and evaluation: one way of preparing images everywhere.

Images are stretched to the model's input size with antialiased bicubic resampling, as the paper's
release does, and normalised with the mean and deviation of the model's own processor.
"""

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import interpolate

from sppe_lib.errors import DataError, ResourceError
from sppe_lib.hub import load_problem
from sppe_lib.locations import hub_options, model_location
from sppe_lib.runtime import device

if TYPE_CHECKING:  # imported where they are needed: they take seconds; most pages need no CLIP, a photo no data set
    from datasets import Dataset
    from transformers import CLIPModel

TEXT_BATCH = 256
PAIR_COLUMNS = ("source", "surrogate")
"""Image columns that all instances of a pair share."""


@dataclass(frozen=True)
class ClipFeatures:
    """A frozen CLIP, `mean` and `deviation` [1, 3, 1, 1], and `image_size`, the side in pixels of its input."""

    model: "CLIPModel"
    tokenizer: object
    mean: torch.Tensor
    deviation: torch.Tensor
    image_size: int

    @property
    def dimension(self) -> int:
        """Length d of a feature vector."""
        return self.model.config.projection_dim

    @torch.no_grad()
    def image_features(self, images: torch.Tensor, batch: int = 64) -> torch.Tensor:
        """Projected image features, not normalised: [B, 3, H, W] in [0, 1] to float32 [B, d] on the CPU.

        `batch` images are in the model at a time. Raises DataError for another shape.
        """
        if images.ndim != 4 or images.shape[1] != 3:
            raise DataError(f"CLIP expects images of shape [B, 3, H, W], not {list(images.shape)}; add the batch axis.")
        features = [torch.empty(0, self.dimension)]
        for start in range(0, len(images), batch):
            pixels = self._prepare(images[start : start + batch].to(self.mean.device, torch.float32))
            features.append(_pooled(self.model.get_image_features(pixel_values=pixels)).float().cpu())
        return torch.cat(features)

    @torch.no_grad()
    def text_features(self, texts: list[str]) -> torch.Tensor:
        """Projected text features, not normalised: B strings, cut to the context, to float32 [B, d] on the CPU."""
        features, length = [torch.empty(0, self.dimension)], self.model.config.text_config.max_position_embeddings
        # Padding to the full context keeps a text's features independent of its neighbours' lengths.
        options = {"padding": "max_length", "truncation": True, "max_length": length, "return_tensors": "pt"}
        for start in range(0, len(texts), TEXT_BATCH):
            tokens = self.tokenizer(list(texts[start : start + TEXT_BATCH]), **options).to(self.mean.device)
            given = {name: tokens[name] for name in ("input_ids", "attention_mask")}
            features.append(_pooled(self.model.get_text_features(**given)).float().cpu())
        return torch.cat(features)

    def _prepare(self, images: torch.Tensor) -> torch.Tensor:
        if images.shape[-2:] != (self.image_size, self.image_size):
            images = interpolate(images, self.image_size, mode="bicubic", align_corners=False, antialias=True)
        # Bicubic resampling overshoots at edges; an 8-bit image could not.
        return (images.clamp(0, 1) - self.mean) / self.deviation


def _pooled(output) -> torch.Tensor:
    # transformers 4 returned the projected features themselves, transformers 5 an object that holds them.
    return output if isinstance(output, torch.Tensor) else output.pooler_output


def _mean_and_deviation(location: str, options: dict) -> list[torch.Tensor]:
    """What an image processor's file says; its class would import torchvision, which takes seconds."""
    from transformers import utils

    for name in (utils.IMAGE_PROCESSOR_NAME, utils.PROCESSOR_NAME):
        file = utils.cached_file(location, name, _raise_exceptions_for_missing_entries=False, **options)
        content = json.loads(Path(file).read_text(encoding="utf-8")) if file else {}
        found = content.get("image_processor", content)  # within the file of a whole processor
        if found.get("image_mean") and found.get("image_std"):
            return [torch.tensor(found["image_mean"]), torch.tensor(found["image_std"])]
    raise OSError(f"neither {utils.IMAGE_PROCESSOR_NAME} nor {utils.PROCESSOR_NAME} holds image_mean and image_std")


@cache
def load_clip(location: str) -> ClipFeatures:
    """Load a CLIP once a process, in float32 and evaluation mode, on the chosen device.

    `location` as in `models` of params.yaml. Raises ResourceError where the model, its tokenizer or its image processor
    is not there.
    """
    from transformers import AutoTokenizer, CLIPModel
    from transformers.utils import logging

    resolved, options = model_location(location), hub_options(location)
    if location.startswith("weights/") and not Path(resolved).is_dir():
        raise ResourceError(
            f"The shipped CLIP is not in sppe_lib/{location}: restore it with git or run 00_pretrain_miniature."
        )
    logging.disable_progress_bar()
    try:
        model = CLIPModel.from_pretrained(resolved, dtype=torch.float32, **options)
        tokenizer = AutoTokenizer.from_pretrained(resolved, **options)
        mean, deviation = (value.view(1, 3, 1, 1) for value in _mean_and_deviation(resolved, options))
    except (OSError, ValueError) as error:
        raise ResourceError(
            f"No complete CLIP (model, tokenizer, image processor) at {location!r} ({load_problem(error)}); "
            f"download it or point models.clip and models.metrics_clip of params.yaml to a folder that has one."
        ) from None
    model, size = model.to(device()).eval().requires_grad_(False), model.config.vision_config.image_size
    return ClipFeatures(model, tokenizer, mean.to(device()), deviation.to(device()), size)


@dataclass
class DatasetFeatures:
    """Features of a split's images and instructions, by row, each computed once; `batch` images at a time."""

    clip: ClipFeatures
    dataset: "Dataset"
    batch: int = 64
    _images: dict[tuple[str, bool], torch.Tensor] = field(default_factory=dict, repr=False)

    def images(self, column: str, flipped: bool = False) -> torch.Tensor:
        """Features [N, d] of one image column, mirrored left to right if `flipped`."""
        from sppe_lib.data.schema import image_tensor

        if (column, flipped) not in self._images:
            identity = self.dataset["pair_id" if column in PAIR_COLUMNS else "instance_id"][:]
            first_row, group = _unique(identity)
            column_only = self.dataset.select_columns([column])
            parts = [torch.empty(0, self.clip.dimension)]
            for start in range(0, len(first_row), self.batch):
                rows = first_row[start : start + self.batch]
                images = torch.stack([image_tensor(column_only[row][column]) for row in rows])
                parts.append(self.clip.image_features(images.flip(-1) if flipped else images))
            self._images[column, flipped] = torch.cat(parts)[group]
        return self._images[column, flipped]

    def texts(self) -> torch.Tensor:
        """Features [N, d] of the instructions."""
        instructions = self.dataset["instruction"][:]
        first_row, group = _unique(instructions)
        return self.clip.text_features([instructions[row] for row in first_row])[group]


def _unique(values: list[str]) -> tuple[list[int], torch.Tensor]:
    """The first row of each distinct value, and for every row the number of its value."""
    import pandas as pd

    numbers, first = pd.factorize(pd.Series(values, dtype=object))
    return pd.Series(numbers).drop_duplicates().index.tolist(), torch.tensor(numbers, dtype=torch.long)


NO_CHANGE = 1e-4
"""A change of features smaller than this share of their length is rounding, not a direction."""


def cosine(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Row-wise cosine of [B, d] and [B, d] as [B] in [-1, 1]; NaN where a row is zero."""
    lengths = first.norm(dim=-1) * second.norm(dim=-1)
    cosines = ((first * second).sum(-1) / lengths).clamp(-1, 1)
    return torch.where(lengths > 0, cosines, torch.nan)


def direction_cosine(
    before: torch.Tensor, after: torch.Tensor, other_before: torch.Tensor, other_after: torch.Tensor
) -> torch.Tensor:
    """cos(after - before, other_after - other_before) of features [B, d], row by row: labels, DirI and DirS.

    Returns [B] in [-1, 1], NaN where either side does not change: undefined, to be reported, never silently zero.
    """
    cosines = cosine(after - before, other_after - other_before)
    return torch.where(changes(before, after) & changes(other_before, other_after), cosines, torch.nan)


def changes(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """Whether features [B, d] differ by more than rounding, row by row: bool [B]."""
    # The same image in another batch gives features that differ in their last bits.
    return (after - before).norm(dim=-1) > NO_CHANGE * torch.maximum(before.norm(dim=-1), after.norm(dim=-1))
