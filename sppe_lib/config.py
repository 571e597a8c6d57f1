"""Profiles and parameters: read from params.yaml, validated by pydantic, unknown keys refused."""

import copy
import os
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import reduce
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from sppe_lib.errors import ConfigError
from sppe_lib.locations import check_location, folder_of, model_location, model_revision, repository

__all__ = ["Profile", "changed", "load_profile", "model_location", "repository"]

LARGEST = 10**9
"""Above it a number of steps, pairs or pictures is a slip of the finger."""


def _number(value: object) -> object:
    # DVC writes 0.00001 as 1e-05, which YAML 1.1, without a dot, reads as text.
    return float(value) if isinstance(value, str) and re.fullmatch(r"[-+]?[\d.]+([eE][-+]?\d+)?", value) else value


def _as_tuple(value: object) -> object:
    # Lists and mappings as tuples, so that a profile can be hashed; a key with nothing behind it is empty.
    if isinstance(value, (list, dict)) or value is None:
        return tuple(value.items() if isinstance(value, dict) else value or ())
    return value


Text = Annotated[str, StringConstraints(strict=True, max_length=500)]
Name = Annotated[Text, Field(min_length=1)]
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=0, le=LARGEST)]
Positive = Annotated[int, Field(strict=True, ge=1, le=LARGEST)]
Seed = Annotated[int, Field(strict=True, ge=-(2**62), lt=2**62)]
Size = Annotated[int, Field(strict=True, ge=16, le=16384, multiple_of=16)]
Real = Annotated[float, BeforeValidator(_number), Field(strict=True, allow_inf_nan=False)]
Number = Annotated[Real, Field(ge=0, le=LARGEST)]
Rate = Annotated[Real, Field(gt=0, le=1000)]

FORBID = ConfigDict(extra="forbid")
"""Unknown keys are refused."""


@dataclass(frozen=True, config=FORBID)
class BenchmarkParameters:
    """Where instances come from and how many; sizes in pixels, strength in 0.1 … 1.0 (paper, section 3).

    `source`: "vector-world", a folder in the released layout, or one (or several in one) that `data.generate` filled.
    `sweep_...` and `unseen_...` are for the sets beside the benchmark (`data/build.py`); 0 sources or pairs: not built.
    `unseen_source`: "vector-world", "" (not built), or a folder that `data.generate` filled (then 0 pairs: all).
    `test_seed`: the vector world's for the test split, to draw it anew when everything is chosen; left out: `seed`.
    """

    source: Name
    size: Size
    strength: Annotated[Real, Field(ge=0.1, le=1.0)]
    train_pairs: Count
    val_pairs: Count
    test_pairs: Count
    seed: Seed
    sweep_sources: Count
    sweep_candidates: Positive
    unseen_pairs: Count
    unseen_source: Text = "vector-world"
    test_seed: Seed | None = None

    @property
    def pairs(self) -> dict[str, int]:
        """How many pairs each split has."""
        return {"train": self.train_pairs, "val": self.val_pairs, "test": self.test_pairs}


@dataclass(frozen=True, config=FORBID)
class ModelParameters:
    """Model locations: `weights/...` (shipped), a local folder, or a hub id, `owner/name` or `owner/name@revision`.

    `visii` and `cross_image` are the models that those two baselines were made for (an InstructPix2Pix, a Stable
    Diffusion); empty: they run on the trained methods' backbone. `references`: known pictures are panels of one 2x2
    grid with the target, or stand at its own rows and columns (FLUX.1 Kontext). `output`: the transformer predicts the
    flow's velocity, as every published FLUX, or how the target's latents differ from I's.
    """

    clip: Text
    metrics_clip: Text
    vae: Text
    transformer: Text
    text: Text
    visii: Text = ""
    cross_image: Text = ""
    quantize_base: Flag = False
    references: Literal["grid", "aligned"] = "grid"
    output: Literal["velocity", "change"] = "velocity"

    @property
    def locations(self) -> dict[str, str]:
        """Where each model is, by its name here; "" where none is named."""
        names = ("clip", "metrics_clip", "vae", "transformer", "text", "visii", "cross_image")
        return {name: getattr(self, name) for name in names}

    @property
    def backbone(self) -> tuple[str | bool, ...]:
        """The parts that trained methods share: what they have learnt is of no use with others."""
        return self.vae, self.transformer, self.text, self.quantize_base, self.references, self.output


@dataclass(frozen=True, config=FORBID)
class EditabilityParameters:
    """ERMA's training (paper, section 4)."""

    steps: Count
    warmup_steps: Count
    validate_from: Count
    validate_every: Positive
    batch: Positive
    learning_rate: Rate
    weight_decay: Number
    seed: Seed
    learned_metrics: Flag


@dataclass(frozen=True, config=FORBID)
class TrainingParameters:
    """What every trained recovery method shares, so that none is starved (paper, section 5): all that training reads.

    `learning_rates`: (method, rate) of those for which the search found another one. `guidance` and `seed` also decide
    how a trained method samples. `layers` that have a LoRA: those of attention as in the paper, or all linear ones.
    `keep_term`, `noised_tag`: what the released C2E-S2SER has beyond the paper: a loss towards the source, and a tag
    generator that learns from noised latents.
    """

    rank: Positive
    alpha: Positive
    steps: Count
    cycle_warmup_steps: Count
    batch: Positive
    learning_rate: Rate
    schedule: Literal["cosine", "constant"]
    guidance: Number
    checkpoint_every: Positive
    seed: Seed
    seeds: Positive
    layers: Literal["attention", "all"] = "attention"
    ema: Annotated[Real, Field(ge=0, lt=1)] = 0.0
    optimizer: Literal["adamw", "adamw8bit"] = "adamw"
    gradient_checkpointing: Flag = False
    keep_term: Flag = False
    noised_tag: Flag = False
    learning_rates: Annotated[tuple[tuple[str, Rate], ...], BeforeValidator(_as_tuple)] = ()

    def rate_of(self, method: str) -> float:
        """The learning rate of a trained method: its own where it has one, else the shared one."""
        return dict(self.learning_rates).get(method, self.learning_rate)


@dataclass(frozen=True, config=FORBID)
class SamplingParameters:
    """How pictures are recovered, `batch` instances at a time; no training reads it. The last two are VISII's."""

    steps: Positive
    batch: Positive
    inversion_steps: Count
    inversion_learning_rate: Rate


@dataclass(frozen=True, config=FORBID)
class RecoveryParameters:
    """How recovery methods are trained and how they sample."""

    training: TrainingParameters
    sampling: SamplingParameters


@dataclass(frozen=True, config=FORBID)
class AblationParameters:
    """The ablations (Table 8), recovered on `pairs` of the validation split (0: all) as the search is.

    `steps` of the chosen length; `search_cells`: how many of each method's grid the search takes (0: all).
    """

    pairs: Count
    steps: Count
    cycle_warmup_steps: Count
    search_cells: Count = 0


@dataclass(frozen=True, config=FORBID)
class PretrainingParameters:
    """How the miniature's own models are made, and where they go; read by 00_pretrain_miniature only."""

    records: Positive
    weights: Name
    autoencoder_steps: Count
    clip_steps: Count
    transformer_steps: Count
    compile: Flag


@dataclass(frozen=True, config=FORBID)
class GenerationParameters:
    """Which models draw surrogates and edits of photographs, at the benchmark's strength; an empty name means none.

    `editor` is a name of `data.editors.EDITORS`; `editor_model` replaces its usual model where not empty. `size` in
    pixels; `batch` counts pairs in the surrogate model.
    """

    surrogate_model: Text
    surrogate_revision: Name
    surrogate_steps: Positive
    surrogate_guidance: Number
    editor: Text
    editor_model: Text
    editor_revision: Name
    editor_steps: Positive
    editor_guidance: Number
    cloud_url: Text
    size: Size
    batch: Positive
    seed: Seed


@dataclass(frozen=True, config=FORBID)
class EvaluationParameters:
    """Batch of the metric pass and settings of the bootstrap intervals."""

    batch: Positive
    bootstrap: Count
    confidence: Annotated[Real, Field(gt=0, lt=1)]
    seed: Seed


def _folder(variable: str, name: str) -> Path:
    """`name` in the repository, or what an environment variable says: `~` is home, a relative path the repository's."""
    return repository() / (folder_of(variable) or name)


@dataclass(frozen=True, config=FORBID)
class Profile:
    """A named set of parameters; `results` and `figures` are the folders its stages write."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
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
        return _folder("SPPE_RESULTS", "results") / self.name

    @property
    def figures(self) -> Path:
        """`figures/<profile>/`, or `$SPPE_FIGURES/<profile>/`."""
        return _folder("SPPE_FIGURES", "figures") / self.name


def _sentence(error: ValidationError, name: str) -> str:
    """The first thing that pydantic refused, by the name it has in params.yaml."""
    first = error.errors(include_url=False)[0]
    path = [str(part) for part in first["loc"]]
    where, value = ".".join(path), repr(first["input"])
    if first["type"] == "missing":
        return f"params.yaml: profile {name} lacks {where}; add it."
    if first["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        cls: Any = Profile
        for part in path[:-1]:
            cls = cls.__annotations__[part]
        known = ", ".join(field.name for field in fields(cls) if field.name != "name")
        return f"params.yaml: unknown parameter {where} in profile {name}; known are {known}."
    if first["type"].startswith("dataclass"):
        return f"params.yaml: {where} must be a mapping of parameters, not {type(first['input']).__name__}."
    shown = value if len(value) < 100 else f"{value[:97]}..."
    return f"params.yaml: {where} is {shown} in profile {name}: {first['msg'].replace('Input', 'it')}."


def _check(profile: Profile) -> Profile:
    """What no single parameter can tell: those that belong together. Raises ConfigError."""
    for name, value in profile.models.locations.items():
        check_location(value, f"models.{name}")
    generation, strength = profile.generation, profile.benchmark.strength
    if generation.surrogate_model and int(generation.surrogate_steps * strength) < 1:
        raise ConfigError(
            f"generation.surrogate_steps is {generation.surrogate_steps}: at benchmark.strength {strength} no step "
            f"would be left; choose more."
        )
    for name in ("surrogate_model", "editor_model"):
        model = getattr(generation, name)
        if model_revision(model) is not None:
            revision = f"generation.{name.removesuffix('model')}revision"
            raise ConfigError(f"generation.{name} is {model!r}: put what is behind the @ into {revision}.")
    for section, lengths in (("recovery.training", profile.recovery.training), ("ablation", profile.ablation)):
        if lengths.cycle_warmup_steps > lengths.steps:
            raise ConfigError(
                f"{section}.cycle_warmup_steps is larger than {section}.steps: the cycle would never start."
            )
    return profile


def _read(path: Path) -> dict:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except OSError:
        raise ConfigError("There is no params.yaml in the folder SPPE_HOME names: correct that variable.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(f"params.yaml is not valid YAML ({reason}); repair it or restore it with git.") from None
    if not isinstance(content, dict) or not isinstance(content.get("profiles"), dict):
        raise ConfigError("params.yaml holds no mapping of profiles: restore it with git.")
    return content


def load_profile(name: str | None = None, overrides: Mapping[str, object] | None = None) -> Profile:
    """Read and validate the profile `name` of params.yaml; None takes `$SPPE_PROFILE` or the file's `profile` line.

    `overrides`: dotted keys such as {"recovery.training.steps": 10}. Raises ConfigError with the offending key and the
    known ones.
    """
    if not isinstance(name, str | None):
        raise ConfigError(
            f"load_profile takes the name of a profile, not a {type(name).__name__}: run the cells above."
        )
    content = _read(repository() / "params.yaml")
    chosen = name or os.environ.get("SPPE_PROFILE", "").strip() or content.get("profile")
    profiles = content["profiles"]
    if not isinstance(chosen, str) or chosen not in profiles:
        raise ConfigError(f"Unknown profile {chosen!r}: params.yaml has {', '.join(map(str, profiles))}.")
    if not isinstance(profiles[chosen], dict):
        raise ConfigError(f"params.yaml: profile {chosen} must be a mapping of sections.")
    values = copy.deepcopy(profiles[chosen])
    for key, value in (overrides or {}).items():
        *path, parameter = key.split(".")
        where = reduce(lambda inside, part: inside.get(part) if isinstance(inside, dict) else None, path, values)
        if not path or not parameter or not isinstance(where, dict):
            raise ConfigError(f"Unknown parameter {key!r} in overrides: name it as section.parameter of params.yaml.")
        where[parameter] = value
    try:
        return _check(TypeAdapter(Profile).validate_python({**values, "name": chosen}))
    except ValidationError as error:
        raise ConfigError(_sentence(error, chosen)) from None


def changed(profile: Profile, values: Mapping[str, object]) -> Profile:
    """The profile with other values, by dotted name such as {"recovery.training.seed": 1}, of the types they have."""

    def put(part: Any, path: list[str], value: object) -> Any:
        return replace(part, **{path[0]: put(getattr(part, path[0]), path[1:], value) if path[1:] else value})

    for key, value in values.items():
        profile = put(profile, key.split("."), value)
    return profile
