"""The rendered notebooks: what becomes of outputs, and whether the committed pages can be read in a browser."""

import http.server
import json
import queue
import re
import shutil
import subprocess
import threading
from functools import partial
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from sppe_lib.errors import ConfigError, DataError
from sppe_lib.tools import pages

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPj/HwADBwIAMCbHYQAAAABJRU5ErkJggg=="
COMMITTED = Path(__file__).parents[1] / "docs" / "notebooks"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

HARNESS = """<!doctype html><link rel="icon" href="data:,"><body><script>
const names = NAMES, found = [];
async function look(name) {
  const frame = document.createElement("iframe");
  frame.style.cssText = "width:390px;height:844px"; document.body.append(frame);
  const errors = [];
  await new Promise(done => { frame.onload = done; frame.src = name; });
  frame.contentWindow.onerror = message => errors.push(message);
  const page = frame.contentDocument;
  for (const picture of page.images) {
    picture.loading = "eager"; await picture.decode().catch(() => errors.push(picture.src));
  }
  const wide = page.documentElement.scrollWidth;
  frame.remove();
  return [name, wide, errors];
}
(async () => {
  for (const name of names) found.push(await look(name));
  fetch("found", {method: "POST", body: JSON.stringify(found)});
})();
</script></body>"""

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
    """A repository with two notebooks and their executed copies."""
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
    assert pages.main(["--index", "--output", str(tmp_path / "docs")]) == 0 and written[0].read_text("utf-8") == index
    assert pages.write_pages(results, tmp_path / "docs")  # its own work is replaced


def test_nothing_that_is_no_page_is_replaced_and_nothing_written_of_nothing(results, tmp_path):
    with pytest.raises(DataError):
        pages.write_pages(tmp_path / "elsewhere", tmp_path / "docs")
    assert not (tmp_path / "docs").exists()
    (tmp_path / "docs").mkdir()
    for name in ("thesis.md", "index.html"):
        (tmp_path / "docs" / name).write_text("mine")
    with pytest.raises(ConfigError):
        pages.write_pages(results, tmp_path / "docs")
    with pytest.raises(ConfigError):
        pages.write_index(tmp_path / "docs")
    assert {path.read_text() for path in (tmp_path / "docs").iterdir()} == {"mine"}


def test_every_link_and_picture_of_the_committed_pages_is_there_and_every_page_is_listed():
    found = sorted(COMMITTED.glob("*.html"))
    links = {page.name: set(re.findall(r'(?:href|src)="([^"#:]+)"', page.read_text("utf-8"))) for page in found}
    assert not [link for these in links.values() for link in these if not (COMMITTED / link).is_file()]
    assert links["index.html"] >= links.keys() > {"index.html"}
    assert sum(path.stat().st_size for path in COMMITTED.iterdir()) < 15e6


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_the_committed_pages_show_in_a_browser_as_narrow_as_a_phone(tmp_path):
    names = sorted(page.name for page in COMMITTED.glob("*.html"))
    site = shutil.copytree(COMMITTED, tmp_path / "site")
    (site / "harness.html").write_text(HARNESS.replace("NAMES", str(names)))
    told: queue.Queue[list] = queue.Queue()

    class Site(http.server.SimpleHTTPRequestHandler):
        def do_POST(self):
            told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-sync --disable-background-networking"
    command = [CHROMIUM, *flags.split(), "--disable-component-update", "--enable-logging=stderr"]
    command.append(f"--user-data-dir={tmp_path / 'user'}")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Site, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/harness.html"
        browser = subprocess.Popen([*command, address], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        try:
            rows = told.get(timeout=300)
        finally:
            browser.terminate()
            console = [line for line in browser.communicate()[1].splitlines() if "CONSOLE" in line]
            server.shutdown()
    assert [row[0] for row in rows] == names
    assert [row for row in rows if row[1] > 390 or row[2]] == [] == console
