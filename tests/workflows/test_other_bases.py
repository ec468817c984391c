"""Test which untrained base models a verdict and its looks at dev have, and how they are evaluated."""

from types import SimpleNamespace
from typing import Any

import pytest

from common.base_names import SETTING
from tests.evaluation.cases import queries
from tests.trainers.cases import BARE_JOB
from tokens.reading import Prompts
from trainers.job import Data, EvaluationJob, ReadPairs
from workflows import other_bases as tested
from workflows.other_bases import looks, other_bases

NAMES = ["org/one", "org/two", "org/three"]
EVALUATION = EvaluationJob(trial="", kind="retrieval", splits={"dev": ["d"], "test": ["t"]}, train=["rows"])
DATA = Data(
    train=BARE_JOB.data.train,
    dev=[],
    others={name: ReadPairs(train={}, prompts=Prompts(f"{name}: ")) for name in NAMES[1:]},
)


def of_best(settings: dict[str, Any]) -> dict[str, str]:
    request: Any = SimpleNamespace(bases=dict.fromkeys(NAMES), base=SimpleNamespace(name=NAMES[0]))
    outcome: Any = SimpleNamespace(best=SimpleNamespace(settings=settings), state=object())
    return other_bases(request, outcome)


def test_the_base_model_of_the_best_comes_first_and_none_if_it_is_the_first_one() -> None:
    assert of_best({SETTING: NAMES[2]}) == {"base three": NAMES[2], "base two": NAMES[1]}
    assert of_best({SETTING: NAMES[0]}) == of_best({}) == {}


def test_further_base_models_are_looked_at_on_dev_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def evaluate(_: Any, models: Any, job: EvaluationJob, __: Any, jobs: Any) -> Any:
        assert (list(models.values()), list(job.splits), job.train) == ([None], ["dev"], None)
        own = jobs["base two"]
        assert (own.base_model, own.prompts.first, list(own.splits)) == ("org/two", "org/two: ", ["dev"])
        return {"dev": {name: queries([0.5]) for name in models}}, None

    monkeypatch.setattr(tested, "evaluate_models", evaluate)
    assert list(looks([], {"base two": "org/two"}, EVALUATION, DATA)) == ["base two"]
    assert looks([], {}, EVALUATION, DATA) == {}
