"""Train and recover with one method outside a notebook, on any number of processes and machines.

    accelerate launch --num_processes 4 -m sppe_lib.recovery.launch C2E-S2SER
    accelerate launch --num_processes 4 -m sppe_lib.recovery.launch SOER --profile paper --only recover

What it calls is what 03_train_recovery and 04_recover call; alone (`python -m sppe_lib.recovery.launch`)
it runs on one process. A run that was stopped goes on from its last checkpoint or shard.
"""

import argparse
import sys

from sppe_lib import recovery
from sppe_lib.config import load_profile
from sppe_lib.errors import command_line


@command_line
def main(arguments: list[str] | None = None) -> None:
    """Train and recover with the methods of the command line."""
    parser = argparse.ArgumentParser(description="Train a recovery method and recover the test data with it.")
    parser.add_argument("method", help="a name in recovery.METHODS, or several with commas between them")
    parser.add_argument("--profile", help="a profile of params.yaml; default: the one it names")
    parser.add_argument("--only", choices=("fit", "recover"), help="do only one of the two")
    chosen = parser.parse_args(arguments)
    profile = load_profile(chosen.profile)
    for name in recovery.methods(chosen.method):
        if chosen.only != "recover":
            recovery.fit(profile, name)
        if chosen.only != "fit":
            recovery.recover_all(profile, name)


if __name__ == "__main__":
    sys.exit(main())
