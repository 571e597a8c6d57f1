"""The paper's published numbers: one CSV per table or figure, transcribed once, never edited."""

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from sppe_lib.errors import ConfigError

if TYPE_CHECKING:  # imported where a table is read: of one's own photo few options need one
    import pandas as pd


def published_names() -> list[str]:
    """Names of the published tables, without `.csv`."""
    return sorted(entry.name[:-4] for entry in files(__name__).iterdir() if entry.name.endswith(".csv"))


@cache
def _read(name: str) -> "pd.DataFrame":
    import pandas as pd

    if name not in published_names():
        raise ConfigError(f"No published table {name!r}: use one of {', '.join(published_names())}.")
    with files(__name__).joinpath(f"{name}.csv").open("rb") as handle:
        return pd.read_csv(handle, dtype={"code": str}, keep_default_na=False, na_values=[""])


def read_published(name: str) -> "pd.DataFrame":
    """A published table as a data frame; codes stay strings. Raises ConfigError for unknown names."""
    return _read(name).copy()
