"""Describe what a training or a search would do, for --dry-run."""

from typing import Any

from common.run_folder import FILES
from common.space import different_settings, is_searched
from models.base_model import Base
from reporting.formats import setting
from tasks.common.losses import active
from tokens.distinct import DistinctPairs
from workflows.request import Request


def describe(request: Request, single: bool = False) -> list[str]:
    """Return lines about rows, steps, resources, files, and the settings with their origin or the search space."""
    return [*_request(request), *(_settings(request) if single else _space(request))]


def described(request: Request) -> dict[str, Any]:
    """Return the same as values for --json: the content of settings.json, and pairs, steps and findings."""
    pairs = request.pairs
    return {
        **request.to_dict(),
        "dry_run": True,
        "fingerprint": pairs.fingerprint,
        "pairs": {split: pairs.num_rows(split) for split in pairs.splits},
        "steps": request.steps(),
        "left_out_per_epoch": pairs.num_rows("train") % int(request.baseline["global_batch_size"]),
        "audit": request.audit.to_dict(),
    }


def tried_whole(request: Request) -> list[str]:
    """Return a line if the space has no more settings than trials: all are tried, and a repeat would change nothing."""
    if request.options.trials < different_settings(request.space):
        return []
    if request.options.trials == 1:
        return ["one trial: every setting is fixed (--repeat-seeds N trains them with other seeds, too)"]
    return [f"{request.options.trials} trials: the space has no more settings, and each is tried once"]


def untried_bases(request: Request) -> list[str]:
    """Return a warning if base models come after the last trial, so that only the sampler might try them."""
    first, trials = request.first_trials, request.options.trials
    tried = {request.base_of(settings).name for settings in first[:trials]}
    if not (others := [name for name in request.bases if name not in tried]):
        return []
    needed = max(number for number, settings in enumerate(first, 1) if request.base_of(settings).name in others)
    return [f"warning: {trials} trials may never try {', '.join(others)}; --trials {needed} or more do"]


def _request(request: Request) -> list[str]:
    options, task, pairs = request.options, request.task, request.pairs
    rows, size = pairs.num_rows("train"), int(request.baseline["global_batch_size"])
    splits = ", ".join(f"{pairs.num_rows(split):,} {split}" for split in pairs.splits)
    gpu = " and 1 GPU" if options.gpu else ""
    files = ", ".join(name if "." in name else f"{name}/" for name in FILES)
    return [
        f"task: {task.name}, decided by {task.metric} on dev",
        f"loss: {' or '.join(request.views)}",
        *(line for base in request.bases.values() for line in _base(request, base)),
        f"pairs: {splits}, in {pairs.folder}, fingerprint {pairs.fingerprint[:12]}",
        *dict.fromkeys(line for view in request.views.values() for line in view.lines),
        *([pairs.line] if isinstance(pairs, DistinctPairs) else []),
        f"steps: {request.baseline['epochs']:g} epochs x {rows // size:,} steps of {size} pairs = {request.steps():,}; "
        f"{rows % size} pairs are left out in each epoch, others each time",
        f"workers: {options.workers} x {options.cpus_per_worker} CPUs{gpu} for each training, seed {options.seed}",
        f"files: {options.run}/ with {files}",
        *request.guard_lines(),
        *request.warnings(),
    ]


def _base(request: Request, base: Base) -> list[str]:
    return [
        base.model.line,
        f"texts: at most {base.max_length} tokens of each are read",
        *request.how_read(base),
    ]


def _settings(request: Request) -> list[str]:
    declared = request.pairs.loss.defaults | dict(request.task.baseline)
    lines = [
        f"  {name}: {setting(value)} ({declared[name].origin if value == declared[name].value else 'given with --set'})"
        for name, value in active(request.baseline).items()
        if name != "loss"
    ]
    return ["settings:", *lines]


def _space(request: Request) -> list[str]:
    options = request.options
    budget = f", at most {options.minutes:g} minutes" if options.minutes else ""
    groups = f", {options.concurrent} at a time" if options.concurrent else ", as many at a time as fit the cluster"
    ends = "weak ones stopped early" if options.scheduler == "asha" else "none stopped early"
    return [
        f"trials: {options.trials}{budget}{groups}, the baseline settings first, {ends}",
        *tried_whole(request),
        *untried_bases(request),
        "space:",
        *(f"  {name}: {allowed}" for name, allowed in request.space.items() if is_searched(allowed)),
        *(f"  fixed: {fixed}" for fixed in [", ".join(_fixed(request))] if fixed),
    ]


def _fixed(request: Request) -> list[str]:
    return [f"{name} {allowed}" for name, allowed in request.space.items() if not is_searched(allowed)]
