"""The original data sets from which SPPE was made, as their sites ship them (paper, Table 1).

Each set is obtained from its site, under its terms, and unpacked to `data/<NAME>`. A reader turns its annotations into
images with regions of the 36 categories. Which original name is which category is this kit's own reading of Table 2, in
sources.yaml.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pandas as pd
import yaml

from sppe_lib.data import taxonomy
from sppe_lib.data.sources import layouts
from sppe_lib.data.sources.reading import Annotation, Reading, read_annotations
from sppe_lib.errors import ConfigError


@dataclass(frozen=True)
class Source:
    """A data set with private regions."""

    name: str  # in Table 1
    layout: Callable[[Reading, Path], Iterator[Annotation]]
    kind: str  # of its regions, see `Region`
    closed: bool  # whether its list of names is complete, so that another one is a problem
    categories: dict[str, str | None]  # its names as categories
    obtain: str  # where, and on which terms


_TABLES = yaml.safe_load(files(__name__).joinpath("sources.yaml").read_text(encoding="utf-8"))

_FORMATS = {
    "VISPR": (layouts.vispr, "image", True),
    "Redactions": (layouts.redactions, "polygon", True),
    "DIPA": (layouts.dipa, "box", False),
    "DIPA2": (layouts.dipa, "box", False),
}


def _categories(name: str) -> dict[str, str | None]:
    table = _TABLES[name]
    inherited = _categories(table["also"]) if "also" in table else {}
    own = {original: name for name, originals in table.get("categories", {}).items() for original in originals}
    return inherited | own | dict.fromkeys(table.get("none", ()))


SOURCES = {name: Source(name, *_FORMATS[name], _categories(name), table["obtain"]) for name, table in _TABLES.items()}
"""Every original data set with private regions, by its name in Table 1."""


def source(name: str) -> Source:
    """Look a data set up; raises ConfigError naming the known ones."""
    if name not in SOURCES:
        raise ConfigError(f"Unknown data set {name!r}: use one of {', '.join(SOURCES)}.")
    return SOURCES[name]


def read_source(name: str, folder: str | Path, strict: bool = True) -> Reading:
    """Read an unpacked data set; `strict` makes any problem a DataError, otherwise it is left out and listed.

    A missing folder, broken JSON and no annotations are always a DataError.
    """
    entry, folder, reading = source(name), Path(folder), Reading(name)
    read_annotations(reading, folder, entry.layout(reading, folder), entry)
    if strict:
        reading.require_none()
    return reading


def mapping_table(name: str) -> pd.DataFrame:
    """Which original name is which category: columns original_name, category ("" if it is none of the 36), group."""
    table = pd.DataFrame(source(name).categories.items(), columns=["original_name", "category"]).fillna("")
    return table.assign(group=[taxonomy.category(entry).group if entry else "" for entry in table["category"]])


def unreached_categories() -> list[str]:
    """Categories of Table 2 that no original name of any data set is read as."""
    reached = {category for entry in SOURCES.values() for category in entry.categories.values()}
    return [name for name in taxonomy.categories() if name not in reached]
