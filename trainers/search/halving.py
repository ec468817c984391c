"""Stop weak trials by successive halving: among trainings of equal epochs, and never within a warm-up."""

from collections.abc import Mapping
from typing import Any

from ray.tune.schedulers import ASHAScheduler, FIFOScheduler

from common.space import Settings
from trainers.job import Job
from trainers.search.shared import Shared

REDUCTION_FACTOR = 2
"""At each rung the better half goes on. With the few epochs of fine-tuning a larger factor would leave one rung."""


class Halving(FIFOScheduler):  # type: ignore[misc]  # Ray ships no types for it
    """Run ASHA (Li et al. 2020) over epochs, once for each number of epochs that a training may have.

    After one epoch, trainings of two and of ten epochs are at different points of their learning rates' schedules. The
    baseline is never stopped, though it counts: the best must not be compared with a half-trained model.

    Args:
        first_rungs: epochs of a training -> epochs after which it may be stopped first; further rungs double them.
        baseline: the searched settings of the trial that is not stopped.
        shared: completes searched settings.
    """

    def __init__(self, first_rungs: Mapping[float, float], baseline: Settings, shared: Shared) -> None:
        super().__init__()
        self.shared = shared
        self.baseline = dict(baseline)
        self.by_epochs = {
            epochs: ASHAScheduler(
                time_attr="epoch", max_t=epochs, grace_period=first, reduction_factor=REDUCTION_FACTOR
            )
            for epochs, first in first_rungs.items()
        }

    def set_search_properties(self, metric: str | None, mode: str | None, **spec: Any) -> bool:
        """Take the metric to compare from Tune."""
        super().set_search_properties(metric, mode, **spec)
        return all(own.set_search_properties(metric, mode, **spec) for own in self.by_epochs.values())

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        """Compare the trial with those of its epochs."""
        self._of(trial).on_trial_add(tune_controller, trial)

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Return ASHA's decision, which counts the baseline, too."""
        decision: str = self._of(trial).on_trial_result(tune_controller, trial, result)
        going_on: str = self.CONTINUE
        return going_on if trial.config == self.baseline else decision

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None:
        """Count the last result of a trial."""
        self._of(trial).on_trial_complete(tune_controller, trial, result)

    def on_trial_remove(self, tune_controller: Any, trial: Any) -> None:
        """Forget a trial that ended before it began."""
        self._of(trial).on_trial_remove(tune_controller, trial)

    def _of(self, trial: Any) -> ASHAScheduler:
        if len(self.by_epochs) == 1:
            return next(iter(self.by_epochs.values()))
        return self.by_epochs[self.shared.complete(trial.config)["epochs"]]


def first_rung(job: Job, longest_warmup: float) -> float:
    """Return the epochs after which a training may be stopped first: its first evaluation of dev that predicts its end.

    That is after the longest warm-up of the space, during which a high learning rate only does harm, and after all
    pairs if a training sees them several times. If there is none, it is the training's end.

    Args:
        job: the training.
        longest_warmup: the greatest fraction of its steps that a training may warm up for.
    """
    epochs = float(job.settings["epochs"])
    least = longest_warmup * epochs
    return next((at for at in job.report_steps().values() if at > least and (at >= 1 or epochs == 1)), epochs)
