"""The leak check: a surrogate leaves only when every private region is vouched for; in doubt it refuses."""

import difflib
import unicodedata
from collections.abc import Sequence

import numpy as np
from PIL import Image
from torch.nn.functional import cosine_similarity

from sppe_lib.data.surrogates import _MAKER, Surrogate
from sppe_lib.errors import ConfigError, KitError
from sppe_lib.photo.blend import window
from sppe_lib.photo.find import face_boxes, read_lines
from sppe_lib.photo.models import SAME_PERSON, cv2, face_embedding, image_features, read_letters, tensor
from sppe_lib.photo.regions import Region, overlap, private_mask
from sppe_lib.pictures import png_bytes

SAME_WRITING = 0.8  # share of letters in common (difflib's ratio) from which two lines count as the same
# Letters and digits below which a text is not looked for, and from which it is also looked for over several lines.
SHORTEST, LONG = 2, 5
ALIKE = str.maketrans("01l", "oii")
SAME_CONTENT = 0.9  # cosine of image features above which the private region is still recognisable as the same picture
# Side in pixels of the blocks that must not survive; the levels (root mean square) from which one has a texture that
# tells it apart, and up to which it may have changed in place and still be there: less than its texture.
BLOCK, TEXTURE, KEPT = 8, 3.0, 2.5


class Refusal(KitError):
    """A surrogate that cannot be vouched for: nothing leaves, nothing is written."""


def surviving_blocks(source: np.ndarray, surrogate: np.ndarray, private: np.ndarray) -> int:
    """How many textured blocks of private source pixels are still somewhere in the private region.

    A block is BLOCK x BLOCK and wholly private. It survives in place where it differs by less than KEPT levels, and
    elsewhere where it differs by less than TEXTURE (root mean square). Flat blocks carry nothing.
    """
    seen = window(private, 0)
    old, new = (picture[seen].mean(-1).astype(np.float32) for picture in (source, surrogate))
    moved = np.square(source[seen].astype(np.float32) - surrogate[seen]).mean(-1)
    whole = cv2.erode(private[seen].astype(np.uint8), np.ones((BLOCK, BLOCK), np.uint8), borderValue=0) > 0
    # Texture is what differs from its surroundings (two smooth slopes may be alike by chance and tell nobody apart) and
    # within itself: plain paper beside a letter tells nothing of the letter.
    outside = np.square(old - cv2.GaussianBlur(old, (0, 0), BLOCK / 2))
    outside, change, mean, square = (cv2.blur(v, (BLOCK, BLOCK)) for v in (outside, moved, old, np.square(old)))
    textured = whole & (np.minimum(outside, square - np.square(mean)) > TEXTURE**2)
    survivors = int((textured & (change < KEPT**2)).sum())
    # Elsewhere: the most particular places (corners, not straight edges, which look alike) are looked for everywhere.
    corners = np.where(textured, cv2.cornerMinEigenVal(old, BLOCK), 0)
    for _ in range(48):
        row, column = np.unravel_index(np.argmax(corners), corners.shape)
        if corners[row, column] <= 0:
            break
        corners[max(row - BLOCK + 1, 0) : row + BLOCK, max(column - BLOCK + 1, 0) : column + BLOCK] = 0
        block = old[row - BLOCK // 2 :, column - BLOCK // 2 :][:BLOCK, :BLOCK]
        survivors += int((cv2.matchTemplate(new, block, cv2.TM_SQDIFF) < (TEXTURE * BLOCK) ** 2).sum())
    return survivors


def _plain(text: str) -> str:
    """Letters and digits alone, without accents; those that look alike are one (0 and o; 1, l and i)."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    joined = unicodedata.normalize("NFC", "".join(part for part in parts if not unicodedata.combining(part)))
    return "".join(letter for letter in joined.casefold() if letter.isalnum()).translate(ALIKE)


def same_writing(private: str, read: str) -> bool:
    """Whether a private line can still be recognised in a line that was read."""
    private, read = _plain(private), _plain(read)
    if len(private) < SHORTEST or not read:
        return False
    matcher = difflib.SequenceMatcher(b=private, autojunk=False)
    for start in range(max(len(read) - len(private), 0) + 1):
        matcher.set_seq1(read[start : start + len(private)])
        if matcher.quick_ratio() >= SAME_WRITING and matcher.ratio() >= SAME_WRITING:
            return True
    return False


def readable(private: str, lines: Sequence[str], named: bool = False) -> bool:
    """Whether a private text can be recognised in lines that were read: in one, or over several one after the other.

    `named`: by the user, so a short one is looked for over several lines, too, and so are its words, wherever they are.
    """
    spread = (named or len(_plain(private)) >= LONG) and same_writing(private, "".join(lines))
    words = [word for word in private.split() if len(_plain(word)) >= SHORTEST] if named else []
    scattered = bool(words) and all(any(same_writing(word, line) for line in lines) for word in words)
    return spread or scattered or any(same_writing(private, line) for line in lines)


def unread(source: np.ndarray, secrets: Sequence[str]) -> list[str]:
    """Those of the secrets that the reader finds nowhere in a photo, and so could not find in a surrogate either."""
    read = [text for _, text, _ in read_lines(source)] if secrets else []
    return [secret for secret in secrets if not readable(secret, read, named=True)]


def check_words(instruction: str, regions: Sequence[Region], secrets: Sequence[str]) -> None:
    """Raise ConfigError for a secret that could not be found if it were there, Refusal for one in the instruction."""
    for secret in secrets:
        odd = "".join(sorted(set(_plain(secret)) - read_letters())) if len(_plain(secret)) >= SHORTEST else secret
        if odd or not secret:
            raise ConfigError(
                f"The secret {secret!r} cannot be checked, since {odd!r} cannot be read in a photo: name a text of two "
                f"letters or more in a script that is known, or hide its place with a region."
            )
    private = [*secrets, *(region.text for region in regions if len(_plain(region.text)) >= LONG)]
    if told := next((text for text in private if same_writing(text, instruction)), None):
        raise Refusal(f"The instruction would leave with the surrogate and tells {told!r}: say it in other words.")


def content_likeness(source: np.ndarray, surrogate: np.ndarray, inside: np.ndarray) -> float:
    """Cosine in [-1, 1] of the image features of two pictures within a mask, all else mid-grey."""
    seen = window(inside, 0)
    crops = (np.where(inside[seen][..., None], picture[seen], 127) for picture in (source, surrogate))
    return float(cosine_similarity(*image_features(tensor(*crops)), dim=0))


def leaks(
    source: np.ndarray, surrogate: np.ndarray, regions: Sequence[Region], secrets: Sequence[str] = ()
) -> list[str]:
    """Why a surrogate (RGB uint8) must not leave; an empty list where nothing speaks against it.

    `secrets`: strings that must be nowhere in it, beside those that were found. The writing, which takes longest, is
    read last, and only where all else is in order.
    """
    private = private_mask(list(regions), source.shape[:2])
    if surrogate.shape != source.shape or not private.any():
        return ["it has another size than its source, or nothing in it is private"]
    survivors = surviving_blocks(source, surrogate, private)
    found = [f"{survivors} blocks of private pixels are still in it"] if survivors else []
    for region in (region for region in regions if region.way != "text"):
        likeness = content_likeness(source, surrogate, region.pixels(source.shape[:2]))
        if not likeness <= SAME_CONTENT:  # asked so that what is no number counts against it
            found.append(f"the {region.category} at {region.box} still looks the same (cosine {likeness:.2f})")
    return found + _faces(source, surrogate, private, regions) or _writing(surrogate, regions, secrets)


def _faces(source: np.ndarray, surrogate: np.ndarray, private: np.ndarray, regions: Sequence[Region]) -> list[str]:
    hidden = [np.array(region.box) for region in regions if region.way == "face"]
    for box in face_boxes(source):
        x0, y0, x1, y1 = box[:4].clip(0).astype(int)
        if private[y0:y1, x0:x1].mean() > 0.3 and all(overlap(box, other) < 0.5 for other in hidden):
            hidden.append(box)
    known = np.array([face_embedding(source, box) for box in hidden])
    found = []
    for box in (hidden + face_boxes(surrogate)) if hidden else []:
        here = face_embedding(surrogate, box)
        near = float(np.linalg.norm(known - here, axis=1).min())  # no number, if any is none
        if not near > SAME_PERSON:
            place = tuple(int(side) for side in box[:4])
            found.append(f"the face at {place} is a private one (distance {near:.2f}, {SAME_PERSON} is one person)")
    return found


def _writing(surrogate: np.ndarray, regions: Sequence[Region], secrets: Sequence[str]) -> list[str]:
    strings = dict.fromkeys([*(region.text for region in regions if region.text), *secrets])
    # What the user names is also looked for in writing that stands on its side or head.
    turns = [np.ascontiguousarray(np.rot90(surrogate, turn)) for turn in range(4 if secrets else 1 if strings else 0)]
    looks = [[text for _, text, _ in read_lines(turned)] for turned in turns]
    kept = (text for text in strings if any(readable(text, read, text in secrets) for read in looks))
    return [f"{text!r} can still be read in it" for text in kept]


def vouch(
    source: np.ndarray, surrogate: np.ndarray, regions: Sequence[Region], secrets: Sequence[str] = ()
) -> Surrogate:
    """The one kind of picture an editor takes, its pixels encoded anew; raises Refusal with what speaks against it.

    It holds neither source, mask nor what was found. A check that cannot run (a detector fails) refuses as well.
    """
    try:
        found = leaks(source, surrogate, regions, secrets)
    except Exception as error:
        found = [f"it could not be checked ({error})"]
    if found:
        raise Refusal(f"This surrogate must not leave: {'; '.join(found)}; add or widen regions, or try another seed.")
    return Surrogate("photo", png_bytes(Image.fromarray(surrogate)), _MAKER)
