"""Test the losses: masking against a closed form, and parameters that reach them."""

import math
from typing import Any

import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import (
    AnglELoss,
    CoSENTLoss,
    MultipleNegativesRankingLoss,
    OnlineContrastiveLoss,
)

from trainers.losses.build import BUILDERS, Weights, build_loss
from trainers.losses.ranking import DIRECTIONS, no_negatives


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
    assert no_negatives(labels, labels, labels[:0])["query_to_doc"].tolist() == [[True, True], [False, True]]


def test_texts_of_one_group_are_no_negatives() -> None:
    labels = torch.tensor([[1, 11, 7], [2, 12, 7], [3, 13, 8]])
    for direction, mask in no_negatives(labels, labels, labels[:0]).items():
        assert mask.tolist() == [[True, True, False], [True, True, False], [False, False, True]], direction


def test_where_groups_count_a_given_negative_is_one_of_its_own_anchor_alone() -> None:
    labels, given = torch.tensor([[1, 11, 7], [2, 12, 8]]), torch.tensor([[1, 21, 0], [2, 22, 0], [1, 11, 0]])
    masks = no_negatives(labels, labels, given)
    assert masks["query_to_doc"][:, 2:].tolist() == [[False, True, True], [True, False, True]]
    assert masks["doc_to_doc"][:, 2:].all()
    assert not no_negatives(labels[:, :2], labels[:, :2], given[:2, :2])["query_to_doc"][:, 2:].any()


@pytest.mark.parametrize("hardness", [0.0, 5.0])
@pytest.mark.parametrize("directions", DIRECTIONS)
def test_every_direction_has_the_value_and_the_gradient_of_the_librarys(
    model: SentenceTransformer, embeddings: list[torch.Tensor], directions: str, hardness: float
) -> None:
    first = embeddings[0].requires_grad_()
    library: Any = MultipleNegativesRankingLoss(
        model,
        scale=20.0,
        directions=DIRECTIONS[directions],  # type: ignore[arg-type]
        partition_mode="joint" if directions == "all" else "per_direction",
        hardness_mode="all_negatives" if hardness else None,
        hardness_strength=hardness,
    )
    own: Any = build_loss("ranking", model, {"scale": 20.0, "directions": directions, "hardness_strength": hardness})
    values = [loss.compute_loss_from_embeddings([first, embeddings[1]], DISTINCT) for loss in (own, library)]
    gradients = [torch.autograd.grad(each, first)[0] for each in values]
    assert values[0].item() == pytest.approx(values[1].item(), rel=1e-6)
    assert torch.allclose(gradients[0], gradients[1], atol=1e-6)


def test_repeats_are_masked_in_every_direction(model: SentenceTransformer, embeddings: list[torch.Tensor]) -> None:
    labels = torch.tensor([[1, 11], [1, 12], [3, 11], [4, 14]])  # anchor 1 twice, document 11 twice
    loss: Any = build_loss("ranking", model, {"scale": 20.0, "directions": "all"})
    kept = {name: torch.isfinite(each).tolist() for name, each in loss.logits(embeddings, labels).items()}
    others = [[False, False, False, True], [False, False, True, True], [False, True, False, True]]
    across = [[True, False, False, True], [False, True, True, True], [False, True, True, True], [True] * 4]
    assert kept["query_to_doc"] == kept["doc_to_query"] == across
    assert kept["query_to_query"] == kept["doc_to_doc"] == [*others, [True, True, True, False]]


def test_a_text_that_the_guide_finds_too_near_is_no_negative(
    model: SentenceTransformer, embeddings: list[torch.Tensor]
) -> None:
    guide = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [0.8, 0.6]])
    loss: Any = build_loss("ranking", model, {"scale": 20.0, "guide_margin": 0.1})
    assert loss.reads_guide
    kept = torch.isfinite(loss.logits([*embeddings, guide, guide], DISTINCT)["query_to_doc"])
    near = guide @ guide.T > 0.9 + 1e-6
    assert kept.tolist() == (~near | torch.eye(4, dtype=torch.bool)).tolist()
    assert not build_loss("ranking", model, {"scale": 20.0}).reads_guide


@pytest.mark.parametrize("labels", [[0.0, 1.0, 1.0, 0.0], [0.0] * 4, [1.0] * 4])
def test_online_contrastive_has_the_value_and_the_gradient_of_the_librarys(
    model: SentenceTransformer, embeddings: list[torch.Tensor], labels: list[float]
) -> None:
    first = embeddings[0].requires_grad_()
    own, library = build_loss("online_contrastive", model, {"margin": 1.2}), OnlineContrastiveLoss(model, margin=1.2)
    values = [
        loss.compute_loss_from_embeddings([first, embeddings[1]], torch.tensor(labels))  # type: ignore[operator]
        for loss in (own, library)
    ]
    gradients = [torch.autograd.grad(each, first)[0] for each in values]
    assert values[0].item() == pytest.approx(values[1].item(), rel=1e-6)
    assert float(values[0]) > 0
    assert torch.allclose(gradients[0], gradients[1], atol=1e-6)


def test_angle_has_the_value_of_the_librarys(model: SentenceTransformer, embeddings: list[torch.Tensor]) -> None:
    labels = torch.tensor([-1.0, 0.25, 0.25, 1.0])
    values = [
        float(loss.compute_loss_from_embeddings(embeddings, labels))  # type: ignore[operator]
        for loss in (build_loss("angle", model, {"scale": 17.0}), AnglELoss(model, scale=17.0))
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-6)


def test_a_texts_loss_is_its_surprise_at_its_category(
    model: SentenceTransformer, embeddings: list[torch.Tensor]
) -> None:
    texts, categories = embeddings[0], embeddings[1][:3]
    labels = torch.tensor([0, 0, 2, 1])
    loss: Any = build_loss("category_softmax", model, {"scale": 20.0, "class_weight": 0.0}, (2, 1, 1))
    scores = (texts @ categories.T * 20.0).tolist()
    by_hand = [math.log(sum(map(math.exp, row))) - row[own] for row, own in zip(scores, labels.tolist(), strict=True)]
    assert value(loss, [texts, categories], labels) == pytest.approx(sum(by_hand) / 4, rel=1e-5)


def test_a_full_class_weight_makes_categories_count_alike(model: SentenceTransformer) -> None:
    loss: Any = build_loss("category_softmax", model, {"scale": 20.0, "class_weight": 1.0}, (6, 3, 0, 1))
    counts = torch.tensor([6.0, 3.0, 0.0, 1.0])
    shares = loss.weights * counts
    assert shares.tolist() == pytest.approx([10 / 3, 10 / 3, 0.0, 10 / 3])


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
