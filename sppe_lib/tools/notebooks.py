"""Execute a notebook with papermill, as a pipeline stage does.

    python -m sppe_lib.tools.notebooks 03_train_recovery method=SOER

The executed copy goes to `results/<profile>/notebooks/`, also when a cell fails, so that the failure can be looked at;
the notebook in `notebooks/` is never changed.
"""

import os
import re
import sys
import warnings
from pathlib import Path

import papermill
import yaml
from jupyter_client.kernelspec import NoSuchKernel
from nbclient.exceptions import DeadKernelError

from sppe_lib.config import Profile, load_profile, repository
from sppe_lib.errors import ConfigError, DataError, KitError, ResourceError, command_line
from sppe_lib.locations import folder_of

KERNEL_START = "--InteractiveShellApp.exec_lines=import gc; gc.set_threshold(50_000)"
"""Collect garbage less often, for the kernel's whole life: searching through what imports make costs a tenth of it."""


def stage_of(name: str, method: str = "") -> dict | None:
    """The stage of dvc.yaml that runs a notebook, for a method where it has several; None where there is none."""
    content = yaml.safe_load((repository() / "dvc.yaml").read_text(encoding="utf-8"))
    methods = {f"${{{key}}}": names for entry in content["vars"] for key, names in entry.items()}
    for stage in content["stages"].values():
        if found := re.search(rf"\.notebooks {re.escape(name)}(\s.*|$)", stage["cmd"], re.DOTALL):
            listed = re.findall(r"[\w -]+", found[1].partition("method=")[2])
            several = methods.get(stage.get("matrix", {}).get("method")) or listed
            if not several or set(method.split(",")) <= {"", *several}:
                return stage
    return None


def check_inputs(name: str, profile: Profile, method: str = "") -> None:
    """Raise DataError, before anything is written, where results that a notebook's stage reads are not there."""
    for path in (stage_of(name, method) or {}).get("deps", []):
        path = path.replace("${profile}", profile.name).replace("${item.method}", method)
        kind, _, rest = path.partition(f"/{profile.name}/")
        if kind in ("results", "figures") and not (getattr(profile, kind) / rest).exists():
            raise DataError(
                f"{name} needs {path}, which is not there: run the stages before it first, as "
                f"`make repro PROFILE={profile.name}` does."
            )


def run_notebook(name: str, /, **parameters: str) -> Path:
    """Execute `notebooks/<name>.ipynb` with parameters; returns the path of the executed copy.

    Raises ConfigError for a notebook that does not exist, a parameter it does not have or a missing kernel, DataError
    where its stage's inputs are not there; papermill's PapermillExecutionError when a cell fails.
    """
    source = repository() / "notebooks" / f"{name}.ipynb"
    if not source.is_file():
        known = ", ".join(sorted(path.stem for path in source.parent.glob("*.ipynb")))
        raise ConfigError(f"No notebook {name[:80]!r}: use one of {known}.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # papermill warns where a notebook has no parameters cell at all
        known = papermill.inspect_notebook(str(source))
    unknown = [key for key in parameters if key not in known]
    if unknown:
        raise ConfigError(f"{name} has no parameter {unknown[0]!r}: use one of {', '.join(known)}.")
    profile = load_profile(parameters.get("profile"))
    for kind in ("results", "figures") if "DVC_STAGE" in os.environ else ():  # DVC would look for outputs there
        if getattr(profile, kind).resolve() != (repository() / kind / profile.name).resolve():
            raise ConfigError(f"SPPE_{kind.upper()} is set, but a pipeline's outputs are in the repository: unset it.")
    check_inputs(name, profile, parameters.get("method", ""))
    suffix = "".join(f"-{value}" for key, value in parameters.items() if key != "profile")
    target = profile.results / "notebooks" / f"{re.sub(r'[^A-Za-z0-9_.,-]', '_', name + suffix)[:200]}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    # The kernel runs in the notebook's folder: it gets this library, whichever the environment has installed, and this
    # interpreter, whichever the user's own kernels have.
    library = str(Path(__file__).parents[2])
    others = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry and entry != library]
    os.environ |= {"PYTHONPATH": os.pathsep.join([library, *others]), "JUPYTER_PREFER_ENV_PATH": "1"}
    for limit in ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"):
        # glibc keeps freed memory: to ask the system for it again takes a fifth of a small CLIP's time.
        os.environ.setdefault(limit, str(2**32))
    if home := folder_of("SPPE_HOME"):
        os.environ["SPPE_HOME"] = str(home.absolute())
    try:
        papermill.execute_notebook(
            str(source),
            str(target),
            parameters={"profile": profile.name, **parameters} if "profile" in known else parameters,
            cwd=str(source.parent),
            kernel_name="python3",
            start_timeout=600,  # a busy machine starts a kernel slowly; that is no error
            extra_arguments=[KERNEL_START],
            shutdown_kernel="immediate",  # all is written by then, and a graceful end takes three seconds a stage
        )
    except DeadKernelError:
        raise ResourceError(f"{name} was ended from outside, most often for lack of memory: run it again.") from None
    except NoSuchKernel:
        raise ConfigError("This environment has no Jupyter kernel named python3: run `make setup`.") from None
    return target


@command_line
def main(arguments: list[str]) -> None:
    """Command line: NOTEBOOK [PARAMETER=VALUE ...]."""
    if not arguments or any("=" not in argument for argument in arguments[1:]):
        raise ConfigError("usage: python -m sppe_lib.tools.notebooks NOTEBOOK [PARAMETER=VALUE ...]")
    try:
        run_notebook(arguments[0], **dict(argument.split("=", 1) for argument in arguments[1:]))
    except papermill.PapermillExecutionError as error:
        # The last line of the error is the one sentence that the library raised.
        raise KitError(f"{arguments[0]}, cell {error.cell_index}: {error.ename}: {error.evalue}") from None


if __name__ == "__main__":
    sys.exit(main())
