"""SPPE-mini: planning, drawing, leak-free splits, and the stored benchmark."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from datasets import load_dataset
from hypothesis import given, settings
from hypothesis import strategies as st
from released_tree import pixels

from sppe_lib.config import BenchmarkParameters, load_profile
from sppe_lib.data import miniature, taxonomy
from sppe_lib.data.build import build_benchmark
from sppe_lib.data.miniature import DrawnPair, draw_pair, draw_pairs, plan_split, plan_splits
from sppe_lib.data.schema import IMAGE_COLUMNS, SPLITS, check_instance, open_oracle, open_split
from sppe_lib.errors import DataError
from sppe_lib.world.editor import EditResult
from sppe_lib.world.scene import Element, Scene

PAIRS = {"train": 8, "val": 3, "test": 3}


def parameters(size: int = 32, test_seed: int | None = None, **pairs: int) -> BenchmarkParameters:
    numbers = [pairs.get(split, 0) for split in SPLITS]
    return BenchmarkParameters("vector-world", size, 0.5, *numbers, 0, 0, 1, 0, test_seed=test_seed)


SMALL = parameters()


def draw(processes: int = 1, redraws: Counter | None = None, **changes: int) -> list:
    return list(draw_pairs(plan_splits(parameters(**(changes or PAIRS))), processes, redraws=redraws))


def rows_of(pairs) -> list[dict]:
    return [row for pair in pairs for row in pair.rows]


def tags_of(codes) -> Counter:
    return Counter(taxonomy.instruction(code).tag for code in codes)


@pytest.fixture(scope="module")
def drawn():
    return draw()


@given(st.integers(0, 150), st.integers(0, 5), st.integers(1, 2))
@settings(max_examples=25, deadline=None)
def test_plans_are_balanced_fitting_and_repeatable(pairs, seed, number):
    plans = plan_split("train", pairs, SMALL, seed, number)
    assert len(plans) == pairs and plans == plan_split("train", pairs, SMALL, seed, number)
    numbers = Counter(plan.category for plan in plans)
    assert not plans or max(numbers.values()) - min(numbers[name] for name in taxonomy.categories()) <= 1
    for plan in plans:
        fitting = {instruction.code for instruction in taxonomy.instructions_for(plan.category)}
        assert len(set(plan.codes)) == number and set(plan.codes) <= fitting
    tags = tags_of(code for plan in plans for code in plan.codes)
    assert max(tags.values(), default=0) - min(tags[tag] for tag in taxonomy.TAGS) <= 2


@pytest.mark.parametrize("split", SPLITS)
def test_the_miniature_has_its_instructions_and_a_third_of_each_tag_in_every_split(split):
    benchmark = load_profile("mini").benchmark
    used = Counter(code for plan in plan_splits(benchmark) if plan.split == split for code in plan.codes)
    assert len(used) > 60 if split == "val" else set(used) == set(taxonomy.instructions())
    assert set(tags_of(used.elements()).values()) == {2 * benchmark.pairs[split] // 3}


def test_rows_are_sound(drawn):
    rows = rows_of(drawn)
    assert Counter(row["split"] for row in rows) == {split: 2 * number for split, number in PAIRS.items()}
    assert len({row["instance_id"] for row in rows}) == len(rows)
    for row in rows:
        assert row["instance_id"] == f"{row['pair_id']}/{row['instruction_code']}" and "simulated" in row["dataset"]
        assert row["instruction"] == taxonomy.instruction(row["instruction_code"]).text
        private = pixels(row, "mask") == 255
        source, surrogate = pixels(row, "source"), pixels(row, "surrogate")
        assert private.any() and not private.all() and np.array_equal(source[~private], surrogate[~private])
        assert not np.array_equal(source[private], surrogate[private])
        for name in ("source", "surrogate"):  # an edit that is done shows inside M, another one changes nothing
            moved = np.abs(pixels(row, f"edited_{name}").astype(int) - pixels(row, name)).max(axis=-1)
            done = row[f"{name}_outcome"] == "done"
            assert (moved[private] > 16).mean() >= 0.02 if done else not moved.any()
    for first, second in (pair.rows for pair in drawn):
        assert all(first[column] == second[column] for column in ("source", "mask", "surrogate"))
        assert first["instruction_code"] != second["instruction_code"]


def test_processes_order_and_number_change_nothing(drawn):
    assert rows_of(draw(processes=2)) == rows_of(drawn)
    for pair in reversed(drawn):
        assert draw_pair(pair.plan).rows == pair.rows
    few, many = (plan_split("test", number, SMALL, 0) for number in (3, 40))
    assert [plan.seed_for("scene") for plan in few] == [plan.seed_for("scene") for plan in many[:3]]


def test_no_identity_and_no_picture_in_two_splits_and_another_test_seed_draws_no_other(drawn):
    owners: dict[str, set] = {}
    for pair in drawn:
        for shown in (*pair.identities, pair.rows[0]["source"]["bytes"]):
            owners.setdefault(shown, set()).add(pair.plan.split)
    assert all(len(splits) == 1 for splits in owners.values())
    for before, after in zip(drawn, draw(**PAIRS, test_seed=7), strict=True):
        assert (before.rows == after.rows) == (before.plan.split != "test")


def test_identity_is_the_looks_and_any_telling_text():
    def shared(first, second, kind="card"):
        public = Element("tree", 0, 0, 9, 9, {"text": "public 1"})
        private = (Element(kind, 1, 2, 3, 4, attributes, "all") for attributes in (first, second))
        scenes = (Scene({}, (element, public)) for element in private)
        return bool(frozenset.intersection(*map(miniature.identities, scenes)))

    assert shared({"hair": "red"}, {"hair": "red"}) and not shared({"hair": "red"}, {"hair": "blue"})
    assert shared({"text": "ANNA LEE", "ink": "red"}, {"text": ("ANNA", "LEE"), "ink": "blue"})
    assert shared({"text": "@anna7", "ink": "red"}, {"text": "@anna7", "ink": "blue"})
    assert not shared({"text": "ANNA", "ink": "red"}, {"text": "ANNA", "ink": "blue"})
    covers = ({"text": "NORDIA PASSPORT", "cover": colour} for colour in ("red", "blue"))
    assert not shared(*covers, "passport_cover")


def test_where_two_splits_show_the_same_the_test_split_is_drawn_again(monkeypatch):
    real = miniature.scenes.make_scene
    first = {split: plan_split(split, 1, SMALL, 0)[0].seed_for("scene") for split in SPLITS}
    same = lambda name, seed: real(name, first["train"] if seed == first["test"] else seed)
    monkeypatch.setattr(miniature.scenes, "make_scene", same)
    redraws = Counter()
    pairs = draw(redraws=redraws, train=1, val=1, test=1)
    assert [(pair.plan.split, pair.plan.attempt) for pair in pairs] == [("train", 0), ("val", 0), ("test", 1)]
    assert redraws["identities"] == 1 and not pairs[0].identities & pairs[2].identities


def test_useless_masks_are_drawn_again_and_counted_until_attempts_end(monkeypatch):
    real = miniature.surrogates.pair_mask
    answers = [np.zeros((32, 32), bool), np.ones((32, 32), bool)]
    useless_first = lambda *arguments: answers.pop() if answers else real(*arguments)
    monkeypatch.setattr(miniature.surrogates, "pair_mask", useless_first)
    redraws = Counter()
    (pair,) = draw(redraws=redraws, test=1)
    assert (pair.plan.attempt, redraws["masks"]) == (2, 2)
    monkeypatch.setattr(miniature, "ATTEMPTS", 3)
    for value in (False, True):
        monkeypatch.setattr(miniature.surrogates, "pair_mask", lambda *given, value=value: np.full((32, 32), value))
        with pytest.raises(DataError, match="pair 0 of the test split .human face. in 3 attempts"):
            draw(test=1)


def test_what_would_not_show_inside_the_mask_gives_way_to_another_instruction_or_scene(monkeypatch):
    plan = replace(plan_split("test", 1, SMALL, 0)[0], codes=("001", "019"))
    first = miniature.scenes.make_scene(plan.category, plan.seed_for("scene"))

    def drawn_where(shows) -> DrawnPair:
        def edit(scene, code, seed):
            styles = (("pencil", {}),) if shows(scene, code) else ()
            return EditResult(replace(scene, styles=styles), "done")

        monkeypatch.setattr(miniature.editor, "edit", edit)
        return draw_pair(plan)

    other = drawn_where(lambda scene, code: code in ("005", "019"))
    assert [row["instruction_code"] for row in other.rows] == ["005", "019"] and other.plan.attempt == 0
    assert 1 <= other.redraws["instructions"] <= 6 and not other.redraws["scenes"]
    # Setting, not pixels: the surrogate of the first scene has its setting, too.
    later = drawn_where(lambda scene, code: scene.setting != first.setting)
    assert [row["instruction_code"] for row in later.rows] == ["001", "019"]
    assert later.redraws["scenes"] == later.plan.attempt >= 1
    monkeypatch.setattr(miniature, "ATTEMPTS", 2)
    with pytest.raises(DataError, match="2 attempts"):
        drawn_where(lambda scene, code: code == "001")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    results = tmp_path_factory.mktemp("results")
    changes = {f"benchmark.{split}_pairs": number for split, number in PAIRS.items()} | {"benchmark.size": 32}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPPE_RESULTS", str(results))
        profile = load_profile("smoke", changes)
        yield build_benchmark(profile, processes=1).folder


def test_folder_has_shards_card_and_counts(folder, tmp_path):
    shards = [f"{split}-00000-of-00001.parquet" for split in sorted(SPLITS)]
    beside = ["README.md", "counts.csv", "identities.json", "oracle"]
    assert sorted(path.name for path in folder.iterdir()) == [*beside, *shards]
    counts = pd.read_csv(folder / "counts.csv")
    assert list(counts.columns) == ["split", "modality", "group", "category", "pairs", "instances"]
    assert counts.groupby("split")["pairs"].sum().to_dict() == PAIRS
    assert (counts["instances"] == 2 * counts["pairs"]).all()
    card = (folder / "README.md").read_text()
    assert "Everything here is simulated" in card and str(folder.parent) not in card
    loaded = load_dataset(str(folder), cache_dir=str(tmp_path))
    assert {split: len(data) for split, data in loaded.items()} == {split: 2 * PAIRS[split] for split in SPLITS}


def test_stored_instances_are_the_drawn_ones(folder, drawn):
    wanted = {row["instance_id"]: row for row in rows_of(drawn)}
    stored = [row for split in SPLITS for row in open_split(folder, split)]
    assert sorted(row["instance_id"] for row in stored) == sorted(wanted)
    for row in stored:
        check_instance(row)
        assert row["split"] == wanted[row["instance_id"]]["split"] and row["released_label"] is None
        for column in IMAGE_COLUMNS:
            assert np.array_equal(np.asarray(row[column]), pixels(wanted[row["instance_id"]], column))


@pytest.mark.parametrize("split", ["val", "test"])
def test_second_edits_are_of_the_same_instances_and_outcomes_but_realised_another_way(folder, split):
    rows, again = open_split(folder, split), open_oracle(folder, split)
    assert rows["instance_id"][:] == again["instance_id"][:]
    varied = []
    for row, second in zip(rows, again, strict=True):
        before, after = np.asarray(row["source"]), np.asarray(second["edited_again"])
        assert np.array_equal(before, after) == (row["source_outcome"] != "done")
        # What is removed leaves nothing open.
        if row["source_outcome"] == "done" and taxonomy.instruction(row["instruction_code"]).edit_type != "removal":
            varied.append(not np.array_equal(after, np.asarray(row["edited_source"])))
    assert varied and np.mean(varied) > 0.5
    with pytest.raises(DataError, match="no second edits of the split train"):
        open_oracle(folder, "train")
