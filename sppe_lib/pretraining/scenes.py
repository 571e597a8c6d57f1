"""The pictures that the small foundation models are pretrained on.

A record is one scene of the vector world with one simulated edit, its surrogate with the same edit, and an unrelated
scene on which the same instruction is realised in the same way: six pictures, captions of the first four, the mask and
the instruction. A record depends on its index only, and its scene belongs to no benchmark split.
"""

import json
import zipfile
from dataclasses import dataclass, fields
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from sppe_lib.data.processes import in_processes
from sppe_lib.data.taxonomy import TAGS, Instruction, categories, instructions, instructions_for
from sppe_lib.errors import ConfigError, DataError
from sppe_lib.runtime import atomic_path, numpy_generator, progress, require_disk, write_text

SEED_BASE = 2**63  # of pretraining's scenes; the benchmark's seeds come from `runtime.seed_of`, which stays below
# Order of the six pictures of a record: three scenes, each before and after the edit.
PICTURES = ("source", "edited_source", "surrogate", "edited_surrogate", "other", "edited_other")
HELD_OUT_EVERY = 25  # every 25th record is held out from training (25 and 36 share no factor: all categories occur)
CHUNK_RECORDS = 200
STRENGTHS = (0.1, 1.0)
OTHER_SEED = 2**62  # what the seed of a record's other scene has more than that of its source


@dataclass(frozen=True)
class Pictures:
    """Records of pretraining, one entry along the first axis each."""

    images: np.ndarray  # uint8 [N, 6, H, W, 3] in the order of PICTURES
    mask: np.ndarray  # bool [N, H, W], private region of source and surrogate together
    captions: np.ndarray  # str [N, 4]
    category: np.ndarray  # str [N]
    code: np.ndarray  # str [N], of the instruction
    outcome: np.ndarray  # str [N, 3], what the simulated editor did to each scene
    strength: np.ndarray  # float [N], of protection
    index: np.ndarray  # int [N], number of the record

    def __len__(self) -> int:
        return len(self.index)

    def subset(self, rows: np.ndarray | slice) -> "Pictures":
        """The records at `rows` (indices, a boolean array or a slice)."""
        return Pictures(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def held_out(self) -> np.ndarray:
        """bool [N]: records that no training uses."""
        return self.index % HELD_OUT_EVERY == 0

    @property
    def changed(self) -> np.ndarray:
        """bool [N, 3]: whether the edit changed any pixel of the source, of the surrogate, of the other scene."""
        return (self.images[:, 0::2] != self.images[:, 1::2]).any(axis=(2, 3, 4))


def choose_edit(rng: np.random.Generator) -> tuple[str, str, Instruction]:
    """Two categories and an instruction that fits both, its tag one of the three with equal chance.

    Half of the draws take the first category first, which covers the world evenly; half the instruction first, which
    keeps those that fit one category only from being rare.
    """
    tag = TAGS[rng.integers(len(TAGS))]
    fitting = {name: [one for one in instructions_for(name) if one.tag == tag] for name in categories()}
    fitting = {name: some for name, some in fitting.items() if some}
    some = [one for one in instructions().values() if one.tag == tag]
    if rng.random() < 0.5:
        some = fitting[list(fitting)[rng.integers(len(fitting))]]
    instruction = some[rng.integers(len(some))]
    names = [name for name, some in fitting.items() if instruction in some]
    first, second = (names[number] for number in rng.integers(len(names), size=2))
    return first, second, instruction


def make_record(index: int, size: int) -> dict:
    """Draw one record, its pictures of `size` pixels; the same index and size give the same bytes in any process."""
    # Imported late: drawing needs libraries that loading and training do not.
    from sppe_lib.world.captions import describe
    from sppe_lib.world.editor import edit
    from sppe_lib.world.scene import render
    from sppe_lib.world.scenes import make_scene
    from sppe_lib.world.surrogates import make_surrogate, pair_mask

    seed = SEED_BASE + index
    rng = numpy_generator("pretraining", index)
    category, another, instruction = choose_edit(rng)
    strength = round(float(rng.uniform(*STRENGTHS)), 2)
    source = make_scene(category, seed)
    before = (source, make_surrogate(source, strength, seed), make_scene(another, seed + OTHER_SEED))
    edit_seed, tone = int(rng.integers(2**31)), float(rng.random())
    edits = [edit(scene, instruction.code, edit_seed, tone) for scene in before]
    scenes = [scene for unedited, edited in zip(before, edits, strict=True) for scene in (unedited, edited.scene)]
    return {
        "images": np.stack([render(scene, size) for scene in scenes]),
        "mask": pair_mask(*before[:2], size),
        "captions": [describe(scene) for scene in scenes[:4]],
        "category": category,
        "code": instruction.code,
        "outcome": [result.outcome for result in edits],
        "strength": np.float32(strength),
        "index": np.int64(index),
    }


def _chunk_path(folder: Path, number: int) -> Path:
    return folder / f"chunk-{number:05d}.npz"


def make_pictures(
    folder: str | Path, records: int, processes: int = 2, size: int = 64, chunk_records: int = CHUNK_RECORDS
) -> Path:
    """Make records 0 … `records` - 1 (rounded up to whole chunks) under `folder`; returns it.

    Finished chunks are kept, so an interrupted run continues and a larger `records` only adds.
    Raises DataError when the folder holds chunks of another size, ConfigError for a count below 1.
    """
    folder = Path(folder)
    if records < 1 or processes < 1 or chunk_records < 1:
        raise ConfigError("Pretraining pictures need at least 1 record, 1 process and 1 record a chunk.")
    layout = {"size": size, "chunk_records": chunk_records, "seed_base": SEED_BASE, "pictures": len(PICTURES)}
    layout_path = folder / "layout.json"
    if layout_path.is_file() and json.loads(layout_path.read_text(encoding="utf-8")) != layout:
        raise DataError(
            f"The folder {folder.name!r} holds pretraining pictures of another layout than {layout}: "
            "delete it or name another folder."
        )
    missing = [n for n in range(-(-records // chunk_records)) if not _chunk_path(folder, n).is_file()]
    require_disk(folder, len(missing) * chunk_records * size * size * 19)
    write_text(layout_path, json.dumps(layout) + "\n")
    indices = (number * chunk_records + index for number in missing for index in range(chunk_records))
    made = in_processes(partial(make_record, size=size), indices, processes)
    for number in progress(missing, "pretraining pictures (chunks)"):
        chunk = list(islice(made, chunk_records))
        columns = {name: np.array([record[name] for record in chunk]) for name in chunk[0]}
        with atomic_path(_chunk_path(folder, number)) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **columns)
    return folder


def load_pictures(folder: str | Path, records: int | None = None) -> Pictures:
    """Read records 0 … `records` - 1 of a folder (None: all finished chunks), in their order.

    Raises DataError when they are not all there or a file cannot be read.
    """
    folder = Path(folder)
    try:
        layout = json.loads((folder / "layout.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise DataError(f"No pretraining pictures in {folder.name!r}: run 00_pretrain_miniature.") from None
    paths = sorted(folder.glob("chunk-*.npz"))
    if records is not None:
        paths = [_chunk_path(folder, n) for n in range(-(-records // layout["chunk_records"]))]
    missing = sum(not path.is_file() for path in paths)
    if missing or not paths:
        raise DataError(
            f"The folder {folder.name!r} lacks {missing} of {len(paths)} files of pretraining pictures: "
            "run 00_pretrain_miniature."
        )
    chunks = []
    for path in paths:
        try:
            with np.load(path, allow_pickle=False) as chunk:
                chunks.append([chunk[field.name] for field in fields(Pictures)])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            why = f"Cannot read {path.name} ({error}): delete that file and make the pictures again."
            raise DataError(why) from None
    return Pictures(*map(np.concatenate, zip(*chunks))).subset(slice(records))


def show_pictures(folder: Path, count: int = 6) -> None:
    """Show the six pictures of the first records, those of source and surrogate with their captions."""
    import matplotlib.pyplot as plt

    pictures = load_pictures(folder)
    figure, axes = plt.subplots(count, len(PICTURES), figsize=(14, 2.4 * count))
    for (row, column), axis in np.ndenumerate(axes):
        axis.imshow(pictures.images[row, column], interpolation="nearest")
        caption = f": {str(pictures.captions[row, column])[:60]}…" if column < 4 else ""
        axis.set_title(PICTURES[column] + caption, fontsize=6, wrap=True)
        axis.set_axis_off()
    figure.tight_layout()
    plt.show()
