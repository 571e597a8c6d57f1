"""A table as CSV (numbers), Markdown and LaTeX (for reading), from one description.

Titles and notes stand in tables.yaml, with named gaps such as {profile}; `document` fills them.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import pandas as pd
import yaml
from tabulate import tabulate

from sppe_lib.config import Profile
from sppe_lib.evaluation.frame import BASELINE, BOUNDS, PROPOSED, PROPOSED_ASSESSOR, data_name, is_rebuilt, is_simulated
from sppe_lib.evaluation.metrics import METRICS, Metric
from sppe_lib.runtime import write_text

NOTHING = "–"
"""Shown where there is no number."""

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
        """How JupyterLab shows it."""
        return markdown(self)


@cache
def read_yaml(name: str) -> dict | list:
    """A YAML file beside this one."""
    return yaml.safe_load(files(__package__).joinpath(name).read_text(encoding="utf-8"))


def gaps(profile: Profile, **more: object) -> dict[str, object]:
    """What every text of tables.yaml may name, and `more`."""
    kinds = read_yaml("tables.yaml")["kinds"]
    kind = kinds["simulated" if is_simulated(profile) else "rebuilt" if is_rebuilt(profile) else "released"]
    names = {"profile": profile.name, "data": data_name(profile), "nothing": NOTHING, "not_run": NOT_RUN}
    methods = {"proposed": PROPOSED, "baseline": BASELINE, "assessor": PROPOSED_ASSESSOR}
    numbers = {"confidence": f"{100 * profile.evaluation.confidence:.0f} %", "strength": profile.benchmark.strength}
    words = {"kind": kind["kind"], "where": kind["where"].format(**names), "settings": profile}
    return names | methods | numbers | words | more


def text(name: str, key: str, profile: Profile, **more: object) -> str:
    """One text of a table in tables.yaml, its gaps filled."""
    return read_yaml("tables.yaml")[name][key].format(**gaps(profile, **more))


def document(name: str, profile: Profile, sections: Sequence[Section], data: pd.DataFrame, **more: object) -> Document:
    """A table by its name in tables.yaml, where its title and notes stand; `more` fills their gaps.

    The CSV takes the columns that tables.yaml lists, all of `data` where it lists none.
    """
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
    left = number(ours, decimals, bold[0])
    if published is None or pd.isna(published):
        return left
    return f"{left} ({number(published, decimals, bold[1])})"


def best(values: dict[str, float], higher: bool = True) -> set[str]:
    """The keys of the best value, ties included; empty where all are missing."""
    defined = {key: value for key, value in values.items() if value is not None and not pd.isna(value)}
    if not defined:
        return set()
    chosen = (max if higher else min)(defined.values())
    return {key for key, value in defined.items() if value == chosen}


def spanned(low: float, high: float, places: int) -> str:
    """An interval as text: `0.61 to 0.72`."""
    return f"{number(low, places)} to {number(high, places)}"


def decimals(metric: Metric) -> int:
    """How many decimals a metric is printed with, as in the paper but for PSNR."""
    return 2 if metric.unit else 4


def metric_label(metric: Metric) -> str:
    """A metric as a column's heading: its label, which way is better, its unit."""
    arrow = "↑" if metric.direction == "higher" else "↓"
    return f"{metric.label} {arrow}" + (f" [{metric.unit}]" if metric.unit else "")


def table(data: pd.DataFrame, rows: str, columns: str, places: int | None = None) -> pd.DataFrame:
    """Printed cells: the values of the column `rows` by those of `columns`, each cell `value (published)`.

    `data`: rows, columns, metric, value and, if the paper has it, published. The best of a column is bold, which floors
    and ceilings never are. `places`:
    decimals, where the metric is none of METRICS.
    """
    known = {entry.name: entry for entry in METRICS}
    cells = {rows: list(dict.fromkeys(data[rows]))}
    for name, part in data.groupby(columns, sort=False):
        entry = known.get(part["metric"].iloc[0])
        own = part.set_index(rows).reindex(cells[rows]).reindex(columns=["value", "published"]).to_dict("list")
        values = [dict(zip(cells[rows], own[which])) for which in ("value", "published")]
        higher = entry is None or entry.direction == "higher"
        winners = [best({row: found[row] for row in found if row not in BOUNDS}, higher) for found in values]
        shown = places if entry is None else decimals(entry)
        cells[metric_label(known[name]) if name in known else name] = [
            beside(values[0][row], values[1][row], shown, tuple(row in winner for winner in winners))
            for row in cells[rows]
        ]
    return pd.DataFrame(cells)


def metric_cells(data: pd.DataFrame, cell: Callable[[object, int], str]) -> dict[str, list[str]]:
    """Columns of printed cells, one for each metric: `cell(row, decimals)` of every row of `data` of that metric."""
    return {
        metric_label(entry): [cell(row, decimals(entry)) for row in data[data["metric"] == entry.name].itertuples()]
        for entry in METRICS
        if (data["metric"] == entry.name).any()
    }


def _alignment(cells: pd.DataFrame) -> list[str]:
    """Columns of numbers to the right, columns of words to the left."""
    words = cells.map(lambda text: bool(re.search("[A-Za-z]{3}", str(text))))
    return ["left" if words[name].any() else "right" for name in cells.columns]


def markdown(document: Document) -> str:
    """The document as GitHub-flavoured Markdown."""
    lines = [f"# {document.title}", ""]
    for note in document.notes:
        lines += [note, ""]
    for section in document.sections:
        if section.heading:
            lines += [f"## {section.heading}", ""]
        cells = section.cells.map(lambda text: str(text).replace("|", "\\|"))
        align = _alignment(cells)
        # disable_numparse: cells are text already, tabulate must not reformat them.
        lines += [
            tabulate(cells.values.tolist(), list(cells.columns), "pipe", colalign=align, disable_numparse=True),
            "",
        ]
        for note in section.notes:
            lines += [note, ""]
    return "\n".join(lines).rstrip() + "\n"


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
        cells = section.cells.map(latex_text)
        headers = [latex_text(name) for name in cells.columns]
        body = tabulate(
            cells.values.tolist(), headers, "latex_raw", disable_numparse=True, colalign=_alignment(section.cells)
        )
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
    texts = {
        "csv": document.data.to_csv(index=False, float_format="%.6g", lineterminator="\n"),
        "md": markdown(document),
        "tex": latex(document),
    }
    paths = [Path(folder) / f"{document.name}.{suffix}" for suffix in texts]
    for path, text in zip(paths, texts.values()):
        write_text(path, text)
    return paths
