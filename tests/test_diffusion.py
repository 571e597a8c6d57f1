"""Panels, flow and the training loop: token order as in the stock pipelines, exact paths, seeded rows."""

import os
import sys

import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline
from huggingface_hub.errors import RevisionNotFoundError
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_pipelines import hub_error

from sppe_lib import locations
from sppe_lib.diffusion import attention, flow, panels, training
from sppe_lib.diffusion.backbone import load_component
from sppe_lib.errors import ConfigError, KitError, ResourceError
from sppe_lib.locations import location_key
from sppe_lib.recovery.trained import make_optimizer, rows_at


def test_token_order_positions_and_mask_channels_are_those_of_the_stock_pipeline():
    latents = torch.randn(2, 16, 8, 8)
    assert torch.equal(panels.pack(latents), FluxPipeline._pack_latents(latents, 2, 16, 8, 8))
    assert torch.equal(panels.unpack(panels.pack(latents)), latents)
    stock = FluxPipeline._prepare_latent_image_ids(1, 8, 8, "cpu", torch.float32)
    grid = [panels.positions(4, row, column).view(4, 4, 3) for row in (0, 1) for column in (0, 1)]
    ours = torch.cat([torch.cat(grid[:2], dim=1), torch.cat(grid[2:], dim=1)], dim=0)
    assert torch.equal(ours.flatten(0, 1), stock)
    mask = (torch.rand(1, 1, 32, 32) > 0.5).float()
    stock = mask[:, 0].view(1, 4, 8, 4, 8).permute(0, 2, 4, 1, 3).reshape(1, 64, 4, 4)
    assert torch.equal(panels.pack_mask(mask, 8), FluxPipeline._pack_latents(stock, 1, 64, 4, 4))


def test_layouts_put_condition_and_mask_where_they_belong_or_fit_neither():
    target, known, outside = torch.randn(2, 4, 8), torch.randn(2, 4, 8), torch.randn(2, 4, 8)
    mask = (torch.rand(2, 1, 8, 8) > 0.5).float()
    time = torch.tensor([0.25, 0.75])
    noise = torch.randn(2, 1, 4, 8)
    painting = panels.Painting(outside, mask)
    features, ids = panels.assemble(target, [panels.Panel(known, 0, 1)], painting, 8 + 8 + 16, 2, time, noise)
    assert features.shape == (2, 8, 32) and ids.shape == (8, 3)
    assert torch.equal(features[:, :4, :8], target) and torch.equal(features[:, :4, 8:16], outside)
    assert torch.equal(features[:, :4, 16:], panels.pack_mask(mask, 2)) and torch.equal(features[:, 4:, 8:16], known)
    assert torch.equal(features[:, 4:, 16:], torch.zeros(2, 4, 16))
    expected = (1 - time.view(2, 1, 1)) * known + time.view(2, 1, 1) * noise[:, 0]
    assert torch.allclose(features[:, 4:, :8], expected)
    target, known = torch.randn(1, 4, 8), torch.randn(1, 4, 8)
    painting = panels.Painting(known, torch.ones(1, 1, 8, 8))
    features, _ = panels.assemble(target, [panels.Panel(known, 0, 0)], painting, 8, 2, torch.tensor([0.5]))
    assert torch.equal(features, torch.cat([target, known], dim=1))
    with pytest.raises(ValueError, match="fits neither"):
        panels.assemble(target, [], painting, 9, 2, torch.tensor([0.5]))


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 12), st.floats(0.5, 3.0))
def test_the_exact_velocity_leads_to_the_data_in_any_number_of_steps(steps, shift):
    clean, noise = torch.randn(2, 3, 4), torch.randn(2, 3, 4)
    scheduler = FlowMatchEulerDiscreteScheduler(shift=shift)
    result = flow.integrate(lambda tokens, time: noise - clean, noise, scheduler, steps)
    assert torch.allclose(result, clean, atol=1e-4)
    start = flow.noisy(clean, noise, torch.full((2,), 0.8))  # the times that are asked for are those of the path
    seen = []
    halfway = flow.integrate(lambda tokens, time: seen.append(time) or noise - clean, start, scheduler, steps, 0.8)
    assert torch.allclose(halfway, clean, atol=1e-4) and torch.allclose(seen[0], torch.full((2,), 0.8))


def test_estimate_and_loss_vanish_at_the_truth_and_times_are_spread_evenly():
    clean, noise, time = torch.randn(2, 3, 4), torch.randn(2, 3, 4), torch.tensor([0.3, 0.9])
    assert torch.allclose(flow.clean_estimate(flow.noisy(clean, noise, time), noise - clean, time), clean, atol=1e-5)
    assert flow.flow_matching_loss(noise - clean, clean, noise) == 0
    times = flow.sample_times(4000, torch.Generator().manual_seed(3))
    assert torch.equal(times, flow.sample_times(4000, torch.Generator().manual_seed(3)))
    assert times.min() >= 0 and times.max() < 1 and (torch.histc(times, 10, 0, 1) / 4000 - 0.1).abs().max() < 0.02


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 40), st.integers(1, 17), st.integers(0, 5))
def test_every_row_comes_once_per_epoch(count, batch, seed):
    rows = [row for step in range(-(-3 * count // batch)) for row in rows_at(step, seed, batch, count)]
    for epoch in range(3):
        assert sorted(rows[epoch * count : (epoch + 1) * count]) == list(range(count))


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 60), st.integers(0, 20), st.integers(0, 60))
def test_learning_rates_rise_stay_and_fall_within_their_peak(steps, warmup, cooldown):
    rates = [training.Schedule(2.0, steps, warmup, cooldown).rate(step) for step in range(steps)]
    flat = rates[warmup : max(warmup, steps - cooldown + 1)]
    assert all(0 < rate <= 2.0 for rate in rates) and flat == [2.0] * len(flat)
    assert rates[steps - cooldown :] == sorted(rates[steps - cooldown :], reverse=True) or warmup > steps - cooldown


def run(losses_at, steps=4, rate=1e-2, checkpoint=None, **options):
    """A short training of one parameter of ones; returns (log, parameter)."""
    value = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.AdamW([value], weight_decay=0.0)
    kept = training.Checkpoint(checkpoint, 1, f"run at {rate}") if checkpoint else None
    schedule = training.Schedule(rate, steps, 1)
    losses, options = lambda step: losses_at(step, value), options | {"checkpoint": kept}
    return training.train("x", {"value": value}, optimizer, schedule, losses, **options), value


@pytest.mark.parametrize("broken", ["loss", "gradient", "weight"])
@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_training_stops_at_what_is_not_finite_and_keeps_the_checkpoint(tmp_path, broken, number):
    def losses(step, value):
        now = broken if step == 3 else ""
        if now == "gradient":
            value.register_hook(lambda gradient: gradient * number)
        if now == "weight":
            value.data[0] = number
        loss = (value[1:] if now == "weight" else value).square().sum()
        return {"loss": loss * number if now == "loss" else loss}

    with pytest.raises(KitError, match="not finite"):
        run(losses, steps=6, checkpoint=tmp_path / "x.pt", kept={4: lambda log: pytest.fail("kept")})
    state = torch.load(tmp_path / "x.pt", weights_only=True)
    assert state["step"] == 3 and torch.isfinite(state["parameters"]["value"]).all()


def test_checkpoints_of_others_or_cut_ones_are_not_continued_and_an_average_is_kept_beside_the_weights(tmp_path):
    losses = lambda step, value: {"loss": value.square().sum()}
    run(losses, checkpoint=tmp_path / "x.pt")
    log, _ = run(losses, rate=1e-3, checkpoint=tmp_path / "x.pt")
    assert len(log) == 4 and log["learning_rate"].max() <= 1e-3
    (tmp_path / "x.pt").write_bytes((tmp_path / "x.pt").read_bytes()[:100])
    assert len(run(losses, rate=1e-3, checkpoint=tmp_path / "x.pt")[0]) == 4
    refusing = training.Checkpoint(tmp_path / "x.pt", 1, "another", refuse_others=True)
    value = torch.nn.Parameter(torch.ones(3))
    with pytest.raises(ConfigError, match="x.pt"):
        schedule = training.Schedule(1.0, 1, 1)
        training.train("x", {"value": value}, torch.optim.AdamW([value]), schedule, losses, checkpoint=refusing)

    def averaged(decay, name):
        seen = {}
        losses = lambda step, value: parameter.append(value) or {"loss": (value - 10).square().sum()}
        kept = {at: lambda log: seen.__setitem__(len(log), parameter[-1].detach().clone()) for at in (3, 6)}
        parameter = []
        value = run(losses, 6, 0.1, tmp_path / name, kept=kept, average=decay)[1]
        return value.detach(), seen

    plain, seen_plain = averaged(0.0, "plain.pt")
    value, seen = averaged(0.9, "average.pt")
    assert torch.equal(value, plain) and torch.equal(seen_plain[6], plain)
    assert (seen[6] < plain).all() and (seen[6] > 1).all() and (seen[3] < seen[6]).all()  # the average lags behind


def test_attention_for_backward_is_attention_in_mixed_precision_and_leaves_all_else_alone(monkeypatch):
    monkeypatch.setattr(attention, "compute_dtype", lambda: torch.bfloat16)
    monkeypatch.setattr(attention, "device", lambda: torch.device("cpu"))
    parts = {name: torch.randn(2, 3, 8, 4).bfloat16() for name in ("query", "key", "value")}
    attend, seen = torch.nn.functional.scaled_dot_product_attention, []
    wide = {name: part.float() for name, part in parts.items()}
    exact = {causal: attend(**wide, is_causal=causal) for causal in (True, False)}
    plain = attention.plain_attention
    monkeypatch.setattr(attention, "plain_attention", lambda *args: seen.append(args) or plain(*args))
    with attention.attention_for_backward():
        for causal, expected in exact.items():
            for mixed in (True, False):
                with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
                    result = attend(**parts, attn_mask=None, dropout_p=0.0, is_causal=causal)
                assert result.dtype == torch.bfloat16 and torch.allclose(result.float(), expected, atol=2e-2)
    assert len(seen) == 1  # in mixed precision, and not causal
    monkeypatch.setattr(attention, "compute_dtype", lambda: torch.float32)
    assert type(attention.attention_for_backward()).__name__ == "nullcontext"


class OnTheHub:
    @classmethod
    def from_pretrained(cls, name, **options):
        if options.get("revision", "main") not in ("main", "v2"):
            raise OSError("no\nsuch thing") from hub_error(RevisionNotFoundError)
        return name, options


def test_components_are_loaded_at_their_revision_and_a_missing_optimiser_is_said_clearly(monkeypatch):
    assert load_component(OnTheHub, "owner/name", "vae") == ("owner/name", {"subfolder": "vae"})
    assert load_component(OnTheHub, "owner/name@v2", "vae", method="from_pretrained", a=1) == (
        "owner/name", {"subfolder": "vae", "revision": "v2", "a": 1}
    )  # fmt: skip
    with pytest.raises(ResourceError, match="Cannot load vae of 'owner/name@v9' .*has no such revision") as raised:
        load_component(OnTheHub, "owner/name@v9", "vae")
    assert "\n" not in str(raised.value)
    weight = {"v": torch.nn.Parameter(torch.ones(1))}
    assert type(make_optimizer(weight, "adamw8bit")).__name__ == "AdamW8bit"
    monkeypatch.setitem(sys.modules, "bitsandbytes.optim", None)
    with pytest.raises(ResourceError, match="bitsandbytes"):
        make_optimizer(weight, "adamw8bit")


def test_caches_tell_hub_ids_and_revisions_apart_and_shipped_weights_by_their_bytes(tmp_path, monkeypatch):
    ids = ("a-long-name-that-goes-on", "a-long-name-that-ends", "name", "name@v1", "name@v2")
    ids = [f"owner/{name}" for name in ids]
    keys = [location_key(name, "text_encoder")[:16] for name in ids]
    assert len(set(keys)) == len(ids) and keys == [location_key(name, "text_encoder")[:16] for name in ids]
    assert location_key("weights/clip", "text_encoder") != location_key("weights/vae", "vae")
    monkeypatch.setattr(locations, "files", lambda package: tmp_path)
    stored = tmp_path / "weights" / "vae" / "model.safetensors"
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"abc")
    first = location_key("weights/vae", "vae")
    os.utime(stored, (1, 1))
    assert location_key("weights/vae", "vae") == first
    stored.write_bytes(b"abd")
    assert location_key("weights/vae", "vae") != first
