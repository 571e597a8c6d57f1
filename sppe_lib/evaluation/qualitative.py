"""Test instances in pictures: the README's overview, Figure 12, and the eight metrics of one of them taken apart.

Which instances are shown follows a rule that never looks at a score; the rule is printed on the figure.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from datasets import Dataset
from matplotlib.figure import Figure
from PIL import Image

from sppe_lib.config import Profile
from sppe_lib.data.schema import image_tensor, open_split
from sppe_lib.data.taxonomy import GROUPS, TAGS
from sppe_lib.evaluation.frame import BASELINE, CEILINGS, PROPOSED, data_name, is_simulated, ordered_methods
from sppe_lib.evaluation.measure import measured_files, open_recovered, recovered_methods
from sppe_lib.evaluation.metrics import METRICS, SSIM_WINDOW, ssim_map
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


COMPARED = {
    "_src": "Î with I",
    "_gt": "Î with I'",
    "dir_i": "the change from I to Î with the change from I to I'",
    "dir_s": "the change from I to Î with the change from S to S'",
}
"""Ending of a metric -> which pictures it compares."""


def choose_rows(dataset: Dataset, choices: Sequence[tuple[str, str, str]]) -> list:
    """The instances of a grid by its rule, with their number as `Index`; choices without an instance are left out.

    Of those that fit a choice the first with its tag whose edits were done (or of which that is not known); without
    one the tag, then the outcome, is let go.
    """
    columns = ["category", "group", "tag", "instruction", "source_outcome", "surrogate_outcome"]
    table = dataset.select_columns(columns).to_pandas()
    outcomes = table[["source_outcome", "surrogate_outcome"]].fillna("")
    undone = ~outcomes.eq("done").all(axis="columns") & (outcomes["source_outcome"] != "")
    chosen = []
    for column, value, tag in choices:
        unfit = (2 * undone + (table["tag"] != tag))[table[column] == value]
        chosen += [unfit.idxmin()] if len(unfit) else []
    return list(table.loc[chosen].itertuples())


def _grid(profile: Profile, choices, methods: list[str], headline: str, what: str, side: int) -> Figure:
    dataset = open_split(profile.results / "benchmark", "test")
    rows, names = choose_rows(dataset, choices), dataset["instance_id"][:]
    recovered = [open_recovered(profile, name, names) for name in methods]
    editor = "simulated editor" if is_simulated(profile) else "comes back"
    *before, after = TITLES
    titles = [TITLES[name].format(editor=editor) for name in before]
    titles += [f"Î: recovered by\n{name}" for name in methods] + [TITLES[after]]
    panels = []
    for one in (dataset[row.Index] for row in rows):
        found = [pictures.picture(one["instance_id"]) for pictures in recovered]
        panels.append([*(one[name] for name in before), *found, one[after]])
    foot = f"{data_name(profile)}, profile {profile.name}. " + RULE.format(what=what)
    foot += "" if methods else " Recovery: not run in this profile yet."
    texts = [(f"“{row.instruction}”", f"{row.category}\n{row.tag}") for row in rows]
    return grid(panels, titles, texts, headline, foot, side)


def overview(profile: Profile) -> Figure:
    """The README's grid: I, M, S, S', the recovered images of SOER and C2E-S2SER, and I', for six kinds of content."""
    methods = [name for name in (BASELINE, PROPOSED) if name in recovered_methods(profile)]
    headline = "Only the surrogate S goes to the cloud; the edit wanted on I is recovered locally"
    return _grid(profile, OVERVIEW_CHOICES, methods, headline, "category", 192)


def figure12(profile: Profile) -> Figure:
    """Figure 12: one instance of each group with the recovered image of every floor and method."""
    available = recovered_methods(profile)
    methods = [name for name in ordered_methods(available) if name in available and name not in CEILINGS]
    return _grid(profile, FIGURE12_CHOICES, methods, "Figure 12. Recovered edits by method", "group", 128)


def shown_method(profile: Profile) -> str | None:
    """C2E-S2SER where it was recovered and measured, else the first method that was; None where none was."""
    names = [name for name in recovered_methods(profile) if name in measured_files(profile, "benchmark")]
    return next((name for name in (PROPOSED, *ordered_methods(names)) if name in names), None)


def _shown(dataset: Dataset) -> dict:
    """The first row of the overview, which no score has chosen."""
    return dataset[next((row.Index for row in choose_rows(dataset, OVERVIEW_CHOICES)), 0)]


def _difference(first: Image.Image, second: Image.Image) -> Image.Image:
    """|first - second|, three times as bright as it is."""
    return Image.fromarray((np.abs(np.asarray(first, int) - np.asarray(second, int)) * 3).clip(0, 255).astype(np.uint8))


def _similarity(first: Image.Image, second: Image.Image) -> Image.Image:
    """The SSIM map as grey: white where the two look the same (and at the border, which has no value), black at 0."""
    values = ssim_map(image_tensor(first)[None], image_tensor(second)[None])[0, 0].numpy()
    values = np.pad(values, SSIM_WINDOW // 2, constant_values=1)
    return Image.fromarray((values.clip(0, 1) * 255).round().astype(np.uint8))


def compared_pictures(profile: Profile, method: str) -> Figure:
    """What the metrics see of one test instance and a method's Î: the pictures and their differences."""
    dataset = open_split(profile.results / "benchmark", "test")
    one = _shown(dataset)
    found = open_recovered(profile, method, dataset["instance_id"][:]).picture(one["instance_id"])
    panels = {"I": one["source"], "Î": found, "I'": one["edited_source"]}
    panels |= {"S": one["surrogate"], "S'": one["edited_surrogate"]}
    panels |= {f"3 |Î - {name}|": _difference(found, panels[name]) for name in ("I", "I'")}
    panels |= {f"SSIM map\nof Î and {name}": _similarity(found, panels[name]) for name in ("I", "I'")}
    texts = [(f"“{one['instruction']}”", f"{one['category']} · {one['tag']}\n{method}")]
    return grid([list(panels.values())], list(panels), texts)


def compared_numbers(profile: Profile, method: str) -> pd.DataFrame:
    """The eight metrics of the same instance: value, value inside M, and which pictures each compares."""
    measured = pd.read_csv(measured_files(profile, "benchmark")[method]).set_index("instance_id")
    values = measured.loc[_shown(open_split(profile.results / "benchmark", "test"))["instance_id"]]
    rows = [
        {
            "metric": entry.label,
            "value": values[entry.name],
            "inside M": values[f"{entry.name}_inside"] if entry.regional else np.nan,
            "compares": next(words for end, words in COMPARED.items() if entry.name.endswith(end)),
        }
        for entry in METRICS
    ]
    return pd.DataFrame(rows).set_index("metric")
