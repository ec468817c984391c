"""Test the names of several base models in a verdict."""

from common.base_names import is_untuned, short_names, untuned


def test_a_short_name_is_the_last_part_unless_two_end_alike() -> None:
    assert short_names(["org/mini", "models/bge/"]) == {"org/mini": "mini", "models/bge/": "bge"}
    assert short_names(["a/x", "b/x", "c/y"]) == {"a/x": "a/x", "b/x": "b/x", "c/y": "y"}


def test_a_base_model_is_told_from_the_trained_ones() -> None:
    names = ["base", untuned("mini"), "baseline", "best", "soup"]
    assert [name for name in names if is_untuned(name)] == ["base", "base mini"]
