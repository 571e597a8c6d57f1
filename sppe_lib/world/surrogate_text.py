"""Other text in place of private text: names by names, months by months, digits by digits."""

import re

import numpy as np

from sppe_lib.world.dice import PLATE_LETTERS, WORDS


def change_text(text: str, strength: float, rng: np.random.Generator) -> str:
    """Redraw words and digits, each with a chance of min(1, 1.6 strength); at least one changes.

    Words are replaced by others of the same list (names by names, months by months), below strength
    0.4 only in half of their letters; letters outside known words by other letters, digits by digits.
    """
    chance = min(1.0, 1.6 * strength)
    runs = re.findall(r"[A-Za-z]+|[0-9]|[^A-Za-z0-9]+", text)
    places = [index for index, run in enumerate(runs) if run.isalnum()]
    # All draws are made in any case, so a stronger surrogate changes at least what a weaker one does.
    luck, choices = rng.random(len(places)), rng.integers(0, 1_000_000, len(places))
    if places and luck.min() >= chance:
        luck[int(np.argmin(luck))] = 0.0
    for index, value, choice in zip(places, luck, choices, strict=True):
        if value < chance:
            after_colon = index > 0 and runs[index - 1] == ":"
            runs[index] = _other_run(runs[index], strength, int(choice), "012345" if after_colon else "0123456789")
    return "".join(runs)


def _other_run(run: str, strength: float, choice: int, digits: str) -> str:
    """Another word, letter group or digit in place of `run`."""
    if run.isdigit():
        small = digits[:4] if run <= "3" else digits
        options = [sign for sign in small if sign != run]
        return options[choice % len(options)]
    words = next((words for words in WORDS.values() if run.upper() in (word.upper() for word in words)), None)
    if words is None:
        shift = 1 + choice % (len(PLATE_LETTERS) - 1)
        other = "".join(PLATE_LETTERS[(PLATE_LETTERS.find(sign.upper()) + shift) % len(PLATE_LETTERS)] for sign in run)
    else:
        options = sorted(
            (word for word in words if word.upper() != run.upper()), key=lambda word: abs(len(word) - len(run))
        )
        options = options[: max(len(options) // 2, 3)]  # of about the same length
        other = options[choice % len(options)].upper()
        if strength < 0.4:  # a trace of the original stays: its first half
            other = run.upper()[: (len(run) + 1) // 2] + other[(len(run) + 1) // 2 :]
            other = other if other != run.upper() else run.upper()[:-1]
    return other if run.isupper() else other.capitalize() if run[0].isupper() else other.lower()
