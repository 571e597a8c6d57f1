"""The sweep set scored by ERMA and the image quality metrics as they are: nothing is trained or chosen here."""

import pandas as pd

from sppe_lib.clip import DatasetFeatures, load_clip
from sppe_lib.config import Profile
from sppe_lib.data.labels import edit_labels
from sppe_lib.data.schema import EVALUATED, open_evaluated, split_files
from sppe_lib.data.sweep import SWEEP_COLUMNS, sweep_columns
from sppe_lib.editability.erma import ErmaPredictor
from sppe_lib.editability.stage import ERMA, label_features, score_split
from sppe_lib.runtime import write_text

SWEEP = "sweep"
"""The set's name in `schema.EVALUATED`."""

FOLDER = "sweep_scores"
"""Where everything measured on the set's surrogates goes, under `results/<profile>/`."""


def sweep_is_built(profile: Profile) -> bool:
    """Whether this profile has a sweep set."""
    folder, split = EVALUATED[SWEEP]
    return bool(split_files(profile.results / folder, split))


def score_sweep(profile: Profile) -> pd.DataFrame:
    """Score every surrogate of the sweep set; also written to `sweep_scores/scores.csv`, atomically.

    Columns: instance_id, pair_id, source, strength, candidate, label (a cosine, NaN where undefined) and the raw score
    of each method; no rows without the set. Raises ResourceError without a trained ERMA.
    """
    if sweep_is_built(profile):
        predictor = ErmaPredictor.load(profile.results / "editability" / "erma")
        dataset = open_evaluated(profile, SWEEP)
        identity = pd.DataFrame({name: dataset[name][:] for name in ("instance_id", "pair_id")})
        features = DatasetFeatures(load_clip(predictor.clip_location), dataset)
        values, _ = score_split(features, predictor.head, profile.editability.learned_metrics)
        scores = identity.join(sweep_columns(identity["pair_id"]))
        scores = scores.assign(label=edit_labels(label_features(profile, features))).join(values)
    else:
        scores = pd.DataFrame(columns=["instance_id", "pair_id", *SWEEP_COLUMNS, "label", ERMA])
    write_text(profile.results / FOLDER / "scores.csv", scores.to_csv(index=False))
    return scores
