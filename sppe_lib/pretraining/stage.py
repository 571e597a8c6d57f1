"""The steps of 00_pretrain_miniature for a profile: pictures, autoencoder, CLIP, transformer."""

import dataclasses
from pathlib import Path

from sppe_lib.config import ModelParameters, Profile, repository
from sppe_lib.pretraining import report, scenes
from sppe_lib.pretraining.autoencoder import AutoencoderSettings, train_autoencoder
from sppe_lib.pretraining.clip import ClipSettings, train_clip
from sppe_lib.pretraining.transformer import TransformerSettings, train_transformer


def _pictures_folder(profile: Profile) -> Path:
    return profile.results / "pretraining" / "pictures"


def _weights_folder(profile: Profile, name: str) -> Path:
    return repository() / profile.pretraining.weights / name


def _settings(cls: type, steps: int, profile: Profile):
    """The settings with the profile's number of steps; short runs get fewer records, a short warm-up and cosine."""
    settings = cls(steps=steps)
    return dataclasses.replace(
        settings,
        records=min(settings.records, profile.pretraining.records),
        warmup_steps=min(settings.warmup_steps, steps // 4),
        cooldown_steps=min(settings.cooldown_steps, steps // 2),
    )


def pictures(profile: Profile) -> None:
    """Draw the training pictures and show some."""
    folder = scenes.make_pictures(_pictures_folder(profile), profile.pretraining.records)
    report.show_pictures(folder)


def autoencoder(profile: Profile) -> None:
    """Train the autoencoder and show its record."""
    folder = _weights_folder(profile, "vae")
    train_autoencoder(
        _pictures_folder(profile),
        folder,
        _settings(AutoencoderSettings, profile.pretraining.autoencoder_steps, profile),
    )
    report.show_record(folder)


def clip(profile: Profile) -> None:
    """Train CLIP and its tokenizer and show the record."""
    folder = _weights_folder(profile, "clip")
    train_clip(_pictures_folder(profile), folder, _settings(ClipSettings, profile.pretraining.clip_steps, profile))
    report.show_record(folder)


def transformer(profile: Profile) -> None:
    """Train the transformer on the VAE and text model made before, and show its record."""
    folder = _weights_folder(profile, "backbone")
    made = {name: str(_weights_folder(profile, name)) for name in ("clip", "vae")}
    models = ModelParameters(made["clip"], made["clip"], made["vae"], str(folder), made["clip"])
    *earlier, last = profile.pretraining.transformer_steps
    settings = _settings(TransformerSettings, last, profile)
    settings = dataclasses.replace(
        settings,
        compile=profile.pretraining.compile,
        earlier=tuple(earlier),
        first_records=min(settings.first_records, settings.records),
    )
    train_transformer(_pictures_folder(profile), folder, settings, models)
    report.show_record(folder)
