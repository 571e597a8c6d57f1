"""Scenes of the 36 categories: deterministic, varied, with sensible private regions; settings; captions."""

import re
import subprocess
import sys

import numpy as np
import pytest

from sppe_lib.data.taxonomy import categories
from sppe_lib.errors import ConfigError
from sppe_lib.world import draw
from sppe_lib.world.captions import WORD_LIMIT, describe
from sppe_lib.world.colours import MATERIALS
from sppe_lib.world.dice import LISTS
from sppe_lib.world.editor import edit
from sppe_lib.world.scene import DRAWERS, Element, Scene, private_mask, rasterise, render
from sppe_lib.world.scenes import MAKERS, make_scene
from sppe_lib.world.settings import PLACES, TIMES, draw_setting, random_setting
from sppe_lib.world.styles import apply_style

SEEDS = (0, 1, 2)
NO_SLOTS = {
    "if", "part", "text", "line", "box", "font", "set", "person", "side", "digits", "paint", "args", "order",
    "scatter", "tones", "fill-night", "fill-sunset", "fill-winter", "stroke-winter",
}  # fmt: skip
"""What stands after "data-" without being an attribute to replace."""


def picture(kind: str, look: dict, part: str = "all", size: int = 32) -> np.ndarray:
    return rasterise(DRAWERS[kind](Element(kind, 10, 10, 80, 60, look), part), size)


@pytest.mark.parametrize("category", list(categories()))
def test_scene_renders_differs_and_has_a_private_region(category):
    images = []
    for seed in SEEDS:
        scene = make_scene(category, seed)
        image, mask = render(scene, 64), private_mask(scene, 64)
        assert image.shape == (64, 64, 3) and image.dtype == np.uint8
        assert 0.01 < mask.mean() < 0.95
        # The private region is not empty paint: it shows more than one colour.
        assert len(np.unique(image[mask], axis=0)) > 3
        assert np.array_equal(image, render(make_scene(category, seed), 64))
        images.append(image)
    for first in range(len(SEEDS)):
        for second in range(first):
            assert (images[first] != images[second]).mean() > 0.05


def test_same_seed_gives_the_same_pixels_in_another_process():
    code = (
        "import zlib; from sppe_lib.world.scene import render; from sppe_lib.world.scenes import make_scene\n"
        "crcs = [zlib.crc32(render(make_scene(name, 5), 64).tobytes()) for name in ('faces', 'receipt', 'landmark')]"
    )
    other = subprocess.run([sys.executable, "-c", f"{code}; print(crcs)"], capture_output=True, text=True, check=True)
    names = {}
    exec(code, names)
    assert other.stdout.strip() == str(names["crcs"])


@pytest.mark.parametrize("place", PLACES)
def test_every_place_is_drawable_at_every_time_with_other_colours(place):
    pictures = [rasterise(draw_setting({"place": place, "time": time}), 32)[..., :3] for time in TIMES]
    day, night, sunset = (picture.astype(float) for picture in pictures)
    assert place == "underwater" or night.mean() < day.mean() - 5
    assert np.abs(day - sunset).mean() > 3


def test_every_category_has_scenes_and_what_does_not_exist_is_refused_by_name():
    assert set(MAKERS) == set(categories())
    for attempt, name in (
        (lambda: random_setting(np.random.default_rng(0), "moon"), "moon"),
        (lambda: draw_setting({"place": "moon"}), "moon"),
        (lambda: make_scene("passprt", 0), "passprt"),
        (lambda: draw.asset("zeppelin"), "zeppelin"),
        (lambda: edit(Scene({}), "066", 1), "066"),
        (lambda: edit(make_scene("cats", 0), "u113", 0), "u113.*u01 to"),
        (lambda: edit(Scene({}), "001", -1), "-1"),
        (lambda: apply_style(np.zeros((8, 8, 3), np.uint8), "sepia", {}), "sepia"),
    ):
        with pytest.raises(ConfigError, match=name):
            attempt()


@pytest.mark.parametrize("kind", ["credit_card", "ticket"])
def test_materials_look_different_and_keep_the_text(kind):
    plain = {"text": ("4600", "ANN"), "ink": "white", "colour": "blue"}
    written, silent = (
        [picture(kind, {**plain, **more, "material": name}, size=64).tobytes() for name in MATERIALS]
        for more in ({}, {"text": ""})
    )
    assert len(set(written)) == len(MATERIALS) - 1  # "plastic" and "paper" are the plain ones
    assert not set(written) & set(silent)


@pytest.mark.parametrize("name", draw.ASSET_NAMES)
def test_every_asset_shows_without_a_slot_filled_and_is_drawn_at_any_shape(name):
    root = draw.asset(name)
    assert root.get("viewBox") and root.findtext("title")
    for node in root.iter():
        # What is filled in stands in the file too, so that a browser shows the thing.
        for slot in (key.removeprefix("data-") for key in node.attrib if key.startswith("data-")):
            assert slot in node.attrib or slot in NO_SLOTS, f"{name}: data-{slot} on <{node.tag}>"
    # Layers of people are in avatar units, of a larger canvas, and few people wear all of them.
    look = {"concept": "superhero", "scarf": "red"} if name.startswith("person-") else {}
    for width, height in ((34, 34), (34, 12), (12, 34)):
        svg = draw.draw_asset(name, draw.Box(0, 0, width, height), look)
        assert (rasterise(svg, 32)[..., 3] > 0).any()


def test_lengths_are_sums_in_units_of_the_box_strokes_keep_their_width_and_parts_their_place():
    box = draw.Box(5, 7, 40, 20)
    assert box.length("50", "vw") == 20 and box.length("8vh", "px") == pytest.approx(1.6)
    assert box.length("100vw-4px", "px") == 36 and box.length("10vmin*3/2", "px") == pytest.approx(3)
    assert box.length("max(5vh,1.2px)", "px") == 1.2
    assert box.outline("M0 50l10vw 2px", (1, 2)) == "M 5.0 17.0 l 4.00 2.00"
    wide, tall = (draw.draw_asset("book", draw.Box(0, 0, *size), {}) for size in ((90, 20), (20, 90)))
    assert re.findall(r'stroke-width="[^"]*"', wide) == re.findall(r'stroke-width="[^"]*"', tall)
    look = {"text": ("ANN", "LEE"), "photo": None, "stripe": "blue", "emblem": "star"}
    whole, text, photo, details = (
        picture("ausweis", look, part)[..., 3] > 0 for part in ("all", "text", "photo", "details")
    )
    assert text.any() and photo.any() and not (text & ~whole).any()
    assert np.array_equal(details, text | photo) and not picture("ausweis", look, "screen").any()


@pytest.mark.parametrize(
    "kind, slot, values",
    [("landmark", "type", "landmarks"), ("picture_card", "picture", "pictures"), ("laptop", "content", "contents"),
     ("passport_cover", "emblem", "emblems"), ("fruit", "type", "fruits")],
)  # fmt: skip
def test_every_kind_of_a_thing_is_another_picture(kind, slot, values):
    assert len({picture(kind, {slot: value, "text": ""}).tobytes() for value in LISTS[values]}) == len(LISTS[values])


def test_captions_name_the_setting_the_thing_and_its_text():
    scene = make_scene("credit card", 0)
    text = next(element for element in scene.elements if element.kind == "credit_card").attributes["text"]
    assert "credit card" in describe(scene) and text[0].lower() in describe(scene)
    golden = (element.with_attributes(material="golden") for element in scene.elements)
    night = describe(Scene({**scene.setting, "place": "snow", "time": "night"}, tuple(golden)))
    assert "snowy landscape at night" in night and "golden credit card" in night
    assert night == night.lower() and len(night.split()) <= WORD_LIMIT + 6
