"""The SPPE kit: surrogate privacy in image editing, from benchmark to tables and figures."""

import logging
import sys

# Installed because pyiqa asks for it; on a CPU it warns at import about kernels that the kit never uses.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)

# jsonschema, which papermill and dicebear validate with, builds a grammar of internationalised addresses for seconds where
# this package is found, and does without where it is not. No notebook and no avatar holds such an address.
sys.modules.setdefault("rfc3987_syntax", None)
