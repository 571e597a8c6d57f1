"""The simulated editor: all 65 instructions, what it may depend on, and how it fails."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sppe_lib
from sppe_lib.errors import ConfigError
from sppe_lib.world import overlays, people, props, settings, styles  # noqa: F401
from sppe_lib.world.editor import EDITS, edit, visible_area
from sppe_lib.world.edits_common import miss_chance, visibility
from sppe_lib.world.edits_image import BACKGROUNDS, STYLE_NAMES
from sppe_lib.world.edits_things import MATERIALS
from sppe_lib.world.scene import Element, Scene, render

TABLE = Path(sppe_lib.__file__).parent / "published" / "instructions.csv"
CODES = [row["code"] for row in csv.DictReader(TABLE.open())]

SETTING = settings.random_setting(np.random.default_rng(2), "street") | {"time": "day"}
PERSON = Element(
    "person", 20, 15, 60, 85,
    {**people.random_person(np.random.default_rng(11)), "top": "bob", "accessories": "", "framing": "bust"},
    "head",
)  # fmt: skip
CARD = Element(
    "credit_card",
    12,
    25,
    76,
    50,
    {"colour": "blue", "ink": "white", "text": ("4512 88", "ANNA"), "material": "plastic"},
    "text",
)
TICKET = Element(
    "ticket", 12, 25, 76, 45, {"colour": "beige", "stripe": "red", "ink": "black", "text": ("CINEMA", "B 12")}, "text"
)
LAPTOP = Element(
    "laptop", 20, 30, 60, 45,
    {"body": "grey", "screen": "white", "accent": "blue", "content": "page", "text": "hello", "ink": "black"},
    "text",
)  # fmt: skip
PLATE = Element("plate", 25, 45, 50, 16, {"colour": "white", "ink": "black", "text": "AB 314"}, "all")


def scene_for(code):
    """A scene that shows what the instruction is about."""
    if code == "064":
        target = LAPTOP
    elif code == "065":
        target = PLATE
    elif code in MATERIALS:
        target = CARD if MATERIALS[code][0] == "credit_card" else TICKET
    else:
        target = PERSON if code < "047" else CARD
    return Scene(SETTING, (target,))


def first_done(scene, code):
    """The first seed's edit that is not missed."""
    results = (edit(scene, code, seed) for seed in range(20))
    return next(result for result in results if result.outcome == "done")


def test_one_edit_for_each_published_instruction():
    assert sorted(EDITS) == sorted(CODES) and len(CODES) == 65


@pytest.mark.parametrize("code", CODES)
def test_an_edit_shows_at_64_pixels_and_repeats_exactly(code):
    scene = scene_for(code)
    before = render(scene, 64).astype(int)
    seed = next(seed for seed in range(20) if edit(scene, code, seed).outcome == "done")
    after = render(edit(scene, code, seed).scene, 64).astype(int)
    assert after.shape == before.shape
    assert (np.abs(after - before).sum(-1) > 40).mean() > 0.004
    assert np.array_equal(after, render(edit(scene, code, seed).scene, 64))


@pytest.mark.parametrize("code", CODES)
def test_private_flags_make_no_difference(code):
    scene = scene_for(code)
    public = replace(scene, elements=tuple(replace(element, private="") for element in scene.elements))
    for seed in (0, 1):
        one, other = edit(scene, code, seed), edit(public, code, seed)
        assert one.outcome == other.outcome
        assert np.array_equal(render(one.scene, 32), render(other.scene, 32))


@pytest.mark.parametrize("code", [code for code in CODES if code < "019" or code in ("023", "047") or code >= "052"])
def test_without_its_target_nothing_happens(code):
    empty = Scene(SETTING)
    result = edit(empty, code, 5)
    assert result.outcome == "absent" and result.scene is empty


def test_hidden_hair_is_an_absent_target():
    veiled = Scene(SETTING, (PERSON.with_attributes(top="hijab"),))
    assert {edit(veiled, code, 1).outcome for code in ("007", "008", "009", "010")} == {"absent"}


@pytest.mark.parametrize(
    "code", [c for c in CODES if c not in MATERIALS and c not in ("023", "047", "064", "065", "010")]
)
def test_the_seed_varies_the_realisation(code):
    """Except removals and materials, which have one realisation, edits come out in several ways."""
    if code in BACKGROUNDS:
        scene = Scene(settings.random_setting(np.random.default_rng(2), "room"), (PERSON,))
    else:
        scene = scene_for(code)
    seen = {render(result.scene, 32).tobytes() for result in (edit(scene, code, seed) for seed in range(8))
            if result.outcome == "done"}  # fmt: skip
    assert len(seen) >= 2


def test_another_look_of_the_target_can_alter_the_outcome_or_the_realisation():
    """What a surrogate changes inside its region may change the edit: the reason to assess editability."""

    def realised(element, seed):
        result = edit(Scene(SETTING, (element,)), "001", seed)
        return result.outcome, result.scene.elements[0].attributes.get("sunglasses", {}).get("shape")

    same = []
    for seed in range(24):
        other = people.replace_identity(PERSON.attributes, 0.5, np.random.default_rng(seed))
        same.append(realised(PERSON, seed) == realised(replace(PERSON, attributes=other), seed))
    assert 0.3 < np.mean(same) < 1.0


def test_misses_are_a_minority_and_grow_as_the_target_shrinks_or_hides():
    def share(element, *more):
        outcomes = [edit(Scene(SETTING, (element, *more)), "001", seed).outcome for seed in range(60)]
        return outcomes.count("missed") / len(outcomes)

    assert share(PERSON) < 0.25
    assert share(replace(PERSON, x=45, y=70, width=7, height=10)) > 0.4
    wall = Element("text", 10, 20, 80, 44, {"text": "SALE", "colour": "white", "panel": "red"})
    assert share(PERSON, wall) > share(PERSON) + 0.2
    areas = [0.001, 0.005, 0.01, 0.02, 0.1]
    chances = [miss_chance(area) for area in areas]
    assert chances == sorted(chances, reverse=True) and 0 < chances[-1] < 0.1 and chances[0] > 0.8


def test_visible_area_counts_what_shows():
    square = Element("text", 20, 20, 40, 40, {"text": "", "panel": "red"})
    cover = replace(square, x=40)
    alone, hidden = Scene(SETTING, (square,)), Scene(SETTING, (square, cover))
    assert visible_area(alone, 0) == pytest.approx(0.16, abs=0.01)
    assert visible_area(hidden, 0) == pytest.approx(0.08, abs=0.01)
    outside = Scene(SETTING, (replace(square, x=-20),))
    assert visibility(outside, 0) == pytest.approx((0.08, 0.5), abs=0.02)


def test_the_most_visible_person_is_edited():
    small = replace(PERSON, x=2, y=60, width=20, height=30)
    result = first_done(Scene(SETTING, (small, PERSON)), "003")
    assert "cap" not in result.scene.elements[0].attributes and result.scene.elements[1].attributes["cap"]


def test_a_person_in_a_photograph_is_edited_and_removed():
    sitter = people.random_person(np.random.default_rng(0))
    look = {
        "colour": "light blue",
        "stripe": "blue",
        "ink": "black",
        "text": ("A", "B"),
        "photo": {**sitter, "top": "bob"},
    }
    scene = Scene(SETTING, (Element("drivers_license", 5, 15, 90, 65, look, "details"),))
    assert first_done(scene, "009").scene.elements[0].attributes["photo"]["hair"] != sitter["hair"]
    assert first_done(scene, "023").scene.elements[0].attributes["photo"] is None


def test_an_edit_keeps_the_rest_of_the_person():
    changed = first_done(scene_for("001"), "001").scene.elements[0].attributes
    kept = [key for key in PERSON.attributes if key not in ("accessories", "sunglasses")]
    assert all(changed[key] == PERSON.attributes[key] for key in kept)


def test_removing_a_laptop_takes_the_writing_on_it_along():
    note = Element("text", 35, 35, 20, 10, {"text": "PIN", "colour": "red"})
    aside = replace(note, x=2, y=2)
    result = first_done(Scene(SETTING, (LAPTOP, note, aside)), "064")
    assert result.scene.elements == (aside,)


def test_removing_text_blanks_every_text():
    scene = Scene(SETTING, (CARD, replace(PLATE, y=80)))
    blanked = [edit(scene, "047", seed).scene for seed in range(8)]
    assert any(all(element.attributes["text"] == "" for element in result.elements) for result in blanked)


def test_backgrounds_keep_the_elements():
    for code in BACKGROUNDS:
        result = first_done(Scene(SETTING, (PERSON, PLATE)), code)
        assert result.scene.elements == (PERSON, PLATE) and result.scene.setting != SETTING


@pytest.mark.parametrize("name", sorted(styles.STYLES))
def test_styles_are_distinct_scale_and_keep_shapes(name):
    image = render(Scene(SETTING, (PERSON,)), 64)
    plain = styles.apply_style(image, name, {"strength": 1.0, "variant": 0})
    assert plain.dtype == np.uint8 and plain.shape == image.shape
    assert np.abs(plain.astype(int) - image).mean() > 8
    assert np.array_equal(styles.apply_style(image, name, {"strength": 0.0}), image)
    assert not np.array_equal(styles.apply_style(image, name, {"strength": 1.0, "variant": 1}), plain)
    for other in styles.STYLES:
        if other != name:
            difference = np.abs(styles.apply_style(image, other, {"variant": 0}).astype(int) - plain).mean()
            assert difference > 4, other
    wide = np.ascontiguousarray(render(Scene(SETTING, (PERSON,)), 160)[:120])
    assert styles.apply_style(wide, name, {"variant": 2}).shape == (120, 160, 3)
    assert styles.describe_style(name)


def test_a_style_looks_alike_at_two_sizes():
    small = render(Scene(SETTING, (PERSON,)), 64)
    large = render(Scene(SETTING, (PERSON,)), 256)
    for name in STYLE_NAMES.values():
        shrunk = styles.apply_style(large, name, {}).reshape(64, 4, 64, 4, 3).mean(axis=(1, 3))
        assert np.abs(shrunk - styles.apply_style(small, name, {})).mean() < 16, name


def test_overlays_describe_themselves():
    for kind in overlays.WORDS:
        assert overlays.describe_overlay(Element(kind, 0, 0, 10, 10)).startswith("with ")


def test_bad_input_is_named():
    with pytest.raises(ConfigError, match="066"):
        edit(Scene(SETTING), "066", 1)
    with pytest.raises(ConfigError, match="-1"):
        edit(Scene(SETTING), "001", -1)
    with pytest.raises(ConfigError, match="sepia"):
        styles.apply_style(np.zeros((8, 8, 3), np.uint8), "sepia", {})
