"""Several processes and interrupted runs end with what one undisturbed process ends with."""

import json
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml
from datasets import Dataset
from safetensors.torch import load_file
from test_recovery import changed, profile  # noqa: F401
from tiny import tiny_benchmark, tiny_clip
from tiny_flux import tiny_flux

from sppe_lib import config, recovery
from sppe_lib.config import load_profile, repository
from sppe_lib.diffusion import processes
from sppe_lib.errors import ConfigError, KitError
from sppe_lib.recovery import launch, sharded
from sppe_lib.recovery import trained as training

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


THREE = SimpleNamespace(num_processes=3, process_index=1)
UNEVEN = "recovery.training.batch is {}, which 3 processes cannot share evenly: choose a multiple"


def test_a_batch_that_processes_cannot_share_is_refused(monkeypatch):
    monkeypatch.setattr(processes, "process", lambda: THREE)
    assert processes.share_of_batch(6) == range(2, 4)
    with pytest.raises(ConfigError, match=UNEVEN.format(4)):
        processes.share_of_batch(4)


def test_such_a_batch_is_refused_before_anything_is_encoded(profile, monkeypatch):  # noqa: F811
    monkeypatch.setattr(training, "process", lambda: THREE)
    monkeypatch.setattr(training, "latent_cache", lambda *arguments: pytest.fail("encoded"))
    with pytest.raises(ConfigError, match=UNEVEN.format(4)):
        recovery.fit(changed(profile, batch=4), METHOD)


def test_such_a_batch_is_refused_before_processes_are_started(home, monkeypatch):
    monkeypatch.setattr(launch, "command", lambda *arguments: pytest.fail("started"))
    with pytest.raises(ConfigError, match=UNEVEN.format(2)):
        launch.fit(load_profile("smoke"), METHOD, 3)


def test_a_training_that_fails_on_several_processes_is_an_error_here_too(home, monkeypatch):
    monkeypatch.setattr(launch, "command", lambda *arguments: ["false"])
    with pytest.raises(KitError, match="SOER on 2 processes failed"):
        launch.fit(load_profile("smoke"), METHOD, 2)


def test_processes_that_could_not_see_a_profile_or_have_no_gpu_are_refused(home, monkeypatch):
    smoke = load_profile("smoke")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for chosen, number in ((smoke, 0), (smoke, 3), (changed(smoke, seed=5), 2)):
        with pytest.raises(ConfigError):
            launch.fit(chosen, METHOD, number)


def test_what_learns_nothing_is_not_trained(home):
    with pytest.raises(ConfigError, match="VISII learns nothing.* EditTransfer, Prompt-Diffusion, SOER, C2E-S2SER"):
        launch.fit(load_profile("smoke"), "VISII")


def test_launch_says_errors_in_one_sentence(home, capsys):
    assert launch.main(["magic", "--profile", "smoke"]) == 2
    assert "Unknown recovery method 'magic'" in capsys.readouterr().err
    assert load_profile("smoke").recovery.sampling.batch == 2
