"""One method's pictures against some data: results/<profile>/metrics/<run>/<method>.csv.

A run is one of `schema.EVALUATED`; repetitions with other seeds are `<data>-seed<number>`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import product
from pathlib import Path

import pandas as pd
import torch
from datasets import Dataset, Image
from PIL import UnidentifiedImageError
from torch.nn.functional import normalize

from sppe_lib.clip import ClipFeatures, load_clip
from sppe_lib.config import Profile
from sppe_lib.data.parquet import open_parquet
from sppe_lib.data.schema import EVALUATED, Batch, image_tensor, iterate, open_evaluated
from sppe_lib.errors import DataError
from sppe_lib.evaluation.metrics import (
    KEPT,
    KEPT_NAMES,
    METRIC_NAMES,
    REGIONAL_NAMES,
    REGIONS,
    Views,
    compute_metrics,
    grey_outside,
    prepare,
    prepare_mask,
)  # fmt: skip
from sppe_lib.recovery.ablation_rows import PREFIX
from sppe_lib.runtime import progress, write_text

IDENTITY_COLUMNS = ("instance_id", "pair_id", "category", "group", "modality", "tag")
"""What a row of a metrics file says about its instance."""

COLUMNS = (*IDENTITY_COLUMNS, *METRIC_NAMES, *REGIONAL_NAMES, *KEPT_NAMES)

REFERENCES = (
    *product(("source", "edited_source"), (None, *REGIONS)),
    *product(("surrogate", "edited_surrogate"), (None,)),
)
"""Pictures whose features all methods share: I and I' also inside and outside M."""

OWN = (*product(("recovered",), (None, *REGIONS)), (KEPT, None))  # pictures of a method whose features are needed
REMEDY = "run 04_recover for this method again"


@dataclass(frozen=True)
class Recovered:
    """A method's pictures: the stored data set and the row of each instance id."""

    method: str
    dataset: Dataset
    row: dict[str, int]

    def picture(self, name: str):
        """The stored picture of an instance; DataError where it cannot be read."""
        try:
            return self.dataset[self.row[name]]["image"].convert("RGB")
        except (OSError, UnidentifiedImageError, AttributeError) as error:
            raise DataError(f"{self.method}: the picture of {name} cannot be read ({error}); {REMEDY}.") from None

    def images(self, batch: Batch) -> torch.Tensor:
        """The pictures [B, 3, H, W] in [0, 1] of a batch's instances, in its order."""
        pictures = [image_tensor(self.picture(name)) for name in batch.instance_id]
        for name, picture, source in zip(batch.instance_id, pictures, batch.source):
            if picture.shape != source.shape:
                raise DataError(
                    f"{self.method}: the picture of {name} is {picture.shape[2]}x{picture.shape[1]} pixels but its "
                    f"source is {source.shape[2]}x{source.shape[1]}; {REMEDY}."
                )
        return torch.stack(pictures)


def open_pictures(path: Path, method: str, expected: list[str], remedy: str = REMEDY) -> Recovered:
    """Open a file of a method's pictures. Raises DataError unless they are those of the `expected` instances."""
    name = f"{method}/{path.name}"
    try:
        dataset = open_parquet(path).cast_column("image", Image())
        names = dataset["instance_id"][:]
    except (DataError, KeyError, ValueError) as error:
        raise DataError(f"{name} cannot be read ({error}); {remedy}.") from None
    row = {instance: index for index, instance in enumerate(names)}
    if len(row) != len(names):
        raise DataError(f"{name} holds {len(names) - len(row)} instances twice; {remedy}.")
    missing, unknown = [one for one in expected if one not in row], row.keys() - set(expected)
    if missing or unknown:
        example = f"without {missing[0]}" if missing else f"with {min(unknown)}"
        raise DataError(
            f"{name} does not fit the instances it is for ({len(missing)} instances missing, "
            f"{len(unknown)} unknown, e.g. {example}): it belongs to another benchmark; {remedy}."
        )
    return Recovered(method, dataset, row)


def open_recovered(profile: Profile, method: str, expected: list[str], run: str = "benchmark") -> Recovered:
    """`open_pictures` of what 04_recover wrote for a run."""
    path = profile.results / "recovered" / method / f"{run}.parquet"
    if not path.is_file():
        raise DataError(f"No recovered pictures for {method} in profile {profile.name}: run 04_recover for it first.")
    return open_pictures(path, method, expected)


def _is_method(name: str) -> bool:
    """Whether a folder's or file's name in results is a method's; a killed run leaves hidden folders in between."""
    hidden = any(part.startswith(".") for part in name.split("/"))
    return not hidden and (name.startswith(PREFIX) or "/" not in name) and name != PREFIX.rstrip("/")


def recovered_runs(profile: Profile) -> dict[str, list[str]]:
    """Runs of which there are recovered pictures -> their methods (and ablations), both by name."""
    folder, found = profile.results / "recovered", {}
    for path in folder.rglob("*.parquet"):
        method = path.parent.relative_to(folder).as_posix()
        if _is_method(method) and re.fullmatch(rf"({'|'.join(EVALUATED)})(-seed\d+)?", path.stem):
            found.setdefault(path.stem, []).append(method)
    return {run: sorted(found[run]) for run in sorted(found)}


def recovered_methods(profile: Profile, run: str = "benchmark") -> list[str]:
    """Methods (and ablations) that have recovered pictures of a run in this profile, by name."""
    return recovered_runs(profile).get(run, [])


def measured_files(profile: Profile, run: str) -> dict[str, Path]:
    """Method -> its metrics file, of every method that was measured in a run."""
    folder = profile.results / "metrics" / run
    paths = {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.csv"))}
    return {method: path for method, path in paths.items() if _is_method(method)}


def metrics_file(profile: Profile, method: str, run: str = "benchmark") -> Path:
    """Where the metrics of a method's pictures are: `results/<profile>/metrics/<run>/<method>.csv`."""
    return profile.results / "metrics" / run / f"{method}.csv"


class Encoder:
    """Unit CLIP features of pictures, `batch` at a time, each different one encoded once: methods share many."""

    def __init__(self, clip: ClipFeatures, batch: int):
        self.clip, self.batch, self.known = clip, batch, {}

    def __call__(
        self, images: dict[str, torch.Tensor], mask: torch.Tensor, wanted: Sequence[tuple[str, str | None]]
    ) -> dict[tuple[str, str | None], torch.Tensor]:
        """Features [B, d] of each (role, region): of images at comparison size, seen in a region of the mask alone."""
        shown = (
            images[role] if region is None else grey_outside(images[role], mask, region) for role, region in wanted
        )
        seen = torch.cat(list(shown))
        keys = [blake2b(picture.numpy()).digest() for picture in seen]
        new = {key: picture for key, picture in zip(keys, seen) if key not in self.known}
        if new:
            found = self.clip.image_features(torch.stack(list(new.values())), self.batch)
            self.known |= zip(new, normalize(found, dim=-1))
        return dict(zip(wanted, torch.stack([self.known[key] for key in keys]).split(len(mask))))


def measure(profile: Profile, data: str, wanted: list[tuple[str, str]]) -> dict[tuple[str, str], pd.DataFrame]:
    """All metrics of some methods' pictures of the same data: (run, method) -> COLUMNS, one row an instance.

    NaN where undefined. In one pass, since I, I', S and S' are the same for every method. Raises DataError where
    pictures are missing, unreadable, of another size or of other instances.
    """
    dataset, size = open_evaluated(profile, data), profile.evaluation.batch
    clip, names = load_clip(profile.models.metrics_clip), dataset["instance_id"][:]
    opened = {(run, method): open_recovered(profile, method, names, run) for run, method in wanted}
    parts = {key: [] for key in opened}
    for batch in progress(iterate(dataset, size), f"metrics on {data}", total=-(-len(dataset) // size)):
        mask, encode = prepare_mask(batch.mask), Encoder(clip, size)
        images = {role: prepare(getattr(batch, role)) for role, region in REFERENCES if region is None}
        shared = Views(images, mask, encode(images, mask, REFERENCES))
        identity = {name: getattr(batch, name) for name in IDENTITY_COLUMNS}
        for key, recovered in opened.items():
            found = recovered.images(batch)
            kept = torch.where(batch.mask > 0, found, batch.edited_surrogate)  # S' outside M
            pictures = {"recovered": prepare(found), KEPT: prepare(kept)}
            own = encode(pictures, mask, OWN)
            values = compute_metrics(shared.with_recovered(pictures["recovered"], own))
            outside = shared.with_recovered(pictures[KEPT], {("recovered", None): own[KEPT, None]})
            values |= zip(KEPT_NAMES, compute_metrics(outside, METRIC_NAMES).values())
            parts[key].append(pd.DataFrame(identity | values))
    return {key: pd.concat(part, ignore_index=True)[list(COLUMNS)] for key, part in parts.items()}


def evaluate_all(profile: Profile) -> dict[str, dict[str, pd.DataFrame]]:
    """Measure all that was recovered, by run and method; rewrites metrics/, but where nothing at all was recovered."""
    folder, tables = profile.results / "metrics", {}
    folder.mkdir(parents=True, exist_ok=True)  # the stage's output, even if empty
    if not (profile.results / "recovered").is_dir():
        return tables
    runs = recovered_runs(profile)
    for data in dict.fromkeys(run.partition("-seed")[0] for run in runs):
        wanted = [(run, method) for run in runs if run.partition("-seed")[0] == data for method in runs[run]]
        for (run, method), table in measure(profile, data, wanted).items():
            tables.setdefault(run, {})[method] = table
            write_text(metrics_file(profile, method, run), table.to_csv(index=False, float_format="%.6f"))
    kept = {metrics_file(profile, method, run) for run, methods in tables.items() for method in methods}
    for path in folder.rglob("*.csv"):
        if path not in kept:
            path.unlink()
    return tables
