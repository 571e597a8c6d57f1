"""Editability labels: does the edit of the surrogate go the same way as the edit of the source?

y = cos(E(I') - E(I), E(S') - E(S)) with a CLIP image encoder E (SPEC §2), a raw cosine in [-1, 1].
Where an edit changes nothing on either side there is no direction, so the label is undefined: it is
stored empty, counted, and left out of training and scoring.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sppe_lib.clip import DatasetFeatures, direction_cosine


@dataclass(frozen=True)
class LabelCount:
    """How many labels of a split are defined, and how many are not because nothing changed."""

    split: str
    defined: int
    undefined: int


def edit_labels(features: DatasetFeatures) -> np.ndarray:
    """Labels [N] in [-1, 1] of a split, in its order; NaN where undefined."""
    return direction_cosine(
        features.images("source"),
        features.images("edited_source"),
        features.images("surrogate"),
        features.images("edited_surrogate"),
    ).numpy()


def label_table(splits: dict[str, DatasetFeatures]) -> pd.DataFrame:
    """Labels of several splits as a table: instance_id, split, label (NaN where undefined)."""
    return pd.concat(
        [
            pd.DataFrame(
                {"instance_id": features.dataset["instance_id"][:], "split": split, "label": edit_labels(features)}
            )
            for split, features in splits.items()
        ],
        ignore_index=True,
    )


def count_labels(labels: pd.DataFrame) -> list[LabelCount]:
    """Defined and undefined labels of each split of a label table, in its order."""
    return [
        LabelCount(split, int(part["label"].notna().sum()), int(part["label"].isna().sum()))
        for split, part in labels.groupby("split", sort=False)
    ]


def training_target(labels: np.ndarray) -> np.ndarray:
    """Cosines in [-1, 1] as targets in [0, 1]: (y + 1) / 2 (SPEC §2)."""
    return (np.asarray(labels) + 1) / 2
