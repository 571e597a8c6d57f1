"""The eight metrics: against scikit-image, at their ends, and through `measure`."""

import numpy as np
import pandas as pd
import pytest
import tiny
import torch
from evaluation_files import METHODS, noisy, profile_in, recover_all, write_recovered
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage import data
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from sppe_lib.data.schema import open_split
from sppe_lib.errors import DataError
from sppe_lib.evaluation.measure import COLUMNS, evaluate_all, measure, metrics_file, recovered_methods
from sppe_lib.evaluation.metrics import (
    METRIC_NAMES,
    METRICS,
    PSNR_LIMIT,
    REGIONAL_NAMES,
    Views,
    grey_outside,
    metric,
    prepare,
    prepare_mask,
)
from sppe_lib.published import read_published
from sppe_lib.recovery import recovered_file


def _known_pairs(size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two photographs of scikit-image, and the same distorted: noise, and brightness with a shifted edge."""
    first = np.stack([data.astronaut()[:size, 100 : 100 + size], data.chelsea()[:size, 100 : 100 + size]]) / 255
    generator = np.random.default_rng(0)
    second = np.stack([first[0] + generator.normal(0, 0.08, first[0].shape), np.roll(first[1], 2, axis=1) * 0.8])
    return tuple(torch.from_numpy(images.clip(0, 1)).permute(0, 3, 1, 2).float() for images in (first, second))


def _views(recovered, source, reference=None, mask=None, features=None) -> Views:
    reference = source if reference is None else reference
    mask = torch.ones(len(source), 1, *source.shape[-2:]) if mask is None else mask
    return Views({"recovered": recovered, "source": source, "edited_source": reference}, mask, features or {})


@pytest.mark.parametrize("size", [64, 128])
def test_ssim_and_psnr_are_those_of_scikit_image(size):
    first, second = _known_pairs(size)
    views = _views(first, second)
    for index, (one, other) in enumerate(zip(first, second)):
        one, other = (image.permute(1, 2, 0).double().numpy() for image in (one, other))
        ssim = structural_similarity(one, other, channel_axis=2, data_range=1.0)
        psnr = peak_signal_noise_ratio(one, other, data_range=1.0)
        assert metric("ssim_src").compute(views, None)[index].item() == pytest.approx(ssim, abs=1e-9)
        assert metric("psnr_src").compute(views, None)[index].item() == pytest.approx(psnr, abs=1e-9)


def test_psnr_of_a_known_error_is_exact():
    black = torch.zeros(1, 3, 32, 32)
    assert metric("psnr_gt").compute(_views(black + 0.1, black), None).item() == pytest.approx(20, abs=1e-5)


def test_equal_images_reach_the_top_of_every_range():
    images, _ = _known_pairs(64)
    features = {
        (role, region): torch.eye(2)
        for role in ("recovered", "source", "edited_source")
        for region in (None, "inside", "outside")
    }
    views = _views(images, images, features=features)
    for name in ("clip_sim_src", "ssim_src", "psnr_src", "clip_sim_gt", "ssim_gt", "psnr_gt"):
        assert metric(name).compute(views, None).tolist() == pytest.approx([metric(name).highest] * 2)


@given(st.integers(0, 2**31), st.integers(10, 54), st.integers(1, 54))
@settings(max_examples=15, deadline=None)
def test_inside_and_outside_make_up_the_whole(seed, top, height):
    generator = torch.Generator().manual_seed(seed)
    first, second = (torch.rand(1, 3, 64, 64, generator=generator) for _ in range(2))
    mask = torch.zeros(1, 1, 64, 64)
    mask[:, :, top : top + height, 20:50] = 1
    views = _views(first, second, mask=mask)
    share = mask.mean().item()
    errors = {
        region: 10 ** (-metric("psnr_gt").compute(views, region).item() / 10) for region in (None, "inside", "outside")
    }
    assert errors[None] == pytest.approx(share * errors["inside"] + (1 - share) * errors["outside"], rel=1e-6)
    share = mask[:, :, 3:-3, 3:-3].mean().item()  # SSIM leaves out a border of half a window
    values = {region: metric("ssim_gt").compute(views, region).item() for region in (None, "inside", "outside")}
    assert values[None] == pytest.approx(share * values["inside"] + (1 - share) * values["outside"], rel=1e-6)


def test_an_empty_region_is_undefined_not_zero():
    images, _ = _known_pairs(64)
    features = {(role, "outside"): torch.eye(2) for role in ("recovered", "source", "edited_source")}
    views = _views(images, images, mask=torch.ones(2, 1, 64, 64), features=features)
    for name in ("ssim_src", "psnr_src", "clip_sim_src"):
        assert metric(name).compute(views, "outside").isnan().all()


def _directions(source, edited_source, surrogate, edited_surrogate, recovered) -> tuple[float, float]:
    roles = {
        "source": source,
        "edited_source": edited_source,
        "surrogate": surrogate,
        "edited_surrogate": edited_surrogate,
        "recovered": recovered,
    }
    features = {(name, None): torch.tensor([value], dtype=torch.float32) for name, value in roles.items()}
    views = Views({}, torch.ones(1, 1, 2, 2), features)
    return tuple(metric(name).compute(views, None).item() for name in ("dir_i", "dir_s"))


def test_directions_are_one_for_the_true_edit_and_minus_one_for_its_opposite():
    up, down = [1.0, 0.2], [1.0, -0.2]
    assert _directions([1, 0], up, [1, 0], up, up) == pytest.approx((1, 1), abs=1e-3)
    # Unit features lie on a circle, so the opposite edit is opposite up to its curvature.
    assert _directions([1, 0], up, [1, 0], up, down)[0] < -0.9


def test_directions_ignore_the_length_of_features():
    values = [[1, 0.0], [1, 0.3], [0.9, 0.1], [0.8, 0.4], [1, 0.2]]
    longer = [[5 * x for x in vector] for vector in values]
    assert _directions(*longer) == pytest.approx(_directions(*values), abs=1e-5)


def test_no_change_has_no_direction():
    source, edited = [1, 0.0], [1, 0.3]
    dir_i, dir_s = _directions(source, source, source, edited, edited)
    assert np.isnan(dir_i) and dir_s == pytest.approx(1, abs=1e-5)
    dir_i, dir_s = _directions(source, edited, source, source, edited)
    assert dir_i == pytest.approx(1, abs=1e-5) and np.isnan(dir_s)


def test_a_method_that_does_not_edit_has_failed_and_is_not_undefined():
    source, edited = [1, 0.0], [1, 0.3]
    assert _directions(source, edited, source, edited, source) == (0, 0)
    assert all(np.isnan(value) for value in _directions(source, source, source, source, source))


def test_only_large_images_are_resized():
    small, large = torch.rand(1, 3, 64, 64), torch.rand(1, 3, 512, 512)
    assert prepare(small) is small
    assert prepare(large).shape[-2:] == (224, 224)
    mask = torch.zeros(1, 1, 512, 512)
    mask[..., :256] = 1
    reduced = prepare_mask(mask)
    assert set(reduced.unique().tolist()) == {0, 1} and reduced.mean() == 0.5


def test_grey_covers_the_other_region_only():
    images, mask = torch.zeros(1, 3, 4, 4), torch.zeros(1, 1, 4, 4)
    mask[..., :2] = 1
    assert grey_outside(images, mask, "inside")[..., :2].sum() == 0
    assert (grey_outside(images, mask, "inside")[..., 2:] == 0.5).all()
    assert (grey_outside(images, mask, "outside")[..., :2] == 0.5).all()


def test_metrics_are_the_published_eight_in_order():
    assert list(METRIC_NAMES) == list(dict.fromkeys(read_published("table5_table6_recovery_sppe")["metric"]))
    assert all(entry.lowest < entry.highest for entry in METRICS)
    assert len(REGIONAL_NAMES) == 12


@pytest.fixture
def run(tmp_path, monkeypatch):
    clip = tiny.tiny_clip(tmp_path / "clip")
    profile = profile_in(tmp_path, monkeypatch, clip)
    tiny.tiny_benchmark(profile.results / "benchmark", {"train": 1, "val": 1, "test": 4})
    return profile


def _measured(profile, method: str) -> pd.DataFrame:
    return measure(profile, "benchmark", [("benchmark", method)])["benchmark", method]


def test_evaluate_writes_one_row_an_instance_and_counts_what_is_undefined(run):
    recover_all(run)
    assert recovered_methods(run) == sorted(METHODS)
    table = evaluate_all(run)["benchmark"]["C2E-S2SER"]
    stored = pd.read_csv(metrics_file(run, "C2E-S2SER"))
    assert list(stored.columns) == list(COLUMNS)
    assert stored["instance_id"].tolist() == open_split(run.results / "benchmark", "test")["instance_id"][:]
    # The first pair of the tiny benchmark is unchanged by its edits: I' = I has no direction.
    assert stored["dir_i"].isna().tolist() == [True, True] + [False] * 6
    assert stored["psnr_gt"].to_numpy() == pytest.approx(table["psnr_gt"].to_numpy(), abs=1e-5)
    worse = _measured(run, "SOER")
    for name in ("ssim_gt", "psnr_gt", "ssim_gt_inside", "psnr_gt_inside"):
        assert (table[name] > worse[name]).all()


def test_order_and_batches_do_not_matter(run, monkeypatch):
    recover_all(run)
    first = _measured(run, "SOER")
    test = open_split(run.results / "benchmark", "test")
    images = [noisy(row["edited_source"], 12, row["instance_id"]) for row in test]
    write_recovered(run, "SOER", test["instance_id"][::-1], images[::-1])
    object.__setattr__(run.evaluation, "batch", 3)
    second = _measured(run, "SOER")
    pd.testing.assert_frame_equal(first, second, check_exact=False, atol=1e-4)


def test_evaluate_all_takes_what_is_there_and_forgets_what_is_gone(run):
    assert evaluate_all(run) == {}
    recover_all(run)
    withdrawn = metrics_file(run, "withdrawn")
    withdrawn.parent.mkdir(parents=True)
    withdrawn.write_text("instance_id\nold\n")
    killed = recovered_file(run, "SOER").parent / ".benchmark.parquet.x1" / "benchmark.parquet"
    killed.parent.mkdir()
    killed.write_bytes(recovered_file(run, "SOER").read_bytes()[:100])
    assert {name: set(tables) for name, tables in evaluate_all(run).items()} == {"benchmark": set(METHODS)}
    assert set((run.results / "metrics").rglob("*.csv")) == {metrics_file(run, method) for method in METHODS}


def test_a_perfect_recovery_is_perfect(run):
    test = open_split(run.results / "benchmark", "test")
    write_recovered(run, "C2E-S2SER", test["instance_id"][:], test["edited_source"][:])
    table = _measured(run, "C2E-S2SER")
    assert table["psnr_gt"].tolist() == pytest.approx([PSNR_LIMIT] * 8)
    assert table["ssim_gt"].tolist() == pytest.approx([1] * 8)
    assert table["dir_i"].dropna().tolist() == pytest.approx([1] * 6, abs=1e-4)


def test_outside_m_the_surrogates_edit_is_kept_for_the_second_table(run):
    test = open_split(run.results / "benchmark", "test")
    names = test["instance_id"][:]
    write_recovered(run, "copy-surrogate", names, test["edited_surrogate"][:])
    damaged = []
    for row in test:
        pixels, private = np.array(row["edited_surrogate"]), np.array(row["mask"]) > 127
        pixels[~private] = 0  # what a method paints outside M does not matter here
        damaged.append(Image.fromarray(pixels))
    write_recovered(run, "SOER", names, damaged)
    copied, painted = _measured(run, "copy-surrogate"), _measured(run, "SOER")
    assert (painted["psnr_gt"] < copied["psnr_gt"] - 1).all()
    for name in METRIC_NAMES:
        assert painted[f"{name}_kept"].to_numpy() == pytest.approx(copied[name].to_numpy(), abs=1e-6, nan_ok=True)


def test_bad_recovered_files_are_refused_in_one_sentence(run):
    test = open_split(run.results / "benchmark", "test")
    names, images = test["instance_id"][:], test["edited_source"][:]
    with pytest.raises(DataError, match="run 04_recover for it first"):
        _measured(run, "SOER")
    write_recovered(run, "SOER", names[1:], images[1:])
    with pytest.raises(DataError, match=f"without {names[0]}"):
        _measured(run, "SOER")
    write_recovered(run, "SOER", [*names[1:], "tiny/else/001"], images)
    with pytest.raises(DataError, match="1 unknown"):
        _measured(run, "SOER")
    write_recovered(run, "SOER", [*names, names[0]], [*images, images[0]])
    with pytest.raises(DataError, match="twice"):
        _measured(run, "SOER")
    write_recovered(run, "SOER", names, [image.resize((32, 32)) for image in images])
    with pytest.raises(DataError, match="32x32 pixels but its source is 64x64"):
        _measured(run, "SOER")
    path = recovered_file(run, "SOER")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match="cannot be read"):
        _measured(run, "SOER")
    assert not metrics_file(run, "SOER").exists()
