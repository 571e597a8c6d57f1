"""What every check starts from: a finding, and the profile with what several checks ask for."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from sppe_lib.config import Profile, repository
from sppe_lib.data.generated_folder import Generated, find_generated
from sppe_lib.data.released_layout import Layout, scan
from sppe_lib.data.schema import SPLITS
from sppe_lib.data.store import VECTOR_WORLD
from sppe_lib.errors import KitError
from sppe_lib.locations import model_location, model_revision
from sppe_lib.model_files import Hub, HubAnswer
from sppe_lib.tools.preflight import estimates

OK, MISSING, OPTIONAL = "ok", "missing", "optional"
"""A finding's status; optional: not there, and the pipeline runs without it and says so."""


@dataclass(frozen=True)
class Finding:
    """A row of the table: what was checked, what is needed, what was found, its status, and how to get it."""

    check: str
    needed: str
    found: str
    status: str
    how: str = ""


@dataclass
class Context:
    """The profile, and what several checks ask for, found out once."""

    profile: Profile
    hub: Hub = field(default_factory=Hub)

    @cached_property
    def source(self) -> Path | None:
        """The folder of the profile's data; None for the vector world."""
        source = self.profile.benchmark.source
        return None if source == VECTOR_WORLD else repository() / source

    @cached_property
    def layout(self) -> Layout | Generated | KitError | None:
        """What the folder of data holds, released or generated, or why it cannot be read; None for the vector world."""
        try:
            return (find_generated(self.profile) or scan(self.source)) if self.source else None
        except KitError as error:
            return error

    @cached_property
    def instances(self) -> dict[str, int] | None:
        """Instances by split in the data: both edits, or a grid; None where there are no such data."""
        if isinstance(self.layout, Generated):
            return {split: pairs.total() for split, pairs in self.layout.instances.items()}
        if not isinstance(self.layout, Layout):
            return None
        edited = [
            {(key, code) for which, key, code in self.layout.edited if which == role}
            for role in ("source", "surrogate")
        ]
        found = edited[0] & edited[1] | set(self.layout.grids)
        return {split: sum(key.split == split for key, _ in found) for split in SPLITS}

    @cached_property
    def counts(self) -> estimates.Counts:
        """Parameters of the profile's models."""
        return estimates.count(self.profile)

    def answer(self, location: str, role: str) -> HubAnswer:
        """What the hub says of a hub id, at the revision that it carries."""
        return self.hub.answer(model_location(location), role, model_revision(location))


def gigabytes(size: float) -> str:
    """A number of bytes in words."""
    return f"{size / 1e9:.1f} GB"
