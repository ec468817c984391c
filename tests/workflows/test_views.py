"""Test which losses a search or a training uses, and what each of them reads."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from common.mistakes import Mistakes
from common.space import Choice
from pairs.prepared import PreparedPairs
from pairs.train_view import view_of
from tasks.common.loading import load
from tasks.common.losses import LOSSES
from tests.contract.cases import Content, request
from tests.pairs.test_train_view import folder
from tests.tokens.test_categories import prepared_categories
from tokens.tokenized import TokenizedPairs
from workflows import session
from workflows.request_checks import check_request
from workflows.views import fewer_negatives, with_enough_rows


def names(folder: Path, model: str, content: Content, *overrides: str, single: bool = False) -> list[str]:
    """Return the losses of a request for such a file."""
    request(folder, model, content)
    given = {"task": "pairs", "data": str(folder / "data"), "run": str(folder / "run2"), "base_model": model}
    return list(check_request({**given, "set": overrides}, dry_run=True, quiet=True, single=single).views)


@pytest.mark.parametrize(
    ("content", "overrides", "single", "losses"),
    [
        ("binary", (), False, ["contrastive", "online_contrastive", "cosent", "ranking"]),
        ("graded", (), False, ["cosine", "cosent", "angle"]),
        ("none", (), False, ["ranking"]),
        ("categories", (), False, ["cosine", "category_softmax"]),
        ("binary", (), True, ["contrastive"]),
        ("binary", ("loss=ranking,cosine,contrastive",), False, ["contrastive", "ranking", "cosine"]),
        ("categories", ("loss=category_softmax",), True, ["category_softmax"]),
    ],
)
def test_a_search_tries_the_losses_of_its_kind_and_a_training_has_one(
    tiny_model: str, tmp_path: Path, content: Content, overrides: tuple[str, ...], single: bool, losses: list[str]
) -> None:
    assert names(tmp_path, tiny_model, content, *overrides, single=single) == losses


def test_a_loss_that_reads_too_few_rows_for_its_batch_is_left_out_unless_it_is_named() -> None:
    task = load("invoices")  # a batch of 8
    rows = {"contrastive": 30, "cosent": 32, "ranking": 31}
    views: Any = {loss: SimpleNamespace(num_rows=lambda _, count=count: count) for loss, count in rows.items()}
    assert list(with_enough_rows(views, task, ())) == ["contrastive", "cosent"]
    assert list(with_enough_rows(views, task, ("ranking",))) == ["contrastive", "cosent", "ranking"]


def test_a_loss_that_cannot_read_the_labels_is_refused_with_those_that_can(tiny_model: str, tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match="the contrastive loss reads 0 and 1; allowed: cosine or cosent or angle"):
        names(tmp_path, tiny_model, "graded", "loss=contrastive,cosine")


def test_every_mistake_of_set_is_reported_with_that_of_the_loss(tiny_model: str, tmp_path: Path) -> None:
    with pytest.raises(Mistakes) as caught:
        names(tmp_path, tiny_model, "binary", "loss=cosine2", "margins=3")
    assert "'cosine2'" in caught.value.messages[0]
    assert "'margins=3' is not NAME=VALUE" in caught.value.messages[1]


def test_losses_that_read_alike_share_their_tokens_and_one_has_the_categories(
    tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request(tmp_path, tiny_model, "binary")
    tokenised: list[Any] = []

    def tokenize(view: Any, _: Any) -> TokenizedPairs:
        tokenised.append(view.view)
        return TokenizedPairs(num_rows=view.num_rows("train"))

    monkeypatch.setattr(session, "tokenize", tokenize)
    tokens = session.tokens_of(asked.views, [], asked.base.reading)
    assert tokens["contrastive"] is tokens["cosent"] is tokens["online_contrastive"]
    assert tokens["ranking"].num_rows < tokens["cosent"].num_rows
    assert len(tokenised) == 2
    by_category = prepared_categories(tmp_path, tiny_model)
    tokens = session.tokens_of(by_category.views, by_category.pairs.candidates() or [], by_category.base.reading)
    assert tokens["cosine"].categories is None
    assert tokens["category_softmax"].categories is not None


def asked_for(folder: Path, model: str, content: Content, *overrides: str, **more: Any) -> Any:
    """Prepare such a file and return the request of a search."""
    request(folder, model, content)
    named = {"task": "pairs", "data": str(folder / "data"), "run": str(folder / "run2"), "base_model": model}
    return check_request({**named, "set": overrides, **more}, dry_run=True, quiet=True)


def test_a_search_may_choose_how_many_given_negatives_are_read(
    tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asked_for(tmp_path, tiny_model, "negatives", "negatives=all,0,1", "loss=ranking")
    assert asked.baseline["negatives"] == "all"
    read: dict[int, Any] = {}

    def tokenize(view: Any, _: Any) -> TokenizedPairs:
        read[len(read)] = view.table("train").to_pylist()
        return TokenizedPairs(num_rows=len(read))

    monkeypatch.setattr(session, "tokenize", tokenize)
    monkeypatch.setattr("ray.put", lambda value: value)
    data = session.data(asked)
    of_value = {
        value: read[data.read_by({"loss": "ranking", "negatives": value}).num_rows - 1] for value in ("all", 0.0, 1.0)
    }
    assert of_value["all"] == asked.pairs.table("train").to_pylist()
    assert not any("negatives" in row for row in of_value[0.0])
    assert {len(row["negatives"]) for row in of_value[1.0]} == {1}
    assert data.read_by({"loss": "ranking"}) is data.train["ranking"]


@pytest.mark.parametrize(
    ("content", "overrides", "more", "said"),
    [
        ("binary", ("negatives=1",), {}, "'negatives=1', but .* has no given negatives; allowed: all"),
        ("negatives", ("negatives=0", "loss=cosine"), {}, "neither labels nor given negatives"),
        ("negatives", ("negatives=all,1",), {"distinct": True}, "'negatives=all,1' with --distinct"),
        ("negatives", ("negatives=0:2",), {}, "must list whole numbers"),
        ("negatives", ("negatives=1.5",), {}, "negatives: 1.5 is not all, a whole number of at least 0"),
        ("negatives", ("negatives=1", "global_batch_size=1024"), {}, "global_batch_size: 1024 is more than"),
    ],
)
def test_a_number_of_negatives_that_cannot_be_read_is_refused(
    tiny_model: str, tmp_path: Path, content: Content, overrides: tuple[str, ...], more: dict[str, Any], said: str
) -> None:
    with pytest.raises(Mistakes, match=said):
        asked_for(tmp_path, tiny_model, content, *overrides, **more)


def test_a_loss_needs_a_batch_of_rows_with_the_negatives_that_are_left(tmp_path: Path) -> None:
    pairs = PreparedPairs.open(folder(tmp_path / "data", [1, 0, 1, 0, 0, 1], [["x", "y"], [], ["z"], [], [], []]))
    views: Any = {"cosine": view_of(pairs, LOSSES["cosine"])}
    space = {"negatives": Choice(values=(1.0,)), "global_batch_size": Choice(values=(4.0, 8.0))}
    assert fewer_negatives(views, space, distinct_rows=False)["cosine", 1].num_rows("train") == 8
    with pytest.raises(Mistakes, match="'negatives=0': the cosine loss then reads 6 training pairs; .* a batch, 8"):
        fewer_negatives(views, space | {"negatives": Choice(values=(0.0, 1.0))}, distinct_rows=False)
