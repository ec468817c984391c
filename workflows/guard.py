"""Evaluate the base model on the guard set before the first training: every state is held against it."""

from dataclasses import replace

import ray

from evaluation.guard import GUARD
from evaluation.predictions import Predictions
from evaluation.verdict import ORDER
from pairs.guard import GuardPairs
from reporting.live import Live
from trainers.groups.pool import EvaluationError, evaluate_models
from trainers.job import EvaluationJob, Guard
from workflows.request import Request
from workflows.session import Session

BASE = ORDER[0]


def guarded(request: Request, guard: GuardPairs, session: Session, live: Live) -> Session:
    """Return the session with trainings that are guarded.

    Raises:
        EvaluationError: no group could evaluate the base model.
    """
    data, pairs, kind = session.template.data, [ray.put(guard.table)], guard.kind.name
    live.header([f"evaluating the base model on the guard set {guard.name}"])
    job = EvaluationJob(trial=BASE, kind=kind, splits={GUARD: pairs}, prompts=data.prompts)
    base = _evaluated(session, job)
    live.say(f"guard: the base model has {base.metric} {base.scores()[base.metric]:.4f} on {guard.name}")
    limit = request.options.keep_loss
    own = replace(data, guard=Guard(kind=kind, pairs=pairs, base=[ray.put(base)], limit=limit))
    return replace(session, template=replace(session.template, data=own))


def _evaluated(session: Session, job: EvaluationJob) -> Predictions:
    """Evaluate on the first group that can; another one takes over from a group that is lost."""
    while True:
        groups = session.able()
        try:
            return evaluate_models(groups, {BASE: None}, job, _silent)[0][GUARD][BASE]
        except EvaluationError:
            if len(session.able()) == len(groups):
                raise


def _silent(done: int, total: int) -> None:
    """Report nothing: there is one model."""
