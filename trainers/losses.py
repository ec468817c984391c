"""The losses of sentence-transformers that pair tasks use, built from a declared loss and its parameters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import (
    ContrastiveLoss,
    CoSENTLoss,
    CosineSimilarityLoss,
    MultipleNegativesRankingLoss,
)
from sentence_transformers.util import all_gather, all_gather_with_grad, get_rank
from torch import Tensor, nn


class Weights(NamedTuple):
    """How much each row of a batch counts that stands for several equal ones; both [rows] float32 of this rank."""

    of_mean_1: Tensor
    """For a mean over rows: of mean 1 over the whole data."""
    repeats: Tensor
    """For any other loss: how many rows it stands for."""


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
        """Return the mean over this rank's rows; arguments as in `scores`."""
        return nn.functional.cross_entropy(*self.scores(embeddings, labels))

    def scores(self, embeddings: list[Tensor], labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits, -inf for documents that are no negatives, and the index of each row's own document.

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
    """Gather embeddings and hashes of all ranks, which may have different numbers, also none; with gradient.

    A collective takes equal shapes, so each rank pads to the most that any rank has, and the padding is cut off.
    """
    counts = all_gather(torch.tensor([len(embeddings)], device=embeddings.device))
    most = int(counts.max())
    if not most:
        return embeddings, hashes
    missing = most - len(embeddings)
    padded = all_gather_with_grad(nn.functional.pad(embeddings, (0, 0, 0, missing)))
    padded_hashes = all_gather(nn.functional.pad(hashes, (0, 0, 0, missing)))
    mask = (torch.arange(most, device=counts.device) < counts.unsqueeze(1)).flatten()
    return padded[mask], padded_hashes[mask]


def same_text(labels: Tensor, hashes: Tensor) -> Tensor:
    """Return [rows, all rows]: True if document j is no negative of anchor i, by the hashes of [anchor, document]."""
    anchor = labels[:, :1]
    return own_text(labels, hashes) | (anchor == hashes[:, 0])


def own_text(labels: Tensor, hashes: Tensor) -> Tensor:
    """Return [rows, documents]: True if the document is one of the two texts of row i itself."""
    anchor, document = labels[:, :1], labels[:, 1:]
    return (document == hashes[:, 1]) | (anchor == hashes[:, 1])


class GatheredCoSENTLoss(CoSENTLoss):
    """CoSENTLoss over the global batch: each row is compared with all rows of all ranks.

    log(1 + sum of n_i * n_j * exp(scale * (cos_j - cos_i))) over all i, j with label_i > label_j, where row i stands
    for n_i equal ones. Loss and gradient are 0 if no labels differ. Every rank has the loss of the whole batch.
    Formula: CoSENT (Su Jianlin 2022, https://kexue.fm/archives/8847), as in the library.
    """

    def compute_loss_from_embeddings(self, embeddings: list[Tensor], labels: Tensor) -> Tensor:
        """The loss of rows that stand for themselves alone; labels: [rows] of this rank."""
        return self.weighted(embeddings, labels, torch.ones_like(labels))

    def weighted(self, embeddings: list[Tensor], labels: Tensor, repeats: Tensor) -> Tensor:
        """The loss; both texts [rows, dimensions], labels and repeats [rows], all of this rank."""
        scores, logs = self.similarity_fct(*embeddings) * self.scale, repeats.log()
        if torch.distributed.is_initialized():
            scores, labels, logs = all_gather_with_grad(scores), all_gather(labels), all_gather(logs)
        terms = (logs - scores).unsqueeze(1) + (logs + scores)
        higher = labels.unsqueeze(1) > labels
        return torch.cat([scores.new_zeros(1), terms[higher]]).logsumexp(dim=0)


def contrastive_rows(loss: Any, embeddings: list[Tensor], labels: Tensor) -> Tensor:
    """Return the loss of each row, [rows] (Hadsell et al. 2006); the library returns the mean or the sum only."""
    distances = loss.distance_metric(*embeddings)
    apart = nn.functional.relu(loss.margin - distances)
    rows: Tensor = 0.5 * (labels * distances.pow(2) + (1 - labels) * apart.pow(2))
    return rows


def cosine_rows(_loss: Any, embeddings: list[Tensor], labels: Tensor) -> Tensor:
    """Return the squared error of the cosine of each row, [rows], as in the library."""
    first, second = embeddings
    return (torch.cosine_similarity(first, second) - labels).pow(2)


def ranking_rows(loss: Any, embeddings: list[Tensor], labels: Tensor) -> Tensor:
    """Return the loss of each row of this rank, [rows]."""
    scores, own = loss.scores(embeddings, labels)
    return nn.functional.cross_entropy(scores, own, reduction="none")


Weighted = Callable[[Any, list[Tensor], Tensor, Weights], Tensor]
"""(loss, its embeddings and labels, weights) -> the loss over rows that stand for several equal ones."""


def mean_over(rows: Callable[[Any, list[Tensor], Tensor], Tensor]) -> Weighted:
    """Return the weighted form of a loss that is the mean over this rank's rows; `rows` gives the loss of each row."""

    def weighted(loss: Any, embeddings: list[Tensor], labels: Tensor, weights: Weights) -> Tensor:
        return (rows(loss, embeddings, labels) * weights.of_mean_1).mean()

    return weighted


def cosent_weighted(loss: Any, embeddings: list[Tensor], labels: Tensor, weights: Weights) -> Tensor:
    """The loss of the batch in which every row stands as often as it repeats."""
    value: Tensor = loss.weighted(embeddings, labels, weights.repeats)
    return value


@dataclass(frozen=True, kw_only=True)
class Builder:
    """How a declared loss is built and computed.

    Attributes:
        make: its class; takes the model and the loss's own parameters.
        weighted: its form for distinct rows.
        notes: what it does beyond its class in the library, for the model card.
        negatives_note: for the model card of pairs with given negatives.
    """

    make: type[nn.Module]
    weighted: Weighted
    notes: tuple[str, ...] = ()
    negatives_note: str = ""


BUILDERS: Mapping[str, Builder] = {
    "contrastive": Builder(make=ContrastiveLoss, weighted=mean_over(contrastive_rows)),
    "cosine": Builder(make=CosineSimilarityLoss, weighted=mean_over(cosine_rows)),
    "cosent": Builder(
        make=GatheredCoSENTLoss,
        weighted=cosent_weighted,
        notes=("Each pair of a batch is compared with all others, across workers.",),
    ),
    "ranking": Builder(
        make=MaskedRankingLoss,
        weighted=mean_over(ranking_rows),
        notes=(
            "Negatives are gathered across workers.",
            "Repeats of a text within a batch are masked: they are not negatives of each other.",
        ),
        negatives_note=(
            "Given negatives of all rows of a batch, over all workers, are negatives of each of its first texts."
        ),
    ),
}
"""Name of a loss in tasks/common/losses.py -> its builder."""


def build_loss(name: str, model: SentenceTransformer, parameters: Mapping[str, float]) -> nn.Module:
    """Return the loss of this name; `parameters` holds exactly those that tasks/common/losses.py declares."""
    return BUILDERS[name].make(model, **parameters)


def compute_loss(name: str, loss: Any, embeddings: list[Tensor], batch: Mapping[str, Any]) -> Tensor:
    """Return the loss of a batch from pairs/collate.py, weighted if its rows stand for several equal ones."""
    labels = batch["label"]
    if "weight" not in batch:
        value: Tensor = loss.compute_loss_from_embeddings(embeddings, labels)
        return value
    return BUILDERS[name].weighted(loss, embeddings, labels, Weights(batch["weight"], batch["repeats"]))
