"""Dataset cards: of a built set, and of a folder that `generate` fills; `datasets.load_dataset(folder)` reads both.

Their prose is in `cards/*.md`, with names in braces for what a build fills in; a set's begins with its title.
"""

from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import yaml

from sppe_lib.data.schema import INSTRUCTPIX2PIX, SPLITS
from sppe_lib.data.sources import SOURCES
from sppe_lib.data.sources.instructpix2pix import OBTAIN

if TYPE_CHECKING:
    from sppe_lib.data.record_list import Record
    from sppe_lib.data.store import Summary

_EDITS = {
    "command": "were made by an external program; whether it uploads anything is for whoever named it to say.",
    "cloud": "of surrogates were made by a cloud service, which has seen the surrogates.",
}
_LOCAL_EDITS = "stand for those of a cloud model: they were made by a model on that machine, and nothing was uploaded."


def prose(name: str, **values: object) -> str:
    """The text `cards/<name>.md` with its names filled in."""
    return files(__package__).joinpath("cards", f"{name}.md").read_text(encoding="utf-8").format(**values)


def about_set(summary: "Summary", name: str, **values: object) -> str:
    """Title and prose of a set, `cards/<name>.md`, filled in with what its summary and parameters say, and `values`."""
    known = {"redraws": summary.redraws, "mask_origins": summary.mask_origins, **vars(summary.parameters)}
    return prose(name, **known, problems=0 if summary.problems is None else len(summary.problems), **values)


def _card(title: str, text: str, counts: pd.DataFrame, simulated: bool = False) -> str:
    # The YAML head is by what `datasets.load_dataset` finds the Parquet files of the splits, the index of `counts`.
    files_of = [{"split": split, "path": f"{split}-*.parquet"} for split in SPLITS if split in counts.index]
    header = {
        "pretty_name": title,
        "license": "apache-2.0" if simulated else "other",
        "task_categories": ["image-to-image"],
        "tags": ["privacy", "image-editing"] + (["simulated", "synthetic"] if simulated else []),
        "configs": [{"config_name": "default", "data_files": files_of}],
    }
    return f"---\n{yaml.safe_dump(header, sort_keys=False)}---\n\n# {title}\n\n{text}"


def set_card(summary: "Summary", about: str) -> str:
    """The card of a built set as Markdown; `about` is its title and prose, every number is computed from the build."""
    title, _, about = about.removeprefix("# ").partition("\n\n")
    of_split = summary.counts.groupby("split", sort=False)[["pairs", "instances"]].sum()
    least, lower, upper, most = np.percentile(np.array(list(summary.private_shares.values())) * 100, (0, 25, 75, 100))
    did = ["What the simulated editor did, in instances:", "", "| on the source | on the surrogate | instances |"]
    did.append("|---|---|---|")
    did += [f"| {source} | {surrogate} | {n} |" for (source, surrogate), n in sorted(summary.outcomes.items())]
    text = prose(
        "set",
        notebook="01_benchmark" if summary.folder.name == "benchmark" else "01b_more_sets",
        about=about,
        counts=of_split.reset_index().to_markdown(index=False),
        size=summary.parameters.size,
        **{"least": least, "lower": lower, "upper": upper, "most": most},
        outcomes="\n".join([*did, "", ""]) if summary.simulated else "",
        columns=prose("columns"),
    )
    return _card(title, text, of_split, summary.simulated)


def _model(entry: dict[str, str]) -> str:
    if not entry["model"]:
        return "an external program, see `editor` in generation.json"
    revision = f" at revision `{entry['revision']}`" if entry["revision"] else ", a local copy of unknown revision"
    return f"`{entry['model']}`{revision}" + (f" (commit {entry['commit']})" if entry["commit"] else "")


def _models(made_of: dict, of: str = "") -> str:
    """Which models made a folder, from the content of its generation.json; `of` joins the headline."""
    surrogate, edits = (_model(made_of["models"][role]) for role in ("surrogate", "editor"))
    program = made_of["editor"].partition(":")[0]
    return prose("models", of=of, surrogate=surrogate, edits=edits, program=program, **made_of)


def _terms(datasets: Sequence[str]) -> str:
    known = {name: source.obtain for name, source in SOURCES.items()} | {INSTRUCTPIX2PIX: OBTAIN}
    lines = [f"- **{name}.** {known.get(name, 'The kit does not know its terms: find out.')}" for name in datasets]
    return "\n".join(["## Terms of the sources\n", *lines, "\nDo not pass this folder on without regard to them.\n"])


def about_rebuilt(summary: "Summary", datasets: Sequence[str]) -> str:
    """Of a benchmark built from generated folders; those of the same models share a paragraph on them."""
    together: dict[str, list[str]] = {}
    for folder, made_of in summary.made_of.items():
        together.setdefault(_models(made_of), []).append(folder)
    models = [
        _models(summary.made_of[names[0]], "" if len(together) == 1 else f" of {', '.join(names)}")
        for names in together.values()
    ]
    folders = ", ".join(f"`{name}`" for name in summary.made_of)
    about = about_set(summary, "rebuilt", datasets=", ".join(datasets), folders=folders)
    return "\n".join([about, *models, _terms(datasets)])


def about_unseen_folder(summary: "Summary", datasets: Sequence[str], folder: str, made_of: dict) -> str:
    """Of an unseen set built from the generated folder of this name."""
    about = about_set(summary, "unseen_folder", datasets=", ".join(datasets), folder=folder, obtain=OBTAIN)
    return f"{about}\n{_models(made_of)}"


def generated_card(records: Sequence["Record"], made_of: dict) -> str:
    """The card of a folder as Markdown, by the whole list of its records and the content of its generation.json."""
    datasets = list(dict.fromkeys(record.dataset for record in records))
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
        models=_models(made_of),
        seed=made_of["seed"],
        counts=counts.reset_index().to_markdown(index=False),
        shards=made_of["shards"],
        terms=_terms(datasets),
        columns=prose("columns"),
    )
    return _card(f"Surrogates and edits of {', '.join(datasets)}", text, counts)
