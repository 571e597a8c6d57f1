"""The committed pages in a headless browser: pictures, console, and the width of a phone; skipped without Chromium."""

import http.server
import json
import queue
import shutil
import subprocess
import threading
from functools import partial
from pathlib import Path

import pytest

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
    assert [row[0] for row in rows] == names and [row for row in rows if row[1] > 390 or row[2]] == [] == console
