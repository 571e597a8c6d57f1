"""The scale benchmark runs as a whole on a toy, and refuses the full models without an accelerator."""

import json

import pytest
import torch

from sppe_lib.data.own_folder import MARK
from sppe_lib.errors import ConfigError
from sppe_lib.runtime import device
from sppe_lib.tools import scale_benchmark


def test_the_toy_run_writes_every_record(tmp_path):
    assert scale_benchmark.main(["--tiny", "--output", str(tmp_path)]) == 0
    [path] = (path for path in tmp_path.glob("*.json") if path.name != MARK)
    record = json.loads(path.read_text())
    assert record["toy"] and set(record["records"]) == {
        "training, rank 4, batch 1",
        "training, rank 4, batch 2",
        "training, rank 2, batch 1",
        "training, rank 2, batch 2",
        "sampling, batch 1",
        "sampling, batch 2",
        "metric pass",
    }
    small, large = (record["records"][f"training, rank 4, batch {batch}"] for batch in (1, 2))
    assert small["flops"] > 0 and abs(large["flops"] / small["flops"] - 2) < 0.1
    assert small["trained_parameters"] == 2 * record["records"]["training, rank 2, batch 1"]["trained_parameters"]


def test_out_of_memory_is_recorded(monkeypatch, tmp_path):
    def fails(*arguments):
        raise torch.OutOfMemoryError("no")

    monkeypatch.setattr(scale_benchmark, "sampling", fails)
    records = json.loads(scale_benchmark.run(scale_benchmark.TOY, True, tmp_path).read_text())["records"]
    assert records["sampling, batch 1"] == {"failed": "out of memory"} and "seconds" in records["metric pass"]


def test_a_record_of_somebody_else_is_kept(tmp_path):
    where = torch.cuda.get_device_name() if device().type == "cuda" else device().type
    record = tmp_path / f"{where.replace(' ', '-')}.json"
    record.write_text("mine")
    with pytest.raises(ConfigError, match=record.name):
        scale_benchmark.run(scale_benchmark.TOY, True, tmp_path)
    assert record.read_text() == "mine"


def test_the_full_size_has_flux_devs_twelve_billion_parameters():
    from diffusers import FluxTransformer2DModel

    with torch.device("meta"):
        model = FluxTransformer2DModel(**scale_benchmark.FLUX)
    assert 11.5e9 < sum(value.numel() for value in model.parameters()) < 12.5e9


def test_a_machine_without_accelerator_is_told(capsys, tmp_path):
    if device().type == "cpu":
        assert scale_benchmark.main(["--output", str(tmp_path)]) == 2
        assert "--tiny" in capsys.readouterr().err and not list(tmp_path.iterdir())
