"""Successive halving as fine-tuning needs it: among trainings of equal epochs, and never within a warm-up."""

from collections.abc import Mapping
from typing import Any

from ray.tune.schedulers import ASHAScheduler, FIFOScheduler

from trainers.job import Job

REDUCTION_FACTOR = 2
"""Keeps the better half at each rung: with the few epochs of fine-tuning a larger factor leaves one rung."""


class Halving(FIFOScheduler):
    """ASHA (Li et al. 2020) over epochs seen, once for each number of epochs that a training may have.

    After as many epochs, trainings of two and of ten are at different points of their learning rates' schedules. The
    baseline is never stopped, though it counts: what the best is held against is no half-trained model.
    """

    def __init__(self, first_rungs: Mapping[float, float], baseline: Mapping[str, float]) -> None:
        """
        Args:
            first_rungs: epochs of a training -> epochs after which it may be stopped first; further rungs double them.
            baseline: the searched settings of the trial that is not stopped.
        """
        super().__init__()
        self.baseline = dict(baseline)
        self.by_epochs = {
            epochs: ASHAScheduler(
                time_attr="epoch", max_t=epochs, grace_period=first, reduction_factor=REDUCTION_FACTOR
            )
            for epochs, first in first_rungs.items()
        }

    def set_search_properties(self, metric: str | None, mode: str | None, **spec: Any) -> bool:
        """Tune says what to compare."""
        super().set_search_properties(metric, mode, **spec)
        return all(each.set_search_properties(metric, mode, **spec) for each in self.by_epochs.values())

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        """It is compared with those of its epochs."""
        self._of(trial).on_trial_add(tune_controller, trial)

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """ASHA's decision, which counts the baseline, too."""
        decision = self._of(trial).on_trial_result(tune_controller, trial, result)
        return self.CONTINUE if trial.config == self.baseline else decision

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None:
        """Its last result counts."""
        self._of(trial).on_trial_complete(tune_controller, trial, result)

    def on_trial_remove(self, tune_controller: Any, trial: Any) -> None:
        """It was ended before it began."""
        self._of(trial).on_trial_remove(tune_controller, trial)

    def _of(self, trial: Any) -> ASHAScheduler:
        if len(self.by_epochs) == 1:
            return next(iter(self.by_epochs.values()))
        return self.by_epochs[trial.config["epochs"]]


def first_rung(job: Job, longest_warmup: float) -> float:
    """Epochs after which a training may be stopped first: its first judgement of dev that says something of its end.

    That is after the longest warm-up of the space, until whose end a high learning rate has done harm and no good yet,
    and after the whole of the pairs where a training sees them several times. Its end where there is none before.

    Args:
        longest_warmup: the greatest share of its steps that a training may warm up for.
    """
    epochs = job.settings["epochs"]
    least = longest_warmup * epochs
    return next((each for each in job.report_steps().values() if each > least and (each >= 1 or epochs == 1)), epochs)
