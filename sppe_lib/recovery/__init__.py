"""Recovery methods behind one small interface: a method may be fitted, and turns a Batch into pictures."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset, Features, Image, Value
from PIL import Image as PillowImage

from sppe_lib.benchmark.schema import Batch, iterate, open_split, to_uint8
from sppe_lib.config import Profile
from sppe_lib.errors import ConfigError
from sppe_lib.recovery import c2e_s2ser, cross_image_attention, edit_transfer, prompt_diffusion, soer, trivial, visii
from sppe_lib.runtime import atomic_path, progress

Recover = Callable[[Batch], torch.Tensor]
"""(I, S, S', M, P) -> recovered pictures [B, 3, H, W] in [0, 1]; must not read `edited_source`."""


@dataclass(frozen=True)
class Method:
    """A recovery method: its published name, how to fit it (None if nothing is learnt), how to load it."""

    name: str
    load: Callable[[Profile], Recover]
    fit: Callable[[Profile], Path] | None = None


METHODS = {
    method.name: method
    for method in (
        Method("copy-surrogate", lambda profile: trivial.copy_surrogate),
        Method("paste-source", lambda profile: trivial.paste_source),
        Method("local-linear", lambda profile: trivial.local_linear),
        Method(visii.NAME, visii.load_visii),
        Method(edit_transfer.NAME, edit_transfer.load_edit_transfer, edit_transfer.train_edit_transfer),
        Method(prompt_diffusion.NAME, prompt_diffusion.load_prompt_diffusion, prompt_diffusion.train_prompt_diffusion),
        Method(cross_image_attention.NAME, cross_image_attention.load_cross_image_attention),
        Method(soer.NAME, soer.load_soer, soer.train_soer),
        Method(c2e_s2ser.NAME, c2e_s2ser.load_c2e, c2e_s2ser.train_c2e),
    )
}
"""Every method the kit can run, in the order of its tables. Adding one is a line here and a file."""

RECOVERED_FEATURES = Features({"instance_id": Value("string"), "image": Image()})


def method(name: str) -> Method:
    """Look a method up; raises ConfigError naming the known ones."""
    try:
        return METHODS[name]
    except KeyError:
        raise ConfigError(f"Unknown recovery method {name!r}: use one of {', '.join(METHODS)}.") from None


def fit(profile: Profile, name: str) -> Path | None:
    """Train a method on the training split; returns the folder it wrote, None if there is nothing to learn."""
    chosen = method(name)
    return chosen.fit(profile) if chosen.fit else None


def recover_split(profile: Profile, name: str, split: str = "test") -> Path:
    """Recover every instance of a split; writes `results/<profile>/recovered/<method>/recovered.parquet` atomically."""
    chosen = method(name)
    dataset = open_split(profile.results / "benchmark", split)
    recover = chosen.load(profile)
    size = profile.recovery.sample_batch
    rows = {"instance_id": [], "image": []}
    for batch in progress(iterate(dataset, size), f"recover with {name}", total=-(-len(dataset) // size)):
        rows["instance_id"] += batch.instance_id
        rows["image"] += [PillowImage.fromarray(np.ascontiguousarray(image)) for image in to_uint8(recover(batch))]
    folder = profile.results / "recovered" / name
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        Dataset.from_dict(rows, features=RECOVERED_FEATURES).to_parquet(str(temporary / "recovered.parquet"))
    return folder
