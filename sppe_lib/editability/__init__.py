"""Editability: predict, before anything is uploaded, whether a surrogate's edit will transfer (paper, Eq. 1–5)."""

from sppe_lib.editability.stage import EditabilityResult, run, score_sweep, summary
from sppe_lib.erma import ErmaPredictor

__all__ = ["EditabilityResult", "ErmaPredictor", "run", "score_sweep", "summary"]
