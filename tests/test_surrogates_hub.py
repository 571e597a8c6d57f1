"""Surrogates by a real, tiny SDXL inpainting pipeline: what is repainted, what is kept, what is refused."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from tiny_pipelines import box_mask, generation, picture, tiny_sdxl_inpainting

from sppe_lib import hub
from sppe_lib.data import surrogates, taxonomy
from sppe_lib.data.surrogates import PROMPTS, Surrogate, make_surrogates, prompt_for
from sppe_lib.errors import ConfigError, DataError


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The folder of a tiny SDXL inpainting model, computing in float32."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub, "compute_dtype", lambda: torch.float32)
        yield tiny_sdxl_inpainting(tmp_path_factory.mktemp("models") / "sdxl")


def make(model, names, strength=0.5, mask=None, batch=4, **values):
    """Surrogates of one picture for each name, at 32 pixels."""
    parameters = generation(surrogate_model=model, surrogate_steps=4, size=32, batch=batch, **values)
    masks = [mask or box_mask(5, 3, 13, 20)] * len(names)
    images = [picture(number) for number in range(len(names))]
    return make_surrogates(images, masks, ["a photo"] * len(names), parameters, names, strength)


def test_the_private_region_changes_and_nothing_else(model):
    (surrogate,) = make(model, ["one"])
    before, after = np.asarray(picture(0)), np.asarray(surrogate.image)
    private = np.asarray(box_mask(5, 3, 13, 20)) > 0
    assert surrogate.name == "one" and surrogate.image.mode == "RGB"
    assert np.array_equal(before[~private], after[~private])
    assert (before[private] != after[private]).any(axis=-1).mean() > 0.9


def test_a_surrogate_depends_on_its_own_name_seed_and_strength_only(model):
    first = np.asarray(make(model, ["a", "b", "c"])[1].image).astype(int)
    alone = np.asarray(make(model, ["x", "b"], batch=1)[1].image).astype(int)
    assert np.abs(first - alone).max() <= 1  # batches round differently
    again = make(model, ["x", "b"], batch=1)
    assert np.array_equal(alone, np.asarray(again[1].image))
    for other in (
        make(model, ["x", "other"], batch=1),
        make(model, ["x", "b"], batch=1, seed=1),
        make(model, ["x", "b"], batch=1, strength=1.0),
    ):
        assert np.abs(alone - np.asarray(other[1].image)).max() > 10


def test_sources_of_any_shape_become_squares(model):
    parameters = generation(surrogate_model=model, surrogate_steps=2, size=32)
    mask = box_mask(8, 8, 30, 40, width=64, height=48)
    (surrogate,) = make_surrogates([picture(0, 64, 48)], [mask], ["a photo"], parameters, ["wide"])
    assert surrogate.image.size == (32, 32)


def test_a_region_thinner_than_a_latent_is_repainted_as_a_whole(model):
    (surrogate,) = make(model, ["thin"], mask=box_mask(7, 0, 8, 32), strength=1.0)
    column = np.asarray(surrogate.image)[:, 7].astype(int) - np.asarray(picture(0))[:, 7]
    assert (np.abs(column).max(axis=-1) > 0).mean() > 0.9
    wide = np.asarray(surrogates._whole_latents(box_mask(7, 9, 8, 10), 8))
    assert wide.shape == (32, 32) and (wide[8:16, 0:8] == 255).all() and (wide > 0).sum() == 64


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"strength": 0.05}, ConfigError, "Strength 0.05"),
        ({"strength": 0.2}, ConfigError, "more steps"),
        ({"strength": math.nan}, ConfigError, "Strength nan"),
        ({"mask": box_mask(0, 0, 0, 0)}, DataError, "of one at 32 pixels is empty"),
        ({"mask": box_mask(0, 0, 32, 32)}, DataError, "of one at 32 pixels is full"),
        ({"mask": box_mask(0, 0, 9, 9, width=30)}, DataError, "30x32 pixels but its image is 32x32"),
    ],
)
def test_what_cannot_be_repainted_is_refused_before_a_model_is_loaded(monkeypatch, change, kind, message):
    monkeypatch.setattr(surrogates, "load_pipeline", lambda *arguments: pytest.fail("loaded a model"))
    with pytest.raises(kind, match=message):
        make("someone/model", ["one"], **change)


def test_lists_must_fit_and_a_model_must_be_named(monkeypatch):
    monkeypatch.setattr(surrogates, "load_pipeline", lambda *arguments: pytest.fail("loaded a model"))
    with pytest.raises(DataError, match="1 images, 1 masks, 2 prompts and 1 names"):
        make_surrogates([picture(0)], [picture(0)], ["", ""], generation(surrogate_model="someone/model"), ["one"])
    with pytest.raises(ConfigError, match="No surrogate model"):
        make_surrogates([], [], [], generation(), [])


def test_nothing_but_make_surrogates_makes_a_surrogate(model):
    (made,) = make(model, ["one"])
    with pytest.raises(TypeError, match="make_surrogates only"):
        Surrogate("one", made.png)
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(made, png=b"a source")
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.png = b"a source"
    made.image.paste((0, 0, 0), (0, 0, 32, 32))  # a copy: painting into it changes nothing
    assert np.asarray(made.image).any()


def test_every_category_has_a_prompt_of_its_own_kind():
    assert set(PROMPTS) == set(taxonomy.categories())
    assert all(prompt.startswith("a photo of ") for prompt in PROMPTS.values())
    assert prompt_for("passport") == PROMPTS["passport"]
    with pytest.raises(ConfigError, match="Unknown category 'dog'"):
        prompt_for("dog")
