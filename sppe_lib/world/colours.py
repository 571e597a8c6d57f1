"""Colours of the vector world: "#rrggbb" strings, their mixing and their names in words."""

import colorsys

NAMED = {
    "black": "#202024", "white": "#f6f6f6", "grey": "#8e9094", "red": "#d83a3a", "orange": "#f58a2e",
    "yellow": "#f5d742", "green": "#3f9d52", "teal": "#3aa79b", "blue": "#3f7fd0", "light blue": "#8fd0ff",
    "navy": "#22365c", "purple": "#8148b8", "pink": "#ff90b8", "brown": "#7a4a2a", "blonde": "#d9b976",
    "beige": "#e8d9bd",
}  # fmt: skip


def rgb(colour: str) -> tuple[int, int, int]:
    """ "#rrggbb" (or "#rgb") as three numbers in 0..255."""
    digits = colour.lstrip("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def hex_colour(values) -> str:
    """Three numbers in 0..255 as "#rrggbb"."""
    return "#" + "".join(f"{min(255, max(0, round(float(value)))):02x}" for value in values)


def mix(first: str, second: str, amount: float) -> str:
    """`first` moved towards `second` by `amount` in [0, 1]."""
    return hex_colour(a + (b - a) * amount for a, b in zip(rgb(first), rgb(second), strict=True))


def brightness(colour: str) -> float:
    """Luma of a colour in [0, 1]."""
    red, green, blue = rgb(colour)
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255


def hue(colour: str) -> float:
    """Hue of a colour in [0, 1)."""
    return colorsys.rgb_to_hsv(*(value / 255 for value in rgb(colour)))[0]


def colour_name(colour: str) -> str:
    """The nearest of a few colour words."""
    target = rgb(colour)
    return min(NAMED, key=lambda name: sum((a - b) ** 2 for a, b in zip(rgb(NAMED[name]), target, strict=True)))
