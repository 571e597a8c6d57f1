"""Training and sampling on several processes: who does what, and how gradients become one.

`accelerate launch` starts the processes, on one machine or many; alone, everything here does nothing. Each takes its
own part of every batch; noise belongs to the instance, not to the process, so that results do not depend on the number
of processes (beyond the rounding of sums).
"""

from collections.abc import Iterable

import torch
from accelerate import PartialState
from accelerate.utils import reduce

from sppe_lib.errors import ConfigError


def process() -> PartialState:
    """This process among those that `accelerate launch` started; a single one without it."""
    return PartialState(cpu=not torch.cuda.is_available())


def check_batch(batch: int, processes: int) -> None:
    """Raise ConfigError where processes cannot split a batch evenly, since a mean of unequal means is not the mean."""
    if processes < 1 or batch % processes:
        raise ConfigError(
            f"recovery.training.batch is {batch}, which {processes} processes cannot share evenly: choose a multiple."
        )


def share_of_batch(batch: int) -> range:
    """The places of a batch that this process takes: equal, consecutive parts. Raises as `check_batch`."""
    state = process()
    check_batch(batch, state.num_processes)
    part = batch // state.num_processes
    return range(state.process_index * part, (state.process_index + 1) * part)


def average_gradients(parameters: Iterable[torch.nn.Parameter]) -> None:
    """Replace every gradient by its mean over processes, in one exchange."""
    if process().num_processes == 1:
        return
    # The same parameters on every process, also where one of them had no gradient in this step.
    trained = list(parameters)
    gradients = [torch.zeros_like(value) if value.grad is None else value.grad for value in trained]
    joined = reduce(torch.cat([gradient.flatten() for gradient in gradients]), "mean")
    for value, mean in zip(trained, joined.split([value.numel() for value in trained]), strict=True):
        value.grad = mean.view_as(value)


def average_values(values: dict[str, float]) -> dict[str, float]:
    """The mean over processes of numbers by name (for logs)."""
    state = process()
    if state.num_processes == 1:
        return values
    mean = reduce(torch.tensor(list(values.values()), device=state.device), "mean")
    return dict(zip(values, mean.tolist(), strict=True))
