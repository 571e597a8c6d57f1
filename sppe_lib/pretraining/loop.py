"""The training loop shared by the small foundation models: schedule, average, checkpoints, export.

A step is a pure function of the weights and the step's number (batches and noise are drawn from
generators seeded by it), so a run that was stopped and started again ends with the same weights.
The learning rate is constant between its warm-up and its final cosine, so the number of steps may
also be changed between runs, as long as the final cosine has not begun.
"""

import copy
import dataclasses
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from sppe_lib.errors import ConfigError
from sppe_lib.runtime import atomic_path, progress, write_text


@dataclass(frozen=True)
class LoopSettings:
    """How long and how fast to train; model settings extend it.

    steps: optimiser steps in all. records: how many of the pictures' records to use (held-out ones
    among them), so that pictures made later change nothing. matrix_rate: learning rate of matrices
    and kernels, which Muon trains, relative to that of all else, which AdamW trains. warmup_steps: linear
    rise of the learning rate. cooldown_steps: its final cosine to zero. average: decay of the
    exponential average of the weights that is exported. clip_norm: largest gradient norm.
    checkpoint_seconds: time between checkpoints (it does not change the weights). seed: of weights,
    batches and noise.
    """

    steps: int
    learning_rate: float
    records: int = 4000
    matrix_rate: float = 2.5
    warmup_steps: int = 100
    cooldown_steps: int = 300
    weight_decay: float = 1e-3
    average: float = 0.995
    clip_norm: float = 1.0
    checkpoint_seconds: float = 60.0
    seed: int = 0


MAY_CHANGE = ("steps", "cooldown_steps", "checkpoint_seconds")
"""Settings that may differ between a checkpoint and the run that continues it."""


def learning_rate_at(step: int, settings: LoopSettings) -> float:
    """Learning rate of a step (from 0): linear warm-up, constant, cosine to zero at `settings.steps`."""
    rise = min(1.0, (step + 1) / max(1, settings.warmup_steps))
    left = settings.steps - step
    if left >= settings.cooldown_steps:
        return settings.learning_rate * rise
    fall = 0.5 - 0.5 * math.cos(math.pi * left / settings.cooldown_steps)
    return settings.learning_rate * rise * fall


@torch.no_grad()
def update_average(average: nn.Module, model: nn.Module, step: int, decay: float) -> None:
    """Move the averaged weights towards the model's; early steps are averaged over a shorter time."""
    rate = 1 - min(decay, (step + 1) / (step + 10))
    for mean, value in zip(average.parameters(), model.parameters(), strict=True):
        mean.lerp_(value, rate)


class MatrixOptimizer:
    """Muon for the matrices and convolution kernels of a model, AdamW for everything else.

    On these small models Muon needs about half the steps of AdamW. torch's Muon takes matrices
    only, so kernels are presented to it as matrices that share their memory.
    """

    def __init__(self, model: nn.Module, settings: LoopSettings):
        layers = [layer for layer in model.modules() if isinstance(layer, (nn.Linear, nn.Conv2d))]
        self.weights = [layer.weight for layer in layers]
        self.matrices = [nn.Parameter(weight.detach().view(len(weight), -1)) for weight in self.weights]
        known = {id(weight) for weight in self.weights}
        others = [parameter for parameter in model.parameters() if id(parameter) not in known]
        self.muon = torch.optim.Muon(self.matrices, weight_decay=settings.weight_decay, adjust_lr_fn="match_rms_adamw")
        self.adam = torch.optim.AdamW(others, betas=(0.9, 0.99), weight_decay=0.0)
        self.matrix_rate = settings.matrix_rate

    def step(self, learning_rate: float) -> None:
        """Apply the gradients that the model's parameters hold, then clear them."""
        for matrix, weight in zip(self.matrices, self.weights, strict=True):
            matrix.grad = None if weight.grad is None else weight.grad.view(matrix.shape)
            weight.grad = None
        for optimizer, rate in ((self.muon, self.matrix_rate), (self.adam, 1.0)):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate * rate
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def state_dict(self) -> dict:
        """State of both optimisers."""
        return {"muon": self.muon.state_dict(), "adam": self.adam.state_dict()}

    def load_state_dict(self, state: dict) -> None:
        """Restore what `state_dict` returned."""
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])


def _load(path: Path, settings: LoopSettings) -> dict:
    state = torch.load(path, map_location="cpu", weights_only=True)
    now = dataclasses.asdict(settings)
    for name, value in state["settings"].items():
        # JSON turns tuples into lists; compare what survives it.
        if name not in MAY_CHANGE and json.dumps(now.get(name)) != json.dumps(value):
            raise ConfigError(
                f"The checkpoint {path.name!r} in {path.parent.name!r} was made with {name} = {value}, not "
                f"{now.get(name)}: use the same value or delete the checkpoint to start again."
            )
    return state


def train(
    model: nn.Module,
    loss_at: Callable[[int], torch.Tensor],
    settings: LoopSettings,
    checkpoint: Path,
    export: Callable[[nn.Module, dict], dict],
    description: str,
) -> nn.Module:
    """Train `model` to `settings.steps`, continuing from `checkpoint` if it exists.

    loss_at(step) -> scalar loss of a step. export(averaged model, record) writes what can be
    shipped, is called at every checkpoint and at the end, and returns measurements; record holds
    steps, seconds and the settings. Returns the averaged model. Raises ConfigError when the
    checkpoint was made with other settings.
    """
    optimizer = MatrixOptimizer(model, settings)
    average = copy.deepcopy(model).eval().requires_grad_(False)
    step, seconds, history = 0, 0.0, []
    if checkpoint.is_file():
        state = _load(checkpoint, settings)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        step, seconds, history = state["step"], state["seconds"], state["history"]

    def ship() -> dict:
        record = {"steps": step, "seconds": round(seconds, 1), "settings": dataclasses.asdict(settings)}
        return export(average, record)

    def save(loss: float) -> None:
        measured = ship()
        history.append({"step": step, "seconds": round(seconds, 1), "loss": loss, **measured})
        print(json.dumps(history[-1]), flush=True)
        state = {
            "model": model.state_dict(),
            "average": average.state_dict(),
            "optimizer": optimizer.state_dict(),
            "step": step,
            "seconds": seconds,
            "history": history,
            "settings": dataclasses.asdict(settings),
        }
        with atomic_path(checkpoint) as temporary:
            torch.save(state, temporary)

    if step >= settings.steps:
        ship()
    model.train()
    saved_at = time.monotonic()
    losses: list[float] = []
    for step in progress(range(step, settings.steps), description):
        started = time.monotonic()
        loss = loss_at(step)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), settings.clip_norm)
        optimizer.step(learning_rate_at(step, settings))
        update_average(average, model, step, settings.average)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            raise ConfigError(
                f"{description} diverged at step {step} (the loss is {losses[-1]}): lower "
                "learning_rate and run again; the last checkpoint is intact."
            )
        step += 1
        seconds += time.monotonic() - started
        if step == settings.steps or time.monotonic() - saved_at >= settings.checkpoint_seconds:
            save(sum(losses) / len(losses))
            losses, saved_at = [], time.monotonic()
    return average


def write_record(folder: Path, record: dict, measured: dict) -> None:
    """Write training.json: steps, seconds, settings and the measurements on held-out pictures."""
    write_text(folder / "training.json", json.dumps({**record, "held_out": measured}, indent=2) + "\n")


def run_settings(settings_class: type, description: str):
    """Command line of a training: folders and every setting that is a number, or a list of whole ones, as an option.

    Returns (arguments with .data, .output, .checkpoint; settings).
    """
    import argparse

    shown = argparse.ArgumentDefaultsHelpFormatter
    parser = argparse.ArgumentParser(description=description, formatter_class=shown)
    parser.add_argument("--data", type=Path, required=True, help="folder of pretraining pictures")
    parser.add_argument("--output", type=Path, required=True, help="folder that receives the weights")
    parser.add_argument("--checkpoint", type=Path, help="checkpoint file; default: beside the data")
    names = []
    for field in dataclasses.fields(settings_class):
        if field.type in (int, float):
            names.append(field.name)
            parser.add_argument("--" + field.name.replace("_", "-"), type=field.type, default=field.default)
        elif field.type == tuple[int, ...]:
            names.append(field.name)
            parser.add_argument("--" + field.name.replace("_", "-"), type=int, nargs="*", default=field.default)
    arguments = parser.parse_args()
    values = {name: getattr(arguments, name) for name in names}
    return arguments, settings_class(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    )


def default_checkpoint(data_folder: Path, output_folder: Path) -> Path:
    """`<data's parent>/checkpoints/<name of the output folder>.pt`."""
    return Path(data_folder).parent / "checkpoints" / f"{Path(output_folder).name}.pt"
