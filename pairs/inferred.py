"""Infer the loss and the kind of evaluation of a file of ready pairs from its labels, or from its categories."""

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from common.mistakes import Mistakes, raise_if
from pairs.batches import Table
from pairs.closed_set import closed_set
from pairs.seen_labels import SeenLabels
from tasks.common.kinds import CATEGORY, KINDS, Kind, default_kind
from tasks.common.label_rule import LabelRule
from tasks.common.losses import LOSSES, Labels, Loss, default_loss
from tasks.common.number import Number
from tasks.common.plain import PairColumns


class Inferred(NamedTuple):
    """What the labels say about a task."""

    loss: Loss
    kind: Kind
    label: str
    """What a label means, in one line."""
    own: dict[str, Number]
    """The baseline's numbers that depend on loss and kind."""
    inferred_from: str = ""
    """What in the file has decided, in words."""


Held = Labels | Literal["negatives"]
"""What a file says of its pairs beside the texts: no labels, labels, or given negatives."""
SAID: Mapping[Held, str] = {
    "none": "no labels",
    "negatives": "negatives",
    "binary": "labels 0 and 1",
    "graded": "labels from -1 to 1",
}


def go_together(loss: Loss, kind: Kind, held: Held) -> bool:
    """Whether a file can be trained with this loss and judged as this kind.

    0 and 1 are labels for every loss: one that reads none trains the rows labelled 1. Other labels are for what reads
    graded ones alone. Categories make labelled pairs where a file has no labels.
    """
    if held == "none":
        return kind.labels == "none" and (kind.categories is not None or loss.labels == "none")
    if held == "negatives":
        return kind.ranked and not kind.categories
    if kind.labels == "graded":
        return loss.labels == "graded"
    return held == "binary"


def _command(options: Sequence[str]) -> str:
    return shlex.join(["python", "-m", "jobs.prepare", "FILE", *options])


@dataclass(frozen=True, kw_only=True)
class FileOptions:
    """What a user says of a file of pairs beside its columns.

    Attributes:
        loss: name of a loss, one of LOSSES; None: inferred.
        kind: name of a kind of evaluation, one of KINDS; None: inferred.
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
        given: tuple[tuple[str, str | None, Iterable[str]], ...] = (
            ("loss", self.loss, LOSSES),
            ("kind", self.kind, KINDS),
        )
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
        return _chosen("binary", asked, "negatives as pairs labelled 0")
    if used.negatives:
        return _chosen("negatives", asked, f"negatives in {', '.join(used.negatives)}")
    why = closed_set(table) if asked.kind is None else None
    return _chosen("none", asked, why or "no label", by_category=why is not None)


def labels_of(numbers: Set[float]) -> Labels:
    """What all labels of a file are together."""
    return "binary" if numbers <= {0.0, 1.0} else "graded"


def _of_labels(table: Table, asked: FileOptions, strict: bool) -> Inferred:
    seen = SeenLabels.of(table, asked.rule)
    seen.refuse_without_meaning(asked.command)
    graded = asked.kind is not None and KINDS[asked.kind].labels == "graded"
    if not graded or seen.outside:
        seen.refuse_unclear(asked.command, strict)
    if strict and len(seen.numbers) < 2:
        also = ", those of --drop-label, too" if asked.rule.drop else ""
        raise Mistakes(
            f"{seen.column}: every row of {table.location} has {', '.join(map(str, seen.numbers)) or 'nothing'}; "
            f"allowed: both 0 and 1, or no label in --columns if all pairs belong together{also}:"
            f"\n    {asked.command(['--columns', seen.texts])}"
        )
    return _chosen(labels_of(seen.numbers), asked, seen.words)


def _chosen(held: Held, asked: FileOptions, why: str, by_category: bool = False) -> Inferred:
    """What a user says, and for the rest the defaults of such labels, as far as they go together.

    Args:
        by_category: whether second texts were found to be categories. Without labels a loss alone makes no categories
            of texts that are none.
    """
    labels: Labels = "none" if held == "negatives" else held
    kind = KINDS[asked.kind] if asked.kind else CATEGORY if by_category else default_kind(labels)
    loss = LOSSES[kind.categories.loss] if held == "none" and kind.categories else default_loss(labels)
    wanted = asked.kind or (kind.name if held == "none" else None)
    pairs = [(each, other) for each in LOSSES.values() for other in KINDS.values() if go_together(each, other, held)]
    pairs.sort(key=lambda pair: (pair[1] is not kind, pair[0] is not loss))  # the nearest to the defaults first
    fitting = [pair for pair in pairs if asked.loss in (None, pair[0].name) and wanted in (None, pair[1].name)]
    if not fitting:
        given = " with ".join(f"{name} {value}" for name in ("loss", "kind") if (value := getattr(asked, name)))
        allowed = ", ".join(f"{each.name} with {other.name}" for each, other in pairs)
        raise Mistakes(f"loss, kind: {given} is not to be had of {SAID[held]}; allowed (loss with kind): {allowed}")
    return _inferred(*fitting[0], labels, why, asked)


def _inferred(loss: Loss, kind: Kind, labels: Labels, why: str, asked: FileOptions) -> Inferred:
    said = [f"{name} as asked for" for name in ("loss", "kind") if getattr(asked, name)]
    label = (loss if loss.labels == labels else default_loss(labels)).meaning
    own = loss.defaults
    if of := kind.categories:
        label, own = of.meaning, own | dict(of.baseline)
    return Inferred(loss, kind, label, own, "; ".join([why, *said]))
