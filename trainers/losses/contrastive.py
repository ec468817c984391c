"""Pull pairs labelled 1 together and push those labelled 0 apart: all of them, or only the hard ones of a batch."""

from typing import Any

import torch
from sentence_transformers.sentence_transformer.losses import OnlineContrastiveLoss
from torch import Tensor, nn

from trainers.losses.gather import gathered, gathered_plain


def contrastive_rows(loss: Any, embeddings: list[Tensor], labels: Tensor) -> Tensor:
    """Return the loss of each row, [rows] (Hadsell et al. 2006); the library returns the mean or the sum only."""
    distances = loss.distance_metric(*embeddings)
    apart = nn.functional.relu(loss.margin - distances)
    rows: Tensor = 0.5 * (labels * distances.pow(2) + (1 - labels) * apart.pow(2))
    return rows


class GatheredOnlineContrastiveLoss(OnlineContrastiveLoss):
    """OnlineContrastiveLoss over the global batch: what is hard follows from the rows of all ranks.

    The sum of distance^2 over pairs labelled 1 that are farther apart than the nearest pair labelled 0, and of
    relu(margin - distance)^2 over pairs labelled 0 that are nearer than the farthest one labelled 1; if a label is
    missing, its place takes the mean of the other one's distances. Every rank has the loss of the whole batch. It is a
    sum, so its gradient grows with the batch; AdamW's steps hardly do. Formula: as in the library.
    """

    def compute_loss_from_embeddings(self, embeddings: list[Tensor], labels: Tensor) -> Tensor:
        """The loss of rows that stand for themselves alone; labels: [rows] of this rank."""
        return self.of_repeats(embeddings, labels, torch.ones_like(labels))

    def of_repeats(self, embeddings: list[Tensor], labels: Tensor, repeats: Tensor) -> Tensor:
        """The loss in which a row counts as often as it repeats; labels and repeats [rows] of this rank."""
        distances = gathered(self.distance_metric(*embeddings))
        labels, repeats = gathered_plain(labels), gathered_plain(repeats)
        same = labels == 1
        near = _bound(distances, repeats, ~same, same, torch.min)
        far = _bound(distances, repeats, same, ~same, torch.max)
        pulled = (distances.pow(2) * repeats)[same & (distances > near)].sum()
        pushed = (nn.functional.relu(self.margin - distances).pow(2) * repeats)[~same & (distances < far)].sum()
        loss: Tensor = pulled + pushed
        return loss


def _bound(distances: Tensor, repeats: Tensor, of: Tensor, others: Tensor, extreme: Any) -> Tensor:
    """Return the extreme distance of some rows or, if there are none, the mean of the others."""
    distances = distances.detach()
    if of.any():
        bound: Tensor = extreme(distances[of])
        return bound
    weights = repeats[others]
    return (distances[others] * weights).sum() / weights.sum()
