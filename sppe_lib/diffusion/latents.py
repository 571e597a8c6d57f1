"""Latents of a split, encoded once and memory-mapped: training never runs the VAE again.

A cache is a folder of `.npy` files, one per picture kind, rows in the order of the split; keyed by the split's data and
the VAE's location, built atomically, shared by all methods. What is recovered is encoded once in a process, so that
other seeds of a method and other ablations find it.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset

from sppe_lib.data.schema import Batch, iterate, open_split, split_files
from sppe_lib.diffusion.backbone import Backbone
from sppe_lib.locations import location_key
from sppe_lib.runtime import atomic_path, device, progress

PICTURES = ("source", "surrogate", "edited_surrogate", "edited_source", "mask_map", "edit_map")
"""What is encoded: the four pictures, and SOER's maps as RGB pictures in [0, 1], M and the edit map |S' - S|^2."""

KNOWN, MAPS = PICTURES[:3], PICTURES[4:]
"""What the panels of a recovery show, and what SOER needs besides."""

BATCH_PIXELS = 24 * 64**2
"""Pixels of a batch that is encoded for the cache; each has six pictures."""

KEPT_BYTES = 2**30
"""Latents that are kept in a process, in all."""

Kept = dict[tuple[str, bytes], torch.Tensor]

KEPT: Kept = {}
"""Latents by autoencoder and by what the picture holds, of what this process recovers."""


@dataclass(frozen=True)
class LatentBatch:
    """Latents [B, N, 4C] float32 of the pictures, and what goes with them; a picture that was not asked for is None.

    `mask` is float32 [B, 1, H, W] in {0, 1}.
    """

    source: torch.Tensor
    surrogate: torch.Tensor
    edited_surrogate: torch.Tensor
    mask: torch.Tensor
    instruction: list[str]
    tag: list[str]
    edited_source: torch.Tensor | None = None
    mask_map: torch.Tensor | None = None
    edit_map: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.instruction)


def encode_once(backbone: Backbone, pictures: torch.Tensor, kept: Kept) -> torch.Tensor:
    """`backbone.encode` of pictures [B, 3, H, W], but equal ones once, and none that `kept` has.

    New ones join those in `kept`, as long as KEPT_BYTES last.
    """
    keys = [(backbone.vae_key, hashlib.sha256(picture.numpy().tobytes()).digest()) for picture in pictures.cpu()]
    new = {key: row for row, key in enumerate(keys) if key not in kept}
    found = {key: kept[key] for key in keys if key in kept}
    if new:
        found |= zip(new, backbone.encode(pictures[list(new.values())]), strict=True)
    size = max(value.numel() * value.element_size() for value in found.values())
    for key in list(new)[: max(0, KEPT_BYTES // size - len(kept))]:
        kept[key] = found[key].clone()
    return torch.stack([found[key] for key in keys])


def encode_batch(
    backbone: Backbone, batch: Batch, wanted: Sequence[str] = KNOWN, kept: Kept | None = None
) -> LatentBatch:
    """Encode the `wanted` pictures of a batch (names of PICTURES); `kept` as in `encode_once`, else equal ones once.

    The reference I' is encoded only where it is wanted by name, so recovery cannot see it.
    """
    maps = {
        "mask_map": batch.mask.expand(-1, 3, -1, -1),
        "edit_map": (batch.edited_surrogate - batch.surrogate).square(),
    }
    chosen = torch.cat([maps[name] if name in maps else getattr(batch, name) for name in wanted])
    encoded = encode_once(backbone, chosen, {} if kept is None else kept).split(len(batch))
    found = dict.fromkeys(PICTURES) | dict(zip(wanted, encoded, strict=True))
    return LatentBatch(**found, mask=batch.mask.to(device()), instruction=batch.instruction, tag=batch.tag)


class LatentCache:
    """An encoded split, memory-mapped; `batch(rows)` reads instances by row number. `key`: what it was made of."""

    def __init__(self, folder: Path):
        self.key = (folder / "key.json").read_text(encoding="utf-8")
        self.arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in (*PICTURES, "mask")}
        texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
        self.instructions, self.tags = texts["instruction"], texts["tag"]

    def __len__(self) -> int:
        return len(self.instructions)

    def batch(self, rows: list[int]) -> LatentBatch:
        """The instances of some rows, on the device."""
        arrays = {name: torch.from_numpy(array[rows]).float().to(device()) for name, array in self.arrays.items()}
        texts, tags = ([column[row] for row in rows] for column in (self.instructions, self.tags))
        return LatentBatch(**arrays, instruction=texts, tag=tags)


def latent_cache(results: Path, backbone: Backbone, split: str = "train") -> LatentCache:
    """The cache of a split of the benchmark under `results`, built where there is none for this data and VAE."""
    shards = []
    for path in split_files(results / "benchmark", split):
        with path.open("rb") as file:
            shards.append(hashlib.file_digest(file, "sha256").hexdigest())
    key = json.dumps({"pictures": PICTURES, "vae": location_key(backbone.models.vae, "vae"), "shards": shards})
    folder = results / "latents" / split
    key_file = folder / "key.json"
    if not key_file.is_file() or key_file.read_text(encoding="utf-8") != key:
        with atomic_path(folder) as temporary:
            temporary.mkdir()
            _build(backbone, open_split(results / "benchmark", split), temporary)
            (temporary / "key.json").write_text(key, encoding="utf-8")
    return LatentCache(folder)


def _build(backbone: Backbone, dataset: Dataset, folder: Path) -> None:
    size, count = dataset[0]["source"].width, len(dataset)
    shape = (count, (size // backbone.downscale // 2) ** 2, backbone.token_width)
    shapes = {name: (np.float16, shape) for name in PICTURES} | {"mask": (np.uint8, (count, 1, size, size))}
    open_array = partial(np.lib.format.open_memmap, mode="w+")
    arrays = {name: open_array(folder / f"{name}.npy", dtype=kind, shape=of) for name, (kind, of) in shapes.items()}
    texts: dict[str, list[str]] = {"instruction": [], "tag": []}
    batch = max(1, BATCH_PIXELS // size**2)
    for batch_of in progress(iterate(dataset, batch), "encode latents", total=-(-count // batch)):
        rows = slice(len(texts["tag"]), len(texts["tag"]) + len(batch_of))
        encoded = encode_batch(backbone, batch_of, PICTURES)
        for name, array in arrays.items():
            array[rows] = getattr(encoded, name).cpu().numpy()
        for name, values in texts.items():
            values += getattr(encoded, name)
    for array in arrays.values():
        array.flush()
    (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
