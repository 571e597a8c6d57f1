"""ERMA as it is used: the head, what it is given, and the predictor of editability; its training is elsewhere.

Frozen CLIP features of source, surrogate and instruction are combined into one vector, and a small head maps it to
(y + 1) / 2 (paper, Eq. 1–5). `editability/erma_training.py` trains it.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from sppe_lib.clip import cosine, load_clip
from sppe_lib.errors import DataError, ResourceError


def combine(source: torch.Tensor, surrogate: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
    """ERMA's input [B, 6d + 3] from three [B, d] features as CLIP gives them; the three s are cosines.

    x = [f_I; f_S; f_I * f_S; f_S - f_I; |f_S - f_I|; f_T; s_IS; s_IT; s_ST].
    """
    change = surrogate - source
    cosines = torch.stack([cosine(source, surrogate), cosine(source, text), cosine(surrogate, text)], dim=1)
    return torch.cat([source, surrogate, source * surrogate, change, change.abs(), text, cosines], dim=1)


class ErmaHead(nn.Sequential):
    """6d + 3 → 512 → 256 → 64 → 1, with LayerNorm, GELU and dropout as in the paper's release; output in (0, 1)."""

    def __init__(self, dimension: int):
        super().__init__(
            nn.Linear(6 * dimension + 3, 512), nn.LayerNorm(512), nn.GELU(), nn.Dropout(0.3),
            nn.Linear(512, 256), nn.LayerNorm(256), nn.GELU(), nn.Dropout(0.2),
            nn.Linear(256, 64), nn.GELU(), nn.Dropout(0.1),
            nn.Linear(64, 1), nn.Sigmoid(), nn.Flatten(0),
        )  # fmt: skip
        self.dimension = dimension


@torch.no_grad()
def predict_cosines(head: ErmaHead, inputs: torch.Tensor) -> np.ndarray:
    """Predicted labels [B] on the scale of the label itself, a cosine in (-1, 1)."""
    return (2 * head.eval()(inputs) - 1).numpy()


@dataclass(frozen=True)
class ErmaPredictor:
    """A trained ERMA with the CLIP it was trained on.

    predictor = ErmaPredictor.load(profile.results / "editability" / "erma")
    predictor.predict(source, surrogate, ["Turn to be vintage"])
    """

    head: ErmaHead
    clip_location: str

    @classmethod
    def load(cls, folder: Path) -> "ErmaPredictor":
        """Load what `save_erma` wrote. Raises ResourceError if it is not there or not complete."""
        folder = Path(folder)
        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            head = ErmaHead(config["dimension"])
            head.load_state_dict(load_file(folder / "head.safetensors"))
        except Exception as error:
            raise ResourceError(
                f"No complete ERMA in {folder.name!r} ({type(error).__name__}: {str(error).splitlines()[0]}); "
                f"run the editability stage (02_editability) first."
            ) from None
        return cls(head.eval(), config["clip"])

    def predict(self, source: torch.Tensor, surrogate: torch.Tensor, instructions: list[str]) -> np.ndarray:
        """Predicted editability [B], a cosine in (-1, 1): the higher, the more alike the two edits.

        `source`, `surrogate`: [B, 3, H, W] in [0, 1]. Raises DataError where the numbers of the three differ.
        """
        return predict_cosines(self.head, self.inputs(source, surrogate, instructions))

    def inputs(self, source: torch.Tensor, surrogate: torch.Tensor, instructions: list[str]) -> torch.Tensor:
        """What the head sees of them, as `combine` says: [B, 6d + 3]."""
        if not len(source) == len(surrogate) == len(instructions):
            raise DataError(
                f"ERMA got {len(source)} sources, {len(surrogate)} surrogates and {len(instructions)} instructions; "
                f"give one of each per instance."
            )
        clip = load_clip(self.clip_location)
        return combine(clip.image_features(source), clip.image_features(surrogate), clip.text_features(instructions))
