"""Colours of the vector world: names, palettes (`assets/colours.yaml`), "#rrggbb" strings and their mixing."""

from collections.abc import Iterable

from PIL import ImageColor

from sppe_lib.world import read_asset

_TABLES = read_asset("colours.yaml")

COLOURS: dict[str, str] = _TABLES["colours"]
"""The colours of the world by name; captions use the names."""

NAMED: dict[str, str] = _TABLES["words"]
"""Words for any colour, by their most typical value; see `colour_name`."""

MATERIALS: dict[str, dict[str, str]] = _TABLES["materials"]
"""Materials of cards and tickets, and the attributes that they replace."""

PALETTES: dict[str, tuple[str, ...]] = {name: tuple(colours) for name, colours in _TABLES["palettes"].items()}
DARK, LIGHT, INKS, PAPERS, VIVID = (PALETTES[name] for name in ("dark", "light", "inks", "papers", "vivid"))


def hex_of(name: str) -> str:
    """The hexadecimal value of a named colour; any other string is passed through."""
    return COLOURS.get(name, name)


def rgb(colour: str) -> tuple[int, int, int]:
    """ "#rrggbb" (or "#rgb") as three numbers in 0..255."""
    return ImageColor.getrgb(colour)[:3]


def hex_colour(values: Iterable[float]) -> str:
    """Three numbers in 0..255 as "#rrggbb"."""
    return "#" + "".join(f"{min(255, max(0, round(float(value)))):02x}" for value in values)


def mix(first: str, second: str, amount: float) -> str:
    """`first` moved towards `second` by `amount` in [0, 1]; names or "#rrggbb"."""
    pairs = zip(rgb(hex_of(first)), rgb(hex_of(second)), strict=True)
    return hex_colour(a + (b - a) * amount for a, b in pairs)


def is_dark(name: str) -> bool:
    """Whether white text is easier to read on this colour than black text."""
    red, green, blue = rgb(hex_of(name))
    return 0.3 * red + 0.59 * green + 0.11 * blue < 125


def contrasting(name: str) -> str:
    """Black or white, whichever reads better on a colour."""
    return "white" if is_dark(name) else "black"


def paper_ink(paper: str) -> tuple[str, ...]:
    """Ink colours that can be read on a paper."""
    light, dark = ("white", "gold", "light yellow"), ("black", "dark blue", "dark red", "dark green", "purple")
    return light if is_dark(paper) else dark


def colour_name(colour: str) -> str:
    """The nearest of a few colour words."""
    target = rgb(colour)
    return min(NAMED, key=lambda name: sum((a - b) ** 2 for a, b in zip(rgb(NAMED[name]), target, strict=True)))
