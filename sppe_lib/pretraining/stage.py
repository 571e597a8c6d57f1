"""The steps of 00_pretrain_miniature for a profile; each can also be made alone, with other settings:

`python -m sppe_lib.pretraining.stage autoencoder --data PICTURES --output FOLDER steps=100 learning_rate=0.001`
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from sppe_lib.config import Profile, repository
from sppe_lib.errors import ConfigError, command_line
from sppe_lib.pretraining import scenes
from sppe_lib.pretraining.autoencoder import AutoencoderSettings, train_autoencoder
from sppe_lib.pretraining.clip import ClipSettings, train_clip
from sppe_lib.pretraining.transformer import SHIPPED, TransformerSettings, train_transformer

# Name -> settings, training, and the folder of its weights.
TRAININGS: dict[str, tuple[Any, Callable, str]] = {
    "autoencoder": (AutoencoderSettings, train_autoencoder, "vae"),
    "clip": (ClipSettings, train_clip, "clip"),
    "transformer": (TransformerSettings, train_transformer, "backbone"),
}


def _pictures(profile: Profile) -> Path:
    return profile.results / "pretraining" / "pictures"


def pictures(profile: Profile) -> None:
    """Draw the training pictures and show some."""
    scenes.show_pictures(scenes.make_pictures(_pictures(profile), profile.pretraining.records))


def train(what: str, profile: Profile) -> None:
    """Train one of TRAININGS and show steps, seconds and held-out measurements; the transformer needs the others."""
    from IPython.display import Markdown, display

    (cls, training, folder), chosen, models = TRAININGS[what], profile.pretraining, ()
    weights, steps = repository() / chosen.weights, getattr(chosen, f"{what}_steps")
    settings = cls(  # short runs get fewer records, a short warm-up and cosine
        steps=steps,
        records=min(cls.records, chosen.records),
        warmup_steps=min(cls.warmup_steps, steps // 4),
        cooldown_steps=min(cls.cooldown_steps, steps // 2),
    )
    if folder == "backbone":
        clip, vae, backbone = (str(weights / name) for name in ("clip", "vae", "backbone"))
        models = (replace(SHIPPED, clip=clip, metrics_clip=clip, vae=vae, transformer=backbone, text=clip),)
        settings = replace(settings, compile=chosen.compile)
    training(_pictures(profile), weights / folder, settings, *models)
    record = json.loads((weights / folder / "training.json").read_text(encoding="utf-8"))
    lines = [f"| {key} | {record[key]} |" for key in ("steps", "seconds")]
    lines += [f"| {key} (held out) | {value} |" for key, value in record["held_out"].items()]
    display(Markdown("\n".join(["| | |", "|---|---|", *lines])))


@command_line
def main(arguments: list[str] | None = None) -> None:
    """Draw the pictures or train one model, as the command line says."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("what", choices=("pictures", *TRAININGS))
    parser.add_argument("--data", type=Path, help="folder of the pictures")
    parser.add_argument("--output", type=Path, required=True, help="folder that is written")
    parser.add_argument("--checkpoint", type=Path, help="checkpoint file; default: beside the data")
    parser.add_argument("settings", nargs="*", help="such as steps=100; of pictures: records, processes, size")
    chosen = parser.parse_intermixed_args(arguments)  # settings may stand last
    values = {key: yaml.safe_load(value) for key, _, value in (text.partition("=") for text in chosen.settings)}
    try:
        if chosen.what == "pictures":
            scenes.make_pictures(chosen.output, **{"records": TransformerSettings.records, **values})
            return
        settings, training, _ = TRAININGS[chosen.what]
        made = settings(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})
    except TypeError as error:
        raise ConfigError(f"A setting of {chosen.what} is not known or does not fit: {error}.") from None
    if chosen.data is None:
        raise ConfigError(f"Training the {chosen.what} needs --data, the folder of its pictures.")
    training(chosen.data, chosen.output, made, checkpoint=chosen.checkpoint)


if __name__ == "__main__":
    sys.exit(main())
