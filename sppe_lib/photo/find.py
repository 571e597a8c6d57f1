"""What is private in a photo: faces, writing, plates and, where asked, the person. What is missed is not protected."""

import re

import numpy as np

from sppe_lib.photo.models import extra, face_detector, face_landmarks, foreground, text_reader
from sppe_lib.photo.regions import Region, overlap
from sppe_lib.photo.texts import tightened

FACE_SCORE = 0.3
"""CenterFace's score above which something is a face; docs/photo.md has the recall that this gives."""

FACE_SIDES = (480, 1024)
"""Longer sides in pixels at which faces are looked for: large ones show at the first, small ones at the second."""

TEXT_SCORE = 0.5
"""rapidocr's confidence above which something is writing."""

WRITING = (
    (r"\S+@\S+\.\w+|www\.|https?:", "email"),
    (r"(\d{1,4}[./:-]){2}\d{1,4}|\d{1,2}:\d{2}", "date time"),
    (r"\+?[\d\s()/-]{7,}$", "phone"),
    (r"\b\d{1,4} \w+|\w+ \d{1,4}$|\b(street|road|avenue|lane|straße|strasse|rue)\b", "current address"),
    (r"(?=.*\d)(?=.*[A-Z])[A-Z0-9 .·-]{5,10}$", "plate"),
)
"""(pattern, category) in the order in which they are tried; any other writing counts as a name."""


def find(pixels: np.ndarray, whole_body: bool = False) -> list[Region]:
    """Private regions of an RGB uint8 array [H, W, 3], largest box first.

    `whole_body`: the person in the foreground is private, not the face alone. Raises ResourceError without the extra.
    """
    found = find_faces(pixels) + find_texts(pixels)
    if whole_body and (person := find_person(pixels)):
        found = [person] + [region for region in found if region.way != "face"]
    return sorted(found, key=lambda region: -(region.box[2] - region.box[0]) * (region.box[3] - region.box[1]))


def face_boxes(pixels: np.ndarray) -> list[np.ndarray]:
    """Boxes [5] (x0, y0, x1, y1, score) of the faces in an RGB uint8 array, each face once, surest first."""
    cv2 = extra("cv2")
    height, width = pixels.shape[:2]
    boxes: list[np.ndarray] = []
    for side in sorted({min(side, max(height, width)) for side in FACE_SIDES}):
        size = tuple(max(round(length * side / max(height, width)), 32) for length in (width, height))
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        scale = np.array([width / size[0], height / size[1]] * 2 + [1])
        boxes += [box * scale for box in face_detector()(small, threshold=FACE_SCORE)[0]]
    kept: list[np.ndarray] = []
    for box in sorted(boxes, key=lambda box: -box[4]):
        if all(overlap(box, other) < 0.5 for other in kept):
            kept.append(box)
    return kept


def find_faces(pixels: np.ndarray) -> list[Region]:
    """Faces, outlined by their landmarks and the forehead above them."""
    boxes = face_boxes(pixels)
    name = "human face" if len(boxes) == 1 else "faces"
    return [
        Region(name, whole_pixels(box, pixels.shape), "face", face_outline(pixels, box), score=float(box[4]))
        for box in boxes
    ]


def face_outline(pixels: np.ndarray, box: np.ndarray) -> np.ndarray:
    """The polygon [N, 2] of a face in a box: landmarks and forehead, somewhat widened so that no rim of it remains."""
    points = face_landmarks(pixels, box)
    forehead = points[17:27] + 0.3 * (points[27] - points[8])
    hull = extra("cv2").convexHull(np.vstack([points, forehead]).astype(np.float32))[:, 0]
    return hull.mean(0) + 1.06 * (hull - hull.mean(0))


def find_texts(pixels: np.ndarray) -> list[Region]:
    """Lines of writing, plates among them, outlined by their four corners (top left first, clockwise)."""
    read = text_reader()(np.ascontiguousarray(pixels[..., ::-1]), use_cls=False)
    regions = []
    for corners, text, score in zip(
        *(part if part is not None else () for part in (read.boxes, read.txts, read.scores))
    ):
        if score < TEXT_SCORE or sum(letter.isalnum() for letter in text) < 2:
            continue
        outline = tightened(pixels, np.asarray(corners, dtype=np.float64))
        box = whole_pixels(np.concatenate([outline.min(0), outline.max(0)]), pixels.shape)
        regions.append(Region(_category(text, corners), box, "text", outline, text, float(score)))
    return regions


def _category(text: str, corners: np.ndarray) -> str:
    name = next((name for pattern, name in WRITING if re.search(pattern, text.strip())), "name all")
    across, down = np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[3] - corners[0])
    # A plate is wide and low; the same letters stacked or spread out are something else.
    return "name all" if name == "plate" and not 1.5 < across / max(down, 1) < 7 else name


def find_person(pixels: np.ndarray) -> Region | None:
    """The person (or whatever stands in the foreground) as a mask, or None where nothing stands out."""
    cv2 = extra("cv2")
    inside = (foreground(pixels) > 0.4).astype(np.uint8)
    side = max(3, max(pixels.shape) // 100)
    inside = cv2.dilate(inside, np.ones((side, side), np.uint8)) > 0
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    if not len(rows):
        return None
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return Region("person", box, "fill", score=0.5, mask=inside)


def whole_pixels(box: np.ndarray, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """A box of any numbers as whole pixels within a picture of `shape` (H, W, ...)."""
    x0, y0 = np.floor(box[:2]).clip(0)
    x1, y1 = np.minimum(np.ceil(box[2:4]), shape[1::-1])
    return int(x0), int(y0), int(x1), int(y1)
