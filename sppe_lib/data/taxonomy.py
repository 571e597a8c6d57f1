"""The benchmark's 36 categories and 65 instructions, from the published lists (paper, Table 2).

Which instructions make sense for which category is this kit's own choice: `fitting_instructions.yaml`.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from sppe_lib.errors import ConfigError
from sppe_lib.published import read_published

GROUPS = (
    "Face", "Body", "Biometric", "Document", "Contact", "Identity", "Financial", "Monitor", "License Plate", "Time",
    "Others",
)  # fmt: skip
"""The eleven groups in the order of the paper's tables."""

TAGS = ("ADD/REMOVE", "EDIT", "STYLE")  # the weak instruction tags, in the order of the tag generator's logits


@dataclass(frozen=True)
class Category:
    """One of the 36 fine-grained privacy categories and its published number of pairs."""

    name: str
    group: str
    modality: str
    published_pairs: int


@dataclass(frozen=True)
class Instruction:
    """One of the 65 edit instructions; `code` is the suffix of released file names."""

    code: str
    tag: str
    edit_type: str
    text: str


@cache
def categories() -> dict[str, Category]:
    """All categories by name, in published order."""
    table = read_published("table2_taxonomy")[["category", "group", "modality", "source_surrogate_pairs"]]
    return {row.category: Category(*row[:3], int(row[3])) for row in table.itertuples(index=False)}


@cache
def instructions() -> dict[str, Instruction]:
    """All instructions by three-digit code, in published order."""
    table = read_published("instructions")[["code", "tag", "edit_type", "instruction"]]
    return {row.code: Instruction(*row) for row in table.itertuples(index=False)}


def _look_up(known: dict, name: str, what: str, remedy: str):
    if not isinstance(name, str) or name not in known:
        raise ConfigError(f"Unknown {what} {name!r}: use {remedy}.")
    return known[name]


def category(name: str) -> Category:
    """Look a category up; raises ConfigError naming the known ones."""
    return _look_up(categories(), name, "category", f"one of {', '.join(categories())}")


def instruction(code: str) -> Instruction:
    """Look an instruction up by code; raises ConfigError with the valid range."""
    remedy = f"a three-digit code from 001 to {max(instructions())}"
    return _look_up(instructions(), code, "instruction code", remedy)


def _codes(ranges: str) -> set[str]:
    spans = (part.partition("-") for part in ranges.split())
    return {f"{number:03d}" for first, _, last in spans for number in range(int(first), int(last or first) + 1)}


@cache
def instructions_for(category_name: str) -> tuple[Instruction, ...]:
    """The instructions that make sense for a category, in order (this kit's own choice)."""
    entry = category(category_name)
    fitting = yaml.safe_load(files(__package__).joinpath("fitting_instructions.yaml").read_text(encoding="utf-8"))
    parts = fitting["everywhere"], fitting["groups"][entry.group], fitting["categories"].get(entry.name, "")
    return tuple(instruction(code) for code in sorted(set().union(*map(_codes, parts))))
