"""A table as CSV (numbers), Markdown and LaTeX (for reading), from one description.

Titles and notes stand in tables.yaml, with named gaps such as {profile}; `document` fills them.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from tabulate import tabulate

from sppe_lib.config import Profile
from sppe_lib.evaluation.frame import BASELINE, BOUNDS, PROPOSED, PROPOSED_ASSESSOR, data_name, is_rebuilt, is_simulated
from sppe_lib.evaluation.metrics import METRICS, Metric
from sppe_lib.runtime import write_text

NOTHING = "–"  # shown where there is no number
NOT_RUN = "not run in this profile yet"


@dataclass(frozen=True)
class Section:
    """One printed table: a heading, cells of text (bold as **x**), and what a reader should know of it."""

    heading: str
    cells: pd.DataFrame
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Document:
    """A table of the kit: `name` (file name without suffix), `title`, `notes` above, `sections`, CSV `data`."""

    name: str
    title: str
    notes: Sequence[str]
    sections: Sequence[Section]
    data: pd.DataFrame

    def _repr_markdown_(self) -> str:
        return markdown(self)  # how JupyterLab shows it


@cache
def read_yaml(name: str) -> dict | list:
    """A YAML file beside this one."""
    return yaml.safe_load(files(__package__).joinpath(name).read_text(encoding="utf-8"))


def gaps(profile: Profile, **more: object) -> dict[str, object]:
    """What every text of tables.yaml may name, and `more`."""
    kinds = read_yaml("tables.yaml")["kinds"]
    kind = kinds["simulated" if is_simulated(profile) else "rebuilt" if is_rebuilt(profile) else "released"]
    names = {"profile": profile.name, "data": data_name(profile), "nothing": NOTHING, "not_run": NOT_RUN}
    names |= {"proposed": PROPOSED, "baseline": BASELINE, "assessor": PROPOSED_ASSESSOR, "settings": profile}
    names |= {"confidence": f"{100 * profile.evaluation.confidence:.0f} %", "strength": profile.benchmark.strength}
    return names | {"kind": kind["kind"], "where": kind["where"].format(**names)} | more


def text(name: str, key: str, profile: Profile, **more: object) -> str:
    """One text of a table in tables.yaml, its gaps filled."""
    return read_yaml("tables.yaml")[name][key].format(**gaps(profile, **more))


def document(name: str, profile: Profile, sections: Sequence[Section], data: pd.DataFrame, **more: object) -> Document:
    """A table by its name in tables.yaml: title, notes (`more` fills their gaps), columns if listed."""
    entry, values = read_yaml("tables.yaml")[name], gaps(profile, **more)
    notes = [note.format(**values) for note in entry["notes"]]
    data = data.reindex(columns=entry["columns"]) if "columns" in entry else data
    return Document(name, entry["title"], notes, sections, data)


def number(value: float | None, decimals: int, bold: bool = False) -> str:
    """A number as text; a dash where it is missing."""
    if value is None or pd.isna(value):
        return NOTHING
    text = f"{value:.{decimals}f}"
    return f"**{text}**" if bold else text


def beside(ours: float | None, published: float | None, decimals: int, bold: tuple[bool, bool] = (False, False)) -> str:
    """Our number with the paper's in brackets: `0.71 (0.66)`; `– (0.66)`, `0.71` or a dash where one is missing."""
    theirs = number(published, decimals, bold[1])
    return number(ours, decimals, bold[0]) + ("" if theirs == NOTHING else f" ({theirs})")


def best(values: dict[str, float]) -> set[str]:
    """The keys of the highest value, ties included; empty where all are missing."""
    highest = max((value for value in values.values() if pd.notna(value)), default=None)
    return {key for key, value in values.items() if value == highest and highest is not None}


def spanned(low: float, high: float, places: int) -> str:
    """An interval as text: `0.61 to 0.72`."""
    return f"{number(low, places)} to {number(high, places)}"


def decimals(metric: Metric) -> int:
    """How many decimals a metric is printed with, as in the paper but for PSNR."""
    return 2 if metric.unit else 4


def metric_label(metric: Metric) -> str:
    """A metric as a column's heading: its label, which way is better, its unit."""
    return f"{metric.label} ↑" + (f" [{metric.unit}]" if metric.unit else "")


def table(data: pd.DataFrame, rows: str, columns: str, places: int | None = None) -> pd.DataFrame:
    """Printed cells: the values of the column `rows` by those of `columns`, each cell `value (published)`.

    `data`: rows, columns, metric, value and, if the paper has it, published. The best of a column is bold, which floors
    and ceilings never are. `places`: decimals, where the metric is none of METRICS.
    """
    known = {entry.name: entry for entry in METRICS}
    cells = {rows: list(dict.fromkeys(data[rows]))}
    for name, part in data.groupby(columns, sort=False):
        entry = known.get(part["metric"].iloc[0])
        shown = places if entry is None else decimals(entry)
        own = part.set_index(rows).reindex(index=cells[rows], columns=["value", "published"])
        winners = [best(own[which].drop(list(BOUNDS), errors="ignore").to_dict()) for which in own]
        cells[metric_label(known[name]) if name in known else name] = [
            beside(*values, shown, tuple(row in winner for winner in winners))
            for row, *values in own.itertuples(name=None)
        ]
    return pd.DataFrame(cells)


def metric_cells(data: pd.DataFrame, cell: Callable[[Any, int], str]) -> dict[str, list[str]]:
    """Columns of printed cells, one for each metric: `cell(row, decimals)` of every row of `data` of that metric."""
    parts = ((entry, data[data["metric"] == entry.name]) for entry in METRICS)
    return {
        metric_label(entry): [cell(row, decimals(entry)) for row in part.itertuples()]
        for entry, part in parts
        if len(part)
    }


def _alignment(cells: pd.DataFrame) -> list[str]:
    """Columns of numbers to the right, columns of words to the left."""
    words = cells.map(lambda text: bool(re.search("[A-Za-z]{3}", str(text))))
    return ["left" if words[name].any() else "right" for name in cells.columns]


def markdown(document: Document) -> str:
    """The document as GitHub-flavoured Markdown."""
    parts = [f"# {document.title}", *document.notes]
    for section in document.sections:
        cells = section.cells.map(lambda text: str(text).replace("|", "\\|"))
        parts += [f"## {section.heading}"] if section.heading else []
        parts += [_tabulated(cells, list(cells.columns), "pipe", _alignment(cells)), *section.notes]
    return "\n\n".join(parts).rstrip() + "\n"


def _tabulated(cells: pd.DataFrame, headers: list[str], look: str, align: list[str]) -> str:
    # disable_numparse: cells are text already, tabulate must not reformat them.
    return tabulate(cells.values.tolist(), headers, look, colalign=align, disable_numparse=True)


_SPECIAL = (
    r"\textbackslash{} \& \% \$ \# \_ \{ \} \textasciitilde{} \textasciicircum{} "
    r"$\uparrow$ $\downarrow$ -- $-$ $\pm$ $\geq$ $\hat{I}$ $\times$ $^2$ $'$ $\to$"
)
_LATEX = str.maketrans(dict(zip("\\&%$#_{}~^↑↓–−±≥Î×²′→", _SPECIAL.split(), strict=True)))


def latex_text(text: object) -> str:
    """Text with LaTeX's special characters escaped, **x** as bold and `x` as typewriter."""
    escaped = re.sub(r"\*\*(.+?)\*\*", r"\\textbf{\1}", str(text).translate(_LATEX))
    return re.sub(r"`(.+?)`", r"\\texttt{\1}", escaped)


def latex(document: Document) -> str:
    """The document as LaTeX: one `table` per section (needs booktabs and graphicx)."""
    parts = ["% " + document.title]
    for section in document.sections:
        headers = [latex_text(name) for name in section.cells.columns]
        body = _tabulated(section.cells.map(latex_text), headers, "latex_raw", _alignment(section.cells))
        for rule in ("toprule", "midrule", "bottomrule"):
            body = body.replace(r"\hline", "\\" + rule, 1)
        caption = ". ".join(part for part in (document.title, section.heading) if part)
        notes = " ".join(re.sub(r"\[(.+?)\]\(.+?\)", r"\1", note) for note in (*document.notes, *section.notes))
        parts.append(
            "\\begin{table}\n\\centering\n\\caption{" + latex_text(caption) + "}\n"
            "\\resizebox{\\linewidth}{!}{%\n" + body + "}\n"
            "\\par\\footnotesize " + latex_text(notes) + "\n\\end{table}"
        )
    return "\n\n".join(parts) + "\n"


def write(document: Document, folder: Path) -> list[Path]:
    """Write `<name>.csv`, `.md` and `.tex` to `folder`, atomically; returns their paths."""
    numbers = document.data.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    texts = {"csv": numbers, "md": markdown(document), "tex": latex(document)}
    paths = [Path(folder) / f"{document.name}.{suffix}" for suffix in texts]
    for path, text in zip(paths, texts.values()):
        write_text(path, text)
    return paths
