"""Select the model of a training or a search, and write best/, verdict.json and result.json."""

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from common.base_names import BASE, SETTING, is_untuned
from common.run_folder import BEST, RESULT, RunFolder
from reporting.live import Live
from reporting.result import RunResult, outcome_dict
from reporting.trials import commonest_error, count_states
from workflows.outcome import Outcome, SelectedModel
from workflows.request import Request

if TYPE_CHECKING:
    from workflows.compare import Comparison
    from workflows.refit import Refit
    from workflows.session import Session


NOT_EVALUATED = "no trial reached its first evaluation on dev"


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore Ctrl-C and SIGTERM while results are saved, which takes seconds."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def compared(request: Request, session: "Session", outcome: Outcome, live: Live) -> "tuple[Outcome, Comparison | None]":
    """Return the outcome and the comparison, or a note why there is none: no failure here may lose trained models."""
    from workflows.compare import compare

    notes = list(outcome.notes)
    if request.options.export == "baseline" and outcome.baseline_state is None:
        notes.append("--export baseline: there is no such model, so it was not exported")
    try:
        if outcome.hurried:
            raise KeyboardInterrupt
        comparison = compare(request, session, outcome, live)
        notes += comparison.notes if comparison else []
        return replace(outcome, notes=notes), comparison
    except KeyboardInterrupt:
        why = "interrupted again"
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
    live.say(f"warning: no verdict: {why}")
    notes.append(f"no verdict ({why}): the values on dev are the best of many, and nothing shows that they are a gain")
    if outcome.best and outcome.best.breaks_guard:
        notes.append("the best trial is not shown to keep what the base model could do on the guard set")
    return replace(outcome, notes=notes), None


def refitted_of(
    request: Request, session: "Session", outcome: Outcome, comparison: "Comparison | None", live: Live
) -> "tuple[Outcome, Refit | None]":
    """Return the kept model trained again, if the user asks for it, or a note why there is none."""
    if request.options.refit == "none":
        return outcome, None
    from workflows.refit import refit

    kept = select_model(outcome, comparison, request.options.export)
    try:
        if outcome.hurried:
            raise KeyboardInterrupt
        if kept.state is None:
            why = f"the kept model is {kept.name}, which has no training"
        else:
            return outcome, refit(request, session, outcome, kept, comparison, lambda line: live.header([line]))
    except KeyboardInterrupt:
        why = "interrupted"
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
    live.say(f"warning: no refit: {why}")
    return replace(outcome, notes=[*outcome.notes, f"no refit: {why}"]), None


def with_times(outcome: Outcome, session: "Session", live: Live) -> Outcome:
    """Return the outcome with the worker groups' seconds by phase, or without them if they cannot be read."""
    try:
        with undisturbed():
            return replace(outcome, group_times=session.times())
    except Exception as error:
        live.say(f"warning: the time of the worker groups is not known: {type(error).__name__}: {error}")
        return outcome


def select_model(outcome: Outcome, comparison: "Comparison | None", export: str = "auto") -> SelectedModel:
    """Return the model that the verdict selected; without one the requested model, or else the best on dev.

    Args:
        outcome: of the training or search.
        comparison: the verdict, if there is one.
        export: the requested model: auto, best, baseline or base.
    """
    return _selected(outcome, comparison, comparison.verdict.chosen if comparison else export)


def _selected(outcome: Outcome, comparison: "Comparison | None", chosen: str) -> SelectedModel:
    if comparison and (refined := next((each for each in comparison.refined if each.name == chosen), None)):
        of = _selected(outcome, comparison, refined.of)
        metrics = {**of.metrics, "dev": comparison.verdict.splits["dev"].scores[chosen]}
        if refined.vectors is None:
            return SelectedModel(chosen, outcome.best, metrics | {"steps": None}, refined.state, refined.parts)
        return of._replace(name=chosen, metrics=metrics, weights=of.name, vectors=refined.vectors)
    if is_untuned(chosen):
        scores = comparison.verdict.splits["dev"].scores[chosen] if comparison else outcome.base_metrics
        base = {SETTING: outcome.best.settings[SETTING]} if chosen != BASE and outcome.best else {}
        return SelectedModel(chosen, None, {"dev": scores, "steps": 0, "log": []}, None, base=base)
    if chosen == "baseline" and outcome.baseline_state is not None and outcome.baseline is not outcome.best:
        return SelectedModel(chosen, outcome.baseline, outcome.baseline_metrics, outcome.baseline_state)
    name = "baseline" if outcome.best is outcome.baseline else "best"
    return SelectedModel(name, outcome.best, outcome.metrics, outcome.state)


def finish(
    request: Request,
    folder: RunFolder,
    outcome: Outcome,
    comparison: "Comparison | None",
    refitted: "Refit | None" = None,
) -> RunResult:
    """Write RUN/best, RUN/refit if there is one, RUN/verdict.json and RUN/result.json; return the result."""
    selected = select_model(outcome, comparison, request.options.export)
    verdict = {**comparison.to_dict(), "refit": refitted.to_dict() if refitted else None} if comparison else None
    result = result_of(request, folder, outcome, selected, verdict)
    if outcome.state:
        from workflows.export import export  # takes seconds to import: workflows/session.py begins it early

        result = export(request, folder, outcome, selected, result, refitted)
    folder.write_json(RESULT, outcome_dict(result))
    return result


def result_of(
    request: Request, folder: RunFolder, outcome: Outcome, selected: SelectedModel, verdict: Mapping[str, Any] | None
) -> RunResult:
    """Return the result of the run, without the fields that `export` adds."""
    best, baseline, trained = outcome.best, outcome.baseline, outcome.state is not None
    return RunResult(
        task=request.task.name,
        run=folder.shown,
        metric=request.task.metric,
        base=outcome.base_metrics.get(request.task.metric),
        baseline=baseline.value if baseline else None,
        best=best.value if best else None,
        best_trial=best.trial if best else None,
        best_epoch=best.epoch if best else None,
        best_steps=best.best_steps if best else None,
        baseline_epoch=baseline.epoch if baseline else None,
        best_settings=best.settings if best else {},
        baseline_settings=dict(outcome.baseline_settings),
        base_model=request.base_of(selected.settings).name if trained else None,
        model=f"{folder.shown}/{BEST}" if trained else None,
        kept=selected.name if trained else None,
        weights=(selected.weights or selected.name) if trained else None,
        kept_steps=selected.metrics.get("steps") if trained else None,
        verdict=verdict,
        cores=request.options.workers * (1 if request.options.gpu else request.options.cpus_per_worker),
        states=count_states(outcome.records),
        notes=list(outcome.notes),
        error=None if trained else commonest_error(outcome.records) or NOT_EVALUATED,
        wall_s=outcome.wall_s,
        minutes=request.options.minutes,
        budget_s=outcome.budget_s,
        group_times=outcome.group_times,
    )
