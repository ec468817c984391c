"""The kinds of evaluation: what decides in each, and what it needs of the rows that it judges."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tasks.common.losses import Labels, Loss, LossName
from tasks.common.number import Number

KindName = Literal["binary", "graded", "category", "retrieval"]


@dataclass(frozen=True, kw_only=True)
class Categories:
    """What follows where second texts are categories: a file without labels makes labelled pairs of them.

    Attributes:
        loss: the default for such a file.
        meaning: what a label means, in one line.
        baseline: settings of a task made from a file, instead of the loss's own.
    """

    loss: LossName
    meaning: str
    baseline: Mapping[str, Number] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of evaluation.

    Attributes:
        metric: the score that decides, in the library's names; higher is better.
        lowest: the lowest value that it can take; the highest is 1.
        losses: what a search may choose by default, beside the task's own.
        labels: what it needs in the rows that it judges. binary: 0 and 1, both of them; graded: at least two different
            ones; none: rows that belong together, those labelled 0 are left out.
        ranked: whether a first text is held against all candidates, not only against the second text of its pair.
        categories: there only where the candidates are categories, of which each stands in many pairs.
        threshold: whether a cosine from which two texts belong together is chosen on dev.
    """

    name: KindName
    metric: str
    lowest: float = 0.0
    losses: tuple[LossName, ...]
    labels: Labels
    ranked: bool
    categories: Categories | None = None
    threshold: bool = False


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            name="binary",
            metric="cosine_ap",
            losses=("contrastive", "online_contrastive", "cosent", "ranking"),
            labels="binary",
            ranked=False,
            threshold=True,
        ),
        Kind(
            name="graded",
            metric="spearman_cosine",
            lowest=-1.0,
            losses=("cosine", "cosent", "angle"),
            labels="graded",
            ranked=False,
        ),
        Kind(
            name="category",
            metric="macro_f1",
            losses=("cosine", "category_softmax"),
            labels="none",
            ranked=True,
            categories=Categories(
                loss="cosine",
                meaning="1.0: the text's category; 0.0: another category",
                baseline={
                    "global_batch_size": Number(32, "as on the tickets card"),
                    "epochs": Number(10, "as on the tickets card"),
                },
            ),
        ),
        Kind(name="retrieval", metric="cosine_mrr@10", losses=("ranking",), labels="none", ranked=True),
    )
}
"""Name -> kind. Of those that need the same labels, the first without categories is a file's default."""

CATEGORY = next(kind for kind in KINDS.values() if kind.categories)
"""The kind of a file whose second texts are found to be categories."""


def default_kind(labels: Labels) -> Kind:
    """The kind that a file with such labels is judged by unless its user says otherwise."""
    return next(kind for kind in KINDS.values() if kind.labels == labels and not kind.categories)


def fits(loss: Loss, kind: Kind) -> bool:
    """Check whether a model that is judged as this kind can be trained with this loss."""
    return kind.categories is not None or not loss.categories
