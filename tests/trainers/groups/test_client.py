"""Test a trial's client of a group, over a stub mailbox."""

from types import SimpleNamespace
from typing import Any

import pytest
import ray

from tests.trainers.cases import BARE_JOB as JOB
from trainers.groups.client import GroupClient
from trainers.job import Report

LOST: Any = ray.exceptions.ObjectLostError("", "", "")


class Pretending:
    """A mailbox with reports to take; `assigned` says what each assignment began from."""

    def __init__(self, *reports: Report) -> None:
        self.coming = list(reports)
        self.assigned: list[Any] = []
        self.take = SimpleNamespace(remote=lambda timeout_s: self.coming.pop(0))
        self.assign = SimpleNamespace(remote=lambda job, start: self.assigned.append((job, start)))


def get(reference: Any) -> Any:
    if isinstance(reference, Exception):
        raise reference
    return reference


@pytest.mark.parametrize("done", [False, True])
def test_a_report_whose_state_was_lost_is_made_again_from_the_state_before(
    done: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray, "get", get)
    monkeypatch.setattr(ray, "put", lambda value: value)
    first, lost, again = (Report({"steps": steps}, [state], end) for steps, state, end in
                          ((1, "first", False), (2, LOST, done), (2, "again", done)))  # fmt: skip
    mailbox = Pretending(first, lost, again)
    client = GroupClient(mailbox)
    client.assign(JOB)
    assert client.next_report().state == "first"
    report = client.next_report()
    assert (report.metrics, report.state, report.done) == ({"steps": 2}, "again", done)
    assert mailbox.assigned == [(JOB, None), (JOB, ["first"])]
