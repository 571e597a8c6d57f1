"""The preflight on the command line: python -m sppe_lib.tools.preflight [PROFILE].

Exit status 0: everything needed is there (a model that the hub will hand out counts as there); 1: something is
missing; 2: no such profile. Nothing is loaded, downloaded or written, and params.yaml stays as it is.
"""

import sys
import warnings

from sppe_lib.config import load_profile
from sppe_lib.errors import ConfigError
from sppe_lib.tools.preflight import report
from sppe_lib.tools.preflight.context import MISSING


def main() -> int:
    """Command line: [PROFILE]."""
    if len(sys.argv) > 2:
        print("usage: python -m sppe_lib.tools.preflight [PROFILE]", file=sys.stderr)
        return 2
    try:
        profile = load_profile(sys.argv[1] if len(sys.argv) == 2 else None)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    warnings.simplefilter("ignore", FutureWarning)  # diffusers speaks of its own future while models are counted
    findings = report.run_checks(profile)
    print(report.as_text(profile, findings))
    return int(any(finding.status == MISSING for finding in findings))


if __name__ == "__main__":
    sys.exit(main())
