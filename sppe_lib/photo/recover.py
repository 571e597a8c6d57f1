"""Bring an edit of the surrogate back to the photo, at its full resolution and without training.

Outside M the edited surrogate is kept. Inside, how the editor changed colours is learnt from S and S' (`colour_maps`),
what it added or took away is carried over by landmarks, and both meet the edited surroundings without a seam.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates

from sppe_lib.config import load_profile
from sppe_lib.photo.blend import membrane, warped, window
from sppe_lib.photo.edit import fitted
from sppe_lib.photo.models import cv2, face_landmarks, tensor
from sppe_lib.photo.protect import Protected
from sppe_lib.pictures import mask_image, resize_mask, square

# The ways without a model; `recovery.METHODS` has those with one.
METHODS = ("improved", "local-linear", "paste-source", "copy-surrogate")
GRIDS = ((1, 1), (4, 4), (12, 8), (32, 16))  # (cells along the longer side, cells of lightness), from coarse to fine
FITTED_SIDE = 640  # longer side in pixels at which colour maps are fitted; they are smooth, and applied at full size


def check_method(name: str, profile: str | None = None) -> None:
    """Raise ConfigError for a name that is neither "improved" nor one of `recovery.METHODS`, DataError for an untrained
    one."""
    if name != "improved":
        from sppe_lib.recovery import method
        from sppe_lib.recovery.method import check_trained, training_folder

        if method(name).trained:
            settings = load_profile(profile)
            check_trained(settings, name, training_folder(settings, name))


def recover_photo(
    protected: Protected, edited: Image.Image, method: str = "improved", profile: str | None = None
) -> Image.Image:
    """The photo with the edit that its surrogate came back with, at its full resolution.

    `edited`: the editor's answer. `method`: "improved" or one of `recovery.METHODS`, as the profile has trained it.
    Raises ConfigError for an unknown method, DataError for a picture of another shape than the surrogate and
    ResourceError for a method that the profile has not trained.
    """
    found, surrogate = protected.found, np.asarray(protected.surrogate.image)
    pictures = (found.source, surrogate, np.asarray(fitted(edited, found.source.shape[1::-1])))
    if method != "improved":
        return Image.fromarray(by_method(method, pictures, found.mask, protected.instruction, profile))
    boxes = [np.array(region.box) for region in found.regions if region.way == "face"]
    faces = [(face_landmarks(found.source, box), face_landmarks(surrogate, box)) for box in boxes]
    return Image.fromarray(improved(*pictures, found.mask, faces))


def improved(
    source: np.ndarray,
    surrogate: np.ndarray,
    edited: np.ndarray,
    mask: np.ndarray,
    faces: Sequence[tuple[np.ndarray, np.ndarray]] = (),
) -> np.ndarray:
    """The recovered photo, RGB uint8 [H, W, 3], of three such pictures and a mask (bool [H, W]).

    `faces`: landmarks [68, 2] of a face in the source and of the one in its place in the surrogate.
    """
    rows, columns = seen = window(mask, 24)
    here = mask[seen]
    first, second, target = (picture[seen].astype(np.float32) / 255 for picture in (source, surrogate, edited))
    added, weight = np.zeros(here.shape, np.float32), None
    if len(faces):
        coarse = applied(colour_maps(surrogate, edited, GRIDS[:2]), second, *seen, mask.shape)
        added = additions(target - coarse, here, max(np.ptp(own, axis=0).max() for own, _ in faces))
        weight = np.ones(mask.shape, np.float32)
        weight[seen] -= added
    maps = colour_maps(surrogate, edited, GRIDS, weight)
    new, plain = (applied(maps, picture, *seen, mask.shape) for picture in (first, second))
    new = as_sharp(new, plain, target)
    new = new + membrane(target - new, here, reach=0.08 * max(here.shape))
    for faces_at in faces:  # what was added to a face moves from its landmarks in S to those in I
        own, other = (points - (columns.start, rows.start) for points in faces_at)
        moved = warped(np.dstack([target, added]), other, own, slice(0, len(new)), slice(0, new.shape[1]))
        new = new + moved[..., 3:].clip(0, 1) * (moved[..., :3] - new)
    result = edited.copy()
    result[seen][here] = np.rint(new.clip(0, 1) * 255).astype(np.uint8)[here]
    return result


def by_method(
    name: str, pictures: Sequence[np.ndarray], mask: np.ndarray, instruction: str, profile: str | None
) -> np.ndarray:
    """What a method of the benchmark makes of I, S and S'; one with a model, on squares and only inside M."""
    from sppe_lib.data.schema import Batch
    from sppe_lib.recovery import method

    entry, settings = method(name), load_profile(profile)
    modelled, size, private = isinstance(entry.imported(), type), settings.benchmark.size, mask_image(mask)
    images = [Image.fromarray(picture) for picture in pictures]
    if modelled:
        images, private = [square(image, size) for image in images], resize_mask(private, size)
    tensors = [tensor(np.array(image)) for image in images]
    words = (["photo"], ["photo"], ["picture frame"], ["Others"], ["Multimodal"], [instruction], ["STYLE"])
    given = torch.from_numpy(np.array(private))[None, None].float() / 255
    # The method must not read the edited source; there is none.
    batch = Batch(*words, tensors[0], given, *tensors[1:], torch.full_like(tensors[0], torch.nan))
    result = (entry.load(settings)(batch)[0].permute(1, 2, 0) * 255).round().clamp(0, 255).byte().cpu().numpy()
    if not modelled:
        return result
    full = Image.fromarray(result).resize(mask.shape[::-1], Image.Resampling.BICUBIC)
    return np.where(mask[..., None], np.asarray(full), pictures[2])


def colour_maps(
    before: np.ndarray, after: np.ndarray, grids: Sequence[tuple[int, int]], weight: np.ndarray | None = None
) -> np.ndarray:
    """Affine colour maps on a grid of place and lightness, float32 [gy, gx, gz, 4, 3], fitted from before to after.

    Both are uint8 [H, W, 3]; `weight` [H, W] says how much each pixel counts. Each cell is a ridge regression on the
    pixels near it in place and lightness (a bilateral grid; Chen et al. 2016 for the idea), drawn towards the next
    coarser grid's where there is little evidence. Keyed by lightness, maps do not mix across edges.
    """
    scale = min(1.0, FITTED_SIDE / max(before.shape))
    width, height = (max(1, round(length * scale)) for length in before.shape[1::-1])

    def columns(picture: np.ndarray) -> np.ndarray:
        small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        return small.reshape(height * width, -1).astype(np.float32)

    inputs = np.column_stack([columns(before) / 255, np.ones(height * width, np.float32)])
    products = inputs[:, :, None] * np.column_stack([inputs, columns(after) / 255])[:, None]
    products = products.reshape(-1, 28) * (1 if weight is None else columns(weight))
    rows, places = np.indices((height, width)).reshape(2, -1)
    spots = (rows / max(height - 1, 1), places / max(width - 1, 1), inputs[:, :3].mean(1))
    maps = np.eye(4, 3)[None, None, None]
    for across, lights in grids:
        cells = [max(1, round(across * length / max(height, width))) for length in (height, width)] + [lights]
        near = [np.rint(spot * (count - 1)).astype(int).clip(0, count - 1) for spot, count in zip(spots, cells)]
        index = np.ravel_multi_index(near, cells)
        sums = np.stack([np.bincount(index, column, np.prod(cells)) for column in products.T], axis=-1)
        sums = gaussian_filter(sums.reshape(*cells, 28), (1, 1, 0.7, 0), mode="nearest").reshape(*cells, 4, 7)
        spans = [np.linspace(0, old - 1, count) for old, count in zip(maps.shape, cells)]
        prior = interpolated(maps, np.stack(np.meshgrid(*spans, indexing="ij")))
        # The first map, one for the whole picture, leans on nothing but the evidence.
        ridge = (1e-6 if across == 1 else 1e-3) * len(index) / np.prod(cells)
        maps = np.linalg.solve(sums[..., :4] + ridge * np.eye(4), sums[..., 4:] + ridge * prior)
    return maps.astype(np.float32)


def interpolated(maps: np.ndarray, spots: np.ndarray) -> np.ndarray:
    """Maps [gy, gx, gz, 4, 3] between the points of their grid, at spots [3, ...]: [..., 4, 3]."""
    layers = maps.reshape(*maps.shape[:3], 12)
    found = [map_coordinates(layers[..., layer], spots, order=1, mode="nearest") for layer in range(12)]
    return np.stack(found, axis=-1).reshape(*spots.shape[1:], 4, 3)


def applied(maps: np.ndarray, picture: np.ndarray, rows: slice, columns: slice, shape: tuple[int, int]) -> np.ndarray:
    """Colour maps applied to a window (float32 [h, w, 3]) of a picture of `shape`, by place and lightness."""
    result = np.empty_like(picture)
    x = np.arange(columns.start, columns.stop) / max(shape[1] - 1, 1) * (maps.shape[1] - 1)
    step = max(1, 2**18 // picture.shape[1])  # rows at a time: a pixel's map takes sixteen times the pixel

    def apply(start: int) -> None:
        part = picture[start : start + step]
        y = np.arange(rows.start + start, rows.start + start + len(part)) / max(shape[0] - 1, 1) * (maps.shape[0] - 1)
        spots = np.stack(np.broadcast_arrays(y[:, None], x[None], part.mean(-1) * (maps.shape[2] - 1)))
        own = interpolated(maps, spots.astype(np.float32))
        result[start : start + step] = np.einsum("hwi,hwij->hwj", part, own[..., :3, :]) + own[..., 3, :]

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(apply, range(0, len(picture), step)))
    return result


def as_sharp(new: np.ndarray, plain: np.ndarray, target: np.ndarray) -> np.ndarray:
    """`new` with as much fine contrast as the editor left: that of S' against the colour-mapped S."""

    def fine(picture: np.ndarray) -> np.ndarray:
        return picture - cv2.GaussianBlur(picture, (0, 0), max(1.0, 0.004 * max(new.shape)))

    left = np.square(fine(target)).mean() / max(float(np.square(fine(plain)).mean()), 1e-8)
    return new + (np.sqrt(left) - 1) * fine(new) if left < 1 else new


def additions(residual: np.ndarray, inside: np.ndarray, size: float) -> np.ndarray:
    """Where something was added to a face of the surrogate or taken away, float32 [h, w] in [0, 1].

    `residual` [h, w, 3]: S' without what one colour map for each wide part of the picture explains; there it is large
    over more than a contour's width. `size`: of the face in pixels. What is everywhere in the face is a style: none.
    """
    wide = max(3, int(0.04 * size) | 1)
    change, brush = cv2.GaussianBlur(np.abs(residual).max(-1), (0, 0), wide / 4), np.ones((wide, wide), np.uint8)
    strong = cv2.morphologyEx((change > 0.2).astype(np.uint8), cv2.MORPH_OPEN, brush)
    if strong[inside].mean() > 0.35:
        return np.zeros(inside.shape, np.float32)
    return cv2.GaussianBlur(cv2.dilate(strong, brush).astype(np.float32), (0, 0), wide / 4)
