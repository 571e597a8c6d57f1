"""Table 7: recovery of images and instructions that nothing was trained on, the paper beside it.

The paper takes InstructPix2Pix's images and 934 of its prompts, with surrogates of the whole image. Where
that data is not at hand, a simulated stand-in takes its place: scenes and instructions outside SPPE-mini.
The private region is the whole image, so nothing is outside M and copying outside M helps no method.
"""

import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.evaluation.cells import (
    NOT_RUN,
    TRIVIAL_NOTE,
    interval_cells,
    metric_cells,
    metric_label,
    summary,
    undefined_note,
)
from sppe_lib.evaluation.metrics import METRIC_NAMES, METRICS
from sppe_lib.evaluation.rendering import NOTHING, Document, Section
from sppe_lib.evaluation.results import data_name, ordered_methods, published_methods, read_metrics
from sppe_lib.published import read_published

NAME = "table7_recovery_unseen"

UNSEEN = "unseen"
"""The run whose metrics make the table."""

COLUMNS = ["metric", "method", "value", "n", "published", "low", "high", "undefined"]


def published_generalisation() -> pd.DataFrame:
    """The paper's Table 7 as metric, method, value."""
    return read_published("table7_recovery_instructpix2pix").melt("method", list(METRIC_NAMES), var_name="metric")


def generalisation_methods(measured: dict[str, pd.DataFrame]) -> list[str]:
    """Rows of the table: every method but those of the paper that the paper leaves out of Table 7."""
    left_out = set(published_methods()) - set(published_generalisation()["method"])
    return [name for name in ordered_methods(list(measured)) if name not in left_out]


def generalisation_data(profile: Profile) -> pd.DataFrame:
    """metric, method, value, n, published, low, high, undefined; without a run only `published` is set."""
    measured = read_metrics(profile, UNSEEN)
    published = published_generalisation().set_index(["metric", "method"])["value"].to_dict()
    rows = []
    for metric in METRICS:
        for method in generalisation_methods(measured):
            row = {"metric": metric.name, "method": method, "published": published.get((metric.name, method))}
            if method in measured:
                row |= summary(measured[method], metric.name, profile.evaluation)
            rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS).astype({"n": "Int64", "undefined": "Int64"})


def _what_it_is(profile: Profile, measured: dict[str, pd.DataFrame]) -> str:
    tables = list(measured.values())
    size = f"{len(tables[0])} instances of {tables[0]['pair_id'].nunique()} pairs" if tables else "no instances yet"
    if profile.benchmark.unseen_source == "vector-world":
        data = (
            f"a stand-in for InstructPix2Pix: scenes and instructions outside {data_name(profile)}, simulated like it "
            "and edited by the simulated cloud editor. At paper scale the real InstructPix2Pix set takes its place"
        )
    elif not profile.benchmark.unseen_source:
        data = "`benchmark.unseen_source` names no set"
    else:
        data = "images and instructions of InstructPix2Pix"
    return f"{size}: {data}. Surrogates replace the whole image, so M is all of it and nothing is outside M"


def generalisation_table(profile: Profile) -> Document:
    """Table 7: the eight metrics of every method on unseen images and instructions, and their intervals."""
    measured = read_metrics(profile, UNSEEN)
    data = generalisation_data(profile)
    methods = list(dict.fromkeys(data["method"]))
    columns = [(metric_label(metric), metric, data[data["metric"] == metric.name]) for metric in METRICS]
    sections = [Section("", metric_cells(columns, methods), [undefined_note(data)] if measured else [])]
    if measured:
        sections.append(
            Section(
                f"{100 * profile.evaluation.confidence:.0f} % intervals of this run",
                interval_cells(data, [name for name in methods if name in measured]),
                ["Bootstrap over source-surrogate pairs."],
            )
        )
    left_out = [name for name in published_methods() if name not in methods]
    notes = [
        (
            f"First number: this run, profile `{profile.name}`, {_what_it_is(profile, measured)}. In brackets: the "
            f"paper's number on InstructPix2Pix (934 prompts), other and real images, so compare the order of the "
            f"methods, not the two numbers. Bold: best of each. {NOTHING}: {NOT_RUN}."
        ),
        (
            f"{', '.join(left_out)} has no row, as in the paper: it optimises an instruction for the InstructPix2Pix "
            f"editor, which was trained on the very data that the paper's table is made of."
        ),
        TRIVIAL_NOTE,
    ]
    return Document(NAME, "Table 7. Recovery of unseen images and instructions", notes, sections, data)
