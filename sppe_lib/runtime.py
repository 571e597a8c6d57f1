"""Where the kit runs and how: device and dtype, seeds, atomic writes, disk space, progress.

Nothing outside this file asks which device it is on.
"""

import contextlib
import errno
import functools
import hashlib
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm.auto import tqdm

from sppe_lib.errors import ConfigError, ResourceError

# cuDNN's attention, which PyTorch prefers on Hopper, failed in its backward pass on an H200 (torch 2.11: an illegal memory
# access in FLUX's blocks); PyTorch's own flash attention serves in its place.
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
    match = re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text()) if cpuinfo.is_file() else None
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


def free_disk(folder: str | os.PathLike) -> int:
    """Free bytes on the disk that holds `folder`, which need not exist yet."""
    folder = Path(folder).absolute()
    return shutil.disk_usage(next(parent for parent in (folder, *folder.parents) if parent.exists())).free


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


MARK = ".unfinished-"
"""What names of temporaries begin with; DVC ignores them (.dvcignore), and no reader takes one for a result."""

WRITING = {
    errno.ENOSPC: "the disk is full: free some space and run again",
    errno.EDQUOT: "the disk quota is used up: free some space and run again",
    errno.EROFS: "its folder is read-only: choose another, or make it writable",
    errno.EACCES: "its folder may not be written: choose another, or make it writable",
    errno.EPERM: "its folder may not be written: choose another, or make it writable",
    errno.ENAMETOOLONG: "its name is too long: choose a shorter one",
    errno.ENOTDIR: "a file is where its folder should be: move that file away",
    errno.EEXIST: "a file is where its folder should be: move that file away",
    errno.EISDIR: "a folder of that name is there: move it away",
}
"""Why a file cannot be written, and what to do."""


def _started(process: str) -> str:
    """When a process of this machine started, in clock ticks since boot; "" where it does not run."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


@functools.cache  # once a process: a folder may get thousands of files
def _sweep(folder: Path) -> None:
    """Remove the temporaries that processes of this machine left when they were killed; what one had put aside returns."""
    host = platform.node()
    for path in folder.glob(f"{MARK}*"):
        machine, _, rest = path.name.removeprefix(MARK).rpartition("_")[0].rpartition("@")
        process, _, started = rest.partition("+")
        if machine != host or not started or _started(process) == started:
            continue
        for old in path.glob("old/*"):
            if not (folder / old.name).exists():
                os.replace(old, folder / old.name)
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def atomic_path(target: str | os.PathLike) -> Iterator[Path]:
    """A temporary sibling of `target` (file or folder) that replaces it only when the block succeeds.

    On an error the temporary is removed and what stood at `target` is untouched; after a kill the next one that writes
    beside it removes it. Where `target` is a link, what it points to is replaced. Raises ResourceError, one sentence,
    where the disk is full or the folder cannot be written.
    """
    target = Path(target)
    holder = None
    try:
        target = target.resolve() if target.is_symlink() else target
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent)
        owner = f"{platform.node()}@{os.getpid()}+{_started('self')}_"
        holder = Path(tempfile.mkdtemp(prefix=MARK + owner, dir=target.parent))
        temporary, old = holder / target.name, holder / "old" / target.name
        yield temporary
        if temporary.is_dir() and target.exists():
            old.parent.mkdir()
            os.replace(target, old)
        try:
            os.replace(temporary, target)
        except OSError:
            if old.exists():
                os.replace(old, target)
            raise
    except OSError as error:
        # What the block reads may fail for reasons of its own; only a full disk is certainly about what it writes.
        where = Path(os.fsdecode(error.filename or "/dev/null"))
        own = error.errno in (errno.ENOSPC, errno.EDQUOT) or target.is_relative_to(where)
        if error.errno in WRITING and (own or where.is_relative_to(target.parent)):
            raise ResourceError(f"{target.name[:80]!r} cannot be written: {WRITING[error.errno]}.") from error
        raise
    finally:
        if holder:
            shutil.rmtree(holder, ignore_errors=True)


def write_text(target: str | os.PathLike, text: str) -> None:
    """Write a text file atomically, as UTF-8."""
    with atomic_path(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


def require_disk(folder: str | os.PathLike, needed_bytes: int) -> None:
    """Raise ResourceError, before any work, if the disk that holds `folder` has too little room."""
    free = free_disk(folder)
    if free < needed_bytes:
        raise ResourceError(
            f"Not enough disk for {Path(folder).name!r}: {needed_bytes / 1e9:.2f} GB needed, {free / 1e9:.2f} GB free; "
            f"free some space."
        )


def progress(items: Iterable, description: str, total: int | None = None) -> Iterable:
    """A progress bar over `items` (a widget in JupyterLab, text elsewhere)."""
    return tqdm(items, desc=description, total=total, mininterval=1.0)
