"""ERMA's training on frozen CLIP features, computed once (paper, Eq. 1–5); `sppe_lib/erma.py` has what is trained.

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
from safetensors.torch import save_file
from torch.nn.functional import mse_loss

from sppe_lib.clip import DatasetFeatures
from sppe_lib.config import EditabilityParameters
from sppe_lib.data.labels import training_target
from sppe_lib.diffusion.training import Schedule, train
from sppe_lib.editability.scores import plcc, srcc
from sppe_lib.erma import ErmaHead, combine, predict_cosines
from sppe_lib.errors import ConfigError, DataError, KitError
from sppe_lib.runtime import atomic_path, seed_of


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
