"""Every check, the table of what they found, and the command that prints it."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict

import pandas as pd
from tabulate import tabulate

from sppe_lib.config import Profile, load_profile
from sppe_lib.errors import ConfigError, command_line
from sppe_lib.tools.preflight import checks, context
from sppe_lib.tools.preflight.context import MISSING, Context, Finding

COLUMN_WIDTHS = [22, 28, 36, 8, 46]

Check = Callable[[Context], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    checks.check_python,
    checks.check_packages,
    checks.check_memory,
    checks.check_bfloat16,
    context.check_data,
    context.check_unseen,
    context.check_original_data,
    checks.check_models,
    checks.check_learning_rates,
    checks.check_disk,
    checks.check_learned_metrics,
)
"""Every check, in the order of the table. A new one is a function and a line here."""


def run_checks(profile: Profile, chosen: tuple[Check, ...] = CHECKS) -> list[Finding]:
    """All findings for a profile on this machine."""
    shared = Context(profile)
    return [finding for check in chosen for finding in check(shared)]


def table(findings: list[Finding]) -> pd.DataFrame:
    """The findings as a data frame, for notebooks."""
    return pd.DataFrame([asdict(finding) for finding in findings]).rename(columns={"how": "how to get it"})


def as_text(profile: Profile, findings: list[Finding]) -> str:
    """The table as text, and one line that sums it up."""
    cells, look = table(findings), {"disable_numparse": True, "break_on_hyphens": False}
    lines = tabulate(cells.values.tolist(), list(cells.columns), "simple_grid", maxcolwidths=COLUMN_WIDTHS, **look)
    missing = sum(finding.status == MISSING for finding in findings)
    verdict = f"{missing} missing, see the last column" if missing else "everything needed is there"
    return f"{lines}\nProfile {profile.name}: {verdict}. Memory and disk are estimates (preflight/estimates.py)."


@command_line
def main(arguments: list[str]) -> int:
    """Command line: [PROFILE]."""
    if len(arguments) > 1:
        raise ConfigError("usage: python -m sppe_lib.tools.preflight [PROFILE]")
    profile = load_profile(arguments[0] if arguments and arguments[0] else None)
    warnings.simplefilter("ignore", FutureWarning)  # diffusers speaks of its own future while models are counted
    findings = run_checks(profile)
    print(as_text(profile, findings))
    return int(any(finding.status == MISSING for finding in findings))
