"""Stages side by side, several processes and interrupted runs end with what one undisturbed process ends with."""

import json
import os
import subprocess
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml
from datasets import Dataset
from dvc.repo import Repo
from safetensors.torch import load_file
from test_recovery import changed, profile  # noqa: F401
from tiny import tiny_benchmark, tiny_clip
from tiny_pipelines import tiny_flux

from sppe_lib import config, recovery
from sppe_lib.config import load_profile, repository
from sppe_lib.diffusion import processes
from sppe_lib.errors import ConfigError, KitError
from sppe_lib.recovery import launch, sharded
from sppe_lib.recovery import trained as training
from sppe_lib.tools import pipeline
from sppe_lib.tools.pipeline import environment_of, main, mend, repro, run_side_by_side, stages_to_run, write_pipeline

STAGES = {"data": set(), "one": {"data"}, "two": {"data"}, "three": {"data"}, "after three": {"three"}}
STAGES["report"] = {"one", "two", "after three"}


class Recorder:
    """Stands in for DVC: notes when each stage starts and ends, and fails where told to."""

    def __init__(self, failing=()):
        self.failing, self.events, self.threads = failing, [], {}

    def __call__(self, name, log, environment):
        self.events.append(("start", name))
        self.threads[name] = int(environment["OMP_NUM_THREADS"])
        time.sleep(0.02)
        log.write_text(f"working\rworking\nthe words of {name}\n")
        self.events.append(("end", name))
        return int(name in self.failing)


def test_a_stage_starts_when_what_it_waits_for_has_ended_and_nothing_more_after_a_failure(tmp_path):
    recorder = Recorder()
    run_side_by_side(STAGES, 2, tmp_path / "logs", recorder)
    assert {name for _, name in recorder.events} == set(STAGES)
    assert max(np.cumsum([1 if what == "start" else -1 for what, _ in recorder.events])) == 2
    for name, needs in STAGES.items():
        for need in needs:
            assert recorder.events.index(("end", need)) < recorder.events.index(("start", name))
    assert recorder.events[2] == ("start", "three")  # most wait for it
    processors = len(os.sched_getaffinity(0))  # shared, but all for what nothing can run beside
    assert recorder.threads["three"] == max(1, processors // 2)
    assert recorder.threads["data"] == recorder.threads["report"] == processors
    recorder = Recorder(failing={"three"})
    with pytest.raises(KitError, match="Stage three failed") as caught:
        run_side_by_side(STAGES, 1, tmp_path / "logs", recorder)
    assert "the words of three" in str(caught.value)
    assert [name for what, name in recorder.events if what == "start"] == ["data", "three"]


PIPELINE = """
vars: [{which: [a, b]}]
stages:
  kept: {frozen: true, cmd: "false", outs: [kept.txt]}
  always: {always_changed: true, cmd: "echo same > results/${profile}/always.txt",
    outs: ["results/${profile}/always.txt"]}
  data: {cmd: "echo ${profile} > 'results/${profile}/d ta.txt'", deps: [word.txt, "results/${profile}/always.txt"],
    outs: ["results/${profile}/d ta.txt"], params: ["profiles.${profile}"]}
  one: {cmd: "cat results/${profile}/d*.txt > results/${profile}/one.txt", deps: ["results/${profile}/d ta.txt"],
    outs: ["results/${profile}/one.txt"]}
  two: {matrix: {which: "${which}"}, cmd: "cat results/${profile}/d*.txt > 'results/${profile}/${item.which}'",
    deps: ["results/${profile}/d ta.txt", other.txt, kept.txt], outs: ["results/${profile}/${item.which}"]}
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A repository with a small pipeline in a folder whose name needs quotes, committed."""
    home = tmp_path / "thesis final [v2] it's 100%"
    (home / "results").mkdir(parents=True)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], cwd=home, check=True)
    Repo.init(str(home)).close()
    (home / "dvc.yaml").write_text(PIPELINE)
    (home / "params.yaml").write_text("profile: mini\nprofiles: {mini: 1, smoke: 2, 'on': 3}")
    (home / ".gitignore").write_text("/results/\n")
    for name in ("word.txt", "other.txt", "kept.txt"):
        (home / name).write_text(name)
    for name in ("mini", "smoke"):
        (home / "results" / name).mkdir()
    subprocess.run([*git, "add", "."], cwd=home, check=True)
    subprocess.run([*git, "commit", "-qm", "start"], cwd=home, check=True)
    monkeypatch.setattr(pipeline, "repository", lambda: home)
    return home


def status(home):
    return subprocess.run(["git", "status", "--porcelain"], cwd=home, capture_output=True, text=True).stdout


def read(home, name):
    return {path.name: path.read_text() for path in (home / "results" / name).iterdir() if path.is_file()}


def test_choosing_a_profile_changes_no_tracked_file_and_each_has_its_own_record(place):
    for name in ("smoke", "mini", "smoke"):
        folder = write_pipeline(name)
        assert repro(folder, [], environment_of(folder)) == 0
        expected = {"always.txt": "same\n"} | {file: f"{name}\n" for file in ("d ta.txt", "one.txt", "a", "b")}
        assert read(place, name) == expected
        assert status(place) == ("" if name == "smoke" and not (place / "dvc.lock").exists() else "?? dvc.lock\n")
    record = (place / "dvc.lock").read_text()
    assert "smoke" not in record and "smoke" in (pipeline.pipeline_folder("smoke") / "dvc.lock").read_text()
    # What params.yaml names is the repository's own pipeline, also where it was another's before.
    (place / "params.yaml").write_text((place / "params.yaml").read_text().replace("profile: mini", "profile: smoke"))
    assert write_pipeline("smoke") == place and repro(place, [], environment_of(place)) == 0


def test_stages_that_have_changed_and_those_that_wait_for_them_run_side_by_side(place, monkeypatch):
    folder = write_pipeline("smoke")
    environment = environment_of(folder)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def run(name, log, shares):
        return repro(folder, ["--single-item", name], environment | shares, log)

    assert repro(folder, ["always"], environment) == 0
    stages = stages_to_run(folder)
    assert stages == {"data": set(), "one": {"data"}, "two@a": {"data"}, "two@b": {"data"}}
    run_side_by_side(stages, 2, place / "results" / "logs", run)
    assert read(place, "smoke")["b"] == "smoke\n" and stages_to_run(folder) == {}
    (place / "other.txt").write_text("another")
    assert stages_to_run(folder) == {"two@a": set(), "two@b": set()}
    for own, again in (("mini: 1", False), ("smoke: 2", True)):  # another profile's parameters are no dependency
        text = (place / "params.yaml").read_text()
        (place / "params.yaml").write_text(text.replace(own, own[:-1] + "7"))
        assert ("data" in stages_to_run(folder)) == again


def test_what_a_kill_left_half_written_of_dvcs_own_is_removed(place):
    record, lock = place / "dvc.lock", place / ".dvc" / "tmp" / "rwlock"
    lock.parent.mkdir(exist_ok=True)
    for content, kept in (('{"read": {', False), ('{"read": {}}', True)):
        for path in (record, lock):
            path.write_text(content)
        mend(place)
        assert record.exists() is lock.exists() is kept


@pytest.mark.parametrize("arguments", [["--jobs", "0"], ["--jobs", "2", "--", "x"], ["nowhere"]])
def test_arguments_that_mean_nothing(capsys, arguments):
    assert main(arguments) == 2 and capsys.readouterr().err.count("\n") == 1


METHOD = "SOER"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder with its own params.yaml, whose smoke profile runs on tiny models in float32."""
    content = yaml.safe_load((repository() / "params.yaml").read_text())
    flux, clip = str(tiny_flux(tmp_path / "flux")), str(tiny_clip(tmp_path / "clip"))
    smoke = content["profiles"]["smoke"]
    smoke["models"] = {"clip": clip, "metrics_clip": clip, "text": clip, "vae": flux, "transformer": flux}
    smoke["benchmark"] |= {"size": 32}
    smoke["recovery"]["sampling"] |= {"batch": 2}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    monkeypatch.setenv("SPPE_HOME", str(tmp_path))
    monkeypatch.setenv("SPPE_DTYPE", "float32")
    return tmp_path


def trained(results) -> dict[str, torch.Tensor]:
    folder = results / "smoke" / "training" / METHOD / "seed-0"
    return load_file(folder / "pytorch_lora_weights.safetensors") | load_file(folder / "extra.safetensors")


def test_two_processes_train_and_recover_as_one(home, monkeypatch):
    results = {name: home / name for name in ("one", "two")}
    for folder in results.values():
        tiny_benchmark(folder / "smoke" / "benchmark", 6, size=32)
    monkeypatch.setenv("SPPE_RESULTS", str(results["one"]))
    assert launch.main([METHOD, "--profile", "smoke"]) == 0
    monkeypatch.setenv("SPPE_RESULTS", str(results["two"]))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert launch.fit(load_profile("smoke"), METHOD, 2) == results["two"] / "smoke" / "training" / METHOD / "seed-0"
    again = launch.command(2, METHOD, "--profile", "smoke", "--only", "recover")
    done = subprocess.run(again, capture_output=True, text=True, cwd=repository(), timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    manifests = [folder / "smoke" / "training" / METHOD / "seed-0" / "manifest.json" for folder in results.values()]
    assert [json.loads(path.read_text())["processes"] for path in manifests] == [1, 2]
    one, two = (trained(folder) for folder in results.values())
    assert one.keys() == two.keys()
    # LoRA's B starts at zero, so its size is how far training went; the two differ by rounding only, which Adam
    # magnifies where a gradient is near zero.
    moved = [key for key in one if "lora_B" in key and one[key].abs().max() > 0]
    assert moved
    for key in moved:
        assert (one[key] - two[key]).abs().mean() < 0.05 * one[key].abs().mean(), key
    files = [folder / "smoke" / "recovered" / METHOD / "benchmark.parquet" for folder in results.values()]
    pictures = [Dataset.from_parquet(str(path)) for path in files]
    assert pictures[0]["instance_id"][:] == pictures[1]["instance_id"][:]
    for left, right in zip(*pictures, strict=True):
        assert np.abs(np.asarray(left["image"], int) - np.asarray(right["image"], int)).max() <= 2
    assert not list((results["two"] / "smoke" / "shards").glob("*"))


def test_an_interrupted_recovery_goes_on_with_the_shards_it_has(profile, monkeypatch):  # noqa: F811
    monkeypatch.setattr(sharded, "SHARD_BATCHES", 1)
    profile = config.changed(profile, {"recovery.sampling.batch": 4})
    straight = recovery.recover_split(profile, "local-linear").read_bytes()
    made = []
    real = sharded.recover_rows

    def killed(recover, dataset, rows, *rest):
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(rows)
        return real(recover, dataset, rows, *rest)

    recovery.recovered_file(profile, "local-linear").unlink()
    monkeypatch.setattr(sharded, "recover_rows", killed)
    with pytest.raises(KeyboardInterrupt):
        recovery.recover_split(profile, "local-linear")
    assert not recovery.recovered_file(profile, "local-linear").exists()
    again = lambda recover, dataset, rows, *rest: made.append(rows) or real(recover, dataset, rows, *rest)
    monkeypatch.setattr(sharded, "recover_rows", again)
    assert recovery.recover_split(profile, "local-linear").read_bytes() == straight
    assert len(made) == len(set(made)) == 3 and not list((profile.results / "shards").iterdir())


UNEVEN = "recovery.training.batch is {}, which 3 processes cannot share evenly: choose a multiple"


def test_a_batch_that_processes_cannot_share_is_refused_before_anything_is_encoded(profile, monkeypatch):  # noqa: F811
    three = SimpleNamespace(num_processes=3, process_index=1)
    for module in (processes, training):
        monkeypatch.setattr(module, "process", lambda: three)
    assert processes.share_of_batch(6) == range(2, 4)
    monkeypatch.setattr(training, "latent_cache", lambda *arguments: pytest.fail("encoded"))
    with pytest.raises(ConfigError, match=UNEVEN.format(4)):
        recovery.fit(changed(profile, batch=4), METHOD)


def test_what_cannot_be_started_or_fails_on_several_processes_is_one_sentence(home, monkeypatch, capsys):
    smoke = load_profile("smoke")
    monkeypatch.setattr(launch, "command", lambda *arguments: pytest.fail("started"))
    with pytest.raises(ConfigError, match=UNEVEN.format(2)):
        launch.fit(smoke, METHOD, 3)
    monkeypatch.setattr(launch, "command", lambda *arguments: ["false"])
    with pytest.raises(KitError, match="SOER on 2 processes failed"):
        launch.fit(smoke, METHOD, 2)
    with pytest.raises(ConfigError, match="VISII learns nothing.* EditTransfer, Prompt-Diffusion, SOER, C2E-S2SER"):
        launch.fit(smoke, "VISII")
    assert launch.main(["magic", "--profile", "smoke"]) == 2
    assert "Unknown recovery method 'magic'" in capsys.readouterr().err
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for chosen, number in ((smoke, 0), (smoke, 3), (changed(smoke, seed=5), 2)):  # more than there are, another profile
        with pytest.raises(ConfigError):
            launch.fit(chosen, METHOD, number)
