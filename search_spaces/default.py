"""Build a task's search space: centred on its baseline, and narrowed by the user."""

import math
from collections.abc import Sequence

from common.mistakes import Checks, Mistakes, raise_if
from common.space import Choice, Range, Space
from tasks.common.declaration import WHOLE, Task, setting_misfit
from tasks.common.losses import SHARED_SETTINGS, Loss

MIN_STEPS_PER_EPOCH = 4
"""Least steps in an epoch with a default batch size; fewer cannot follow a schedule."""


def _learning_rate(baseline: float) -> Range:
    return Range(low=baseline / 4, high=baseline * 8, log=True)  # 5e-6 to 1.6e-4: AdamW on BERT-like models


def for_task(task: Task, overrides: Sequence[str], num_rows: int, num_workers: int) -> dict[str, Range | Choice]:
    """Return the search space of a task.

    Args:
        task: its baseline is the centre.
        overrides: NAME=VALUE, NAME=A,B,C or NAME=LOW:HIGH, as given with --set.
        num_rows: training pairs.
        num_workers: workers of a group; a batch size has to be a multiple.

    Raises:
        Mistakes: unknown names, reversed ranges, values out of bounds, all at once.
    """
    return _overridden(_default(task, num_rows, num_workers), task, overrides, num_rows, num_workers)


def fixed(task: Task, overrides: Sequence[str], num_rows: int, num_workers: int) -> dict[str, Range | Choice]:
    """Return a space of one point: the baseline with the user's values; otherwise as `for_task`."""
    space: dict[str, Range | Choice] = {name: Choice(values=(value,)) for name, value in task.settings.items()}
    space = _overridden(space, task, overrides, num_rows, num_workers)
    raise_if(
        [
            f"set: {name}={allowed} is a choice; a single training needs one value (a search is python -m jobs.tune)"
            for name, allowed in space.items()
            if not isinstance(allowed, Choice) or len(allowed.values) > 1
        ]
    )
    return space


def _overridden(
    space: dict[str, Range | Choice], task: Task, overrides: Sequence[str], num_rows: int, num_workers: int
) -> dict[str, Range | Choice]:
    checks = Checks()
    parsed = [checks.run(_parse, override, task) for override in overrides]
    space = space | dict(filter(None, parsed))
    checks.messages += _misfits(task.declared_loss, space, num_rows, num_workers)
    checks.finish()
    return space


def baseline_in(task: Task, space: Space) -> dict[str, float]:
    """Return the settings of the first trial: the baseline, each moved to the nearest value in the space."""
    return {name: allowed.nearest(task.settings[name]) for name, allowed in space.items()}


def _default(task: Task, num_rows: int, num_workers: int) -> dict[str, Range | Choice]:
    settings = task.settings
    size = int(settings["global_batch_size"])
    sizes = [
        choice
        for choice in (size // 2, size, size * 2, size * 4)
        if choice == size or _fits(choice, num_rows, num_workers)
    ]
    varied: dict[str, Range | Choice] = {
        name: own.around(settings[name]) for name, own in task.declared_loss.parameters.items()
    }
    varied["global_batch_size"] = Choice(values=tuple(sizes))
    varied["learning_rate"] = _learning_rate(settings["learning_rate"])
    varied["warmup_ratio"] = Range(low=0.0, high=0.3)
    others = (name for name in SHARED_SETTINGS if name not in varied)
    return varied | {name: Choice(values=(settings[name],)) for name in others}


def _fits(size: int, num_rows: int, num_workers: int) -> bool:
    return size > 1 and size % num_workers == 0 and size * MIN_STEPS_PER_EPOCH <= num_rows


def _parse(override: str, task: Task) -> tuple[str, Range | Choice]:
    name, _, text = override.partition("=")
    known = task.declared_loss.settings
    if name not in known or not text:
        raise Mistakes(
            f"set: {override!r} is not NAME=VALUE with a name of {', '.join(sorted((*known, 'max_length')))}"
        )
    values = [_number(override, part) for part in text.replace(":", ",").split(",")]
    if ":" not in text:
        return name, Choice(values=tuple(dict.fromkeys(values)))
    if len(values) != 2 or values[0] >= values[1]:
        raise Mistakes(f"set: {override!r} must be {name}=LOW:HIGH with LOW below HIGH")
    if name in WHOLE:
        raise Mistakes(f"set: {override!r} must list whole numbers ({name}=8,16,32), not a range")
    return name, Range(low=values[0], high=values[1], log=values[0] > 0 and values[1] / values[0] >= 10)


def _number(override: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Mistakes(f"set: {override!r} holds {text!r}, which is not a finite number")
    return number


def _misfits(loss: Loss, space: Space, num_rows: int, num_workers: int) -> list[str]:
    misfits = []
    for name, allowed in space.items():
        values = allowed.values if isinstance(allowed, Choice) else (allowed.low, allowed.high)
        messages = [_misfit(loss, name, value, num_rows, num_workers) for value in values]
        misfits += [message for message in messages if message is not None]
    return misfits


def _misfit(loss: Loss, name: str, value: float, num_rows: int, num_workers: int) -> str | None:
    if misfit := setting_misfit(name, value, loss):
        return f"{name}: {misfit}"
    if name == "global_batch_size" and value % num_workers:
        return f"global_batch_size: {value:g} must be a multiple of workers ({num_workers})"
    if name == "global_batch_size" and value > num_rows:
        return (
            f"global_batch_size: {value:g} is more than the {num_rows} training pairs; an epoch needs one batch or more"
        )
    return None
