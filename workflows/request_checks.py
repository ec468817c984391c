"""Check the options of a command line: return a valid request, or report all mistakes at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow.compute as pc

from audit.plan import Plan, plan_of_folder
from common.mistakes import Checks, Mistakes, raise_if
from common.run_folder import RunFolder
from common.space import Space, different_settings
from evaluation.evaluator import Evaluator
from evaluation.guard import refuse_few_groups
from evaluation.purpose import Purpose
from evaluation.sure_precision import fewest_groups
from models.base_model import (
    Base,
    ResolvedModel,
    base_model_names,
    check_all_load,
    naming,
    refuse_same,
    resolve_base_model,
)
from pairs.guard import GuardPairs, read_guard, shared_with_train
from pairs.manifest import refuse_other_task
from pairs.prepared import PreparedPairs
from reporting.progress import waiting
from reporting.run import Run
from search_spaces.default import first_trials, fixed, for_task
from search_spaces.overrides import losses_in
from tasks.common.declaration import Task
from tasks.common.loading import load
from workflows.options import DEFAULT_MINUTES, KEEP_LOSS, LEAST_TOKENS, Options
from workflows.preflight import accepted, check_codes, read_as
from workflows.request import Request
from workflows.views import Views, distinct_views, fewer_negatives, views_of, with_enough_rows
from workflows.warm_start import earlier_runs, warm_starts, without_repeats


def check_request(given: Mapping[str, Any], *, dry_run: bool, quiet: bool, single: bool = False) -> Request:
    """Check everything that can be checked without a cluster, and claim the run folder unless it is a dry run.

    The audit comes last. In a dry run, or after another mistake, it skips the checks that read with the base model. A
    dry run loads the model nevertheless.

    Args:
        given: options by their names in workflows/options.py; None or missing means not given.
        dry_run: whether to leave the run folder alone.
        quiet: whether to hide progress.
        single: whether one training is requested; --set then gives single values.

    Raises:
        Mistakes: all of them.
    """
    checks = Checks()
    task = _task(checks, given["task"], given.get("data"))
    named = _with_defaults(given, task, single)
    named["max_length"] = checks.run(max_length_in, named["set"])
    options = checks.run(Options.check, **named)  # after a mistake here, the rest is checked as it was given
    checks.run(check_codes, named["accept"])
    if not task.declared_kind.threshold:  # a purpose that is none is reported above
        checks.run(Purpose.for_kind, given.get("threshold"), task.declared_kind)
    data = options.data if options else named["data"]
    pairs = checks.run(_pairs, data, task)
    base_names = checks.run(_base_names, named["base_model"], single=single) or []
    bases, plan = _bases(checks, base_names, _plan(data, task), named)
    chosen = checks.run(losses_in, named["set"], task.declared_kind)
    views = checks.run(views_of, pairs, task, chosen or (), single=single) if pairs else None
    if options and views and bases and options.distinct:
        views = checks.run(distinct_views, views, list(bases.values()))
    views = with_enough_rows(views, task, chosen or ()) if views else None
    workers = options.workers if options else 1
    space = _space(checks, task, views, named["set"], workers, base_names, single=single)
    merged = bool(named.get("distinct"))
    fewer = checks.run(fewer_negatives, views, space, distinct_rows=merged) if views and space else None
    earlier = checks.run(earlier_runs, named.get("warm_start"), task, base_names) if base_names else []
    if pairs:
        checks.run(Evaluator, task.kind, pairs.table("dev"), pairs.candidates())
    guard = checks.run(_guard, named, options, pairs, quiet)
    checks.run(RunFolder.check, options.run if options else named["run"])
    if plan and checks.messages:
        checks.run(accepted, plan, named["accept"], with_model=False, quiet=quiet)
    checks.finish()
    # Whatever is missing was a mistake.
    checked: Any = options, task, views, space, bases, plan, earlier
    return replace(_request(*checked, dry_run=dry_run, quiet=quiet), guard=guard, fewer=fewer or {})


def _with_defaults(given: Mapping[str, Any], task: Task, single: bool) -> dict[str, Any]:
    """Return the given options, and those whose default depends on the task or the job."""
    hour = {} if single or given.get("trials") is not None else {"minutes": DEFAULT_MINUTES}
    defaults = {"data": f"data/{task.name}", "run": f"runs/{task.name}", "base_model": task.base_model, **hour}
    always = {"task": given["task"], "set": (), "accept": (), **({"trials": 1, "export": "best"} if single else {})}
    return defaults | always | {name: value for name, value in given.items() if value is not None}


def _space(
    checks: Checks,
    task: Task,
    views: Views | None,
    overrides: Sequence[str],
    workers: int,
    bases: Sequence[str],
    *,
    single: bool,
) -> Space | None:
    if not views:
        return None
    settings = [override for override in overrides if not _is_length(override)]
    fewest = min(view.num_rows("train") for view in views.values())
    if single:
        return checks.run(fixed, task, list(views), settings, fewest, workers)
    return checks.run(for_task, task, list(views), settings, fewest, workers, bases)


def _base_names(given: str, *, single: bool) -> list[str]:
    """Return the names of the base models.

    Raises:
        Mistakes: there are several for a single training, or a name is empty.
    """
    names = base_model_names(given)
    if single and len(names) > 1:
        raise Mistakes(f"base-model: {given!r} is {len(names)} models; allowed: one (jobs.tune chooses among several)")
    return names


def _bases(
    checks: Checks, names: Sequence[str], plan: Plan | None, given: Mapping[str, Any]
) -> tuple[dict[str, Base], Plan | None]:
    """Return the base models that can be read with, and the plan of the audit as the first one reads."""
    models = {name: checks.run(resolve_base_model, name, given.get("trust_remote_code", False)) for name in names}
    checks.run(refuse_same, [model for model in models.values() if model])
    if plan is None:
        return {}, None
    plans = {name: checks.run(_read_by, plan, model, given) for name, model in models.items() if model}
    bases = {
        name: Base(model=model, max_length=own.max_length, prompts=own.prompts)
        for name, model in models.items()
        if model and (own := plans[name]) and own.max_length is not None
    }
    return bases, next(iter(plans.values()), plan)


def _read_by(plan: Plan, model: ResolvedModel, given: Mapping[str, Any]) -> Plan:
    with naming(model.name):
        return read_as(plan, model, given["max_length"], given.get("prompt1"), given.get("prompt2"))


def _request(
    options: Options,
    task: Task,
    views: Views,
    space: Space,
    bases: Mapping[str, Base],
    plan: Plan,
    earlier: Sequence[Run],
    *,
    dry_run: bool,
    quiet: bool,
) -> Request:
    """Audit the pairs, then claim the run folder or, in a dry run, load the base models.

    Raises:
        Mistakes: errors of the audit that were not accepted; a model does not load; another run took the folder.
    """
    options = options.model_copy(update={"trials": int(min(options.trials, different_settings(space)))})
    baseline, *defaults = first_trials(task, space)
    starts = warm_starts(earlier, task, space, list(bases))
    trials = without_repeats([baseline, *(start.settings for start in starts), *defaults])
    trusted = options.trust_remote_code
    plan = replace(plan, global_batch_size=int(baseline["global_batch_size"]), base_model=next(iter(bases)))
    audit = accepted(plan, options.accept, with_model=not dry_run, quiet=quiet, trust_remote_code=trusted)
    if dry_run:
        with waiting("loading the base model", quiet=quiet):
            check_all_load(bases.values())
    else:
        RunFolder.claim(options.run)
    return Request(
        options=options,
        task=task,
        views=views,
        space=space,
        first_trials=trials,
        warm_starts=starts,
        bases=bases,
        audit=audit,
        unjudged=_unjudged(task, next(iter(views.values()))),
        unreachable=_unreachable(options.threshold, next(iter(views.values()))),
    )


def max_length_in(overrides: Sequence[str]) -> int | None:
    """Return the last max_length of --set, or None if it has none. No search varies it, so it is one number.

    Raises:
        Mistakes: a value is no such number.
    """
    given = [override.partition("=")[2] for override in overrides if _is_length(override)]
    wrong = [text for text in given if not text.isdecimal() or int(text) < LEAST_TOKENS]
    allowed = f"one whole number of at least {LEAST_TOKENS}, as it is fixed and not searched"
    raise_if([f"set: 'max_length={text}'; allowed for max_length: {allowed}" for text in wrong])
    return int(given[-1]) if given else None


def max_length_alone(overrides: Sequence[str]) -> int | None:
    """Return the max_length of --set for a command that trains nothing, see `max_length_in`.

    Raises:
        Mistakes: --set has anything else than max_length=N.
    """
    others = [override for override in overrides if not _is_length(override)]
    raise_if([f"set: {override!r}; allowed where nothing is trained: max_length=N" for override in others])
    return max_length_in(overrides)


def _is_length(override: str) -> bool:
    return override.partition("=")[0] == "max_length"


def _task(checks: Checks, name: str, data: str | None) -> Task:
    """Return the task; without it nothing else can be checked.

    Raises:
        Mistakes: the task cannot be loaded.
    """
    task = checks.run(load, name, data)
    if task is None:
        checks.finish()
        raise AssertionError("a task that does not load is a mistake")
    return task


def _pairs(folder: str, task: Task) -> PreparedPairs:
    """Open the prepared pairs; refuse those of another task, which would fail every other check, too."""
    pairs = PreparedPairs.open(folder)
    refuse_other_task(folder, pairs.manifest, task.name)
    return pairs


def _plan(folder: str, task: Task) -> Plan | None:
    """Return the plan of the audit; None if the folder cannot be read, which `_pairs` reports."""
    try:
        return plan_of_folder(folder, task)
    except Mistakes:
        return None


def _guard(
    given: Mapping[str, Any], options: Options | None, pairs: PreparedPairs | None, quiet: bool
) -> GuardPairs | None:
    """Return the guard set; None if none was given.

    Raises:
        Mistakes: it cannot be judged, or there is a limit without a guard set.
    """
    if (file := given.get("keep")) is None:
        limit = options.keep_loss if options else KEEP_LOSS
        raise_if([f"keep-loss: {limit:g}: there is no --keep; allowed: with a guard set"] * (limit != KEEP_LOSS))
        return None
    with waiting("reading the guard set", quiet=quiet):
        guard = read_guard(str(file), options.seed if options else 0)
        refuse_few_groups(guard.file, guard.kind.name, guard.table)
        return replace(guard, shared=shared_with_train(guard, pairs)) if pairs else guard


def _unjudged(task: Task, pairs: PreparedPairs) -> list[str]:
    """Return why test cannot be evaluated, such as a single label. It is no mistake, as dev decides."""
    if "test" not in pairs.splits:
        return []
    checks = Checks()
    checks.run(Evaluator, task.kind, pairs.table("test"), pairs.candidates())
    return checks.messages


def _unreachable(text: str | None, pairs: PreparedPairs) -> str:
    """Return why no model can meet a purpose on dev, '' if one might: a sure precision needs many groups."""
    purpose = Purpose.parse(text or "f1")
    if purpose.name != "precision" or purpose.share is None:
        return ""
    dev = pairs.table("dev")
    true = dev.filter(pc.equal(dev.column("label"), 1.0))
    groups = len(true.column("group").unique()) if "group" in dev.column_names else true.num_rows
    if groups >= (fewest := fewest_groups(purpose.share)):
        return ""
    return f"{purpose} cannot be met: it takes {fewest:,} faultless groups, and dev has {groups:,} with label 1"
