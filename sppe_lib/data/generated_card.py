"""The cards of a folder that `generate` fills, and of a benchmark built from such: what made it, and on whose terms."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from sppe_lib.config import GenerationParameters
from sppe_lib.data.card import COLUMNS, Heading, front_matter
from sppe_lib.data.editors import usual_model
from sppe_lib.data.record_list import Record
from sppe_lib.data.schema import INSTRUCTPIX2PIX, SPLITS
from sppe_lib.data.sources import SOURCES
from sppe_lib.data.sources.instructpix2pix import OBTAIN
from sppe_lib.data.store import Summary
from sppe_lib.locations import model_location
from sppe_lib.model_files import cached_commit

_ABOUT = """\
## What is simulated and what is not

- **Sources** are pictures of {datasets}, stretched to {size}x{size} pixels (bicubic; masks nearest): nothing here is
  drawn by the kit, and its simulated editor had no part in it. Sources and their edits may show what is private:
  treat this folder as private.
- **Surrogates** were painted by a diffusion model on the machine that ran the command. Whether none of them resembles
  its source too closely was not looked at by anybody.
- **Edits** {edits}
"""

_EDITS = {
    "command": "were made by an external program; whether it uploads anything is for whoever named it to say.",
    "cloud": "of surrogates were made by a cloud service, which has seen the surrogates.",
}
_LOCAL_EDITS = "stand for those of a cloud model: they were made by a model on that machine, and nothing was uploaded."

_WHOLE = """\
- **Whole images.** In {number} of {pairs} pairs everything is private and the mask covers the whole image. There the
  surrogate model was asked for what the data set's own caption says, and `edited_source` of {edited} of them is
  the data set's own edited picture, not one of the editor below. Their tag is by a rule of this kit.
"""

_REBUILT = """\
**Nothing here is simulated, and it is not the authors' release.** Sources, masks and categories are those of
{datasets}; surrogates and their edits were made anew, by the models below.
Read from {folders}, with its own card in each.

- **Edits** stand for those of a cloud model: they were made by a model on the machine that ran the command. Sources and
  their edits may show what is private: treat this folder as private.
- **Splits** are those of the records. Where the profile asks for fewer pairs than there are, its seed chose them.
- Pictures of another size are resized to {size}x{size} pixels (bicubic), masks without new values (nearest).
- {problems} problems were found, listed in `problems.csv`; what they concern is left out.
"""

_SEEDS = """\
## Seeds

`generation.seed` is {seed}. A surrogate's noise is made of it and the name of the pair; I and S of an instance are
edited with the same seed, made of it and the name of the instance. So nothing depends on the order or the number of
processes, but another kind of device, or other versions of the libraries, can change pixels.
"""


def models_used(parameters: GenerationParameters) -> dict[str, dict[str, str]]:
    """Name, revision and commit of the surrogate model and the editor's, by role; "" where there is none.

    A folder is named by its last part and has no revision. The commit is the one in the hub's cache, so ask when the
    models are loaded: a branch moves.
    """
    used = {}
    for role, location, revision in (
        ("surrogate", parameters.surrogate_model, parameters.surrogate_revision),
        ("editor", usual_model(parameters), parameters.editor_revision),
    ):
        folder = Path(model_location(location)) if location else None
        if folder is None or folder.is_dir():
            used[role] = {"model": f"folder {folder.name}" if folder else "", "revision": "", "commit": ""}
        else:
            commit = cached_commit(location, "model_index.json", revision) or ""
            used[role] = {"model": location, "revision": revision, "commit": commit}
    return used


def _model(entry: dict[str, str]) -> str:
    if not entry["model"]:
        return "an external program, see `editor` in generation.json"
    revision = f" at revision `{entry['revision']}`" if entry["revision"] else ", a local copy of unknown revision"
    return f"`{entry['model']}`{revision}" + (f" (commit {entry['commit']})" if entry["commit"] else "")


def models_text(made_of: dict, of: str = "") -> str:
    """Which models made a folder, as Markdown, from the content of its generation.json; `of` joins the headline."""
    editor = made_of["editor"].partition(":")[0]
    return (
        f"## Models{of}\n\nRun by `python -m sppe_lib.data.generate`:\n\n"
        f"- **Surrogates:** {_model(made_of['models']['surrogate'])}; protection strength {made_of['strength']:g}, "
        f"{made_of['surrogate_steps']} steps,\n  guidance {made_of['surrogate_guidance']:g}, {made_of['batch']} pairs "
        "at a time.\n"
        f"- **Edits:** `{editor}`, {_model(made_of['models']['editor'])}; {made_of['editor_steps']} steps, guidance "
        f"{made_of['editor_guidance']:g}.\n\n"
        "Every value is in the `generation.json` that this command wrote. The models have licences of their own, which may bind what they make.\n"
    )


def rebuilt_heading(summary: Summary, datasets: Sequence[str]) -> Heading:
    """The heading of a benchmark built from generated folders, by `summary.made_of`.

    Folders that the same models made share a paragraph about them.
    """
    together: dict[str, list[str]] = {}
    for folder, made_of in summary.made_of.items():
        together.setdefault(models_text(made_of), []).append(folder)
    models = [
        models_text(summary.made_of[names[0]], "" if len(together) == 1 else f" of {', '.join(names)}")
        for names in together.values()
    ]
    about = _REBUILT.format(
        datasets=", ".join(datasets),
        folders=", ".join(f"`{name}`" for name in summary.made_of),
        size=summary.parameters.size,
        problems=len(summary.problems),
    )
    prose = "\n".join([about, *models, _terms(datasets)])
    return Heading(f"SPPE, rebuilt from {', '.join(datasets)}", "01_benchmark", prose)


def _terms(datasets: Sequence[str]) -> str:
    known = {name: source.obtain for name, source in SOURCES.items()} | {INSTRUCTPIX2PIX: OBTAIN}
    lines = [f"- **{name}.** {known.get(name, 'The kit does not know its terms: find out.')}" for name in datasets]
    return "\n".join(["## Terms of the sources\n", *lines, "\nDo not pass this folder on without regard to them.\n"])


def generated_card(records: Sequence[Record], made_of: dict) -> str:
    """The card as Markdown, of the records that a folder is made from and the content of its generation.json.

    Its counts are those of the whole list, whether or not all shards are there yet.
    """
    datasets = list(dict.fromkeys(record.dataset for record in records))
    title = f"Surrogates and edits of {', '.join(datasets)}"
    numbers = [(record.split, 1, len(record.instructions)) for record in records]
    table = pd.DataFrame(numbers, columns=["split", "pairs", "instances"])
    counts = table.groupby("split").sum().reindex([split for split in SPLITS if split in set(table["split"])])
    edits = _EDITS.get(made_of["editor"].partition(":")[0], _LOCAL_EDITS)
    about = _ABOUT.format(datasets=", ".join(datasets), size=made_of["size"], edits=edits)
    whole = [record for record in records if record.whole]
    if whole:
        edited = sum(record.edited is not None for record in whole)
        about += _WHOLE.format(number=len(whole), pairs=len(records), edited=edited)
    parts = [
        front_matter(title, list(counts.index)),
        f"# {title}\n",
        "Made by `python -m sppe_lib.data.generate` of the SPPE kit for the protocol of *When Recovery Matters:\n"
        "The Blind Spot of Surrogate Privacy in MLLM Editing* (arXiv 2606.07171).\n",
        about,
        models_text(made_of),
        _SEEDS.format(seed=made_of["seed"]),
        "## Size\n",
        counts.reset_index().to_markdown(index=False) + "\n",
        f"It is complete with {made_of['shards']} Parquet files; the same command makes what is missing.\n",
        _terms(datasets),
        "## Columns\n",
        COLUMNS,
    ]
    return "\n".join(parts)
