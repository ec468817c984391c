"""Bring the untrained base models into the verdict of a search that chose another one than the first."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from common.base_names import SETTING, short_names, untuned
from evaluation.predictions import Predictions
from trainers.groups.client import GroupClient
from trainers.groups.pool import evaluate_models
from trainers.job import Data, EvaluationJob
from workflows.outcome import Outcome
from workflows.request import Request


def other_bases(request: Request, outcome: Outcome) -> dict[str, str]:
    """Return name in the verdict -> base model, for all but the first and the best's own before the others.

    Returns:
        Nothing if the best was trained from the first: then nobody has chosen among them.
    """
    own = outcome.best.settings.get(SETTING) if outcome.best and outcome.state else None
    if own is None or own == request.base.name:
        return {}
    short = short_names(list(request.bases))
    others = sorted(list(request.bases)[1:], key=lambda name: name != own)
    return {untuned(short[name]): name for name in others}


def of_base(base_model: str, evaluation: EvaluationJob, data: Data) -> EvaluationJob:
    """Return the same evaluation by another base model."""
    return replace(evaluation, base_model=base_model, prompts=data.of({SETTING: base_model}).prompts)


def looks(
    groups: Sequence[GroupClient], others: Mapping[str, str], evaluation: EvaluationJob, data: Data
) -> dict[str, Predictions]:
    """Return the predictions on dev of base models that are in no verdict: they were to choose from, too.

    Raises:
        EvaluationError: one of them could not be evaluated.
    """
    if not others:
        return {}
    dev = replace(evaluation, splits={"dev": evaluation.splits["dev"]}, kinds={}, train=None)
    jobs = {name: of_base(base, dev, data) for name, base in others.items()}
    return evaluate_models(groups, dict.fromkeys(jobs), dev, lambda _done, _total: None, jobs)[0]["dev"]
