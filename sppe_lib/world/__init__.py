"""The vector world: scenes, people and things, their surrogates, and the simulated editor."""

from pathlib import Path
from typing import Any

import yaml

ASSETS = Path(__file__).with_name("assets")


def read_asset(name: str) -> Any:
    """The content of a YAML file in `assets`."""
    return yaml.safe_load((ASSETS / name).read_text(encoding="utf-8"))
