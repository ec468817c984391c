"""Hold a text against all categories at once."""

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import cos_sim
from torch import Tensor, nn


class CategorySoftmaxLoss(nn.Module):
    """Cross-entropy over all categories, whose texts the model embeds with each batch.

    For text i of category y, -w_y * log softmax over all categories c of scale * cos(text_i, category_c) at y: InfoNCE
    (van den Oord et al. 2018) whose candidates are the categories, as in FastFit (Yehudai and Bandel 2024) and in
    prompt-based classification (Radford et al. 2021). The weight of a category with n training texts is n^-a, scaled
    to mean 1 over the training texts; a = 0 weights all texts, a = 1 all categories alike. The mean over a rank's rows
    needs no other rank: each embeds the categories itself, and the mean of the ranks' gradients is that of the whole
    batch.

    Args:
        model: the model that is trained.
        scale: factor of a cosine, the inverse of a temperature.
        class_weight: a.
        counts: training texts of each category; one that stands in none has no weight. A loss that only describes a
            training, as in a model card, needs none.
    """

    def __init__(
        self, model: SentenceTransformer, scale: float, class_weight: float, counts: tuple[int, ...] = (1,)
    ) -> None:
        super().__init__()
        self.model, self.scale, self.class_weight = model, scale, class_weight
        numbers = torch.tensor(counts, dtype=torch.float32)
        weights = torch.where(numbers > 0, numbers.clamp(min=1).pow(-class_weight), 0.0)
        mean = (weights * numbers).sum() / numbers.sum().clamp(min=1)
        self.register_buffer("weights", weights / mean, persistent=False)

    def get_config_dict(self) -> dict[str, float]:
        """Return what a model card says about the loss."""
        return {"scale": self.scale, "class_weight": self.class_weight}

    def compute_loss_from_embeddings(self, embeddings: list[Tensor], labels: Tensor) -> Tensor:
        """Return the mean over this rank's rows; arguments as in `rows`."""
        return self.rows(embeddings, labels).mean()

    def rows(self, embeddings: list[Tensor], labels: Tensor) -> Tensor:
        """Return the loss of each row, [rows].

        Args:
            embeddings: texts [rows, dimensions] of this rank, and all categories [categories, dimensions].
            labels: [rows] int64, the category of each text.
        """
        logits = cos_sim(*embeddings) * self.scale
        weights = torch.as_tensor(self.weights).to(logits.device)[labels]
        return nn.functional.cross_entropy(logits, labels, reduction="none") * weights
