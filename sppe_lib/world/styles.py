"""The raster styles of the simulated editor: colour, brush, texture and ornament on pixels.

A style is a function of the image and of its parameters only: "strength" in [0, 1] (how far the
image moves towards the style) and "variant" (0, 1 or 2: another tint, frame or word). They are
mostly local functions (a colour map, a blur, edges, a fixed texture, a fixed frame), as a style
transfer that a small model may learn from one example.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sppe_lib.errors import ConfigError
from sppe_lib.world import style_filters as f
from sppe_lib.world import style_frames as frames

Style = Callable[[np.ndarray, int], np.ndarray]
"""(image of floats in [0, 1], variant) -> image."""

STYLES: dict[str, tuple[str, Style]] = {}


def _style(name: str, words: str) -> Callable[[Style], Style]:
    def register(function: Style) -> Style:
        STYLES[name] = (words, function)
        return function

    return register


def apply_style(image: np.ndarray, name: str, parameters: Mapping[str, Any]) -> np.ndarray:
    """The image in a style.

    `image` is uint8 (H, W, 3); so is the result. Unknown names raise ConfigError.
    """
    if name not in STYLES:
        raise ConfigError(f"Unknown style '{name}': choose one of {', '.join(sorted(STYLES))}.")
    plain = image.astype(float) / 255
    styled = STYLES[name][1](plain, int(parameters.get("variant", 0)) % 3)
    mixed = f.blend(plain, styled, float(parameters.get("strength", 1.0)))
    return np.round(np.clip(mixed, 0, 1) * 255).astype(np.uint8)


def describe_style(name: str) -> str:
    """A short phrase such as "in a pencil sketch style"."""
    return STYLES[name][0]


# ------------------------------------------------------------------------ times and technology


@_style("vintage", "in a vintage style")
def _vintage(image: np.ndarray, variant: int) -> np.ndarray:
    shades = (("#3a2616", "#b08a58", "#f6e6bf"), ("#33291c", "#a39a62", "#f2ecc4"), ("#43222a", "#b9826a", "#fbe3cf"))
    result = f.blend(f.saturate(image, 0.7), f.gradient_map(f.luma(image), shades[variant]), 0.7)
    result = f.vignette(f.blur(result, 0.006), 0.6, "#3a2616")
    return f.overlay(result, frames.border("#f4ead2", 5))


@_style("modern", "in a modern style")
def _modern(image: np.ndarray, variant: int) -> np.ndarray:
    accent = ("#00b3a4", "#ff4f5e", "#2f6bff")[variant]
    result = f.contrast(f.saturate(image, 1.35), 1.3, 0.42)
    result = f.blend(result, f.gradient_map(f.luma(image), ("#1c2530", "#8fa6b8", "#ffffff")), 0.3)
    blocks = f'<path d="M0 0H30L0 30Z M100 100H64L100 64Z" fill="{accent}"/>'
    return f.overlay(result, blocks + frames.border("#ffffff", 2.5))


@_style("high-tech", "in a high-tech style")
def _high_tech(image: np.ndarray, variant: int) -> np.ndarray:
    glow = ("#27f0ff", "#38ff9c", "#5aa8ff")[variant]
    base = f.gradient_map(f.luma(image) * 0.85, ("#030a1c", "#0d3560", "#4fa3d8"))
    base = f.blend(base, image, 0.25)
    lines = np.clip(f.edges(image) * 1.4, 0, 1)
    result = f.blend(base, f.gradient_map(np.ones_like(lines), (glow, glow)), lines)
    grid = np.maximum(f.stripes(image, 0.125, 0.1, 0), f.stripes(image, 0.125, 0.1, 1))
    result = f.blend(result, f.gradient_map(grid, (glow, glow)), grid * 0.25)
    return f.overlay(result, frames.brackets(glow, 4, 16, 2.4))


@_style("futuristic", "in a futuristic style")
def _futuristic(image: np.ndarray, variant: int) -> np.ndarray:
    shades = (
        ("#12052e", "#6a2fd0", "#34d7ff", "#f0fbff"),
        ("#04122e", "#1f6be0", "#a45cff", "#fff0ff"),
        ("#160a26", "#c03aa0", "#48e0c8", "#f4fffb"),
    )[variant]
    result = f.blend(image, f.gradient_map(f.luma(image), shades), 0.7)
    result = f.shift_channels(result, 0.016)
    return f.overlay(result, frames.ring(shades[2]) + frames.border(shades[1], 2), 0.9)


@_style("1920s", "as in the 1920s")
def _twenties(image: np.ndarray, variant: int) -> np.ndarray:
    shades = (("#0c0c0c", "#f2f2ee"), ("#120e0a", "#f3ead8"), ("#0a0d12", "#e8eef2"))[variant]
    result = f.gradient_map(f.contrast(f.luma(f.blur(image, 0.006)), 1.25), shades)
    result = result + 0.07 * f.texture(image, 0.02, 1)[..., None]
    lines = '<path d="M22 0V100 M71 0V100" stroke="#fff" stroke-width="0.8" opacity="0.6"/>'
    return f.overlay(f.vignette(result, 1.0, start=0.36), lines + frames.border("#0a0a0a", 4))


@_style("1980s", "as in the 1980s")
def _eighties(image: np.ndarray, variant: int) -> np.ndarray:
    shades = (
        ("#1d0b4e", "#e0218a", "#ffb86b", "#fff6c8"),
        ("#0b1a5e", "#b02bd0", "#ff7ac0", "#ffeaf8"),
        ("#14084a", "#ff4a4a", "#ffcc4a", "#fffbe0"),
    )[variant]
    result = f.blend(f.saturate(image, 1.6), f.gradient_map(f.luma(image), shades), 0.55)
    result = f.shift_channels(result, 0.012) * (1 - 0.22 * f.stripes(image, 0.0625))[..., None]
    return f.overlay(result, frames.perspective_grid("#3df5ff", 84) + frames.border("#ff3dc8", 2.4))


@_style("victorian", "as in the Victorian era")
def _victorian(image: np.ndarray, variant: int) -> np.ndarray:
    wall = ("#2c1a2e", "#15302a", "#3a1518")[variant]
    result = f.blend(f.saturate(image, 0.5), f.gradient_map(f.luma(image), ("#1e120c", "#8a6748", "#ecd9b4")), 0.65)
    frame = frames.outside_oval(wall, 45, 47) + frames.oval("#c8a24a", 45, 47, 2.6)
    corners = "".join(f'<circle cx="{x}" cy="{y}" r="5" fill="#c8a24a"/>' for x in (6, 94) for y in (6, 94))
    return f.overlay(result, frame + corners)


# ------------------------------------------------------------------------ places and old times


@_style("medieval", "in a medieval style")
def _medieval(image: np.ndarray, variant: int) -> np.ndarray:
    stone = ("#5d5648", "#4b4a4e", "#6b5138")[variant]
    result = f.posterise(f.kuwahara(f.saturate(image, 0.8), 0.016), 6)
    result = f.blend(result, f.gradient_map(f.luma(result), ("#2a1b10", "#8c6a3c", "#e6cf9c")), 0.5)
    result = f.blend(result, np.zeros_like(result), 0.7 * f.edges(image))
    return f.overlay(result, frames.arch(stone, "#2b2620"))


@_style("medieval-european", "in a medieval European style")
def _medieval_european(image: np.ndarray, variant: int) -> np.ndarray:
    band = ("#8a1c1c", "#1c3a8a", "#1c6a3a")[variant]
    result = f.posterise(f.saturate(f.kuwahara(image, 0.02), 1.7), 5)
    result = f.blend(result, np.zeros_like(result), np.clip(1.3 * f.edges(image), 0, 1))
    result = f.overlay(result, frames.lattice("#14110e", 25, 1.3), 0.75)
    return f.overlay(result, frames.border(band, 6) + frames.beads("#e8c04a", 1.6, 3, 12))


@_style("chinese", "in an ancient Chinese style")
def _chinese(image: np.ndarray, variant: int) -> np.ndarray:
    paper = ("#f1e6cb", "#ece9da", "#f4dfc0")[variant]
    ink = f.contrast(f.blur(f.luma(image), 0.014), 1.15, 0.55)
    result = f.blend(f.gradient_map(ink, ("#1b1a1c", "#8b867b", paper)), f.blur(image, 0.012), 0.22)
    result = f.blend(result, np.zeros_like(result), 0.75 * f.edges(image))
    seal = '<rect x="82" y="78" width="12" height="14" rx="1" fill="#c2241c"/>' + frames.word("H", 88, 89.5, 11, paper)
    rods = '<path d="M0 0H100V5H0Z M0 95H100V100H0Z" fill="#7a2a1c"/>'
    return f.overlay(result, seal + rods)


@_style("indian", "in a traditional Indian style")
def _indian(image: np.ndarray, variant: int) -> np.ndarray:
    main, line = (("#c2185b", "#ffc53a"), ("#d2691e", "#ffe27a"), ("#0d7a6a", "#ffc53a"))[variant]
    warm = f.gradient_map(f.luma(image), ("#4a0d2c", "#d4541c", "#ffc45a", "#fff2cc"))
    result = f.posterise(f.blend(f.saturate(image, 1.5), warm, 0.5), 7)
    ornament = frames.border(line, 3) + frames.scallops(main, line, 8, 5.2)
    return f.overlay(result, ornament)


@_style("egyptian", "in an ancient Egyptian style")
def _egyptian(image: np.ndarray, variant: int) -> np.ndarray:
    stripe = ("#1d5fa8", "#1f8a7a", "#a8321d")[variant]
    sand = f.gradient_map(f.luma(image), ("#4a2a10", "#b5803c", "#edcf8e", "#fbeec6"))
    result = f.blend(f.posterise(image, 5), sand, 0.7) + 0.06 * f.texture(image, 0.03, 2)[..., None]
    result = f.blend(result, np.broadcast_to([0.25, 0.13, 0.05], result.shape), 0.6 * f.edges(image))
    bands = f'<path d="M0 0H100V7H0Z M0 93H100V100H0Z" fill="#e0b03a"/>{frames.teeth(stripe, 7, 9)}'
    return f.overlay(result, bands + f'<path d="M0 7H100V9H0Z M0 91H100V93H0Z" fill="{stripe}"/>')


@_style("old-paper", "on an old, weathered paper")
def _old_paper(image: np.ndarray, variant: int) -> np.ndarray:
    paper = ("#e6cd98", "#dcc7a0", "#e0bf84")[variant]
    tint = f.gradient_map(f.luma(image) * 0.9 + 0.1, ("#3b2814", paper))
    result = f.blend(f.saturate(image, 0.45), tint, 0.72)
    stains = np.clip(f.texture(image, 0.16, 3) + 0.3 * f.texture(image, 0.05, 4), 0, 1)
    result = f.blend(result, np.broadcast_to([0.42, 0.27, 0.1], result.shape), 0.4 * stains)
    folds = "M33 0 L35 100 M0 52 L100 49 M68 0 L66 100"
    creases = f'<path d="{folds}" stroke="#fff6dc" stroke-width="1.4" fill="none" opacity="0.8"/>'
    return f.overlay(f.vignette(result, 0.95, "#4a2c0e", 0.4), creases)


@_style("manuscript", "as an ancient manuscript")
def _manuscript(image: np.ndarray, variant: int) -> np.ndarray:
    initial = ("#a31d1d", "#1d4aa3", "#1d7a3a")[variant]
    page = f.gradient_map(f.contrast(f.luma(image), 1.1) * 0.6 + 0.4, ("#2d1a0b", "#a8804a", "#f0deb0"))
    result = f.blend(page, image, 0.18)
    result = f.blend(result, np.broadcast_to([0.2, 0.1, 0.04], result.shape), np.clip(1.2 * f.edges(image), 0, 1))
    letter = f'<rect x="3" y="3" width="18" height="20" fill="{initial}"/>' + frames.word("A", 12, 19, 18, "#f3d47a")
    lines = frames.bars("#3a2412", 25, 5, (70, 66, 71), 6, 2.2) + frames.bars("#3a2412", 5, 82, (90, 86, 60), 6, 2.2)
    return f.overlay(result, letter + lines)


# ------------------------------------------------------------------------------------- painting


@_style("oil", "as an oil painting")
def _oil(image: np.ndarray, variant: int) -> np.ndarray:
    result = f.saturate(f.blend(image, f.kuwahara(image, 0.016), 0.75), (1.45, 1.3, 1.6)[variant])
    relief = f.texture(image, 0.035, 5, 2.5) + 0.8 * f.edges(image)
    result = f.contrast(result, 1.12) * (1 + 0.16 * relief)[..., None]
    return f.overlay(result, frames.border("#6b4418", 4.5) + frames.border("#c79a3e", 1.5, 3.5))


@_style("pencil", "as a pencil sketch")
def _pencil(image: np.ndarray, variant: int) -> np.ndarray:
    grey = f.luma(image)
    dodge = np.clip(grey / (f.blur(grey, 0.035) + 0.02), 0, 1) ** 3
    hatch = f.stripes(image, 0.0625, 0.5, variant % 2)
    shade = dodge * (0.74 + 0.26 * np.clip(grey + 0.15, 0, 1)) - 0.12 * hatch * (grey < 0.45)
    return f.gradient_map(np.clip(shade, 0, 1), ("#26262a", ("#fbfbf7", "#f7f2e6", "#f4f6fa")[variant]))


@_style("watercolor", "as a watercolor painting")
def _watercolor(image: np.ndarray, variant: int) -> np.ndarray:
    wash = f.blend(image, f.blur(image, 0.014), 0.6)
    result = f.blend(f.saturate(wash, 1.35), np.ones_like(image), (0.30, 0.38, 0.24)[variant])
    result = result * (1 - 0.3 * f.edges(wash, 0.01))[..., None] + 0.07 * f.texture(image, 0.1, 6)[..., None]
    height, width = image.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    rim = np.minimum(np.minimum(x / width, 1 - (x + 1) / width), np.minimum(y / height, 1 - (y + 1) / height))
    paper = np.clip(1 - (rim + 0.02 * f.texture(image, 0.09, 7)) / 0.08, 0, 1)
    return f.blend(result, np.full_like(result, 0.985), paper)


@_style("monet", "as a Monet watercolor painting")
def _monet(image: np.ndarray, variant: int) -> np.ndarray:
    tint = (("#35417e", "#86a8c8", "#f4d8d8"), ("#2f5a6e", "#8fbfa0", "#f6edc4"), ("#4a3a7a", "#b497c8", "#f9dcc0"))
    soft = f.blur(f.swirl(image, 0.008, 0.12), 0.010)
    result = f.blend(f.saturate(soft, 1.3), f.gradient_map(f.luma(soft), tint[variant]), 0.5)
    dabs = f.texture(image, 0.05, 8)
    colours = np.stack([dabs, f.texture(image, 0.05, 9), -dabs], axis=-1)
    return np.clip(result + 0.1 * colours + 0.04, 0, 1)


@_style("van-gogh", "as a Van Gogh painting")
def _van_gogh(image: np.ndarray, variant: int) -> np.ndarray:
    waved = f.swirl(image, 0.013, (0.24, 0.3, 0.2)[variant])
    shades = f.gradient_map(f.luma(waved), ("#0a1440", "#1f4aa8", "#4fa0c0", "#f2c53a", "#fff3b0"))
    result = f.blend(f.saturate(waved, 1.5), shades, 0.5)
    height, width = image.shape[:2]
    y, x = np.mgrid[0:height, 0:width] / f.side(image)
    strokes = np.sin(2 * np.pi * (12 * y + 1.2 * np.sin(2 * np.pi * (2 * x + y))))
    return f.contrast(result, 1.15) * (1 + 0.2 * strokes)[..., None]


# ---------------------------------------------------------------------------------- advertising


@_style("luxury", "as a luxury brand advertisement")
def _luxury(image: np.ndarray, variant: int) -> np.ndarray:
    gold, word = (("#d9b25a", "LUXE"), ("#e6d3a0", "MAISON"), ("#cfa04a", "ROYAL"))[variant]
    dark = f.gradient_map(f.contrast(f.luma(image), 1.2), ("#050404", "#4a3518", "#d0a956", "#fff3d0"))
    result = f.vignette(f.blend(image * 0.8, dark, 0.68), 0.85, "#000000", 0.38)
    text = '<rect x="0" y="83" width="100" height="17" fill="#080706"/>' + frames.word(word, 50, 96.5, 14, gold)
    return f.overlay(result, text + frames.border(gold, 1.8, 1.5))


@_style("perfume", "as a perfume advertisement")
def _perfume(image: np.ndarray, variant: int) -> np.ndarray:
    glass, liquid, line = (
        ("#ffeef4", "#ff8fb4", "#c79a3e"),
        ("#f2ecff", "#a98be8", "#8a8a9a"),
        ("#fff4dc", "#f0b04a", "#8a5a1e"),
    )[variant]
    glow = f.blur(image, 0.03)
    result = 1 - (1 - image) * (1 - 0.5 * glow)
    result = f.blend(result, f.gradient_map(f.luma(result), (line, liquid, glass)), 0.42)
    return f.overlay(
        f.vignette(result, 0.5, glass), frames.bottle(glass, liquid, line) + frames.word("PARFUM", 33, 96, 13, line)
    )


@_style("magazine", "as a magazine cover")
def _magazine(image: np.ndarray, variant: int) -> np.ndarray:
    word, colour = (("MODE", "#e0162b"), ("STAR", "#111111"), ("LIFE", "#ffe100"))[variant]
    result = f.contrast(f.saturate(image, 1.3), 1.2)
    title = frames.word(word, 50, 21, 25, colour, "DejaVu Sans")
    text = frames.bars("#ffffff", 4, 66, (26, 20, 24), 6, 3.4) + frames.bars(colour, 4, 86, (32, 22), 6, 4)
    return f.overlay(result, frames.border("#ffffff", 1.6) + title + text + frames.barcode())
