"""From a photo to what may leave: what was found, several surrogates, ERMA's choice and the leak check."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from sppe_lib.config import load_profile
from sppe_lib.data.schema import image_tensor
from sppe_lib.data.surrogates import Surrogate, make_surrogates, prompt_for
from sppe_lib.editability.erma import ErmaPredictor
from sppe_lib.errors import ConfigError, DataError, ResourceError
from sppe_lib.photo.blend import emptied, placed
from sppe_lib.photo.faces import draw_face
from sppe_lib.photo.fills import draw_fill
from sppe_lib.photo.find import find
from sppe_lib.photo.models import face_landmarks
from sppe_lib.photo.regions import Region, entries, private_mask, revised
from sppe_lib.photo.texts import draw_text
from sppe_lib.photo.vouch import Refusal, check_words, vouch
from sppe_lib.pictures import (
    check_mask,
    mask_image,
    mask_pixels,
    opened_rgb,
    picture_layout,
    read_mask,
    read_picture,
    shown_name,
)
from sppe_lib.runtime import numpy_generator

SMALLEST = 32
"""Shorter side in pixels below which a photo is refused: nothing can be found in it."""

FOREIGN = 2.0
"""Tokens a word above which an instruction is in words that ERMA's text encoder has not learnt."""


@dataclass(frozen=True, eq=False)
class Found:
    """A photo on this machine and what of it is private: `source` RGB uint8 [H, W, 3], `mask` bool [H, W]."""

    name: str
    source: np.ndarray = field(repr=False)
    regions: list[Region]

    @property
    def mask(self) -> np.ndarray:
        """Every private pixel."""
        return private_mask(self.regions, self.source.shape[:2])

    def preview(self) -> Image.Image:
        """The photo with what will be replaced in red, numbered: look at it before anything leaves."""
        red, mask = self.source.copy(), self.mask
        red[mask] = red[mask] // 2 + np.array([110, 0, 0], dtype=np.uint8)
        picture = Image.fromarray(red)
        draw = ImageDraw.Draw(picture)
        size = max(12, max(picture.size) // 50)
        for number, region in enumerate(self.regions):
            draw.rectangle(region.box, outline="red", width=max(1, size // 8))
            place, words = (region.box[0] + 2, max(region.box[1] - size - 2, 0)), f"{number} {region.category}"
            draw.text(place, words, fill="yellow", font_size=size, stroke_width=2, stroke_fill="black")
        return picture


@dataclass(frozen=True, eq=False)
class Protected:
    """What may leave, and what stays: `surrogate` is all that an editor is given.

    `editability`: ERMA's prediction, a cosine in (-1, 1), or NaN with `judged` saying why there is none. `passed`: the
    gate's decision. `scores`: of all candidates; `refused`: why better ones were not vouched for.
    """

    found: Found = field(repr=False)
    instruction: str
    surrogate: Surrogate = field(repr=False)
    editability: float
    judged: str
    passed: bool
    scores: list[float]
    refused: list[str]


def open_photo(
    image: str | Path | bytes | Image.Image,
    add: str | Iterable[str] = (),
    remove: str | Iterable[str] = (),
    mask: str | Path | Image.Image | None = None,
    whole_body: bool = False,
    detect: bool = True,
) -> Found:
    """Read a photo as `pictures.read_picture` does (never writing to it), and find what is private in it.

    `add`, `remove`: as in `regions.revised`. `mask`: what else is private, white, at the photo's upright size.
    `detect=False`: only what `add` and `mask` say. Raises DataError or ConfigError where nothing, or everything, would
    be private, and ResourceError without the extra.
    """
    picture = opened_rgb(image) if isinstance(image, Image.Image) else read_picture(image)
    name = "photo" if isinstance(image, (bytes, Image.Image)) else shown_name(image)
    if min(picture.size) < SMALLEST:
        raise DataError(
            f"The photo {name} is {picture.width}x{picture.height} pixels; a side needs {SMALLEST} to show anything."
        )
    source = np.asarray(picture)
    regions = revised(find(source, whole_body) if detect else [], add, remove, source.shape[:2])
    if mask is not None:
        drawn = (
            mask_image(mask_pixels(mask)) if isinstance(mask, Image.Image) else _mask_file(mask, image, picture.size)
        )
        if drawn.size != picture.size:
            raise DataError(
                f"The mask is {drawn.width}x{drawn.height} pixels not {picture.width}x{picture.height}: draw it anew."
            )
        regions.append(Region("picture frame", drawn.getbbox() or (0, 0, 0, 0), mask=np.asarray(drawn) > 127))
    if not regions:
        raise DataError(f"Nothing private was found in {name}: say what is, with add='x0,y0,x1,y1' or a mask.")
    found = Found(name, source, regions)
    check_regions(found)
    return found


def check_regions(found: Found) -> None:
    """Raise DataError where nothing or everything of a photo is private, or a region of it has no pixel."""
    empty = [number for number, region in enumerate(found.regions) if not region.pixels(found.source.shape[:2]).any()]
    if empty or not found.regions:
        which = f"Region {empty[0]} hides no pixel" if empty else "No region is private"
        raise DataError(f"{which} in {found.name}, so nothing would be protected there: draw it anew.")
    check_mask(found.mask, f"of {found.name}")


def _mask_file(mask: str | Path, image: str | Path | bytes | Image.Image, size: tuple[int, int]) -> Image.Image:
    # One that fits only the photo as stored is turned with it.
    orientation = 1 if isinstance(image, Image.Image) else picture_layout(image)[1]
    return read_mask(mask, size, may_be_full=True, orientation=orientation)


def draw_surrogate(found: Found, seed: int) -> np.ndarray:
    """One candidate, RGB uint8 [H, W, 3]: every private pixel new, all others the source's."""
    private = found.mask
    canvas = emptied(found.source, private, numpy_generator("emptied", seed))
    order = {"fill": 0, "face": 1, "text": 2}
    for number, region in sorted(enumerate(found.regions), key=lambda pair: order[pair[1].way]):
        inside, own = region.pixels(private.shape), 1000 * seed + number
        if region.way == "face":
            canvas = draw_face(canvas, found.source, inside, face_landmarks(found.source, region.box), own)
        elif region.way == "text":
            canvas = draw_text(canvas, found.source, inside, region.outline, region.text, own)
        else:
            canvas = draw_fill(canvas, private, inside, own)
    return canvas


def paint_surrogate(found: Found, seed: int, profile: str = "paper") -> np.ndarray:
    """One candidate painted by the profile's diffusion model (SDXL inpainting), at the photo's own size."""
    settings = load_profile(profile).generation
    image, mask = Image.fromarray(found.source), mask_image(found.mask)
    prompt = prompt_for(found.regions[0].category)
    (painted,) = make_surrogates([image], [mask], [prompt], settings, [f"photo {seed}"], strength=1.0)
    return placed(
        found.source, np.asarray(painted.image.resize(image.size, Image.Resampling.BICUBIC), np.float32), found.mask
    )


@cache
def _predictor(profile: str | None) -> ErmaPredictor:
    own = load_profile(profile).results / "editability" / "erma"
    return ErmaPredictor.load(own if own.is_dir() else Path(__file__).parents[1] / "weights" / "erma")


def editability(
    source: np.ndarray, candidates: Sequence[np.ndarray], instruction: str, profile: str | None = None
) -> tuple[list[float], str]:
    """ERMA's prediction for each candidate, and "" or why there is none (all NaN then).

    The profile's own ERMA where it has been trained, else the one that the kit ships, of the vector world.
    """
    from sppe_lib.clip import load_clip

    nothing = [float("nan")] * len(candidates)
    try:
        predictor = _predictor(profile)
        tokens = load_clip(predictor.clip_location).tokenizer(instruction)["input_ids"]
        if len(tokens) - 2 > FOREIGN * len(instruction.split()):
            return nothing, "not judged: ERMA's text encoder does not know these words (it has learnt English)"
        images = [_tensor(picture) for picture in (source, *candidates)]
        first = images[0].expand(len(candidates), -1, -1, -1)
        return predictor.predict(first, torch.cat(images[1:]), [instruction] * len(candidates)).tolist(), ""
    except ResourceError as error:
        return nothing, f"not judged: {error}"


def _tensor(picture: np.ndarray) -> torch.Tensor:
    small = Image.fromarray(picture)
    small.thumbnail((1024, 1024))  # far more than the encoder's input
    return image_tensor(small)[None]


def protect(
    photo: Found | str | Path | bytes | Image.Image,
    instruction: str,
    candidates: int = 4,
    gate: float = 0.3,
    secrets: str | Sequence[str] = (),
    painter: str = "offline",
    profile: str | None = None,
    seed: int = 0,
) -> Protected:
    """A vouched-for surrogate of a photo: of the candidates that pass the leak check the one that ERMA trusts most.

    `gate`: ERMA's score below which the gate advises against an upload. `painter`: "offline" or "sdxl" (profile paper).
    Raises Refusal, having written nothing, where no candidate can be vouched for or the instruction tells a secret;
    ConfigError for an empty instruction or a secret that cannot be checked.
    """
    if not instruction.strip():
        raise ConfigError("The instruction is empty: say what the editor should do.")
    if painter not in ("offline", "sdxl") or candidates < 1:
        raise ConfigError(f"painter is {painter!r} and candidates {candidates}: use offline or sdxl, and at least 1.")
    found = photo if isinstance(photo, Found) else open_photo(photo)
    check_regions(found)
    secrets = entries(secrets)
    check_words(instruction, found.regions, secrets)
    draw = draw_surrogate if painter == "offline" else paint_surrogate
    drawn = [draw(found, seed + number) for number in range(candidates)]
    scores, judged = editability(found.source, drawn, instruction, profile)
    refused: list[str] = []
    for number in np.argsort(-np.nan_to_num(scores, nan=0.0), kind="stable"):
        try:
            surrogate = vouch(found.source, drawn[number], found.regions, secrets)
        except Refusal as error:
            refused.append(str(error))
            continue
        passed = bool(judged) or scores[number] >= gate
        return Protected(found, instruction, surrogate, scores[number], judged, passed, scores, refused)
    raise Refusal(f"None of {candidates} surrogates can be vouched for, so nothing leaves. {refused[0]}")
