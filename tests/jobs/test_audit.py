"""Test jobs.audit, and the audit before a training."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from common.mistakes import Mistakes
from jobs import audit, prepare, train, tune
from pairs import prepared
from workflows import preflight as audited
from workflows.preflight import accepted, plan_of
from workflows.request_checks import check_request

WORDS = ["apple", "pear", "plum", "fig", "lime", "date", "kiwi", "nut"]


@pytest.fixture(autouse=True)
def _own_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def write(file: Path, rows: list[dict[str, Any]]) -> str:
    pq.write_table(pa.Table.from_pylist(rows), file)
    return str(file)


def pairs(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [
        {"a": f"{WORDS[n % 8]} {n}", "b": f"{WORDS[(n // 8) % 8]} {n + 1000}", "l": float(n % 2)}
        for n in range(start, start + count)
    ]


def run(app: Any, *words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.stdout, done.stderr


def test_a_file_is_audited_with_its_splits(tmp_path: Path, tiny_model: str) -> None:
    file, test = write(tmp_path / "train.parquet", pairs(64)), write(tmp_path / "test.parquet", pairs(64, start=60))
    words = (file, "--columns", "a,b,l", "--test-source", test, "--base-model", tiny_model)
    code, out, _ = run(audit.app, *words, "--json")
    said = json.loads(out)
    assert (code, said["rows"]) == (0, 128)
    leak = next(each for each in said["findings"] if each["code"] == "split_leak")
    assert (leak["severity"], leak["count"]) == ("warning", 4)
    code, out, _ = run(audit.app, *words)
    assert code == 0
    assert "warning  split_leak: 4 (6.2%)" in out
    assert "test row 1: " in out
    assert "to do:" in out


def test_errors_end_with_exit_code_2_unless_accepted(tmp_path: Path, tiny_model: str) -> None:
    file = write(tmp_path / "train.parquet", [*pairs(64), {"a": "", "b": "x", "l": 1.0}])
    words = (file, "--columns", "a,b,l", "--base-model", tiny_model)
    assert run(audit.app, *words)[0] == 2
    assert run(audit.app, *words, "--accept", "empty_text")[0] == 0
    code, _, err = run(audit.app, *words, "--accept", "empty_texts")
    assert code == 2
    assert "accept: empty_texts; allowed: record_as_text, null_value" in err


def test_a_code_that_is_none_is_told_before_the_data_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "train.parquet", pairs(64))
    monkeypatch.setattr("workflows.preflight.audited", None)
    code, _, err = run(audit.app, file, "--columns", "a,b,l", "--accept", "empty_texts")
    assert (code, "accept: empty_texts" in err) == (2, True)


def test_a_label_that_is_missing_leaves_the_loss_as_the_others_say(tmp_path: Path) -> None:
    plan = plan_of(write(tmp_path / "train.parquet", [*pairs(64), {"a": "x", "b": "y", "l": None}]), None, "a,b,l", {})
    assert plan.loss == "contrastive"


def codes_of(*words: str) -> dict[str, Any]:
    code, out, _ = run(audit.app, *words, "--json")
    assert code in (0, 2)
    return {each["code"]: each for each in json.loads(out)["findings"]}


@pytest.mark.parametrize("labels", [["no", "yes"], [0, 1, 2], [0.0, 2.5, 5.0], [-1, 0, 1]])
def test_labels_that_mean_something_else_are_asked_about_here_too(tmp_path: Path, labels: list[Any]) -> None:
    file = write(tmp_path / "train.parquet", [{**row, "l": labels[n % len(labels)]} for n, row in enumerate(pairs(60))])
    code, _, err = run(audit.app, file, "--columns", "a,b,l")
    assert code == 2
    assert f"    python -m jobs.audit {file} --columns a,b,l --" in err


def test_slips_are_left_to_the_findings(tmp_path: Path, tiny_model: str) -> None:
    rows = [*pairs(300), {"a": "x", "b": "y", "l": 7.0}]
    found = codes_of(write(tmp_path / "train.parquet", rows), "--columns", "a,b,l", "--base-model", tiny_model)
    assert found["label_range"]["count"] == 1


def test_a_raw_file_is_audited_as_its_labels_are_read(tmp_path: Path, tiny_model: str) -> None:
    rows = [{**row, "l": ("no", "yes", "?")[n % 3]} for n, row in enumerate(pairs(90))]
    rows[4]["b"] = ""
    words = (write(tmp_path / "train.parquet", rows), "--columns", "a,b,l", "--base-model", tiny_model)
    found = codes_of(*words, "--labels", "yes=1,no=0", "--drop-label", "?")
    assert list(found) == ["empty_text"]
    assert found["empty_text"]["examples"][0]["row"] == 5
    assert "single_label" in codes_of(*words, "--labels", "yes=1,no=1", "--drop-label", "?")
    found = codes_of(*words, "--labels", "yes=1,no=0", "--drop-label", "?", "--loss", "ranking")
    assert list(found) == ["empty_text"]
    assert found["empty_text"]["examples"][0]["row"] == 5
    assert run(audit.app, "tickets", "--scale", "0:5")[2].startswith("error: scale: tickets is prepared; allowed: only")


def test_a_raw_file_of_texts_and_categories_is_audited_as_one(tmp_path: Path) -> None:
    rows = [{"text": f"{WORDS[n % 8]} {n}", "intent": f"topic {n % 4}"} for n in range(80)]
    file = write(tmp_path / "train.parquet", rows)
    plan = plan_of(file, None, "text,intent", {})
    assert (plan.loss, plan.kind) == ("cosine", "category")
    assert codes_of(file, "--columns", "text,intent") == {}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nowhere",), "task: 'nowhere' is unknown"),
        (("tickets",), "data: data/tickets has no manifest.json"),
        (("gone.csv", "--columns", "a,b"), "gone.csv does not exist"),
        (("tickets", "--test-source", "x.csv"), "source: x.csv: tickets is prepared"),
        (("tickets", "--global-batch-size", "0"), "global_batch_size: 0 must be at least 1"),
        (("gone.csv", "--columns", "a,b", "--global-batch-size", "-1"), "global_batch_size: -1 must be at least 1"),
        (("gone.csv", "--data", "other"), "data: other: gone.csv is a file of pairs"),
        (("published", "--data", "published"), "data: published: published is a folder of prepared pairs"),
    ],
)
def test_what_cannot_be_audited(
    words: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    as_published(tmp_path)
    code, _, err = run(audit.app, *words)
    assert code == 2
    assert message in err


def as_published(tmp_path: Path) -> str:
    """Prepare pages as published, whose texts are records, and return the folder."""
    rows = "".join(f"page {n % 4},t,chunk {n}\n" for n in range(40))
    (tmp_path / "pages.csv").write_text("page_name,section_title,text_chunk\n" + rows)
    data = str(tmp_path / "published")
    words = ("pages", "--source", str(tmp_path / "pages.csv"), "--as-published", "--data", data)
    code, out, _ = run(prepare.app, *words)
    assert code == 0
    assert f"python -m jobs.audit {data}" in out
    return data


def test_only_errors_stop_a_training(tmp_path: Path) -> None:
    asked = plan_of(as_published(tmp_path), None, None, {}, global_batch_size=10_000)
    with pytest.raises(Mistakes) as caught:
        accepted(asked, ["record_as_text", "one_sided_labels"], with_model=False, quiet=True)
    assert [message.split(":")[1].strip() for message in caught.value.messages] == ["too_small"]


@pytest.mark.parametrize(("dry_run", "asked"), [(False, True), (True, False)])
def test_the_base_model_is_asked_but_for_a_dry_run(dry_run: bool, asked: bool, tmp_path: Path, tiny_model: str) -> None:
    long = [{**row, "a": f"{row['a']} {' '.join(WORDS * 40)}"} for row in pairs(120)]
    source, data = write(tmp_path / "fruit.parquet", long), str(tmp_path / "data")
    assert run(prepare.app, source, "--columns", "a,b,l", "--data", data)[0] == 0
    given = {"data": data, "run": str(tmp_path / "run"), "base_model": tiny_model}
    found = check_request({"task": "fruit", **given}, dry_run=dry_run, quiet=True, single=True).audit
    assert ("truncated" in [each.code for each in found.findings]) == asked


def test_tokens_beyond_the_models_own_length_are_read_where_the_user_says_so(tmp_path: Path, tiny_model: str) -> None:
    long = [{**row, "a": f"{row['a']} {' '.join(WORDS)}"} for row in pairs(120)]
    source = write(tmp_path / "fruit.parquet", long)
    words = (source, "--columns", "a,b,l", "--base-model", tiny_model, "--json")
    for more, codes in (
        ((), []),
        (("--set", "max_length=8"), ["truncated"]),
        (("--prompt1", "apple " * 503), ["truncated"]),
    ):
        found = json.loads(run(audit.app, *words, *more)[1])["findings"]
        assert [each["code"] for each in found if each["code"] == "truncated"] == codes
    said = run(audit.app, *words[:-1], "--prompt1", "q: ")[1]
    assert "Note: prompts: 'q: ' before each first text, '' before each second." in said
    code, _, err = run(audit.app, *words, "--prompt1", "apple " * 600)
    assert (code, err.count("error: ")) == (2, 1)
    assert "has 602 tokens, and 512 are read, so no token of a text is" in err
    for wrong in ("max_length=513", "max_length=8,16", "max_length=many", "max_length=0", "epochs=3"):
        code, _, err = run(audit.app, *words, "--set", wrong)
        assert code == 2
        assert "max_length" in err


def test_one_pass_over_the_data_is_enough_where_nothing_else_is_wrong(
    tmp_path: Path, tiny_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, data = write(tmp_path / "fruit.parquet", pairs(120)), str(tmp_path / "data")
    assert run(prepare.app, source, "--columns", "a,b,l", "--data", data)[0] == 0
    passes: list[bool] = []

    def counted(*given: Any, with_model: bool, **more: Any) -> Any:
        passes.append(with_model)
        return audited.accepted(*given, with_model=with_model, **more)

    monkeypatch.setattr("workflows.request_checks.accepted", counted)
    how: dict[str, Any] = {"dry_run": False, "quiet": True, "single": True}
    given = {"task": "fruit", "data": data, "base_model": tiny_model}
    check_request({**given, "run": str(tmp_path / "run")}, **how)
    assert passes == [True]
    with pytest.raises(Mistakes, match="margin"):
        check_request({**given, "run": str(tmp_path / "other"), "set": ["margin=9"]}, **how)
    assert passes == [True, False]


@pytest.mark.parametrize("job", [train, tune])
def test_a_training_on_records_ends_before_it_starts(job: Any, tmp_path: Path) -> None:
    data = as_published(tmp_path)
    code, _, err = run(job.app, "pages", "--data", data, "--run", str(tmp_path / "run"))
    assert code == 2
    assert "data: record_as_text: " in err
    assert "--accept record_as_text" in err
    assert not (tmp_path / "run").exists()


def test_prepared_pairs_know_which_texts_their_split_keeps_apart(tmp_path: Path, tiny_model: str) -> None:
    source = write(tmp_path / "fruit.parquet", pairs(300))
    data = str(tmp_path / "data")
    assert run(prepare.app, source, "--columns", "a,b,l", "--data", data)[0] == 0
    code, out, _ = run(audit.app, data, "--base-model", tiny_model, "--json")
    assert code == 0
    assert "split_leak" not in out
    train_rows = pq.read_table(f"{data}/train.parquet")
    pq.write_table(train_rows.slice(0, 90), f"{data}/dev.parquet")
    assert "dev.parquet was changed since" in run(audit.app, data)[2]
    tables = {"train": train_rows, "dev": train_rows.slice(0, 90)}
    prepared.write(data, tables, json.loads(Path(data, "manifest.json").read_text()))
    code, out, _ = run(audit.app, data, "--base-model", tiny_model, "--json")
    assert code == 2
    assert [each["severity"] for each in json.loads(out)["findings"] if each["code"] == "split_leak"] == ["error"]


def test_lists_and_negatives_of_a_file_and_of_what_is_prepared_of_it(tmp_path: Path, tiny_model: str) -> None:
    rows = [{"q": f"question {n}", "pos": [f"answer {n}", f"reply {n}"], "neg": [f"other {n}"]} for n in range(40)]
    file = write(tmp_path / "lists.parquet", rows)
    words = ("--columns", "q,pos,neg", "--base-model", tiny_model, "--json")
    code, out, _ = run(audit.app, file, *words)
    said = json.loads(out)
    assert (code, said["rows"]) == (0, 80)
    assert not [each for each in said["findings"] if each["severity"] == "error"]
    assert run(prepare.app, file, "--columns", "q,pos,neg", "--data", str(tmp_path / "data"))[0] == 0
    code, out, _ = run(audit.app, str(tmp_path / "data"), "--base-model", tiny_model, "--json")
    assert (code, json.loads(out)["rows"]) == (0, 80)


def test_a_record_among_negatives_is_an_error(tmp_path: Path, tiny_model: str) -> None:
    rows: list[dict[str, Any]] = [
        {"q": f"question {n}", "p": f"answer {n}", "neg": [{"text": "x"}] if n == 7 else []} for n in range(40)
    ]
    rows[3]["p"] = ["one answer", "another"]
    (tmp_path / "records.jsonl").write_text("\n".join(map(json.dumps, rows)))
    words = ("--columns", "q,p,neg", "--base-model", tiny_model)
    code, out, _ = run(audit.app, str(tmp_path / "records.jsonl"), *words)
    assert code == 2
    assert "record_as_text: 1" in out
    assert "train row 8" in out


def test_groups_of_a_file_that_stand_in_two_splits_are_a_leak(tmp_path: Path, tiny_model: str) -> None:
    rows = [each | {"customer": number % 70} for number, each in enumerate(pairs(140))]
    train, test = write(tmp_path / "train.parquet", rows[:100]), write(tmp_path / "test.parquet", rows[100:])
    words = (train, "--columns", "a,b,l", "--test-source", test, "--base-model", tiny_model, "--json")
    found = {code["code"]: code for code in json.loads(run(audit.app, *words)[1])["findings"]}
    assert "split_leak" not in found
    found = {code["code"]: code for code in json.loads(run(audit.app, *words, "--group", "customer")[1])["findings"]}
    assert (found["split_leak"]["count"], found["split_leak"]["statistic"]["train-test"]["groups"]) == (40, 40)
    code, _, error = run(audit.app, "tickets", "--group", "customer", "--base-model", tiny_model)
    assert code == 2
    assert "group: customer: tickets is prepared and has its groups; allowed: only with a file of pairs" in error
