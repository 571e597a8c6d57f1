"""Attention in float32 while training on a CPU in bfloat16.

torch's backward pass of attention on a CPU takes twice as long in bfloat16 as in float32, a tenth of a training step
of the miniature; forward alone bfloat16 is the faster one.
"""

import contextlib

import torch
from torch.nn.functional import scaled_dot_product_attention
from torch.overrides import TorchFunctionMode

from sppe_lib.runtime import compute_dtype, device


class _Float32Attention(TorchFunctionMode):
    """Casts what `scaled_dot_product_attention` takes to float32, and its result back."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func is not scaled_dot_product_attention:
            return func(*args, **kwargs)
        dtype, named = (args[0] if args else kwargs["query"]).dtype, {key: _widened(kwargs[key]) for key in kwargs}
        with torch.autocast("cpu", enabled=False):
            return func(*map(_widened, args), **named).to(dtype)


def _widened(value: object) -> object:
    return value.float() if isinstance(value, torch.Tensor) and value.dtype == torch.bfloat16 else value


def attention_for_backward() -> contextlib.AbstractContextManager:
    """The context in which to compute a loss whose gradient is wanted: float32 attention where that is faster."""
    if device().type == "cpu" and compute_dtype() == torch.bfloat16:
        return _Float32Attention()
    return contextlib.nullcontext()
