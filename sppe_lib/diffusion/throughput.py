"""How much of what the machine can multiply a training step uses."""

import time
from collections.abc import Callable
from functools import cache

import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_backward_flop_count, sdpa_flop_count

from sppe_lib.runtime import compute_dtype, device

SIDE = 2048
"""Rows and columns of the matrices whose product is the peak."""


ATTENTION = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
ATTENTION_BACKWARD = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward
ON_THE_CPU = {
    ATTENTION: lambda *shapes, **options: sdpa_flop_count(*shapes[:3]),
    ATTENTION_BACKWARD: lambda *shapes, **options: sdpa_backward_flop_count(*shapes[:4]),
}
"""Attention of a CPU, which torch's counter does not know."""


@cache
def matmul_peak(seconds: float = 0.5) -> float:
    """The most operations a second that a large matrix product reaches here, measured, in the compute type."""
    matrix, fastest = torch.rand(SIDE, SIDE, device=device(), dtype=compute_dtype()), 0.0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        (matrix @ matrix)[0, 0].item()  # waits for an accelerator
        fastest = max(fastest, 2 * SIDE**3 / (time.perf_counter() - began))
    return fastest


def matmul_share(step: Callable[[], object], seconds: float) -> float:
    """The share of `matmul_peak` that a step of so many seconds reaches in its products, convolutions and attention.

    The step is run once more, to be counted.
    """
    with FlopCounterMode(display=False, custom_mapping=ON_THE_CPU) as counter:
        step()
    return counter.get_total_flops() / seconds / matmul_peak()
