"""The repository's own files: environment, Makefile, README and pages agree with each other, and break at no path."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from sppe_lib.errors import ConfigError, DataError
from sppe_lib.evaluation import readme
from sppe_lib.tools import pages
from sppe_lib.tools.environment import environment_text

REPOSITORY = Path(__file__).parents[1]


def test_environment_yml_has_the_pins_of_the_lock():
    assert (REPOSITORY / "environment.yml").read_text() == environment_text(REPOSITORY)


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-photo.lock", "environment.yml", "pyproject.toml"])
def test_no_registry_host_in_environment_files_and_a_hash_of_every_locked_package(name):
    text = (REPOSITORY / name).read_text()
    assert not re.search(r"https?://|index-url|find-links", text)
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text) if name.endswith(".lock") else []
    assert all("--hash=sha256:" in block for block in blocks if "==" in block)


TARGETS = re.findall(r"^([a-z-]+):.*##", (REPOSITORY / "Makefile").read_text(), re.M)
STAND_IN = (
    '#!/bin/sh\nfor argument; do printf "[%s]" "$argument"; done >> calls\n{ pwd; echo "$SPPE_HOME"; } >> places\n'
)


@pytest.fixture(params=["thesis final/kit", "it's $HOME", "a[1] 100% #2"])
def clone(request, tmp_path):
    folder = tmp_path / request.param
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name in ("python", "uv"):
        (folder / ".venv" / "bin" / name).write_text(STAND_IN)
        (folder / ".venv" / "bin" / name).chmod(0o755)
    for path in (REPOSITORY / "Makefile", REPOSITORY / "pyproject.toml", *REPOSITORY.glob("*.lock")):
        shutil.copy(path, folder)
    for name in (".installed", ".photo"):
        (folder / ".venv" / name).touch()
    for name in ("thesis", "final", "it", "results", "kit"):  # what an unquoted path would be taken for
        (tmp_path / name / "kept").mkdir(parents=True, exist_ok=True)
    (folder / "results" / "mini").mkdir(parents=True)
    (folder / "results" / "test" / "old").mkdir(parents=True)
    return folder


def files(folder):
    return {path.relative_to(folder) for path in folder.rglob("*")}


def test_targets_touch_nothing_but_their_own(clone, tmp_path):
    before = files(tmp_path)
    for target in TARGETS:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("SPPE", "MAKE"))}
        command = ["make", target, "PROFILE=a b", "AGAINST=it's"]
        done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    gone, new = before - files(tmp_path), files(tmp_path) - before
    inside = clone.relative_to(tmp_path)
    assert gone == {inside / "results" / "test", inside / "results" / "test" / "old"}
    assert new <= {inside / "calls", inside / "places"}
    assert set((clone / "places").read_text().splitlines()) == {str(clone)}
    calls = (clone / "calls").read_text()
    assert "[sppe_lib.tools.pipeline][a b][--jobs][1]" in calls and "[--against][it's]" in calls
    assert "[profile=a b]" in calls


def test_the_verdicts_are_those_of_the_committed_claims_and_nothing_else_of_the_readme_is_replaced():
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert readme.with_verdicts(text, *readme.committed()) == text, "run python -m sppe_lib.evaluation.readme"
    assert len(text.splitlines()) <= 120
    changed = readme.with_verdicts(f"before {readme.BEGIN} old {readme.END} after", [])
    assert changed.startswith(f"before {readme.BEGIN}") and changed.endswith(f"{readme.END} after")
    assert "old" not in changed
    gate = {"gate": "far apart", "value": 1.234, "ci_low": 1, "ci_high": 2, "holds": True}
    failed = gate | {"gate": "near", "value": None, "holds": None}
    words = readme.with_verdicts(f"{readme.BEGIN}{readme.END}", [], [gate, failed])
    assert "far apart 1.23 (1.00 to 2.00); **near –" in words
    with pytest.raises(DataError, match="marks"):
        readme.with_verdicts("no marks", [])


@pytest.mark.parametrize(
    "page", ["README.md", *sorted(f"docs/{path.name}" for path in (REPOSITORY / "docs").glob("*.md"))]
)
def test_every_file_that_a_page_links_to_exists(page):
    path = REPOSITORY / page
    links = re.findall(r"\]\(((?!http|#)[^)#]+)\)", path.read_text(encoding="utf-8"))
    assert links and not [link for link in links if not (path.parent / link).exists()]


PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPj/HwADBwIAMCbHYQAAAABJRU5ErkJggg=="
COMMITTED = REPOSITORY / "docs" / "notebooks"
WORDS = """# 1 · First

- **Question:** what is `this`?

Next: [second](02_b.ipynb) or [third](03_c.ipynb). $$x_t = (1 - t)\\,x_0$$ but `$home` and 5 $ or 6 $."""
OUTPUTS = [
    new_output("display_data", {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "bar"}),
    new_output("stream", name="stderr", text="a warning with /a/path"),
    new_output("display_data", {"image/png": PNG, "text/plain": "<Figure>"}),
    new_output("execute_result", {"text/html": "<table><tr><td>1</td></tr></table>"}, execution_count=1),
]


@pytest.fixture
def results(tmp_path, monkeypatch):
    shown = new_notebook(cells=[new_markdown_cell(WORDS), new_code_cell("draw()", outputs=OUTPUTS)])
    folder = tmp_path / "results" / "tiny"
    for name in (tmp_path / "notebooks", folder / "notebooks"):
        name.mkdir(parents=True)
    for name in ("notebooks/01_a", "notebooks/02_b"):
        nbformat.write(shown, tmp_path / f"{name}.ipynb")
    for name in ("01_a", "02_b-C2E-S2SER"):
        nbformat.write(shown, folder / "notebooks" / f"{name}.ipynb")
    monkeypatch.setattr(pages, "repository", lambda: tmp_path)
    return folder


def test_a_page_holds_pictures_tables_and_equations_but_no_progress_or_warning(results, tmp_path):
    written = pages.write_pages(results, tmp_path / "docs")
    assert [path.name for path in written] == ["index.html", "01_a.html", "02_b.html"]
    index, text, _ = (path.read_text(encoding="utf-8") for path in written)
    assert "<math" in text and "$$" not in text and "$home" in text and "5 $ or 6 $" in text
    assert 'href="02_b.html"' in text and "third" in text and "03_c" not in text
    assert "<table>" in text and "01_a-1.webp" in text and (tmp_path / "docs" / "01_a-1.webp").is_file()
    assert "a warning" not in text and "<script" not in text
    assert index.count("<li>") == 2 and "1 · First</a><br>What is this?" in index
    assert pages.write_pages(results, tmp_path / "docs")  # its own work is replaced
    (tmp_path / "docs" / "thesis.md").write_text("mine")
    with pytest.raises(ConfigError):
        pages.write_pages(results, tmp_path / "docs")
    with pytest.raises(DataError):
        pages.write_pages(tmp_path / "elsewhere", tmp_path / "new")
    assert (tmp_path / "docs" / "thesis.md").read_text() == "mine" and not (tmp_path / "new").exists()


def test_every_link_and_picture_of_the_committed_pages_is_there_and_every_page_is_listed():
    found = sorted(COMMITTED.glob("*.html"))
    links = {page.name: set(re.findall(r'(?:href|src)="([^"#:]+)"', page.read_text("utf-8"))) for page in found}
    assert not [link for these in links.values() for link in these if not (COMMITTED / link).is_file()]
    assert links["index.html"] >= links.keys() > {"index.html"}
    assert sum(path.stat().st_size for path in COMMITTED.iterdir()) < 15e6
