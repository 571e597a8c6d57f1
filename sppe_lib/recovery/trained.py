"""A recovery method that learns: a LoRA on the frozen backbone, and modules of its own.

A method of this kind says what it adds to the backbone (`modules`), what it reads (`prompts`), how it predicts where
that is not the grid alone (`velocity`, the same in training and in sampling) and, if it is not flow matching to I'
alone, what it minimises (`losses`). The target is painted as a whole, and nothing is put back.
"""

import hashlib
import json
import time as clock
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from sppe_lib.config import Profile, RecoveryParameters, TrainingParameters
from sppe_lib.data.schema import Batch
from sppe_lib.diffusion.attention import attention_for_backward
from sppe_lib.diffusion.backbone import Backbone, TextStates
from sppe_lib.diffusion.latents import KEPT, KNOWN, LatentBatch, LatentCache, encode_batch, latent_cache
from sppe_lib.diffusion.lora import add_lora, load_lora, save_lora
from sppe_lib.diffusion.processes import check_batch, process, share_of_batch
from sppe_lib.diffusion.throughput import matmul_share
from sppe_lib.diffusion.training import Checkpoint, Parameters, Schedule, machine_record, train
from sppe_lib.errors import ResourceError
from sppe_lib.locations import backbone_keys
from sppe_lib.recovery.grid import draw_noised, grid_velocity, recovery_panels, sample
from sppe_lib.recovery.method import Method, check_trained, training_folder
from sppe_lib.runtime import atomic_path, device, numpy_generator, torch_generator

CONSTANT_WARMUP = 10
"""Steps of linear warm-up before a constant learning rate, however long the run."""

NO_MATTER = ("seeds", "checkpoint_every", "learning_rates")
"""Parameters of training that do not decide one method's weights: repetitions, saves, other methods' rates."""


class TrainedMethod(Method):
    """A LoRA and own modules `extra` on a frozen backbone, for pictures of `size` pixels.

    `panels`: known panels that its velocity wants noise for; `pictures`: what it sees when it recovers, of
    `latents.PICTURES`.
    """

    panels = 3
    pictures = KNOWN

    def __init__(self, backbone: Backbone, recovery: RecoveryParameters, size: int):
        self.backbone, self.training, self.sampling, self.size = backbone, recovery.training, recovery.sampling, size
        with torch.random.fork_rng():
            torch.manual_seed(self.training.seed)
            self.extra = self.modules(backbone).to(device())

    def modules(self, backbone: Backbone) -> nn.Module:
        """The method's own modules, new."""
        return nn.Module()

    def prompts(self, instruction: str) -> list[str]:
        """The texts that the method may make of an instruction; they are encoded before training."""
        return [instruction]

    def text(self, batch: LatentBatch) -> TextStates:
        """What the backbone reads of a batch: each instance's first prompt."""
        return self.backbone.text.encode([self.prompts(instruction)[0] for instruction in batch.instruction])

    def velocity(
        self,
        batch: LatentBatch,
        x_t: torch.Tensor,
        t: torch.Tensor,
        noise: torch.Tensor,
        text: TextStates | None = None,
        guidance_tokens: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The target's velocity [B, N, 4C] at x_t and flow time t [B]; `noise` [B, panels, N, 4C] of known panels.

        `text` in place of the batch's own; `guidance_tokens` as in `grid_velocity`.
        """
        grid, text = recovery_panels(self.backbone, batch), text or self.text(batch)
        return grid_velocity(self.backbone, x_t, t, grid, text, noise, guidance_tokens, self.training.guidance)

    def losses(self, step: int, batch: LatentBatch, generators: list[torch.Generator]) -> Mapping[str, torch.Tensor]:
        """Named losses of a step, all that is random from the instances' generators; here flow matching to I'."""
        at = draw_noised(batch.edited_source, self.panels, generators, self.backbone.time_shift)
        return {"recovery": at.loss(self.velocity(batch, at.x_t, at.time, at.known))}

    def encode(self, batch: Batch) -> LatentBatch:
        """What the method sees of a batch when it recovers."""
        return encode_batch(self.backbone, batch, self.pictures, KEPT)

    @torch.no_grad()
    def recover(self, batch: Batch) -> torch.Tensor:
        """Recovered pictures [B, 3, H, W] in [0, 1]."""
        names, seed, steps = batch.instance_id, self.training.seed, self.sampling.steps
        latents = sample(self.backbone, self.velocity, self.encode(batch), names, self.name, seed, steps)
        return self.backbone.decode(latents).cpu()

    @classmethod
    def of(cls, profile: Profile) -> "TrainedMethod":
        """The method on a profile's backbone, untrained."""
        backbone = Backbone(profile.models, texts=profile.results / "latents" / "texts")
        return cls(backbone, profile.recovery, profile.benchmark.size)

    @classmethod
    def load(cls, profile: Profile, folder: Path | None = None) -> "TrainedMethod":
        """The method as `fit` left it (in `folder`, if given). Raises DataError when it was not trained."""
        folder = folder or training_folder(profile, cls.name)
        check_trained(profile, cls.name, folder)
        method = cls.of(profile)
        load_lora(method.backbone.transformer, folder)
        method.extra.load_state_dict(load_file(folder / "extra.safetensors"))
        method.extra.eval()
        return method

    @classmethod
    def fit(cls, profile: Profile, snapshots: Mapping[int, str] | None = None, workplace: Path | None = None) -> Path:
        """Train the method on the profile's training split; returns the training folder.

        Every trained method gets the same data, batches, steps and rank, and the rate that was found for it.
        `snapshots`: number of steps -> name under which the state after that many is kept, too. `workplace`: a folder
        in place of the profile's own `training/` and `checkpoints/`. Raises ConfigError where the processes cannot
        share a batch evenly, DataError where there is no training split, and what `train` raises.
        """
        check_batch(profile.recovery.training.batch, process().num_processes)  # before encoding, which takes long
        method = cls.of(profile)
        with process().main_process_first():  # the others find what it has encoded
            cache = latent_cache(profile.results, method.backbone)
            texts = {text for instruction in set(cache.instructions) for text in method.prompts(instruction)}
            method.backbone.text.encode(sorted({*texts, ""}))
            method.backbone.grey(method.size)
        method.backbone.free_encoders()
        folder = workplace / "training" if workplace else training_folder(profile, cls.name)
        folders = {steps: training_folder(profile, name) for steps, name in (snapshots or {}).items()}
        return train_method(method, cache, folder, workplace or profile.results / "checkpoints", folders)


def rows_at(step: int, seed: int, batch: int, count: int) -> list[int]:
    """Rows of the batch of a step: each epoch is one seeded permutation of the split, batches run across epochs."""
    rows, position = [], step * batch
    while len(rows) < batch:
        epoch, offset = divmod(position, count)
        taken = numpy_generator("epoch", seed, epoch).permutation(count)[offset : offset + batch - len(rows)]
        rows += taken.tolist()
        position += len(taken)
    return rows


def make_optimizer(parameters: Parameters, kind: str) -> torch.optim.Optimizer:
    """`kind`: adamw or adamw8bit. Raises ResourceError where bitsandbytes is asked for but not installed."""
    options = {"betas": (0.9, 0.99), "weight_decay": 0.0}
    if kind == "adamw":
        return torch.optim.AdamW(parameters.values(), **options)
    try:
        from bitsandbytes.optim import AdamW8bit
    except ImportError:
        raise ResourceError(
            "recovery.training.optimizer is adamw8bit, which needs bitsandbytes, and it cannot be imported here: "
            "install it or use adamw."
        ) from None
    return AdamW8bit(list(parameters.values()), **options)


def schedule_of(training: TrainingParameters, method: str) -> Schedule:
    """Linear warm-up, then constant; or linear warm-up over the first 5 % of the steps, then a cosine to zero."""
    rate, steps = training.rate_of(method), training.steps
    if training.schedule == "constant":
        return Schedule(rate, steps, CONSTANT_WARMUP)
    warmup = max(1, steps // 20)
    return Schedule(rate, steps, warmup, max(1, steps - warmup))


def train_method(
    method: TrainedMethod, cache: LatentCache, folder: Path, checkpoints: Path, snapshots: Mapping[int, Path]
) -> Path:
    """Train a method on encoded instances, whose texts its backbone knows; returns `folder`.

    It receives adapter, modules, log and manifest, where `matmul_share` is what its last steps reach of the machine's
    measured peak; `snapshots`: number of steps -> folder that receives the state after that many. A run that was
    stopped goes on from its file in `checkpoints`. All methods see the same rows, and the same noise for the same place
    in a batch.
    """
    training, transformer = method.training, method.backbone.transformer
    if training.gradient_checkpointing:
        transformer.enable_gradient_checkpointing()
    trained = add_lora(transformer, training.rank, training.alpha, training.seed, training.layers)
    trained |= {f"extra.{name}": value for name, value in method.extra.named_parameters()}
    decides = {name: value for name, value in asdict(training).items() if name not in NO_MATTER}
    decides |= {"method": method.name, "learning_rate": training.rate_of(method.name)}
    models = method.backbone.models
    identity = f"{cache.key}{models.backbone}{backbone_keys(models)}{decides}{transformer.config}"
    places, began = share_of_batch(training.batch), clock.perf_counter()

    def losses_at(step: int) -> Mapping[str, torch.Tensor]:
        rows = rows_at(step, training.seed, training.batch, len(cache))
        batch = cache.batch([rows[place] for place in places])
        generators = [torch_generator("train", training.seed, step, place) for place in places]
        # Checkpointed layers are computed again in backward, where no context reaches.
        with nullcontext() if training.gradient_checkpointing else attention_for_backward():
            return method.losses(step, batch, generators)

    def last_step() -> None:
        sum(losses_at(training.steps - 1).values()).backward()
        for value in trained.values():
            value.grad = None

    def keep(folder: Path, log: pd.DataFrame) -> None:
        seconds = log["seconds"].tail(max(1, len(log) // 10)).median()
        manifest = {
            "method": method.name,
            "steps": len(log),
            "batch": training.batch,
            "rank": training.rank,
            "instances": len(cache),
            "trained_parameters": sum(value.numel() for value in trained.values()),
            "seconds_this_run": round(clock.perf_counter() - began, 1),
            "training_seconds": round(float(log["seconds"].sum()), 1),
            "matmul_share": round(matmul_share(last_step, seconds), 3),
            **machine_record(),
        }
        with atomic_path(folder) as temporary:
            temporary.mkdir()
            save_lora(transformer, temporary)
            state = {name: value.detach().cpu().contiguous() for name, value in method.extra.state_dict().items()}
            save_file(state, temporary / "extra.safetensors")
            log.to_csv(temporary / "log.csv", index=False)
            (temporary / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")

    lost = [steps for steps, kept in snapshots.items() if steps < training.steps and not kept.is_dir()]
    checkpoint = Checkpoint(
        checkpoints / f"{method.name.replace('/', '-')}-{training.seed}.pt",
        training.checkpoint_every,
        hashlib.sha256(identity.encode()).hexdigest(),
        before=min(lost, default=None),
    )
    kept = {steps: partial(keep, place) for steps, place in {**snapshots, training.steps: folder}.items()}
    optimizer, schedule = make_optimizer(trained, training.optimizer), schedule_of(training, method.name)
    train(method.name, trained, optimizer, schedule, losses_at, average=training.ema, checkpoint=checkpoint, kept=kept)
    return folder
