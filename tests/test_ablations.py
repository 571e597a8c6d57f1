"""Ablations of C2E-S2SER on tiny models: what is trained, what is taken away, and that nothing else changes."""

import dataclasses
import shutil

import pytest
import torch
from datasets import Dataset
from test_recovery import profile, weights  # noqa: F401

from sppe_lib import recovery
from sppe_lib.data.schema import collate, open_evaluated, open_split
from sppe_lib.diffusion.latents import encode_batch
from sppe_lib.recovery import ablation_rows, ablations
from sppe_lib.recovery.c2e_s2ser import C2eS2ser


def test_training_lengths_are_states_of_one_run(profile):  # noqa: F811
    profile = dataclasses.replace(
        profile, ablation=dataclasses.replace(profile.ablation, steps=6, cycle_warmup_steps=3)
    )
    recovery.fit(profile, ablation_rows.FULL.method)
    folder = profile.results / "training"
    rows = (ablation_rows.FULL, *ablation_rows.ITERATIONS)
    found = {row.label: weights(folder / row.method / "seed-0") for row in rows}
    lengths = {
        label: len((folder / f"ablation/{label}" / "seed-0" / "log.csv").read_text().splitlines()) - 1
        for label in found
    }
    shutil.rmtree(folder / "ablation")  # as DVC does before it runs the stage again
    recovery.fit(profile, "ablation/base + cycle + edit tag")
    assert all((folder / f"ablation/{label}" / "seed-0" / "manifest.json").is_file() for label in found)
    assert lengths == {
        "base + cycle + edit tag": 6,
        "5/6 of the steps": 5,
        "7/6 of the steps": 7,
        "8/6 of the steps": 8,
    }
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
    batch, split = (
        collate(list(open_evaluated(profile, "validation"))),
        open_split(profile.results / "benchmark", "val"),
    )
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

    assert not same("nothing taken away", source=noise)
    assert same("without I", source=noise)
    assert not same("nothing taken away", surrogate=noise, edited_surrogate=noise)
    assert same("without S and S'", surrogate=noise, edited_surrogate=noise)
    assert same("without text", instruction=["something else"] * 4)
    other = [tag for tag in ("EDIT", "STYLE") if tag not in batch.tag[:1]][:1] * 4
    assert same("nothing taken away", tag=other) and same("with a random tag", tag=other)
    tags = [
        result(f"without text, with {which}", tag=["ADD/REMOVE"] * 4) for which in ("the oracle's tag", "a random tag")
    ]
    assert not torch.equal(*tags)
    assert same("without text, with the oracle's tag", instruction=["something else"] * 4)


def test_every_ablation_recovers_the_validation_split_and_stands_in_no_table_of_methods(profile):  # noqa: F811
    recovery.fit(profile, "C2E-S2SER")
    [path] = recovery.recover_all(profile, "ablation/with a shuffled pair (S, S')")
    assert path.name == "validation.parquet"
    assert Dataset.from_parquet(str(path))["instance_id"] == open_evaluated(profile, "validation")["instance_id"]
    assert not set(ablations.METHODS) & set(recovery.METHODS)
    assert [row.method for row in ablation_rows.ROWS] == sorted(
        ablations.METHODS, key=[row.method for row in ablation_rows.ROWS].index
    )
