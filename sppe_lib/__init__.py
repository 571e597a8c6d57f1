"""The SPPE kit: surrogate privacy in image editing, from benchmark to tables and figures."""

import logging
import sys

# Installed because pyiqa asks for it; on a CPU it warns at import about kernels that the kit never uses.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)

# jsonschema, which papermill and dicebear validate with, builds a grammar of internationalised addresses for seconds
# where this package is found, and does without where it is not. No notebook and no avatar holds such an address.
sys.modules.setdefault("rfc3987_syntax", None)


def __getattr__(name: str):
    # `sppe_lib.protect` and `sppe_lib.recover`, for one's own photo: imported when asked for, they need the extra.
    if name == "protect":
        from sppe_lib.photo.protect import protect

        return protect
    if name == "recover":
        from sppe_lib.photo.recover import recover_photo

        return recover_photo
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
