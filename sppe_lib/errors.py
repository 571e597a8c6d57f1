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


def command_line(main: Callable[[list[str]], int | None]) -> Callable[..., int]:
    """Make a command line of `main(arguments)`, whose status it returns.

    What keeps it from working, a KitError or a file that cannot be read or written, is a sentence on standard error and
    status 2; Ctrl-C is status 130. A terminal without a character shows `?` in its place.
    """

    @wraps(main)
    def run(arguments: list[str] | None = None) -> int:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        try:
            return main(sys.argv[1:] if arguments is None else arguments) or 0
        except KitError as error:
            print(error, file=sys.stderr)
        except OSError as error:
            print(f"{error.strerror or error}: {error.filename or 'no file named'}.", file=sys.stderr)
        except KeyboardInterrupt:
            print("Interrupted.", file=sys.stderr)
            return 130
        return 2

    return run
