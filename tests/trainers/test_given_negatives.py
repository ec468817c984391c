"""Test given negatives: in the loss as in the library, in any number, and never a text against itself."""

from typing import Any

import pyarrow as pa
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

from models.base_model import resolve_base_model
from tests.trainers.cases import MAX_LENGTH, rows, with_negatives
from tokens.collate import collate, pad
from tokens.tokenized import distinct_ids, tokenize_batch
from trainers.fine_tune import switch_off_dropout
from trainers.losses import gather, ranking
from trainers.losses.build import build_loss
from trainers.pair_trainer import embed


@pytest.fixture(scope="module")
def model(tiny_model: str) -> SentenceTransformer:
    loaded = SentenceTransformer(tiny_model, device="cpu").train()
    switch_off_dropout(loaded)
    return loaded


def tokens_of(pairs: pa.Table, tiny_model: str) -> pa.Table:
    tokens = tokenize_batch(pairs.drop_columns("group"), resolve_base_model(tiny_model).reading(MAX_LENGTH))
    return tokens.combine_chunks()


def gradient(model: SentenceTransformer, value: torch.Tensor) -> torch.Tensor:
    found = torch.autograd.grad(value, list(model.parameters()), allow_unused=True)
    return torch.cat([each.flatten() for each in found if each is not None])


def ours(model: SentenceTransformer, tokens: pa.Table) -> torch.Tensor:
    loss: Any = build_loss("ranking", model, {"scale": 20.0})
    batch = collate(tokens, 0, 10)
    value: torch.Tensor = loss.compute_loss_from_embeddings(embed(model, batch), batch["label"])
    return value


@pytest.mark.parametrize("columns", [1, 3])
def test_loss_and_gradient_are_the_librarys_on_columns_of_negatives(
    model: SentenceTransformer, tiny_model: str, columns: int
) -> None:
    pairs = rows(12, "ranking")
    drawn = rows(12 * columns, "ranking", seed=7)["sentence1"].to_pylist()
    given = [drawn[number::12] for number in range(12)]
    tokens = tokens_of(pairs.append_column("negatives", pa.array(given, pa.list_(pa.string()))), tiny_model)
    plain = [tokens[name].combine_chunks() for name in ("ids1", "ids2")]
    rest = tokens["negative_ids"].to_pylist()
    plain += [pa.array([row[place] for row in rest], plain[0].type) for place in range(columns)]
    library: Any = MultipleNegativesRankingLoss(model, scale=20.0)
    embeddings = [model(pad(column, 0))["sentence_embedding"] for column in plain]
    theirs = library.compute_loss_from_embeddings(embeddings, torch.empty(0))
    found = ours(model, tokens)
    assert found.item() == pytest.approx(theirs.item(), rel=1e-5)
    wanted = gradient(model, theirs)
    assert float((gradient(model, found) - wanted).norm()) <= 1e-5 * float(wanted.norm())
    without = ours(model, tokens.drop_columns(["negative_ids", "negative_hashes"]))
    assert without.item() < found.item() - 0.01


def test_rows_may_have_any_number_of_negatives_and_every_anchor_is_held_against_all(
    model: SentenceTransformer, tiny_model: str
) -> None:
    tokens = tokens_of(with_negatives(rows(7, "ranking")), tiny_model)
    batch = collate(tokens, 0)
    assert [len(row) for row in tokens["negative_ids"].to_pylist()] == [0, 1, 2, 0, 1, 2, 0]
    loss: Any = build_loss("ranking", model, {"scale": 20.0})
    scores = loss.logits(embed(model, batch), batch["label"])["query_to_doc"]
    assert scores.shape == (7, 7 + 6)
    assert torch.isfinite(scores).all()


def test_a_negative_that_is_the_rows_own_text_is_none_for_it_and_one_for_others(
    model: SentenceTransformer, tiny_model: str
) -> None:
    pairs = pa.table({"sentence1": ["red door", "blue sky", "red door"], "sentence2": ["a door", "a sky", "the door"]})
    given = pa.array([["A  SKY", "Red Door"], ["red door"], ["river"]], pa.list_(pa.string()))
    pairs = pairs.append_column("group", pairs["sentence1"]).append_column("negatives", given)
    batch = collate(tokens_of(pairs, tiny_model), 0)
    loss: Any = build_loss("ranking", model, {"scale": 20.0})
    scores = loss.logits(embed(model, batch), batch["label"])["query_to_doc"]
    assert torch.isfinite(scores[:, 3:]).tolist() == [
        [True, False, False, True],
        [False, True, True, True],
        [True, False, False, True],
    ]


def test_two_ranks_have_the_loss_and_the_gradient_of_one(
    model: SentenceTransformer, tiny_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the collectives of both ranks played in turn: rank 0 has two negatives, rank 1 seven."""
    pairs = with_negatives(rows(6, "ranking"), most=5)
    tokens = tokens_of(pairs, tiny_model).take([0, 5, 1, 4, 3, 2])
    whole = ours(model, tokens)
    batches = [collate(tokens.take(list(range(rank, 6, 2))), 0) for rank in (0, 1)]
    counts = [len(batch["label"]) - 3 for batch in batches]
    assert counts[0] != counts[1]
    embeddings = [embed(model, batch) for batch in batches]
    parts = []
    for rank in (0, 1):
        play(monkeypatch, rank, embeddings, batches)
        loss: Any = build_loss("ranking", model, {"scale": 20.0})
        parts.append(loss.compute_loss_from_embeddings(embeddings[rank], batches[rank]["label"]))
    mean = sum(parts) / 2
    assert mean.item() == pytest.approx(whole.item(), rel=1e-5)
    wanted = gradient(model, whole)
    assert float((gradient(model, mean) - wanted).norm()) <= 1e-5 * float(wanted.norm())


def play(monkeypatch: pytest.MonkeyPatch, rank: int, embeddings: Any, batches: Any) -> None:
    """Answer the collectives of one rank with what both ranks would send."""
    most = max(len(batch["label"]) for batch in batches) - 3
    fill = [(0, 0, 0, most - len(batch["label"]) + 3) for batch in batches]
    filled = torch.nn.functional.pad
    answers = {
        "anchors": torch.cat([each[0] for each in embeddings]),
        "documents": torch.cat([each[1][:3] for each in embeddings]),
        "negatives": torch.cat([filled(each[1][3:], own) for each, own in zip(embeddings, fill, strict=True)]),
        "hashes": torch.cat([batch["label"][:3] for batch in batches]),
        "negative_hashes": torch.cat([filled(b["label"][3:], own) for b, own in zip(batches, fill, strict=True)]),
        "counts": torch.tensor([len(batch["label"]) - 3 for batch in batches]),
    }
    order = {
        "grad": iter(["documents", "negatives", "anchors"]),
        "plain": iter(["hashes", "counts", "negative_hashes"]),
    }

    def answered(kind: str, own: torch.Tensor) -> torch.Tensor:
        answer = answers[next(order[kind])]
        assert torch.equal(answer.chunk(2)[rank], own)
        return answer

    monkeypatch.setattr(gather, "all_gather_with_grad", lambda own: answered("grad", own))
    monkeypatch.setattr(gather, "all_gather", lambda own: answered("plain", own))
    monkeypatch.setattr(ranking, "get_rank", lambda: rank)
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)


def test_the_words_of_negatives_are_trained_too(tiny_model: str) -> None:
    tokens = tokens_of(with_negatives(rows(9, "ranking")), tiny_model)
    columns = [*tokens["ids1"].to_pylist(), *tokens["ids2"].to_pylist(), *sum(tokens["negative_ids"].to_pylist(), [])]
    assert distinct_ids(tokens).tolist() == sorted({each for ids in columns for each in ids})
    assert distinct_ids(tokens).tolist() != distinct_ids(tokens.drop_columns(["negative_ids"])).tolist()
