"""Pictures in rows: the README's overview and Figure 12, from the test split and the recovered pictures.

Which instances are shown follows a rule that never looks at a score; the rule is printed on the figure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from datasets import Dataset
from matplotlib.figure import Figure

from sppe_lib.config import Profile
from sppe_lib.data.schema import open_split
from sppe_lib.data.taxonomy import GROUPS, TAGS
from sppe_lib.evaluation.frame import CEILINGS, PROPOSED, data_name, is_simulated, ordered_methods
from sppe_lib.evaluation.measure import open_recovered, recovered_methods
from sppe_lib.pictures import grid

OVERVIEW_CHOICES = (
    ("category", "faces", "ADD/REMOVE"),
    ("category", "person", "EDIT"),
    ("category", "credit card", "STYLE"),
    ("category", "plate", "ADD/REMOVE"),
    ("category", "name all", "STYLE"),
    ("category", "computer monitor", "ADD/REMOVE"),
)
"""Column of the split, its value and the tag wanted: people, a card, a plate, text and a screen."""

FIGURE12_CHOICES = tuple(("group", group, TAGS[number % len(TAGS)]) for number, group in enumerate(GROUPS))
"""One instance of each of the eleven groups, the three tags taking turns."""

RULE = (
    "Rows follow a rule, not a score: the first test instance of each chosen {what} with the wanted kind of edit that "
    "the editor did on both I and S (where there is none, the first of that {what})."
)

TITLES = {
    "source": "I: private image\nstays local",
    "mask": "M: private region\nwhite = hidden",
    "surrogate": "S: surrogate\nis uploaded",
    "edited_surrogate": "S': cloud's edit of S\n{editor}",
    "edited_source": "I': reference\nedit of I itself",
}


@dataclass(frozen=True)
class Row:
    """One line of a grid: the row number in the split and what is written beside it."""

    index: int
    instruction: str
    caption: str


def _first(candidates: Sequence[dict], value: str, column: str, tag: str) -> dict | None:
    """The first candidate that fits; without one the tag, then the outcome, is let go."""

    def unfit(one: dict) -> tuple[bool, bool]:
        done = one["source_outcome"] == one["surrogate_outcome"] == "done" or not one["source_outcome"]
        return not done, one["tag"] != tag

    return min((one for one in candidates if one[column] == value), key=unfit, default=None)


def choose_rows(dataset: Dataset, choices: Sequence[tuple[str, str, str]]) -> list[Row]:
    """The instances of a grid by its rule; choices the split has no instance for are left out."""
    columns = ["category", "group", "tag", "instruction", "source_outcome", "surrogate_outcome"]
    candidates = dataset.select_columns(columns).to_pandas().reset_index(names="index").to_dict("records")
    found = [_first(candidates, value, column, tag) for column, value, tag in choices]
    return [Row(one["index"], one["instruction"], f"{one['category']} · {one['tag']}") for one in found if one]


def _grid(profile: Profile, choices, methods: list[str], headline: str, what: str, side: int) -> Figure:
    dataset = open_split(profile.results / "benchmark", "test")
    rows, names = choose_rows(dataset, choices), dataset["instance_id"][:]
    recovered = [open_recovered(profile, name, names) for name in methods]
    editor = "simulated editor" if is_simulated(profile) else "comes back"
    *before, after = TITLES
    titles = [TITLES[name].format(editor=editor) for name in before]
    titles += [f"Î: recovered by\n{name}" for name in methods] + [TITLES[after]]
    panels = []
    for one in (dataset[row.index] for row in rows):
        found = [pictures.picture(one["instance_id"]) for pictures in recovered]
        panels.append([*(one[name] for name in before), *found, one[after]])
    foot = f"{data_name(profile)}, profile {profile.name}. " + RULE.format(what=what)
    foot += "" if methods else " Recovery: not run in this profile yet."
    texts = [(f"“{row.instruction}”", row.caption.replace(" · ", "\n")) for row in rows]
    return grid(panels, titles, texts, headline, foot, side)


def overview(profile: Profile) -> Figure:
    """The README's grid: I, M, S, S', the recovered image of C2E-S2SER, and I', for six kinds of content."""
    methods = [PROPOSED] if PROPOSED in recovered_methods(profile) else []
    headline = "Only the surrogate S goes to the cloud; the edit wanted on I is recovered locally"
    return _grid(profile, OVERVIEW_CHOICES, methods, headline, "category", 192)


def figure12(profile: Profile) -> Figure:
    """Figure 12: one instance of each group with the recovered image of every floor and method."""
    available = recovered_methods(profile)
    methods = [name for name in ordered_methods(available) if name in available and name not in CEILINGS]
    return _grid(profile, FIGURE12_CHOICES, methods, "Figure 12. Recovered edits by method", "group", 128)
