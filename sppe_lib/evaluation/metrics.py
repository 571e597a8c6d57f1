"""The eight published metrics, and the same inside and outside the private region.

A metric is data: a name, a direction, a range and a function on batches. Choices the paper leaves open, and ours:

* Images larger than 224 x 224 are reduced to that size (antialiased bilinear), as the release does. Smaller ones are
  compared at their own size: enlarging would average errors away and flatter every PSNR.
* CLIP features are normalised to length 1 before differences are taken, as in the release.
* Where the reference does not move (I' = I for DirI, S' = S for DirS) there is no direction: NaN, left out and counted.
  Where it moves and the recovered picture equals I, the method failed to edit: that is 0.
* PSNR is infinite for equal images and stops at `PSNR_LIMIT`; as that decides a mean, medians and the PSNR of the
  pooled error stand beside it.
* CLIP-Sim inside M compares the two images with everything outside M painted mid-grey (outside M: the reverse). The
  shared grey raises it, so compare methods by it, not regions.
* The eight stand twice: on the picture as recovered, and (`_kept`) with S' kept outside M, which any method that knows
  M could do.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.nn.functional import avg_pool2d, interpolate, normalize

from sppe_lib.clip import changes, cosine, direction_cosine

LARGEST_SIDE = 224  # side in pixels at which the release compares images
PSNR_LIMIT = 40.0  # dB at which PSNR stops
SSIM_WINDOW, SSIM_MEAN, SSIM_VARIANCE = 7, 0.01**2, 0.03**2
"""scikit-image's default window in pixels, and its constants for pictures in [0, 1]."""

UNBIASED = SSIM_WINDOW**2 / (SSIM_WINDOW**2 - 1)  # scikit-image takes the sample's variance and covariance

REGIONS = ("inside", "outside")  # inside M (private) and outside M
KEPT = "kept"  # in place of a region: the whole picture, S' kept outside M


@dataclass
class Views:
    """All that the metrics see of a batch of B instances.

    `images`: role -> float32 [B, 3, H, W] in [0, 1], for source (I), edited_source (I') and recovered (the estimate of
    I'). `mask`: [B, 1, H, W] in {0, 1}, 1 = private. `features`: (role, region or None) -> CLIP image features [B, d].
    """

    images: dict[str, torch.Tensor]
    mask: torch.Tensor
    features: dict[tuple[str, str | None], torch.Tensor]
    _known: dict[tuple[str, str], Any] = field(default_factory=dict)

    def _once(self, what: str, role: str, compute: Callable[[], Any]) -> Any:
        if (what, role) not in self._known:
            self._known[what, role] = compute()
        return self._known[what, role]

    def with_recovered(self, recovered: torch.Tensor, features: dict[tuple[str, str | None], torch.Tensor]) -> "Views":
        """The same instances with a recovered picture and its features; what SSIM knows of I and I' is shared."""
        known = {("moments", role): self.moments(role) for role in ("source", "edited_source")}
        images = self.images | {"recovered": recovered}
        return replace(self, images=images, features=self.features | features, _known=known)

    def feature(self, role: str, region: str | None = None) -> torch.Tensor:
        """Unit CLIP features [B, d] of an image, of the whole or with the other region greyed."""
        return normalize(self.features[role, region], dim=-1)

    def weight(self, region: str | None) -> torch.Tensor:
        """[B, 1, H, W] in {0, 1}: the pixels of a region; all of them for None."""
        return {None: torch.ones_like(self.mask), "inside": self.mask}.get(region, 1 - self.mask)

    def moments(self, role: str) -> tuple[torch.Tensor, ...]:
        """`window_moments` of an image."""
        return self._once("moments", role, lambda: window_moments(self.images[role]))

    def ssim_map(self, against: str) -> torch.Tensor:
        """Structural similarity [B, 1, h, w] of the recovered image and `against`."""
        return self._once("ssim", against, lambda: similarity(self.moments("recovered"), self.moments(against)))

    def error_map(self, against: str) -> torch.Tensor:
        """Squared error [B, 1, H, W] of the recovered image and `against`, mean of channels."""
        first, second = (self.images[role] for role in ("recovered", against))
        return self._once("error", against, lambda: (first.double() - second.double()).square().mean(1, keepdim=True))


@dataclass(frozen=True)
class Metric:
    """One published metric of a recovered image, named as in the published CSVs; higher is better for all eight.

    `regional`: whether it also exists inside and outside M. `compute(views, region)` gives [B], NaN where undefined.
    """

    name: str
    label: str
    family: str
    compute: Callable[[Views, str | None], torch.Tensor]
    unit: str = ""
    regional: bool = True


def prepare(images: torch.Tensor) -> torch.Tensor:
    """[B, C, H, W] in [0, 1] at the size of comparison: its own, or 224 x 224 where a side is larger."""
    if max(images.shape[-2:]) <= LARGEST_SIDE:
        return images
    size = (LARGEST_SIDE, LARGEST_SIDE)
    return interpolate(images, size, mode="bilinear", align_corners=False, antialias=True).clamp(0, 1)


def prepare_mask(mask: torch.Tensor) -> torch.Tensor:
    """[B, 1, H, W] in {0, 1} at comparison size; a pixel is private where most of it was."""
    return (prepare(mask) > 0.5).to(mask.dtype)


def grey_outside(images: torch.Tensor, mask: torch.Tensor, region: str) -> torch.Tensor:
    """Images [B, 3, H, W] with all but one region of M painted mid-grey."""
    keep = mask if region == "inside" else 1 - mask
    return images * keep + 0.5 * (1 - keep)


def weighted_mean(values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Mean of [B, 1, H, W] over the pixels where `weight` is 1, as [B]; NaN where there is none."""
    return (values * weight).sum((1, 2, 3)) / weight.sum((1, 2, 3))


window_means = partial(avg_pool2d, kernel_size=SSIM_WINDOW, stride=1)
"""Means of all windows that lie within the picture: [B, C, H, W] to [B, C, H - 6, W - 6]."""


def window_moments(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Images in float64, the means of their windows, and the unbiased variances."""
    images = images.double().cpu()
    means = window_means(images)
    return images, means, UNBIASED * (window_means(images.square()) - means.square())


def similarity(first: tuple[torch.Tensor, ...], second: tuple[torch.Tensor, ...]) -> torch.Tensor:
    """The SSIM map [B, 1, h, w] of two batches from their `window_moments`, averaged over channels."""
    (one, mean, variance), (other, other_mean, other_variance) = first, second
    product = mean * other_mean
    covariance = UNBIASED * (window_means(one * other) - product)
    luminance = (2 * product + SSIM_MEAN) / (mean.square() + other_mean.square() + SSIM_MEAN)
    structure = (2 * covariance + SSIM_VARIANCE) / (variance + other_variance + SSIM_VARIANCE)
    return (luminance * structure).mean(1, keepdim=True)


def ssim_map(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """scikit-image's SSIM on RGB, 7 x 7 uniform window, averaged over channels: float64 [B, 1, H - 6, W - 6].

    The mean of this map is its `structural_similarity(..., channel_axis=2, data_range=1)`, which leaves the border out.
    """
    return similarity(window_moments(first), window_moments(second))


def feature_similarity(views: Views, region: str | None, against: str) -> torch.Tensor:
    """CLIP-Sim: cosine of the CLIP features of the recovered image and `against`, in [-1, 1]."""
    similarity = cosine(views.feature("recovered", region), views.feature(against, region))
    return similarity.masked_fill(views.weight(region).sum((1, 2, 3)) == 0, torch.nan)


def structural_mean(views: Views, region: str | None, against: str) -> torch.Tensor:
    """SSIM of the recovered image and `against`: the mean of the SSIM map, over a region if one is named."""
    values, border = views.ssim_map(against), SSIM_WINDOW // 2
    return weighted_mean(values, views.weight(region)[:, :, border:-border, border:-border].to(values))


def peak_signal_to_noise(views: Views, region: str | None, against: str) -> torch.Tensor:
    """PSNR in dB of the recovered image and `against`, over a region if one is named; at most PSNR_LIMIT."""
    error = weighted_mean(views.error_map(against), views.weight(region).double())
    return (-10 * torch.log10(error)).clamp(max=PSNR_LIMIT)  # NaN passes, so an empty region stays undefined


def direction(views: Views, region: str | None, start: str, end: str) -> torch.Tensor:
    """Cosine of the true change E(end) - E(start) and the recovered one, E(recovered) - E(source).

    DirI takes the change of the source, DirS of the surrogate. NaN where that is none, 0 where the recovered one is.
    """
    before, after, source, recovered = (views.feature(role) for role in (start, end, "source", "recovered"))
    failed = changes(before, after) & ~changes(source, recovered)
    return direction_cosine(before, after, source, recovered).masked_fill(failed, 0.0)


def _against(suffix: str, where: str, family: str, role: str) -> tuple[Metric, Metric, Metric]:
    likeness, structure, peak = (
        partial(function, against=role) for function in (feature_similarity, structural_mean, peak_signal_to_noise)
    )
    return (
        Metric(f"clip_sim_{suffix}", f"CLIP-Sim ({where})", family, likeness),
        Metric(f"ssim_{suffix}", f"SSIM ({where})", family, structure),
        Metric(f"psnr_{suffix}", f"PSNR ({where})", family, peak, "dB"),
    )


CONSISTENCY = "edit consistency"

METRICS: tuple[Metric, ...] = (
    *_against("src", "Src", "source integrity", "source"),
    Metric("dir_i", "DirI", CONSISTENCY, partial(direction, start="source", end="edited_source"), regional=False),
    Metric("dir_s", "DirS", CONSISTENCY, partial(direction, start="surrogate", end="edited_surrogate"), regional=False),
    *_against("gt", "GT", CONSISTENCY, "edited_source"),
)
"""The eight metrics in the order of the published tables."""

METRIC_NAMES = tuple(entry.name for entry in METRICS)

REGIONAL_NAMES = tuple(f"{entry.name}_{region}" for region in REGIONS for entry in METRICS if entry.regional)
"""Columns such as `psnr_gt_inside`."""

KEPT_NAMES = tuple(f"{name}_{KEPT}" for name in METRIC_NAMES)  # columns such as `psnr_gt_kept`


def metric(name: str) -> Metric:
    """A metric by name; KeyError for others."""
    return dict(zip(METRIC_NAMES, METRICS))[name]


def column(name: str) -> tuple[Metric, str]:
    """The metric and the region ("all", "inside", "outside" or "kept") of a column of a metrics file."""
    region = next((region for region in (*REGIONS, KEPT) if name.endswith(f"_{region}")), "all")
    return metric(name.removesuffix(f"_{region}")), region


def compute_metrics(views: Views, names: tuple[str, ...] = (*METRIC_NAMES, *REGIONAL_NAMES)) -> dict[str, np.ndarray]:
    """The columns `names` of a batch: name -> float64 [B], NaN where undefined."""
    found = {}
    for name in names:
        entry, region = column(name)
        found[name] = entry.compute(views, None if region == "all" else region).double().cpu().numpy()
    return found
