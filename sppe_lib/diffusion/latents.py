"""Latents of a split, encoded once and memory-mapped: training never runs the VAE again.

A cache is a folder of `.npy` files, one per picture kind, rows in the order of the split. It is keyed
by the split's data and the VAE's location, built atomically, and shared by all methods.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from sppe_lib.config import Profile
from sppe_lib.data.schema import Batch, iterate, open_split, split_files
from sppe_lib.diffusion.backbone import Backbone
from sppe_lib.diffusion.panels import grey_inside
from sppe_lib.locations import location_key
from sppe_lib.runtime import atomic_path, device, progress

PICTURES = (
    "source",
    "surrogate",
    "edited_surrogate",
    "edited_source",
    "surrogate_outside",
    "edited_surrogate_outside",
    "mask_map",
    "edit_map",
)
"""What is encoded: the four pictures, S and S' with M in grey, and SOER's two spatial maps as pictures."""

KNOWN = ("source", "surrogate", "edited_surrogate", "edited_surrogate_outside")
"""What the panels of a recovery show, and what is known of the target."""

MAPS = ("mask_map", "edit_map")
"""What SOER needs besides."""

OF_THE_PAIR = ("source", "surrogate", "surrogate_outside", "mask_map")
"""What the instances of a pair share."""


@dataclass(frozen=True)
class LatentBatch:
    """Latents [B, N, 4C] float32 of the pictures, and what goes with them; a picture that was not asked for is None.

    `..._outside`: S and S' outside M, M in mid-grey. `mask` is float32 [B, 1, H, W] in {0, 1}.
    """

    source: torch.Tensor
    surrogate: torch.Tensor
    edited_surrogate: torch.Tensor
    edited_surrogate_outside: torch.Tensor
    mask: torch.Tensor
    instruction: list[str]
    tag: list[str]
    edited_source: torch.Tensor | None = None
    surrogate_outside: torch.Tensor | None = None
    mask_map: torch.Tensor | None = None
    edit_map: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.instruction)


def maps_as_pictures(batch: Batch) -> dict[str, torch.Tensor]:
    """SOER's spatial maps as RGB pictures in [0, 1]: the mask M and the edit map |S' - S|^2 (SPEC §5)."""
    edit_map = (batch.edited_surrogate - batch.surrogate).square()
    return {"mask_map": batch.mask.expand(-1, 3, -1, -1), "edit_map": edit_map}


def encode_batch(backbone: Backbone, batch: Batch, wanted: Sequence[str] = KNOWN) -> LatentBatch:
    """Encode the `wanted` pictures of a batch (names of PICTURES), each pair's own ones once.

    The reference I' is encoded only where it is wanted by name, so recovery cannot see it.
    """
    pictures = {
        "source": batch.source,
        "surrogate": batch.surrogate,
        "edited_surrogate": batch.edited_surrogate,
        "edited_source": batch.edited_source,
        "surrogate_outside": grey_inside(batch.surrogate, batch.mask),
        "edited_surrogate_outside": grey_inside(batch.edited_surrogate, batch.mask),
        **maps_as_pictures(batch),
    }
    pairs = list(dict.fromkeys(batch.pair_id))
    first = torch.tensor([batch.pair_id.index(pair) for pair in pairs])
    place = torch.tensor([pairs.index(pair) for pair in batch.pair_id])
    chosen = [pictures[name][first] if name in OF_THE_PAIR else pictures[name] for name in wanted]
    encoded = backbone.encode(torch.cat(chosen)).split([len(part) for part in chosen])
    latents = {
        name: tokens[place] if name in OF_THE_PAIR else tokens for name, tokens in zip(wanted, encoded, strict=True)
    }
    return LatentBatch(
        **dict.fromkeys(PICTURES) | latents, mask=batch.mask.to(device()), instruction=batch.instruction, tag=batch.tag
    )


class LatentCache:
    """The encoded training split; `batch(rows)` reads instances by row number."""

    def __init__(self, folder: Path):
        self.arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in (*PICTURES, "mask")}
        texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
        self.instructions, self.tags = texts["instruction"], texts["tag"]

    def __len__(self) -> int:
        return len(self.instructions)

    def batch(self, rows: list[int]) -> LatentBatch:
        """The instances of some rows, on the device."""
        latents = {name: torch.from_numpy(self.arrays[name][rows]).float().to(device()) for name in PICTURES}
        mask = torch.from_numpy(self.arrays["mask"][rows]).float().to(device())
        return LatentBatch(
            **latents,
            mask=mask,
            instruction=[self.instructions[row] for row in rows],
            tag=[self.tags[row] for row in rows],
        )


def latent_cache(profile: Profile, backbone: Backbone, split: str = "train") -> LatentCache:
    """Open the cache of a split, building it first where there is none for this data and VAE."""
    dataset = open_split(profile.results / "benchmark", split)
    # The split is known by its bytes, the VAE by its files.
    key = {
        "pictures": PICTURES,
        "vae": location_key(profile.models.vae, "vae"),
        "shards": [
            hashlib.sha256(path.read_bytes()).hexdigest() for path in split_files(profile.results / "benchmark", split)
        ],
    }
    folder = profile.results / "latents" / split
    key_file = folder / "key.json"
    if not key_file.is_file() or key_file.read_text() != json.dumps(key):
        with atomic_path(folder) as temporary:
            temporary.mkdir()
            _build(profile, backbone, dataset, temporary)
            (temporary / "key.json").write_text(json.dumps(key))
    return LatentCache(folder)


def _build(profile: Profile, backbone: Backbone, dataset, folder: Path) -> None:
    size = profile.benchmark.size
    tokens = (size // backbone.downscale // 2) ** 2
    shape = (len(dataset), tokens, backbone.token_width)
    arrays = {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=np.float16, shape=shape)
        for name in PICTURES
    }
    arrays["mask"] = np.lib.format.open_memmap(
        folder / "mask.npy", mode="w+", dtype=np.uint8, shape=(len(dataset), 1, size, size)
    )
    texts: dict[str, list[str]] = {"instruction": [], "tag": []}
    batch_size = profile.recovery.sampling.batch
    start = 0
    for batch in progress(iterate(dataset, batch_size), "encode latents", total=-(-len(dataset) // batch_size)):
        encoded = encode_batch(backbone, batch, PICTURES)
        for name, array in arrays.items():
            array[start : start + len(batch)] = getattr(encoded, name).cpu().numpy()
        texts["instruction"] += batch.instruction
        texts["tag"] += batch.tag
        start += len(batch)
    for array in arrays.values():
        array.flush()
    (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
