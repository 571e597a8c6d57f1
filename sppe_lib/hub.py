"""Loading and running whole diffusers pipelines; every failure is one sentence.

The one way from a model's name to a pipeline on the chosen device, for surrogates and editors alike.
diffusers takes seconds to import, and most of what imports this file never loads a pipeline: it waits until one is.
"""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

import torch
from huggingface_hub.errors import (
    GatedRepoError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    RevisionResolutionError,
    XetDownloadError,
)
from PIL import Image
from safetensors import SafetensorError

from sppe_lib.errors import ResourceError
from sppe_lib.locations import model_location
from sppe_lib.runtime import compute_dtype, device

if TYPE_CHECKING:
    import diffusers

PROBLEMS = (
    (GatedRepoError, "its licence must be accepted first: do so on its hub page and log in with `hf auth login`"),
    (RevisionNotFoundError, "the model has no such revision: use main, or a tag or commit of its hub page"),
    (RepositoryNotFoundError, "the hub has no such model: correct the name, or log in with `hf auth login` if private"),
    (SafetensorError, "a weight file is cut short or damaged: delete it and download the model again"),
    (
        (LocalEntryNotFoundError, RevisionResolutionError, XetDownloadError, ConnectionError, TimeoutError),
        "the hub could not be reached or the download broke off: check the network and run again, finished files stay",
    ),
    ((torch.OutOfMemoryError, MemoryError), "it does not fit in memory: use a smaller model or a larger device"),
)
"""What the libraries raise, most telling first, and what it means for the user."""


def _causes(error: BaseException) -> Iterator[BaseException]:
    # diffusers wraps what the hub raised in an EnvironmentError of its own.
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def load_problem(error: BaseException) -> str:
    """Why a model could not be loaded and what to do, as the second half of a sentence."""
    causes = list(_causes(error))
    for kinds, meaning in PROBLEMS:
        if any(isinstance(cause, kinds) for cause in causes):
            return meaning
    lines = str(error).strip().splitlines()
    return f"{lines[0].rstrip('.') if lines else type(error).__name__}; check its name, its files and the network"


@cache
def load_pipeline(name: str, location: str, revision: str = "main", **options) -> "diffusers.DiffusionPipeline":
    """A pipeline in the compute precision on the chosen device, loaded once a process.

    `name`: a class of diffusers; `location`: a folder in the hub's layout or a hub id; `revision`: branch, tag
    or commit of a hub id. Weights are read from safetensors only, since a pickle could run code. Raises
    ResourceError for a model that is missing, gated, cut short or too large, or that is no such pipeline.
    """
    import diffusers

    try:
        pipeline = getattr(diffusers, name).from_pretrained(
            model_location(location), revision=revision, use_safetensors=True, dtype=compute_dtype(), **options
        )
        pipeline.to(device())
    except Exception as error:  # the libraries raise many kinds; the user needs one sentence
        raise ResourceError(f"Cannot load {location!r} ({revision}) as {name}: {load_problem(error)}.") from error
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def run_pipeline(pipeline: "diffusers.DiffusionPipeline", **arguments) -> list[Image.Image]:
    """The pictures a pipeline makes; raises ResourceError where they do not fit in memory."""
    from diffusers.utils import logging as diffusers_logging

    verbosity = diffusers_logging.get_verbosity()
    diffusers_logging.set_verbosity_error()  # some tell at every call which size or precision they work in
    try:
        return pipeline(**arguments).images
    except torch.OutOfMemoryError:
        raise ResourceError(
            f"{type(pipeline).__name__} ran out of memory: lower generation.batch or generation.size in params.yaml."
        ) from None
    finally:
        diffusers_logging.set_verbosity(verbosity)
