"""The executed notebooks of a run as web pages, `docs/notebooks/*.html`: no kernel, network or script is needed.

    python -m sppe_lib.tools.pages mini

Pictures become files beside the pages, equations MathML. The folder is replaced as a whole, once every page is made.
"""

import argparse
import base64
import html
import io
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from PIL import Image
from pygments.formatters import HtmlFormatter

from sppe_lib.config import load_profile, repository
from sppe_lib.data.own_folder import own_folder
from sppe_lib.errors import DataError, KitError

EXAMPLE = "C2E-S2SER"
"""Of a notebook that runs once a method, the page shows this one."""

WIDEST = 1400
"""Pixels; larger pictures are reduced to this width."""

MATH = re.compile(r"\$\$(.+?)\$\$|(?<![\\$\w])\$(?! )([^$\n]+?)(?<! )\$(?![\w$])", re.DOTALL)
CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
LINK = re.compile(r"\[([^\]]*)\]\((\w+)\.ipynb\)")

STYLE = """
body { font: 17px/1.6 system-ui, sans-serif; color: #1c2733; max-width: 62rem; margin: 0 auto; padding: 0 1rem 4rem;
  overflow-wrap: anywhere; }
nav { font-size: .85rem; padding: .8rem 0; border-bottom: 1px solid #dde3e9; }
nav a { margin-right: .9rem; display: inline-block; }
h1, h2, h3 { line-height: 1.25; } h1 { font-size: 1.7rem; } h2 { font-size: 1.3rem; margin-top: 2.2rem; }
a { color: #0b62b8; } img { max-width: 100%; height: auto; } .anchor-link { display: none; }
pre { background: #f5f7f9; padding: .7rem .9rem; overflow-x: auto; font-size: .82rem; line-height: 1.45; }
pre code { overflow-wrap: normal; }
.scroll, .output_subarea, .text_cell_render, .rendered_html { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-size: .82rem; overflow-wrap: normal; }
td, th { padding: .25rem .6rem; border-bottom: 1px solid #e4e9ee; text-align: left; }
math[display=block] { display: block math; margin: 1rem 0; padding: .2rem 0; overflow-x: auto; max-width: 100%; }
"""

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><title>{title}</title><link rel="stylesheet" href="style.css"></head>
<body><nav>{links}</nav>
{body}
</body></html>
"""


@dataclass(frozen=True)
class Page:
    """A notebook to show: its name in `notebooks/`, its title, and the executed copy."""

    name: str
    title: str
    executed: Path


def executed_pages(results: Path) -> list[Page]:
    """The notebooks of the repository that were executed in a run, in order of their numbers."""
    pages = []
    for source in sorted((repository() / "notebooks").glob("*.ipynb")):
        copies = [results / "notebooks" / f"{source.stem}{suffix}.ipynb" for suffix in ("", f"-{EXAMPLE}")]
        found = next((path for path in copies if path.is_file()), None)
        if found:
            first = nbformat.read(found, as_version=4).cells[0].source.splitlines()[0]
            pages.append(Page(source.stem, first.lstrip("# "), found))
    return pages


def with_equations(markdown: str) -> str:
    """Markdown whose LaTeX between dollar signs has become MathML; code is left alone."""

    def formula(match: re.Match) -> str:
        block, inline = match.groups()
        return convert(block or inline, display="block" if block else "inline")

    parts = CODE.split(markdown)
    return "".join(part if index % 2 else MATH.sub(formula, part) for index, part in enumerate(parts))


def write_picture(encoded: str, path: Path) -> None:
    """A PNG of an output (base64) as a WebP file, at most WIDEST pixels wide."""
    picture = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB")
    if picture.width > WIDEST:
        picture = picture.resize((WIDEST, round(picture.height * WIDEST / picture.width)), Image.Resampling.LANCZOS)
    picture.save(path, "WEBP", quality=88, method=6)


def prepare(page: Page, folder: Path, names: set[str]) -> nbformat.NotebookNode:
    """The executed notebook as the exporter takes it: no progress bars, pictures as links to files in `folder`.

    A link to a notebook that has no page, which is none of `names`, becomes text.
    """

    def linked(found: re.Match) -> str:
        title, name = found.groups()
        return f"[{title}]({name}.html)" if name in names else title

    notebook = nbformat.read(page.executed, as_version=4)
    number = 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = LINK.sub(linked, with_equations(cell.source))
            continue
        kept = []
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if output.get("name") == "stderr" or "application/vnd.jupyter.widget-view+json" in data:
                continue
            if "image/png" in data:
                number += 1
                target = folder / f"{page.name}-{number}.webp"
                write_picture(data["image/png"], target)
                said = html.escape(page.title)
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
    pages = executed_pages(results)
    if not pages:
        raise DataError(f"No executed notebooks in {results.name}/notebooks: run make repro first.")
    exporter = HTMLExporter(template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True)
    links = " ".join(f'<a href="{page.name}.html">{html.escape(page.title)}</a>' for page in pages)
    with own_folder(folder, [results]) as temporary:
        (temporary / "style.css").write_text(STYLE + HtmlFormatter().get_style_defs(".highlight"), encoding="utf-8")
        for page in pages:
            body, _ = exporter.from_notebook_node(prepare(page, temporary, {one.name for one in pages}))
            text = PAGE.format(title=html.escape(page.title), links=links, body=body)
            (temporary / f"{page.name}.html").write_text(text, encoding="utf-8")
        shutil.copy(temporary / f"{pages[0].name}.html", temporary / "index.html")
    return [folder / f"{name}.html" for name in ("index", *(page.name for page in pages))]


def main() -> int:
    """Command line: [PROFILE] [--output FOLDER]."""
    parser = argparse.ArgumentParser(description="Render the executed notebooks of a run as web pages.")
    parser.add_argument("profile", nargs="?", help="a profile of params.yaml; left out: the chosen one")
    parser.add_argument("--output", type=Path, default=repository() / "docs" / "notebooks")
    arguments = parser.parse_args()
    try:
        written = write_pages(load_profile(arguments.profile).results, arguments.output)
    except KitError as error:
        print(error, file=sys.stderr)
        return 2
    size = sum(path.stat().st_size for path in arguments.output.iterdir()) / 1e6
    print(f"{len(written) - 1} pages, {size:.1f} MB in {arguments.output.name}/: open {written[0].name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
