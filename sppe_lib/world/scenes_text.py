"""Scenes of the groups Contact, Identity and Time: private text on things that carry it."""

from collections.abc import Callable

import numpy as np

from sppe_lib.world.content import (
    address,
    birth_date,
    calendar_date,
    clock_time,
    email,
    full_name,
    pick,
    telephone,
    username,
)
from sppe_lib.world.scene import Scene
from sppe_lib.world.scenes_on_paper import Text, on_card, on_envelope, on_form, on_page, on_phone, on_print
from sppe_lib.world.scenes_on_things import on_badge, on_cake, on_calendar, on_clock, on_photograph, on_sign


def _table(make: Callable, *layouts: Callable, title: str = "") -> Callable[[np.random.Generator], Scene]:
    """A category: random content on one of the layouts."""

    def draw(rng: np.random.Generator) -> Scene:
        layout = pick(rng, layouts)
        return layout(rng, make(rng), title)

    return draw


def _date_time(rng: np.random.Generator) -> Scene:
    layout = pick(rng, (on_clock, on_calendar, on_photograph, on_print, on_photograph))
    date = calendar_date(rng)
    if layout is on_clock:
        return layout(rng, clock_time(rng))
    if layout is on_calendar:
        return layout(rng, date)
    stamp = (
        " ".join(date) if rng.random() < 0.5 else f"{int(rng.integers(1, 13))}.{date[0]}.{int(rng.integers(10, 27))}"
    )
    return layout(rng, stamp)


def _name(rng: np.random.Generator) -> Text:
    first, last = full_name(rng)
    return (first, last) if rng.random() < 0.6 else first


SCENES = {
    "email": _table(email, on_card, on_page, on_phone, on_form, on_card, title="MAIL"),
    "home address": _table(address, on_sign, on_sign, on_envelope, on_form, title="HOME"),
    "phone": _table(telephone, on_phone, on_phone, on_card, on_sign, title="CALL"),
    "current address": _table(address, on_envelope, on_form, on_card, on_phone, title="NOW"),
    "name all": _table(_name, on_badge, on_card, on_sign, on_form, on_page, title="NAME"),
    "birth date": _table(birth_date, on_cake, on_cake, on_form, on_page, title="BORN"),
    "username": _table(username, on_page, on_page, on_phone, on_badge, title="USER"),
    "date time": _date_time,
}
