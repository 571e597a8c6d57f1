"""Scenes of the group Document: passports, licences, cards with photographs, diplomas."""

import numpy as np

from sppe_lib.world.content import (
    COUNTRIES,
    DEGREES,
    SCHOOLS,
    birth_date,
    digits,
    full_name,
    letters,
    person,
    pick,
    scene,
)
from sppe_lib.world.props_documents import EMBLEMS
from sppe_lib.world.props_papers import paper_ink
from sppe_lib.world.props_shapes import LIGHT, PAPERS, VIVID
from sppe_lib.world.scene import Element, Scene
from sppe_lib.world.scenes_present import present, random_photo


def passport_cover(rng: np.random.Generator) -> Scene:
    """A closed passport."""
    cover = pick(rng, ("dark red", "dark blue", "dark green", "black", "red", "purple", "teal", "brown"))
    look = {
        "cover": cover,
        "emblem": pick(rng, EMBLEMS),
        "ink": pick(rng, ("gold", "light yellow", "silver")),
        "text": (pick(rng, COUNTRIES), "PASSPORT"),
    }
    return present(rng, "passport_cover", 0.72, look, "all", 50, 92)


def _id_look(rng: np.random.Generator) -> dict:
    colour = pick(rng, PAPERS + ("beige", "light brown", "pink"))
    return {
        "colour": colour,
        "stripe": pick(rng, VIVID),
        "photo": random_photo(rng),
        "backdrop": pick(rng, LIGHT),
        "ink": pick(rng, paper_ink(colour)),
    }


def drivers_license(rng: np.random.Generator) -> Scene:
    """A driving licence with photo, name and number."""
    first, last = full_name(rng)
    look = {**_id_look(rng), "text": (first, last, digits(rng, 5)), "emblem": pick(rng, ("star", "sun", "leaf"))}
    return present(rng, "drivers_license", 1.5, look, pick(rng, ("all", "details", "details")), 56, 94)


def student_id(rng: np.random.Generator) -> Scene:
    """A student card with photo, name and number; on a lanyard, a table or in a hand."""
    first, last = full_name(rng)
    look = {**_id_look(rng), "text": (first, last) if rng.random() < 0.5 else (first, digits(rng, 4))}
    private = pick(rng, ("all", "details", "details"))
    if rng.random() < 0.4:
        look["lanyard"] = pick(rng, VIVID)
        holder = person(rng, 50, 90, 84) if rng.random() < 0.5 else None
        frame = (36, 61, 28, 38) if holder else (26, 20, 48, 72)
        return scene(
            rng,
            ("room", "office", "wall", "park"),
            [holder] if holder else [],
            Element("student_id", *frame, look, private),
        )
    return present(rng, "student_id", 0.7, look, private, 60, 94)


def ausweis(rng: np.random.Generator) -> Scene:
    """A German identity card."""
    first, last = full_name(rng)
    born = birth_date(rng)
    third = born if isinstance(born, str) else born[1]
    look = {**_id_look(rng), "text": (last, first, third), "emblem": "eagle", "photo_left": bool(rng.random() < 0.7)}
    look["colour"] = pick(rng, ("light green", "light blue", "lavender", "light grey", "cream"))
    look["ink"] = pick(rng, paper_ink(look["colour"]))
    return present(rng, "ausweis", 1.5, look, pick(rng, ("all", "details", "details")), 56, 94)


def passport(rng: np.random.Generator) -> Scene:
    """An open passport with its data page."""
    first, last = full_name(rng)
    look = {
        **_id_look(rng),
        "cover": pick(rng, ("dark red", "dark blue", "dark green", "black", "purple")),
        "emblem": pick(rng, EMBLEMS),
        "text": (last, first, f"{letters(rng, 1)}{digits(rng, 4)}"),
    }
    return present(rng, "passport", 0.85, look, pick(rng, ("all", "details", "details")), 66, 96)


def education_history(rng: np.random.Generator) -> Scene:
    """A diploma or a curriculum vitae."""
    first, last = full_name(rng)
    paper = pick(rng, PAPERS)
    ink = pick(rng, paper_ink(paper))
    if rng.random() < 0.55:
        look = {
            "paper": paper,
            "border": pick(rng, ("dark red", "dark blue", "dark green", "brown", "purple")),
            "ink": ink,
            "seal": pick(rng, ("red", "gold", "blue", "green")),
            "text": (
                "Diploma" if rng.random() < 0.7 else "Degree",
                f"{first} {last}" if rng.random() < 0.4 else last,
                f"{pick(rng, DEGREES)} {int(rng.integers(1970, 2026))}",
            ),
        }
        return present(rng, "diploma", 1.35, look, pick(rng, ("all", "text", "text")), 66, 95, 6)
    years = sorted(int(year) for year in rng.integers(1985, 2026, 3))
    look = {
        "paper": paper,
        "stripe": pick(rng, VIVID),
        "photo": random_photo(rng, 0.3),
        "backdrop": pick(rng, LIGHT),
        "ink": ink,
        "text": (last, *(f"{year % 100:02d} {pick(rng, SCHOOLS)}" for year in years)),
    }
    return present(rng, "resume", 0.82, look, pick(rng, ("all", "details", "details")), 74, 95, 6)


SCENES = {
    "passport cover": passport_cover,
    "drivers license": drivers_license,
    "student id": student_id,
    "ausweis": ausweis,
    "education history": education_history,
    "passport": passport,
}
