"""Evaluate the base model on the guard set before the first training: every state is held against it."""

from collections.abc import Mapping
from dataclasses import replace

import ray

from common.base_names import BASE, untuned
from evaluation.guard import GUARD
from evaluation.predictions import Predictions
from pairs.guard import GuardPairs
from reporting.live import Live
from trainers.groups.pool import EvaluationError, evaluate_models
from trainers.job import EvaluationJob, Guard
from workflows.request import Request
from workflows.session import Session


def guarded(request: Request, guard: GuardPairs, session: Session, live: Live) -> Session:
    """Return the session with trainings that are guarded.

    Raises:
        EvaluationError: no group could evaluate the base model.
    """
    data, pairs, kind = session.template.data, [ray.put(guard.table)], guard.kind.name
    live.header([f"evaluating the base model on the guard set {guard.name}"])
    job = EvaluationJob(trial="", kind=kind, splits={GUARD: pairs}, prompts=data.prompts)
    others = {untuned(name): replace(job, base_model=name, prompts=own.prompts) for name, own in data.others.items()}
    models = _evaluated(session, job, others)
    for name, base in models.items():
        which = "the base model" if name == BASE else name
        live.say(f"guard: {which} has {base.metric} {base.scores()[base.metric]:.4f} on {guard.name}")
    first, *rest = ([ray.put(base)] for base in models.values())
    limit = request.options.keep_loss
    made = Guard(kind=kind, pairs=pairs, base=first, limit=limit, others=dict(zip(data.others, rest, strict=True)))
    return replace(session, template=replace(session.template, data=replace(data, guard=made)))


def _evaluated(session: Session, job: EvaluationJob, others: Mapping[str, EvaluationJob]) -> dict[str, Predictions]:
    """Evaluate the base models on groups that can; another one takes over from a group that is lost."""
    while True:
        groups = session.able()
        try:
            return evaluate_models(groups, dict.fromkeys([BASE, *others]), job, _silent, others)[0][GUARD]
        except EvaluationError:
            if len(session.able()) == len(groups):
                raise


def _silent(done: int, total: int) -> None:
    """Report nothing: each takes seconds."""
