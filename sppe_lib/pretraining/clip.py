"""Pretraining of the miniature's CLIP on the vector world.

Images and captions are contrasted within batches that hold every record's four pictures, so that a scene's own edit and
surrogate are its hardest negatives. A second term asks the difference of the features of an edited and an unedited
picture to point towards the instruction that caused it: directions of edits are what ERMA, DirI and DirS measure.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from torch.nn import functional
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer

from sppe_lib.data.taxonomy import TAGS, instructions
from sppe_lib.pretraining.run import PretrainingSettings, default_checkpoint, pretrain, write_record
from sppe_lib.pretraining.scenes import Pictures, load_pictures
from sppe_lib.runtime import atomic_path, autocast, device, numpy_generator, write_text

MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)  # CLIP's image normalisation, as every CLIP checkpoint has it
MAX_TOKENS = 77
LARGEST_SCALE = 100.0


@dataclass(frozen=True)
class ClipSettings(PretrainingSettings):
    """Shape and training of the CLIP."""

    steps: int = 2320
    records: int = 9000
    cooldown_steps: int = 330
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    batch: int = 8  # records, four pictures and captions each
    vocabulary: int = 2000  # about how many tokens the BPE has
    vision_layers: int = 6
    text_layers: int = 4
    hidden: int = 128
    heads: int = 2
    patch: int = 8
    image_size: int = 64
    projection: int = 128
    direction_weight: float = 0.5  # of the instruction term
    direction_scale: float = 20.0  # inverse temperature; high: content before all directions of an instruction coincide
    validation_records: int = 128  # held-out records that are measured at each export


def train_tokenizer(texts: list[str], vocabulary: int) -> CLIPTokenizer:
    """A byte-level BPE tokenizer of CLIP's own layout, its merges learnt from `texts`.

    Any text can be written: all 256 bytes are tokens, inside and at the end of words. The merges fill the rest of
    `vocabulary` where the texts have that many. Start and end are the last two ids.
    """
    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    learner.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    learner.pre_tokenizer = CLIPTokenizer().backend_tokenizer.pre_tokenizer
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    endings = [letter + "</w>" for letter in alphabet]
    trainer = trainers.BpeTrainer(
        vocab_size=max(0, vocabulary - 2),
        # Named in advance, or the trainer numbers the endings, and merges that are equally frequent, anew in each run.
        special_tokens=endings,
        initial_alphabet=alphabet,
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    merges = [tuple(pair) for pair in json.loads(learner.to_str())["model"]["merges"]]
    tokens = dict.fromkeys([*alphabet, *endings, *map("".join, merges)])
    vocab = {token: number for number, token in enumerate([*tokens, "<|startoftext|>", "<|endoftext|>"])}
    return CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=MAX_TOKENS)


def build_clip(settings: ClipSettings, tokenizer: CLIPTokenizer) -> CLIPModel:
    """A fresh `CLIPModel`, weights drawn from `settings.seed`."""
    shared = {
        "hidden_size": settings.hidden,
        "intermediate_size": 4 * settings.hidden,
        "num_attention_heads": settings.heads,
        "projection_dim": settings.projection,
    }
    text = {"num_hidden_layers": settings.text_layers, "vocab_size": len(tokenizer)}
    text |= {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    vision = {"num_hidden_layers": settings.vision_layers, "image_size": settings.image_size}
    config = CLIPConfig(
        text_config={**shared, **text, "max_position_embeddings": MAX_TOKENS},
        vision_config={**shared, **vision, "patch_size": settings.patch},
        projection_dim=settings.projection,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        return CLIPModel(config).to(device())


def tokenize(tokenizer: CLIPTokenizer, texts: list[str]) -> torch.Tensor:
    """Token ids [N, T] on the CPU, padded to the longest; truncated at MAX_TOKENS."""
    return tokenizer(texts, padding=True, truncation=True, return_tensors="pt")["input_ids"]


def image_features(model: CLIPModel, images: np.ndarray) -> torch.Tensor:
    """Projected features [N, D], not normalised, of uint8 pictures [N, H, W, 3]."""
    mean, deviation = (torch.tensor(values, device=device())[:, None, None] for values in (MEAN, DEVIATION))
    pixels = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).to(device()).float() / 255
    with autocast():
        pooled = model.vision_model(pixel_values=(pixels - mean) / deviation).pooler_output
        return model.visual_projection(pooled).float()


def text_features(model: CLIPModel, tokens: torch.Tensor) -> torch.Tensor:
    """Projected features [N, D], not normalised, of token ids [N, T]; columns of padding are cut."""
    end = model.config.text_config.eos_token_id
    longest = int((tokens == end).int().argmax(dim=1).max()) + 1
    with autocast():
        pooled = model.text_model(input_ids=tokens[:, :longest].to(device())).pooler_output
        return model.text_projection(pooled).float()


def contrastive_loss(images: torch.Tensor, texts: torch.Tensor, scale: torch.Tensor, same: torch.Tensor):
    """Symmetric InfoNCE of features [N, D]; `same` [N, N] marks equal captions, all of them positives."""
    logits = scale * functional.normalize(images, dim=-1) @ functional.normalize(texts, dim=-1).T
    target = same.float() / same.sum(dim=1, keepdim=True)
    return (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)) / 2


def edit_directions(features: torch.Tensor) -> torch.Tensor:
    """E(edited) - E(unedited) of normalised features [N, 4, D] in the order of PICTURES -> [N, 2, D]."""
    features = functional.normalize(features, dim=-1)
    return features[:, 1::2] - features[:, 0::2]


def direction_loss(
    features: torch.Tensor, texts: torch.Tensor, codes: torch.Tensor, changed: torch.Tensor, scale: float
) -> torch.Tensor:
    """Cross-entropy of the instruction given the direction of the edit.

    `features` [N, 4, D] of pictures, `texts` [65, D] of instructions, `codes` [N] their row, `changed` [N, 2] whether
    the edit did anything; unchanged pairs do not count.
    """
    directions = edit_directions(features)
    # The small constant keeps the gradient bounded for edits of a few pixels.
    directions = directions / (directions.norm(dim=-1, keepdim=True) + 0.02)
    logits = scale * directions @ functional.normalize(texts, dim=-1).T
    losses = functional.cross_entropy(logits.flatten(0, 1), codes.repeat_interleave(2), reduction="none")
    return (losses * changed.flatten()).sum() / changed.sum().clamp_min(1)


def _spread(cosines: torch.Tensor) -> dict:
    if not len(cosines):
        return {"pairs": 0}
    found = {"mean": cosines.mean(), "std": cosines.std(correction=0), "above_0.95": (cosines > 0.95).float().mean()}
    return {"pairs": len(cosines), **{name: value.item() for name, value in found.items()}}


def _rows(pictures: Pictures) -> np.ndarray:
    return np.array([list(instructions()).index(code) for code in pictures.code])


@torch.no_grad()
def measure_clip(model: CLIPModel, tokenizer: CLIPTokenizer, pictures: Pictures) -> dict:
    """How well held-out records are told apart.

    `retrieval`: share of pictures whose own caption (or an equal one) is the nearest of all; `own_four`: among the
    captions of the picture's record. `instruction`: share of changed pairs whose direction is nearest to their
    instruction among all. `directions`: by tag, the cosine of the edit's direction on the source and on the surrogate.
    """
    records = len(pictures)
    shown = pictures.images[:, :4]
    images = image_features(model, shown.reshape(-1, *shown.shape[2:]))
    captions = pictures.captions.reshape(-1)
    texts = text_features(model, tokenize(tokenizer, captions.tolist()))
    similarity = (functional.normalize(images, dim=-1) @ functional.normalize(texts, dim=-1).T).cpu()
    own = similarity.view(records, 4, records, 4).diagonal(dim1=0, dim2=2).permute(2, 0, 1).argmax(dim=-1)
    own_captions = np.take_along_axis(pictures.captions, own.numpy(), axis=1)
    commands = text_features(model, tokenize(tokenizer, [entry.text for entry in instructions().values()]))
    directions = edit_directions(images.view(records, 4, -1)).cpu()
    nearest = (directions @ functional.normalize(commands, dim=-1).cpu().T).argmax(dim=-1).numpy()
    wanted, changed = _rows(pictures), pictures.changed[:, :2]
    both = torch.from_numpy(changed.all(axis=1))
    cosines = functional.cosine_similarity(directions[:, 0], directions[:, 1], dim=-1)
    tags = np.array([instructions()[code].tag for code in pictures.code])
    return {
        "retrieval": float((captions[similarity.argmax(dim=1).numpy()] == captions).mean()),
        "own_four": float((own_captions == pictures.captions).mean()),
        "instruction": float((nearest == wanted[:, None])[changed].mean()) if changed.any() else 0.0,
        "directions": {tag: _spread(cosines[both & torch.from_numpy(tags == tag)]) for tag in TAGS},
    }


def train_clip(
    data_folder: str | Path,
    output_folder: str | Path,
    settings: ClipSettings = ClipSettings(),
    checkpoint: str | Path | None = None,
) -> dict:
    """Train the CLIP on the pictures of `data_folder` as `pretrain` does, and write it to `output_folder`.

    In half precision, with tokenizer, image processor and training.json. Returns what was measured of the saved weights
    on held-out records. Raises DataError without pictures.
    """
    pictures = load_pictures(data_folder, settings.records)
    training = pictures.subset(~pictures.held_out)
    held_out = pictures.subset(np.flatnonzero(pictures.held_out)[: settings.validation_records])
    commands = [entry.text for entry in instructions().values()]
    words = training.captions.flatten().tolist()
    tokenizer = train_tokenizer(words + commands * 50, settings.vocabulary)
    captions, command_tokens = tokenize(tokenizer, words).view(len(training), 4, -1), tokenize(tokenizer, commands)
    codes, changed = torch.from_numpy(_rows(training)), torch.from_numpy(training.changed[:, :2])
    model = build_clip(settings, tokenizer)
    # With so few tokens plain attention trains faster on a CPU than the fused kernel.
    model.set_attn_implementation("eager")

    def loss_at(step: int) -> torch.Tensor:
        generator = numpy_generator("clip batch", settings.seed, step)
        rows = generator.choice(len(training), size=min(settings.batch, len(training)), replace=False)
        pixels = training.images[rows, :4]
        images = image_features(model, pixels.reshape(-1, *pixels.shape[2:]))
        texts = text_features(model, captions[rows].flatten(0, 1))
        named = training.captions[rows].reshape(-1)
        same = torch.from_numpy(named[:, None] == named[None, :]).to(device())
        scale = model.logit_scale.exp().clamp(max=LARGEST_SCALE)
        records, commanded = images.view(len(rows), 4, -1), text_features(model, command_tokens)
        wanted, did = codes[rows].to(device()), changed[rows].to(device())
        directions = direction_loss(records, commanded, wanted, did, settings.direction_scale)
        return contrastive_loss(images, texts, scale, same) + settings.direction_weight * directions

    def export(record: dict) -> dict:
        half, size = build_clip(settings, tokenizer).eval(), settings.image_size
        half.load_state_dict({name: value.half() for name, value in model.state_dict().items()})
        measured = measure_clip(half, tokenizer, held_out)
        sides = {"size": {"shortest_edge": size}, "crop_size": {"height": size, "width": size}}
        processor = CLIPImageProcessor(**sides, image_mean=list(MEAN), image_std=list(DEVIATION))
        with atomic_path(output_folder) as temporary:
            for part in (half.half(), tokenizer, processor):
                part.save_pretrained(temporary)
            # from_pretrained follows these entries: stored in half precision, computed in float32.
            content = json.loads((temporary / "config.json").read_text(encoding="utf-8"))
            for part in (content, content["text_config"], content["vision_config"]):
                part["dtype"] = "float32"
            write_text(temporary / "config.json", json.dumps(content, indent=2) + "\n")
            write_record(temporary, record, measured)
        return measured

    path = checkpoint or default_checkpoint(data_folder, output_folder)
    return pretrain("clip", model, loss_at, settings, path, export)
