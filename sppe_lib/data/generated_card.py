"""The cards of a folder that `generate` fills, and of a benchmark built from such: what made it, and on whose terms."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from sppe_lib.config import GenerationParameters
from sppe_lib.data.card import COLUMNS, Heading, front_matter, prose
from sppe_lib.data.editors import usual_model
from sppe_lib.data.generated_folder import GeneratedFolder
from sppe_lib.data.record_list import Record
from sppe_lib.data.schema import INSTRUCTPIX2PIX, SPLITS
from sppe_lib.data.sources import SOURCES
from sppe_lib.data.sources.instructpix2pix import OBTAIN
from sppe_lib.data.store import Summary
from sppe_lib.locations import model_location
from sppe_lib.models import cached_commit

_EDITS = {
    "command": "were made by an external program; whether it uploads anything is for whoever named it to say.",
    "cloud": "of surrogates were made by a cloud service, which has seen the surrogates.",
}
_LOCAL_EDITS = "stand for those of a cloud model: they were made by a model on that machine, and nothing was uploaded."


def models_used(parameters: GenerationParameters) -> dict[str, dict[str, str]]:
    """Name, revision and commit of the surrogate model and the editor's, by role; "" where there is none.

    A folder is named by its last part. The commit is the one in the hub's cache: ask when the models are loaded.
    """

    def used(location: str, revision: str) -> dict[str, str]:
        folder = Path(model_location(location)) if location else None
        if folder is None or folder.is_dir():
            return {"model": f"folder {folder.name}" if folder else "", "revision": "", "commit": ""}
        commit = cached_commit(location, "model_index.json", revision) or ""
        return {"model": location, "revision": revision, "commit": commit}

    return {
        "surrogate": used(parameters.surrogate_model, parameters.surrogate_revision),
        "editor": used(usual_model(parameters), parameters.editor_revision),
    }


def _model(entry: dict[str, str]) -> str:
    if not entry["model"]:
        return "an external program, see `editor` in generation.json"
    revision = f" at revision `{entry['revision']}`" if entry["revision"] else ", a local copy of unknown revision"
    return f"`{entry['model']}`{revision}" + (f" (commit {entry['commit']})" if entry["commit"] else "")


def models_text(made_of: dict, of: str = "") -> str:
    """Which models made a folder, as Markdown, from the content of its generation.json; `of` joins the headline."""
    surrogate, edits = (_model(made_of["models"][role]) for role in ("surrogate", "editor"))
    program = made_of["editor"].partition(":")[0]
    return prose("models", of=of, surrogate=surrogate, edits=edits, program=program, **made_of)


def rebuilt_heading(summary: Summary, datasets: Sequence[str]) -> Heading:
    """The heading of a benchmark built from generated folders; those of the same models share a paragraph on them."""
    together: dict[str, list[str]] = {}
    for folder, made_of in summary.made_of.items():
        together.setdefault(models_text(made_of), []).append(folder)
    models = [
        models_text(summary.made_of[names[0]], "" if len(together) == 1 else f" of {', '.join(names)}")
        for names in together.values()
    ]
    folders = ", ".join(f"`{name}`" for name in summary.made_of)
    size, problems, names = summary.parameters.size, len(summary.problems), ", ".join(datasets)
    about = prose("rebuilt", datasets=names, folders=folders, size=size, problems=problems)
    return Heading(f"SPPE, rebuilt from {names}", "01_benchmark", "\n".join([about, *models, _terms(datasets)]))


def unseen_heading(summary: Summary, datasets: Sequence[str], folder: GeneratedFolder) -> Heading:
    """The heading of an unseen set built from a generated folder."""
    size, names = summary.parameters.size, ", ".join(datasets)
    about = prose("unseen_folder", datasets=names, folder=folder.path.name, size=size, obtain=OBTAIN)
    return Heading(f"{names}, unseen", "01b_more_sets", f"{about}\n{models_text(folder.made_of)}")


def _terms(datasets: Sequence[str]) -> str:
    known = {name: source.obtain for name, source in SOURCES.items()} | {INSTRUCTPIX2PIX: OBTAIN}
    lines = [f"- **{name}.** {known.get(name, 'The kit does not know its terms: find out.')}" for name in datasets]
    return "\n".join(["## Terms of the sources\n", *lines, "\nDo not pass this folder on without regard to them.\n"])


def generated_card(records: Sequence[Record], made_of: dict) -> str:
    """The card of a folder as Markdown, by the whole list of its records and the content of its generation.json."""
    datasets = list(dict.fromkeys(record.dataset for record in records))
    title = f"Surrogates and edits of {', '.join(datasets)}"
    numbers = [(record.split, 1, len(record.instructions)) for record in records]
    counts = pd.DataFrame(numbers, columns=["split", "pairs", "instances"]).groupby("split").sum()
    counts = counts.loc[[split for split in SPLITS if split in counts.index]]
    whole = [record for record in records if record.whole]
    edited = sum(record.edited is not None for record in whole)
    text = prose(
        "generated",
        datasets=", ".join(datasets),
        size=made_of["size"],
        edits=_EDITS.get(made_of["editor"].partition(":")[0], _LOCAL_EDITS),
        whole=prose("generated_whole", number=len(whole), pairs=len(records), edited=edited) if whole else "",
        models=models_text(made_of),
        seed=made_of["seed"],
        counts=counts.reset_index().to_markdown(index=False),
        shards=made_of["shards"],
        terms=_terms(datasets),
        columns=COLUMNS,
    )
    return f"{front_matter(title, list(counts.index))}\n# {title}\n\n{text}"
