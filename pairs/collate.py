"""A batch of tokenised pairs as the tensors that the sentence-transformers trainer hands to a loss."""

from typing import Any

import numpy as np
import pyarrow as pa
import torch

SENTENCES = (("sentence1", "ids1", "hash1"), ("sentence2", "ids2", "hash2"))


def collate(batch: pa.Table, pad_id: int) -> dict[str, torch.Tensor]:
    """Pad each column to its longest text.

    Returns:
        sentenceN_input_ids and sentenceN_attention_mask, [rows, longest], int64; label, [rows] float32 where the pairs
        have one, else [rows, 2] int64: the hashes of both texts, by which the ranking loss knows repeats of a text.
    """
    features: dict[str, torch.Tensor] = {}
    for name, ids, _ in SENTENCES:
        features[f"{name}_input_ids"], features[f"{name}_attention_mask"] = pad(batch[ids], pad_id)
    if "label" in batch.column_names:
        features["label"] = torch.from_numpy(batch["label"].to_numpy().astype(np.float32))
    else:
        hashes: Any = [batch[column].to_numpy() for _, _, column in SENTENCES]
        features["label"] = torch.from_numpy(np.stack(hashes, axis=1))
    return features


def pad(column: pa.ChunkedArray, pad_id: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A list<int32> column -> (ids, mask), both [rows, longest] int64."""
    lists = column.combine_chunks()
    lengths = np.diff(lists.offsets.to_numpy())
    mask = np.arange(lengths.max(initial=1))[None, :] < lengths[:, None]
    ids = np.full(mask.shape, pad_id, dtype=np.int64)
    ids[mask] = lists.flatten().to_numpy()
    return torch.from_numpy(ids), torch.from_numpy(mask.astype(np.int64))
