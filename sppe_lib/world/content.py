"""Random content of the vector world: names, numbers, dates, addresses, and small layout helpers."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sppe_lib.world import people
from sppe_lib.world.scene import Element, Scene
from sppe_lib.world.settings import random_setting

FIRST_NAMES = (
    "ANNA",
    "BEN",
    "CLARA",
    "DAVID",
    "EMMA",
    "FINN",
    "GRACE",
    "HUGO",
    "IDA",
    "JACK",
    "KATE",
    "LEO",
    "MARIA",
    "NOAH",
    "OLGA",
    "PAUL",
    "ROSA",
    "SAM",
    "TINA",
    "VERA",
    "WILL",
    "YARA",
    "ZOE",
    "OMAR",
    "LIN",
)
LAST_NAMES = (
    "BERG",
    "COLE",
    "DIAZ",
    "FOX",
    "GRAY",
    "HALL",
    "KING",
    "LANE",
    "MAYER",
    "NOVAK",
    "OTTO",
    "PARK",
    "REED",
    "STONE",
    "WOLF",
    "YOUNG",
    "KHAN",
    "ROSSI",
    "SILVA",
    "WEBER",
)
STREETS = ("OAK", "ELM", "LAKE", "HILL", "PARK", "MILL", "ROSE", "KING", "WEST", "BAY", "PINE", "MAIN")
ROADS = ("ST", "RD", "LN")
CITIES = ("ROME", "OSLO", "PARIS", "LIMA", "BERN", "KYOTO", "DELHI", "BONN", "LEEDS", "CAIRO", "PERTH", "MALMO")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
SITES = ("mail", "post", "web", "net", "home", "work")
DOMAINS = ("com", "org", "de", "eu")
SCHOOLS = ("MIT", "ETH", "UCL", "LMU", "KTH", "YALE", "OXFORD", "LUND")
DEGREES = ("BSC", "MSC", "PHD", "MBA", "BA", "MA")
EVENTS = ("OPERA", "CINEMA", "TRAIN", "JAZZ", "ZOO", "MUSEUM", "BUS", "ROCK", "FERRY", "CIRCUS")
DRUGS = ("ZOLAN", "PAXIN", "MEDOL", "ASPRA", "VITAX", "CORVA", "NEXIN", "LORAM", "TRIVO", "DEXAL", "RELAX", "CALMO")
SHOPS = ("MART", "CAFE", "DELI", "BOOKS", "SHOES", "BAKER", "PIZZA", "TOYS")
GOODS = ("TEA", "PIE", "HAT", "PEN", "EGG", "CAP", "JAM", "NUT")
SECRETS = ("BANK", "SALARY", "LOGIN", "PIN", "TAX", "DEBT", "HEALTH", "REPORT")
PLATE_LETTERS = "BCDFGHJLMNPRTVWXYZ"
COUNTRIES = ("UTOPIA", "NORDIA", "ZANDIA", "ELBONIA", "RURIA", "SYLVA")


NOTES = (
    "hello",
    "dear",
    "anna",
    "love",
    "buy",
    "milk",
    "thank",
    "you",
    "call",
    "paul",
    "see",
    "lots",
    "joy",
    "happy",
    "good",
    "day",
    "bread",
    "tea",
    "kiss",
    "sunday",
    "ten",
    "house",
    "key",
    "sorry",
    "write",
    "back",
    "diary",
    "today",
)
WORD_LISTS = (
    FIRST_NAMES,
    LAST_NAMES,
    CITIES,
    STREETS,
    ROADS,
    MONTHS,
    SITES,
    DOMAINS,
    SCHOOLS,
    DEGREES,
    EVENTS,
    DRUGS,
    SHOPS,
    GOODS,
    SECRETS,
    COUNTRIES,
    NOTES,
    ("MG", "ML"),
    ("DIPLOMA", "DEGREE", "AWARD"),
    ("PASSPORT", "TRAVEL", "CITIZEN"),
)
"""Lists whose words can stand for each other; surrogates draw words here, never random letters."""


def pick(rng: np.random.Generator, options: Sequence) -> Any:
    """One of the options."""
    return options[int(rng.integers(len(options)))]


def digits(rng: np.random.Generator, count: int) -> str:
    """A string of `count` random digits, the first not zero."""
    return str(int(rng.integers(10 ** (count - 1), 10**count)))


def letters(rng: np.random.Generator, count: int) -> str:
    """A string of `count` different random capitals, none of which look like digits or make words."""
    return "".join(rng.permutation(list(PLATE_LETTERS))[:count])


def full_name(rng: np.random.Generator) -> tuple[str, str]:
    """First and last name."""
    return pick(rng, FIRST_NAMES), pick(rng, LAST_NAMES)


def address(rng: np.random.Generator) -> tuple[str, str]:
    """Street and number, town."""
    return f"{int(rng.integers(1, 99))} {pick(rng, STREETS)} {pick(rng, ROADS)}", pick(rng, CITIES)


def plate_text(rng: np.random.Generator) -> str:
    """Five or six signs of a licence plate."""
    form = int(rng.integers(4))
    if form == 0:
        return f"{letters(rng, 2)} {digits(rng, 3)}"
    if form == 1:
        return f"{letters(rng, 1)}{digits(rng, 2)} {letters(rng, 2)}"
    if form == 2:
        return f"{digits(rng, 3)}{letters(rng, 2)}"
    return f"{letters(rng, 3)} {digits(rng, 2)}"


def telephone(rng: np.random.Generator) -> str | tuple[str, str]:
    """A telephone number on one line or two."""
    return f"{digits(rng, 3)} {digits(rng, 4)}" if rng.random() < 0.5 else (f"0{digits(rng, 3)}", f"{digits(rng, 4)}")


def birth_date(rng: np.random.Generator) -> str | tuple[str, str]:
    """A date of birth between 1940 and 2010."""
    day, month, year = int(rng.integers(1, 29)), int(rng.integers(12)), int(rng.integers(1940, 2011))
    return pick(
        rng,
        (
            (f"{day} {MONTHS[month]}", str(year)),
            f"{day}.{month + 1}.{year % 100:02d}",
            (f"{day}.{month + 1}.", str(year)),
        ),
    )


def clock_time(rng: np.random.Generator) -> str:
    """A time of day."""
    return f"{int(rng.integers(0, 24)):02d}:{int(rng.integers(0, 60)):02d}"


def calendar_date(rng: np.random.Generator) -> tuple[str, str]:
    """Day of the month and month."""
    return str(int(rng.integers(1, 32))), pick(rng, MONTHS)


def email(rng: np.random.Generator) -> tuple[str, str]:
    """An e-mail address on two lines."""
    return (f"{pick(rng, FIRST_NAMES).lower()}{int(rng.integers(1, 99))}", f"@{pick(rng, SITES)}.{pick(rng, DOMAINS)}")


def username(rng: np.random.Generator) -> str:
    """A user name such as @leo42."""
    return f"@{pick(rng, FIRST_NAMES).lower()}{int(rng.integers(1, 99))}"


def box(rng: np.random.Generator, aspect: float, low: float, high: float, margin: float = 3.0) -> tuple[float, ...]:
    """A random box (x, y, width, height) on the canvas; `aspect` is width over height."""
    longer = float(rng.uniform(low, high))
    width, height = (longer, longer / aspect) if aspect >= 1 else (longer * aspect, longer)
    room_x, room_y = max(100 - width - 2 * margin, 0), max(100 - height - 2 * margin, 0)
    x = margin + float(rng.uniform(0, 1)) * room_x if room_x else (100 - width) / 2
    y = margin + float(rng.uniform(0, 1)) * room_y if room_y else (100 - height) / 2
    return round(x, 2), round(y, 2), round(width, 2), round(height, 2)


def tilt(rng: np.random.Generator, most: float = 12.0) -> float:
    """A rotation in whole degrees, often none."""
    return 0.0 if rng.random() < 0.35 else float(int(rng.integers(-int(most), int(most) + 1)))


def person(
    rng: np.random.Generator, x: float, ground: float, height: float, framing: str = "bust", private: str = ""
) -> Element:
    """A random person whose middle is at x, feet (or the bust's lower edge) at `ground`."""
    width = height * people.ASPECTS[framing]
    attributes = {**people.random_person(rng), "framing": framing}
    return Element(
        "person",
        round(x - width / 2, 2),
        round(ground - height, 2),
        round(width, 2),
        round(height, 2),
        attributes,
        private,
    )


def text(
    content: str | tuple[str, ...],
    x: float,
    y: float,
    width: float,
    height: float,
    colour: str = "black",
    font: str = "sans",
    private: bool = True,
    **more,
) -> Element:
    """A free-standing text element, private unless said otherwise."""
    attributes = {"text": content, "colour": colour, "font": font, **more}
    return Element(
        "text", round(x, 2), round(y, 2), round(width, 2), round(height, 2), attributes, "text" if private else ""
    )


def scene(rng: np.random.Generator, places: Sequence[str] | str, *elements: Element | Sequence[Element]) -> Scene:
    """A scene in one of the places, with elements in painter's order (lists of elements are unrolled)."""
    flat: list[Element] = []
    for entry in elements:
        flat += [entry] if isinstance(entry, Element) else list(entry)
    place = places if isinstance(places, str) else pick(rng, places)
    return Scene(random_setting(rng, place), tuple(flat))


def table_things(rng: np.random.Generator, count: int = 2) -> list[Element]:
    """Things that lie about on a table seen from above, near its corners."""
    vivid = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "white", "dark blue")
    corners = [(4, 4), (72, 4), (4, 72), (72, 72)]
    elements = []
    for index in rng.permutation(4)[: int(rng.integers(0, count + 1))]:
        x, y = corners[int(index)]
        kind = pick(rng, ("cup", "pen", "book", "pills", "plant"))
        attributes = {
            "cup": {"colour": pick(rng, vivid), "above": True},
            "pen": {"colour": pick(rng, vivid)},
            "book": {"colour": pick(rng, vivid), "stripe": pick(rng, ("white", "gold", "black"))},
            "pills": {"colour": pick(rng, vivid), "accent": "white"},
            "plant": {"colour": pick(rng, vivid)},
        }[kind]
        elements.append(Element(kind, x + float(rng.uniform(-3, 3)), y + float(rng.uniform(-3, 3)), 22, 22, attributes))
    return elements
