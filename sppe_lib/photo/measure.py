"""Known edits of real photographs: how well each recovery brings them back, and what the detectors find.

`python -m sppe_lib.photo.measure [FOLDER]` writes figures/photos/; FOLDER: Debian's opencv-doc examples. The
surrogate and the source get the same known edit, so I' is there to compare with; features are EfficientNet-Lite0's.
"""

import sys
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
from sppe_lib.photo.models import face_landmarks, image_features
from sppe_lib.photo.protect import Found, Protected, draw_surrogate, open_photo
from sppe_lib.photo.recover import METHODS, recover_photo
from sppe_lib.photo.vouch import leaks, same_writing, vouch
from sppe_lib.pictures import read_picture
from sppe_lib.runtime import atomic_path, write_text

SHIPPED: dict[str, tuple[Callable[[], np.ndarray], str]] = {
    "astronaut": (data.astronaut, ""),
    "hopper": (lambda: Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg"), ""),
    "coffee": (data.coffee, "225,60,440,265,picture frame"),
    "cat": (data.chelsea, "160,60,330,190,picture frame"),
}
"""Photographs of scikit-image and matplotlib, with what is private in those where nothing is found."""

WRITTEN = {
    "text/scenetext01.jpg": ("NOTICE", "DOUBLE", "PARKING", "PROHIBITED", "AT ALL TIMES", "The Washington Post"),
    "text/scenetext02.jpg": ("Sports Centre", "Wivenhoe Park", "Conference Centre", "Car Parks"),
    "text/scenetext03.jpg": ("the", "copy", "centre"),
    "text/scenetext04.jpg": ("GM 125",),
    "text/scenetext05.jpg": ("NO PARKING", "NO PARKING"),
    "text/scenetext06.jpg": ("priory", "galleries", "at the ship", "priory galleries at the ship"),
}
"""Photographs of opencv-doc and the lines that a person reads in them."""


SHOWN = ("astronaut", "hopper", "coffee", "scenetext01", "scenetext05")
"""Photographs that examples.png shows."""


def sunglasses(image: Image.Image, box: np.ndarray) -> Image.Image:
    """A known addition: dark glasses drawn at the landmarks of the face in a box."""
    points = face_landmarks(np.asarray(image), box)
    left, right = points[36:42].mean(0), points[42:48].mean(0)
    radius = 0.32 * np.linalg.norm(right - left)
    result = image.copy()
    draw = ImageDraw.Draw(result)
    for x, y in (left, right):
        draw.ellipse([x - radius, y - 0.8 * radius, x + radius, y + 0.8 * radius], fill=(18, 18, 24))
    draw.line([*left, *right], fill=(18, 18, 24), width=max(2, int(radius / 5)))
    return result


EDITS: dict[str, tuple[str, Callable[[Image.Image], Image.Image]]] = {
    "oil painting": ("STYLE", lambda image: paint(image, 5)),
    "watercolour": ("STYLE", lambda image: paint(image, 12)),
    "vintage": ("STYLE", age),
    "grey": ("STYLE", grey),
    "sunglasses": ("ADD/REMOVE", sunglasses),
}
"""Known edits by name: the tag and what it does."""


def _tensor(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255


def measured(pictures: dict[str, Image.Image], mask: np.ndarray) -> dict[str, float]:
    """The eight metrics and those inside and outside M of one photo; pictures by role, `mask` bool [H, W]."""
    images = {role: prepare(_tensor(image)) for role, image in pictures.items()}
    private = prepare_mask(torch.from_numpy(mask)[None, None].float())
    features = {(role, None): image_features(image) for role, image in images.items()}
    for region in REGIONS:
        for role in ("source", "edited_source", "recovered"):
            features[role, region] = image_features(grey_outside(images[role], private, region))
    return {name: float(values[0]) for name, values in compute_metrics(Views(images, private, features)).items()}


def photographs(folder: Path | None) -> Iterator[Found]:
    """Every photograph with its private regions."""
    sources = {name: (make(), box) for name, (make, box) in SHIPPED.items()}
    sources |= {Path(name).stem: (folder / name, "") for name in WRITTEN} if folder else {}
    for name, (source, box) in sources.items():
        picture = read_picture(source) if isinstance(source, Path) else Image.fromarray(source)
        found = open_photo(picture, [box] if box else [], detect=not box)
        yield Found(name, found.source, found.regions)


def protected_photo(found: Found) -> Protected:
    """The first of eight candidates that the leak check passes; raises Refusal where none does."""
    drawn = (draw_surrogate(found, seed) for seed in range(8))
    good = next((one for one in drawn if not leaks(found.source, one, found.regions)), draw_surrogate(found, 8))
    return Protected(found, "known edit", vouch(found.source, good, found.regions), 1.0, "", True, [], [])


def measure(folder: Path | None) -> tuple[pd.DataFrame, Image.Image]:
    """One row a photo, edit and method; and a picture of some of them."""
    rows, shown = [], []
    for found in photographs(folder):
        protected, source = protected_photo(found), Image.fromarray(found.source)
        boxes = [np.array(region.box) for region in found.regions if region.way == "face"]
        for name, (tag, editor) in EDITS.items():
            if name == "sunglasses" and not boxes:
                continue
            options = (boxes[0],) if name == "sunglasses" else ()
            both = [fitted(editor(image, *options), source.size) for image in (source, protected.surrogate.image)]
            recovered = {method: recover_photo(protected, both[1], method) for method in METHODS}
            common = dict(
                zip(
                    ("source", "surrogate", "edited_source", "edited_surrogate"),
                    (source, protected.surrogate.image, *both),
                )
            )
            for method, image in recovered.items():
                numbers = measured({**common, "recovered": image}, found.mask)
                rows.append({"photo": found.name, "edit": name, "tag": tag, "method": method, **numbers})
            if found.name in SHOWN and name in ("oil painting", "vintage", "sunglasses"):
                labels = ("photo", "what left", f"came back: {name}", *METHODS[:2], "the edit of the photo")
                images = (source, common["surrogate"], both[1], *(recovered[method] for method in METHODS[:2]), both[0])
                shown.append(strip(dict(zip(labels, images)), 150))
            print(found.name, name, flush=True)
    sheet = Image.new("RGB", (max(row.width for row in shown), sum(row.height for row in shown)), "white")
    for number, row in enumerate(shown):
        sheet.paste(row, (0, sum(other.height for other in shown[:number])))
    return pd.DataFrame(rows), sheet


def recall(folder: Path | None) -> pd.DataFrame:
    """What the detectors find: faces of scikit-image's LFW crops by size, and lines of opencv-doc's photographs."""
    crops, rows = data.lfw_subset(), []
    for side in (25, 50, 100):
        frames = [
            np.pad(np.asarray(Image.fromarray((crop * 255).astype(np.uint8)).resize((side, side), 3)), 100, mode="edge")
            for crop in crops
        ]
        found = [len(face_boxes(np.repeat(frame[..., None], 3, axis=2))) > 0 for frame in frames]
        rows.append(
            {
                "what": f"LFW faces, {side} px (25 px enlarged)",
                "there": 100,
                "found": sum(found[:100]),
                "false": sum(found[100:]),
            }
        )
    for name, lines in WRITTEN.items() if folder else ():
        read = [region.text for region in find_texts(np.asarray(read_picture(folder / name)))]
        hits = sum(any(same_writing(line, other) or same_writing(other, line) for other in read) for line in lines)
        rows.append(
            {
                "what": f"lines of {Path(name).name}",
                "there": len(lines),
                "found": hits,
                "false": max(len(read) - hits, 0),
            }
        )
    return pd.DataFrame(rows)


def main(folder: Path | None) -> None:
    """Write metrics.csv, metrics.md, recall.md and examples.png to figures/photos/."""
    target = repository() / "figures" / "photos"
    write_text(target / "recall.md", recall(folder).to_markdown(index=False) + "\n")
    frame, sheet = measure(folder)
    columns = [name for name in frame.columns if name not in ("photo", "edit", "tag", "method")]
    means = frame.groupby(["tag", "method"], sort=False)[columns].mean().round(3)
    write_text(target / "metrics.csv", frame.round(4).to_csv(index=False))
    write_text(
        target / "metrics.md", means.T.to_markdown() + f"\n\n{len(frame) // len(METHODS)} edits of photographs.\n"
    )
    with atomic_path(target / "examples.png") as temporary:
        sheet.quantize(256).save(temporary, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
