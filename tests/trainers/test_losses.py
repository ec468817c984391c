"""Test the losses: masking against a closed form, and parameters that reach them."""

import math
from typing import Any

import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import CoSENTLoss, MultipleNegativesRankingLoss

from trainers.losses import BUILDERS, Weights, build_loss, same_text


@pytest.fixture(scope="module")
def model(tiny_model: str) -> SentenceTransformer:
    return SentenceTransformer(tiny_model, device="cpu")


@pytest.fixture
def embeddings() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.nn.functional.normalize(torch.randn(4, 8, generator=generator)) for _ in range(2)]


DISTINCT = torch.tensor([[1, 11], [2, 12], [3, 13], [4, 14]])


def value(loss: Any, embeddings: list[torch.Tensor], labels: torch.Tensor) -> float:
    return float(loss.compute_loss_from_embeddings(embeddings, labels))


def test_without_repeats_the_ranking_loss_is_the_librarys(
    model: SentenceTransformer, embeddings: list[torch.Tensor]
) -> None:
    ours = value(build_loss("ranking", model, {"scale": 20.0}), embeddings, DISTINCT)
    theirs = value(MultipleNegativesRankingLoss(model, scale=20.0), embeddings, DISTINCT)
    assert ours == pytest.approx(theirs, rel=1e-6)


def test_repeats_of_a_text_are_no_negatives(model: SentenceTransformer, embeddings: list[torch.Tensor]) -> None:
    labels = torch.tensor([[1, 11], [1, 12], [3, 11], [4, 14]])  # anchor 1 twice, document 11 twice
    loss = value(build_loss("ranking", model, {"scale": 10.0}), embeddings, labels)
    scores = (embeddings[0] @ embeddings[1].T * 10.0).tolist()
    kept = {0: [0, 3], 1: [1, 2, 3], 2: [1, 2, 3], 3: [0, 1, 2, 3]}
    by_hand = [
        math.log(sum(math.exp(scores[row][column]) for column in columns)) - scores[row][row]
        for row, columns in kept.items()
    ]
    assert loss == pytest.approx(sum(by_hand) / 4, rel=1e-5)


def test_a_document_that_is_the_anchor_is_no_negative() -> None:
    labels = torch.tensor([[1, 11], [2, 1]])
    assert same_text(labels, labels).tolist() == [[True, True], [False, True]]


@pytest.mark.parametrize(("loss", "parameter"), [("contrastive", "margin"), ("ranking", "scale")])
def test_the_parameter_reaches_the_loss(
    model: SentenceTransformer, embeddings: list[torch.Tensor], loss: str, parameter: str
) -> None:
    labels = torch.zeros(4) if loss == "contrastive" else DISTINCT
    values = [value(build_loss(loss, model, {parameter: each}), embeddings, labels) for each in (0.5, 1.5)]
    distances = 1 - torch.nn.functional.cosine_similarity(embeddings[0], embeddings[1])
    if loss == "contrastive":
        expected = [float(0.5 * torch.relu(margin - distances).pow(2).mean()) for margin in (0.5, 1.5)]
        assert values == pytest.approx(expected, rel=1e-5)
    assert values[0] != pytest.approx(values[1], rel=1e-3)


def test_a_row_of_weight_zero_teaches_the_ranking_loss_nothing(
    model: SentenceTransformer, embeddings: list[torch.Tensor]
) -> None:
    loss: Any = build_loss("ranking", model, {"scale": 20.0})
    anchors = embeddings[0].requires_grad_()
    weights = torch.tensor([0.0, 2.0, 1.0, 1.0])
    BUILDERS["ranking"].weighted(loss, [anchors, embeddings[1]], DISTINCT, Weights(weights, weights)).backward()
    lengths = anchors.grad.norm(dim=1)  # type: ignore[union-attr]
    assert lengths[0] == 0.0
    assert lengths[1] > 0.0


COSENT_LABELS = {
    "graded": [-1.0, 0.25, 0.25, 1.0],
    "0 and 1": [0.0, 1.0, 1.0, 0.0],
    "all equal": [0.5, 0.5, 0.5, 0.5],
}


@pytest.mark.parametrize("labels", COSENT_LABELS.values(), ids=COSENT_LABELS)
def test_cosent_has_the_value_and_the_gradient_of_the_librarys(
    model: SentenceTransformer, embeddings: list[torch.Tensor], labels: list[float]
) -> None:
    first = embeddings[0].requires_grad_()
    found = []
    for loss in (build_loss("cosent", model, {"scale": 17.0}), CoSENTLoss(model, scale=17.0)):
        made: Any = loss
        computed = made.compute_loss_from_embeddings([first, embeddings[1]], torch.tensor(labels))
        found.append((computed.detach(), torch.autograd.grad(computed, first)[0]))
    (ours, own), (theirs, wanted) = found
    assert float(ours) == pytest.approx(float(theirs), rel=1e-6)
    assert torch.allclose(own, wanted, atol=1e-6)
    assert (float(ours) == 0.0) == (bool((own == 0.0).all())) == (len(set(labels)) == 1)


def test_a_row_of_cosent_that_stands_for_several_counts_as_often(
    model: SentenceTransformer, embeddings: list[torch.Tensor]
) -> None:
    loss: Any = build_loss("cosent", model, {"scale": 20.0})
    labels, repeats = torch.tensor([0.0, 0.5, 0.5, 1.0]), torch.tensor([1.0, 3.0, 1.0, 2.0])
    weights = Weights(repeats / repeats.mean(), repeats)
    distinct = BUILDERS["cosent"].weighted(loss, embeddings, labels, weights)
    rows = repeats.long()
    repeated = value(loss, [each.repeat_interleave(rows, dim=0) for each in embeddings], labels.repeat_interleave(rows))
    assert float(distinct) == pytest.approx(repeated, rel=1e-6)
