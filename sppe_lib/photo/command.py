"""`python -m sppe_lib photo IMAGE INSTRUCTION --output FOLDER`: a preview to look at, and with --looked the rest."""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from sppe_lib.data.own_folder import check_files, mark_file
from sppe_lib.errors import ConfigError, command_line
from sppe_lib.photo.edit import edit, fitted
from sppe_lib.photo.protect import Protected, open_photo, protect
from sppe_lib.photo.recover import recover_photo
from sppe_lib.pictures import png_bytes, read_picture
from sppe_lib.runtime import atomic_path


def save(image: Image.Image, path: Path) -> None:
    """Write pixels alone, as PNG, whole or not at all, and mark the file as the kit's own."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(png_bytes(image))
    mark_file(path)


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
    """Before and after: the photo, what is private, what left, what came back and the recovered photo."""
    names = ("photo", "private", "what left", "what came back", "recovered")
    found = protected.found
    images = (Image.fromarray(found.source), found.preview(), protected.surrogate.image, edited, recovered)
    return strip(dict(zip(names, images)))


def verdict(protected: Protected) -> str:
    """ERMA's score and the gate's decision in one sentence."""
    if protected.judged:
        return f"ERMA: {protected.judged}."
    advice = "the gate lets it pass" if protected.passed else "the gate advises against the upload"
    return f"ERMA predicts {protected.editability:.2f} (a cosine; 1: edited alike); {advice}."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sppe_lib photo", description=__doc__)
    parser.add_argument("image")
    parser.add_argument("instruction")
    parser.add_argument("--output", type=Path, default=Path("results/photo"), help="folder for what is written")
    parser.add_argument("--looked", action="store_true", help="I have looked at preview.png; go on")
    parser.add_argument("--add", action="append", default=[], metavar="X0,Y0,X1,Y1[,CATEGORY]", help="also private")
    parser.add_argument("--remove", action="append", default=[], metavar="NUMBER|BOX", help="not private after all")
    parser.add_argument("--mask", help="a picture, white where private")
    parser.add_argument("--whole-body", action="store_true", help="the person is private, not the face alone")
    parser.add_argument("--secret", action="append", default=[], help="a text that must not leave, wherever it stands")
    parser.add_argument("--candidates", type=int, default=4)
    parser.add_argument("--gate", type=float, default=0.3, help="ERMA's score below which nothing is edited")
    parser.add_argument("--painter", default="offline", help="offline, or sdxl (profile paper)")
    parser.add_argument("--editor", default="offline", help="offline, none, command:…, a hub editor, or cloud")
    parser.add_argument("--edited", help="the answer of an editor that was given surrogate.png by hand")
    parser.add_argument("--method", default="improved", help="improved, or a method of the tables, such as C2E-S2SER")
    parser.add_argument("--profile")
    parser.add_argument("--seed", type=int, default=0)
    return parser


@command_line
def main(arguments: list[str] | None = None) -> None:
    """Command line; see `--help`. Never writes to the photo, and nothing but the preview before --looked."""
    chosen = _parser().parse_args(arguments)
    if not chosen.instruction.strip():
        raise ConfigError("The instruction is empty: say what the editor should do.")
    names = ("preview.png", "surrogate.png", "edited.png", "recovered.png", "story.png")
    preview, surrogate, answer, result, row = (chosen.output / name for name in names)
    given = {Path(path).resolve() for path in (chosen.image, chosen.mask, chosen.edited) if path}
    if chosen.edited and Path(chosen.edited).resolve() == answer.resolve():  # put there by hand, and only read
        names = tuple(name for name in names if name != answer.name)
    if given & {(chosen.output / name).resolve() for name in names}:
        raise ConfigError("A picture that is given would be written over: choose another --output.")
    check_files(chosen.output, names)
    found = open_photo(chosen.image, chosen.add, chosen.remove, chosen.mask, chosen.whole_body)
    shown, seen = found.preview(), preview.is_file() and np.asarray(read_picture(preview))
    if not chosen.edited:  # what an earlier run protected less must not lie beside this preview
        for path in (surrogate, answer, result, row):
            path.unlink(missing_ok=True)
    save(shown, preview)
    for number, region in enumerate(found.regions):
        print(f"{number}: {region.category} at {region.box}, {region.score:.2f} {region.text}")
    if not chosen.looked:
        print(
            f"What is not found is not protected: look at {preview}, correct it with --add and --remove, then --looked."
        )
        return
    if not np.array_equal(seen, np.asarray(shown)):
        raise ConfigError(
            f"Nobody can have looked at this preview yet, it is new: look at {preview}, then run this again."
        )
    options = {name: getattr(chosen, name) for name in ("candidates", "gate", "painter", "profile", "seed")}
    protected = protect(found, chosen.instruction, secrets=chosen.secret, **options)
    print(verdict(protected))
    if chosen.edited and surrogate.is_file() and surrogate.read_bytes() != protected.surrogate.png:
        raise ConfigError(
            f"The answer is to another surrogate: {surrogate} would change; give the options it was made with."
        )
    save(protected.surrogate.image, surrogate)
    if chosen.edited:
        edited = fitted(read_picture(chosen.edited), protected.surrogate.image.size)
    elif chosen.editor == "none":
        return
    else:
        edited = edit(protected, chosen.editor, looked=True, profile=chosen.profile, seed=chosen.seed)
        save(edited, answer)
    recovered = recover_photo(protected, edited, chosen.method, chosen.profile)
    save(recovered, result)
    save(story(protected, edited, recovered), row)
    print(f"Recovered: {result}")
