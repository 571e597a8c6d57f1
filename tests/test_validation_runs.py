"""Ablations of C2E-S2SER and the search: what is trained, taken away or tried on the validation split, and the rule."""

import dataclasses
import os
import shutil

import numpy as np
import pytest
import torch
from datasets import Dataset
from evaluation_files import noisy
from test_recovery import changed, profile, weights  # noqa: F401

from sppe_lib import config, recovery
from sppe_lib.config import load_profile
from sppe_lib.data.schema import collate, open_evaluated, open_split
from sppe_lib.diffusion.latents import encode_batch
from sppe_lib.errors import DataError
from sppe_lib.evaluation import search_tables
from sppe_lib.recovery import ablation_rows, ablations, search
from sppe_lib.recovery.c2e_s2ser import C2eS2ser
from sppe_lib.recovery.sharded import RECOVERED_FEATURES


def test_training_lengths_are_states_of_one_run(profile):  # noqa: F811
    profile = config.changed(profile, {"ablation.steps": 6, "ablation.cycle_warmup_steps": 3})
    recovery.fit(profile, ablation_rows.FULL.method)
    folder = profile.results / "training"
    rows = (ablation_rows.FULL, *ablation_rows.ITERATIONS)
    found = {row.label: weights(folder / row.method / "seed-0") for row in rows}
    logs = {label: (folder / f"ablation/{label}" / "seed-0" / "log.csv").read_text() for label in found}
    shutil.rmtree(folder / "ablation")  # as DVC does before it runs the stage again
    recovery.fit(profile, "ablation/base + cycle + edit tag")
    assert all((folder / f"ablation/{label}" / "seed-0" / "manifest.json").is_file() for label in found)
    lengths = {f"{steps}/6 of the steps": steps for steps in (5, 7, 8)} | {ablation_rows.FULL.label: 6}
    assert {label: len(log.splitlines()) - 1 for label, log in logs.items()} == lengths
    # The state after six steps is that of a run that had only six.
    shorter = weights(type("Six", (C2eS2ser,), {"name": "six steps"}).fit(ablations.ablation_profile(profile)))
    assert all(torch.equal(shorter[key], found[ablation_rows.FULL.label][key]) for key in shorter)
    assert any(not torch.equal(found["5/6 of the steps"][key], found["8/6 of the steps"][key]) for key in shorter)


@pytest.mark.parametrize("count", [1, 2, 4, 5, 12])
def test_shuffled_rows_are_never_of_the_same_pair_and_each_is_taken_once(count):
    pairs = [f"pair {number // 2}" for number in range(count)]
    rows = ablations.shuffled_rows(pairs, seed=3)
    assert sorted(rows) == sorted(rows.values()) == list(range(count))
    if count > 3:
        assert all(pairs[row] != pairs[other] for row, other in rows.items())
    assert rows == ablations.shuffled_rows(pairs, seed=3)


def test_a_shuffled_pair_is_another_instances_and_one_of_the_same_words_has_them(profile):  # noqa: F811
    recovery.fit(profile, "C2E-S2SER")
    batch = collate(list(open_evaluated(profile, "validation")))
    split = open_split(profile.results / "benchmark", "val")
    for method in (ablations.Shuffled.load(profile), ablations.SameWords.load(profile)):
        others = [split[method.others[name]] for name in batch.instance_id]
        taken, shown = encode_batch(method.backbone, collate(others)), method.encode(batch)
        assert torch.allclose(shown.source, encode_batch(method.backbone, batch).source, atol=0.05)
        for name in ("surrogate", "edited_surrogate"):  # bfloat16 in other batch shapes
            assert torch.allclose(getattr(shown, name), getattr(taken, name), atol=0.05)
        if method.same_words:
            assert [other["instruction"] for other in others] == batch.instruction
        else:
            assert all(other["pair_id"] != own for other, own in zip(others, batch.pair_id))


def test_taking_an_input_away_hides_exactly_that_input(profile):  # noqa: F811
    recovery.fit(profile, "C2E-S2SER")
    rows = list(open_evaluated(profile, "validation").select(range(4)))
    batch = collate(rows)
    noise = torch.rand_like(batch.source)

    def result(label, **replaced):
        return recovery.method(f"ablation/{label}").load(profile)(dataclasses.replace(batch, **replaced))

    def same(label, **replaced):
        return torch.equal(result(label), result(label, **replaced))

    assert not same("nothing taken away", source=noise) and same("without I", source=noise)
    assert not same("nothing taken away", surrogate=noise, edited_surrogate=noise)
    assert same("without S and S'", surrogate=noise, edited_surrogate=noise)
    assert same("without text", instruction=["something else"] * 4)
    other = [tag for tag in ("EDIT", "STYLE") if tag not in batch.tag[:1]][:1] * 4
    assert same("nothing taken away", tag=other) and same("with a random tag", tag=other)
    ways = ("the oracle's tag", "a random tag")
    assert not torch.equal(*(result(f"without text, with {way}", tag=["ADD/REMOVE"] * 4) for way in ways))
    assert same("without text, with the oracle's tag", instruction=["something else"] * 4)


def test_every_ablation_recovers_the_validation_split_and_stands_in_no_table_of_methods(profile):  # noqa: F811
    recovery.fit(profile, "C2E-S2SER")
    [path] = recovery.recover_all(profile, "ablation/with a shuffled pair (S, S')")
    assert path.name == "validation.parquet"
    assert Dataset.from_parquet(str(path))["instance_id"] == open_evaluated(profile, "validation")["instance_id"]
    assert not set(ablations.METHODS) & set(recovery.METHODS)
    assert {row.method for row in ablation_rows.ROWS} == set(ablations.METHODS)
    assert len(ablation_rows.ROWS) == len(ablations.METHODS)


def with_cells(profile, count):  # noqa: F811
    return config.changed(profile, {"ablation.search_cells": count})


def cell(method, **values):
    section = "training" if "learning_rate" in values else "sampling"
    return search.Cell(method, {f"recovery.{section}.{name}": value for name, value in values.items()})


def write_pictures(profile, chosen, noise):  # noqa: F811
    """A cell's pictures without running it: the reference with some noise."""
    rows = open_evaluated(profile, "validation")
    images = [noisy(row["edited_source"], noise, row["instance_id"]) for row in rows]
    path = search.picture_file(profile, chosen)
    path.parent.mkdir(parents=True, exist_ok=True)
    made = {"instance_id": rows["instance_id"][:], "image": images}
    Dataset.from_dict(made, features=RECOVERED_FEATURES).to_parquet(str(path))


@pytest.mark.parametrize("name", ["smoke", "mini", "paper"])
def test_every_method_that_has_something_to_choose_is_searched_and_the_profiles_own_values_are_a_cell_once(name):
    assert set(search.GRID) == {"VISII", *recovery.TRAINED}
    for limit in (0, 3):
        settings = with_cells(load_profile(name), limit)
        for method, grid in search.GRID.items():
            found = [entry.values for entry in search.cells(settings) if entry.method == method]
            assert found.count(search.own_values(settings, method)) == 1
            full = np.prod([len(values) for values in grid.values()])
            assert len(found) == limit or not limit and len(found) in (full, full + 1)


@pytest.mark.parametrize(
    "chosen", [cell("EditTransfer", learning_rate=2e-3), cell("VISII", inversion_steps=3, inversion_learning_rate=0.1)]
)
def test_a_cell_recovers_the_validation_split_as_a_profile_with_its_values_would(profile, chosen):  # noqa: F811
    path = search.run_cell(profile, chosen)
    made = Dataset.from_parquet(str(path))
    assert made["instance_id"][:] == open_evaluated(profile, "validation")["instance_id"][:]
    # Nothing but the pictures and the shared latents is left, and nothing where the profile's own trainings are.
    assert not list((profile.results / "search" / "work").iterdir())
    assert {entry.name for entry in profile.results.iterdir()} <= {"benchmark", "latents", "search"}
    own = search.cell_profile(profile, chosen)
    assert own.recovery.training.steps == profile.recovery.training.steps and own.recovery.training.seeds == 1
    recovery.fit(own, chosen.method)
    expected = Dataset.from_parquet(str(recovery.recover_split(own, chosen.method, "validation")))
    assert all(one["image"].tobytes() == two["image"].tobytes() for one, two in zip(made, expected, strict=True))


def test_a_done_cell_is_not_repeated_and_a_stopped_one_leaves_no_result(profile, monkeypatch):  # noqa: F811
    chosen, real = cell("EditTransfer", learning_rate=1e-3), search.recover_in_shards

    def stopped(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(search, "recover_in_shards", stopped)
    with pytest.raises(KeyboardInterrupt):
        search.run_cell(profile, chosen)
    assert not search.picture_file(profile, chosen).exists()
    monkeypatch.setattr(search, "recover_in_shards", real)
    path = search.run_cell(profile, chosen)
    monkeypatch.setattr(search, "recover_in_shards", stopped)
    assert search.run_cell(profile, chosen) == path


def test_a_cell_is_made_anew_for_other_settings_but_not_for_another_choice_in_params(profile):  # noqa: F811
    chosen = cell("SOER", learning_rate=1e-3)
    path = search.picture_file(profile, chosen)
    assert search.picture_file(changed(profile, learning_rate=5e-4), chosen) == path
    assert search.picture_file(changed(profile, learning_rates=(("SOER", 5e-4),)), chosen) == path
    sampling = {"recovery.sampling.batch": 3, "recovery.sampling.inversion_steps": 7}
    assert search.picture_file(config.changed(profile, sampling), chosen) == path
    assert search.picture_file(changed(profile, rank=4), chosen) != path
    assert search.picture_file(changed(profile, steps=9), chosen) != path


def test_a_cell_is_made_anew_for_other_data_but_not_for_the_same_bytes_written_later(profile):  # noqa: F811
    chosen = cell("SOER", learning_rate=1e-3)
    path, data = search.picture_file(profile, chosen), next((profile.results / "benchmark").glob("val*.parquet"))
    os.utime(data, (1, 1))
    assert search.picture_file(profile, chosen) == path
    data.write_bytes(data.read_bytes() + b"0")
    assert search.picture_file(profile, chosen) != path


def test_the_best_is_the_one_nearest_to_the_reference_and_of_equal_ones_the_cheapest(profile):  # noqa: F811
    profile = with_cells(profile, 0)
    noise = {5: (30, 8, 30), 10: (8, 7.95, 30)}  # VISII's rates at 5 and 10 steps; nothing else of VISII was run
    for steps, amounts in noise.items():
        for rate, amount in zip((0.005, 0.02, 0.05), amounts):
            write_pictures(profile, cell("VISII", inversion_steps=steps, inversion_learning_rate=rate), amount)
    for rate, amount in ((5e-4, 20), (1e-3, 12), (2e-3, 4)):
        write_pictures(profile, cell("SOER", learning_rate=rate), amount)
    data = search_tables.search_data(profile)
    best = data[data["best"]].set_index("method")["parameters"].to_dict()
    assert best == {"VISII": "inversion_steps=5, inversion_learning_rate=0.02", "SOER": "learning_rate=0.002"}
    params = data[data["in_params"]].set_index("method")["parameters"].to_dict()
    shared = dict.fromkeys(search.TRAINED, "learning_rate=0.001")
    assert params == {"VISII": "inversion_steps=2, inversion_learning_rate=0.02"} | shared
    soer = data[data["method"] == "SOER"].dropna(subset="value").sort_values("parameters")
    assert soer["value"].is_monotonic_increasing and (soer["n"] == len(open_evaluated(profile, "validation"))).all()
    assert (soer["low"] <= soer["value"]).all() and (soer["value"] <= soer["high"]).all()
    assert data.loc[data["method"] == "C2E-S2SER", "value"].isna().all()
    document = search_tables.search_table(profile)
    [soer] = [section for section in document.sections if section.heading == "SOER"]
    assert list(soer.cells["in params.yaml"]).count("yes") == list(soer.cells["best"]).count("yes") == 1
    assert "not run in this profile yet" in document._repr_markdown_()


def test_the_criterion_looks_inside_the_mask_only(profile):  # noqa: F811
    chosen = cell("SOER", learning_rate=1e-3)
    rows = open_evaluated(profile, "validation")
    write_pictures(profile, chosen, 10)
    path = search.picture_file(profile, chosen)
    pictures = Dataset.from_parquet(str(path))
    values = []
    for row, made in zip(rows, pictures, strict=True):
        private = np.asarray(row["mask"]) > 127
        error = (np.asarray(row["edited_source"], float) - np.asarray(made["image"], float))[private] / 255
        values.append(-10 * np.log10((error**2).mean()))
    assert search_tables.measure_cell(profile, chosen)["value"] == pytest.approx(np.mean(values), abs=1e-3)
    pictures.select(range(len(pictures) - 1)).to_parquet(str(path))
    with pytest.raises(DataError, match="03b_search"):
        search_tables.measure_cell(profile, chosen)
