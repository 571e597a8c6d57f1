"""`python -m sppe_lib photo …`: the kit on a photo of one's own."""

import gc
import signal
import sys


def main(arguments: list[str]) -> int:
    """Run a command by name; 0 where it worked, 2 with a sentence on standard error where it did not."""
    if arguments[:1] != ["photo"]:
        print("usage: python -m sppe_lib photo IMAGE INSTRUCTION [options]; --help lists them.", file=sys.stderr)
        return 2
    from sppe_lib.photo.command import main as photo

    return photo(arguments[1:])


if __name__ == "__main__":
    # Being asked to end is Ctrl-C: an editor that runs ends, and what is temporary goes.
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    gc.disable()  # a command is short, and looking for garbage among all that is imported takes it half a second
    status = main(sys.argv[1:])
    gc.freeze()  # and at its end one more
    sys.exit(status)
