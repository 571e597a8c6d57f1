"""Memory as the benchmark grows: 1, 4 and 16 times the pairs of profile smoke.

    python -m sppe_lib.tools.load --output figures/load     # or `make load`: memory.csv and memory.png, in minutes

Each measurement is a process of its own: the benchmark is built (two more processes draw), then every instance of it
is read. Peak memory is what the system says of the process and of the largest of those that it started.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

from sppe_lib.config import Profile, changed, load_profile
from sppe_lib.errors import DataError, command_line
from sppe_lib.runtime import atomic_path, progress, write_text

FACTORS = (1, 4, 16)
READ_AT_ONCE = 8


def _grown(factor: int) -> Profile:
    profile = load_profile("smoke")
    pairs = {f"benchmark.{split}_pairs": factor * number for split, number in profile.benchmark.pairs.items()}
    return changed(profile, pairs)


def work(step: str, factor: int) -> float:
    """Build, or read, the benchmark of a grown profile in `$SPPE_RESULTS`; the peak memory of this process in MiB."""
    from sppe_lib.data.build import build_benchmark
    from sppe_lib.data.schema import iterate, open_split

    profile = _grown(factor)
    if step == "build":
        build_benchmark(profile)
    else:
        for split in profile.benchmark.pairs:
            for _ in iterate(open_split(profile.results / "benchmark", split), READ_AT_ONCE):
                pass
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(kind).ru_maxrss for kind in kinds) / 1024


def measure(factors: tuple[int, ...] = FACTORS) -> pd.DataFrame:
    """Columns: step ("build" or "read"), times (smoke's pairs), instances, peak_mib."""
    rows = []
    for factor in progress(factors, "load"):
        instances = 2 * sum(_grown(factor).benchmark.pairs.values())
        with tempfile.TemporaryDirectory() as folder:
            for step in ("build", "read"):
                command = ["env", f"SPPE_RESULTS={folder}", sys.executable, "-m", "sppe_lib.tools.load"]
                done = subprocess.run([*command, "--step", step, str(factor)], capture_output=True, text=True)
                if done.returncode:
                    raise DataError(f"{step} with {factor} times the pairs failed: {done.stderr.strip()[-500:]}")
                rows.append((step, factor, instances, round(float(done.stdout.split()[-1]), 1)))
    return pd.DataFrame(rows, columns=["step", "times", "instances", "peak_mib"])


def write(table: pd.DataFrame, folder: Path) -> None:
    """Write `memory.csv` and `memory.png`."""
    from matplotlib.figure import Figure

    write_text(folder / "memory.csv", table.to_csv(index=False))
    figure = Figure(figsize=(5, 3), layout="constrained")
    axes = figure.subplots()
    for step, rows in table.groupby("step"):
        axes.plot(rows["instances"], rows["peak_mib"], marker="o", label=step)
    axes.set(xscale="log", ylim=(0, None), xlabel="instances in the benchmark", ylabel="peak memory of a process (MiB)")
    axes.legend()
    with atomic_path(folder / "memory.png") as temporary:
        figure.savefig(temporary, dpi=150)


@command_line
def main(arguments: list[str]) -> None:
    """Measure and write, or with --step one measurement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("figures/load"))
    parser.add_argument("--step", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.step:
        print(work(chosen.step[0], int(chosen.step[1])))
        return
    write(measure(), chosen.output)


if __name__ == "__main__":
    sys.exit(main())
