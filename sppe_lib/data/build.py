"""The stages that build sets: from the vector world, a released tree or generated folders to shards with a card."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from sppe_lib.config import Profile, repository
from sppe_lib.data import generated_folder, released
from sppe_lib.data.card import about_rebuilt, about_set, about_unseen_folder
from sppe_lib.data.miniature import SEEN_LEVELS, SEEN_SHARE, DrawnPair, PairPlan, draw_pair, draw_pairs, plan_splits
from sppe_lib.data.problems import Found
from sppe_lib.data.schema import FULL_IMAGE_DATASETS, INSTRUCTPIX2PIX, ORACLE_FEATURES, SPLITS
from sppe_lib.data.store import IDENTITIES, MADE_OF, VECTOR_WORLD, Summary, write_set
from sppe_lib.data.sweep import STRENGTHS, plan_sweep
from sppe_lib.data.unseen import draw_unseen_pair, plan_unseen
from sppe_lib.errors import ConfigError, DataError
from sppe_lib.runtime import atomic_path, progress


def build_benchmark(profile: Profile, processes: int = 2) -> Summary:
    """Build `results/<profile>/benchmark/`: Parquet shards, README.md (the card), counts.csv, problems.csv.

    `profile.benchmark.source` is "vector-world", a folder in the released layout, or what `generate` filled (see
    `generated_folder`); of stored ones, faulty instances are left out and listed. The folder is replaced only once
    everything is written. Raises ConfigError, DataError or ResourceError, before the work starts where that can be
    known.
    """
    parameters = profile.benchmark
    summary = Summary(profile.results / "benchmark", parameters)
    if parameters.source == VECTOR_WORLD:
        for split, number in parameters.pairs.items():
            if number < 1:
                raise ConfigError(
                    f"benchmark.{split}_pairs is {number}: the vector world has no end, so say how many (at least 1)."
                )
        plans = plan_splits(parameters)
        rows = _simulated_rows(draw_pairs(plans, processes, redraws=summary.redraws), summary)
        return write_set(rows, sum(len(plan.codes) for plan in plans), summary, _about_drawn)
    if found := generated_folder.find_generated(profile):
        summary.made_of = {folder.path.name: folder.made_of for folder in found.folders}
        instances, total = found.read(parameters.size, processes), found.total
        about = partial(about_rebuilt, datasets=found.datasets)
    else:
        found = _find_released(profile)
        instances, total = released.read_instances(found, processes), len(found.plans)
        about = partial(about_set, name="released", threshold=released.DIFFERENCE_THRESHOLD)
    return write_set(_stored_rows(instances, found, summary), total, summary, about)


def _find_released(profile: Profile) -> released.Released:
    """What the profile's released tree holds; DataError where a split has no instance."""
    parameters = profile.benchmark
    found = released.find_instances(
        repository() / parameters.source, parameters.size, parameters.strength, parameters.pairs, parameters.seed
    )
    missing = [split for split in SPLITS if not any(plan.row["split"] == split for plan in found.plans)]
    if missing:
        found.require_none()
        raise DataError(
            f"The data folder {parameters.source!r} has no instances of the split {missing[0]}; add its folders "
            f"{missing[0].upper()}, since a method is trained, chosen and tested on three different splits."
        )
    return found


def _simulated_rows(pairs: Iterable[DrawnPair], summary: Summary) -> Iterator[dict]:
    """The rows of drawn pairs, noting in the summary the rest: private shares, identities, outcomes, second edits."""
    for pair in pairs:
        summary.private_shares |= pair.private_shares
        summary.identities |= dict.fromkeys(pair.identities, pair.plan.split)
        for row in pair.rows:
            summary.outcomes[row["source_outcome"], row["surrogate_outcome"]] += 1
            if "edited_again" in row:
                second = {column: row[column] for column in ORACLE_FEATURES}
                summary.edited_again.setdefault(row["split"], []).append(second)
            yield row


def _stored_rows(
    instances: Iterable[released.ReadInstance], found: Found, summary: Summary, needed: Sequence[str] = SPLITS
) -> Iterator[dict]:
    """The rows that could be read, noting in the summary the rest; DataError where a split in `needed` has none."""
    splits = set()
    for instance in instances:
        if instance.row is not None:
            splits.add(instance.row["split"])
            summary.mask_origins[instance.mask_origin] += 1
            summary.private_shares[instance.row["pair_id"]] = instance.private_share
            yield instance.row
    if not splits.issuperset(needed):
        found.require_none()
    summary.problems = found.report()


def _about_drawn(summary: Summary, name: str = "simulated", plans: Sequence[PairPlan] = ()) -> str:
    """The prose of a set that was drawn by `plans`."""
    return about_set(
        summary,
        name,
        strengths=", ".join(f"{strength:g}" for strength in STRENGTHS),
        kinds=", ".join(dict.fromkeys(plan.category for plan in plans)),
        texts=len({plan.codes for plan in plans}),
        pairs=len(plans),
        seen_share=100 * SEEN_SHARE,
        seen_levels=SEEN_LEVELS,
    )


_SETS: dict[str, tuple[Callable, Callable, str, str]] = {
    "sweep": (
        plan_sweep,
        draw_pair,
        "sweep_sources",
        "at paper scale it needs new surrogates of the released sources, which the release does not hold",
    ),
    "unseen": (
        plan_unseen,
        draw_unseen_pair,
        "unseen_pairs",
        "at paper scale benchmark.unseen_source names a folder generated from InstructPix2Pix, which takes its place",
    ),
}
"""How a set is planned, drawn, and counted by which parameter; and who else has it."""

SETS = tuple(_SETS)
"""Names of the sets beside the benchmark, and of their folders: one split `test` each, in the benchmark's schema."""


def claimed(profile: Profile, processes: int = 2) -> dict[str, str]:
    """The split of every identity of the profile's benchmark: as kept where that is built, else from drawing it."""
    path = profile.results / "benchmark" / IDENTITIES
    if path.is_file():
        return json.loads(path.read_text(encoding="utf-8"))
    claims: dict[str, str] = {}
    plans = plan_splits(profile.benchmark)
    for _ in progress(draw_pairs(plans, processes, claims), "Identities", len(plans)):
        pass
    return claims


def build_set(profile: Profile, name: str, processes: int = 2) -> Summary:
    """Build `results/<profile>/<name>/`: Parquet shards of the split `test`, README.md (the card) and counts.csv.

    `name` is one of SETS. The folder is replaced only once everything is written; its bytes do not depend on
    `processes`. Raises ConfigError for other names and where the profile does not have the set, saying who has;
    ResourceError where the disk has no room; what `generated_folder` raises for an `unseen_source` that is a folder.
    """
    if name not in _SETS:
        raise ConfigError(f"Unknown set {name!r}: use one of {', '.join(SETS)}.")
    (plan, draw, parameter, elsewhere), parameters = _SETS[name], profile.benchmark
    absent = f"The set {name!r} is not built in profile {profile.name}, where benchmark."
    if name == "unseen" and not parameters.unseen_source:
        raise ConfigError(f'{absent}unseen_source is "": name {VECTOR_WORLD} or a folder that data.generate filled.')
    if name == "unseen" and parameters.unseen_source != VECTOR_WORLD:
        return _unseen_from_folder(profile, processes)
    if parameters.source != VECTOR_WORLD:
        raise ConfigError(
            f"The set {name!r} is drawn by benchmark.source {VECTOR_WORLD} only, and profile {profile.name} has "
            f"{parameters.source!r} there: use a profile with the vector world; {elsewhere}."
        )
    if getattr(parameters, parameter) == 0:
        raise ConfigError(
            f"{absent}{parameter} is 0: say how many to draw with benchmark.source {VECTOR_WORLD}; {elsewhere}."
        )
    summary, plans = Summary(profile.results / name, parameters), plan(parameters)
    claims = claimed(profile, processes) if name == "sweep" else {}  # nothing unseen is anybody's
    drawn = draw_pairs(plans, processes, claims, summary.redraws, draw)
    number = sum(len(plan.pairs) for plan in plans)
    return write_set(_simulated_rows(drawn, summary), number, summary, partial(_about_drawn, name=name, plans=plans))


def _unseen_from_folder(profile: Profile, processes: int) -> Summary:
    """The unseen set from `benchmark.unseen_source`: all instances of the first `unseen_pairs` pairs (0: of all)."""
    parameters, folder = profile.benchmark, generated_folder.find_unseen(profile)
    datasets = sorted(set(folder.column("test", "dataset")))
    if others := [dataset for dataset in datasets if dataset not in FULL_IMAGE_DATASETS]:
        raise DataError(
            f"The folder {parameters.unseen_source!r} of benchmark.unseen_source holds pairs of {others[0]}, "
            f"whose surrogates are not full images; name a folder that was generated from {INSTRUCTPIX2PIX}."
        )
    pairs = Counter(folder.column("test", "pair_id"))
    chosen = set(list(pairs)[: parameters.unseen_pairs or None])
    found = generated_folder.Generated("the generated data", [folder], datasets, {"test": pairs}, chosen)
    summary = Summary(profile.results / "unseen", parameters)
    rows = _stored_rows(found.read(parameters.size, processes), found, summary, ["test"])
    about = partial(about_unseen_folder, datasets=datasets, folder=folder.path.name, made_of=folder.made_of)
    return write_set(rows, found.total, summary, about)


def build_sets(profile: Profile, processes: int = 2) -> dict[str, Summary | str]:
    """Build every set that the profile has: name -> its summary, or a sentence why it has none.

    A set the profile has not leaves a folder with that sentence in README.md and no shards, by which later stages know
    that it is absent; shards of an earlier build go. Only a folder that holds anything else is left as it is.
    """
    built: dict[str, Summary | str] = {}
    for name in SETS:
        try:
            built[name] = build_set(profile, name, processes)
        except ConfigError as reason:
            built[name] = str(reason)
            folder = profile.results / name
            found = {path.name for path in folder.iterdir() if path.suffix != ".parquet"} if folder.exists() else set()
            if found <= {"README.md", "counts.csv", "problems.csv", IDENTITIES, MADE_OF}:
                with atomic_path(folder) as temporary:
                    temporary.mkdir()
                    (temporary / "README.md").write_text(f"# {name}: not built\n\n{reason}\n", encoding="utf-8")
    return built
