"""Decide which rows a rank reads in which batch, by (seed, epoch) alone, not by worker count or timing.

Every rank takes `rows[rank::world_size]` of each global batch, so one worker and two see the same global batches. The
last incomplete global batch of an epoch (N modulo the size) is left out; the next epoch leaves out other rows.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pyarrow as pa

Indices = np.ndarray


@dataclass(frozen=True, kw_only=True)
class Shard:
    """One rank's part of every global batch.

    Raises:
        ValueError: global_batch_size is no multiple of world_size (unequal shards would weigh rows unequally).
    """

    global_batch_size: int
    rank: int = 0
    world_size: int = 1

    def __post_init__(self) -> None:
        if self.global_batch_size % self.world_size or not 0 <= self.rank < self.world_size:
            raise ValueError(
                f"global_batch_size {self.global_batch_size} must be a multiple of world_size {self.world_size}, "
                f"and rank {self.rank} below it"
            )

    def of(self, rows: Indices) -> Indices:
        """Return this rank's rows of one global batch."""
        return rows[self.rank :: self.world_size]


def steps_per_epoch(num_rows: int, global_batch_size: int) -> int:
    """Return the number of full global batches in one epoch."""
    return num_rows // global_batch_size


def shuffled(num_rows: int, seed: int, epoch: int) -> Indices:
    """Return all row indices in the order of (seed, epoch), [rows] int32, the only value a rank holds per row."""
    rows = np.arange(num_rows, dtype=np.int32)
    np.random.default_rng([seed, epoch]).shuffle(rows)
    return rows


def batches_in_memory(table: pa.Table, shard: Shard, seed: int, epoch: int) -> Iterator[pa.Table]:
    """Yield this rank's rows of every global batch of one epoch, from a table that all trials share.

    `take` copies only the batch's rows, provided the table's columns are single chunks.
    """
    order = shuffled(len(table), seed, epoch)
    for step in range(steps_per_epoch(len(table), shard.global_batch_size)):
        rows = order[step * shard.global_batch_size : (step + 1) * shard.global_batch_size]
        yield table.take(pa.array(shard.of(rows)))


def batches_by_block(
    sizes: Sequence[int],
    read: Callable[[Sequence[int]], Iterator[pa.Table]],
    window: int,
    shard: Shard,
    seed: int,
    epoch: int,
) -> Iterator[pa.Table]:
    """Yield the same for data larger than memory: blocks in the order of (seed, epoch), rows mixed within a window.

    Args:
        sizes: rows of each block.
        read: reads the tables of block numbers, in their order, one at a time.
        window: number of blocks that are held and mixed at once; memory stays at that many blocks.
        shard: this rank's part of a global batch.
        seed: random seed of the order.
        epoch: number of the epoch, from 0.
    """
    generator = np.random.default_rng([seed, epoch])
    blocks = read(generator.permutation(len(sizes)).tolist())
    size, rest = shard.global_batch_size, None
    while held := list(islice(blocks, window)):
        mixed = pa.concat_tables(held)
        mixed = mixed.take(pa.array(generator.permutation(len(mixed))))
        rest = pa.concat_tables([rest, mixed]) if rest is not None else mixed
        rest = rest.combine_chunks()
        full = len(rest) // size * size
        for start in range(0, full, size):
            yield rest.take(pa.array(shard.of(np.arange(start, start + size))))
        rest = rest.slice(full)
