"""Build a declared loss, and compute it on a batch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import ContrastiveLoss, CosineSimilarityLoss
from torch import Tensor, nn

from common.space import Settings
from trainers.losses.categories import CategorySoftmaxLoss
from trainers.losses.contrastive import GatheredOnlineContrastiveLoss, contrastive_rows
from trainers.losses.ordering import GatheredAngleLoss, GatheredCoSENTLoss
from trainers.losses.ranking import MaskedRankingLoss


class Weights(NamedTuple):
    """How much each row of a batch counts that stands for several equal ones; both [rows] float32 of this rank."""

    of_mean_1: Tensor
    """For a mean over rows: of mean 1 over the whole data."""
    repeats: Tensor
    """For any other loss: how many rows it stands for."""


Weighted = Callable[[Any, list[Tensor], Tensor, Weights], Tensor]
"""(loss, its embeddings and labels, weights) -> the loss over rows that stand for several equal ones."""


def mean_over(rows: Callable[[Any, list[Tensor], Tensor], Tensor]) -> Weighted:
    """Return the weighted form of a loss that is the mean over this rank's rows; `rows` gives the loss of each row."""

    def weighted(loss: Any, embeddings: list[Tensor], labels: Tensor, weights: Weights) -> Tensor:
        return (rows(loss, embeddings, labels) * weights.of_mean_1).mean()

    return weighted


def of_repeats(loss: Any, embeddings: list[Tensor], labels: Tensor, weights: Weights) -> Tensor:
    """The loss of the batch in which every row stands as often as it repeats."""
    value: Tensor = loss.of_repeats(embeddings, labels, weights.repeats)
    return value


def cosine_rows(_loss: Any, embeddings: list[Tensor], labels: Tensor) -> Tensor:
    """Return the squared error of the cosine of each row, [rows], as in the library."""
    first, second = embeddings
    return (torch.cosine_similarity(first, second) - labels).pow(2)


def own_rows(loss: Any, embeddings: list[Tensor], labels: Tensor) -> Tensor:
    """Return the loss of each row, [rows], as the loss computes it itself."""
    rows: Tensor = loss.rows(embeddings, labels)
    return rows


@dataclass(frozen=True, kw_only=True)
class Builder:
    """How a declared loss is built and computed.

    Attributes:
        make: its class; takes the model and the loss's own parameters and, if it holds texts against all categories,
            `counts`.
        weighted: its form for distinct rows.
        notes: what it does beyond its class in the library, for the model card.
        negatives_note: for the model card of pairs with given negatives.
    """

    make: Callable[..., nn.Module]
    weighted: Weighted
    notes: tuple[str, ...] = ()
    negatives_note: str = ""


ACROSS = "Each pair of a batch is compared with all others, across workers."

BUILDERS: Mapping[str, Builder] = {
    "contrastive": Builder(make=ContrastiveLoss, weighted=mean_over(contrastive_rows)),
    "online_contrastive": Builder(make=GatheredOnlineContrastiveLoss, weighted=of_repeats, notes=(ACROSS,)),
    "cosine": Builder(make=CosineSimilarityLoss, weighted=mean_over(cosine_rows)),
    "cosent": Builder(make=GatheredCoSENTLoss, weighted=of_repeats, notes=(ACROSS,)),
    "angle": Builder(make=GatheredAngleLoss, weighted=of_repeats, notes=(ACROSS,)),
    "ranking": Builder(
        make=MaskedRankingLoss,
        weighted=mean_over(own_rows),
        notes=(
            "Negatives are gathered across workers.",
            "Repeats of a text within a batch are masked: they are not negatives of each other.",
        ),
        negatives_note=(
            "Given negatives of all rows of a batch, over all workers, are negatives of each of its first texts; "
            "where all texts of a group belong together, they are negatives of their own first text alone."
        ),
    ),
    "category_softmax": Builder(
        make=CategorySoftmaxLoss,
        weighted=mean_over(own_rows),
        notes=("Each text is held against all categories, which the model embeds with each batch.",),
    ),
}
"""Name of a loss in tasks/common/losses.py -> its builder."""


def build_loss(
    name: str, model: SentenceTransformer, parameters: Settings, counts: tuple[int, ...] | None = None
) -> nn.Module:
    """Return the loss of this name.

    Args:
        name: one of LOSSES.
        model: the model that is trained.
        parameters: those that tasks/common/losses.py declares; those left out have the defaults of its class.
        counts: training texts of each category, for a loss that holds texts against all of them.
    """
    categories = {} if counts is None else {"counts": counts}
    return BUILDERS[name].make(model, **parameters, **categories)


def compute_loss(name: str, loss: Any, embeddings: list[Tensor], batch: Mapping[str, Any]) -> Tensor:
    """Return the loss of a batch from tokens/collate.py, weighted if its rows stand for several equal ones."""
    labels = batch["label"]
    if "weight" not in batch:
        value: Tensor = loss.compute_loss_from_embeddings(embeddings, labels)
        return value
    return BUILDERS[name].weighted(loss, embeddings, labels, Weights(batch["weight"], batch["repeats"]))
