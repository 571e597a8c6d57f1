"""Attention as matrix products while training on a CPU in bfloat16.

The backward pass of torch's fused attention on a CPU takes four times as long as that of plain matrix products, which
processors that have bfloat16 multiply in hardware; forward alone the fused one is the faster.
"""

import contextlib

import torch
from torch.nn.functional import scaled_dot_product_attention
from torch.overrides import TorchFunctionMode

from sppe_lib.runtime import compute_dtype, device


class _PlainAttention(TorchFunctionMode):
    """Takes the place of `scaled_dot_product_attention` in mixed precision, where nothing is masked or dropped."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func is scaled_dot_product_attention and torch.is_autocast_enabled("cpu"):
            options = {name: value for name, value in kwargs.items() if name not in ("query", "key", "value")}
            if not args and all(value in (None, 0.0, False) for value in options.values()):
                return plain_attention(kwargs["query"], kwargs["key"], kwargs["value"])
        return func(*args, **kwargs)


def plain_attention(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """softmax(Q K^T / sqrt(d)) V of tensors [B, heads, T, d], all of it in bfloat16."""
    query, key, value = (part.bfloat16() for part in (query * query.shape[-1] ** -0.5, key, value))
    with torch.autocast("cpu", enabled=False):  # it would compute the softmax in float32
        return (query @ key.transpose(-1, -2)).softmax(dim=-1) @ value


def attention_for_backward() -> contextlib.AbstractContextManager:
    """The context in which to compute a loss whose gradient is wanted: plain attention where that is faster."""
    if device().type == "cpu" and compute_dtype() == torch.bfloat16:
        return _PlainAttention()
    return contextlib.nullcontext()
