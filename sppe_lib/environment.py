"""Write environment.yml: the direct dependencies of pyproject.toml at the versions of requirements.lock.

    python -m sppe_lib.environment
"""

import re
import tomllib
from pathlib import Path

from sppe_lib.config import repository
from sppe_lib.runtime import write_text


def locked_versions(folder: Path) -> dict[str, str]:
    """Package -> version of requirements.lock; where a version depends on the Python, that for Python 3.11."""
    versions: dict[str, str] = {}
    for line in (folder / "requirements.lock").read_text(encoding="utf-8").splitlines():
        match = re.match(r"([A-Za-z0-9_.-]+)==([^\s;\\]+)(?:\s*;\s*(.*?))?\s*\\?$", line)
        if match and "python_full_version >= '3.12'" not in (match[3] or ""):
            versions.setdefault(match[1].lower(), match[2])
    return versions


def direct_pins(folder: Path) -> list[str]:
    """The direct dependencies as `name==version`, sorted."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    names = [re.split(r"[=<>\[; ]", line)[0].lower() for line in project["project"]["dependencies"]]
    versions = locked_versions(folder)
    return [f"{name}=={versions[name]}" for name in sorted(names)]


def environment_text(folder: Path) -> str:
    """The content of environment.yml."""
    pins = "".join(f"      - {pin}\n" for pin in direct_pins(folder))
    return (
        "# For conda and mamba: `mamba env create -f environment.yml`, then `pip install --no-deps -e .`.\n"
        "# Written by `make lock`; the same pins as requirements.lock.\n"
        "name: sppe\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.11\n  - pip\n  - pip:\n" + pins
    )


if __name__ == "__main__":
    write_text(repository() / "environment.yml", environment_text(repository()))
