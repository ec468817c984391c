"""A user's mistake ends in exit code 2 and one message with name, value and what is allowed; nothing starts."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from audit.finding import CODES
from common.mistakes import Mistakes
from files.read import read
from jobs import audit, evaluate, prepare, score, train, tune
from pairs import prepared
from tasks.common.declaration import Layout
from tests.jobs.cases import prepare_invoices
from tests.trainers.cases import rows
from workflows.dry_run import describe
from workflows.request_checks import check_request

RUNNER = CliRunner()


@pytest.fixture
def data(tmp_path: Path) -> str:
    return prepare_invoices(tmp_path / "data", train=20, dev=10)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--trials", "0"], "trials: 0 is not allowed"),
        (["--minutes", "-1"], "minutes: -1"),
        (["--minutes", "nan"], "minutes: nan is not allowed"),
        (["--minutes", "inf"], "minutes: inf is not allowed: input should be less than or equal to 527040"),
        (["--seed", "-1"], "seed: -1 is not allowed"),
        (["--seed", str(2**64)], f"seed: {2**64} is not allowed: input should be less than 4294967296"),
        (["--repeat-seeds", "-1"], "repeat-seeds: -1 is not allowed"),
        (
            ["--repeat-seeds", "4294967296"],
            "repeat-seeds: 4294967296 is not allowed: input should be less than or equal to 1000",
        ),
        (["--concurrent", "0"], "concurrent: 0 is not allowed"),
        (["--cpus-per-worker", "0"], "cpus-per-worker: 0 is not allowed"),
        (["--set", "epochs=nan"], "set: 'epochs=nan' holds 'nan', which is not a finite number"),
        (["--set", "learning_rate=inf"], "holds 'inf', which is not a finite number"),
        (["--set", "learning_rate=1e400"], "holds '1e400', which is not a finite number"),
        (["--set", "learning_rate=-1e-5"], "learning_rate: -1e-05 must be above 0"),
        (["--set", "margin=nan"], "holds 'nan', which is not a finite number"),
        (["--set", "margin=0.2:nan"], "holds 'nan', which is not a finite number"),
        (["--set", "margin="], "'margin=' is not NAME=VALUE"),
        (["--set", "margin=0.2,"], "holds '', which is not a finite number"),
        (["--threshold", "precision=98"], "threshold: 'precision=98' is not allowed: input should be f1, precision="),
        (["--threshold", "recal=0.9"], "threshold: 'recal=0.9' is not allowed"),
        (["--workers", "0"], "workers: 0 is not allowed"),
        (["--precision", "fp8"], "precision: 'fp8'"),
        (["--scheduler", "pbt"], "scheduler: 'pbt' is not allowed: input should be 'asha' or 'fifo'"),
        (["--set", "margin=0.8:0.2"], "margin=0.8:0.2"),
        (["--set", "global_batch_size=9", "--workers", "2"], "9 must be a multiple of workers (2)"),
        (["--set", "global_batch_size=64"], "64 is more than the 20 training pairs"),
        (["--base-model", "no/such-model"], "'no/such-model' is neither a folder here"),
        (["--data", "/no/such/folder"], "/no/such/folder does not exist"),
    ],
)
def test_a_search_names_the_mistake(data: str, tmp_path: Path, arguments: list[str], said: str) -> None:
    command = ["invoices", "--data", data, "--run", str(tmp_path / "run"), *arguments]
    result = RUNNER.invoke(tune.app, command)
    assert result.exit_code == 2, result.output
    assert said in result.output
    assert "Traceback" not in result.output


def test_all_mistakes_are_told_at_once(data: str, tmp_path: Path) -> None:
    used = tmp_path / "used"
    used.mkdir()
    (used / "result.json").touch()
    command = ["invoices", "--data", data, "--run", str(used), "--set", "scale=3", "--base-model", "no/model"]
    result = RUNNER.invoke(tune.app, [*command, "--trials", "0"])
    assert result.exit_code == 2
    for said in ("trials: 0", "is not empty", "'scale=3' is not NAME=VALUE", "'no/model'"):
        assert said in result.output


def test_an_unknown_task_is_told_its_neighbours(tmp_path: Path) -> None:
    result = RUNNER.invoke(train.app, ["invoice", "--run", str(tmp_path / "run")])
    assert result.exit_code == 2
    assert "invoices" in result.output


def test_pairs_without_labels_do_not_suit_a_loss_that_needs_them(tmp_path: Path) -> None:
    tables = {"train": rows(20, "ranking"), "dev": rows(10, "cosine", seed=1)}
    manifest = {"task": "invoices", "fingerprint": prepared.fingerprint(tables), "declaration": {"kind": "binary"}}
    prepared.write(str(tmp_path / "data"), tables, manifest)
    result = RUNNER.invoke(train.app, ["invoices", "--data", str(tmp_path / "data"), "--run", str(tmp_path / "run")])
    assert result.exit_code == 2
    said = "has neither labels nor given negatives; the contrastive loss reads labels; allowed: pairs prepared by this"
    assert said in result.output
    assert f"    python -m jobs.prepare invoices --data {tmp_path}/data" in result.output


@pytest.mark.parametrize("job", [train, tune, audit])
def test_pairs_of_another_task_are_refused(job: Any, data: str, tmp_path: Path) -> None:
    command = ["pages", "--data", data] + ([] if job is audit else ["--run", str(tmp_path / "run")])
    result = RUNNER.invoke(job.app, command)
    assert result.exit_code == 2
    assert result.stderr == f"error: task: 'pages', but {data} holds the pairs of 'invoices'; give its own --data\n"
    assert not (tmp_path / "run").exists()


def test_a_choice_is_no_single_training(data: str, tmp_path: Path) -> None:
    command = ["invoices", "--data", data, "--run", str(tmp_path / "run"), "--set", "margin=0.2,0.4"]
    result = RUNNER.invoke(train.app, command)
    assert result.exit_code == 2
    assert "is a choice; a single training needs one value" in result.output


def test_a_dry_run_says_what_would_happen_and_does_nothing(data: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    result = RUNNER.invoke(tune.app, ["invoices", "--data", data, "--run", str(run), "--dry-run"])
    assert result.exit_code == 0, result.output
    for said in (
        "pairs: 20 train, 10 dev",
        "4 epochs x 2 steps of 8 pairs = 8; 4 pairs",
        "margin: 0.2 to 0.9",
        "the baseline settings first, weak ones stopped early",
        str(run),
    ):
        assert said in result.output
    assert not run.exists()


@pytest.mark.parametrize(
    ("kind", "label", "said"),
    [
        ("binary", 0.0, "label: 0.0 in the scored pairs, average precision needs both 0 and 1"),
        ("binary", 1.0, "label: 1.0 in the scored pairs"),
        ("graded", 0.5, "label: only 0.5 in the scored pairs"),
        ("binary", None, "columns: ['label'] missing for kind 'binary'"),
    ],
)
def test_a_test_that_cannot_be_judged_is_told_before_the_first_step(
    kind: str, label: float | None, said: str, tiny_model: str, tmp_path: Path
) -> None:
    test = rows(30, "ranking", seed=2)
    if label is not None:
        test = test.add_column(2, "label", pa.array([label] * 30, pa.float32()))
    tables = {"train": rows(400, "cosine"), "dev": rows(120, "cosine", seed=1), "test": test}
    task = {"binary": "invoices", "graded": "nli"}[kind]
    manifest = {"task": task, "fingerprint": prepared.fingerprint(tables), "declaration": {"kind": kind}}
    prepared.write(str(tmp_path / "data"), tables, manifest)
    given: Any = {"data": str(tmp_path / "data"), "run": str(tmp_path / "run"), "base_model": tiny_model}
    asked = check_request({"task": task, "accept": list(CODES), **given}, dry_run=True, quiet=True)
    (line,) = asked.warnings()
    assert line.startswith(f"warning: test cannot be evaluated, the verdict rests on dev alone: {said}")
    assert line in asked.lines()
    assert line in describe(asked)
    assert asked.to_dict()["unjudged"] == list(asked.unjudged)


@pytest.mark.parametrize(
    ("margin", "said"),
    [("0.5", "one trial: every setting is fixed"), ("0.4,0.5,0.6", "3 trials: the space has no more")],
)
def test_a_small_space_is_not_tried_again_and_again(data: str, tmp_path: Path, margin: str, said: str) -> None:
    fixed = {"learning_rate": "2e-5", "global_batch_size": "8", "warmup_ratio": "0.1", "margin": margin}
    narrowed = [word for name, value in fixed.items() for word in ("--set", f"{name}={value}")]
    command = ["invoices", "--data", data, "--run", str(tmp_path / "run"), "--dry-run", *narrowed]
    result = RUNNER.invoke(tune.app, command)
    assert result.exit_code == 0, result.output
    assert said in result.output
    assert f"trials: {len(margin.split(','))}, as many" in result.output


def test_neither_torch_nor_ray_is_imported_for_a_mistake() -> None:
    code = (
        "import sys; sys.argv = ['tune', 'no_such_task']\n"
        "from jobs.tune import app\n"
        "try: app()\n"
        "except SystemExit as end: assert end.code == 2\n"
        "assert not {'torch', 'ray', 'sentence_transformers'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def refused(job: Any, *words: str) -> str:
    """Return a job's message on a mistake."""
    result = RUNNER.invoke(job.app, list(words))
    assert result.exit_code == 2, (words, result.output, result.exception)
    return result.stderr


GOOD_ROW = '{"a": "one", "b": "two"}'


@pytest.mark.parametrize("job", [prepare, audit])
@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ('["a", "b"]', "is an array, and the first is an object|is an object, and the first is an array"),
        *((bad, "not an object with") for bad in ("null", "3", '"a b"')),
    ],
)
def test_json_lines_that_are_no_objects_are_refused(job: Any, bad: str, said: str, tmp_path: Path) -> None:
    for lines in ([bad, GOOD_ROW], [GOOD_ROW, bad]):
        (tmp_path / "rows.jsonl").write_text("\n".join(lines))
        for columns in ([], ["--columns", "a,b"]):
            assert re.search(said, refused(job, str(tmp_path / "rows.jsonl"), *columns))


@pytest.mark.parametrize("job", [prepare, audit])
def test_json_lines_that_are_nested_too_deeply_are_refused(job: Any, tmp_path: Path) -> None:
    for lines in (["[" * 100_000], [GOOD_ROW, "[" * 100_000]):
        (tmp_path / "rows.jsonl").write_text("\n".join(lines))
        assert "nested too deeply" in refused(job, str(tmp_path / "rows.jsonl"), "--columns", "a,b")


@pytest.mark.parametrize("job", [prepare, audit])
@pytest.mark.parametrize(("header", "columns"), [("a,b,a", "a,b"), ("a,b,c,b", "a,b"), ("a,b,l,l", "a,b,l")])
def test_a_column_that_a_file_has_twice_is_refused(job: Any, header: str, columns: str, tmp_path: Path) -> None:
    row = ",".join("0" for _ in header.split(","))
    (tmp_path / "twice.csv").write_text(f"{header}\n{row}\n")
    assert "two columns called" in refused(job, str(tmp_path / "twice.csv"), "--columns", columns)


def test_a_raw_file_and_one_to_score_may_not_have_a_column_twice(tmp_path: Path, tiny_model: str) -> None:
    (tmp_path / "raw.csv").write_text("text,category,text\n1,2,3\n")
    with pytest.raises(Mistakes, match="has two columns called text; rename one"):
        read(str(tmp_path / "raw.csv"), [Layout(columns=("text", "category"), shape=dict)])
    words = (str(tmp_path / "raw.csv"), "--columns", "text,category", "--out", str(tmp_path / "out"))
    assert "has two columns called text" in refused(score, tiny_model, *words)
    pq.write_table(pa.Table.from_arrays([pa.array(["x"])] * 4, list("abcc")), tmp_path / "raw.parquet")
    words = (str(tmp_path / "raw.parquet"), "--columns", "a,b", "--out", str(tmp_path / "out"))
    assert "has two columns called c; rename one" in refused(score, tiny_model, *words)
    for job in (prepare, audit):
        assert "two columns called c" in refused(job, str(tmp_path / "raw.parquet"), "--columns", "a,c")
    assert len(read(str(tmp_path / "raw.parquet"), [Layout(columns=("a", "b"), shape=dict)]).rows) == 1


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "null", "3", "{}", '{"task": "invoices"}', "\xff"),
        *('{"task": "invoices", "fingerprint": "1", "declaration": []}',),
        *('{"task": "invoices", "fingerprint": "1", "declaration": {"kind": 3}}',),
        *('{"task": "invoices", "fingerprint": "1", "declaration": {"kind": "binary"}, "files": {"a.parquet": 3}}',),
    ],
)
def test_a_damaged_manifest_is_named(data: str, content: str, tmp_path: Path) -> None:
    Path(data, "manifest.json").write_bytes(content.encode("latin-1"))
    for job, words in (
        (audit, (data,)),
        (audit, ("invoices", "--data", data)),
        (tune, ("invoices", "--data", data, "--dry-run", "--run", str(tmp_path / "run"))),
        (tune, ("unknown", "--data", data, "--dry-run", "--run", str(tmp_path / "run"))),
    ):
        said = refused(job, *words)
        assert "manifest.json" in said, (words, said)


def test_a_manifest_whose_declaration_is_damaged_is_named(data: str) -> None:
    assert "manifest.json is damaged (KeyError('loss'))" in refused(audit, data)


@pytest.mark.parametrize("name", ["modules.json", "config.json", "tokenizer.json", "1_Pooling/config.json"])
@pytest.mark.parametrize("content", ["{", "\xff"])
def test_a_damaged_model_folder_is_named(data: str, tiny_model: str, tmp_path: Path, name: str, content: str) -> None:
    model = str(shutil.copytree(tiny_model, tmp_path / "model"))
    Path(model, name).write_bytes(content.encode("latin-1"))
    run = ("--run", str(tmp_path / "run"), "--data", data, "--base-model", model)
    for job, words in (
        (tune, ("invoices", *run, "--dry-run")),
        (evaluate, (model, "--task", "invoices", "--data", data)),
    ):
        assert f"file: {model}/{name} is not readable JSON" in refused(job, *words)


@pytest.mark.parametrize("under", ["", "/below"])
def test_a_folder_for_pairs_that_cannot_be_created_is_named(tmp_path: Path, under: str) -> None:
    (tmp_path / "file").touch()
    said = refused(prepare, "invoices", "--rows", "600", "--data", f"{tmp_path}/file{under}")
    assert f"{tmp_path}/file{under} cannot be" in said


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (b"# caf\xe9", "cannot be read: 'utf-8' codec"),
        (b"raise SystemExit(3)", "cannot be run: SystemExit: 3"),
        (b"import sys; sys.exit()", "cannot be run: SystemExit"),
        (b"task = Task(", "cannot be run: SyntaxError: '(' was never closed"),
        (b"import no_such_module", "cannot be run: ModuleNotFoundError: No module named 'no_such_module'"),
        (b"1 / 0", "cannot be run: ZeroDivisionError"),
        (b"def again(): again()\nagain()", "cannot be run: RecursionError"),
        (b"TASK = 3", "must declare `task = Task(...)`, it has NoneType"),
        (b"task = 3", "must declare `task = Task(...)`, it has int"),
        (b"\0", "cannot be run: "),
        (b"", "must declare `task = Task(...)`"),
    ],
)
def test_a_task_file_that_cannot_be_run_is_named(tmp_path: Path, source: bytes, said: str) -> None:
    (tmp_path / "mine.py").write_bytes(source)
    for job in (prepare, audit, tune):
        assert said in refused(job, str(tmp_path / "mine.py"))


@pytest.mark.parametrize("seed", ["-1", "4294967296", "nan", "1.5"])
def test_a_seed_of_prepare_is_one_that_training_takes(tmp_path: Path, seed: str) -> None:
    assert "--seed" in refused(prepare, "invoices", "--rows", "600", "--data", str(tmp_path / "data"), "--seed", seed)


@pytest.mark.parametrize("cpus", ["0", "-1"])
def test_a_worker_that_scores_has_a_processor(tiny_model: str, tmp_path: Path, cpus: str) -> None:
    (tmp_path / "pairs.csv").write_text("a,b\none,two\n")
    words = (str(tmp_path / "pairs.csv"), "--columns", "a,b", "--out", str(tmp_path / "out"))
    assert f"cpus-per-worker: {cpus} must be at least 1" in refused(
        score, tiny_model, *words, "--cpus-per-worker", cpus
    )


def test_pairs_that_a_submitted_job_would_lose_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:6379")
    words = ("invoices", "--rows", "600", "--data", "here")
    assert RUNNER.invoke(prepare.app, [*words, "--dry-run"]).exit_code == 0  # of a user, on a machine of a cluster
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", "{}")
    assert "data: 'here' is relative; on a cluster give an absolute path" in refused(prepare, *words)
