"""Assessors that learn next to nothing: what ERMA has to be better than.

How alike CLIP finds I and S, the mean label of the instruction, that of the category, and least squares on the three.
They are fitted on the train and val splits. An instruction or category that neither has gets the mean of all labels.
"""

import numpy as np
import pandas as pd

from sppe_lib.clip import DatasetFeatures, cosine
from sppe_lib.editability.scores import Method

COSINE, BY_INSTRUCTION, BY_CATEGORY, LEAST_SQUARES = NAMES = (
    "CLIP cosine of I and S", "Mean label of the instruction", "Mean label of the category",
    "Least squares on these three",
)  # fmt: skip
TRIVIAL = tuple(Method(name, "higher", trained=name != COSINE) for name in NAMES)
"""The trivial assessors, in the order of the tables."""


def assessed_by(features: DatasetFeatures) -> pd.DataFrame:
    """What trivial assessors see of a split: instruction_code, category, and the cosine of I and S."""
    rows = pd.DataFrame({name: features.dataset[name][:] for name in ("instruction_code", "category")})
    return rows.assign(cosine=cosine(features.images("source"), features.images("surrogate")).double().numpy())


def trivial_scores(known: pd.DataFrame, labels: np.ndarray, asked: pd.DataFrame) -> pd.DataFrame:
    """Scores of the instances `asked`, one column for each of TRIVIAL, fitted on those `known` and their labels.

    Both tables are as `assessed_by` gives them; undefined labels are left out. Without any, only the cosine is defined.
    """
    defined = known.assign(label=labels).dropna(subset=["label"])

    def inputs(rows: pd.DataFrame) -> pd.DataFrame:
        means = {
            name: rows[column].map(defined.groupby(column)["label"].mean()).fillna(defined["label"].mean())
            for name, column in ((BY_INSTRUCTION, "instruction_code"), (BY_CATEGORY, "category"))
        }
        return pd.DataFrame({COSINE: rows["cosine"], **means}).astype(np.float64)

    def design(rows: pd.DataFrame) -> np.ndarray:
        return np.column_stack([rows.to_numpy(), np.ones(len(rows))])

    fitted, found = inputs(defined), inputs(asked)
    usable = np.isfinite(fitted).all(axis=1)
    found[LEAST_SQUARES] = np.nan
    if usable.any():
        coefficients = np.linalg.lstsq(design(fitted[usable]), defined["label"][usable].to_numpy(), rcond=None)[0]
        found[LEAST_SQUARES] = design(found[[COSINE, BY_INSTRUCTION, BY_CATEGORY]]) @ coefficients
    return found
