"""Reading raw files: every format gives the same rows, and what cannot be read is named."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from pairs.read import EXTENSIONS, first_names, read
from tasks.common.declaration import Layout, Row
from tasks.common.mistakes import Mistakes

ROWS = [{"a": 'say "hi", Bob', "b": "two\nlines", "n": "1"}, {"a": "2024-01-02", "b": "naïve", "n": "0.5"}]


def as_it_is(row: Row) -> Row:
    return row


NAMED = Layout(columns=("a", "n"), shape=as_it_is)


def quoted(delimiter: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        cells = [["a", "b", "n"], *([row["a"], row["b"], row["n"]] for row in ROWS)]
        lines = [delimiter.join('"' + cell.replace('"', '""') + '"' for cell in line) for line in cells]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")

    return write


def json_lines(path: Path) -> None:
    path.write_text("\n".join(json.dumps(row) for row in ROWS) + "\n\n")


def parquet(path: Path) -> None:
    pa.parquet.write_table(pa.Table.from_pylist(ROWS), path)


WRITERS = {".csv": quoted(","), ".tsv": quoted("\t"), ".jsonl": json_lines, ".ndjson": json_lines, ".parquet": parquet}


def test_every_extension_is_tried_here() -> None:
    assert set(EXTENSIONS) == {*WRITERS, ".txt"}


@pytest.mark.parametrize("extension", WRITERS)
def test_every_format_gives_the_same_rows(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"raw{extension}"
    WRITERS[extension](path)
    raw = read(str(path), [NAMED])
    assert raw.rows == [{"a": row["a"], "n": row["n"]} for row in ROWS]
    assert raw.name == path.name
    assert raw.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert read(path.as_uri(), [NAMED]).rows == raw.rows


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
        ("raw.csv", b"a,n\n1,2,3\n", "cannot be read as .csv: .*Expected 2 columns, got 3"),
        ("raw.csv", b"a,n\n\xff\xfe,2\n", "cannot be read as .csv|is not a readable"),
        ("raw.csv", b"", "has nothing"),
        ("raw.parquet", b"no parquet", "is not a readable .parquet file"),
        ("raw.jsonl", b'{"a": 1, "n": 2}\n{"a": 1}\n', "line 2 is not an object with a, n"),
        ("raw.jsonl", b'{"a": 1, "n": 2}\n{"a": \n', "line 2: Expecting value"),
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
        first_names(location)
