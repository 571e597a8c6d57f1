"""What a profile needs and this machine lacks, on the command line: python -m sppe_lib.tools.preflight [PROFILE].

Exit status 0: everything needed is there (a model that the hub will hand out counts as there); 1: something is
missing; 2: no such profile. Nothing is loaded, downloaded or written, and params.yaml stays as it is.
"""

import sys

from sppe_lib.tools.preflight.report import main

if __name__ == "__main__":
    sys.exit(main())
