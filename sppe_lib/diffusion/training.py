"""One training loop for every trained recovery method: seeded per step, resumable exactly.

Nothing random is carried from step to step: rows, times and noise of step k come from the seed and k.
So a run that is killed and started again ends with the same weights as one that was not.
"""

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import pandas as pd
import torch

from sppe_lib.config import RecoveryParameters
from sppe_lib.errors import KitError
from sppe_lib.runtime import atomic_path, compute_dtype, device, numpy_generator, progress, torch_generator

Losses = Mapping[str, torch.Tensor]
StepLosses = Callable[[int, list[int], torch.Generator], Losses]
"""(step, rows of the batch, generator) -> named scalar losses; their sum is minimised."""


@dataclass(frozen=True)
class TrainingSettings:
    """What a run is: all that decides its weights except the data and the model."""

    name: str
    steps: int
    batch: int
    learning_rate: float
    seed: int
    checkpoint_every: int
    schedule: str = "cosine"
    weight_decay: float = 0.0
    gradient_clip: float = 1.0

    @classmethod
    def of(cls, name: str, parameters: RecoveryParameters) -> "TrainingSettings":
        """The settings that a profile's parameters give a method."""
        shared = {field.name: getattr(parameters, field.name, None) for field in fields(cls)}
        return cls(name, **{key: value for key, value in shared.items() if value is not None})


def learning_rate_at(step: int, settings: TrainingSettings) -> float:
    """Linear warm-up over the first 5 % of the steps, then constant, or a cosine to zero."""
    warmup = max(1, settings.steps // 20)
    if step < warmup:
        return settings.learning_rate * (step + 1) / warmup
    if settings.schedule == "constant":
        return settings.learning_rate
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, settings.steps - warmup)))


def rows_at(step: int, settings: TrainingSettings, count: int) -> list[int]:
    """Rows of the batch of a step: each epoch is one seeded permutation of the split, batches run across epochs."""
    rows, position = [], step * settings.batch
    while len(rows) < settings.batch:
        epoch, offset = divmod(position, count)
        taken = numpy_generator("epoch", settings.seed, epoch).permutation(count)[offset : offset + settings.batch - len(rows)]
        rows += taken.tolist()
        position += len(taken)
    return rows


def train(
    parameters: dict[str, torch.nn.Parameter], losses_at: StepLosses, settings: TrainingSettings, count: int,
    checkpoint: Path, fingerprint: str = "", at_step: Callable[[int, list[dict]], None] | None = None,
    stop_after: int | None = None,
) -> pd.DataFrame:
    """Minimise the losses over `settings.steps` steps; returns the log (step, losses, learning rate, seconds).

    `parameters` by name are trained in place. `checkpoint` is written atomically every
    `checkpoint_every` steps and continued from if it was made by the same settings and `fingerprint`.
    `at_step(done, log)` is called after every step, before its checkpoint. `stop_after` ends early, as a
    kill would (for tests). Raises KitError on a loss that is not finite;
    the last good checkpoint stays.
    """
    optimizer = torch.optim.AdamW(
        parameters.values(), lr=settings.learning_rate, betas=(0.9, 0.99), weight_decay=settings.weight_decay
    )
    identity = json.dumps([asdict(settings), fingerprint], sort_keys=True)
    start, log = _resume(checkpoint, identity, parameters, optimizer)
    for step in progress(range(start, settings.steps), f"train {settings.name}", total=settings.steps - start):
        began = time.perf_counter()
        rate = learning_rate_at(step, settings)
        for group in optimizer.param_groups:
            group["lr"] = rate
        rows = rows_at(step, settings, count)
        losses = losses_at(step, rows, torch_generator("train", settings.name, settings.seed, step))
        total = sum(losses.values())
        if not torch.isfinite(total):
            raise KitError(
                f"Training {settings.name} stopped at step {step}: the loss is not finite. The checkpoint before it is kept; "
                f"lower recovery.learning_rate and run again."
            )
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(parameters.values(), settings.gradient_clip)
        optimizer.step()
        entry = {name: float(value.detach()) for name, value in losses.items()}
        log.append({"step": step, **entry, "learning_rate": rate, "seconds": time.perf_counter() - began})
        done = step + 1
        if at_step is not None:
            at_step(done, log)
        if done % settings.checkpoint_every == 0 or done == settings.steps:
            _save(checkpoint, identity, done, parameters, optimizer, log)
        if stop_after is not None and done >= stop_after:
            break
    return pd.DataFrame(log)


def _save(checkpoint: Path, identity: str, step: int, parameters: dict, optimizer, log: list[dict]) -> None:
    state = {
        "identity": identity, "step": step, "log": log, "optimizer": optimizer.state_dict(),
        "parameters": {name: value.detach() for name, value in parameters.items()},
    }
    with atomic_path(checkpoint) as temporary:
        torch.save(state, temporary)


def _resume(checkpoint: Path, identity: str, parameters: dict, optimizer) -> tuple[int, list[dict]]:
    if not checkpoint.is_file():
        return 0, []
    try:
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except Exception:  # a checkpoint that cannot be read is worth no more than none
        return 0, []
    if state["identity"] != identity or state["parameters"].keys() != parameters.keys():
        return 0, []
    with torch.no_grad():
        for name, value in parameters.items():
            value.copy_(state["parameters"][name])
    optimizer.load_state_dict(state["optimizer"])
    return state["step"], state["log"]


def machine_record() -> dict[str, str | int]:
    """Where a run was made, for its manifest."""
    where = device()
    name = torch.cuda.get_device_name(where) if where.type == "cuda" else where.type
    return {"device": name, "dtype": str(compute_dtype()).removeprefix("torch."), "threads": torch.get_num_threads(), "torch": torch.__version__}
