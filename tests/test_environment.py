"""The environment files agree with each other and name no host."""

import re
from pathlib import Path

import pytest
import yaml

from sppe_lib.tools.environment import direct_pins, environment_text, locked_versions

REPOSITORY = Path(__file__).parents[1]


def test_environment_yml_has_the_pins_of_the_lock():
    content = yaml.safe_load((REPOSITORY / "environment.yml").read_text())
    pins = next(entry["pip"] for entry in content["dependencies"] if isinstance(entry, dict))
    assert pins == direct_pins(REPOSITORY)
    assert (REPOSITORY / "environment.yml").read_text() == environment_text(REPOSITORY)


def test_the_lock_pins_torch_and_torchvision_together():
    versions = locked_versions(REPOSITORY)
    assert (versions["torch"], versions["torchvision"]) == ("2.13.0", "0.28.0")


@pytest.mark.parametrize("name", ["requirements.lock", "environment.yml", "pyproject.toml"])
def test_no_registry_host_in_environment_files(name):
    assert not re.search(r"https?://|index-url|find-links", (REPOSITORY / name).read_text())


def test_every_locked_package_has_a_hash():
    blocks = re.split(r"\n(?=[A-Za-z0-9])", (REPOSITORY / "requirements.lock").read_text())
    packages = [block for block in blocks if "==" in block.splitlines()[0] and not block.startswith("#")]
    assert len(packages) > 100
    assert all("--hash=sha256:" in block for block in packages)
