"""Test what an interrupt before the first trial leaves."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.workflows.test_finish import BEST, found
from workflows import search, tune


def test_an_interrupt_while_the_budget_is_planned_ends_the_search_before_it_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    def searched(*_: object) -> None:
        raise AssertionError("the search began")

    monkeypatch.setattr("workflows.budget.planned", interrupted)
    monkeypatch.setattr(search, "search", searched)
    monkeypatch.setattr(search, "plan_of", lambda *_: SimpleNamespace(shared=None))
    monkeypatch.setattr(search, "outcome_of", lambda *_: found(BEST))
    request: Any = SimpleNamespace(options=None, space=None, first_trials=(), task=SimpleNamespace(metric="score"))
    nothing: Any = None
    outcome = tune._search(request, nothing, nothing, nothing, nothing)
    assert outcome.interrupted
