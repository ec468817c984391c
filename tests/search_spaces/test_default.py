"""Test the search space of every task: it holds the baseline, and options narrow it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from common.mistakes import Mistakes
from common.space import Choice, Range, Setting, Space, is_searched
from search_spaces.default import MOST_SEARCHED, first_trials, fixed, for_task
from search_spaces.overrides import losses_in
from tasks.common.declaration import Number, Task
from tasks.common.kinds import KINDS
from tasks.common.loading import load, names
from tasks.common.losses import LOSSES, LossName, active

ROWS = 10_000


def test_there_are_tasks_to_look_at() -> None:
    assert len(names()) >= 5
    assert {load(name).loss for name in names()} >= {"contrastive", "cosine", "ranking"}


def losses(task: Task) -> list[LossName]:
    """Return all losses of a search by default, the baseline's first."""
    own = task.declared_loss.name
    return [own, *(loss for loss in task.declared_kind.losses if loss != own)]


def default(name: str, overrides: Sequence[str] = (), rows: int = ROWS, workers: int = 1) -> dict[str, Range | Choice]:
    task = load(name)
    return for_task(task, losses(task), overrides, rows, workers)


def varied(space: Space) -> set[str]:
    return {name for name, allowed in space.items() if is_searched(allowed)}


@pytest.mark.parametrize("name", names())
def test_the_baseline_lies_in_the_default_space(name: str) -> None:
    task, space = load(name), default(name)
    assert active(first_trials(task, space)[0]) == task.settings
    assert {setting for loss in losses(task) for setting in LOSSES[loss].settings} == set(space) - {"loss"}


@pytest.mark.parametrize("name", names())
def test_five_settings_are_searched_at_most_the_loss_before_all_and_epochs_never(name: str) -> None:
    several = len(losses(load(name))) > 1
    found = varied(default(name))
    assert ("loss" in found) == several
    assert {"learning_rate", "global_batch_size"} <= found
    assert len(found) <= MOST_SEARCHED
    assert "epochs" not in found


@pytest.mark.parametrize("name", names())
def test_a_search_begins_with_the_baseline_and_the_defaults_of_each_loss(name: str) -> None:
    task, space = load(name), default(name)
    trials = first_trials(task, space)
    assert [trial["loss"] for trial in trials] == losses(task)
    for trial in trials[1:]:
        own = LOSSES[trial["loss"]].parameters
        assert {setting: trial[setting] for setting in own} == {setting: own[setting].default.value for setting in own}
        assert trial["epochs"] == task.settings["epochs"]


@pytest.mark.parametrize("name", names())
def test_a_single_loss_leaves_its_own_settings_and_the_warm_up_to_the_search(name: str) -> None:
    task = load(name)
    own = task.declared_loss
    space = for_task(task, [own.name], [], ROWS, 1)
    assert set(space) == {"loss", *own.settings}
    wanted = ["learning_rate", "global_batch_size", *own.parameters, "warmup_ratio"]
    assert varied(space) == set(wanted[:MOST_SEARCHED])


def test_a_baseline_outside_the_usual_range_is_tried() -> None:
    task = load("job_skills")
    far = replace(task, baseline={**task.baseline, "scale": Number(300.0, "ours")})
    space = for_task(far, ["ranking"], [], ROWS, 1)
    assert space["scale"] == Range(low=5, high=300.0, log=True)
    assert first_trials(far, space)[0]["scale"] == 300.0


def test_batch_sizes_are_powers_of_two_that_suit_workers_and_rows() -> None:
    def sizes(rows: int, workers: int) -> tuple[Setting, ...]:
        allowed = default("invoices", (), rows, workers)["global_batch_size"]
        assert isinstance(allowed, Choice)
        return allowed.values

    assert sizes(432, 8) == (8, 16, 32)
    assert sizes(20, 1) == (4, 8)


def test_a_user_narrows_the_space_and_the_baseline_moves_into_it() -> None:
    space = default("invoices", ["margin=0.6:0.8", "global_batch_size=16,32", "epochs=2"])
    assert space["margin"] == Range(low=0.6, high=0.8)
    assert space["epochs"] == Choice(values=(2,))
    first = first_trials(load("invoices"), space)[0]
    assert (first["margin"], first["global_batch_size"], first["epochs"]) == (0.6, 16, 2)


def test_words_are_values_too() -> None:
    space = default("job_skills", ["directions=both,all", "guide_margin=off,0.05"])
    assert space["directions"] == Choice(values=("both", "all"))
    assert space["guide_margin"] == Choice(values=("off", 0.05))
    assert first_trials(load("job_skills"), space)[0]["directions"] == "both"


def test_a_value_given_twice_is_one() -> None:
    assert default("invoices", ["margin=0.6,0.60"])["margin"] == Choice(values=(0.6,))


def test_a_wide_range_is_logarithmic() -> None:
    wide = default("nli", ["learning_rate=1e-6:1e-4"])["learning_rate"]
    assert wide == Range(low=1e-6, high=1e-4, log=True)


def test_all_mistakes_are_named_at_once() -> None:
    overrides = ["margin=0.8:0.2", "class_weight=0.3", "global_batch_size=3,30", "warmup_ratio=2", "learning_rate=fast"]
    with pytest.raises(Mistakes) as caught:
        default("invoices", overrides, 20, 2)
    text = "\n".join(caught.value.messages)
    for part in (
        "margin=0.8:0.2",
        "'class_weight=0.3' is not NAME=VALUE",
        "3 must be a multiple of workers (2)",
        "30 is more than the 20 training pairs",
        "warmup_ratio: 2",
        "'fast', which is not a finite number",
    ):
        assert part in text
    assert len(caught.value.messages) == 6


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("directions=none", "nor one of one, both, all"),
        ("directions=1", "directions: 1 is not one, both, all"),
        ("directions=one:all", "must be directions=LOW:HIGH"),
        ("guide_margin=3", "guide_margin: 3 is not off, a number of at least 0 and at most 2"),
        ("hardness_strength=-1", "hardness_strength: -1 is not a number of at least 0"),
        ("scale=0", "scale: 0 is not a number above 0"),
        ("epochs=off", "'off', which is not a finite number"),
    ],
)
def test_a_value_that_a_setting_cannot_have_is_refused(override: str, said: str) -> None:
    with pytest.raises(Mistakes, match=said):
        default("job_skills", [override])


def test_a_single_training_takes_single_values() -> None:
    task = load("invoices")
    assert first_trials(task, fixed(task, ["contrastive"], ["margin=0.7"], ROWS, 1))[0]["margin"] == 0.7
    for overrides, several in (["margin=0.2:0.8"], "margin=0.2 to 0.8"), ([], "loss=contrastive, ranking"):
        with pytest.raises(Mistakes, match=f"{several} is a choice"):
            fixed(task, ("contrastive",) if overrides else ("contrastive", "ranking"), overrides, ROWS, 1)


def test_a_single_training_with_another_loss_has_its_defaults_and_the_tasks_cost() -> None:
    task = load("tickets")
    settings = first_trials(task, fixed(task, ["category_softmax"], [], ROWS, 1))[0]
    assert (settings["loss"], settings["learning_rate"], settings["scale"]) == ("category_softmax", 5e-5, 20.0)
    assert settings["epochs"] == task.settings["epochs"]


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e400", "2,nan", "2:inf"])
@pytest.mark.parametrize("name", ["epochs", "learning_rate"])
def test_a_value_that_is_no_finite_number_is_refused(name: str, value: str) -> None:
    for space in (for_task, fixed):
        with pytest.raises(Mistakes, match="which is not a finite number"):
            space(load("invoices"), ["contrastive"], [f"{name}={value}"], 1000, 1)


def test_the_last_choice_of_losses_counts_and_each_once() -> None:
    kind = KINDS["binary"]
    assert losses_in([], kind) == ()
    assert losses_in(["loss=cosine", "epochs=1", "loss=ranking,cosent,ranking"], kind) == ("ranking", "cosent")


@pytest.mark.parametrize(
    ("given", "wrong"), [("ranking,cosine2", "'cosine2'"), ("category_softmax", "'category_softmax'")]
)
def test_a_loss_that_does_not_exist_or_fit_is_refused_with_those_that_do(given: str, wrong: str) -> None:
    with pytest.raises(Mistakes, match=f"has {wrong}; allowed for binary pairs: contrastive, .*ranking$"):
        losses_in([f"loss={given}"], KINDS["binary"])
