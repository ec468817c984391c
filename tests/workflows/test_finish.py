"""A run exports the model that the verdict selected, or else the best on dev, also after a second interrupt."""

import signal
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from evaluation.comparison import SplitVerdict
from evaluation.verdict import Verdict
from reporting.trials import TrialRecord
from workflows.compare import Comparison
from workflows.finish import compared, finish, refitted_of, select_model, undisturbed
from workflows.outcome import Outcome
from workflows.refine import Refined

BASELINE, BEST = (
    TrialRecord(trial=trial, settings={"margin": margin}, metric="cosine_ap", epochs=1)
    for trial, margin in (("trial-00", 0.5), ("trial-03", 0.7))
)


def found(best: TrialRecord) -> Outcome:
    states: Any = SimpleNamespace(name="best's"), SimpleNamespace(name="baseline's")
    return Outcome(
        records=[BASELINE, BEST],
        best=best,
        metrics={"of": "best"},
        state=states[0],
        baseline=BASELINE,
        baseline_metrics={"of": "baseline"},
        baseline_state=states[1],
        base_metrics={},
        wall_s=1.0,
        group_times={},
    )


def verdict_for(chosen: str) -> Comparison:
    scores = {"base": {"cosine_ap": 0.4}}
    dev = SplitVerdict(metric="cosine_ap", pairs=2, groups=2, models={}, scores=scores, differences={})
    return Comparison(
        verdict=Verdict(chosen=chosen, gain=False, reason="", splits={"dev": dev}), threshold=None, seeds={}
    )


@pytest.mark.parametrize(
    ("chosen", "record", "of"),
    [("best", BEST, "best"), ("baseline", BASELINE, "baseline"), (None, BEST, "best")],
)
def test_the_model_that_the_verdict_chose_is_kept(chosen: str | None, record: TrialRecord, of: str) -> None:
    kept = select_model(found(BEST), verdict_for(chosen) if chosen else None)
    assert (kept.name, kept.record, kept.metrics) == (chosen or "best", record, {"of": of})
    assert kept.state is not None
    assert kept.state.name == f"{of}'s"  # type: ignore[attr-defined]


def test_without_a_gain_over_the_base_model_nothing_trained_is_kept() -> None:
    kept = select_model(found(BEST), verdict_for("base"))
    assert (kept.name, kept.record, kept.state) == ("base", None, None)
    assert kept.metrics["dev"] == {"cosine_ap": 0.4}


def test_a_mixture_is_kept_with_its_parts_and_no_step_of_its_own() -> None:
    state: Any = SimpleNamespace()
    parts = {"best": 0.9, "base": 0.1}
    mixed = Refined(name="interpolated", of="best", before=0.3, parts=parts, state=state)
    comparison = replace(verdict_for("interpolated"), refined=(mixed,))
    comparison.verdict.splits["dev"].scores["interpolated"] = {"cosine_ap": 0.6}
    kept = select_model(found(BEST), comparison)
    assert (kept.name, kept.record, kept.state, kept.parts) == ("interpolated", BEST, state, parts)
    assert (kept.metrics["dev"], kept.metrics["steps"]) == ({"cosine_ap": 0.6}, None)


def test_a_baseline_that_won_is_the_baseline() -> None:
    kept = select_model(found(BASELINE), None)
    assert (kept.name, kept.record, kept.metrics) == ("baseline", BASELINE, {"of": "best"})


def test_what_was_computed_is_saved_whoever_interrupts() -> None:
    with undisturbed():
        signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def asked(export: str = "auto") -> Any:
    return SimpleNamespace(options=SimpleNamespace(export=export))


@pytest.mark.parametrize("hurried", [True, False])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("the store is gone"), ValueError("shapes differ")])
def test_whatever_goes_wrong_with_the_verdict_the_model_is_kept_and_it_is_said(
    error: BaseException, hurried: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    tried: list[bool] = []

    def fails(*_: object) -> None:
        tried.append(True)
        raise error

    monkeypatch.setattr("workflows.compare.compare", fails)
    live: Any = SimpleNamespace(say=said.append)
    noted, verdict = compared(asked(), None, replace(found(BEST), hurried=hurried), live)  # type: ignore[arg-type]
    assert verdict is None
    assert tried == ([] if hurried else [True])
    assert "no verdict" in said[0]
    assert "no verdict" in noted.notes[-1]
    assert hurried or str(error) in said[0]


def test_without_a_verdict_a_broken_guard_is_noted() -> None:
    broken = replace(BEST, guard={"holds": False})
    live: Any = SimpleNamespace(say=lambda line: None)
    nothing: Any = None
    notes = [
        compared(asked(), nothing, replace(found(best), hurried=True), live)[0].notes
        for best in (broken, replace(BEST, guard={"holds": True}), BEST)
    ]
    assert [any("on the guard set" in note for note in each) for each in notes] == [True, False, False]


def test_without_a_verdict_what_was_asked_for_is_exported() -> None:
    state: Any = object()
    both = replace(found(BEST), baseline_state=state)
    assert select_model(both, None, "baseline").name == "baseline"
    assert select_model(both, None, "base").name == "base"
    assert select_model(both, None, "best").name == "best"
    assert select_model(replace(both, baseline=None, baseline_state=None), None, "baseline").name == "best"


def test_an_export_that_cannot_be_had_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows.compare.compare", lambda *_: None)
    nothing: Any = None
    noted, _ = compared(asked("baseline"), nothing, replace(found(BEST), baseline=None, baseline_state=None), nothing)
    assert noted.notes[-1].startswith("--export baseline: there is no such model")


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([BASELINE.failed("loss is nan"), BEST.failed("no bf16"), BEST.failed("no bf16")], "no bf16"),
        ([replace(BEST, state="stopped")], "no trial reached its first evaluation on dev"),
    ],
)
def test_where_nothing_was_trained_the_result_says_why(records: list[TrialRecord], said: str) -> None:
    nothing = replace(found(BEST), records=records, best=None, state=None, baseline=None, baseline_state=None)
    written: dict[str, Any] = {}
    run: Any = SimpleNamespace(shown="run", write_json=written.__setitem__)
    options = SimpleNamespace(export="auto", workers=1, gpu=False, cpus_per_worker=1, minutes=None)
    task = SimpleNamespace(name="invoices", metric="cosine_ap")
    request: Any = SimpleNamespace(options=options, task=task, baseline={})
    result = finish(request, run, nothing, None)
    assert (result.model, result.error) == (None, said)
    assert written["result.json"]["error"] == said


def test_what_failed_beside_the_verdict_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    comparison = replace(verdict_for("best"), notes=("no calibrated probability",))
    monkeypatch.setattr("workflows.compare.compare", lambda *_: comparison)
    nothing: Any = None
    noted, verdict = compared(asked(), nothing, found(BEST), nothing)
    assert verdict is comparison
    assert noted.notes == ["no calibrated probability"]


@pytest.mark.parametrize(
    ("error", "said"), [(KeyboardInterrupt(), "interrupted"), (ValueError("shapes differ"), "shapes differ")]
)
def test_a_refit_that_fails_is_told_and_costs_nothing_else(
    error: BaseException, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr("workflows.refit.refit", fails)
    request: Any = SimpleNamespace(options=SimpleNamespace(export="auto", refit="dev"))
    lines: list[str] = []
    live: Any = SimpleNamespace(say=lines.append)
    noted, refitted = refitted_of(request, None, found(BEST), None, live)  # type: ignore[arg-type]
    assert refitted is None
    assert said in noted.notes[-1]
    assert said in lines[0]


def test_a_base_model_that_is_kept_is_not_trained_again() -> None:
    request: Any = SimpleNamespace(options=SimpleNamespace(export="auto", refit="all"))
    live: Any = SimpleNamespace(say=lambda line: None)
    noted, refitted = refitted_of(request, None, found(BEST), verdict_for("base"), live)  # type: ignore[arg-type]
    assert refitted is None
    assert noted.notes == ["no refit: the kept model is base, which has no training"]


def test_another_base_model_is_kept_without_a_training() -> None:
    best = replace(BEST, settings={**BEST.settings, "base_model": "two"})
    comparison = verdict_for("base two")
    comparison.verdict.splits["dev"].scores["base two"] = {"cosine_ap": 0.6}
    kept = select_model(found(best), comparison)
    assert (kept.record, kept.state, kept.settings) == (None, None, {"base_model": "two"})
    assert kept.metrics["dev"] == {"cosine_ap": 0.6}
    assert select_model(found(best), verdict_for("base")).settings == {}
