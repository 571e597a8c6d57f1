"""What the trained methods share: the 2x2 grid pass through the frozen backbone, its training and its sampling."""

import hashlib
import json
import time as clock
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import load_file, save_file

from sppe_lib.config import Profile
from sppe_lib.data.schema import Batch
from sppe_lib.diffusion.attention import with_attention_for_backward
from sppe_lib.diffusion.backbone import Backbone, TextStates
from sppe_lib.diffusion.flow import flow_matching_loss, integrate, noisy, sample_times
from sppe_lib.diffusion.latents import LatentBatch, encode_batch, latent_cache
from sppe_lib.diffusion.lora import add_lora, load_lora, save_lora
from sppe_lib.diffusion.panels import TARGET, Painting, Panel, assemble, positions
from sppe_lib.diffusion.processes import check_batch, process
from sppe_lib.diffusion.training import StepLosses, TrainingSettings, machine_record, train
from sppe_lib.errors import DataError
from sppe_lib.runtime import atomic_path, device, torch_generator

Velocity = Callable[[LatentBatch, torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""(instances, noisy target [B, N, D], time [B], noise of the known panels [B, 3, N, D]) -> target's velocity."""


def recovery_panels(batch: LatentBatch) -> tuple[list[Panel], Painting]:
    """The grid of R(I, S, S', M, P): S and S' on top, I below left, and of the target S' outside M.

    The paper gives its inpainting backbone the mask without saying where it enters. Here it enters as
    inpainting models take one: M is to be painted, and outside M, where the surrogate is the source,
    the edited surrogate is known. That is the same for every method that knows M.
    """
    known = [Panel(batch.surrogate, 0, 0), Panel(batch.edited_surrogate, 0, 1), Panel(batch.source, 1, 0)]
    return known, Painting(batch.edited_surrogate_outside, batch.mask)


def paint_all(backbone: Backbone, batch: LatentBatch) -> Painting:
    """A target of which nothing is known: for methods whose idea knows no mask."""
    known = backbone.grey(batch.mask.shape[-1]).expand(len(batch), -1, -1)
    return Painting(known, torch.ones_like(batch.mask))


def grid_velocity(
    backbone: Backbone,
    target: torch.Tensor,
    time: torch.Tensor,
    grid: tuple[list[Panel], Painting],
    text: TextStates,
    noise: torch.Tensor,
    guidance_tokens: torch.Tensor | None = None,
    guidance: float = 1.0,
) -> torch.Tensor:
    """Velocity [B, N, 4C] of the target panel.

    `guidance_tokens` [B, N, in_channels] join the picture tokens at the target's place, one step along
    FLUX's first position axis (SOER's spatial maps).
    """
    features, ids = assemble(target, *grid, backbone.channels, backbone.downscale, time, noise)
    if guidance_tokens is not None:
        place = positions(int(target.shape[1] ** 0.5), *TARGET).to(ids)
        place[:, 0] = 1
        features, ids = torch.cat([features, guidance_tokens.to(features)], dim=1), torch.cat([ids, place])
    return backbone.predict(features, ids, time, text, guidance)[:, : target.shape[1]]


def draw_noise(like: torch.Tensor, known: int, generators: list[torch.Generator]) -> tuple[torch.Tensor, torch.Tensor]:
    """Noise for the target [B, N, D] and for the known panels [B, known, N, D], each instance's from its own generator."""
    drawn = torch.stack([torch.randn(known + 1, *like.shape[1:], generator=generator) for generator in generators]).to(
        like
    )
    return drawn[:, 0], drawn[:, 1:]


def draw_times(like: torch.Tensor, generators: list[torch.Generator]) -> torch.Tensor:
    """Flow times [B] of a training step, each instance's from its own generator."""
    return torch.cat([sample_times(1, generator) for generator in generators]).to(like)


def instance_noise(
    like: torch.Tensor, names: list[str], profile: Profile, method: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """`draw_noise` of sampling, for the target and three known panels: each instance's from its own id."""
    return draw_noise(
        like, 3, [torch_generator("sample", method, profile.recovery.training.seed, name) for name in names]
    )


def sample_encoded(
    backbone: Backbone, velocity: Velocity, encoded: LatentBatch, names: list[str], profile: Profile, method: str
) -> torch.Tensor:
    """Integrate the flow for encoded instances `names` and decode: pictures [B, 3, H, W] in [0, 1].

    Every instance has its own noise, so the result does not depend on how instances are batched.
    """
    noise, known_noise = instance_noise(encoded.source, names, profile, method)
    with torch.no_grad():
        tokens = integrate(
            lambda tokens, time: velocity(encoded, tokens, time, known_noise),
            noise,
            backbone.scheduler,
            profile.recovery.sampling.steps,
        )
    return backbone.decode(tokens)


def training_folder(profile: Profile, method: str) -> Path:
    """Where a trained method's adapter, log and manifest are: `results/<profile>/training/<method>/seed-<seed>/`."""
    return profile.results / "training" / method / f"seed-{profile.recovery.training.seed}"


def build(profile: Profile, make_extra: Callable[[Backbone], torch.nn.Module]) -> tuple[Backbone, torch.nn.Module]:
    """The frozen backbone and a method's own modules, initialised from the profile's seed."""
    backbone = Backbone(profile.models, texts=profile.results / "latents" / "texts")
    with torch.random.fork_rng():
        torch.manual_seed(profile.recovery.training.seed)
        return backbone, make_extra(backbone)


def fit(
    profile: Profile,
    method: str,
    backbone: Backbone,
    extra: torch.nn.Module,
    make_losses: Callable[[Callable[[list[int]], LatentBatch]], StepLosses],
    snapshots: dict[int, str] | None = None,
    prompt: Callable[[str], str] = str,
) -> Path:
    """Train a LoRA and the method's own modules `extra` on the training split; returns the training folder.

    Every trained method gets the same data, batches, steps and rank from the profile, and the rate that was found for it.
    `snapshots`: number of steps -> name under which the state after that many steps is kept, too.
    `prompt`: what the method makes of an instruction; all texts are encoded beforehand, so that no encoder
    is in memory while training. Raises ConfigError where the processes cannot share a batch evenly, DataError
    where there is no training split, and what `train` raises.
    """
    settings = profile.recovery.training
    check_batch(settings.batch, process().num_processes)  # before the data are encoded, which takes long
    with process().main_process_first():  # the others find what it has encoded
        cache = latent_cache(profile, backbone)
        backbone.text.encode(sorted({*map(prompt, cache.instructions), ""}))
    backbone.free_encoders()
    if settings.gradient_checkpointing:
        backbone.transformer.enable_gradient_checkpointing()
    parameters = add_lora(backbone.transformer, settings.rank, settings.alpha, settings.seed)
    trained = {**parameters, **{f"extra.{name}": value for name, value in extra.to(device()).named_parameters()}}
    key = (profile.results / "latents" / "train" / "key.json").read_text()
    # Neither how often a method is trained and saved, nor another method's rate decides weights.
    no_matter = ("seeds", "checkpoint_every", "learning_rates")
    decides = {name: value for name, value in asdict(settings).items() if name not in no_matter}
    decides["learning_rate"] = settings.rate_of(method)
    fingerprint = hashlib.sha256(
        f"{key}{profile.models.backbone}{decides}{backbone.transformer.config}".encode()
    ).hexdigest()
    began = clock.perf_counter()

    def keep(name: str, log: pd.DataFrame) -> None:
        folder = training_folder(profile, name)
        with atomic_path(folder) as temporary:
            temporary.mkdir()
            save_lora(backbone.transformer, temporary)
            state = {name: value.detach().cpu().contiguous() for name, value in extra.state_dict().items()}
            save_file(state, temporary / "extra.safetensors")
            log.to_csv(temporary / "log.csv", index=False)
            manifest = {
                "method": name,
                "steps": len(log),
                "batch": settings.batch,
                "rank": settings.rank,
                "instances": len(cache),
                "trained_parameters": sum(value.numel() for value in trained.values()),
                "seconds_this_run": round(clock.perf_counter() - began, 1),
                "training_seconds": round(float(log["seconds"].sum()), 1),
                **machine_record(),
            }
            (temporary / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")

    kept = {steps: partial(keep, name) for steps, name in {**(snapshots or {}), settings.steps: method}.items()}
    lost = [steps for steps, name in (snapshots or {}).items() if not training_folder(profile, name).is_dir()]
    losses_at = make_losses(cache.batch)
    if (
        not settings.gradient_checkpointing
    ):  # checkpointed layers are computed again in backward, where no context reaches
        losses_at = with_attention_for_backward(losses_at)
    train(
        trained,
        losses_at,
        TrainingSettings.of(method, settings),
        len(cache),
        profile.results / "checkpoints" / f"{method.replace('/', '-')}-{settings.seed}.pt",
        fingerprint,
        kept,
        before=min(lost, default=None),
    )
    return training_folder(profile, method)


def fit_by_flow_matching(
    profile: Profile,
    method: str,
    make_extra: Callable[[Backbone], torch.nn.Module],
    make_velocity: Callable[[Backbone, torch.nn.Module], Velocity],
    known: int,
    prompt: Callable[[str], str] = str,
) -> Path:
    """`fit` for a method whose only loss is flow matching to I', with the velocity that `load` samples from.

    `known`: how many known panels its velocity wants noise for. Returns the training folder.
    """
    backbone, extra = build(profile, make_extra)
    velocity = make_velocity(backbone, extra)

    def make_losses(read):
        def losses_at(step: int, rows: list[int], generators: list[torch.Generator]):
            batch = read(rows)
            clean = batch.edited_source
            noise, known_noise = draw_noise(clean, known, generators)
            time = draw_times(clean, generators)
            return {
                "recovery": flow_matching_loss(
                    velocity(batch, noisy(clean, noise, time), time, known_noise), clean, noise
                )
            }

        return losses_at

    return fit(profile, method, backbone, extra, make_losses, prompt=prompt)


def keep_outside(recovered: torch.Tensor, batch: Batch) -> torch.Tensor:
    """The recovery inside M, S' outside: what an inpainting model was told is known stays exactly as it was."""
    return torch.where(batch.mask > 0, recovered.cpu(), batch.edited_surrogate)


def load(
    profile: Profile,
    method: str,
    make_extra: Callable[[Backbone], torch.nn.Module],
    make_velocity: Callable[[Backbone, torch.nn.Module], Velocity],
    outside_known: bool = False,
    encode: Callable[[Backbone, Batch], LatentBatch] = encode_batch,
) -> Callable[[Batch], torch.Tensor]:
    """What `fit` wrote, as a function from a Batch to recovered pictures [B, 3, H, W] in [0, 1].

    `outside_known`: the method paints M only, so that `recovery.sampling.keep_outside` applies to it. `encode`
    prepares what it sees (ablations change that). Raises DataError when the method was not trained for
    this profile.
    """
    folder = training_folder(profile, method)
    if not (folder / "manifest.json").is_file():
        raise DataError(
            f"No trained {method} for profile {profile.name}: run 03_train_recovery with method={method!r} first."
        )
    backbone, extra = build(profile, make_extra)
    load_lora(backbone.transformer, folder)
    extra.load_state_dict(load_file(folder / "extra.safetensors"))
    velocity = make_velocity(backbone, extra.to(device()).eval())

    def recover(batch: Batch) -> torch.Tensor:
        with torch.no_grad():
            encoded = encode(backbone, batch)
        recovered = sample_encoded(backbone, velocity, encoded, batch.instance_id, profile, method)
        return (
            keep_outside(recovered, batch)
            if outside_known and profile.recovery.sampling.keep_outside
            else recovered.cpu()
        )

    return recover
