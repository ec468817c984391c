"""Rank the second text of a row above all others of the global batch that are its negatives."""

from typing import NamedTuple

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from sentence_transformers.util import cos_sim, get_rank
from torch import Tensor

from trainers.losses.gather import gathered, gathered_plain, gathered_uneven

DIRECTIONS = {
    "one": ("query_to_doc",),
    "both": ("query_to_doc", "doc_to_query"),
    "all": ("query_to_doc", "doc_to_query", "query_to_query", "doc_to_doc"),
}
"""Setting -> the library's names of what is ranked."""
OFF = "off"


class Texts(NamedTuple):
    """Embeddings of a batch, by the model or by its guide."""

    anchors: Tensor
    documents: Tensor
    """[rows, dimensions] each, of this rank."""
    all_anchors: Tensor
    all_documents: Tensor
    """Those of all ranks; given negatives of all rows follow after the documents."""

    def cosines(self, direction: str) -> Tensor:
        """Return the cosines of one direction, [rows, all rows] or, of documents, [rows, all rows + negatives]."""
        own, others = direction.split("_to_")
        return cos_sim(
            self.anchors if own == "query" else self.documents,
            self.all_anchors if others == "query" else self.all_documents,
        )


class MaskedRankingLoss(MultipleNegativesRankingLoss):
    """MultipleNegativesRankingLoss over the global batch in which repeats of a text are not negatives of each other.

    Texts are the same where they are equal when folded (tasks/common/texts.py).

    For anchor i, -log softmax over the global batch's documents j of scale * cos(anchor_i, document_j), leaving out
    every j != i that is no negative: its document equals i's document or i's anchor, its anchor equals i's anchor, or
    both are of one group whose texts belong together. The library avoids such batches with
    BatchSamplers.NO_DUPLICATES, which changes what a batch holds; masking does not. Given negatives of all rows of the
    global batch are further documents that belong to no anchor, as in the library; one is left out only where it
    equals i's document or i's anchor, or where groups count and it was given to another anchor, since its own group is
    not known. Formula: InfoNCE (van den Oord et al. 2018), as in the library.

    Args:
        model: the model that is trained.
        scale: factor of a cosine, the inverse of a temperature.
        directions: one: documents for an anchor. both: also anchors for a document, the mean of the two (Günther et
            al. 2024). all: also anchors for an anchor and documents for a document, in one softmax (Li et al. 2023).
        guide_margin: a negative is left out if its cosine by the guide, the base model, is higher than that of the
            positive less this margin (GISTEmbed, Solatorio 2024, with the absolute margin of the library); off: none.
        hardness_strength: factor of a negative's cosine, without gradient, that is added to its logit (Lan et al.
            2025, eq. 5; the library's all_negatives).
    """

    def __init__(
        self,
        model: SentenceTransformer,
        scale: float,
        directions: str = "one",
        guide_margin: float | str = OFF,
        hardness_strength: float = 0.0,
    ) -> None:
        super().__init__(
            model,
            scale=scale,
            gather_across_devices=True,
            directions=DIRECTIONS[directions],  # type: ignore[arg-type]  # the library's are literals
            partition_mode="joint" if directions == "all" else "per_direction",
            hardness_mode="all_negatives" if hardness_strength else None,
            hardness_strength=hardness_strength,
        )
        self.guide_margin = None if guide_margin == OFF else float(guide_margin)

    @property
    def reads_guide(self) -> bool:
        """Whether the embeddings of the base model are needed, too."""
        return self.guide_margin is not None

    def compute_loss_from_embeddings(self, embeddings: list[Tensor], labels: Tensor) -> Tensor:
        """Return the mean over this rank's rows; arguments as in `rows`."""
        return self.rows(embeddings, labels).mean()

    def rows(self, embeddings: list[Tensor], labels: Tensor) -> Tensor:
        """Return the loss of each row, [rows]; arguments as in `logits`."""
        logits = self.logits(embeddings, labels)
        own = own_places(len(embeddings[0]), labels.device)
        positives = logits["query_to_doc"].gather(1, own.unsqueeze(1)).squeeze(1)
        if self.partition_mode == "joint":
            return torch.cat(list(logits.values()), dim=1).logsumexp(dim=1) - positives
        return torch.stack([each.logsumexp(dim=1) for each in logits.values()]).mean(dim=0) - positives

    def logits(self, embeddings: list[Tensor], labels: Tensor) -> dict[str, Tensor]:
        """Return direction -> logits, -inf where a text is no negative: [rows, all rows (+ all negatives)].

        Args:
            embeddings: anchors [rows, dimensions] of this rank, and documents [rows + negatives, dimensions]: those of
                the anchors, then the given negatives, as many as there are. If guided, the guide's follow.
            labels: [rows + negatives, 2 or 3] int64, hashes of both texts, folded, and of the group.
        """
        pairs, given = labels[: len(embeddings[0])], labels[len(embeddings[0]) :]
        texts, all_pairs, all_given = gather_texts(embeddings[:2], pairs, given)
        excluded = no_negatives(pairs, all_pairs, all_given)
        own = own_places(len(pairs), labels.device).unsqueeze(1)
        cosines = {direction: texts.cosines(direction) for direction in self.directions}
        masks = {direction: excluded[direction] for direction in self.directions}
        if self.guide_margin is not None:
            guide, _, _ = gather_texts(embeddings[2:], pairs, given)
            limit = guide.cosines("query_to_doc").gather(1, own) - self.guide_margin
            masks = {name: mask | (guide.cosines(name) > limit) for name, mask in masks.items()}
        logits: dict[str, Tensor] = {}
        for direction, values in cosines.items():
            places = torch.zeros_like(values, dtype=torch.bool).scatter_(1, own, value=True)
            hard = values.detach().masked_fill(places, 0.0) if direction == "query_to_doc" else 0.0
            same_side = direction in ("query_to_query", "doc_to_doc")
            mask = masks[direction] | places if same_side else masks[direction] & ~places
            logits[direction] = (values * self.scale + self.hardness_strength * hard).masked_fill(mask, -torch.inf)
        return logits


def own_places(count: int, device: torch.device) -> Tensor:
    """Return the place of each of this rank's rows among those of all ranks, [rows]."""
    return torch.arange(count, device=device) + get_rank() * count


def gather_texts(embeddings: list[Tensor], pairs: Tensor, given: Tensor) -> tuple[Texts, Tensor, Tensor]:
    """Return the texts of all ranks, the hashes of all rows, and those of all given negatives."""
    anchors, documents = embeddings
    own, negatives = documents[: len(anchors)], documents[len(anchors) :]
    all_own, all_pairs = gathered(own), gathered_plain(pairs)
    all_negatives, all_given = gathered_uneven(negatives, given)
    texts = Texts(anchors, own, gathered(anchors), torch.cat([all_own, all_negatives]))
    return texts, all_pairs, all_given


def no_negatives(pairs: Tensor, all_pairs: Tensor, all_given: Tensor) -> dict[str, Tensor]:
    """Return direction -> [rows, all rows (+ all negatives)]: True if a text is no negative of the row's own.

    Args:
        pairs: [rows, 2 or 3] int64, hashes of anchor and document, folded, and of the group.
        all_pairs: those of all ranks.
        all_given: [negatives, 2 or 3] int64, hashes of the row's anchor and of the negative.
    """
    related = (pairs[:, 2:] == all_pairs[:, 2]) if pairs.shape[1] > 2 else torch.zeros(1, 1, dtype=torch.bool)
    same_anchor, same_document = pairs[:, :1] == all_pairs[:, 0], pairs[:, 1:2] == all_pairs[:, 1]
    documents = same_document | (pairs[:, :1] == all_pairs[:, 1]) | same_anchor | related.to(pairs.device)
    queries = same_anchor | (pairs[:, 1:2] == all_pairs[:, 0]) | same_document | related.to(pairs.device)
    of_own_row = pairs[:, :1] == all_given[:, 0]
    own_text = (pairs[:, 1:2] == all_given[:, 1]) | (pairs[:, :1] == all_given[:, 1])
    own_text = own_text | ~of_own_row if pairs.shape[1] > 2 else own_text
    return {
        "query_to_doc": torch.cat([documents, own_text], dim=1),
        "doc_to_query": queries,
        "query_to_query": queries,
        "doc_to_doc": torch.cat([documents, own_text | of_own_row], dim=1),
    }
