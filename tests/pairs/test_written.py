"""Test that lists and bytes written as text are refused."""

from pathlib import Path

import pytest

from audit.plan import plan_of_files
from common.mistakes import Mistakes
from pairs.from_file import task_from_file
from tests.tiny_model import build_tiny_model
from workflows.score_request import request

LISTS = "lists written as text; allowed: a text in each cell, or the lists themselves, in .jsonl or .parquet"


def file_of(folder: Path, *cells: str) -> str:
    quoted = [cell.replace('"', '""') for cell in cells]
    (folder / "x.csv").write_text("\n".join(["a,b", *(f'text {n},"{cell}"' for n, cell in enumerate(quoted))]) + "\n")
    return str(folder / "x.csv")


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("['one', \"it's\"]", LISTS),
        ('["one", null]', LISTS),
        ("['one'\n 'two']", LISTS),  # as of numpy
        ("('one', 'two')", LISTS),
        ("b'one'", "bytes written as text; allowed: the text itself, without b and quotes"),
    ],
)
def test_they_are_refused_in_every_job(tmp_path: Path, cell: str, said: str) -> None:
    file, model = file_of(tmp_path, cell, "", cell), build_tiny_model(str(tmp_path / "model"))
    for read in (
        lambda: task_from_file(file, ["a", "b"]),
        lambda: plan_of_files({"train": file}, ["a", "b"]),
        lambda: request(model, file, ["a", "b"], str(tmp_path / "out"), None, 3),
    ):
        with pytest.raises(Mistakes, match="b: .*x.csv has cells such as ") as caught:
            read()
        assert said in str(caught.value)


@pytest.mark.parametrize("cell", ["[Music]", "(see above)", '{"name": "a record"}', "[1] a note", "[", "b'", "2024"])
def test_other_texts_are_texts(tmp_path: Path, cell: str) -> None:
    assert task_from_file(file_of(tmp_path, cell, "another"), ["a", "b"])
    assert task_from_file(file_of(tmp_path, cell), ["a", "b"])
    assert task_from_file(file_of(tmp_path, "['one']", "only one of two"), ["a", "b"])
