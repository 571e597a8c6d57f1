"""Where the kit runs and how: device and dtype, seeds, progress; and from `files`, atomic writes and disk space.

Nothing outside this file asks which device it is on.
"""

import contextlib
import hashlib
import os
import platform
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm.auto import tqdm

from sppe_lib.errors import ConfigError
from sppe_lib.files import atomic_path, free_disk, require_disk, write_text  # noqa: F401  (found here, too)

# cuDNN's attention, which PyTorch prefers on Hopper, failed in its backward pass on an H200 (torch 2.11: an illegal
# memory access in FLUX's blocks); PyTorch's own flash attention serves in its place.
torch.backends.cuda.enable_cudnn_sdp(False)


def device() -> torch.device:
    """The accelerator if there is one, else the CPU."""
    if torch.accelerator.is_available():
        return torch.accelerator.current_accelerator()
    return torch.device("cpu")


def _cpu_has_bfloat16() -> bool:
    # amx_bf16 implies avx512_bf16; without either, bfloat16 is emulated and slower than float32.
    return torch.cpu._is_avx512_bf16_supported()


def compute_dtype() -> torch.dtype:
    """bfloat16 where the hardware multiplies it natively, else float32; `$SPPE_DTYPE` (one of the two) overrules."""
    chosen = os.environ.get("SPPE_DTYPE")
    if chosen:
        if chosen not in ("bfloat16", "float32"):
            raise ConfigError(f"SPPE_DTYPE is {chosen!r}: use bfloat16 or float32, or leave it unset.")
        return getattr(torch, chosen)
    if device().type == "cpu":
        return torch.bfloat16 if _cpu_has_bfloat16() else torch.float32
    return torch.bfloat16


def autocast() -> contextlib.AbstractContextManager:
    """Mixed precision for matrix products: bfloat16 where native, otherwise nothing."""
    dtype = compute_dtype()
    if dtype is torch.float32:
        return contextlib.nullcontext()
    return torch.autocast(device().type, dtype)


def native_bfloat16() -> bool:
    """Whether the device multiplies bfloat16 in hardware, rather than emulating it."""
    where = device()
    if where.type == "cpu":
        return _cpu_has_bfloat16()
    return where.type != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)


def processor() -> str:
    """The processor's name, as Linux gives it; the architecture where it gives none."""
    cpuinfo = Path("/proc/cpuinfo")
    match = re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text(encoding="utf-8")) if cpuinfo.is_file() else None
    return match[1].strip() if match else platform.processor() or platform.machine()


def machine_memory() -> int:
    """Bytes of main memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@dataclass(frozen=True)
class Accelerator:
    """An accelerator's name and memory, in bytes: free now, and in all."""

    name: str
    free: int
    total: int


def accelerator() -> Accelerator | None:
    """The accelerator that `device` chooses, or None on a machine without one."""
    where = device()
    if where.type == "cpu":
        return None
    if where.type == "mps":  # shares the machine's memory and reports none of its own
        return Accelerator("Apple GPU", machine_memory(), machine_memory())
    free, total = torch.accelerator.get_memory_info()
    return Accelerator(torch.get_device_module(where).get_device_name(), free, total)


def seed_of(*parts: object) -> int:
    """A 63-bit seed from any parts, the same in every process and on every machine.

    `seed_of("edit", instance_id, 0)` gives each instance its own stream, so results do not depend
    on the order in which instances are processed.
    """
    digest = hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def numpy_generator(*parts: object) -> np.random.Generator:
    """A numpy generator seeded by `seed_of(*parts)`."""
    return np.random.default_rng(seed_of(*parts))


def torch_generator(*parts: object) -> torch.Generator:
    """A CPU torch generator seeded by `seed_of(*parts)`; draw on the CPU, then move."""
    return torch.Generator().manual_seed(seed_of(*parts))


def progress(items: Iterable, description: str, total: int | None = None) -> Iterable:
    """A progress bar over `items` (a widget in JupyterLab, text elsewhere)."""
    return tqdm(items, desc=description, total=total, mininterval=1.0)
