"""Train only those rows of the token embeddings whose ids occur in the pairs."""

from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Transformer
from torch import nn


class SeenTokens(nn.Module):
    """Replace a model's token embeddings, with the same numbers in and out.

    An id that occurs in no pair has no gradient, so AdamW only decays its row, and one factor is enough for all such
    rows. MiniLM's table is half of its weights: if few ids occur, optimizer, clipping and the exchange of gradients
    have half as much to do, and a checkpoint is two thirds as large.

    Args:
        table: the model's own embeddings.
        seen: ids that occur; None: any may.
    """

    def __init__(self, table: nn.Embedding, seen: np.ndarray | None) -> None:
        super().__init__()
        own = [] if table.padding_idx is None else [table.padding_idx]
        ids = np.arange(table.num_embeddings) if seen is None else np.union1d(seen, own).astype(int)
        rows = np.full(table.num_embeddings, -1)
        rows[ids] = np.arange(len(ids))
        self.decay = 1.0
        """Factor of the rows that are not trained: the product of all weight decays so far."""
        self.padding_row = None if table.padding_idx is None else int(rows[table.padding_idx])
        self.table = table.weight.detach()  # no buffer, nor are the others: the ranks would send it to each other
        self.ids = torch.from_numpy(ids).long().to(self.table.device)
        self.rows = torch.from_numpy(rows).to(self.table.device)
        self.weight = nn.Parameter(self.table[self.ids])
        self.register_state_dict_post_hook(_as_plain)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_pre_hook(_from_plain)  # type: ignore[no-untyped-call]

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the embeddings of any ids: [...] -> [..., dimensions]."""
        rows = self.rows[ids]
        seen = nn.functional.embedding(rows.clamp(min=0), self.weight, self.padding_row)
        return torch.where((rows >= 0).unsqueeze(-1), seen, self.table[ids] * self.decay)

    def of_seen(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the embeddings of ids that occur: [...] -> [..., dimensions].

        If there is a gradient already, only these rows are added to it.
        """
        sparse = self.weight.grad is not None
        return nn.functional.embedding(self.rows[ids], self.weight, self.padding_row, sparse=sparse)

    def whole(self) -> torch.Tensor:
        """Return the table that a plain model has: [ids, dimensions]."""
        return (self.table * self.decay).index_copy_(0, self.ids, self.weight.detach())


def _as_plain(embeddings: Any, state: dict[str, Any], prefix: str, _metadata: Any) -> None:
    state[f"{prefix}weight"] = embeddings.whole()


def _from_plain(embeddings: Any, state: dict[str, Any], prefix: str, *_: Any) -> None:
    state[f"{prefix}weight"] = state[f"{prefix}weight"][embeddings.ids]


def padding_id(model: SentenceTransformer) -> int:
    """Return the id that pads a batch: the tokenizer's own, else 0. Padding is masked, so any id would do."""
    own = model.tokenizer.pad_token_id
    return 0 if own is None else int(own)


def train_seen_tokens(model: SentenceTransformer, seen: np.ndarray | None) -> None:
    """Replace the token embeddings of a model whose first module is a transformer that trains them.

    The padding id counts as seen: it is looked up, too, and the table may name another id as its `padding_idx`.

    Args:
        model: is changed.
        seen: ids that occur; None: any may.
    """
    table = token_embeddings(model)
    if seen is not None:
        seen = np.union1d(seen, [padding_id(model)])
    if type(table) is nn.Embedding and table.weight.requires_grad:
        first: Any = model[0]
        first.model.set_input_embeddings(SeenTokens(table, seen))


def token_embeddings(model: SentenceTransformer) -> Any:
    """Return the table of the model's token embeddings; None if its first module is no transformer."""
    return model[0].model.get_input_embeddings() if isinstance(model[0], Transformer) else None
