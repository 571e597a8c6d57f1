"""Damaged and hostile inputs for every reader, from a seed.

A reader may return or raise the kit's own errors, nothing else; it writes nothing and never loads a pickle. The test in
`test_hostile_files` gives each a few; `make fuzz` a thousand, and what fails is named by reader and seed.
"""

import io
import json
import pickle
import shutil
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from released_tree import write_tree
from source_trees import WRITERS

from sppe_lib.data import cloud_editor, own_folder, released
from sppe_lib.data.generated_folder import read_folder, read_instance
from sppe_lib.data.record_list import read_records
from sppe_lib.data.schema import FEATURES
from sppe_lib.data.sources import instructpix2pix, read_source
from sppe_lib.data.sources.reading import private_masks
from sppe_lib.errors import KitError
from sppe_lib.pictures import png, png_bytes, read_mask, read_picture

RECORD = {
    "pair_id": "a", "dataset": "photos", "split": "train", "category": "ticket", "codes": ["060"],
    "source": "0.png", "mask": "0.png",
}  # fmt: skip
NASTY = [
    None, True, -1, 0, 1e308, float("nan"), float("inf"), 10**400, "", "\u2028\u0085", "\ud800", "\0",
    "../../etc/passwd", "x" * 300, [], {}, [[]], {"": None}, [1, "a", None], "9" * 400,
]  # fmt: skip


def noise(rng: np.random.Generator) -> Image.Image:
    return Image.fromarray(rng.integers(0, 256, (8, 12, 3), dtype=np.uint8))


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Bytes cut off, with some changed, doubled, moved, or followed by others."""
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 5))):
        start, end = sorted(int(place) for place in rng.integers(0, len(data) + 1, 2))
        kind = rng.integers(6)
        if kind == 0:
            del data[start:]
        elif kind == 1:
            del data[start : min(end, start + 16)]
        elif kind == 2:
            data[start:start] = data[start:end][:64]
        elif kind == 3:
            data[start:start] = rng.choice([b"\xff" * 4, b"\0" * 4, b"\xef\xbb\xbf", b"[" * 2000, b"\x80\x04"])
        else:
            for place in rng.integers(0, len(data), int(rng.integers(1, 8))) if data else ():
                data[place] = rng.integers(256)
    return bytes(data)


def twisted(value: object, rng: np.random.Generator) -> object:
    """A JSON value in which something has become something else."""
    if isinstance(value, (dict, list)) and value and rng.random() < 0.85:
        twin = dict(value) if isinstance(value, dict) else list(value)
        key = list(twin)[rng.integers(len(twin))] if isinstance(twin, dict) else int(rng.integers(len(twin)))
        if rng.random() < 0.1:
            twin.pop(key)
        else:
            twin[key] = twisted(twin[key], rng)
        return twin
    return NASTY[rng.integers(len(NASTY))]


def twisted_json(content: bytes, rng: np.random.Generator) -> bytes:
    """A JSON text with another structure, or damaged as bytes."""
    if rng.random() < 0.3:
        return damaged(content, rng)
    if rng.random() < 0.03:
        return b"[" * 100_000
    return json.dumps(twisted(json.loads(content), rng)).encode()


def a_file(folder: Path, rng: np.random.Generator, *endings: str) -> Path:
    files = sorted(path for path in folder.rglob("*") if path.name.endswith(endings) and path.is_file())
    return files[rng.integers(len(files))]


def pictures(folder: Path, rng: np.random.Generator) -> None:
    image = noise(rng).convert(str(rng.choice(["RGB", "L", "P", "RGBA", "CMYK", "1", "LA", "I;16"])).replace(";16", ""))
    formats = ["PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "PPM", "JPEG2000", "AVIF", "EPS", "ICO", "PDF"]
    stored = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = int(rng.integers(0, 12))
    with suppress(Exception):  # not every format stores every mode
        image.save(stored, str(rng.choice(formats)), exif=exif)
    if not stored.getvalue():
        noise(rng).save(stored, "PNG", exif=exif)
    content = damaged(stored.getvalue(), rng)
    for read in (read_picture, lambda given: read_mask(given, (12, 8))):
        with suppress(KitError):
            read(content)


def annotated(name: str, write: Callable[[Path], Path]) -> Callable[[Path, np.random.Generator], None]:
    """The reader of an original data set, one of whose annotation files is twisted."""

    def case(folder: Path, rng: np.random.Generator) -> None:
        root = write(folder / name)
        file = a_file(root, rng, ".json", "_label")
        content = file.read_bytes()
        json_file = file.suffix == ".json"
        file.write_bytes(twisted_json(content, rng) if json_file else damaged(content, rng))
        reading = read_source(name, root, strict=False)
        list(private_masks(reading))
        reading.report()

    return case


def record_list(folder: Path, rng: np.random.Generator) -> None:
    noise(rng).save(folder / "0.png")
    lines = [json.dumps(RECORD | {"pair_id": str(number)}).encode() for number in range(3)]
    lines[1] = twisted_json(lines[1], rng)
    (folder / "records.jsonl").write_bytes(b"\n".join(lines))
    for record in read_records(folder / "records.jsonl"):
        assert record.files and record.described()


def generated(folder: Path, rng: np.random.Generator) -> None:
    """A folder that generate filled: its generation.json, a shard, or a picture in it."""
    made_of = {
        "shards": 1, "strength": 0.5, "surrogate_steps": 1, "surrogate_guidance": 1.0, "batch": 1, "editor": "a",
        "editor_steps": 1, "editor_guidance": 1.0,
        "models": {role: dict.fromkeys(("model", "revision", "commit"), "") for role in ("surrogate", "editor")},
    }  # fmt: skip
    texts = dict.fromkeys((name for name, value in FEATURES.items() if getattr(value, "dtype", "") == "string"), "a")
    what, picture = rng.integers(3), png(noise(rng))
    row = texts | dict.fromkeys(("source", "surrogate", "edited_surrogate", "edited_source"), picture)
    row |= {"mask": png(np.eye(8, 12, dtype=np.uint8) * 255), "strength": 0.5, "released_label": None, "split": "train"}
    if what == 0:
        row["surrogate"] = {"bytes": damaged(picture["bytes"], rng), "path": None}
    shard, identity = folder / "train-00000-of-00001.parquet", folder / "generation.json"
    pq.write_table(pa.Table.from_pylist([row], schema=FEATURES.arrow_schema), shard)
    if what == 1:
        shard.write_bytes(damaged(shard.read_bytes(), rng))
    content = json.dumps(made_of).encode()
    identity.write_bytes(twisted_json(content, rng) if what == 2 else content)
    found = read_folder(folder, "it", "generate")
    found.column("train", "pair_id")
    for stored in found.rows("train"):
        read_instance(stored, 8)


def edit_examples(folder: Path, rng: np.random.Generator) -> None:
    picture = {"bytes": damaged(png_bytes(noise(rng)), rng), "path": None}
    row = dict.fromkeys(instructpix2pix.COLUMNS, "a hat") | dict.fromkeys(("original_image", "edited_image"), picture)
    pq.write_table(pa.Table.from_pylist([row]), folder / "a.parquet")
    if rng.random() < 0.7:
        (folder / "a.parquet").write_bytes(damaged((folder / "a.parquet").read_bytes(), rng))
    for stored in instructpix2pix.open_rows(folder).stream:
        instructpix2pix._decoded(stored["original_image"])


def released_tree(folder: Path, rng: np.random.Generator) -> None:
    root = write_tree(folder / "SPPE")
    file = a_file(root, rng, ".json", ".txt", ".jpg", ".png")
    content = file.read_bytes()
    file.write_bytes(twisted_json(content, rng) if file.suffix == ".json" else damaged(content, rng))
    if rng.random() < 0.3:  # in another place of the layout, or in none
        parts = ["ORIGINAL", "EDITED", "MASK", "IMG", "TRAIN", "source", "surrogate", "a105_face_all", "x"]
        name = rng.choice(["1.jpg", "1_007.png", "_007.txt", ".jpg"])
        place = root.joinpath(*rng.choice(parts, rng.integers(6)), name)
        if not any(path.is_file() for path in (place, *place.parents)) and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            file.rename(place)
    found = released.find_instances(root, size=16, strength=0.5)
    list(released.read_instances(found, processes=1))


def cloud_answer(folder: Path, rng: np.random.Generator) -> None:
    answer = twisted_json(b'{"data": [{"b64_json": "aaaa"}], "error": {"message": "no"}}', rng)
    cloud_editor._message(answer)
    with suppress(cloud_editor._UNREADABLE):
        cloud_editor._picture(answer)


def output_mark(folder: Path, rng: np.random.Generator) -> None:
    (folder / "kept").write_text("a")
    content = json.dumps({"kept": own_folder.digest(folder / "kept")}).encode()
    (folder / own_folder.MARK).write_bytes(twisted_json(content, rng))
    own_folder.check_output(folder, [])


OTHERS = (pictures, record_list, generated, edit_examples, released_tree, cloud_answer, output_mark)
READERS = {name: annotated(name, write) for name, write in WRITERS.items()} | {read.__name__: read for read in OTHERS}
"""Every reader by name: given an empty folder and a generator, it writes an input there and reads it."""


def files_of(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def run(name: str, seed: int, scratch: Path) -> None:
    """One input of one reader; raises AssertionError or whatever the reader should not have raised."""
    folder = scratch / "input"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    outside = files_of(scratch)
    forbidden = mock.Mock(side_effect=AssertionError("a pickle was loaded"))
    with ExitStack() as stack:
        for module, attribute in ((pickle, "load"), (pickle, "loads"), (pickle, "Unpickler")):
            stack.enter_context(mock.patch.object(module, attribute, forbidden))
        try:
            READERS[name](folder, np.random.default_rng([seed, list(READERS).index(name)]))
        except KitError as error:
            assert "\n" not in str(error) and str(scratch) not in str(error), f"no one sentence: {error}"
    assert {path: size for path, size in files_of(scratch).items() if not path.startswith(str(folder))} == outside
