"""Recovery methods on tiny models of the real classes: training, exact resume, LoRA round trip, sampling."""

import dataclasses
import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from datasets import Dataset
from safetensors.torch import load_file, save_file
from tiny import tiny_benchmark, tiny_clip
from tiny_pipelines import tiny_flux
from transformers import AutoTokenizer

from sppe_lib import config, recovery
from sppe_lib.config import load_profile, repository
from sppe_lib.data.parquet import write_parquet
from sppe_lib.data.schema import ORACLE_FEATURES, Batch, collate, open_split, oracle_file
from sppe_lib.data.taxonomy import instructions
from sppe_lib.diffusion import training
from sppe_lib.diffusion.backbone import TEXT_TOKENS, Backbone
from sppe_lib.diffusion.latents import KNOWN, PICTURES, encode_batch
from sppe_lib.diffusion.lora import add_lora, load_lora, save_lora
from sppe_lib.errors import ConfigError, DataError
from sppe_lib.recovery import c2e_s2ser, cross_image_attention, demonstrations, floors_and_ceilings, trained, trivial

TRAINED = recovery.TRAINED


@pytest.fixture
def profile(tmp_path, results):
    """The smoke profile on tiny models and a tiny benchmark of 32 px."""
    flux, clip = str(tiny_flux(tmp_path / "flux", fill=False)), str(tiny_clip(tmp_path / "clip"))
    models = {f"models.{name}": clip for name in ("clip", "metrics_clip", "text")}
    models |= {f"models.{name}": flux for name in ("vae", "transformer")}
    sampling = {"recovery.sampling.batch": 5, "recovery.sampling.steps": 2}
    profile = load_profile("smoke", {"benchmark.size": 32} | models | sampling)
    tiny_benchmark(profile.results / "benchmark", 6, size=32)
    test = open_split(profile.results / "benchmark", "test")
    again = {"instance_id": test["instance_id"][:], "edited_again": test["surrogate"][:]}
    second = oracle_file(profile.results / "benchmark", "test")
    second.parent.mkdir()
    write_parquet(Dataset.from_dict(again, ORACLE_FEATURES), second)
    return profile


def some(profile, count: int, first: int = 0, split: str = "test"):
    return collate(list(open_split(profile.results / "benchmark", split).select(range(first, first + count))))


def changed(profile, **parameters):
    return config.changed(profile, {f"recovery.training.{name}": value for name, value in parameters.items()})


def weights(folder) -> dict[str, torch.Tensor]:
    return load_file(folder / "pytorch_lora_weights.safetensors") | load_file(folder / "extra.safetensors")


@pytest.mark.parametrize("name", TRAINED)
def test_resumed_training_ends_with_the_same_weights(profile, name, monkeypatch, tmp_path):
    straight = weights(recovery.fit(profile, name))

    def killed(*arguments, **options):
        training.train(*arguments, **options, stop_after=3)
        raise KeyboardInterrupt

    (profile.results / "checkpoints" / f"{name}-0.pt").unlink()
    monkeypatch.setattr(trained, "train", killed)
    with pytest.raises(KeyboardInterrupt):
        recovery.fit(profile, name)
    monkeypatch.setattr(trained, "train", training.train)
    folder = recovery.fit(profile, name)
    # The checkpoint was at step 2 of 4: the log proves that the run continued rather than began anew.
    assert list(pd.read_csv(folder / "log.csv")["step"]) == [0, 1, 2, 3]
    resumed = weights(folder)
    assert straight.keys() == resumed.keys()
    assert not [key for key in straight if not torch.equal(straight[key], resumed[key])]


@pytest.mark.parametrize("name", list(recovery.METHODS))
def test_recovery_writes_one_picture_per_instance_whatever_the_batch_and_reads_no_reference(profile, name):
    recovery.fit(profile, name)
    first = Dataset.from_parquet(str(recovery.recover_split(profile, name)))
    assert first["instance_id"] == open_split(profile.results / "benchmark", "test")["instance_id"]
    assert first[0]["image"].size == (32, 32)
    other = config.changed(profile, {"recovery.sampling.batch": 3})
    second = Dataset.from_parquet(str(recovery.recover_split(other, name)))
    for one, two in zip(first, second, strict=True):
        difference = np.asarray(one["image"], float) - np.asarray(two["image"], float)
        # Products in bfloat16 may round differently in another batch shape; on some processors a pixel by 8 levels.
        assert np.abs(difference).mean() <= 1 and np.abs(difference).max() <= 16
    recover, batch = recovery.method(name).load(profile), some(profile, 2)
    painted = recover(batch)
    blind = dataclasses.replace(batch, edited_source=torch.zeros_like(batch.edited_source))
    assert torch.equal(painted, recover(blind)) or name == "oracle-realisation"
    if name in ("frozen", *TRAINED):  # the whole target is painted, and M is one of SOER's maps only
        outside = batch.mask.expand(-1, 3, -1, -1) == 0
        assert (painted != batch.edited_surrogate)[outside].float().mean() > 0.9
        other = dataclasses.replace(batch, mask=1 - batch.mask)
        assert torch.equal(recover(other), painted) == (name != "SOER")


def test_a_training_on_other_weights_in_the_same_place_starts_anew(profile):
    first = pd.read_csv(recovery.fit(profile, "EditTransfer") / "log.csv")
    assert pd.read_csv(recovery.fit(profile, "EditTransfer") / "log.csv").equals(first)
    (stored,) = (Path(profile.models.transformer) / "transformer").glob("*.safetensors")
    save_file({name: value * 1.1 for name, value in load_file(stored).items()}, stored)
    again = pd.read_csv(recovery.fit(profile, "EditTransfer") / "log.csv")
    assert len(again) == len(first) and (again["recovery"] != first["recovery"]).all()


def test_folder_names_are_no_patterns_and_temporaries_no_results(profile, tmp_path, monkeypatch):
    recovery.fit(profile, "EditTransfer")
    benchmark, expected = profile.results / "benchmark", recovery.recover_split(profile, "EditTransfer").read_bytes()
    for name in ("run[1]?*", "a::b", "{x},~ é"):
        shutil.copytree(benchmark, tmp_path / name / "smoke" / "benchmark")
        monkeypatch.setenv("SPPE_RESULTS", str(tmp_path / name))
        folder = recovery.fit(profile, "EditTransfer")
        assert folder.is_relative_to(tmp_path / name) and list(folder.iterdir())
        # What a killed run leaves beside a finished one.
        shutil.copytree(folder, folder.parent / ".seed-0.abc" / "seed-0")
        made = recovery.recover_split(profile, "EditTransfer")
        assert made.is_relative_to(tmp_path / name) and made.read_bytes() == expected
        assert recovery.recover_all(profile, "EditTransfer") == [made]
        assert [path.name for path in made.parent.iterdir()] == [made.name]


def test_floors_and_ceilings(profile):
    batch, backbone = some(profile, 2), Backbone(profile.models)
    through = lambda pictures: backbone.decode(backbone.encode(pictures))
    assert torch.equal(recovery.method("oracle-words").load(profile)(batch), through(batch.surrogate))
    assert torch.equal(recovery.method("oracle-realisation").load(profile)(batch), through(batch.edited_source))
    frozen, base = floors_and_ceilings.Frozen.load(profile), c2e_s2ser.C2eS2ser.of(profile)
    base.tag, latents = False, frozen.encode(batch)
    asked = latents, torch.rand_like(latents.source), torch.ones(2), torch.rand(2, 3, *latents.source.shape[1:])
    assert torch.equal(frozen.velocity(*asked), base.velocity(*asked))
    oracle_file(profile.results / "benchmark", "test").unlink()
    for name in ("oracle-words", "oracle-realisation"):
        assert recovery.recover_all(profile, name) == []
        assert not list((profile.results / "recovered" / name).iterdir())
    with pytest.raises(DataError, match="no second edits"):
        recovery.recover_split(profile, "oracle-words")


def test_the_cycle_starts_after_its_warm_up_and_the_releases_terms_are_in_both_passes(profile):
    folder = recovery.fit(profile, "C2E-S2SER")
    log, plain = pd.read_csv(folder / "log.csv"), weights(folder)
    assert log["cycle"].isna().tolist() == [True, True, False, False]
    base = type("Base", (c2e_s2ser.C2eS2ser,), {"name": "base", "cycle": False, "tag": False})
    log = pd.read_csv(base.fit(profile) / "log.csv")
    assert not {"cycle", "tag"} & set(log.columns)
    released = changed(profile, keep_term=True, noised_tag=True, cycle_warmup_steps=0)
    folder = recovery.fit(released, "C2E-S2SER")
    log = pd.read_csv(folder / "log.csv")
    assert {"tag", "recovery", "keep", "cycle", "cycle keep"} <= set(log.columns) and log.notna().all(axis=None)
    assert any(not torch.equal(value, plain[name]) for name, value in weights(folder).items())


def test_the_keep_term_looks_where_the_pair_is_alike(profile):
    backbone = Backbone(profile.models)
    batch = encode_batch(backbone, some(profile, 1))
    noise = torch.randn_like(batch.source)
    same = dataclasses.replace(batch, edited_surrogate=batch.surrogate)
    far = dataclasses.replace(batch, edited_surrogate=batch.surrogate + 100)
    assert c2e_s2ser.keep_loss(same, noise - batch.source, noise) == 0
    assert c2e_s2ser.keep_loss(same, noise, noise) > 0 == c2e_s2ser.keep_loss(far, noise, noise)


def test_the_tag_is_encoded_with_the_instruction(profile):
    method = c2e_s2ser.C2eS2ser.of(profile)
    batch = encode_batch(method.backbone, some(profile, 3))
    method.given_tag = True
    expected = method.backbone.text.encode([f"<{tag}> {text}" for tag, text in zip(batch.tag, batch.instruction)])
    assert torch.equal(method.text(batch).sequence, expected.sequence)
    assert torch.equal(method.text(batch).pooled, expected.pooled)
    method.given_tag = False
    chosen = [c2e_s2ser.TAGS.index(tag) for tag in batch.tag]
    logits = torch.nn.functional.one_hot(torch.tensor(chosen), 3).float()
    assert torch.equal(method.text(batch, logits).pooled, expected.pooled)


def test_repetitions_are_trained_and_recovered_with_their_own_seeds_and_a_manifest_says_what_was_run(profile):
    profile = changed(profile, seeds=2)
    recovery.fit(profile, "EditTransfer")
    folders = [profile.results / "training" / "EditTransfer" / f"seed-{number}" for number in range(2)]
    first, second = (weights(folder) for folder in folders)
    assert any(not torch.equal(first[key], second[key]) for key in first)
    names = [path.name for path in recovery.recover_all(profile, "EditTransfer")]
    assert names == ["benchmark.parquet", "benchmark-seed1.parquet"]
    manifest = json.loads((folders[0] / "manifest.json").read_text())
    assert manifest["steps"] == profile.recovery.training.steps and manifest["instances"] == 12
    assert manifest["trained_parameters"] > 0 and manifest["matmul_share"] > 0


def test_lora_round_trip_changes_the_model_as_the_training_did(profile, tmp_path):
    def velocity(backbone):
        features = torch.randn(1, 16, backbone.channels, generator=torch.Generator().manual_seed(1))
        text = backbone.text.encode(["remove text"])
        return backbone.predict(features, torch.zeros(16, 3), torch.tensor([0.5]), text)

    plain = velocity(Backbone(profile.models))
    adapted = Backbone(profile.models)
    parameters = add_lora(adapted.transformer, 4, 4, 0, "all")
    assert torch.equal(velocity(adapted), plain)  # B starts at zero
    with torch.no_grad():
        for name, value in parameters.items():
            if "lora_B" in name:
                value.add_(0.05)
    changed = velocity(adapted)
    save_lora(adapted.transformer, tmp_path / "lora")
    loaded = Backbone(profile.models)
    load_lora(loaded.transformer, tmp_path / "lora")
    for layer in adapted.transformer.modules():
        layer.__dict__.pop("forward", None)
    assert torch.allclose(velocity(adapted), changed, atol=1e-4)  # peft's own way of the same product
    difference = (changed - plain).abs().mean()
    assert difference > 0.1 and (velocity(loaded) - changed).abs().mean() < 0.03 * difference
    wide, quantised, narrow = (Backbone(profile.models) for _ in range(3))
    wide.transformer.float()
    quantised.transformer.quantization_method = "any"
    narrow.transformer.to(torch.bfloat16)
    for backbone, merged in ((wide, True), (quantised, False), (narrow, False)):
        load_lora(backbone.transformer, tmp_path / "lora")
        assert any(getattr(layer, "merged", False) for layer in backbone.transformer.modules()) == merged


def test_equal_pictures_are_encoded_once_in_a_process(profile, monkeypatch):
    backbone, batch, kept, asked = Backbone(profile.models), some(profile, 4, 2, "train"), {}, []
    plain = {name: backbone.encode(getattr(batch, name)) for name in KNOWN}
    real = backbone.encode
    monkeypatch.setattr(backbone, "encode", lambda images: asked.append(len(images)) or real(images))
    first, second = (encode_batch(backbone, batch, KNOWN, kept) for _ in range(2))
    assert asked == [2 + 2 + 4] and len(kept) == 8  # I and S of two pairs, S' of four instances
    assert encode_batch(backbone, batch, PICTURES).edited_source is not None and first.edited_source is None
    for name, expected in plain.items():
        assert torch.allclose(getattr(first, name), expected, atol=0.05)  # bfloat16 in other batch shapes
        assert torch.equal(getattr(first, name), getattr(second, name))


def test_trivial_recoveries_and_local_linear_finds_a_linear_edit_exactly(profile):
    batch = collate(list(open_split(profile.results / "benchmark", "test")))
    inside = batch.mask.expand(-1, 3, -1, -1) > 0
    assert torch.equal(trivial.copy_surrogate(batch), batch.edited_surrogate)
    pasted = trivial.paste_source(batch)
    assert torch.equal(pasted[inside], batch.source[inside])
    assert torch.equal(pasted[~inside], batch.edited_surrogate[~inside])
    generator = torch.Generator().manual_seed(0)
    surrogate, source = (torch.rand(1, 3, 32, 32, generator=generator) * 0.5 + 0.25 for _ in range(2))
    edit = lambda image: 0.6 * image + 0.2 * image.flip(1) + 0.05
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 8:24, 8:24] = 1
    names = {name: ["x"] for name in ("instance_id", "pair_id", "category", "group", "modality", "instruction", "tag")}
    edited = {"edited_surrogate": edit(surrogate), "edited_source": edit(source)}
    batch = Batch(**names, source=source, mask=mask, surrogate=surrogate, **edited)
    error = (trivial.local_linear(batch, ridge=1e-8) - edit(source)).abs() * mask
    assert error.max() < 2e-3


def test_a_method_trains_with_its_own_learning_rate_and_another_one_does_not(profile):
    own = changed(profile, learning_rate=1e-3, learning_rates=(("SOER", 3e-3),))
    logs = [pd.read_csv(recovery.fit(own, name) / "log.csv") for name in ("SOER", "EditTransfer")]
    highest, other = (log["learning_rate"].max() for log in logs)
    assert highest == pytest.approx(3 * other)
    with pytest.raises(ConfigError, match="recovery.training.learning_rates names 'SEOR', which is no trained method"):
        recovery.fit(changed(profile, learning_rates=(("SEOR", 3e-3),)), "SOER")


def test_the_readmes_example_of_a_new_method_runs(profile, monkeypatch):
    blocks = (repository() / "README.md").read_text(encoding="utf-8").split("```python\n")[1:]
    [example] = [block.split("```")[0] for block in blocks if "METHODS[" in block]
    monkeypatch.setattr(recovery, "METHODS", dict(recovery.METHODS))
    monkeypatch.setattr("sppe_lib.config.load_profile", lambda: profile)
    exec(compile(example, "README.md", "exec"), {})
    made = Dataset.from_parquet(str(profile.results / "recovered" / "add-change" / "benchmark.parquet"))
    assert len(made) == len(open_split(profile.results / "benchmark", "test"))


def test_an_unknown_method_and_a_missing_training_are_said_clearly(profile):
    with pytest.raises(ConfigError, match="copy-surrogate"):
        recovery.fit(profile, "magic")
    with pytest.raises(DataError, match="03_train_recovery"):
        recovery.recover_split(profile, "SOER")


def test_templated_prompts_keep_the_whole_instruction():
    tokenizer = AutoTokenizer.from_pretrained(config.model_location("weights/clip"))
    methods = (recovery.METHODS[name].imported() for name in ("EditTransfer", "C2E-S2SER"))
    prompts = (method.prompts(method, entry.text) for method in methods for entry in instructions().values())
    texts = itertools.chain.from_iterable(prompts)
    assert max(len(tokenizer(text).input_ids) for text in texts) <= TEXT_TOKENS


def test_visii_moves_the_embedding_towards_the_shown_edit_and_ignores_its_neighbours(profile):
    backbone = Backbone(profile.models)
    batch, first = some(profile, 3), some(profile, 1)
    method = recovery.METHODS["VISII"].imported()(backbone, profile.recovery.sampling, seed=0)
    found = method.invert(encode_batch(backbone, batch), batch.instance_id)
    alone = method.invert(encode_batch(backbone, first), first.instance_id)
    start = backbone.text.encode(batch.instruction)
    assert not torch.equal(found.sequence, start.sequence)
    # Adam's steps have the learning rate's size whatever the gradient, so rounding shows where it is near zero.
    steps, rate = profile.recovery.sampling.inversion_steps, profile.recovery.sampling.inversion_learning_rate
    assert (found.sequence[:1] - alone.sequence).abs().median() < 0.1 * steps * rate


def test_an_inactive_cross_image_processor_is_stock_and_adapted_statistics_those_of_the_appearance(profile):
    backbone = Backbone(profile.models)
    features = torch.randn(2, 8, backbone.channels, generator=torch.Generator().manual_seed(1))
    arguments = features, torch.zeros(8, 3), torch.tensor([0.5, 0.5]), backbone.text.encode(["remove text"] * 2)
    stock = backbone.predict(*arguments)
    processor = cross_image_attention.CrossImageProcessor(4)
    backbone.transformer.set_attn_processor(processor)
    assert torch.allclose(backbone.predict(*arguments), stock, atol=2e-2)  # bfloat16 resolution
    processor.active = True
    swapped = backbone.predict(*arguments)
    assert torch.allclose(swapped[1], stock[1], atol=2e-2) and not torch.allclose(swapped[0], stock[0], atol=2e-2)
    tokens, like = torch.randn(2, 16, 4), 3 * torch.randn(2, 16, 4) + 1
    adapted = cross_image_attention.adapt_statistics(tokens, like)
    assert torch.allclose(adapted.mean(1), like.mean(1), atol=1e-5)
    assert torch.allclose(adapted.std(1), like.std(1), atol=1e-4)


@pytest.mark.parametrize("name", ["copy-surrogate", *TRAINED])
def test_the_last_of_the_shown_steps_is_the_recovery_and_with_another_pair_only_the_evidence_changes(profile, name):
    recovery.fit(profile, name)
    recover, batch, others = recovery.method(name).load(profile), some(profile, 1), some(profile, 1, 7)
    assert torch.equal(demonstrations.with_pair_of(recover, batch, batch), recover(batch))
    assert not torch.equal(demonstrations.with_pair_of(recover, batch, others), recover(batch))
    recovery.recover_split(profile, name)
    assert demonstrations.shuffled_pairs(profile, name).axes
    if name == "copy-surrogate":
        return
    method, test = recovery.method(name).imported().load(profile), open_split(profile.results / "benchmark", "test")
    batch = collate([test[0], test[3]])
    steps = demonstrations.estimates(method, batch)
    assert [round(time, 3) for time, _ in steps] == [1.0, 0.5]
    first, last = ((shown - method.recover(batch)).abs().max() for _, shown in steps)
    assert last < 1e-3 < first
    assert demonstrations.sampling_steps(method, test, [0, 3]).axes
    assert isinstance(demonstrations.seen_tags(method, test), str) == (name != "C2E-S2SER")
    if name == "C2E-S2SER":
        rewards = demonstrations.cycle_rewards(method, test, 5)
        assert rewards.loc["I', perfect", "distance to I'"] == 0 < rewards["distance to I'"].drop("I', perfect").min()
        assert (rewards["L_cyc"] > 0).all()
