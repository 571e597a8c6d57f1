"""Memory as the benchmark grows: building and reading it at 1, 4 and 16 times the size of profile smoke.

    python -m sppe_lib.tools.load --output figures/load

Writes `memory.csv` and `memory.png`. Each size runs in a process of its own, which draws alone. Counted is memory of
its own (Linux: RSS without what is shared): pages of mapped files can be given back at any time.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd
import psutil

from sppe_lib.config import load_profile
from sppe_lib.data.own_folder import check_files, mark_file
from sppe_lib.errors import ResourceError, command_line
from sppe_lib.files import atomic_path

FACTORS = (1, 4, 16)


def own_memory() -> int:
    """Bytes of this process that no file backs. Raises ResourceError where the system does not say."""
    if not psutil.LINUX:
        raise ResourceError("Memory is measured on Linux only: run `make load` there.")
    memory = psutil.Process().memory_info()
    return memory.rss - memory.shared


def peak_memory(work: Callable[[], object], interval: float = 0.01) -> int:
    """The most bytes of its own that this process had while `work` ran, looked at every `interval` seconds."""
    seen, done = [own_memory()], threading.Event()

    def watch() -> None:
        while not done.wait(interval):
            seen[0] = max(seen[0], own_memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        done.set()
        watcher.join()
    return max(seen[0], own_memory())


def measure(factor: int) -> dict[str, float]:
    """Build a benchmark of `factor` times smoke's pairs below $SPPE_RESULTS, then read it: peaks in megabytes."""
    # Imported late: what they take is there before anything is measured, and other functions need none of it.
    from sppe_lib.data.build import build_benchmark
    from sppe_lib.data.schema import SPLITS, iterate, open_split

    pairs = load_profile("smoke").benchmark.pairs
    profile = load_profile("smoke", {f"benchmark.{split}_pairs": factor * number for split, number in pairs.items()})
    built = peak_memory(lambda: build_benchmark(profile, processes=1))
    seen: list[int] = []

    def read() -> None:
        for split in SPLITS:
            seen.extend(len(batch) for batch in iterate(open_split(profile.results / "benchmark", split), 16))

    return {"factor": factor, "build_mb": built / 1e6, "read_mb": peak_memory(read) / 1e6, "instances": sum(seen)}


def memory_curve(factors: Iterable[int] = FACTORS) -> pd.DataFrame:
    """`measure` of each factor in a process of its own: columns factor, instances, build_mb, read_mb."""
    rows = []
    for factor in factors:
        with tempfile.TemporaryDirectory() as folder:
            places = {name: f"{folder}/{name}" for name in ("SPPE_RESULTS", "HF_DATASETS_CACHE")}
            command = [sys.executable, "-m", "sppe_lib.tools.load", "--factor", str(factor)]
            done = subprocess.run(command, env=os.environ | places, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ResourceError(f"The benchmark of {factor} times the size could not be measured: {done.stderr[-300:]}")
        rows.append(json.loads(done.stdout.strip().rpartition("\n")[2]))
    return pd.DataFrame(rows)[["factor", "instances", "build_mb", "read_mb"]]


def draw(curve: pd.DataFrame, path: Path) -> None:
    """The curve as a picture."""
    named = curve.set_index("instances").rename(columns={"build_mb": "building", "read_mb": "reading"})
    look = {"marker": "o", "logx": True, "ylabel": "peak memory, MB", "ylim": (0, None), "figsize": (5, 3)}
    named[["building", "reading"]].plot(**look).figure.savefig(path, dpi=150, bbox_inches="tight")


@command_line
def main(arguments: list[str] | None = None) -> None:
    """Command line: --output FOLDER; --factor measures one size and prints it."""
    parser = argparse.ArgumentParser(prog="python -m sppe_lib.tools.load", description=__doc__.partition("\n")[0])
    parser.add_argument("--output", default="figures/load", type=Path)
    parser.add_argument("--factor", type=int)
    options = parser.parse_args(arguments)
    if options.factor:
        print(json.dumps(measure(options.factor)))
        return
    as_csv = lambda curve, path: curve.to_csv(path, index=False, float_format="%.0f")
    writers = {"memory.csv": as_csv, "memory.png": draw}
    check_files(options.output, writers)
    curve = memory_curve()
    for name, write in writers.items():
        with atomic_path(options.output / name) as temporary:
            write(curve, temporary)
        mark_file(options.output / name)
    print(curve.to_string(index=False))


if __name__ == "__main__":
    sys.exit(main())
