"""An editor that is a program of its own, run once on a folder of pictures.

It suits any editor that no library offers. SmartEdit, the paper's editor, is one: its repository is a set of
scripts with their own environment, and its checkpoints have to be put together by hand as its README says. Write
there a script, say `edit_folder.py`, that loads the model once, reads `instructions.json`, edits each picture and
saves it under the same name and at the same size, then set in params.yaml

    editor: "command:conda run -n smartedit python /where/it/is/edit_folder.py --input {input} --output {output}"

`{input}` holds 00000.png, 00001.png, ... (RGB) and `instructions.json`, a list in the same order of
`{"image": "00000.png", "instruction": "...", "seed": 123}`. `{output}` is an empty folder for the results.
"""

import json
import os
import shlex
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
from PIL import Image

from sppe_lib.config import GenerationParameters
from sppe_lib.errors import ConfigError, DataError, ResourceError
from sppe_lib.pictures import plain_rgb, png_bytes, read_picture

KEY = "SPPE_CLOUD_API_KEY"  # the environment's name of the cloud editor's key
RUN = "SPPE_EDITOR_RUN"  # the environment's name by which what an editor starts is known
PLACEHOLDERS = ("{input}", "{output}")
SECONDS = 1800.0  # how long the command may take for each picture before it counts as failed


def load_command_editor(parameters: GenerationParameters) -> Callable[..., list[Image.Image]]:
    """The editor behind `command:<template>`, where the template holds {input} and {output}; ConfigError for another.

    It is split into words as a shell would and started without one: nothing in a path can be read as a command.
    """
    template = parameters.editor.partition(":")[2]
    try:
        words = shlex.split(template)
    except ValueError as error:
        raise ConfigError(f"generation.editor: {template!r} cannot be read ({error}); close its quotes.") from None
    missing = [name for name in PLACEHOLDERS if not any(name in word for word in words)]
    if missing:
        raise ConfigError(f"generation.editor: {template!r} lacks {missing[0]}; say where that folder goes.")

    def edit(images: Sequence[Image.Image], instructions: Sequence[str], seeds: Sequence[int]) -> list[Image.Image]:
        with tempfile.TemporaryDirectory(prefix="sppe-editor-") as folder:
            inputs, outputs = Path(folder, "input"), Path(folder, "output")
            inputs.mkdir()
            outputs.mkdir()
            names, entries = [f"{number:05d}.png" for number in range(len(images))], []
            for name, image, instruction, seed in zip(names, images, instructions, seeds, strict=True):
                (inputs / name).write_bytes(png_bytes(plain_rgb(image)))
                entries.append({"image": name, "instruction": instruction, "seed": seed})
            (inputs / "instructions.json").write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
            filled = [word.replace("{input}", str(inputs)).replace("{output}", str(outputs)) for word in words]
            _run(filled, len(images))
            return _read_outputs(outputs, names, images)

    return edit


def _run(words: list[str], pictures: int) -> None:
    # The key of the cloud is none of its business.
    environment = {name: value for name, value in os.environ.items() if name != KEY}
    environment[RUN] = run = uuid.uuid4().hex
    with tempfile.TemporaryFile() as said:
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": said}
        try:
            program = subprocess.Popen(words, env=environment, start_new_session=True, **streams)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", error)
            raise ConfigError(
                f"generation.editor: {words[0]!r} cannot be started ({why}); correct the command or install it."
            ) from None
        try:
            status = program.wait(SECONDS * pictures)
        except subprocess.TimeoutExpired:
            status = f"took more than {SECONDS:g} s a picture and was ended"
        finally:  # interrupted, too, nothing that it started stays behind
            _end(program, run)
        said.seek(max(0, said.seek(0, os.SEEK_END) - 4096))
        line = said.read().decode(errors="replace").strip().split("\n")[-1]
        line = "".join(letter for letter in line if letter.isprintable()).strip()
    if status:
        failed = f"failed with status {status} ({line[:200] or 'it wrote no error'})"
        why = status if isinstance(status, str) else failed
        raise ResourceError(
            f"The editor command {words[0]!r} {why}; run it by hand on a folder of PNGs with instructions.json."
        )


def _end(program: subprocess.Popen, run: str) -> None:
    # All of its process group, and what left it, even after its parent ended: known by what it inherited.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(program.pid, signal.SIGKILL)
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(RUN) == run:
                process.kill()
    program.wait()


def _read_outputs(folder: Path, names: list[str], images: Sequence[Image.Image]) -> list[Image.Image]:
    found = sorted(path.name for path in folder.iterdir())
    if odd := sorted(set(names) ^ set(found)):
        what = f"{odd[0]} is the first that is {'missing' if odd[0] in names else 'too many'}"
        wrote = f"The editor command wrote {len(found)} files for {len(names)} pictures ({what})"
        raise DataError(f"{wrote}; it must save each picture under its input's name.")
    edited = [read_picture(folder / name) for name in names]
    for name, before, after in zip(names, images, edited, strict=True):
        if after.size != before.size:
            sizes = "{}x{} pixels instead of {}x{}".format(*after.size, *before.size)
            raise DataError(f"The editor command returned {name} at {sizes}; it must keep each picture's size.")
    return edited
