"""The dataset card of a built benchmark: a README.md that `datasets.load_dataset(folder)` understands."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from sppe_lib.data.released import DIFFERENCE_THRESHOLD
from sppe_lib.data.schema import SPLITS
from sppe_lib.data.summary import Summary

COLUMNS = """\
| column | meaning |
|---|---|
| `instance_id`, `pair_id` | unique names; the instances of a pair share source, mask and surrogate |
| `dataset`, `split` | where it comes from, and `train`, `val` or `test` |
| `category`, `group`, `modality` | privacy category T: 36 names in 11 groups in 3 modalities |
| `instruction_code`, `instruction`, `tag` | the edit P, and its weak tag ADD/REMOVE, EDIT or STYLE |
| `strength` | protection strength of the surrogate, 0.1 to 1.0 |
| `source` | I, the private picture |
| `mask` | M, grey, 255 where private |
| `surrogate` | S, the picture that may leave the machine |
| `edited_surrogate` | S', the edit of S |
| `edited_source` | I', the edit of I, the reference a recovery is compared with |
| `source_outcome`, `surrogate_outcome` | what the simulated editor did: done, missed, absent; empty for real data |
| `released_label` | the release's editability cosine in [-1, 1]; empty where there is none |
"""
"""What the columns of `schema.FEATURES` mean, as Markdown."""

_SIMULATED = """\
**Everything here is simulated.** No photograph, no real person, no real document and no cloud model is
involved: scenes are drawn as vector graphics, and the editor is a program that stands in for a cloud
model. Results on it say something about the methods, not about real pictures.

- **Scenes.** Each of the 36 categories is drawn as things in varied settings; private texts, faces and
  shapes are random. The mask is where the private parts of source or surrogate show.
- **Surrogates.** The private content is replaced by other content of the same kind, at protection
  strength {strength:g}. Outside the mask, surrogate and source are equal.
- **The simulated editor** sees a scene's visible content, the instruction and a seed, never what is
  private. It edits source and surrogate independently. It has failure modes: it misses small or covered
  targets, does nothing when the target is not there, realises the same words differently on different
  pictures, and varies with the seed.
- **Splits.** Seeds are made of the split's name, so no scene is in two splits; a scene whose private
  person, text or thing, or whose pixels, occur in another split is drawn again ({identities} were), and so
  is one whose mask is empty or full ({masks} were). Single words, such as first names, do recur.

People are drawn with DiceBear's "Avataaars" style by Pablo Stanley, free for personal and commercial use.
"""

_RELEASED = """\
Read from a local tree in the layout of the published SPPE release. The release carries no licence:
what was read from it is for your own use, and this folder must not be passed on.

- Pictures are resized to {size}x{size} pixels (bicubic), masks without new values (nearest).
- {file_masks} instances have a stored mask. For {derived_masks} there was none (or only one that says
  where to paint in the four-panel grid), and a pixel counts as private if a channel of source and
  surrogate differs by more than {threshold} of 255.
- {problems} problems were found, listed in `problems.csv`; what they concern is left out.
- The release does not store the protection strength of each surrogate; `strength` repeats the
  parameter, {strength:g}.
"""


def front_matter(title: str, splits: Sequence[str], simulated: bool = False) -> str:
    """The YAML head of a card, by which `datasets.load_dataset` finds the Parquet files of the splits."""
    header = {
        "pretty_name": title,
        "license": "apache-2.0" if simulated else "other",
        "task_categories": ["image-to-image"],
        "tags": ["privacy", "image-editing"] + (["simulated", "synthetic"] if simulated else []),
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": split, "path": f"{split}-*.parquet"} for split in splits],
            }
        ],
    }
    return f"---\n{yaml.safe_dump(header, sort_keys=False)}---\n"


def _outcomes(summary: Summary) -> str:
    lines = ["What the simulated editor did, in instances:", "", "| on the source | on the surrogate | instances |"]
    lines.append("|---|---|---|")
    for (source, surrogate), number in sorted(summary.outcomes.items()):
        lines.append(f"| {source} | {surrogate} | {number} |")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Heading:
    """What a card says that is not computed from its rows: title, the notebook that builds the set, and prose."""

    title: str
    notebook: str
    about: str


def benchmark_heading(summary: Summary) -> Heading:
    """The heading of the benchmark's own card."""
    parameters = summary.parameters
    if summary.simulated:
        about = _SIMULATED.format(
            strength=parameters.strength, identities=summary.redraws.identities, masks=summary.redraws.masks
        )
        return Heading("SPPE-mini (simulated)", "01_benchmark", about)
    about = _RELEASED.format(
        size=parameters.size,
        strength=parameters.strength,
        threshold=DIFFERENCE_THRESHOLD,
        file_masks=summary.mask_origins["file"],
        derived_masks=summary.mask_origins["difference"],
        problems=len(summary.problems),
    )
    return Heading("SPPE, local copy of the release", "01_benchmark", about)


def card_text(summary: Summary, heading: Heading) -> str:
    """The card as Markdown; every number is computed from the build."""
    counts = summary.counts.groupby("split", sort=False)[["pairs", "instances"]].sum()
    shares = np.array(list(summary.private_shares.values())) * 100
    parameters, present = summary.parameters, [split for split in SPLITS if split in set(summary.counts["split"])]
    parts = [
        front_matter(heading.title, present, summary.simulated),
        f"# {heading.title}\n",
        f"Built by this repository's `notebooks/{heading.notebook}.ipynb` for the protocol of *When Recovery Matters: "
        "The\nBlind Spot of Surrogate Privacy in MLLM Editing* (arXiv 2606.07171).\n",
        heading.about,
        "## Size\n",
        counts.reset_index().to_markdown(index=False) + "\n",
        f"Pictures are {parameters.size}x{parameters.size} pixels. The private region covers {shares.min():.1f} % to "
        f"{shares.max():.1f} % of a\npicture, half of the time between {np.percentile(shares, 25):.1f} % and "
        f"{np.percentile(shares, 75):.1f} %. By split and category: `counts.csv`.\n",
    ]
    if summary.simulated:
        parts.append(_outcomes(summary))
    parts += ["## Columns\n", COLUMNS, "## Use\n", '```python\ndatasets.load_dataset("<this folder>")\n```\n']
    return "\n".join(parts)


def write_card(folder: Path, summary: Summary, heading: Heading) -> None:
    """Write README.md into a folder that is being built."""
    (folder / "README.md").write_text(card_text(summary, heading), encoding="utf-8")
