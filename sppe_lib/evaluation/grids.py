"""Image grids: the README's overview and Figure 12, from the test split and the recovered pictures.

Which instances are shown follows a rule that never looks at a score; the rule is printed on the figure.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from datasets import Dataset
from matplotlib.figure import Figure
from PIL import Image

from sppe_lib.config import Profile
from sppe_lib.data.schema import image_tensor, open_split, to_uint8
from sppe_lib.data.taxonomy import GROUPS, TAGS
from sppe_lib.evaluation.evaluate import open_recovered, recovered_methods
from sppe_lib.evaluation.results import PROPOSED, data_name, ordered_methods

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

_DOTS = 150

GAP = 8
"""Pixels between panels."""

_COLUMN_TITLES = {
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
    fitting = [entry for entry in candidates if entry[column] == value]
    done = [
        entry
        for entry in fitting
        if entry["source_outcome"] == entry["surrogate_outcome"] == "done" or not entry["source_outcome"]
    ]
    for pool in (
        [entry for entry in done if entry["tag"] == tag],
        done,
        [entry for entry in fitting if entry["tag"] == tag],
        fitting,
    ):
        if pool:
            return pool[0]
    return None


def choose_rows(dataset: Dataset, choices: Sequence[tuple[str, str, str]]) -> list[Row]:
    """The instances of a grid by its rule; choices the split has no instance for are left out."""
    columns = ["category", "group", "tag", "instruction", "source_outcome", "surrogate_outcome"]
    texts = {name: dataset[name][:] for name in columns}
    candidates = [{name: texts[name][index] for name in columns} | {"index": index} for index in range(len(dataset))]
    rows = []
    for column, value, tag in choices:
        found = _first(candidates, value, column, tag)
        if found is not None:
            rows.append(Row(found["index"], found["instruction"], f"{found['category']} · {found['tag']}"))
    return rows


def _panel(image: Image.Image, side: int) -> np.ndarray:
    """An image as [h, w, 3] uint8 about `side` pixels large; small ones grow by whole pixels."""
    factor = max(side // max(image.size), 1)
    if factor > 1:
        image = image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    elif max(image.size) > side:
        image = image.resize((side, side), Image.Resampling.LANCZOS)
    return to_uint8(image_tensor(image)[None])[0]


def _canvas(
    panels: Sequence[Sequence[np.ndarray]], height: int, width: int, left: int, top: int, side: int
) -> np.ndarray:
    """All panels on one white picture [height, width, 3], each with a grey hairline around it."""
    canvas = np.full((height, width, 3), 255, np.uint8)
    for number, pictures in enumerate(panels):
        for column, picture in enumerate(pictures):
            y, x = top + number * (side + GAP), left + column * (side + GAP)
            canvas[y - 1 : y + side + 1, x - 1 : x + side + 1] = 160
            canvas[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
    return canvas


def draw_grid(
    titles: Sequence[str],
    panels: Sequence[Sequence[np.ndarray]],
    rows: Sequence[Row],
    headline: str,
    foot: str,
    side: int,
) -> Figure:
    """A grid of `panels[row][column]` with column titles above and the instruction beside each row.

    Positions are in pixels at 150 dpi, so that a panel's pixels are the picture's.
    """
    text_width, top, bottom = 250, 96, 46
    width = text_width + len(titles) * (side + GAP) + GAP
    height = top + len(rows) * (side + GAP) + bottom
    with matplotlib.rc_context({"font.family": "DejaVu Sans", "pdf.fonttype": 42}):
        figure = Figure(figsize=(width / _DOTS, height / _DOTS), dpi=_DOTS, facecolor="white")
        axis = figure.add_axes((0, 0, 1, 1))
        axis.imshow(_canvas(panels, height, width, text_width, top, side), interpolation="none", aspect="auto")
        axis.set_axis_off()
        figure.text(GAP / width, 1 - 10 / height, headline, fontsize=8.5, weight="bold", va="top")
        foot = textwrap.fill(foot, max(60, int(width / 7.2)))
        figure.text(GAP / width, 8 / height, foot, fontsize=5.5, color="#444444", va="bottom")
        for column, title in enumerate(titles):
            middle = text_width + column * (side + GAP) + side / 2
            figure.text(
                middle / width,
                1 - (top - 6) / height,
                title,
                fontsize=min(6.5, side / 20),
                ha="center",
                va="bottom",
                linespacing=1.35,
            )
        for number, row in enumerate(rows):
            middle = height - top - number * (side + GAP) - side / 2
            words = "\n".join(textwrap.wrap(f"“{row.instruction}”", 25))
            figure.text(GAP / width, (middle + 3) / height, words, fontsize=7, va="bottom")
            figure.text(
                GAP / width,
                (middle - 5) / height,
                row.caption.replace(" · ", "\n"),
                fontsize=5.8,
                va="top",
                color="#555555",
            )
    return figure


def _grid(profile: Profile, choices, methods: list[str], headline: str, what: str, side: int) -> Figure:
    dataset = open_split(profile.results / "benchmark", "test")
    rows = choose_rows(dataset, choices)
    names = dataset["instance_id"][:]
    recovered = {name: open_recovered(profile, name, names) for name in methods}
    simulated = profile.benchmark.source == "vector-world"
    editor = "simulated editor" if simulated else "comes back"
    titles = [
        _COLUMN_TITLES[name].format(editor=editor) for name in ("source", "mask", "surrogate", "edited_surrogate")
    ]
    titles += [f"Î: recovered by\n{name}" for name in methods] + [_COLUMN_TITLES["edited_source"]]
    panels = []
    for row in rows:
        instance = dataset[row.index]
        pictures = [instance[name] for name in ("source", "mask", "surrogate", "edited_surrogate")]
        pictures += [found.dataset[found.row[instance["instance_id"]]]["image"] for found in recovered.values()]
        panels.append([_panel(picture, side) for picture in (*pictures, instance["edited_source"])])
    foot = f"{data_name(profile)}, profile {profile.name}. " + RULE.format(what=what)
    if not methods:
        foot += " Recovery: not run in this profile yet."
    return draw_grid(titles, panels, rows, headline, foot, side)


def overview(profile: Profile) -> Figure:
    """The README's grid: I, M, S, S', the recovered image of C2E-S2SER, and I', for six kinds of content."""
    methods = [PROPOSED] if PROPOSED in recovered_methods(profile) else []
    headline = "Only the surrogate S goes to the cloud; the edit wanted on I is recovered locally"
    return _grid(profile, OVERVIEW_CHOICES, methods, headline, "category", 192)


def figure12(profile: Profile) -> Figure:
    """Figure 12: one instance of each group with every method's recovered image."""
    available = recovered_methods(profile)
    methods = [name for name in ordered_methods(available) if name in available]
    return _grid(profile, FIGURE12_CHOICES, methods, "Figure 12. Recovered edits by method", "group", 128)
