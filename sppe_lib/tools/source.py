"""What the folders of data that a profile names hold: the pipeline's first stage, which runs every time.

    python -m sppe_lib.tools.source PROFILE

Writes `results/<profile>/source.json`, which changes when a file of such a folder does, its contents or its name: DVC
cannot name those folders as dependencies, since only a profile does. A file is read again where its size or one of its
times is new.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

from sppe_lib.config import load_profile, repository
from sppe_lib.errors import command_line
from sppe_lib.files import write_text


def digest_of(folder: Path, known: dict[str, list]) -> dict[str, object]:
    """Number of files and SHA-256 of names and contents, links followed once.

    `known` (path: size, times, digest) is brought up to date.
    """
    whole, number, seen = hashlib.sha256(), 0, set()
    for where, folders, names in os.walk(folder, followlinks=True):
        seen.add(os.path.realpath(where))
        folders[:] = sorted(name for name in folders if os.path.realpath(os.path.join(where, name)) not in seen)
        for path in (Path(where, name) for name in sorted(names)):
            if not path.is_file():
                continue
            state = path.stat()
            key = [state.st_size, state.st_mtime_ns, state.st_ctime_ns]
            if known.get(str(path), [])[:3] != key:
                with path.open("rb") as file:
                    known[str(path)] = [*key, hashlib.file_digest(file, "sha256").hexdigest()]
            whole.update(repr((path.relative_to(folder).as_posix(), known[str(path)][3])).encode())
            number += 1
    return {"files": number, "sha256": whole.hexdigest()}


@command_line
def main(arguments: list[str]) -> None:
    """Command line: PROFILE."""
    profile = load_profile(arguments[0] if arguments else None)
    cache = profile.results / "source_files.json"
    try:
        known = dict(json.loads(cache.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        known = {}
    found = {}
    for parameter in ("source", "unseen_source"):
        value = getattr(profile.benchmark, parameter)
        folder = repository() / value
        found[parameter] = {"name": value} | (digest_of(folder, known) if value and folder.is_dir() else {})
    write_text(cache, json.dumps(known))
    write_text(profile.results / "source.json", json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
