"""What a profile needs of the hub: its models, and the weights of the learned image quality metrics."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from sppe_lib.config import Profile
from sppe_lib.editability.iqa import METRICS
from sppe_lib.locations import model_location, model_revision
from sppe_lib.model_files import cache_problems, folder_problems, is_hub_id, patterns
from sppe_lib.recovery import TRAINED
from sppe_lib.tools.preflight.context import MISSING, OK, OPTIONAL, Context, Finding, gigabytes

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
