"""Known edits of real photographs and how well each recovery brings them back, what the detectors find, and the time.

`python -m sppe_lib.photo.measure [FOLDER] [--only recall|edits|summary|time]` writes figures/photos/ (summary: from its
metrics.csv). FOLDER: the examples of Debian's opencv-doc. Surrogate and source get the same known edit, so I' is
there to compare with; features are EfficientNet-Lite0's.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import torch
from PIL import Image, ImageDraw
from skimage import data

from sppe_lib.config import repository
from sppe_lib.evaluation.metrics import REGIONS, Views, compute_metrics, grey_outside, prepare, prepare_mask
from sppe_lib.photo.command import strip
from sppe_lib.photo.edit import age, fitted, grey, paint
from sppe_lib.photo.find import face_boxes, find_texts
from sppe_lib.photo.models import face_landmarks, image_features, tensor
from sppe_lib.photo.protect import Found, Protected, draw_surrogate, open_photo
from sppe_lib.photo.recover import METHODS, recover_photo
from sppe_lib.photo.vouch import leaks, same_writing, vouch
from sppe_lib.pictures import read_picture
from sppe_lib.runtime import atomic_path, processor, write_text

SHIPPED: dict[str, tuple[Callable[[], Image.Image], str]] = {
    "astronaut": (lambda: Image.fromarray(data.astronaut()), ""),
    "hopper": (lambda: read_picture(Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg")), ""),
    "coffee": (lambda: Image.fromarray(data.coffee()), "225,60,440,265,picture frame"),
    "cat": (lambda: Image.fromarray(data.chelsea()), "160,60,330,190,picture frame"),
}
"""Photographs of scikit-image and matplotlib, with what is private in those where nothing is found."""

WRITTEN = {
    "scenetext01": ("NOTICE", "DOUBLE", "PARKING", "PROHIBITED", "AT ALL TIMES", "The Washington Post"),
    "scenetext02": ("Sports Centre", "Wivenhoe Park", "Conference Centre", "Car Parks"),
    "scenetext03": ("the", "copy", "centre"),
    "scenetext04": ("GM 125",),
    "scenetext05": ("NO PARKING", "NO PARKING"),
    "scenetext06": ("priory", "galleries", "at the ship", "priory galleries at the ship"),
}
"""Photographs of opencv-doc and the lines that a person reads in them."""

SHOWN = ("astronaut", "hopper", "coffee", "scenetext01", "scenetext05")  # photographs that examples.png shows
SIZES = ((1632, 1224), (2000, 1000), (4000, 3000))  # (width, height) of the photos that are timed: 2 and 12 megapixels


def sunglasses(image: Image.Image, box: np.ndarray) -> Image.Image:
    """A known addition: dark glasses drawn at the landmarks of the face in a box."""
    points = face_landmarks(np.asarray(image), box)
    left, right = points[36:42].mean(0), points[42:48].mean(0)
    radius = 0.32 * np.linalg.norm(right - left)
    result, dark = image.copy(), (18, 18, 24)
    draw = ImageDraw.Draw(result)
    for x, y in (left, right):
        draw.ellipse([x - radius, y - 0.8 * radius, x + radius, y + 0.8 * radius], fill=dark)
    draw.line([*left, *right], fill=dark, width=max(2, int(radius / 5)))
    return result


EDITS: dict[str, tuple[str, Callable[..., Image.Image]]] = {
    "oil painting": ("STYLE", lambda image, box: paint(image, 5)),
    "watercolour": ("STYLE", lambda image, box: paint(image, 12)),
    "vintage": ("STYLE", lambda image, box: age(image)),
    "grey": ("STYLE", lambda image, box: grey(image)),
    "sunglasses": ("ADD/REMOVE", sunglasses),
}
"""Known edits by name: the tag and what it does, given a face's box where there is a face."""


def measured(pictures: dict[str, Image.Image], mask: np.ndarray) -> dict[str, float]:
    """The eight metrics and those inside and outside M of one photo; pictures by role, `mask` bool [H, W]."""
    images = {role: prepare(tensor(np.array(image))) for role, image in pictures.items()}
    private = prepare_mask(torch.from_numpy(mask)[None, None].float())
    features = {(role, None): image_features(image) for role, image in images.items()}
    for region in REGIONS:
        for role in ("source", "edited_source", "recovered"):
            features[role, region] = image_features(grey_outside(images[role], private, region))
    return {name: float(values[0]) for name, values in compute_metrics(Views(images, private, features)).items()}


def photographs(folder: Path | None) -> Iterator[Found]:
    """Every photograph with its private regions."""
    sources = dict(SHIPPED)
    for name in WRITTEN if folder else ():
        sources[name] = (lambda name=name: read_picture(folder / "text" / f"{name}.jpg")), ""
    for name, (make, box) in sources.items():
        found = open_photo(make(), [box] if box else [], detect=not box)
        yield Found(name, found.source, found.regions)


def protected_photo(found: Found) -> Protected:
    """The first of nine candidates that the leak check passes; raises Refusal where none does."""
    drawn = (draw_surrogate(found, seed) for seed in range(8))
    good = next((one for one in drawn if not leaks(found.source, one, found.regions)), draw_surrogate(found, 8))
    return Protected(found, "known edit", vouch(found.source, good, found.regions), 1.0, "", True, [], [])


def measure(folder: Path | None) -> tuple[pd.DataFrame, list[Image.Image]]:
    """One row a photo, edit and method; and rows of pictures of some of them."""
    rows, shown = [], []
    for found in photographs(folder):
        protected, source = protected_photo(found), Image.fromarray(found.source)
        left, faces = protected.surrogate.image, [np.array(one.box) for one in found.regions if one.way == "face"]
        for name, (tag, editor) in EDITS.items():
            if name == "sunglasses" and not faces:
                continue
            wanted, edited = (fitted(editor(image, *faces[:1] or [None]), source.size) for image in (source, left))
            known = {"source": source, "surrogate": left, "edited_source": wanted, "edited_surrogate": edited}
            recovered = {method: recover_photo(protected, edited, method) for method in METHODS}
            for method, image in recovered.items():
                numbers = measured({**known, "recovered": image}, found.mask)
                rows.append({"photo": found.name, "edit": name, "tag": tag, "method": method, **numbers})
            if found.name in SHOWN and name in ("oil painting", "vintage", "sunglasses"):
                first = {"photo": source, "what left": left, f"came back: {name}": edited}
                brought = {method: recovered[method] for method in METHODS[:2]}
                shown.append(strip({**first, **brought, "the edit of the photo": wanted}, 150))
            print(found.name, name, flush=True)
    return pd.DataFrame(rows), shown


def recall(folder: Path | None) -> pd.DataFrame:
    """What the detectors find: faces of scikit-image's LFW crops by size, and lines of opencv-doc's photographs."""
    rows = []
    for side in (25, 50, 100):
        crops = (Image.fromarray((crop * 255).astype(np.uint8)).resize((side, side), 3) for crop in data.lfw_subset())
        frames = (
            np.pad(np.asarray(crop.convert("RGB")), ((100, 100), (100, 100), (0, 0)), mode="edge") for crop in crops
        )
        found = [len(face_boxes(frame)) > 0 for frame in frames]
        rows.append((f"LFW faces, {side} px (25 px enlarged)", 100, sum(found[:100]), sum(found[100:])))
    for name, lines in WRITTEN.items() if folder else ():
        read = [one.text for one in find_texts(np.asarray(read_picture(folder / "text" / f"{name}.jpg")))]
        hits = sum(any(same_writing(line, other) or same_writing(other, line) for other in read) for line in lines)
        rows.append((f"lines of {name}.jpg", len(lines), hits, max(len(read) - hits, 0)))
    return pd.DataFrame(rows, columns=["what", "there", "found", "false"])


def times() -> pd.DataFrame:
    """Seconds and memory of the command, by size: an astronaut, enlarged, with grain and a line of writing."""
    rows = []
    for width, height in SIZES:
        large = Image.fromarray(data.astronaut()).resize((max(width, height),) * 2, Image.Resampling.BICUBIC)
        photo = large.crop((0, 0, width, height))
        draw, across, down = ImageDraw.Draw(photo), width / 100, height / 100
        draw.rectangle([62 * across, 10 * down, 95 * across, 20 * down], fill=(235, 230, 215))
        draw.text((64 * across, 12 * down), "Jane Miller 4711", fill=(20, 20, 60), font_size=5.5 * down)
        noise = np.random.default_rng(0).normal(0, 3, (height, width, 1))
        photo = Image.fromarray((np.asarray(photo) + noise).clip(0, 255).astype(np.uint8))
        with tempfile.TemporaryDirectory() as folder:
            photo.save(f"{folder}/photo.jpg", quality=93)
            words = ["photo", f"{folder}/photo.jpg", "Make it black and white", "--output", f"{folder}/out"]
            for what, looked in (("preview", []), ("the rest", ["--looked"])):
                began = time.perf_counter()
                process = subprocess.Popen([sys.executable, "-m", "sppe_lib", *words, *looked])
                _, status, used = os.wait4(process.pid, 0)
                seconds, worked = time.perf_counter() - began, used.ru_utime + used.ru_stime
                size = f"{width}x{height}" + (" (failed)" if status else "")
                rows.append((size, what, round(seconds, 1), round(worked, 1), round(used.ru_maxrss / 1e6, 2)))
    return pd.DataFrame(rows, columns=["photo", "run", "seconds", "processor seconds", "memory, GB"])


def summary(frame: pd.DataFrame) -> str:
    """The means of `measure`'s rows as Markdown: of each edit inside M, and of each kind of edit on every metric."""
    methods = list(frame["method"].unique())
    edits = frame.pivot_table(["psnr_gt_inside", "ssim_gt_inside", "dir_i"], ["edit", "method"], sort=False)
    edits = edits[["psnr_gt_inside", "ssim_gt_inside", "dir_i"]].set_axis(["PSNR", "SSIM", "DirI"], axis="columns")
    kinds = frame.drop(columns=["photo", "edit"]).groupby(["tag", "method"], sort=False).mean().T
    kinds.columns = [f"{tag}, {method}" for tag, method in kinds]
    number = f"{len(frame) // len(methods)} edits of {frame['photo'].nunique()} photographs"
    return (
        f"Means over {number}. PSNR (dB, at most 40) and SSIM are against I' inside M.\n\n"
        f"{edits.round(3).reset_index().to_markdown(index=False)}\n\n"
        f"All metrics, by kind of edit:\n\n{kinds.round(3).to_markdown()}\n"
    )


def main(arguments: list[str] | None = None) -> None:
    """Write metrics.csv, metrics.md, examples.png, recall.md and time.md to figures/photos/."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--only", choices=("recall", "edits", "summary", "time"))
    chosen, target = parser.parse_args(arguments), repository() / "figures" / "photos"
    if chosen.only in (None, "recall"):
        write_text(target / "recall.md", recall(chosen.folder).to_markdown(index=False) + "\n")
    if chosen.only in (None, "time"):
        note = f"\n\nOn {processor()}, {len(os.sched_getaffinity(0))} cores for this command.\n"
        write_text(target / "time.md", times().to_markdown(index=False) + note)
    if chosen.only in (None, "edits"):
        frame, shown = measure(chosen.folder)
        write_text(target / "metrics.csv", frame.round(4).to_csv(index=False))
        sheet = Image.new("RGB", (max(row.width for row in shown), sum(row.height for row in shown)), "white")
        for number, row in enumerate(shown):
            sheet.paste(row, (0, sum(other.height for other in shown[:number])))
        with atomic_path(target / "examples.png") as temporary:
            sheet.quantize(256).save(temporary, optimize=True)
    if chosen.only in (None, "edits", "summary"):
        write_text(target / "metrics.md", summary(pd.read_csv(target / "metrics.csv")))


if __name__ == "__main__":
    main()
