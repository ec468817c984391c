"""Test every declared kind of evaluation; a new one is found by its declaration."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest
import ray
from rich.console import Console
from sentence_transformers import SentenceTransformer

from common.run_folder import RunFolder
from evaluation.evaluator import Encode, Evaluator
from evaluation.predictions import Predictions
from evaluation.yardsticks.evaluate import evaluate_yardsticks
from models.encode import encode
from pairs.guard import GuardPairs
from reporting.trials import TrialRecord
from reporting.verdict import show
from tasks.common.kinds import KINDS, Kind, KindName
from tasks.common.texts import folded
from tests.contract.cases import Content, request
from tests.trainers.cases import rows
from trainers.checkpoint import TrainingState, to_arrays
from trainers.job import Data, EvaluationJob, Guard
from workflows import compare
from workflows.finish import finish
from workflows.outcome import Outcome
from workflows.request import Request

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def content(kind: Kind) -> Content:
    return "categories" if kind.categories else kind.labels


def test_the_type_of_a_name_lists_the_declared_kinds() -> None:
    assert sorted(get_args(KindName)) == sorted(KINDS)


def ideal(asked: Request, sign: float = 1.0) -> Encode:
    """Return a model that gives every pair of dev and test the cosine that its label asks for, or its opposite.

    A first text lies on its own axis if it is held against its second text alone, else on that of its second text.
    """
    rows = [row for split in ("dev", "test") for row in asked.pairs.table(split).to_pylist()]
    vectors: dict[str, Any] = {}
    axes = {folded(row["sentence2"]): index for index, row in enumerate(rows)}
    for row in rows:
        first, second = np.zeros((2, 2 * len(rows)))
        own = axes[folded(row["sentence2"])]
        if asked.task.declared_kind.ranked:
            first[own], second[own] = sign, 1.0
        else:
            label = sign * row["label"]
            first[own], second[own], second[len(rows) + own] = 1.0, label, np.sqrt(1 - label**2)
        vectors |= {row["sentence1"]: first, row["sentence2"]: second}
    nowhere = np.eye(1, 2 * len(rows), 2 * len(rows) - 1)[0]
    return lambda texts: np.array([vectors.get(text, nowhere) for text in texts])


def encoder(model: SentenceTransformer) -> Encode:
    return lambda texts: encode(model, texts, lambda *_: None)


SCREEN: Any = SimpleNamespace(say=lambda line: None, header=lambda lines: None)


def session_of(asked: Request, **more: Any) -> Any:
    candidates = tuple(asked.pairs.candidates() or ())
    data = Data(train=None, dev=[asked.pairs.table("dev")], candidates=candidates, **more)  # type: ignore[arg-type]
    return SimpleNamespace(template=SimpleNamespace(data=data), able=list)


def judge(asked: Request, model: Encode, split: str) -> Predictions:
    return Evaluator(asked.task.kind, asked.pairs.table(split), asked.pairs.candidates()).evaluate(model)


@every_kind
def test_its_score_is_1_for_the_ideal_model_and_lower_for_its_opposite(
    kind: Kind, tiny_model: str, tmp_path: Path
) -> None:
    asked = request(tmp_path, tiny_model, content(kind), "--kind", kind.name)
    for split in ("dev", "test"):
        best, worst = (judge(asked, ideal(asked, sign), split).scores() for sign in (1.0, -1.0))
        assert next(iter(best)) == kind.metric
        assert best[kind.metric] == pytest.approx(1.0)
        assert kind.lowest <= worst[kind.metric] < 0.6


@every_kind
def test_the_deciding_score_follows_from_what_is_kept_of_a_model(kind: Kind, tiny_model: str, tmp_path: Path) -> None:
    asked = request(tmp_path, tiny_model, content(kind), "--kind", kind.name)
    judged = judge(asked, encoder(SentenceTransformer(tiny_model, device="cpu")), "dev")
    again = judge(asked, ideal(asked), "dev").with_predictions(judged.predictions)
    once = np.ones(len(judged.groups))
    assert float(again.weighted(once)) == pytest.approx(judged.scores()[kind.metric], abs=1e-5)


@pytest.fixture
def judged_here(monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, Encode]], None]:
    """Have models judged in this process instead of by worker groups."""

    def use(models: Mapping[str, Encode]) -> None:
        def evaluate(_: Any, names: Mapping[str, Any], what: EvaluationJob, *__: Any) -> Any:
            candidates = list(what.candidates or ()) or None
            judges = {
                split: Evaluator(what.kinds.get(split, what.kind), table[0], candidates)
                for split, table in what.splits.items()
            }
            judged = {split: {name: each.evaluate(models[name]) for name in names} for split, each in judges.items()}
            own = {split: each for split, each in judges.items() if split not in what.kinds}
            return judged, evaluate_yardsticks((what.train or [])[0], own, what.seed)

        monkeypatch.setattr(compare, "evaluate_models", evaluate)
        monkeypatch.setattr(ray, "put", lambda table: table)

    return use


def outcome(asked: Request, model: SentenceTransformer, scores: Mapping[str, float]) -> Outcome:
    """Return the outcome of a search whose best trial has these scores on dev."""
    state = TrainingState(weights=to_arrays(model.state_dict()), optimizer={}, schedule={}, trainer="{}")
    value, settings = scores[asked.task.metric], dict(asked.baseline)
    best = TrialRecord(trial="t1", settings=settings, metric=asked.task.metric, value=value, best_steps=8, epochs=1)
    return Outcome(
        records=[best],
        best=best,
        metrics={"dev": dict(scores), "steps": 8, "log": []},
        state=state,
        baseline=None,
        base_metrics={},
        wall_s=1.0,
        group_times={},
    )


@every_kind
def test_a_better_model_is_kept_by_the_verdict_and_described_by_its_card(
    kind: Kind, tiny_model: str, tmp_path: Path, judged_here: Callable[[Mapping[str, Encode]], None]
) -> None:
    asked = request(tmp_path, tiny_model, content(kind), "--kind", kind.name)
    asked = replace(asked, options=asked.options.model_copy(update={"refine": "none"}))
    model = SentenceTransformer(tiny_model, device="cpu")
    judged_here({"base": encoder(model), "best": ideal(asked)})
    found = outcome(asked, model, judge(asked, ideal(asked), "dev").scores())
    comparison = compare.compare(asked, session_of(asked), found, SCREEN)
    assert comparison is not None
    assert (comparison.verdict.chosen, comparison.verdict.gain) == ("best", True)
    assert (comparison.threshold is not None) == kind.threshold == (comparison.calibration is not None)
    run = RunFolder.claim(asked.options.run)
    finish(asked, run, found, comparison)
    verdict = json.loads(Path(run.path, "verdict.json").read_text())
    stored = {name: Path(run.path, "best", f"{name}.json") for name in ("threshold", "calibration")}
    assert {name: json.loads(path.read_text()) for name, path in stored.items() if path.exists()} == (
        {name: verdict[name] for name in stored} if kind.threshold else {}
    )
    for split in ("dev", "test"):
        assert verdict["splits"][split]["metric"] == kind.metric
        assert (verdict["splits"][split]["confusion"] is not None) == (kind.categories is not None)
        assert verdict["splits"][split]["differences"]["best - base"]["value"] > 0
    with (tmp_path / "shown").open("w") as file:
        show(verdict, Console(file=file, width=200))
    for text in (Path(run.path, "best", "README.md").read_text(), (tmp_path / "shown").read_text()):
        assert kind.metric in text
        assert "kept: best" in text
    assert f"{kind.name} pairs, chosen by `{kind.metric}` on dev" in Path(run.path, "best", "README.md").read_text()


@pytest.mark.parametrize(("export", "kept"), [("auto", "base"), ("best", "best")])
def test_a_model_that_breaks_the_guard_is_kept_only_where_it_is_asked_for(
    tiny_model: str, tmp_path: Path, judged_here: Callable[[Mapping[str, Encode]], None], export: str, kept: str
) -> None:
    table = rows(60, "cosine", seed=4)
    own = GuardPairs(
        file="g.csv", columns=("a", "b", "c"), kind=KINDS["binary"], table=table, rows=60, sha256="", shared=2
    )
    asked = request(tmp_path, tiny_model, "graded")
    asked = replace(asked, guard=own, options=asked.options.model_copy(update={"export": export}))
    model = SentenceTransformer(tiny_model, device="cpu")
    judged_here({"base": encoder(model), "best": ideal(asked)})  # which tells no text of the guard set from another
    session = session_of(asked, guard=Guard(kind="binary", pairs=[table], base=[], limit=0.01))
    found = outcome(asked, model, judge(asked, ideal(asked), "dev").scores())
    comparison = compare.compare(asked, session, found, SCREEN)
    assert comparison is not None
    run = RunFolder.claim(asked.options.run)
    result = finish(asked, run, found, comparison)
    verdict = json.loads(Path(run.path, "verdict.json").read_text())
    assert (result.kept, verdict["chosen"], verdict["guard"]["models"]["best"]["holds"]) == (kept, kept, False)
    assert list(verdict["splits"]) == ["dev", "test"]
    card = Path(run.path, "best", "README.md").read_text()
    assert "guard: best is not shown to keep what the base could do on g.csv" in card


def compared(
    asked: Request, model: SentenceTransformer, judged_here: Callable[[Mapping[str, Encode]], None], said: list[str]
) -> compare.Comparison:
    asked = replace(asked, options=asked.options.model_copy(update={"refine": "none"}))
    judged_here({"base": encoder(model), "best": ideal(asked)})
    screen: Any = SimpleNamespace(say=said.append, header=lambda lines: None)
    found = outcome(asked, model, judge(asked, ideal(asked), "dev").scores())
    comparison = compare.compare(asked, session_of(asked), found, screen)
    assert comparison is not None
    return comparison


def test_an_unmet_purpose_costs_the_threshold_alone(
    tiny_model: str, tmp_path: Path, judged_here: Callable[[Mapping[str, Encode]], None]
) -> None:
    asked = request(tmp_path, tiny_model, "binary")
    asked = replace(asked, options=asked.options.model_copy(update={"threshold": "precision=0.999"}))
    said: list[str] = []
    verdict = compared(asked, SentenceTransformer(tiny_model, device="cpu"), judged_here, said).to_dict()
    assert verdict["threshold"] is None
    assert said == [f"warning: no threshold: {verdict['unmet']}"]
    assert "0.999" in verdict["unmet"]
    assert verdict["chosen"] == "best"
    assert verdict["calibration"]["method"] == "logistic"
    for split in verdict["splits"].values():
        assert split["scores"]["best"]["cosine_f1"] is None


def test_every_model_is_scored_at_a_threshold_for_the_purpose(
    tiny_model: str, tmp_path: Path, judged_here: Callable[[Mapping[str, Encode]], None]
) -> None:
    asked = request(tmp_path, tiny_model, "binary")
    asked = replace(asked, options=asked.options.model_copy(update={"threshold": "recall=0.3"}))
    verdict = compared(asked, SentenceTransformer(tiny_model, device="cpu"), judged_here, []).to_dict()
    assert verdict["threshold"]["purpose"] == "recall=0.3"
    assert 0.3 <= verdict["splits"]["dev"]["scores"]["base"]["cosine_recall"] < 0.5


def test_a_calibration_that_fails_costs_itself_alone(
    tiny_model: str,
    tmp_path: Path,
    judged_here: Callable[[Mapping[str, Encode]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: Any) -> None:
        raise ValueError("no fit")

    monkeypatch.setattr("workflows.decision.calibrate", fails)
    said: list[str] = []
    comparison = compared(
        request(tmp_path, tiny_model, "binary"), SentenceTransformer(tiny_model, device="cpu"), judged_here, said
    )
    assert comparison.calibration is None
    assert comparison.threshold is not None
    assert comparison.notes == ("no calibrated probability (ValueError: no fit)",)
    assert said == ["warning: no calibrated probability: ValueError: no fit"]
