"""Memory and time of the full-size models on this machine's accelerator, with random weights.

    python -m sppe_lib.tools.scale_benchmark --output figures/scale          # FLUX.1-dev: 12 B parameters, about 80 GB
    python -m sppe_lib.tools.scale_benchmark --tiny --output results/scale   # the same code on a toy, anywhere

Training steps (LoRA of several ranks, gradient checkpointing, one 2x2 grid of 512² panels), sampling, and the metric
pass. FLOPs are counted by torch; their share of the chip's bf16 peak is given where it is in PEAK. The transformer's
shape is FLUX.1-dev's published configuration with the input layout of FLUX.1-Fill. Nothing is downloaded.
"""

import argparse
import datetime
import gc
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import FluxTransformer2DModel
from torch.utils.flop_counter import FlopCounterMode
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from sppe_lib.data.own_folder import check_files, mark_file
from sppe_lib.diffusion.flow import flow_matching_loss
from sppe_lib.diffusion.lora import add_lora
from sppe_lib.diffusion.panels import positions
from sppe_lib.errors import ConfigError, command_line
from sppe_lib.evaluation.metrics import prepare, ssim_map
from sppe_lib.runtime import autocast, compute_dtype, device, progress, write_text
from sppe_lib.tools.preflight.estimates import FLUX_1_FILL

PEAK = {"H100": 989e12, "H200": 989e12, "A100": 312e12}
"""Dense bf16 FLOP/s of the SXM versions, from the makers' data sheets; a chip is found by its name."""

FLUX = {**FLUX_1_FILL["transformer"], "patch_size": 1}
SMALLER = {"num_layers": 1, "num_single_layers": 1, "attention_head_dim": 16, "num_attention_heads": 2}
TINY = FLUX | SMALLER | {"joint_attention_dim": 32, "pooled_projection_dim": 32, "axes_dims_rope": (4, 6, 6)}

_VISION = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "image_size", "patch_size")


@dataclass(frozen=True)
class Workload:
    """What is measured: `panel_tokens` along a side of a panel (32 for 512 px), text tokens, ranks, batches, repeats.

    `vision`: the sizes of CLIP's vision tower as in _VISION, and of its output; `pixels` of the pictures it sees.
    """

    shape: dict
    panel_tokens: int
    text_tokens: int
    ranks: tuple[int, ...]
    batches: tuple[int, ...]
    repeats: int
    sampling_steps: int
    metric_images: int
    vision: tuple[int, ...]
    pixels: int


FULL = Workload(FLUX, 32, 512, (256, 16), (1, 4), 5, 35, 64, (1024, 4096, 24, 16, 224, 14, 768), 512)
TOY = Workload(TINY, 2, 8, (4, 2), (1, 2), 2, 2, 4, (32, 64, 2, 2, 32, 8, 32), 64)


def measure(work: Callable[[], None], repeats: int) -> dict:
    """Seconds of one call (median, after a first), its FLOPs, its share of the chip's peak, GiB at most (CPU: None)."""
    cuda = device().type == "cuda"
    with FlopCounterMode(display=False) as counter:
        work()
    if cuda:  # counting may take memory of its own
        torch.cuda.reset_peak_memory_stats()
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        if device().type != "cpu":
            torch.accelerator.synchronize()
        seconds.append(time.perf_counter() - began)
    median, flops = sorted(seconds)[len(seconds) // 2], counter.get_total_flops()
    peak = next((value for chip, value in PEAK.items() if chip in device_name()), None)
    memory = torch.cuda.max_memory_allocated() / 2**30 if cuda else None
    share = flops / median / peak if peak else None
    return {"seconds": median, "flops": flops, "share_of_bf16_peak": share, "peak_memory_gib": memory}


def _inputs(workload: Workload, batch: int) -> dict:
    side, shape, where = workload.panel_tokens, workload.shape, device()
    panels = [positions(side, row, column) for row, column in ((1, 1), (0, 0), (0, 1), (1, 0))]
    return {
        "hidden_states": torch.randn(batch, 4 * side**2, shape["in_channels"], device=where),
        "encoder_hidden_states": torch.randn(batch, workload.text_tokens, shape["joint_attention_dim"], device=where),
        "pooled_projections": torch.randn(batch, shape["pooled_projection_dim"], device=where),
        "timestep": torch.rand(batch, device=where),
        "guidance": torch.ones(batch, device=where),
        "img_ids": torch.cat(panels).to(where),
        "txt_ids": torch.zeros(workload.text_tokens, 3, device=where),
    }


def _transformer(workload: Workload) -> FluxTransformer2DModel:
    before = torch.get_default_dtype()
    torch.set_default_dtype(compute_dtype())
    try:
        with torch.device(device()):  # made where it is used: 24 GB need not pass through the host
            return FluxTransformer2DModel(**workload.shape).requires_grad_(False)
    finally:
        torch.set_default_dtype(before)


def training(workload: Workload, batch: int, rank: int) -> dict:
    """One optimiser step of a LoRA on the frozen transformer, with gradient checkpointing."""
    transformer = _transformer(workload)
    transformer.enable_gradient_checkpointing()
    parameters = add_lora(transformer, rank, rank, seed=0)
    optimizer = torch.optim.AdamW(parameters.values(), lr=1e-4)
    inputs = _inputs(workload, batch)
    clean = torch.randn(batch, workload.panel_tokens**2, workload.shape["out_channels"], device=device())

    def step() -> None:
        with autocast():
            velocity = transformer(**inputs, return_dict=False)[0][:, : clean.shape[1]]
        flow_matching_loss(velocity, clean, torch.zeros_like(clean)).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    trained = sum(value.numel() for value in parameters.values())
    base = sum(value.numel() for value in transformer.parameters()) - trained
    return measure(step, workload.repeats) | {"base_parameters": base, "trained_parameters": trained}


@torch.no_grad()
def sampling(workload: Workload, batch: int) -> dict:
    """One denoising step; a recovery takes `sampling_steps` of them."""
    transformer, inputs = _transformer(workload), _inputs(workload, batch)
    with autocast():
        found = measure(lambda: transformer(**inputs, return_dict=False), workload.repeats)
    steps = workload.sampling_steps
    return found | {"sampling_steps": steps, "seconds_per_batch": found["seconds"] * steps}


@torch.no_grad()
def metric_pass(workload: Workload) -> dict:
    """CLIP ViT-L/14 features (random weights) and SSIM of a batch of 512 px pictures."""
    config = CLIPVisionConfig(projection_dim=workload.vision[-1], **dict(zip(_VISION, workload.vision)))
    model = CLIPVisionModelWithProjection(config).eval().to(device(), compute_dtype())
    images, side = torch.rand(workload.metric_images, 3, workload.pixels, workload.pixels), (config.image_size,) * 2

    def work() -> None:
        compared = prepare(images)
        pixels = torch.nn.functional.interpolate(compared, side, mode="bicubic", antialias=True)
        model(pixels.to(device(), compute_dtype()))
        ssim_map(compared, compared.flip(0))

    return measure(work, workload.repeats) | {"images": workload.metric_images}


def device_name() -> str:
    """What the accelerator is called, or "cpu"."""
    return torch.cuda.get_device_name() if device().type == "cuda" else device().type


def run(workload: Workload, toy: bool, folder: Path) -> Path:
    """All measurements, to <device>.json in `folder` after each; one that does not fit into memory is recorded so.

    Raises ConfigError, before any work, where a file of that name is there that this command did not write.
    """
    jobs: dict[str, Callable[[], dict]] = {
        f"training, rank {rank}, batch {batch}": lambda batch=batch, rank=rank: training(workload, batch, rank)
        for rank in workload.ranks
        for batch in workload.batches
    }
    jobs |= {f"sampling, batch {batch}": lambda batch=batch: sampling(workload, batch) for batch in workload.batches}
    jobs["metric pass"] = lambda: metric_pass(workload)
    about = {"device": device_name(), "date": datetime.date.today().isoformat(), "torch": torch.__version__}
    about |= {"toy": toy, "dtype": str(compute_dtype()).removeprefix("torch.")}
    path, records = folder / f"{device_name().replace(' ', '-')}.json", {}
    check_files(folder, [path.name])
    for name, job in progress(jobs.items(), "scale benchmark", total=len(jobs)):
        try:
            records[name] = job()
        except torch.OutOfMemoryError:
            records[name] = {"failed": "out of memory"}
        gc.collect()  # the model before is part of reference cycles
        torch.cuda.empty_cache()  # which does nothing where there is none
        write_text(path, json.dumps(about | {"records": records}, indent=2) + "\n")
        mark_file(path)
    return path


@command_line
def main(arguments: list[str]) -> None:
    """Measure this machine and write the record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="folder that receives <device>.json")
    parser.add_argument("--tiny", action="store_true", help="a toy of the same classes, for any machine")
    chosen = parser.parse_args(arguments)
    if device().type == "cpu" and not chosen.tiny:
        raise ConfigError("The full-size models need an accelerator with about 80 GB: use --tiny here.")
    print(f"wrote {run(TOY if chosen.tiny else FULL, chosen.tiny, chosen.output).name}")


if __name__ == "__main__":
    sys.exit(main())
