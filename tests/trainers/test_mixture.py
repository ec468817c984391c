"""Test averages of weights."""

import numpy as np
import pytest

from trainers.mixture import Mixture, Weights, average

FIRST: Weights = {
    "layer": np.array([1.0, 2.0], np.float32),
    "scale": np.array(3.0, np.float32),
    "positions": np.arange(3),
}
OTHER: Weights = {
    "layer": np.array([3.0, 6.0], np.float32),
    "scale": np.array(1.0, np.float32),
    "positions": np.arange(3),
}


def test_weights_are_mixed_by_their_fractions_and_whole_numbers_stay() -> None:
    mixed = average([(FIRST, 0.75), (OTHER, 0.25)]).weights
    np.testing.assert_allclose(mixed["layer"], [1.5, 3.0])
    assert mixed["layer"].dtype == np.float32
    assert isinstance(mixed["scale"], np.ndarray)  # a number alone would not become a tensor
    assert mixed["scale"] == pytest.approx(2.5)
    assert mixed["positions"] is FIRST["positions"]


def test_adding_to_a_copy_leaves_the_mixture_as_it_was() -> None:
    one = Mixture()
    one.add(FIRST)
    np.testing.assert_allclose(one.with_added(OTHER).state().weights["layer"], [2.0, 4.0])
    np.testing.assert_allclose(one.state().weights["layer"], FIRST["layer"])


@pytest.mark.parametrize("other", [{"layer": OTHER["layer"]}, {**OTHER, "layer": np.zeros(3, np.float32)}])
def test_weights_of_another_architecture_are_refused(other: Weights) -> None:
    with pytest.raises(ValueError, match="other names or shapes"):
        average([(FIRST, 0.5), (other, 0.5)])
