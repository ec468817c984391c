"""Test that folders and paths that cannot be created are named before any computation."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from common import storage
from common.mistakes import Mistakes
from jobs import audit, evaluate, prepare, score, train, tune
from tests.jobs.cases import prepare_invoices

Job = tuple[Any, Callable[[str, str, str], list[str]]]
WRITERS: dict[str, Job] = {
    "data": (prepare, lambda place, data, model: ["invoices", "--rows", "600", "--data", place]),
    "run": (tune, lambda place, data, model: ["invoices", "--data", data, "--base-model", model, "--run", place]),
    "run of train": (
        train,
        lambda place, data, model: ["invoices", "--data", data, "--base-model", model, "--run", place, "--dry-run"],
    ),
    "out": (score, lambda place, data, model: [model, f"{data}/../a.csv", "--columns", "a,b", "--out", place]),
}
READERS: dict[str, Job] = {
    "data": (audit, lambda place, data, model: ["invoices", "--data", place]),
    "base model": (tune, lambda place, data, model: ["invoices", "--data", data, "--base-model", place, "--dry-run"]),
    "model": (evaluate, lambda place, data, model: [place, "--data", data]),
    "task": (evaluate, lambda place, data, model: [model, "--task", place, "--data", data]),
    "file": (score, lambda place, data, model: [model, f"{place}.csv", "--columns", "a,b", "--out", "out"]),
    "candidates": (
        score,
        lambda place, data, model: [
            *(model, f"{data}/../a.csv", "--columns", "a", "--out", "out", "--candidates", place)
        ],
    ),
    "task's file": (tune, lambda place, data, model: [f"{place}.py", "--data", data]),
}


@pytest.fixture
def said(tmp_path: Path, tiny_model: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[Job, str], str]:
    """Return a job's message on a path."""
    monkeypatch.chdir(tmp_path)
    data = prepare_invoices(tmp_path / "data", train=40, dev=20)
    (tmp_path / "a.csv").write_text("a,b\none,two\n")
    (tmp_path / "file").touch()
    monkeypatch.setattr("workflows.score.score_run", lambda *_, **__: pytest.fail("scored"))

    def call(job: Job, place: str) -> str:
        module, words = job
        done = CliRunner().invoke(module.app, words(place, data, tiny_model))
        assert done.exit_code == 2, (place, done.output, done.exception)
        return done.stderr

    return call


@pytest.mark.parametrize("name", WRITERS)
def test_a_folder_that_cannot_be_made_is_named(name: str, said: Callable[[Job, str], str], tmp_path: Path) -> None:
    option = name.partition(" ")[0]
    file = tmp_path / "file"
    for place in (f"{file}/below", f"{file}/below/it"):
        assert f"{option}: {place} cannot be created: {file} is a file" in said(WRITERS[name], place)
    assert str(file) in said(WRITERS[name], str(file))
    for place in ("n" * 300, f"{tmp_path}/{'/'.join(['n' * 200] * 30)}"):
        assert "name too long" in said(WRITERS[name], place)
    assert "holds a character that no path has; allowed: UTF-8 without NUL" in said(WRITERS[name], "a\0b")


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("place", ["n" * 300, "a\0b", "\ud800", "file/below", "~nobody-here/x"])
def test_a_path_to_read_that_none_can_have_is_named(name: str, place: str, said: Callable[[Job, str], str]) -> None:
    assert said(READERS[name], place).startswith("error: ")


def test_a_folder_that_is_not_writable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)  # root may write everywhere
    with pytest.raises(Mistakes, match=f"data: {tmp_path}/a/b cannot be created: {tmp_path} is not writable"):
        storage.refuse_unmakeable("data", f"{tmp_path}/a/b")
