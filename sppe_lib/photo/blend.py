"""Blending: content that fits its surroundings without a seam, and without a pixel of what it replaces."""

import numpy as np
from scipy.interpolate import RBFInterpolator

from sppe_lib.photo.models import cv2


def membrane(difference: np.ndarray, inside: np.ndarray, reach: float, private: np.ndarray | None = None) -> np.ndarray:
    """Carry a difference [h, w, c], known in the rim around `inside`, smoothly into it, fading after `reach` pixels.

    No pixel inside, nor where `private` is true, is read (normalised Gaussian windows; for the aim Perez et al. 2003).
    """
    region = inside.astype(np.uint8)
    rim = (cv2.dilate(region, np.ones((9, 9), np.uint8)) > 0) & ~inside
    weight = (rim if private is None else rim & ~private).astype(np.float32)
    known = (difference * weight[..., None]).astype(np.float32)
    total, share = np.zeros_like(known), np.zeros_like(weight)
    sigma, rank = 1.5, 1.0
    while sigma < 2 * max(inside.shape):
        # Blurring a rim by a large window is a blur of a small picture.
        factor = max(1, int(sigma // 4))
        size = tuple(max(1, -(-length // factor)) for length in inside.shape[::-1])
        for target, values in ((total, known), (share, weight)):
            small = cv2.GaussianBlur(cv2.resize(values, size, interpolation=cv2.INTER_AREA), (0, 0), sigma / factor)
            target += rank * cv2.resize(small, inside.shape[::-1], interpolation=cv2.INTER_LINEAR).reshape(target.shape)
        sigma, rank = sigma * 2, rank / 8
    distance = cv2.distanceTransform(np.pad(region, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    return total / np.maximum(share, 1e-20)[..., None] * np.exp(-np.square(distance / reach))[..., None]


def surroundings(picture: np.ndarray, private: np.ndarray) -> np.ndarray:
    """What surrounds the private pixels of a picture, carried smoothly into them: [h, w, 3], in their window."""
    seen = window(private, 16)
    return membrane(picture[seen].astype(np.float32), private[seen], reach=1e6)


def emptied(
    picture: np.ndarray, private: np.ndarray, random: np.random.Generator, ground: np.ndarray | None = None
) -> np.ndarray:
    """A copy of a picture (uint8 [H, W, 3]) whose private pixels are its `surroundings`, with its grain."""
    result, seen = picture.copy(), window(private, 16)
    old, here = result[seen], private[seen]
    put(old, (surroundings(picture, private) if ground is None else ground) + grain(old, here, random), here)
    return result


def put(picture: np.ndarray, content: np.ndarray, inside: np.ndarray) -> None:
    """Write content [h, w, 3] (0 to 255) into a picture (uint8), or a view of one, at the pixels of a mask alone."""
    picture[inside] = np.rint(content[inside].clip(0, 255))


def window(inside: np.ndarray, margin: int) -> tuple[slice, slice]:
    """Rows and columns of a picture that hold a mask, with a margin in pixels."""
    x, y, width, height = cv2.boundingRect(inside.astype(np.uint8))
    spans = ((y, height, inside.shape[0]), (x, width, inside.shape[1]))
    rows, columns = (slice(max(at - margin, 0), min(at + long + margin, most)) for at, long, most in spans)
    return rows, columns


def similarity(points: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """The shift, turn and scale [3, 2] that brings points [N, 2] nearest to others; apply as [points, 1] @ matrix."""
    from skimage.transform import SimilarityTransform

    return SimilarityTransform.from_estimate(points, onto).params[:2].T


def warped(content: np.ndarray, points: np.ndarray, onto: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
    """`content` bent so that its points [N, 2] come to lie at `onto`, seen in a window: float32 [h, w, c]."""
    # A thin-plate spline through the points; outside them it continues as their similarity.
    middle, half = onto.mean(0), 3 * np.abs(onto - onto.mean(0)).max()
    frame = middle + half * np.array([[-1, -1], [1, -1], [-1, 1], [1, 1], [0, -1], [0, 1], [-1, 0], [1, 0]])
    ends = np.vstack([points, np.column_stack([frame, np.ones(len(frame))]) @ similarity(onto, points)])
    spline = RBFInterpolator(np.vstack([onto, frame]), ends, kernel="thin_plate_spline", smoothing=1.0)
    grid = np.meshgrid(np.linspace(columns.start, columns.stop - 1, 40), np.linspace(rows.start, rows.stop - 1, 40))
    places = spline(np.stack(grid, axis=-1).reshape(-1, 2)).reshape(40, 40, 2).astype(np.float32)
    places = cv2.resize(places, (columns.stop - columns.start, rows.stop - rows.start), interpolation=cv2.INTER_LINEAR)
    return cv2.remap(content.astype(np.float32), places, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def grain(picture: np.ndarray, inside: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Noise [h, w, 1] as strong as the picture's own around a region: new content must not be smoother than that."""
    grey = picture.astype(np.float32).mean(-1)
    fine = grey - cv2.GaussianBlur(grey, (0, 0), 1.0)
    # Blurring has mixed private pixels into those beside them: the noise is measured some pixels away.
    around = fine[cv2.dilate(inside.astype(np.uint8), np.ones((11, 11), np.uint8)) == 0]
    strength = 1.4826 * np.median(np.abs(around - np.median(around))) if around.size else 0.0
    noise = cv2.GaussianBlur(random.standard_normal(inside.shape).astype(np.float32), (0, 0), 0.6)
    return (noise / max(noise.std(), 1e-6) * min(strength, 6.0))[..., None]
