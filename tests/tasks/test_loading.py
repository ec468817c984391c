"""Test loading a task by name, by path, or by the folder that was prepared from a file of pairs."""

import json
from pathlib import Path

import pytest

from common.mistakes import Mistakes
from pairs import prepared
from pairs.from_file import task_from_file
from pairs.prepare import prepare
from tasks.common.loading import from_dict, from_source, load, to_dict

EXAMPLE = str(Path(__file__).parents[2] / "docs" / "examples" / "beer.py")


@pytest.fixture
def pairs_file(tmp_path: Path) -> str:
    file = tmp_path / "My pairs.csv"
    rows = [f"question {number},answer {number},{number % 2}" for number in range(40)]
    file.write_text("\n".join(["question,answer,label", *rows]))
    return str(file)


def test_an_unknown_task_names_close_ones_and_all() -> None:
    with pytest.raises(Mistakes, match=r"'ticket' is unknown \(did you mean tickets\?\).*invoices, job_skills"):
        load("ticket")


def test_a_task_is_loaded_from_a_path() -> None:
    assert load(EXAMPLE).name == "beer"


def test_a_source_text_is_enough_for_a_machine_without_the_file() -> None:
    assert from_source(Path(EXAMPLE).read_text(), "beer.py").name == "beer"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("tusk = 1", "must declare `task = Task"),
        ("task = 1", "it has int"),
        ("import nothing_like_this", "cannot be run: ModuleNotFoundError"),
        ("def", "cannot be run: SyntaxError"),
    ],
)
def test_a_file_that_declares_no_task_is_refused(tmp_path: Path, source: str, message: str) -> None:
    (tmp_path / "mine.py").write_text(source)
    with pytest.raises(Mistakes, match=message):
        load(str(tmp_path / "mine.py"))


def test_a_missing_path_is_refused() -> None:
    with pytest.raises(Mistakes, match=r"nowhere\.py does not exist"):
        load("nowhere.py")


def test_a_misfit_in_a_declaration_is_named(tmp_path: Path) -> None:
    broken = (
        Path(EXAMPLE).read_text().replace('kind="binary"', 'kind="binry"').replace("(0.6, 0.2, 0.2)", "(0.6, 0, 0)")
    )
    (tmp_path / "mine.py").write_text(broken)
    with pytest.raises(Mistakes) as caught:
        load(str(tmp_path / "mine.py"))
    assert len(caught.value.messages) == 2
    assert "'binry' is not one of binary" in caught.value.messages[0]


def test_the_task_of_a_file_survives_as_plain_values(pairs_file: str) -> None:
    task = task_from_file(pairs_file, ["question", "answer", "label"])
    assert from_dict(to_dict(task)) == task


def test_a_prepared_file_is_a_task_by_name(pairs_file: str, tmp_path: Path) -> None:
    task = task_from_file(pairs_file, ["question", "answer", "label"])
    made = prepare(task, {"train": pairs_file}, seed=1)
    folder = str(tmp_path / "data" / "my_pairs")
    prepared.write(folder, made.tables, made.manifest)
    assert load("my_pairs", folder) == task
    assert load("my_pairs", str(tmp_path / "data")) == task
    with pytest.raises(Mistakes, match="'other_pairs' is unknown"):
        load("other_pairs", folder)


def test_prepared_pairs_of_a_task_file_do_not_replace_the_file(tmp_path: Path) -> None:
    declaration = to_dict(load(EXAMPLE))
    (tmp_path / "manifest.json").write_text(json.dumps({"task": "beer", "declaration": declaration}))
    with pytest.raises(Mistakes, match="'beer' is unknown"):
        load("beer", str(tmp_path))


def test_what_code_declared_is_not_brought_back_from_plain_values() -> None:
    with pytest.raises(ValueError, match="made from code, not from a file"):
        from_dict(to_dict(load("tickets")))
