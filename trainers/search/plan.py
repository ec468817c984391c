"""Everything a search decides before its first trial."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from common.run_folder import RunFolder
from common.space import Choice, Range, Space
from trainers.groups.worker_group import WorkerGroup
from trainers.job import Job
from trainers.search.halving import first_rung


@dataclass(frozen=True, kw_only=True)
class SearchPlan:
    """What trainers/search/tuner.py carries out."""

    run: RunFolder
    template: Job
    """The job of every trial; its settings are the fixed ones."""
    groups: Sequence[WorkerGroup]
    """Warm, or on the way; there are as many trials at a time."""
    board: Any
    space: Space
    baseline: dict[str, float]
    """The first trial: the task's baseline, moved into the space."""
    trials: int
    minutes: float | None
    scheduler: str
    """asha, which stops hopeless trials, or fifo, which stops none."""

    @property
    def varied(self) -> Space:
        """What is searched; a setting with one choice is fixed, but for one where all are: Optuna needs a space."""
        several = {n: each for n, each in self.space.items() if isinstance(each, Range) or len(each.values) > 1}
        return several or {"epochs": self.space["epochs"]}

    @property
    def fixed(self) -> dict[str, float]:
        """The settings every trial shares."""
        return {name: self.baseline[name] for name in self.space if name not in self.varied}

    @property
    def max_epochs(self) -> float:
        """Of the longest trial."""
        return self.space["epochs"].most

    @property
    def first_rungs(self) -> dict[float, float]:
        """Epochs that a trial may have -> epochs after which it may be stopped first."""
        trainings = self.space["epochs"]
        assert isinstance(trainings, Choice), "search_spaces/default.py takes no range of whole numbers"
        settings = {epochs: {**self.template.settings, "epochs": epochs} for epochs in trainings.values}
        warmup = self.space["warmup_ratio"].most
        return {epochs: first_rung(replace(self.template, settings=own), warmup) for epochs, own in settings.items()}
