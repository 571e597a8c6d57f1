"""From a photo to what may leave: what was found, several surrogates, ERMA's choice and the leak check."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from sppe_lib import pictures
from sppe_lib.clip import ClipFeatures, load_clip
from sppe_lib.config import load_profile
from sppe_lib.data.surrogates import Surrogate, make_surrogates, prompt_for
from sppe_lib.erma import ErmaPredictor
from sppe_lib.errors import ConfigError, DataError, ResourceError
from sppe_lib.photo.blend import emptied, put, surroundings
from sppe_lib.photo.faces import draw_face
from sppe_lib.photo.fills import draw_fill
from sppe_lib.photo.find import find
from sppe_lib.photo.models import tensor
from sppe_lib.photo.regions import Region, entries, next_number, private_mask, revised
from sppe_lib.photo.texts import draw_text
from sppe_lib.photo.vouch import Refusal, check_words, vouch
from sppe_lib.runtime import numpy_generator

SMALLEST = 32  # shorter side in pixels below which a photo is refused: nothing can be found in it
LONGEST = 60  # times its shorter side up to which the longer one may be: rapidocr gives up at 80
PICTURES = (str, Path, bytes, Image.Image)
FOREIGN = 2.0  # tokens a word above which an instruction is in words that ERMA's text encoder has not learnt


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

    @cached_property
    def ground(self) -> np.ndarray:
        """The `surroundings` on which every candidate is drawn."""
        return surroundings(self.source, self.mask)

    def preview(self) -> Image.Image:
        """The photo with what will be replaced in red, numbered: look at it before anything leaves."""
        red, mask = self.source.copy(), self.mask
        red[mask] = red[mask] // 2 + np.array([110, 0, 0], dtype=np.uint8)
        picture = Image.fromarray(red)
        draw, size = ImageDraw.Draw(picture), max(12, max(picture.size) // 50)
        for region in self.regions:
            draw.rectangle(region.box, outline="red", width=max(1, size // 8))
            place, words = (region.box[0] + 2, max(region.box[1] - size - 2, 0)), f"{region.number} {region.category}"
            draw.text(place, words, fill="yellow", font_size=size, stroke_width=2, stroke_fill="black")
        return picture

    def listed(self) -> str:
        """A line for each region, with its number in the preview."""
        lines = (f"{one.number}: {one.category} at {one.box}, {one.score:.2f} {one.text}" for one in self.regions)
        return "\n".join(lines)

    def check(self) -> None:
        """Raise DataError where nothing or everything is private, or a region has no pixel."""
        empty = [one.number for one in self.regions if not one.pixels(self.source.shape[:2]).any()]
        if empty or not self.regions:
            which = f"Region {empty[0]} hides no pixel" if empty else "Nothing private was found"
            raise DataError(f"{which} in {self.name}: say what is private, with add='x0,y0,x1,y1' or a mask.")
        pictures.check_mask(self.mask, f"of {self.name}")


@dataclass(frozen=True, eq=False)
class Protected:
    """What may leave, and what stays."""

    found: Found = field(repr=False)
    instruction: str
    surrogate: Surrogate = field(repr=False)  # all that an editor is given
    editability: float  # ERMA's prediction, a cosine in (-1, 1), or NaN
    judged: str  # why there is none
    passed: bool  # the gate's decision
    scores: list[float]  # of all candidates
    refused: list[str]  # why better ones were not vouched for

    @property
    def code(self) -> str:
        """Names this preview and what would leave; who has looked at both gives it to an editor outside."""
        seen = (self.found.mask.tobytes(), self.instruction.encode(), self.surrogate.png)
        # Letters first, so that papermill does not read it as a number.
        return f"look-{hashlib.sha256(b''.join(seen)).hexdigest()[:10]}"


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
    for what, given, kinds in (("photo", image, PICTURES), ("mask", mask, (*PICTURES, type(None)))):
        if not isinstance(given, kinds):
            raise ConfigError(f"The {what} is {type(given).__name__}: give a file's name or a picture of PIL's.")
    opened = isinstance(image, Image.Image)
    picture = pictures.opened_rgb(image) if opened else pictures.read_picture(image)
    name = "photo" if opened or isinstance(image, bytes) else pictures.shown_name(image)
    (width, height), source = picture.size, np.asarray(picture)
    if min(width, height) < max(SMALLEST, max(width, height) / LONGEST):
        raise DataError(
            f"The photo {name} is {width}x{height} pixels; to find anything in it, a side needs {SMALLEST} pixels and "
            f"a {LONGEST}th of the other: cut it."
        )
    regions = revised(find(source, whole_body) if detect else [], add, remove, (height, width))
    if mask is not None:
        if not isinstance(mask, Image.Image):  # one that fits only the photo as stored is turned with it
            turn = 1 if opened else pictures.picture_layout(image)[1]
            mask = pictures.read_mask(mask, picture.size, may_be_full=True, orientation=turn)
        if mask.size != picture.size:
            raise DataError(f"The mask is {mask.width}x{mask.height} pixels not {width}x{height}: draw it anew.")
        private = pictures.mask_pixels(mask)
        box = pictures.mask_image(private).getbbox() or (0, 0, 0, 0)
        regions.append(Region("picture frame", box, mask=private, number=next_number(regions)))
    found = Found(name, source, regions)
    found.check()
    return found


def draw_surrogate(found: Found, seed: int) -> np.ndarray:
    """One candidate, RGB uint8 [H, W, 3]: every private pixel new, all others the source's."""
    private = found.mask
    canvas = emptied(found.source, private, numpy_generator("emptied", seed), found.ground)
    for number, region in sorted(enumerate(found.regions), key=lambda one: ("fill", "face", "text").index(one[1].way)):
        inside, own = region.pixels(private.shape), 1000 * seed + number
        if region.way == "face":
            draw_face(canvas, found.source, inside, region.box, own)
        elif region.way == "text":
            draw_text(canvas, found.source, inside, region.outline, region.text, own)
        else:
            draw_fill(canvas, private, inside, own)
    return canvas


def paint_surrogate(found: Found, seed: int, profile: str = "paper") -> np.ndarray:
    """One candidate painted by the profile's diffusion model (SDXL inpainting), at the photo's own size."""
    image, mask = Image.fromarray(found.source), pictures.mask_image(found.mask)
    prompt, settings = prompt_for(found.regions[0].category), load_profile(profile).generation
    (painted,) = make_surrogates([image], [mask], [prompt], settings, [f"photo {seed}"], strength=1.0)
    canvas = found.source.copy()
    put(canvas, np.asarray(painted.image.resize(image.size, Image.Resampling.BICUBIC), np.float32), found.mask)
    return canvas


PAINTERS = {"offline": draw_surrogate, "sdxl": paint_surrogate}


@cache
def judge(profile: str | None) -> tuple[ErmaPredictor, ClipFeatures]:
    """ERMA, the profile's own or else the shipped one, and its CLIP; raises ResourceError where one is not complete."""
    own = load_profile(profile).results / "editability" / "erma"
    predictor = ErmaPredictor.load(own if own.is_dir() else Path(__file__).parents[1] / "weights" / "erma")
    return predictor, load_clip(predictor.clip_location)


def editability(
    source: np.ndarray, candidates: Sequence[np.ndarray], instruction: str, profile: str | None = None
) -> tuple[list[float], str]:
    """What the `judge` predicts of each candidate, and "" or why there is no prediction (NaN)."""
    why = "ERMA's text encoder does not know these words (it has learnt English)"
    try:
        predictor, clip = judge(profile)
        if len(clip.tokenizer(instruction)["input_ids"]) - 2 <= FOREIGN * len(instruction.split()):
            first, *others = (_reduced(picture) for picture in (source, *candidates))
            first = tensor(first).expand(len(candidates), -1, -1, -1)
            return predictor.predict(first, tensor(*others), [instruction] * len(candidates)).tolist(), ""
    except ResourceError as error:
        why = str(error)
    return [float("nan")] * len(candidates), f"not judged: {why}"


def _reduced(picture: np.ndarray) -> np.ndarray:
    small = Image.fromarray(picture)
    small.thumbnail((1024, 1024))  # far more than the encoder's input
    return np.array(small)


def check_instruction(instruction: str) -> None:
    """Raise ConfigError for an empty instruction, and for bytes of a command line that are no text."""
    words = instruction if isinstance(instruction, str) else ""
    if not words.strip() or words != words.encode(errors="ignore").decode():
        raise ConfigError("The instruction is empty or no UTF-8 text: say what the editor should do.")


def protect(
    photo: Found | str | Path | bytes | Image.Image,
    instruction: str,
    candidates: int = 3,
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
    check_instruction(instruction)
    if painter not in PAINTERS or not isinstance(candidates, int) or candidates < 1:
        raise ConfigError(f"painter is {painter!r} and candidates {candidates}: use offline or sdxl, and at least 1.")
    found = photo if isinstance(photo, Found) else open_photo(photo)
    found.check()
    secrets = entries(secrets)
    check_words(instruction, found.regions, secrets)
    drawn = [PAINTERS[painter](found, seed + number) for number in range(candidates)]
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
