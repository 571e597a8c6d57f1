"""What a profile needs of the machine and of the hub: Python, packages, memory, bfloat16, disk, models, metrics."""

import platform
import tomllib
from collections.abc import Iterator
from importlib import metadata
from itertools import starmap
from pathlib import Path

import pandas as pd
from huggingface_hub import constants
from packaging.specifiers import SpecifierSet

from sppe_lib.config import Profile, repository
from sppe_lib.editability.iqa import METRICS
from sppe_lib.locations import model_location, model_revision
from sppe_lib.models import cache_problems, folder_problems, is_hub_id, patterns
from sppe_lib.recovery import TRAINED
from sppe_lib.runtime import accelerator, free_disk, machine_memory, native_bfloat16, processor
from sppe_lib.tools.environment import direct_pins, locked_versions
from sppe_lib.tools.preflight import estimates
from sppe_lib.tools.preflight.context import MISSING, OK, OPTIONAL, Context, Finding, asked, gigabytes

PROCESS_BYTES = 2_000_000_000
"""Main memory of the process itself with its libraries, a round figure."""


def check_python(context: Context) -> Iterator[Finding]:
    """The interpreter, against pyproject.toml."""
    project = tomllib.loads((repository() / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found, needed = platform.python_version(), project["requires-python"]
    fits = SpecifierSet(needed).contains(found, prereleases=True)
    yield asked("Python", needed, found, fits, "install one, delete .venv, make setup")


def _differing(name: str, version: str) -> str | None:
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        found = "absent"
    fits = found != "absent" and SpecifierSet(f"=={version}").contains(found, prereleases=True)
    return None if fits else f"{name} {found}, not {version}"


def check_packages(context: Context) -> Iterator[Finding]:
    """Installed versions: the direct dependencies (environment.yml) must fit, their own dependencies should."""
    direct = dict(pin.split("==") for pin in direct_pins(repository(), platform.python_version()))
    every = locked_versions(repository(), platform.python_version())
    others = {name: version for name, version in every.items() if name not in direct}
    for title, pins, otherwise in (("packages used", direct, MISSING), ("packages those need", others, OPTIONAL)):
        different = list(filter(None, starmap(_differing, pins.items())))
        shown = "; ".join(different[:3]) + (f"; {len(different) - 3} more" if len(different) > 3 else "")
        wanted = f"{len(pins)} at the versions of requirements.lock"
        yield asked(title, wanted, shown or "all", not different, "make setup", otherwise)


def check_memory(context: Context) -> Iterator[Finding]:
    """Accelerator and main memory, against `estimates.memory_needed`; every stage that does not fit is a row."""
    found, parameters = accelerator(), context.counts.transformer
    small = parameters <= estimates.SMALL_PARAMETERS
    bfloat16 = 2 if found or not small else None  # what every accelerator computes in, this one or the one to be got
    table = estimates.memory_needed(context.profile, bfloat16, context.counts)
    has = f"none ({processor()})"
    if found:
        has = f"{found.name}, {gigabytes(found.free)} of {gigabytes(found.total)} free"
    wanted = "none: the models are small" if small else f"one: {parameters / 1e9:.1f} billion parameters"
    device, main = bool(found) or not small, machine_memory()
    how = "a machine with a GPU that PyTorch knows, or profile mini"
    yield asked("accelerator", wanted, has, bool(found) or small, how)
    # Without an accelerator everything is in main memory; with one, the transformer still passes through it.
    in_main = PROCESS_BYTES + table["text_encoders"] + table["weights" if device else "total"]
    if device:
        there = found.free if found else 0
        yield from _memory_findings("accelerator memory", table.assign(asked=table["total"]), there)
        needed, largest = f"about {gigabytes(in_main.max())}", int(in_main.max())
        yield asked("main memory", needed, gigabytes(main), main >= largest, "a machine with more main memory")
    else:
        yield from _memory_findings("main memory", table.assign(asked=in_main), main)


def _memory_findings(title: str, table: pd.DataFrame, available: int) -> Iterator[Finding]:
    """A row for the largest load that fits, and one for each stage with loads that do not."""
    fitting, has = table[table["asked"] <= available], gigabytes(available)
    if len(fitting):
        largest = fitting.loc[fitting["asked"].idxmax()]
        yield Finding(title, f"about {gigabytes(largest['asked'])} ({largest['stage']} {largest['method']})", has, OK)
    for stage, rows in table[table["asked"] > available].groupby("stage", sort=False):
        needed = "; ".join(f"{row.method} about {gigabytes(row.asked)}" for row in rows.itertuples())
        smaller = "recovery.training.rank" if stage == "train" else "recovery.sampling.batch"
        how = f"a larger one, a smaller {smaller} or benchmark.size, or only what fits: dvc repro '{stage}@<method>'"
        yield Finding(f"{title}: {stage}", needed, has, MISSING, how)


def check_bfloat16(context: Context) -> Iterator[Finding]:
    """Whether matrix products run in bfloat16; a processor without it takes float32, an accelerator would emulate."""
    has, found = native_bfloat16(), accelerator()
    how, otherwise = ("a GPU of a newer generation", MISSING) if found else ("none needed: float32, slower", OPTIONAL)
    yield asked("bfloat16", "native", "yes" if has else "no", has, how, otherwise)


def check_disk(context: Context) -> Iterator[Finding]:
    """Free disk for the stages whose results are not there yet, and for what the hub's cache lacks."""
    profile = context.profile
    instances = estimates.expected_instances(profile, context.instances)
    stages = estimates.disk_needed(profile, instances, context.counts)
    waiting = {stage: size for stage, size in stages.items() if not (profile.results / stage).is_dir()}
    parts = ", ".join(f"{stage} {gigabytes(size)}" for stage, size in waiting.items())
    bound = "about" if context.instances or context.source is None else "at most"  # splits not known yet
    total = sum(waiting.values())
    needed = f"{bound} {gigabytes(total)}" + (f": {parts}" if parts else "")
    how = "free some space or set SPPE_RESULTS to a larger disk"
    yield _room("disk for results", needed, total, profile.results, how)
    files = {  # by location and name, since one repository may serve several roles
        (location, name): size
        for role, location in model_locations(profile)
        if is_hub_id(location) and in_cache(location, role) != []
        for name, size in context.answer(location, role).files(role).items()
    }
    if files:
        total, how = sum(files.values()), "set HF_HOME to a folder on a larger disk"
        yield _room("disk for models", f"{gigabytes(total)} to download", total, Path(constants.HF_HUB_CACHE), how)


def _room(check: str, needed: str, size: int, folder: Path, how: str) -> Finding:
    free = free_disk(folder)
    return asked(check, needed, f"{gigabytes(free)} free", free >= size, how)


def model_locations(profile: Profile) -> list[tuple[str, str]]:
    """(role, location) of each model that the profile's section `models` names."""
    return [(role, location) for role, location in profile.models.locations.items() if location]


def in_cache(location: str, role: str) -> list[str] | None:
    """What a hub id lacks in the hub's cache; None where nothing of it is there."""
    return cache_problems(model_location(location), role, model_revision(location))


def check_models(context: Context) -> Iterator[Finding]:
    """Every model of the profile: shipped, in a folder, cached, or what the hub says of it."""
    for role, location in model_locations(context.profile):
        folder, shipped = Path(model_location(location)), location.startswith("weights/")
        if shipped or folder.is_dir():
            problems, kind = folder_problems(folder, role), "shipped" if shipped else "folder"
            how = "restore sppe_lib/weights with git, or make pretrain"
            how = how if shipped else "fetch the rest, in the layout that save_pretrained writes"
            yield asked(f"model: {role}", location, "; ".join(problems) or kind, not problems, how)
        elif is_hub_id(location):
            yield _hub_finding(context, role, location)
        else:
            how = "correct it in params.yaml: a folder, owner/name or owner/name@revision"
            yield Finding(f"model: {role}", location, "no such folder", MISSING, how)


def _hub_finding(context: Context, role: str, location: str) -> Finding:
    problems = in_cache(location, role)
    if problems == []:
        return Finding(f"model: {role}", location, "in the hub's cache", OK)
    answer, revision = context.answer(location, role), model_revision(location)
    found = f"{answer.reason} In the cache: {'; '.join(problems) if problems else 'nothing'}."
    fetch = f"hf download {model_location(location)}" + (f" --revision {revision}" if revision else "")
    fetch += "".join(f" --include '{pattern}'" for pattern in patterns(role))
    how = {
        "open": f"comes at first use ({gigabytes(sum(answer.files(role).values()))}); before that: {fetch}",
        "gated": f"accept the licence on the model's hub page, then hf auth login, then {fetch}",
        "no repository": "correct models in params.yaml; if it is private: hf auth login",
        "no revision": "correct what is behind the @ in params.yaml: a branch, tag or commit of the model's hub page",
        "refused": "try again later",
        "offline": f"where there is a network: {fetch}; then bring that cache here (HF_HOME), or name a folder",
    }
    return Finding(f"model: {role}", location, found, OK if answer.state == "open" else MISSING, how[answer.state])


def check_learning_rates(context: Context) -> Iterator[Finding]:
    """Rates for methods that are not trained, or not there at all: nothing would use them."""
    rates = context.profile.recovery.training.learning_rates
    if unknown := [name for name, _ in rates if name not in TRAINED]:
        how = f"correct recovery.training.learning_rates in params.yaml: {', '.join(TRAINED)}"
        yield Finding("learning rates", "names of trained methods", ", ".join(unknown), MISSING, how)


def check_learned_metrics(context: Context) -> Iterator[Finding]:
    """Weights of the learned image quality metrics; without them their rows of Table 4 are marked not available."""
    if context.profile.editability.learned_metrics:
        there = {entry.name: all(file.present() for file in entry.weights) for entry in METRICS if entry.weights}
        kept, lost = (", ".join(name for name, has in there.items() if has is wanted) for wanted in (True, False))
        found = f"there: {kept or 'none'}" + (f"; not there: {lost}" if lost else "")
        wanted = f"weights of {len(there)}, or they are left out"
        how = "python -c 'from sppe_lib.editability.iqa import download_learned_metrics as get; get()'"
        yield asked("learned metrics", wanted, found, not lost, how, OPTIONAL)
