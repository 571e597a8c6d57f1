"""What is private in a photo: faces, writing, plates and, where asked, the person. What is missed is not protected."""

import re
from collections.abc import Iterator
from math import ceil

import numpy as np

from sppe_lib.errors import DataError
from sppe_lib.photo.models import cv2, face_landmarks, foreground, seen_faces, seen_lines
from sppe_lib.photo.regions import Region, overlap
from sppe_lib.photo.texts import tightened

# Longer sides in pixels at which faces are looked for: large ones show at the first, small ones at the second.
FACE_SIDES = (480, 1024)
# In pixels: a photo in which small faces and writing would be lost when it is reduced is also looked at in parts of
# this side, which overlap, after it has been reduced to DETAIL.
PART, OVERLAP, DETAIL = 1280, 192, 4096
# Longer side of a photo, in pixels, above which it is looked at in parts: for faces, and for writing, which is read at
# 1280 pixels, and so capitals of 10 pixels in a photo of 2048 (tests/test_photo_models.py).
FACE_PARTS, TEXT_PARTS = 1920, 2048
TEXT_SCORE = 0.5  # rapidocr's confidence above which something is writing
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

    `whole_body`: the person in the foreground is private, not the face alone; faces elsewhere stay private as well.
    Raises DataError where no person stands out, and ResourceError without the extra.
    """
    found = find_faces(pixels) + find_texts(pixels)
    if whole_body:
        side = max(3, max(pixels.shape) // 100)
        body = cv2.dilate((foreground(pixels) > 0.4).astype(np.uint8), np.ones((side, side), np.uint8))
        x, y, width, height = cv2.boundingRect(body)
        if not width:
            raise DataError("No person stands out in the photo: draw the body by hand, with --add or --mask.")
        person = Region("person", (x, y, x + width, y + height), "fill", score=0.5, mask=body > 0)
        # A face that reaches out of the body is hidden as a face as well.
        found = [one for one in found if one.way != "face" or not person.mask[one.pixels(body.shape)].all()]
        found = [person, *found]
    return sorted(found, key=lambda region: -(region.box[2] - region.box[0]) * (region.box[3] - region.box[1]))


def reduced(pixels: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """A picture at a longer side of at most `side` pixels, and the (x, y) scale that leads back."""
    size = [max(round(length * min(1, side / max(pixels.shape[:2]))), 32) for length in pixels.shape[1::-1]]
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.array(pixels.shape[1::-1]) / size


def parts(pixels: np.ndarray, largest: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Overlapping parts of an RGB uint8 array longer than `largest`, each with its corner and scale (x, y) in it."""
    if max(pixels.shape[:2]) <= largest:
        return
    small, scale = reduced(pixels, DETAIL)
    tops, lefts = (
        np.linspace(0, max(side - PART, 0), max(1, ceil((side - OVERLAP) / (PART - OVERLAP)))).astype(int)
        for side in small.shape[:2]
    )
    for top in tops:
        for left in lefts:
            yield small[top : top + PART, left : left + PART], np.array([left, top]) * scale, scale


def face_boxes(pixels: np.ndarray) -> list[np.ndarray]:
    """Boxes [5] (x0, y0, x1, y1, score) of the faces in an RGB uint8 array, each face once, surest first."""
    wholes = [(small, np.zeros(2), scale, np.inf) for small, scale in (reduced(pixels, side) for side in FACE_SIDES)]
    # Larger ones show in the whole, and may be cut in a part.
    boxes = [
        np.append((box[:4].reshape(2, 2) * scale + corner).ravel(), box[4])
        for part, corner, scale, largest in [*wholes, *((*part, OVERLAP) for part in parts(pixels, FACE_PARTS))]
        for box in seen_faces(part)
        if max(box[2:4] - box[:2]) < largest
    ]
    kept: list[np.ndarray] = []
    for box in sorted(boxes, key=lambda box: -box[4]):
        if all(overlap(box, other) < 0.5 for other in kept):
            kept.append(box)
    return kept


def read_lines(pixels: np.ndarray) -> list[tuple[np.ndarray, str, float]]:
    """Lines as `seen_lines` gives them, in reading order; of a large photo perhaps twice, in the whole and a part."""
    looks = [(pixels, np.zeros(2), np.ones(2)), *parts(pixels, TEXT_PARTS)]
    return [(seen * scale + corner, *rest) for part, corner, scale in looks for seen, *rest in seen_lines(part)]


def find_faces(pixels: np.ndarray) -> list[Region]:
    """Faces, outlined by their landmarks and the forehead, somewhat widened so that no rim of one remains."""
    boxes, regions = face_boxes(pixels), []
    for box in boxes:
        points = face_landmarks(pixels, box)
        forehead = points[17:27] + 0.3 * (points[27] - points[8])
        hull = cv2.convexHull(np.vstack([points, forehead]).astype(np.float32))[:, 0]
        outline, name = hull.mean(0) + 1.06 * (hull - hull.mean(0)), "human face" if len(boxes) == 1 else "faces"
        regions.append(Region(name, whole_pixels(box, pixels.shape), "face", outline, score=float(box[4])))
    return regions


def find_texts(pixels: np.ndarray) -> list[Region]:
    """Lines of writing, plates among them, outlined by their four corners (top left first, clockwise)."""
    regions, hidden = [], np.zeros(pixels.shape[:2], dtype=bool)
    for corners, text, score in sorted(read_lines(pixels), key=lambda line: -line[2]):
        if score < TEXT_SCORE or sum(letter.isalnum() for letter in text) < 2:
            continue
        outline = tightened(pixels, corners)
        box = whole_pixels(np.concatenate([outline.min(0), outline.max(0)]), pixels.shape)
        region = Region(_category(text, corners), box, "text", outline, text, score=float(score))
        inside = region.pixels(hidden.shape)
        # What the whole and a part of the photo show is one line, as the surest reading has it.
        if hidden[inside].mean() < 0.8:
            regions.append(region)
            hidden |= inside
    return regions


def _category(text: str, corners: np.ndarray) -> str:
    name = next((name for pattern, name in WRITING if re.search(pattern, text.strip())), "name all")
    across, down = np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[3] - corners[0])
    # A plate is wide and low; the same letters stacked or spread out are something else.
    return "name all" if name == "plate" and not 1.5 < across / max(down, 1) < 7 else name


def whole_pixels(box: np.ndarray, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """A box of any numbers as whole pixels within a picture of `shape` (H, W, ...)."""
    x0, y0 = np.floor(box[:2]).clip(0)
    x1, y1 = np.minimum(np.ceil(box[2:4]), shape[1::-1])
    return int(x0), int(y0), int(x1), int(y1)
