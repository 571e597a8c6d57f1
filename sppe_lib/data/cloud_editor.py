"""The cloud: an editor that uploads, and therefore takes nothing but surrogates.

It speaks the `images/edits` request of the OpenAI API, which several services understand. Three things must be
set on purpose, or it refuses: SPPE_ALLOW_UPLOAD=1 and the key SPPE_CLOUD_API_KEY in the environment, and
`generation.cloud_url` in params.yaml. The benchmark itself never uses it, because I' would need the source uploaded.
"""

import base64
import json
import os
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import httpx
from PIL import Image

from sppe_lib.config import GenerationParameters
from sppe_lib.data.command_editor import KEY
from sppe_lib.data.problems import shown
from sppe_lib.data.surrogates import Surrogate
from sppe_lib.errors import ConfigError, DataError, ResourceError
from sppe_lib.pictures import read_picture
from sppe_lib.runtime import progress

ALLOW = "SPPE_ALLOW_UPLOAD"
SECONDS = 300.0  # how long one edit may take before it counts as failed
LARGEST = 100_000_000  # bytes of the longest answer that is read


def load_cloud_editor(parameters: GenerationParameters) -> Callable[..., list[Image.Image]]:
    """The editor that sends surrogates, and nothing else, to `parameters.cloud_url`, one request each, without a seed.

    Raises ConfigError unless uploading was allowed, a key is set and the URL is encrypted (or this machine's own); the
    editor raises TypeError for anything but a Surrogate, before any request, ResourceError for a request that fails,
    and DataError for an answer without a picture.
    """
    key = os.environ.get(KEY)
    try:
        address = urlsplit(parameters.cloud_url)
        own = address.hostname in ("127.0.0.1", "localhost")
    except ValueError:
        address, own = urlsplit(""), False
    if os.environ.get(ALLOW) != "1":
        raise ConfigError(f"The editor cloud uploads surrogates: set {ALLOW}=1 in the environment to allow that.")
    if not key:
        raise ConfigError(f"The editor cloud needs a key: set {KEY} in the environment, never in a file.")
    if address.scheme != "https" and not (own and address.scheme == "http"):
        raise ConfigError(f"generation.cloud_url is {parameters.cloud_url!r}: give a base URL that begins with https.")
    if not parameters.editor_model:
        raise ConfigError("generation.editor_model is empty: name the service's model for the editor cloud.")
    url = parameters.cloud_url.rstrip("/") + "/images/edits"

    def edit(surrogates: Sequence[Surrogate], instructions: Sequence[str], seeds: Sequence[int]) -> list[Image.Image]:
        for other in (type(given) for given in surrogates if type(given) is not Surrogate):
            raise TypeError(
                f"The editor cloud takes surrogates of make_surrogates only, not {other.__name__}: a source must never "
                f"be uploaded."
            )
        entries = progress(zip(surrogates, instructions, seeds, strict=True), "Cloud edits", total=len(surrogates))
        return [_request(url, key, parameters.editor_model, *entry[:2]) for entry in entries]

    return edit


def _request(url: str, key: str, model: str, surrogate: Surrogate, instruction: str) -> Image.Image:
    cloud, about = f"The cloud editor at {urlsplit(url).hostname}", shown(surrogate.name)
    try:
        # Redirects are not followed: the picture goes to the named service only. Nor does its file name tell anything.
        with httpx.stream(
            "POST",
            url,
            headers={"Authorization": f"Bearer {key}"},
            data={"model": model, "prompt": instruction},
            files={"image": ("surrogate.png", surrogate.png, "image/png")},
            timeout=SECONDS,
        ) as response:
            answer = _limited(response)
    except httpx.TimeoutException:
        raise ResourceError(f"{cloud} did not answer in {SECONDS:g} s for {about}; try again later.") from None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        # What is wrong with a header would be told with the header, and so with the key.
        private = isinstance(error, (ValueError, httpx.LocalProtocolError))
        why = type(error).__name__ if private else str(error)[:200]
        raise ResourceError(f"{cloud} cannot be reached ({why}); check generation.cloud_url and the network.") from None
    if response.status_code != 200:
        why = _message(answer).replace(key, "...") or response.reason_phrase or "no reason given"
        why = f"with status {response.status_code} ({why})"
        raise ResourceError(f"{cloud} refused {about} {why}; check the key, the model's name and your quota.")
    try:
        return _picture(answer).resize(surrogate.image.size, Image.Resampling.BICUBIC)
    except _UNREADABLE:
        why = f"without a readable picture (data[0].b64_json) for {about}"
        raise DataError(f"{cloud} answered {why}; choose a model that returns base64.") from None


_UNREADABLE = (DataError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError)


def _limited(response: httpx.Response) -> bytes:
    # Unpacked as it comes, so that no small answer can fill the memory; of one that is too long nothing is kept.
    answer = b""
    for part in response.iter_bytes():
        answer += part
        if len(answer) > LARGEST:
            return b""
    return answer


def _message(answer: bytes) -> str:
    try:
        return " ".join(str(json.loads(answer)["error"]["message"]).split())[:200]
    except _UNREADABLE:
        return ""


def _picture(answer: bytes) -> Image.Image:
    text = "".join(json.loads(answer)["data"][0]["b64_json"].split())  # some wrap their lines
    if text.startswith("data:"):
        text = text.partition(",")[2]
    return read_picture(base64.b64decode(text, validate=True))
