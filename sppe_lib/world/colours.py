"""Colours of the vector world: names, palettes (`assets/colours.yaml`), "#rrggbb" strings and their mixing."""

from collections.abc import Iterable, Mapping

from PIL import ImageColor

from sppe_lib.world import read_asset

_TABLES = read_asset("colours.yaml")

COLOURS: dict[str, str] = _TABLES["colours"]
"""The colours of the world by name; captions use the names."""

MATERIALS: dict[str, dict[str, str]] = _TABLES["materials"]
"""Materials of cards and tickets, and the attributes that they replace."""

PALETTES: dict[str, tuple[str, ...]] = {name: tuple(colours) for name, colours in _TABLES["palettes"].items()}
PAPERS, VIVID = PALETTES["papers"], PALETTES["vivid"]


def hex_of(name: str) -> str:
    """The hexadecimal value of a named colour; any other string is passed through."""
    return COLOURS.get(name, name)


def rgb(colour: str) -> tuple[int, int, int]:
    """A name, "#rrggbb" or "#rgb" as three numbers in 0..255."""
    return ImageColor.getrgb(hex_of(colour))[:3]


def hex_colour(values: Iterable[float]) -> str:
    """Three numbers in 0..255 as "#rrggbb"."""
    return "#" + "".join(f"{min(255, max(0, round(float(value)))):02x}" for value in values)


def mix(first: str, second: str, amount: float) -> str:
    """`first` moved towards `second` by `amount` in [0, 1]; names or "#rrggbb"."""
    return hex_colour(a + (b - a) * amount for a, b in zip(rgb(first), rgb(second), strict=True))


def is_dark(name: str) -> bool:
    """Whether white text is easier to read on this colour than black text."""
    red, green, blue = rgb(name)
    return 0.3 * red + 0.59 * green + 0.11 * blue < 125


def contrasting(name: str) -> str:
    """Black or white, whichever reads better on a colour."""
    return "white" if is_dark(name) else "black"


def paper_ink(paper: str) -> tuple[str, ...]:
    """Ink colours that can be read on a paper."""
    light, dark = ("white", "gold", "light yellow"), ("black", "dark blue", "dark red", "dark green", "purple")
    return light if is_dark(paper) else dark


def nearest(colour: str, names: Mapping[str, str], power: int) -> str:
    """The name whose value differs least from a colour, in the sum of the channels' differences to a power."""
    target = rgb(colour)
    return min(names, key=lambda name: sum(abs(a - b) ** power for a, b in zip(rgb(names[name]), target, strict=True)))


def colour_name(colour: str) -> str:
    """The nearest of a few words for any colour."""
    return nearest(colour, _TABLES["words"], 2)
