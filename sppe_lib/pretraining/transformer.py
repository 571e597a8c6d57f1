"""The miniature's FLUX: a small transformer pretrained to edit by instruction and by example.

Two tasks on the vector world, in the token layout of FLUX.1 Kontext (diffusion/panels.py): known pictures stand at
the target's own rows and columns, and the output is how the target differs from the picture that is edited.

    edit      a picture and the instruction
    example   an edited pair A, A' beside the picture: another scene on which the same instruction was realised in the
              same way, so that A' tells what the words leave open; sometimes without any words

The last stands for the in-context ability of large FLUX models, on which the paper's recovery model builds. A pair of
source and surrogate is never an example here: to use one is what the recovery methods are trained for.
"""

import copy
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxTransformer2DModel
from torch import nn
from torch.nn.functional import adaptive_avg_pool2d
from transformers import CLIPTextModel

from sppe_lib.config import ModelParameters
from sppe_lib.data.taxonomy import instructions
from sppe_lib.diffusion.attention import attention_for_backward
from sppe_lib.diffusion.backbone import Backbone, load_component
from sppe_lib.diffusion.flow import flow_matching_loss, integrate, noisy, sample_times
from sppe_lib.diffusion.panels import Panel
from sppe_lib.locations import model_location
from sppe_lib.pretraining.run import PretrainingSettings, default_checkpoint, pretrain, write_record
from sppe_lib.pretraining.scenes import Pictures, load_pictures
from sppe_lib.recovery.grid import grid_velocity
from sppe_lib.recovery.sharded import digest_of
from sppe_lib.runtime import atomic_path, device, numpy_generator, progress, seed_of, torch_generator

# Task -> (share of the steps, how many times `batch` instances fit about the same number of tokens).
TASKS = {"edit": (0.2, 2), "example": (0.8, 1)}
WORDLESS = 0.2  # share of the examples without the instruction: the pair alone tells the edit
# (example, edited one) of a record's three scenes: source, surrogate and an unrelated one.
SIDES = np.array([(0, 2), (1, 2), (2, 0), (2, 1)])
# The miniature's own models, as `params.yaml` names them.
SHIPPED = ModelParameters(
    **dict.fromkeys(("clip", "metrics_clip", "text"), "weights/clip"),
    vae="weights/vae",
    transformer="weights/backbone",
    references="aligned",
    output="change",
)


@dataclass(frozen=True)
class TransformerSettings(PretrainingSettings):
    """Size and training of the transformer."""

    steps: int = 5000
    learning_rate: float = 6e-4
    warmup_steps: int = 150
    cooldown_steps: int = 1000
    average: float = 0.99
    checkpoint_every: int = 200
    records: int = 20000
    batch: int = 20  # instances of the task `example`
    time_shift: float = 50.0  # of flow times towards noise, where one or two steps sample; exported with the scheduler
    changed_weight: float = 3.0  # how much more a token counts that the edit changes wholly
    compile: bool = False  # the blocks: two minutes and a C++ compiler, saves time where bfloat16 is native
    double_layers: int = 2
    single_layers: int = 6
    heads: int = 3
    head_width: int = 64
    measured_records: int = 240  # held-out records that are measured at each export
    backwards: float = 0.15  # share of the examples that run from the edited to the unedited picture, without words


def new_transformer(vae, text_config, settings: TransformerSettings) -> FluxTransformer2DModel:
    """A FLUX transformer with the input channels of FLUX.1 Kontext for this VAE, its weights drawn from the seed."""
    width = 4 * vae.config.latent_channels
    with torch.random.fork_rng():
        torch.manual_seed(seed_of("transformer", settings.seed))
        transformer = FluxTransformer2DModel(
            patch_size=1,
            in_channels=width,
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
    # The last layer is silent, so that before any training the picture is left as it is.
    nn.init.zeros_(transformer.proj_out.weight)
    nn.init.zeros_(transformer.proj_out.bias)
    return transformer


def encode_records(backbone: Backbone, pictures: Pictures, batch: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """Latents [N, 6, T, D] of all pictures, float16, and what share of each token an edit changed, [N, 3, T, 1]."""
    encoded, changed = [], []
    for start in progress(range(0, len(pictures), batch), "encode pretraining pictures"):
        images = pictures.images[start : start + batch]
        tensor = torch.from_numpy(images).permute(0, 1, 4, 2, 3).float() / 255
        encoded.append(backbone.encode(tensor.flatten(0, 1)).half().unflatten(0, tensor.shape[:2]))
        differs = torch.from_numpy((images[:, 0::2] != images[:, 1::2]).any(axis=-1)).float()
        share = adaptive_avg_pool2d(differs, int(encoded[-1].shape[2] ** 0.5))
        changed.append(share.flatten(2)[..., None].to(device()))
    return torch.cat(encoded), torch.cat(changed)


class Tasks:
    """Draws the batch of a step and computes its loss; `encoded`: what `encode_records` gives."""

    def __init__(self, backbone: Backbone, pictures: Pictures, encoded: tuple, settings: TransformerSettings):
        self.backbone, self.pictures, self.settings = backbone, pictures, settings
        self.latents, self.changed = encoded
        training, did = ~pictures.held_out, pictures.changed
        # An edit can be learnt where it did something.
        self.edits = np.argwhere(did & training[:, None])
        examples = [(row, *side) for row in np.flatnonzero(training) for side in SIDES if did[row, side].all()]
        self.examples = np.array(examples).reshape(-1, 3)

    def picture(self, record: np.ndarray, scene: np.ndarray, after: np.ndarray | int) -> torch.Tensor:
        """Latents [B, T, D] of scenes of records, before (0) or after (1) the edit."""
        return self.latents[torch.from_numpy(record), torch.from_numpy(2 * scene + after)].float()

    def known(
        self, record: np.ndarray, edited: np.ndarray, example: np.ndarray | None = None, back: np.ndarray | int = 0
    ) -> list[Panel]:
        """The picture that is edited, behind the pair that shows how, if there is one; `back` is 1 where backwards."""
        columns = () if example is None else (0, 1)
        pair = [Panel(self.picture(record, example, column ^ back), 0, column) for column in columns]
        return [*pair, Panel(self.picture(record, edited, back), 1, 0)]

    def texts(self, records: np.ndarray) -> list[str]:
        """The instructions of records."""
        return [instructions()[code].text for code in self.pictures.code[records]]

    def loss_at(self, step: int) -> torch.Tensor:
        """The loss of a step: one task, drawn with its share."""
        rng, generator = numpy_generator("transformer", step), torch_generator("transformer", step)
        task = list(TASKS)[rng.choice(len(TASKS), p=[share for share, _ in TASKS.values()])]
        count = self.settings.batch * TASKS[task][1]
        if task == "edit":
            records, edited = self.edits[rng.integers(len(self.edits), size=count)].T
            example, back, texts = None, 0, self.texts(records)
        else:
            records, example, edited = self.examples[rng.integers(len(self.examples), size=count)].T
            drawn = rng.random(count)
            back = (drawn < self.settings.backwards).astype(int)
            silent = drawn < self.settings.backwards + WORDLESS
            texts = ["" if none else words for none, words in zip(silent, self.texts(records), strict=True)]
        clean = self.picture(records, edited, 1 - back)
        changed = self.changed[torch.from_numpy(records), torch.from_numpy(edited)]
        time = sample_times(count, generator, self.settings.time_shift).to(clean)
        noise = torch.randn(clean.shape, generator=generator).to(clean)
        known, text = self.known(records, edited, example, back), self.backbone.text.encode(texts)
        with attention_for_backward():
            velocity = grid_velocity(self.backbone, noisy(clean, noise, time), time, (known, None), text)
        return flow_matching_loss(velocity, clean, noise, 1 + self.settings.changed_weight * changed)


def psnr_inside(first: torch.Tensor, second: torch.Tensor, region: torch.Tensor) -> torch.Tensor:
    """PSNR [B] in dB (40 at most) of pictures [B, 3, H, W] in [0, 1] in a region, bool [B, 1, H, W]; NaN if empty."""
    error = ((first - second).square() * region).flatten(1).sum(1) / (3 * region.flatten(1).sum(1))
    return (-10 * error.log10()).clamp(max=40.0)


@torch.no_grad()
def edit_quality(backbone: Backbone, tasks: Tasks, count: int, steps: int = 1) -> dict[str, float]:
    """Mean PSNR in dB inside the private region of held-out sources that are edited, against the simulated editor's.

    By words alone, with an unrelated example, and with the surrogate's pair, between floor (the source as it was) and
    ceiling (the autoencoder); over the whole region, and over what the edit changed or left alone. "back": the edited
    source that is to become the source, wordless, by the unrelated example backwards.
    """
    pictures = tasks.pictures
    rows = np.flatnonzero(pictures.held_out & pictures.changed.all(axis=1))[:count]
    images = torch.from_numpy(pictures.images[rows]).permute(0, 1, 4, 2, 3).to(device()).float() / 255
    source, truth = images[:, 0], images[:, 1]
    mask = torch.from_numpy(pictures.mask[rows])[:, None].to(device())
    moved = (source != truth).any(dim=1, keepdim=True)
    regions = {"": mask, " changed": mask & moved, " unchanged": mask & ~moved}
    own, surrogate, other = (np.full(len(rows), scene) for scene in range(3))
    made = {"source": source, "autoencoder": backbone.decode(backbone.encode(truth))}
    for name, example, back in (("words", None, 0), ("example", other, 0), ("pair", surrogate, 0), ("back", other, 1)):
        known = tasks.known(rows, own, example, back)
        text = backbone.text.encode([""] * len(rows) if back else tasks.texts(rows))
        noise = torch.randn(known[-1].latents.shape, generator=torch_generator("edit quality")).to(device())
        velocity = partial(grid_velocity, backbone, grid=(known, None), text=text)
        made[name] = backbone.decode(integrate(velocity, noise, backbone.scheduler, steps))
    return {
        f"{name}{part}": round(float(psnr_inside(picture, source if name == "back" else truth, region).nanmean()), 2)
        for name, picture in made.items()
        for part, region in regions.items()
    }


def train_transformer(
    data_folder: Path,
    output_folder: Path,
    settings: TransformerSettings = TransformerSettings(),
    models: ModelParameters = SHIPPED,
    checkpoint: Path | None = None,
) -> dict:
    """Pretrain the transformer on the pictures of `data_folder` as `pretrain` does; writes transformer/ and scheduler/.

    The VAE and the text model of `models` must exist. Returns what was measured on held-out records.
    """
    pictures = load_pictures(data_folder, settings.records)
    vae = load_component(AutoencoderKL, models.vae, "vae")
    path = checkpoint or default_checkpoint(data_folder, output_folder)
    transformer = new_transformer(vae, load_component(CLIPTextModel, models.text, "text_encoder").config, settings)
    backbone = Backbone(models, transformer)
    tasks = Tasks(backbone, pictures, encode_records(backbone, pictures), settings)
    if settings.compile:
        transformer.compile_repeated_blocks()

    def export(record: dict) -> dict:
        averaged = Backbone(models, copy.deepcopy(transformer))  # a copy is not compiled
        averaged.scheduler = FlowMatchEulerDiscreteScheduler(shift=settings.time_shift)
        measured = edit_quality(averaged, tasks, settings.measured_records)
        with atomic_path(output_folder / "transformer") as temporary:
            averaged.transformer.half().save_pretrained(temporary)
        with atomic_path(output_folder / "scheduler") as temporary:
            averaged.scheduler.save_pretrained(temporary)
        write_record(output_folder, record, measured)
        return measured

    folders = [Path(model_location(location)) for location in (models.vae, models.text)]
    builds_on = digest_of(*(file for folder in folders for file in sorted(folder.rglob("*.safetensors"))))
    return pretrain("transformer", transformer, tasks.loss_at, settings, path, export, builds_on)
