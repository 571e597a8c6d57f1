"""The benchmark's 36 categories and 65 instructions (paper, Table 2 and its instruction list).

The two lists are the published CSVs. Which instructions make sense for which category is not
published: `instructions_for` is this kit's own choice, used only to draw the vector world.
"""

from dataclasses import dataclass
from functools import cache

from sppe_lib.errors import ConfigError
from sppe_lib.published import read_published

GROUPS = (
    "Face",
    "Body",
    "Biometric",
    "Document",
    "Contact",
    "Identity",
    "Financial",
    "Monitor",
    "License Plate",
    "Time",
    "Others",
)
"""The eleven groups in the order of the paper's tables."""

TAGS = ("ADD/REMOVE", "EDIT", "STYLE")
"""The three weak instruction tags, in the order of the tag generator's logits."""


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
    table = read_published("table2_taxonomy")
    return {
        row.category: Category(row.category, row.group, row.modality, int(row.source_surrogate_pairs))
        for row in table.itertuples()
    }


@cache
def instructions() -> dict[str, Instruction]:
    """All instructions by three-digit code, in published order."""
    table = read_published("instructions")
    return {row.code: Instruction(row.code, row.tag, row.edit_type, row.instruction) for row in table.itertuples()}


def category(name: str) -> Category:
    """Look a category up; raises ConfigError naming the known ones."""
    try:
        return categories()[name]
    except KeyError:
        raise ConfigError(f"Unknown category {name!r}: use one of {', '.join(categories())}.") from None


def instruction(code: str) -> Instruction:
    """Look an instruction up by code; raises ConfigError with the valid range."""
    try:
        return instructions()[code]
    except KeyError:
        raise ConfigError(
            f"Unknown instruction code {code!r}: use a three-digit code from 001 to {max(instructions())}."
        ) from None


def _codes(first: int, last: int) -> tuple[str, ...]:
    return tuple(f"{number:03d}" for number in range(first, last + 1))


PERSON_EDITS = _codes(1, 18) + ("023",)
STYLES = _codes(19, 22) + _codes(24, 36)
BACKGROUNDS = _codes(37, 41)
ADVERTISEMENTS = _codes(42, 44)
OLD_PAPER = _codes(45, 46)
TEXT_REMOVAL = ("047",)
STAINS = _codes(48, 51)
CREDIT_CARD_MATERIALS = _codes(52, 59)
TICKET_MATERIALS = _codes(60, 63)
LAPTOP_REMOVAL = ("064",)
PLATE_REMOVAL = ("065",)

_PAPER = TEXT_REMOVAL + OLD_PAPER + STAINS
_GROUP_EDITS = {
    "Face": PERSON_EDITS + BACKGROUNDS + ADVERTISEMENTS,
    "Body": PERSON_EDITS + BACKGROUNDS + ADVERTISEMENTS,
    "Biometric": OLD_PAPER + STAINS,
    "Document": _PAPER,
    "Contact": _PAPER,
    "Identity": _PAPER,
    "Time": TEXT_REMOVAL + OLD_PAPER,
    "Monitor": TEXT_REMOVAL + STAINS,
    "Financial": _PAPER,
    "License Plate": PLATE_REMOVAL + BACKGROUNDS + ("051",),
    "Others": STAINS,
}
_CATEGORY_EDITS = {
    "laptop": LAPTOP_REMOVAL,
    "laptop computer": LAPTOP_REMOVAL,
    "credit card": CREDIT_CARD_MATERIALS,
    "ticket": TICKET_MATERIALS + TEXT_REMOVAL,
    "medicine": ADVERTISEMENTS + TEXT_REMOVAL,
    "mail": OLD_PAPER + TEXT_REMOVAL,
    "picture frame": ADVERTISEMENTS,
    "landmark": BACKGROUNDS + ADVERTISEMENTS,
}


@cache
def instructions_for(category_name: str) -> tuple[Instruction, ...]:
    """The instructions that make sense for a category (this kit's own choice, not published).

    Every style applies everywhere; people can be dressed, cards made of marble, plates removed.
    """
    entry = category(category_name)
    codes = _CATEGORY_EDITS.get(entry.name, ()) + _GROUP_EDITS[entry.group] + STYLES
    return tuple(instruction(code) for code in sorted(set(codes)))
