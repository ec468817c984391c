"""Which model a run leaves: what the verdict chose, else what was best on dev."""

from types import SimpleNamespace
from typing import Any

import pytest

from evaluation.verdict import SplitVerdict, Verdict
from reporting.records import TrialRecord
from trainers.finish import Found, exported
from trainers.verdict import Weighed

BASELINE, BEST = (
    TrialRecord(trial=trial, settings={"margin": margin}, metric="cosine_ap", epochs=1)
    for trial, margin in (("trial-00", 0.5), ("trial-03", 0.7))
)


def found(best: TrialRecord) -> Found:
    states: Any = SimpleNamespace(name="best's"), SimpleNamespace(name="baseline's")
    return Found(
        records=[BASELINE, BEST],
        best=best,
        metrics={"of": "best"},
        state=states[0],
        baseline=BASELINE,
        baseline_metrics={"of": "baseline"},
        baseline_state=states[1],
        untuned={},
        wall_s=1.0,
        group_times={},
    )


def weighed(chosen: str) -> Weighed:
    scores = {"base": {"cosine_ap": 0.4}}
    dev = SplitVerdict(metric="cosine_ap", pairs=2, groups=2, models={}, scores=scores, differences={})
    return Weighed(verdict=Verdict(chosen=chosen, gain=False, reason="", splits={"dev": dev}), threshold=None, seeds={})


@pytest.mark.parametrize(
    ("chosen", "record", "of"),
    [("winner", BEST, "best"), ("baseline", BASELINE, "baseline"), (None, BEST, "best")],
)
def test_the_model_that_the_verdict_chose_is_kept(chosen: str | None, record: TrialRecord, of: str) -> None:
    kept = exported(found(BEST), weighed(chosen) if chosen else None)
    assert (kept.name, kept.record, kept.metrics) == (chosen or "winner", record, {"of": of})
    assert kept.state is not None
    assert kept.state.name == f"{of}'s"  # type: ignore[attr-defined]


def test_without_a_gain_over_the_base_model_nothing_trained_is_kept() -> None:
    kept = exported(found(BEST), weighed("base"))
    assert (kept.name, kept.record, kept.state) == ("base", None, None)
    assert kept.metrics["dev"] == {"cosine_ap": 0.4}


def test_a_baseline_that_won_is_the_baseline() -> None:
    kept = exported(found(BASELINE), None)
    assert (kept.name, kept.record, kept.metrics) == ("baseline", BASELINE, {"of": "best"})
