"""From the words of a command line to a request in which everything is in order, or to all its mistakes at once."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from evaluation.audit.plan import Plan, plan_of_folder
from evaluation.judge import Judge
from jobs.audited import accepted, check_codes
from pairs.distinct import distinct
from pairs.prepared import PreparedPairs, refuse_other_task
from reporting.run_folder import RunFolder
from search_spaces.by_loss import baseline_in, fixed, for_task
from tasks.common.declaration import SYMMETRIC_LOSSES, Task
from tasks.common.loading import load
from tasks.common.mistakes import Checks, Mistakes
from tasks.common.space import different_settings
from trainers.base_model import ResolvedModel
from trainers.options import Options
from trainers.request import Request


def request(
    name: str,
    overrides: Sequence[str],
    *,
    dry_run: bool,
    accept: Sequence[str] | None,
    quiet: bool,
    single: bool = False,
    **given: Any,
) -> Request:
    """Check everything that can be checked without a cluster, and claim the run folder unless it is a dry run.

    The audit comes last. Where something else is wrong, and in a dry run, it does not ask the base model.

    Raises:
        Mistakes: all of them.
    """
    checks = Checks()
    task = _task(checks, name, given["data"])
    defaults = {"data": f"data/{task.name}", "run": f"runs/{task.name}", "base_model": task.base_model}
    named = {**given, **_filled(given, defaults)}
    options = checks.run(Options.check, task=name, **named)  # of one mistake in it, the rest is checked as it was given
    data = options.data if options else named["data"]
    checks.run(check_codes, accept or [])
    pairs = checks.run(_pairs, data, task)
    model = checks.run(Request.resolve, named["base_model"], task)
    if options and pairs and model and options.distinct:
        symmetric = task.loss in SYMMETRIC_LOSSES
        pairs = distinct(pairs, model.tokenizer(), int(task.max_length.value), symmetric)
    space: Any = None
    if pairs:
        make = fixed if single else for_task
        space = checks.run(make, task, overrides, pairs.num_rows("train"), options.workers if options else 1)
        checks.run(_check_labels, task, pairs)
        checks.run(Judge, task.kind, pairs.table("dev"), pairs.candidates())
    checks.run(RunFolder.check, options.run if options else named["run"])
    plan = _plan(data, task)
    if plan and checks.messages:
        checks.run(accepted, plan, accept or [], with_model=False, quiet=quiet)
    checks.finish()
    options, plan = cast(Options, options), cast(Plan, plan)  # whatever is missing was a mistake
    options = options.model_copy(update={"trials": int(min(options.trials, different_settings(space)))})
    baseline = baseline_in(task, space)
    size = int(baseline["global_batch_size"])
    plan = replace(plan, global_batch_size=size, base_model=options.base_model)
    findings = accepted(plan, accept or [], with_model=not dry_run, quiet=quiet)
    if not dry_run:
        RunFolder.claim(options.run)
    return Request(
        options=options,
        task=task,
        pairs=cast(PreparedPairs, pairs),
        overrides=overrides,
        space=space,
        baseline=baseline,
        model=cast(ResolvedModel, model),
        audit=findings,
        unjudged=_unjudged(task, cast(PreparedPairs, pairs)),
        accept=accept or (),
    )


def _task(checks: Checks, name: str, data: str | None) -> Task:
    """The task; without it nothing else can be checked."""
    task = checks.run(load, name, data)
    if task is None:
        checks.finish()
        raise AssertionError("a task that does not load is a mistake")
    return task


def _pairs(folder: str, task: Task) -> PreparedPairs:
    """The prepared pairs of this task; of another task's, the other checks would only say that they do not fit."""
    pairs = PreparedPairs.open(folder)
    refuse_other_task(folder, pairs.manifest, task.name)
    return pairs


def _plan(folder: str, task: Task) -> Plan | None:
    """What there is to audit, whatever its columns hold; what is missing there, opening the folder says."""
    try:
        return plan_of_folder(folder, task)
    except Mistakes:
        return None


def _unjudged(task: Task, pairs: PreparedPairs) -> list[str]:
    """What keeps test from being judged, such as one label alone; no mistake, as dev decides."""
    if "test" not in pairs.splits:
        return []
    checks = Checks()
    checks.run(Judge, task.kind, pairs.table("test"), pairs.candidates())
    return checks.messages


def _check_labels(task: Task, pairs: PreparedPairs) -> None:
    wanted = task.loss != "ranking"
    if wanted and pairs.has_negatives("train"):
        raise Mistakes(
            f"data: {pairs.path('train')} has given negatives, which the {task.loss} loss of {task.name} cannot read; "
            "prepare the pairs again, those of a file with --negatives as-pairs"
        )
    if pairs.has_labels("train") != wanted:
        has, needs = ("no label", "one") if wanted else ("a label", "none")
        raise Mistakes(
            f"data: {pairs.path('train')} has {has} column; the {task.loss} loss of {task.name} takes {needs}"
        )


def _filled(given: dict[str, Any], defaults: dict[str, str]) -> dict[str, Any]:
    return {name: given[name] or default for name, default in defaults.items()}
