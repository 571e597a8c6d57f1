"""The small interface of a recovery method, and the row that names one in a table of methods."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import ClassVar

import torch

from sppe_lib.config import Profile
from sppe_lib.data.schema import EVALUATED, Batch, oracle_file, split_files
from sppe_lib.errors import DataError

Recover = Callable[[Batch], torch.Tensor]
"""(I, S, S', M, P) -> recovered pictures [B, 3, H, W] in [0, 1]; must not read `edited_source`, an oracle aside."""

BENCHMARK = ("benchmark",)
GENERALISATION = ("benchmark", "unseen")
EVERYTHING = ("benchmark", "unseen", "sweep")
VALIDATION = ("validation",)


def training_folder(profile: Profile, method: str) -> Path:
    """Where a trained method's adapter, log and manifest are: `results/<profile>/training/<method>/seed-<seed>/`."""
    return profile.results / "training" / method / f"seed-{profile.recovery.training.seed}"


def check_trained(profile: Profile, method: str, folder: Path) -> None:
    """Raise DataError where `folder` does not hold a trained method; its manifest comes with all else or not at all."""
    if not (folder / "manifest.json").is_file():
        raise DataError(
            f"No trained {method} for profile {profile.name}: run 03_train_recovery with method={method!r}."
        )


class Method:
    """A recovery method that needs models or parameters. `name`: the published one; random numbers are drawn under it.

    `recover` is `Recover`.
    """

    name: ClassVar[str]
    recover: Recover

    @classmethod
    def load(cls, profile: Profile) -> "Method":
        """The method as a profile says, trained where it learns."""
        return cls()


@dataclass(frozen=True)
class Entry:
    """A row of METHODS.

    `what`: a function as `Recover`, or a Method's class; or "file.name" of one in sppe_lib/recovery/, imported when it
    is used, since diffusers takes seconds and pages that only read results do without. `trained`: whether the class has
    a `fit(profile)`. `data`: which of `schema.EVALUATED` it recovers, where a profile has built them. `oracle`: a
    ceiling, which exists where there is a `schema.oracle_file`.
    """

    what: str | Recover | type[Method]
    trained: bool = False
    data: tuple[str, ...] = GENERALISATION
    oracle: bool = False

    def available(self, profile: Profile, data: str) -> bool:
        """Whether the profile has what it takes to recover some data."""
        folder, split = EVALUATED[data]
        place = profile.results / folder
        return bool(split_files(place, split)) and (not self.oracle or oracle_file(place, split).is_file())

    def imported(self) -> Recover | type[Method]:
        """The function or the class."""
        if not isinstance(self.what, str):
            return self.what
        file, _, name = self.what.partition(".")
        return getattr(import_module(f"sppe_lib.recovery.{file}"), name)

    def load(self, profile: Profile) -> Recover:
        """The method as a function from a Batch to pictures. Raises what the class's `load` raises."""
        found = self.imported()
        return found.load(profile).recover if isinstance(found, type) else found

    def fit(self, profile: Profile) -> Path:
        """Train the method on the training split; returns the folder written."""
        return self.imported().fit(profile)
