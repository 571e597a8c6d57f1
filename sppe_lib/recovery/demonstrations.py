"""What a recovery method does, on a few instances: sampling step by step, the tag, another's pair, the cycle."""

from collections.abc import Sequence
from dataclasses import replace
from textwrap import fill

import numpy as np
import pandas as pd
import torch
from datasets import Dataset
from matplotlib.figure import Figure
from PIL import Image

from sppe_lib import recovery
from sppe_lib.config import Profile
from sppe_lib.data.parquet import open_parquet
from sppe_lib.data.plots import tag_examples
from sppe_lib.data.schema import Batch, collate, iterate, open_split, to_uint8
from sppe_lib.data.taxonomy import TAGS
from sppe_lib.diffusion.flow import clean_estimate, integrate
from sppe_lib.diffusion.latents import PICTURES, encode_batch
from sppe_lib.pictures import grid
from sppe_lib.recovery.ablations import shuffled_rows
from sppe_lib.recovery.c2e_s2ser import C2eS2ser
from sppe_lib.recovery.grid import instance_noise, sample
from sppe_lib.recovery.plots import spread
from sppe_lib.recovery.trained import TrainedMethod
from sppe_lib.runtime import torch_generator


def _shown(columns: dict[str, torch.Tensor | list[Image.Image]], texts: list[tuple[str, str]]) -> Figure:
    """A grid of pictures, a row an instance; `columns`: title -> pictures, as they are or [B, 3, H, W] in [0, 1]."""
    pictures = [
        [Image.fromarray(pixels) for pixels in to_uint8(images)] if isinstance(images, torch.Tensor) else images
        for images in columns.values()
    ]
    return grid(list(zip(*pictures)), list(columns), texts)


def estimates(method: TrainedMethod, batch: Batch) -> list[tuple[float, torch.Tensor]]:
    """The clean estimate x_t - t v of every step of a sampling: its flow time, and pictures [B, 3, H, W] in [0, 1].

    Noise and steps are those of `method.recover`, so the last estimate is what that paints.
    """
    encoded, seen = method.encode(batch), []
    noise, known = instance_noise(encoded.source, batch.instance_id, method.name, method.training.seed)

    def velocity(x_t: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        predicted = method.velocity(encoded, x_t, time, known)
        seen.append((float(time[0]), method.backbone.decode(clean_estimate(x_t, predicted, time))))
        return predicted

    with torch.no_grad():
        integrate(velocity, noise, method.backbone.scheduler, method.sampling.steps)
    return seen


def sampling_steps(method: TrainedMethod, dataset: Dataset, rows: Sequence[int], most: int = 6) -> Figure:
    """One sampling of each of some instances: I, S, S', the clean estimates (`most` of the steps at most), I'."""
    batch = collate([dataset[row] for row in rows])
    seen = estimates(method, batch)
    chosen = sorted(set(np.linspace(0, len(seen) - 1, min(most, len(seen))).round().astype(int).tolist()))
    columns = {"I": batch.source, "S": batch.surrogate, "S'": batch.edited_surrogate}
    columns |= {f"step {step + 1} of {len(seen)}\nat t = {seen[step][0]:.2f}": seen[step][1].cpu() for step in chosen}
    texts = [(f"“{one}”", f"{kind}\n{tag}") for one, kind, tag in zip(batch.instruction, batch.category, batch.tag)]
    return _shown(columns | {"reference I'": batch.edited_source}, texts)


def seen_tags(method: TrainedMethod, dataset: Dataset, per_tag: int = 2) -> Figure | str:
    """S, S' and their difference (from grey) for instances of each tag, and the tag that the generator sees in them.

    A sentence where the method has no tag.
    """
    if not getattr(method, "tag", False):
        return f"{method.name} predicts no tag."
    batch = collate([dataset[row] for row in tag_examples(dataset, per_tag)])
    encoded = method.encode(batch)
    with torch.no_grad():
        shares = method.extra(encoded.surrogate, encoded.edited_surrogate).softmax(dim=-1).tolist()
    change = (batch.edited_surrogate - batch.surrogate) / 2 + 0.5
    captions = ["\n".join(f"{share:.2f} {tag}" for tag, share in zip(TAGS, line)) for line in shares]
    texts = [
        (f"“{instruction}”", f"weak tag: {tag}; seen:\n{caption}")
        for instruction, tag, caption in zip(batch.instruction, batch.tag, captions)
    ]
    return _shown({"S": batch.surrogate, "S'": batch.edited_surrogate, "(S' - S) / 2\nfrom grey": change}, texts)


def with_pair_of(recover: recovery.Recover, batch: Batch, others: Batch) -> torch.Tensor:
    """`batch` recovered with the pairs (S, S') of `others`."""
    return recover(replace(batch, surrogate=others.surrogate, edited_surrogate=others.edited_surrogate))


def shuffled_pairs(profile: Profile, name: str, count: int = 3) -> Figure:
    """What a method recovered for some test instances, and what it recovers when S and S' are another instance's."""
    dataset, entry = open_split(profile.results / "benchmark", "test"), recovery.method(name)
    rows, others = spread(dataset, count), shuffled_rows(dataset["pair_id"][:], profile.recovery.training.seed)
    batch, taken = (collate([dataset[row] for row in chosen]) for chosen in (rows, [others[row] for row in rows]))
    stored = open_parquet(recovery.recovered_file(profile, name))
    columns = {"I": batch.source, "S": batch.surrogate, "S'": batch.edited_surrogate}
    columns[f"Î by {name}\nwith its own pair"] = [stored[row]["image"] for row in rows]
    columns |= {"S\nof another": taken.surrogate, "S'\nof another": taken.edited_surrogate}
    columns[f"Î by {name}\nwith the other pair"] = with_pair_of(entry.load(profile), batch, taken)
    other = [fill(f"the other pair: “{instruction}”", 32) for instruction in taken.instruction]
    texts = [(f"“{own}”", words) for own, words in zip(batch.instruction, other)]
    return _shown(columns | {"reference I'": batch.edited_source}, texts)


@torch.no_grad()
def cycle_rewards(method: C2eS2ser, dataset: Dataset, count: int = 96) -> pd.DataFrame:
    """What the cycle (Eq. 11) thinks of three Î, the method's own among them, over up to `count` instances.

    A row each: L_cyc, averaged over instances, and how far Î's latents are from those of I' (mean squared). The cycle
    asks for Î = I' only if that row's L_cyc is the lowest.
    """
    found = []
    for batch in iterate(dataset.select(range(0, len(dataset), -(-len(dataset) // count))), method.sampling.batch):
        seen = encode_batch(method.backbone, batch, PICTURES)
        names, seed, steps = batch.instance_id, method.training.seed, method.sampling.steps
        own = sample(method.backbone, method.velocity, seen, names, method.name, seed, steps)
        for name, latents in {
            "I, nothing edited": seen.source,
            "its own": own,
            "I', perfect": seen.edited_source,
        }.items():
            generators = [torch_generator("cycle rewards", instance) for instance in batch.instance_id]
            loss = float(method.cycle_losses(seen, latents, generators)["cycle"])
            distance = float((latents - seen.edited_source).square().mean())
            found += [{"Î": name, "L_cyc": loss, "distance to I'": distance}] * len(batch)
    return pd.DataFrame(found).groupby("Î").mean()
