"""Test blocks on disk: whole or absent, and never from two writers at once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec  # type: ignore[import-untyped]
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common import storage
from pairs.block_store import BlockStore


@pytest.fixture(params=["local", "store"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "local":
        return str(tmp_path / "tokens" / "key")
    fsspec.filesystem("memory").rm("/", recursive=True)
    return f"fsspec+memory://{tmp_path}/tokens/key"


def tables(value: int) -> list[pa.Table]:
    return [pa.table({"ids1": [value] * count}) for count in (3, 2)]


def values(store: BlockStore) -> tuple[list[int], list[int]]:
    """Return the values of all blocks in order, and the reported sizes."""
    paths, sizes = store.blocks()
    read = [pq.read_table(path, filesystem=store.files) for path in paths]
    return [row for each in read for row in each["ids1"].to_pylist()], sizes


def test_blocks_are_found_again_in_order(place: str) -> None:
    store = BlockStore(place)
    assert not store.complete
    store.fill([pa.table({"ids1": [number]}) for number in range(12)])
    assert BlockStore(place).complete
    assert values(BlockStore(place)) == (list(range(12)), [1] * 12)


def test_of_two_that_write_at_once_the_first_list_stands(place: str) -> None:
    """The second begins before the first has ended, and ends after it."""

    def slow() -> Iterator[pa.Table]:
        first, last = tables(2)
        yield first
        BlockStore(place).fill(tables(1))
        assert values(BlockStore(place)) == ([1] * 5, [3, 2])
        yield last

    BlockStore(place).fill(slow())
    assert values(BlockStore(place)) == ([1] * 5, [3, 2])
    assert len(storage.file_names(place)) == 3  # two blocks and their list


def test_what_is_cut_off_is_not_there(place: str) -> None:
    def cut_off() -> Iterator[pa.Table]:
        yield tables(2)[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        BlockStore(place).fill(cut_off())
    assert not BlockStore(place).complete
    assert storage.file_names(place) == []
    BlockStore(place).fill(tables(1))
    assert values(BlockStore(place)) == ([1] * 5, [3, 2])


@pytest.mark.parametrize("moved", [True, False])
def test_an_interrupt_while_the_list_is_moved_leaves_all_or_nothing(
    place: str, moved: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = BlockStore(place)
    files = store.files

    class Interrupted:
        """Wrap a file system so that a move is interrupted before its end or right after it."""

        def __getattr__(self, name: str) -> Any:
            return getattr(files, name)

        def move(self, source: str, target: str) -> None:
            if moved:
                files.move(source, target)
            raise KeyboardInterrupt

    write = pq.write_table
    monkeypatch.setattr(pq, "write_table", lambda block, path, filesystem: write(block, path, filesystem=files))
    store.files = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        store.fill(tables(1))
    if moved:
        assert values(BlockStore(place)) == ([1] * 5, [3, 2])
    else:
        assert storage.file_names(place) == []
