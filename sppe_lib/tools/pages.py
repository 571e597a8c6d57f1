"""The executed notebooks of a run as web pages, `docs/notebooks/*.html`: no kernel, network or script is needed.

    python -m sppe_lib.tools.pages mini

Pictures become files beside the pages, equations MathML. The folder is replaced as a whole, once every page is made.
"""

import argparse
import base64
import html
import io
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import nbformat
from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from PIL import Image
from pygments.formatters import HtmlFormatter

from sppe_lib.config import load_profile, repository
from sppe_lib.data.own_folder import own_folder
from sppe_lib.errors import DataError, command_line

EXAMPLE = "C2E-S2SER"
"""Of a notebook that runs once a method, the page shows this one."""

WIDEST = 1400
"""Pixels; larger pictures are reduced to this width."""

MATH = re.compile(r"\$\$(.+?)\$\$|(?<![\\$\w])\$(?! )([^$\n]+?)(?<! )\$(?![\w$])", re.DOTALL)
CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
LINK = re.compile(r"\[([^\]]*)\]\((\w+)\.ipynb\)")
QUESTION = re.compile(r"\*\*Question:\*\* (.+)")

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><title>{title}</title><link rel="stylesheet" href="style.css"></head>
<body><nav>{links}</nav>
{body}
</body></html>
"""


class Page(NamedTuple):
    """A notebook to show: its name in `notebooks/`, its title, the question that it answers, and a link to its page."""

    name: str
    title: str
    question: str
    link: str


def pages_of(names: Iterable[str]) -> list[Page]:
    """Notebooks of the repository as pages, in order of their numbers."""
    pages = []
    for name in sorted(names):
        first = nbformat.read(repository() / "notebooks" / f"{name}.ipynb", as_version=4).cells[0].source
        question = QUESTION.search(first)
        text, title = re.sub(r"[*`]", "", question[1]) if question else "", first.splitlines()[0].lstrip("# ")
        link = f'<a href="{name}.html">{html.escape(title)}</a>'
        pages.append(Page(name, title, text[:1].upper() + text[1:], link))
    return pages


def index(pages: list[Page]) -> str:
    """The first page: a list of the others, each with its question."""
    rows = "\n".join(f"<li>{page.link}<br>{html.escape(page.question)}</li>" for page in pages)
    body = f"<h1>The notebooks, as they were executed</h1>\n<ul>\n{rows}\n</ul>"
    return PAGE.format(title="The notebooks", links='<a href="index.html">The notebooks</a>', body=body)


def with_equations(markdown: str) -> str:
    """Markdown whose LaTeX between dollar signs has become MathML; code is left alone."""

    def formula(match: re.Match) -> str:
        block, inline = match.groups()
        return convert(block or inline, display="block" if block else "inline")

    parts = CODE.split(markdown)
    return "".join(part if index % 2 else MATH.sub(formula, part) for index, part in enumerate(parts))


def prepare(page: Page, notebook: nbformat.NotebookNode, folder: Path, names: set[str]) -> nbformat.NotebookNode:
    """The executed notebook as the exporter takes it: no progress bars, pictures as links to WebP files in `folder`.

    A link to a notebook that has no page, which is none of `names`, becomes text.
    """
    number = 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            linked = lambda found: f"[{found[1]}]({found[2]}.html)" if found[2] in names else found[1]  # noqa: E731
            cell.source = LINK.sub(linked, with_equations(cell.source))
            continue
        kept = []
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if output.get("name") == "stderr" or "application/vnd.jupyter.widget-view+json" in data:
                continue
            if "image/png" in data:
                number += 1
                target, said = folder / f"{page.name}-{number}.webp", html.escape(page.title)
                picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).convert("RGB")
                if picture.width > WIDEST:
                    height = round(picture.height * WIDEST / picture.width)
                    picture = picture.resize((WIDEST, height), Image.Resampling.LANCZOS)
                picture.save(target, "WEBP", quality=88, method=6)
                shown = f'<img src="{target.name}" loading="lazy" alt="{said}, picture {number}">'
                output["data"] = {"text/html": shown}
            elif "text/html" in data:
                output["data"] = {"text/html": f'<div class="scroll">{data["text/html"]}</div>'}
            elif "text/markdown" in data:
                output["data"] = {"text/markdown": with_equations(data["text/markdown"])}
            kept.append(output)
        cell.outputs = kept
    return notebook


def write_pages(results: Path, folder: Path) -> list[Path]:
    """Render a run's executed notebooks into `folder`, which is replaced; returns the pages, the first is the index.

    Raises DataError where no notebook was executed, and what `own_folder` raises where `folder` is somebody else's.
    """
    names = [path.stem for path in (repository() / "notebooks").glob("*.ipynb")]
    places = ((name, results / "notebooks" / f"{name}{end}.ipynb") for end in (f"-{EXAMPLE}", "") for name in names)
    copies = {name: path for name, path in places if path.is_file()}
    if not copies:
        raise DataError(f"No executed notebooks in {results.name}/notebooks: run make repro first.")
    exporter = HTMLExporter(template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True)
    pages = pages_of(copies)
    links = " ".join(page.link for page in pages)
    with own_folder(folder, [results]) as temporary:
        style = Path(__file__).with_name("pages.css").read_text(encoding="utf-8")
        style += HtmlFormatter().get_style_defs(".highlight")
        texts = {"style.css": style, "index.html": index(pages)}
        for page in pages:
            notebook = prepare(page, nbformat.read(copies[page.name], as_version=4), temporary, set(copies))
            body, _ = exporter.from_notebook_node(notebook)
            texts[f"{page.name}.html"] = PAGE.format(title=html.escape(page.title), links=links, body=body)
        for name, text in texts.items():
            (temporary / name).write_text(text, encoding="utf-8")
    return [folder / f"{name}.html" for name in ("index", *(page.name for page in pages))]


@command_line
def main(arguments: list[str]) -> None:
    """Command line: [PROFILE] [--output FOLDER]."""
    parser = argparse.ArgumentParser(description="Render the executed notebooks of a run as web pages.")
    parser.add_argument("profile", nargs="?", help="a profile of params.yaml; left out: the chosen one")
    parser.add_argument("--output", type=Path, default=repository() / "docs" / "notebooks")
    chosen = parser.parse_args(arguments)
    pages = write_pages(load_profile(chosen.profile).results, chosen.output)
    size = sum(path.stat().st_size for path in chosen.output.iterdir()) / 1e6
    print(f"{len(pages)} pages, {size:.1f} MB in {chosen.output.name}/: open index.html")


if __name__ == "__main__":
    sys.exit(main())
