"""People of the vector world: random identities, their drawing, and their description in words.

The drawings come from DiceBear's style "avataaars": a remix of "Avataaars"
(https://avataaars.com/) by Pablo Stanley, "Free for personal and commercial use". The style's
canvas is split in two, body and head, so that a head can be private (and replaced) while the
body stays. What avataaars lacks (legs, hats, scarves, concepts such as a vampire) is drawn by
`people_extras`.

A person's attributes are plain data; see `random_person` for the list of keys.
"""

import copy
import json
import re
import zlib
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from dicebear import Avatar, Style

from sppe_lib.world import people_extras as extras
from sppe_lib.world.colours import colour_name
from sppe_lib.world.scene import Element, draws

VIEW_BOXES = {"bust": (34.0, -26.0, 212.0, 306.0), "full": (34.0, -66.0, 212.0, 546.0)}
"""Framing to (left, top, width, height) in avatar units; these fill the element's box."""

ASPECTS = {framing: box[2] / box[3] for framing, box in VIEW_BOXES.items()}
"""Framing to natural width / height of a person's box; other boxes leave room at the sides."""

HEAD_SCALES = {"bust": 1.18, "full": 1.42}
"""Heads are larger than life: faces must be readable at 64 px."""

SKINS = ("#614335", "#d08b5b", "#ae5d29", "#edb98a", "#ffdbb4", "#f0a668", "#8a5636")
HAIRS = ("#2c1b18", "#4a312c", "#724133", "#a55728", "#b58143", "#d6b370", "#ecdcbf", "#c93305", "#e8e1e1")
CLOTHES_COLOURS = (
    "#262e33", "#65c9ff", "#5199e4", "#25557c", "#e6e6e6", "#929598", "#3c9f5c", "#a7ffc4",
    "#ffafb9", "#ffe04d", "#ff488e", "#e04848", "#ffffff", "#8a4fbf", "#ff9a3c",
)  # fmt: skip
TROUSERS = ("#263148", "#3a3a3f", "#6b5a45", "#4c6a8f", "#8a8577", "#55604a")

SHORT_TOPS = (
    "shortFlat", "shortRound", "shortWaved", "shortCurly", "theCaesar", "theCaesarAndSidePart",
    "sides", "dreads01", "shaggy", "frizzle",
)  # fmt: skip
LONG_TOPS = (
    "bigHair", "bob", "bun", "curvy", "curly", "dreads", "frida", "longButNotTooLong",
    "miaWallace", "shaggyMullet", "straight01", "straight02", "straightAndStrand", "shavedSides",
)  # fmt: skip
ROUND_TOPS = ("fro", "froBand", "dreads02")
COVERING_TOPS = ("hat", "hijab", "turban", "winterHat1", "winterHat02", "winterHat03", "winterHat04")
CURLY_TOPS = ("curly", "shortCurly", "fro", "frizzle")
HIDDEN_HAIR_TOPS = ("hijab", "turban", "winterHat1", "winterHat02", "winterHat03", "")
"""Tops that show no hair at all ("" is a bald head)."""

FACIAL_HAIRS = ("beardLight", "beardMajestic", "beardMedium", "moustacheFancy", "moustacheMagnum")
GLASSES = ("prescription01", "prescription02", "round")
CLOTHES = (
    "blazerAndShirt", "blazerAndSweater", "collarAndSweater", "hoodie", "overall", "shirtCrewNeck",
    "shirtScoopNeck", "shirtVNeck",
)  # fmt: skip
MOUTHS = ("default", "smile", "twinkle", "serious", "tongue", "sad", "eating", "screamOpen")
EYES = ("default", "happy", "side", "squint", "surprised", "wink")
EYEBROWS = ("default", "defaultNatural", "flatNatural", "raisedExcited", "angryNatural", "upDown")

IDENTITY_KEYS = (
    "skin", "top", "hair", "hat", "facial_hair", "accessories", "accessories_colour",
    "mouth", "eyes", "eyebrows",
)  # fmt: skip
BODY_KEYS = ("body_skin", "clothes", "clothes_colour", "trousers")

BODY_PARTS = ("clothes",)
HEAD_PARTS = ("mouth", "nose", "eyes", "eyebrows", "top", "facialHair", "accessories")
BODY_PATH = "M116 150V199h-4a72 72 0 0 0-72 72v9h200v-9a72 72 0 0 0-72-72h-4V150Z"
HEAD_PATH = (
    "M140 36a56 56 0 0 0-56 56v6.17A12 12 0 0 0 74 110v14a12 12 0 0 0 10.3 11.88"
    "A56 56 0 0 0 195.7 135.88A12 12 0 0 0 206 124v-14a12 12 0 0 0-10-11.83V92a56 56 0 0 0-56-56"
)


# ---------------------------------------------------------------------------------- identities


def random_person(rng: np.random.Generator) -> dict[str, Any]:
    """Attributes of a random person.

    Keys: skin and body_skin (face, and neck and hands), top (avataaars hair style or hat), hair,
    hat and accessories_colour (colours), facial_hair and accessories ("" for none), clothes,
    clothes_colour, trousers, mouth, eyes, eyebrows. The editor adds the keys that
    `people_extras` draws (sunglasses, cowboy_hat, concept ...). Colours are "#rrggbb".
    """
    person = {key: _draw_trait(key, rng) for key in IDENTITY_KEYS + BODY_KEYS}
    person["body_skin"] = person["skin"]
    return person


def replace_identity(
    attributes: Mapping[str, Any], strength: float, rng: np.random.Generator, part: str = "all"
) -> dict[str, Any]:
    """Another person's traits in place of this one's, for surrogates.

    `strength` in [0.1, 1.0] is the chance of each trait to be redrawn (1.0: all are, and all of
    skin, hair style and hair colour differ from the original). Part "head" leaves body, clothes
    and the neck's skin as they are; part "all" replaces them too. Returns new attributes.
    """
    result = dict(attributes)
    keys = IDENTITY_KEYS if part == "head" else IDENTITY_KEYS + BODY_KEYS
    chance = float(np.clip(strength, 0.0, 1.0)) ** 0.6
    for key in keys:
        # The draw is made in any case: the generator's state must not depend on the outcome.
        lucky, value = rng.random() < chance, _draw_other(key, attributes.get(key), rng)
        if lucky:
            result[key] = value
    if part != "head":  # before what follows: another skin of the body alone would be taken back here
        result["body_skin"] = result["skin"]
    if result == dict(attributes):
        result["hair"] = _draw_other("hair", attributes.get("hair"), rng)
        result["mouth"] = _draw_other("mouth", attributes.get("mouth"), rng)
    return result


def _draw_trait(key: str, rng: np.random.Generator) -> str:
    """One random value of a trait."""
    if key == "top":
        group = rng.choice(4, p=(0.42, 0.40, 0.09, 0.09))
        options = (SHORT_TOPS, LONG_TOPS, ROUND_TOPS, COVERING_TOPS)[group]
        return str(rng.choice(options))
    if key in ("facial_hair", "accessories"):
        options = FACIAL_HAIRS if key == "facial_hair" else GLASSES
        present, value = rng.random() < 0.2, str(rng.choice(options))
        return value if present else ""
    options = {
        "skin": SKINS, "body_skin": SKINS, "hair": HAIRS, "hat": CLOTHES_COLOURS,
        "accessories_colour": ("#262e33", "#25557c", "#7a3b1c", "#b02a2a"),
        "clothes": CLOTHES, "clothes_colour": CLOTHES_COLOURS, "trousers": TROUSERS,
        "mouth": MOUTHS, "eyes": EYES, "eyebrows": EYEBROWS,
    }[key]  # fmt: skip
    return str(rng.choice(options))


def _draw_other(key: str, old: Any, rng: np.random.Generator) -> str:
    """A random value of a trait, other than `old` where a few tries find one."""
    values = [_draw_trait(key, rng) for _ in range(6)]
    if key in ("facial_hair", "accessories"):  # mostly absent: no need to differ
        return values[0]
    return next((value for value in values if value != old), values[0])


# ------------------------------------------------------------------------------------- drawing


@cache
def _styles() -> dict[str, Style]:
    """avataaars cut into its body and its head, as DiceBear styles."""
    definition = json.loads((files("dicebear_styles") / "avataaars.json").read_text())
    skin = {"type": "color", "name": "skin"}
    result = {}
    for part, names, path in (("body", BODY_PARTS, BODY_PATH), ("head", HEAD_PARTS, HEAD_PATH)):
        cut = copy.deepcopy(definition)
        silhouette = {"name": "path", "type": "element", "attributes": {"d": path, "fill": skin}}
        kept = [element for element in cut["canvas"]["elements"] if element["name"] in names]
        cut["canvas"]["elements"] = [silhouette, *kept]
        result[part] = Style(cut)
    return result


@lru_cache(maxsize=512)
def _avatar(part: str, options: tuple[tuple[str, Any], ...]) -> str:
    """The inside of one avataaars SVG, metadata stripped, ids unique to its content."""
    chosen = {name: list(value) if isinstance(value, tuple) else value for name, value in options}
    svg = str(Avatar(_styles()[part], {"seed": "", **chosen}))
    inside = svg[svg.index(">") + 1 : svg.rindex("</svg>")]
    inside = re.sub(r"<!--.*?-->|<metadata.*?</metadata>", "", inside, flags=re.DOTALL)
    suffix = f"{zlib.crc32((part + inside).encode()):08x}"
    return re.sub(r"-[0-9a-f]{8}(?=[\")])", f"-{suffix}", inside)


def _optional(name: str, variant: str) -> tuple[tuple[str, Any], ...]:
    """Options of a component that may be absent."""
    if not variant:
        return ((f"{name}Probability", 0),)
    return ((f"{name}Probability", 100), (f"{name}Variant", (variant,)))


def _head_svg(look: Mapping[str, Any]) -> str:
    options = (
        ("skinColor", (look["skin"],)),
        ("hairColor", (look["hair"],)),
        ("hatColor", (look["hat"],)),
        ("facialHairColor", (look["hair"],)),
        ("accessoriesColor", (look["accessories_colour"],)),
        ("mouthVariant", (look["mouth"],)),
        ("eyesVariant", (look["eyes"],)),
        ("eyebrowsVariant", (look["eyebrows"],)),
        *_optional("top", look["top"]),
        *_optional("facialHair", look["facial_hair"]),
        *_optional("accessories", look["accessories"]),
    )
    return _avatar("head", options) + extras.on_head(look)


def _body_svg(look: Mapping[str, Any]) -> str:
    options = (
        ("skinColor", (look["body_skin"],)),
        ("clothesColor", (look["clothes_colour"],)),
        ("clothesVariant", (look["clothes"],)),
    )
    lower = extras.lower_body(look) if look.get("framing") == "full" else ""
    shadow = '<path d="M116 176 h48 v16 a56 56 0 0 1 -48 0z" fill="#000" fill-opacity="0.14"/>'
    body = _avatar("body", options)
    return extras.behind_body(look) + lower + body + shadow + extras.on_body(look)


@draws("person")
def draw_person(element: Element, part: str) -> str:
    """A person as bust or full figure; part "head" is the head with hair and what it wears."""
    look = {**DEFAULTS, **element.attributes}
    left, top, width, height = VIEW_BOXES[look["framing"]]
    scale = min(element.width / width, element.height / height)
    x = element.x + (element.width - width * scale) / 2 - left * scale
    y = element.y + element.height - (height + top) * scale
    head = (
        f'<g transform="translate(140 190) scale({HEAD_SCALES[look["framing"]]}) translate(-140 -190)">'
        f"{_head_svg(look)}</g>"
    )
    if part == "head":
        inside = head
    else:
        inside = _body_svg(look) + head + extras.over_all(look)
    opacity = f' opacity="{look["opacity"]:g}"' if look["opacity"] < 1 else ""
    return f'<g transform="translate({x:.3f} {y:.3f}) scale({scale:.5f})"{opacity}>{inside}</g>'


DEFAULTS: dict[str, Any] = {
    "skin": SKINS[3], "body_skin": SKINS[3], "top": "shortFlat", "hair": HAIRS[0],
    "hat": CLOTHES_COLOURS[2], "facial_hair": "", "accessories": "", "accessories_colour": "#262e33",
    "clothes": "shirtCrewNeck", "clothes_colour": CLOTHES_COLOURS[2], "trousers": TROUSERS[0],
    "mouth": "smile", "eyes": "default", "eyebrows": "default", "framing": "bust", "opacity": 1.0,
}  # fmt: skip


# ----------------------------------------------------------------------------------- in words


def hair_is_visible(attributes: Mapping[str, Any]) -> bool:
    """Whether any hair of the head shows."""
    return {**DEFAULTS, **attributes}["top"] not in HIDDEN_HAIR_TOPS


def describe_person(attributes: Mapping[str, Any]) -> str:
    """A short phrase of what shows of a person, such as "a person with long red hair, ..."."""
    look = {**DEFAULTS, **attributes}
    top = look["top"]
    words = []
    if top in COVERING_TOPS:
        kind = {"hijab": "hijab", "turban": "turban", "hat": "hat"}.get(top, "winter hat")
        words.append(f"a {colour_name(look['hat'])} {kind}")
    elif top:
        shape = "curly" if top in CURLY_TOPS else "round" if top in ROUND_TOPS else ""
        shape = shape or ("long" if top in LONG_TOPS else "short")
        words.append(f"{shape} {colour_name(look['hair'])} hair")
    if look["facial_hair"]:
        words.append("a beard" if look["facial_hair"].startswith("beard") else "a moustache")
    if look["accessories"] and not look.get("sunglasses"):
        words.append("glasses")
    clothes = {"blazerAndShirt": "jacket", "blazerAndSweater": "jacket", "hoodie": "hoodie",
               "overall": "overall", "collarAndSweater": "sweater"}.get(look["clothes"], "shirt")  # fmt: skip
    words.append(f"a {colour_name(look['clothes_colour'])} {clothes}")
    words += extras.describe_extras(look)
    return "a person with " + ", ".join(words)
