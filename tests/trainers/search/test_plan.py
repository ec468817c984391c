"""Test what a plan says about its settings before the first trial."""

import pytest

from common.space import Choice, Range, Space
from tests.trainers.search.cases import plan

SPACE: Space = {
    "margin": Range(low=0.1, high=0.9),
    "global_batch_size": Choice(values=(8.0, 16.0)),
    "epochs": Choice(values=(2.0,)),
    "warmup_ratio": Choice(values=(0.1,)),
}
BASELINE = {"margin": 0.5, "global_batch_size": 8.0, "epochs": 2.0, "warmup_ratio": 0.1}


def test_settings_with_several_values_are_varied_and_the_others_fixed() -> None:
    search = plan(space=SPACE, first_trials=[BASELINE])
    assert search.varied == {name: SPACE[name] for name in ("margin", "global_batch_size")}
    assert search.fixed == {"epochs": 2.0, "warmup_ratio": 0.1}


def test_of_a_space_of_one_point_epochs_are_varied() -> None:
    """Optuna takes no empty space."""
    space: Space = {name: Choice(values=(value,)) for name, value in BASELINE.items()}
    search = plan(space=space, first_trials=[BASELINE])
    assert search.varied == {"epochs": Choice(values=(2.0,))}
    assert set(search.varied) | set(search.fixed) == set(BASELINE)


@pytest.mark.parametrize(
    ("epochs", "warmup", "rungs"),
    [
        ((1.0, 4.0), Range(low=0.0, high=0.2), {1.0: 0.25, 4.0: 1.0}),
        ((1.0, 4.0), Range(low=0.0, high=0.3), {1.0: 0.5, 4.0: 2.0}),
        ((2.0,), Choice(values=(0.0,)), {2.0: 1.0}),
    ],
)
def test_every_number_of_epochs_has_its_first_rung_after_the_longest_warmup(
    epochs: tuple[float, ...], warmup: Range | Choice, rungs: dict[float, float]
) -> None:
    search = plan(space={"epochs": Choice(values=epochs), "warmup_ratio": warmup})
    assert search.first_rungs == rungs
