"""Token embeddings of which a training touches only the rows of ids that occur in its pairs."""

from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Transformer
from torch import nn


class SeenTokens(nn.Module):
    """Takes the place of a model's token embeddings: the same numbers, in and out.

    An id that no pair holds has no gradient, so AdamW does nothing to its row but let it decay, which one factor says
    for all of them. MiniLM's table is half of its weights: where few of its ids occur, optimizer, clipping and the
    ranks' exchange of gradients have half as much to do, and a state is two thirds as large.
    """

    def __init__(self, table: nn.Embedding, seen: np.ndarray | None) -> None:
        """
        Args:
            seen: ids that occur; None: all may.
        """
        super().__init__()
        own = [] if table.padding_idx is None else [table.padding_idx]
        ids = np.arange(table.num_embeddings) if seen is None else np.union1d(seen, own).astype(int)
        rows = np.full(table.num_embeddings, -1)
        rows[ids] = np.arange(len(ids))
        self.decay = 1.0
        """What weight decay has left of the rows that are not trained."""
        self.padding_row = None if table.padding_idx is None else int(rows[table.padding_idx])
        self.table = table.weight.detach()  # no buffer, nor are the others: the ranks would send it to each other
        self.ids = torch.from_numpy(ids).long().to(self.table.device)
        self.rows = torch.from_numpy(rows).to(self.table.device)
        self.weight = nn.Parameter(self.table[self.ids])
        self.register_state_dict_post_hook(_as_plain)
        self.register_load_state_dict_pre_hook(_from_plain)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """[...] -> [..., dimensions], of any ids."""
        rows = self.rows[ids]
        seen = nn.functional.embedding(rows.clamp(min=0), self.weight, self.padding_row)
        return torch.where((rows >= 0).unsqueeze(-1), seen, self.table[ids] * self.decay)

    def of_seen(self, ids: torch.Tensor) -> torch.Tensor:
        """[...] -> [..., dimensions], of ids that occur; to a gradient that is there already, only these rows add."""
        sparse = self.weight.grad is not None
        return nn.functional.embedding(self.rows[ids], self.weight, self.padding_row, sparse=sparse)

    def whole(self) -> torch.Tensor:
        """[ids, dimensions]: the table that a plain model has."""
        return (self.table * self.decay).index_copy_(0, self.ids, self.weight.detach())


def _as_plain(embeddings: Any, state: dict[str, Any], prefix: str, metadata: Any) -> None:
    state[f"{prefix}weight"] = embeddings.whole()


def _from_plain(embeddings: Any, state: dict[str, Any], prefix: str, *more: Any) -> None:
    state[f"{prefix}weight"] = state[f"{prefix}weight"][embeddings.ids]


def padding_id(model: SentenceTransformer) -> int:
    """The id that pads a batch; without one of the tokenizer's own any does, as what pads is masked."""
    own = model.tokenizer.pad_token_id
    return 0 if own is None else int(own)


def train_seen_tokens(model: SentenceTransformer, seen: np.ndarray | None) -> None:
    """Replace the word embeddings of a model whose first module is a transformer that trains them.

    What pads a batch is looked up, too; the table may name another word as its `padding_idx`, or none.
    """
    table = word_embeddings(model)
    if seen is not None:
        seen = np.union1d(seen, [padding_id(model)])
    if type(table) is nn.Embedding and table.weight.requires_grad:
        first: Any = model[0]
        first.model.set_input_embeddings(SeenTokens(table, seen))


def word_embeddings(model: SentenceTransformer) -> Any:
    """The table of the model's token embeddings; None where its first module is no transformer."""
    return model[0].model.get_input_embeddings() if isinstance(model[0], Transformer) else None
