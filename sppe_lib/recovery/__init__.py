"""Recovery methods behind one small interface: a method may be fitted, and turns a Batch into pictures."""

from importlib import import_module
from pathlib import Path

from sppe_lib.config import Profile, changed
from sppe_lib.data.schema import EVALUATED, open_evaluated, split_files
from sppe_lib.errors import ConfigError
from sppe_lib.locations import backbone_keys
from sppe_lib.recovery import ablation_rows, trivial
from sppe_lib.recovery.method import BENCHMARK, EVERYTHING, Entry, Recover
from sppe_lib.recovery.sharded import digest_of, recover_in_shards

METHODS = {
    "copy-surrogate": Entry(trivial.copy_surrogate, data=EVERYTHING),
    "paste-source": Entry(trivial.paste_source, data=EVERYTHING),
    "local-linear": Entry(trivial.local_linear, data=EVERYTHING),
    "frozen": Entry("floors_and_ceilings.Frozen", data=EVERYTHING),
    "VISII": Entry("visii.Visii", data=BENCHMARK),  # not in Table 7: its editor was trained on that data
    "EditTransfer": Entry("edit_transfer.EditTransfer", trained=True),
    "Prompt-Diffusion": Entry("prompt_diffusion.PromptDiffusion", trained=True),
    "Cross-Image Attention": Entry("cross_image_attention.CrossImageAttention"),
    "SOER": Entry("soer.Soer", trained=True, data=EVERYTHING),
    "C2E-S2SER": Entry("c2e_s2ser.C2eS2ser", trained=True, data=EVERYTHING),
    "oracle-words": Entry("floors_and_ceilings.OracleWords", data=BENCHMARK, oracle=True),
    "oracle-realisation": Entry("floors_and_ceilings.OracleRealisation", data=BENCHMARK, oracle=True),
}
"""Every row of the tables, in their order: floors, methods, ceilings. Adding one is a line here and a file."""

TRAINED = tuple(name for name, entry in METHODS.items() if entry.trained)
"""The methods that learn."""


def method(name: str) -> Entry:
    """Look a method or an ablation up; raises ConfigError naming the known methods."""
    known = METHODS
    if name.startswith(ablation_rows.PREFIX):
        known = import_module("sppe_lib.recovery.ablations").METHODS  # imports what recovers
    if name not in known:
        raise ConfigError(f"Unknown recovery method {name!r}: use one of {', '.join(METHODS)}.")
    return known[name]


def methods(names: str) -> list[str]:
    """The methods of a comma-separated list, each known; the order is kept."""
    chosen = [name.strip() for name in names.split(",")]
    for name in chosen:
        method(name)
    return chosen


def with_seed(profile: Profile, number: int) -> Profile:
    """The profile for repetition `number` (from 0) of a trained method: only the seed moves."""
    return changed(profile, {"recovery.training.seed": profile.recovery.training.seed + number})


def repetitions(profile: Profile, name: str) -> range:
    """The seeds of a method, counted from 0: `recovery.training.seeds` if it is trained, else one (ablations, too)."""
    return range(profile.recovery.training.seeds if name in METHODS and METHODS[name].trained else 1)


def fit(profile: Profile, name: str) -> Path | None:
    """Train a method, once for each seed; returns the first seed's folder, None if it learns nothing.

    Raises ConfigError for an unknown method, also where `recovery.training.learning_rates` names one.
    """
    chosen = method(name)
    for other, _ in profile.recovery.training.learning_rates:
        if other not in METHODS or not METHODS[other].trained:
            raise ConfigError(
                f"recovery.training.learning_rates names {other!r}, which is no trained method: correct params.yaml."
            )
    if not chosen.trained:
        return None
    return [chosen.fit(with_seed(profile, number)) for number in repetitions(profile, name)][0]


def recovered_file(profile: Profile, name: str, data: str = "benchmark", number: int = 0) -> Path:
    """A method's pictures of some data: `results/<profile>/recovered/<method>/<data>[-seed<number>].parquet`."""
    return profile.results / "recovered" / name / f"{data}{f'-seed{number}' if number else ''}.parquet"


def recover_split(
    profile: Profile, name: str, data: str = "benchmark", number: int = 0, recover: Recover | None = None
) -> Path:
    """Recover every instance of some data (of `schema.EVALUATED`), with `recover` if the method is loaded already.

    Returns the file, written atomically.
    """
    recover = recover or method(name).load(with_seed(profile, number))
    folder, models = profile.results / "training", profile.models
    # A killed run leaves temporary folders, which are hidden.
    trained = [path for path in sorted(folder.rglob("*.safetensors")) if "/." not in f"/{path.relative_to(folder)}"]
    pictures = split_files(profile.results / EVALUATED[data][0], EVALUATED[data][1])
    digest = digest_of(name, number, models, backbone_keys(models), profile.recovery, *trained, *pictures)
    path, shards = recovered_file(profile, name, data, number), profile.results / "shards" / digest
    dataset, batch = open_evaluated(profile, data), profile.recovery.sampling.batch
    return recover_in_shards(recover, dataset, path, shards, batch, f"{name}: recover {data}")


def recover_all(profile: Profile, name: str) -> list[Path]:
    """Recover all the data that a method is for and the profile has; other seeds the benchmark only.

    The method's folder is there afterwards, empty where the profile has nothing for it.
    """
    chosen, written = method(name), []
    recovered_file(profile, name).parent.mkdir(parents=True, exist_ok=True)
    built = [data for data in chosen.data if chosen.available(profile, data)]
    for number in repetitions(profile, name) if built else ():
        recover = chosen.load(with_seed(profile, number))
        for data in chosen.data[:1] if number else built:
            written.append(recover_split(profile, name, data, number, recover))
    return written
