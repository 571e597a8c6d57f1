from sppe_lib.world.colours import COLOURS, DARK, INKS, LIGHT, PAPERS, VIVID, contrasting, hex_of, is_dark  # noqa: F401
from sppe_lib.world.shapes import ellipse, line, lines_of, path, polygon, rect  # noqa: F401
