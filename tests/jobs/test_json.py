"""Test that --json prints JSON and nothing else on standard output."""

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from audit.finding import CODES, Finding
from audit.run import Audit
from jobs import audit, common, evaluate, prepare, score, train, tune
from tests.jobs.cases import prepare_invoices

COMMANDS: list[tuple[Any, list[str]]] = [
    (audit, ["no_such_task"]),
    (evaluate, ["no/such-model", "--task", "invoices"]),
    (prepare, ["no_such_task", "--dry-run"]),
    (score, ["no/such-model", "no.csv", "--columns", "a,b", "--out", "out"]),
    (train, ["no_such_task", "--dry-run"]),
    (tune, ["no_such_task", "--dry-run"]),
]


@pytest.fixture
def data(tmp_path: Path) -> str:
    return prepare_invoices(tmp_path / "data", train=400, dev=120)


def call(job: Any, *words: str) -> tuple[int, Any, str]:
    """Return exit code, standard output parsed as JSON, and standard error."""
    done = CliRunner().invoke(job.app, [*words, "--json"])
    (line,) = done.stdout.splitlines()
    return done.exit_code, json.loads(line, parse_constant=pytest.fail), done.stderr


@pytest.mark.parametrize(("job", "words"), COMMANDS)
def test_mistakes_are_json_beside_their_text(
    job: Any, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said, err = call(job, *words)
    assert code == 2
    assert err == "".join(f"error: {message}\n" for message in said["errors"])
    assert said["errors"]


@pytest.mark.parametrize(("job", "words"), COMMANDS)
def test_a_command_line_that_cannot_be_parsed_is_json_too(job: Any, words: list[str]) -> None:
    code, said, err = call(job, *words, "--nonsense")
    assert code == 2
    assert len(said["errors"]) == 1
    assert "--nonsense" in said["errors"][0]
    assert "--nonsense" in err


@pytest.mark.parametrize("job", [train, tune])
def test_a_dry_run_is_json(job: Any, data: str, tiny_model: str, tmp_path: Path) -> None:
    run = str(tmp_path / "run")
    code, said, _ = call(job, "invoices", "--data", data, "--run", run, "--base-model", tiny_model, "--dry-run")
    assert code == 0
    assert said["pairs"] == {"train": 400, "dev": 120}
    assert (said["dry_run"], said["task"], said["steps"], said["left_out_per_epoch"]) == (True, "invoices", 200, 0)
    assert said["space"]["margin"]
    assert said["audit"]["rows"] == 520
    assert not (tmp_path / "run").exists()


def test_statistics_that_are_no_number_are_null(data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    statistic = {"a": float("nan"), "b": {"c": [np.float32("inf"), np.float32(0.5)]}, "d": np.array([1.0, np.nan])}
    found = Finding(code="shortcut", severity="warning", count=1, share=float("inf"), statistic=statistic)
    monkeypatch.setattr("workflows.preflight.audited", lambda *_, **__: Audit(rows=1, findings=(found,)))
    code, said, _ = call(audit, "invoices", "--data", data)
    assert code == 0
    (told,) = said["findings"]
    assert told["share"] is None
    assert told["statistic"] == {"a": None, "b": {"c": [None, 0.5]}, "d": [1.0, None]}


def test_errors_of_the_audit_are_its_findings(data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Finding(code="empty_text", severity="error", count=1, share=1.0)
    monkeypatch.setattr("workflows.preflight.audited", lambda *_, **__: Audit(rows=1, findings=(found,)))
    code, said, err = call(audit, "invoices", "--data", data)
    assert (code, [each["code"] for each in said["findings"]], err) == (2, ["empty_text"], "")


def test_every_job_has_its_case() -> None:
    files = [path.stem for path in Path(common.__file__).parent.glob("*.py") if "__main__" in path.read_text()]
    assert {job.__name__ for job, _ in COMMANDS} == {f"jobs.{name}" for name in files}


@pytest.mark.parametrize("secret", ["", "s3://KEYKEY:SEKRET@bucket/"])
def test_an_error_that_nobody_expected_is_json_beside_its_traceback(
    secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(f"no {secret}data")

    monkeypatch.setattr("pairs.from_file.task_of", fail)
    done = CliRunner().invoke(prepare.app, ["invoices", "--data", f"{secret}data", "--json"])
    assert done.exit_code == 1
    shown = "s3://***@bucket/" if secret else ""
    assert json.loads(done.stdout) == {"errors": [f"internal error: OSError: no {shown}data"]}
    assert isinstance(done.exception, OSError) or "Traceback" in done.stderr
    assert not secret or "OSError: no s3://***@bucket/data" in done.stderr


@pytest.mark.parametrize(("model", "code"), [(None, 1), ("run/best", 0)])
@pytest.mark.parametrize("job", [train, tune])
def test_a_run_in_which_nothing_was_trained_ends_with_exit_code_1_and_says_why(
    job: Any, model: str | None, code: int, data: str, tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = {"model": model, "error": None if model else "TypeError: no bf16"}
    name = job.__name__.rpartition(".")[2]
    module = importlib.import_module(f"workflows.{name}")
    monkeypatch.setattr(module, f"{name}_run", lambda asked, quiet: result)
    words = ("invoices", "--data", data, "--run", str(tmp_path / "run"), "--base-model", tiny_model)
    assert call(job, *words, *(word for code in CODES for word in ("--accept", code)))[:2] == (code, result)
