"""Execute a notebook with papermill, as a pipeline stage does.

    python -m sppe_lib.tools.notebooks 03_train_recovery method=SOER

The executed copy goes to `results/<profile>/notebooks/`, written even when a cell fails, so the
failure can be looked at; the notebook in `notebooks/` is never changed.
"""

import os
import sys
import warnings

import papermill
import yaml

from sppe_lib.config import load_profile, repository
from sppe_lib.errors import ConfigError

KERNEL_START = "--InteractiveShellApp.exec_lines=import gc; gc.set_threshold(50_000)"
"""Collect garbage less often, for the kernel's whole life: searching through what imports make takes a tenth of their time."""


def run_notebook(name: str, **parameters: object):
    """Execute `notebooks/<name>.ipynb` with parameters; returns the path of the executed copy.

    Raises ConfigError for a notebook that does not exist or a parameter it does not have, or where DVC runs another
    profile than $SPPE_PROFILE names; papermill's PapermillExecutionError when a cell fails.
    """
    source = repository() / "notebooks" / f"{name}.ipynb"
    if not source.is_file():
        known = ", ".join(sorted(path.stem for path in source.parent.glob("*.ipynb")))
        raise ConfigError(f"No notebook {name!r}: use one of {known}.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # papermill warns where a notebook has no parameters cell at all
        known = papermill.inspect_notebook(str(source))
    unknown = [key for key in parameters if key not in known]
    if unknown:
        raise ConfigError(f"{name} has no parameter {unknown[0]!r}: use one of {', '.join(known)}.")
    profile = load_profile(parameters.get("profile"))
    _check_pipeline(profile.name)
    suffix = "".join(f"-{value}" for key, value in parameters.items() if key != "profile")
    target = profile.results / "notebooks" / f"{name}{suffix}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    papermill.execute_notebook(
        str(source),
        str(target),
        parameters={"profile": profile.name, **parameters} if "profile" in known else parameters,
        cwd=str(source.parent),
        kernel_name="python3",
        progress_bar=True,
        log_output=False,
        request_save_on_cell_execute=True,
        start_timeout=600,  # a busy machine starts a kernel slowly; that is no error
        extra_arguments=[KERNEL_START],
        shutdown_kernel="immediate",  # all is written by then, and a graceful end takes three seconds a stage
    )
    return target


def _check_pipeline(name: str) -> None:
    if "DVC_STAGE" not in os.environ:
        return
    # dvc.yaml names its inputs and outputs by the profile of params.yaml, whatever the environment says.
    chosen = yaml.safe_load((repository() / "params.yaml").read_text(encoding="utf-8"))["profile"]
    if name != chosen:
        raise ConfigError(
            f"$SPPE_PROFILE is {name}, but the pipeline is that of {chosen}: unset it, and run make repro PROFILE={name}."
        )


def main() -> int:
    """Command line: NOTEBOOK [PARAMETER=VALUE ...]."""
    if len(sys.argv) < 2 or any("=" not in argument for argument in sys.argv[2:]):
        print("usage: python -m sppe_lib.tools.notebooks NOTEBOOK [PARAMETER=VALUE ...]", file=sys.stderr)
        return 2
    try:
        run_notebook(sys.argv[1], **dict(argument.split("=", 1) for argument in sys.argv[2:]))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except papermill.PapermillExecutionError as error:
        # The last line of the error is the one sentence that the library raised.
        print(f"{sys.argv[1]}, cell {error.cell_index}: {error.ename}: {error.evalue}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
