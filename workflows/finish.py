"""What a training or a search leaves behind: the model that is kept, its card, the verdict, result.json, a summary."""

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from common.run_folder import BEST, RESULT, RunFolder
from reporting.live import Live
from reporting.result import RunResult, outcome_dict
from reporting.trials import commonest_error, count_states
from workflows.outcome import Outcome, SelectedModel
from workflows.request import Request

if TYPE_CHECKING:
    from workflows.compare import Comparison
    from workflows.session import Session


NOT_JUDGED = "no trial came as far as its first judgement of dev"


@contextmanager
def undisturbed() -> Iterator[None]:
    """Take no notice of Ctrl-C and SIGTERM while what was computed is saved, which takes seconds."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def compared(request: Request, started: "Session", found: Outcome, live: Live) -> "tuple[Outcome, Comparison | None]":
    """The verdict, or why there is none: nothing that goes wrong here may lose the models that were trained."""
    from workflows.compare import compare

    notes = list(found.notes)
    if request.options.export == "baseline" and found.baseline_state is None:
        notes.append("--export baseline: there is no such model, so it could not be exported")
    try:
        if found.hurried:
            raise KeyboardInterrupt
        made = compare(request, started, found, live)
    except KeyboardInterrupt:
        made, why = None, "interrupted again"
    except Exception as error:
        made, why = None, f"{type(error).__name__}: {error}"
    else:
        return replace(found, notes=notes), made
    live.say(f"warning: no verdict: {why}")
    notes.append(
        f"no verdict ({why}): values on dev are those of the best of many, and nothing says that they are a gain"
    )
    return replace(found, notes=notes), None


def select_model(found: Outcome, comparison: "Comparison | None", wish: str = "auto") -> SelectedModel:
    """What the verdict chose; without one, what was asked for, or else what was best on dev."""
    chosen = comparison.verdict.chosen if comparison else wish
    if chosen == "base":
        dev = comparison.verdict.splits["dev"].scores["base"] if comparison else found.base_metrics
        return SelectedModel(chosen, None, {"dev": dev, "steps": 0, "log": []}, None)
    if chosen == "baseline" and found.baseline_state is not None and found.baseline is not found.best:
        return SelectedModel(chosen, found.baseline, found.baseline_metrics, found.baseline_state)
    return SelectedModel("baseline" if found.best is found.baseline else "best", found.best, found.metrics, found.state)


def finish(request: Request, folder: RunFolder, found: Outcome, comparison: "Comparison | None") -> RunResult:
    """Write RUN/best, RUN/verdict.json and RUN/result.json."""
    kept = select_model(found, comparison, request.options.export)
    verdict = comparison.to_dict() if comparison else None
    result = result_of(request, folder, found, kept, verdict)
    if found.state:
        from workflows.export import export  # takes seconds to import: workflows/session.py begins it early

        result = export(request, folder, found, kept, result)
    folder.write_json(RESULT, outcome_dict(result))
    return result


def result_of(
    request: Request, folder: RunFolder, found: Outcome, kept: SelectedModel, verdict: Mapping[str, Any] | None
) -> RunResult:
    """Return what the run has come to, without what only the export knows."""
    best, baseline, trained = found.best, found.baseline, found.state is not None
    return RunResult(
        task=request.task.name,
        run=folder.shown,
        metric=request.task.metric,
        base=found.base_metrics.get(request.task.metric),
        baseline=baseline.value if baseline else None,
        best=best.value if best else None,
        best_trial=best.trial if best else None,
        best_epoch=best.epoch if best else None,
        best_steps=best.best_steps if best else None,
        baseline_epoch=baseline.epoch if baseline else None,
        best_settings=best.settings if best else {},
        baseline_settings=dict(found.baseline_settings),
        model=f"{folder.shown}/{BEST}" if trained else None,
        kept=kept.name if trained else None,
        kept_steps=kept.metrics.get("steps") if trained else None,
        verdict=verdict,
        cores=request.options.workers * (1 if request.options.gpu else request.options.cpus_per_worker),
        states=count_states(found.records),
        notes=list(found.notes),
        error=None if trained else commonest_error(found.records) or NOT_JUDGED,
        wall_s=found.wall_s,
        group_times=found.group_times,
    )
