"""One training loop for every trained recovery method: seeded per step and instance, resumable exactly.

Nothing random is carried from step to step: the rows of step k come from the seed and k, the times and
noise of each of its instances from the seed, k and the instance's place. So a run that is killed and
started again ends with the same weights as one that was not, and all methods see the same noise.
"""

import contextlib
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import pandas as pd
import torch
from diffusers.training_utils import EMAModel

from sppe_lib.config import TrainingParameters
from sppe_lib.diffusion.processes import average_gradients, average_values, process, share_of_batch
from sppe_lib.errors import KitError, ResourceError
from sppe_lib.runtime import atomic_path, compute_dtype, device, numpy_generator, progress, torch_generator

Losses = Mapping[str, torch.Tensor]
StepLosses = Callable[[int, list[int], list[torch.Generator]], Losses]
"""(step, rows of the batch, a generator for each) -> named scalar losses; their sum is minimised."""

Keep = Callable[[pd.DataFrame], None]
"""Called with the log when a state of the run is to be kept."""

CONSTANT_WARMUP = 10
"""Steps of linear warm-up before a constant learning rate, however long the run."""


@dataclass(frozen=True)
class TrainingSettings:
    """What a run is: all that decides its weights except the data and the model.

    `ema`: decay of the exponential average of the trained weights that is kept; 0 keeps the weights themselves.
    `optimizer`: "adamw", or "adamw8bit" (bitsandbytes).
    """

    name: str
    steps: int
    batch: int
    learning_rate: float
    seed: int
    checkpoint_every: int
    schedule: str = "cosine"
    ema: float = 0.0
    optimizer: str = "adamw"
    weight_decay: float = 0.0
    gradient_clip: float = 1.0

    @classmethod
    def of(cls, name: str, parameters: TrainingParameters) -> "TrainingSettings":
        """The settings that a profile's parameters give a method."""
        shared = {field.name: getattr(parameters, field.name, None) for field in fields(cls)}
        shared |= {"name": name, "learning_rate": parameters.rate_of(name)}
        return cls(**{key: value for key, value in shared.items() if value is not None})


def learning_rate_at(step: int, settings: TrainingSettings) -> float:
    """Linear warm-up, then constant; or linear warm-up over the first 5 % of the steps, then a cosine to zero."""
    constant = settings.schedule == "constant"
    warmup = CONSTANT_WARMUP if constant else max(1, settings.steps // 20)
    if step < warmup:
        return settings.learning_rate * (step + 1) / warmup
    if constant:
        return settings.learning_rate
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, settings.steps - warmup)))


def rows_at(step: int, settings: TrainingSettings, count: int) -> list[int]:
    """Rows of the batch of a step: each epoch is one seeded permutation of the split, batches run across epochs."""
    rows, position = [], step * settings.batch
    while len(rows) < settings.batch:
        epoch, offset = divmod(position, count)
        taken = numpy_generator("epoch", settings.seed, epoch).permutation(count)[
            offset : offset + settings.batch - len(rows)
        ]
        rows += taken.tolist()
        position += len(taken)
    return rows


def make_optimizer(parameters: Mapping[str, torch.nn.Parameter], settings: TrainingSettings) -> torch.optim.Optimizer:
    """The optimiser that the settings name. Raises ResourceError where bitsandbytes is asked for but not installed."""
    options = {"lr": settings.learning_rate, "betas": (0.9, 0.99), "weight_decay": settings.weight_decay}
    if settings.optimizer == "adamw":
        return torch.optim.AdamW(parameters.values(), **options)
    try:
        from bitsandbytes.optim import AdamW8bit
    except ImportError:
        raise ResourceError(
            "recovery.training.optimizer is adamw8bit, which needs bitsandbytes, and it cannot be imported here: install it or use adamw."
        ) from None
    return AdamW8bit(list(parameters.values()), **options)


def train(
    parameters: dict[str, torch.nn.Parameter],
    losses_at: StepLosses,
    settings: TrainingSettings,
    count: int,
    checkpoint: Path,
    fingerprint: str = "",
    kept: Mapping[int, Keep] | None = None,
    before: int | None = None,
    stop_after: int | None = None,
) -> pd.DataFrame:
    """Minimise the losses over `settings.steps` steps; returns the log (step, losses, learning rate, seconds).

    `parameters` by name are trained in place. `checkpoint` is written atomically every
    `checkpoint_every` steps and continued from if it was made by the same settings and `fingerprint`.
    `kept`: number of steps -> what to call on the main process when they are done, with the averaged
    weights in place. `before`: a checkpoint of that step or a later one is of no use, since a state on the way is
    wanted again. `stop_after` ends early, as a kill would (for tests). Under `accelerate launch` every
    process takes its share of each batch. Raises KitError on a loss that is not finite and ResourceError
    where memory does not suffice; the last good checkpoint stays.
    """
    kept = kept or {}
    optimizer = make_optimizer(parameters, settings)
    average = EMAModel(parameters.values(), decay=settings.ema) if settings.ema else None
    decides = {name: value for name, value in asdict(settings).items() if name != "checkpoint_every"}
    identity = json.dumps([decides, fingerprint], sort_keys=True)
    start, log = _resume(checkpoint, identity, before, parameters, optimizer, average)
    places = share_of_batch(settings.batch)
    main = process().is_main_process
    for step in progress(range(start, settings.steps), f"train {settings.name}", total=settings.steps - start):
        began = time.perf_counter()
        rate = learning_rate_at(step, settings)
        for group in optimizer.param_groups:
            group["lr"] = rate
        rows = rows_at(step, settings, count)
        generators = [torch_generator("train", settings.seed, step, place) for place in places]
        try:
            losses = losses_at(step, [rows[place] for place in places], generators)
            optimizer.zero_grad(set_to_none=True)
            sum(losses.values()).backward()
        except torch.OutOfMemoryError:
            raise ResourceError(
                f"Training {settings.name} needs more memory than the {device().type} has: lower recovery.training.batch, or set "
                f"recovery.training.gradient_checkpointing or models.quantize_base; the last checkpoint is kept."
            ) from None
        found = average_values({name: float(value.detach()) for name, value in losses.items()})
        if not all(math.isfinite(value) for value in found.values()):
            raise KitError(
                f"Training {settings.name} stopped at step {step}: the loss is not finite. The checkpoint before it is kept; "
                f"lower recovery.training.learning_rate and run again."
            )
        average_gradients(parameters.values())
        torch.nn.utils.clip_grad_norm_(parameters.values(), settings.gradient_clip)
        optimizer.step()
        if average is not None:
            average.step(parameters.values())
        log.append({"step": step, **found, "learning_rate": rate, "seconds": time.perf_counter() - began})
        done = step + 1
        if main and done in kept and done < settings.steps:
            with _averaged(parameters, average):
                kept[done](pd.DataFrame(log))
        if main and (done % settings.checkpoint_every == 0 or done == settings.steps):
            _save(checkpoint, identity, done, parameters, optimizer, average, log)
        if stop_after is not None and done >= stop_after:
            return pd.DataFrame(log)
    if main and settings.steps in kept:
        with _averaged(parameters, average):
            kept[settings.steps](pd.DataFrame(log))
    process().wait_for_everyone()
    return pd.DataFrame(log)


@contextlib.contextmanager
def _averaged(parameters: Mapping[str, torch.nn.Parameter], average: EMAModel | None) -> Iterator[None]:
    """The averaged weights in place of the trained ones, inside the block."""
    if average is None:
        yield
        return
    average.store(parameters.values())
    average.copy_to(parameters.values())
    try:
        yield
    finally:
        average.restore(parameters.values())


def _save(
    checkpoint: Path, identity: str, step: int, parameters: dict, optimizer, average: EMAModel | None, log: list[dict]
) -> None:
    state = {
        "identity": identity,
        "step": step,
        "log": log,
        "optimizer": optimizer.state_dict(),
        "average": average.state_dict() if average is not None else None,
        "parameters": {name: value.detach() for name, value in parameters.items()},
    }
    with atomic_path(checkpoint) as temporary:
        torch.save(state, temporary)


def _resume(
    checkpoint: Path, identity: str, before: int | None, parameters: dict, optimizer, average: EMAModel | None
) -> tuple[int, list[dict]]:
    if not checkpoint.is_file():
        return 0, []
    try:
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except Exception:  # a checkpoint that cannot be read is worth no more than none
        return 0, []
    if state["identity"] != identity or state["parameters"].keys() != parameters.keys():
        return 0, []
    if before is not None and state["step"] >= before:
        return 0, []
    with torch.no_grad():
        for name, value in parameters.items():
            value.copy_(state["parameters"][name])
    optimizer.load_state_dict(state["optimizer"])
    if average is not None:
        average.load_state_dict(state["average"])
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
