"""Where a profile's models are: shipped, in a folder, in the hub's cache, on the hub, or out of reach. Loads none."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from importlib.resources import files
from pathlib import Path

import yaml
from huggingface_hub import HfApi, errors, get_hf_file_metadata, hf_hub_url, try_to_load_from_cache
from huggingface_hub.utils import validate_repo_id
from safetensors import SafetensorError, safe_open

from sppe_lib.locations import model_location

HUB_SECONDS = 5.0
"""How long one question to the hub may take."""


@dataclass(frozen=True)
class Component:
    """A part of a model that is loaded on its own.

    `subfolder`: where it is ("" for a model that has no parts). `file`: its configuration; `kinds`: what that
    may name as its class or model type (empty: anything). `one_of`: patterns of which one must match, if any.
    `optional`: a folder may go without (the miniature has no T5).
    """

    subfolder: str = ""
    file: str = "config.json"
    kinds: Sequence[str] = ()
    one_of: Sequence[str] = ()
    optional: bool = False

    def path(self, file: str) -> str:
        """The path of one of its files inside the model."""
        return f"{self.subfolder}/{file}" if self.subfolder else file


COMPONENTS: dict[str, tuple[Component, ...]] = {
    role: tuple(Component(**part) for part in parts)
    for role, parts in yaml.safe_load((files("sppe_lib") / "models.yaml").read_text(encoding="utf-8")).items()
}
"""What the kit loads of each entry of `models` in params.yaml."""


def patterns(role: str) -> list[str]:
    """What an entry of `models` needs of a repository, as patterns of files; none where it needs the whole root."""
    components = COMPONENTS[role]
    if not any(component.subfolder for component in components):
        return []
    return [f"{component.subfolder}/*" if component.subfolder else component.file for component in components]


def _problem(folder: Path, component: Component) -> str | None:
    name = component.subfolder
    if name and (folder / name).is_dir():
        folder = folder / name
    elif component.optional:
        return None
    where = f"{name}/" if name else ""
    try:
        config = json.loads((folder / component.file).read_text(encoding="utf-8"))
    except OSError:
        return f"{where}{component.file} is not there"
    except (ValueError, RecursionError):
        return f"{where}{component.file} is not valid JSON"
    kind = config.get("_class_name") or config.get("model_type")
    if component.kinds and kind not in component.kinds:
        return f"{where}{component.file} is of a {kind}, not of a {component.kinds[0]}"
    if component.one_of and not any(path.exists() for pattern in component.one_of for path in folder.glob(pattern)):
        return f"{where} has no {' or '.join(component.one_of)}".strip()
    for index in folder.glob("*.safetensors.index.json"):
        shards = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        lost = sorted(shard for shard in shards if not (folder / shard).exists())
        if lost:
            return f"{where}{lost[0]} is not there ({len(lost)} of {len(shards)} shards)"
    for weights in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(weights, framework="pt"):  # reads the header, and compares it with the size of the file
                pass
        except (SafetensorError, OSError):
            return f"{where}{weights.name} is cut off or no safetensors file"
    return None


def folder_problems(folder: Path, role: str) -> list[str]:
    """What keeps an entry of `models` from being loaded from a folder, which may be the component itself."""
    return [problem for component in COMPONENTS[role] if (problem := _problem(folder, component))]


def _cached(repository: str, file: str, revision: str | None) -> Path | None:
    found = try_to_load_from_cache(repository, file, revision=revision)
    return Path(found) if isinstance(found, str) else None


def cached_commit(repository: str, file: str, revision: str | None = None) -> str | None:
    """The commit at which the hub's cache holds a file at the top of a model, or None where it does not."""
    found = _cached(repository, file, revision)
    return found.parent.name if found else None


def cache_problems(repository: str, role: str, revision: str | None = None) -> list[str] | None:
    """What the hub's cache lacks of a model for an entry of `models`; None if it holds nothing of it."""
    first = COMPONENTS[role][0]
    if (found := _cached(repository, first.path(first.file), revision)) is None:
        return None
    folder = found.parents[1 if first.subfolder else 0]
    optional = [part.subfolder for part in COMPONENTS[role] if part.optional]
    lost = [f"{name}/ is not there" for name in optional if not (folder / name).is_dir()]
    return folder_problems(folder, role) + lost


@dataclass(frozen=True)
class HubAnswer:
    """What the hub says of a repository; `reason` is a sentence, `sizes` bytes by file, where the hub told them.

    `state`: "open", "gated", "no repository", "no revision", "refused" or "offline".
    """

    state: str
    reason: str
    sizes: dict[str, int] = field(default_factory=dict)

    def files(self, role: str) -> dict[str, int]:
        """Bytes by file of what an entry of `models` loads: of its components' folders, safetensors, else PyTorch's."""
        wanted = patterns(role)
        found = {
            name: size
            for name, size in self.sizes.items()
            if (any(fnmatch(name, pattern) for pattern in wanted) if wanted else "/" not in name)
            and not fnmatch(name.rpartition("/")[2], "*.*.safetensors")  # weights once more, in another precision
        }
        safe = any(name.endswith(".safetensors") for name in found)
        unused = (".h5", ".msgpack", ".bin") if safe else (".h5", ".msgpack")
        return {name: size for name, size in found.items() if not name.endswith(unused)}


def ask_hub(repository: str, file: str, revision: str | None = None) -> HubAnswer:
    """Whether a repository exists and its `file` may be read, in one or two questions of at most HUB_SECONDS each.

    Anyone may see what a gated repository holds; only a file of it tells whether its licence was accepted.
    """
    try:
        info = HfApi().model_info(repository, revision=revision, files_metadata=True, timeout=HUB_SECONDS)
        if info.gated:
            get_hf_file_metadata(hf_hub_url(repository, file, revision=revision), timeout=HUB_SECONDS)
    except errors.GatedRepoError:  # before RepositoryNotFoundError, whose subclass it is
        return HubAnswer("gated", f"{repository} is gated: no token is set, or its account did not accept the licence.")
    except errors.RevisionNotFoundError:
        return HubAnswer("no revision", f"{repository} has no revision {revision!r} on the hub.")
    except (errors.RepositoryNotFoundError, errors.HFValidationError):
        return HubAnswer("no repository", f"{repository} is no folder and no model on the hub that this account sees.")
    except errors.OfflineModeIsEnabled:
        return HubAnswer("offline", "The hub is switched off by HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE.")
    except errors.HfHubHTTPError as error:
        status = getattr(error.response, "status_code", "an error")
        return HubAnswer("refused", f"The hub answered {status} for {repository}; try again later.")
    except (
        errors.HTTPError,
        OSError,
        ValueError,
    ) as error:  # no name, no route, no answer in time, or another's answer
        return HubAnswer("offline", f"The hub is not reachable: offline ({type(error).__name__}).")
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or []}
    return HubAnswer("open", f"{repository} is on the hub and may be read.", sizes)


class Hub:
    """The hub's answers: each revision of a repository is asked once, and none after the hub was found out of reach."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str | None], HubAnswer] = {}
        self._offline: HubAnswer | None = None

    def answer(self, repository: str, role: str, revision: str | None = None) -> HubAnswer:
        """What the hub says of the repository, at a revision, that an entry of `models` names."""
        key, first = (repository, revision), COMPONENTS[role][0]
        if self._offline is None and key not in self._answers:
            self._answers[key] = ask_hub(repository, first.path(first.file), revision)
            self._offline = self._answers[key] if self._answers[key].state == "offline" else None
        return self._offline or self._answers[key]


def is_hub_id(location: str) -> bool:
    """Whether an entry of `models` is to be looked for on the hub: not shipped, no folder, owner/name[@revision]."""
    name = model_location(location)
    if location.startswith("weights/") or Path(name).is_dir():
        return False
    try:
        validate_repo_id(name)
    except errors.HFValidationError:
        return False
    return name.count("/") == 1
