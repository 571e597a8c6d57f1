"""Panels, flow and the training loop: token order as in the stock pipelines, exact paths, seeded rows."""

import os
from types import SimpleNamespace

import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline
from huggingface_hub.errors import RevisionNotFoundError
from hypothesis import given, settings
from hypothesis import strategies as st

from sppe_lib import locations
from sppe_lib.diffusion import flow, panels, training
from sppe_lib.diffusion.backbone import load_component
from sppe_lib.errors import KitError, ResourceError
from sppe_lib.locations import location_key


def test_token_order_and_positions_are_those_of_the_stock_pipeline():
    latents = torch.randn(2, 16, 8, 8)
    assert torch.equal(panels.pack(latents), FluxPipeline._pack_latents(latents, 2, 16, 8, 8))
    assert torch.equal(panels.unpack(panels.pack(latents)), latents)
    stock = FluxPipeline._prepare_latent_image_ids(1, 8, 8, "cpu", torch.float32)
    grid = [panels.positions(4, row, column).view(4, 4, 3) for row in (0, 1) for column in (0, 1)]
    ours = torch.cat([torch.cat(grid[:2], dim=1), torch.cat(grid[2:], dim=1)], dim=0)
    assert torch.equal(ours.flatten(0, 1), stock)


def test_mask_channels_are_those_of_flux_fill():
    mask = (torch.rand(1, 1, 32, 32) > 0.5).float()
    stock = mask[:, 0].view(1, 4, 8, 4, 8).permute(0, 2, 4, 1, 3).reshape(1, 64, 4, 4)
    assert torch.equal(panels.pack_mask(mask, 8), FluxPipeline._pack_latents(stock, 1, 64, 4, 4))


def test_fill_layout_puts_condition_and_mask_where_they_belong():
    target, known, outside = torch.randn(2, 4, 8), torch.randn(2, 4, 8), torch.randn(2, 4, 8)
    mask = (torch.rand(2, 1, 8, 8) > 0.5).float()
    time = torch.tensor([0.25, 0.75])
    noise = torch.randn(2, 1, 4, 8)
    painting = panels.Painting(outside, mask)
    features, ids = panels.assemble(target, [panels.Panel(known, 0, 1)], painting, 8 + 8 + 16, 2, time, noise)
    assert features.shape == (2, 8, 32) and ids.shape == (8, 3)
    assert torch.equal(features[:, :4, :8], target)
    assert torch.equal(features[:, :4, 8:16], outside)
    assert torch.equal(features[:, :4, 16:], panels.pack_mask(mask, 2))
    assert torch.equal(features[:, 4:, 8:16], known)
    assert torch.equal(features[:, 4:, 16:], torch.zeros(2, 4, 16))
    expected = (1 - time.view(2, 1, 1)) * known + time.view(2, 1, 1) * noise[:, 0]
    assert torch.allclose(features[:, 4:, :8], expected)


def test_clean_layout_and_a_layout_that_fits_neither():
    target, known = torch.randn(1, 4, 8), torch.randn(1, 4, 8)
    painting = panels.Painting(known, torch.ones(1, 1, 8, 8))
    features, _ = panels.assemble(target, [panels.Panel(known, 0, 0)], painting, 8, 2, torch.tensor([0.5]))
    assert torch.equal(features, torch.cat([target, known], dim=1))
    with pytest.raises(ValueError, match="fits neither"):
        panels.assemble(target, [], painting, 9, 2, torch.tensor([0.5]))


def test_what_is_known_of_a_target_is_grey_inside_its_mask_only():
    pictures, mask = torch.rand(2, 3, 8, 8), (torch.rand(2, 1, 8, 8) > 0.5).float()
    grey = panels.grey_inside(pictures, mask)
    inside = mask.expand(-1, 3, -1, -1) > 0
    assert (grey[inside] == 0.5).all() and torch.equal(grey[~inside], pictures[~inside])


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 12), st.floats(0.5, 3.0))
def test_the_exact_velocity_leads_to_the_data_in_any_number_of_steps(steps, shift):
    clean, noise = torch.randn(2, 3, 4), torch.randn(2, 3, 4)
    scheduler = FlowMatchEulerDiscreteScheduler(shift=shift)
    result = flow.integrate(lambda tokens, time: noise - clean, noise, scheduler, steps)
    assert torch.allclose(result, clean, atol=1e-4)


def test_clean_estimate_and_loss_vanish_at_the_truth():
    clean, noise, time = torch.randn(2, 3, 4), torch.randn(2, 3, 4), torch.tensor([0.3, 0.9])
    assert torch.allclose(flow.clean_estimate(flow.noisy(clean, noise, time), noise - clean, time), clean, atol=1e-5)
    assert flow.flow_matching_loss(noise - clean, clean, noise) == 0


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 40), st.integers(1, 17), st.integers(0, 5))
def test_every_row_comes_once_per_epoch(count, batch, seed):
    run = training.TrainingSettings("x", 100, batch, 1e-3, seed, 10)
    rows = [row for step in range(-(-3 * count // batch)) for row in training.rows_at(step, run, count)]
    for epoch in range(3):
        assert sorted(rows[epoch * count : (epoch + 1) * count]) == list(range(count))


def test_training_stops_at_a_loss_that_is_not_finite_and_keeps_the_checkpoint(tmp_path):
    value = torch.nn.Parameter(torch.ones(3))

    def losses(step, rows, generators):
        return {"loss": value.square().sum() * (float("nan") if step == 3 else 1.0)}

    run = training.TrainingSettings("x", 6, 2, 1e-2, 0, 1)
    with pytest.raises(KitError, match="step 3"):
        training.train({"value": value}, losses, run, 4, tmp_path / "x.pt")
    state = torch.load(tmp_path / "x.pt", weights_only=True)
    assert state["step"] == 3 and torch.isfinite(state["parameters"]["value"]).all()


def test_a_checkpoint_of_other_settings_is_not_continued(tmp_path):
    def run(rate):
        value = torch.nn.Parameter(torch.ones(3))
        settings_ = training.TrainingSettings("x", 4, 2, rate, 0, 1)
        return training.train(
            {"v": value}, lambda *_: {"loss": value.square().sum()}, settings_, 4, tmp_path / "x.pt"
        ), value

    run(1e-2)
    log, _ = run(1e-3)
    assert len(log) == 4 and log["learning_rate"].max() <= 1e-3


def test_the_average_is_kept_and_training_goes_on_from_the_weights_themselves(tmp_path):
    def run(decay, steps, checkpoint, kept_at):
        value = torch.nn.Parameter(torch.zeros(1))
        seen = {}
        settings_ = training.TrainingSettings("x", steps, 1, 0.1, 0, 2, schedule="constant", ema=decay)
        kept = {at: lambda log, at=at: seen.__setitem__(at, (value.item(), len(log))) for at in kept_at}
        training.train(
            {"v": value}, lambda *_: {"loss": (value - 10).square().sum()}, settings_, 4, checkpoint, kept=kept
        )
        return value.item(), seen

    plain, seen_plain = run(0.0, 6, tmp_path / "plain.pt", (3, 6))
    averaged, seen = run(0.9, 6, tmp_path / "ema.pt", (3, 6))
    assert averaged == plain and seen_plain[6] == (plain, 6) and seen_plain[3][1] == 3
    assert 0 < seen[6][0] < plain  # the average lags behind
    again, seen_again = run(0.9, 6, tmp_path / "ema.pt", (6,))  # finished: nothing is trained, the same state is kept
    assert again == plain and seen_again[6] == seen[6]


def test_noise_belongs_to_the_place_in_the_batch(tmp_path):
    drawn = []

    def losses(step, rows, generators):
        drawn.append(torch.cat([torch.randn(2, generator=generator) for generator in generators]))
        return {"loss": value.square().sum()}

    for name, batch in (("a", 2), ("b", 4)):
        value = torch.nn.Parameter(torch.ones(1))
        training.train(
            {"v": value}, losses, training.TrainingSettings(name, 1, batch, 0.1, 0, 5), 4, tmp_path / f"{name}.pt"
        )
    assert torch.equal(drawn[0], drawn[1][:4]) and not torch.equal(drawn[1][:2], drawn[1][2:4])


def test_a_missing_eight_bit_optimiser_is_said_clearly(monkeypatch):
    import sys

    from sppe_lib.errors import ResourceError

    monkeypatch.setitem(sys.modules, "bitsandbytes.optim", None)
    run = training.TrainingSettings("x", 1, 1, 0.1, 0, 1, optimizer="adamw8bit")
    with pytest.raises(ResourceError, match="bitsandbytes"):
        training.make_optimizer({"v": torch.nn.Parameter(torch.ones(1))}, run)


def test_flow_times_are_spread_evenly_and_come_from_their_generator():
    times = flow.sample_times(4000, torch.Generator().manual_seed(3))
    assert torch.equal(times, flow.sample_times(4000, torch.Generator().manual_seed(3)))
    assert times.min() >= 0 and times.max() < 1
    assert (torch.histc(times, 10, 0, 1) / 4000 - 0.1).abs().max() < 0.02


def test_attention_for_backward_computes_in_float32_and_gives_back_the_dtype(monkeypatch):
    from sppe_lib.diffusion import attention

    monkeypatch.setattr(attention, "compute_dtype", lambda: torch.bfloat16)
    monkeypatch.setattr(attention, "device", lambda: torch.device("cpu"))
    query, key, value = (torch.randn(2, 3, 8, 4).bfloat16() for _ in range(3))
    exact = torch.nn.functional.scaled_dot_product_attention(query.float(), key.float(), value.float())
    with attention.attention_for_backward():
        for result in (
            torch.nn.functional.scaled_dot_product_attention(query, key, value),
            torch.nn.functional.scaled_dot_product_attention(query=query, key=key, value=value, is_causal=False),
        ):
            assert result.dtype == torch.bfloat16
            assert torch.equal(result, exact.bfloat16())
    monkeypatch.setattr(attention, "compute_dtype", lambda: torch.float32)
    assert type(attention.attention_for_backward()).__name__ == "nullcontext"


class OnTheHub:
    """A model class that has one revision."""

    @classmethod
    def from_pretrained(cls, name, **options):
        if options.get("revision", "main") not in ("main", "v2"):
            raise OSError("no\nsuch thing") from RevisionNotFoundError(
                "no", response=SimpleNamespace(headers={}, request=None)
            )
        return name, options


def test_components_are_loaded_at_the_revision_behind_the_hub_id():
    assert load_component(OnTheHub, "owner/name", "vae") == ("owner/name", {"subfolder": "vae"})
    assert load_component(OnTheHub, "owner/name@v2", "vae", method="from_pretrained", a=1) == (
        "owner/name", {"subfolder": "vae", "revision": "v2", "a": 1}
    )  # fmt: skip
    with pytest.raises(ResourceError, match="Cannot load vae of 'owner/name@v9' .*has no such revision") as raised:
        load_component(OnTheHub, "owner/name@v9", "vae")
    assert "\n" not in str(raised.value)


def test_caches_tell_hub_ids_and_revisions_apart():
    ids = (
        "owner/a-long-name-that-goes-on",
        "owner/a-long-name-that-ends",
        "owner/name",
        "owner/name@v1",
        "owner/name@v2",
    )
    keys = [location_key(name, "text_encoder")[:16] for name in ids]
    assert len(set(keys)) == len(ids) and keys == [location_key(name, "text_encoder")[:16] for name in ids]
    assert location_key("weights/clip", "text_encoder") != location_key("weights/vae", "vae")


def test_shipped_weights_are_known_by_their_bytes_and_not_by_when_they_were_checked_out(tmp_path, monkeypatch):
    monkeypatch.setattr(locations, "files", lambda package: tmp_path)
    stored = tmp_path / "weights" / "vae" / "model.safetensors"
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"abc")
    first = location_key("weights/vae", "vae")
    os.utime(stored, (1, 1))
    assert location_key("weights/vae", "vae") == first
    stored.write_bytes(b"abd")
    assert location_key("weights/vae", "vae") != first
