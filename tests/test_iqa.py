"""Image quality baselines: directions that match behaviour, honest reports where weights are missing."""

import dataclasses
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio

from sppe_lib.editability import iqa
from sppe_lib.editability.iqa import METRICS, direction, load_metric, pair_scores, score_all
from sppe_lib.errors import ResourceError

metric = {entry.name: entry for entry in METRICS}.__getitem__
WEIGHT_FREE = [entry.name for entry in METRICS if not entry.weights]
LEARNED = [entry.name for entry in METRICS if entry.weights]
ABSENT = [name for name in LEARNED if name != "ST-LPIPS"]  # whose weights come with no package


@pytest.fixture(scope="module")
def pictures():
    """Two smooth random pictures [2, 3, 64, 64] and fixed noise of the same shape."""
    draws = torch.Generator().manual_seed(3)
    coarse = torch.rand(2, 3, 8, 8, generator=draws)
    pictures = torch.nn.functional.interpolate(coarse, (64, 64), mode="bilinear").clamp(0, 1)
    return pictures, torch.rand(pictures.shape, generator=draws) - 0.5


@pytest.fixture(autouse=True)
def no_weights_and_no_network(monkeypatch, tmp_path):
    """A machine without any weights, on which any download is an error."""

    def refuse(*arguments, **options):
        raise AssertionError("a metric tried to download weights")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(iqa.Path, "home", lambda: tmp_path)
    monkeypatch.setattr(iqa, "try_to_load_from_cache", lambda repository, name: None)
    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)


def _better(entry, first, second):
    return first < second if direction(entry) == "lower" else first > second


def test_the_table_holds_the_nine_weight_free_metrics_and_the_papers_five():
    assert WEIGHT_FREE == ["SSIM", "FSIM", "VIF", "GMSD", "NLPD", "VSI", "MAD", "CW-SSIM", "PSNR"]
    assert LEARNED == ["AFINE-FR", "AHIQ", "DISTS", "ST-LPIPS", "TOPIQ-FR"]
    assert {name for name in LEARNED if direction(metric(name)) == "lower"} == {"AFINE-FR", "DISTS", "ST-LPIPS"}


@pytest.mark.parametrize("name", [*WEIGHT_FREE, "ST-LPIPS"])
def test_direction_agrees_with_behaviour_at_the_size_of_the_miniature(name, pictures):
    entry, (clean, noise) = metric(name), pictures
    # The milder noise is still visible: MAD gives 0 to what it takes to be invisible.
    references = torch.cat([clean] * 3)
    changed = torch.cat([clean, clean + 0.3 * noise, clean + noise]).clamp(0, 1)
    same, mild, strong = pair_scores(entry, load_metric(entry), references, changed).reshape(3, 2)
    assert np.isfinite([same, mild, strong]).all()
    assert _better(entry, same, mild).all() and _better(entry, mild, strong).all()


@pytest.mark.parametrize("name", WEIGHT_FREE)
def test_scores_are_of_one_pair_and_of_what_the_metric_can_have(name, pictures):
    clean, noise = pictures
    entry, changed = metric(name), (clean + 0.3 * noise).clamp(0, 1)
    function = load_metric(entry)
    together = pair_scores(entry, function, clean, changed)
    np.testing.assert_allclose(
        pair_scores(dataclasses.replace(entry, batch=1), function, clean, changed), together, rtol=1e-4
    )
    if name == "PSNR":
        pairs = zip(clean.numpy(), changed.numpy(), strict=True)
        np.testing.assert_allclose(
            together, [peak_signal_noise_ratio(*pair, data_range=1) for pair in pairs], rtol=1e-4
        )
    shades = torch.tensor([0.0, 0.5, 0.5, 1.0]).view(4, 1, 1, 1).expand(4, 3, 64, 64)  # flat ones may have none
    scores = pair_scores(entry, function, shades, shades.roll(1, 0))
    assert (np.abs(scores[np.isfinite(scores)]) <= (1 + 1e-3 if entry.highest == 1 else 200)).all()


def test_ssim_sees_colour(pictures):
    # pyiqa's default is luma, on which a change of colour at equal luma would be invisible.
    clean = 0.3 + 0.4 * pictures[0]
    stripes = 0.2 * torch.sin(torch.arange(64.0))
    recoloured = clean.clone()
    recoloured[:, 0] += stripes
    recoloured[:, 1] -= stripes * 65.481 / 128.553  # the BT.601 weights of red and green
    entry = metric("SSIM")
    on_luma = dataclasses.replace(entry, options={"test_y_channel": True})
    assert pair_scores(entry, load_metric(entry), clean, recoloured).max() < 0.9
    assert pair_scores(on_luma, load_metric(on_luma), clean, recoloured).min() > 0.99


@pytest.mark.parametrize("name", ["VIF", "CW-SSIM"])
def test_small_images_are_enlarged_where_a_pyramid_needs_it(name, pictures):
    entry, (clean, noise) = metric(name), pictures
    small, changed = clean[..., ::2, ::2], (clean + 0.5 * noise).clamp(0, 1)[..., ::2, ::2]
    function = load_metric(entry)
    same, other = (pair_scores(entry, function, small, image) for image in (small, changed))
    assert np.isfinite(same).all() and _better(entry, same, other).all()


def test_what_is_not_there_is_reported_without_a_download_and_has_no_numbers(pictures, monkeypatch, tmp_path):
    for name in ABSENT:
        with pytest.raises(ResourceError, match="weights not available: put ") as error:
            load_metric(metric(name))
        assert all(file.name in str(error.value) for file in metric(name).weights)
    clean, noise = pictures
    scores, methods = score_all([(clean, (clean + 0.3 * noise).clamp(0, 1)), (clean, clean)])
    for method in methods:
        assert method.available is (method.name not in ABSENT) and len(scores[method.name]) == 4
        assert (np.isfinite if method.available else np.isnan)(scores[method.name]).all()
        assert method.available or method.reason.startswith("weights not available")
    _, methods = score_all([], learned=False)
    assert {method.name for method in methods if "learned_metrics" in method.reason} == set(LEARNED)
    (tmp_path / "alex_shift_tolerant.pth").write_bytes(b"truncated")
    monkeypatch.setattr(iqa, "_weight_folders", lambda: {"package": tmp_path})
    with pytest.raises(ResourceError, match="ST-LPIPS: weights not available: .* does not load"):
        load_metric(metric("ST-LPIPS"))


def test_st_lpips_is_its_authors(pictures, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchsummary", SimpleNamespace(summary=None))  # which they import for a printout
    theirs = pytest.importorskip("stlpips_pytorch.stlpips").LPIPS(net="alex", variant="shift_tolerant")
    clean, changed = pictures[0], (pictures[0] + 0.5 * pictures[1]).clamp(0, 1)
    with torch.no_grad():
        expected = theirs(2 * clean - 1, 2 * changed - 1).flatten()
    ours = pair_scores(metric("ST-LPIPS"), load_metric(metric("ST-LPIPS")), clean, changed)
    np.testing.assert_allclose(ours, expected, rtol=1e-4)
