"""Test a training step: the library's loss and gradient, batches and randomness from the seed, agreement of ranks."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
import torch
import torch.distributed as dist
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense
from torch.utils._python_dispatch import TorchDispatchMode

from models.base_model import resolve_base_model
from tests.trainers.cases import BARE_JOB, MAX_LENGTH, InHand, rows
from tokens.collate import collate, pad
from tokens.order import Shard
from tokens.tokenized import tokenize_batch
from trainers.fine_tune import build_trainer, switch_off_dropout
from trainers.losses.build import build_loss
from trainers.pair_trainer import PairBatches, PairTrainer, StepRandomness, TrialFailedError, agree, embed
from trainers.vocabulary import token_embeddings

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
        super().__init__()  # type: ignore[no-untyped-call]
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


def test_a_cancelled_training_ends_at_its_next_step(tiny_model: str, tmp_path: Path) -> None:
    model = SentenceTransformer(tiny_model, device="cpu")
    tokens = tokenize_batch(rows(8, "cosine").drop_columns("group"), resolve_base_model(tiny_model).reading(32))
    shard = Shard(global_batch_size=8)
    trainer = build_trainer(BARE_JOB, model, shard, str(tmp_path), start=None, cancelled=lambda: True)
    with pytest.raises(TrialFailedError, match="the search no longer needs"):
        trainer.training_step(trainer.model, collate(tokens.combine_chunks(), 0, 0))


def stub_trainer(loss: Any, device: torch.device, step: int = 0) -> SimpleNamespace:
    """Return what PairTrainer.compute_loss reads of a trainer."""
    return SimpleNamespace(
        loss=loss,
        base=None,
        batches=SimpleNamespace(job=BARE_JOB),
        args=SimpleNamespace(device=device),
        state=SimpleNamespace(global_step=step),
        cancelled=lambda: False,
        in_bf16=nullcontext,
    )


def test_the_trainers_loss_heeds_the_weights(tiny_model: str) -> None:
    model = SentenceTransformer(tiny_model, device="cpu")
    tokens = tokenize_batch(rows(8, "cosine").drop_columns("group"), resolve_base_model(tiny_model).reading(32))
    weights = pa.array([8.0, *[0.0] * 7], pa.float32())
    trainer: Any = stub_trainer(build_loss("cosine", model, {}), model.device)
    weighted = collate(tokens.append_column("weight", weights).append_column("repeats", weights).combine_chunks(), 0)
    first = collate(tokens.slice(0, 1).combine_chunks(), 0)
    losses = [PairTrainer.compute_loss(trainer, model, batch).item() for batch in (weighted, first)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


@pytest.mark.parametrize("world_size", [1, 2])
def test_the_ranks_batches_of_an_epoch_are_the_global_ones_in_parts(tiny_model: str, world_size: int) -> None:
    tokens = tokenize_batch(rows(40, "cosine").drop_columns("group"), resolve_base_model(tiny_model).reading(32))
    train = InHand(num_rows=40, tokens=tokens.combine_chunks(), counted=False)
    data = replace(BARE_JOB.data, train={"cosine": train})
    job = replace(BARE_JOB, data=data)
    labels: dict[int, list[list[float]]] = {}
    for epoch in (0, 1):
        parts = []
        for rank in range(world_size):
            batches = PairBatches(job, Shard(global_batch_size=8, rank=rank, world_size=world_size), 0, 0)
            batches.epoch = epoch
            parts.append([sorted(batch["label"].tolist()) for batch in batches])
            assert len(parts[-1]) == len(batches) == 5
        labels[epoch] = [sorted(sum(batch, [])) for batch in zip(*parts, strict=True)]
        assert {len(batch) for batch in labels[epoch]} == {8}
        assert sorted(sum(labels[epoch], [])) == [0.0] * 20 + [1.0] * 20
    assert labels[0] != labels[1]


def test_a_steps_randomness_follows_from_seed_step_and_rank_alone() -> None:
    def drawn(seed: int, step: int, rank: int, before: int) -> float:
        torch.manual_seed(before)
        shard = Shard(global_batch_size=8, rank=rank, world_size=2)
        randomness = StepRandomness(PairBatches(replace(BARE_JOB, seed=seed), shard, 0, 0))
        randomness.on_step_begin(None, SimpleNamespace(global_step=step), None)
        return float(torch.rand(()))

    assert drawn(3, 5, 1, before=0) == drawn(3, 5, 1, before=9)
    assert len({drawn(seed, step, rank, before=0) for seed in (3, 4) for step in (5, 6) for rank in (0, 1)}) == 8


def test_a_resumed_training_reads_the_epoch_of_its_step() -> None:
    batches = PairBatches(BARE_JOB, Shard(global_batch_size=8), 0, 0)
    randomness = StepRandomness(batches)
    for step, epoch in ((0, 0), (7, 0), (8, 1), (17, 2)):
        randomness.on_epoch_begin(None, SimpleNamespace(global_step=step), None)
        assert batches.epoch == epoch


@pytest.mark.parametrize(
    ("loss", "said"), [(float("nan"), "loss is nan at step 5"), (1 / 3, None), (KeyError("label"), "KeyError: 'label'")]
)
def test_a_loss_that_is_not_finite_and_an_error_end_the_training(
    loss: Any, said: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compute(*_: object) -> torch.Tensor:
        if isinstance(loss, Exception):
            raise loss
        return torch.tensor(loss)

    monkeypatch.setattr("trainers.pair_trainer.embed", lambda *_: [])
    monkeypatch.setattr("trainers.pair_trainer.compute_loss", compute)
    trainer: Any = stub_trainer(None, torch.device("cpu"), step=4)
    if said is None:
        assert PairTrainer.compute_loss(trainer, None, {}).item() == pytest.approx(loss)
    else:
        with pytest.raises(TrialFailedError, match=f"^{said}$"):
            PairTrainer.compute_loss(trainer, None, {})


def test_a_rank_without_an_error_fails_with_another_that_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "get_world_size", lambda: 2)
    monkeypatch.setattr(dist, "all_reduce", lambda failed: failed.add_(1))
    with pytest.raises(TrialFailedError, match="^another rank failed$"):
        agree(None, torch.device("cpu"))
    monkeypatch.setattr(dist, "all_reduce", lambda failed: failed)
    agree(None, torch.device("cpu"))
