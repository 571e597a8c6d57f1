"""What a profile needs of data: the benchmark's folder, Table 7's, and what the paper's data were made of."""

from collections.abc import Iterator

from sppe_lib.data.generated_folder import Generated, generated_folders
from sppe_lib.data.sources.inventory import inventory
from sppe_lib.data.store import VECTOR_WORLD
from sppe_lib.data.unseen_folder import count_instances
from sppe_lib.errors import ConfigError, DataError, KitError
from sppe_lib.tools.preflight.context import MISSING, OK, OPTIONAL, Context, Finding


def check_data(context: Context) -> Iterator[Finding]:
    """The benchmark's source: nothing for the vector world; else what is in the folder, released or generated."""
    source = context.profile.benchmark.source
    if context.source is None:
        yield Finding("data", VECTOR_WORLD, "drawn by the kit (simulated)", OK)
        return
    layout = context.layout
    if isinstance(layout, KitError):
        found, how = str(layout), "the authors' release, or name another benchmark.source"
        if generated_folders(context.source):
            found, _, how = found.rstrip(".").partition("; ")
        yield Finding("data", source, found, MISSING, how)
        return
    if isinstance(layout, Generated):
        made = ", ".join(layout.datasets)
        yield Finding("data", source, f"generated from {made}: {len(layout.folders)} finished folders", OK)
        for split, number in context.instances.items():
            yield Finding(f"data: {split}", "instances", f"{number} instances", OK)
        return
    for name, kind, needed in (
        ("ORIGINAL", layout.originals, True), ("EDITED", layout.edited, True), ("IMG", layout.grids, False),
        ("MASK", layout.masks, False),
    ):  # fmt: skip
        # A tree of grids needs no ORIGINAL and EDITED; masks are taken from differences where none is stored.
        status = OK if kind else MISSING if needed and not layout.grids else OPTIONAL
        yield Finding(f"data: {name}", "pictures" if needed else "may be absent", f"{len(kind)} files", status)
    for split, number in context.instances.items():
        folder = split.upper()
        how = "" if number else f"complete it: EDITED/{folder} with source and surrogate, or IMG/{folder}"
        yield Finding(f"data: {split}", "instances", f"{number} instances", OK if number else MISSING, how)


def check_unseen(context: Context) -> Iterator[Finding]:
    """The folder of generated pairs that Table 7 is made of, where the profile names one; it runs without."""
    profile = context.profile
    if profile.benchmark.unseen_source in ("", VECTOR_WORLD):
        return
    try:
        found, status, how = f"{count_instances(profile)} instances", OK, ""
    except (ConfigError, DataError) as error:
        found, _, how = str(error).rstrip(".").partition("; ")
        status = OPTIONAL if isinstance(error, ConfigError) else MISSING
    yield Finding("data: unseen (Table 7)", profile.benchmark.unseen_source, found, status, how)


def check_original_data(context: Context) -> Iterator[Finding]:
    """What the paper's data were made of, where the profile is not simulated: needed only to rebuild them."""
    if context.source is None:
        return
    for row in inventory().itertuples():
        if row.source != "SPPE":
            status = OK if row.present and not row.missing else OPTIONAL
            yield Finding(
                f"to rebuild: {row.source}",
                f"{row.folder}",
                f"{row.images} images",
                status,
                row.obtain if status != OK else "",
            )
