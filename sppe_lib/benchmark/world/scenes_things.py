"""Scenes of documents, screens, money, plates and other private things."""

import numpy as np

from sppe_lib.benchmark.world import people
from sppe_lib.benchmark.world.content import (
    CITIES, COUNTRIES, DEGREES, DRUGS, EVENTS, GOODS, SCHOOLS, SECRETS, SHOPS, address, birth_date, box, clock_time, digits,
    full_name, letters, person, pick, plate_text, scene, table_things, tilt,
)
from sppe_lib.benchmark.world.props_documents import EMBLEMS, paper_ink
from sppe_lib.benchmark.world.props_objects import PICTURES
from sppe_lib.benchmark.world.props_screens import CONTENTS
from sppe_lib.benchmark.world.props_shapes import DARK, INKS, LIGHT, PAPERS, VIVID, contrasting
from sppe_lib.benchmark.world.props_vehicles import PLATE_PLACE, SMALL_CAR_PLATE_PLACE
from sppe_lib.benchmark.world.scene import Element, Scene

SLEEVES = VIVID + ("white", "black", "grey")


def present(rng: np.random.Generator, kind: str, aspect: float, look: dict, private: str, low: float = 44,
            high: float = 92, turn: float = 12) -> Scene:
    """Show a flat thing: on a table, in a hand, held by a person, or on a wall or sheet."""
    layout = int(rng.choice(4, p=(0.42, 0.22, 0.22, 0.14)))
    if layout == 0:
        frame = box(rng, aspect, low, high)
        crowded = frame[2] * frame[3] > 4200
        return scene(rng, "desk", [] if crowded else table_things(rng),
                     Element(kind, *frame, {**look, "rotation": tilt(rng, turn)}, private))
    if layout == 1:
        longer = float(rng.uniform(min(max(low, 52), 66), 76))
        width, height = (longer, longer / aspect) if aspect >= 1 else (longer * aspect, longer)
        x, y = (100 - width) / 2 + float(rng.uniform(-6, 6)), max(6.0, 52 - height * 0.62)
        skin = pick(rng, people.SKINS)
        hand = Element("hand", x + width * 0.2, 40, max(width * 0.6, 44), 62, {"skin": skin, "sleeve": pick(rng, SLEEVES)})
        thumb = Element("hand", x + width * 0.5, y + height * 0.74, 26, 34, {"skin": skin, "thumb": True})
        return scene(rng, ("street", "park", "shop", "room", "office", "beach"), hand,
                     Element(kind, x, y, width, height, {**look, "rotation": 0}, private), thumb)
    if layout == 2:
        if aspect >= 1.2:  # held before the chest, below the face
            width = float(rng.uniform(48, 60))
            height = width / aspect
            x = 50 + float(rng.uniform(-10, 10))
            holder = person(rng, x, 88, float(rng.uniform(74, 82)))
            left, top = min(max(x - width / 2 + float(rng.uniform(-8, 8)), 3), 97 - width), 97 - height
            grips = (left - 7, left + width - 9)
        else:  # held up beside the face
            height = min(float(rng.uniform(58, 72)), 48 / aspect)
            width = height * aspect
            right = rng.random() < 0.5
            holder = person(rng, 25 if right else 75, 101, float(rng.uniform(72, 82)))
            left, top = 96 - width if right else 4, float(rng.uniform(14, 26))
            grips = (left + width * 0.4,)
        grip = {"skin": holder.attributes["body_skin"], "thumb": True}
        return scene(rng, ("street", "park", "shop", "room", "office", "beach", "wall"), holder,
                     Element(kind, left, top, width, height, {**look, "rotation": 0}, private),
                     [Element("hand", x, top + height * (0.6 if aspect >= 1.2 else 0.88), 17, 26, grip) for x in grips])
    frame = box(rng, aspect, max(low, 60), high)
    return scene(rng, ("wall", "paper"), Element(kind, *frame, {**look, "rotation": tilt(rng, turn / 2)}, private))


def _photo(rng: np.random.Generator, plain: float = 0.15):
    """A sitter, or None (a silhouette)."""
    sitter = people.random_person(rng)
    return None if rng.random() < plain else sitter


def passport_cover(rng: np.random.Generator) -> Scene:
    """A closed passport."""
    cover = pick(rng, ("dark red", "dark blue", "dark green", "black", "red", "purple", "teal", "brown"))
    look = {"cover": cover, "emblem": pick(rng, EMBLEMS), "ink": pick(rng, ("gold", "light yellow", "silver")),
            "text": (pick(rng, COUNTRIES), "PASSPORT")}
    return present(rng, "passport_cover", 0.72, look, "all", 50, 92)


def _id_look(rng: np.random.Generator) -> dict:
    colour = pick(rng, PAPERS + ("beige", "light brown", "pink"))
    return {"colour": colour, "stripe": pick(rng, VIVID), "photo": _photo(rng), "backdrop": pick(rng, LIGHT),
            "ink": pick(rng, paper_ink(colour))}


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
        return scene(rng, ("room", "office", "wall", "park"), [holder] if holder else [],
                     Element("student_id", *frame, look, private))
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
    look = {**_id_look(rng), "cover": pick(rng, ("dark red", "dark blue", "dark green", "black", "purple")),
            "emblem": pick(rng, EMBLEMS), "text": (last, first, f"{letters(rng, 1)}{digits(rng, 4)}")}
    return present(rng, "passport", 0.85, look, pick(rng, ("all", "details", "details")), 66, 96)


def education_history(rng: np.random.Generator) -> Scene:
    """A diploma or a curriculum vitae."""
    first, last = full_name(rng)
    paper = pick(rng, PAPERS)
    ink = pick(rng, paper_ink(paper))
    if rng.random() < 0.55:
        look = {"paper": paper, "border": pick(rng, ("dark red", "dark blue", "dark green", "brown", "purple")), "ink": ink,
                "seal": pick(rng, ("red", "gold", "blue", "green")),
                "text": ("Diploma" if rng.random() < 0.7 else "Degree", f"{first} {last}" if rng.random() < 0.4 else last,
                         f"{pick(rng, DEGREES)} {int(rng.integers(1970, 2026))}")}
        return present(rng, "diploma", 1.35, look, pick(rng, ("all", "text", "text")), 66, 95, 6)
    years = sorted(int(year) for year in rng.integers(1985, 2026, 3))
    look = {"paper": paper, "stripe": pick(rng, VIVID), "photo": _photo(rng, 0.3), "backdrop": pick(rng, LIGHT), "ink": ink,
            "text": (last, *(f"{year % 100:02d} {pick(rng, SCHOOLS)}" for year in years))}
    return present(rng, "resume", 0.82, look, pick(rng, ("all", "details", "details")), 74, 95, 6)


def _device_look(rng: np.random.Generator) -> dict:
    screen = pick(rng, ("white", "light blue", "light yellow", "light green", "lavender", "black", "dark blue", "dark green"))
    return {"body": pick(rng, ("dark grey", "silver", "black", "white", "grey")), "screen": screen,
            "accent": pick(rng, VIVID), "content": pick(rng, CONTENTS), "ink": contrasting(screen), "photo": _photo(rng),
            "text": pick(rng, (pick(rng, full_name(rng)), (pick(rng, SECRETS), digits(rng, 4)), "PIN " + digits(rng, 3)))}


def _device(rng: np.random.Generator, kind: str, aspect: float, more: dict | None = None, whole: float = 0.4) -> Scene:
    """A device standing on a desk or table before a room, sometimes with a person beside it."""
    look = {**_device_look(rng), **(more or {})}
    private = "all" if rng.random() < whole else "screen"
    layout = int(rng.integers(3))
    vivid = pick(rng, VIVID)
    table = Element("table", -2, 78, 104, 24, {"colour": pick(rng, ("brown", "light brown", "dark brown", "grey", "white"))})
    places = ("room", "office", "shop", "wall")
    if layout == 0:  # large and frontal
        width = float(rng.uniform(70, 90))
        height = min(width / aspect, 84)
        return scene(rng, places, table, Element(kind, (100 - width) / 2, 90 - height, width, height, look, private))
    width = float(rng.uniform(44, 64))
    height = width / aspect
    x = float(rng.uniform(3, 97 - width))
    ground = float(rng.uniform(84, 92))
    beside = x > 50 - width / 2
    extra_x = 4.0 if beside else 78.0
    if layout == 1:
        extras = [Element("plant", extra_x, 60, 18, 28, {"colour": vivid})] if rng.random() < 0.5 else [
            Element("cup", extra_x, 72, 14, 16, {"colour": vivid, "above": False})]
        return scene(rng, places, table, extras, Element(kind, x, ground - height, width, height, look, private))
    sitter = person(rng, 22.0 if beside else 78.0, 101, float(rng.uniform(66, 84)))
    x = 97 - width if beside else 3.0
    return scene(rng, places, sitter, table, Element(kind, x, 94 - height, width, height, look, private))


def laptop(rng: np.random.Generator) -> Scene:
    """A laptop with private content."""
    return _device(rng, "laptop", 1.25)


def tablet(rng: np.random.Generator) -> Scene:
    """A tablet computer on a table or in hands."""
    return present(rng, "tablet", pick(rng, (1.35, 0.75)), _device_look(rng), pick(rng, ("screen", "screen", "all")), 56, 94, 10)


def television(rng: np.random.Generator) -> Scene:
    """A television with private content."""
    model = pick(rng, ("flat", "flat", "old"))
    return _device(rng, "television", 1.55 if model == "flat" else 1.15, {"model": model})


def monitor(rng: np.random.Generator) -> Scene:
    """A computer monitor on a stand."""
    return _device(rng, "monitor", 1.25, {"keyboard": False})


def computer_monitor(rng: np.random.Generator) -> Scene:
    """A computer monitor with keyboard and mouse."""
    return _device(rng, "monitor", 1.15, {"keyboard": True})


def credit_card(rng: np.random.Generator) -> Scene:
    """A bank card on a table or in a hand."""
    colour = pick(rng, VIVID + ("black", "silver", "gold", "light blue", "lavender", "dark grey"))
    first, last = full_name(rng)
    look = {"colour": colour, "stripe": pick(rng, [tone for tone in LIGHT + DARK if tone != colour]),
            "design": pick(rng, ("wave", "circle", "split", "plain")), "ink": contrasting(colour), "material": "plastic",
            "text": (f"{digits(rng, 4)} {digits(rng, 4)}" if rng.random() < 0.5 else f"{digits(rng, 4)} {digits(rng, 2)}",
                     f"{first[0]} {last}")}
    return present(rng, "credit_card", 1.58, look, "all", 40, 94, 15)


def receipt(rng: np.random.Generator) -> Scene:
    """A till receipt."""
    prices = [int(rng.integers(1, 60)) for _ in range(int(rng.integers(1, 4)))]
    look = {"paper": pick(rng, ("white", "white", "cream", "light yellow", "light blue", "light pink")),
            "ink": pick(rng, ("black", "dark blue", "purple")),
            "text": (pick(rng, SHOPS), *(f"{pick(rng, GOODS)} {price}" for price in prices), f"{sum(prices)}.{digits(rng, 2)}")}
    return present(rng, "receipt", 0.6, look, pick(rng, ("all", "text")), 68, 95, 14)


def _plate_look(rng: np.random.Generator) -> dict:
    colour, ink = pick(rng, (("white", "black"), ("white", "dark blue"), ("yellow", "black"), ("dark blue", "white"),
                             ("black", "white"), ("light blue", "dark red"), ("green", "white"), ("red", "white"),
                             ("white", "red"), ("light green", "dark green")))
    return {"colour": colour, "ink": ink, "band": pick(rng, ("", "", "blue", "dark green")), "text": plate_text(rng)}


CAR_COLOURS = ("red", "blue", "green", "yellow", "orange", "teal", "purple", "silver", "white", "black", "dark red",
               "dark blue", "dark green", "light blue", "beige", "pink")


def plate_close_up(rng: np.random.Generator) -> Scene:
    """A registration plate seen from near."""
    bumper = Element("bumper", 0, 0, 100, 100, {"colour": pick(rng, CAR_COLOURS), "view": pick(rng, ("front", "back"))})
    width = float(rng.uniform(64, 96))
    height = width / float(rng.uniform(2.0, 3.4))
    plate = Element("plate", (100 - width) / 2 + float(rng.uniform(-2, 2)), 53 - height / 2, width, height, _plate_look(rng), "all")
    if rng.random() < 0.25:  # off the car: on a table or a wall
        plate = Element("plate", *box(rng, 2.6, 60, 94), {**_plate_look(rng), "rotation": tilt(rng, 10)}, "all")
        return scene(rng, ("desk", "wall"), plate)
    return scene(rng, ("street", "city"), bumper, plate)


def _car(rng: np.random.Generator, x: float, ground: float, width: float) -> list[Element]:
    """A car and its private plate."""
    model = pick(rng, ("car", "car", "van"))
    height = width * (0.92 if model == "van" else 0.8)
    car = Element("car", round(x, 2), round(ground - height, 2), round(width, 2), round(height, 2),
                  {"colour": pick(rng, CAR_COLOURS), "view": pick(rng, ("front", "back")), "model": model})
    left, top, wide, tall = PLATE_PLACE if width > 56 else SMALL_CAR_PLATE_PLACE
    plate = Element("plate", round(car.x + left * car.width, 2), round(car.y + top * car.height, 2), round(wide * car.width, 2),
                    round(tall * car.height, 2), _plate_look(rng), "all")
    return [car, plate]


def car_plate(rng: np.random.Generator) -> Scene:
    """One car with its plate, sometimes a person beside it."""
    width = float(rng.uniform(60, 96))
    x = float(rng.uniform(2, 98 - width))
    ground = float(rng.uniform(90, 97))
    beside = []
    if width < 78 and rng.random() < 0.6:
        beside = [person(rng, 12.0 if x + width / 2 > 50 else 88.0, ground, float(rng.uniform(56, 68)), "full")]
        x = 97 - width if x + width / 2 > 50 else 3.0
    return scene(rng, ("street", "city", "park", "beach", "street", "snow"), beside, _car(rng, x, ground, width))


def several_plates(rng: np.random.Generator) -> Scene:
    """Two to four cars, each with a plate."""
    count = int(rng.integers(2, 5))
    elements: list[Element] = []
    if count == 2:
        for x, ground, width in ((2, 84, 46), (52, 96, 46)) if rng.random() < 0.5 else ((4, 62, 52), (40, 97, 58)):
            elements += _car(rng, x, ground, width)
    elif count == 3:
        for x, ground, width in ((1, 60, 42), (57, 60, 42), (22, 98, 56)):
            elements += _car(rng, x, ground, width)
    else:
        for x, ground, width in ((2, 54, 45), (53, 54, 45), (2, 97, 45), (53, 97, 45)):
            elements += _car(rng, x, ground, width)
    return scene(rng, ("street", "city", "park", "street"), elements)


def picture_frame(rng: np.random.Generator) -> Scene:
    """A framed photograph or picture on a wall or a shelf."""
    look = {"frame": pick(rng, ("gold", "brown", "black", "white", "silver", "dark red", "dark brown", "teal")),
            "mat": pick(rng, ("white", "cream", "light grey", "black")), "photo": people.random_person(rng),
            "picture": pick(rng, PICTURES), "accent": pick(rng, VIVID), "backdrop": pick(rng, LIGHT)}
    if rng.random() < 0.35:
        look["photo"] = None
    frame = box(rng, pick(rng, (0.8, 0.8, 1.0, 1.25)), 40, 84, 6)
    extras = [person(rng, float(pick(rng, (20, 80))), 101, float(rng.uniform(48, 62)))] if frame[1] + frame[3] < 62 and rng.random() < 0.7 else []
    return scene(rng, ("wall", "room", "office", "wall"), Element("picture_frame", *frame, look, pick(rng, ("all", "photo", "all"))),
                 extras)


def ticket(rng: np.random.Generator) -> Scene:
    """An admission or travel ticket."""
    colour = pick(rng, PAPERS + ("yellow", "orange", "pink", "teal", "light brown", "beige"))
    look = {"colour": colour, "stripe": pick(rng, [tone for tone in VIVID if tone != colour]), "material": "paper",
            "ink": pick(rng, ("black", "dark blue", "dark red", "purple")),
            "text": (pick(rng, EVENTS), pick(rng, (f"{letters(rng, 1)}{digits(rng, 2)}", clock_time(rng), pick(rng, CITIES))))}
    return present(rng, "ticket", float(rng.uniform(1.8, 2.3)), look, "all", 56, 95, 15)


def medicine(rng: np.random.Generator) -> Scene:
    """A box, a bottle or a blister of medicine."""
    form = pick(rng, ("box", "bottle", "blister", "box"))
    colour = pick(rng, {"box": PAPERS + ("yellow", "teal", "blue"), "bottle": ("orange", "brown", "teal", "red", "green", "white", "blue"),
                        "blister": ("red", "white", "orange", "pink", "teal", "yellow")}[form])
    look = {"form": form, "colour": colour, "accent": pick(rng, [tone for tone in VIVID if tone != colour]),
            "ink": contrasting(colour) if form == "box" else pick(rng, INKS), "text": (pick(rng, DRUGS), f"{int(rng.integers(1, 10)) * 10} mg")}
    if form == "bottle" and rng.random() < 0.6:
        table = Element("table", -2, 80, 104, 22, {"colour": pick(rng, ("brown", "white", "light brown", "grey"))})
        height = float(rng.uniform(52, 84))
        x = float(rng.uniform(6, 94 - height * 0.62))
        return scene(rng, ("room", "shop", "wall"), table,
                     Element("medicine", x, 92 - height, height * 0.62, height, look, pick(rng, ("all", "text"))),
                     [Element("pills", 78.0 if x < 40 else 4.0, 80, 18, 14, {"colour": pick(rng, VIVID), "accent": "white"})])
    aspect = {"box": 1.5, "bottle": 0.62, "blister": 1.6}[form]
    return present(rng, "medicine", aspect, look, pick(rng, ("all", "all", "text")), 52, 88, 12)


def mail(rng: np.random.Generator) -> Scene:
    """A letter in its envelope."""
    paper = pick(rng, ("white", "cream", "light brown", "light blue", "light yellow", "light pink", "beige", "light green"))
    first, last = full_name(rng)
    street, town = address(rng)
    look = {"paper": paper, "stamp": pick(rng, VIVID), "ink": pick(rng, ("black", "dark blue", "dark red", "purple")),
            "style": pick(rng, ("front", "front", "airmail", "flap")), "font": pick(rng, ("sans", "serif")),
            "text": pick(rng, ((last, street), (f"{first[0]} {last}", town), (last, street, town)))}
    return present(rng, "letter", 1.5, look, pick(rng, ("all", "text", "text")), 60, 95, 12)


SCENES = {
    "passport cover": passport_cover, "drivers license": drivers_license, "student id": student_id, "ausweis": ausweis,
    "education history": education_history, "passport": passport, "laptop": laptop, "tablet computer": tablet,
    "television": television, "monitor": monitor, "computer monitor": computer_monitor, "laptop computer": laptop,
    "credit card": credit_card, "receipt": receipt, "vehicle registration plate": plate_close_up, "plate": car_plate,
    "multi-vehicle plates": several_plates, "picture frame": picture_frame, "ticket": ticket, "medicine": medicine,
    "mail": mail,
}
