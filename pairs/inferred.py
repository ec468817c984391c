"""Infer the loss and the kind of evaluation of a file of ready pairs from its labels, or from its categories."""

import shlex
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from common.mistakes import Mistakes, raise_if
from pairs.batches import Table
from pairs.closed_set import closed_set
from pairs.seen_labels import SeenLabels
from tasks.common.declaration import DECIDING_METRIC, LOSS_PARAMETERS, Number
from tasks.common.label_rule import LabelRule
from tasks.common.plain import PairColumns


class Inferred(NamedTuple):
    """What the labels say about a task."""

    loss: str
    kind: str
    label: str
    own: dict[str, Number]
    """The baseline's numbers that depend on the loss."""
    inferred_from: str = ""
    """What in the file has decided, in words."""


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
CATEGORY = Inferred(
    "cosine",
    "category",
    "1.0: the text's category; 0.0: another category",
    {
        "global_batch_size": Number(32, "as on the tickets card"),
        "epochs": Number(10, "as on the tickets card"),
    },
)
BY_LOSS = {"ranking": RANKING, "contrastive": CONTRASTIVE, "cosine": COSINE}

ALLOWED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "no labels": (
        ("ranking", "retrieval"),
        ("cosine", "category"),
        ("contrastive", "category"),
        ("ranking", "category"),
    ),
    "negatives": (
        ("ranking", "retrieval"),
        ("contrastive", "retrieval"),
        ("cosine", "retrieval"),
    ),
    "labels 0 and 1": (
        ("contrastive", "binary"),
        ("cosine", "binary"),
        ("ranking", "binary"),
        ("cosine", "graded"),
        ("ranking", "retrieval"),
        ("contrastive", "retrieval"),
        ("cosine", "retrieval"),
        ("ranking", "category"),
        ("contrastive", "category"),
        ("cosine", "category"),
    ),
    "labels from -1 to 1": (("cosine", "graded"),),
}
"""Labels -> losses and kinds of evaluation that go together with them. A ranking loss trains rows labelled 1 alone."""


def _command(options: Sequence[str]) -> str:
    return shlex.join(["python", "-m", "jobs.prepare", "FILE", *options])


@dataclass(frozen=True, kw_only=True)
class FileOptions:
    """What a user says of a file of pairs beside its columns.

    Attributes:
        loss: a key of LOSS_PARAMETERS; None: inferred.
        kind: a key of DECIDING_METRIC; None: inferred.
        rule: how its labels are to be read.
        command: options -> the user's own command with these.

    Raises:
        Mistakes: names that are none, all at once.
    """

    loss: str | None = None
    kind: str | None = None
    rule: LabelRule = field(default_factory=LabelRule)
    command: Callable[[Sequence[str]], str] = _command

    def __post_init__(self) -> None:
        given = (("loss", self.loss, LOSS_PARAMETERS), ("kind", self.kind, DECIDING_METRIC))
        raise_if(
            [
                f"{what}: {name!r} is not one of {', '.join(known)}"
                for what, name, known in given
                if name is not None and name not in known
            ]
        )

    @property
    def options(self) -> list[str]:
        """Those that were given, for a message."""
        rule = self.rule
        given = {"loss": self.loss, "kind": self.kind, "scale": rule.scale, "labels": rule.meanings}
        return [name for name, value in {**given, "drop-label": rule.drop}.items() if value]


def infer(table: Table, used: PairColumns, asked: FileOptions, *, strict: bool = True) -> Inferred:
    """The loss and the kind for a file of pairs.

    Args:
        table: sentence1, sentence2 and perhaps label.
        used: what its columns hold.
        strict: False leaves labels that no loss takes to an audit, where they seem to be slips.

    Raises:
        Mistakes: the labels probably mean something else than they would be taken for, or no loss takes one of them; or
            a user's loss and kind do not go together with them.
    """
    if "label" in table.columns:
        return _of_labels(table, asked, strict)
    if asked.rule != LabelRule():
        given = ", ".join(name for name in asked.options if name not in ("loss", "kind"))
        raise Mistakes(f"{given}: --columns names no label; allowed: with one, as in --columns a,b,label")
    if used.as_pairs:
        return _chosen(CONTRASTIVE, "labels 0 and 1", asked, "negatives as pairs labelled 0")
    if used.negatives:
        return _chosen(RANKING, "negatives", asked, f"negatives in {', '.join(used.negatives)}")
    why = closed_set(table) if asked.kind is None else None
    inferred = CATEGORY if why or asked.kind == "category" else RANKING
    return _chosen(inferred, "no labels", asked, why or "no label")


def loss_of(labels: Set[float]) -> Inferred:
    """What all labels of a file say together."""
    return CONTRASTIVE if labels <= {0.0, 1.0} else COSINE


def _of_labels(table: Table, asked: FileOptions, strict: bool) -> Inferred:
    seen = SeenLabels.of(table, asked.rule)
    seen.refuse_without_meaning(asked.command)
    if asked.kind != "graded" or seen.outside:
        seen.refuse_unclear(asked.command, strict)
    if strict and len(seen.numbers) < 2:
        also = ", those of --drop-label, too" if asked.rule.drop else ""
        raise Mistakes(
            f"{seen.column}: every row of {table.location} has {', '.join(map(str, seen.numbers)) or 'nothing'}; "
            f"allowed: both 0 and 1, or no label in --columns if all pairs belong together{also}:"
            f"\n    {asked.command(['--columns', seen.texts])}"
        )
    inferred = loss_of(seen.numbers)
    labels = "labels 0 and 1" if inferred is CONTRASTIVE else "labels from -1 to 1"
    return _chosen(inferred, labels, asked, seen.words)


def _chosen(inferred: Inferred, labels: str, asked: FileOptions, why: str) -> Inferred:
    """What a user says, and for the rest what was inferred, as far as they go together.

    Without labels a loss alone makes no categories of texts that are none.
    """
    wanted = asked.kind or (inferred.kind if labels == "no labels" else None)
    fitting = [(loss, kind) for loss, kind in ALLOWED[labels] if asked.loss in (None, loss) and wanted in (None, kind)]
    if not fitting:
        given = " with ".join(f"{name} {value}" for name in ("loss", "kind") if (value := getattr(asked, name)))
        pairs = ", ".join(f"{loss} with {kind}" for loss, kind in ALLOWED[labels])
        raise Mistakes(f"loss, kind: {given} is not to be had of {labels}; allowed (loss with kind): {pairs}")
    loss, kind = min(fitting, key=lambda pair: (pair[1] != inferred.kind, pair[0] != inferred.loss))
    own = {**BY_LOSS[loss].own, **(CATEGORY.own if kind == "category" else {})}
    said = [f"{name} as asked for" for name in ("loss", "kind") if getattr(asked, name)]
    label = CATEGORY.label if kind == "category" else inferred.label
    return Inferred(loss, kind, label, own, "; ".join([why, *said]))
