"""From the words of a command line to a request in which everything is in order, or to all its mistakes at once."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from evaluation.audit.plan import Plan, plan_of_folder
from evaluation.judge import Judge
from jobs.audited import accepted, check_codes, read_as
from pairs.distinct import distinct
from pairs.prepared import PreparedPairs, refuse_other_task
from reporting.run_folder import RunFolder
from search_spaces.by_loss import baseline_in, fixed, for_task
from tasks.common.declaration import SYMMETRIC_LOSSES, Task
from tasks.common.loading import load
from tasks.common.mistakes import Checks, Mistakes, raise_if
from tasks.common.space import different_settings
from trainers.base_model import ResolvedModel, resolve_base_model
from trainers.options import LEAST_TOKENS, Options
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

    The audit comes last. Where something else is wrong, and in a dry run, it does not ask the base model, which a dry
    run loads all the same.

    Raises:
        Mistakes: all of them.
    """
    checks = Checks()
    task = _task(checks, name, given["data"])
    defaults = {"data": f"data/{task.name}", "run": f"runs/{task.name}", "base_model": task.base_model}
    overrides, length = checks.run(split_max_length, overrides) or ((), None)
    named = {**given, **_filled(given, defaults), "max_length": length}
    options = checks.run(Options.check, task=name, **named)  # of one mistake in it, the rest is checked as it was given
    data = options.data if options else named["data"]
    checks.run(check_codes, accept or [])
    pairs = checks.run(_pairs, data, task)
    model = checks.run(resolve_base_model, named["base_model"], given.get("trust_remote_code", False))
    plan = _plan(data, task)
    if plan and model:
        plan = checks.run(read_as, plan, model, length, given.get("prompt1"), given.get("prompt2"))
    if options and pairs and model and plan and options.distinct:
        read = checks.run(model.reading, plan.max_length, plan.prompts)
        pairs = distinct(pairs, read, task.loss in SYMMETRIC_LOSSES) if read else pairs
    space: Any = None
    if pairs:
        make = fixed if single else for_task
        space = checks.run(make, task, overrides, pairs.num_rows("train"), options.workers if options else 1)
        checks.run(_check_labels, task, pairs)
        checks.run(Judge, task.kind, pairs.table("dev"), pairs.candidates())
    checks.run(RunFolder.check, options.run if options else named["run"])
    if plan and checks.messages:
        checks.run(accepted, plan, accept or [], with_model=False, quiet=quiet)
    checks.finish()
    options, plan = cast(Options, options), cast(Plan, plan)  # whatever is missing was a mistake
    options = options.model_copy(update={"trials": int(min(options.trials, different_settings(space)))})
    baseline = baseline_in(task, space)
    size = int(baseline["global_batch_size"])
    plan = replace(plan, global_batch_size=size, base_model=options.base_model)
    trusted = options.trust_remote_code
    findings = accepted(plan, accept or [], with_model=not dry_run, quiet=quiet, trust_remote_code=trusted)
    if dry_run:
        cast(ResolvedModel, model).check_loads(cast(int, plan.max_length), plan.prompts)
    else:
        RunFolder.claim(options.run)
    return Request(
        options=options,
        task=task,
        pairs=cast(PreparedPairs, pairs),
        overrides=overrides,
        space=space,
        baseline=baseline,
        model=cast(ResolvedModel, model),
        max_length=cast(int, plan.max_length),
        prompts=plan.prompts,
        audit=findings,
        unjudged=_unjudged(task, cast(PreparedPairs, pairs)),
        accept=accept or (),
    )


def split_max_length(overrides: Sequence[str]) -> tuple[list[str], int | None]:
    """Take max_length out of what is given with --set: one number, as it is no setting that a search varies.

    Returns:
        The other overrides, and the number that was given last; None: none was.

    Raises:
        Mistakes: a value that is no such number.
    """
    given = [each for each in overrides if each.partition("=")[0] == "max_length"]
    wrong = [
        each for each in given if not each.partition("=")[2].isdecimal() or int(each.partition("=")[2]) < LEAST_TOKENS
    ]
    allowed = f"one whole number of at least {LEAST_TOKENS}, as it is fixed and not searched"
    raise_if([f"set: {each!r}; allowed for max_length: {allowed}" for each in wrong])
    return [each for each in overrides if each not in given], int(given[-1].partition("=")[2]) if given else None


def max_length_alone(overrides: Sequence[str]) -> int | None:
    """What --set says where nothing is trained.

    Raises:
        Mistakes: it says something else than max_length=N.
    """
    others, length = split_max_length(overrides)
    raise_if([f"set: {each!r}; allowed where nothing is trained: max_length=N" for each in others])
    return length


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
