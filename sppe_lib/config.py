"""Profiles and parameters: read from params.yaml, validated, unknown keys refused."""

import copy
import dataclasses
import operator
import os
import re
import typing
from dataclasses import dataclass
from pathlib import Path

import yaml

from sppe_lib.errors import ConfigError
from sppe_lib.locations import check_location, model_location, model_revision, repository

__all__ = ["Profile", "changed", "choose_profile", "load_profile", "model_location", "repository"]


@dataclass(frozen=True)
class BenchmarkParameters:
    """Where instances come from and how many; sizes in pixels, strength in 0.1 … 1.0 (SPEC §2).

    `source`: "vector-world", a folder in the released layout, or one that `data.generate` filled, or that holds
    several of these.
    The last four are for the sets beside the benchmark (`data/build.py`); 0 sources or pairs: not built.
    `unseen_source`: "vector-world", "" (not built), or a folder that `data.generate` filled (then 0 pairs: all).
    """

    source: str
    size: int
    strength: float
    train_pairs: int
    val_pairs: int
    test_pairs: int
    seed: int
    sweep_sources: int
    sweep_candidates: int
    unseen_pairs: int
    unseen_source: str = "vector-world"

    @property
    def pairs(self) -> dict[str, int]:
        """How many pairs each split has."""
        return {"train": self.train_pairs, "val": self.val_pairs, "test": self.test_pairs}


@dataclass(frozen=True)
class ModelParameters:
    """Model locations: `weights/...` (shipped), a local folder, or a hub id, `owner/name` or `owner/name@revision`.

    `visii` and `cross_image` are the models that those two baselines were made for (an InstructPix2Pix, a Stable
    Diffusion); empty: they run on the backbone that the trained methods share.
    """

    clip: str
    metrics_clip: str
    vae: str
    transformer: str
    text: str
    visii: str = ""
    cross_image: str = ""
    quantize_base: bool = False

    @property
    def backbone(self) -> tuple[str, str, str, bool]:
        """The parts that trained methods share: what they have learnt is of no use with others."""
        return self.vae, self.transformer, self.text, self.quantize_base


@dataclass(frozen=True)
class EditabilityParameters:
    """ERMA's training (paper §3; values as in SPEC §3)."""

    steps: int
    warmup_steps: int
    validate_from: int
    validate_every: int
    batch: int
    learning_rate: float
    weight_decay: float
    seed: int
    learned_metrics: bool


@dataclass(frozen=True)
class TrainingParameters:
    """What every trained recovery method shares, so that none is starved (SPEC §4 and §5): all that training reads.

    `learning_rates`: (method, rate) of those for which the search on the validation split found another one.
    `guidance` and `seed` also decide how a trained method samples.
    """

    rank: int
    alpha: int
    steps: int
    cycle_warmup_steps: int
    batch: int
    learning_rate: float
    schedule: str
    guidance: float
    checkpoint_every: int
    seed: int
    seeds: int
    ema: float = 0.0
    optimizer: str = "adamw"
    gradient_checkpointing: bool = False
    learning_rates: tuple = ()

    def rate_of(self, method: str) -> float:
        """The learning rate of a trained method: its own where it has one, else the shared one."""
        return dict(self.learning_rates).get(method, self.learning_rate)


@dataclass(frozen=True)
class SamplingParameters:
    """How pictures are recovered; no training reads any of it.

    `steps` of the sampler; `batch` instances at a time; `keep_outside`: put S' back outside M. The last two are
    VISII's, per instance.
    """

    steps: int
    batch: int
    keep_outside: bool
    inversion_steps: int
    inversion_learning_rate: float


@dataclass(frozen=True)
class RecoveryParameters:
    """How recovery methods are trained and how they sample."""

    training: TrainingParameters
    sampling: SamplingParameters


@dataclass(frozen=True)
class AblationParameters:
    """Short trainings that are recovered on the validation split: the ablations (Table 8) and the search.

    Steps of the chosen length, those before the cycle starts, pairs to recover (0: all), and how many cells of each
    method's grid the search takes (0: all; see recovery/search.py).
    """

    pairs: int
    steps: int
    cycle_warmup_steps: int
    search_cells: int = 0


@dataclass(frozen=True)
class PretrainingParameters:
    """How the miniature's own models are made, and where they go; read by 00_pretrain_miniature only."""

    records: int
    weights: str
    autoencoder_steps: int
    clip_steps: int
    transformer_steps: tuple
    compile: bool


@dataclass(frozen=True)
class GenerationParameters:
    """Which models draw surrogates and edits of photographs; an empty name means none (the vector world draws).

    `editor` is a name of `data.editors.EDITORS`; `editor_model` replaces its usual model where not empty.
    `size` in pixels; `batch` counts pairs in the surrogate model. The protection strength is the benchmark's.
    """

    surrogate_model: str
    surrogate_revision: str
    surrogate_steps: int
    surrogate_guidance: float
    editor: str
    editor_model: str
    editor_revision: str
    editor_steps: int
    editor_guidance: float
    cloud_url: str
    size: int
    batch: int
    seed: int


@dataclass(frozen=True)
class EvaluationParameters:
    """Batch of the metric pass and settings of the bootstrap intervals."""

    batch: int
    bootstrap: int
    confidence: float
    seed: int


@dataclass(frozen=True)
class Profile:
    """A named set of parameters; `results` and `figures` are the folders its stages write."""

    name: str
    benchmark: BenchmarkParameters
    models: ModelParameters
    editability: EditabilityParameters
    recovery: RecoveryParameters
    ablation: AblationParameters
    pretraining: PretrainingParameters
    generation: GenerationParameters
    evaluation: EvaluationParameters

    @property
    def results(self) -> Path:
        """`results/<profile>/`, or `$SPPE_RESULTS/<profile>/`."""
        return Path(os.environ.get("SPPE_RESULTS", repository() / "results")) / self.name

    @property
    def figures(self) -> Path:
        """`figures/<profile>/`, or `$SPPE_FIGURES/<profile>/`."""
        return Path(os.environ.get("SPPE_FIGURES", repository() / "figures")) / self.name


def _build(cls: type, values: object, where: str):
    if not isinstance(values, dict):
        raise ConfigError(f"params.yaml: {where} must be a mapping of parameters, not {type(values).__name__}.")
    hints = typing.get_type_hints(cls)
    names = [field.name for field in dataclasses.fields(cls)]
    unknown = [key for key in values if key not in names]
    if unknown:
        raise ConfigError(f"params.yaml: unknown parameter {where}.{unknown[0]}; known are {', '.join(names)}.")
    missing = [
        field.name
        for field in dataclasses.fields(cls)
        if field.name not in values and field.default is dataclasses.MISSING
    ]
    if missing:
        raise ConfigError(f"params.yaml: parameter {where}.{missing[0]} is missing; add it.")
    checked = {}
    for name, value in values.items():
        kind = hints[name]
        if dataclasses.is_dataclass(kind):
            checked[name] = _build(kind, value, f"{where}.{name}")
            continue
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if name == "learning_rates":
            value = {} if value is None else value
            if not isinstance(value, dict):
                raise ConfigError(f"params.yaml: {where}.{name} must map methods to rates, not {value!r}.")
        if kind is tuple and isinstance(value, (list, dict)):
            value = tuple(value.items() if isinstance(value, dict) else value)  # a profile can be hashed
        if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
            raise ConfigError(f"params.yaml: {where}.{name} must be of type {kind.__name__}, not {value!r}.")
        checked[name] = value
    return cls(**checked)


_AT_LEAST_ONE = ("batch", "rank", "seeds", "surrogate_steps", "editor_steps")


def _check(profile: Profile) -> Profile:
    benchmark, training = profile.benchmark, profile.recovery.training
    if not 0.1 <= benchmark.strength <= 1.0:
        raise ConfigError(f"benchmark.strength is {benchmark.strength}: choose a protection strength from 0.1 to 1.0.")
    for split, number in benchmark.pairs.items():
        if number < 0:
            raise ConfigError(f"benchmark.{split}_pairs is negative: choose a number of pairs, or 0 for all there are.")
    for name in ("sweep_sources", "unseen_pairs"):
        if getattr(benchmark, name) < 0:
            raise ConfigError(f"benchmark.{name} is negative: choose how many, or 0 (see params.yaml).")
    if benchmark.sweep_candidates < 1:
        raise ConfigError(
            f"benchmark.sweep_candidates is {benchmark.sweep_candidates}: a source needs at least 1 surrogate."
        )
    for section in ("benchmark", "generation"):
        size = getattr(profile, section).size
        if size < 16 or size % 16:
            raise ConfigError(f"{section}.size is {size}: choose a multiple of 16 pixels, at least 16.")
    checked = ("editability", "recovery.training", "recovery.sampling", "ablation", "generation", "evaluation")
    for section in checked:
        for name, value in dataclasses.asdict(operator.attrgetter(section)(profile)).items():
            if isinstance(value, (bool, str, tuple)):
                continue
            if name != "seed" and value < 0:
                raise ConfigError(f"{section}.{name} is {value}: it must not be negative.")
            if (name in _AT_LEAST_ONE or (section, name) == ("recovery.sampling", "steps")) and value < 1:
                raise ConfigError(f"{section}.{name} is {value}: it must be at least 1.")
    for name, value in dataclasses.asdict(profile.models).items():
        if isinstance(value, str):
            check_location(value, f"models.{name}")
    generation = profile.generation
    if generation.surrogate_model and int(generation.surrogate_steps * benchmark.strength) < 1:
        raise ConfigError(
            f"generation.surrogate_steps is {generation.surrogate_steps}: at benchmark.strength {benchmark.strength} "
            f"no step would be left; choose more."
        )
    for name in ("surrogate", "editor"):
        if not getattr(generation, f"{name}_revision"):
            raise ConfigError(f"generation.{name}_revision is empty: name a branch, tag or commit, such as main.")
        model = getattr(generation, f"{name}_model")
        if model_revision(model) is not None:
            raise ConfigError(
                f"generation.{name}_model is {model!r}: put what is behind the @ into generation.{name}_revision."
            )
    if not 0 < profile.evaluation.confidence < 1:
        raise ConfigError(f"evaluation.confidence is {profile.evaluation.confidence}: choose a level such as 0.95.")
    for section, chosen in (("recovery.training", training), ("ablation", profile.ablation)):
        if chosen.cycle_warmup_steps > chosen.steps:
            raise ConfigError(
                f"{section}.cycle_warmup_steps is larger than {section}.steps: the cycle would never start."
            )
    for name, known in (("schedule", ("cosine", "constant")), ("optimizer", ("adamw", "adamw8bit"))):
        if getattr(training, name) not in known:
            raise ConfigError(f"recovery.training.{name} is {getattr(training, name)!r}: use {' or '.join(known)}.")
    rounds = profile.pretraining.transformer_steps
    if not rounds or not all(type(steps) is int and steps > 0 for steps in rounds):
        raise ConfigError(
            f"pretraining.transformer_steps is {list(rounds)}: list the steps of each round, such as [2400, 2000], at least 1 each."
        )
    for method, rate in training.learning_rates:
        if isinstance(rate, bool) or not isinstance(rate, (int, float)) or rate < 0:
            raise ConfigError(f"recovery.training.learning_rates.{method} is {rate!r}: choose a number such as 1.0e-3.")
    if training.ema >= 1:
        raise ConfigError(f"recovery.training.ema is {training.ema}: choose a decay below 1, or 0 for no average.")
    return profile


def load_profile(name: str | None = None, overrides: dict[str, object] | None = None) -> Profile:
    """Read and validate a profile.

    `name`: a profile of params.yaml; None takes `$SPPE_PROFILE` or the file's own `profile` line.
    `overrides`: dotted keys such as {"recovery.training.steps": 10}; unknown keys are refused.
    Raises ConfigError with the offending key and the known ones.
    """
    path = repository() / "params.yaml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError:
        raise ConfigError("There is no params.yaml in the folder SPPE_HOME names: correct that variable.") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"params.yaml is not valid YAML ({error}); repair it or restore it with git.") from None
    if not isinstance(content, dict) or not isinstance(content.get("profiles"), dict):
        raise ConfigError("params.yaml holds no mapping of profiles: restore it with git.")
    name = name or os.environ.get("SPPE_PROFILE") or content.get("profile")
    profiles = content["profiles"]
    if name not in profiles:
        raise ConfigError(f"Unknown profile {name!r}: params.yaml has {', '.join(profiles)}.")
    if not isinstance(profiles[name], dict):
        raise ConfigError(f"params.yaml: profile {name} must be a mapping of sections.")
    values = copy.deepcopy(profiles[name])  # YAML shares what is written once
    sections = {field.name: field.type for field in dataclasses.fields(Profile) if field.name != "name"}
    for key, value in (overrides or {}).items():
        *path, parameter = key.split(".")
        place, kind = values, Profile
        for name_of_section in path:
            place = place.get(name_of_section) if isinstance(place, dict) else None
            kind = typing.get_type_hints(kind).get(name_of_section) if dataclasses.is_dataclass(kind) else None
        known = {field.name for field in dataclasses.fields(kind)} if path and dataclasses.is_dataclass(kind) else set()
        if not isinstance(place, dict) or parameter not in known:
            raise ConfigError(f"Unknown parameter {key!r} in overrides: name it as section.parameter of params.yaml.")
        place[parameter] = value
    unknown = [section for section in values if section not in sections]
    if unknown:
        raise ConfigError(
            f"params.yaml: unknown section {unknown[0]!r} in profile {name}; known are {', '.join(sections)}."
        )
    missing = [section for section in sections if section not in values]
    if missing:
        raise ConfigError(f"params.yaml: profile {name} lacks the section {missing[0]!r}; add it.")
    built = {section: _build(cls, values[section], section) for section, cls in sections.items()}
    return _check(Profile(name=name, **built))


def changed(profile: Profile, values: dict[str, object]) -> Profile:
    """The profile with other values, by dotted name such as {"recovery.training.seed": 1}; they are not checked anew."""

    def put(part: object, path: list[str], value: object):
        new = put(getattr(part, path[0]), path[1:], value) if path[1:] else value
        return dataclasses.replace(part, **{path[0]: new})

    for key, value in values.items():
        profile = put(profile, key.split("."), value)
    return profile


def choose_profile(name: str) -> None:
    """Make `name` the profile that params.yaml runs, changing that one line only."""
    # Imported late: it needs torch, and every stage's launcher reads a profile and nothing more.
    from sppe_lib.runtime import write_text

    load_profile(name)
    path = repository() / "params.yaml"
    write_text(path, re.sub(r"(?m)^profile: .*$", f"profile: {name}", path.read_text(encoding="utf-8"), count=1))


if __name__ == "__main__":
    import sys

    if len(sys.argv) > 2:
        raise SystemExit(
            "usage: python -m sppe_lib.config [PROFILE]   (without one: only check the one that is chosen)"
        )
    try:
        choose_profile(sys.argv[1]) if len(sys.argv) == 2 else load_profile()
    except ConfigError as error:
        raise SystemExit(str(error)) from None
