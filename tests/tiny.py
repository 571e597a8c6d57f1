"""Tiny stand-ins in the real formats: an untrained CLIP, and a benchmark of squares whose "edits" are tints."""

from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from PIL import Image
from tokenizers.pre_tokenizers import ByteLevel
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer

from sppe_lib.data.parquet import write_parquet
from sppe_lib.data.schema import FEATURES, SPLITS, text_columns
from sppe_lib.data.taxonomy import categories, instructions_for
from sppe_lib.runtime import numpy_generator, write_text


def tiny_clip_tokenizer(**options) -> CLIPTokenizer:
    """A byte-level CLIP tokenizer without merges; token 0 starts a text and token 1 ends it."""
    characters = sorted(ByteLevel.alphabet())
    tokens = ["<|startoftext|>", "<|endoftext|>", *characters, *(character + "</w>" for character in characters)]
    return CLIPTokenizer(vocab={token: index for index, token in enumerate(tokens)}, merges=[], **options)


def tiny_clip(folder: Path, image_size: int = 32, dimension: int = 16, seed: int = 0, width: int = 32) -> str:
    """Save a random CLIP with features of `dimension` and token states of `width`; return its location."""
    tokenizer = tiny_clip_tokenizer()
    shared = {"hidden_size": width, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
    ends = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    text = shared | ends | {"vocab_size": len(tokenizer), "max_position_embeddings": 48}
    vision = shared | {"image_size": image_size, "patch_size": 8}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=dimension))
    crop = {"height": image_size, "width": image_size}
    for part in (model, tokenizer, CLIPImageProcessor(size={"shortest_edge": image_size}, crop_size=crop)):
        part.save_pretrained(folder)
    return str(folder)


def _picture(rng: np.random.Generator, size: int) -> np.ndarray:
    picture = np.empty((size, size, 3), np.float64)
    picture[:] = rng.integers(40, 216, 3)
    picture[: size // 2] += rng.integers(-30, 31, 3)
    return picture + rng.normal(0, 6, picture.shape)


def _edit(picture: np.ndarray, code: str) -> np.ndarray:
    # A tint that depends on the instruction and, a little, on the picture, so labels are not all alike.
    tint = numpy_generator("tint", code).integers(-60, 61, 3)
    return picture + tint * (0.5 + picture.mean() / 255)


def _image(picture: np.ndarray) -> Image.Image:
    return Image.fromarray(picture.clip(0, 255).round().astype(np.uint8))


def tiny_pair(pair: int, split: str, size: int, unchanged: bool = False) -> list[dict]:
    """The two instances (rows of FEATURES) of one synthetic pair; `unchanged` makes I' equal I."""
    name = list(categories())[pair % len(categories())]
    rng = numpy_generator("tiny", split, pair)
    source = _picture(rng, size)
    mask = np.zeros((size, size), np.uint8)
    top, left = rng.integers(0, size // 2, 2)
    mask[top : top + size // 2, left : left + size // 3] = 255
    private = mask[..., None] > 0
    share = (pair % 6) / 5  # from no visible replacement to a complete one
    source = np.where(private, _picture(rng, size), source)
    surrogate = np.where(private, (1 - share) * source + share * _picture(rng, size), source)
    choices = instructions_for(name)
    rows = []
    for number in rng.choice(len(choices), 2, replace=False):
        code = choices[number].code
        pictures = {
            "source": _image(source),
            "mask": Image.fromarray(mask),
            "surrogate": _image(surrogate),
            "edited_surrogate": _image(_edit(surrogate, code)),
            "edited_source": _image(source if unchanged else _edit(source, code)),
        }
        outcomes = {"source_outcome": "absent" if unchanged else "done", "surrogate_outcome": "done"}
        texts = text_columns(f"tiny/{split}-{pair:04d}", "tiny (synthetic)", split, name, code, 0.5)
        rows.append(texts | pictures | outcomes)
    return rows


def tiny_benchmark(folder: Path, pairs: int | dict[str, int], size: int = 64, unchanged_pairs: int = 1) -> Path:
    """Write the splits' shards, of so many pairs (of each split) with two instances each; the same bytes each time.

    Categories take turns. The first `unchanged_pairs` pairs of a split have I' equal to I: undefined labels.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        number = pairs if isinstance(pairs, int) else pairs[split]
        rows = [row for pair in range(number) for row in tiny_pair(pair, split, size, pair < unchanged_pairs)]
        write_parquet(Dataset.from_list(rows, features=FEATURES), folder / f"{split}-00000-of-00001.parquet")
    write_text(folder / "README.md", "# A synthetic benchmark for tests\n")
    return folder


def tiny_sweep(folder: Path, sources: int, candidates: dict[float, int], size: int = 32) -> Path:
    """Write the test shard of a sweep set, with so many surrogates a source at each strength.

    The strength is the share of M's content that is replaced. The first source's I' equals I.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(sources):
        base = tiny_pair(number, "test", size, unchanged=number == 0)[0]
        source, private = np.asarray(base["source"], np.float64), np.asarray(base["mask"])[..., None] > 0
        for strength, count in candidates.items():
            for candidate in range(count):
                other = _picture(numpy_generator("sweep", number, strength, candidate), size)
                surrogate = np.where(private, (1 - strength) * source + strength * other, source)
                pair = f"sweep/{number:05d}/s{round(100 * strength)}-{candidate}"
                mask = np.asarray(base["mask"]).copy()
                mask[candidate, : 8 * candidate] = 255  # M covers what is private in S too, so it can differ
                own = {
                    "instance_id": f"{pair}/{base['instruction_code']}",
                    "pair_id": pair,
                    "strength": strength,
                    "mask": Image.fromarray(mask),
                    "surrogate": _image(surrogate),
                    "edited_surrogate": _image(_edit(surrogate, base["instruction_code"])),
                }
                rows.append(base | own)
    write_parquet(Dataset.from_list(rows, features=FEATURES), folder / "test-00000-of-00001.parquet")
    return folder
