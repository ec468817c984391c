"""The three losses of sentence-transformers that pair tasks use, built from a loss name and its parameters."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import (
    ContrastiveLoss,
    CosineSimilarityLoss,
    MultipleNegativesRankingLoss,
)
from sentence_transformers.util import all_gather, all_gather_with_grad, get_rank
from torch import Tensor, nn


class MaskedRankingLoss(MultipleNegativesRankingLoss):
    """MultipleNegativesRankingLoss over the global batch in which repeats of a text are not negatives of each other.

    Texts are the same where they are equal when folded (pairs/clean.py).

    For anchor i, -log softmax over the global batch's documents j of scale * cos(anchor_i, document_j), leaving out
    every j != i that is no negative: its document equals i's document or i's anchor, or its anchor equals i's anchor.
    The library avoids such batches with BatchSamplers.NO_DUPLICATES, which changes what a batch holds; masking does
    not. Formula: InfoNCE (van den Oord et al. 2018), as in the library.
    """

    def __init__(self, model: SentenceTransformer, scale: float) -> None:
        super().__init__(model, scale=scale, gather_across_devices=True)

    def compute_loss_from_embeddings(self, embeddings: list[Tensor], labels: Tensor) -> Tensor:
        """The mean over this rank's rows; arguments as in `scores`."""
        return nn.functional.cross_entropy(*self.scores(embeddings, labels))

    def scores(self, embeddings: list[Tensor], labels: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [rows, all rows], -inf where there is no negative, and [rows] where each row's own document stands.

        Args:
            embeddings: anchors and documents, each [rows, dimensions] of this rank.
            labels: [rows, 2] int64, hashes of both texts, folded.
        """
        anchors, documents = embeddings
        rows = torch.arange(len(anchors), device=anchors.device)
        own = rows + get_rank() * len(anchors)
        if torch.distributed.is_initialized():
            documents, hashes = all_gather_with_grad(documents), all_gather(labels)
        else:
            hashes = labels
        scores = self.similarity_fct(anchors, documents) * self.scale
        repeats = same_text(labels, hashes)
        repeats[rows, own] = False
        return scores.masked_fill(repeats, -torch.inf), own


def same_text(labels: Tensor, hashes: Tensor) -> Tensor:
    """[rows, all rows]: True where document j says nothing against anchor i, by the hashes of [anchor, document]."""
    anchor, document = labels[:, :1], labels[:, 1:]
    return (document == hashes[:, 1]) | (anchor == hashes[:, 0]) | (anchor == hashes[:, 1])


def weighted_mean(loss: nn.Module, embeddings: list[Tensor], labels: Tensor, weights: Tensor) -> Tensor:
    """The loss over rows that stand for several equal ones; with weights of 1 it is the loss itself.

    Args:
        embeddings: first and second texts, each [rows, dimensions] of this rank.
        labels: as the loss takes them.
        weights: [rows], of mean 1 over the whole data.
    """
    return (ROW_LOSSES[type(loss)](loss, embeddings, labels) * weights).mean()


def contrastive_rows(loss: Any, embeddings: list[Tensor], labels: Tensor) -> Tensor:
    """[rows]; Hadsell et al. 2006, as in the library, which returns the mean or the sum only."""
    distances = loss.distance_metric(*embeddings)
    apart = nn.functional.relu(loss.margin - distances)
    return 0.5 * (labels * distances.pow(2) + (1 - labels) * apart.pow(2))


def cosine_rows(loss: Any, embeddings: list[Tensor], labels: Tensor) -> Tensor:
    """[rows]; the squared error of the cosine, as in the library."""
    first, second = embeddings
    return (torch.cosine_similarity(first, second) - labels).pow(2)


def ranking_rows(loss: Any, embeddings: list[Tensor], labels: Tensor) -> Tensor:
    """[rows] of this rank."""
    scores, own = loss.scores(embeddings, labels)
    return nn.functional.cross_entropy(scores, own, reduction="none")


ROW_LOSSES: Mapping[type[nn.Module], Callable[[Any, list[Tensor], Tensor], Tensor]] = {
    ContrastiveLoss: contrastive_rows,
    CosineSimilarityLoss: cosine_rows,
    MaskedRankingLoss: ranking_rows,
}
BUILDERS: Mapping[str, type[nn.Module]] = {
    "contrastive": ContrastiveLoss,
    "cosine": CosineSimilarityLoss,
    "ranking": MaskedRankingLoss,
}
NOTES: Mapping[str, tuple[str, ...]] = {
    "ranking": (
        "Negatives are gathered across workers.",
        "Repeats of a text within a batch are masked: they are not negatives of each other.",
    ),
}
"""What a loss does beyond its class in the library, for the model card."""


def build_loss(name: str, model: SentenceTransformer, parameters: Mapping[str, float]) -> nn.Module:
    """The loss of this name; `parameters` holds exactly what tasks.common.declaration.LOSS_PARAMETERS names for it."""
    return BUILDERS[name](model, **parameters)
