"""`python -m sppe_lib photo IMAGE INSTRUCTION --output FOLDER`: a preview to look at, and with --looked the rest."""

import argparse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image, ImageDraw

from sppe_lib.data.own_folder import MARK, check_files, mark_file
from sppe_lib.errors import ConfigError, command_line
from sppe_lib.photo.edit import check_editor, edit, fitted
from sppe_lib.photo.protect import Protected, check_instruction, judge, open_photo, protect
from sppe_lib.photo.recover import check_method, recover_photo
from sppe_lib.photo.vouch import Refusal, unread
from sppe_lib.pictures import png_bytes, read_picture
from sppe_lib.runtime import atomic_path

NAMES = ("preview", "surrogate", "edited", "recovered", "story")  # what is written, each as a PNG

OPTIONS: dict[str, dict] = {
    "output": {"type": Path, "default": Path("results/photo"), "help": "folder for what is written (results/photo)"},
    "looked": {"action": "store_true", "help": "I have looked at preview.png; go on"},
    "add": {"action": "append", "default": [], "metavar": "X0,Y0,X1,Y1[,CATEGORY]", "help": "also private"},
    "remove": {"action": "append", "default": [], "metavar": "NUMBER|BOX", "help": "not private after all"},
    "mask": {"help": "a picture, white where private"},
    "whole-body": {"action": "store_true", "help": "the person is private, not the face alone"},
    "secret": {"action": "append", "default": [], "help": "a text that must not leave, where it can be read"},
    "candidates": {"type": int, "default": 3},
    "gate": {"type": float, "default": 0.3, "help": "ERMA's score below which nothing is edited"},
    "painter": {"default": "offline", "help": "offline, or sdxl (profile paper)"},
    "editor": {"default": "offline", "help": "offline, none, command:…, a hub editor, or cloud"},
    "edited": {"help": "the answer of an editor that was given surrogate.png by hand"},
    "method": {"default": "improved", "help": "improved, or a method of the tables, such as C2E-S2SER"},
    "profile": {},
    "seed": {"type": int, "default": 0},
}


def strip(pictures: dict[str, Image.Image], height: int = 320) -> Image.Image:
    """Pictures side by side at one height, each under its name."""
    shown = [image.resize((max(1, round(image.width * height / image.height)), height)) for image in pictures.values()]
    row = Image.new("RGB", (sum(image.width + 6 for image in shown), height + 18), "white")
    left = 0
    for name, image in zip(pictures, shown):
        row.paste(image, (left, 18))
        ImageDraw.Draw(row).text((left + 2, 2), name, fill="black", font_size=12)
        left += image.width + 6
    return row


def story(protected: Protected, edited: Image.Image, recovered: Image.Image) -> Image.Image:
    """Before and after, side by side."""
    before = {"photo": Image.fromarray(protected.found.source), "private": protected.found.preview()}
    after = {"what left": protected.surrogate.image, "what came back": edited, "recovered": recovered}
    return strip(before | after)


def verdict(protected: Protected) -> str:
    """ERMA's score and the gate's decision in one sentence."""
    if protected.judged:
        return f"ERMA: {protected.judged}."
    advice = "the gate lets it pass" if protected.passed else "the gate advises against the upload"
    return f"ERMA predicts {protected.editability:.2f} (a cosine; 1: edited alike); {advice}."


@command_line
def main(arguments: list[str] | None = None) -> None:
    """Command line; see `--help`. Never writes to the photo, and nothing but the preview before --looked."""
    parser = argparse.ArgumentParser(prog="python -m sppe_lib photo", description=__doc__)
    for name in ("image", "instruction"):
        parser.add_argument(name)
    for name, settings in OPTIONS.items():
        parser.add_argument(f"--{name}", **settings)
    chosen = parser.parse_args(arguments)
    check_instruction(chosen.instruction)
    check_method(chosen.method, chosen.profile)
    check_editor(chosen.editor, chosen.profile)
    paths = {name: chosen.output / f"{name}.png" for name in NAMES}
    own = dict(paths)  # those that this run may write over

    def write(name: str, content: bytes) -> None:
        with atomic_path(paths[name]) as temporary:
            temporary.write_bytes(content)
        mark_file(paths[name])

    def clear(*names: str) -> None:  # of what an earlier run left
        for name in names:
            if name in own:
                own[name].unlink(missing_ok=True)

    try:
        given = {Path(path).resolve() for path in (chosen.image, chosen.mask, chosen.edited) if path}
        if chosen.edited and Path(chosen.edited).resolve() == paths["edited"].resolve():  # put there by hand, only read
            del own["edited"]
        if given & {path.resolve() for path in (*own.values(), chosen.output / MARK)}:
            raise ConfigError("A picture that is given would be written over: choose another --output.")
    except (RuntimeError, ValueError) as error:
        raise ConfigError(f"A file or folder that is named cannot be followed ({error}): name another.") from None
    check_files(chosen.output, [path.name for path in own.values()])
    with ThreadPoolExecutor(1) as ahead:
        if chosen.looked:  # while the detectors look, what ERMA needs, which takes seconds, is imported and loaded
            ahead.submit(judge, chosen.profile)
        found = open_photo(chosen.image, chosen.add, chosen.remove, chosen.mask, chosen.whole_body)
    preview, shown = paths["preview"], png_bytes(found.preview())
    seen = preview.is_file() and preview.read_bytes() == shown
    if not seen:  # what an earlier run protected less must not lie beside this preview
        clear(*NAMES[1:])
    write("preview", shown)
    print(found.listed())
    if nowhere := unread(found.source, chosen.secret):
        print(f"Not read anywhere in the photo, so nor in what would leave: {nowhere}; if you see it, --add its place.")
    if not chosen.looked:
        print(f"What is not found is not protected: look at {preview}, correct it with --add, --remove; then --looked.")
        return
    if not seen:
        raise ConfigError(f"Nobody can have looked at this preview yet, it is new: look at {preview}, then run again.")
    options = {name: getattr(chosen, name) for name in ("candidates", "gate", "painter", "profile", "seed")}
    answer = fitted(read_picture(chosen.edited), found.source.shape[1::-1]) if chosen.edited else None
    try:
        protected = protect(found, chosen.instruction, secrets=chosen.secret, **options)
    except Refusal:
        clear(*NAMES[1:])
        raise
    print(verdict(protected))
    surrogate = paths["surrogate"]
    if chosen.edited and surrogate.is_file() and surrogate.read_bytes() != protected.surrogate.png:
        raise ConfigError(
            f"The answer is to another surrogate: {surrogate} would change; give the options it was made with."
        )
    if preview.read_bytes() != shown:
        raise ConfigError(f"{preview} has changed meanwhile, by another run: choose a folder for each.")
    clear(*NAMES[2:])
    write("surrogate", protected.surrogate.png)
    if answer:
        edited = answer
    elif chosen.editor == "none":
        print(f"What may leave: {surrogate}; run again with --edited and the file of an editor's answer to it.")
        return
    else:
        edited = edit(protected, chosen.editor, protected.code, chosen.profile, chosen.seed)
        write("edited", png_bytes(edited))
    recovered = recover_photo(protected, edited, chosen.method, chosen.profile)
    write("recovered", png_bytes(recovered))
    write("story", png_bytes(story(protected, edited, recovered)))
    print(f"Recovered: {paths['recovered']}")
