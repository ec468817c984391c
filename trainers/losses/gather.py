"""Gather what ranks hold, so that a loss sees the global batch."""

import torch
from sentence_transformers.util import all_gather, all_gather_with_grad
from torch import Tensor, nn


def gathered(embeddings: Tensor) -> Tensor:
    """Return the rows of all ranks, with gradient; each rank has as many."""
    return all_gather_with_grad(embeddings) if torch.distributed.is_initialized() else embeddings


def gathered_plain(values: Tensor) -> Tensor:
    """Return the rows of all ranks, without gradient; each rank has as many."""
    return all_gather(values) if torch.distributed.is_initialized() else values


def gathered_uneven(embeddings: Tensor, hashes: Tensor) -> tuple[Tensor, Tensor]:
    """Gather embeddings and hashes of all ranks, which may have different numbers, also none; with gradient.

    A collective takes equal shapes, so each rank pads to the most that any rank has, and the padding is cut off.
    """
    if not torch.distributed.is_initialized():
        return embeddings, hashes
    counts = all_gather(torch.tensor([len(embeddings)], device=embeddings.device))
    most = int(counts.max())
    if not most:
        return embeddings, hashes
    missing = most - len(embeddings)
    padded = all_gather_with_grad(nn.functional.pad(embeddings, (0, 0, 0, missing)))
    padded_hashes = all_gather(nn.functional.pad(hashes, (0, 0, 0, missing)))
    mask = (torch.arange(most, device=counts.device) < counts.unsqueeze(1)).flatten()
    return padded[mask], padded_hashes[mask]
