"""The SPPE kit: surrogate privacy in image editing, from benchmark to tables and figures."""

import logging

# Installed because pyiqa asks for it; on a CPU it warns at import about kernels that the kit never uses.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
