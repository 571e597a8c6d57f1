"""What avataaars lacks, drawn on people: legs, hats, scarves, jewels, ages and concepts.

Each function returns an SVG fragment in avatar units (the 280 x 280 avataaars canvas; eyes near
y = 116, chin at 186, ears at x = 80 and 200) for the keys of a person's attributes that it knows:

- sunglasses: {"shape", "colour"}, cowboy_hat / cap / scarf / earrings / tie: colours
- age: "older" (wrinkles) or "younger" (large eyes, cheeks in age_colour)
- concept: "cyborg", "cartoon", "anime", "superhero", "vampire", "ghost"; concept_colour

All are simple large shapes: they must show at 64 px.
"""

from collections.abc import Mapping
from typing import Any

from sppe_lib.world.colours import colour_name, mix

Look = Mapping[str, Any]

CONCEPT_WORDS = {
    "cyborg": "a cyborg with a metal face", "cartoon": "a cartoon character", "anime": "an anime character",
    "superhero": "a superhero with a mask and a cape", "vampire": "a vampire with fangs and a cape",
    "ghost": "a pale ghost",
}  # fmt: skip


def behind_body(look: Look) -> str:
    """Capes."""
    concept, colour = look.get("concept", ""), look.get("concept_colour", "#b01e2e")
    bottom = 430 if look["framing"] == "full" else 282
    if concept == "superhero":
        return f'<path d="M100 200 L30 {bottom} H250 L180 200Z" fill="{colour}"/>'
    if concept == "vampire":
        return (
            f'<path d="M96 200 L26 150 L24 {bottom} H256 L254 150 L184 200Z" fill="#17131c"/>'
            f'<path d="M104 204 L42 168 L52 {bottom} H228 L238 168 L176 204Z" fill="{colour}"/>'
        )
    return ""


def lower_body(look: Look) -> str:
    """Hands, torso and legs under the bust, for full figures."""
    clothes, trousers, skin = look["clothes_colour"], look["trousers"], look["body_skin"]
    shoe = mix(trousers, "#000000", 0.6)
    return (
        f'<circle cx="58" cy="372" r="18" fill="{skin}"/><circle cx="222" cy="372" r="18" fill="{skin}"/>'
        f'<rect x="40" y="270" width="36" height="98" rx="12" fill="{mix(clothes, "#000000", 0.12)}"/>'
        f'<rect x="204" y="270" width="36" height="98" rx="12" fill="{mix(clothes, "#000000", 0.12)}"/>'
        f'<rect x="84" y="340" width="52" height="128" fill="{trousers}"/>'
        f'<rect x="144" y="340" width="52" height="128" fill="{trousers}"/>'
        f'<rect x="74" y="275" width="132" height="86" rx="8" fill="{clothes}"/>'
        f'<path d="M70 480 q0 -22 30 -22 h36 v22Z M210 480 q0 -22 -30 -22 h-36 v22Z" fill="{shoe}"/>'
    )


def on_body(look: Look) -> str:
    """Tie, chest emblem and metal parts."""
    result = ""
    if look.get("tie"):
        colour = look["tie"]
        result += (
            '<path d="M112 199 L140 282 L168 199 L154 196 L140 204 L126 196Z" fill="#fbfbfb"/>'
            f'<path d="M130 202 h20 l-4 14 l10 50 l-16 18 l-16 -18 l10 -50Z" fill="{colour}"/>'
        )
    concept, colour = look.get("concept", ""), look.get("concept_colour", "#b01e2e")
    if concept == "superhero":
        result += (
            f'<path d="M104 218 h72 l14 22 l-50 42 l-50 -42Z" fill="#ffd84a" stroke="{colour}" '
            f'stroke-width="7"/><path d="M146 226 l-24 26 h14 l-6 20 l26 -28 h-14Z" fill="{colour}"/>'
        )
    if concept == "cyborg":
        result += (
            '<path d="M60 280 V240 L84 214 H196 L220 240 V280Z" fill="#87939d"/>'
            f'<circle cx="140" cy="250" r="18" fill="{colour}" stroke="#39434b" stroke-width="7"/>'
        )
    return result


def on_head(look: Look) -> str:
    """All that sits on the face or the hair, in head units."""
    result = _concept_face(look) + _age(look)
    if look.get("sunglasses"):
        result += _sunglasses(**look["sunglasses"])
    if look.get("earrings"):
        result += _earrings(look["earrings"])
    if look.get("cowboy_hat"):
        result += _cowboy_hat(look["cowboy_hat"])
    if look.get("cap"):
        result += _cap(look["cap"])
    return result


def over_all(look: Look) -> str:
    """Scarves and high collars: in front of body and head, below the chin."""
    result = ""
    if look.get("scarf"):
        colour = look["scarf"]
        dark = mix(colour, "#000000", 0.25)
        result += (
            f'<path d="M164 214 l36 -4 l6 84 l-40 4Z" fill="{dark}"/>'
            f'<path d="M84 182 q56 34 112 0 l8 34 q-64 40 -128 0Z" fill="{colour}"/>'
            f'<path d="M82 202 q58 32 116 0" fill="none" stroke="{dark}" stroke-width="6"/>'
        )
    if look.get("concept") == "vampire":
        result += '<path d="M112 208 L52 150 L44 236 Z M168 208 L228 150 L236 236Z" fill="#17131c"/>'
    return result


def _sunglasses(shape: str, colour: str) -> str:
    lens = {
        "round": '<circle cx="114" cy="118" r="23"/><circle cx="166" cy="118" r="23"/>',
        "square": (
            '<rect x="86" y="100" width="50" height="36" rx="8"/><rect x="144" y="100" width="50" height="36" rx="8"/>'
        ),
        "aviator": ('<path d="M86 102 h50 q2 40 -24 40 q-26 0 -26 -40Z M144 102 h50 q0 40 -26 40 q-26 0 -24 -40Z"/>'),
    }[shape]
    frame = mix(colour, "#000000", 0.55)
    return (
        f'<path d="M76 110 L96 108 M184 108 L204 110 M130 112 H150" stroke="{frame}" stroke-width="8"/>'
        f'<g fill="{colour}" stroke="{frame}" stroke-width="6">{lens}</g>'
    )


def _earrings(colour: str) -> str:
    edge = mix(colour, "#000000", 0.4)
    return "".join(
        f'<circle cx="{x}" cy="138" r="7" fill="{edge}"/>'
        f'<circle cx="{x}" cy="158" r="14" fill="{colour}" stroke="{edge}" stroke-width="4"/>'
        for x in (74, 206)
    )


def _cowboy_hat(colour: str) -> str:
    dark = mix(colour, "#000000", 0.45)
    return (
        f'<path d="M80 70 Q76 -12 112 -14 Q140 6 168 -14 Q204 -12 200 70Z" fill="{colour}"/>'
        f'<path d="M79 52 H201 V72 H79Z" fill="{dark}"/>'
        f'<path d="M26 46 Q60 78 140 74 Q220 78 254 46 Q246 100 140 96 Q34 100 26 46Z" fill="{colour}" '
        f'stroke="{dark}" stroke-width="4"/>'
    )


def _cap(colour: str) -> str:
    dark = mix(colour, "#000000", 0.35)
    return (
        f'<path d="M76 84 Q72 2 140 0 Q208 2 204 84Z" fill="{colour}"/>'
        f'<path d="M70 76 H214 Q252 80 248 98 H150 Q92 84 70 92Z" fill="{dark}"/>'
        f'<circle cx="140" cy="2" r="8" fill="{dark}"/>'
    )


def _age(look: Look) -> str:
    if look.get("age") == "older":
        dark = mix(look["skin"], "#2a1608", 0.55)
        lines = (
            "M108 81 q32 -9 64 0 M90 134 q14 10 30 4 M190 134 q-14 10 -30 4 "
            "M106 142 q-10 16 0 30 M174 142 q10 16 0 30 M82 108 l10 5 M82 122 l10 -3 "
            "M198 108 l-10 5 M198 122 l-10 -3"
        )
        return f'<path d="{lines}" fill="none" stroke="{dark}" stroke-width="4.5" stroke-linecap="round"/>'
    if look.get("age") == "younger":
        cheeks = look.get("age_colour", "#ff5f7a")
        eyes = "".join(
            f'<ellipse cx="{x}" cy="116" rx="14" ry="17" fill="#fff"/><circle cx="{x}" cy="118" r="11" '
            f'fill="#2c1d14"/><circle cx="{x - 4}" cy="113" r="5" fill="#fff"/>'
            f'<ellipse cx="{x + (-18 if x < 140 else 18)}" cy="148" rx="16" ry="11" fill="{cheeks}" '
            'fill-opacity="0.75"/>'
            for x in (113, 167)
        )
        return _eyes_off(look["skin"]) + eyes
    return ""


def _eyes_off(skin: str) -> str:
    """A patch of skin over the avatar's own eyes."""
    return f'<path d="M90 96 h100 v40 h-100Z" fill="{skin}"/>'


def _concept_face(look: Look) -> str:
    concept, skin = look.get("concept", ""), look["skin"]
    colour = look.get("concept_colour", "#b01e2e")
    if concept == "cyborg":
        return (
            '<path d="M140 40 A56 56 0 0 1 196 92 V98 A13 13 0 0 1 196 136 A56 56 0 0 1 140 186 Z" '
            'fill="#9aa6b0"/><path d="M140 40 V186 M140 76 H192 M140 150 H190 M166 150 V180" '
            'stroke="#45515b" stroke-width="5" fill="none"/>'
            '<circle cx="166" cy="116" r="19" fill="#1d252b"/>'
            f'<circle cx="166" cy="116" r="11" fill="{colour}"/>'
        )
    if concept == "cartoon":
        eyes = "".join(
            f'<circle cx="{x}" cy="112" r="25" fill="#fff" stroke="#111" stroke-width="6"/>'
            f'<circle cx="{x + dx}" cy="116" r="9" fill="#111"/>'
            for x, dx in ((114, 6), (166, -6))
        )
        return (
            _eyes_off(skin)
            + eyes
            + f'<circle cx="140" cy="140" r="14" fill="{colour}" stroke="#111" stroke-width="4"/>'
        )
    if concept == "anime":
        eyes = "".join(
            f'<ellipse cx="{x}" cy="118" rx="21" ry="27" fill="#fff"/>'
            f'<path d="M{x - 24} 100 q24 -22 48 0" stroke="#161018" stroke-width="9" fill="none"/>'
            f'<ellipse cx="{x}" cy="121" rx="15" ry="22" fill="{colour}"/>'
            f'<ellipse cx="{x}" cy="123" rx="7" ry="11" fill="#14101c"/>'
            f'<circle cx="{x - 6}" cy="110" r="7" fill="#fff"/>'
            for x in (112, 168)
        )
        blush = '<path d="M90 150 h22 M168 150 h22" stroke="#ff7d98" stroke-width="9"/>'
        return _eyes_off(skin) + eyes + blush
    if concept == "superhero":
        return (
            f'<path d="M80 100 Q110 88 140 102 Q170 88 200 100 Q204 140 166 140 Q148 138 140 126 '
            f'Q132 138 114 140 Q76 140 80 100Z" fill="{colour}"/>'
            '<ellipse cx="114" cy="116" rx="14" ry="9" fill="#fff"/>'
            '<ellipse cx="166" cy="116" rx="14" ry="9" fill="#fff"/>'
        )
    if concept == "vampire":
        return (
            '<circle cx="114" cy="116" r="10" fill="#e01224"/>'
            '<circle cx="166" cy="116" r="10" fill="#e01224"/>'
            '<path d="M110 152 h60 q-6 12 -30 12 q-24 0 -30 -12Z" fill="#5c0712"/>'
            '<path d="M117 152 h14 l-7 24Z M149 152 h14 l-7 24Z" fill="#fff"/>'
        )
    if concept == "ghost":
        return (
            '<ellipse cx="114" cy="116" rx="14" ry="18" fill="#1e2a38"/>'
            '<ellipse cx="166" cy="116" rx="14" ry="18" fill="#1e2a38"/>'
            '<ellipse cx="140" cy="162" rx="12" ry="15" fill="#1e2a38"/>'
        )
    return ""


def describe_extras(look: Look) -> list[str]:
    """Short phrases for what this module draws on a person."""
    words = []
    if look.get("sunglasses"):
        words.append(f"{colour_name(look['sunglasses']['colour'])} sunglasses")
    if look.get("cowboy_hat"):
        words.append(f"a {colour_name(look['cowboy_hat'])} cowboy hat")
    if look.get("cap"):
        words.append(f"a {colour_name(look['cap'])} cap")
    if look.get("earrings"):
        words.append("earrings")
    if look.get("scarf"):
        words.append(f"a {colour_name(look['scarf'])} scarf")
    if look.get("tie"):
        words.append(f"a suit and a {colour_name(look['tie'])} tie")
    if look.get("age"):
        words.append("an old wrinkled face" if look["age"] == "older" else "a young face")
    if look.get("concept"):
        words.append(f"looking like {CONCEPT_WORDS[look['concept']]}")
    return words
