"""People of the vector world: identities, their drawing, heads as a separable part, words."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sppe_lib.world import people
from sppe_lib.world.colours import colour_name, mix
from sppe_lib.world.scene import Element, rasterise

COLOURED = {"cowboy_hat": "#8a5a2c", "cap": "#d83a3a", "earrings": "#f2c320", "scarf": "#c4243c", "tie": "#c02a2a"}
EXTRAS = [
    {"sunglasses": {"shape": "round", "colour": "#111111"}},
    *({name: colour} for name, colour in COLOURED.items()),
    *({"age": age} for age in ("older", "younger")),
    *({"concept": name, "opacity": 0.6 if name == "ghost" else 1.0} for name in people.CONCEPTS),
]


def pixels(attributes, part="all", size=64):
    element = Element("person", 20, 8, 62, 90, attributes)
    return rasterise(people.draw_person(element, part), size).astype(int)


def person(seed, framing="bust"):
    return {**people.random_person(np.random.default_rng(seed)), "framing": framing}


def other(before, strength, seed, part="all"):
    return people.replace_identity(before, strength, np.random.default_rng(seed), part)


def test_same_seed_same_person_and_seeds_differ_whatever_was_drawn_before():
    assert len({tuple(sorted(person(seed).items())) for seed in range(20)}) == 20
    assert person(3) == person(3)
    first = pixels(person(1))
    people._avatar.cache_clear()
    pixels(person(2))
    assert np.array_equal(pixels(person(1)), first)


@pytest.mark.parametrize("framing", ["bust", "full"])
def test_a_person_fills_its_box_and_its_head_can_be_exchanged(framing):
    rows, columns = np.nonzero(pixels(person(4, framing), size=100)[..., 3])
    assert rows.max() in range(95, 99)  # feet or chest at the bottom of the box (y = 98)
    assert columns.min() >= 19 and columns.max() <= 83
    for seed in range(6):
        before = person(seed, framing)
        after = other(before, 1.0, seed + 100, "head")
        heads = (pixels(before, "head")[..., 3] > 0) | (pixels(after, "head")[..., 3] > 0)
        difference = np.abs(pixels(before) - pixels(after)).sum(-1)
        assert difference[~heads].max() == 0 and difference[heads].mean() > 20


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), strength=st.sampled_from([0.1, 0.5, 1.0]), part=st.sampled_from(["all", "head"]))
@example(seed=57, strength=0.1, part="all")  # only the skin of the body is drawn anew, which follows that of the face
def test_replaced_identities_are_people_and_differ(seed, strength, part):
    before = person(seed)
    after = other(before, strength, seed, part)
    assert set(after) == set(before) and after != before and after["framing"] == before["framing"]
    if part == "head":
        assert all(after[key] == before[key] for key in people.BODY_KEYS)
    elif strength == 1.0:
        assert all(before[key] != after[key] for key in ("skin", "top", "hair"))


def test_stronger_protection_changes_more():
    pairs = [[(person(seed), other(person(seed), strength, seed)) for seed in range(60)] for strength in (0.1, 0.5, 1)]
    weak, middle, strong = (np.mean([sum(a[key] != b[key] for key in a) for a, b in some]) for some in pairs)
    assert weak < 0.5 * strong < middle < strong


@pytest.mark.parametrize("extra", EXTRAS, ids=lambda extra: str(next(iter(extra.values())))[:12])
@pytest.mark.parametrize("framing", ["bust", "full"])
def test_every_extra_shows_at_64_pixels_and_is_put_in_words(extra, framing):
    plain = person(7, framing)
    changed = np.abs(pixels({**plain, **extra}) - pixels(plain)).sum(-1) > 40
    assert changed.sum() >= 8
    assert people.describe_person({**plain, **extra}) != people.describe_person(plain)


def test_words_follow_the_looks():
    look = {**person(1), "top": "bob", "hair": "#d83a3a", "accessories": "round", "facial_hair": "beardLight"}
    words = people.describe_person(look)
    assert "long red hair" in words and "glasses" in words and "beard" in words
    assert "hijab" in people.describe_person({**look, "top": "hijab"})
    assert not people.hair_is_visible({"top": "hijab"}) and people.hair_is_visible({"top": "bob"})
    assert mix("#000000", "#ffffff", 0.5) == "#808080"
    assert colour_name("#d00000") == "red" and colour_name("#ffffff") == "white"
