"""Every check, and the table of what they found."""

from collections.abc import Callable, Iterator
from dataclasses import asdict

import pandas as pd
from tabulate import tabulate

from sppe_lib.config import Profile
from sppe_lib.tools.preflight.context import MISSING, Context, Finding
from sppe_lib.tools.preflight.data import check_data, check_original_data, check_unseen
from sppe_lib.tools.preflight.machine import check_bfloat16, check_disk, check_memory, check_packages, check_python
from sppe_lib.tools.preflight.models import check_learned_metrics, check_learning_rates, check_models

COLUMN_WIDTHS = [22, 28, 36, 8, 46]

Check = Callable[[Context], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    check_python,
    check_packages,
    check_memory,
    check_bfloat16,
    check_data,
    check_unseen,
    check_original_data,
    check_models,
    check_learning_rates,
    check_disk,
    check_learned_metrics,
)
"""Every check, in the order of the table. A new one is a function and a line here."""


def run_checks(profile: Profile, checks: tuple[Check, ...] = CHECKS) -> list[Finding]:
    """All findings for a profile on this machine."""
    context = Context(profile)
    return [finding for check in checks for finding in check(context)]


def table(findings: list[Finding]) -> pd.DataFrame:
    """The findings as a data frame, for notebooks."""
    return pd.DataFrame([asdict(finding) for finding in findings]).rename(columns={"how": "how to get it"})


def as_text(profile: Profile, findings: list[Finding]) -> str:
    """The table as text, and one line that sums it up."""
    cells = table(findings)
    lines = tabulate(
        cells.values.tolist(), list(cells.columns), "simple_grid", maxcolwidths=COLUMN_WIDTHS, disable_numparse=True,
        break_on_hyphens=False,
    )  # fmt: skip
    missing = sum(finding.status == MISSING for finding in findings)
    verdict = f"{missing} missing, see the last column" if missing else "everything needed is there"
    return f"{lines}\nProfile {profile.name}: {verdict}. Memory and disk are estimates (sppe_lib/tools/preflight/estimates.py)."
