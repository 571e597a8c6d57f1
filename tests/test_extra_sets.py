"""The sets beside the benchmark: nothing shared with it, whole pictures in `unseen` only, and edits that show."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sppe_lib.config import changed, load_profile
from sppe_lib.data import build, sweep, taxonomy, unseen
from sppe_lib.data.build import SETS, build_benchmark, build_set, build_sets, claimed
from sppe_lib.data.miniature import draw_pairs, plan_splits
from sppe_lib.data.schema import FULL_IMAGE_DATASETS, check_instance, open_split
from sppe_lib.data.sweep import STRENGTHS, sweep_columns
from sppe_lib.errors import ConfigError, DataError
from sppe_lib.pictures import check_mask
from sppe_lib.world.editor import UNSEEN_INSTRUCTIONS, edit
from sppe_lib.world.scene import render
from sppe_lib.world.scenes import UNSEEN_SCENES, make_scene

SIZE = 32
SMALL = {"size": SIZE, "train_pairs": 4, "val_pairs": 2, "test_pairs": 2, "unseen_pairs": 9}
SMALL |= {"sweep_sources": 3, "sweep_candidates": 2}
SMALL = {f"benchmark.{name}": value for name, value in SMALL.items()}


@pytest.fixture(scope="module")
def profile(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPPE_RESULTS", str(tmp_path_factory.mktemp("results")))
        yield load_profile("smoke", SMALL)


@pytest.fixture(scope="module")
def built(profile):
    return {name: build_set(profile, name, processes=1) for name in SETS}


@pytest.fixture(scope="module")
def rows(built):
    return {name: list(open_split(summary.folder, "test")) for name, summary in built.items()}


@pytest.mark.parametrize("name", SETS)
def test_a_folder_has_one_split_card_counts_and_sound_instances_whatever_the_processes(name, rows, profile):
    folder = profile.results / name
    identities = ["identities.json"] if name == "sweep" else []  # nobody in `unseen` has one
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert sorted(before) == ["README.md", "counts.csv", *identities, "test-00000-of-00001.parquet"]
    counts = pd.read_csv(folder / "counts.csv")
    assert list(counts.columns) == ["split", "modality", "group", "category", "pairs", "instances"]
    assert set(counts["split"]) == {"test"}
    card = (folder / "README.md").read_text()
    assert f"# SPPE-mini {name} (simulated)" in card and "Everything here is simulated" in card
    assert "01b_more_sets" in card and len({row["instance_id"] for row in rows[name]}) == len(rows[name])
    for row in rows[name]:
        check_instance(row)
        assert row["instance_id"] == f"{row['pair_id']}/{row['instruction_code']}"
        assert "simulated" in row["dataset"] and row["split"] == "test" and row["tag"] in taxonomy.TAGS
        for role in ("source", "surrogate"):
            assert row[f"{role}_outcome"] == "done" or np.array_equal(row[role], row[f"edited_{role}"])
    build_set(profile, name, processes=2)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_source_has_every_strength_and_all_candidates(rows):
    named = sweep_columns([row["pair_id"] for row in rows["sweep"]])
    assert np.allclose(named["strength"], [row["strength"] for row in rows["sweep"]])
    of_source = Counter(zip(named["source"], named["strength"]))
    assert {source for source, _ in of_source} == {f"sweep/{index:05d}" for index in range(3)}
    for (_, strength), number in of_source.items():
        assert strength in STRENGTHS and number == (2 if strength == 0.5 else 1)
    assert len(of_source) == 3 * len(STRENGTHS)


def test_surrogates_of_a_source_share_everything_but_themselves_and_differ_inside_the_mask_only(rows):
    sources = sweep_columns([row["pair_id"] for row in rows["sweep"]])["source"]
    for places in sources.groupby(sources).groups.values():
        first, *others = [rows["sweep"][place] for place in places]
        for other in others:
            assert np.array_equal(first["source"], other["source"])
            assert np.array_equal(first["edited_source"], other["edited_source"])
            assert first["instruction"] == other["instruction"]
        pictures = {np.asarray(row["surrogate"]).tobytes() for row in (first, *others)}
        assert len(pictures) == 1 + len(others)
    for row in rows["sweep"]:
        private = np.asarray(row["mask"]) == 255
        source, surrogate = np.asarray(row["source"]), np.asarray(row["surrogate"])
        assert np.array_equal(source[~private], surrogate[~private]) and not np.array_equal(source, surrogate)


def test_no_source_shares_an_identity_and_another_strength_gets_the_candidates(profile):
    claims = {}
    taken = set().union(*(pair.identities for pair in draw_pairs(plan_splits(profile.benchmark), 1, claims)))
    drawn = list(draw_pairs(sweep.plan_sweep(profile.benchmark), 1, claims))
    assert all(pair.identities and not pair.identities & taken for pair in drawn)
    (plan,) = sweep.plan_sweep(replace(profile.benchmark, strength=0.4, sweep_sources=1))
    names = [pair.rpartition("/")[2] for pair in plan.pairs]
    assert names == ["s10-0", "s30-0", "s40-0", "s40-1", "s50-0", "s70-0", "s90-0"]


def test_no_text_is_published_or_repeated_and_the_unseen_editor_fails_as_documented():
    texts = [entry.text.lower() for entry in UNSEEN_INSTRUCTIONS.values()]
    assert len(set(texts)) == len(texts)
    assert not set(texts) & {entry.text.lower() for entry in taxonomy.instructions().values()}
    assert not set(UNSEEN_INSTRUCTIONS) & set(taxonomy.instructions())
    assert not set(UNSEEN_SCENES) & set(taxonomy.categories())
    asked = (("living room", _code("Remove the floor lamp")), ("cats", _code("Add a rainbow")))
    outcomes = {edit(make_scene(kind, seed), code, seed).outcome for kind, code in asked for seed in range(40)}
    assert outcomes == {"done", "missed", "absent"}
    red = _code("Dye the sails red")
    results = [edit(make_scene("boats at sea", seed), red, seed) for seed in range(20)]
    sails = {result.scene.elements[-1].attributes["sail"] for result in results if result.outcome == "done"}
    assert len(sails) > 1


@pytest.mark.parametrize("number", [1, 12, 96, 250])
def test_texts_fit_and_repeat_only_when_there_are_no_more_and_tags_are_as_even_as_these_allow(number):
    kinds = [list(UNSEEN_SCENES)[index % len(UNSEEN_SCENES)] for index in range(number)]
    codes = unseen.assign_instructions(kinds, 0)
    assert codes == unseen.assign_instructions(kinds, 0)
    assert all(kind in UNSEEN_INSTRUCTIONS[code].kinds for kind, code in zip(kinds, codes, strict=True))
    assert max(Counter(codes).values()) <= -(-number // 96)
    tags = Counter(UNSEEN_INSTRUCTIONS[code].tag for code in codes)
    texts = Counter(entry.tag for entry in UNSEEN_INSTRUCTIONS.values())
    assert number > 96 or all(tags[tag] >= min(number // 3, texts[tag]) - 1 for tag in taxonomy.TAGS)


def test_full_masks_are_for_the_unseen_set_only(rows):
    for row in rows["unseen"]:
        assert np.asarray(row["mask"]).min() == 255 and row["strength"] is None
        assert row["dataset"] in FULL_IMAGE_DATASETS
        with pytest.raises(DataError, match="is full"):
            check_instance(row | {"dataset": "SPPE-mini (simulated)"})
    assert all(row["dataset"] not in FULL_IMAGE_DATASETS for row in rows["sweep"])
    with pytest.raises(DataError, match="is empty"):
        check_mask(np.zeros((4, 4), bool), "of nothing", may_be_full=True)


@pytest.mark.parametrize("entry", UNSEEN_INSTRUCTIONS.values(), ids=lambda entry: f"{entry.code} {entry.text}")
def test_every_edit_that_is_done_shows_and_repeats_on_a_scene_of_its_own(entry):
    outcomes = set()
    for seed in range(12):
        kind = entry.kinds[seed % len(entry.kinds)]
        scene = make_scene(kind, seed)
        assert scene == make_scene(kind, seed) and scene != make_scene(kind, seed + 1)
        result = edit(scene, entry.code, seed)
        assert result == edit(scene, entry.code, seed)
        outcomes.add(result.outcome)
        if result.outcome == "done":
            changed = np.abs(render(result.scene, SIZE).astype(int) - render(scene, SIZE)).max(axis=-1)
            assert (changed > 25).mean() > 0.005
            return
        assert result.scene == scene
    pytest.fail(f"never done: {outcomes}")


def _code(text: str) -> str:
    return next(entry.code for entry in UNSEEN_INSTRUCTIONS.values() if entry.text == text)


@pytest.mark.parametrize(("changes", "message"), [
    ({"source": "data/SPPE"}, "drawn by benchmark.source vector-world only.*InstructPix2Pix"),
    ({"unseen_pairs": 0}, "not built in profile smoke, where benchmark.unseen_pairs is 0"),
    ({"unseen_source": ""}, 'not built in profile smoke, where benchmark.unseen_source is ""'),
])  # fmt: skip
def test_a_profile_without_the_set_says_who_has_it(profile, changes, message):
    with pytest.raises(ConfigError, match=message):
        build_set(changed(profile, {f"benchmark.{name}": value for name, value in changes.items()}), "unseen")
    with pytest.raises(ConfigError, match="Unknown set 'validation': use one of sweep, unseen"):
        build_set(profile, "validation")


def test_absent_sets_leave_a_reason_and_nothing_is_lost(results):
    kept = results / "paper" / "unseen" / "mine.txt"
    kept.parent.mkdir(parents=True)
    kept.write_text("kept")
    reasons = build_sets(load_profile("paper"))
    assert set(reasons) == set(SETS) and all(isinstance(reason, str) for reason in reasons.values())
    assert "sources.records InstructPix2Pix" in reasons["unseen"]
    assert reasons["sweep"] in (results / "paper" / "sweep" / "README.md").read_text()
    assert [path.name for path in kept.parent.iterdir()] == ["mine.txt"] and kept.read_text() == "kept"


def test_identities_kept_by_the_benchmark_are_those_it_draws(profile, results, monkeypatch):
    drawn = claimed(profile, 1)
    build_benchmark(profile, processes=1)
    monkeypatch.setattr(build, "plan_splits", lambda *arguments: pytest.fail("drawn again"))
    assert claimed(profile) == drawn
