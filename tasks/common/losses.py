"""The losses: what each reads and which settings it has. Its builder stands in trainers/losses.py."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from common.space import Range
from tasks.common.number import Number

LossName = Literal["contrastive", "cosine", "cosent", "ranking"]
SHARED_SETTINGS = ("learning_rate", "global_batch_size", "epochs", "warmup_ratio", "weight_decay")
"""Settings that a training has whatever its loss."""

Labels = Literal["none", "binary", "graded"]
"""Labels of pairs. binary: 0 or 1; graded: numbers from -1 to 1."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A setting that belongs to one loss.

    Attributes:
        default: for a task made from a file.
        around: baseline value -> the range that a search tries by default.
        most: the largest value allowed; values are always above 0.
        why_most: what the largest value is, in words, for a message.
    """

    default: Number
    around: Callable[[float], Range]
    most: float = math.inf
    why_most: str = ""


@dataclass(frozen=True, kw_only=True)
class Loss:
    """One loss.

    Attributes:
        labels: what it reads. none: every row is a positive, and rows labelled otherwise are left out.
        symmetric: whether it sees the cosine of two texts alone, so that the pair (b, a) says what (a, b) says. A
            ranking loss looks for the second text of the first one, and (b, a) is another question.
        negatives: whether it reads given negatives of a row.
        meaning: what a label means to it, in one line.
        parameters: its own settings.
        baseline: further settings of a task made from a file.
    """

    name: LossName
    labels: Labels
    symmetric: bool
    negatives: bool = False
    meaning: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    baseline: Mapping[str, Number]

    @property
    def settings(self) -> tuple[str, ...]:
        """Names of all settings of a training with it."""
        return (*SHARED_SETTINGS, *self.parameters)

    @property
    def defaults(self) -> dict[str, Number]:
        """The settings of a task made from a file that depend on the loss."""
        return {name: each.default for name, each in self.parameters.items()} | dict(self.baseline)


LOSSES: Mapping[str, Loss] = {
    loss.name: loss
    for loss in (
        Loss(
            name="contrastive",
            labels="binary",
            symmetric=True,
            meaning="1.0: the two belong together; 0.0: they do not",
            parameters={
                "margin": Parameter(
                    default=Number(0.5, "default of the library's ContrastiveLoss, as on the invoices card"),
                    around=lambda baseline: Range(low=baseline * 0.4, high=min(baseline * 1.8, 1.9)),
                    most=2,
                    why_most="the largest cosine distance",
                )
            },
            baseline={
                "global_batch_size": Number(8, "as on the invoices card"),
                "epochs": Number(4, "as on the invoices card"),
            },
        ),
        Loss(
            name="cosine",
            labels="graded",
            symmetric=True,
            meaning="the cosine that the two should have, from -1.0 to 1.0",
            baseline={
                "global_batch_size": Number(16, "as on the cards of pages and nli"),
                "epochs": Number(4, "ours: between the 1 of the nli card and the 10 of the tickets card"),
            },
        ),
        Loss(
            name="cosent",
            labels="graded",
            symmetric=True,
            meaning="from -1.0 to 1.0: of two pairs, the one with the higher label should have the higher cosine",
            parameters={
                "scale": Parameter(
                    default=Number(20.0, "default of the library's CoSENTLoss"),
                    around=lambda baseline: Range(low=baseline / 2, high=baseline * 3, log=True),
                )
            },
            baseline={
                "global_batch_size": Number(16, "ours: as for cosine, which reads the same labels"),
                "epochs": Number(4, "ours: as for cosine, which reads the same labels"),
            },
        ),
        Loss(
            name="ranking",
            labels="none",
            symmetric=False,
            negatives=True,
            meaning="none: every pair belongs together, and a second text is looked for among all second texts",
            parameters={
                "scale": Parameter(
                    default=Number(
                        20.0, "default of the library's MultipleNegativesRankingLoss, as on the job_skills card"
                    ),
                    around=lambda baseline: Range(low=baseline / 2, high=baseline * 4, log=True),  # the library: 10-100
                )
            },
            baseline={
                "global_batch_size": Number(16, "as on the job_skills card"),
                "epochs": Number(3, "as on the job_skills card"),
            },
        ),
    )
}
"""Name -> loss. Of those that read the same labels, the first is a file's default."""


def default_loss(labels: Labels) -> Loss:
    """The loss that a file with such labels gets unless its user says otherwise."""
    return next(loss for loss in LOSSES.values() if loss.labels == labels)
