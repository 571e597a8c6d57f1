"""Three recoveries without learning. The paper has none; copying is strong outside M, where S equals I."""

import torch
from scipy.ndimage import gaussian_filter

from sppe_lib.data.schema import Batch


def copy_surrogate(batch: Batch) -> torch.Tensor:
    """The edited surrogate as it came back: right outside M, someone else's content inside."""
    return batch.edited_surrogate


def paste_source(batch: Batch) -> torch.Tensor:
    """The edited surrogate outside M, the unedited source inside."""
    return torch.where(batch.mask > 0, batch.source, batch.edited_surrogate)


def local_linear(batch: Batch, spread: float = 0.08, ridge: float = 1e-3) -> torch.Tensor:
    """Fit a smooth local affine colour map from S to S' and apply it to I inside M; outside S' is kept.

    At every pixel a 3 -> 3 affine map is the ridge regression over a Gaussian window whose standard deviation is
    `spread` of the picture's side (a guided filter with a Gaussian window and S as guide; He et al. 2010 for the idea).
    """
    sigma = spread * batch.source.shape[-1]

    def blur(values: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(gaussian_filter(values.numpy(), sigma, mode="mirror", truncate=3.0, axes=(-2, -1)))

    def outer(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        return (left[:, :, None] * right[:, None]).flatten(1, 2)

    surrogate, edited = batch.surrogate, batch.edited_surrogate
    mean_in, mean_out = blur(surrogate), blur(edited)
    within, across = (
        (blur(outer(surrogate, other)) - outer(mean_in, mean)).unflatten(1, (3, 3)).permute(0, 3, 4, 1, 2)
        for other, mean in ((surrogate, mean_in), (edited, mean_out))
    )
    slope = torch.linalg.solve(within + ridge * torch.eye(3), across)  # [B, H, W, in, out]
    centred = (batch.source - mean_in).permute(0, 2, 3, 1)[..., None, :]
    mapped = (centred @ slope)[..., 0, :].permute(0, 3, 1, 2) + mean_out
    return torch.where(batch.mask > 0, mapped.clamp(0, 1), edited)
