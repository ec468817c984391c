"""Test that files and folders are written whole or not at all."""

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyarrow import fs

from common.writing import half_of, put_folder, write_then_rename

LOCAL = fs.LocalFileSystem()


def test_a_file_gets_its_name_when_all_is_written(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    with write_then_rename(LOCAL, str(file)) as stream:
        stream.write(b"new")
        assert not file.exists()
    assert file.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [file]


def test_an_error_in_the_midst_leaves_the_file_before(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_bytes(b"old")

    def fail() -> None:
        with write_then_rename(LOCAL, str(file)) as stream:
            stream.write(b"half of the n")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert file.read_bytes() == b"old"


def test_a_half_is_hidden_and_stands_beside() -> None:
    assert half_of("a/b/result.json") == "a/b/.result.json.half"
    assert half_of("result.json") == ".result.json.half"


def test_a_writer_with_a_name_of_its_own_uses_it(tmp_path: Path) -> None:
    half = tmp_path / "mine"
    with write_then_rename(LOCAL, str(tmp_path / "list"), half=str(half)):
        assert half.exists()
    assert not half.exists()


def test_a_private_file_is_read_by_its_owner_alone(tmp_path: Path) -> None:
    for private, mode in ((True, 0o600), (False, 0o644)):
        file = tmp_path / str(private)
        with write_then_rename(LOCAL, str(file), private=private) as stream:
            stream.write(b"rows")
        assert stat.S_IMODE(file.stat().st_mode) & 0o177 == mode & 0o177


@pytest.mark.parametrize("file_system", [LOCAL, fs.SubTreeFileSystem("/", LOCAL)], ids=["this machine", "a store"])
def test_a_folder_takes_the_place_of_the_one_before(file_system: Any, tmp_path: Path) -> None:
    local, there = tmp_path / "local", tmp_path / "best"
    for name in ("old", "new"):
        (local / "inner").mkdir(parents=True, exist_ok=True)
        for file in local.rglob("*.txt"):
            file.unlink()
        (local / "inner" / f"{name}.txt").write_text(name)
        put_folder(str(local), file_system, str(there))
    assert [path.name for path in there.rglob("*.txt")] == ["new.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best", "local"]


def test_a_folder_that_cannot_be_copied_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "best").mkdir()
    (tmp_path / "best" / "old.txt").write_text("old")

    def full(*_: object) -> Callable[..., None]:
        raise OSError("disk full")

    monkeypatch.setattr("shutil.copytree", full)
    with pytest.raises(OSError, match="disk full"):
        put_folder(str(tmp_path), LOCAL, str(tmp_path / "best"))
    assert (tmp_path / "best" / "old.txt").read_text() == "old"
