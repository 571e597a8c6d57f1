"""Profiles: what is accepted, what is refused, and where results go."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sppe_lib.config import choose_profile, load_profile, model_location, repository
from sppe_lib.errors import ConfigError
from sppe_lib.locations import hub_options, model_revision
from sppe_lib.runtime import seed_of

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A repository of its own, with the shipped params.yaml."""
    (tmp_path / "params.yaml").write_text((REPOSITORY / "params.yaml").read_text())
    monkeypatch.setenv("SPPE_HOME", str(tmp_path))
    monkeypatch.delenv("SPPE_PROFILE", raising=False)
    for name in ("SPPE_RESULTS", "SPPE_FIGURES"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "params.yaml"


def change(path, function):
    content = yaml.safe_load(path.read_text())
    function(content)
    path.write_text(yaml.safe_dump(content))


@pytest.mark.parametrize("name", ["smoke", "mini", "paper"])
def test_shipped_profiles_load(copy, name):
    profile = load_profile(name)
    assert profile.name == name
    assert profile.results == copy.parent / "results" / name
    assert profile.figures == copy.parent / "figures" / name


def test_profiles_differ_in_values_only(copy):
    loaded = [load_profile(name) for name in ("smoke", "mini", "paper")]
    assert len({tuple(vars(profile)) for profile in loaded}) == 1
    assert len({profile.recovery for profile in loaded}) == 3


def test_default_profile_follows_environment_then_file(copy, monkeypatch):
    change(copy, lambda content: content.update(profile="smoke"))
    assert load_profile().name == "smoke"
    monkeypatch.setenv("SPPE_PROFILE", "mini")
    assert load_profile().name == "mini"
    assert load_profile("paper").name == "paper"


def test_folders_follow_environment(copy, monkeypatch, tmp_path):
    monkeypatch.setenv("SPPE_RESULTS", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("SPPE_FIGURES", str(tmp_path / "pictures"))
    assert load_profile("smoke").results == tmp_path / "elsewhere" / "smoke"
    assert load_profile("smoke").figures == tmp_path / "pictures" / "smoke"


def test_choosing_a_profile_changes_one_line(copy):
    before = copy.read_text().splitlines()
    choose_profile("smoke")
    after = copy.read_text().splitlines()
    assert [pair for pair in zip(before, after) if pair[0] != pair[1]] == [("profile: mini", "profile: smoke")]
    with pytest.raises(ConfigError, match="Unknown profile 'huge'"):
        choose_profile("huge")
    assert copy.read_text().splitlines() == after


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("benchmark", "strenght", 0.5, "unknown parameter benchmark.strenght"),
        ("benchmark", "strength", 0.0, "benchmark.strength is 0.0"),
        ("benchmark", "strength", "high", "benchmark.strength must be of type float"),
        ("benchmark", "size", 60, "benchmark.size is 60"),
        ("benchmark", "size", 64.5, "benchmark.size must be of type int"),
        ("benchmark", "train_pairs", -1, "benchmark.train_pairs is negative"),
        ("benchmark", "seed", True, "benchmark.seed must be of type int"),
        ("recovery.training", "steps", -5, "recovery.training.steps is -5"),
        ("recovery.training", "cycle_warmup_steps", 10**6, "cycle would never start"),
        ("recovery.training", "batch", 0, "recovery.training.batch is 0"),
        ("recovery.sampling", "steps", 0, "recovery.sampling.steps is 0"),
        ("generation", "size", 60, "generation.size is 60"),
        ("generation", "editor_steps", 0, "generation.editor_steps is 0"),
        ("generation", "surrogate_guidance", -1.0, "generation.surrogate_guidance is -1.0"),
        ("generation", "editor_revision", "", "generation.editor_revision is empty"),
        ("evaluation", "confidence", 1.0, "evaluation.confidence is 1.0"),
        ("editability", "learned_metrics", "yes please", "learned_metrics must be of type bool"),
    ],
)
def test_bad_values_are_refused_by_name(copy, section, key, value, message):
    def damage(content):
        place = content["profiles"]["smoke"]
        for name in section.split("."):
            place = place[name]
        place[key] = value

    change(copy, damage)
    with pytest.raises(ConfigError, match=message):
        load_profile("smoke")


def test_a_surrogate_model_needs_a_step_at_the_benchmarks_strength(copy):
    values = {"generation.surrogate_model": "someone/model", "generation.surrogate_steps": 1}
    with pytest.raises(ConfigError, match="no step would be left"):
        load_profile("smoke", values)
    assert load_profile("smoke", {**values, "generation.surrogate_steps": 2}).generation.surrogate_steps == 2


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda profile: profile.update(extra={}), "unknown section 'extra'"),
        (lambda profile: profile.pop("models"), "lacks the section 'models'"),
        (lambda profile: profile["benchmark"].pop("size"), "benchmark.size is missing"),
        (lambda profile: profile.update(benchmark=3), "benchmark must be a mapping"),
    ],
)
def test_missing_and_unknown_sections(copy, damage, message):
    change(copy, lambda content: damage(content["profiles"]["smoke"]))
    with pytest.raises(ConfigError, match=message):
        load_profile("smoke")


def test_unreadable_file(copy, monkeypatch, tmp_path):
    copy.write_text("profiles: [unclosed")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_profile("smoke")
    copy.write_text("nothing")
    with pytest.raises(ConfigError, match="no mapping of profiles"):
        load_profile("smoke")
    copy.unlink()
    with pytest.raises(ConfigError, match="SPPE_HOME"):
        load_profile("smoke")
    monkeypatch.delenv("SPPE_HOME")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="No params.yaml"):
        repository()


def test_overrides(copy):
    assert load_profile("smoke", {"recovery.training.steps": 10}).recovery.training.steps == 10
    for wrong in ("recovery.step", "steps", "nothing.steps", "recovery."):
        with pytest.raises(ConfigError, match="Unknown parameter"):
            load_profile("smoke", {wrong: 1})
    assert load_profile("smoke").recovery.training.steps == load_profile("smoke", {}).recovery.training.steps


def test_model_locations():
    assert model_location("openai/clip-vit-base-patch32") == "openai/clip-vit-base-patch32"
    assert Path(model_location("weights/clip")).parts[-3:] == ("sppe_lib", "weights", "clip")


def test_a_hub_id_may_carry_its_revision(copy):
    assert model_location("owner/name@refs/pr/1") == "owner/name"
    assert model_revision("owner/name@refs/pr/1") == "refs/pr/1"
    assert hub_options("owner/name@v2") == {"revision": "v2"}
    assert model_revision("owner/name") is None and hub_options("owner/name") == hub_options("weights/clip") == {}
    folder = copy.parent / "models" / "clip@home"  # an @ of a folder that is there belongs to its name
    folder.mkdir(parents=True)
    assert model_location("models/clip@home") == str(folder) and hub_options("models/clip@home") == {}
    assert load_profile("smoke", {"models.clip": "models/clip@home"}).models.clip == "models/clip@home"


@pytest.mark.parametrize(
    ("parameter", "value", "message"),
    [
        ("models.vae", "owner/name@", "models.vae is 'owner/name@': name a branch, tag or commit behind the @"),
        ("models.clip", "weights/clip@main", "models.clip is .*only a model of the hub has revisions"),
        ("models.text", "models/flux@main", "models.text is .*only a model of the hub has revisions"),
        ("generation.surrogate_model", "owner/name@v2", "behind the @ into generation.surrogate_revision"),
        ("generation.editor_model", "owner/name@v2", "behind the @ into generation.editor_revision"),
    ],
)
def test_revisions_that_name_nothing_are_refused(copy, parameter, value, message):
    (copy.parent / "models" / "flux").mkdir(parents=True)
    with pytest.raises(ConfigError, match=message):
        load_profile("smoke", {parameter: value})


def test_seeds_are_fixed_for_ever():
    # A golden value: if it changes, every published miniature number changes with it.
    assert seed_of("SPPE-mini", 0, "test", 0) == 5754894839720106580


@given(st.lists(st.integers() | st.text(), max_size=4), st.lists(st.integers() | st.text(), max_size=4))
def test_seeds_tell_parts_apart(first, second):
    texts = [str(part) for part in first], [str(part) for part in second]
    if any("\x1f" in text for text in texts[0] + texts[1]):
        return
    same = "\x1f".join(texts[0]) == "\x1f".join(texts[1])
    assert (seed_of(*first) == seed_of(*second)) is same
    assert 0 <= seed_of(*first) < 2**63


@pytest.mark.parametrize("name", ["smoke", "mini", "paper", "release"])
def test_a_profile_can_be_hashed(name):
    assert hash(load_profile(name)) == hash(load_profile(name))


@pytest.mark.parametrize("rounds", [[], [0], ["a"], [2.5]])
def test_rounds_of_pretraining_are_positive_numbers_of_steps(rounds):
    with pytest.raises(ConfigError, match="transformer_steps"):
        load_profile("smoke", {"pretraining.transformer_steps": rounds})


@pytest.mark.parametrize("rate", [-1e-3, "fast", True])
def test_a_methods_own_learning_rate_is_a_number(rate):
    with pytest.raises(ConfigError, match="recovery.training.learning_rates.SOER"):
        load_profile("smoke", {"recovery.training.learning_rates": {"SOER": rate}})


def test_learning_rates_map_methods_to_rates():
    with pytest.raises(ConfigError, match="must map methods to rates"):
        load_profile("smoke", {"recovery.training.learning_rates": [1e-3]})
    assert load_profile("smoke", {"recovery.training.learning_rates": None}).recovery.training.learning_rates == ()


def test_a_method_without_its_own_learning_rate_has_the_shared_one():
    chosen = load_profile(
        "smoke", {"recovery.training.learning_rate": 0.1, "recovery.training.learning_rates": {"SOER": 0.2}}
    ).recovery.training
    assert (chosen.rate_of("SOER"), chosen.rate_of("C2E-S2SER")) == (0.2, 0.1)
