"""A table as CSV (numbers), Markdown and LaTeX (for reading), from one description."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from tabulate import tabulate

from sppe_lib.runtime import write_text

NOTHING = "–"
"""Shown where there is no number."""


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


_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "–": "--",
    "−": "$-$",
    "±": r"$\pm$",
    "≥": r"$\geq$",
    "Î": r"$\hat{I}$",
    "×": r"$\times$",
    "²": "$^2$",
    "′": "$'$",
}


def latex_text(text: object) -> str:
    """Text with LaTeX's special characters escaped, **x** as bold and `x` as typewriter."""
    escaped = "".join(_LATEX.get(character, character) for character in str(text))
    escaped = re.sub(r"\*\*(.+?)\*\*", r"\\textbf{\1}", escaped)
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
