"""Hash and tokenise the training rows once, with Ray Data, for every trial of a search."""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import ray
from numpy.typing import NDArray

from common import storage
from common.hashes import text_hashes
from common.mistakes import raise_if
from pairs.negatives import GROUP, IDS, NEGATIVES, flattened, tokenized
from pairs.train_view import TrainView
from pairs.views import View
from tasks.common.texts import folded
from tokens.block_store import BlockStore
from tokens.categories import Categories
from tokens.distinct import REPEATS, WEIGHT, DistinctPairs
from tokens.order import Shard, batches_by_block, batches_in_memory, steps_per_epoch
from tokens.reading import Reading

OBJECT_STORE_FRACTION = 0.3
"""A token table may take this fraction of the object store, which also holds checkpoints of the running trials."""
BYTES_PER_TEXT_BYTE = 1.2
"""Bytes of a token table for each byte of text: four for about four characters, and 16 bytes of hashes a row."""
AT_ONCE_BYTES = 4 * 2**20
"""Stored bytes that this process tokenises alone, in seconds; Ray Data takes 20 s of processor time to start."""
BLOCK_ROWS = 16_384
WINDOW_BLOCKS = 4
TOKENIZE_ROWS = 1_000


@dataclass(frozen=True, kw_only=True)
class TokenizedPairs:
    """A handle that travels to workers: one table in the object store, or parquet blocks if that would not fit.

    Columns: ids1, ids2: list<int32>; hash1, hash2: int64, of the folded texts. If the pairs have them, also label,
    weight, repeats: float32, hash_group: int64, negative_ids: list<list<int32>>, negative_hashes: list<int64>.
    """

    num_rows: int
    table: list[Any] = field(default_factory=list)
    """One object reference, wrapped so that Ray passes the reference and not the table."""
    blocks: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    files: Any = None
    """The file system of the blocks, with its credentials; None: the local one."""
    seen: list[Any] = field(default_factory=list)
    """One object reference to the token ids that occur, wrapped as the table; empty if they were not counted."""
    categories: Categories | None = None
    """All categories, for a loss that holds each text against them."""

    def steps_per_epoch(self, global_batch_size: int) -> int:
        """Return the number of full global batches in one epoch; the remainder is left out."""
        return steps_per_epoch(self.num_rows, global_batch_size)

    def seen_tokens(self) -> NDArray[np.int32] | None:
        """Return the token ids that occur, sorted; None if they were not counted."""
        if not self.seen:
            return None
        seen: NDArray[np.int32] = ray.get(self.seen[0])
        return seen if self.categories is None else np.union1d(seen, self.categories.ids.flatten().to_numpy())

    def batches(self, shard: Shard, seed: int, epoch: int) -> Iterator[pa.Table]:
        """Yield this rank's rows of every global batch of one epoch, in the order of (seed, epoch)."""
        if self.table:
            return batches_in_memory(ray.get(self.table[0]), shard, seed, epoch)
        return batches_by_block(self.sizes, self._read, WINDOW_BLOCKS, shard, seed, epoch)

    def _read(self, order: Sequence[int]) -> Iterator[pa.Table]:
        """Yield the blocks in this order; Ray Data reads a few ahead of the training step."""
        stream = _stream([self.blocks[number] for number in order], self.files)
        held = next(stream)
        for number in order:
            while len(held) < self.sizes[number]:
                held = pa.concat_tables([held, next(stream)])
            yield held.slice(0, self.sizes[number])
            held = held.slice(self.sizes[number])


def ray_data() -> Any:
    """Import Ray Data where it is used, since that takes seconds, and give it Ray's log level.

    Blocks keep the order of their input; else they would come as they are done, and the order of the rows would differ
    from call to call.
    """
    import ray.data

    logging.getLogger("ray.data").setLevel(logging.getLogger("ray").getEffectiveLevel())
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars, context.execution_options.preserve_order = False, True
    return ray.data


def _stream(paths: list[str], files: Any) -> Iterator[pa.Table]:
    data = ray_data()
    dataset = data.read_parquet(paths, filesystem=files, override_num_blocks=len(paths))
    yield from dataset.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=2)


def tokenize_batch(batch: pa.Table, reading: Reading, view: View | None = None, groups: bool = False) -> pa.Table:
    """Turn sentence1, sentence2[, label][, weight, repeats][, negatives] into ids1, ids2, hash1, hash2[, label][, ...].

    Negatives become the columns that `pairs/negatives.py` describes; they are read as second texts are.

    Args:
        batch: some rows of a split.
        reading: how the model reads texts.
        view: the rows that a loss reads of the batch; None: all, as they are.
        groups: whether the loss reads the group of a row, as hash_group.
    """
    batch = batch if view is None else view.read(batch)
    columns: dict[str, Any] = {}
    for number, prompt in zip("12", reading.prompts, strict=True):
        texts = batch[f"sentence{number}"].to_pylist()
        columns[f"ids{number}"] = pa.array(reading.ids(texts, prompt), pa.list_(pa.int32()))
        columns[f"hash{number}"] = text_hashes(map(folded, texts))
    if groups:
        columns[GROUP] = text_hashes(map(folded, batch["group"].to_pylist()))
    for name in ("label", WEIGHT, REPEATS):
        if name in batch.column_names:
            columns[name] = batch[name].cast(pa.float32())
    if NEGATIVES in batch.column_names:
        columns |= tokenized(batch[NEGATIVES], lambda texts: reading.ids(texts, reading.prompts.second))
    return pa.table(columns)


def tokenize(pairs: TrainView, reading: Reading, in_memory: bool | None = None) -> TokenizedPairs:
    """Tokenise the training split once, with Ray Data unless it is small.

    Args:
        pairs: what a loss reads.
        reading: how the model reads texts.
        in_memory: True: one table in the object store; False: parquet blocks beside the pairs, keyed by the data, the
            view and the reading; None: whichever fits. Rows that are in memory already stay there.
    """
    in_hand = _in_hand(pairs)
    size = pairs.table("train").nbytes if in_hand else _text_bytes(pairs)
    if in_memory is None:
        in_memory = in_hand or size * BYTES_PER_TEXT_BYTE < OBJECT_STORE_FRACTION * _object_store_bytes()
    if in_memory and size <= AT_ONCE_BYTES:
        tokens = tokenize_batch(pairs.table("train"), reading, groups=pairs.view.groups).combine_chunks()
        return TokenizedPairs(num_rows=len(tokens), table=[ray.put(tokens)], seen=[ray.put(distinct_ids(tokens))])
    if in_memory:
        blocks = _tokenized(pairs, reading).to_arrow_refs()
        table = _one_chunk.remote(*blocks)
        seen = ray.remote(num_cpus=0)(distinct_ids).remote(table)
        return TokenizedPairs(num_rows=pairs.num_rows("train"), table=[table], seen=[seen])
    return _in_blocks(pairs, reading)


def _tokenized(pairs: TrainView, reading: Reading) -> Any:
    """Return the tokens as a Ray Data set, in the order of the rows."""
    data, in_hand = ray_data(), _in_hand(pairs)
    files, path = storage.locate(pairs.path("train"))  # an address would stand in Ray Data's log
    rows = data.from_arrow(pairs.table("train")) if in_hand else data.read_parquet(path, filesystem=files)
    return rows.map_batches(
        tokenize_batch,
        batch_size=TOKENIZE_ROWS,
        batch_format="pyarrow",
        fn_kwargs={"reading": reading, "view": None if in_hand else pairs.view, "groups": pairs.view.groups},
    )


@ray.remote(num_cpus=0)  # type: ignore[untyped-decorator]  # Ray ships no types for it
def _one_chunk(*blocks: pa.Table) -> pa.Table:
    """Join blocks: `take` on a list column in 8 chunks costs 70 ms a batch at 10^6 rows, on one chunk 0.26 ms."""
    return pa.concat_tables(blocks).combine_chunks()


def distinct_ids(tokens: pa.Table) -> NDArray[np.int32]:
    """Return the token ids of both columns and of the given negatives, each once, sorted."""
    texts = [tokens["ids1"], tokens["ids2"], *([flattened(tokens[IDS])[0]] if IDS in tokens.column_names else [])]
    columns = [pc.unique(pc.list_flatten(lists)) for lists in texts]  # by hashes; numpy would sort all
    return np.unique(np.concatenate([column.to_numpy() for column in columns]))


def _in_blocks(pairs: TrainView, reading: Reading) -> TokenizedPairs:
    # The key names the data and how it is read and tokenised: older blocks were out of order, or hashed other texts.
    content = f"{pairs.fingerprint} train {pairs.view!r} {reading!r} in order, hashes of folded texts"
    key = hashlib.sha256(content.encode()).hexdigest()[:16]
    store = BlockStore(storage.join(pairs.folder, f"tokens/{key}"))
    if not store.complete:
        tokens = _tokenized(pairs, reading)
        store.fill(tokens.iter_batches(batch_size=BLOCK_ROWS, batch_format="pyarrow"))
    paths, sizes = store.blocks()
    return TokenizedPairs(num_rows=sum(sizes), blocks=tuple(paths), sizes=tuple(sizes), files=store.files)


def _in_hand(pairs: TrainView) -> bool:
    return isinstance(pairs, DistinctPairs) or "train" in pairs.own


def _object_store_bytes() -> float:
    resources: dict[str, float] = ray.cluster_resources()
    return resources.get("object_store_memory", 0.0)


def _footer(pairs: TrainView) -> Any:
    file_system, path = storage.locate(pairs.path("train"))
    with file_system.open_input_file(path) as file:
        return pq.ParquetFile(file).metadata


def _text_bytes(pairs: TrainView) -> float:
    """Estimate the bytes of the rows that are read, from those that are stored."""
    footer = _footer(pairs)
    stored: int = sum(footer.row_group(number).total_byte_size for number in range(footer.num_row_groups))
    rows: int = footer.num_rows
    return stored * pairs.num_rows("train") / max(1, rows)


def refuse_missing(pairs: TrainView) -> None:
    """Refuse training rows without a text, or without a label that the loss reads.

    The file's statistics tell, which takes no time.

    Raises:
        Mistakes: a text or a label is missing in some row.
    """
    path, footer = pairs.path("train"), _footer(pairs)
    counts: dict[str, int] = {}
    for group in (footer.row_group(number) for number in range(footer.num_row_groups)):
        for column in (group.column(number) for number in range(group.num_columns)):
            name = column.path_in_schema
            if "." in name or (name == "label" and pairs.fills_labels):  # of a list an empty one counts as null
                continue
            if column.statistics and column.statistics.null_count:
                counts[name] = counts.get(name, 0) + column.statistics.null_count
    raise_if(
        [f"{path}: column {name!r} is empty in {count} rows; every row needs a value" for name, count in counts.items()]
    )
