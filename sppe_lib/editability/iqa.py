"""Image quality metrics as editability baselines: how alike are source and surrogate?

They see I and S only, not the instruction, so both instances of a pair get the same score. All come from pyiqa, with
the source as the reference. A metric whose weights are not on this machine (those of ST-LPIPS come with a package)
reports that and gives no number; only `download_learned_metrics()` uses a network.
"""

import contextlib
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from huggingface_hub import try_to_load_from_cache
from torch.nn.functional import interpolate

from sppe_lib.editability.scores import Method
from sppe_lib.errors import ResourceError
from sppe_lib.runtime import device


@dataclass(frozen=True)
class WeightFile:
    """A file that a learned metric needs. `place`: a key of `_weight_folders` or a hub repository id."""

    place: str
    name: str

    def folder(self) -> str:
        """Where the file belongs, in words fit for a message."""
        if "/" in self.place:
            return f"the Hugging Face cache ({self.place})"
        # Reports are shared: a person's home folder is nobody else's business.
        return str(_weight_folders()[self.place]).replace(str(Path.home()), "~", 1)

    def present(self) -> bool:
        """Whether the file is on this machine; no network is used."""
        if "/" in self.place:
            return isinstance(try_to_load_from_cache(self.place, self.name), str)
        return (_weight_folders()[self.place] / self.name).is_file()


@dataclass(frozen=True)
class Metric:
    """One row of the table of metrics.

    `smallest`: side in pixels below which images are enlarged bilinearly. `batch`: images at a time; few, because MAD
    and VSI are slow where they outgrow the cache. `options` go to pyiqa. `highest`: the largest score it can have; what
    is above, such as CW-SSIM's million for pictures without structure, is undefined.
    """

    name: str
    pyiqa_name: str
    smallest: int = 32
    batch: int = 8
    options: dict[str, object] = field(default_factory=dict)
    weights: tuple[WeightFile, ...] = ()
    highest: float = float("inf")


_RESNET = WeightFile("timm/resnet50.a1_in1k", "model.safetensors")
_VIT = WeightFile("timm/vit_base_patch8_224.augreg2_in21k_ft_in1k", "model.safetensors")
_VGG = WeightFile("checkpoints", "vgg16-397923af.pth")
_CLIP = WeightFile("clip", "ViT-B-32.pt")

METRICS = (
    # Weight-free, this kit's addition. pyiqa's SSIM is on luma unless told otherwise; RGB as elsewhere in the kit.
    Metric("SSIM", "ssim", options={"test_y_channel": False}, highest=1.0),
    Metric("FSIM", "fsim", highest=1.0),
    Metric("VIF", "vif", smallest=64),
    Metric("GMSD", "gmsd", highest=1.0),
    Metric("NLPD", "nlpd"),
    Metric("VSI", "vsi", highest=1.0),
    Metric("MAD", "mad"),
    Metric("CW-SSIM", "cw_ssim", smallest=64, highest=1.0),
    Metric("PSNR", "psnr"),
    # The paper's five (Table 4). A-FINE takes one image at a time; AHIQ sees crops of 224 pixels.
    Metric("AFINE-FR", "afine_fr", batch=1, weights=(WeightFile("pyiqa", "afine.pth"), _CLIP)),
    Metric("AHIQ", "ahiq", smallest=224, batch=1,
           weights=(WeightFile("pyiqa", "AHIQ_vit_p8_epoch33-da3ea303.pth"), _RESNET, _VIT)),
    Metric("DISTS", "dists", weights=(WeightFile("pyiqa", "DISTS_weights-f5e65c96.pth"), _VGG)),
    Metric("ST-LPIPS", "stlpips", smallest=64, weights=(WeightFile("package", "alex_shift_tolerant.pth"),)),
    Metric("TOPIQ-FR", "topiq_fr", smallest=64,
           weights=(WeightFile("pyiqa", "cfanet_fr_kadid_res50-2c4cc61d.pth"), _RESNET)),
)  # fmt: skip


def _weight_folders() -> dict[str, Path]:
    """The folders in which pyiqa and its backbones look for weights, and the one of the package stlpips-pytorch."""
    hub = Path(torch.hub.get_dir())
    return {
        "pyiqa": hub / "pyiqa",
        "checkpoints": hub / "checkpoints",
        "clip": Path.home() / ".cache" / "clip",
        "package": Path(str(files("stlpips_pytorch"))) / "weights" / "vST0.0",
    }


def direction(entry: Metric) -> str:
    """ "lower" or "higher": which raw score means that two images are more alike, as pyiqa declares it."""
    from pyiqa.default_model_configs import DEFAULT_CONFIGS

    return "lower" if DEFAULT_CONFIGS[entry.pyiqa_name].get("lower_better", False) else "higher"


def _create(entry: Metric):
    import pyiqa

    # pyiqa would fetch what the authors' own package brings along.
    own = [str(_weight_folders()["package"] / file.name) for file in entry.weights if file.place == "package"]
    options = entry.options | ({"pretrained_model_path": own[0]} if own else {})
    # pyiqa prints what it loads; a notebook should show results.
    with contextlib.redirect_stdout(io.StringIO()):
        return pyiqa.create_metric(entry.pyiqa_name, device=device(), **options)


def load_metric(entry: Metric):
    """The pyiqa metric, ready to call as metric(distorted, reference) on [B, 3, H, W] in [0, 1].

    Raises ResourceError, without touching the network, where its weights are missing or do not load.
    """
    missing = [file for file in entry.weights if not file.present()]
    if missing:
        where = "; ".join(f"{file.name} in {file.folder()}" for file in missing)
        raise ResourceError(
            f"{entry.name}: weights not available: put {where}, or run "
            f"sppe_lib.editability.iqa.download_learned_metrics() where there is a network."
        )
    try:
        return _create(entry)
    except Exception as error:
        if not entry.weights:
            raise
        raise ResourceError(
            f"{entry.name}: weights not available: what is there does not load ({type(error).__name__}); delete "
            f"{', '.join(file.name for file in entry.weights)} and fetch them again."
        ) from None


def download_learned_metrics() -> list[Method]:
    """Fetch the weights of the paper's five metrics (some GB, from their authors' hosts); say which work."""
    methods = []
    for entry in (entry for entry in METRICS if entry.weights):
        reason = ""
        try:
            _create(entry)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
        methods.append(Method(entry.name, direction(entry), not reason, reason))
    return methods


def pair_scores(entry: Metric, function: Callable, sources: torch.Tensor, surrogates: torch.Tensor) -> np.ndarray:
    """Raw scores [B] of surrogates against sources [B, 3, H, W] by what `load_metric` gave; NaN where undefined."""
    scores, side = [torch.empty(0, dtype=torch.float64)], min(sources.shape[-2:])
    size = [round(length * entry.smallest / side) for length in sources.shape[-2:]]
    with torch.no_grad():
        for parts in zip(surrogates.split(entry.batch), sources.split(entry.batch), strict=True):
            if side < entry.smallest:
                parts = [interpolate(images, size, mode="bilinear", align_corners=False) for images in parts]
            prepared = [images.clone() for images in parts]  # A-FINE normalises its arguments in place
            scores.append(function(*prepared).detach().double().cpu().reshape(-1))
    values = torch.cat(scores).numpy()
    rounding = 1e-3  # how far above its highest score it takes a metric
    return np.where(np.isfinite(values) & (values <= entry.highest + rounding), values, np.nan)


def score_all(
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]], learned: bool = True
) -> tuple[dict[str, np.ndarray], list[Method]]:
    """Every metric on every pair: raw scores by name (all NaN where unavailable), and the methods.

    `batches` gives sources and surrogates, [B, 3, H, W] in [0, 1]. `learned` False leaves out the metrics that need
    weights and says so.
    """
    functions, reasons = {}, {}
    for entry in METRICS:
        try:
            if entry.weights and not learned:
                raise ResourceError("switched off by editability.learned_metrics in params.yaml")
            functions[entry.name] = load_metric(entry)
        except ResourceError as error:
            reasons[entry.name] = str(error).removeprefix(f"{entry.name}: ")
    parts: dict[str, list[np.ndarray]] = {entry.name: [np.empty(0)] for entry in METRICS}
    for pair in batches:
        for entry in METRICS:
            known = functions.get(entry.name)
            parts[entry.name].append(pair_scores(entry, known, *pair) if known else np.full(len(pair[0]), np.nan))
    scores = {name: np.concatenate(values) for name, values in parts.items()}
    for name in functions:
        undefined = np.isnan(scores[name]).sum()
        reasons[name] = f"undefined on {undefined} of {len(scores[name])} pairs" if undefined else ""
    methods = [Method(entry.name, direction(entry), entry.name in functions, reasons[entry.name]) for entry in METRICS]
    return scores, methods
