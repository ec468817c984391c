"""Test any file: prepare, audit and score succeed or name the mistake, and never end in a traceback."""

import csv
import datetime
import io
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from common.mistakes import Mistakes
from jobs import common, prepare
from reporting.findings import lines
from workflows.preflight import audited, plan_of
from workflows.score_request import request

EXAMPLES = 80
"""Of each format; there are five."""
COLUMNS = (None, *["a,b"] * 4, *["a,b,label"] * 4, "b,a", "1,2", "1,2,3", "a,c", "a,a")
PIECES = (
    *(
        b'"',
        b'""',
        b'\\"',
        b",",
        b";",
        b"\t",
        b"\n",
        b"\r",
        b"\r\n",
        b"\0",
        b"\xff",
        b"\xc3",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
    ),
    *(b"{", b"}", b"[", b"]", b":", b"null", b"NaN", b"1e999", b"\\ud83d", b'"a":', b"\xed\xa0\xbd", b"\xe2\x80\xa8"),
)
"""What is put into a file to damage it, or to make another one of it."""

Rows = list[list[Any]]

texts = st.one_of(
    st.sampled_from(["", " ", "nan", "None", 'say "so"', "two\nlines", "a\tb", "x;y,z", "\u200b", "\ufeff", "A", "a"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.integers(0, 300).map("text number {}".format),
)
labels = st.one_of(
    st.sampled_from(["0", "1", 0, 1, 1.0, None]), st.floats(), st.sampled_from(["yes", "0,5", True, 10**400])
)
plain = st.one_of(texts, st.none(), st.booleans(), st.integers(), st.floats())
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=4
)
pieces = st.tuples(st.integers(0, 10_000), st.integers(0, 3), st.sampled_from((b"", *PIECES)))
damages: st.SearchStrategy[Any] = st.just([]) | st.lists(pieces, max_size=4)


def rows_of(cells: st.SearchStrategy[Any]) -> st.SearchStrategy[Rows]:
    """Generate rows, half of them sound but for repeats and empty texts, as one fault makes a file refused."""
    sound = st.tuples(texts, texts, st.sampled_from(["0", "1"]))
    wild = st.tuples(texts | cells, texts | cells, labels)
    return st.lists(sound.map(list), min_size=8, max_size=25) | st.lists(
        st.one_of(sound, sound, wild).map(list), max_size=12
    )


def damaged(content: bytes, damage: Sequence[tuple[int, int, bytes]]) -> bytes:
    """Replace stretches of bytes by pieces; an empty piece only removes bytes."""
    for place, length, piece in damage:
        at = place % (len(content) + 1)
        content = content[:at] + piece + content[at + length :]
    return content


def delimited(rows: Rows, delimiter: str) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter).writerows([["a", "b", "label"], *rows])
    return stream.getvalue().encode()


def json_lines(rows: Rows, arrays: bool) -> bytes:
    named = [row if arrays else dict(zip("ab", row, strict=False)) | {"label": row[2]} for row in rows]
    return "\n".join(json.dumps(row) for row in named).encode()


def outcome(call: Callable[[], Any]) -> None:
    """Return success or the mistake; raise any other error."""
    with suppress(Mistakes):
        call()


def tried(path: Path, columns: str | None, model: str) -> None:
    """Return the outcome of all three jobs on the file."""
    words = [] if columns is None else ["--columns", columns]
    for more in ([], ["--json"]):
        data = str(path.parent / "data")
        done = CliRunner().invoke(prepare.app, [str(path), *words, "--data", data, "--dry-run", *more])
        assert done.exit_code in (0, 2), "".join(map(str, (done.output, done.exc_info)))
    outcome(lambda: audit(str(path), columns))
    outcome(lambda: score(str(path), columns or "a,b", model))


def audit(file: str, columns: str | None) -> None:
    found = audited(plan_of(file, None, columns, {}), quiet=True, with_model=False).to_dict()
    common.print_lines(lines("pairs", found))
    common.print_json(found)


def score(file: str, columns: str, model: str) -> None:
    asked = request(model, file, columns.split(",")[:2], "out", None, 3)
    for piece in asked.table.pieces():
        assert piece.schema == asked.table.schema


bounded = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
columns_of = st.sampled_from(COLUMNS)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@bounded
@given(rows=rows_of(texts), delimiter=st.sampled_from(",,;\t|"), damage=damages, columns=columns_of)
def test_csv(folder: Path, tiny_model: str, rows: Rows, delimiter: str, damage: Any, columns: str | None) -> None:
    (folder / "rows.csv").write_bytes(damaged(delimited(rows, delimiter), damage))
    tried(folder / "rows.csv", columns, tiny_model)


@bounded
@given(rows=rows_of(texts), name=st.sampled_from(["rows.tsv", "rows.txt"]), damage=damages, columns=columns_of)
def test_tabbed_text(folder: Path, tiny_model: str, rows: Rows, name: str, damage: Any, columns: str | None) -> None:
    lines = ["\t".join(map(str, row)) for row in [["a", "b", "label"], *rows]]
    (folder / name).write_bytes(damaged("\n".join(lines).encode(), damage))
    tried(folder / name, columns, tiny_model)


@bounded
@given(rows=rows_of(values), arrays=st.booleans(), damage=damages, columns=columns_of)
def test_json_lines(folder: Path, tiny_model: str, rows: Rows, arrays: bool, damage: Any, columns: str | None) -> None:
    (folder / "rows.jsonl").write_bytes(damaged(json_lines(rows, arrays), damage))
    tried(folder / "rows.jsonl", columns, tiny_model)


@bounded
@given(rows=rows_of(values), indent=st.sampled_from([None, 1]), damage=damages, columns=columns_of)
def test_one_json_array(
    folder: Path, tiny_model: str, rows: Rows, indent: int | None, damage: Any, columns: str | None
) -> None:
    named = [dict(zip(("a", "b", "label"), row, strict=True)) for row in rows]
    (folder / "rows.json").write_bytes(damaged(json.dumps(named, indent=indent).encode(), damage))
    tried(folder / "rows.json", columns, tiny_model)


COLUMN_TYPES: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.string(): texts,
    pa.large_string(): texts,
    pa.dictionary(pa.int32(), pa.string()): texts,
    pa.binary(): st.binary(max_size=6),
    pa.float64(): st.floats(),
    pa.int64(): st.integers(-3, 3),
    pa.bool_(): st.booleans(),
    pa.decimal128(5, 2): st.integers(0, 99).map(lambda number: Decimal(number) / 4),
    pa.date32(): st.dates(),
    pa.timestamp("ns"): st.datetimes(datetime.datetime(1970, 1, 1), datetime.datetime(2100, 1, 1)),
    pa.timestamp("us", "UTC"): st.datetimes(),
    pa.list_(pa.string()): st.lists(texts, max_size=3),
    pa.struct({"text": pa.string()}): st.fixed_dictionaries({"text": texts}),
    pa.map_(pa.string(), pa.int64()): st.lists(
        st.tuples(texts, st.integers(0, 3)), max_size=2, unique_by=lambda each: each[0]
    ),
    pa.null(): st.none(),
}
"""The types that a column may have, and what it then holds."""


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """Generate columns of any types; some text columns hold bytes that are no UTF-8."""
    names = draw(st.sampled_from([("a", "b"), ("a", "b", "label"), ("a", "b", "b"), ("a",)]))
    count, kinds = draw(st.integers(0, 20)), draw(st.sampled_from([[pa.string()], list(COLUMN_TYPES)]))
    columns = []
    for _ in names:
        kind = draw(st.sampled_from(kinds))
        held = draw(st.lists(st.none() | COLUMN_TYPES[kind], min_size=count, max_size=count))
        column = pa.array(held, kind)
        columns.append(column.view(pa.string()) if kind == pa.binary() and draw(st.booleans()) else column)
    return pa.Table.from_arrays(columns, list(names))


def of_strings(rows: Rows) -> pa.Table:
    return pa.table({name: [str(row[place]) for row in rows] for place, name in enumerate(("a", "b", "label"))})


@bounded
@given(
    table=tables() | rows_of(texts).map(of_strings),
    kept=st.sampled_from([1.0, 1.0, 1.0, 0.9]),
    damage=damages,
    columns=columns_of,
)
def test_parquet(folder: Path, tiny_model: str, table: pa.Table, kept: float, damage: Any, columns: str | None) -> None:
    stream = io.BytesIO()
    pq.write_table(table, stream)
    content = damaged(stream.getvalue(), damage)
    (folder / "rows.parquet").write_bytes(content[: int(kept * len(content))])
    tried(folder / "rows.parquet", columns, tiny_model)
