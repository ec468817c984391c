"""Test the part of a verdict that is tried after the search: an error there loses nothing, a sure gain is exported."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import ray
from sentence_transformers import SentenceTransformer

from common.run_folder import RunFolder
from evaluation.category_vectors import CategoryVectors
from evaluation.evaluator import Evaluator
from evaluation.predictions import CategoryPredictions
from evaluation.yardsticks.evaluate import YardstickPredictions
from models.category_vectors import CATEGORIES
from models.encode import encode
from reporting.trials import TrialRecord
from tests.contract.cases import CATEGORIES as NAMES
from tests.contract.cases import request
from trainers.checkpoint import TrainingState, to_arrays
from trainers.groups.pool import EvaluationError
from trainers.job import Data
from workflows import compare
from workflows.compare import Comparison
from workflows.finish import finish
from workflows.outcome import Outcome
from workflows.refine import Refined
from workflows.request import Request
from workflows.score_model import score_model

VECTORS = np.random.default_rng(0).normal(size=(len(NAMES), 32)).astype(np.float32)


class Finished:
    """A search whose best is as good as its base model, with what follows it."""

    def __init__(self, asked: Request, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.request, self.patch = asked, monkeypatch
        model_of = SentenceTransformer(model, device="cpu")
        self.encode = lambda texts: encode(model_of, texts, lambda *_: None)
        self.evaluators = {
            split: Evaluator("category", asked.pairs.table(split), asked.pairs.candidates())
            for split in ("dev", "test")
        }
        self.judged = {split: each.evaluate(self.encode) for split, each in self.evaluators.items()}
        self.lines: list[str] = []
        state = TrainingState(weights=to_arrays(model_of.state_dict()), optimizer={}, schedule={}, trainer="{}")
        settings, metric = dict(asked.baseline), asked.task.metric
        best = TrialRecord(trial="t1", settings=settings, metric=metric, value=0.5, best_steps=8, epochs=1)
        self.outcome = Outcome(
            records=[best],
            best=best,
            metrics={"dev": {metric: 0.5}, "steps": 8, "log": []},
            state=state,
            baseline=None,
            base_metrics={},
            wall_s=1.0,
            group_times={},
        )
        monkeypatch.setattr(ray, "put", lambda table: table)
        monkeypatch.setattr(compare, "evaluate_models", self._evaluate)
        monkeypatch.setattr(compare, "try_vectors", self.vectors)
        monkeypatch.setattr(compare, "refine", lambda *_: iter(()))

    def _evaluate(self, groups: Any, models: Any, job: Any, *_: Any) -> Any:
        judged = {split: dict.fromkeys(models, each) for split, each in self.judged.items()}
        return judged, YardstickPredictions(splits={split: {} for split in judged})

    def vectors(self, groups: Any, name: str, before: float, state: Any, job: Any) -> Refined:
        """Return vectors that are always right on dev and test."""
        right: dict[str, Any] = {}
        for split, each in self.judged.items():
            assert isinstance(each, CategoryPredictions)
            right[split] = replace(each, predicted=each.truth)
        vectors = CategoryVectors(way="mix", names=NAMES, vectors=VECTORS, judged={}, predictions=right)
        return Refined(
            name="mix", of=name, before=before, tried={"mix": 1.0}, vectors=vectors, judged=[right["dev"]] * 2
        )

    def compare(self, **options: Any) -> Comparison:
        self.request = replace(self.request, options=self.request.options.model_copy(update=options))
        data = Data(train=None, dev=[self.request.pairs.table("dev")], candidates=NAMES)  # type: ignore[arg-type]
        session: Any = SimpleNamespace(template=SimpleNamespace(data=data), able=list)
        live: Any = SimpleNamespace(say=self.lines.append, header=lambda lines: None)
        found = compare.compare(self.request, session, self.outcome, live)
        assert found is not None
        return found


@pytest.fixture
def finished(tmp_path: Path, tiny_model: str, monkeypatch: pytest.MonkeyPatch) -> Finished:
    return Finished(request(tmp_path, tiny_model, "categories", "--kind", "category"), tiny_model, monkeypatch)


def test_vectors_that_are_better_for_sure_are_stored_and_used(finished: Finished) -> None:
    comparison = finished.compare()
    assert (comparison.verdict.chosen, comparison.verdict.gain) == ("mix", True)
    assert comparison.verdict.splits["dev"].states == 2
    run = RunFolder.claim(finished.request.options.run)
    result = finish(finished.request, run, finished.outcome, comparison)
    assert (result.kept, result.weights) == ("mix", "base")
    best = Path(run.path, "best")
    assert (best / CATEGORIES).is_file()
    scored = score_model(str(best), finished.evaluators["test"], lambda *_: None)
    stored = VECTORS[[NAMES.index(name) for name in finished.evaluators["test"].choice]]
    assert scored == finished.evaluators["test"].evaluate(finished.encode, stored).scores()
    assert scored != finished.judged["test"].scores()
    written = json.loads((Path(run.path) / "verdict.json").read_text())
    assert written["refined"] == [
        {"name": "mix", "of": "base", "before": comparison.refined[0].before, "tried": {"mix": 1.0}, "parts": {}}
    ]
    assert "### Assigning a category" in (best / "README.md").read_text()


def test_without_refinement_nothing_is_tried(finished: Finished) -> None:
    finished.patch.setattr(compare, "try_vectors", None)
    finished.patch.setattr(compare, "refine", None)
    comparison = finished.compare(refine="none")
    assert (comparison.verdict.chosen, comparison.refined, comparison.notes) == ("base", (), ())


def failing(*_: Any) -> Any:
    raise EvaluationError("the group was lost")


@pytest.mark.parametrize("stage", ["refine", "try_vectors"])
def test_an_error_after_the_search_is_told_and_costs_no_verdict(finished: Finished, stage: str) -> None:
    finished.patch.setattr(compare, stage, failing)
    comparison = finished.compare()
    assert comparison.verdict.chosen == ("mix" if stage == "refine" else "base")
    assert "the group was lost" in comparison.notes[0]
    assert any(line.startswith("warning: ") and "the group was lost" in line for line in finished.lines)


def mixtures(finished: Finished) -> Callable[..., Any]:
    """Return a stand-in for `refine` that tried a mixture on dev."""
    dev = finished.judged["dev"]
    state = finished.outcome.state
    tried = Refined(name="interpolated", of="best", before=0.5, tried={"0.1 base": 0.6}, state=state, judged=[dev] * 3)
    return lambda *_: iter([tried])


def test_a_mixture_that_dev_likes_is_judged_on_both_splits_and_counts_as_looks(finished: Finished) -> None:
    finished.patch.setattr(compare, "try_vectors", failing)
    finished.patch.setattr(compare, "refine", mixtures(finished))
    verdict = finished.compare().verdict
    assert list(verdict.splits["dev"].models) == list(verdict.splits["test"].models) == ["base", "best", "interpolated"]
    assert verdict.splits["dev"].states == 3
    assert "interpolated against base: no gain" in verdict.reason


@pytest.mark.parametrize("export", ["base", "baseline"])
def test_who_asks_for_another_model_than_the_best_gets_no_mixture(finished: Finished, export: str) -> None:
    finished.patch.setattr(compare, "try_vectors", failing)
    finished.patch.setattr(compare, "refine", mixtures(finished))
    assert "interpolated" not in finished.compare(export=export).verdict.splits["dev"].models
