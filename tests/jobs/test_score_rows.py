"""jobs.score writes one table for rows of all kinds, with null for rows without text; tested without Ray."""

import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from jobs import score
from models.base_model import ResolvedModel
from tasks.common.values import NotTextError, no_text
from tests.tiny_model import build_tiny_model
from workflows.score import SCORER, ScoreRequest
from workflows.score_worker import PartScorer

pd: Any = pytest.importorskip("pandas")
TEXT = {"a": "the invoice", "b": "the bill"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = Path(build_tiny_model(str(tmp_path_factory.mktemp("model"))))
    (folder / "threshold.json").write_text(json.dumps({"value": 0.5}))
    return str(folder)


@pytest.fixture(autouse=True)
def without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    def scored(asked: ScoreRequest, left: list[int], *_: Any) -> Iterator[int]:
        from common import storage

        files = [ResolvedModel(name="", folder=Path(asked.model), line="").files()]
        settings: dict[str, Any] = {"texts": asked.table.texts} | {name: getattr(asked, name) for name in SCORER}
        worker = PartScorer(files, storage.locate(asked.out), "cpu", 1, **settings)
        for part in left:
            worker({"part": [part]})
            yield part

    monkeypatch.setattr("ray.get", lambda value: value)
    monkeypatch.setattr("workflows.score.connect", lambda *_: None)
    monkeypatch.setattr("workflows.score._scored", scored)
    monkeypatch.setattr("files.batches.ROWS_AT_ONCE", 2)


class Call:
    """Call `jobs.score` with its own model, file and output."""

    def __init__(self, model: str, folder: Path) -> None:
        self.model, self.folder, self.out = model, folder, folder / "scored.parquet"

    def json_lines(self, *rows: Any) -> str:
        file = self.folder / "rows.jsonl"
        file.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
        return str(file)

    def parquet(self, table: pa.Table) -> str:
        pq.write_table(table, self.folder / "rows.parquet")
        return str(self.folder / "rows.parquet")

    def __call__(self, file: str, *words: str, columns: str = "a,b") -> Any:
        given = [self.model, file, "--columns", columns, "--out", str(self.out), "--json", *words]
        done = CliRunner().invoke(score.app, given)
        assert done.exit_code in (0, 2), done.exception
        return json.loads(done.stdout)

    def read(self) -> list[dict[str, Any]]:
        """Return the written rows, and check that every reader takes them as one table."""
        table = pq.read_table(self.out)
        assert ds.dataset(self.out, format="parquet").to_table().schema.equals(table.schema)
        assert len(pd.read_parquet(self.out)) == len(table)
        files = [pq.read_schema(part) for part in sorted(self.out.glob("part-*"))]
        assert all(each.equals(files[0]) for each in files)
        return table.to_pylist()  # type: ignore[no-any-return]


@pytest.fixture
def call(model: str, tmp_path: Path) -> Call:
    return Call(model, tmp_path)


EMPTY: list[Any] = [None, "", " \t\n", "\u00a0", "\u200b", "\ufeff \u200d", float("nan")]


@pytest.mark.parametrize("side", ["a", "b"])
def test_a_pair_that_lacks_a_text_has_neither_score_nor_decision(call: Call, side: str) -> None:
    rows = [TEXT, *({**TEXT, side: empty} for empty in EMPTY), dict.fromkeys("ab"), TEXT]
    done = call(call.json_lines(*rows))
    assert (done["rows"], done["without_score"]) == (len(rows), len(EMPTY) + 1)
    first, *between, last = call.read()
    assert first == last
    assert first["decision"] is True
    assert [(row["score"], row["decision"]) for row in between] == [(None, None)] * (len(EMPTY) + 1)


def test_a_text_that_is_empty_has_no_candidates(call: Call, tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("invoice\nbill\n")
    done = call(call.json_lines({"a": ""}, TEXT, {"a": None}), "--candidates", f"{tmp_path}/names.txt", columns="a")
    assert done["without_score"] == 2
    rows = call.read()
    assert [row["candidates"] is None and row["scores"] is None for row in rows] == [True, False, True]


def test_the_count_of_rows_without_a_score_is_said(call: Call) -> None:
    file = call.json_lines({"a": "", "b": ""}, TEXT, {"a": "", "b": "", "x": 1}, {**TEXT, "x": "one"})
    done = CliRunner().invoke(score.app, [call.model, file, "--columns", "a,b", "--out", str(call.out)])
    assert "2 of them have an empty text; their score is null\n" in done.stdout
    assert "\nx: values of several types, written as JSON\n" in done.stdout


@pytest.mark.parametrize(
    ("first", "then", "read"),
    [
        (None, "text", [None, "text"]),
        (None, {"k": [1]}, [None, {"k": [1]}]),
        ([], [0.5], [[], [0.5]]),
        (1, 0.5, [1.0, 0.5]),
        (2**53 + 1, None, [2**53 + 1, None]),
        ({"k": 1}, {"l": "x"}, [{"k": 1, "l": None}, {"k": None, "l": "x"}]),
        (
            [{"k": []}],
            [{"k": [True]}, {"l": 1}],
            [[{"k": [], "l": None}], [{"k": [True], "l": None}, {"k": None, "l": 1}]],
        ),
        ({}, {"k": 1}, [{"k": None}, {"k": 1}]),
        (None, None, [None, None]),
    ],
)
def test_what_all_rows_hold_is_the_type_of_a_column(call: Call, first: Any, then: Any, read: list[Any]) -> None:
    for rows in ([first, first, then], [then, first, first]):
        call.out = call.out.with_name(f"out-{rows.index(then)}")
        done = call(call.json_lines(*({**TEXT, "x": value} for value in rows)))
        assert done["as_json"] == []
        one, other = (read[0], read[1]) if rows[0] is first else (read[1], read[0])
        assert [row["x"] for row in call.read()] == [one, read[0], other]


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("a", 1),
        (True, 1),
        (2**53 + 1, 0.5),
        (2**64, 1),
        ({"k": 1}, {"k": "x"}),
        ({"k": 1}, [1]),
        ([1], ["a"]),
        ({}, None),
        ([{}], [{}]),
        ("\ud800", "a"),
        (json.loads("[" * 60 + "]" * 60), []),
        ({f"k{n}": n for n in range(1_001)}, None),
    ],
)
def test_values_that_have_no_type_in_common_are_json(call: Call, first: Any, then: Any) -> None:
    done = call(call.json_lines({**TEXT, "x": first}, TEXT, {**TEXT, "x": then}))
    assert done["as_json"] == ["x"]
    read = [row["x"] for row in call.read()]
    assert read[1] is None
    assert [json.loads(read[0]), read[2] and json.loads(read[2])] == [first, then]


def test_a_field_that_comes_later_or_is_missing_is_null(call: Call) -> None:
    assert call(call.json_lines(TEXT, TEXT, {**TEXT, "x": 1}, {"b": "bill", "x": 2}, {"x": 3, **TEXT}))["rows"] == 5
    assert [(row["a"], row["x"]) for row in call.read()] == [
        *[("the invoice", None)] * 2, ("the invoice", 1), (None, 2), ("the invoice", 3)
    ]  # fmt: skip


def test_texts_among_numbers_stay_texts(call: Call) -> None:
    assert call(call.json_lines(TEXT, {**TEXT, "a": 5}, {**TEXT, "a": 0.5}))["as_json"] == ["a"]
    assert [row["a"] for row in call.read()] == ["the invoice", "5", "0.5"]


def test_parquet_keeps_the_types_of_its_file(call: Call) -> None:
    schema = pa.schema(
        [
            ("a", pa.binary()),
            ("b", pa.dictionary(pa.int32(), pa.string())),
            ("small", pa.int8()),
            ("day", pa.date32()),
            ("none", pa.null()),
            ("late", pa.list_(pa.struct([("k", pa.decimal128(9, 2))]))),
        ]
    )
    rows = [{"a": b"caf\xc3\xa9", "b": "bill", "small": 1}] * 4 + [{"a": b"bill", "b": "bill", "late": [{"k": None}]}]
    assert call(call.parquet(pa.Table.from_pylist(rows, schema)))["rows"] == 5
    written = pq.read_schema(call.out / "part-00000.parquet")
    assert [written.field(name).type for name in schema.names] == schema.types
    assert call.read()[4]["score"] == pytest.approx(1.0)


def test_csv_is_text_and_an_empty_cell_has_no_score(call: Call, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b,n\none,two,\none,two,\none,,1.5\n")
    assert call(f"{tmp_path}/rows.csv")["without_score"] == 1
    assert [(row["n"], row["score"] is None) for row in call.read()] == [("", False), ("", False), ("1.5", True)]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (["a"], "a list"),
        ({"text": "a"}, "a record"),
        (True, "true or false"),
    ],
)
def test_what_is_no_text_is_refused_with_its_row_before_anything_is_written(call: Call, value: Any, kind: str) -> None:
    file = call.json_lines(TEXT, TEXT, {**TEXT, "b": value}, TEXT, {**TEXT, "b": value})
    said = call(file)
    assert said["errors"] == [no_text("b", "row 3 (and 1 more) of rows.jsonl", NotTextError(kind))]
    assert not call.out.exists()
    assert call(call.json_lines(TEXT))["rows"] == 1  # the same command, with the file repaired


def test_half_a_character_is_refused_where_it_is_scored_alone(call: Call) -> None:
    said = call(call.json_lines(TEXT, {**TEXT, "b": "\ud800"}))
    assert "line 2: b holds half of a character" in said["errors"][0]
    assert call(call.json_lines(TEXT, {**TEXT, "id": "\ud800"}))["rows"] == 2


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pa.array([b"\xff"]), "bytes that are no UTF-8"),
        (pa.array([[1.0]]), "a list"),
        (pa.array([{"k": 1}]), "a record"),
        (pa.array([0], pa.date32()), "a date or a time"),
        (pa.array([0], pa.timestamp("us")), "a date or a time"),
    ],
)
def test_parquet_values_that_are_no_text_are_refused(call: Call, values: pa.Array, kind: str) -> None:
    file = call.parquet(pa.table({"a": ["invoice"], "b": values}))
    assert call(file)["errors"] == [no_text("b", "row 1 of rows.parquet", NotTextError(kind))]


def test_a_file_without_rows_is_refused(call: Call) -> None:
    file = call.parquet(pa.table({"a": pa.array([], pa.string()), "b": pa.array([], pa.string())}))
    assert call(file)["errors"] == [f"file: {file} has no rows; at least one is needed"]


def test_a_call_that_failed_does_not_block_its_output(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Iterator[int]:
        raise KeyboardInterrupt

    file = call.json_lines(TEXT, TEXT, TEXT)
    with monkeypatch.context() as patched:
        patched.setattr("workflows.score.pq.write_table", fail)  # while the file is staged
        assert CliRunner().invoke(score.app, [call.model, file, "--columns", "a,b", "--out", str(call.out)]).exit_code
        assert not list(call.out.iterdir())
    with monkeypatch.context() as patched:
        patched.setattr("workflows.score._scored", fail)  # before the first part is scored
        assert CliRunner().invoke(score.app, [call.model, file, "--columns", "a,b", "--out", str(call.out)]).exit_code
        assert sorted(path.name for path in call.out.iterdir()) == ["_scored.json", "_staged"]
    assert call(call.json_lines(TEXT))["rows"] == 1
    assert len(call.read()) == 1
    assert "holds other scores" in call(call.json_lines(TEXT, TEXT))["errors"][0]
    (call.out / "part-00000.parquet").unlink()
    assert call(call.json_lines(TEXT))["rows"] == len(call.read()) == 1


def test_a_killed_staging_does_not_block_its_output(call: Call) -> None:
    staged = call.out / "_staged"
    staged.mkdir(parents=True)
    (staged / "part-00007.parquet").write_bytes(b"half")
    assert call(call.json_lines(TEXT, TEXT, TEXT))["parts"] == len(list(call.out.glob("part-*"))) == 2
    assert not staged.exists()


@pytest.mark.parametrize("content", ["{", "[]", '{"key": 1}', '{"parts": {"a": 1}}', "\xff", '{"parts": {"1": null}}'])
def test_a_damaged_mark_is_named(call: Call, content: str) -> None:
    call.out.mkdir()
    (call.out / "_scored.json").write_bytes(content.encode("latin-1"))
    assert f"{call.out}/_scored.json is" in call(call.json_lines(TEXT))["errors"][0]


def test_a_relative_output_on_a_cluster_is_refused(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:6379")
    call.out = Path("scored")
    assert call(call.json_lines(TEXT))["errors"] == [
        "out: 'scored' is relative; on a cluster give an absolute path that all machines share, or s3://..."
    ]


def test_columns_that_cannot_be_written_are_refused(call: Call, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b,n,n\n1,2,3,4\n")
    assert "has two columns called n" in call(f"{tmp_path}/rows.csv")["errors"][0]
    torn = call(call.json_lines({**TEXT, "\ud800": 1}))["errors"][0]
    assert "line 1: \\ud800 holds half of a character" in torn


CALIBRATION = {"method": "logistic", "prevalence": 0.2, "slope": 10.0, "intercept": -9.0}
QUALITY = {"share": 0.25, **dict.fromkeys(("brier", "log_loss", "constant_brier", "constant_log_loss"), 0.1)}


@pytest.fixture
def calibrated(call: Call, tmp_path: Path) -> Call:
    """Return a call of a model with a calibration, whose threshold had a precision of 0.9 on test."""
    call.model = str(shutil.copytree(call.model, tmp_path / "calibrated"))
    quality = {"test": {**QUALITY, "calibration_error": 0.1}}
    Path(call.model, "calibration.json").write_text(json.dumps({**CALIBRATION, "quality": quality}))
    precision = {"value": 0.9, "low": 0.8, "high": 1.0}
    threshold = {"value": 0.5, "dev": {}, "test": {"cosine_precision": precision}}
    Path(call.model, "threshold.json").write_text(json.dumps(threshold))
    return call


def test_a_probability_stands_beside_the_score(calibrated: Call) -> None:
    done = calibrated(calibrated.json_lines(TEXT, {**TEXT, "b": ""}))
    assert (done["columns"], done["notes"]) == (["a", "b", "score", "probability", "decision"], [])
    first, empty = calibrated.read()
    assert first["probability"] == pytest.approx(1 / (1 + math.exp(9 - 10 * first["score"])), abs=1e-5)
    assert empty["probability"] is None


def test_another_prevalence_shifts_the_odds_and_the_precision(calibrated: Call) -> None:
    file = calibrated.json_lines(TEXT)
    calibrated(file)
    before = calibrated.read()[0]["probability"]
    calibrated.out = calibrated.out.with_name("shifted")
    said, precision = calibrated(file, "--prevalence", "0.01")["notes"]
    after = calibrated.read()[0]["probability"]
    assert after / (1 - after) == pytest.approx(before / (1 - before) * (0.01 / 0.99) / (0.2 / 0.8), rel=1e-3)
    assert said == "probabilities hold where 0.01 of the pairs belong together; on dev it was 0.2000"
    value, low = (odds * (0.01 / 0.99) / (0.25 / 0.75) for odds in (9, 4))
    shown = f"{value / (1 + value):.4f} ({low / (1 + low):.4f} to 1.0000)"
    assert precision.startswith(f"decision: at that prevalence its precision is {shown}; on test, where 0.2500")


def test_another_prevalence_is_another_call(calibrated: Call) -> None:
    file = calibrated.json_lines(TEXT)
    calibrated(file)
    assert "holds other scores" in calibrated(file, "--prevalence", "0.01")["errors"][0]


def test_a_model_of_before_has_no_probability_and_one_line_says_why(call: Call) -> None:
    done = call(call.json_lines(TEXT))
    assert "probability" not in done["columns"]
    assert done["notes"] == [
        "no column probability: the model stores no calibration.json, which a run of kind binary writes"
    ]


@pytest.mark.parametrize("share", ["0", "1", "-0.1", "98", "nan"])
def test_a_prevalence_that_is_no_share_is_refused(calibrated: Call, share: str) -> None:
    (said,) = calibrated(calibrated.json_lines(TEXT), "--prevalence", share)["errors"]
    assert said == f"prevalence: {share} is not allowed; allowed: a share above 0 and below 1"


def test_a_prevalence_on_which_nothing_depends_is_refused(call: Call, tmp_path: Path) -> None:
    (said,) = call(call.json_lines(TEXT), "--prevalence", "0.1")["errors"]
    assert "the model stores no calibration.json" in said
    (tmp_path / "names.txt").write_text("bill\n")
    words = ["--candidates", f"{tmp_path}/names.txt", "--prevalence", "0.1"]
    (said,) = call(call.json_lines(TEXT), *words, columns="a")["errors"]
    assert said == "prevalence: 0.1 without pairs to score; allowed: with two text columns"
