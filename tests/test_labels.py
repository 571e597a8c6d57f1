"""Labels: the cosine of two edits, undefined where nothing changes."""

import numpy as np
import pandas as pd
import pytest
import torch
from tiny import tiny_benchmark, tiny_clip

from sppe_lib.clip import DatasetFeatures, load_clip
from sppe_lib.data.labels import count_labels, edit_labels, label_table, training_target
from sppe_lib.data.schema import image_tensor, open_split


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labels")
    clip = load_clip(tiny_clip(folder / "clip"))
    benchmark = tiny_benchmark(folder / "benchmark", 7)
    return {split: DatasetFeatures(clip, open_split(benchmark, split)) for split in ("train", "val", "test")}


def test_label_is_the_cosine_of_the_two_changes(features):
    split = features["test"]
    labels = edit_labels(split)
    row = split.dataset[5]
    encoded = {
        name: split.clip.image_features(image_tensor(row[name])[None])[0].double().numpy()
        for name in ("source", "surrogate", "edited_source", "edited_surrogate")
    }
    first, second = encoded["edited_source"] - encoded["source"], encoded["edited_surrogate"] - encoded["surrogate"]
    expected = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    assert labels[5] == pytest.approx(expected, abs=1e-4)


def test_a_surrogate_equal_to_its_source_has_label_one(features):
    # Pairs 0 and 6 of the synthetic benchmark have S = I; pair 0 is unchanged by its edits.
    labels = edit_labels(features["test"])
    assert labels[12:] == pytest.approx([1, 1], abs=1e-4)
    assert (labels[2:12] < 0.9999).all()


def test_unchanged_instances_are_undefined_and_counted(features):
    table = label_table(features)
    assert list(table.columns) == ["instance_id", "split", "label"]
    undefined = table[table["label"].isna()]
    assert list(undefined["instance_id"].str.contains("-0000/")) == [True] * 6
    assert count_labels(table).T.to_dict() == {
        split: {"defined": 12, "undefined": 2} for split in ("train", "val", "test")
    }
    assert table["label"].dropna().between(-1, 1).all()


def test_an_undefined_label_is_stored_empty_and_read_back_undefined(features, tmp_path):
    table = label_table(features)
    table.to_csv(tmp_path / "labels.csv", index=False)
    first_undefined = (tmp_path / "labels.csv").read_text().splitlines()[1]
    assert first_undefined.endswith(",train,")
    read = pd.read_csv(tmp_path / "labels.csv")
    np.testing.assert_allclose(read["label"], table["label"], rtol=1e-6)


def test_training_target_maps_cosines_to_the_unit_interval():
    np.testing.assert_allclose(training_target(np.array([-1.0, 0.0, 1.0])), [0, 0.5, 1])
    assert np.isnan(training_target(np.array([np.nan]))).all()


def test_labels_do_not_depend_on_the_batch(features):
    split = features["val"]
    again = DatasetFeatures(split.clip, split.dataset, batch=3)
    torch.testing.assert_close(edit_labels(again), edit_labels(split), rtol=0, atol=1e-3, equal_nan=True)
