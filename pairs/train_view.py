"""Prepared pairs as a loss reads them, or a refusal of what it cannot read."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from common.mistakes import raise_if
from pairs.negatives import NEGATIVES, flattened
from pairs.prepare_command import prepare_command
from pairs.prepared import PreparedPairs
from pairs.views import View, positive
from tasks.common.declaration import Blocking, WithinGroup
from tasks.common.losses import LOSSES, Labels, Loss
from tasks.common.texts import folded

RELATED = (WithinGroup.__name__, Blocking.__name__)
"""Recipes that make pairs labelled 1 of any two texts of a group."""


@dataclass(frozen=True, kw_only=True)
class TrainView(PreparedPairs):
    """Prepared pairs whose training split has the rows that a loss reads; dev and test are as prepared."""

    loss: Loss
    most_negatives: int | None = None
    """How many given negatives of a row are read, see `View`; None: all."""

    @property
    def view(self) -> View:
        """The view of the loss."""
        recipe = self.manifest.get("declaration", {}).get("recipe", {}).get("name")
        return View.of(self.loss, related=recipe in RELATED, most_negatives=self.most_negatives)

    def table(self, split: str) -> pa.Table:
        """Return the whole split, in memory."""
        table = super().table(split)
        return self.view.read(table) if split == "train" else table

    def num_rows(self, split: str) -> int:
        """Return the number of pairs of the split."""
        return self._train_rows if split == "train" else super().num_rows(split)

    def columns(self, split: str) -> list[str]:
        """Return the names of the split's columns."""
        stored = super().columns(split)
        return self.view.columns(stored) if split == "train" else stored

    @property
    def fills_labels(self) -> bool:
        """Whether a stored row without a label is read as one that belongs together."""
        return self.view.changes(super().columns("train"))

    @property
    def lines(self) -> list[str]:
        """What the loss reads, as one line for a user; no line if these are the rows as prepared."""
        return view_lines(self.loss, super().columns("train"), super().num_rows("train"), self._train_rows)

    @cached_property
    def _train_rows(self) -> int:
        """Count the rows in one column, a block at a time."""
        if not self.view.changes(super().columns("train")):
            return super().num_rows("train")
        if self.view.labels:
            return super().num_rows("train") + sum(map(self._negatives, self.column("train", NEGATIVES)))
        return sum(int(positive(labels).sum()) for labels in self.column("train", "label"))

    def _negatives(self, lists: pa.Array) -> int:
        """Count the negatives that are read of a block of rows."""
        lengths = flattened(lists)[1]
        return int(lengths.sum() if self.most_negatives is None else lengths.clip(max=self.most_negatives).sum())


def view_of(pairs: PreparedPairs, loss: Loss, most_negatives: int | None = None) -> TrainView:
    """Return prepared pairs as this loss reads them.

    Args:
        pairs: a folder of prepared pairs, or a view of another loss.
        loss: a declared loss; it need not be the one that the pairs were prepared for.
        most_negatives: how many given negatives of a row are read, from the first; None: all.

    Raises:
        Mistakes: the training split has nothing that the loss can read.
    """
    own = {field.name: getattr(pairs, field.name) for field in fields(PreparedPairs)}
    stored, view = PreparedPairs(**own), TrainView(**own, loss=loss, most_negatives=most_negatives)
    raise_if(list(_misfits(stored, view)))
    return view


def with_rows(view: TrainView, rows: pa.Table) -> TrainView:
    """Return the view of other stored training rows, which are in memory; repeats are not merged."""
    own = {field.name: getattr(view, field.name) for field in fields(TrainView)}
    return TrainView(**{**own, "own": {"train": rows}})


def counts_of(pairs: TrainView) -> Counter[str]:
    """Count the rows of each folded second text that a loss reads, a block of rows at a time."""
    columns = [pairs.column("train", "sentence2")]
    if "label" in PreparedPairs.columns(pairs, "train"):
        columns.append(pairs.column("train", "label"))
    counts: Counter[str] = Counter()
    for texts, *labels in zip(*columns, strict=True):
        read = texts.filter(pa.array(positive(labels[0]))) if labels else texts
        for entry in pc.value_counts(read).to_pylist():
            counts[folded(entry["values"])] += entry["counts"]
    return counts


def view_lines(loss: Loss, columns: list[str], stored: int, read: int) -> list[str]:
    """Return what a loss reads of the training split as one line for a user; no line if it reads the rows as they are.

    Args:
        loss: a declared loss.
        columns: the stored columns.
        stored: number of stored rows.
        read: number of rows that the loss reads.
    """
    view = View.of(loss)
    if not view.changes(columns):
        return []
    given = f"{stored:,} that are given, and {read - stored:,} of given negatives, labelled 0"
    which = given if view.labels else f"those of {stored:,} that are labelled 1"
    return [f"the {loss.name} loss reads {read:,} training pairs: {which}"]


def _misfits(stored: PreparedPairs, view: TrainView) -> Iterator[str]:
    loss, path = view.loss, stored.path("train")
    if view.view.labels and not view.has_labels("train"):
        said = f"data: {path} has neither labels nor given negatives; the {loss.name} loss reads labels"
        if stored.has_labels("dev"):  # an earlier version left out the labels of train for a ranking loss
            yield f"{said}; allowed: pairs prepared by this version, which keeps labels:{_again(stored, loss)}"
        else:
            yield _other_loss(stored, said, "none")
    elif not view.num_rows("train"):
        labels: Labels = "binary" if _other_than_0_and_1(stored) is None else "graded"
        yield _other_loss(stored, f"label: {path} has no 1; the {loss.name} loss reads rows labelled 1", labels)
    elif loss.labels == "binary" and (wrong := _other_than_0_and_1(stored)) is not None:
        yield _other_loss(stored, f"label: {path} has {wrong:g}; the {loss.name} loss reads 0 and 1", "graded")


def _other_than_0_and_1(pairs: PreparedPairs) -> float | None:
    """Return the first label that is neither; None if there is none."""
    if "label" in pairs.columns("train"):
        for labels in pairs.column("train", "label"):
            others = labels.filter(pc.invert(pc.is_in(labels, pa.array([0.0, 1.0, None], labels.type))))
            if len(others):
                return float(others[0].as_py())
    return None


def _other_loss(pairs: PreparedPairs, said: str, labels: Labels) -> str:
    """Return the refusal with the losses that read such labels, and the command that prepares the pairs for one."""
    reads = {"none": ("none",), "binary": ("binary", "graded"), "graded": ("graded",)}[labels]
    fitting = [loss for loss in LOSSES.values() if loss.labels in reads]
    return f"{said}; allowed: {' or '.join(loss.name for loss in fitting)}, as in:{_again(pairs, fitting[0])}"


def _again(pairs: PreparedPairs, loss: Loss) -> str:
    return f"\n    {prepare_command(pairs.manifest, pairs.folder, loss)}"
