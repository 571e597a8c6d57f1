"""Run the pipeline of any profile with DVC, several stages at once where asked: what `make repro` calls.

    python -m sppe_lib.tools.pipeline                   # `dvc repro`, of the profile that params.yaml names
    python -m sppe_lib.tools.pipeline smoke --jobs 2
    python -m sppe_lib.tools.pipeline paper -- recover@SOER --dry       # what follows -- is `dvc repro`'s own

A profile that params.yaml does not name has a pipeline file of its own, `results/<profile>/pipeline/dvc.yaml`, written
anew from the repository's; DVC keeps its record (`dvc.lock`) beside it. So choosing a profile changes no tracked file,
and no run touches another profile's record.

DVC runs one stage after the other, and its manual says to start it several times for more. That pays where stages use
one core, as those of `smoke` do. Results are those of fewer threads: a training's last digits move as they do on
another processor. On an accelerator, which the stages would share, one at a time is usually right.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import nullcontext
from graphlib import TopologicalSorter
from pathlib import Path

import yaml

from sppe_lib.config import load_profile, repository
from sppe_lib.errors import ConfigError, KitError, command_line
from sppe_lib.files import write_text

LINES_SHOWN = 15
"""Of the log of a stage that failed."""

NO_GIT = "[core]\n    no_scm = true\n"
"""DVC's configuration for a pipeline file that git does not know."""


def pipeline_folder(name: str) -> Path:
    """Where the pipeline of a profile is: the repository, or where params.yaml names another profile, its results."""
    content = yaml.safe_load((repository() / "params.yaml").read_text(encoding="utf-8"))
    return repository() if name == content.get("profile") else repository() / "results" / name / "pipeline"


def write_pipeline(name: str) -> Path:
    """The folder with the dvc.yaml of a profile, written anew where it is not the repository's own."""
    folder, home = pipeline_folder(name), repository()
    if folder == home:  # DVC would see the outputs twice if params.yaml did not name it before
        (home / "results" / name / "pipeline" / "dvc.yaml").unlink(missing_ok=True)
        return folder
    content = yaml.safe_load((home / "dvc.yaml").read_text(encoding="utf-8"))
    stages = {key: stage for key, stage in content["stages"].items() if not stage.get("frozen")}
    for stage in stages.values():
        stage.get("do", stage)["wdir"] = "../../.."
    variables = [*content.get("vars", []), {"profile": name}]
    text = yaml.safe_dump({"vars": variables, "stages": stages}, sort_keys=False, allow_unicode=True)
    write_text(folder / "dvc.yaml", text)
    write_text(folder / "config", NO_GIT)
    return folder


def mend(folder: Path) -> None:
    """Remove what a kill left half written of DVC's own: its record of a pipeline, and who has which file in use.

    What the record held is in DVC's cache of runs, so nothing that was made is made again.
    """
    for path, read in ((folder / "dvc.lock", yaml.safe_load), (repository() / ".dvc" / "tmp" / "rwlock", json.loads)):
        try:
            if not isinstance(read(path.read_text(encoding="utf-8")), dict):
                path.unlink()
        except FileNotFoundError:
            pass
        except (ValueError, yaml.YAMLError):
            path.unlink()


def environment_of(folder: Path) -> dict[str, str]:
    """The environment in which DVC takes a pipeline folder for one."""
    return dict(os.environ) | ({} if folder == repository() else {"DVC_SYSTEM_CONFIG_DIR": str(folder)})


def stages_to_run(folder: Path) -> dict[str, set[str]]:
    """Stages of a pipeline with a change and those that depend on them -> which of them each one waits for.

    Frozen ones are left out, and so are those that always run: `repro` has run them.
    """
    import networkx
    from dvc.repo import Repo

    with Repo(str(repository())) as repo:
        graph = repo.index.graph  # from a stage to those that it needs
        file = str(folder / "dvc.yaml")
        stages = [stage for stage in graph if stage.path == file and not stage.frozen and not stage.always_changed]
        changed = repo.status(targets=[stage.addressing for stage in stages])
        again = {stage for stage in stages if stage.addressing in changed}
    again |= {later for stage in again for later in networkx.ancestors(graph, stage)}
    waits = ((stage, graph.successors(stage)) for stage in graph if stage in again)
    return {stage.name: {need.name for need in needs if need in again} for stage, needs in waits}


def repro(folder: Path, arguments: list[str], environment: dict[str, str], log: Path | None = None) -> int:
    """`dvc repro` in a pipeline's folder, its output into a log where one is named; returns the exit status."""
    command = [sys.executable, "-m", "dvc", "--wait-for-lock", "repro", *arguments]
    with log.open("w", encoding="utf-8") if log else nullcontext() as file:
        errors = subprocess.STDOUT if file else None
        return subprocess.run(command, cwd=folder, env=environment, stdout=file, stderr=errors).returncode


def run_side_by_side(
    stages: dict[str, set[str]], jobs: int, logs: Path, run: Callable[[str, Path, dict[str, str]], int]
) -> None:
    """Run `stages` (name -> names it waits for), `jobs` at once; what each one prints goes to `logs`/<name>.log.

    Stages share the processors evenly, and one that nothing runs beside, as `tables`, has them all.
    `run(name, log, environment)` returns a stage's exit status. After one that fails, those that run are awaited and
    no other is started. Raises KitError with the end of the log of the first that failed.
    """
    from tqdm.auto import tqdm

    logs.mkdir(parents=True, exist_ok=True)
    processors = len(os.sched_getaffinity(0))
    waiting: dict[str, set[str]] = {name: set() for name in stages}  # for each, directly or not: the most go first
    for name in reversed(list(TopologicalSorter(stages).static_order())):
        for need in stages[name]:
            waiting[need] |= waiting[name] | {name}
    order, names = TopologicalSorter(stages), list(stages)  # of equals, what stands first in dvc.yaml
    order.prepare()
    running, ready, failed = {}, [], None
    with ThreadPoolExecutor(jobs) as pool, tqdm(total=len(stages), desc="stages", mininterval=0) as bar:
        while order.is_active():
            ready = sorted([*ready, *order.get_ready()], key=lambda name: (-len(waiting[name]), names.index(name)))
            while ready and len(running) < jobs and failed is None:
                threads = str(max(1, processors // (jobs if ready[1:] or running else 1)))
                shares, name = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}, ready.pop(0)
                running[pool.submit(run, name, logs / f"{name}.log", shares)] = name
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
        end = "\n".join(text.splitlines()[-LINES_SHOWN:])
        raise KitError(f"Stage {failed} failed; its log, {logs.name}/{failed}.log of the results, ends with:\n{end}")


@command_line
def main(arguments: list[str]) -> int:
    """Command line: [PROFILE] [--jobs N] [-- arguments of dvc repro]."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("profile", nargs="?", help="a name in params.yaml (default: the one chosen there)")
    parser.add_argument("--jobs", type=int, default=1, help="how many stages at once")
    split = arguments.index("--") if "--" in arguments else len(arguments)
    chosen, own = parser.parse_args(arguments[:split]), arguments[split + 1 :]
    if chosen.jobs < 1 or (chosen.jobs > 1 and own):
        raise ConfigError(f"{chosen.jobs} stages at once: choose at least 1, and 1 with arguments of dvc repro.")
    profile = load_profile(chosen.profile or None)
    folder = write_pipeline(profile.name)
    mend(folder)
    environment = environment_of(folder)
    if chosen.jobs == 1:
        # What comes before, which only the repository's own record should hold, is `pretrain`, and that is frozen.
        everything = [] if folder == repository() else ["--downstream", "source"]
        return repro(folder, own or everything, environment)
    os.environ |= environment  # DVC's own reading of the graph, in this process, needs it too
    if repro(folder, ["source"], environment) != 0:  # always run, so whether it changed is known only afterwards
        return 1
    run_side_by_side(
        stages_to_run(folder),
        chosen.jobs,
        profile.results / "logs",
        lambda name, log, shares: repro(folder, ["--single-item", name], environment | shares, log),
    )
    print("Data and pipelines are up to date.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
