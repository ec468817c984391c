"""Test reading of raw files: every format gives the same rows, and unreadable input is named."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from common.mistakes import Mistakes
from pairs.formats.source import EXTENSIONS
from pairs.from_file import task_from_file
from pairs.read import header_of, read
from tasks.common.declaration import Layout, Row

ROWS = [{"a": 'say "hi", Bob', "b": "two\nlines", "n": "1"}, {"a": "2024-01-02", "b": "naïve", "n": "0.5"}]


def as_it_is(row: Row) -> Row:
    return row


NAMED = Layout(columns=("a", "n"), shape=as_it_is)


def quoted(path: Path) -> None:
    cells = [["a", "b", "n"], *([row["a"], row["b"], row["n"]] for row in ROWS)]
    lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in line) for line in cells]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")


def tabbed(path: Path) -> None:
    lines = ["a\tb\tn", *("\t".join([row["a"], "one line", row["n"]]) for row in ROWS)]
    path.write_text("\n\n".join(lines) + "\n", encoding="utf-8-sig")


def json_lines(path: Path) -> None:
    path.write_text("\n".join(json.dumps(row) for row in ROWS) + "\n\n")


def json_array(path: Path) -> None:
    path.write_text(json.dumps(ROWS, indent=2))


def parquet(path: Path) -> None:
    pa.parquet.write_table(pa.Table.from_pylist(ROWS), path)


WRITERS: dict[str, Callable[[Path], None]] = {
    ".csv": quoted,
    ".tsv": tabbed,
    ".txt": tabbed,
    ".jsonl": json_lines,
    ".ndjson": json_lines,
    ".json": json_array,
    ".parquet": parquet,
}


def test_every_extension_is_tried_here() -> None:
    assert set(EXTENSIONS) == set(WRITERS)


@pytest.mark.parametrize("extension", WRITERS)
def test_every_format_gives_the_same_rows(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"raw{extension}"
    WRITERS[extension](path)
    raw = read(str(path), [NAMED])
    assert raw.rows == [{"a": row["a"], "n": row["n"]} for row in ROWS]
    assert raw.name == path.name
    assert raw.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert read(path.as_uri(), [NAMED]).rows == raw.rows


def test_semicolons_tabs_or_bars_divide_a_csv_whose_first_line_has_no_comma(tmp_path: Path) -> None:
    for delimiter in ";\t|":
        (tmp_path / "raw.csv").write_text(f'a{delimiter}n\n"x{delimiter} y, z"{delimiter}0,5\n')
        assert read(str(tmp_path / "raw.csv"), [NAMED]).rows == [{"a": f"x{delimiter} y, z", "n": "0,5"}]


def test_a_quote_in_tsv_is_a_letter_unless_a_csv_writer_has_put_it(tmp_path: Path) -> None:
    texts = ['"Hi', 'say "so"', '"all"', '5"', '""twice"" so', '"', '""']
    lines = ["a\tn", *(f"{text}\t1" for text in texts), '"He said ""no""."\t1']
    (tmp_path / "raw.tsv").write_text("\n".join(lines))
    assert [row["a"] for row in read(str(tmp_path / "raw.tsv"), [NAMED]).rows] == [*texts, 'He said "no".']


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("extension", [".csv", ".tsv"])
def test_lines_end_in_any_way_and_only_there(tmp_path: Path, extension: str, end: str) -> None:
    delimiter = "," if extension == ".csv" else "\t"
    text = "one\u2028two\x0bthree\x85"
    path = tmp_path / f"raw{extension}"
    path.write_bytes(f"a{delimiter}n{end}{text}{delimiter}1{end}{end}   {end}x{delimiter}2".encode())
    assert read(str(path), [NAMED]).rows == [{"a": text, "n": "1"}, {"a": "x", "n": "2"}]


def test_a_backslash_is_a_letter(tmp_path: Path) -> None:
    text = 'C:\\new "x\\" \\'
    (tmp_path / "raw.csv").write_text("a,n\n" + '"' + text.replace('"', '""') + '",1\n"C:\\",2\n2,"\\"\n')
    assert [row["a"] for row in read(str(tmp_path / "raw.csv"), [NAMED]).rows] == [text, "C:\\", "2"]


def test_a_cell_may_be_longer_than_any_block(tmp_path: Path) -> None:
    long = "word " * 4_000_000
    (tmp_path / "raw.csv").write_text(f'a,n\n"{long}",1\n')
    assert read(str(tmp_path / "raw.csv"), [NAMED]).rows == [{"a": long, "n": "1"}]


def test_a_column_may_be_there_twice_where_it_is_not_asked_for(tmp_path: Path) -> None:
    (tmp_path / "raw.csv").write_text("b,a,b,n\n1,2,3,4\n")
    assert read(str(tmp_path / "raw.csv"), [NAMED]).rows == [{"a": "2", "n": "4"}]
    (tmp_path / "raw.jsonl").write_text('{"b": 1, "b": 3, "a": "2", "n": "4"}\n')
    assert read(str(tmp_path / "raw.jsonl"), [NAMED]).rows == [{"a": "2", "n": "4"}]


def test_a_key_that_some_rows_lack_is_nothing_there(tmp_path: Path) -> None:
    for name, content in (
        ("raw.jsonl", '{"n": 1}\n{"a": "x", "n": 2}\n{}\n'),
        ("raw.json", '[{"n": 1}, {"a": "x", "n": 2}, {}]'),
    ):
        (tmp_path / name).write_text(content)
        assert [row["a"] for row in read(str(tmp_path / name), [NAMED]).rows] == [None, "x", None]
    (tmp_path / "raw.jsonl").write_text('{"n": 1}\n{"n": 2}\n')
    with pytest.raises(Mistakes, match="lacks a; has n"):
        read(str(tmp_path / "raw.jsonl"), [NAMED])


def test_json_arrays_are_read_by_number_or_by_the_names_in_the_first(tmp_path: Path) -> None:
    numbered = Layout(columns=("1", "2", "3"), shape=as_it_is, header=False)
    (tmp_path / "raw.jsonl").write_text('["a b", "b c", 0.4]\n["c d", null, "1"]\n')
    assert read(str(tmp_path / "raw.jsonl"), [NAMED, numbered]).rows == [
        {"1": "a b", "2": "b c", "3": 0.4},
        {"1": "c d", "2": None, "3": "1"},
    ]
    (tmp_path / "raw.json").write_text('[["n", "a"], [1, "x"]]')
    assert read(str(tmp_path / "raw.json"), [NAMED, numbered]).rows == [{"n": 1, "a": "x"}]


def test_a_value_that_a_column_of_parquet_cannot_hold_is_named_with_its_row(tmp_path: Path) -> None:
    texts = pa.array([b"a", b"b\xff"], pa.binary()).view(pa.string())
    pa.parquet.write_table(pa.table({"a": texts, "n": [1, 2]}), tmp_path / "raw.parquet")
    with pytest.raises(
        Mistakes, match="cannot be read as .parquet: row 2: a holds a value that cannot be read: 'utf-8'"
    ):
        read(str(tmp_path / "raw.parquet"), [NAMED])


@pytest.mark.parametrize("extension", WRITERS)
def test_a_header_is_read_from_the_beginning_alone(tmp_path: Path, extension: str) -> None:
    """What comes later is not even looked at: there, the files of lines are damaged."""
    path = tmp_path / f"raw{extension}"
    WRITERS[extension](path)
    if extension not in (".parquet", ".json"):
        row = {".csv": "1,2,3\n", ".tsv": "1\t2\t3\n", ".txt": "1\t2\t3\n"}.get(extension, "{}\n")
        path.write_bytes(path.read_bytes() + row.encode() * 200_000 + b"\xff\xff\n")
    assert header_of(str(path)).names == ["a", "b", "n"]


def test_in_entity_matching_text_a_quote_is_a_letter(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    path.write_text('COL size VAL 85" wide\t"85" COL size VAL\t1\nCOL a VAL x\tCOL a VAL y\t0\n')
    layout = Layout(columns=("left", "right", "label"), shape=as_it_is, header=False)
    assert read(str(path), [layout]).rows[0] == {
        "left": 'COL size VAL 85" wide',
        "right": '"85" COL size VAL',
        "label": "1",
    }


def test_the_first_layout_that_fits_is_used(tmp_path: Path) -> None:
    headless = Layout(columns=("x", "y", "z"), shape=as_it_is, header=False)
    for content, fitting in (("n,a\n1,2\n", NAMED), ("n,b,c\n1,2,3\n", headless)):
        (tmp_path / "raw.csv").write_text(content)
        assert read(str(tmp_path / "raw.csv"), [NAMED, headless]).layout is fitting


def test_a_missing_column_is_named_with_those_found_and_a_close_one(tmp_path: Path) -> None:
    (tmp_path / "raw.csv").write_text("Documents,Group\nx,y\n")
    layout = Layout(columns=("Document", "Topic"), shape=as_it_is)
    with pytest.raises(
        Mistakes, match=r"lacks Document \(Documents\?\), Topic; has Documents, Group; allowed: Document, T"
    ):
        read(str(tmp_path / "raw.csv"), [layout])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("raw.xlsx", b"", "has the extension '.xlsx'; allowed: .parquet, .csv"),
        ("raw", b"", "has the extension ''"),
        ("raw.csv", b"a,n\n1,2,3\n", "cannot be read as .csv: row 1, line 2: 3 cells, the first row has 2"),
        ("raw.csv", b"a,n\n\n1,2\n1\n", "row 2, line 4: 1 cells"),
        ("raw.csv", b"a,n\n\xff\xfe,2\n", "line 2: byte 0xff is no UTF-8"),
        ("raw.csv", "a,n\nMüller,2\n".encode("latin-1"), "line 2: byte 0xfc is no UTF-8, as in Latin-1"),
        ("raw.csv", "a,n\n1,2\n".encode("utf-16"), "line 1: it is UTF-16; allowed: UTF-8"),
        ("raw.csv", "a,n\n1,2\n".encode("utf-16-le"), "line 1: a NUL character"),
        ("raw.csv", b"a,n\n1,2\n\0\0\0", "line 3: a NUL character, as in a damaged file"),
        ("raw.csv", b'a,n\n1,2\n"say \\"hi\\" now",2\n', r'line 3: a quote is written as \\"; allowed: two quotes'),
        ("raw.csv", b'a,n\n1,2\nsay \\"hi\\",2\n', r'line 3: a quote is written as \\"; allowed: two quotes'),
        ("raw.csv", b'a,n\n1,2\n"say" hi,2\n', "row 2, line 3: a quoted cell goes on after its closing quote"),
        ("raw.csv", b'a,n\n1,2\n"say hi,2\n3,4\n', "row 2, line 3: a quote opens a cell and is never closed"),
        ("raw.csv", b"", "is empty; allowed: at least one row"),
        ("raw.tsv", b'a\tn\n"with\ttab"\t1\n', "row 1, line 2: 3 cells.* in .tsv files a quote is a letter"),
        ("raw.tsv", b'a\tn\n1\t2\n"with\nbreak"\t1\n', "row 2, line 3: 1 cells|row 2, line 4"),
        ("raw.parquet", b"no parquet", "cannot be read as .parquet"),
        ("raw.jsonl", b"\n\n", "is empty"),
        ("raw.jsonl", b'{"a": 1, "n": 2}\n{"a": \n', "line 2: Expecting value"),
        ("raw.jsonl", b'{"a": 1, "n": 2}\n["a", 1]\n', "line 2 is an array, and the first is an object"),
        ("raw.jsonl", b'{"a": 1, "n": 2}\n{"a": 1, "a": 3, "n": 2}\n', "line 2 has a more than once"),
        ("raw.jsonl", b'{"a": "\\ud83d", "n": 2}\n', r"line 1: a holds half of a character \(a lone surrogate"),
        ("raw.jsonl", b'{"a": "\xed\xa0\xbd", "n": 2}\n', "line 1: byte 0xed is no UTF-8"),
        ("raw.jsonl", b'["a", "n"]\n["x", 1, 2]\n', "line 2 has 3 values, and the first has 2"),
        ("raw.json", b'[{"a": 1, "n": 2}, 3]', "row 2 is not an object"),
        ("raw.json", b'[{"a": 1,\n "n": }]', "one array: Expecting value: line 2"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Mistakes, match=message):
        read(str(tmp_path / name), [NAMED])


@pytest.mark.parametrize(
    ("location", "message"),
    [("missing.csv", "missing.csv does not exist"), ("ftp9://host/raw.csv", "ftp9://host/raw.csv cannot be used")],
)
def test_a_missing_file_or_a_strange_address_is_named(location: str, message: str) -> None:
    with pytest.raises(Mistakes, match=message):
        header_of(location)


@pytest.mark.parametrize("line", ["sep=;\r\n", '"sep=;"\n', "\nsep=;\n"])
def test_a_csv_may_name_its_delimiter_in_a_line_of_its_own(tmp_path: Path, line: str) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(f"{line}a;long, b;n\n1,5;x, y;0,5\n".encode())
    assert read(str(file), [NAMED]).rows == [{"a": "1,5", "n": "0,5"}]
    file.write_bytes(f"{line}a;b;n\n1;2\n".encode())
    with pytest.raises(Mistakes, match=rf"row 1, line {1 + line.count(chr(10)) + 1}: 2 cells, the first row has 3"):
        read(str(file), [NAMED])


def test_a_comma_in_a_first_line_of_semicolons_is_told_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("so, a;b;1\nc;d;0\n")
    with pytest.raises(Mistakes, match=r"row 2, line 2: 1 cells, .*; if cells end at ';' .* first line: sep=;$"):
        task_from_file(str(file), ["1", "2"])
    with pytest.raises(Mistakes, match=r"'b' is not in .*; if cells end at ';' .* add a first line: sep=;"):
        task_from_file(str(file), ["b", "1"])


@pytest.mark.parametrize("name", ["x.json", "x.jsonl"])
def test_json_that_is_no_rows_is_told_what_rows_are(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text('{"columns": ["a", "b"], "data": [["x", "y"]]}\n')
    with pytest.raises(Mistakes, match=r"'a' is not in .*; it has columns, data; a row of JSON is an object in its"):
        task_from_file(str(file), ["a", "b"])


def test_commas_in_a_file_of_tabs_are_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_text("a,b\nc,d\n")
    with pytest.raises(Mistakes, match=r"'a' is not in .*; its cells end at tabs: a file with commas or .* is a \.csv"):
        task_from_file(str(tmp_path / "x.tsv"), ["a", "b"])
