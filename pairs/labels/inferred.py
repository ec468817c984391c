"""Infer the loss and the kind of evaluation of a file of ready pairs from its labels, or from its categories."""

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from common.mistakes import Mistakes, raise_if
from files.batches import Table
from pairs.labels.closed_set import closed_set
from pairs.labels.seen import SeenLabels
from tasks.common.kinds import CATEGORY, KINDS, Kind, default_kind, fits
from tasks.common.label_rule import LabelRule
from tasks.common.losses import LOSSES, Labels, Loss, default_loss
from tasks.common.number import Number
from tasks.common.plain import PairColumns


class Inferred(NamedTuple):
    """Loss and kind of a file of pairs."""

    loss: Loss
    kind: Kind
    label: str
    """The meaning of a label, in one line."""
    own: dict[str, Number]
    """The baseline's numbers that depend on loss and kind."""
    inferred_from: str = ""
    """The reason for loss and kind, in words."""


Held = Labels | Literal["negatives"]
"""The content of a file beside the texts: no labels, labels, or given negatives."""
SAID: Mapping[Held, str] = {
    "none": "no labels",
    "negatives": "negatives",
    "binary": "labels 0 and 1",
    "graded": "labels from -1 to 1",
}


def go_together(loss: Loss, kind: Kind, held: Held) -> bool:
    """Check whether a file can be trained with this loss and evaluated as this kind.

    0 and 1 are labels for every loss: one that reads none trains the rows labelled 1. Other labels need a loss and a
    kind that read graded ones. Categories make labelled pairs where a file has no labels.
    """
    if not fits(loss, kind):
        return False
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
    """Options for a file of pairs beside its columns.

    Attributes:
        loss: name of a loss, one of LOSSES; None: inferred.
        kind: name of a kind of evaluation, one of KINDS; None: inferred.
        rule: turns the file's labels into labels of pairs.
        command: options -> the user's own command with these.

    Raises:
        Mistakes: loss or kind is unknown; both are named at once.
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
                f"{field}: {name!r} is not one of {', '.join(known)}"
                for field, name, known in given
                if name is not None and name not in known
            ]
        )

    @property
    def names(self) -> list[str]:
        """The names of the options that were given, for a message."""
        rule = self.rule
        given = {"loss": self.loss, "kind": self.kind, "scale": rule.scale, "labels": rule.meanings}
        return [name for name, value in {**given, "drop-label": rule.drop}.items() if value]


def infer(table: Table, used: PairColumns, options: FileOptions, *, strict: bool = True) -> Inferred:
    """Infer the loss and the kind for a file of pairs.

    Args:
        table: sentence1, sentence2 and perhaps label.
        used: the columns of texts, label and negatives.
        options: loss, kind and rule that the user has given.
        strict: False leaves labels that no loss takes, but that seem to be slips, to an audit.

    Raises:
        Mistakes: the labels probably have another meaning than their numbers, or no loss takes one of them; or the
            user's loss and kind do not fit them.
    """
    if "label" in table.columns:
        return _of_labels(table, options, strict)
    if options.rule != LabelRule():
        given = ", ".join(name for name in options.names if name not in ("loss", "kind"))
        raise Mistakes(f"{given}: --columns names no label; allowed: with one, as in --columns a,b,label")
    if used.as_pairs:
        return _chosen("binary", options, "negatives as pairs labelled 0")
    if used.negatives:
        return _chosen("negatives", options, f"negatives in {', '.join(used.negatives)}")
    reason = closed_set(table) if options.kind is None else None
    return _chosen("none", options, reason or "no label", by_category=reason is not None)


def labels_of(numbers: Set[float]) -> Labels:
    """Return the class of all labels of a file."""
    return "binary" if numbers <= {0.0, 1.0} else "graded"


def _of_labels(table: Table, options: FileOptions, strict: bool) -> Inferred:
    seen = SeenLabels.of(table, options.rule)
    seen.refuse_without_meaning(options.command)
    graded = options.kind is not None and KINDS[options.kind].labels == "graded"
    if not graded or seen.outside:
        seen.refuse_unclear(options.command, strict)
    if strict and len(seen.numbers) < 2:
        also = ", those of --drop-label, too" if options.rule.drop else ""
        raise Mistakes(
            f"{seen.column}: every row of {table.location} has {', '.join(map(str, seen.numbers)) or 'nothing'}; "
            f"allowed: both 0 and 1, or no label in --columns if all pairs belong together{also}:"
            f"\n    {options.command(['--columns', seen.texts])}"
        )
    return _chosen(labels_of(seen.numbers), options, seen.words)


def _chosen(held: Held, options: FileOptions, reason: str, by_category: bool = False) -> Inferred:
    """Take the user's loss and kind, and defaults for the one that is not given, if they fit the file.

    Args:
        held: the content of the file beside its texts.
        options: loss and kind that the user has given.
        reason: for the defaults, in words.
        by_category: True where second texts seem to be categories. Without labels, a given loss alone does not turn
            other texts into categories.
    """
    labels: Labels = "none" if held == "negatives" else held
    kind = KINDS[options.kind] if options.kind else CATEGORY if by_category else default_kind(labels)
    loss = LOSSES[kind.categories.loss] if held == "none" and kind.categories else default_loss(labels)
    wanted = options.kind or (kind.name if held == "none" else None)
    pairs = [(loss, kind) for loss in LOSSES.values() for kind in KINDS.values() if go_together(loss, kind, held)]
    pairs.sort(key=lambda pair: (pair[1] is not kind, pair[0] is not loss))  # the nearest to the defaults first
    fitting = [pair for pair in pairs if options.loss in (None, pair[0].name) and wanted in (None, pair[1].name)]
    if not fitting:
        given = " with ".join(f"{name} {value}" for name in ("loss", "kind") if (value := getattr(options, name)))
        allowed = ", ".join(f"{loss.name} with {kind.name}" for loss, kind in pairs)
        raise Mistakes(f"loss, kind: {given} does not fit {SAID[held]}; allowed (loss with kind): {allowed}")
    return _inferred(*fitting[0], labels, reason, options)


def _inferred(loss: Loss, kind: Kind, labels: Labels, reason: str, options: FileOptions) -> Inferred:
    given = [f"{name} as asked for" for name in ("loss", "kind") if getattr(options, name)]
    label = (loss if loss.labels == labels else default_loss(labels)).meaning
    own = loss.defaults
    if categories := kind.categories:
        label, own = categories.meaning, own | dict(categories.baseline)
    return Inferred(loss, kind, label, own, "; ".join([reason, *given]))
