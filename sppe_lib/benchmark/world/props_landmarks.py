"""Landmarks: buildings that give a place away."""

from sppe_lib.benchmark.world.props_shapes import Piece, compose, ellipse, line, path, polygon, rect
from sppe_lib.benchmark.world.scene import Element, draws

LANDMARKS = ("iron tower", "pyramid", "domed palace", "bridge", "castle", "clock tower", "windmill", "arch", "pagoda",
             "temple", "skyscraper", "lighthouse", "big wheel", "statue")
"""Kinds of landmark, as named in captions."""


def _iron_tower(at, w, h, tone, trim):
    svg = path(f"M{w * .12:.1f} {h:.1f}Q{w * .42:.1f} {h * .6:.1f} {w * .47:.1f} 0H{w * .53:.1f}Q{w * .58:.1f} {h * .6:.1f} "
               f"{w * .88:.1f} {h:.1f}H{w * .66:.1f}Q{w * .5:.1f} {h * .72:.1f} {w * .34:.1f} {h:.1f}Z", tone)
    return svg + rect(w * .22, h * .7, w * .56, h * .05, trim) + rect(w * .34, h * .42, w * .32, h * .04, trim)


def _pyramid(at, w, h, tone, trim):
    return (polygon([at(0, 1), at(.5, .15), at(1, 1)], tone) + polygon([at(.5, .15), at(.62, 1), at(1, 1)], trim)
            + "".join(line(w * (.5 - .5 * y), h * (.15 + .85 * y), w * (.5 + .12 * y), h * (.15 + .85 * y), "#00000033", .8)
                      for y in (.25, .45, .65, .85)))


def _domed_palace(at, w, h, tone, trim):
    svg = rect(w * .15, h * .55, w * .7, h * .45, tone)
    svg += path(f"M{w * .32:.1f} {h * .55:.1f}C{w * .2:.1f} {h * .25:.1f} {w * .48:.1f} {h * .22:.1f} {w * .5:.1f} {h * .06:.1f}"
                f"C{w * .52:.1f} {h * .22:.1f} {w * .8:.1f} {h * .25:.1f} {w * .68:.1f} {h * .55:.1f}Z", tone, trim, 1)
    for x in (.04, .9):
        svg += rect(w * x, h * .3, w * .06, h * .7, tone) + ellipse(w * (x + .03), h * .29, w * .05, h * .06, trim)
    return svg + "".join(path(f"M{w * x:.1f} {h:.1f}V{h * .76:.1f}Q{w * (x + .07):.1f} {h * .6:.1f} {w * (x + .14):.1f} "
                              f"{h * .76:.1f}V{h:.1f}Z", trim) for x in (.22, .43, .64))


def _bridge(at, w, h, tone, trim):
    svg = rect(0, h * .68, w, h * .07, tone)
    for x in (.2, .74):
        svg += rect(w * x, h * .08, w * .06, h * .92, tone)
    svg += path(f"M0 {h * .5:.1f}Q{w * .12:.1f} {h * .4:.1f} {w * .23:.1f} {h * .1:.1f}Q{w * .5:.1f} {h * 1.15:.1f} "
                f"{w * .77:.1f} {h * .1:.1f}Q{w * .88:.1f} {h * .4:.1f} {w:.1f} {h * .5:.1f}", "none", trim, 1.6)
    return svg + "".join(line(w * x, h * y, w * x, h * .68, trim, .8)
                         for x, y in ((.32, .36), (.41, .53), (.5, .6), (.59, .53), (.68, .36)))


def _castle(at, w, h, tone, trim):
    svg = rect(w * .2, h * .5, w * .6, h * .5, tone)
    for x, top in ((.04, .34), (.4, .22), (.76, .34)):
        svg += rect(w * x, h * top, w * .2, h * (1 - top), tone)
        svg += polygon([at(x - .03, top), at(x + .1, top - .22), at(x + .23, top)], trim)
        svg += rect(w * (x + .07), h * (top + .08), w * .06, h * .1, "#00000088")
    return svg + path(f"M{w * .41:.1f} {h:.1f}V{h * .8:.1f}Q{w * .5:.1f} {h * .66:.1f} {w * .59:.1f} {h * .8:.1f}V{h:.1f}Z",
                      "#3a2a20")


def _clock_tower(at, w, h, tone, trim):
    svg = rect(w * .32, h * .24, w * .36, h * .76, tone) + polygon([at(.28, .25), at(.5, 0), at(.72, .25)], trim)
    svg += ellipse(w * .5, h * .38, w * .15, fill="white", stroke=trim, stroke_width=1.4)
    svg += line(w * .5, h * .38, w * .5, h * .38 - w * .1, "black", 1) + line(w * .5, h * .38, w * .58, h * .38, "black", 1)
    return svg + "".join(rect(w * x, h * y, w * .06, h * .09, "#00000077") for x in (.38, .56) for y in (.56, .72, .87))


def _windmill(at, w, h, tone, trim):
    svg = polygon([at(.36, .42), at(.64, .42), at(.74, 1), at(.26, 1)], tone)
    svg += path(f"M{w * .34:.1f} {h * .43:.1f}Q{w * .5:.1f} {h * .2:.1f} {w * .66:.1f} {h * .43:.1f}Z", trim)
    for dx, dy in ((.32, -.27), (.32, .27), (-.32, .27), (-.32, -.27)):
        svg += line(w * .5, h * .38, w * (.5 + dx), h * (.38 + dy), "dark brown", 1.2)
        svg += polygon([at(.5 + dx * .3, .38 + dy * .3), at(.5 + dx, .38 + dy), at(.5 + dx + .09, .38 + dy * .8),
                        at(.5 + dx * .3 + .09, .38 + dy * .15)], "white", "grey", .4)
    return svg + rect(w * .45, h * .82, w * .1, h * .18, "dark brown")


def _arch(at, w, h, tone, trim):
    return (path(f"M{w * .06:.1f} {h:.1f}V{h * .1:.1f}H{w * .94:.1f}V{h:.1f}H{w * .68:.1f}V{h * .58:.1f}"
                 f"Q{w * .5:.1f} {h * .3:.1f} {w * .32:.1f} {h * .58:.1f}V{h:.1f}Z", tone)
            + rect(0, h * .1, w, h * .07, trim) + rect(w * .06, h * .27, w * .88, h * .04, trim)
            + rect(w * .12, h * .42, w * .12, h * .16, trim) + rect(w * .76, h * .42, w * .12, h * .16, trim))


def _pagoda(at, w, h, tone, trim):
    svg = line(w * .5, 0, w * .5, h * .2, trim, 1.4)
    for index, (half, top) in enumerate(((.26, .12), (.34, .34), (.42, .57))):
        svg += rect(w * (.5 - half * .62), h * (top + .1), w * half * 1.24, h * .16, tone)
        svg += path(f"M{w * (.5 - half - .06):.1f} {h * (top + .09):.1f}Q{w * .38:.1f} {h * (top + .08):.1f} {w * .44:.1f} "
                    f"{h * top:.1f}H{w * .56:.1f}Q{w * .62:.1f} {h * (top + .08):.1f} {w * (.5 + half + .06):.1f} "
                    f"{h * (top + .09):.1f}L{w * (.5 + half):.1f} {h * (top + .14):.1f}H{w * (.5 - half):.1f}Z", trim)
    return svg + rect(w * .2, h * .83, w * .6, h * .17, tone) + rect(w * .43, h * .83, w * .14, h * .17, "#3a2020")


def _temple(at, w, h, tone, trim):
    return (polygon([at(0, .34), at(.5, .08), at(1, .34)], tone) + polygon([at(.18, .31), at(.5, .15), at(.82, .31)], trim)
            + rect(w * .02, h * .34, w * .96, h * .07, trim) + rect(0, h * .92, w, h * .08, tone)
            + "".join(rect(w * (.05 + .165 * i), h * .41, w * .09, h * .51, tone) for i in range(6)))


def _skyscraper(at, w, h, tone, trim):
    svg = polygon([at(.5, 0), at(.56, .14), at(.44, .14)], trim) + rect(w * .38, h * .12, w * .24, h * .2, tone)
    svg += rect(w * .3, h * .3, w * .4, h * .7, tone) + rect(w * .2, h * .6, w * .6, h * .4, tone)
    return svg + "".join(rect(w * (.34 + .12 * i), h * (.36 + .1 * j), w * .07, h * .055, "light yellow")
                         for i in range(3) for j in range(6))


def _lighthouse(at, w, h, tone, trim):
    svg = polygon([at(.38, .25), at(.62, .25), at(.72, 1), at(.28, 1)], "white")
    for y in (.32, .56, .8):
        a, b = .12 + .133 * (y - .25), .12 + .133 * (y - .13)
        svg += polygon([at(.5 - a, y), at(.5 + a, y), at(.5 + b, y + .12), at(.5 - b, y + .12)], tone)
    return svg + rect(w * .4, h * .12, w * .2, h * .13, "light yellow", 0, "black", .8) + polygon(
        [at(.35, .13), at(.5, 0), at(.65, .13)], trim)


def _big_wheel(at, w, h, tone, trim):
    r, x, y = min(w, h * .84) * .46, w * .5, h * .44
    spokes = ((1, 0), (.7, .7), (0, 1), (-.7, .7), (-1, 0), (-.7, -.7), (0, -1), (.7, -.7))
    svg = line(x, y, w * .25, h, trim, 2.4) + line(x, y, w * .75, h, trim, 2.4)
    svg += ellipse(x, y, r, fill="none", stroke=tone, stroke_width=2)
    for index, (dx, dy) in enumerate(spokes):
        svg += line(x, y, x + r * dx, y + r * dy, tone, .9)
        svg += ellipse(x + r * dx, y + r * dy, r * .13, fill=("red", "yellow", "blue", "white")[index % 4])
    return svg + ellipse(x, y, r * .12, fill=trim)


def _statue(at, w, h, tone, trim):
    return (rect(w * .22, h * .72, w * .56, h * .28, trim) + rect(w * .14, h * .94, w * .72, h * .06, trim)
            + polygon([at(.38, .3), at(.6, .3), at(.7, .74), at(.3, .74)], tone)
            + line(w * .58, h * .36, w * .74, h * .1, tone, w * .09) + ellipse(w * .76, h * .06, w * .07, h * .06, "orange")
            + ellipse(w * .48, h * .22, w * .1, h * .09, tone)
            + polygon([at(.36, .17), at(.38, .06), at(.44, .13), at(.48, .03), at(.52, .13), at(.58, .06), at(.6, .17)], tone))


_SHAPES = dict(zip(LANDMARKS, (
    _iron_tower, _pyramid, _domed_palace, _bridge, _castle, _clock_tower, _windmill, _arch, _pagoda, _temple,
    _skyscraper, _lighthouse, _big_wheel, _statue), strict=True))


@draws("landmark")
def draw_landmark(element: Element, part: str) -> str:
    """A landmark: type (one of LANDMARKS), colour, trim (a second colour)."""
    look, width, height = element.attributes, element.width, element.height

    def at(x: float, y: float) -> tuple[float, float]:
        return width * x, height * y

    svg = _SHAPES[look["type"]](at, width, height, look["colour"], look["trim"])
    return compose(element, [Piece(svg)], part)
