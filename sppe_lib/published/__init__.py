"""The paper's published numbers: one CSV per table or figure, transcribed once, never edited."""

from functools import cache
from importlib.resources import files

import pandas as pd

from sppe_lib.errors import ConfigError


def published_names() -> list[str]:
    """Names of the published tables, without `.csv`."""
    return sorted(entry.name[:-4] for entry in files(__name__).iterdir() if entry.name.endswith(".csv"))


@cache
def _read(name: str) -> pd.DataFrame:
    if name not in published_names():
        raise ConfigError(f"No published table {name!r}: use one of {', '.join(published_names())}.")
    with files(__name__).joinpath(f"{name}.csv").open("rb") as handle:
        return pd.read_csv(handle, dtype={"code": str}, keep_default_na=False, na_values=[""])


def read_published(name: str) -> pd.DataFrame:
    """A published table as a data frame; codes stay strings. Raises ConfigError for unknown names."""
    return _read(name).copy()
