"""CLIP's features whatever the batch, and the eight metrics: against scikit-image, at their ends, through `measure`."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import tiny
import torch
import transformers.utils
from evaluation_files import METHODS, noisy, profile_in, recover_all, write_recovered
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage import data
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from tiny import tiny_benchmark, tiny_clip
from transformers import AutoTokenizer, CLIPImageProcessor, CLIPModel

from sppe_lib.clip import DatasetFeatures, cosine, direction_cosine, load_clip
from sppe_lib.data.schema import image_tensor, open_split
from sppe_lib.errors import DataError, ResourceError
from sppe_lib.evaluation import metrics
from sppe_lib.evaluation.measure import COLUMNS, evaluate_all, measure, metrics_file, recovered_methods
from sppe_lib.evaluation.metrics import METRIC_NAMES, PSNR_LIMIT, Views, metric
from sppe_lib.published import read_published
from sppe_lib.recovery import recovered_file


@pytest.fixture(scope="module")
def location(tmp_path_factory):
    return tiny_clip(tmp_path_factory.mktemp("clip") / "clip")


@pytest.fixture(scope="module")
def clip(location):
    return load_clip(location)


IMAGES = torch.rand(5, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def test_features_have_the_promised_shape_and_type_and_are_those_of_transformers(clip, location):
    features = clip.image_features(IMAGES)
    assert features.shape == (5, clip.dimension) and features.dtype == torch.float32
    assert not features.requires_grad and not clip.model.training
    assert not torch.allclose(features.norm(dim=-1), torch.ones(5), atol=0.1), "features must not be normalised"
    assert clip.text_features(["a", "b c"]).shape == (2, clip.dimension)
    assert clip.image_features(IMAGES[:0]).shape == clip.text_features([]).shape == (0, clip.dimension)
    alone = clip.text_features(["Turn to be vintage"])
    together = clip.text_features(["Turn to be vintage", "Let the person wear sunglasses " * 20])
    torch.testing.assert_close(alone[0], together[0], rtol=1e-4, atol=1e-5)
    assert cosine(together[:1], together[1:]).item() < 0.999
    pixels = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    picture = Image.fromarray(pixels).resize((64, 64), Image.Resampling.BICUBIC)
    processor = CLIPImageProcessor.from_pretrained(location)
    model = CLIPModel.from_pretrained(location).eval()
    with torch.no_grad():
        expected = model.get_image_features(**processor(picture, return_tensors="pt")).pooler_output
    # The processor rounds the resized image to 8 bits; this kit does not.
    assert cosine(clip.image_features(image_tensor(picture)[None]), expected).item() > 0.9999


def test_no_change_has_no_direction_and_others_are_the_same_opposite_or_orthogonal(clip):
    edited = IMAGES.flip(1)
    before, after = clip.image_features(IMAGES), clip.image_features(edited)
    # The same images in other batches: their features differ in the last bits only.
    same = clip.image_features(IMAGES, batch=2)
    assert torch.isnan(direction_cosine(before, same, before, after)).all()
    assert torch.isnan(direction_cosine(before, after, before, same)).all()
    assert torch.isfinite(direction_cosine(before, after, before, after)).all()
    assert torch.isnan(cosine(torch.zeros(1, 4), torch.ones(1, 4))).all()
    zero, right, up = torch.tensor([[1.0, 1.0]]), torch.tensor([[3.0, 1.0]]), torch.tensor([[1.0, 6.0]])
    assert direction_cosine(zero, right, zero, right).item() == pytest.approx(1)
    assert direction_cosine(zero, right, right, zero).item() == pytest.approx(-1)
    assert direction_cosine(zero, right, zero, up).item() == pytest.approx(0)


def test_dataset_features_follow_the_rows(clip, tmp_path):
    dataset = open_split(tiny_benchmark(tmp_path, 3), "test")
    features = DatasetFeatures(clip, dataset, batch=2)
    for column in ("source", "edited_source"):
        direct = clip.image_features(torch.stack([image_tensor(row[column]) for row in dataset]))
        torch.testing.assert_close(features.images(column), direct, rtol=1e-4, atol=1e-5)
        mirrored = clip.image_features(torch.stack([image_tensor(row[column]).flip(-1) for row in dataset]))
        torch.testing.assert_close(features.images(column, flipped=True), mirrored, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(features.texts(), clip.text_features(dataset["instruction"][:]), rtol=1e-4, atol=1e-5)


def test_missing_weights_and_a_single_image_without_batch_axis_are_a_clear_sentence(tmp_path, clip):
    with pytest.raises(ResourceError, match="weights/no-such-clip.*00_pretrain_miniature"):
        load_clip("weights/no-such-clip")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ResourceError, match="models.clip"):
        load_clip(str(tmp_path / "empty"))
    with pytest.raises(DataError, match=r"\[B, 3, H, W\]"):
        clip.image_features(torch.rand(3, 64, 64))


def test_a_whole_processors_file_serves_as_well(location, tmp_path):
    folder = tmp_path / "clip"
    shutil.copytree(location, folder)
    alone = folder / "preprocessor_config.json"
    (folder / "processor_config.json").write_text(json.dumps({"image_processor": json.loads(alone.read_text())}))
    alone.unlink()
    assert torch.equal(load_clip(str(folder)).mean, load_clip(str(location)).mean)
    (folder / "processor_config.json").write_text("{}")
    load_clip.cache_clear()
    with pytest.raises(ResourceError, match="holds image_mean"):
        load_clip(str(folder))


def test_a_revision_behind_the_hub_id_is_the_one_loaded(location, monkeypatch):
    asked = []
    for owner, name in (
        (CLIPModel, "from_pretrained"),
        (AutoTokenizer, "from_pretrained"),
        (transformers.utils, "cached_file"),
    ):
        real = getattr(owner, name)

        def load(model, *more, real=real, revision=None, **options):
            asked.append((model, revision))
            return real(location, *more, **options)

        monkeypatch.setattr(owner, name, load)
    first, second = load_clip("owner/clip@v1"), load_clip("owner/clip@v2")
    assert first is not second and first is load_clip("owner/clip@v1")
    assert asked == [("owner/clip", "v1")] * 3 + [("owner/clip", "v2")] * 3


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
    black = torch.zeros(1, 3, 32, 32)
    assert metric("psnr_gt").compute(_views(black + 0.1, black), None).item() == pytest.approx(20, abs=1e-5)


def test_equal_images_reach_the_top_of_every_range_and_an_empty_region_is_undefined():
    images, _ = _known_pairs(64)
    roles = ("recovered", "source", "edited_source")
    views = _views(images, images, features={(role, None): torch.eye(2) for role in roles})
    for name in ("clip_sim_src", "ssim_src", "psnr_src", "clip_sim_gt", "ssim_gt", "psnr_gt"):
        assert metric(name).compute(views, None).tolist() == pytest.approx(
            [PSNR_LIMIT if name.startswith("psnr") else 1] * 2
        )
    features = {(role, "outside"): torch.eye(2) for role in roles}
    views = _views(images, images, mask=torch.ones(2, 1, 64, 64), features=features)
    for name in ("ssim_src", "psnr_src", "clip_sim_src"):
        assert metric(name).compute(views, "outside").isnan().all()


@given(st.integers(0, 2**31), st.integers(10, 54), st.integers(1, 54))
@settings(max_examples=15, deadline=None)
def test_inside_and_outside_make_up_the_whole(seed, top, height):
    generator = torch.Generator().manual_seed(seed)
    first, second = (torch.rand(1, 3, 64, 64, generator=generator) for _ in range(2))
    mask = torch.zeros(1, 1, 64, 64)
    mask[:, :, top : top + height, 20:50] = 1
    views = _views(first, second, mask=mask)
    share = mask.mean().item()
    regions = (None, "inside", "outside")
    errors = {region: 10 ** (-metric("psnr_gt").compute(views, region).item() / 10) for region in regions}
    assert errors[None] == pytest.approx(share * errors["inside"] + (1 - share) * errors["outside"], rel=1e-6)
    share = mask[:, :, 3:-3, 3:-3].mean().item()  # SSIM leaves out a border of half a window
    values = {region: metric("ssim_gt").compute(views, region).item() for region in regions}
    assert values[None] == pytest.approx(share * values["inside"] + (1 - share) * values["outside"], rel=1e-6)


ROLES = ("source", "edited_source", "surrogate", "edited_surrogate", "recovered")


def _directions(*vectors) -> tuple[float, float]:
    """DirI and DirS of features of the five ROLES."""
    features = {(role, None): torch.tensor([value], dtype=torch.float32) for role, value in zip(ROLES, vectors)}
    views = Views({}, torch.ones(1, 1, 2, 2), features)
    return tuple(metric(name).compute(views, None).item() for name in ("dir_i", "dir_s"))


def test_directions_are_one_for_the_true_edit_minus_one_for_its_opposite_whatever_the_length():
    up, down = [1.0, 0.2], [1.0, -0.2]
    assert _directions([1, 0], up, [1, 0], up, up) == pytest.approx((1, 1), abs=1e-3)
    # Unit features lie on a circle, so the opposite edit is opposite up to its curvature.
    assert _directions([1, 0], up, [1, 0], up, down)[0] < -0.9
    values = [[1, 0.0], [1, 0.3], [0.9, 0.1], [0.8, 0.4], [1, 0.2]]
    longer = [[5 * x for x in vector] for vector in values]
    assert _directions(*longer) == pytest.approx(_directions(*values), abs=1e-5)


def test_no_change_has_no_direction_but_a_method_that_does_not_edit_has_failed():
    source, edited = [1, 0.0], [1, 0.3]
    dir_i, dir_s = _directions(source, source, source, edited, edited)
    assert np.isnan(dir_i) and dir_s == pytest.approx(1, abs=1e-5)
    dir_i, dir_s = _directions(source, edited, source, source, edited)
    assert dir_i == pytest.approx(1, abs=1e-5) and np.isnan(dir_s)
    assert _directions(source, edited, source, edited, source) == (0, 0)
    assert all(np.isnan(value) for value in _directions(source, source, source, source, source))


def test_only_large_images_are_resized_and_grey_covers_the_other_region_only():
    small, large = torch.rand(1, 3, 64, 64), torch.rand(1, 3, 512, 512)
    assert metrics.prepare(small) is small and metrics.prepare(large).shape[-2:] == (224, 224)
    mask = torch.zeros(1, 1, 512, 512)
    mask[..., :256] = 1
    reduced = metrics.prepare_mask(mask)
    assert set(reduced.unique().tolist()) == {0, 1} and reduced.mean() == 0.5
    images, mask = torch.zeros(1, 3, 4, 4), torch.zeros(1, 1, 4, 4)
    mask[..., :2] = 1
    assert metrics.grey_outside(images, mask, "inside")[..., :2].sum() == 0
    assert (metrics.grey_outside(images, mask, "inside")[..., 2:] == 0.5).all()
    assert (metrics.grey_outside(images, mask, "outside")[..., :2] == 0.5).all()


def test_metrics_are_the_published_eight_in_order():
    assert list(METRIC_NAMES) == list(dict.fromkeys(read_published("table5_table6_recovery_sppe")["metric"]))
    assert len(metrics.REGIONAL_NAMES) == 12


@pytest.fixture
def run(tmp_path, monkeypatch):
    clip = tiny.tiny_clip(tmp_path / "clip")
    profile = profile_in(tmp_path, monkeypatch, clip)
    tiny.tiny_benchmark(profile.results / "benchmark", {"train": 1, "val": 1, "test": 4})
    return profile


def _measured(profile, method: str) -> pd.DataFrame:
    return measure(profile, "benchmark", [("benchmark", method)])["benchmark", method]


def test_evaluate_writes_one_row_an_instance_whatever_the_order_and_counts_what_is_undefined(run, monkeypatch):
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
    first = worse
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


def test_a_perfect_recovery_is_perfect_and_outside_m_the_surrogates_edit_is_kept(run):
    test = open_split(run.results / "benchmark", "test")
    write_recovered(run, "C2E-S2SER", test["instance_id"][:], test["edited_source"][:])
    table = _measured(run, "C2E-S2SER")
    assert table["psnr_gt"].tolist() == pytest.approx([PSNR_LIMIT] * 8)
    assert table["ssim_gt"].tolist() == pytest.approx([1] * 8)
    assert table["dir_i"].dropna().tolist() == pytest.approx([1] * 6, abs=1e-4)
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
    test, path = open_split(run.results / "benchmark", "test"), recovered_file(run, "SOER")
    names, images = test["instance_id"][:], test["edited_source"][:]
    for message, made in {
        "run 04_recover for it first": None,
        f"without {names[0]}": (names[1:], images[1:]),
        "1 unknown": ([*names[1:], "tiny/else/001"], images),
        "twice": ([*names, names[0]], [*images, images[0]]),
        "32x32 pixels but its source is 64x64": (names, [image.resize((32, 32)) for image in images]),
        "cannot be read": (),
    }.items():
        if made:
            write_recovered(run, "SOER", *made)
        elif made is not None:
            path.write_bytes(path.read_bytes()[:100])
        with pytest.raises(DataError, match=message):
            _measured(run, "SOER")
    assert not metrics_file(run, "SOER").exists()
