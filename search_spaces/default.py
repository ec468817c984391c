"""Build a task's search space: centred on its baseline, and narrowed by the user."""

from collections.abc import Sequence
from typing import Any

from common.base_names import SETTING
from common.mistakes import Checks, raise_if
from common.space import Choice, Range, Setting, Space, is_searched
from search_spaces.overrides import parse
from tasks.common.declaration import Task, setting_misfit
from tasks.common.losses import LOSSES, SHARED_PARAMETERS, SHARED_SETTINGS, LossName
from tasks.common.parameters import Parameter

MIN_STEPS_PER_EPOCH = 4
"""Least steps in an epoch with a default batch size or loss; fewer cannot follow a schedule."""


MOST_SEARCHED = 5
"""Settings that a default search varies at most: with 16 trials the sampler learns little about more of them."""


def for_task(
    task: Task,
    losses: Sequence[LossName],
    overrides: Sequence[str],
    num_rows: int,
    num_workers: int,
    bases: Sequence[str] = (),
) -> dict[str, Range | Choice]:
    """Return the search space of a task: flat, with the settings of all its losses.

    A training ignores the settings that its loss does not have.

    Args:
        task: its baseline is the centre.
        losses: those to choose from, the baseline's first.
        overrides: NAME=VALUE, NAME=A,B,C or NAME=LOW:HIGH, as given with --set.
        num_rows: training pairs, of the loss that reads fewest.
        num_workers: workers of a group; a batch size has to be a multiple.
        bases: names of the base models to choose from, the first one's first; with fewer than two there is no choice.

    Raises:
        Mistakes: unknown names, reversed ranges, values out of bounds, all at once.
    """
    return _overridden(_default(task, losses, num_rows, num_workers, bases), overrides, num_rows, num_workers)


def fixed(
    task: Task, losses: Sequence[LossName], overrides: Sequence[str], num_rows: int, num_workers: int
) -> dict[str, Range | Choice]:
    """Return a space of one point: the loss's defaults with the user's values; otherwise as `for_task`."""
    space: dict[str, Range | Choice] = {
        name: Choice(values=(value,)) for name, value in defaults_of(task, losses[0]).items()
    }
    space = _overridden(space | {"loss": Choice(values=tuple(losses))}, overrides, num_rows, num_workers)
    raise_if(
        [
            f"set: {name}={allowed} is a choice; a single training needs one value (a search is python -m jobs.tune)"
            for name, allowed in space.items()
            if is_searched(allowed)
        ]
    )
    return space


def defaults_of(task: Task, loss: LossName) -> dict[str, Setting]:
    """Return the settings with which a task is first trained with a loss: the baseline's, if it is the task's own.

    Of another loss these are its own parameters and, if it declares one, its learning rate. Epochs and batch size stay
    those of the task, so that the losses are compared at equal cost.
    """
    settings = task.settings
    if loss == task.loss:
        return settings
    declared = LOSSES[loss]
    shared = {name: settings[name] for name in (*SHARED_SETTINGS, *SHARED_PARAMETERS)}
    if "learning_rate" in declared.baseline:
        shared["learning_rate"] = declared.baseline["learning_rate"].value
    return {"loss": loss, **shared, **{name: each.default.value for name, each in declared.parameters.items()}}


def first_trials(task: Task, space: Space) -> list[dict[str, Any]]:
    """Return the settings of the trials before the sampler's: the defaults of each loss in the space, moved into it.

    The baseline comes first, as the space names its loss first. After the losses, each further base model is tried with
    the baseline settings.
    """
    losses = _losses(space)
    inactive = {name: own.default.value for name, own in _parameters(losses).items()}
    settings = [inactive | defaults_of(task, loss) for loss in losses]
    if bases := _bases(space):
        settings = [own | {SETTING: bases[0]} for own in settings]
        settings += [settings[0] | {SETTING: other} for other in bases[1:]]
    return [{name: allowed.nearest(own[name]) for name, allowed in space.items()} for own in settings]


def _overridden(
    space: dict[str, Range | Choice], overrides: Sequence[str], num_rows: int, num_workers: int
) -> dict[str, Range | Choice]:
    checks = Checks()
    names = [name for name in space if name != SETTING]  # --base-model gives its values
    parsed = [checks.run(parse, override, names) for override in overrides]
    space = space | dict(filter(None, parsed))
    checks.messages += _misfits(space, num_rows, num_workers)
    checks.finish()
    return space


def _losses(space: Space) -> list[LossName]:
    return [LOSSES[loss].name for loss in space["loss"].values]  # type: ignore[union-attr,index]  # words of LOSSES


def _bases(space: Space) -> list[Setting]:
    return list(space[SETTING].values) if SETTING in space else []  # type: ignore[union-attr]  # a Choice


def _parameters(losses: Sequence[LossName]) -> dict[str, Parameter]:
    """Return the own settings of several losses, in the order in which a search should vary them."""
    return {name: own for loss in losses for name, own in LOSSES[loss].parameters.items()}


def _default(
    task: Task, losses: Sequence[LossName], num_rows: int, num_workers: int, bases: Sequence[str]
) -> dict[str, Range | Choice]:
    parameters = _parameters(losses)
    settings = defaults_of(task, losses[0])
    settings |= {name: own.default.value for name, own in parameters.items() if name not in settings}
    varied: dict[str, Range | Choice] = {
        "loss": Choice(values=tuple(losses)),
        SETTING: Choice(values=tuple(bases)),
        "learning_rate": _learning_rate(settings["learning_rate"]),
        "global_batch_size": _batch_sizes(settings["global_batch_size"], num_rows, num_workers),
        **{name: own.searched.including(settings[name]) for name, own in parameters.items()},
        "warmup_ratio": Range(low=0.0, high=0.3),
    }
    searched = [name for name, allowed in varied.items() if is_searched(allowed)][:MOST_SEARCHED]
    fixed_values = {name: Choice(values=(value,)) for name, value in settings.items()}
    return fixed_values | {name: varied[name] for name in searched}


def _learning_rate(baseline: Any) -> Range:
    return Range(low=baseline / 4, high=baseline * 8, log=True)  # 5e-6 to 1.6e-4: AdamW on BERT-like models


def _batch_sizes(baseline: Any, num_rows: int, num_workers: int) -> Choice:
    """Return the powers of two from half to four times the baseline that workers and rows allow, and the baseline."""
    powers = [2**power for power in range(1, (int(baseline) * 4).bit_length())]
    fitting = {size for size in powers if size * 2 >= baseline and _fits(size, num_rows, num_workers)}
    return Choice(values=tuple(sorted({baseline, *fitting})))


def _fits(size: int, num_rows: int, num_workers: int) -> bool:
    return size % num_workers == 0 and size * MIN_STEPS_PER_EPOCH <= num_rows


def _misfits(space: Space, num_rows: int, num_workers: int) -> list[str]:
    misfits = []
    for name, allowed in space.items():
        values = allowed.values if isinstance(allowed, Choice) else (allowed.low, allowed.high)
        messages = [
            _misfit(space, name, value, num_rows, num_workers) for value in values if name not in ("loss", SETTING)
        ]
        misfits += [message for message in messages if message is not None]
    return misfits


def _misfit(space: Space, name: str, value: Setting, num_rows: int, num_workers: int) -> str | None:
    losses = [LOSSES[loss] for loss in _losses(space)]
    owner = next((loss for loss in losses if name in loss.parameters), losses[0])
    if misfit := setting_misfit(name, value, owner):
        return f"{name}: {misfit}"
    if name != "global_batch_size":
        return None
    size = float(value)
    if size % num_workers:
        return f"global_batch_size: {size:g} must be a multiple of workers ({num_workers})"
    if size > num_rows:
        return (
            f"global_batch_size: {size:g} is more than the {num_rows} training pairs; an epoch needs one batch or more"
        )
    return None
