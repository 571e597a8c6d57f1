"""Surrogates: other content of the same kind in the same place, by protection strength."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sppe_lib.data.taxonomy import categories
from sppe_lib.errors import ConfigError
from sppe_lib.world.captions import describe
from sppe_lib.world.scene import Scene, private_mask, render
from sppe_lib.world.scenes import make_scene
from sppe_lib.world.surrogates import change_text, make_surrogate, pair_mask


@pytest.mark.parametrize(
    "category, strength, size",
    [(category, strength, 64) for category in categories() for strength in (0.5, 1.0)]
    + [(category, 0.5, 512) for category in ("faces", "student id", "signature", "landmark")],
)
def test_equal_outside_the_mask_and_different_inside(category, strength, size):
    for seed in (0, 1) if size == 64 else (4,):
        scene = make_scene(category, seed)
        surrogate = make_surrogate(scene, strength, seed)
        source_pixels, surrogate_pixels = render(scene, size), render(surrogate, size)
        mask = pair_mask(scene, surrogate, size)
        assert np.array_equal(source_pixels[~mask], surrogate_pixels[~mask])
        assert (source_pixels[mask] != surrogate_pixels[mask]).any(-1).mean() > 0.1
        assert 0.01 < mask.mean() < 0.97


def test_setting_boxes_and_public_elements_stay_and_the_seed_decides():
    for category in ("plate", "name all", "monitor"):
        scene = make_scene(category, 2)
        surrogate = make_surrogate(scene, 1.0, 2)
        assert surrogate.setting == scene.setting and surrogate == make_surrogate(scene, 1.0, 2)
        assert surrogate != make_surrogate(scene, 1.0, 3)
        for old, new in zip(scene.elements, surrogate.elements, strict=True):
            assert (old.x, old.y, old.width, old.height) == (new.x, new.y, new.width, new.height)
            assert (old == new) is not bool(old.private)


def test_weak_surrogates_are_closer_to_the_source_in_pixels_kind_and_text():
    def distance(seed: int, category: str, strength: float) -> float:
        scene = make_scene(category, seed)
        images = [render(one, 32).astype(float) for one in (scene, make_surrogate(scene, strength, seed))]
        return np.abs(images[0] - images[1])[private_mask(scene, 32)].mean()

    weak, middle, strong = (np.mean([distance(*at, by) for at in enumerate(categories())]) for by in (0.1, 0.5, 1.0))
    assert 0 < weak < middle and weak < 0.7 * strong
    names = [(name, seed) for name in ("credit card", "laptop", "ticket", "person", "plate") for seed in range(6)]
    scenes = [(make_scene(name, seed), seed) for name, seed in names]

    def changed(strength: float) -> int:
        pairs = [(scene, make_surrogate(scene, strength, seed)) for scene, seed in scenes]
        return sum([one.kind for one in a.elements] != [one.kind for one in b.elements] for a, b in pairs)

    assert changed(0.5) == changed(0.7) == 0 < changed(0.8) < len(names) and changed(1.0) > 0
    text = "83 721945"
    others = [[change_text(text, at, np.random.default_rng(seed)) for seed in range(60)] for at in (0.1, 0.3, 0.5, 0.8)]
    shares = [np.mean([[a == b for a, b in zip(text, other, strict=True)] for other in some]) for some in others]
    assert shares == sorted(shares, reverse=True) and shares[0] > 0.6 and shares[2] < 0.4


@given(
    st.sampled_from(["ANNA BERG", "AB 123", "12:45", "leo42", "14 FEB", "19 ROSE RD", "X7", "-- .."]),
    st.floats(0.1, 1.0),
    st.integers(0, 10_000),
)
@settings(deadline=None)
def test_text_always_changes_and_keeps_its_punctuation(text, strength, seed):
    other = change_text(text, strength, np.random.default_rng(seed))
    assert (other != text) == any(sign.isalnum() for sign in text)
    assert [sign for sign in other if not sign.isalnum()] == [sign for sign in text if not sign.isalnum()]
    assert other.isupper() == text.isupper()


def test_captions_mention_what_changed_and_what_cannot_be_protected_is_refused():
    scenes = [(make_scene(category, seed), seed) for seed in range(2) for category in categories()]
    different = [describe(scene) != describe(make_surrogate(scene, 0.5, seed)) for scene, seed in scenes]
    assert np.mean(different) > 0.93
    scene = make_scene("mail", 0)
    for strength in (0.0, 1.2, -1.0):
        with pytest.raises(ConfigError, match="strength"):
            make_surrogate(scene, strength, 0)
    public = Scene(scene.setting, tuple(element for element in scene.elements if not element.private))
    with pytest.raises(ConfigError, match="private"):
        make_surrogate(public, 0.5, 0)
