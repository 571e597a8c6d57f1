"""Scenes of the group License Plate: plates from near, on a car, on several cars."""

import numpy as np

from sppe_lib.world.content import box, person, pick, plate_text, scene, tilt
from sppe_lib.world.props_vehicles import PLATE_PLACE, SMALL_CAR_PLATE_PLACE
from sppe_lib.world.scene import Element, Scene


def _plate_look(rng: np.random.Generator) -> dict:
    colour, ink = pick(
        rng,
        (
            ("white", "black"),
            ("white", "dark blue"),
            ("yellow", "black"),
            ("dark blue", "white"),
            ("black", "white"),
            ("light blue", "dark red"),
            ("green", "white"),
            ("red", "white"),
            ("white", "red"),
            ("light green", "dark green"),
        ),
    )
    return {"colour": colour, "ink": ink, "band": pick(rng, ("", "", "blue", "dark green")), "text": plate_text(rng)}


CAR_COLOURS = (
    "red",
    "blue",
    "green",
    "yellow",
    "orange",
    "teal",
    "purple",
    "silver",
    "white",
    "black",
    "dark red",
    "dark blue",
    "dark green",
    "light blue",
    "beige",
    "pink",
)


def plate_close_up(rng: np.random.Generator) -> Scene:
    """A registration plate seen from near."""
    bumper = Element("bumper", 0, 0, 100, 100, {"colour": pick(rng, CAR_COLOURS), "view": pick(rng, ("front", "back"))})
    width = float(rng.uniform(64, 96))
    height = width / float(rng.uniform(2.0, 3.4))
    plate = Element(
        "plate", (100 - width) / 2 + float(rng.uniform(-2, 2)), 53 - height / 2, width, height, _plate_look(rng), "all"
    )
    if rng.random() < 0.25:  # off the car: on a table or a wall
        plate = Element("plate", *box(rng, 2.6, 60, 94), {**_plate_look(rng), "rotation": tilt(rng, 10)}, "all")
        return scene(rng, ("desk", "wall"), plate)
    return scene(rng, ("street", "city"), bumper, plate)


def _car(rng: np.random.Generator, x: float, ground: float, width: float) -> list[Element]:
    """A car and its private plate."""
    model = pick(rng, ("car", "car", "van"))
    height = width * (0.92 if model == "van" else 0.8)
    car = Element(
        "car",
        round(x, 2),
        round(ground - height, 2),
        round(width, 2),
        round(height, 2),
        {"colour": pick(rng, CAR_COLOURS), "view": pick(rng, ("front", "back")), "model": model},
    )
    left, top, wide, tall = PLATE_PLACE if width > 56 else SMALL_CAR_PLATE_PLACE
    plate = Element(
        "plate",
        round(car.x + left * car.width, 2),
        round(car.y + top * car.height, 2),
        round(wide * car.width, 2),
        round(tall * car.height, 2),
        _plate_look(rng),
        "all",
    )
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


SCENES = {"vehicle registration plate": plate_close_up, "plate": car_plate, "multi-vehicle plates": several_plates}
