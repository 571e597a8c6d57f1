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

BOX = box_mask(5, 3, 13, 20)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The folder of a tiny SDXL inpainting model, computing in float32."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub, "compute_dtype", lambda: torch.float32)
        yield tiny_sdxl_inpainting(tmp_path_factory.mktemp("models") / "sdxl")


def make(model, names, strength=0.5, mask=BOX, batch=4, prompts=None, size=(32, 32), **values):
    """The surrogates, as int arrays, of one picture for each name, at 32 pixels."""
    parameters = generation(surrogate_model=model, surrogate_steps=4, size=32, batch=batch, **values)
    images = [picture(number, *size) for number in range(len(names))]
    prompts = prompts or ["a photo"] * len(names)
    made = make_surrogates(images, [mask] * len(names), prompts, parameters, names, strength)
    assert [(one.name, one.image.mode, one.image.size) for one in made] == [(name, "RGB", (32, 32)) for name in names]
    return [np.asarray(one.image).astype(int) for one in made]


def test_the_private_region_changes_and_nothing_else(model):
    (after,) = make(model, ["one"])
    before, private = np.asarray(picture(0)), np.asarray(BOX) > 0
    assert np.array_equal(before[~private], after[~private])
    assert (before[private] != after[private]).any(axis=-1).mean() > 0.9
    make(model, ["wide"], mask=box_mask(8, 8, 30, 40, width=64, height=48), size=(64, 48))  # any shape: a square


def test_a_surrogate_depends_on_its_own_name_seed_and_strength_only(model):
    alone = make(model, ["x", "b"], batch=1)[1]
    assert np.abs(make(model, ["a", "b", "c"])[1] - alone).max() <= 1  # batches round differently
    assert np.array_equal(alone, make(model, ["x", "b"], batch=1)[1])
    for name, values in (("other", {}), ("b", {"seed": 1}), ("b", {"strength": 1.0})):
        assert np.abs(alone - make(model, ["x", name], batch=1, **values)[1]).max() > 10


def test_a_region_thinner_than_a_latent_is_repainted_as_a_whole(model):
    (thin,) = make(model, ["thin"], mask=box_mask(7, 0, 8, 32), strength=1.0)
    assert (np.abs(thin[:, 7] - np.asarray(picture(0))[:, 7]).max(axis=-1) > 0).mean() > 0.9
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
        ({"prompts": ["", ""]}, DataError, "1 images, 1 masks, 2 prompts and 1 names"),
        ({"model": ""}, ConfigError, "No surrogate model"),
    ],
)
def test_what_cannot_be_repainted_is_refused_before_a_model_is_loaded(monkeypatch, change, kind, message):
    monkeypatch.setattr(surrogates, "load_pipeline", lambda *arguments: pytest.fail("loaded a model"))
    with pytest.raises(kind, match=message):
        make(**({"model": "someone/model", "names": ["one"]} | change))


def test_nothing_but_make_surrogates_makes_a_surrogate(model):
    parameters = generation(surrogate_model=model, surrogate_steps=4, size=32)
    (made,) = make_surrogates([picture(0)], [BOX], ["a photo"], parameters, ["one"])
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
