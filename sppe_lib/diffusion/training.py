"""One training loop for all that is learnt here: recovery methods, ERMA and the miniature's own models.

A step is a function of the weights and its number; what is random in it is drawn from generators seeded by that
number. So a run that is killed and started again ends with the same weights as one that was not.
"""

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch

from sppe_lib.diffusion.processes import average_gradients, average_values, process
from sppe_lib.errors import ConfigError, KitError, ResourceError
from sppe_lib.runtime import atomic_path, compute_dtype, device, progress

Parameters = Mapping[str, torch.nn.Parameter]

Losses = Callable[[int], Mapping[str, torch.Tensor]]
"""Step, from 0 -> named scalar losses; their sum is minimised."""

Keep = Callable[[pd.DataFrame], None]
"""Called with the log (step, losses, learning rate, seconds), the averaged weights in place."""


@dataclass(frozen=True)
class Schedule:
    """Learning rate of a run: linear warm-up to `peak`, constant, cosine to zero over the last `cooldown` steps."""

    peak: float
    steps: int
    warmup: int
    cooldown: int = 0

    def rate(self, step: int) -> float:
        """The learning rate of a step, from 0."""
        rise = min(1.0, (step + 1) / max(1, self.warmup))
        left = self.steps - step
        fall = 1.0 if left >= self.cooldown else 0.5 - 0.5 * math.cos(math.pi * left / self.cooldown)
        return self.peak * rise * fall


@dataclass(frozen=True)
class Checkpoint:
    """Where a run's state is kept, every so many steps, and which run it belongs to.

    `identity`: all that decides the weights; the state of another run is not continued but replaced, or refused with
    ConfigError if `refuse_others`. `before`: a state of that step or a later one is of no use either.
    """

    file: Path
    every: int
    identity: str
    before: int | None = None
    refuse_others: bool = False


class Average:
    """Exponential average of parameters; early steps are averaged over a shorter time."""

    def __init__(self, parameters: Parameters, decay: float):
        self.decay = decay
        self.values = {name: value.detach().clone() for name, value in parameters.items()}

    @torch.no_grad()
    def update(self, parameters: Parameters, step: int) -> None:
        """Move towards the parameters after a step, from 0."""
        rate = 1 - min(self.decay, (step + 1) / (step + 10))
        for name, mean in self.values.items():
            mean.lerp_(parameters[name], rate)

    @contextlib.contextmanager
    def in_place_of(self, parameters: Parameters) -> Iterator[None]:
        """The averages as the parameters' values, inside the block."""
        trained = {name: value.data for name, value in parameters.items()}
        try:
            for name, value in parameters.items():
                value.data = self.values[name]
            yield
        finally:
            for name, value in parameters.items():
                value.data = trained[name]


def train(
    name: str,
    parameters: Parameters,
    optimizer: torch.optim.Optimizer,
    schedule: Schedule,
    losses_at: Losses,
    *,
    clip: float = 1.0,
    average: float = 0.0,
    checkpoint: Checkpoint | None = None,
    kept: Mapping[int, Keep] | None = None,
    stop_after: int | None = None,
) -> pd.DataFrame:
    """Minimise the losses over `schedule.steps` steps, in place; returns the log (step, losses, rate, seconds).

    A parameter group's "relative" is its rate relative to the schedule's. `clip`: largest norm of the gradient.
    `average`: decay of the weights' average, or 0 for none. `kept`: number of steps -> what the main process calls
    when they are done; the last one also where a finished run is continued. `stop_after` ends early, as a kill would.
    Raises KitError on a loss, gradient or weight that is not finite and ResourceError where memory does not suffice;
    the last good checkpoint stays.
    """
    kept = kept or {}
    averaged = Average(parameters, average) if average else None
    start, log = _resume(name, checkpoint, parameters, optimizer, averaged)
    main = process().is_main_process

    def keep(done: int) -> None:
        _require_finite(name, done, parameters.values())
        with averaged.in_place_of(parameters) if averaged else contextlib.nullcontext():
            kept[done](pd.DataFrame(log))

    for step in progress(range(start, schedule.steps), f"train {name}", total=schedule.steps - start):
        began = time.perf_counter()
        rate = schedule.rate(step)
        for group in optimizer.param_groups:
            group["lr"] = rate * group.get("relative", 1.0)
        try:
            losses = losses_at(step)
            optimizer.zero_grad(set_to_none=True)
            sum(losses.values()).backward()
        except torch.OutOfMemoryError:
            raise ResourceError(
                f"Training {name} needs more memory than there is: lower its batch in params.yaml or, for "
                f"a recovery method, set recovery.training.gradient_checkpointing or models.quantize_base."
            ) from None
        found = average_values({key: float(value.detach()) for key, value in losses.items()})
        _require_finite(name, step, [torch.tensor(list(found.values()))])
        average_gradients(parameters.values())
        _require_finite(name, step, [torch.nn.utils.clip_grad_norm_(parameters.values(), clip)])
        optimizer.step()
        if averaged is not None:
            averaged.update(parameters, step)
        log.append({"step": step, **found, "learning_rate": rate, "seconds": time.perf_counter() - began})
        done = step + 1
        if main and done in kept and done < schedule.steps:
            keep(done)
        if main and checkpoint and (done % checkpoint.every == 0 or done == schedule.steps):
            _save(name, checkpoint, done, parameters, optimizer, averaged, log)
        if stop_after is not None and done >= stop_after:
            return pd.DataFrame(log)
    if main and schedule.steps in kept:
        keep(schedule.steps)
    process().wait_for_everyone()
    return pd.DataFrame(log)


def _require_finite(name: str, step: int, values) -> None:
    if not all(bool(torch.isfinite(value).all()) for value in values):
        raise KitError(
            f"Training {name} stopped at step {step}: a loss, gradient or weight is not finite; lower its rate in "
            f"params.yaml and run again (a checkpoint before it is kept)."
        )


def _save(name: str, checkpoint: Checkpoint, done: int, parameters: Parameters, optimizer, averaged, log) -> None:
    _require_finite(name, done, parameters.values())
    state = {
        "identity": checkpoint.identity,
        "step": done,
        "log": log,
        "optimizer": optimizer.state_dict(),
        "average": averaged.values if averaged else None,
        "parameters": {key: value.detach() for key, value in parameters.items()},
    }
    with atomic_path(checkpoint.file) as temporary:
        torch.save(state, temporary)


def _resume(
    name: str, checkpoint: Checkpoint | None, parameters: Parameters, optimizer, averaged: Average | None
) -> tuple[int, list[dict]]:
    if checkpoint is None or not checkpoint.file.is_file():
        return 0, []
    try:
        state = torch.load(checkpoint.file, map_location="cpu", weights_only=True)
    except Exception:  # a checkpoint that cannot be read is worth no more than none
        return 0, []
    if state["identity"] != checkpoint.identity or state["parameters"].keys() != parameters.keys():
        if checkpoint.refuse_others:
            raise ConfigError(
                f"The checkpoint {checkpoint.file.name!r} of {name} was made with other settings: use the same ones, "
                f"or delete it to start again."
            )
        return 0, []
    if checkpoint.before is not None and state["step"] >= checkpoint.before:
        return 0, []
    with torch.no_grad():
        for key, value in parameters.items():
            value.copy_(state["parameters"][key])
            if averaged is not None:
                averaged.values[key].copy_(state["average"][key])
    optimizer.load_state_dict(state["optimizer"])
    return state["step"], state["log"]


def machine_record() -> dict[str, str | int]:
    """Where a run was made, for its manifest."""
    where = device()
    name = torch.cuda.get_device_name(where) if where.type == "cuda" else where.type
    return {
        "device": name,
        "processes": process().num_processes,
        "dtype": str(compute_dtype()).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
