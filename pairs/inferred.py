"""Infer the loss and the kind of evaluation of a file of ready pairs from its labels."""

from collections.abc import Iterable, Set
from typing import Any, NamedTuple

from pairs.clean import number_in
from tasks.common.declaration import Number
from tasks.common.mistakes import Mistakes


class Inferred(NamedTuple):
    """What the labels say about a task."""

    loss: str
    kind: str
    label: str
    own: dict[str, Number]
    """The baseline's numbers that depend on the loss."""


RANKING = Inferred(
    "ranking",
    "retrieval",
    "none: every pair belongs together, and a second text is looked for among all second texts",
    {
        "scale": Number(20.0, "default of the library's MultipleNegativesRankingLoss, as on the job_skills card"),
        "global_batch_size": Number(16, "as on the job_skills card"),
        "epochs": Number(3, "as on the job_skills card"),
    },
)
CONTRASTIVE = Inferred(
    "contrastive",
    "binary",
    "1.0: the two belong together; 0.0: they do not",
    {
        "margin": Number(0.5, "default of the library's ContrastiveLoss, as on the invoices card"),
        "global_batch_size": Number(8, "as on the invoices card"),
        "epochs": Number(4, "as on the invoices card"),
    },
)
COSINE = Inferred(
    "cosine",
    "graded",
    "the cosine that the two should have, from -1.0 to 1.0",
    {
        "global_batch_size": Number(16, "as on the cards of pages and nli"),
        "epochs": Number(4, "ours: between the 1 of the nli card and the 10 of the tickets card"),
    },
)


def loss_of(labels: Set[float | None]) -> Inferred:
    """What all labels of a file say together."""
    return CONTRASTIVE if labels <= {0.0, 1.0} else COSINE


def inferred_of(column: str, rows: Iterable[Any], location: str) -> Inferred:
    """The loss for the labels of a column; the first value that no loss takes is named with its row, from 1."""
    distinct = set()
    for place, row in enumerate(rows, 1):
        number = number_in(row[column])
        if number is None or not -1 <= number <= 1:
            raise Mistakes(_not_allowed(column, place, row[column], location))
        distinct.add(number)
    inferred = loss_of(distinct)
    if inferred is CONTRASTIVE and len(distinct) < 2:
        raise Mistakes(
            f"{column}: every row of {location} has {', '.join(map(str, distinct)) or 'nothing'}; allowed: both 0 "
            "and 1, or no label in --columns if all pairs belong together"
        )
    return inferred


def _not_allowed(column: str, place: int, value: Any, location: str) -> str:
    number = number_in(value)
    scale = "" if number is None else "; scale other scores to that range first, such as 0-5 by dividing by 5"
    return (
        f"{column}: row {place} of {location} has {value!r}; allowed: 0 or 1, or numbers from -1 to 1 "
        f"(the cosine that the pair should have){scale}"
    )
