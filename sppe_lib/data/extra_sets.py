"""The sets beside the benchmark: `sweep` and `unseen`, in the benchmark's schema, one split `test` each.

The vector world draws them; `unseen` can also be read from a folder of generated pairs (`unseen_folder`).
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sppe_lib.config import BenchmarkParameters, Profile
from sppe_lib.data.build import simulated_rows, write_set
from sppe_lib.data.card import Heading
from sppe_lib.data.summary import IDENTITIES, VECTOR_WORLD, Summary
from sppe_lib.data.sweep import STRENGTHS, draw_sweep, plan_sweep, sweep_columns
from sppe_lib.data.unseen import draw_unseen, plan_unseen
from sppe_lib.data.unseen_folder import build_from_folder
from sppe_lib.data.vector_world import Claims, DrawnPair, Redraws
from sppe_lib.errors import ConfigError
from sppe_lib.runtime import write_text

__all__ = ["SETS", "STRENGTHS", "build_set", "build_sets", "sweep_columns"]

_SWEEP = """\
**Everything here is simulated**, as in SPPE-mini: drawn scenes, and a program that plays the cloud model.

- **Sources** have seeds of their own, and none shares a private person, text or thing, or its very pixels, with
  any split of SPPE-mini ({identities} scenes were drawn again for that, {masks} for an empty or full mask). The
  categories take turns; each source has one instruction.
- **Surrogates.** Each source has one at every strength of {strengths}, and {candidates} in all at {strength:g}, the
  benchmark's own. Each is a pair: `sweep/00012/s50-2` is candidate 2 of source 12 at strength 0.5.
  Weak ones keep much of their source, but each shows another picture.
- **All pairs of a source share I and I'**, so they are not independent: statistics must resample sources
  (the first two parts of the id). The mask is where private parts of I or of this S show.
- **The simulated editor** uses the same seed on I and on each S, and sees each alone, as in SPPE-mini.

People are drawn with DiceBear's "Avataaars" style by Pablo Stanley, free for personal and commercial use.
"""

_UNSEEN = """\
**Everything here is simulated.** It is a miniature stand-in for the paper's test on InstructPix2Pix (Table 7) and
holds none of its pictures or prompts.

- **Scenes** are of kinds that SPPE-mini has not: {kinds}. `category` is the kind; group and modality are "Unseen".
- **Instructions**: {texts} different texts in {pairs} pairs, none of them among SPPE-mini's 65. Most ask for
  edits that SPPE-mini has not, some for its styles and backgrounds in other words.
- **Surrogates are full images**: S is another scene of the same kind. So the mask covers everything, nothing is
  outside of it, and `strength` is empty.
- **The simulated editor** obeys the rules it has in SPPE-mini: it sees one picture, the instruction and a seed,
  misses small or covered targets, does nothing where there is nothing to do, and realises the same words
  differently on different pictures.
"""


def _sweep_heading(summary: Summary) -> Heading:
    parameters, redraws = summary.parameters, summary.redraws
    about = _SWEEP.format(
        identities=redraws.identities,
        masks=redraws.masks,
        strength=parameters.strength,
        strengths=", ".join(f"{strength:g}" for strength in STRENGTHS),
        candidates=parameters.sweep_candidates,
    )
    return Heading("SPPE-mini sweep (simulated)", "01b_more_sets", about)


def _unseen_heading(summary: Summary) -> Heading:
    plans = plan_unseen(summary.parameters)
    kinds, texts = ({getattr(plan, name): None for plan in plans} for name in ("category", "codes"))
    about = _UNSEEN.format(kinds=", ".join(kinds), texts=len(texts), pairs=len(plans))
    return Heading("SPPE-mini unseen (simulated)", "01b_more_sets", about)


@dataclass(frozen=True)
class _Set:
    """How a set is drawn, how many rows it has, what its card says, which parameter counts it, and who else has it."""

    draw: Callable[[BenchmarkParameters, int, Redraws, Claims | None], Iterator[DrawnPair]]
    rows: Callable[[BenchmarkParameters], int]
    heading: Callable[[Summary], Heading]
    parameter: str
    elsewhere: str


_SETS = {
    "sweep": _Set(
        draw_sweep,
        lambda parameters: sum(len(plan.surrogates) for plan in plan_sweep(parameters)),
        _sweep_heading,
        "sweep_sources",
        "at paper scale it needs new surrogates of the released sources, which the release does not hold",
    ),
    "unseen": _Set(
        lambda parameters, processes, redraws, taken: draw_unseen(parameters, processes),
        lambda parameters: parameters.unseen_pairs,
        _unseen_heading,
        "unseen_pairs",
        "at paper scale benchmark.unseen_source names a folder generated from InstructPix2Pix, which takes its place",
    ),
}

SETS = tuple(_SETS)
"""Names of the sets, and of their folders."""


def _claimed(profile: Profile) -> Claims | None:
    """The identities of the profile's benchmark, where that is built."""
    path = profile.results / "benchmark" / IDENTITIES
    return Claims(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def build_set(profile: Profile, name: str, processes: int = 2) -> Summary:
    """Build `results/<profile>/<name>/`: Parquet shards of the split `test`, README.md (the card) and counts.csv.

    `name` is one of SETS. The folder is replaced only once everything is written. The bytes do not depend on
    the number of processes. Raises ConfigError for other names and where the profile does not have the set,
    saying who has; ResourceError where the disk has no room; for `unseen` what `unseen_folder` raises.
    """
    if name not in _SETS:
        raise ConfigError(f"Unknown set {name!r}: use one of {', '.join(SETS)}.")
    chosen, parameters = _SETS[name], profile.benchmark
    if name == "unseen" and not parameters.unseen_source:
        raise ConfigError(
            f'The set {name!r} is not built in profile {profile.name}, where benchmark.unseen_source is "": name '
            f"{VECTOR_WORLD} or a folder that data.generate filled."
        )
    if name == "unseen" and parameters.unseen_source != VECTOR_WORLD:
        return build_from_folder(profile)
    if parameters.source != VECTOR_WORLD:
        raise ConfigError(
            f"The set {name!r} is drawn by benchmark.source {VECTOR_WORLD} only, and profile {profile.name} has "
            f"{parameters.source!r} there: use a profile with the vector world; {chosen.elsewhere}."
        )
    if getattr(parameters, chosen.parameter) == 0:
        raise ConfigError(
            f"The set {name!r} is not built in profile {profile.name}, where benchmark.{chosen.parameter} is 0: "
            f"say how many to draw with benchmark.source {VECTOR_WORLD}; {chosen.elsewhere}."
        )
    summary = Summary(profile.results / name, parameters)
    drawn = chosen.draw(parameters, processes, summary.redraws, _claimed(profile))
    rows = simulated_rows(drawn, summary)
    write_set(rows, chosen.rows(parameters), summary, chosen.heading)
    return summary


def build_sets(profile: Profile, processes: int = 2) -> dict[str, Summary | str]:
    """Build every set that the profile has: name -> its summary, or a sentence why it has none.

    A set the profile has not leaves a folder with that sentence in README.md, unless something is there.
    """
    built: dict[str, Summary | str] = {}
    for name in SETS:
        try:
            built[name] = build_set(profile, name, processes)
        except ConfigError as reason:
            built[name] = str(reason)
            if not (profile.results / name).exists():
                write_text(profile.results / name / "README.md", f"# {name}: not built\n\n{reason}\n")
    return built
