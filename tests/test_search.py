"""The search: what is tried, that it is resumable and disturbs nothing, and the rule it chooses by."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from datasets import Dataset
from evaluation_files import noisy
from test_recovery import changed, profile  # noqa: F401

from sppe_lib import config, recovery
from sppe_lib.config import load_profile
from sppe_lib.data.schema import open_evaluated
from sppe_lib.errors import DataError
from sppe_lib.evaluation import rendering, search_tables
from sppe_lib.recovery import search
from sppe_lib.recovery.sharded import RECOVERED_FEATURES


def with_cells(profile, count):  # noqa: F811
    """The profile with another limit on the cells of a method."""
    return dataclasses.replace(profile, ablation=dataclasses.replace(profile.ablation, search_cells=count))


def cell(method, **values):
    """A cell of one method by the short names of its parameters."""
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


def test_every_method_that_has_something_to_choose_is_searched_by_real_parameters():
    assert set(search.GRID) == {"VISII", *recovery.TRAINED}
    for grid in search.GRID.values():
        for key, values in grid.items():
            for value in values:
                load_profile("mini", {key: value})


def test_a_rate_of_its_own_is_the_one_that_a_method_is_said_to_have(profile):  # noqa: F811
    settings = changed(profile, learning_rate=1e-3, learning_rates=(("EditTransfer", 5e-4),))
    assert search.own_values(settings, "EditTransfer") == {"recovery.training.learning_rate": 5e-4}
    assert search.own_values(settings, "SOER") == {"recovery.training.learning_rate": 1e-3}


@pytest.mark.parametrize("name", ["smoke", "mini", "paper"])
def test_the_profiles_own_values_are_among_the_cells_once(name):
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


def test_the_best_is_the_one_nearest_to_the_reference_and_of_equal_ones_the_cheapest(profile):  # noqa: F811
    profile = with_cells(profile, 0)
    noise = {  # VISII's rates at 5 and 10 steps; nothing else of VISII was run
        (5, 0.005): 30, (5, 0.02): 8, (5, 0.05): 30, (10, 0.005): 8, (10, 0.02): 7.95, (10, 0.05): 30,
    }  # fmt: skip
    for (steps, rate), amount in noise.items():
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


def test_the_table_is_written_and_marks_both_choices(profile, tmp_path):  # noqa: F811
    profile = with_cells(profile, 0)
    write_pictures(profile, cell("SOER", learning_rate=5e-4), 5)
    write_pictures(profile, cell("SOER", learning_rate=1e-3), 9)
    document = search_tables.search_table(profile)
    [soer] = [section for section in document.sections if section.heading == "SOER"]
    assert list(soer.cells["in params.yaml"]) == ["yes", "", "", ""] and list(soer.cells["best"]) == ["", "yes", "", ""]
    paths = rendering.write(document, tmp_path)
    assert [path.name for path in paths] == ["table_search.csv", "table_search.md", "table_search.tex"]
    assert list(pd.read_csv(paths[0]).columns) == list(search_tables.search_data(profile).columns)
    assert "not run in this profile yet" in paths[1].read_text(encoding="utf-8")
