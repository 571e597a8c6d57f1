"""One instance's eight metrics taken apart: the pictures that they compare, and what each makes of them."""

import numpy as np
import pandas as pd
from datasets import Dataset
from matplotlib.figure import Figure
from PIL import Image

from sppe_lib.config import Profile
from sppe_lib.data.schema import image_tensor, open_split
from sppe_lib.evaluation.frame import PROPOSED, ordered_methods
from sppe_lib.evaluation.measure import measured_files, open_recovered, recovered_methods
from sppe_lib.evaluation.metrics import METRICS, SSIM_WINDOW, ssim_map
from sppe_lib.evaluation.qualitative import OVERVIEW_CHOICES, choose_rows
from sppe_lib.pictures import grid

COMPARED = {
    "_src": "Î with I",
    "_gt": "Î with I'",
    "dir_i": "the change from I to Î with the change from I to I'",
    "dir_s": "the change from I to Î with the change from S to S'",
}
"""Ending of a metric -> which pictures it compares."""


def shown_method(profile: Profile) -> str | None:
    """C2E-S2SER where it was recovered and measured, else the first method that was; None where none was."""
    names = [name for name in recovered_methods(profile) if name in measured_files(profile, "benchmark")]
    return next((name for name in (PROPOSED, *ordered_methods(names)) if name in names), None)


def _shown(dataset: Dataset) -> dict:
    """The first row of the overview, which no score has chosen."""
    return dataset[next((row.index for row in choose_rows(dataset, OVERVIEW_CHOICES)), 0)]


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
