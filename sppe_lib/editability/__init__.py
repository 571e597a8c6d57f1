"""Editability: predict, before anything is uploaded, whether a surrogate's edit will transfer (SPEC §3)."""

from sppe_lib.editability.erma import ErmaPredictor
from sppe_lib.editability.stage import EditabilityResult, label_report, run, summary

__all__ = ["EditabilityResult", "ErmaPredictor", "label_report", "run", "summary"]
