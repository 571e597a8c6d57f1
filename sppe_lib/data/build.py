"""The benchmark stage: from the vector world, a released tree or generated folders to Parquet shards with a card."""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from sppe_lib.config import Profile, repository
from sppe_lib.data import generated_folder, released
from sppe_lib.data.card import Heading, benchmark_heading, write_card
from sppe_lib.data.shards import MADE_OF, row_bytes, write_shards
from sppe_lib.data.summary import IDENTITIES, Summary
from sppe_lib.data.vector_world import DrawnPair, draw_pairs
from sppe_lib.errors import ConfigError
from sppe_lib.runtime import atomic_path, progress, require_disk


def build_benchmark(profile: Profile, processes: int = 2, strict: bool = False) -> Summary:
    """Build `results/<profile>/benchmark/`: Parquet shards, README.md (the card), counts.csv, problems.csv.

    `profile.benchmark.source` is "vector-world", a folder in the released layout, or what `generate` filled (see
    `generated_folder`). `strict` makes any problem of stored pictures an error; otherwise faulty instances are left
    out and listed. The folder is replaced only once everything is written. Raises ConfigError, DataError or
    ResourceError, before the work starts where that can be known.
    """
    parameters = profile.benchmark
    folder = profile.results / "benchmark"
    summary = Summary(folder, parameters)
    pairs, heading = parameters.pairs, benchmark_heading
    if summary.simulated:
        for split, number in pairs.items():
            if number < 1:
                raise ConfigError(
                    f"benchmark.{split}_pairs is {number}: the vector world has no end, so say how many (at least 1)."
                )
        total = 2 * sum(pairs.values())
        drawn = draw_pairs(pairs, parameters.size, parameters.strength, parameters.seed, processes, summary.redraws)
        rows = simulated_rows(drawn, summary)
    elif generated := generated_folder.find_generated(profile):
        # Imported late: it names models, and so brings diffusers along, which no other source needs.
        from sppe_lib.data.generated_card import rebuilt_heading

        summary.made_of = {folder.path.name: folder.made_of for folder in generated.folders}
        total, heading = generated.total, partial(rebuilt_heading, datasets=generated.datasets)
        instances = generated_folder.read_instances(generated, parameters.size, processes)
        rows = _stored_rows(instances, generated, strict, summary)
    else:
        found = released.find_instances(
            repository() / parameters.source, parameters.size, parameters.strength, pairs, parameters.seed
        )
        if strict:
            found.require_none()
        total = len(found.plans)
        rows = _stored_rows(released.read_instances(found, processes), found, strict, summary)
    write_set(rows, total, summary, heading)
    return summary


def write_set(rows: Iterable[dict], number: int, summary: Summary, heading: Callable[[Summary], Heading]) -> None:
    """Replace `summary.folder` by the rows as Parquet shards, README.md (the card) and counts.csv, once all are there.

    Simulated sets also keep the split of every identity, so that other sets can avoid them; generated ones keep what
    made them.

    `number`: how many rows there are, at most; ResourceError where the disk has no room for them. `heading`
    is asked when all rows are written. Fills `summary.counts`.
    """
    size = summary.parameters.size
    require_disk(summary.folder, number * row_bytes(size))
    with atomic_path(summary.folder) as temporary:
        temporary.mkdir()
        summary.counts = write_shards(progress(rows, summary.folder.name.capitalize(), number), temporary, size)
        summary.counts.to_csv(temporary / "counts.csv", index=False)
        if summary.problems is not None:
            summary.problems.to_csv(temporary / "problems.csv", index=False)
        if summary.identities:
            (temporary / IDENTITIES).write_text(json.dumps(summary.identities, sort_keys=True), encoding="utf-8")
        if summary.made_of:
            (temporary / MADE_OF).write_text(json.dumps(summary.made_of, indent=2) + "\n", encoding="utf-8")
        write_card(temporary, summary, heading(summary))


def simulated_rows(pairs: Iterable[DrawnPair], summary: Summary) -> Iterator[dict]:
    """The rows of drawn pairs, noting in the summary how much is private and what the simulated editor did."""
    for pair in pairs:
        summary.private_shares |= pair.private_shares
        summary.identities |= dict.fromkeys(pair.identities, pair.plan.split)
        for row in pair.rows:
            summary.outcomes[row["source_outcome"], row["surrogate_outcome"]] += 1
            yield row


def _stored_rows(
    instances: Iterable[released.ReadInstance],
    found: released.Released | generated_folder.Generated,
    strict: bool,
    summary: Summary,
) -> Iterator[dict]:
    for instance in instances:
        if strict:
            found.require_none()
        if instance.row is not None:
            summary.mask_origins[instance.mask_origin] += 1
            summary.private_shares[instance.row["pair_id"]] = instance.private_share
            yield instance.row
    if not summary.private_shares:
        found.require_none()
    summary.problems = found.report()
