"""The miniature's FLUX: a small transformer pretrained to inpaint and to edit by instruction.

Three tasks on the vector world, all in the token layout of FLUX.1-Fill (see diffusion/panels.py):

    inpaint   one panel, its private region masked, told by a caption
    edit      source left, target right, told by the instruction
    example   an edited pair A | A' above B | target: the same instruction on two unrelated scenes, by an editor with
              the same seed where there is one, so that A' tells how the words were realised; half of the time without
              any words

An edited target is painted as a whole, or in its private region only with the rest of the edited picture known, in
turns by chance. The last task stands for the in-context ability of large FLUX models, which the grid of the paper's
recovery model builds on. A surrogate pair is never shown beside its own source: that is left for the LoRA to learn.
"""

import copy
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, FluxTransformer2DModel
from transformers import CLIPTextModel

from sppe_lib.config import ModelParameters
from sppe_lib.data.taxonomy import instructions
from sppe_lib.diffusion.backbone import Backbone, load_component
from sppe_lib.diffusion.flow import flow_matching_loss, integrate, noisy, sample_times
from sppe_lib.diffusion.panels import TARGET, Painting, Panel, assemble, grey_inside
from sppe_lib.pretraining.run import PretrainingSettings, default_checkpoint, pretrain, write_record
from sppe_lib.pretraining.scenes import Pictures, load_pictures
from sppe_lib.runtime import atomic_path, device, numpy_generator, progress, seed_of, torch_generator

TASKS = {"inpaint": (0.1, 4), "edit": (0.4, 2), "example": (0.5, 1)}
"""Task -> (share of the steps, how many times `batch` instances fit the same number of tokens)."""

PAINTED = [0, 1, 3]
"""Which of a record's four pictures are painted in some task: I, I' and S'."""

WHOLE = 0.4
"""Share of the edited targets that are painted as a whole."""

WORDLESS = 0.5
"""Share of the examples without the instruction: the pair alone tells the edit."""

SHIPPED = ModelParameters(
    clip="weights/clip",
    metrics_clip="weights/clip",
    vae="weights/vae",
    transformer="weights/backbone",
    text="weights/clip",
)
"""The miniature's own models, as `params.yaml` names them."""


@dataclass(frozen=True)
class TransformerSettings(PretrainingSettings):
    """Size and training of the transformer.

    Training goes in rounds: the first from scratch, every other from the averaged weights of the round before, with
    a new warm-up and cosine. `steps` are those of the last round, `earlier` those of the rounds before. `batch` counts
    instances of the largest task (four panels). `compile`: compile its blocks, which takes two minutes and a C++
    compiler, and then a third off every step.
    """

    earlier: tuple[int, ...] = (2400, 2000)
    first_records: int = 9000
    first_cooldown_steps: int = 900
    steps: int = 2000
    learning_rate: float = 6e-4
    warmup_steps: int = 150
    cooldown_steps: int = 700
    average: float = 0.998
    checkpoint_every: int = 160
    records: int = 14000
    batch: int = 14
    compile: bool = True
    double_layers: int = 2
    single_layers: int = 6
    heads: int = 3
    head_width: int = 64


@dataclass(frozen=True)
class Encoded:
    """Latents of the records: `pictures` [N, 4, T, D], `masked` [N, 3, T, D] and `grey` [1, T, D].

    `masked`: the private region grey, of the pictures that are painted: I, I' and S', not S.
    """

    pictures: torch.Tensor
    masked: torch.Tensor
    grey: torch.Tensor


def new_transformer(backbone_vae, text_config, settings: TransformerSettings) -> FluxTransformer2DModel:
    """A randomly initialised FLUX transformer with the input channels of FLUX.1-Fill for this VAE."""
    width = 4 * backbone_vae.config.latent_channels
    downscale = 2 ** (len(backbone_vae.config.block_out_channels) - 1)
    with torch.random.fork_rng():
        torch.manual_seed(seed_of("transformer", settings.seed))
        return FluxTransformer2DModel(
            patch_size=1,
            in_channels=2 * width + 4 * downscale**2,
            out_channels=width,
            num_layers=settings.double_layers,
            num_single_layers=settings.single_layers,
            attention_head_dim=settings.head_width,
            num_attention_heads=settings.heads,
            joint_attention_dim=text_config.hidden_size,
            pooled_projection_dim=text_config.hidden_size,
            guidance_embeds=False,
            axes_dims_rope=(settings.head_width // 4, *[3 * settings.head_width // 8] * 2),
        )


def encode_records(backbone: Backbone, pictures: Pictures, batch: int = 64) -> Encoded:
    """Encode all pictures once, as float16 on the device."""
    encoded, masked = [], []
    for start in progress(range(0, len(pictures), batch), "encode pretraining pictures"):
        images = torch.from_numpy(pictures.images[start : start + batch]).permute(0, 1, 4, 2, 3).float() / 255
        grey = grey_inside(images, torch.from_numpy(pictures.mask[start : start + batch])[:, None, None])
        for made, into in ((images, encoded), (grey[:, PAINTED], masked)):
            into.append(backbone.encode(made.flatten(0, 1)).half().unflatten(0, made.shape[:2]))
    size = pictures.images.shape[2]
    return Encoded(torch.cat(encoded), torch.cat(masked), backbone.encode(torch.full((1, 3, size, size), 0.5)))


class Tasks:
    """Draws the batch of a step and computes its loss."""

    def __init__(
        self, backbone: Backbone, pictures: Pictures, encoded: Encoded, settings: TransformerSettings, done: int = 0
    ):
        """`done`: steps of earlier rounds, so that no round repeats another one's batches."""
        self.backbone, self.pictures, self.encoded, self.settings = backbone, pictures, encoded, settings
        self.done = done
        self.rows = np.flatnonzero(~pictures.held_out)
        changed, self.seeds = pictures.changed, pictures.edit_seed
        # An edit can be learnt where it did something: (record, 0) is the source, (record, 1) the surrogate.
        self.edited = np.argwhere(changed & ~pictures.held_out[:, None])
        self.by_code = {
            code: self.edited[pictures.code[self.edited[:, 0]] == code] for code in np.unique(pictures.code)
        }
        self.by_code = {code: rows for code, rows in self.by_code.items() if len(np.unique(rows[:, 0])) > 1}

    def _latents(self, record: np.ndarray, picture: np.ndarray) -> torch.Tensor:
        return self.encoded.pictures[torch.from_numpy(record), torch.from_numpy(picture)].float()

    def _texts(self, records: np.ndarray) -> list[str]:
        return [instructions()[code].text for code in self.pictures.code[records]]

    def _region(self, record: np.ndarray, picture: np.ndarray) -> Painting:
        place = np.searchsorted(PAINTED, picture)
        known = self.encoded.masked[torch.from_numpy(record), torch.from_numpy(place)].float()
        return Painting(known, torch.from_numpy(self.pictures.mask[record])[:, None].to(device()).float())

    def _region_or_whole(self, record: np.ndarray, picture: np.ndarray, rng: np.random.Generator) -> Painting:
        region = self._region(record, picture)
        whole = torch.from_numpy(rng.random(len(record)) < WHOLE).to(device())
        known = torch.where(whole[:, None, None], self.encoded.grey, region.known)
        return Painting(known, torch.where(whole[:, None, None, None], 1.0, region.mask))

    def _velocity(self, clean, generator, known, painting, text, target_place=TARGET):
        time = sample_times(len(clean), generator).to(clean)
        drawn = torch.randn(len(clean), len(known) + 1, *clean.shape[1:], generator=generator).to(clean)
        features, ids = assemble(
            noisy(clean, drawn[:, 0], time),
            known,
            painting,
            self.backbone.channels,
            self.backbone.downscale,
            time,
            drawn[:, 1:],
            target_place,
        )
        velocity = self.backbone.predict(features, ids, time, self.backbone.text.encode(text))
        return velocity[:, : clean.shape[1]], drawn[:, 0]

    def inpaint(self, rng: np.random.Generator, generator: torch.Generator, count: int) -> torch.Tensor:
        """Fill the private region of a source from its caption."""
        records = rng.choice(self.rows, count)
        source = np.zeros(count, int)
        clean, painting = self._latents(records, source), self._region(records, source)
        text = list(self.pictures.captions[records, 0])
        velocity, noise = self._velocity(clean, generator, [], painting, text, target_place=(0, 0))
        return flow_matching_loss(velocity, clean, noise)

    def edit(self, rng: np.random.Generator, generator: torch.Generator, count: int) -> torch.Tensor:
        """Edit a picture by its instruction; the picture is the left neighbour of the target."""
        chosen = self.edited[rng.integers(len(self.edited), size=count)]
        records, side = chosen[:, 0], 2 * chosen[:, 1]
        clean = self._latents(records, side + 1)
        known = [Panel(self._latents(records, side), TARGET[0], 0)]
        painting = self._region_or_whole(records, side + 1, rng)
        velocity, noise = self._velocity(clean, generator, known, painting, self._texts(records))
        return flow_matching_loss(velocity, clean, noise)

    def example(self, rng: np.random.Generator, generator: torch.Generator, count: int) -> torch.Tensor:
        """Edit a picture as an unrelated pair above it was edited, told by the instruction too or not."""
        codes = list(self.by_code)
        pairs = []
        while len(pairs) < count:
            rows = self.by_code[codes[rng.integers(len(codes))]]
            first = rows[rng.integers(len(rows))]
            alike = rows[(self.seeds[rows[:, 0]] == self.seeds[first[0]]) & (rows[:, 0] != first[0])]
            rows = alike if len(alike) else rows
            second = rows[rng.integers(len(rows))]
            if first[0] != second[0]:
                pairs.append((*first, *second))
        first, first_side, second, second_side = np.array(pairs).T
        clean = self._latents(second, 2 * second_side + 1)
        known = [
            Panel(self._latents(first, 2 * first_side), 0, 0),
            Panel(self._latents(first, 2 * first_side + 1), 0, 1),
            Panel(self._latents(second, 2 * second_side), 1, 0),
        ]
        painting = self._region_or_whole(second, 2 * second_side + 1, rng)
        text = ["" if silent else words for silent, words in zip(rng.random(count) < WORDLESS, self._texts(second))]
        velocity, noise = self._velocity(clean, generator, known, painting, text)
        return flow_matching_loss(velocity, clean, noise)

    def loss_at(self, step: int) -> torch.Tensor:
        """The loss of a step: one task, drawn with its share."""
        step += self.done
        rng, generator = numpy_generator("transformer", step), torch_generator("transformer", step)
        names, shares = list(TASKS), [share for share, _ in TASKS.values()]
        name = names[rng.choice(len(names), p=shares)]
        return getattr(self, name)(rng, generator, self.settings.batch * TASKS[name][1])


@torch.no_grad()
def edit_quality(
    backbone: Backbone, pictures: Pictures, encoded: Encoded, whole: bool, count: int = 48, steps: int = 6
) -> float:
    """Mean PSNR in dB, inside the private region, of editing held-out sources by instruction, against the editor's.

    The target is painted as a `whole`, or in that region only.
    """
    rows = np.flatnonzero(pictures.held_out & pictures.changed[:, 0])[:count]
    index = torch.from_numpy(rows)
    mask = torch.from_numpy(pictures.mask[rows])[:, None].to(device()).float()
    known = [Panel(encoded.pictures[index, 0].float(), TARGET[0], 0)]
    painting = Painting(encoded.masked[index, 1].float(), mask)
    if whole:
        painting = Painting(encoded.grey.expand(len(rows), -1, -1), torch.ones_like(mask))
    text = backbone.text.encode([instructions()[code].text for code in pictures.code[rows]])
    noise = torch.randn(len(rows), 2, *encoded.pictures.shape[2:], generator=torch_generator("edit quality")).to(
        device()
    )

    def velocity(tokens, time):
        features, ids = assemble(tokens, known, painting, backbone.channels, backbone.downscale, time, noise[:, 1:])
        return backbone.predict(features, ids, time, text)[:, : tokens.shape[1]]

    result = backbone.decode(integrate(velocity, noise[:, 0], backbone.scheduler, steps))
    truth = torch.from_numpy(pictures.images[rows, 1]).permute(0, 3, 1, 2).to(device()).float() / 255
    error = ((result - truth).square() * mask).flatten(1).sum(1) / (3 * mask.flatten(1).sum(1))
    return float((-10 * error.clamp_min(1e-6).log10()).mean())


def train_transformer(
    data_folder: Path,
    output_folder: Path,
    settings: TransformerSettings = TransformerSettings(),
    models: ModelParameters = SHIPPED,
    checkpoint: Path | None = None,
) -> Path:
    """Pretrain the transformer on the pictures of `data_folder`; writes transformer/ and scheduler/; resumable.

    The VAE and the text model of `models` must exist. Rounds that are finished (their folders are
    beside the checkpoint) are not repeated, unless one before them was trained anew. Returns the output folder.
    """
    checkpoint = checkpoint or default_checkpoint(data_folder, output_folder)
    rounds = [
        (checkpoint.with_name(f"{checkpoint.stem}-round-{number}"), _round(settings, number))
        for number in range(1, len(settings.earlier) + 1)
    ]
    start, done = None, 0
    for number, (folder, of_round) in enumerate(rounds):
        if not _finished(folder, of_round.steps):
            _train_round(data_folder, folder, of_round, models, folder.with_suffix(".pt"), start, done)
            for stale, _ in rounds[number + 1 :]:
                shutil.rmtree(stale, ignore_errors=True)
                stale.with_suffix(".pt").unlink(missing_ok=True)
            checkpoint.unlink(missing_ok=True)
        start, done = folder, done + of_round.steps
    _train_round(data_folder, output_folder, settings, models, checkpoint, start, done)
    return output_folder


def _round(settings: TransformerSettings, number: int) -> TransformerSettings:
    """The settings of an earlier round, from 1: its own steps, with a warm-up and a cosine that fit into them."""
    steps = settings.earlier[number - 1]
    cooldown = settings.first_cooldown_steps if number == 1 else settings.cooldown_steps
    return replace(
        settings, steps=steps, records=settings.first_records if number == 1 else settings.records,
        warmup_steps=min(settings.warmup_steps, steps // 4), cooldown_steps=min(cooldown, steps // 2),
    )  # fmt: skip


def _finished(folder: Path, steps: int) -> bool:
    record = folder / "training.json"
    return record.is_file() and json.loads(record.read_text(encoding="utf-8"))["steps"] == steps


def _train_round(
    data_folder: Path,
    output_folder: Path,
    settings: TransformerSettings,
    models: ModelParameters,
    checkpoint: Path,
    start: Path | None,
    done: int,
) -> None:
    """One round of `train_transformer`, from the weights in `start` or from scratch, after `done` steps of others."""
    pictures = load_pictures(data_folder, settings.records)
    vae = load_component(AutoencoderKL, models.vae, "vae")
    if start is None:
        transformer = new_transformer(vae, load_component(CLIPTextModel, models.text, "text_encoder").config, settings)
    else:
        transformer = load_component(FluxTransformer2DModel, str(start), "transformer", torch_dtype=torch.float32)
    backbone = Backbone(models, transformer)
    encoded = encode_records(backbone, pictures)
    if settings.compile:
        transformer.compile_repeated_blocks()

    def export(record: dict) -> dict:
        averaged = Backbone(models, copy.deepcopy(transformer))  # a copy is not compiled
        measured = {
            f"edit_psnr_inside_{name}": round(edit_quality(averaged, pictures, encoded, whole), 3)
            for name, whole in (("region_painted", False), ("all_painted", True))
        }
        with atomic_path(output_folder / "transformer") as temporary:
            averaged.transformer.half().save_pretrained(temporary)
            config = json.loads((temporary / "config.json").read_text(encoding="utf-8"))
            config.pop("_name_or_path", None)  # the folder that the round before is in, on this machine
            (temporary / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        with atomic_path(output_folder / "scheduler") as temporary:
            averaged.scheduler.save_pretrained(temporary)
        write_record(output_folder, record, measured)
        return measured

    tasks = Tasks(backbone, pictures, encoded, settings, done)
    pretrain("transformer", transformer, tasks.loss_at, settings, checkpoint, export)
