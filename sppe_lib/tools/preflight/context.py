"""What every check starts from, a finding and the profile with what several checks ask for; and the checks of data."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from sppe_lib.config import Profile, repository
from sppe_lib.data.generated_folder import Generated, find_generated, find_unseen, generated_folders
from sppe_lib.data.released_layout import Layout, scan
from sppe_lib.data.schema import SPLITS
from sppe_lib.data.sources.inventory import inventory
from sppe_lib.data.store import VECTOR_WORLD
from sppe_lib.errors import ConfigError, DataError, KitError
from sppe_lib.locations import model_location, model_revision
from sppe_lib.models import Hub, HubAnswer
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


def asked(check: str, needed: str, found: str, there: bool, how: str = "", otherwise: str = MISSING) -> Finding:
    """A finding that is OK where what is needed is `there`; else it has a status and says how to get it."""
    return Finding(check, needed, found, OK if there else otherwise, "" if there else how)


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
        edited = self.layout.of_kind("EDITED", "source") & self.layout.of_kind("EDITED", "surrogate")
        found = edited | self.layout.of_kind("IMG")
        return {split: sum(place.split == split for place in found) for split in SPLITS}

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


def check_data(context: Context) -> Iterator[Finding]:
    """The benchmark's source: nothing for the vector world; else what is in the folder, released or generated."""
    source, layout = context.profile.benchmark.source, context.layout
    if layout is None:
        yield Finding("data", VECTOR_WORLD, "drawn by the kit (simulated)", OK)
        return
    if isinstance(layout, KitError):
        found, how = str(layout), "the authors' release, or name another benchmark.source"
        if generated_folders(context.source):
            found, _, how = found.rstrip(".").partition("; ")
        yield Finding("data", source, found, MISSING, how)
        return
    if isinstance(layout, Generated):
        made = ", ".join(layout.datasets)
        yield Finding("data", source, f"generated from {made}: {len(layout.folders)} finished folders", OK)
    else:
        files = Counter(place.kind for place in layout.files)
        for name, needed in (("ORIGINAL", True), ("EDITED", True), ("IMG", False), ("MASK", False)):
            # A tree of grids needs no ORIGINAL and EDITED; masks are taken from differences where none is stored.
            otherwise = MISSING if needed and not files["IMG"] else OPTIONAL
            wanted, found = "pictures" if needed else "may be absent", f"{files[name]} files"
            yield asked(f"data: {name}", wanted, found, bool(files[name]), otherwise=otherwise)
    for split, number in context.instances.items():
        how = f"complete it: EDITED/{split.upper()} with source and surrogate, or IMG/{split.upper()}"
        there = bool(number) or isinstance(layout, Generated)
        yield asked(f"data: {split}", "instances", f"{number} instances", there, how)


def check_unseen(context: Context) -> Iterator[Finding]:
    """The folder of generated pairs that Table 7 is made of, where the profile names one; it runs without."""
    profile = context.profile
    if profile.benchmark.unseen_source in ("", VECTOR_WORLD):
        return
    try:
        found, status, how = f"{find_unseen(profile).count('test')} instances", OK, ""
    except (ConfigError, DataError) as error:
        found, _, how = str(error).rstrip(".").partition("; ")
        status = OPTIONAL if isinstance(error, ConfigError) else MISSING
    yield Finding("data: unseen (Table 7)", profile.benchmark.unseen_source, found, status, how)


def check_original_data(context: Context) -> Iterator[Finding]:
    """What the paper's data were made of, where the profile is not simulated: needed only to rebuild them."""
    for row in inventory().itertuples() if context.source else ():
        if row.source != "SPPE":
            there, found = bool(row.present and not row.missing), f"{row.images} images"
            yield asked(f"to rebuild: {row.source}", f"{row.folder}", found, there, row.obtain, OPTIONAL)
