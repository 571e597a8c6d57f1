"""Pictures as tokens of one sequence for a FLUX transformer, in the channel layouts of its family.

FLUX packs each 2x2 patch of VAE latents into one token. Every recovery model here shows its pictures as panels
of one grid (paper §4; the release's order):

    S | S'        row 0
    I | target    row 1

Positions are those of the whole grid, so panels attend to each other as one picture, or every panel stands at the
target's own rows and columns (`positions`). In FLUX.1-dev and Kontext a token is the latents, noisy for the target
and clean for the others. In FLUX.1-Fill it is [noisy latents | latents of what is known | mask of what is to be
painted]: known panels carry their clean latents and mask 0, the target what is known of it and the mask of the rest.
"""

from dataclasses import dataclass

import torch
from torch.nn import functional

TARGET = (1, 1)
"""Row and column of the panel that is painted."""


@dataclass(frozen=True)
class Panel:
    """One known picture of the grid: packed tokens `latents` [B, N, 4C] at `row`, `column`."""

    latents: torch.Tensor
    row: int
    column: int


@dataclass(frozen=True)
class Painting:
    """What an inpainting model is told of its target.

    `known`: packed latents [B, N, 4C] of the picture with the region to paint in mid-grey.
    `mask`: float [B, 1, H, W] in pixels, 1 where it is to be painted.
    """

    known: torch.Tensor
    mask: torch.Tensor


def pack(latents: torch.Tensor) -> torch.Tensor:
    """[B, C, H, W] -> [B, H/2 * W/2, 4C], FLUX's token order (channel, row in patch, column in patch)."""
    return functional.pixel_unshuffle(latents, 2).flatten(2).transpose(1, 2)


def unpack(tokens: torch.Tensor) -> torch.Tensor:
    """Inverse of `pack` for square pictures: [B, N, 4C] -> [B, C, H, W]."""
    side = int(tokens.shape[1] ** 0.5)
    return functional.pixel_shuffle(tokens.transpose(1, 2).unflatten(2, (side, side)), 2)


def pack_mask(mask: torch.Tensor, downscale: int) -> torch.Tensor:
    """[B, 1, H, W] pixels -> [B, N, 4 * downscale^2]: every pixel of the mask keeps a channel, as in FLUX.1-Fill."""
    return pack(functional.pixel_unshuffle(mask, downscale))


def positions(side: int, row: int, column: int, aligned: bool = False) -> torch.Tensor:
    """FLUX position ids [side^2, 3] (index, row, column) of a panel with side x side tokens.

    In a grid the index is 0 and rows and columns are those of the whole grid. `aligned`: every panel has the target's
    own rows and columns, and an index by its place: target 0, I 1, S' 2, S 3 (as FLUX.1 Kontext numbers references).
    """
    index, top, left = (3 - 2 * row - column, 0, 0) if aligned else (0, row * side, column * side)
    axis = torch.arange(side)
    rows, columns = torch.meshgrid(axis + top, axis + left, indexing="ij")
    return torch.stack([torch.full_like(rows, index), rows, columns], dim=-1).flatten(0, 1).float()


def assemble(
    noisy_target: torch.Tensor,
    known: list[Panel],
    painting: Painting | None,
    channels: int,
    downscale: int,
    time: torch.Tensor,
    noise: torch.Tensor | None = None,
    aligned: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Token features and positions for a FLUX transformer; the target's tokens come first.

    noisy_target: [B, N, 4C] at flow time `time` [B]. `channels`: the transformer's in_channels. With 4C of them
    (FLUX.1-dev, Kontext) known panels are clean tokens beside the target and `painting` has no channels to enter; with
    8C + 4 downscale^2 (FLUX.1-Fill) the three-part layout above, where a known panel's noisy part follows its own flow
    path with `noise` [B, len(known), N, 4C] (zeros if None). `aligned` as in `positions`. Returns features
    [B, T, in_channels] and positions [T, 3].
    """
    count, width = noisy_target.shape[1:]
    places = [TARGET, *((panel.row, panel.column) for panel in known)]
    ids = torch.cat([positions(int(count**0.5), *place, aligned) for place in places]).to(noisy_target.device)
    if channels == width:
        return torch.cat([noisy_target] + [panel.latents for panel in known], dim=1), ids
    expected = 2 * width + 4 * downscale**2
    if channels != expected:
        raise ValueError(f"A transformer with {channels} input channels fits neither {width} nor {expected}.")
    mask = pack_mask(painting.mask, downscale).to(noisy_target)
    parts = [torch.cat([noisy_target, painting.known, mask], dim=-1)]
    fraction = time.view(-1, 1, 1)
    for index, panel in enumerate(known):
        noisy = (1 - fraction) * panel.latents + (0 if noise is None else fraction * noise[:, index])
        parts.append(torch.cat([noisy, panel.latents, torch.zeros_like(mask)], dim=-1))
    return torch.cat(parts, dim=1), ids
