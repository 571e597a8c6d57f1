"""ERMA: predict editability from (I, S, P) before anything is uploaded (paper, Eq. 1–5).

Frozen CLIP features of source, surrogate and instruction, computed once, are combined into one vector, and a small
head maps it to (y + 1) / 2.

One rule selects the checkpoint: the highest mean of SRCC and PLCC on the validation split (the release keeps one
whenever either improves, which names no single winner). Source and surrogate are mirrored together (the release draws
the two flips separately, and so compares a picture with the mirror image of its surrogate).
"""

import json
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.functional import mse_loss

from sppe_lib.clip import DatasetFeatures, cosine, load_clip
from sppe_lib.config import EditabilityParameters
from sppe_lib.data.labels import training_target
from sppe_lib.diffusion.training import Schedule, train
from sppe_lib.editability.scores import plcc, srcc
from sppe_lib.errors import ConfigError, DataError, KitError, ResourceError
from sppe_lib.runtime import atomic_path, seed_of


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


@dataclass(frozen=True)
class ErmaInputs:
    """Features of a split: `source` and `surrogate` [F, N, d], `text` [N, d]; F is 2 with mirror images, else 1."""

    source: torch.Tensor
    surrogate: torch.Tensor
    text: torch.Tensor

    def rows(self, rows: torch.Tensor, mirrored: torch.Tensor | int = 0) -> torch.Tensor:
        """Input vectors [B, 6d + 3] of some rows; where `mirrored` is 1, of both mirror images."""
        return combine(self.source[mirrored, rows], self.surrogate[mirrored, rows], self.text[rows])

    def all(self) -> torch.Tensor:
        """Input vectors [N, 6d + 3] of every row, not mirrored."""
        return self.rows(torch.arange(len(self.text)))


def erma_inputs(features: DatasetFeatures, with_mirrored: bool = False) -> ErmaInputs:
    """A split's features for ERMA."""
    flips = (False, True) if with_mirrored else (False,)
    pictures = (torch.stack([features.images(column, flip) for flip in flips]) for column in ("source", "surrogate"))
    return ErmaInputs(*pictures, features.texts())


@torch.no_grad()
def predict_cosines(head: ErmaHead, inputs: torch.Tensor) -> np.ndarray:
    """Predicted labels [B] on the scale of the label itself, a cosine in (-1, 1)."""
    return (2 * head.eval()(inputs) - 1).numpy()


@dataclass(frozen=True)
class TrainedErma:
    """The selected head, its training log (one row per validation) and the selected step."""

    head: ErmaHead
    log: pd.DataFrame
    step: int


def train_erma(
    train_inputs: ErmaInputs,
    train_labels: np.ndarray,
    validation: ErmaInputs,
    validation_labels: np.ndarray,
    parameters: EditabilityParameters,
) -> TrainedErma:
    """Train the head on the CPU (it is small, and there the same seed gives the same weights).

    Labels are cosines [N]; NaN rows are left out. Raises DataError where a split has too few labels, ConfigError where
    there is no step to train, KitError where features, loss or predictions are not finite.
    """
    usable = torch.from_numpy(np.flatnonzero(np.isfinite(train_labels)))
    if len(usable) < 2 or np.isfinite(validation_labels).sum() < 2:
        raise DataError(
            "ERMA needs at least two defined labels in the train and in the val split; build a larger benchmark "
            "(benchmark.train_pairs and benchmark.val_pairs in params.yaml)."
        )
    steps = parameters.steps
    if steps < 1:
        raise ConfigError("editability.steps is 0, so there is no ERMA to select; set it to at least 1 in params.yaml.")
    targets, batch = torch.from_numpy(training_target(train_labels)).float(), min(parameters.batch, len(usable))
    draws = torch.Generator().manual_seed(seed_of("erma", parameters.seed))
    orders = (usable[torch.randperm(len(usable), generator=draws)] for _ in count())
    batches = (rows for order in orders for rows in order.split(batch) if len(rows) == batch)
    validation_inputs, rows_log, best = validation.all(), [], None

    def losses_at(step: int) -> dict[str, torch.Tensor]:
        rows = next(batches)
        mirrored = torch.randint(len(train_inputs.source), (batch,), generator=draws)
        return {"loss": mse_loss(head.train()(train_inputs.rows(rows, mirrored)), targets[rows])}

    def validate(log: pd.DataFrame) -> None:
        nonlocal best
        predicted = predict_cosines(head, validation_inputs)
        if not np.isfinite(predicted).all():
            raise KitError(f"ERMA predicts no finite number at step {len(log)}: lower editability.learning_rate.")
        loss = float(np.mean(log["loss"].to_numpy()[rows_log[-1]["step"] if rows_log else 0 :]))
        ordered, linear = (correlation(predicted, validation_labels) for correlation in (srcc, plcc))
        # A constant prediction has no correlation; it must not win.
        selection = float(np.nan_to_num((ordered + linear) / 2, nan=-1.0))
        found = {"step": len(log), "loss": loss, "validation_srcc": ordered, "validation_plcc": linear}
        rows_log.append(found | {"selection": selection})
        if best is None or selection > best[0]:
            best = selection, len(log), {name: value.clone() for name, value in head.state_dict().items()}

    with torch.random.fork_rng():
        torch.manual_seed(seed_of("erma head", parameters.seed))
        head = ErmaHead(train_inputs.text.shape[1])
        optimizer = torch.optim.AdamW(head.parameters(), weight_decay=parameters.weight_decay)
        warmup, every = parameters.warmup_steps, parameters.validate_every
        schedule = Schedule(parameters.learning_rate, steps, warmup, max(steps - warmup, 0))
        kept = dict.fromkeys((*range(parameters.validate_from or every, steps, every), steps), validate)
        train("ERMA", dict(head.named_parameters()), optimizer, schedule, losses_at, kept=kept)
    head.load_state_dict(best[2])
    return TrainedErma(head.eval(), pd.DataFrame(rows_log), best[1])


def save_erma(folder: Path, trained: TrainedErma, clip_location: str, parameters: EditabilityParameters) -> None:
    """Write the head (safetensors), its configuration (JSON) and the training log (CSV), all or nothing."""
    config = {
        "clip": clip_location,
        "dimension": trained.head.dimension,
        "selected_step": trained.step,
        "selection_rule": "highest mean of SRCC and PLCC on the validation split",
        "training": asdict(parameters),
    }
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        save_file(trained.head.state_dict(), temporary / "head.safetensors")
        (temporary / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        trained.log.to_csv(temporary / "log.csv", index=False)


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
