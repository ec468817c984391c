"""A request counts the training rows that the task's loss reads."""

import re
from pathlib import Path
from typing import Any

import pytest

from common.mistakes import Mistakes
from pairs import prepared
from pairs.from_file import task_from_file
from pairs.labels.inferred import FileOptions
from pairs.prepare import prepare
from workflows.dry_run import describe, described
from workflows.export import loss_notes, reproduce
from workflows.request import Request
from workflows.request_checks import check_request

READ = "the ranking loss reads 36 training pairs: those of 54 that are labelled 1"

LABELLED = "question {n},answer {n},{label}"


@pytest.fixture
def data(tmp_path: Path) -> str:
    """Prepare ninety pairs, two thirds of them labelled 1, for a ranking loss; 54 of them are in train."""
    return prepared_pairs(tmp_path, FileOptions(loss="ranking"))


def prepared_pairs(tmp_path: Path, options: FileOptions, head: str = "a,b,label", line: str = LABELLED) -> str:
    lines = [line.format(n=n, label=int(n % 3 > 0)) for n in range(90)]
    (tmp_path / "pairs.csv").write_text("\n".join([head, *lines]) + "\n")
    file = str(tmp_path / "pairs.csv")
    made = prepare(task_from_file(file, [], options), {"train": file}, seed=42)
    prepared.write(str(tmp_path / "data"), made.tables, made.manifest)
    return str(tmp_path / "data")


def request(data: str, model: str, *overrides: str, single: bool = True, **options: Any) -> Request:
    given = {"task": "pairs", "data": data, "run": f"{data}-run", "base_model": model, "set": overrides, **options}
    accept = ["too_small", "split_leak", "unknown_tokens"]
    return check_request({**given, "accept": accept}, dry_run=True, quiet=True, single=single)


def test_steps_and_counts_are_of_the_rows_that_the_loss_reads(data: str, tiny_model: str) -> None:
    asked = request(data, tiny_model, "epochs=2", "global_batch_size=10")
    assert asked.steps() == 2 * 3
    shown = described(asked)
    assert (shown["pairs"]["train"], shown["left_out_per_epoch"]) == (36, 6)
    assert READ in describe(asked, single=True)
    assert f"T{READ[1:]}." in loss_notes("ranking", asked.pairs)


def test_a_batch_is_held_against_the_rows_that_the_loss_reads(data: str, tiny_model: str) -> None:
    with pytest.raises(Mistakes, match="global_batch_size: 37 is more than the 36 training pairs"):
        request(data, tiny_model, "global_batch_size=37")


def test_distinct_rows_are_those_of_the_view(data: str, tiny_model: str) -> None:
    assert request(data, tiny_model, "global_batch_size=8", distinct=True).pairs.num_rows("train") <= 36


def guard_set(folder: Path, count: int = 40) -> str:
    """Write graded pairs; each has a text that train may have."""
    lines = [f"question {n},text {n},{n % 6}" for n in range(count)]
    (folder / "sts.csv").write_text("\n".join(["a,b,score", *lines]) + "\n")
    return str(folder / "sts.csv")


def test_a_guard_set_is_shown_and_its_texts_in_train_are_warned_of(data: str, tiny_model: str, tmp_path: Path) -> None:
    file = guard_set(tmp_path)
    asked = request(data, tiny_model, "global_batch_size=8", keep=file, keep_loss=0.02)
    shown = describe(asked, single=True)
    assert any(line.startswith(f"guard: {file} (a, b, score), 40 pairs by spearman_cosine") for line in shown)
    assert any(re.match(r"warning: guard: \d+ of 40 pairs of sts.csv have a text of train", line) for line in shown)
    values = described(asked)
    assert (values["keep"], values["keep_loss"]) == (file, 0.02)
    assert values["guard"]["pairs"] == 40
    assert "--keep" in reproduce(asked, asked.baseline)
    assert "guard" not in described(request(data, tiny_model, "global_batch_size=8"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"keep": "none.csv"}, "keep: file: none.csv does not exist"),
        ({"keep_loss": 0.02}, "keep-loss: 0.02: there is no --keep"),
        ({"keep": "none.csv", "keep_loss": 1.0}, "keep-loss: 1.0 is not allowed"),
    ],
)
def test_mistakes_about_a_guard_set_are_reported_with_all_others(
    data: str, tiny_model: str, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(Mistakes) as refused:
        request(data, tiny_model, "epochs=0", **options)
    assert any(said in message for message in refused.value.messages)
    assert any("epochs" in message for message in refused.value.messages)


def test_a_guard_set_of_few_groups_is_refused(data: str, tiny_model: str, tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match="keep: .*sts.csv rests on 9 groups"):
        request(data, tiny_model, keep=guard_set(tmp_path, 9))


def test_a_purpose_of_a_kind_without_a_threshold_is_refused(tmp_path: Path, tiny_model: str) -> None:
    data = prepared_pairs(tmp_path, FileOptions(loss="ranking", kind="retrieval"))
    with pytest.raises(Mistakes, match=r"threshold: 'recall=0.9', but kind retrieval does not decide"):
        request(data, tiny_model, threshold="recall=0.9")


def test_the_settings_name_the_categories(data: str, tiny_model: str, tmp_path: Path) -> None:
    assert "categories" not in request(data, tiny_model, "global_batch_size=8").to_dict()
    (tmp_path / "other").mkdir()
    options = FileOptions(loss="category_softmax", kind="category")
    topics = prepared_pairs(tmp_path / "other", options, "text,topic", "question {n},topic {label}")
    assert request(topics, tiny_model, "global_batch_size=8").to_dict()["categories"] == ["topic 0", "topic 1"]


@pytest.mark.parametrize(
    ("options", "minutes"),
    [({}, 60), ({"trials": 3}, None), ({"trials": 3, "minutes": 5}, 5), ({"minutes": 5}, 5), ({"single": True}, None)],
)
def test_only_a_search_that_is_given_neither_trials_nor_minutes_takes_an_hour(
    data: str, tiny_model: str, options: dict[str, Any], minutes: float | None
) -> None:
    asked = request(data, tiny_model, "global_batch_size=8", **{"single": False, **options})
    assert asked.options.minutes == minutes
    limit = f", at most {minutes} minutes, as many at a time" if minutes else ", as many at a time"
    assert options.get("single") or any(limit in line for line in describe(asked))


@pytest.mark.parametrize("folds", [-1, 1, 2, 1000])
def test_folds_are_none_or_as_many_as_can_train_choose_and_judge(folds: int, data: str, tiny_model: str) -> None:
    with pytest.raises(Mistakes, match=f"folds: {folds} is not allowed"):
        request(data, tiny_model, folds=folds)
