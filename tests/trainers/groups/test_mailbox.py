"""Test the mailbox step by step: answers, failures, generations."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import ray

from tests.trainers.cases import BARE_JOB as JOB
from trainers.groups.mailbox import ALIVE_TIMEOUT_S, MAX_TRIES, Arrival, _Mailbox
from trainers.job import Report

NEXT, FAILED = Arrival("next"), Arrival("failed", Report(error="another rank failed"))


def report(done: bool = False) -> Arrival:
    return Arrival("report", Report({"epoch": 1.0}, None, done))


def run(conversation: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(conversation, 10))


async def started(generation: str = "g1") -> _Mailbox:
    mailbox = _Mailbox(num_workers=2)
    await mailbox.assign(JOB, None)
    await mailbox.enter(generation)
    return mailbox


def both(mailbox: _Mailbox, number: int, first: Arrival, second: Arrival, generation: str = "g1") -> Any:
    return asyncio.gather(mailbox.meet(generation, 0, number, first), mailbox.meet(generation, 1, number, second))


def test_all_ranks_get_the_job() -> None:
    async def conversation() -> None:
        answers = await both(await started(), 1, NEXT, NEXT)
        assert [answer.kind for answer in answers] == ["job", "job"]
        assert all(answer.job is JOB for answer in answers)

    run(conversation())


def test_a_report_waits_for_the_decision_and_all_ranks_are_told_it() -> None:
    async def conversation() -> None:
        mailbox = await started()
        meeting = asyncio.ensure_future(both(mailbox, 1, report(), report()))
        taken = await mailbox.take(5)
        assert taken is not None
        assert taken.metrics == {"epoch": 1.0}
        assert not meeting.done()
        await mailbox.decide("go", ["state"])
        assert [answer.kind for answer in await meeting] == ["go", "go"]
        assert mailbox.start == ["state"]

    run(conversation())


def test_the_last_report_ends_the_job_without_a_decision() -> None:
    async def conversation() -> None:
        mailbox = await started()
        answers = await both(mailbox, 1, report(done=True), report(done=True))
        assert [answer.kind for answer in answers] == ["stop", "stop"]
        assert mailbox.job is None

    run(conversation())


def test_a_new_job_stops_the_old_one() -> None:
    async def conversation() -> None:
        mailbox = await started()
        meeting = asyncio.ensure_future(both(mailbox, 1, report(), report()))
        await mailbox.take(5)
        await mailbox.assign(JOB.__class__(**{**JOB.__dict__, "trial": "t2"}), None)
        assert [answer.kind for answer in await meeting] == ["stop", "stop"]
        assert [answer.job.trial for answer in await both(mailbox, 2, NEXT, NEXT)] == ["t2", "t2"]

    run(conversation())


@pytest.mark.parametrize("late", [report(), report(done=True), FAILED])
def test_what_the_ranks_say_of_a_replaced_job_is_not_the_new_ones(late: Arrival) -> None:
    async def conversation() -> None:
        mailbox = await started()
        await both(mailbox, 1, NEXT, NEXT)
        new = replace(JOB, trial="t2")
        await mailbox.assign(new, None)
        assert {answer.kind for answer in await both(mailbox, 2, late, late)} <= {"stop", "failed"}
        assert (mailbox.reports, mailbox.job) == ([], new)
        assert [answer.job for answer in await both(mailbox, 3, NEXT, NEXT)] == [new, new]

    run(conversation())


def test_a_job_is_wanted_until_another_takes_its_place() -> None:
    async def conversation() -> None:
        mailbox = await started()
        assert await mailbox.wants("t1")
        await mailbox.assign(replace(JOB, trial="t2"), None)
        assert not await mailbox.wants("t1")
        await mailbox.end()
        assert not await mailbox.wants("t2")

    run(conversation())


def test_a_failure_is_reported_once_by_the_rank_that_knows_why() -> None:
    async def conversation() -> None:
        mailbox = await started()
        why = Arrival("failed", Report(error="loss is nan"))
        answers = await both(mailbox, 1, FAILED, why)
        assert [answer.kind for answer in answers] == ["failed", "failed"]
        taken = await mailbox.take(5)
        assert taken is not None
        assert taken.error == "loss is nan"
        assert mailbox.reports == []

    run(conversation())


def test_a_restarted_group_takes_the_job_up_where_it_was_kept() -> None:
    async def conversation() -> None:
        mailbox = await started("g1")
        lonely = asyncio.ensure_future(mailbox.meet("g1", 0, 1, report()))
        await asyncio.sleep(0)
        await mailbox.decide("go", ["state"])
        await mailbox.enter("g2")
        assert (await lonely).kind == "end"
        answers = await both(mailbox, 1, NEXT, NEXT, "g2")
        assert [(answer.kind, answer.start) for answer in answers] == [("job", ["state"])] * 2

    run(conversation())


def test_a_job_that_keeps_losing_its_group_fails() -> None:
    async def conversation() -> None:
        mailbox = await started("start 1")
        for restart in range(MAX_TRIES - 1):
            assert mailbox.job is JOB, restart
            await mailbox.enter(f"restart {restart}")
        taken = await mailbox.take(5)
        assert taken is not None
        assert "lost" in (taken.error or "")

    run(conversation())


def test_an_error_that_no_other_rank_knows_fails_the_job_it_belongs_to() -> None:
    async def conversation() -> None:
        mailbox = await started()
        await mailbox.fatal("an earlier trial", "late news")
        assert mailbox.job is JOB
        await mailbox.fatal("t1", "MemoryError")
        taken = await mailbox.take(5)
        assert taken is not None
        assert taken.error == "MemoryError"

    run(conversation())


@pytest.mark.parametrize("arrival", [NEXT, report()])
def test_an_ended_group_goes_home(arrival: Arrival) -> None:
    async def conversation() -> None:
        mailbox = await started()
        await mailbox.end()
        assert {answer.kind for answer in await both(mailbox, 1, arrival, arrival)} <= {"end", "stop"}

    run(conversation())


def test_a_group_that_is_lost_for_good_fails_every_later_job_at_once() -> None:
    async def conversation() -> None:
        mailbox = await started()
        for for_good in (False, True):
            await mailbox.lose("no machine", for_good)
            taken = await mailbox.take(5)
            assert taken is not None
            assert taken.error == "no machine"
            await mailbox.assign(JOB, None)
            assert [each.error for each in mailbox.reports] == ["no machine"] * for_good

    run(conversation())


def test_a_group_that_is_lost_for_good_is_given_to_nobody_and_keeps_its_first_reason() -> None:
    async def conversation() -> None:
        mailbox = await started()
        assert not await mailbox.lose("no machine", False)
        assert (await mailbox.lease(actor(0)), await mailbox.lost_with()) == (True, None)
        await mailbox.release()
        assert await mailbox.lose("cannot start", True)
        assert await mailbox.lose("its run ended", False)
        assert (await mailbox.lease(actor(0)), await mailbox.lost_with()) == (False, "cannot start")

    run(conversation())


def actor(answer: Any) -> Any:
    """Return a stub actor that is ready after `answer` seconds, or fails with `answer`."""

    async def ready() -> None:
        if isinstance(answer, Exception):
            raise answer
        await asyncio.sleep(answer)

    return SimpleNamespace(__ray_ready__=SimpleNamespace(remote=ready))


@pytest.mark.parametrize("holder", [actor(0), actor(ALIVE_TIMEOUT_S * 10)], ids=["idle", "busy"])
def test_a_group_belongs_to_one_living_trial_actor_until_it_is_released(holder: Any) -> None:
    async def conversation() -> None:
        mailbox = _Mailbox(num_workers=2)
        assert await mailbox.lease(holder)
        assert not await mailbox.lease(actor(0))
        await mailbox.release()
        assert await mailbox.lease(actor(0))

    run(conversation())


def test_a_dead_trial_actor_loses_its_group_to_the_next() -> None:
    async def conversation() -> None:
        mailbox = _Mailbox(num_workers=2)
        assert await mailbox.lease(actor(ray.exceptions.ActorDiedError()))
        assert await mailbox.lease(actor(0))

    run(conversation())
