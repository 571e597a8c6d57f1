"""What a profile needs and this machine lacks, told before a long run.

    python -m sppe_lib.preflight [PROFILE]

Exit status 0: everything needed is there (a model that the hub will hand out counts as there); 1: something is
missing; 2: no such profile. Nothing is loaded, downloaded or written, and params.yaml stays as it is.
"""

import platform
import sys
import tomllib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib import metadata
from pathlib import Path

import pandas as pd
from huggingface_hub import constants
from packaging.specifiers import SpecifierSet
from tabulate import tabulate

from sppe_lib import estimates
from sppe_lib.benchmark.generated_folder import Generated, find_generated, generated_folders
from sppe_lib.benchmark.released_layout import Layout, scan
from sppe_lib.benchmark.schema import SPLITS
from sppe_lib.benchmark.sources.inventory import inventory
from sppe_lib.benchmark.summary import VECTOR_WORLD
from sppe_lib.benchmark.unseen_folder import count_instances
from sppe_lib.config import Profile, load_profile, repository
from sppe_lib.editability.iqa import METRICS
from sppe_lib.environment import direct_pins, locked_versions
from sppe_lib.errors import ConfigError, DataError, KitError
from sppe_lib.locations import model_location, model_revision
from sppe_lib.model_files import Hub, HubAnswer, cache_problems, folder_problems, is_hub_id, patterns
from sppe_lib.runtime import accelerator, free_disk, machine_memory, native_bfloat16, processor

OK, MISSING, OPTIONAL = "ok", "missing", "optional"
"""A finding's status; optional: not there, and the pipeline runs without it and says so."""

COLUMN_WIDTHS = [22, 28, 36, 8, 46]

GET_METRICS = "from sppe_lib.editability.iqa import download_learned_metrics as get; get()"

PROCESS_BYTES = 2_000_000_000
"""Main memory of the process itself with its libraries, a round figure."""


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
        return None if source == "vector-world" else repository() / source

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
            {(key, code) for which, key, code in self.layout.edited if which == role} for role in ("source", "surrogate")
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


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:.1f} GB"


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
        has = f"{found.name}, {_gigabytes(found.free)} of {_gigabytes(found.total)} free"
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
            "main memory", f"about {_gigabytes(largest)}", _gigabytes(main), OK if main >= largest else MISSING,
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
        needed = f"about {_gigabytes(largest['asked'])} ({largest['stage']} {largest['method']})"
        yield Finding(title, needed, _gigabytes(available), OK)
    for stage, rows in table[table["asked"] > available].groupby("stage", sort=False):
        needed = "; ".join(f"{row['method']} about {_gigabytes(row['asked'])}" for row in rows.to_dict("records"))
        smaller = "recovery.rank" if stage == "train" else "recovery.sample_batch"
        yield Finding(
            f"{title}: {stage}", needed, _gigabytes(available), MISSING,
            f"a larger one, a smaller {smaller} or benchmark.size, or only what fits: dvc repro '{stage}@<method>'",
        )  # fmt: skip


def check_bfloat16(context: Context) -> Iterator[Finding]:
    """Whether matrix products run in bfloat16; a processor without it takes float32, an accelerator would emulate."""
    has, found = native_bfloat16(), accelerator()
    otherwise, how = (MISSING, "a GPU of a newer generation") if found else (OPTIONAL, "none needed: float32, slower")
    yield Finding("bfloat16", "native", "yes" if has else "no", OK if has else otherwise, "" if has else how)


def model_locations(profile: Profile) -> list[tuple[str, str]]:
    """(role, location) of each model that the profile's section `models` names."""
    entries = asdict(profile.models).items()
    return [(role, location) for role, location in entries if isinstance(location, str) and location]


def _cached(location: str, role: str) -> list[str] | None:
    return cache_problems(model_location(location), role, model_revision(location))


def check_disk(context: Context) -> Iterator[Finding]:
    """Free disk for the stages whose results are not there yet, and for what the hub's cache lacks."""
    profile = context.profile
    instances = estimates.expected_instances(profile, context.instances)
    stages = estimates.disk_needed(profile, instances, context.counts)
    waiting = {stage: size for stage, size in stages.items() if not (profile.results / stage).is_dir()}
    free, needed = free_disk(profile.results), sum(waiting.values())
    parts = ", ".join(f"{stage} {_gigabytes(size)}" for stage, size in waiting.items())
    bound = "about" if context.instances or context.source is None else "at most"  # splits not known yet
    enough = free >= needed
    yield Finding(
        "disk for results", f"{bound} {_gigabytes(needed)}" + (f": {parts}" if parts else ""),
        f"{_gigabytes(free)} free", OK if enough else MISSING,
        "" if enough else "free some space or set SPPE_RESULTS to a larger disk",
    )  # fmt: skip
    files: dict[tuple[str, str], int] = {}  # one repository may serve several roles
    for role, location in model_locations(profile):
        if is_hub_id(location) and _cached(location, role) != []:
            wanted = context.answer(location, role).files(role)
            files.update({(location, name): size for name, size in wanted.items()})
    if files:
        free, needed = free_disk(constants.HF_HUB_CACHE), sum(files.values())
        yield Finding(
            "disk for models", f"{_gigabytes(needed)} to download", f"{_gigabytes(free)} free",
            OK if free >= needed else MISSING, "" if free >= needed else "set HF_HOME to a folder on a larger disk",
        )  # fmt: skip


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
    problems = _cached(location, role)
    if problems == []:
        return Finding(f"model: {role}", location, "in the hub's cache", OK)
    answer, revision = context.answer(location, role), model_revision(location)
    found = f"{answer.reason} In the cache: {'; '.join(problems) if problems else 'nothing'}."
    fetch = f"hf download {model_location(location)}" + (f" --revision {revision}" if revision else "")
    fetch += "".join(f" --include '{pattern}'" for pattern in patterns(role))
    how = {
        "open": f"comes at first use ({_gigabytes(sum(answer.files(role).values()))}); before that: {fetch}",
        "gated": f"accept the licence on the model's hub page, then hf auth login, then {fetch}",
        "no repository": "correct models in params.yaml; if it is private: hf auth login",
        "no revision": "correct what is behind the @ in params.yaml: a branch, tag or commit of the model's hub page",
        "refused": "try again later",
        "offline": f"where there is a network: {fetch}; then bring that cache here (HF_HOME), or name a folder",
    }
    return Finding(f"model: {role}", location, found, OK if answer.state == "open" else MISSING, how[answer.state])


def check_data(context: Context) -> Iterator[Finding]:
    """The benchmark's source: nothing for the vector world; else what is in the folder, released or generated."""
    source = context.profile.benchmark.source
    if context.source is None:
        yield Finding("data", "vector-world", "drawn by the kit (simulated)", OK)
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
            yield Finding(f"to rebuild: {row.source}", f"{row.folder}", f"{row.images} images", status, row.obtain if status != OK else "")


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


Check = Callable[[Context], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    check_python,
    check_packages,
    check_memory,
    check_bfloat16,
    check_data,
    check_unseen,
    check_original_data,
    check_models,
    check_disk,
    check_learned_metrics,
)
"""Every check, in the order of the table. A new one is a function and a line here."""


def run_checks(profile: Profile, checks: tuple[Check, ...] = CHECKS) -> list[Finding]:
    """All findings for a profile on this machine."""
    context = Context(profile)
    return [finding for check in checks for finding in check(context)]


def table(findings: list[Finding]) -> pd.DataFrame:
    """The findings as a data frame, for notebooks."""
    return pd.DataFrame([asdict(finding) for finding in findings]).rename(columns={"how": "how to get it"})


def as_text(profile: Profile, findings: list[Finding]) -> str:
    """The table as text, and one line that sums it up."""
    cells = table(findings)
    lines = tabulate(
        cells.values.tolist(), list(cells.columns), "simple_grid", maxcolwidths=COLUMN_WIDTHS, disable_numparse=True,
        break_on_hyphens=False,
    )  # fmt: skip
    missing = sum(finding.status == MISSING for finding in findings)
    verdict = f"{missing} missing, see the last column" if missing else "everything needed is there"
    return f"{lines}\nProfile {profile.name}: {verdict}. Memory and disk are estimates (sppe_lib/estimates.py)."


def main() -> int:
    """Command line: [PROFILE]."""
    if len(sys.argv) > 2:
        print("usage: python -m sppe_lib.preflight [PROFILE]", file=sys.stderr)
        return 2
    try:
        profile = load_profile(sys.argv[1] if len(sys.argv) == 2 else None)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    warnings.simplefilter("ignore", FutureWarning)  # diffusers speaks of its own future while models are counted
    findings = run_checks(profile)
    print(as_text(profile, findings))
    return int(any(finding.status == MISSING for finding in findings))


if __name__ == "__main__":
    sys.exit(main())
