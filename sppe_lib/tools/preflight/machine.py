"""What a profile needs of the machine: Python, packages, memory, bfloat16 and disk."""

import platform
import tomllib
from collections.abc import Iterator
from importlib import metadata

import pandas as pd
from huggingface_hub import constants
from packaging.specifiers import SpecifierSet

from sppe_lib.config import repository
from sppe_lib.model_files import is_hub_id
from sppe_lib.runtime import accelerator, free_disk, machine_memory, native_bfloat16, processor
from sppe_lib.tools.environment import direct_pins, locked_versions
from sppe_lib.tools.preflight import estimates
from sppe_lib.tools.preflight.context import MISSING, OK, OPTIONAL, Context, Finding, gigabytes
from sppe_lib.tools.preflight.models import in_cache, model_locations

PROCESS_BYTES = 2_000_000_000
"""Main memory of the process itself with its libraries, a round figure."""


def check_python(context: Context) -> Iterator[Finding]:
    """The interpreter, against pyproject.toml."""
    project = tomllib.loads((repository() / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found, needed = platform.python_version(), project["requires-python"]
    fits = SpecifierSet(needed).contains(found, prereleases=True)
    how = "" if fits else "install one, delete .venv, make setup"
    yield Finding("Python", needed, found, OK if fits else MISSING, how)


def _differing(pins: dict[str, str]) -> list[str]:
    different = []
    for name, version in pins.items():
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            found = "absent"
        if found == "absent" or not SpecifierSet(f"=={version}").contains(found, prereleases=True):
            different.append(f"{name} {found}, not {version}")
    return different


def check_packages(context: Context) -> Iterator[Finding]:
    """Installed versions: the direct dependencies (environment.yml) must fit, their own dependencies should."""
    direct = dict(pin.split("==") for pin in direct_pins(repository(), platform.python_version()))
    others = {
        name: version
        for name, version in locked_versions(repository(), platform.python_version()).items()
        if name not in direct
    }
    for title, pins, otherwise in (
        ("packages used", direct, MISSING), ("packages those need", others, OPTIONAL)
    ):  # fmt: skip
        different = _differing(pins)
        shown = "; ".join(different[:3]) + (f"; {len(different) - 3} more" if len(different) > 3 else "")
        yield Finding(
            title, f"{len(pins)} at the versions of requirements.lock", shown or "all", otherwise if different else OK,
            "make setup" if different else "",
        )  # fmt: skip


def check_memory(context: Context) -> Iterator[Finding]:
    """Accelerator and main memory, against `estimates.memory_needed`; every stage that does not fit is a row."""
    found, small = accelerator(), context.counts.transformer <= estimates.SMALL_PARAMETERS
    bfloat16 = 2 if found or not small else None  # what every accelerator computes in, this one or the one to be got
    table = estimates.memory_needed(context.profile, bfloat16, context.counts)
    has = f"none ({processor()})"
    if found:
        has = f"{found.name}, {gigabytes(found.free)} of {gigabytes(found.total)} free"
    billions = context.counts.transformer / 1e9
    wanted = "none: the models are small" if small else f"one: {billions:.1f} billion parameters"
    lacking = not found and not small
    yield Finding(
        "accelerator", wanted, has, MISSING if lacking else OK,
        "a machine with a GPU that PyTorch knows, or profile mini" if lacking else "",
    )  # fmt: skip
    main = machine_memory()
    # Without an accelerator everything is in main memory; with one, the transformer still passes through it.
    in_main = PROCESS_BYTES + table["text_encoders"] + (table["weights"] if found or lacking else table["total"])
    if found or lacking:
        table["asked"] = table["total"]
        yield from _memory_findings("accelerator memory", table, found.free if found else 0)
        largest = int(in_main.max())
        yield Finding(
            "main memory", f"about {gigabytes(largest)}", gigabytes(main), OK if main >= largest else MISSING,
            "" if main >= largest else "a machine with more main memory",
        )  # fmt: skip
    else:
        table["asked"] = in_main
        yield from _memory_findings("main memory", table, main)


def _memory_findings(title: str, table: pd.DataFrame, available: int) -> Iterator[Finding]:
    """A row for the largest load that fits, and one for each stage with loads that do not."""
    fitting = table[table["asked"] <= available]
    if len(fitting):
        largest = fitting.loc[fitting["asked"].idxmax()]
        needed = f"about {gigabytes(largest['asked'])} ({largest['stage']} {largest['method']})"
        yield Finding(title, needed, gigabytes(available), OK)
    for stage, rows in table[table["asked"] > available].groupby("stage", sort=False):
        needed = "; ".join(f"{row['method']} about {gigabytes(row['asked'])}" for row in rows.to_dict("records"))
        smaller = "recovery.training.rank" if stage == "train" else "recovery.sampling.batch"
        yield Finding(
            f"{title}: {stage}", needed, gigabytes(available), MISSING,
            f"a larger one, a smaller {smaller} or benchmark.size, or only what fits: dvc repro '{stage}@<method>'",
        )  # fmt: skip


def check_bfloat16(context: Context) -> Iterator[Finding]:
    """Whether matrix products run in bfloat16; a processor without it takes float32, an accelerator would emulate."""
    has, found = native_bfloat16(), accelerator()
    otherwise, how = (MISSING, "a GPU of a newer generation") if found else (OPTIONAL, "none needed: float32, slower")
    yield Finding("bfloat16", "native", "yes" if has else "no", OK if has else otherwise, "" if has else how)


def check_disk(context: Context) -> Iterator[Finding]:
    """Free disk for the stages whose results are not there yet, and for what the hub's cache lacks."""
    profile = context.profile
    instances = estimates.expected_instances(profile, context.instances)
    stages = estimates.disk_needed(profile, instances, context.counts)
    waiting = {stage: size for stage, size in stages.items() if not (profile.results / stage).is_dir()}
    free, needed = free_disk(profile.results), sum(waiting.values())
    parts = ", ".join(f"{stage} {gigabytes(size)}" for stage, size in waiting.items())
    bound = "about" if context.instances or context.source is None else "at most"  # splits not known yet
    enough = free >= needed
    yield Finding(
        "disk for results", f"{bound} {gigabytes(needed)}" + (f": {parts}" if parts else ""),
        f"{gigabytes(free)} free", OK if enough else MISSING,
        "" if enough else "free some space or set SPPE_RESULTS to a larger disk",
    )  # fmt: skip
    files: dict[tuple[str, str], int] = {}  # one repository may serve several roles
    for role, location in model_locations(profile):
        if is_hub_id(location) and in_cache(location, role) != []:
            wanted = context.answer(location, role).files(role)
            files.update({(location, name): size for name, size in wanted.items()})
    if files:
        free, needed = free_disk(constants.HF_HUB_CACHE), sum(files.values())
        yield Finding(
            "disk for models", f"{gigabytes(needed)} to download", f"{gigabytes(free)} free",
            OK if free >= needed else MISSING, "" if free >= needed else "set HF_HOME to a folder on a larger disk",
        )  # fmt: skip
