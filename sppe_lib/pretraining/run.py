"""What the trainings of the small foundation models share: settings, optimiser, record; the loop is everyone's."""

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pandas as pd
import torch
from torch import nn
from torch.optim import _muon

from sppe_lib.diffusion.training import Checkpoint, Schedule, train
from sppe_lib.runtime import write_text


@dataclass(frozen=True)
class PretrainingSettings:
    """How long and how fast to train; a model's settings extend it."""

    steps: int  # of the optimiser, in all
    learning_rate: float
    records: int = 4000  # of the pictures, held-out ones among them: pictures made later change nothing
    matrix_rate: float = 2.5  # learning rate of matrices and kernels (Muon) relative to that of all else (AdamW)
    warmup_steps: int = 100  # linear rise of the learning rate
    cooldown_steps: int = 300  # its final cosine to zero
    weight_decay: float = 1e-3
    average: float = 0.995  # decay of the exponential average of the weights, which is exported
    clip_norm: float = 1.0  # largest norm of the gradient
    checkpoint_every: int = 100  # steps; it does not change the weights
    seed: int = 0  # of weights, batches and noise


# Settings that may differ between a checkpoint and the run that continues it, before the final cosine has begun.
MAY_CHANGE = ("steps", "cooldown_steps", "checkpoint_every")


def orthogonalised(grad: torch.Tensor, coefficients: tuple[float, float, float], steps: int, eps: float):
    """Muon's Newton-Schulz iteration on a matrix, as torch's but in float32: bfloat16 is slow where it is emulated."""
    a, b, c = coefficients
    tall = grad.size(0) > grad.size(1)
    matrix = grad.T if tall else grad
    matrix = matrix / matrix.norm().clamp(min=eps)
    for _ in range(steps):
        gram = matrix @ matrix.T
        matrix = torch.addmm(matrix, torch.addmm(gram, gram, gram, beta=b, alpha=c), matrix, beta=a)
    return matrix.T if tall else matrix


class MatrixOptimizer:
    """Muon for a model's matrices and kernels (it needs half the steps of AdamW on small ones), AdamW for all else."""

    def __init__(self, model: nn.Module, settings: PretrainingSettings):
        layers = [layer for layer in model.modules() if isinstance(layer, (nn.Linear, nn.Conv2d))]
        self.weights = [layer.weight for layer in layers]
        # torch's Muon takes matrices only: kernels are presented to it as matrices that share their memory.
        self.matrices = [nn.Parameter(weight.detach().view(len(weight), -1)) for weight in self.weights]
        known = set(map(id, self.weights))
        others = [parameter for parameter in model.parameters() if id(parameter) not in known]
        group = {"params": self.matrices, "relative": settings.matrix_rate}
        self.muon = torch.optim.Muon([group], weight_decay=settings.weight_decay, adjust_lr_fn="match_rms_adamw")
        self.adam = torch.optim.AdamW(others, betas=(0.9, 0.99), weight_decay=0.0)
        self.zero_grad = model.zero_grad

    @property
    def param_groups(self) -> list[dict]:
        """Groups of both optimisers."""
        return self.muon.param_groups + self.adam.param_groups

    def step(self) -> None:
        """Apply the gradients that the model's parameters hold."""
        for matrix, weight in zip(self.matrices, self.weights, strict=True):
            matrix.grad = None if weight.grad is None else weight.grad.view(matrix.shape)
        with patch.object(_muon, "_zeropower_via_newtonschulz", orthogonalised):
            self.muon.step()
        self.adam.step()

    def state_dict(self) -> dict:
        """State of both optimisers."""
        return {"muon": self.muon.state_dict(), "adam": self.adam.state_dict()}

    def load_state_dict(self, state: dict) -> None:
        """Restore what `state_dict` returned."""
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])


def pretrain(
    name: str,
    model: nn.Module,
    loss_at: Callable[[int], torch.Tensor],
    settings: PretrainingSettings,
    checkpoint: str | Path,
    export: Callable[[dict], dict],
    builds_on: str = "",
) -> dict:
    """Train `model` to `settings.steps`, continuing from `checkpoint` if it exists; returns the last measurements.

    loss_at(step) -> scalar loss of a step. export(record), called at every checkpoint and at the end with the averaged
    weights in the model, writes what can be shipped and returns measurements; record holds steps, seconds and settings.
    So the output can be used before the end. `builds_on`: a digest of the other models that the loss reads. Raises
    ConfigError for a checkpoint of other settings or other such models, and as `train`.
    """
    measured, every, values = {}, settings.checkpoint_every, dataclasses.asdict(settings)

    def ship(log: pd.DataFrame) -> None:
        done = {"steps": len(log), "seconds": round(float(log["seconds"].sum()), 1)}
        measured.update(export({**done, "settings": values}))
        print(json.dumps({**done, "loss": log["loss"].iloc[-every:].mean(), **measured}), flush=True)

    fixed = {key: value for key, value in values.items() if key not in MAY_CHANGE}
    train(
        name,
        dict(model.train().named_parameters()),
        MatrixOptimizer(model, settings),
        Schedule(settings.learning_rate, settings.steps, settings.warmup_steps, settings.cooldown_steps),
        lambda step: {"loss": loss_at(step)},
        clip=settings.clip_norm,
        average=settings.average,
        checkpoint=Checkpoint(Path(checkpoint), every, json.dumps([fixed, builds_on]), refuse_others=True),
        kept=dict.fromkeys((*range(every, settings.steps, every), settings.steps), ship),
    )
    return measured


def write_record(folder: Path, record: dict, measured: dict) -> None:
    """Write training.json: steps, seconds, settings and the measurements on held-out pictures."""
    write_text(folder / "training.json", json.dumps({**record, "held_out": measured}, indent=2) + "\n")


def default_checkpoint(data_folder: str | Path, output_folder: str | Path) -> Path:
    """`<data's parent>/checkpoints/<name of the output folder>.pt`."""
    return Path(data_folder).parent / "checkpoints" / f"{Path(output_folder).name}.pt"
