"""The mailbox between a trial and the ranks of its worker group: one small actor per group, without a CPU.

The trial hands over a job and decides after each report. Every rank arrives at each meeting, and all get the same
answer. A group that was started again has a new generation, so incomplete meetings of the dead one are dropped.
"""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import ray

from trainers.groups.actors import Method
from trainers.job import EvaluationJob, Job, Report

MAX_TRIES = 3
"""Starts of one job: the first, and two more after its group lost a machine or a process."""

MAX_FAILED_STARTS = 3
"""Failed starts in a row, before the first meeting, after which a group is lost for good."""
ALIVE_TIMEOUT_S = 0.5
"""Seconds without an answer after which an actor counts as busy, and so as alive."""


class Answer(NamedTuple):
    """The answer to every rank of a meeting."""

    kind: str
    """'job', 'go', 'stop', 'failed' or 'end'."""
    job: Job | EvaluationJob | None = None
    start: Any = None
    """A list of one reference to the TrainingState to start from, or None."""


class Arrival(NamedTuple):
    """A rank at a meeting."""

    kind: str
    """'next', 'report' or 'failed'."""
    report: Report | None = None


class MailboxActor(Protocol):
    """A handle of the mailbox of a worker group."""

    lease: Method[[Any], bool]
    release: Method[[], None]
    assign: Method[[Job | EvaluationJob | None, Any], None]
    wants: Method[[str], bool]
    decide: Method[[str, Any], None]
    count_failure: Method[[str], bool]
    lose: Method[[str, bool], str | None]
    lost_with: Method[[], str | None]
    end: Method[[], None]
    take: Method[[float], Report | None]
    enter: Method[[str], int]
    fatal: Method[[str, str], None]
    meet: Method[[str, int, int, Arrival], Answer]


class _Mailbox:
    """Pass jobs, reports and decisions between a trial and the ranks.

    Trials call lease, release, assign, take and decide; workers enter, meet and fatal; the group's owner lose and end;
    Ray Train's controller count_failure.
    """

    def __init__(self, num_workers: int) -> None:
        self.num_workers = num_workers
        self.generation = ""
        self.starts = 0
        self.entered = False
        self.failed_starts = 0
        self.ended = False
        self.holder: Any = None
        self.lost: str | None = None
        self.job: Job | EvaluationJob | None = None
        self.handed: Job | EvaluationJob | None = None
        self.start: Any = None
        self.tries = 0
        self.decision: str | None = None
        self.reports: list[Report] = []
        self.arrived: dict[int, dict[int, Arrival]] = {}
        self.full: dict[int, list[Arrival]] = {}
        self.changed = asyncio.Condition()

    async def _change(self, change: Callable[[], None]) -> None:
        async with self.changed:
            change()
            self.changed.notify_all()

    async def lease(self, holder: Any) -> bool:
        """Give the group to this trial actor unless another living one holds it or the group is lost for good."""
        if self.lost:
            return False
        if self.holder is not None and await _alive(self.holder):
            return False
        self.holder = holder
        return True

    async def release(self) -> None:
        """Free the group for another trial actor."""
        self.holder = None

    async def assign(self, job: Job | EvaluationJob, start: Any) -> None:
        """Replace the group's job by this one."""

        def change() -> None:
            self.job, self.start, self.tries, self.decision = job, start, 0, None
            self.reports.clear()
            if self.lost:
                self._fail(self.lost)

        await self._change(change)

    async def wants(self, trial: str) -> bool:
        """Return whether the search still needs the group's training."""
        return self.job is not None and self.job.trial == trial and not self.ended

    async def decide(self, decision: str, start: Any) -> None:
        """Answer the last report with 'go' or 'stop'. From now on a restarted group begins at `start`."""

        def change() -> None:
            self.decision = decision
            self.start = start or self.start
            self.tries = 0

        await self._change(change)

    async def count_failure(self, error: str) -> bool:
        """Count an end of the group's workers; return whether they ended too often before they had started."""
        self.failed_starts = 0 if self.entered else self.failed_starts + 1
        self.entered = False
        hopeless = self.failed_starts >= MAX_FAILED_STARTS
        if hopeless:
            await self.lose(f"its worker group could not start, {MAX_FAILED_STARTS} times in a row: {error}", True)
        return hopeless

    async def lose(self, error: str, for_good: bool) -> str | None:
        """Fail the current job, because the group's run ended by itself; if for good, every later job, too.

        Returns:
            The error if it is for good, else None; the first such error stays.
        """

        def change() -> None:
            self.lost = self.lost or (error if for_good else None)
            self._fail(self.lost or error)

        await self._change(change)
        return self.lost

    async def lost_with(self) -> str | None:
        """Return why the group takes no further job; None if it does."""
        return self.lost

    async def end(self) -> None:
        """Take no further job; a group in training ends at its next meeting."""

        def change() -> None:
            self.ended, self.job = True, None

        await self._change(change)

    async def take(self, timeout_s: float) -> Report | None:
        """Return the oldest report not taken yet, or None after the timeout."""
        async with self.changed:
            try:
                await asyncio.wait_for(self.changed.wait_for(lambda: self.reports), timeout_s)
            except TimeoutError:
                return None
            return self.reports.pop(0)

    async def enter(self, generation: str) -> int:
        """Register a rank of a newly started group. A job that keeps losing its group fails.

        Returns:
            Starts of the group so far.
        """

        def change() -> None:
            if generation == self.generation:
                return
            self.generation, self.arrived, self.full, self.handed = generation, {}, {}, None
            self.starts += 1
            self.entered = True
            self.tries += 1  # this start of the group begins the job again
            if self.job and self.tries >= MAX_TRIES:
                self._fail(f"its worker group was lost {MAX_TRIES} times without a report between")

        await self._change(change)
        return self.starts

    async def fatal(self, trial: str, error: str) -> None:
        """Fail the job: a rank had an error that the others do not know of and leaves. The group starts again."""

        def change() -> None:
            if self.job and self.job.trial == trial:
                self._fail(error)

        await self._change(change)

    async def meet(self, generation: str, rank: int, number: int, arrival: Arrival) -> Answer:
        """Wait until every rank has arrived at meeting `number`, and give all of them the same answer."""
        async with self.changed:
            if generation != self.generation:
                return Answer("end")
            self.arrived.setdefault(number, {})[rank] = arrival
            if len(self.arrived[number]) == self.num_workers:
                self.full[number] = [self.arrived[number][peer] for peer in range(self.num_workers)]
                del self.arrived[number]
                self.full.pop(number - 2, None)
                self._conclude(self.full[number])
                self.changed.notify_all()
            await self.changed.wait_for(lambda: number in self.full or generation != self.generation)
            if generation != self.generation:
                return Answer("end")
            return await self._answer(self.full[number])

    @property
    def _replaced(self) -> bool:
        """Whether the ranks still work on a job that another one has replaced."""
        return self.handed is not None and self.job is not self.handed

    def _conclude(self, arrivals: list[Arrival]) -> None:
        if self._replaced:
            return
        kinds = {arrival.kind for arrival in arrivals}
        if "failed" in kinds:
            errors = [arrival.report.error for arrival in arrivals if arrival.report and arrival.report.error]
            self._fail(next((error for error in errors if error != "another rank failed"), "failed"))
        elif kinds == {"report"} and (report := arrivals[0].report) and self.job:
            self.decision = "stop" if report.done else None
            self.job = None if report.done else self.job
            self.reports.append(report)

    async def _answer(self, arrivals: list[Arrival]) -> Answer:
        kinds = {arrival.kind for arrival in arrivals}
        if "failed" in kinds:
            return Answer("failed")
        if kinds == {"next"}:
            await self.changed.wait_for(lambda: self.job or self.ended)
            self.handed = self.job
            return Answer("job", self.job, self.start) if self.job else Answer("end")
        if self._replaced:
            return Answer("stop")
        reported = self.job
        await self.changed.wait_for(lambda: self.decision or self.job is not reported or self.ended)
        return Answer("stop" if self.job is not reported or self.ended else self.decision or "stop")

    def _fail(self, error: str) -> None:
        if self.job:
            self.reports.append(Report(error=error))
            self.job = None


async def _alive(actor: Any) -> bool:
    """Return whether an actor lives: a dead one fails at once, a busy one does not answer."""
    try:
        await asyncio.wait_for(actor.__ray_ready__.remote(), ALIVE_TIMEOUT_S)
    except TimeoutError:
        return True
    except ray.exceptions.RayActorError:
        return False
    return True


Mailbox: Any = ray.remote(num_cpus=0, max_concurrency=64)(_Mailbox)
