"""The notebooks tell the story: how each opens and ends, its equations, and every table and figure shown once."""

import json
import re
from pathlib import Path

import pytest
from latex2mathml.converter import convert

from sppe_lib.evaluation.figures import FIGURES, SWEEP_FIGURES

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def sources(path: Path, kind: str) -> list[str]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == kind]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_opens_with_four_lines_and_ends_with_the_next_one(path):
    first, *_, last = sources(path, "markdown")
    assert first.startswith(f"# {path.stem.partition('_')[0]} · ")
    assert re.findall(r"^- \*\*(\w+):\*\* \S", first, re.M) == ["Question", "Needs", "Writes", "Minutes"]
    [following, *_] = re.findall(r"\]\((\w+\.ipynb)\)", last)
    assert "Next:" in last and (FOLDER / following).is_file() and following != path.name


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_equations_are_latex_that_the_pages_can_show(path):
    for equation in re.findall(r"\$\$(.+?)\$\$", "\n".join(sources(path, "markdown")), re.S):
        assert "\\" not in convert(equation, display="block"), equation


def test_every_figure_is_shown_once():
    code = "\n".join(source for path in NOTEBOOKS for source in sources(path, "code"))
    for name in FIGURES | SWEEP_FIGURES:
        assert code.count(f'show(settings, "{name}")') == 1, name


@pytest.mark.parametrize(("notebook", "folder"), [("05_tables", "tables"), ("07_sweep", "sweep_tables")])
def test_every_table_is_shown_once(notebook, folder):
    shown = re.findall(r'documents\["(\w+)"\]', "\n".join(sources(FOLDER / f"{notebook}.ipynb", "code")))
    written = {path.stem for path in (FOLDER.parent / "figures" / "mini" / folder).glob("*.md")}
    assert len(shown) == len(set(shown)) and written <= set(shown)
