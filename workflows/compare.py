"""Compare base, baseline and best on dev and test after the last trial, on the same warm groups."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import ray

from common.jsonable import finite
from common.mistakes import Mistakes
from common.run_folder import RunFolder
from evaluation import threshold
from evaluation.calibration import Calibration
from evaluation.folds import FoldedPredictions
from evaluation.guard import GUARD, GuardVerdict
from evaluation.predictions import Predictions
from evaluation.purpose import Purpose
from evaluation.selection import States, sample_of
from evaluation.verdict import ORDER, Verdict, confusion, verdict
from evaluation.yardsticks.fit import MOST_ROWS
from reporting.findings import leaked
from reporting.live import Live
from trainers.checkpoint import TrainingState
from trainers.dev_predictions import read_predictions
from trainers.groups.pool import evaluate_models
from trainers.job import EvaluationJob
from workflows.decision import calibration_of, threshold_of
from workflows.folds import NoFoldsError, cross_validate, wanted
from workflows.other_bases import looks, of_base, other_bases
from workflows.other_seeds import other_seeds
from workflows.outcome import Outcome
from workflows.refine import Refined, refine
from workflows.request import Request
from workflows.session import Session
from workflows.vectors import try_vectors

BASE, BASELINE, BEST = ORDER


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The verdict, and what follows for the selected model."""

    verdict: Verdict
    threshold: threshold.Threshold | threshold.Unmet | None
    """The threshold of the selected model, or why none meets the purpose; None for kinds without one."""
    seeds: dict[str, list[float]]
    """Model -> metric on dev of its settings with other seeds, in the order of the seeds."""
    leaks: tuple[str, ...] = ()
    """The audit's lines on texts in two splits, which make every score too high."""
    refined: tuple[Refined, ...] = ()
    """What was tried after the search."""
    calibration: Calibration | None = None
    """The probability for a cosine of the selected model; None for kinds without a threshold."""
    selected: Mapping[str, Predictions] = field(default_factory=dict)
    """Split -> predictions of the selected model."""
    folds: FoldedPredictions | None = None
    """The models that were trained, in folds over train and dev."""
    notes: tuple[str, ...] = ()
    """Remarks on the figures, one sentence each."""

    def to_dict(self) -> dict[str, Any]:
        """Return the content of verdict.json, without fingerprint and weights."""
        chosen = self.threshold
        more = {
            "threshold": chosen.to_dict() if isinstance(chosen, threshold.Threshold) else None,
            "unmet": chosen.reason if isinstance(chosen, threshold.Unmet) else None,
            "calibration": self.calibration.to_dict() if self.calibration else None,
            "seeds": self.seeds,
            "leaks": list(self.leaks),
            "refined": [each.to_dict() for each in self.refined],
        }
        values: dict[str, Any] = finite({**self.verdict.to_dict(), **more})
        return values


def compare(request: Request, session: Session, outcome: Outcome, live: Live) -> Comparison | None:
    """Evaluate the models and select one; return None if nothing was trained.

    Raises:
        EvaluationError: a group was lost, or a model returns embeddings that are not finite.
    """
    others = other_bases(request, outcome)
    own_base = next(iter(others), None)
    models = candidates(outcome, own_base)
    if len(models) < 2:
        return None
    for line in request.warnings():
        live.say(line)
    seeds = other_seeds(request, session, outcome, live) if request.options.repeat_seeds else {}
    evaluation, options = _evaluation(request, session), request.options
    notes: list[str] = []
    keep = list(models)[-1] if options.export == "best" else options.export
    data = session.template.data
    of_best = of_base(others[own_base], evaluation, data) if own_base else evaluation
    tried = _refined(request, session, outcome, of_best, live, notes)
    models |= {each.name: each.state for each in tried if each.state is not None}
    theirs = {name: of_best for name in models if own_base and name not in (BASE, BASELINE)}
    live.header([_line(models, evaluation, 0)])
    predictions, yardsticks = evaluate_models(
        session.able(),
        models,
        evaluation,
        lambda done, _: live.header([_line(models, evaluation, done)]),
        theirs,
    )
    guard = _guard_verdict(request, predictions.pop(GUARD, {}), dict.fromkeys(theirs, own_base or BASE))
    untrained = {own_base: predictions["dev"][own_base]} if own_base else {}
    untrained |= looks(session.able(), {name: others[name] for name in others if name != own_base}, evaluation, data)
    states = evaluated_states(RunFolder(options.run), outcome)
    states = _with_looks(_with_refined(states, tried, options.seed), list(untrained.values()), options.seed)
    live.header([f"computing intervals over {states.number} states that were evaluated on dev"])
    purpose = Purpose.parse(options.threshold or "f1")
    ours = {name: others[name] for name in others if name == own_base}
    folds = _in_folds(request, session, outcome, predictions["dev"][BASE], live, notes, ours)

    def decide(states: States) -> Verdict:
        kept = keep if keep in models else None
        return verdict(predictions, options.seed, kept, states, yardsticks, guard, purpose, folds)

    decision = decide(states)
    if options.refine == "auto" and request.task.declared_kind.categories:
        with _optional("category vectors were not tried", live, notes):
            chosen = decision.chosen
            live.header([f"refining: {chosen} with vectors of its training texts for the categories"])
            before = decision.splits["dev"].models[chosen].value
            tried.append(try_vectors(session.able(), chosen, before, models[chosen], theirs.get(chosen, evaluation)))
            for split, own in tried[-1].of_splits.items():
                predictions[split][tried[-1].name] = own
            decision = decide(_with_refined(states, tried[-1:], options.seed))
    found = {"folds": folds, "seeds": seeds, "refined": tuple(tried)}
    return _concluded(request, decision, predictions, live, notes, **found)


def _concluded(
    request: Request,
    decision: Verdict,
    predictions: Mapping[str, Mapping[str, Predictions]],
    live: Live,
    notes: list[str],
    **found: Any,
) -> Comparison:
    """Return the comparison with threshold and probability of the selected model."""
    selected = {split: by_model[decision.chosen] for split, by_model in predictions.items()}
    seed, purpose = request.options.seed, Purpose.parse(request.options.threshold or "f1")
    least, calibration = threshold_of(selected, seed, purpose), None
    if isinstance(least, threshold.Unmet):
        live.say(f"warning: no threshold: {least.reason}")
    with _optional("no calibrated probability", live, notes):
        calibration = calibration_of(selected, seed)
    return Comparison(
        selected=selected,
        verdict=_with_confusion(decision, selected),
        threshold=least,
        calibration=calibration,
        leaks=tuple(leak for finding in request.audit.findings if (leak := leaked(finding.to_dict()))),
        notes=tuple(notes),
        **found,
    )


def _refined(
    request: Request,
    session: Session,
    outcome: Outcome,
    evaluation: EvaluationJob,
    live: Live,
    notes: list[str],
) -> list[Refined]:
    """Return the mixtures of weights that were tried: none where the user asks for another model than the best."""
    tried: list[Refined] = []
    if outcome.state is None or request.options.refine == "none" or request.options.export in ("base", "baseline"):
        return tried
    with _optional("not every mixture of weights was tried", live, notes):
        for each in refine(
            request, outcome, session.able(), evaluation, session.template.data.guard, lambda line: live.header([line])
        ):
            tried.append(each)  # an error keeps those before it
    return tried


def _in_folds(
    request: Request,
    session: Session,
    outcome: Outcome,
    dev: Predictions,
    live: Live,
    notes: list[str],
    own_base: Mapping[str, str],
) -> FoldedPredictions | None:
    """Return the models in folds where the user asks for them, or dev is small; None otherwise, or with a note why."""
    if not (number := wanted(request.options, len(dev.groups))):
        return None
    try:
        return cross_validate(request, session, outcome, number, lambda line: live.header([line]), own_base)
    except (NoFoldsError, Mistakes) as reason:
        notes.append(f"dev has {len(dev.groups)} items, and no folds over train and dev support its verdict: {reason}")
    except Exception as error:
        notes.append(f"no folds support the verdict ({type(error).__name__}: {error})")
    live.say(f"warning: {notes[-1]}")
    return None


def _with_refined(states: States, tried: Sequence[Refined], seed: int) -> States:
    """Return the states with everything that was tried: each is one more look at dev."""
    return _with_looks(states, [predictions for each in tried for predictions in each.judged], seed)


def _with_looks(states: States, judged: Sequence[Predictions], seed: int) -> States:
    return states.with_others([each.predictions[sample_of(each, seed)] for each in judged])


@contextmanager
def _optional(failure: str, live: Live, notes: list[str]) -> Iterator[None]:
    """Turn an error in the block into a warning and a note: the verdict needs nothing of it."""
    try:
        yield
    except Exception as error:
        live.say(f"warning: {failure}: {type(error).__name__}: {error}")
        notes.append(f"{failure} ({type(error).__name__}: {error})")


def candidates(outcome: Outcome, own_base: str | None = None) -> dict[str, TrainingState | None]:
    """Return name -> state, simplest first; if the best is the baseline, it has that name alone.

    Args:
        outcome: of the training or search.
        own_base: the best's base model, where that is not the first.
    """
    models: dict[str, TrainingState | None] = {BASE: None, **({own_base: None} if own_base else {})}
    if outcome.baseline_state is not None:
        models[BASELINE] = outcome.baseline_state
    if outcome.state is not None and outcome.best is not outcome.baseline:
        models[BEST] = outcome.state
    return models


def evaluated_states(run: RunFolder, outcome: Outcome) -> States:
    """Return every state that was evaluated on dev, those of the baseline apart."""
    trainings = read_predictions(run)
    baseline = trainings.pop(outcome.baseline_metrics.get("training", ""), [])
    others = [state for states in trainings.values() for state in states]
    trials = max(len(trainings), len(outcome.records) - 1)
    return States(baseline=baseline, others=others, trials=trials, reported=outcome.evaluations)


def _evaluation(request: Request, session: Session) -> EvaluationJob:
    data = session.template.data
    splits = {"dev": data.dev}
    if "test" in request.pairs.splits and not request.unjudged:
        splits["test"] = [ray.put(request.pairs.table("test"))]
    guard = data.guard
    return EvaluationJob(
        trial="",
        kind=request.task.declared_kind.name,
        splits={**splits, GUARD: guard.pairs} if guard else splits,
        kinds={GUARD: guard.kind} if guard else {},
        candidates=data.candidates,
        prompts=data.prompts,
        train=[ray.put(request.pairs.sample("train", MOST_ROWS, request.options.seed))],
        seed=request.options.seed,
    )


def _guard_verdict(
    request: Request, models: Mapping[str, Predictions], bases: Mapping[str, str]
) -> GuardVerdict | None:
    options = request.options
    if request.guard is None:
        return None
    return GuardVerdict.of(request.guard.name, models, options.keep_loss, options.seed, bases)


def _with_confusion(decision: Verdict, selected: Mapping[str, Predictions]) -> Verdict:
    splits = {name: replace(split, confusion=confusion(selected[name])) for name, split in decision.splits.items()}
    return replace(decision, splits=splits)


def _line(models: Mapping[str, Any], evaluation: EvaluationJob, done: int) -> str:
    return f"evaluating {', '.join(models)} on {' and '.join(evaluation.splits)}: {done} of {len(models)} done"
