"""The original data sets from which SPPE was made, as their sites ship them (paper, Table 1).

Nothing here downloads anything: each set is obtained from its site, under its terms, and unpacked to
`data/<NAME>`. A reader turns its annotations into images with regions of the 36 categories; together with
`private_masks` these are what a surrogate is made from. Which original name is which category is this
kit's own reading of Table 2, a table in each reader.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sppe_lib.data import taxonomy
from sppe_lib.data.sources import dipa, redactions, vispr
from sppe_lib.data.sources.annotated import Reading
from sppe_lib.errors import ConfigError


@dataclass(frozen=True)
class Source:
    """A data set: its name in Table 1, its reader, its names as categories, where it is obtained and on which terms.

    `read` lists what is wrong in the reading; `read_source` makes it an error.
    """

    name: str
    read: Callable[[Path], Reading]
    categories: dict[str, str | None]
    obtain: str


SOURCES = {
    source.name: source
    for source in (
        Source(
            vispr.NAME,
            vispr.read,
            vispr.CATEGORIES,
            "https://tribhuvanesh.github.io/vpa: images and annotations of train2017, val2017 and test2017. Terms: see "
            "its site.",
        ),
        Source(
            redactions.NAME,
            redactions.read,
            redactions.CATEGORIES,
            "https://resources.mpi-inf.mpg.de/d2/orekondy/redactions: images and annotations of the folds. Terms, "
            "by its site: academic and non-commercial use, CC BY-NC 4.0; images keep their authors' licences.",
        ),
        Source(
            "DIPA",
            dipa.read_dipa,
            dipa.CATEGORIES,
            "https://github.com/AnranXu/DIPA_visualization links the archive. Terms, by its readme: CC BY 4.0; images "
            "come from LVIS (COCO) and OpenImages V6, see their sites.",
        ),
        Source(
            "DIPA2",
            dipa.read_dipa2,
            dipa.CATEGORIES,
            "https://anranxu.github.io/DIPA2_VIS links the archive. Terms, by its readme: CC BY 4.0; images come from "
            "DIPA.",
        ),
    )
}
"""Every original data set with private regions, by its name in Table 1."""


def source(name: str) -> Source:
    """Look a data set up; raises ConfigError naming the known ones."""
    try:
        return SOURCES[name]
    except KeyError:
        raise ConfigError(f"Unknown data set {name!r}: use one of {', '.join(SOURCES)}.") from None


def read_source(name: str, folder: str | Path, strict: bool = True) -> Reading:
    """Read an unpacked data set.

    `strict` makes any problem a DataError with counts and examples; otherwise faulty entries are left out and
    listed in the reading.
    """
    reading = source(name).read(Path(folder))
    if strict:
        reading.require_none()
    return reading


def mapping_table(name: str) -> pd.DataFrame:
    """Which original name is which category: columns original_name, category ("" if it is none of the 36), group."""
    rows = []
    for original, category in source(name).categories.items():
        group = taxonomy.category(category).group if category else ""
        rows.append({"original_name": original, "category": category or "", "group": group})
    return pd.DataFrame(rows)


def unreached_categories() -> list[str]:
    """Categories of Table 2 that no original name of any data set is read as."""
    reached = {category for entry in SOURCES.values() for category in entry.categories.values()}
    return [name for name in taxonomy.categories() if name not in reached]
