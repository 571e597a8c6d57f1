"""What a profile needs of the machine and of the hub: Python, packages, memory, bfloat16, disk, models, metrics."""

import platform
import tomllib
from collections.abc import Iterator
from dataclasses import asdict
from importlib import metadata
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
from sppe_lib.tools.preflight.context import MISSING, OK, OPTIONAL, Context, Finding, gigabytes

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


GET_METRICS = "from sppe_lib.editability.iqa import download_learned_metrics as get; get()"


def model_locations(profile: Profile) -> list[tuple[str, str]]:
    """(role, location) of each model that the profile's section `models` names."""
    entries = asdict(profile.models).items()
    return [(role, location) for role, location in entries if isinstance(location, str) and location]


def in_cache(location: str, role: str) -> list[str] | None:
    """What a hub id lacks in the hub's cache; None where nothing of it is there."""
    return cache_problems(model_location(location), role, model_revision(location))


def check_models(context: Context) -> Iterator[Finding]:
    """Every model of the profile: shipped, in a folder, cached, or what the hub says of it."""
    for role, location in model_locations(context.profile):
        title, needed = f"model: {role}", location
        if location.startswith("weights/"):
            problems = folder_problems(Path(model_location(location)), role)
            how = "restore sppe_lib/weights with git, or make pretrain" if problems else ""
            yield Finding(title, needed, "; ".join(problems) or "shipped", MISSING if problems else OK, how)
        elif Path(model_location(location)).is_dir():
            problems = folder_problems(Path(model_location(location)), role)
            how = "fetch the rest, in the layout that save_pretrained writes" if problems else ""
            yield Finding(title, needed, "; ".join(problems) or "folder", MISSING if problems else OK, how)
        elif not is_hub_id(location):
            how = "correct it in params.yaml: a folder, owner/name or owner/name@revision"
            yield Finding(title, needed, "no such folder", MISSING, how)
        else:
            yield _hub_finding(context, role, location)


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
    unknown = [name for name, _ in context.profile.recovery.training.learning_rates if name not in TRAINED]
    if unknown:
        how = f"correct recovery.training.learning_rates in params.yaml: {', '.join(TRAINED)}"
        yield Finding("learning rates", "names of trained methods", ", ".join(unknown), MISSING, how)


def check_learned_metrics(context: Context) -> Iterator[Finding]:
    """Weights of the learned image quality metrics; without them their rows of Table 4 are marked not available."""
    if context.profile.editability.learned_metrics:
        learned = [entry for entry in METRICS if entry.weights]
        lost = [entry.name for entry in learned if not all(file.present() for file in entry.weights)]
        there = [entry.name for entry in learned if entry.name not in lost]
        yield Finding(
            "learned metrics", f"weights of {len(learned)}, or they are left out",
            f"there: {', '.join(there) or 'none'}" + (f"; not there: {', '.join(lost)}" if lost else ""),
            OPTIONAL if lost else OK, f"python -c '{GET_METRICS}'" if lost else "",
        )  # fmt: skip
