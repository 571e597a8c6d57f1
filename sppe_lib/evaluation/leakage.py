"""How much of the private content is still in a surrogate: likeness to I inside M, and re-identification.

Re-identification is a line-up: S is shown inside its own M with the rest painted mid-grey, and so is every source of
the set, through that same M. S is re-identified where its own source is the nearest by CLIP features. Only that source
has its private content there, which is easier than telling faces apart: a low rate can be trusted, a high one warns.
"""

import pandas as pd
import torch
from torch.nn.functional import normalize

from sppe_lib.clip import ClipFeatures, load_clip
from sppe_lib.config import Profile
from sppe_lib.data.schema import Batch, collate, image_tensor, open_evaluated
from sppe_lib.data.sweep import sweep_columns
from sppe_lib.editability.stage import FOLDER, SWEEP, sweep_is_built
from sppe_lib.evaluation.metrics import Views, grey_outside, metric, prepare, prepare_mask
from sppe_lib.runtime import progress, write_text

SIMILARITIES = ("psnr", "ssim", "clip_sim")
"""Of S and I inside M, each as the metric of that name against the source; columns `<name>_inside`."""

COLUMNS = ["instance_id", "pair_id", *(f"{name}_inside" for name in SIMILARITIES), "reidentified"]


def identified(query: torch.Tensor, gallery: torch.Tensor, own: int) -> float:
    """1 if row `own` of the gallery [N, d] is nearest to the query [d] by cosine, else 0; 1/k of k nearest."""
    similarity = gallery @ query
    nearest = similarity == similarity.max()
    return float(nearest[own] / nearest.sum())


def _inside(clip: ClipFeatures, images: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return normalize(clip.image_features(grey_outside(images, mask, "inside")), dim=-1)


def _measure(clip: ClipFeatures, batch: Batch, sources: torch.Tensor, own: int) -> dict[str, list]:
    """All surrogates of one source: `batch` holds them, `sources` [N, 3, H, W] the line-up, `own` its row in it."""
    masks, surrogates = prepare_mask(batch.mask), prepare(batch.surrogate)
    # M covers the private parts of I and of this S, so surrogates of one source can differ in it; most do not.
    galleries = {mask.numpy().tobytes(): _inside(clip, sources, mask[None]) for mask in masks.unique(dim=0)}
    line_ups = torch.stack([galleries[mask.numpy().tobytes()] for mask in masks])
    queries = _inside(clip, surrogates, masks)
    views = Views(
        images={"recovered": surrogates, "source": sources[own : own + 1].expand_as(surrogates)},
        mask=masks,
        features={("recovered", "inside"): queries, ("source", "inside"): line_ups[:, own]},
    )
    found = {f"{name}_inside": metric(f"{name}_src").compute(views, "inside").tolist() for name in SIMILARITIES}
    return found | {"reidentified": [identified(query, line_up, own) for query, line_up in zip(queries, line_ups)]}


def measure_leakage(profile: Profile) -> pd.DataFrame:
    """Leakage of every surrogate of the sweep set (COLUMNS); also written to `sweep_scores/leakage.csv`, atomically.

    `reidentified` is in [0, 1], 1 / number of sources by chance. A profile without the set gives a table without rows.
    """
    parts = []
    if sweep_is_built(profile):
        dataset, clip = open_evaluated(profile, SWEEP), load_clip(profile.models.metrics_clip)
        source = sweep_columns(dataset["pair_id"][:])["source"]
        rows_of = list(source.groupby(source, sort=False).groups.values())
        pictures = dataset.select_columns(["source"]).select([rows[0] for rows in rows_of])
        sources = torch.cat([prepare(image_tensor(row["source"])[None]) for row in pictures])
        for own, rows in enumerate(progress(rows_of, "leakage", total=len(rows_of))):
            batch = collate([dataset[int(row)] for row in rows])
            identity = {"instance_id": batch.instance_id, "pair_id": batch.pair_id}
            parts.append(pd.DataFrame(identity | _measure(clip, batch, sources, own)))
    table = pd.concat(parts, ignore_index=True)[COLUMNS] if parts else pd.DataFrame(columns=COLUMNS)
    write_text(profile.results / FOLDER / "leakage.csv", table.to_csv(index=False, float_format="%.6f"))
    return table
