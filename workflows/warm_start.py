"""Take the best settings of earlier runs, to try them before the sampler chooses."""

from collections.abc import Sequence
from typing import NamedTuple

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
        return f"warm start: {self.trial} of {self.run}, {self.settings['loss']} loss"


def earlier_runs(paths: str | None, task: Task, base_model: str) -> list[Run]:
    """Return earlier runs whose settings can be tried.

    Args:
        paths: folders, separated by commas; None: none.
        task: the runs must be judged as it is.
        base_model: the runs must have trained it.

    Raises:
        Mistakes: a folder is no run, or its settings are of another kind or base model.
    """
    checks = Checks()
    runs = [checks.run(_earlier_run, path.strip(), task, base_model) for path in (paths.split(",") if paths else ())]
    checks.finish()
    return [run for run in runs if run]


def _earlier_run(path: str, task: Task, base_model: str) -> Run:
    run = Run.read(path)
    wanted = {"kind": task.kind, "base_model": base_model}
    others = [f"{name} {run.settings.get(name)!r}" for name, value in wanted.items() if run.settings.get(name) != value]
    if others:
        allowed = ", ".join(f"{name} {value!r}" for name, value in wanted.items())
        raise Mistakes(f"warm-start: {path} has {' and '.join(others)}; allowed: a run with {allowed}")
    return run


def warm_starts(runs: Sequence[Run], task: Task, space: Space) -> list[WarmStart]:
    """Return the best settings of each run for each loss of the space, moved into it.

    Settings that an earlier run did not have are the loss's defaults.
    """
    usual = {own["loss"]: own for own in first_trials(task, space)}
    best = [(run, loss, record) for run in runs for loss in usual if (record := _best(run, loss))]
    return [
        WarmStart(run.folder, record.trial, _moved(record.settings, usual[loss], space)) for run, loss, record in best
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


def _best(run: Run, loss: str) -> TrialRecord | None:
    """Return the best trial with this loss; a run of the version before has one loss, which its trials do not name."""
    return best_of(trial for trial in run.trials if trial.settings.get("loss", run.settings["loss"]) == loss)
