"""Test tokenising with Ray Data: the tokens that the model itself would read, in memory and in blocks."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import ray
from sentence_transformers import SentenceTransformer

from common.hashes import text_hashes
from common.mistakes import Mistakes
from models.base_model import resolve_base_model
from pairs import prepared
from pairs.negatives import flattened
from pairs.prepared import PreparedPairs
from pairs.train_view import TrainView, view_of
from pairs.views import View
from tasks.common.losses import LOSSES
from tests.trainers.cases import rows, with_negatives
from tests.word_tokenizer import word_reading
from tokens import tokenized
from tokens.collate import collate
from tokens.distinct import distinct
from tokens.order import Shard, batches_in_memory
from tokens.reading import Reading
from tokens.tokenized import refuse_missing, tokenize, tokenize_batch
from trainers.losses.ranking import no_negatives

ROWS = 500


class _Signal:
    """Block waiting callers until the signal is sent."""

    def __init__(self) -> None:
        self.sent = asyncio.Event()

    async def wait(self) -> None:
        await self.sent.wait()

    async def send(self) -> None:
        self.sent.set()


Signal: Any = ray.remote(num_cpus=0, max_concurrency=16)(_Signal)


def prepare(folder: Path, train: pa.Table, loss: str = "cosine") -> TrainView:
    tables = {"train": train, "dev": rows(20, "cosine", seed=1)}
    manifest = {"task": "t", "fingerprint": prepared.fingerprint(tables), "declaration": {"kind": "graded"}}
    prepared.write(str(folder), tables, manifest)
    return view_of(PreparedPairs.open(str(folder)), LOSSES[loss])


def tokens_of(pairs: pa.Table, model: str) -> list[list[int]]:
    """Return the tokens of every text."""
    tokens = tokenize_batch(pairs, resolve_base_model(model).reading(32))
    given = flattened(tokens["negative_ids"])[0].to_pylist() if "negative_ids" in tokens.column_names else []
    return [*tokens["ids1"].to_pylist(), *tokens["ids2"].to_pylist(), *given]


def test_tokens_are_what_the_model_itself_reads(tiny_model: str) -> None:
    texts = ["The Red door, OPENED!", " two  spaces ", "naïve café", "word " * 50]
    batch = pa.table({"sentence1": texts, "sentence2": texts[::-1]})
    tokens = tokenize_batch(batch, resolve_base_model(tiny_model).reading(16))
    model = SentenceTransformer(tiny_model, device="cpu")
    model.max_seq_length = 16
    for text, ids in zip(texts, tokens["ids1"].to_pylist(), strict=True):
        assert ids == model.preprocess([text])["input_ids"][0].tolist()
    assert tokens["hash1"].to_pylist() == tokens["hash2"].to_pylist()[::-1]
    assert len(set(tokens["hash1"].to_pylist())) == len(texts)


def finish_first_block_last(monkeypatch: pytest.MonkeyPatch, first: str) -> None:
    """Delay the block of the first text until another one is done; Ray Data works on several at a time."""
    later = Signal.remote()

    def waiting(batch: pa.Table, reading: Reading, view: View | None, groups: bool) -> pa.Table:
        holds_first = first in batch["sentence1"].to_pylist()
        ray.get(later.wait.remote() if holds_first else later.send.remote(), timeout=60)
        return tokenize_batch(batch, reading, view, groups)

    monkeypatch.setattr(tokenized, "tokenize_batch", waiting)
    monkeypatch.setattr(tokenized, "TOKENIZE_ROWS", 64)
    monkeypatch.setattr(tokenized.ray_data().DataContext.get_current(), "target_max_block_size", 4096)


@pytest.mark.parametrize("cased", [True, False])
def test_hashes_are_of_folded_texts_whatever_the_tokenizer_tells_apart(cased: bool) -> None:
    batch = pa.table({"sentence1": ["a", "b"], "sentence2": ["US x", "us  x"]})
    tokens = tokenize_batch(batch, word_reading("a b x us US", 16, cased=cased))
    assert len(set(tokens["hash2"].to_pylist())) == 1
    assert len(set(map(tuple, tokens["ids2"].to_pylist()))) == (2 if cased else 1)
    features = collate(tokens, 0)
    assert len(features["second"].unique()) == (2 if cased else 1)  # encoded as often as the model tells them apart
    labels = features["label"]
    assert no_negatives(labels, labels, labels[:0])["query_to_doc"].all()  # and no negatives of each other


@pytest.mark.parametrize(
    ("in_memory", "at_once", "loss"),
    [(True, tokenized.AT_ONCE_BYTES, "cosine"), (True, 0, "ranking"), (False, 0, "ranking"), (False, 0, "cosine")],
)
def test_every_row_that_the_loss_reads_arrives_once_over_both_ranks(
    ray_cluster: str,
    tiny_model: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    in_memory: bool,
    at_once: int,
    loss: str,
) -> None:
    """One preparation of labels and given negatives; streamed and in memory the rows are the same."""
    monkeypatch.setattr(tokenized, "AT_ONCE_BYTES", at_once)
    if at_once:
        monkeypatch.setattr(tokenized, "_tokenized", None)  # the way of Ray Data
    monkeypatch.setattr(tokenized, "BLOCK_ROWS", 64)
    stored = with_negatives(rows(ROWS, "cosine"))
    if not at_once:
        finish_first_block_last(monkeypatch, stored["sentence1"][0].as_py())
    pairs = prepare(tmp_path / "data", stored, loss)
    train = pairs.table("train")
    reading = resolve_base_model(tiny_model).reading(32)
    tokens = tokenize(pairs, reading, in_memory=in_memory)
    negatives = sum(map(len, stored["negatives"].to_pylist()))
    assert tokens.num_rows == len(train) == (ROWS // 2 if loss == "ranking" else ROWS + negatives)
    assert bool(tokens.table) == in_memory
    read = [ray.get(tokens.table[0])] if in_memory else [pq.read_table(block) for block in tokens.blocks]
    found = pa.concat_tables(read)
    in_file = text_hashes(train["sentence1"].to_pylist()).tolist()
    assert found["hash1"].to_pylist() == in_file  # whichever block was done first
    assert found["hash2"].to_pylist() == text_hashes(train["sentence2"].to_pylist()).tolist()
    if loss == "ranking":
        given = text_hashes(flattened(train["negatives"])[0].to_pylist()).tolist()
        assert flattened(found["negative_hashes"])[0].to_pylist() == given
    else:
        assert found["label"].to_pylist() == train["label"].to_pylist()
    words = np.unique(np.concatenate(tokens_of(train, tiny_model)))
    seen_tokens = tokens.seen_tokens()
    assert (seen_tokens is not None) == in_memory
    assert seen_tokens is None or np.array_equal(seen_tokens, words)
    seen: Counter[int] = Counter()
    for rank in (0, 1):
        share = Shard(global_batch_size=32, rank=rank, world_size=2)
        for batch in tokens.batches(share, seed=0, epoch=0):
            assert len(batch) == 16
            seen.update(batch["hash1"].to_pylist())
    assert sum(seen.values()) == len(train) // 32 * 32
    assert not seen - Counter(in_file)
    if not in_memory:
        assert len(tokens.blocks) == -(-len(train) // 64)
        assert tokenize(pairs, reading, in_memory=False) == tokens
        other = prepare(tmp_path / "data", stored, "ranking" if loss == "cosine" else "contrastive")
        assert not set(tokenize(other, reading, in_memory=False).blocks) & set(tokens.blocks)


def test_distinct_rows_arrive_with_their_weights(tiny_model: str, tmp_path: Path) -> None:
    train = rows(30, "cosine")
    repeated = prepare(tmp_path / "data", pa.concat_tables([train, train.slice(0, 10), train.slice(0, 10)]))
    reading = resolve_base_model(tiny_model).reading(32)
    pairs = distinct(repeated, reading)
    assert pairs.num_rows("train") == 30
    tokens = tokenize_batch(pairs.table("train"), reading)
    (batch,) = batches_in_memory(tokens, Shard(global_batch_size=30), seed=0, epoch=0)
    weights = dict(zip(batch["hash1"].to_pylist(), batch["weight"].to_pylist(), strict=True))
    heavy = text_hashes(train["sentence1"].slice(0, 10).to_pylist()).tolist()
    assert weights == pytest.approx({each: 1.8 if each in heavy else 0.6 for each in weights})


def test_a_row_without_a_text_is_refused_by_name_and_count(tmp_path: Path) -> None:
    train = rows(10, "cosine")
    train = train.set_column(1, "sentence2", pa.array([None, None, *train["sentence2"].to_pylist()[2:]], pa.string()))
    folder = tmp_path / "data"
    pairs = prepare(folder, rows(10, "cosine"))
    pa.parquet.write_table(train, folder / "train.parquet")
    with pytest.raises(Mistakes, match="'sentence2' is empty in 2 rows"):
        refuse_missing(pairs)
