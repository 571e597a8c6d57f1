"""Train and recover with one method outside a notebook, on any number of processes and machines.

    accelerate launch --num_processes 4 -m sppe_lib.recovery.launch C2E-S2SER --profile release
    accelerate launch --num_processes 4 -m sppe_lib.recovery.launch SOER --profile paper --only recover
    python -m sppe_lib.recovery.launch frozen,oracle-words --only recover --data validation

It calls what 03_train_recovery and 04_recover call; alone it runs on one process. Training needs a
`recovery.training.batch` that is a multiple of the number of processes. A run that was stopped goes on from its last
checkpoint or shard.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import torch

from sppe_lib import recovery
from sppe_lib.config import Profile, load_profile
from sppe_lib.data.schema import EVALUATED
from sppe_lib.diffusion.processes import check_batch
from sppe_lib.errors import ConfigError, KitError, command_line
from sppe_lib.recovery.method import training_folder


def command(processes: int, *arguments: str) -> list[str]:
    """The command that runs this file with `arguments` on several processes of this machine.

    It is what `accelerate launch` runs for several GPUs; without one, that wants MPI for several processes.
    """
    how = ["--standalone", "--nproc-per-node", str(processes), "-m", "sppe_lib.recovery.launch"]
    return [sys.executable, "-m", "torch.distributed.run", *how, *arguments]


def fit(profile: Profile, name: str, processes: int = 1) -> Path:
    """`recovery.fit` of a method that learns, on several processes of this machine if more than one is asked for.

    They are started beside the notebook's kernel, not forked from it as accelerate's `notebook_launcher` does: that
    refuses wherever bitsandbytes is imported, and diffusers imports it. Raises ConfigError for a method that learns
    nothing, a number of processes that the machine does not have GPUs for or that cannot share a batch evenly, or a
    profile that is not as in params.yaml, where they would read it; KitError where they fail.
    """
    if not recovery.method(name).trained:
        trained = ", ".join(recovery.TRAINED)
        raise ConfigError(
            f"{name} learns nothing, so there is nothing to train: 04_recover runs it. Methods to train: {trained}."
        )
    if processes == 1:
        return recovery.fit(profile, name)
    devices = torch.cuda.device_count() or processes
    if not 1 <= processes <= devices:
        raise ConfigError(
            f"processes is {processes}: choose at least 1, and no more than this machine has GPUs ({devices})."
        )
    check_batch(profile.recovery.training.batch, processes)
    if load_profile(profile.name) != profile:
        raise ConfigError(
            f"Profile {profile.name} was changed in this notebook, which other processes cannot see: edit params.yaml."
        )
    done = subprocess.run(command(processes, name, "--profile", profile.name, "--only", "fit"), check=False)
    if done.returncode:
        raise KitError(
            f"Training {name} on {processes} processes failed: the first error above says why; mend it and run again."
        )
    return training_folder(profile, name)


@command_line
def main(arguments: list[str] | None = None) -> None:
    """Train and recover with the methods of the command line."""
    parser = argparse.ArgumentParser(description="Train a recovery method and recover the test data with it.")
    parser.add_argument("method", help="a name in recovery.METHODS, or several with commas between them")
    parser.add_argument("--profile", help="a profile of params.yaml; default: the one it names")
    parser.add_argument("--only", choices=("fit", "recover"), help="do only one of the two")
    parser.add_argument("--data", choices=tuple(EVALUATED), help="recover only this; default: all a method is for")
    chosen = parser.parse_args(arguments)
    profile = load_profile(chosen.profile)
    for name in recovery.methods(chosen.method):
        if chosen.only != "recover":
            recovery.fit(profile, name)
        if chosen.only == "fit":
            continue
        if not chosen.data:
            recovery.recover_all(profile, name)
        else:
            for number in recovery.repetitions(profile, name):
                recovery.recover_split(profile, name, chosen.data, number)


if __name__ == "__main__":
    sys.exit(main())
