"""The scale benchmark runs as a whole on a toy, and refuses the full models without an accelerator."""

import json

import pytest
import torch
from diffusers import FluxTransformer2DModel

from sppe_lib.errors import ConfigError
from sppe_lib.runtime import device
from sppe_lib.tools import scale_benchmark


def test_the_toy_run_writes_every_record_and_what_does_not_fit_into_memory(tmp_path, monkeypatch, capsys):
    def fails(*arguments):
        raise torch.OutOfMemoryError("no")

    monkeypatch.setattr(scale_benchmark, "sampling", fails)
    assert scale_benchmark.main(["--tiny", "--output", str(tmp_path)]) == 0
    path = tmp_path / capsys.readouterr().out.split()[-1]
    record = json.loads(path.read_text())
    trainings = {(rank, batch): f"training, rank {rank}, batch {batch}" for rank in (2, 4) for batch in (1, 2)}
    samplings = [f"sampling, batch {batch}" for batch in (1, 2)]
    records = record["records"]
    assert record["toy"] and set(records) == {*trainings.values(), *samplings, "metric pass"}
    assert [records[name] for name in samplings] == [{"failed": "out of memory"}] * 2
    flops, trained = (
        {key: records[name][what] for key, name in trainings.items()} for what in ("flops", "trained_parameters")
    )
    assert flops[4, 2] / flops[4, 1] == pytest.approx(2, abs=0.1) and trained[4, 1] == 2 * trained[2, 1]
    path.write_text("mine")  # a record of somebody else is kept
    with pytest.raises(ConfigError, match=path.name):
        scale_benchmark.run(scale_benchmark.TOY, True, tmp_path)
    assert path.read_text() == "mine"


def test_a_sampling_step_is_measured():
    found = scale_benchmark.sampling(scale_benchmark.TOY, 1)
    assert found["flops"] > 0 and found["seconds_per_batch"] == found["seconds"] * found["sampling_steps"]


def test_the_full_size_has_flux_devs_twelve_billion_parameters():
    with torch.device("meta"):
        model = FluxTransformer2DModel(**scale_benchmark.FLUX)
    assert 11.5e9 < sum(value.numel() for value in model.parameters()) < 12.5e9


def test_a_machine_without_accelerator_is_told(capsys, tmp_path):
    if device().type == "cpu":
        assert scale_benchmark.main(["--output", str(tmp_path)]) == 2
        assert "--tiny" in capsys.readouterr().err and not list(tmp_path.iterdir())
