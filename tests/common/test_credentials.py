"""Test that key and secret of an address open the store and are never printed or stored."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec  # type: ignore[import-untyped]
import pytest
from typer.testing import CliRunner

from common import credentials, storage
from common.credentials import put_back, scrubbed, taken_out
from common.mistakes import Mistakes
from jobs import audit, common, evaluate, prepare, score, train, tune

GIVEN = [
    ("s3://KEYKEY:SEKRET@bucket/a/b", "s3://bucket/a/b"),
    ("s3://KEYKEY:SEK%2FRET@bucket", "s3://bucket"),
    ("s3://KEYKEY:SEK@RET@bucket/a", "s3://bucket/a"),
    ("s3://bucket/a?access_key=KEYKEY&region=eu&secret_key=SEKRET", "s3://bucket/a?region=eu"),
    ("s3://KEYKEY:SEKRET@bucket/a?region=eu&session_token=SEKRET", "s3://bucket/a?region=eu"),
    ("gs://bucket/a@b:c", "gs://bucket/a@b:c"),
    ("abfs://container@account.net/a", "abfs://container@account.net/a"),
    ("abfs://container@account.net/a?SAS=SEKRET&sig=SEKRET", "abfs://container@account.net/a"),
    ("s3://KEYKEY%3ASEKRET@bucket/a", "s3://bucket/a"),
    ("s3://bucket/a?endpoint_override=http://KEYKEY:SEKRET@host:9000", "s3://bucket/a"),
    ("s3://bucket/a?endpoint_override=http%3A%2F%2FKEYKEY:SEKRET%40host&region=eu", "s3://bucket/a?region=eu"),
    ("s3://bucket/a?endpoint_override=http://host:9000", "s3://bucket/a?endpoint_override=http://host:9000"),
    ("s3://bucket/a?s%65cret=SEKRET&Password=SEKRET&region=eu;token=SEKRET", "s3://bucket/a"),
    ("s3://host:9000/bucket/a", "s3://host:9000/bucket/a"),
    ("data/a:b@c?d", "data/a:b@c?d"),
]


@pytest.fixture(autouse=True)
def _own_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_credentials", {})
    monkeypatch.setattr(credentials, "_secrets", set())


@pytest.mark.parametrize(("given", "clean"), GIVEN)
def test_what_is_taken_out_is_put_back(given: str, clean: str) -> None:
    assert taken_out(given) == clean
    assert sorted(re.split("[?&]", put_back(clean))) == sorted(re.split("[?&]", given))
    assert put_back("s3://other/a") == "s3://other/a"
    assert "RET" not in scrubbed(given)


@pytest.mark.parametrize(
    "given",
    [
        *("s3://KEYKEY:SEK/RET@bucket/a", "s3://KEYKEY:SEK?RET@bucket", "s3://KEYKEY:SEK#RET@bucket/a"),
        *("s3://KEYKEY:/SEKRET@bucket/a", "s3://KEYKEY:12/SEKRET@bucket/a", "s3://KEYKEY%3ASEK/RET@bucket"),
        *("s3://KEYKEY:SE@K/RET@bucket/a", "s3://KEYKEY:SEK@bucket/a@b"),
    ],
)
def test_a_secret_whose_end_is_not_known_is_refused_without_being_shown(given: str) -> None:
    with pytest.raises(Mistakes) as caught:
        taken_out(given)
    assert "KEYKEY" not in str(caught.value)
    assert "SEK" not in str(caught.value)
    assert "SEK" not in scrubbed(given)


def test_a_second_key_for_a_bucket_is_refused_and_neither_is_shown() -> None:
    for _ in range(2):
        taken_out("s3://KEYKEY:FIRST@bucket/a")
    with pytest.raises(Mistakes, match="address: s3://bucket was given with two different keys"):
        taken_out("s3://KEYKEY:SECOND@bucket/b")
    assert scrubbed("FIRST SECOND") == "*** ***"
    taken_out("s3://KEYKEY:SECOND@other/b")


def test_what_others_say_of_an_address_is_scrubbed() -> None:
    taken_out("s3://KEYKEY:SEK%2FRET@bucket/a?session_token=TOKEN")
    assert scrubbed("no s3://KEYKEY:SEK%2FRET@bucket, nor SEK/RET, nor TOKEN") == "no s3://***@bucket, nor ***, nor ***"


def test_a_query_stays_at_the_end_of_an_address() -> None:
    assert storage.join("s3://bucket/a/?region=eu", "b") == "s3://bucket/a/b?region=eu"
    assert storage.join("a?b", "c") == "a?b/c"


def test_s3_is_opened_with_both() -> None:
    clean = taken_out("s3://KEYKEY:SEKRET@bucket/a?region=eu-west-1")
    file_system, path = storage.locate(storage.join(clean, "b"))
    assert path == "bucket/a/b"
    assert "SEKRET" in str(file_system.__reduce__())


@pytest.fixture
def secret_place(tmp_path: Path) -> Iterator[str]:
    """Yield an address with key and secret of an empty store in memory."""
    fsspec.filesystem("memory").rm("/", recursive=True)
    yield f"fsspec+memory://KEYKEY:SEKRET@bucket{tmp_path}"
    fsspec.filesystem("memory").rm("/", recursive=True)


def run_job(job: Any, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(job.app, list(words))
    return result.exit_code, result.output + (repr(result.exception) if result.exit_code == 1 else "")


def test_no_job_says_them(secret_place: str, tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data, run = f"{secret_place}/data", ["--run", str(tmp_path / "run"), "--base-model", tiny_model]
    calls: list[tuple[Any, list[str], int]] = [
        (train, ["invoices", "--data", data, *run], 2),
        (prepare, ["invoices", "--rows", "600", "--data", data], 0),
        (prepare, ["invoices", "--rows", "600", "--data", data, "--json"], 0),
        (prepare, ["pages", "--source", f"{data}/gone.csv"], 2),
        (train, ["invoices", "--data", data, *run, "--dry-run"], 0),
        (tune, ["invoices", "--data", data, *run, "--dry-run", "--json"], 0),
        (tune, ["invoices", "--data", data, "--run", f"{secret_place}/run"], 2),
        (tune, ["pages", "--data", data, *run], 2),
        (evaluate, [tiny_model, "--task", "invoices", "--data", data], 0),
        (evaluate, [tiny_model, "--task", "invoices", "--data", data, "--json"], 0),
        (evaluate, [f"{data}/model", "--data", data], 2),
        (audit, [data, "--base-model", tiny_model], 0),
        (audit, ["invoices", "--data", data, "--base-model", tiny_model, "--json"], 0),
        (score, [tiny_model, f"{data}/gone.csv", "--columns", "a,b", "--out", f"{data}/out"], 2),
        (score, [tiny_model, f"{data}/train.parquet", "--columns", "a,b", "--out", f"{data}/out"], 2),
    ]
    for job, words, code in calls:
        exit_code, output = run_job(job, *words)
        assert exit_code == code, (job, words, output)
        assert not [secret for secret in ("KEYKEY", "SEKRET") if secret in output], (job, words, output)
    assert not (tmp_path / "run").exists()
    assert {job for job, *_ in calls} == {audit, evaluate, prepare, score, train, tune}


@pytest.mark.parametrize("job", [audit, evaluate, prepare, score, train, tune])
@pytest.mark.parametrize("secret", ["KEYKEY:SEKRET", "KEYKEY:SEK/RET", "KEYKEY:/SEKRET", "KEYKEY:12/SEKRET"])
@pytest.mark.parametrize("words", [(), ("--nonsense",), ("--seed", "{}"), ("--accept", "{}"), ("--set", "{}")])
def test_a_command_line_that_is_wrong_does_not_say_them(job: Any, secret: str, words: tuple[str, ...]) -> None:
    address = f"s3://{secret}@bucket/data.csv"
    for as_json in ([], ["--json"]):
        code, output = run_job(job, "tickets", address, address, *(word.format(address) for word in words), *as_json)
        assert code == 2
        assert not [part for part in ("SEK", "RET@") if part in output], output


@pytest.mark.parametrize("option", ["--accept", "--set"])
def test_options_that_may_be_given_again_are_clean_too(option: str, tmp_path: Path) -> None:
    address = "s3://KEYKEY:SEKRET@bucket/x"
    code, output = run_job(tune, "tickets", "--data", str(tmp_path), option, address)
    assert code == 2
    assert "SEKRET" not in output
    if option == "--accept":
        assert "accept: s3://bucket/x; allowed" in output


def test_an_unexpected_error_is_printed_without_them() -> None:
    app = common.new_app("")

    @app.command()
    @common.reporting_mistakes
    def command(data: str) -> None:
        raise OSError(f"cannot open {put_back(data)}")

    result = CliRunner().invoke(app, ["s3://KEYKEY:SEKRET@bucket/a"])
    assert result.exit_code == 1
    assert "OSError: cannot open s3://***@bucket/a" in result.stderr
    assert "SEKRET" not in result.output
