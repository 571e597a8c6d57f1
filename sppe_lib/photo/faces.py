"""Another face: two invented ones, averaged and bent onto the source's pose, in the colours and light of the photo."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from sppe_lib.photo.blend import grain, put, similarity, warped, window
from sppe_lib.photo.models import SAME_PERSON, cv2, face_embedding, face_landmarks, invented_face, seen_faces
from sppe_lib.runtime import numpy_generator

# Seeds of the generator whose faces look straight ahead, without glasses or hair over the eyes (by eye, of 900).
SEEDS = (758, 441, 711, 129, 738, 848, 467, 474, 841, 662, 606, 655)
TRIES = 8  # how many faces are drawn at most until one is far from the private one: of many faces, each must be
JAW = slice(0, 17)  # landmarks that outline a face; they stay where the source has them, so that the new one fits


@cache
def donor(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """An invented face, RGB float32 [768, 768, 3] with a border around it, and its landmarks [68, 2]."""
    # Drawn at 64 pixels: in place of a face wider than about 200 it is softer than the photo.
    face = cv2.resize(invented_face(seed), (512, 512), interpolation=cv2.INTER_CUBIC)
    face = np.pad(face, ((128, 128), (128, 128), (0, 0)), mode="edge")
    boxes = seen_faces(cv2.resize(face, (192, 192), interpolation=cv2.INTER_AREA))
    box = 4 * max(boxes, key=lambda box: box[4])[:4] if boxes else np.array([192, 192, 576, 656])
    return face.astype(np.float32), face_landmarks(face, box)


def draw_face(canvas: np.ndarray, source: np.ndarray, inside: np.ndarray, box: Sequence[int], seed: int) -> None:
    """Draw a new face into a mask of `canvas` (RGB uint8), in place of the one in a box of `source`.

    `seed` chooses who, again while the leak check would take it for the old one. Of that the place, the pose and the
    mean and spread of its colours are used.
    """
    points, known, seen = face_landmarks(source, box), face_embedding(source, box), window(inside, 12)
    (rows, columns), here, old = seen, inside[seen], canvas[seen].copy()
    for attempt in range(TRIES):
        random = numpy_generator("face surrogate", seed + attempt * 1_000_000)
        faces = [donor(int(choice)) for choice in random.choice(SEEDS, 2, replace=False)]
        aligned = [np.column_stack([own, np.ones(68)]) @ similarity(own, points) for _, own in faces]
        onto = 0.35 * points + 0.65 * np.mean(aligned, axis=0)
        onto[JAW] = points[JAW]
        share = random.uniform(0.35, 0.65)
        new = share * warped(*faces[0], onto, rows, columns) + (1 - share) * warped(*faces[1], onto, rows, columns)
        # Enlarging has taken contrast at the scale of eyes and mouth.
        new = new + 0.8 * (new - cv2.GaussianBlur(new, (0, 0), 0.02 * max(new.shape)))
        new = recoloured(new, source[seen], here) + grain(old, here, random)
        cover = soft(onto - (columns.start, rows.start), here)[..., None]
        put(canvas[seen], cover * new + (1 - cover) * old, here)
        if np.linalg.norm(face_embedding(canvas, box) - known) > SAME_PERSON + 0.02:
            return


def soft(points: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """How much of each pixel a face with landmarks [68, 2] covers, [h, w] in [0, 1]: none at the mask's edge."""
    hull = cv2.convexHull(np.vstack([points, points[17:27] + 0.22 * (points[27] - points[8])]).astype(np.float32))
    solid = cv2.fillConvexPoly(np.zeros(inside.shape, np.float32), np.rint(hull).astype(np.int32), 1.0) * inside
    width = 0.022 * max(inside.shape)
    edge = cv2.distanceTransform(np.pad((solid > 0).astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    return cv2.GaussianBlur(np.clip(edge / (2 * width), 0, 1), (0, 0), 0.5 * width)


def recoloured(content: np.ndarray, like: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Content [h, w, 3] with the median and, within limits, the spread of another's Lab colours inside a mask."""
    both = (picture.clip(0, 255).astype(np.float32) / 255 for picture in (content, like))
    new, old = (cv2.cvtColor(picture, cv2.COLOR_RGB2LAB) for picture in both)
    core = cv2.erode(inside.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    here, there = (lab[core if core.any() else inside] for lab in (new, old))
    scale = np.clip(there.std(0) / np.maximum(here.std(0), 1e-3), 0.5, 1.3)
    new = (new - np.median(here, 0)) * scale + np.median(there, 0)
    return cv2.cvtColor(new.astype(np.float32), cv2.COLOR_LAB2RGB) * 255
