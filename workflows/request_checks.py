"""From the words of a command line to a request in which everything is in order, or to all its mistakes at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from audit.plan import Plan, plan_of_folder
from common.mistakes import Checks, Mistakes, raise_if
from common.run_folder import RunFolder
from common.space import Space, different_settings
from evaluation.evaluator import Evaluator
from models.base_model import ResolvedModel, resolve_base_model
from pairs.distinct import distinct
from pairs.manifest import refuse_other_task
from pairs.prepared import PreparedPairs
from pairs.train_view import TrainView, view_of
from reporting.progress import waiting
from search_spaces.default import baseline_in, fixed, for_task
from tasks.common.declaration import Task
from tasks.common.loading import load
from workflows.options import LEAST_TOKENS, Options
from workflows.preflight import accepted, check_codes, read_as
from workflows.request import Request


def check_request(given: Mapping[str, Any], *, dry_run: bool, quiet: bool, single: bool = False) -> Request:
    """Check everything that can be checked without a cluster, and claim the run folder unless it is a dry run.

    The audit comes last. Where something else is wrong, and in a dry run, it does not ask the base model, which a dry
    run loads all the same.

    Args:
        given: options by their names in workflows/options.py; None or not there: not given.
        single: for one training: --set then gives single values.

    Raises:
        Mistakes: all of them.
    """
    checks = Checks()
    task = _task(checks, given["task"], given.get("data"))
    named = _named(given, task, single)
    named["max_length"] = checks.run(max_length_in, named["set"])
    options = checks.run(Options.check, **named)  # if one of them is wrong, the rest is checked as it was given
    checks.run(check_codes, named["accept"])
    data = options.data if options else named["data"]
    pairs = checks.run(_pairs, data, task)
    model = checks.run(resolve_base_model, named["base_model"], named.get("trust_remote_code", False))
    plan = _plan(data, task)
    if plan and model:
        plan = checks.run(read_as, plan, model, named["max_length"], named.get("prompt1"), named.get("prompt2"))
    view = checks.run(view_of, pairs, task.declared_loss) if pairs else None
    if options and view and model and plan and options.distinct:
        view = checks.run(distinct, view, model.reading(plan.max_length, plan.prompts))
    space = _space(checks, task, view, named["set"], options.workers if options else 1, single)
    if pairs:
        checks.run(Evaluator, task.kind, pairs.table("dev"), pairs.candidates())
    checks.run(RunFolder.check, options.run if options else named["run"])
    if plan and checks.messages:
        checks.run(accepted, plan, named["accept"], with_model=False, quiet=quiet)
    checks.finish()
    # Whatever is missing was a mistake.
    in_order: Any = options, task, view, space, model, plan
    return _request(*in_order, dry_run=dry_run, quiet=quiet)


def _named(given: Mapping[str, Any], task: Task, single: bool) -> dict[str, Any]:
    """Return the options that were given, and those whose default depends on the task or the job."""
    defaults = {"data": f"data/{task.name}", "run": f"runs/{task.name}", "base_model": task.base_model}
    always = {"task": given["task"], "set": (), "accept": (), **({"trials": 1, "export": "best"} if single else {})}
    return defaults | always | {name: value for name, value in given.items() if value is not None}


def _space(
    checks: Checks, task: Task, view: TrainView | None, overrides: Sequence[str], workers: int, single: bool
) -> Space | None:
    searched = [each for each in overrides if not _is_length(each)]
    make = fixed if single else for_task
    return checks.run(make, task, searched, view.num_rows("train"), workers) if view else None


def _request(
    options: Options,
    task: Task,
    view: TrainView,
    space: Space,
    model: ResolvedModel,
    plan: Plan,
    *,
    dry_run: bool,
    quiet: bool,
) -> Request:
    """Audit the pairs, and claim the run folder or, in a dry run, load the base model.

    Raises:
        Mistakes: errors of the audit that were not accepted; the model does not load; the folder was taken meanwhile.
    """
    options = options.model_copy(update={"trials": int(min(options.trials, different_settings(space)))})
    baseline, trusted = baseline_in(task, space), options.trust_remote_code
    plan = replace(plan, global_batch_size=int(baseline["global_batch_size"]), base_model=options.base_model)
    findings = accepted(plan, options.accept, with_model=not dry_run, quiet=quiet, trust_remote_code=trusted)
    assert plan.max_length is not None  # read_as has found it
    if dry_run:
        with waiting("loading the base model", quiet=quiet):
            model.check_loads(plan.max_length, plan.prompts)
    else:
        RunFolder.claim(options.run)
    return Request(
        options=options,
        task=task,
        pairs=view,
        space=space,
        baseline=baseline,
        model=model,
        max_length=plan.max_length,
        prompts=plan.prompts,
        audit=findings,
        unjudged=_unjudged(task, view),
    )


def max_length_in(overrides: Sequence[str]) -> int | None:
    """What --set says last of max_length: one number, as it is no setting that a search varies; None: nothing.

    Raises:
        Mistakes: values that are no such number.
    """
    given = [each.partition("=")[2] for each in overrides if _is_length(each)]
    wrong = [text for text in given if not text.isdecimal() or int(text) < LEAST_TOKENS]
    allowed = f"one whole number of at least {LEAST_TOKENS}, as it is fixed and not searched"
    raise_if([f"set: 'max_length={text}'; allowed for max_length: {allowed}" for text in wrong])
    return int(given[-1]) if given else None


def max_length_alone(overrides: Sequence[str]) -> int | None:
    """What --set says where nothing is trained.

    Raises:
        Mistakes: it says something else than max_length=N.
    """
    raise_if(
        [f"set: {each!r}; allowed where nothing is trained: max_length=N" for each in overrides if not _is_length(each)]
    )
    return max_length_in(overrides)


def _is_length(override: str) -> bool:
    return override.partition("=")[0] == "max_length"


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
    checks.run(Evaluator, task.kind, pairs.table("test"), pairs.candidates())
    return checks.messages
