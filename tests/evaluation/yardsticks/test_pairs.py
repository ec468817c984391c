"""Yardsticks of pairs: their scores on texts whose similarity can be counted by hand."""

import numpy as np
import pytest

from evaluation.yardsticks.pairs import BaseCosine, LogisticPairs, TfidfCosine, TokenJaccard

TEXTS = ["red apple", "red pear", "green apple", "blue sky"]


def test_jaccard_is_the_shared_fraction_of_all_words() -> None:
    scores = TokenJaccard().pairs(["red apple", "a b c", "", "!"], ["Apple, red", "c d", "a", "?"])
    assert scores.tolist() == [1.0, 0.25, 0.0, 0.0]


def test_tfidf_cosine_is_1_for_the_same_words_and_0_for_others() -> None:
    scores = TfidfCosine(TEXTS).pairs(["red apple", "red apple", "red apple"], ["RED apple!", "red pear", "blue sky"])
    assert scores[0] == pytest.approx(1.0)
    assert 0 < scores[1] < 1
    assert scores[2] == 0.0


def test_a_rare_word_counts_more_than_a_frequent_one() -> None:
    tfidf = TfidfCosine(["invoice a", "invoice b", "invoice c", "invoice d"])
    rare, frequent = tfidf.pairs(["invoice a", "invoice a"], ["other a", "invoice other"])
    assert rare > frequent


def test_a_word_of_one_text_counts_only_where_train_is_small() -> None:
    many = [f"common{number % 5} filler" for number in range(200)] + [f"common{n} single{n}" for n in range(100)]
    assert TfidfCosine(many).pairs(["single1"], ["single1"])[0] == 0.0
    assert TfidfCosine(TEXTS).pairs(["sky"], ["sky"])[0] == pytest.approx(1.0)


def test_texts_without_words_are_refused() -> None:
    with pytest.raises(ValueError, match="empty vocabulary"):
        TfidfCosine(["!", "?"])


def test_the_base_encodes_each_distinct_text_once() -> None:
    asked: list[list[str]] = []

    def encode(texts: list[str]) -> np.ndarray:
        asked.append(texts)
        return np.array([[1.0, 0.0] if text == "a" else [1.0, 1.0] for text in texts])

    scores = BaseCosine(encode).pairs(["a", "b"], ["b", "b"])
    assert asked == [["a", "b"]]
    assert scores.tolist() == pytest.approx([0.5**0.5, 1.0], abs=1e-6)


def test_logistic_learns_which_part_tells_the_labels_apart() -> None:
    first = ["red apple", "green pear", "blue sky", "old house"] * 5
    second = ["red apple x", "green pear y", "red pear", "green apple"] * 5
    labels = np.array([1.0, 1.0, 0.0, 0.0] * 5)
    logistic = LogisticPairs([TfidfCosine([*first, *second]), TokenJaccard()], first, second, labels)
    odds = logistic.pairs(["old house", "old house"], ["old house z", "blue sky"])
    assert odds[0] > 0 > odds[1]


def test_logistic_refuses_one_label_alone() -> None:
    with pytest.raises(ValueError, match="one class"):
        LogisticPairs([TokenJaccard()], ["a", "b"], ["a", "b"], np.ones(2))
