"""Chance in the vector world: picks, numbers, and looks and words drawn from the recipes in `assets/looks.yaml`."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sppe_lib.errors import ConfigError
from sppe_lib.world import people, read_asset
from sppe_lib.world.colours import PALETTES, contrasting, paper_ink

WORDS: dict[str, list[str]] = read_asset("words.yaml")
"""Lists of words that can stand for each other."""

LOOKS: dict[str, dict] = read_asset("looks.yaml")
"""Name of a record -> what it draws, in order."""

LISTS: dict[str, Sequence[str]] = {**WORDS, **PALETTES, **LOOKS["lists"], "landmarks": list(LOOKS["landmark aspects"])}
"""What "{name}" in a recipe picks from."""

PLATE_LETTERS = "BCDFGHJLMNPRTVWXYZ"
"""Capitals none of which look like digits or make words."""

_SLOT = re.compile(r"\{([^}]*)\}")


@dataclass(frozen=True)
class Dice:
    """Chance that a generator drives; the same calls in the same order give the same world."""

    rng: np.random.Generator

    def pick(self, options: Sequence) -> Any:
        """One of the options."""
        return options[int(self.rng.integers(len(options)))]

    def chance(self, share: float) -> bool:
        """True for a share of the draws."""
        return bool(self.rng.random() < share)

    def between(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return float(self.rng.uniform(low, high))

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high` - 1."""
        return int(self.rng.integers(low, high))

    def tilt(self, most: float) -> float:
        """A rotation in whole degrees up to `most`, often none."""
        return 0.0 if self.chance(0.35) else float(self.whole(-int(most), int(most) + 1))

    def record(self, recipe: str | Mapping[str, Any], **known: Any) -> dict[str, Any]:
        """Draw a record of LOOKS, in its order; the result holds its hidden values (_name), too.

        `known` are values that the recipe may name, as it may those that it has drawn before.
        """
        drawn: dict[str, Any] = {}
        for key, value in (LOOKS[recipe] if isinstance(recipe, str) else recipe).items():
            if key.startswith("+"):
                found = self.record(key[1:] if value is None else self.pick(value), **known)
            else:
                found = {key: self.draw(value, known)}
            drawn |= found
            known |= {name.lstrip("_"): value for name, value in found.items()}
        return drawn

    def draw(self, recipe: Any, known: Mapping[str, Any]) -> Any:
        """Draw one value; the head of `assets/looks.yaml` says how recipes are written."""
        match recipe:
            case list():
                return self.draw(self.pick(recipe), known)
            case str():
                if whole := _SLOT.fullmatch(recipe):
                    return self._named(whole[1], known)
                return _SLOT.sub(lambda found: str(self._named(found[1], known)), recipe)
            case {"chance": share, "then": one, "else": other}:
                return self.draw(one if self.chance(share) else other, known)
            case {"lines": lines}:
                return tuple(self.draw(line, known) for line in lines)
            case {"all": options}:  # every option is drawn before one is picked
                return self.pick([self.draw(option, known) for option in options])
            case {"by": name}:
                return self.draw(recipe[known[name]], known)
            case {"whole": limits}:
                return self.whole(*limits)
            case {"between": limits, **more}:
                number = self.between(*limits)
                return round(number, more["digits"]) if more else number
        return recipe

    def _named(self, words: str, known: Mapping[str, Any]) -> Any:
        """The value of what stands between braces."""
        name, *arguments = words.split()
        if name in FUNCTIONS:
            return FUNCTIONS[name](self, known, *arguments)
        if words in known:
            return known[words]
        first, *more = re.split(r" ([+-]) ", words)
        if first not in LISTS:
            raise ConfigError(
                f"A recipe asks for {{{words}}}: name a list, a function of dice.py or a value drawn before."
            )
        options = list(LISTS[first])
        for sign, other in zip(more[::2], more[1::2], strict=True):
            if sign == "+":
                options += LISTS.get(other, [other])
            else:
                options = [option for option in options if option != known[other]]
        return self.pick(options)


def _birth_date(dice: Dice, known: Mapping[str, Any]) -> str | tuple[str, str]:
    """A date of birth between 1940 and 2010."""
    day, month, year = dice.whole(1, 29), dice.whole(0, 12), dice.whole(1940, 2011)
    long, short = f"{day} {WORDS['months'][month]}", f"{day}.{month + 1}."
    return dice.pick([(long, str(year)), f"{short}{year % 100:02d}", (short, str(year))])


def _bill(dice: Dice, known: Mapping[str, Any]) -> tuple[str, ...]:
    shop, prices = dice.pick(WORDS["shops"]), known["prices"]
    goods = [f"{dice.pick(WORDS['goods'])} {price}" for price in prices]
    return shop, *goods, f"{sum(prices)}.{dice.whole(10, 100)}"


def _scribbled_notes(dice: Dice, known: Mapping[str, Any]) -> tuple[str, ...]:
    rows = range(dice.whole(2, 5))
    return tuple(" ".join(map(str, dice.rng.permutation(WORDS["notes"])[: dice.whole(1, 3)])) for _ in rows)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "digits": lambda dice, known, count: str(dice.whole(10 ** (int(count) - 1), 10 ** int(count))),
    "letters": lambda dice, known, count: "".join(dice.rng.permutation(list(PLATE_LETTERS))[: int(count)]),
    "number": lambda dice, known, low, high: str(dice.whole(int(low), int(high))),
    "two": lambda dice, known, low, high: f"{dice.whole(int(low), int(high)):02d}",
    "lower": lambda dice, known, name: dice.draw("{" + name + "}", known).lower(),
    "capital": lambda dice, known, name: dice.draw("{" + name + "}", known).capitalize(),
    "initial": lambda dice, known, name: dice.draw("{" + name + "}", known)[0],
    "item": lambda dice, known, name, index: known[name][int(index)],
    "last_line": lambda dice, known, name: known[name] if isinstance(known[name], str) else known[name][-1],
    "contrast": lambda dice, known, name: contrasting(known[name]),
    "inks_on": lambda dice, known, name: dice.pick(paper_ink(known[name])),
    "tilt": lambda dice, known, most: dice.tilt(float(most)),
    "person": lambda dice, known: people.random_person(dice.rng),
    "birth_date": _birth_date,
    "years": lambda dice, known, count: [f"{y % 100:02d}" for y in sorted(dice.rng.integers(1985, 2026, int(count)))],
    "prices": lambda dice, known: [dice.whole(1, 60) for _ in range(dice.whole(1, 4))],
    "bill": _bill,
    "scribbled_notes": _scribbled_notes,
}  # fmt: skip
"""Name of a function in a recipe -> function(dice, what is known, its arguments)."""
