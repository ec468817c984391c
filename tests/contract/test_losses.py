"""Test every declared loss; a new one is found by its declaration."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from common.space import Choice, Setting
from tasks.common.losses import LOSSES, Loss, LossName
from tests.contract.cases import Content, request
from tests.contract.steps import Ranks, TokensInMemory, take_step, two_ranks
from tokens.categories import categories_of
from tokens.tokenized import tokenize_batch
from trainers.hardware import Hardware
from trainers.job import Data, Job
from trainers.losses.build import BUILDERS, build_loss, compute_loss
from workflows.request import Request
from workflows.session import job as job_of

every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)


def contents(loss: Loss) -> list[Content]:
    """Return the sorts of files that a loss trains with: those it reads, and labels 0 and 1, which serve every loss."""
    if loss.categories:
        return ["categories"]
    given: list[Content] = ["negatives"] if loss.negatives else []
    return [*dict.fromkeys([loss.labels, "binary"]), *given]


def test_every_declared_loss_has_a_builder() -> None:
    lacking = [name for name in LOSSES if name not in BUILDERS]
    assert not lacking, "tasks/common/losses.py declares them, trainers/losses/build.py has no builder"


def test_every_builder_has_a_declared_loss() -> None:
    unknown = [name for name in BUILDERS if name not in LOSSES]
    assert not unknown, "trainers/losses/build.py builds them, tasks/common/losses.py does not declare them"


def test_the_type_of_a_name_lists_the_declared_losses() -> None:
    assert sorted(get_args(LossName)) == sorted(LOSSES)


@pytest.fixture(scope="module")
def ranks() -> Iterator[Ranks]:
    with two_ranks() as ranks:
        yield ranks


def one_step(asked: Request) -> Job:
    """Return the job of its baseline settings on the first global batch of its pairs.

    SGD moves every weight in proportion to its gradient. Of a gradient AdamW's first step keeps only the sign, which is
    chance where the gradient is 0 but for rounding, as that of a key's bias is.
    """
    rows = asked.pairs.table("train").slice(0, int(asked.baseline["global_batch_size"]))
    tokens = tokenize_batch(rows, asked.base.reading).combine_chunks()
    loss, candidates = asked.pairs.loss, asked.pairs.candidates() or []
    categories = categories_of(asked.pairs, candidates, asked.base.reading) if loss.categories else None
    train = TokensInMemory(num_rows=len(tokens), tokens=tokens, categories=categories)
    data = Data(train={loss.name: train}, dev=[])
    job = job_of(asked, data, Hardware(device="cpu", bf16=False, optimizer="sgd", threads=1))
    settings = {**asked.baseline, "epochs": 1, "learning_rate": 0.1, "warmup_ratio": 0.0}
    return replace(job, settings=settings, dropout=False)


@pytest.mark.parametrize("distinct", [False, True], ids=["rows", "distinct rows"])
@pytest.mark.parametrize(
    ("name", "content"), [(loss.name, each) for loss in LOSSES.values() for each in contents(loss)]
)
def test_it_is_prepared_audited_searched_and_takes_the_same_step_on_one_worker_and_on_two(
    ranks: Ranks, tiny_model: str, tmp_path: Path, name: str, content: Content, distinct: bool
) -> None:
    asked = request(tmp_path, tiny_model, content, "--loss", name, distinct=distinct)
    assert asked.task.loss == name
    assert asked.audit.rows > 0
    assert name in asked.views
    assert {"loss", *LOSSES[name].settings} <= set(asked.space) == set(asked.baseline)
    job = one_step(asked)
    if distinct:
        assert max(job.train.tokens["repeats"].to_pylist()) > 1  # type: ignore[attr-defined]
    alone, together = take_step(job, tiny_model), ranks.take_step(job, tiny_model)
    size = np.linalg.norm(alone.change)
    assert size > 1e-3
    for each in together:
        assert each.loss == pytest.approx(alone.loss, rel=1e-5)
        assert np.linalg.norm(each.change - alone.change) < 1e-3 * size


@pytest.fixture(scope="module")
def model(tiny_model: str) -> SentenceTransformer:
    return SentenceTransformer(tiny_model, device="cpu")


def built(loss: Loss, model: SentenceTransformer, **settings: Setting) -> Any:
    """Return the loss with its defaults, but for these settings; of eight categories no two have as many texts."""
    defaults = {name: each.default.value for name, each in loss.parameters.items()}
    return build_loss(loss.name, model, {**defaults, **settings}, tuple(range(1, 9)) if loss.categories else None)


def batch(loss: Loss, **weights: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return eight rows with what the loss reads: labels 0 and 1 in turn, hashes of 16 texts, or categories."""
    labels = torch.arange(16).view(8, 2) if loss.labels == "none" else torch.tensor([0.0, 1.0]).repeat(4)
    return {"label": torch.arange(8) if loss.categories else labels, **weights}


def embeddings(loss: Loss) -> list[torch.Tensor]:
    """Return those of first and second texts, and those of a guide where the loss can read them."""
    generator = torch.Generator().manual_seed(0)
    both = [torch.nn.functional.normalize(torch.randn(8, 6, generator=generator)) for _ in range(4)]
    return both if "guide_margin" in loss.parameters else both[:2]


@every_loss
def test_rows_of_weight_1_are_rows_without_weights(model: SentenceTransformer, loss: Loss) -> None:
    made, ones = built(loss, model), torch.ones(8)
    plain = compute_loss(loss.name, made, embeddings(loss), batch(loss))
    weighted = compute_loss(loss.name, made, embeddings(loss), batch(loss, weight=ones, repeats=ones))
    assert weighted.shape == plain.shape == ()
    assert float(weighted) == pytest.approx(float(plain), rel=1e-6)


@every_loss
def test_a_row_of_weight_0_teaches_nothing(model: SentenceTransformer, loss: Loss) -> None:
    """A loss may hold its second text against others; its first text is left where it is."""
    first, *others = embeddings(loss)
    weights = torch.tensor([0.0, 2.0, *[1.0] * 6])
    given = batch(loss, weight=weights, repeats=weights)
    value = compute_loss(loss.name, built(loss, model), [first.requires_grad_(), *others], given)
    (gradient,) = torch.autograd.grad(value, first)
    lengths = gradient.norm(dim=1)
    assert torch.isfinite(gradient).all()
    assert lengths[0] == 0.0
    assert lengths[1:].max() > 0.0


@every_loss
def test_a_card_describes_it_by_its_parameters(model: SentenceTransformer, loss: Loss) -> None:
    described: Any = BUILDERS[loss.name].make(
        model, **{name: own.default.value for name, own in loss.parameters.items()}
    )
    config = described.get_config_dict() if hasattr(described, "get_config_dict") else {}
    shown = {"scale", "margin", "class_weight"} & set(loss.parameters)
    assert {name: config[name] for name in shown} == {name: loss.parameters[name].default.value for name in shown}


@every_loss
def test_each_of_its_parameters_changes_the_loss(model: SentenceTransformer, loss: Loss) -> None:
    for name, each in loss.parameters.items():
        searched = each.searched
        tried = searched.values if isinstance(searched, Choice) else (searched.low, searched.high)
        assert all(map(each.allows, (*tried, each.default.value)))
        values = [
            float(compute_loss(loss.name, built(loss, model, **{name: value}), embeddings(loss), batch(loss)))
            for value in (tried[0], tried[-1])
        ]
        assert values[0] != pytest.approx(values[1], rel=1e-3), name
