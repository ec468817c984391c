"""Test `python -m jobs.prepare` as a user calls it."""

import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from jobs.label_options import command_line
from jobs.prepare import app
from pairs.prepared import PreparedPairs
from tasks.common.loading import load

EXAMPLE = str(Path(__file__).parents[2] / "docs" / "examples" / "beer.py")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str, code: int = 0) -> Result:
    result = CliRunner(env={"COLUMNS": "160"}).invoke(app, arguments)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


def entity_matching(path: Path) -> None:
    lines = []
    for number in range(60):
        left = f"COL Beer_Name VAL Ale {number} COL ABV VAL {number % 9}.5 % "
        lines.append(f"{left}\tCOL Beer_Name VAL Ale No {number} COL ABV VAL \t1")
        lines.append(f"{left}\tCOL Beer_Name VAL Stout {number} COL ABV VAL 5 % \t0")
    path.write_text("\n".join(lines) + "\n")


def test_a_task_is_written_to_its_own_folder_and_the_table_is_shown(here: Path) -> None:
    shown = call("invoices", "--rows", "600").stdout
    assert PreparedPairs.open(str(here / "data" / "invoices")).num_rows("train") == 216
    for expected in ("600", "0.0: 180, 1.0: 36", "Next: python -m jobs.tune invoices\n", "manifest.json", "seed 42"):
        assert expected in shown


def test_a_dry_run_shows_the_same_and_writes_nothing(here: Path) -> None:
    shown = call("invoices", "--rows", "600", "--dry-run").stdout
    assert "0.0: 180, 1.0: 36" in shown
    assert "Would write to data/invoices: train.parquet, dev.parquet, test.parquet, manifest.json" in shown
    assert not list(here.iterdir())


def test_json_is_one_line_and_nothing_else(here: Path) -> None:
    lines = call("invoices", "--rows", "600", "--seed", "7", "--data", "elsewhere", "--json").stdout.splitlines()
    assert len(lines) == 1
    said = json.loads(lines[0])
    pairs = PreparedPairs.open(str(here / "elsewhere"))
    assert said["fingerprint"] == pairs.fingerprint
    assert said["pairs"] == {split: pairs.num_rows(split) for split in pairs.splits}
    assert said["next"] == "python -m jobs.tune invoices --data elsewhere"
    assert said["seed"] == 7


def test_a_file_of_pairs_becomes_a_task_without_python(here: Path) -> None:
    rows = [f"question {number},answer {number},{number % 3 / 2}" for number in range(50)]
    (here / "pairs.csv").write_text("\n".join(["question,answer,label", *rows]))
    shown = call("pairs.csv", "--columns", "question,answer,label").stdout
    assert "Next: python -m jobs.tune pairs\n" in shown
    declaration = PreparedPairs.open("data/pairs").manifest["declaration"]
    assert (declaration["loss"], declaration["kind"], declaration["made_from"]) == ("cosine", "graded", "file")


def test_columns_of_negatives_and_the_command_for_pairs_of_them(here: Path) -> None:
    rows = [f"question {number},answer {number},other {number},third {number}" for number in range(50)]
    (here / "triplets.csv").write_text("\n".join(["anchor,positive,negative,negative_2", *rows]))
    shown = call("triplets.csv", "--columns", "anchor,positive,negative,negative_2").stdout
    said = "train 60 for 30 of 30 pairs, dev 20 for 10 of 10 pairs, test 20 for 10 of 10 pairs"
    assert f"Note: given negatives (negative, negative_2): {said}." in shown
    pairs = PreparedPairs.open("data/triplets")
    assert pairs.has_negatives("train")
    assert len(pairs.candidates() or []) == 150
    call("triplets.csv", "--negatives", "as-pairs", "--data", "data/labelled")
    assert PreparedPairs.open("data/labelled").manifest["declaration"]["loss"] == "contrastive"


def test_groups_and_dates_are_columns_of_the_file(here: Path) -> None:
    rows = [f"q{n},a{n},c{n // 5},2024-01-{n % 25 + 1:02}" for n in range(100)]
    (here / "pairs.csv").write_text("\n".join(["question,answer,customer,created", *rows]))
    shown = call("pairs.csv", "--columns", "question,answer", "--group", "customer").stdout
    assert "by group (the same customer): train 60%" in shown
    assert set(PreparedPairs.open("data/pairs").table("test")["group"].to_pylist()) <= {f"c{n}" for n in range(20)}
    shown = call("pairs.csv", "--columns", "question,answer", "--time", "created").stdout
    assert "Split by date: train 60% from 2024-01-01 to 2024-01-15, dev 20% from 2024-01-16 to 2024-01-20" in shown
    wrong = call("pairs.csv", "--columns", "question,answer", "--time", "when", "--group", "custmer", code=2).stderr
    assert "time: 'when' is not in pairs.csv" in wrong
    assert "group: 'custmer' is not in pairs.csv (did you mean customer?)" in wrong


def labelled(path: Path, labels: list[str]) -> None:
    rows = [f"question {number},answer {number},{labels[number % len(labels)]}" for number in range(60)]
    path.write_text("\n".join(["question,answer,label", *rows]))


def test_what_was_inferred_is_said_with_the_labels_that_it_follows_from(here: Path) -> None:
    labelled(here / "pairs.csv", ["0", "1"])
    said = "Loss contrastive, evaluated as binary (cosine_ap), inferred from labels 0 (30 rows), 1 (30 rows).\n"
    assert said in call("pairs.csv").stdout
    found = json.loads(call("pairs.csv", "--loss", "cosine", "--json").stdout)
    assert (found["loss"], found["kind"]) == ("cosine", "binary")
    assert found["inferred_from"] == "labels 0 (30 rows), 1 (30 rows); loss as asked for"
    assert "inferred from" not in call("invoices", "--rows", "600").stdout


@pytest.mark.parametrize(
    ("labels", "given"), [(["0", "1", "2"], ["--seed", "7"]), (["0", "2", "5"], ["--dry-run"]), (["-1", "1"], [])]
)
def test_the_command_that_a_refusal_advises_can_be_copied(here: Path, labels: list[str], given: list[str]) -> None:
    labelled(here / "my pairs.csv", labels)
    words = ["my pairs.csv", "--columns", "question,answer,label", *given]
    message = call(*words, code=2).stderr
    (command, *_) = [line for line in message.splitlines() if line.startswith("    python -m jobs.prepare ")]
    call(*shlex.split(command)[3:])
    assert command.split(" --labels")[0].split(" --scale")[0] == f"    python -m jobs.prepare {shlex.join(words)}"


@pytest.mark.parametrize("given", [["--drop-label", "0"], ["--labels", "0=1,1=1"], ["--scale=0:9", "--drop-label=0"]])
def test_one_label_that_options_leave_over_is_advised_without_them(here: Path, given: list[str]) -> None:
    labelled(here / "pairs.csv", ["0", "1"])
    message = call("pairs.csv", *given, code=2).stderr
    assert (", those of --drop-label, too:" in message) == any("drop" in word for word in given)
    command = message.splitlines()[-1].strip()
    assert command == "python -m jobs.prepare pairs.csv --columns question,answer"
    call(*shlex.split(command)[3:])


def test_an_option_that_is_advised_takes_the_place_of_one_that_is_given() -> None:
    given = ["p.csv", "--scale=0:9", "--labels", "a=1", "--drop-label", "-1", "--json"]
    line = command_line("jobs.audit", given, ["--labels", "not so=0", "--drop-label", ""])
    assert line == "python -m jobs.audit p.csv --drop-label -1 --json --labels 'not so=0' --drop-label ''"


def test_texts_and_categories_become_a_task_like_tickets(here: Path) -> None:
    rows = [f"{number},ticket {number},topic {number % 5}" for number in range(100)]
    (here / "tickets2.csv").write_text("\n".join(["id,text,intent", *rows]))
    shown = call("tickets2.csv", "--columns", "text,intent").stdout
    assert "Loss cosine, evaluated as category (macro_f1), inferred from 5 different texts in intent" in shown
    assert load("tickets2").kind == PreparedPairs.open("data/tickets2").manifest["declaration"]["kind"] == "category"
    assert "evaluated as retrieval" in call("tickets2.csv", "--columns", "text,intent", "--kind", "retrieval").stdout


@pytest.mark.parametrize(("split", "apart"), [([], ["sentence1", "sentence2"]), (["first-text"], ["sentence1"])])
def test_what_the_split_keeps_apart_can_be_chosen(here: Path, split: list[str], apart: list[str]) -> None:
    rows = [f"q{number % 37},q{number * 7 % 41 + 20},{number % 2}" for number in range(120)]
    (here / "pairs.csv").write_text("\n".join(["question,other,label", *rows]))
    shown = call("pairs.csv", *(["--split", *split] if split else [])).stdout
    assert PreparedPairs.open("data/pairs").manifest["apart"] == apart
    assert ("pairs (" in shown and "are dropped" in shown) == (not split)


def test_a_task_file_anywhere(here: Path) -> None:
    entity_matching(here / "train.txt")
    shown = call(EXAMPLE, "--source", "train.txt").stdout
    assert f"Next: python -m jobs.tune {EXAMPLE}\n" in shown
    pairs = PreparedPairs.open("data/beer")
    assert sum(pairs.num_rows(split) for split in pairs.splits) == 120
    texts = pairs.table("train").column("sentence2").to_pylist()
    assert any(text.startswith("Beer Name: Ale No ") and "ABV" not in text for text in texts)
    assert any(text.endswith("ABV: 5 %") for text in texts)


def test_the_same_file_needs_no_python_either(here: Path) -> None:
    entity_matching(here / "train.txt")
    call("train.txt", "--columns", "1,2,3")
    assert PreparedPairs.open("data/train").manifest["declaration"]["loss"] == "contrastive"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ticket"], "did you mean tickets?"),
        (["tickets"], "tickets needs --source PATH"),
        (["tickets", "--source", "missing.csv"], "missing.csv does not exist"),
        (["tickets", "--source", "x.csv", "--columns", "a,b"], "allowed: only with a file of pairs"),
        (
            ["tickets", "--source", "x.csv", "--negatives", "as-pairs"],
            "negatives: as-pairs: tickets declares",
        ),
        (["missing.csv", "--columns", "a,b"], "missing.csv does not exist"),
        (["pairs.csv", "--columns", "a,b", "--source", "x.csv"], "pairs.csv is the source itself"),
        (["invoices", "--rows", "600", "--kind", "graded"], "kind: invoices declares its loss and its labels; allowed"),
        (["missing.csv", "--columns", "a,b,c", "--scale", "5:0"], "scale: '5:0'; allowed: LOWEST:HIGHEST"),
        (["invoices", "--negatives-per-positive", "-1"], "negatives-per-positive: -1 must be at least 0"),
        (
            ["job_skills", "--source", "x.csv", "--negatives-per-positive", "2"],
            "negatives-per-positive: 2: the pairs of job_skills are given, and none are drawn",
        ),
        (["invoices", "--rows", "-5"], "rows: -5 must be at least 1"),
        (["invoices", "--source", "x.csv"], "is generated"),
        (["invoices", "--split", "text"], "split: 'text' is not one of texts, first-text"),
        (["invoices", "--split", "texts"], "split: texts: invoices has its own rule; allowed: no --split"),
        (["invoices", "--data", "mine"], "was not made by jobs.prepare"),
    ],
)
def test_mistakes_end_with_code_2_and_one_message(here: Path, arguments: list[str], message: str) -> None:
    (here / "mine").mkdir()
    (here / "mine" / "notes.txt").write_text("keep")
    result = call(*arguments, code=2)
    assert result.stdout == ""
    assert message in result.stderr
    assert result.stderr.count("error:") == 1
    assert [path.name for path in here.iterdir()] == ["mine"]
