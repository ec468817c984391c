"""Test the order of rows: each once, equal global batches for any worker count, other rows left out each epoch."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pytest

from pairs.order import Shard, batches_by_block, batches_in_memory, shuffled

ROWS, SIZE = 103, 10
TABLE = pa.table({"row": np.arange(ROWS)})
SIZES = [20, 20, 20, 20, 23]


def read(order: Sequence[int]) -> Iterator[pa.Table]:
    starts = np.cumsum([0, *SIZES])
    yield from (TABLE.slice(starts[number], SIZES[number]) for number in order)


def batches(source: str, share: Shard, epoch: int, seed: int = 7) -> list[list[int]]:
    if source == "memory":
        tables = batches_in_memory(TABLE, share, seed, epoch)
    else:
        tables = batches_by_block(SIZES, read, 2, share, seed, epoch)
    return [table["row"].to_pylist() for table in tables]


def over_all_ranks(source: str, world_size: int, epoch: int) -> list[set[int]]:
    shares = [Shard(global_batch_size=SIZE, rank=rank, world_size=world_size) for rank in range(world_size)]
    return [set().union(*parts) for parts in zip(*(batches(source, share, epoch) for share in shares), strict=True)]


@pytest.mark.parametrize("source", ["memory", "blocks"])
def test_each_row_is_used_once_but_for_the_remainder(source: str) -> None:
    used = [row for batch in batches(source, Shard(global_batch_size=SIZE), 0) for row in batch]
    assert len(used) == ROWS // SIZE * SIZE == len(set(used))


@pytest.mark.parametrize("source", ["memory", "blocks"])
@pytest.mark.parametrize("world_size", [2, 5])
def test_global_batches_do_not_depend_on_the_worker_count(source: str, world_size: int) -> None:
    assert over_all_ranks(source, world_size, 3) == over_all_ranks(source, 1, 3)


@pytest.mark.parametrize("source", ["memory", "blocks"])
def test_order_is_a_function_of_seed_and_epoch(source: str) -> None:
    share = Shard(global_batch_size=SIZE)
    assert batches(source, share, 1) == batches(source, share, 1)
    assert batches(source, share, 1) != batches(source, share, 2)
    assert batches(source, share, 1) != batches(source, share, 1, seed=8)


@pytest.mark.parametrize("source", ["memory", "blocks"])
def test_the_next_epoch_leaves_out_other_rows(source: str) -> None:
    everything = set(range(ROWS))
    left_out = [everything - set().union(*over_all_ranks(source, 1, epoch)) for epoch in range(6)]
    assert all(len(rows) == ROWS % SIZE for rows in left_out)
    assert len(set(map(frozenset, left_out))) > 1


def test_blocks_are_mixed_and_not_only_reordered() -> None:
    first = batches("blocks", Shard(global_batch_size=SIZE), 0)[0]
    block = np.searchsorted(np.cumsum(SIZES), first, side="right")
    assert len(set(block.tolist())) > 1


def test_a_rank_holds_four_bytes_a_row() -> None:
    assert shuffled(1_000, 0, 0).nbytes == 4_000


def test_a_batch_that_the_workers_do_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match="global_batch_size 10 must be a multiple of world_size 3"):
        Shard(global_batch_size=10, world_size=3)
