"""Things of the unseen scenes, drawn only there: animals, fruit, boats, furniture, balloons, flowers, a farm.

Each fills its box, so that it stays recognisable at 64 pixels.
"""

import numpy as np

from sppe_lib.world.colours import mix
from sppe_lib.world.props_shapes import Piece, compose, ellipse, hex_of, line, path, polygon, rect
from sppe_lib.world.scene import Element, draws

FRUITS = {"apple": "#d42b2b", "lemon": "#f7df3f", "pear": "#a9c93f", "tangerine": "#f58a1e", "plum": "#6b2f7d"}
"""Types of fruit and the colour they have by nature."""


def _darker(colour: str, amount: float = 0.35) -> str:
    return mix(hex_of(colour), "#101010", amount)


def _lighter(colour: str, amount: float = 0.5) -> str:
    return mix(hex_of(colour), "#ffffff", amount)


def _alone(element: Element, body: str, part: str) -> str:
    return compose(element, [Piece(body)], part)


def _headgear(look, width: float, top: float) -> str:
    """A party hat or a crown whose lower edge is at `top`, as attribute "hat" says."""
    x, hat = width / 2, look.get("hat", "")
    if hat == "party":
        cone = polygon([(x - width * 0.2, top), (x, top - width * 0.5), (x + width * 0.2, top)], "#e8308c", "white", 1)
        return cone + ellipse(x, top - width * 0.5, width * 0.07, fill="#ffe14a")
    if hat == "crown":
        tips = [(-0.26, 0), (-0.3, -0.3), (-0.13, -0.14), (0, -0.36), (0.13, -0.14), (0.3, -0.3), (0.26, 0)]
        return polygon([(x + width * dx, top + width * dy) for dx, dy in tips], "#f5c518", "#7a5a00", 1)
    return ""


def _bow(colour: str, x: float, y: float, size: float) -> str:
    wings = [(x, y), (x - size, y - size * 0.6), (x - size, y + size * 0.6), (x, y)]
    wings += [(x + size, y - size * 0.6), (x + size, y + size * 0.6)]
    return polygon(wings, colour, _darker(colour), 0.8) + ellipse(x, y, size * 0.3, fill=_darker(colour))


def _sitting_animal(element: Element, part: str, ears: str) -> str:
    look, w, h = element.attributes, element.width, element.height
    colour, belly, edge = look["colour"], _lighter(look["colour"]), _darker(look["colour"], 0.5)
    x = w / 2
    body = path(f"M{w * 0.72} {h * 0.92}Q{w * 1.05} {h * 0.9} {w * 0.93} {h * 0.55}", "none", edge, w * 0.13)
    body += path(f"M{w * 0.72} {h * 0.92}Q{w * 1.05} {h * 0.9} {w * 0.93} {h * 0.55}", "none", colour, w * 0.1)
    body += ellipse(x, h * 0.74, w * 0.31, h * 0.26, colour, edge, 0.8)
    body += ellipse(x, h * 0.78, w * 0.16, h * 0.18, belly)
    body += "".join(ellipse(x + side * w * 0.15, h * 0.96, w * 0.12, h * 0.05, colour, edge, 0.6) for side in (-1, 1))
    for side in (-1, 1):
        if ears == "pointed":
            outer = [(x + side * w * dx, h * dy) for dx, dy in ((0.33, 0.36), (0.34, 0.08), (0.07, 0.21))]
            inner = [(x + side * w * dx, h * dy) for dx, dy in ((0.28, 0.28), (0.29, 0.14), (0.15, 0.21))]
            body += polygon(outer, colour, edge, 0.8) + polygon(inner, "#f2a0b0")
        else:
            body += ellipse(x + side * w * 0.14, h * 0.12, w * 0.1, h * 0.17, colour, edge, 0.8)
            body += ellipse(x + side * w * 0.14, h * 0.13, w * 0.05, h * 0.12, "#f2a0b0")
    body += ellipse(x, h * 0.37, w * 0.35, h * 0.2, colour, edge, 0.8)
    if look.get("stripes"):
        body += "".join(line(x + dx * w, h * 0.19, x + dx * w, h * 0.28, edge, w * 0.05) for dx in (-0.12, 0, 0.12))
        body += "".join(line(x - w * 0.29, h * y, x - w * 0.19, h * y, edge, w * 0.05) for y in (0.68, 0.76, 0.84))
    for side in (-1, 1):
        body += ellipse(x + side * w * 0.15, h * 0.35, w * 0.075, h * 0.045, look.get("eyes", "#58c24a"), "black", 0.5)
        body += ellipse(x + side * w * 0.15, h * 0.35, w * 0.03, h * 0.04, "black")
        body += line(x + side * w * 0.12, h * 0.45, x + side * w * 0.42, h * 0.43, edge, 0.6)
    body += ellipse(x, h * 0.42, w * 0.05, h * 0.022, "#e0607a")
    if look.get("bow"):
        body += _bow(look["bow"], x, h * 0.57, w * 0.26)
    return _alone(element, body + _headgear(look, w, h * 0.2), part)


@draws("cat")
def draw_cat(element: Element, part: str) -> str:
    """A sitting cat: colour, stripes, eyes; bow (a colour) and hat ("party", "crown") where it wears them."""
    return _sitting_animal(element, part, "pointed")


@draws("rabbit")
def draw_rabbit(element: Element, part: str) -> str:
    """A sitting rabbit, with the attributes of a cat."""
    return _sitting_animal(element, part, "long")


@draws("duck")
def draw_duck(element: Element, part: str) -> str:
    """A swimming duck that looks left: colour."""
    w, h, colour = element.width, element.height, element.attributes["colour"]
    edge = _darker(colour)
    body = path(f"M{w * 0.16} {h * 0.66}Q{w * 0.2} {h} {w * 0.6} {h * 0.97}Q{w * 0.95} {h * 0.95} {w} {h * 0.5}"
                f"Q{w * 0.75} {h * 0.62} {w * 0.42} {h * 0.56}Z", colour, edge, 0.8)  # fmt: skip
    body += polygon([(w * 0.1, h * 0.22), (-w * 0.06, h * 0.32), (w * 0.1, h * 0.38)], "#f58a1e", "#a65208", 0.5)
    body += path(f"M{w * 0.2} {h * 0.7}L{w * 0.22} {h * 0.3}H{w * 0.42}L{w * 0.46} {h * 0.66}Z", colour)
    body += ellipse(w * 0.27, h * 0.26, w * 0.19, h * 0.22, colour, edge, 0.6)
    body += ellipse(w * 0.2, h * 0.2, w * 0.04, fill="black")
    body += ellipse(w * 0.62, h * 0.74, w * 0.22, h * 0.13, _darker(colour, 0.18), edge, 0.5)
    return _alone(element, body + line(-w * 0.05, h, w * 1.05, h, "#dff3fa", 1), part)


@draws("sheep")
def draw_sheep(element: Element, part: str) -> str:
    """A woolly sheep that looks left."""
    w, h = element.width, element.height
    body = "".join(line(w * x, h * 0.7, w * x, h, "#3a3438", w * 0.08) for x in (0.4, 0.55, 0.7, 0.82))
    for x, y in ((0.4, 0.35), (0.58, 0.28), (0.76, 0.36), (0.84, 0.55), (0.42, 0.6), (0.62, 0.62), (0.6, 0.45)):
        body += ellipse(w * x, h * y, w * 0.17, h * 0.2, "#f7f4ea", "#c9c2b0", 0.4)
    body += ellipse(w * 0.6, h * 0.46, w * 0.26, h * 0.2, "#f7f4ea")
    return _alone(element, body + ellipse(w * 0.2, h * 0.42, w * 0.14, h * 0.19, "#3a3438"), part)


@draws("fruit")
def draw_fruit(element: Element, part: str) -> str:
    """A fruit: type (a key of FRUITS); colour replaces the natural one."""
    look, w, h = element.attributes, element.width, element.height
    kind = look["type"]
    colour = look.get("colour") or FRUITS[kind]
    edge = _darker(colour, 0.4)
    stem = line(w * 0.5, h * 0.2, w * 0.56, 0, "#5b3a1c", w * 0.07)
    leaf = ellipse(w * 0.7, h * 0.08, w * 0.16, h * 0.07, "#3f9d52")
    if kind == "lemon":
        tips = polygon([(0, h * 0.55), (w * 0.2, h * 0.4), (w * 0.2, h * 0.7)], colour, edge, 0.6)
        tips += polygon([(w, h * 0.55), (w * 0.8, h * 0.4), (w * 0.8, h * 0.7)], colour, edge, 0.6)
        body = tips + ellipse(w * 0.5, h * 0.55, w * 0.4, h * 0.32, colour, edge, 0.6)
    elif kind == "pear":
        outline = f"M{w * 0.5} {h * 0.12}C{w * 0.72} {h * 0.12} {w * 0.62} {h * 0.42} {w * 0.8} {h * 0.58}"
        outline += f"C{w} {h * 0.8} {w * 0.8} {h} {w * 0.5} {h}C{w * 0.2} {h} 0 {h * 0.8} {w * 0.2} {h * 0.58}"
        outline += f"C{w * 0.38} {h * 0.42} {w * 0.28} {h * 0.12} {w * 0.5} {h * 0.12}Z"
        body = path(outline, colour, edge, 0.6) + stem
    elif kind == "apple":
        body = ellipse(w * 0.34, h * 0.57, w * 0.33, h * 0.42, colour, edge, 0.6)
        body += ellipse(w * 0.66, h * 0.57, w * 0.33, h * 0.42, colour, edge, 0.6)
        body += rect(w * 0.3, h * 0.25, w * 0.4, h * 0.65, colour, w * 0.1) + stem + leaf
    else:
        body = ellipse(w * 0.5, h * 0.55, w * 0.45, h * 0.45, colour, edge, 0.6) + stem
        body += leaf if kind == "tangerine" else line(w * 0.5, h * 0.2, w * 0.45, h * 0.8, edge, 0.5)
    return _alone(element, body + ellipse(w * 0.33, h * 0.42, w * 0.08, h * 0.1, "#ffffff", opacity=0.7), part)


@draws("bowl")
def draw_bowl(element: Element, part: str) -> str:
    """A bowl from the side: colour, stripe."""
    look, w, h = element.attributes, element.width, element.height
    body = path(f"M0 0H{w}Q{w * 0.95} {h} {w * 0.62} {h}H{w * 0.38}Q{w * 0.05} {h} 0 0Z", look["colour"],
                _darker(look["colour"]), 0.8)  # fmt: skip
    return _alone(element, body + rect(w * 0.04, h * 0.22, w * 0.92, h * 0.16, look["stripe"]), part)


@draws("juice")
def draw_juice(element: Element, part: str) -> str:
    """A glass of orange juice with a straw."""
    w, h = element.width, element.height
    body = line(w * 0.5, h * 0.6, w * 0.85, 0, "#e0304a", w * 0.1)
    body += polygon([(0, h * 0.15), (w, h * 0.15), (w * 0.85, h), (w * 0.15, h)], "#e8f4fb", "#7fa3b8", 1, 0.85)
    body += polygon([(w * 0.06, h * 0.35), (w * 0.94, h * 0.35), (w * 0.83, h * 0.96), (w * 0.17, h * 0.96)], "#ff9a1e")
    return _alone(element, body, part)


@draws("boat")
def draw_boat(element: Element, part: str) -> str:
    """A sailing boat: hull, sail, stripe."""
    look, w, h = element.attributes, element.width, element.height
    body = line(w * 0.48, 0, w * 0.48, h * 0.82, "#5b3a1c", w * 0.04)
    for sail in ([(0.52, 0.04), (0.52, 0.7), (0.96, 0.7)], [(0.44, 0.14), (0.44, 0.7), (0.08, 0.7)]):
        body += polygon([(w * x, h * y) for x, y in sail], look["sail"], _darker(look["sail"]), 0.8)
    hull = [(0, h * 0.76), (w, h * 0.76), (w * 0.84, h), (w * 0.16, h)]
    body += polygon(hull, look["hull"], _darker(look["hull"]), 0.8)
    body += rect(w * 0.05, h * 0.8, w * 0.9, h * 0.05, look["stripe"])
    return _alone(element, body + line(-w * 0.1, h, w * 1.1, h, "#dff3fa", 1.4), part)


@draws("lighthouse")
def draw_lighthouse(element: Element, part: str) -> str:
    """A red and white lighthouse on a rock."""
    w, h = element.width, element.height
    body = ellipse(w * 0.5, h * 0.96, w * 0.5, h * 0.09, "#6d6a66")
    for index in range(5):
        inset = 0.2 + 0.02 * (5 - index)
        colour = "white" if index % 2 else "#d8322f"
        body += rect(w * inset, h * (0.24 + 0.14 * index), w * (1 - 2 * inset), h * 0.14, colour)
    body += rect(w * 0.3, h * 0.1, w * 0.4, h * 0.14, "#ffe45c", 0, "#3a3438", 0.8)
    return _alone(element, body + polygon([(w * 0.24, h * 0.1), (w * 0.5, 0), (w * 0.76, h * 0.1)], "#8c1d2b"), part)


@draws("sofa")
def draw_sofa(element: Element, part: str) -> str:
    """A sofa from the front: colour, cushion."""
    look, w, h = element.attributes, element.width, element.height
    colour, edge = look["colour"], _darker(look["colour"])
    body = "".join(rect(w * x, h * 0.9, w * 0.05, h * 0.1, "#3b2616") for x in (0.08, 0.87))
    body += rect(w * 0.08, 0, w * 0.84, h * 0.7, colour, h * 0.12, edge, 0.8)
    body += line(w * 0.5, h * 0.05, w * 0.5, h * 0.5, edge, 0.8)
    body += rect(w * 0.1, h * 0.5, w * 0.8, h * 0.3, _lighter(colour, 0.2), h * 0.06, edge, 0.8)
    body += rect(w * 0.06, h * 0.72, w * 0.88, h * 0.2, colour, h * 0.04, edge, 0.8)
    body += "".join(rect(w * x, h * 0.32, w * 0.14, h * 0.6, colour, h * 0.1, edge, 0.8) for x in (0, 0.86))
    cushion = look["cushion"]
    body += "".join(rect(w * x, h * 0.24, w * 0.16, h * 0.3, cushion, 1.5, _darker(cushion), 0.6) for x in (0.2, 0.64))
    return _alone(element, body, part)


@draws("floor_lamp")
def draw_floor_lamp(element: Element, part: str) -> str:
    """A standing lamp: colour of its shade."""
    w, h, colour = element.width, element.height, element.attributes["colour"]
    body = line(w * 0.5, h * 0.2, w * 0.5, h * 0.97, "#3a3438", w * 0.09)
    body += ellipse(w * 0.5, h * 0.97, w * 0.34, h * 0.03, "#3a3438")
    shade = [(w * 0.22, 0), (w * 0.78, 0), (w, h * 0.28), (0, h * 0.28)]
    return _alone(element, body + polygon(shade, colour, _darker(colour), 0.8), part)


@draws("balloon")
def draw_balloon(element: Element, part: str) -> str:
    """A hot-air balloon: colour, second (its stripes), dots (their colour, where it has any)."""
    look, w, h = element.attributes, element.width, element.height
    colour = look["colour"]
    body = "".join(line(w * a, h * 0.55, w * b, h * 0.84, "#4a3626", 0.7) for a, b in ((0.25, 0.4), (0.75, 0.6)))
    body += rect(w * 0.38, h * 0.83, w * 0.24, h * 0.17, "#9a6a3a", 1, "#4a3626", 0.8)
    envelope = f"M{w * 0.36} {h * 0.74}C{-w * 0.2} {h * 0.4} {w * 0.02} 0 {w * 0.5} 0"
    body += path(envelope + f"C{w * 0.98} 0 {w * 1.2} {h * 0.4} {w * 0.64} {h * 0.74}Z", colour, _darker(colour), 0.8)
    body += path(f"M{w * 0.46} {h * 0.74}C{w * 0.2} {h * 0.4} {w * 0.3} {h * 0.05} {w * 0.5} 0"
                 f"C{w * 0.7} {h * 0.05} {w * 0.8} {h * 0.4} {w * 0.54} {h * 0.74}Z", look["second"])  # fmt: skip
    if look.get("dots"):
        spots = ((0.2, 0.2), (0.5, 0.12), (0.8, 0.2), (0.14, 0.4), (0.38, 0.33), (0.64, 0.33), (0.87, 0.4), (0.5, 0.54))
        body += "".join(ellipse(w * x, h * y, w * 0.075, fill=look["dots"]) for x, y in spots)
    return _alone(element, body, part)


@draws("flower")
def draw_flower(element: Element, part: str) -> str:
    """A flower on its stem: colour, petals (their number)."""
    look, w, h = element.attributes, element.width, element.height
    y, radius, petals = w * 0.5, w * 0.5, look["petals"]
    body = line(w * 0.5, y, w * 0.5, h, "#2c7a35", w * 0.1) + ellipse(w * 0.72, h * 0.72, w * 0.24, h * 0.06, "#3f9d52")
    for angle in np.arange(petals) * 2 * np.pi / petals:
        x, up = w * 0.5 + 0.58 * radius * np.cos(angle), y + 0.58 * radius * np.sin(angle)
        body += ellipse(x, up, radius * 0.42, None, look["colour"], _darker(look["colour"], 0.25), 0.5)
    return _alone(element, body + ellipse(w * 0.5, y, radius * 0.34, fill=look["centre"]), part)


@draws("fence")
def draw_fence(element: Element, part: str) -> str:
    """A picket fence: colour."""
    w, h, colour = element.width, element.height, element.attributes["colour"]
    body = "".join(rect(0, h * y, w, h * 0.12, colour, 0, "#8a8378", 0.4) for y in (0.35, 0.7))
    for x in np.arange(2, w - 5, 11):
        body += polygon([(x, h), (x, h * 0.14), (x + 3, 0), (x + 6, h * 0.14), (x + 6, h)], colour, "#8a8378", 0.5)
    return _alone(element, body, part)


@draws("butterfly")
def draw_butterfly(element: Element, part: str) -> str:
    """A butterfly with open wings: colour."""
    w, h, colour = element.width, element.height, element.attributes["colour"]
    body = ""
    for side in (-1, 1):
        body += ellipse(w * (0.5 + side * 0.26), h * 0.34, w * 0.24, h * 0.32, colour, "#202024", 1)
        body += ellipse(w * (0.5 + side * 0.2), h * 0.76, w * 0.18, h * 0.22, _lighter(colour, 0.35), "#202024", 1)
        body += ellipse(w * (0.5 + side * 0.28), h * 0.32, w * 0.08, h * 0.1, "#fff6c8")
    return _alone(element, body + ellipse(w * 0.5, h * 0.52, w * 0.06, h * 0.42, "#202024"), part)


@draws("barn")
def draw_barn(element: Element, part: str) -> str:
    """A barn with a crossed door: colour."""
    w, h, colour = element.width, element.height, element.attributes["colour"]
    outline = [(0, h), (0, h * 0.45), (w * 0.18, h * 0.16), (w * 0.5, 0), (w * 0.82, h * 0.16), (w, h * 0.45), (w, h)]
    body = polygon(outline, colour, _darker(colour, 0.5), 1)
    body += path("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in outline[1:-1]), "none", "#4a4f57", w * 0.06)
    body += rect(w * 0.3, h * 0.52, w * 0.4, h * 0.48, _lighter(colour, 0.15), 0, "white", 1.6)
    body += line(w * 0.3, h * 0.52, w * 0.7, h, "white", 1.4) + line(w * 0.7, h * 0.52, w * 0.3, h, "white", 1.4)
    return _alone(element, body + rect(w * 0.41, h * 0.22, w * 0.18, h * 0.16, "#2a2420", 0, "white", 1.2), part)


@draws("tractor")
def draw_tractor(element: Element, part: str) -> str:
    """A tractor that drives left: colour."""
    w, h, colour = element.width, element.height, element.attributes["colour"]
    body = rect(w * 0.5, 0, w * 0.38, h * 0.5, "#d8eefb", 1.5, "#202024", 1.2)
    body += rect(w * 0.46, 0, w * 0.46, h * 0.08, colour)
    body += rect(w * 0.16, h * 0.1, w * 0.05, h * 0.32, "#202024")
    body += rect(w * 0.04, h * 0.38, w * 0.86, h * 0.34, colour, 2)
    for x, y, radius in ((0.72, 0.7, 0.3), (0.18, 0.82, 0.18)):
        body += ellipse(w * x, h * y, h * radius, fill="#202024")
        body += ellipse(w * x, h * y, h * radius * 0.5, fill="#f2c53a")
    return _alone(element, body, part)


@draws("rainbow")
def draw_rainbow(element: Element, part: str) -> str:
    """Half a circle of six colours; opacity."""
    w, h, opacity = element.width, element.height, element.attributes["opacity"]
    body = ""
    for index, colour in enumerate(("#e8403a", "#f58a2e", "#f5e142", "#4fb85a", "#3f7fd0", "#8148b8")):
        inset = w * (0.03 + 0.045 * index)
        arc = f"M{inset:.2f} {h}A{w / 2 - inset:.2f} {h - inset:.2f} 0 0 1 {w - inset:.2f} {h}"
        body += path(arc, "none", colour, w * 0.047, opacity)
    return _alone(element, body, part)


@draws("birds")
def draw_birds(element: Element, part: str) -> str:
    """A flock of dark birds."""
    w, h = element.width, element.height
    rng = np.random.default_rng(element.attributes["shape_seed"])
    body = ""
    for column in range(4):
        x, y = w * (0.12 + 0.25 * column) + rng.uniform(-2, 2), h * rng.uniform(0.25, 0.8)
        body += path(f"M{x - 6:.1f} {y - 2:.1f}Q{x - 3:.1f} {y - 6:.1f} {x:.1f} {y:.1f}Q{x + 3:.1f} {y - 6:.1f} "
                     f"{x + 6:.1f} {y - 2:.1f}", "none", "#1d2030", 2)  # fmt: skip
    return _alone(element, body, part)


@draws("shower")
def draw_shower(element: Element, part: str) -> str:
    """Rain in front of everything."""
    rng = np.random.default_rng(element.attributes["shape_seed"])
    drops = rng.uniform(0, (element.width, element.height), (60, 2))
    strokes = "".join(f"M{x:.1f} {y:.1f}l-2.5 8" for x, y in drops)
    return _alone(element, path(strokes, "none", "#dcebff", 1.3, 0.85), part)
