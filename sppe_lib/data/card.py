"""The dataset card of a built set: a README.md that `datasets.load_dataset(folder)` understands.

Its prose is in `cards/*.md`, with names in braces for what a build fills in.
"""

from collections.abc import Sequence
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import pandas as pd
import yaml

from sppe_lib.data.schema import SPLITS


def prose(name: str, **values: object) -> str:
    """The text `cards/<name>.md` with its names filled in."""
    return files(__package__).joinpath("cards", f"{name}.md").read_text(encoding="utf-8").format(**values)


COLUMNS = prose("columns")  # what the columns of `schema.FEATURES` mean, as Markdown


class Heading(NamedTuple):
    """What a card says that is not computed from its rows: title, the notebook that builds the set, and prose."""

    title: str
    notebook: str
    about: str


def front_matter(title: str, splits: Sequence[str], simulated: bool = False) -> str:
    """The YAML head of a card, by which `datasets.load_dataset` finds the Parquet files of the splits."""
    files_of = [{"split": split, "path": f"{split}-*.parquet"} for split in splits]
    header = {
        "pretty_name": title,
        "license": "apache-2.0" if simulated else "other",
        "task_categories": ["image-to-image"],
        "tags": ["privacy", "image-editing"] + (["simulated", "synthetic"] if simulated else []),
        "configs": [{"config_name": "default", "data_files": files_of}],
    }
    return f"---\n{yaml.safe_dump(header, sort_keys=False)}---\n"


def card_text(
    heading: Heading, size: int, counts: pd.DataFrame, shares: Sequence[float], outcomes: dict[tuple[str, str], int]
) -> str:
    """The card as Markdown; every number is computed from the build.

    `counts` has the columns split, pairs and instances; `shares` are the private shares of the pairs, 0 to 1;
    `outcomes` counts what the simulated editor did on (source, surrogate), and is empty for real data.
    """
    of_split = counts.groupby("split", sort=False)[["pairs", "instances"]].sum()
    least, lower, upper, most = np.percentile(np.array(shares) * 100, (0, 25, 75, 100))
    did = ["What the simulated editor did, in instances:", "", "| on the source | on the surrogate | instances |"]
    did.append("|---|---|---|")
    did += [f"| {source} | {surrogate} | {number} |" for (source, surrogate), number in sorted(outcomes.items())]
    text = prose(
        "set",
        **heading._asdict(),
        counts=of_split.reset_index().to_markdown(index=False),
        size=size,
        **{"least": least, "lower": lower, "upper": upper, "most": most},
        outcomes="\n".join([*did, "", ""]) if outcomes else "",
        columns=COLUMNS,
    )
    splits = [split for split in SPLITS if split in of_split.index]
    return f"{front_matter(heading.title, splits, bool(outcomes))}\n{text}"
