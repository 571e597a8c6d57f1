"""People of the vector world: random identities, their drawing, and their description in words.

The drawings come from DiceBear's style "avataaars": a remix of "Avataaars" (https://avataaars.com/) by Pablo Stanley,
"Free for personal and commercial use". The style's canvas is split in two, body and head, so that a head can be private
(and replaced) while the body stays. What avataaars lacks (legs, hats, scarves, concepts such as a vampire) are the
assets "person-...". Traits, their values and words stand in `assets/people.yaml`.
"""

import json
import re
import zlib
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from dicebear import Avatar, Style

from sppe_lib.world import read_asset
from sppe_lib.world.colours import colour_name
from sppe_lib.world.draw import Box, draw_asset
from sppe_lib.world.scene import DRAWERS, Element

_TABLES = read_asset("people.yaml")

# Framing to left, top, width and height in avatar units, which fill the element's box; to the natural width / height of
# the box (others leave room at the sides); to how much larger than life heads are: faces must be readable at 64 px.
VIEW_BOXES = {"bust": (34.0, -26.0, 212.0, 306.0), "full": (34.0, -66.0, 212.0, 546.0)}
ASPECTS = {framing: width / height for framing, (_, _, width, height) in VIEW_BOXES.items()}
HEAD_SCALES = {"bust": 1.18, "full": 1.42}

TRAITS: dict[str, list[str]] = _TABLES["traits"]
"""Trait -> its values; trait "top" has groups of its own."""
SKINS = TRAITS["skin"]
TOPS: dict[str, list[str]] = _TABLES["tops"]
CONCEPTS: dict[str, str] = _TABLES["concept_words"]
DEFAULTS: dict[str, Any] = _TABLES["defaults"]

IDENTITY_KEYS, BODY_KEYS = tuple(_TABLES["identity"]), tuple(_TABLES["body"])
"""Traits of the head and of the rest, in the order in which they are drawn."""

PARTS: dict[str, dict[str, Any]] = _TABLES["parts"]
"""Part of a person -> `components` of avataaars that belong to it, the `outline` of its skin, and by which traits its
options are set; `optional` ones may be absent."""


def random_person(rng: np.random.Generator) -> dict[str, Any]:
    """Attributes of a random person.

    Keys: skin and body_skin (face, and neck and hands), top (avataaars hair style or hat), hair, hat and
    accessories_colour (colours), facial_hair and accessories ("" for none), clothes, clothes_colour, trousers, mouth,
    eyes, eyebrows. Colours are "#rrggbb".
    """
    person = {key: _draw_trait(key, rng) for key in IDENTITY_KEYS + BODY_KEYS}
    return {**person, "body_skin": person["skin"]}


def replace_identity(
    attributes: Mapping[str, Any], strength: float, rng: np.random.Generator, part: str = "all"
) -> dict[str, Any]:
    """Attributes with another person's traits in place of this one's, for surrogates.

    `strength` in [0.1, 1.0] is the chance of each trait to be redrawn (1.0: all are, and all of skin, hair style and
    hair colour differ). Part "head" leaves body, clothes and the neck's skin as they are; "all" replaces them too.
    """
    result = dict(attributes)
    chance = float(np.clip(strength, 0.0, 1.0)) ** 0.6
    for key in IDENTITY_KEYS + (() if part == "head" else BODY_KEYS):
        # The draw is made in any case: the generator's state must not depend on the outcome.
        lucky, value = rng.random() < chance, _draw_other(key, attributes.get(key), rng)
        if lucky:
            result[key] = value
    if part != "head":  # before what follows: another skin of the body alone would be taken back here
        result["body_skin"] = result["skin"]
    if result == dict(attributes):
        result |= {key: _draw_other(key, attributes.get(key), rng) for key in ("hair", "mouth")}
    return result


def _draw_trait(key: str, rng: np.random.Generator) -> str:
    """One random value of a trait."""
    if key == "top":
        return str(rng.choice(list(TOPS.values())[rng.choice(4, p=_TABLES["shares"])]))
    absent = key in ("facial_hair", "accessories") and rng.random() >= 0.2
    value = str(rng.choice(TRAITS[key]))
    return "" if absent else value


def _draw_other(key: str, old: Any, rng: np.random.Generator) -> str:
    """A random value of a trait, other than `old` where a few tries find one; what is mostly absent may stay so."""
    values = [_draw_trait(key, rng) for _ in range(6)]
    others = values if key in ("facial_hair", "accessories") else [value for value in values if value != old]
    return (others or values)[0]


@cache
def _style(part: str) -> Style:
    """Body or head of avataaars, as a DiceBear style."""
    style = json.loads((files("dicebear_styles") / "avataaars.json").read_text())
    attributes = {"d": PARTS[part]["outline"], "fill": {"type": "color", "name": "skin"}}
    kept = [element for element in style["canvas"]["elements"] if element["name"] in PARTS[part]["components"]]
    style["canvas"]["elements"] = [{"name": "path", "type": "element", "attributes": attributes}, *kept]
    return Style(style)


@lru_cache(maxsize=512)
def _avatar(part: str, options: tuple[tuple[str, str], ...]) -> str:
    """The inside of one avataaars SVG, metadata stripped, ids unique to its content; an empty option is absent."""
    chosen: dict[str, Any] = {name: [value] for name, value in options if value}
    for name in PARTS[part]["optional"]:
        chosen[f"{name}Probability"] = 100 * (f"{name}Variant" in chosen)
    svg = str(Avatar(_style(part), {"seed": "", **chosen}))
    inside = svg[svg.index(">") + 1 : svg.rindex("</svg>")]
    inside = re.sub(r"<!--.*?-->|<metadata.*?</metadata>", "", inside, flags=re.DOTALL)
    return re.sub(r"-[0-9a-f]{8}(?=[\")])", f"-{zlib.crc32((part + inside).encode()):08x}", inside)


def draw_person(element: Element, part: str) -> str:
    """A person as bust or full figure ("framing"); part "head" is the head with hair and what it wears.

    Beside the keys of `random_person`: opacity; sunglasses {"shape", "colour"}; cowboy_hat, cap, scarf,
    earrings, tie (colours); age ("older", "younger"; age_colour); concept (one of CONCEPTS; concept_colour).
    """
    glasses = element.attributes.get("sunglasses") or {}
    look = {"age": "", "concept": "", **DEFAULTS, **element.attributes}
    look |= {f"sunglasses_{key}": value for key, value in glasses.items()}

    def avatar(name: str) -> str:
        return _avatar(name, tuple((option, look[trait]) for option, trait in PARTS[name]["options"].items()))

    def layer(name: str) -> str:
        """What avataaars lacks, in avatar units: its canvas is 280 x 280, eyes near y = 116, the chin at 186."""
        return draw_asset(f"person-{name}", Box(0, 0, 100, 100), look)

    larger = f"translate(140 190) scale({HEAD_SCALES[look['framing']]}) translate(-140 -190)"
    inside = f'<g transform="{larger}">{avatar("head")}{layer("face")}</g>'
    if part != "head":
        legs = layer("legs") if look["framing"] == "full" else ""
        inside = layer("behind") + legs + avatar("body") + layer("chest") + inside + layer("over")
    left, top, width, height = VIEW_BOXES[look["framing"]]
    scale = min(element.width / width, element.height / height)
    x = element.x + (element.width - width * scale) / 2 - left * scale
    y = element.y + element.height - (height + top) * scale
    opacity = f' opacity="{look["opacity"]:g}"' if look["opacity"] < 1 else ""
    return f'<g transform="translate({x:.3f} {y:.3f}) scale({scale:.5f})"{opacity}>{inside}</g>'


DRAWERS["person"] = draw_person


def hair_is_visible(attributes: Mapping[str, Any]) -> bool:
    """Whether any hair of the head shows."""
    return {**DEFAULTS, **attributes}["top"] not in _TABLES["hidden_hair"]


def describe_person(attributes: Mapping[str, Any]) -> str:
    """A short phrase of what shows of a person, such as "a person with long red hair, ..."."""
    look = {**DEFAULTS, **attributes}
    top, beard, extras = look["top"], look["facial_hair"], _TABLES["extra_words"].items()
    if top in TOPS["covering"]:
        hair = f"a {colour_name(look['hat'])} {top if top in ('hijab', 'turban', 'hat') else 'winter hat'}"
    else:
        shapes = {"curly": _TABLES["curly"], "round": TOPS["round"], "long": TOPS["long"]}
        shape = next((word for word, tops in shapes.items() if top in tops), "short")
        hair = f"{shape} {colour_name(look['hair'])} hair" if top else ""
    colours = {key: look[key]["colour"] if key == "sunglasses" else look[key] for key, _ in extras if look.get(key)}
    words = (
        hair,
        beard and ("a beard" if beard.startswith("beard") else "a moustache"),
        "glasses" if look["accessories"] and not look.get("sunglasses") else "",
        f"a {colour_name(look['clothes_colour'])} {_TABLES['clothes_words'].get(look['clothes'], 'shirt')}",
        *(phrase.format(colour=colour_name(colours[key])) for key, phrase in extras if key in colours),
        _TABLES["age_words"].get(look.get("age")),
        look.get("concept") and f"looking like {CONCEPTS[look['concept']]}",
    )
    return "a person with " + ", ".join(filter(None, words))
