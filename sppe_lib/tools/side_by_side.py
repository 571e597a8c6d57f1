"""`dvc repro` with several stages at once, each with its share of the cores.

    python -m sppe_lib.tools.side_by_side 2     # as `make repro JOBS=2` does

DVC runs one stage after the other, and its manual says to start it several times for more. That pays where stages use one core
most of the time, as those of `smoke` do. Results are those of fewer threads: a training's last digits move as they do on another
processor. On an accelerator, which the stages would have to share, one at a time is usually right.
"""

import argparse
import os
import subprocess
import sys
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from pathlib import Path

from sppe_lib.config import load_profile, repository
from sppe_lib.errors import ConfigError, KitError, command_line

LINES_SHOWN = 15
"""Of the log of a stage that failed."""


def stages_to_run() -> dict[str, set[str]]:
    """Stages with a change and those that depend on them, frozen ones left out -> which of them each one waits for."""
    import networkx
    from dvc.repo import Repo

    with Repo(str(repository())) as repo:
        graph = repo.index.graph  # from a stage to those that it needs
        stages = [stage for stage in graph if not stage.frozen]
        changed = repo.status(targets=[stage.addressing for stage in stages])
        again = {stage for stage in stages if stage.addressing in changed}
    again |= {later for stage in again for later in networkx.ancestors(graph, stage)}
    return {
        stage.name: {need.name for need in graph.successors(stage) if need in again}
        for stage in graph
        if stage in again
    }


def run_stage(name: str, log: Path, environment: dict[str, str]) -> int:
    """One stage by DVC, its output into `log`; returns the exit status."""
    command = [sys.executable, "-m", "dvc", "--wait-for-lock", "repro", "--single-item", name]
    with log.open("w", encoding="utf-8") as file:
        return subprocess.run(
            command, cwd=repository(), env=environment, stdout=file, stderr=subprocess.STDOUT
        ).returncode


def _by_what_waits(stages: dict[str, set[str]]) -> dict[str, int]:
    """How many stages wait for each one, directly or not: those with the most go first."""
    waiting: dict[str, set[str]] = {name: set() for name in stages}
    for name in reversed(list(TopologicalSorter(stages).static_order())):
        for need in stages[name]:
            waiting[need] |= waiting[name] | {name}
    return {name: len(later) for name, later in waiting.items()}


def run_side_by_side(stages: dict[str, set[str]], jobs: int, logs: Path, run=run_stage) -> None:
    """Run `stages` (name -> names it waits for), `jobs` at once; what each one prints goes to `logs`/<name>.log.

    After a stage that fails, those that run are awaited and no other is started. `run` is called as `run_stage` is. Raises
    KitError with the end of the log of the first that failed.
    """
    from tqdm.auto import tqdm

    logs.mkdir(parents=True, exist_ok=True)
    threads = str(max(1, len(os.sched_getaffinity(0)) // jobs))
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
    order, waited_for = TopologicalSorter(stages), _by_what_waits(stages)
    order.prepare()
    running, ready, failed = {}, [], None
    with ThreadPoolExecutor(jobs) as pool, tqdm(total=len(stages), desc="stages", mininterval=0) as bar:
        while order.is_active():
            ready = sorted([*ready, *order.get_ready()], key=lambda name: -waited_for[name])
            while ready and len(running) < jobs and failed is None:
                name = ready.pop(0)
                running[pool.submit(run, name, logs / f"{name}.log", environment)] = name
            if not running:
                break
            bar.set_postfix_str(", ".join(running.values()))
            for task in wait(running, return_when=FIRST_COMPLETED).done:
                name = running.pop(task)
                if task.result() != 0:
                    failed = failed or name
                    continue
                order.done(name)
                bar.update()
    if failed:
        text = (logs / f"{failed}.log").read_text(encoding="utf-8", errors="replace").replace("\r", "\n")
        end = text.splitlines()[-LINES_SHOWN:]
        raise KitError(
            "\n".join(
                [f"Stage {failed} failed; its log, {failed}.log in the results' folder {logs.name!r}, ends with:", *end]
            )
        )


@command_line
def main(arguments: list[str] | None = None) -> None:
    """Run the stages that have changed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("jobs", type=int, help="how many stages at once")
    jobs = parser.parse_args(arguments).jobs
    if jobs < 1:
        raise ConfigError(f"{jobs} stages at once: choose at least 1.")
    run_side_by_side(stages_to_run(), jobs, load_profile().results / "logs")
    print("Data and pipelines are up to date.")


if __name__ == "__main__":
    sys.exit(main())
