"""Test that one preparation trains several losses: with labels 0 and 1, and with given negatives."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from models.base_model import resolve_base_model
from pairs import prepared
from pairs.from_file import task_from_file
from pairs.prepare import prepare
from pairs.prepared import PreparedPairs
from pairs.train_view import view_of
from tasks.common.losses import LOSSES
from tests.trainers.cases import BARE_JOB, MAX_LENGTH, InHand, rows, with_negatives
from tokens.order import Shard
from tokens.tokenized import distinct_ids, tokenize_batch
from trainers.fine_tune import build_trainer
from trainers.job import Data


def prepared_pairs(folder: Path, held: str) -> PreparedPairs:
    """Prepare a file of 96 pairs, with labels 0 and 1, or every other one with a negative."""
    pairs = with_negatives(rows(96, "cosine" if held == "label" else "ranking"), 1).to_pylist()
    lines = [[row["sentence1"], row["sentence2"], row.get("label", "".join(row["negatives"]))] for row in pairs]
    file = folder / "pairs.csv"
    file.write_text("\n".join(",".join(map(str, line)) for line in [["a", "b", held], *lines]) + "\n")
    made = prepare(task_from_file(str(file), []), {"train": str(file)}, seed=1)
    prepared.write(str(folder / "data"), made.tables, made.manifest)
    return PreparedPairs.open(str(folder / "data"))


@pytest.mark.parametrize(
    ("held", "losses"), [("label", ("contrastive", "cosine", "ranking")), ("negative", ("contrastive", "ranking"))]
)
def test_one_preparation_trains_every_loss_that_can_read_it(
    tiny_model: str, tmp_path: Path, held: str, losses: tuple[str, ...]
) -> None:
    pairs, base = prepared_pairs(tmp_path, held), SentenceTransformer(tiny_model, device="cpu")
    reading, (table,) = resolve_base_model(tiny_model).reading(MAX_LENGTH), word_tables(base.state_dict())
    trained, steps = {}, {}
    for loss in (LOSSES[name] for name in losses):
        tokens = tokenize_batch(view_of(pairs, loss).table("train"), reading).combine_chunks()
        settings = {**BARE_JOB.settings, **{name: own.default.value for name, own in loss.parameters.items()}}
        data = Data(train={loss.name: InHand(num_rows=len(tokens), tokens=tokens, counted=True)}, dev=[])
        job = replace(BARE_JOB, settings={**settings, "loss": loss.name}, data=data)
        trainer: Any = build_trainer(job, base, Shard(global_batch_size=8), str(tmp_path), start=None)
        assert 0 < trainer.train().training_loss < math.inf
        steps[loss.name], trained[loss.name] = trainer.state.global_step, trainer.capture({}).weights[table]
        moved = np.flatnonzero((trained[loss.name] != base.state_dict()[table].numpy()).any(axis=1))
        assert set(moved) <= set(distinct_ids(tokens))
    assert steps["contrastive"] > steps["ranking"] > 2
    assert len({weights.tobytes() for weights in trained.values()}) == len(losses)


def word_tables(weights: dict[str, Any]) -> list[str]:
    """Return the names of the tables of word embeddings."""
    return [name for name in weights if name.endswith("word_embeddings.weight")]
