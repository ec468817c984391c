"""Test that chunks do not change the mathematics: loss and gradient equal the library's, column by column."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense
from torch.utils._python_dispatch import TorchDispatchMode

from models.base_model import resolve_base_model
from pairs.collate import collate, pad
from pairs.order import Shard
from pairs.tokenized import tokenize_batch
from tests.trainers.cases import BARE_JOB, MAX_LENGTH, rows
from trainers.fine_tune import build_trainer, switch_off_dropout
from trainers.losses import build_loss
from trainers.pair_trainer import PairTrainer, TrialFailedError, embed, token_embeddings

PARAMETERS: dict[str, dict[str, float]] = {"contrastive": {"margin": 0.5}, "cosine": {}, "ranking": {"scale": 20.0}}


def loss_and_gradient(
    model: SentenceTransformer, loss: str, embeddings: Any, labels: torch.Tensor
) -> tuple[float, torch.Tensor]:
    """Return the loss and its gradient over all parameters as one vector; parts of it are zero up to rounding."""
    value: Any = build_loss(loss, model, PARAMETERS[loss])
    value = value.compute_loss_from_embeddings(embeddings, labels)
    gradients = torch.autograd.grad(value, list(model.parameters()), allow_unused=True)
    return float(value.detach()), torch.cat([gradient.flatten() for gradient in gradients if gradient is not None])


@pytest.mark.parametrize("tokens_per_call", [0, 30])
@pytest.mark.parametrize("loss", list(PARAMETERS))
def test_loss_and_gradients_are_those_of_the_plain_way(tiny_model: str, loss: str, tokens_per_call: int) -> None:
    model = SentenceTransformer(tiny_model, device="cpu").train()
    switch_off_dropout(model)
    pairs = rows(16, loss)
    pairs = pa.concat_tables([pairs, pairs.slice(3, 4)]).combine_chunks()  # some texts stand twice
    tokens = tokenize_batch(pairs.drop_columns("group"), resolve_base_model(tiny_model).reading(MAX_LENGTH))
    batch = collate(tokens.combine_chunks(), 0, tokens_per_call)
    columns = [pad(tokens[name].combine_chunks(), 0) for name in ("ids1", "ids2")]
    plain = [model(column)["sentence_embedding"] for column in columns]
    ours, our_gradient = loss_and_gradient(model, loss, embed(model, batch), batch["label"])
    theirs, their_gradient = loss_and_gradient(model, loss, plain, batch["label"])
    assert sum(len(chunk["input_ids"]) for chunk in batch["chunks"]) < 2 * len(pairs)
    assert ours == pytest.approx(theirs, rel=1e-5)
    assert float((our_gradient - their_gradient).norm()) <= 1e-5 * float(their_gradient.norm())


def test_the_word_embeddings_are_looked_up_once_for_all_chunks(tiny_model: str) -> None:
    model = SentenceTransformer(tiny_model, device="cpu")
    tokens = tokenize_batch(rows(16, "cosine").drop_columns("group"), resolve_base_model(tiny_model).reading(32))
    batch = collate(tokens.combine_chunks(), 0, 0)
    calls: list[int] = []
    transformer: Any = model[0]
    transformer.model.get_input_embeddings().register_forward_hook(lambda *given: calls.append(1))
    embed(model, batch)
    assert len(batch["chunks"]) > 1
    assert len(calls) == 1


def test_the_gradient_of_the_words_is_the_plain_ones_in_the_same_memory_at_every_step(
    tiny_model: str, tmp_path: Path
) -> None:
    model = SentenceTransformer(tiny_model, device="cpu")
    tokens = tokenize_batch(rows(8, "cosine").drop_columns("group"), resolve_base_model(tiny_model).reading(32))
    job = replace(BARE_JOB, dropout=False)
    trainer = build_trainer(job, model, Shard(global_batch_size=8), str(tmp_path), start=None)
    trainer.current_gradient_accumulation_steps = 1  # train() sets it
    batch = collate(tokens.combine_chunks(), 0, 0)
    columns = [pad(tokens[name].combine_chunks(), 0) for name in ("ids1", "ids2")]
    words: Any = token_embeddings(trainer.model)
    plain = [trainer.model(column)["sentence_embedding"] for column in columns]
    value: Any = build_loss("cosine", model, {})
    (wanted,) = torch.autograd.grad(value.compute_loss_from_embeddings(plain, batch["label"]), words.weight)
    added: list[torch.Tensor] = []
    words.weight.register_hook(added.append)
    kept = []  # the gradients themselves: memory that was freed could be had again by chance
    for _ in range(2):
        trainer.training_step(trainer.model, batch)
        assert float((words.weight.grad - wanted).norm()) <= 1e-5 * float(wanted.norm())
        kept.append(words.weight.grad)
        trainer.model.zero_grad()
    assert kept[0].data_ptr() == kept[1].data_ptr()
    assert [each.is_sparse for each in added] == [True, True]  # a dense one would be as large as the table


class CastsOf(TorchDispatchMode):
    """Count the copies of one tensor in another type."""

    def __init__(self, tensor: torch.Tensor) -> None:
        super().__init__()
        self.tensor, self.count = tensor, 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func is torch.ops.aten._to_copy.default and args[0].data_ptr() == self.tensor.data_ptr()
        return func(*args, **(kwargs or {}))


def test_in_bf16_a_weight_is_cast_once_for_all_chunks(tiny_model: str, tmp_path: Path) -> None:
    tokens = tokenize_batch(rows(16, "cosine").drop_columns("group"), resolve_base_model(tiny_model).reading(32))
    base = SentenceTransformer(tiny_model, device="cpu")
    job = replace(BARE_JOB, bf16=True)
    trainer = build_trainer(job, base, Shard(global_batch_size=8), str(tmp_path), start=None)
    batch = collate(tokens.combine_chunks(), 0, 0)
    with CastsOf(next(each for each in trainer.model.modules() if isinstance(each, torch.nn.Linear)).weight) as casts:
        trainer.compute_loss(trainer.model, batch)
    assert len(batch["chunks"]) > 1
    assert casts.count == 1


def test_the_loss_is_given_fp32_of_a_model_whose_last_layer_gives_bf16(tiny_model: str) -> None:
    model = SentenceTransformer(tiny_model, device="cpu")
    model.append(Dense(model.get_embedding_dimension() or 0, 8))
    tokens = tokenize_batch(rows(8, "cosine").drop_columns("group"), resolve_base_model(tiny_model).reading(32))
    with torch.autocast("cpu", torch.bfloat16):
        columns = embed(model, collate(tokens.combine_chunks(), 0, 0))
    assert [column.dtype for column in columns] == [torch.float32] * 2


def test_a_training_that_nobody_waits_for_ends_at_its_next_step(tiny_model: str, tmp_path: Path) -> None:
    model = SentenceTransformer(tiny_model, device="cpu")
    tokens = tokenize_batch(rows(8, "cosine").drop_columns("group"), resolve_base_model(tiny_model).reading(32))
    share = Shard(global_batch_size=8)
    trainer = build_trainer(BARE_JOB, model, share, str(tmp_path), start=None, cancelled=lambda: True)
    with pytest.raises(TrialFailedError, match="the search no longer needs"):
        trainer.training_step(trainer.model, collate(tokens.combine_chunks(), 0, 0))


def test_the_trainers_loss_heeds_the_weights(tiny_model: str) -> None:
    model = SentenceTransformer(tiny_model, device="cpu")
    tokens = tokenize_batch(rows(8, "cosine").drop_columns("group"), resolve_base_model(tiny_model).reading(32))
    weights = pa.array([8.0, *[0.0] * 7], pa.float32())
    trainer: Any = SimpleNamespace(
        loss=build_loss("cosine", model, {}),
        batches=SimpleNamespace(job=BARE_JOB),
        args=SimpleNamespace(device=model.device),
        state=SimpleNamespace(global_step=0),
        cancelled=lambda: False,
        in_bf16=nullcontext,
    )
    weighted = collate(tokens.append_column("weight", weights).append_column("repeats", weights).combine_chunks(), 0)
    first = collate(tokens.slice(0, 1).combine_chunks(), 0)
    losses = [PairTrainer.compute_loss(trainer, model, batch).item() for batch in (weighted, first)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
