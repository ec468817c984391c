"""Train baseline and best with other seeds, to show the spread."""

import time
from dataclasses import replace

from evaluation.verdict import ORDER
from reporting.live import Live
from tasks.common.declaration import SEEDS
from trainers.groups.pool import best_report, in_turns
from workflows.outcome import Outcome
from workflows.request import Request
from workflows.session import Session

_, BASELINE, BEST = ORDER


def other_seeds(request: Request, session: Session, outcome: Outcome, live: Live) -> dict[str, list[float]]:
    """Train baseline and best again to the end with the next seeds; return model -> metric on dev of each seed."""
    records = {BASELINE: outcome.baseline, BEST: outcome.best if outcome.best is not outcome.baseline else None}
    settings = {name: record.settings for name, record in records.items() if record is not None}
    seeds = [(request.options.seed + step) % SEEDS for step in range(1, request.options.repeat_seeds + 1)]
    jobs = [
        replace(
            session.template,
            trial=f"{name}-seed-{seed}",
            settings=dict(own),
            seed=seed,
            assigned_at=time.time(),
        )
        for name, own in settings.items()
        for seed in seeds
    ]
    doing = f"training {' and '.join(settings)} with {len(seeds)} more seeds"
    live.header([f"{doing}: 0 of {len(jobs)} done"])
    reports = in_turns(
        session.able(),
        [(job, None) for job in jobs],
        lambda done, total: live.header([f"{doing}: {done} of {total} done"]),
        best_report,
    )
    values = [report.metrics.get(job.metric) for job, report in zip(jobs, reports, strict=True)]
    return {
        name: [value for value in values[index * len(seeds) : (index + 1) * len(seeds)] if value is not None]
        for index, name in enumerate(settings)
    }
