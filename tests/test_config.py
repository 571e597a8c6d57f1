"""Profiles: what is accepted, what is refused, and where results go."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from sppe_lib.config import changed, load_profile, model_location, repository
from sppe_lib.errors import ConfigError
from sppe_lib.locations import hub_options, model_revision
from sppe_lib.runtime import seed_of

REPOSITORY = Path(__file__).parents[1]
NAMES = ["smoke", "mini", "paper", "release"]


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A repository of its own, with the shipped params.yaml."""
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    monkeypatch.setenv("SPPE_HOME", str(tmp_path))
    return tmp_path / "params.yaml"


def change(path, function):
    content = yaml.safe_load(path.read_text())
    function(content)
    path.write_text(yaml.safe_dump(content))


@pytest.mark.parametrize("name", NAMES)
def test_shipped_profiles_load_and_can_be_hashed(copy, name):
    profile = load_profile(name)
    assert profile.name == name and hash(profile) == hash(load_profile(name))
    assert (profile.results, profile.figures) == (copy.parent / "results" / name, copy.parent / "figures" / name)
    assert len({load_profile(other).recovery for other in NAMES}) == len(NAMES)


def test_default_profile_follows_environment_then_file(copy, monkeypatch):
    change(copy, lambda content: content.update(profile="smoke"))
    assert load_profile().name == "smoke"
    monkeypatch.setenv("SPPE_PROFILE", "mini")
    assert load_profile().name == "mini" and load_profile("paper").name == "paper"
    copy.write_bytes(b"\xef\xbb\xbf" + copy.read_bytes())  # a byte order mark is no harm
    assert load_profile("smoke").name == "smoke"


@pytest.mark.parametrize("variable", ["SPPE_RESULTS", "SPPE_FIGURES"])
@pytest.mark.parametrize(
    "value, expected", [("", "{home}/{name}"), ("~/runs", "{user}/runs"), ("out/x", "{home}/out/x"), ("/a b", "/a b")]
)
def test_folders_follow_the_environment(copy, monkeypatch, tmp_path, variable, value, expected):
    monkeypatch.setenv(variable, value)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.chdir("/")  # wherever a notebook or a stage runs
    name = variable.removeprefix("SPPE_").lower()
    expected = expected.format(home=tmp_path, user=tmp_path / "user", name=name)
    assert getattr(load_profile("smoke"), name) == Path(expected) / "smoke"


@pytest.mark.parametrize("variable", ["SPPE_RESULTS", "SPPE_HOME"])
def test_a_home_that_is_not_there_is_a_sentence(copy, monkeypatch, variable):
    monkeypatch.setenv(variable, "~nobody-of-that-name/runs")
    with pytest.raises(ConfigError, match=variable):
        load_profile("smoke").results.is_dir()


@pytest.mark.parametrize(
    "values, word",
    [
        ({"benchmark.strength": 0.0}, "benchmark.strength"),
        ({"benchmark.size": 60}, "benchmark.size"),
        ({"benchmark.seed": True}, "benchmark.seed"),
        ({"benchmark.source": ""}, "benchmark.source"),
        ({"recovery.training.batch": 0}, "recovery.training.batch"),
        ({"recovery.training.checkpoint_every": 0}, "recovery.training.checkpoint_every"),
        ({"recovery.training.learning_rate": 0}, "recovery.training.learning_rate"),
        ({"recovery.training.schedule": "linear"}, "recovery.training.schedule"),
        ({"recovery.training.learning_rates": {"SOER": True}}, "recovery.training.learning_rates"),
        ({"recovery.sampling.steps": 0}, "recovery.sampling.steps"),
        ({"recovery.sampling.sample_batch": 1}, "recovery.sampling.sample_batch"),
        ({"editability.validate_every": 0}, "editability.validate_every"),
        ({"pretraining.transformer_steps": []}, "pretraining.transformer_steps"),
        ({"pretraining.transformer_steps": [0]}, "pretraining.transformer_steps"),
        ({"generation.editor_steps": 0}, "generation.editor_steps"),
        ({"generation.editor_revision": ""}, "generation.editor_revision"),
        ({"generation.surrogate_guidance": -1.0}, "generation.surrogate_guidance"),
        ({"evaluation.confidence": 1.0}, "evaluation.confidence"),
        ({"evaluation.bootstrap": 10**400}, "evaluation.bootstrap"),
        ({"recovery.training.cycle_warmup_steps": 10**6}, "never start"),
        ({"ablation.cycle_warmup_steps": 10**6}, "never start"),
        ({"generation.surrogate_model": "someone/model", "generation.surrogate_steps": 1}, "no step"),
        ({"models.vae": "owner/name@"}, r"models\.vae"),
        ({"models.clip": "weights/clip@main"}, r"models\.clip"),
        ({"models.text": "models/flux@main"}, r"models\.text"),
        ({"generation.surrogate_model": "owner/name@v2"}, r"generation\.surrogate_revision"),
        ({"generation.editor_model": "owner/name@v2"}, r"generation\.editor_revision"),
    ],
)
def test_values_that_are_wrong_or_do_not_belong_together_are_refused_by_name(copy, values, word):
    (copy.parent / "models" / "flux").mkdir(parents=True)
    with pytest.raises(ConfigError, match=word) as caught:
        load_profile("smoke", values)
    assert len(str(caught.value)) < 500 and "\n" not in str(caught.value)


def numbers(part, prefix=""):
    for name, value in part.items():
        if isinstance(value, dict):
            yield from numbers(value, f"{prefix}{name}.")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield prefix + name


@pytest.mark.parametrize("value", [".nan", ".inf", "-.inf", "-1.5", "1e400"])
def test_no_number_of_a_profile_is_unreasonable(value):
    smoke = yaml.safe_load((REPOSITORY / "params.yaml").read_text())["profiles"]["smoke"]
    for key in numbers(smoke):
        with pytest.raises(ConfigError, match=re.escape(key)):
            load_profile("smoke", {key: yaml.safe_load(value)})


@pytest.mark.parametrize("written, value", [("1e-05", 1e-5), ("1E3", 1000.0), ("3", 3.0)])
def test_numbers_as_dvc_writes_them_are_read(copy, written, value):
    copy.write_text(copy.read_text().replace("learning_rate: 1.0e-3", f"learning_rate: {written}", 1))
    own = load_profile("smoke", {"recovery.training.learning_rates": {"SOER": written}}).recovery.training
    assert own.learning_rate == own.rate_of("SOER") == value


@pytest.mark.parametrize(
    "damage, word",
    [
        (lambda profile: profile.update(extra={}), "extra"),
        (lambda profile: profile["benchmark"].update(strenght=0.5), r"benchmark\.strenght"),
        (lambda profile: profile.pop("models"), "models"),
        (lambda profile: profile["benchmark"].pop("size"), r"benchmark\.size"),
        (lambda profile: profile.update(benchmark=3), "benchmark"),
        (lambda profile: profile["recovery"].update(sampling=[]), r"recovery\.sampling"),
    ],
)
def test_missing_and_unknown_sections(copy, damage, word):
    change(copy, lambda content: damage(content["profiles"]["smoke"]))
    with pytest.raises(ConfigError, match=word):
        load_profile("smoke")


@pytest.mark.parametrize(
    "content", [b"profiles: [unclosed", b"nothing", b"", b"\xff\xfe", b"a: " + b"[" * 10**5, b"profiles: {smoke: 3}"]
)
def test_unreadable_files(copy, content):
    copy.write_bytes(content)
    with pytest.raises(ConfigError, match=r"params\.yaml"):
        load_profile("smoke")


def test_no_repository_and_that_of_another_clone(copy, monkeypatch):
    (copy.parent / "sppe_lib").mkdir()
    (copy.parent / "notebooks").mkdir()
    with pytest.raises(ConfigError, match="another clone"):
        load_profile("smoke")
    copy.rename(copy.parent / "other.yaml")
    with pytest.raises(ConfigError, match="another clone|SPPE_HOME"):
        load_profile("smoke")
    monkeypatch.delenv("SPPE_HOME")
    monkeypatch.chdir(copy.parent / "notebooks")
    with pytest.raises(ConfigError, match=r"No params\.yaml"):
        repository()
    (copy.parent / "other.yaml").rename(copy)
    with pytest.raises(ConfigError, match="another clone"):
        repository()
    monkeypatch.chdir(REPOSITORY / "notebooks")
    assert repository() == REPOSITORY


@pytest.mark.parametrize("name", ["huge", "../smoke", 3])
def test_only_names_of_profiles_are_taken(name):
    with pytest.raises(ConfigError):
        load_profile(name)


def test_overrides_and_changes_differ_there_only(copy):
    assert load_profile("smoke", {"recovery.training.steps": 10}).recovery.training.steps == 10
    for wrong in ("recovery.step", "steps", "nothing.steps", "recovery."):
        with pytest.raises(ConfigError, match="(?i)unknown parameter"):
            load_profile("smoke", {wrong: 1})
    assert load_profile("mini").editability == load_profile("paper", {"editability.batch": 32}).editability
    profile = load_profile("smoke")
    other = changed(profile, {"recovery.training.seed": 5, "benchmark.size": 32})
    assert (other.recovery.training.seed, other.benchmark.size) == (5, 32)
    assert changed(other, {"recovery.training.seed": profile.recovery.training.seed, "benchmark.size": 64}) == profile
    assert replace(profile, name="other").results.name == "other"
    values = {"recovery.training.learning_rate": 0.1, "recovery.training.learning_rates": {"SOER": 0.2}}
    chosen = load_profile("smoke", values).recovery.training
    assert (chosen.rate_of("SOER"), chosen.rate_of("C2E-S2SER")) == (0.2, 0.1)
    assert load_profile("smoke", {"recovery.training.learning_rates": None}).recovery.training.learning_rates == ()


def test_a_hub_id_may_carry_its_revision(copy):
    assert model_location("openai/clip-vit-base-patch32") == "openai/clip-vit-base-patch32"
    assert Path(model_location("weights/clip")).parts[-3:] == ("sppe_lib", "weights", "clip")
    assert model_location("owner/name@refs/pr/1") == "owner/name"
    assert model_revision("owner/name@refs/pr/1") == "refs/pr/1"
    assert hub_options("owner/name@v2") == {"revision": "v2"}
    assert model_revision("owner/name") is None and hub_options("owner/name") == hub_options("weights/clip") == {}
    folder = copy.parent / "models" / "clip@home"  # an @ of a folder that is there belongs to its name
    folder.mkdir(parents=True)
    assert model_location("models/clip@home") == str(folder) and hub_options("models/clip@home") == {}
    assert load_profile("smoke", {"models.clip": "models/clip@home"}).models.clip == "models/clip@home"


def test_seeds_are_fixed_for_ever():
    # A golden value: if it changes, every published miniature number changes with it.
    assert seed_of("SPPE-mini", 0, "test", 0) == 5754894839720106580
