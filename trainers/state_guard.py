"""Check every evaluated state of a training on the guard set, and lower the value by which it is compared."""

from typing import Any

import ray
from sentence_transformers import SentenceTransformer

from common.best import lowered_name
from common.jsonable import finite
from evaluation.evaluator import Evaluator
from evaluation.guard import GUARD, check_guard, lowered
from evaluation.predictions import Predictions
from tasks.common.kinds import KINDS
from trainers.dev_evaluator import PairEvaluator
from trainers.job import Guard, Job


class StateGuard:
    """Hold the states of a training against the base model.

    Args:
        job: a training whose data has a guard.
        guard: that guard.
    """

    def __init__(self, job: Job, guard: Guard) -> None:
        self.job, self.limit, self.metric = job, guard.limit, KINDS[guard.kind].metric
        self.base: Predictions = ray.get(guard.base_of(job.settings)[0])
        self.evaluator = PairEvaluator(Evaluator(guard.kind, ray.get(guard.pairs[0]), None, job.prompts))

    def metrics(self, model: SentenceTransformer, value: float) -> dict[str, Any]:
        """Return what a report says about a state beside its scores on dev.

        Args:
            model: with the state's weights.
            value: its deciding score on dev.

        Returns:
            guard: the check as plain values; guard_METRIC: its score there; lowered_METRIC: see `lowered`.
        """
        models = {"base": self.base, "state": self.evaluator.evaluate(model)}
        check = check_guard(models, self.limit, self.job.seed)["state"]
        return {
            GUARD: finite(check.to_dict()),
            f"{GUARD}_{self.metric}": check.score.value,
            lowered_name(self.job.metric): lowered(value, check, KINDS[self.job.kind].lowest),
        }


def state_guard(job: Job) -> StateGuard | None:
    """Return the guard of a training; None without one."""
    return StateGuard(job, job.data.guard) if job.data.guard else None
