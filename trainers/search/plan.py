"""The plan of a search: everything that is decided before its first trial."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from common.run_folder import RunFolder
from common.space import Choice, Settings, Space, is_searched
from trainers.groups.board import BoardActor
from trainers.groups.worker_group import WorkerGroup
from trainers.job import Job
from trainers.search.halving import first_rung
from trainers.search.shared import Shared


@dataclass(frozen=True, kw_only=True)
class SearchPlan:
    """The plan that trainers/search/tuner.py carries out."""

    run: RunFolder
    template: Job
    """The job of every trial; its settings are the fixed ones."""
    groups: Sequence[WorkerGroup]
    """Warm or starting; as many trials run at a time."""
    board: BoardActor
    space: Space
    first_trials: Sequence[Settings]
    """Settings of the first trials, the task's baseline before all, each moved into the space."""
    trials: int
    minutes: float | None
    """Time budget of the search."""
    epochs: Mapping[str, float] = field(default_factory=dict)
    """Loss -> epochs of its trainings, where the budget affords fewer than the space says."""
    scheduler: str
    """asha, which stops weak trials, or fifo, which stops none."""

    @property
    def varied(self) -> Space:
        """The searched settings. If all are fixed, epochs count as searched: Optuna needs a space."""
        several = {name: allowed for name, allowed in self.space.items() if is_searched(allowed)}
        return several or {"epochs": self.space["epochs"]}

    @property
    def baseline(self) -> Settings:
        """The settings of the baseline's trial."""
        return self.first_trials[0]

    @property
    def shared(self) -> Shared:
        """What completes the searched settings of a trial."""
        return Shared(settings=self.fixed, epochs=self.epochs)

    @property
    def fixed(self) -> dict[str, Any]:
        """The settings that every trial shares."""
        return {name: self.baseline[name] for name in self.space if name not in self.varied}

    @property
    def first_rungs(self) -> dict[float, float]:
        """Epochs that a trial may have -> epochs after which it may be stopped first."""
        trainings = self.space["epochs"]
        assert isinstance(trainings, Choice), "search_spaces/default.py takes no range of whole numbers"
        values = {*trainings.values, *self.epochs.values()}
        settings = {epochs: {**self.template.settings, "epochs": epochs} for epochs in values}
        warmup = self.space["warmup_ratio"].most
        return {
            float(epochs): first_rung(replace(self.template, settings=own), warmup) for epochs, own in settings.items()
        }
