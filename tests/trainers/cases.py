"""Make small pairs and jobs for tests that train, in words of the tiny model, so that texts differ."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import ray

from common.hashes import text_hashes
from models.base_model import resolve_base_model
from tasks.common.kinds import CATEGORY, default_kind
from tasks.common.losses import LOSSES
from tests.tiny_model import WORDS
from tokens.categories import Categories
from tokens.order import Shard, batches_in_memory
from tokens.reading import Reading
from tokens.tokenized import TokenizedPairs, distinct_ids, tokenize_batch
from trainers.groups.board import ProgressBoard
from trainers.groups.worker_group import GroupConfig
from trainers.job import Data, Job

VOCABULARY = sorted(set(WORDS.split()))
MAX_LENGTH = 32
CATEGORIES = ("light", "sound", "water", "wood")


BARE_JOB = Job(
    trial="t1",
    settings={
        "loss": "cosine",
        "learning_rate": 1e-3,
        "global_batch_size": 8,
        "epochs": 1,
        "warmup_ratio": 0.1,
        "weight_decay": 0.0,
    },
    kind="graded",
    metric="spearman_cosine",
    seed=0,
    reports=1,
    data=Data(train={"cosine": TokenizedPairs(num_rows=64)}, dev=[]),
)
"""Needs no cluster, and cannot be trained."""


@dataclass(frozen=True, kw_only=True)
class InHand(TokenizedPairs):
    """Hold pairs in memory, without a cluster."""

    tokens: pa.Table
    counted: bool

    def seen_tokens(self) -> np.ndarray | None:
        return distinct_ids(self.tokens) if self.counted else None

    def batches(self, shard: Shard, seed: int, epoch: int) -> Iterator[pa.Table]:
        return batches_in_memory(self.tokens, shard, seed, epoch)


def with_negatives(pairs: pa.Table, most: int = 2) -> pa.Table:
    """Return ranking pairs with given negatives: the rows have 0 to `most` of them in turn."""
    draw = random.Random(5)
    given = [
        [" ".join(draw.choices(VOCABULARY, k=5)) for _ in range(number % (most + 1))] for number in range(len(pairs))
    ]
    return pairs.append_column("negatives", pa.array(given, pa.list_(pa.string())))


def rows(count: int, loss: str, seed: int = 0) -> pa.Table:
    """D5's schema: half of the pairs share words; ranking pairs all do and have no label."""
    draw, labelled = random.Random(seed), LOSSES[loss].labels != "none"
    table: dict[str, list[Any]] = {"sentence1": [], "sentence2": [], "label": [], "group": []}
    for number in range(count):
        first, other = (draw.choices(VOCABULARY, k=draw.randint(3, 9)) for _ in range(2))
        alike = not labelled or number % 2 == 0
        table["sentence1"].append(" ".join(first))
        table["sentence2"].append(" ".join(first[:-1] + other[:1] if alike else other))
        table["label"].append(float(alike))
        table["group"].append(str(number))
    pairs = pa.table(table).cast(pa.schema([(n, pa.float32() if n == "label" else pa.string()) for n in table]))
    return pairs if labelled else pairs.drop_columns("label")


def by_category(pairs: pa.Table) -> pa.Table:
    """Replace the second texts by categories in turn."""
    second = pa.array([CATEGORIES[number % len(CATEGORIES)] for number in range(len(pairs))])
    return pairs.set_column(1, "sentence2", second)


def categories(reading: Reading) -> Categories:
    """Return the categories as tokens, as if each had as many texts."""
    return Categories(
        ids=pa.array(reading.ids(list(CATEGORIES), ""), pa.list_(pa.int32())),
        hashes=tuple(text_hashes(CATEGORIES).tolist()),
        counts=(1,) * len(CATEGORIES),
    )


def job(model: str, loss: str, *, train_rows: int = 64, negatives: bool = False, **changes: Any) -> Job:
    """Return a job of two epochs of 8 steps; a cluster must be connected."""
    train, dev = rows(train_rows, loss), rows(24, loss, seed=1)
    train = with_negatives(train) if negatives else train
    declared, reading = LOSSES[loss], resolve_base_model(model).reading(MAX_LENGTH)
    kind = default_kind(declared.labels)
    if declared.categories:
        kind, train, dev = CATEGORY, by_category(train), by_category(dev)
    tokens = tokenize_batch(train.drop_columns("group"), reading)
    settings = {"learning_rate": 1e-3, "global_batch_size": 8, "epochs": 2, "warmup_ratio": 0.1, "weight_decay": 0.01}
    parameters = {name: each.default.value for name, each in declared.parameters.items()}
    return replace(
        Job(
            trial="a trial",
            settings={"loss": loss} | settings | parameters,
            kind=kind.name,
            metric=kind.metric,
            seed=3,
            reports=2,
            data=Data(
                train={
                    declared.name: TokenizedPairs(
                        num_rows=train_rows,
                        table=[ray.put(tokens.combine_chunks())],
                        seen=[ray.put(distinct_ids(tokens))],
                        categories=categories(reading) if declared.categories else None,
                    )
                },
                dev=[ray.put(dev)],
                candidates=tuple(sorted(set(dev["sentence2"].to_pylist()))) if kind.ranked else None,
            ),
        ),
        **changes,
    )


def group_config(model: str, num_workers: int, storage: str) -> GroupConfig:
    """Return the configuration of a group of one-CPU workers."""
    return GroupConfig(
        model=[ray.put(resolve_base_model(model).files())],
        board=ProgressBoard.remote(),
        max_length=MAX_LENGTH,
        num_workers=num_workers,
        cpus_per_worker=1,
        gpu=False,
        storage=storage,
    )
