"""Editors that are not libraries: a command on a folder, and the cloud, which gets surrogates and nothing else."""

import base64
import gzip
import io
import json
import shlex
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageCms
from tiny_pipelines import box_mask, generation, picture

from sppe_lib.data import cloud_editor, surrogates
from sppe_lib.data.editors import load_editor
from sppe_lib.data.surrogates import Surrogate, make_surrogates
from sppe_lib.errors import ConfigError, DataError, ResourceError
from sppe_lib.pictures import plain_rgb, png_bytes

PROGRAM = """
import json, os, sys
from pathlib import Path
from PIL import Image, ImageOps

mode, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
entries = json.loads((source / "instructions.json").read_text(encoding="utf-8"))
first = Image.open(source / "00000.png")
seen = {"files": sorted(os.listdir(source)), "info": list(first.info), "mode": first.mode, "entries": entries}
seen |= {"erased": first.getpixel((5, 5)), "key": "SPPE_CLOUD_API_KEY" in os.environ}
Path(sys.argv[0]).with_name("seen.json").write_text(json.dumps(seen))
if mode == "crash":
    print("loading the model", file=sys.stderr)
    sys.exit("no accelerator found")
if mode == "silent":
    sys.exit(3)
for entry in entries:
    edited = ImageOps.invert(Image.open(source / entry["image"]))
    (edited.resize((8, 8)) if mode == "small" else edited).save(target / entry["image"])
if mode == "fewer":
    (target / "00001.png").unlink()
if mode in ("more", "damaged"):
    (target / {"more": "notes.txt", "damaged": "00000.png"}[mode]).write_bytes(b"not a picture")
"""


@pytest.fixture
def program(tmp_path):
    """A stand-in for an editor without a library, in a folder whose name a shell would split."""
    path = tmp_path / "my editors; exit" / "edit_folder.py"
    path.parent.mkdir()
    path.write_text(PROGRAM)
    return path


def command(program, mode, more=""):
    words = shlex.join([sys.executable, str(program), mode])
    return load_editor(generation(editor=f"command:{words} {{input}} {{output}} {more}"))


def test_a_command_gets_pixels_instructions_and_seeds_and_no_shell_reads_them(program, tmp_path, monkeypatch):
    monkeypatch.setenv("SPPE_CLOUD_API_KEY", "a-key")
    monkeypatch.chdir(tmp_path)
    exif, buffer = Image.Exif(), io.BytesIO()
    exif[0x010E], exif[0x0112] = "the owner's name", 3
    photo = Image.new("RGBA", (32, 32), (255, 0, 0, 255))
    photo.paste((10, 20, 30, 0), (23, 23, 28, 28))  # where the turned picture has its first corner
    photo.save(buffer, "PNG", exif=exif, icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    images = [Image.open(buffer), picture(1, 24, 16)]
    instructions = ["make it blue; touch hacked", 'write "naïve" $(touch hacked)']
    edit = command(program, "invert", "; touch hacked && echo $(touch hacked) > hacked")
    edited = edit(images, instructions, [5, 2**62])
    for before, after in zip(images, edited, strict=True):
        assert np.array_equal(255 - np.asarray(plain_rgb(before)), np.asarray(after))
    seen = json.loads((program.parent / "seen.json").read_text())
    names = ["00000.png", "00001.png"]
    entries = [dict(zip(("image", "instruction", "seed"), one)) for one in zip(names, instructions, [5, 2**62])]
    assert seen.pop("files") == [*names, "instructions.json"] and seen.pop("entries") == entries
    assert seen == {"info": [], "mode": "RGB", "erased": [255] * 3, "key": False}
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize(
    ("mode", "kind", "message"),
    [
        ("crash", ResourceError, r"failed with status 1 \(no accelerator found\)"),
        ("silent", ResourceError, r"failed with status 3 \(it wrote no error\)"),
        ("fewer", DataError, "wrote 1 files for 2 pictures .00001.png is the first that is missing"),
        ("more", DataError, "wrote 3 files for 2 pictures .notes.txt is the first that is too many"),
        ("small", DataError, "00000.png at 8x8 pixels instead of 32x32"),
        ("damaged", DataError, "00000.png is not an image"),
    ],
)
def test_what_a_command_does_wrong_is_reported(program, mode, kind, message):
    with pytest.raises(kind, match=message) as raised:
        command(program, mode)([picture(0), picture(1)], ["make it blue"] * 2, [1, 2])
    assert "loading the model" not in str(raised.value)


UNUSABLE = {
    "": "lacks {input}",
    "edit {input}": "lacks {output}",
    "edit '{input} {output}": "close its quotes",
    "no-such-editor {input} {output}": "'no-such-editor' cannot be started",
}


@pytest.mark.parametrize("template", UNUSABLE)
def test_a_command_that_cannot_be_used_is_refused(template):
    with pytest.raises(ConfigError, match=UNUSABLE[template]):
        load_editor(generation(editor=f"command:{template}"))([picture(0)], ["make it blue"], [1])


class Service(BaseHTTPRequestHandler):
    """A local stand-in for the cloud: keeps what it is sent, answers what the test asks for."""

    def do_POST(self):
        self.server.requests.append((self.path, self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
        time.sleep(self.server.delay)
        status, content = self.server.answer
        self.send_response(status)
        if status == 307:
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
        if self.server.packed:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        pass


def answer(content):
    return json.dumps({"data": [{"b64_json": content}]}).encode()


def base64_of(image):
    return base64.b64encode(png_bytes(image)).decode()


@pytest.fixture
def service(monkeypatch):
    for name, value in (("SPPE_ALLOW_UPLOAD", "1"), ("SPPE_CLOUD_API_KEY", "a-key"), ("NO_PROXY", "127.0.0.1")):
        monkeypatch.setenv(name, value)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.packed, server.requests, server.delay = False, [], 0.0
    server.answer = (200, answer(base64_of(picture(9, 64, 64))))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def surrogate(monkeypatch):
    """A surrogate of `make_surrogates`, whose model paints grey."""
    monkeypatch.setattr(surrogates, "load_pipeline", lambda *arguments: SimpleNamespace(vae_scale_factor=8))
    monkeypatch.setattr(surrogates, "run_pipeline", lambda *_, **options: [Image.new("RGB", (32, 32), "grey")])
    parameters = generation(surrogate_model="grey", size=32)
    return make_surrogates([picture(0)], [box_mask(5, 3, 13, 20)], ["a photo"], parameters, ["secret/name"])[0]


def cloud(service, **values):
    url = f"http://127.0.0.1:{service.server_port}/v1/"
    return load_editor(generation(**{"editor": "cloud", "cloud_url": url, "editor_model": "editor-1", **values}))


def test_the_cloud_gets_the_surrogate_and_its_instruction(service, surrogate):
    (edited,) = cloud(service)([surrogate], ["make it blue"], [1])
    assert np.array_equal(np.asarray(edited), np.asarray(picture(9, 64, 64).resize((32, 32), Image.Resampling.BICUBIC)))
    ((path, headers, body),) = service.requests
    assert path == "/v1/images/edits" and headers["Authorization"] == "Bearer a-key"
    assert headers["Content-Type"].startswith("multipart/form-data")
    assert surrogate.png in body and b"make it blue" in body and b"editor-1" in body
    assert b"secret" not in body and b'filename="surrogate.png"' in body


@pytest.mark.parametrize("form", ["{}", "data:image/png;base64,{}", "wrapped"])
def test_base64_comes_in_several_forms(service, surrogate, form):
    text = base64_of(picture(9))
    text = "\n".join(text[at : at + 76] for at in range(0, len(text), 76)) if form == "wrapped" else form.format(text)
    service.answer = (200, answer(text))
    assert np.array_equal(cloud(service)([surrogate], ["make it blue"], [1])[0], picture(9))


def test_the_cloud_gets_nothing_but_surrogates(service, surrogate):
    disguise = object.__new__(type("Disguise", (Surrogate,), {}))
    for source in (picture(0), surrogate.png, "source.png", SimpleNamespace(png=b"", name=""), disguise):
        with pytest.raises(TypeError, match="a source must never be uploaded"):
            cloud(service)([surrogate, source], ["make it blue"] * 2, [1, 2])
    assert service.requests == []


@pytest.mark.parametrize(
    ("variables", "values", "message"),
    [
        ({"SPPE_ALLOW_UPLOAD": ""}, {}, "set SPPE_ALLOW_UPLOAD=1"),
        ({"SPPE_ALLOW_UPLOAD": "yes"}, {}, "set SPPE_ALLOW_UPLOAD=1"),
        ({"SPPE_CLOUD_API_KEY": ""}, {}, "set SPPE_CLOUD_API_KEY"),
        *(({}, {"cloud_url": url}, "begins with https") for url in ("", "http://example.com/v1", "https://[::1/v1")),
        ({}, {"editor_model": ""}, "editor_model is empty"),
    ],
)
def test_the_cloud_needs_leave_a_key_an_encrypted_address_and_a_model(service, monkeypatch, variables, values, message):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=message):
        cloud(service, **values)


def bomb():
    buffer = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


UNREADABLE = [
    b"oops",
    b'{"data": [{"url": "https://example.com/picture"}]}',
    answer("bm90IGEgcGljdHVyZQ=="),
    b"[" * 100_000,
    answer(5),
    answer(bomb()),
]


@pytest.mark.parametrize(
    ("status", "content", "message"),
    [
        (401, b'{"error": {"message": "Incorrect key"}}', r"status 401 \(Incorrect key\)"),
        (403, b'{"error": {"message": "a-key is\\nunknown"}}', r"status 403 \(... is unknown\)"),
        (500, b"oops", r"status 500 \(Internal Server Error\)"),
        (307, b"", "status 307"),
        *((200, content, "without a readable picture") for content in UNREADABLE),
        ("packed", b" " * 10**7 + answer(base64_of(picture(9))), "without a readable picture"),
    ],
)
def test_what_the_cloud_answers_is_one_sentence(service, surrogate, monkeypatch, status, content, message):
    service.answer = (status, content)
    if status == "packed":  # an answer that grows when it is unpacked is cut off
        monkeypatch.setattr(cloud_editor, "LARGEST", 10_000)
        service.answer, service.packed = (200, gzip.compress(content)), True
    with pytest.raises(DataError if service.answer[0] == 200 else ResourceError, match=message) as raised:
        cloud(service)([surrogate], ["make it blue"], [1])
    assert "a-key" not in str(raised.value) and "\n" not in str(raised.value)
    assert len(service.requests) == 1  # a redirect is not followed


def test_a_cloud_that_does_not_answer_is_reported(service, surrogate, monkeypatch):
    edit, service.delay = cloud(service), 1.0
    monkeypatch.setattr(cloud_editor, "SECONDS", 0.1)
    with pytest.raises(ResourceError, match="did not answer in 0.1 s for secret/name"):
        edit([surrogate], ["make it blue"], [1])
    monkeypatch.setattr(cloud_editor, "SECONDS", 30.0)
    with pytest.raises(ResourceError, match="cannot be reached"):
        cloud(service, cloud_url="http://127.0.0.1:9/v1")([surrogate], ["make it blue"], [1])
