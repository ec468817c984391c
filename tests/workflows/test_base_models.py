"""Test the request of a search among several base models, and what each of them reads."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import ray

from common.base_names import SETTING
from common.mistakes import Mistakes
from common.run_folder import DATA, SETTINGS, TRIALS, RunFolder
from models.base_model import base_model_names
from reporting.trials import TrialRecord
from tasks.common.losses import active
from tests.contract.cases import request
from tokens.tokenized import TokenizedPairs
from workflows import session
from workflows.dry_run import describe, described, untried_bases
from workflows.export import mixture, reproduce
from workflows.request import Request
from workflows.request_checks import check_request


@pytest.fixture
def given(tmp_path: Path, tiny_model: str, other_tiny_model: str) -> dict[str, Any]:
    """Return the options of a search among two base models."""
    asked = request(tmp_path, tiny_model, "binary")
    both = f"{tiny_model}, {other_tiny_model}"
    return {"task": "pairs", "data": asked.options.data, "run": str(tmp_path / "new"), "base_model": both}


def check(given: dict[str, Any], **options: Any) -> Request:
    single = options.pop("single", False)
    return check_request({**given, **options}, dry_run=True, quiet=True, single=single)


def test_the_base_model_is_a_choice_and_each_is_tried_with_the_baseline_settings(given: dict[str, Any]) -> None:
    asked = check(given)
    first, other = asked.bases
    assert asked.space[SETTING].values == (first, other)  # type: ignore[union-attr]
    trials = [(trial["loss"], trial[SETTING]) for trial in asked.first_trials]
    assert trials == [*((loss, first) for loss in asked.views), (asked.task.loss, other)]
    assert active(asked.first_trials[-1]) == active(asked.baseline) | {SETTING: other}
    assert asked.base_of(asked.baseline).name == first
    assert untried_bases(asked) == []
    assert untried_bases(check(given, trials=2)) == [f"warning: 2 trials may never try {other}; --trials 5 or more do"]


def test_with_one_base_model_there_is_no_such_setting(given: dict[str, Any], tiny_model: str) -> None:
    asked = check(given, base_model=tiny_model)
    assert not any(SETTING in settings for settings in (asked.space, asked.baseline))
    assert "base_models" not in asked.to_dict()
    assert untried_bases(check(given, base_model=tiny_model, trials=1)) == []


def test_how_each_reads_is_shown_and_stored(given: dict[str, Any]) -> None:
    asked = check(given, prompt1="word ")
    first, other = asked.bases
    lines = describe(asked)
    assert [line for line in lines if line.startswith("base model: ")] == [base.model.line for base in bases(asked)]
    assert [line for line in lines if line.startswith("texts: ")] == [
        f"texts: at most {number} tokens of each are read" for number in (512, 128)
    ]
    values = described(asked)
    assert (values["base_model"], values["max_length"]) == (first, 512)
    assert values["base_models"] == [
        {"base_model": name, "max_length": length, "prompts": ["word ", ""]}
        for name, length in ((first, 512), (other, 128))
    ]


def bases(asked: Request) -> list[Any]:
    return list(asked.bases.values())


def test_what_is_wrong_with_any_is_said_at_once_with_its_name(given: dict[str, Any], tmp_path: Path) -> None:
    first, other = base_model_names(given["base_model"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(Mistakes) as caught:
        check(given, base_model=f"{first},{tmp_path}/empty,{other}", set=("max_length=300", "base_model=1"))
    text = caught.value.messages
    assert any(f"'{tmp_path}/empty' has no modules.json" in line for line in text)
    assert (
        f"max_length: 300 is more than the 128 positions of the base model; allowed: fewer (base model {other})" in text
    )
    assert any(line.startswith("set: 'base_model=1' is not NAME=VALUE") for line in text)


@pytest.mark.parametrize(
    ("names", "more", "said"),
    [
        ("{one},{other}", {"single": True}, "is 2 models; allowed: one"),
        ("{one},,{other}", {}, "has an empty name"),
        ("{one},{one}/../{name}", {}, "are one folder"),
        ("{one},{other}", {"distinct": True}, "distinct: with 2 base models"),
    ],
)
def test_base_models_that_cannot_be_searched_are_refused(
    given: dict[str, Any], names: str, more: dict[str, Any], said: str
) -> None:
    one, other = base_model_names(given["base_model"])
    with pytest.raises(Mistakes, match=said):
        check(given, base_model=names.format(one=one, other=other, name=Path(one).name), **more)


def test_a_folder_with_a_comma_in_its_name_is_one_model(given: dict[str, Any], tiny_model: str, tmp_path: Path) -> None:
    folder = str(shutil.copytree(tiny_model, tmp_path / "one,two"))
    assert list(check(given, base_model=folder).bases) == [folder]


def test_each_reads_its_own_tokens(given: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    asked, read = check(given, set=("loss=contrastive",)), []

    def tokenize(view: Any, reading: Any) -> TokenizedPairs:
        read.append(reading.ids(view.table("train")["sentence1"].to_pylist()[:3]))
        return TokenizedPairs(num_rows=len(read))

    monkeypatch.setattr(session, "tokenize", tokenize)
    monkeypatch.setattr(ray, "put", lambda value: value)
    data = session.data(asked)
    assert [data.read_by(active(trial)).num_rows for trial in asked.first_trials] == [1, 2]
    assert read[0] != read[1]
    assert data.of(asked.first_trials[1]).prompts == bases(asked)[1].prompts


def earlier(folder: Path, models: list[str], trained: list[str | None]) -> str:
    """Write a run with a trial for each of the base models that were trained; None: its only one."""
    run = RunFolder.claim(str(folder))
    several = {"base_models": [{SETTING: model} for model in models]} if len(models) > 1 else {}
    run.write_json(SETTINGS, {"task": "pairs", "kind": "binary", "loss": "contrastive", SETTING: models[0], **several})
    run.write_json(DATA, {"fingerprint": "f", "manifest": {}})
    records = [
        TrialRecord(
            trial=f"trial-0{number}",
            settings={"margin": number / 10, "epochs": 4, "loss": "contrastive"} | ({SETTING: name} if name else {}),
            metric="cosine_ap",
            epochs=4,
            value=0.9,
            best_steps=4,
        )
        for number, name in enumerate(trained, 3)
    ]
    run.write_text(TRIALS, "".join(record.to_line() + "\n" for record in records))
    return str(folder)


def test_earlier_settings_are_tried_with_the_base_model_that_they_were_the_best_of(
    given: dict[str, Any], tmp_path: Path
) -> None:
    first, other = base_model_names(given["base_model"])
    one = earlier(tmp_path / "one", [other], [None])
    two = earlier(tmp_path / "two", ["gone", first], ["gone", first])
    asked = check(given, warm_start=f"{one},{two}")
    found = [(start.settings[SETTING], start.settings["margin"]) for start in asked.warm_starts]
    assert found == [(other, 0.3), (first, 0.4)]
    assert asked.warm_starts[0].line.endswith(f"contrastive loss, {Path(other).name}")
    gone = earlier(tmp_path / "gone", ["gone"], [None])
    with pytest.raises(
        Mistakes, match=f"has base_model 'gone'; allowed: a run with kind 'binary', base_model '{first}' or"
    ):
        check(given, warm_start=gone)


def test_commands_and_parts_of_a_mixture_name_the_base_model_of_the_training(given: dict[str, Any]) -> None:
    asked = check(given)
    first, other = asked.bases
    settings = active(asked.first_trials[-1])
    words = reproduce(asked, settings).split()
    assert words[words.index("--base-model") + 1] == other
    assert not [word for word in words if word.startswith(f"{SETTING}=")]
    record = TrialRecord(trial="trial-05", settings=settings, metric="m", epochs=2, epoch=2, best_steps=4)
    outcome: Any = type("Outcome", (), {"records": [record], "best": record})
    assert [part["model"] for part in mixture(asked, outcome, {"best": 0.9, "base": 0.1})][1] == other
