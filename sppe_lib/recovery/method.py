"""The small interface of a recovery method."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import torch

from sppe_lib.config import Profile
from sppe_lib.data.schema import Batch

Recover = Callable[[Batch], torch.Tensor]
"""(I, S, S', M, P) -> recovered pictures [B, 3, H, W] in [0, 1]; must not read `edited_source`."""

BENCHMARK = ("benchmark",)
GENERALISATION = ("benchmark", "unseen")
EVERYTHING = ("benchmark", "unseen", "sweep")
VALIDATION = ("validation",)


def imported_when_called(place: str) -> Callable:
    """The function at `file.function` in sppe_lib/recovery/, whose file is imported only when it is called.

    The methods' files import diffusers, which takes seconds; the pages that only read results need none of them.
    """
    file, _, function = place.partition(".")

    def call(*arguments, **keywords):
        return getattr(import_module(f"sppe_lib.recovery.{file}"), function)(*arguments, **keywords)

    return call


@dataclass(frozen=True)
class Method:
    """A recovery method: its published name, how to load it, how to fit it (None if nothing is learnt).

    `data`: which of `schema.EVALUATED` it recovers; those that a profile has not built are left out.
    """

    name: str
    load: Callable[[Profile], Recover]
    fit: Callable[[Profile], Path] | None = None
    data: tuple[str, ...] = GENERALISATION
