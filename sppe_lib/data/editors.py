"""Editors: what turns I into I' and S into S' for photographs, behind one small interface.

The vector world has its own simulated editor (`world/editor.py`). SmartEdit, the paper's editor, is in no library
and runs as a command (`command_editor.py`); the hub's editors run through diffusers.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from PIL import Image

from sppe_lib.config import GenerationParameters
from sppe_lib.data.cloud_editor import load_cloud_editor
from sppe_lib.data.command_editor import load_command_editor
from sppe_lib.data.surrogates import Surrogate
from sppe_lib.errors import ConfigError
from sppe_lib.hub import load_pipeline, run_pipeline
from sppe_lib.pictures import plain_rgb
from sppe_lib.runtime import progress, torch_generator

Editor = Callable[[Sequence[Image.Image] | Sequence[Surrogate], Sequence[str], Sequence[int]], list[Image.Image]]
"""(images, instructions, seeds) -> edited images of the same sizes, each of its own three inputs alone.

The cloud editor, which uploads, takes surrogates only; the others, which stay on this machine, take pictures.
"""


def load_hub_editor(
    parameters: GenerationParameters,
    pipeline: str,
    model: str,
    guidance: str = "guidance_scale",
    options: Mapping[str, object] = MappingProxyType({}),
    arguments: Mapping[str, object] = MappingProxyType({}),
) -> Editor:
    """An editor of the model hub; ResourceError for a model that cannot be loaded.

    `pipeline`: the class of diffusers; `model`: its usual weights; `guidance`: the argument that takes
    `parameters.editor_guidance`; `options` and `arguments` go to loading and to every call. A model works at its own
    size, and its result is brought back to the picture's. Pictures go through one by one: a result cannot depend on its
    neighbours, and one fills a GPU.
    """
    loaded = load_pipeline(pipeline, parameters.editor_model or model, parameters.editor_revision, **options)

    def edit(images: Sequence[Image.Image], instructions: Sequence[str], seeds: Sequence[int]) -> list[Image.Image]:
        edited = []
        inputs = zip(images, instructions, seeds, strict=True)
        for image, instruction, seed in progress(inputs, "Edits", total=len(images)):
            (result,) = run_pipeline(
                loaded,
                image=plain_rgb(image),
                prompt=instruction,
                num_inference_steps=parameters.editor_steps,
                generator=torch_generator("edit", seed),
                **{guidance: parameters.editor_guidance},
                **arguments,
            )
            edited.append(result.resize(image.size, Image.Resampling.BICUBIC))
        return edited

    return edit


EDITORS: dict[str, Callable[[GenerationParameters], Editor]] = {
    "instruct-pix2pix": partial(
        load_hub_editor,
        pipeline="StableDiffusionInstructPix2PixPipeline",
        model="timbrooks/instruct-pix2pix",
        # The checker returns a black picture where it objects, which would enter the benchmark as an edit.
        options={"safety_checker": None, "requires_safety_checker": False},
    ),
    "flux-kontext": partial(
        load_hub_editor, pipeline="FluxKontextPipeline", model="black-forest-labs/FLUX.1-Kontext-dev"
    ),
    "qwen-image-edit": partial(
        load_hub_editor,
        pipeline="QwenImageEditPipeline",
        model="Qwen/Qwen-Image-Edit",
        guidance="true_cfg_scale",
        arguments={"negative_prompt": " "},  # without one this pipeline leaves guidance out
    ),
    "command": load_command_editor,
    "cloud": load_cloud_editor,
}
"""Every editor by name; `command:<template>` carries its command behind the colon. Adding one is an entry here."""

CLOUD = "cloud"  # the one that uploads


def usual_model(parameters: GenerationParameters) -> str:
    """The weights that the editor runs on: `parameters.editor_model` or its usual ones; "" for a program or a cloud."""
    chosen = EDITORS.get(parameters.editor.partition(":")[0])
    if not isinstance(chosen, partial):
        return ""
    return parameters.editor_model or chosen.keywords["model"]


def load_editor(parameters: GenerationParameters) -> Editor:
    """The editor that `parameters.editor` names; ConfigError for an unknown name, and what its own loader raises."""
    name = parameters.editor.partition(":")[0]
    if name not in EDITORS:
        raise ConfigError(f"Unknown editor {name!r}: set generation.editor to one of {', '.join(EDITORS)}.")
    return EDITORS[name](parameters)
