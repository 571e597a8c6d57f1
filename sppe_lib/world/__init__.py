"""The vector world: scenes, people and things, their surrogates, and the simulated editor."""

from importlib.resources import files
from typing import Any

import yaml


def read_asset(name: str) -> Any:
    """The content of a YAML file in `assets`."""
    return yaml.safe_load((files("sppe_lib.world") / "assets" / name).read_text(encoding="utf-8"))
