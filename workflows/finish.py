"""What a training or a search leaves behind: the model that is kept, its card, the verdict, result.json, a summary."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from common.run_folder import RunFolder
from reporting.live import Live
from reporting.summary import RunResult, outcome_dict
from reporting.trials import commonest_error, count_states
from workflows.outcome import Exported, Found
from workflows.request import Request

if TYPE_CHECKING:
    from workflows.compare import Weighed
    from workflows.session import Started


NOT_JUDGED = "no trial came as far as its first judgement of dev"


@contextmanager
def undisturbed() -> Iterator[None]:
    """Take no notice of Ctrl-C and SIGTERM while what was computed is saved, which takes seconds."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def weighed(asked: Request, started: "Started", found: Found, live: Live) -> "tuple[Found, Weighed | None]":
    """The verdict, or why there is none: nothing that goes wrong here may lose the models that were trained."""
    from workflows.compare import weigh

    notes = list(found.notes)
    if asked.options.export == "baseline" and found.baseline_state is None:
        notes.append("--export baseline: there is no such model, so it could not be exported")
    try:
        if found.hurried:
            raise KeyboardInterrupt
        made = weigh(asked, started, found, live)
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


def exported(found: Found, weighed: "Weighed | None", wish: str = "auto") -> Exported:
    """What the verdict chose; without one, what was asked for, or else what was best on dev."""
    chosen = weighed.verdict.chosen if weighed else wish
    if chosen == "base":
        dev = weighed.verdict.splits["dev"].scores["base"] if weighed else found.untuned
        return Exported(chosen, None, {"dev": dev, "steps": 0, "log": []}, None)
    if chosen == "baseline" and found.baseline_state is not None and found.baseline is not found.best:
        return Exported(chosen, found.baseline, found.baseline_metrics, found.baseline_state)
    return Exported("baseline" if found.best is found.baseline else "winner", found.best, found.metrics, found.state)


def finish(asked: Request, run: RunFolder, found: Found, weighed: "Weighed | None") -> RunResult:
    """Write RUN/best, RUN/verdict.json and RUN/result.json."""
    kept = exported(found, weighed, asked.options.export)
    result = RunResult(
        task=asked.task.name,
        run=run.shown,
        metric=asked.task.metric,
        untuned=found.untuned.get(asked.task.metric),
        baseline=found.baseline.value if found.baseline else None,
        best=found.best.value if found.best else None,
        best_trial=found.best.trial if found.best else None,
        best_epoch=found.best.epoch if found.best else None,
        best_steps=found.best.best_steps if found.best else None,
        baseline_epoch=found.baseline.epoch if found.baseline else None,
        best_settings=found.best.settings if found.best else {},
        baseline_settings=dict(asked.baseline),
        model=f"{run.shown}/best" if found.state else None,
        kept=kept.name if found.state else None,
        kept_steps=kept.metrics.get("steps") if found.state else None,
        verdict=weighed.to_dict() if weighed else None,
        cores=asked.options.workers * (1 if asked.options.gpu else asked.options.cpus_per_worker),
        states=count_states(found.records),
        notes=list(found.notes),
        error=None if found.state else commonest_error(found.records) or NOT_JUDGED,
        wall_s=found.wall_s,
        group_times=found.group_times,
    )
    if found.state:
        from workflows.export import export  # takes seconds to import: workflows/session.py begins it early

        export(asked, run, result, found, kept)
    run.write_json("result.json", outcome_dict(result))
    return result
