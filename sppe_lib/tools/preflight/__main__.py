"""What a profile needs and this machine lacks, on the command line: python -m sppe_lib.tools.preflight [PROFILE].

Exit status 0: everything needed is there (a model that the hub will hand out counts as there); 1: something is
missing; 2: no such profile. Nothing is loaded, downloaded or written, and params.yaml stays as it is.
"""

import sys
import warnings

from sppe_lib.config import load_profile
from sppe_lib.errors import ConfigError, command_line
from sppe_lib.tools.preflight import report
from sppe_lib.tools.preflight.context import MISSING


@command_line
def main(arguments: list[str]) -> int:
    """Command line: [PROFILE]."""
    if len(arguments) > 1:
        raise ConfigError("usage: python -m sppe_lib.tools.preflight [PROFILE]")
    profile = load_profile(arguments[0] if arguments and arguments[0] else None)
    warnings.simplefilter("ignore", FutureWarning)  # diffusers speaks of its own future while models are counted
    findings = report.run_checks(profile)
    print(report.as_text(profile, findings))
    return int(any(finding.status == MISSING for finding in findings))


if __name__ == "__main__":
    sys.exit(main())
