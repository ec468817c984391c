"""Test that a folder of parquet parts is read as one file, and which folders are refused."""

import hashlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.cache import _key
from audit.plan import plan_of_files
from common.mistakes import Mistakes
from pairs.batches import Table
from pairs.formats.parquet import is_parts
from pairs.from_file import is_data_file, task_from_file, task_of
from pairs.read import header_of, read
from tasks.common.declaration import Layout

LAYOUT = Layout(columns=("a", "b"), shape=dict)
FIRST: list[dict[str, Any]] = [{"a": "q0", "b": None, "c": 1}, {"a": "q1", "b": None, "c": 2}]
SECOND: list[dict[str, Any]] = [{"a": "q2", "b": "a2", "c": "three"}]


def write_parts(folder: Path, *parts: list[dict[str, Any]]) -> str:
    """Write parts as Spark does, with checksums and its success mark."""
    folder.mkdir()
    for number, rows in enumerate(parts):
        name = f"part-{number:05d}-7f6c.snappy.parquet"
        pq.write_table(pa.Table.from_pylist(rows), folder / name)
        (folder / f".{name}.crc").write_bytes(b"crc\0")
    (folder / "_SUCCESS").touch()
    (folder / "_staged").mkdir()
    return str(folder)


@pytest.mark.parametrize("name", ["out", "out.parquet", "answers.v2"])
def test_parts_are_read_in_the_order_of_their_names(tmp_path: Path, name: str) -> None:
    """Columns may have other types in other parts: one that holds nothing has no type at all."""
    location = write_parts(tmp_path / name, FIRST, SECOND)
    for given in (location, f"{location}/", Path(location).as_uri()):
        raw = read(given, [LAYOUT])
        assert raw.rows == [{"a": row["a"], "b": row["b"]} for row in FIRST + SECOND]
        assert (raw.name, header_of(given).names) == (name, ["a", "b", "c"])


def test_their_digest_is_that_of_names_and_contents(tmp_path: Path) -> None:
    location = write_parts(tmp_path / "out", FIRST, SECOND)
    files = sorted(Path(location).glob("part*"))
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    assert read(location, [LAYOUT]).sha256 == hashlib.sha256("".join(lines).encode()).hexdigest()
    before = _key(plan_of_files({"train": location}, ["a", "b"]), None)
    pq.write_table(pa.Table.from_pylist(FIRST[:1]), files[0])
    assert _key(plan_of_files({"train": location}, ["a", "b"]), None) != before


def test_a_folder_of_parts_is_a_file_of_pairs(tmp_path: Path) -> None:
    location = write_parts(tmp_path / "My answers", SECOND)
    for given in (location, f"{location}/"):
        assert is_data_file(given)
        assert task_from_file(given, ["a", "b"]).name == "my_answers"
    (tmp_path / "empty").mkdir()
    assert not is_data_file(str(tmp_path / "empty"))
    assert not is_data_file(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("other", ["notes.txt", "year=2024", "manifest.json", "part-1.csv"])
def test_parts_beside_something_else_are_refused(tmp_path: Path, other: str) -> None:
    location = write_parts(tmp_path / "out.parquet", SECOND)
    (tmp_path / "out.parquet" / other).mkdir()
    with pytest.raises(
        Mistakes, match=f"out.parquet is a folder with {other}; allowed: a file, or a folder of parquet"
    ):
        header_of(location)
    assert is_parts(location) == (other != "manifest.json")


def test_a_part_that_lacks_a_column_or_is_damaged_is_named(tmp_path: Path) -> None:
    location = write_parts(tmp_path / "out", FIRST, [{"a": "q2"}])
    with pytest.raises(Mistakes, match="part-00001-7f6c.snappy.parquet cannot be read as .parquet: it has no column b"):
        read(location, [LAYOUT])
    (tmp_path / "out" / "part-00001-7f6c.snappy.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(Mistakes, match="part-00001-7f6c.snappy.parquet cannot be read as .parquet"):
        read(location, [LAYOUT])


def test_how_far_it_is_counts_all_parts(tmp_path: Path) -> None:
    location = write_parts(tmp_path / "out", FIRST, SECOND)
    shares = [share for _, share in Table(location=location, columns={"a": "a"}).batches()]
    assert shares == [0.5, 1.0]


@pytest.mark.parametrize("name", ["out", "out.csv", "out.parquet"])
def test_a_folder_without_parts_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(Mistakes, match="out"):
        header_of(str(tmp_path / name))


def test_a_folder_of_several_splits_is_no_file_of_pairs(tmp_path: Path) -> None:
    """As one file, the published test would be trained on."""
    for split in ("train", "validation", "test"):
        pq.write_table(pa.Table.from_pylist(SECOND), tmp_path / f"{split}-00000-of-00001.parquet")
    for make in (task_from_file, lambda file, columns: plan_of_files({"train": file}, columns)):
        with pytest.raises(Mistakes, match="parts of several splits: test-0.*, train-0.*, validation-0.*--test-source"):
            make(str(tmp_path), ["a", "b"])
    (tmp_path / "test-00000-of-00001.parquet").unlink()
    (tmp_path / "validation-00000-of-00001.parquet").rename(tmp_path / "training.parquet")
    assert task_from_file(str(tmp_path), ["a", "b"])


def test_a_folder_without_parts_is_told_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "label=0").mkdir()
    with pytest.raises(
        Mistakes, match="is unknown, a folder with label=0 and no parquet parts directly in it; allowed"
    ):
        task_of(str(tmp_path), None, None)
