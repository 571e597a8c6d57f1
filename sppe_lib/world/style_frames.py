"""Frames and ornaments of the raster styles, as SVG fragments on the 100 x 100 canvas."""

import math


def border(colour: str, width: float, inset: float = 0.0) -> str:
    """A plain frame of a width, `inset` from the edge."""
    middle, length = inset + width / 2, 100 - 2 * inset - width
    return (
        f'<rect x="{middle}" y="{middle}" width="{length}" height="{length}" fill="none" '
        f'stroke="{colour}" stroke-width="{width}"/>'
    )


def beads(colour: str, radius: float, inset: float, count: int) -> str:
    """A row of dots along all four sides."""
    result = []
    for index in range(count):
        at = inset + (100 - 2 * inset) * index / (count - 1)
        for x, y in ((at, inset), (at, 100 - inset), (inset, at), (100 - inset, at)):
            result.append(f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{radius}" fill="{colour}"/>')
    return "".join(result)


def teeth(colour: str, depth: float, count: int) -> str:
    """A row of triangles along top and bottom."""
    step = 100 / count
    result = []
    for index in range(count):
        left, middle, right = index * step, (index + 0.5) * step, (index + 1) * step
        result.append(f"M{left:.2f} 0 L{right:.2f} 0 L{middle:.2f} {depth}Z")
        result.append(f"M{left:.2f} 100 L{right:.2f} 100 L{middle:.2f} {100 - depth}Z")
    return f'<path d="{" ".join(result)}" fill="{colour}"/>'


def outside_oval(colour: str, rx: float, ry: float) -> str:
    """All but an oval window."""
    return (
        f'<path fill-rule="evenodd" fill="{colour}" d="M0 0H100V100H0Z M{50 - rx} 50 a{rx} {ry} 0 1 0 '
        f'{2 * rx} 0 a{rx} {ry} 0 1 0 {-2 * rx} 0Z"/>'
    )


def oval(colour: str, rx: float, ry: float, width: float) -> str:
    """An oval line."""
    return f'<ellipse cx="50" cy="50" rx="{rx}" ry="{ry}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def arch(colour: str, line: str) -> str:
    """A pointed church window: all but the window filled."""
    window = "M12 100 V42 Q14 12 50 3 Q86 12 88 42 V100Z"
    return (
        f'<path fill-rule="evenodd" fill="{colour}" d="M0 0H100V100H0Z {window}"/>'
        f'<path d="{window}" fill="none" stroke="{line}" stroke-width="2.6"/>'
    )


def brackets(colour: str, inset: float, length: float, width: float) -> str:
    """Corner marks of a viewfinder."""
    far = 100 - inset
    return (
        f'<path fill="none" stroke="{colour}" stroke-width="{width}" d="'
        f"M{inset} {inset + length}V{inset}H{inset + length} M{far - length} {inset}H{far}V{inset + length} "
        f'M{far} {far - length}V{far}H{far - length} M{inset + length} {far}H{inset}V{far - length}"/>'
    )


def word(text: str, x: float, y: float, size: float, colour: str, family: str = "DejaVu Serif") -> str:
    """Centred text."""
    style = 'font-style="italic"' if family == "DejaVu Serif" else ""
    return (
        f'<text x="{x}" y="{y}" font-family="{family}" font-weight="bold" {style} font-size="{size}" '
        f'fill="{colour}" text-anchor="middle">{text}</text>'
    )


def bars(colour: str, x: float, y: float, widths: tuple[float, ...], step: float, height: float) -> str:
    """Lines of unreadable text."""
    return "".join(
        f'<rect x="{x}" y="{y + step * index}" width="{width}" height="{height}" fill="{colour}"/>'
        for index, width in enumerate(widths)
    )


def perspective_grid(colour: str, horizon: float) -> str:
    """A floor grid running to the horizon."""
    fan = " ".join(f"M{50 + 8 * k} {horizon} L{50 + 40 * k} 100" for k in range(-6, 7))
    depth = 100 - horizon
    rows = " ".join(f"M0 {horizon + depth * (k / 5) ** 1.8:.2f}H100" for k in range(5))
    return f'<path d="{fan} {rows}" stroke="{colour}" stroke-width="0.9" fill="none"/>'


def scallops(colour: str, line: str, count: int, radius: float) -> str:
    """Half circles along all sides, as on a painted border."""
    result = []
    for index in range(count):
        at = 100 * (index + 0.5) / count
        for x, y in ((at, 0), (at, 100), (0, at), (100, at)):
            result.append(
                f'<circle cx="{x:.2f}" cy="{y}" r="{radius}" fill="{colour}" stroke="{line}" stroke-width="1.3"/>'
            )
    return "".join(result)


def lattice(colour: str, step: float, width: float) -> str:
    """Diagonal lead lines of a church window."""
    count = math.ceil(200 / step)
    lines = " ".join(f"M{k * step - 100:.2f} 0 l100 100 M{k * step:.2f} 0 l-100 100" for k in range(count))
    return f'<path d="{lines}" stroke="{colour}" stroke-width="{width}" fill="none"/>'


def bottle(glass: str, liquid: str, line: str) -> str:
    """A perfume bottle in the lower right corner."""
    return (
        f'<rect x="79" y="58" width="8" height="9" fill="{line}"/>'
        f'<rect x="70" y="66" width="26" height="30" rx="4" fill="{glass}" stroke="{line}" '
        'stroke-width="1.6"/>'
        f'<rect x="73" y="77" width="20" height="16" rx="2" fill="{liquid}"/>'
    )


def ring(colour: str) -> str:
    """A broken circle around the middle."""
    return f'<circle cx="50" cy="50" r="44" fill="none" stroke="{colour}" stroke-width="1.6" stroke-dasharray="20 6"/>'


def barcode() -> str:
    """A bar code in the lower right corner."""
    return (
        '<rect x="78" y="82" width="18" height="14" fill="#fff"/>'
        '<path d="M81 84v10m3-10v10m4-10v10m2-10v10m3-10v10" stroke="#000" stroke-width="1.5"/>'
    )
