"""No test depends on what a user's shell has set."""

import os

for name in ("SPPE_PROFILE", "SPPE_RESULTS", "SPPE_FIGURES", "SPPE_DTYPE", "DVC_STAGE", "DVC_ROOT"):
    os.environ.pop(name, None)
