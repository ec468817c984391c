"""Take the best settings of earlier runs, to try them before the sampler chooses."""

from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

from common.base_names import SETTING, short_name
from common.mistakes import Checks, Mistakes
from common.space import Settings, Space
from reporting.run import Run
from reporting.trials import TrialRecord, best_of
from search_spaces.default import first_trials
from tasks.common.declaration import Task
from tasks.common.losses import active


class WarmStart(NamedTuple):
    """Settings that were the best of an earlier run with their loss."""

    run: str
    trial: str
    settings: Settings
    """Of the space, each moved to the nearest allowed value."""

    @property
    def line(self) -> str:
        """Where the settings are from, for a user."""
        base = f", {short_name(self.settings[SETTING])}" if SETTING in self.settings else ""
        return f"warm start: {self.trial} of {self.run}, {self.settings['loss']} loss{base}"


def earlier_runs(paths: str | None, task: Task, bases: Sequence[str]) -> list[Run]:
    """Return earlier runs whose settings can be tried.

    Args:
        paths: folders, separated by commas; None: none.
        task: the runs must be judged as it is.
        bases: names of base models; the runs must have trained one of them.

    Raises:
        Mistakes: a folder is no run, or its settings are of another kind or base model.
    """
    checks = Checks()
    runs = [checks.run(_earlier_run, path.strip(), task, bases) for path in (paths.split(",") if paths else ())]
    checks.finish()
    return [run for run in runs if run]


def _earlier_run(path: str, task: Task, bases: Sequence[str]) -> Run:
    run = Run.read(path)
    trained: dict[str, Sequence[Any]] = {"kind": [run.settings.get("kind")], "base_model": run.base_models}
    wanted: dict[str, Sequence[Any]] = {"kind": [task.kind], "base_model": bases}
    others = [name for name, values in trained.items() if not set(values) & set(wanted[name])]
    if others:
        has = " and ".join(f"{name} {_listed(trained[name])}" for name in others)
        allowed = ", ".join(f"{name} {_listed(values)}" for name, values in wanted.items())
        raise Mistakes(f"warm-start: {path} has {has}; allowed: a run with {allowed}")
    return run


def _listed(values: Sequence[Any]) -> str:
    return " or ".join(map(repr, values))


def warm_starts(runs: Sequence[Run], task: Task, space: Space, bases: Sequence[str]) -> list[WarmStart]:
    """Return the best settings of each run for each loss of the space and each base model, moved into the space.

    Settings that an earlier run did not have are the loss's defaults.
    """
    usual: dict[str, Settings] = {}
    for own in first_trials(task, space):
        usual.setdefault(own["loss"], own)
    best = [
        (run, loss, base, record)
        for run in runs
        for loss, base in product(usual, bases)
        if (record := _best(run, loss, base))
    ]
    return [
        WarmStart(run.folder, record.trial, _moved({**record.settings, SETTING: base}, usual[loss], space))
        for run, loss, base, record in best
    ]


def _moved(settings: Settings, usual: Settings, space: Space) -> Settings:
    return {name: space[name].nearest(settings.get(name, value)) for name, value in usual.items()}


def without_repeats(trials: Sequence[Settings]) -> list[Settings]:
    """Return the settings that train alike once, the first of each."""
    found: list[Settings] = []
    for settings in trials:
        if active(settings) not in map(active, found):
            found.append(settings)
    return found


def _best(run: Run, loss: str, base: str) -> TrialRecord | None:
    """Return the best trial with this loss and base model.

    A run with one base model does not name it in its trials, and one of the version before does not name its only loss.
    """
    own = {"loss": run.settings["loss"], SETTING: run.base_models[0]}
    return best_of(
        trial for trial in run.trials if [(own | trial.settings)[name] for name in ("loss", SETTING)] == [loss, base]
    )
