"""Write environment.yml: the direct dependencies of pyproject.toml at the versions of requirements.lock.

python -m sppe_lib.tools.environment
"""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

from sppe_lib.config import repository
from sppe_lib.runtime import write_text

HEAD = """# For conda and mamba: `mamba env create -f environment.yml`, then `pip install --no-deps -e .`.
# Written by `make lock`; the same pins as requirements.lock.
name: sppe
channels:
  - conda-forge
dependencies:
  - python=3.11
  - pip
  - pip:
"""


def locked_versions(folder: Path, python: str = "3.11.9") -> dict[str, str]:
    """Package -> version that requirements.lock pins on this platform for a Python version."""
    lines = (folder / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line.rstrip("\\ ")) for line in lines if re.match(r"[A-Za-z0-9][^#]*==", line)]
    here = (pin for pin in pins if pin.marker is None or pin.marker.evaluate({"python_full_version": python}))
    return {pin.name.lower(): next(iter(pin.specifier)).version for pin in here}


def direct_pins(folder: Path, python: str = "3.11.9") -> list[str]:
    """The direct dependencies as `name==version`, sorted."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    names = sorted(Requirement(line).name.lower() for line in project["project"]["dependencies"])
    versions = locked_versions(folder, python)
    return [f"{name}=={versions[name]}" for name in names]


def environment_text(folder: Path) -> str:
    """The content of environment.yml."""
    return HEAD + "".join(f"      - {pin}\n" for pin in direct_pins(folder))


if __name__ == "__main__":
    write_text(repository() / "environment.yml", environment_text(repository()))
