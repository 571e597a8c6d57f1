"""Editability labels: does the edit of the surrogate go the same way as the edit of the source?

y = cos(E(I') - E(I), E(S') - E(S)) with a CLIP image encoder E, in [-1, 1] (paper, §4). Where an edit changes nothing
on either side there is no direction: the label is stored empty, counted, and left out of training and scoring.
"""

import numpy as np
import pandas as pd

from sppe_lib.clip import DatasetFeatures, direction_cosine


def edit_labels(features: DatasetFeatures) -> np.ndarray:
    """Labels [N] in [-1, 1] of a split, in its order; NaN where undefined."""
    return direction_cosine(
        *(features.images(column) for column in ("source", "edited_source", "surrogate", "edited_surrogate"))
    ).numpy()


def label_table(splits: dict[str, DatasetFeatures]) -> pd.DataFrame:
    """Labels of several splits as a table: instance_id, split, label (NaN where undefined)."""
    parts = [
        pd.DataFrame({"instance_id": part.dataset["instance_id"][:], "split": split, "label": edit_labels(part)})
        for split, part in splits.items()
    ]
    return pd.concat(parts, ignore_index=True)


def count_labels(labels: pd.DataFrame) -> pd.DataFrame:
    """Defined and undefined labels (columns) of each split (rows) of a label table, in its order."""
    defined = labels["label"].notna().groupby(labels["split"], sort=False)
    return pd.DataFrame({"defined": defined.sum(), "undefined": defined.size() - defined.sum()})


def training_target(labels: np.ndarray) -> np.ndarray:
    """Cosines in [-1, 1] as targets in [0, 1]: (y + 1) / 2."""
    return (np.asarray(labels) + 1) / 2
