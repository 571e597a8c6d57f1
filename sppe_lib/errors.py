"""The errors a user can meet. Each message is one sentence: what is wrong, where, what to do."""

import sys
from collections.abc import Callable
from functools import wraps


class KitError(Exception):
    """Base of every error the kit raises on purpose."""


class ConfigError(KitError):
    """A profile, parameter, category, method or instruction that does not exist or does not fit."""


class DataError(KitError):
    """An image, mask, label file or data tree that is missing, unreadable or inconsistent."""


class ResourceError(KitError):
    """Not enough disk or memory, or weights that are not available."""


def command_line(main: Callable[[list[str] | None], None]) -> Callable[[list[str] | None], int]:
    """Make a command line of `main(arguments)`: it returns 0, or 2 with a KitError's sentence on standard error."""

    @wraps(main)
    def run(arguments: list[str] | None = None) -> int:
        try:
            main(arguments)
        except KitError as error:
            print(error, file=sys.stderr)
            return 2
        return 0

    return run
