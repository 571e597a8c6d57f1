"""LoRA on a FLUX transformer, added, saved and loaded with peft's and diffusers' own functions."""

from functools import partial
from pathlib import Path

import torch
from diffusers import FluxPipeline, FluxTransformer2DModel
from peft import LoraConfig
from peft.tuners.tuners_utils import BaseTunerLayer
from peft.utils import get_peft_model_state_dict
from torch.nn.functional import linear

from sppe_lib.runtime import torch_generator

ATTENTION = ("to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out")
"""The linear layers of attention."""

FEED_FORWARD = ("ff.net.0.proj", "ff.net.2", "ff_context.net.0.proj", "ff_context.net.2", "proj_mlp", "proj_out")
LAYERS = {"attention": ATTENTION, "all": (*ATTENTION, "x_embedder", *FEED_FORWARD)}
"""What `recovery.training.layers` may say: the paper's LoRA is in attention layers, at rank 256. The miniature's is in
every linear layer of the blocks and in the input projection, since attention alone, so narrow, has little to adapt."""


def add_lora(
    transformer: FluxTransformer2DModel, rank: int, alpha: int, seed: int, layers: str = "attention"
) -> dict[str, torch.nn.Parameter]:
    """Add a LoRA adapter to `layers` (of LAYERS) in place and return its trainable parameters by name (float32).

    Seeded: the same seed gives the same initial adapter (B is zero, so the model is unchanged at first).
    """
    config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=list(LAYERS[layers]), init_lora_weights="gaussian")
    wide = _in_float32(transformer)
    with torch.random.fork_rng():
        torch.manual_seed(torch_generator("lora", seed).initial_seed())
        transformer.add_adapter(config)
    for layer in _adapted(transformer):
        if wide:
            layer.forward = partial(_multiplied_once, layer)
    parameters = {name: value for name, value in transformer.named_parameters() if value.requires_grad}
    for value in parameters.values():
        value.data = value.data.float()
    return parameters


def _in_float32(transformer: FluxTransformer2DModel) -> bool:
    return getattr(transformer, "quantization_method", None) is None and transformer.dtype == torch.float32


def _multiplied_once(layer: BaseTunerLayer, inputs: torch.Tensor) -> torch.Tensor:
    # peft multiplies an input by W, by A and by B; with W + s B A made first a training step of the miniature takes a
    # seventh less. A sum in narrower numbers would round the adapter away.
    [name] = layer.active_adapters
    down, up = layer.lora_A[name].weight, layer.lora_B[name].weight
    return linear(inputs, torch.addmm(layer.weight, up, down, alpha=layer.scaling[name]), layer.bias)


def _adapted(transformer: FluxTransformer2DModel) -> list[BaseTunerLayer]:
    """The layers with an adapter, which leave casting to autocast from now on."""
    # peft casts every layer's input to the adapter's float32, and autocast back: a tenth of a training step here.
    layers = [module for module in transformer.modules() if isinstance(module, BaseTunerLayer)]
    for layer in layers:
        layer.cast_input_dtype_enabled = False
    return layers


def save_lora(transformer: FluxTransformer2DModel, folder: Path) -> None:
    """Write the adapter as `pytorch_lora_weights.safetensors`, which the stock FLUX pipelines load."""
    FluxPipeline.save_lora_weights(
        folder,
        transformer_lora_layers=get_peft_model_state_dict(transformer, adapter_name="default"),
        transformer_lora_adapter_metadata=transformer.peft_config["default"].to_dict(),
    )


def load_lora(transformer: FluxTransformer2DModel, folder: Path) -> None:
    """Load an adapter written by `save_lora` into a transformer, in place, for sampling.

    It is merged into float32 weights, an eighth quicker; narrower ones would round it away, and keep it apart.
    """
    transformer.load_lora_adapter(str(folder), weight_name="pytorch_lora_weights.safetensors", prefix="transformer")
    _adapted(transformer)
    if _in_float32(transformer):
        transformer.fuse_lora()
