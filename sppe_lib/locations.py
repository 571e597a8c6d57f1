"""Where things are: the repository, and the models that params.yaml names, with the revision a hub id may carry.

A model is at `weights/...` (shipped), in a folder, or on the hub as `owner/name` or `owner/name@revision`.
"""

import hashlib
import os
from importlib.resources import files
from pathlib import Path

from sppe_lib.errors import ConfigError


def folder_of(variable: str) -> Path | None:
    """The folder that an environment variable names, `~` being a home; None where it is unset or blank.

    Raises ConfigError for the home of a user who is not there.
    """
    chosen = os.environ.get(variable, "")
    try:
        return Path(chosen).expanduser() if chosen.strip() else None
    except RuntimeError:
        raise ConfigError(f"{variable} is {chosen!r}, and there is no such home: name the folder in full.") from None


def repository() -> Path:
    """The folder that holds params.yaml: that of the stage that DVC runs, `$SPPE_HOME`, or the nearest one above.

    Raises ConfigError where there is none, and where it is a clone whose own `sppe_lib` is not the one that runs: a run
    would be recorded there with code that is not its own.
    """
    home = folder_of("DVC_ROOT") or folder_of("SPPE_HOME")
    here = Path.cwd()
    folders = [home] if home else [here, *here.parents]
    found = next((folder for folder in folders if home or (folder / "params.yaml").is_file()), None)
    if found is None:
        raise ConfigError(
            f"No params.yaml in {here.name!r} or above: start from inside the repository or set SPPE_HOME."
        )
    library = found / "sppe_lib"
    if library.is_dir() and not library.samefile(Path(__file__).parent):
        remedy = "unset SPPE_HOME" if home else "run `make setup` in this one and use its .venv"
        raise ConfigError(
            f"The sppe_lib that runs is of another clone than {str(found)!r}, whose run this would be: {remedy}."
        )
    return found


def _split(location: str) -> tuple[str, str | None]:
    # An @ in the name of a folder that is there belongs to the name; a hub id has none.
    if location.startswith("weights/") or (repository() / location).is_dir():
        return location, None
    name, at, revision = location.partition("@")
    return name, revision if at else None


def model_location(location: str) -> str:
    """`weights/...` as the shipped folder, a folder below the repository as its path, a hub id without its revision."""
    if location.startswith("weights/"):
        return str(files("sppe_lib") / location)
    folder = repository() / location  # notebooks run in their own folder, so a relative path would not be found there
    return str(folder) if folder.is_dir() else _split(location)[0]


def model_revision(location: str) -> str | None:
    """The branch, tag or commit of a hub id `owner/name@revision`; None for a hub id without one and for a folder."""
    return _split(location)[1]


def hub_options(location: str) -> dict[str, str]:
    """What `from_pretrained` is told besides `model_location`: the revision, where the location carries one."""
    revision = model_revision(location)
    return {"revision": revision} if revision else {}


def check_location(location: str, where: str) -> None:
    """Raise ConfigError if a location has an @ and nothing behind it, or a revision of what has none.

    `where`: the parameter that holds it, for the message.
    """
    name, revision = _split(location)
    if revision == "":
        raise ConfigError(f"{where} is {location!r}: name a branch, tag or commit behind the @, or leave the @ away.")
    shipped = location.startswith("weights/") and "@" in location
    if shipped or (revision and (repository() / name).is_dir()):
        raise ConfigError(
            f"{where} is {location!r}: only a model of the hub has revisions; leave away the @ and what follows."
        )


def location_key(location: str, subfolder: str) -> str:
    """What identifies stored weights: a digest of shipped files, of a folder's names, sizes and times, or of a hub id.

    The hub id with its revision, where it has one: another revision has another key.

    Caches of latents and texts are keyed by it, so they do not outlive the weights that they were made with.
    """
    folder = Path(model_location(location))
    if not folder.is_dir():
        return hashlib.sha256(location.encode()).hexdigest()
    chosen = folder / subfolder if (folder / subfolder).is_dir() else folder
    files = sorted(path for path in chosen.rglob("*") if path.is_file())
    if location.startswith("weights/"):  # small, and a new checkout gives the same bytes another time
        known = [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]
    else:
        known = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(repr(known).encode()).hexdigest()


def backbone_keys(models) -> list[str]:
    """`location_key` of each part of a backbone that `models` (a profile's ModelParameters) names."""
    parts = ((models.vae, "vae"), (models.transformer, "transformer"), (models.text, "text_encoder"))
    return [location_key(location, part) for location, part in parts]
