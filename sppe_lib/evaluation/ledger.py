"""The ledger: paper, released code and this kit side by side, point by point.

What the paper and the release do is fact, told in our words; what the kit does is read from the profile
where a parameter decides it; what a difference costs is read from the results where the run measures it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from sppe_lib.config import Profile
from sppe_lib.evaluation.metrics import metric
from sppe_lib.evaluation.rendering import NOTHING, Document, Section
from sppe_lib.evaluation.results import data_name, read_metrics
from sppe_lib.evaluation.statistics import compare

UNSAID = "not said"

WHOLE = "ablation/nothing taken away"


@dataclass(frozen=True)
class Point:
    """One row: what paper and release do, what the kit does in a profile, why, and what that changes (None: not measured)."""

    topic: str
    paper: str
    release: str
    kit: Callable[[Profile], str]
    reason: str
    effect: Callable[[Profile], str | None] = lambda profile: None


def _difference(first: str, second: str, names: tuple[str, ...]) -> Callable[[Profile], str | None]:
    """Paired differences first - second of two ablations on the validation split, as text."""

    def effect(profile: Profile) -> str | None:
        measured = read_metrics(profile, "validation")
        if not {first, second} <= measured.keys():
            return None
        parts = []
        for name in names:
            found = compare(measured[first], measured[second], name, profile.evaluation)
            label = metric(name.removesuffix("_inside")).label + (" inside M" if name.endswith("_inside") else "")
            parts.append(f"{label} {found.difference:+.3f} ({found.low:+.3f} to {found.high:+.3f})")
        return ", ".join(parts)

    return effect


def _without(label: str, *names: str) -> Callable[[Profile], str | None]:
    return _difference(WHOLE, f"ablation/{label}", names or ("psnr_gt", "psnr_gt_inside", "dir_i"))


def _undefined(profile: Profile) -> str | None:
    measured = read_metrics(profile)
    counts = {name: int(table[["dir_i", "dir_s"]].isna().any(axis=1).sum()) for name, table in measured.items()}
    return "; ".join(f"{name}: {count} instances" for name, count in counts.items()) or None


def _steps(profile: Profile) -> str:
    return f"{profile.recovery.training.steps} steps, cycle from {profile.recovery.training.cycle_warmup_steps}"


def _lora(profile: Profile) -> str:
    return f"rank {profile.recovery.training.rank}, scale {profile.recovery.training.alpha}"


def _optimiser(profile: Profile) -> str:
    chosen = profile.recovery.training
    rates = "; ".join([f"{chosen.learning_rate:g}", *(f"{method} {rate:g}" for method, rate in chosen.learning_rates)])
    return f"{chosen.optimizer}, {rates}, {chosen.schedule} rate, batch {chosen.batch}, EMA {chosen.ema or 'none'}"


POINTS = (
    Point(
        "Backbone of recovery",
        "a FLUX inpainting model",
        "FLUX.1-dev through an inpainting pipeline",
        lambda profile: f"`{profile.models.transformer}`, a FluxTransformer2DModel",
        "The miniature is the same class with FLUX.1-Fill's input layout, small and pretrained on the simulated world.",
    ),
    Point(
        "Models of VISII and Cross-Image Attention",
        "VISII: an editor trained on InstructPix2Pix's data; the other: not said",
        UNSAID,
        lambda profile: ", ".join(
            f"{name}: `{model}`" if model else f"{name}: the backbone"
            for name, model in (("VISII", profile.models.visii), ("Cross-Image Attention", profile.models.cross_image))
        ),
        "Each runs on the model it was made for where the profile names one; the kit ships no miniature of those. There "
        "VISII's own CLIP term uses the metrics' CLIP, as its authors do, which favours it on the CLIP metrics.",
    ),
    Point(
        "LoRA",
        "rank 256",
        "rank 16, scale 16",
        _lora,
        "On every linear layer of the blocks; the miniature's layers are 192 wide, so rank 32 is a sixth of them.",
    ),
    Point(
        "Training length",
        "6000 steps, cycle from 3000",
        "15,000 steps",
        _steps,
        "What fits the time of the profile.",
        _difference("ablation/8/6 of the steps", "ablation/base + cycle + edit tag", ("psnr_gt", "ssim_src", "dir_i")),
    ),
    Point(
        "Optimiser",
        "8-bit AdamW, 1e-4",
        "batch 4, EMA 0.99, bf16, 8-bit quantised base",
        _optimiser,
        "A small model on little data bears a larger rate and needs no 8-bit state.",
    ),
    Point(
        "Grid",
        "latents of I, S, S' as tokens beside the target's",
        "1024² of four 512² panels: S | S' above I | target",
        lambda profile: f"the release's order; four panels of {profile.benchmark.size}²",
        "Panels are tokens with grid positions, so nothing is pasted together in pixels.",
    ),
    Point(
        "Where the mask M enters",
        "an argument of R; where is not said",
        "the target panel is inpainted as a whole",
        lambda profile: "M is what is to be painted; outside M, S' is known to the inpainting backbone",
        "That is how an inpainting model takes a mask; SOER gets the same.",
        _without("without M"),
    ),
    Point(
        "The result",
        "the painted target",
        "the lower right crop",
        lambda profile: "S' put back outside M" if profile.recovery.sampling.keep_outside else "the painted panel",
        "What is known need not pass through the autoencoder; applies to C2E-S2SER and SOER alike.",
        _without("without putting back S' outside M"),
    ),
    Point(
        "Text",
        "tag token before the instruction",
        "`instruction [SPLIT] category`",
        lambda profile: "tag token before the instruction",
        "A split's name is no description of an edit.",
        _without("without text"),
    ),
    Point(
        "Cycle",
        "target I, evidence reversed, text empty",
        "the swapped pass appears to regress to the unswapped latents",
        lambda profile: "target I, evidence reversed, text empty",
        "The paper's equation.",
        _difference("ablation/base + cycle", "ablation/base", ("psnr_gt", "ssim_src", "dir_i")),
    ),
    Point(
        "Edit tag",
        "arg-max of the tag generator, cross-entropy against the weak tag",
        "as the paper",
        lambda profile: "as the paper",
        "None.",
        _difference("ablation/base + cycle + edit tag", "ablation/base + cycle", ("psnr_gt", "ssim_src", "dir_i")),
    ),
    Point(
        "Flow times in training",
        UNSAID,
        UNSAID,
        lambda profile: "uniform",
        "Few sampling steps start where logit-normal times are rare: at pure noise, where colours are decided.",
    ),
    Point(
        "Sampling",
        UNSAID,
        "35 steps, guidance 1.0, unseeded",
        lambda profile: (
            f"{profile.recovery.sampling.steps} Euler steps, guidance {profile.recovery.training.guidance:g}, seeded per instance"
        ),
        "Noise belongs to the instance, so results depend neither on batches nor on processes.",
    ),
    Point(
        "Surrogates",
        "SDXL inpainting inside M, strength 0.5",
        "stored pictures",
        lambda profile: (
            "simulated: private content redrawn" if profile.benchmark.source == "vector-world" else "stored pictures"
        ),
        "No hub can be assumed on the default profile.",
    ),
    Point(
        "Editor",
        "SmartEdit on I and on S",
        "stored pictures",
        lambda profile: (
            "simulated: sees one picture, the instruction and a seed"
            if profile.benchmark.source == "vector-world"
            else "stored pictures"
        ),
        "SmartEdit has no library; the simulated one can miss, overlook and vary as real ones do.",
    ),
    Point(
        "Editability label",
        "(cosine + 1) / 2",
        "files hold the raw cosine",
        lambda profile: "raw cosine stored and scored, (cosine + 1) / 2 to train",
        "Correlations do not depend on the scale.",
    ),
    Point(
        "ERMA's inputs",
        "features of I, S, P, their product and differences, three cosines",
        "vectors not normalised",
        lambda profile: "as the release",
        "The release's choice is the only stated one.",
    ),
    Point(
        "ERMA's flips",
        UNSAID,
        "drawn separately for I and S",
        lambda profile: "I and S mirrored together",
        "A pair mirrored on one side only is a pair that the benchmark does not hold.",
    ),
    Point(
        "ERMA's checkpoint",
        UNSAID,
        "kept whenever SRCC or PLCC improves",
        lambda profile: "highest mean of SRCC and PLCC on the validation split",
        "One rule, one checkpoint.",
    ),
    Point(
        "CLIP of the metrics",
        "CLIP",
        "ViT-L/14, bicubic to its input size",
        lambda profile: f"`{profile.models.metrics_clip}`, bicubic to its input size",
        "The miniature has its own CLIP.",
    ),
    Point(
        "Size of SSIM and PSNR",
        UNSAID,
        "bilinear to 224²",
        lambda profile: "larger pictures to 224², smaller ones as they are",
        "Enlarging averages errors away and flatters every PSNR.",
    ),
    Point(
        "SSIM",
        UNSAID,
        "scikit-image on RGB",
        lambda profile: "scikit-image on RGB",
        "pyiqa's default is luma; the two must not be mixed.",
    ),
    Point(
        "Undefined directions",
        UNSAID,
        "a cosine of 0",
        lambda profile: "left out and counted",
        "No change has no direction; 0 would pass for a wrong one.",
        _undefined,
    ),
    Point(
        "Trivial baselines",
        "none",
        "none",
        lambda profile: "copy-surrogate, paste-source, local-linear",
        "Outside M the surrogate is the source, so copying is strong there.",
    ),
    Point(
        "Uncertainty",
        "none",
        "none",
        lambda profile: f"bootstrap over pairs, paired tests, {profile.recovery.training.seeds} seed(s) of training",
        "Two instances of a pair share their pictures, so pairs are resampled.",
    ),
)
"""Every point of comparison, from the model to the statistics."""


def ledger_table(profile: Profile) -> Document:
    """The ledger as a table: topic, paper, release, kit, reason, measured effect."""
    rows = [
        {
            "topic": point.topic,
            "paper": point.paper,
            "release": point.release,
            "kit": point.kit(profile),
            "reason": point.reason,
            "effect": point.effect(profile) or "",
        }
        for point in POINTS
    ]
    data = pd.DataFrame(rows)
    cells = data.rename(
        columns={
            "kit": f"this kit, profile {profile.name}",
            "release": "released code",
            "effect": "measured effect here",
        }
    ).replace("", NOTHING)
    notes = [
        (
            f"Measured effects are paired differences of this run ({data_name(profile)}, validation split) with their "
            f"intervals: with the kit's choice minus without it, or the later step minus the earlier. {NOTHING}: the profile "
            f"does not measure it."
        )
    ]
    return Document("table_ledger", "Ledger: paper, released code and this kit", notes, [Section("", cells)], data)
