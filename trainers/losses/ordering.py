"""Order the pairs of the global batch by their labels."""

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import CoSENTLoss
from sentence_transformers.util import pairwise_angle_sim
from torch import Tensor

from trainers.losses.gather import gathered, gathered_plain


class GatheredCoSENTLoss(CoSENTLoss):
    """CoSENTLoss over the global batch: each row is compared with all rows of all ranks.

    log(1 + sum of n_i * n_j * exp(scale * (cos_j - cos_i))) over all i, j with label_i > label_j, where row i stands
    for n_i equal ones. Loss and gradient are 0 if no labels differ. Every rank has the loss of the whole batch.
    Formula: CoSENT (Su Jianlin 2022, https://kexue.fm/archives/8847), as in the library.
    """

    def compute_loss_from_embeddings(self, embeddings: list[Tensor], labels: Tensor) -> Tensor:
        """The loss of rows that stand for themselves alone; labels: [rows] of this rank."""
        return self.of_repeats(embeddings, labels, torch.ones_like(labels))

    def of_repeats(self, embeddings: list[Tensor], labels: Tensor, repeats: Tensor) -> Tensor:
        """The loss; both texts [rows, dimensions], labels and repeats [rows], all of this rank."""
        scores = gathered(self.similarity_fct(*embeddings) * self.scale)
        labels, logs = gathered_plain(labels), gathered_plain(repeats.log())
        terms = (logs - scores).unsqueeze(1) + (logs + scores)
        higher = labels.unsqueeze(1) > labels
        return torch.cat([scores.new_zeros(1), terms[higher]]).logsumexp(dim=0)


class GatheredAngleLoss(GatheredCoSENTLoss):
    """CoSENT with the similarity of the library's AnglELoss instead of the cosine.

    |cosine + sine| of two vectors whose halves are the real and the imaginary part of complex ones. The gradient of a
    cosine vanishes near -1 and 1, that of an angle does not. Formula: AnglE (Li and Li 2024,
    https://aclanthology.org/2024.acl-long.101), as in the library.
    """

    def __init__(self, model: SentenceTransformer, scale: float) -> None:
        super().__init__(model, scale=scale, similarity_fct=pairwise_angle_sim)
