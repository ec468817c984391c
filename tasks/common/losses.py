"""What each loss reads and takes. Its builder stands in trainers/losses.py; nothing else has to know its name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tasks.common.number import Number
from tasks.common.space import Range


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
    most: float = float("inf")
    why_most: str = ""


@dataclass(frozen=True, kw_only=True)
class Loss:
    """One loss.

    Attributes:
        labels: what it reads. none: every row is a positive, so rows labelled otherwise are no rows of it; binary: 0 or
            1; graded: any number from -1 to 1, the cosine that the two texts should have, or its rank.
        symmetric: whether it sees the cosine of two texts alone, so that the pair (b, a) says what (a, b) says. A
            ranking loss looks for the second text of the first one, and (b, a) is another question.
        negatives: whether it reads given negatives of a row.
        meaning: what a label means to it, in one line.
        parameters: its own settings.
        baseline: further settings of a task made from a file.
    """

    name: str
    labels: Literal["none", "binary", "graded"]
    symmetric: bool
    negatives: bool = False
    meaning: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    baseline: Mapping[str, Number]


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
