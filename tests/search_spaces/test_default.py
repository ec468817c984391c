"""Test the search space of every task: it holds the baseline, and options narrow it."""

import pytest

from common.mistakes import Mistakes
from common.space import Choice, Range
from search_spaces.default import baseline_in, fixed, for_task
from tasks.common.loading import load, names

ROWS = 10_000


def test_there_are_tasks_to_look_at() -> None:
    assert len(names()) >= 5
    assert {load(name).loss for name in names()} >= {"contrastive", "cosine", "ranking"}


@pytest.mark.parametrize("name", names())
def test_the_baseline_lies_in_the_default_space(name: str) -> None:
    task = load(name)
    space = for_task(task, [], ROWS, 1)
    assert set(space) == set(task.baseline)
    assert baseline_in(task, space) == pytest.approx(task.settings)


@pytest.mark.parametrize("name", names())
def test_what_the_loss_takes_is_searched_and_epochs_are_not(name: str) -> None:
    task = load(name)
    space = for_task(task, [], ROWS, 1)
    varied = {name for name, allowed in space.items() if not (isinstance(allowed, Choice) and len(allowed.values) == 1)}
    assert varied == {"global_batch_size", "learning_rate", "warmup_ratio", *task.declared_loss.parameters}


def test_batch_sizes_suit_workers_and_rows() -> None:
    sizes = for_task(load("invoices"), [], 432, 8)["global_batch_size"]
    assert isinstance(sizes, Choice)
    assert sizes.values == (8, 16, 32)
    few = for_task(load("invoices"), [], 20, 1)["global_batch_size"]
    assert isinstance(few, Choice)
    assert few.values == (4, 8)


def test_a_user_narrows_the_space_and_the_baseline_moves_into_it() -> None:
    task = load("invoices")
    space = for_task(task, ["margin=0.6:0.8", "global_batch_size=16,32", "epochs=2"], ROWS, 1)
    assert space["margin"] == Range(low=0.6, high=0.8)
    assert space["epochs"] == Choice(values=(2,))
    first = baseline_in(task, space)
    assert (first["margin"], first["global_batch_size"], first["epochs"]) == (0.6, 16, 2)


def test_a_value_given_twice_is_one() -> None:
    assert for_task(load("invoices"), ["margin=0.6,0.60"], ROWS, 1)["margin"] == Choice(values=(0.6,))


def test_a_wide_range_is_logarithmic() -> None:
    assert for_task(load("nli"), ["learning_rate=1e-6:1e-4"], ROWS, 1)["learning_rate"] == Range(
        low=1e-6, high=1e-4, log=True
    )


def test_all_mistakes_are_named_at_once() -> None:
    overrides = ["margin=0.8:0.2", "scale=3", "global_batch_size=3,30", "warmup_ratio=2", "learning_rate=fast"]
    with pytest.raises(Mistakes) as caught:
        for_task(load("invoices"), overrides, 20, 2)
    told = "\n".join(caught.value.messages)
    for part in (
        "margin=0.8:0.2",
        "'scale=3' is not NAME=VALUE",
        "3 must be a multiple of workers (2)",
        "30 is more than the 20 training pairs",
        "warmup_ratio: 2",
        "'fast', which is not a finite number",
    ):
        assert part in told
    assert len(caught.value.messages) == 6


def test_a_single_training_takes_single_values() -> None:
    task = load("invoices")
    assert baseline_in(task, fixed(task, ["margin=0.7"], ROWS, 1))["margin"] == 0.7
    with pytest.raises(Mistakes, match=r"margin=0.2 to 0.8 is a choice"):
        fixed(task, ["margin=0.2:0.8"], ROWS, 1)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e400", "2,nan", "2:inf"])
@pytest.mark.parametrize("name", ["epochs", "learning_rate"])
def test_a_value_that_is_no_finite_number_is_refused(name: str, value: str) -> None:
    for space in (for_task, fixed):
        with pytest.raises(Mistakes, match="which is not a finite number"):
            space(load("invoices"), [f"{name}={value}"], 1000, 1)
