"""Choose the losses of a training or a search, and give each the pairs that it reads."""

from collections.abc import Mapping, Sequence

from common.mistakes import Checks, Mistakes
from common.space import Choice, Space
from models.base_model import Base
from pairs.negatives import NEGATIVES
from pairs.prepared import PreparedPairs
from pairs.train_view import TrainView, view_of
from search_spaces.default import MIN_STEPS_PER_EPOCH
from tasks.common.declaration import Task
from tasks.common.losses import LOSSES, LossName
from tasks.common.parameters import ALL
from tokens.distinct import distinct

Views = Mapping[LossName, TrainView]
"""Loss -> the pairs as it reads them, the baseline's first."""


def views_of(pairs: PreparedPairs, task: Task, chosen: Sequence[LossName], *, single: bool) -> Views:
    """Return the views of the losses that a training or a search uses.

    Args:
        pairs: the prepared pairs.
        task: its loss comes first, where it is one of them.
        chosen: the losses that the user named; () for those of the task's kind that can read the pairs.
        single: whether one training is requested, which has the task's own loss unless another one is named.

    Raises:
        Mistakes: a loss that was named, or the task's own where none was, cannot read the pairs.
    """
    own = LOSSES[task.loss].name
    if chosen:
        checks = Checks()
        views = {
            loss: checks.run(view_of, pairs, LOSSES[loss]) for loss in sorted(chosen, key=lambda loss: loss != own)
        }
        checks.finish()
        return {loss: view for loss, view in views.items() if view}
    others = () if single else [loss for loss in task.declared_kind.losses if loss != own]
    readable = {loss: view for loss in others if (view := _readable(pairs, loss))}
    return {own: view_of(pairs, task.declared_loss), **readable}


def with_enough_rows(views: Views, task: Task, chosen: Sequence[LossName]) -> Views:
    """Leave out losses that nobody named and that read too few rows for the task's batch size."""
    least = MIN_STEPS_PER_EPOCH * task.settings["global_batch_size"]
    first = next(iter(views))
    return {
        loss: view for loss, view in views.items() if loss == first or loss in chosen or view.num_rows("train") >= least
    }


def fewer_negatives(views: Views, space: Space, *, distinct_rows: bool) -> dict[tuple[LossName, int], TrainView]:
    """Return the pairs with no more given negatives of a row than a number, for each number in the space.

    Args:
        views: the views of the space's losses.
        space: its setting `negatives` has "all" or numbers.
        distinct_rows: whether repeats are merged, which has been done with all negatives.

    Raises:
        Mistakes: there are no given negatives, repeats are merged, or a loss cannot read the pairs with so few.
    """
    values = space["negatives"].values if isinstance(space["negatives"], Choice) else ()
    numbers = [int(value) for value in values if value != ALL]
    stored = next(iter(views.values()))
    shown = ",".join(f"{value}" if value == ALL else f"{value:g}" for value in values)
    if numbers and distinct_rows:
        raise Mistakes(f"set: 'negatives={shown}' with --distinct; allowed: one of the two")
    if numbers and NEGATIVES not in PreparedPairs.columns(stored, "train"):
        raise Mistakes(f"set: 'negatives={shown}', but {stored.folder} has no given negatives; allowed: all")
    checks = Checks()
    fewer = {(loss, most): checks.run(view_of, stored, LOSSES[loss], most) for loss in views for most in numbers}
    rows, sizes = {key: view.num_rows("train") for key, view in fewer.items() if view}, space["global_batch_size"]
    largest = max(map(float, sizes.values if isinstance(sizes, Choice) else (sizes.high,)))
    checks.messages += [
        f"set: 'negatives={most}': the {loss} loss then reads {count} training pairs; allowed: at least a batch, "
        f"{largest:g}"
        for (loss, most), count in rows.items()
        if count < largest
    ]
    checks.finish()
    return {key: view for key, view in fewer.items() if view}


def distinct_views(views: Views, bases: Sequence[Base]) -> Views:
    """Return the views without rows that the base model reads alike.

    Raises:
        Mistakes: there are several base models, and each would merge other rows.
    """
    if len(bases) > 1:
        raise Mistakes(f"distinct: with {len(bases)} base models, which read rows differently; allowed: with one")
    return {loss: distinct(view, bases[0].reading) for loss, view in views.items()}


def _readable(pairs: PreparedPairs, loss: LossName) -> TrainView | None:
    try:
        return view_of(pairs, LOSSES[loss])
    except Mistakes:
        return None
