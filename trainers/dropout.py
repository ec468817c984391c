"""Dropout for processors: the same distribution as torch's in less than half its time.

On a CPU torch draws a Bernoulli number for every activation, and its fused attention has no dropout there at all. Here
64 random bits decide four activations: a step of MiniLM does 11 % more pairs/s on tickets
(`python -m benchmarks.chunks`).
"""

from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from torch import nn
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

LEVELS = 2**16
"""The dropout rate is a multiple of 1 / LEVELS: 0.1 becomes 0.100006."""


def mask(like: torch.Tensor, rate: float) -> torch.Tensor:
    """Return factors in the shape of `like`: 0 with probability `rate`, else the value that keeps the expectation."""
    seed = int(torch.empty((), dtype=torch.int64).random_())  # numpy then draws words twice as fast as torch
    words = np.random.SFC64(seed).random_raw((like.numel() + 3) // 4)
    levels = torch.from_numpy(words.view(np.int16))[: like.numel()].view(like.shape)
    left_out = round(rate * LEVELS)
    ones = levels.ge_(left_out - LEVELS // 2)  # in place, and no where(): fewer passes over the numbers
    return ones.to(like.dtype).mul_(LEVELS / (LEVELS - left_out))


class Dropout(nn.Dropout):
    """Drop elements as nn.Dropout does, on a CPU."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return `input`; while training, with some elements set to 0 and the others scaled."""
        return input * mask(input, self.p) if self.training and self.p else input


def attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Compute scaled dot-product attention with dropout; anything else is left to the library.

    Args:
        module: the attention layer.
        query: [texts, heads, tokens, dimensions of a head].
        key: the same shape.
        value: the same shape.
        attention_mask: [texts, 1, tokens, tokens] bool, or None if no text is padded.
        dropout: rate, from 0 to 1.
        scaling: factor of the scores; None: 1 / sqrt(dimensions of a head).
        **kwargs: anything beyond plain attention.

    Returns:
        [texts, tokens, heads, dimensions of a head], and no weights.
    """
    if not dropout or any(value is not None for value in kwargs.values()) or query.shape != key.shape:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **kwargs
        )
    scores = query @ key.transpose(2, 3) * (query.shape[-1] ** -0.5 if scaling is None else scaling)
    if attention_mask is not None:
        hidden = torch.zeros_like(attention_mask, dtype=scores.dtype)
        scores = scores + hidden.masked_fill_(~attention_mask, torch.finfo(scores.dtype).min)
    weights = scores.softmax(dim=-1)
    return ((weights * mask(weights, dropout)).to(value.dtype) @ value).transpose(1, 2).contiguous(), None


AttentionInterface.register("cpu_dropout", attention)
AttentionMaskInterface.register("cpu_dropout", sdpa_mask)


def use_cpu_dropout(model: SentenceTransformer) -> None:
    """Replace torch's dropout in a model that trains on a CPU. Weights and evaluation stay the same."""
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.Dropout:
                setattr(parent, name, Dropout(child.p))
    transformer = getattr(model[0], "auto_model", None)
    if transformer is not None and transformer.config._attn_implementation == "sdpa":
        transformer.set_attn_implementation("cpu_dropout")
