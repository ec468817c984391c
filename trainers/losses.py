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
    not. Given negatives of all rows of the global batch are further documents that belong to no anchor, as in the
    library; one is left out only where it equals i's document or i's anchor. Formula: InfoNCE (van den Oord et al.
    2018), as in the library.
    """

    def __init__(self, model: SentenceTransformer, scale: float) -> None:
        super().__init__(model, scale=scale, gather_across_devices=True)

    def compute_loss_from_embeddings(self, embeddings: list[Tensor], labels: Tensor) -> Tensor:
        """The mean over this rank's rows; arguments as in `scores`."""
        return nn.functional.cross_entropy(*self.scores(embeddings, labels))

    def scores(self, embeddings: list[Tensor], labels: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, -inf where there is no negative, and [rows] where each row's own document stands.

        Args:
            embeddings: anchors [rows, dimensions] of this rank, and documents [rows + negatives, dimensions]: those of
                the anchors, then the given negatives, as many as there are.
            labels: [rows + negatives, 2] int64, hashes of both texts, folded.

        Returns:
            [rows, all rows + all negatives] of all ranks, and [rows].
        """
        anchors, documents = embeddings
        count = len(anchors)
        rows = torch.arange(count, device=anchors.device)
        own = rows + get_rank() * count
        pairs, negatives, negative_hashes = labels[:count], documents[count:], labels[count:]
        documents, hashes = documents[:count], pairs
        if torch.distributed.is_initialized():
            documents, hashes = all_gather_with_grad(documents), all_gather(pairs)
            negatives, negative_hashes = gather_uneven(negatives, negative_hashes)
        scores = self.similarity_fct(anchors, torch.cat([documents, negatives])) * self.scale
        repeats = same_text(pairs, hashes)
        repeats[rows, own] = False
        repeats = torch.cat([repeats, own_text(pairs, negative_hashes)], dim=1)
        return scores.masked_fill(repeats, -torch.inf), own


def gather_uneven(embeddings: Tensor, hashes: Tensor) -> tuple[Tensor, Tensor]:
    """Those of all ranks, which may have different numbers, also none; with gradient.

    A collective takes equal shapes, so all are filled up to the most that a rank has, and what filled is cut off.
    """
    counts = all_gather(torch.tensor([len(embeddings)], device=embeddings.device))
    most = int(counts.max())
    if not most:
        return embeddings, hashes
    missing = most - len(embeddings)
    found = all_gather_with_grad(nn.functional.pad(embeddings, (0, 0, 0, missing))).split(most)
    known = all_gather(nn.functional.pad(hashes, (0, 0, 0, missing))).split(most)
    kept = [slice(count) for count in counts.tolist()]
    return (
        torch.cat([each[own] for each, own in zip(found, kept, strict=True)]),
        torch.cat([each[own] for each, own in zip(known, kept, strict=True)]),
    )


def same_text(labels: Tensor, hashes: Tensor) -> Tensor:
    """[rows, all rows]: True where document j says nothing against anchor i, by the hashes of [anchor, document]."""
    anchor = labels[:, :1]
    return own_text(labels, hashes) | (anchor == hashes[:, 0])


def own_text(labels: Tensor, hashes: Tensor) -> Tensor:
    """[rows, documents]: True where the document is one of the two texts of row i itself."""
    anchor, document = labels[:, :1], labels[:, 1:]
    return (document == hashes[:, 1]) | (anchor == hashes[:, 1])


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
GIVEN_NEGATIVES = "Given negatives of all rows of a batch, over all workers, are negatives of each of its first texts."


def build_loss(name: str, model: SentenceTransformer, parameters: Mapping[str, float]) -> nn.Module:
    """The loss of this name; `parameters` holds exactly what tasks.common.declaration.LOSS_PARAMETERS names for it."""
    return BUILDERS[name](model, **parameters)
