"""Test `jobs.prepare --mine`: what is written, what stays as it was, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from jobs import prepare
from models.saved_model import weights_sha256
from pairs.prepared import PreparedPairs
from tasks.common.texts import folded
from tests.tiny_model import WORDS
from workflows.preflight import audited, plan_of

WORD = WORDS.split()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stay in a folder with a retrieval, a category, a binary and a graded file of pairs."""
    monkeypatch.chdir(tmp_path)
    questions = [" ".join((WORD[n], WORD[n + 7], WORD[3 * n % 200])) for n in range(90)]
    answers = [" ".join((WORD[n], WORD[n + 40], "it")) for n in range(90)]
    pairs = list(zip(questions, answers, strict=True))
    files: dict[str, list[tuple[Any, ...]]] = {
        "answers": [("question", "answer"), *pairs],
        "topics": [("text", "category"), *((first, f"topic {WORD[n % 6]}") for n, first in enumerate(questions))],
        "same": [("a", "b", "label"), *((*each, n % 2) for n, each in enumerate(pairs))],
        "grades": [("a", "b", "label"), *((*each, n % 5 / 4) for n, each in enumerate(pairs))],
    }
    for name, rows in files.items():
        Path(f"{name}.csv").write_text("".join(",".join(map(str, row)) + "\n" for row in rows))
    return tmp_path


def call(*words: str, code: int = 0) -> Any:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(prepare.app, words)
    assert result.exit_code == code, result.output
    return result


def mined(name: str, model: str, *more: str) -> tuple[PreparedPairs, PreparedPairs]:
    """Prepare a file with three mined negatives, and without."""
    call(f"{name}.csv", "--mine", "3", "--mine-with", model, "--data", "mined", *more)
    call(f"{name}.csv", "--data", "plain")
    return PreparedPairs.open("mined"), PreparedPairs.open("plain")


@pytest.mark.parametrize("name", ["answers", "topics", "same"])
def test_train_gets_negatives_of_its_own_and_dev_and_test_stay(here: Path, tiny_model: str, name: str) -> None:
    pairs, plain = mined(name, tiny_model)
    for split in ("dev", "test"):
        assert pairs.table(split).equals(plain.table(split))
    assert pairs.candidates() == plain.candidates()
    train = pairs.table("train")
    assert train.drop(["negatives"]).equals(plain.table("train"))
    own, rows = set(train["sentence2"].to_pylist()), train.to_pylist()
    together = {(folded(row["sentence1"]), folded(row["sentence2"])) for row in rows if row.get("label") != 0}
    chosen = [(row["sentence1"], text) for row in rows for text in row["negatives"]]
    assert len(chosen) > len(rows) / 2
    assert len(set(chosen)) == len(chosen)
    assert not [text for _, text in chosen if text not in own]
    assert not [each for each in chosen if (folded(each[0]), folded(each[1])) in together]
    assert not [row for row in rows if row.get("label") == 0 and row["negatives"]]


def test_the_manifest_says_who_mined_what_and_the_same_call_gives_the_same(here: Path, tiny_model: str) -> None:
    pairs, _ = mined("answers", tiny_model, "--mine-below", "0.9")
    again, _ = mined("answers", tiny_model, "--mine-below", "0.9")
    assert again.fingerprint == pairs.fingerprint
    said = pairs.manifest["mined"]
    assert (said["model"], said["count"], said["below"]) == (tiny_model, 3, 0.9)
    assert said["sha256"] == weights_sha256(tiny_model)
    train = pairs.table("train")
    assert said["negatives"] == sum(map(len, train["negatives"].to_pylist())) == 3 * len(train) - said["missing"]
    assert any(
        note.startswith(f"mined negatives: {said['negatives']} for") for note in pairs.manifest["table"]["notes"]
    )


def test_mined_negatives_pass_the_audit_of_a_loss_with_labels(here: Path, tiny_model: str) -> None:
    call("same.csv", "--mine", "2", "--mine-with", tiny_model, "--data", "mined")
    plan = plan_of("mined", None, None, {}, base_model=tiny_model)
    assert plan.mined
    codes = {finding.code for finding in audited(plan, quiet=True).findings}
    assert not codes & {"contradictory_labels", "duplicate_pairs", "split_leak", "label_polarity"}


@pytest.mark.parametrize(
    ("words", "messages"),
    [
        (["answers.csv", "--mine", "0"], ["mine: 0 must be at least 1"]),
        (["grades.csv", "--mine", "2"], ["mine: 2: the labels of grades are grades"]),
        (["answers.csv", "--mine-below", "0.9"], ["mine-below: 0.9: allowed: only with --mine N"]),
        (["answers.csv", "--mine-with", "x"], ["mine-with: x: allowed: only with --mine N"]),
        (
            ["answers.csv", "--mine", "2", "--mine-below", "1.5", "--mine-with", "nowhere", "--split", "x"],
            ["mine-below: 1.5 must be above 0 and at most 1", "mine-with: 'nowhere' is neither", "split: 'x' is not"],
        ),
        (["pages", "--source", "x.csv", "--as-published", "--mine", "2"], ["mine: 2: the published rule"]),
    ],
)
def test_mistakes_are_named_at_once_and_nothing_is_written(here: Path, words: list[str], messages: list[str]) -> None:
    errors = json.loads(call(*words, "--json", code=2).stdout)["errors"]
    assert len(errors) == len(messages)
    for message in messages:
        assert any(error.startswith(message) for error in errors), errors
    assert not (here / "data").exists()
