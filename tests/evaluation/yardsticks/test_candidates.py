"""Yardsticks of candidates: classifiers whose classes are moved to the candidates, and BM25."""

import numpy as np
import pytest

from evaluation.yardsticks.candidates import Bm25, EmbeddingLogistic, LargestCategory, TfidfSvm

TEXTS = ["printer broken", "printer jam", "password lost", "password reset", "invoice wrong", "invoice late"]
CATEGORIES = ["Hardware", "hardware", "Access", "Access", "Money", "Money"]


def encode(texts: list[str]) -> np.ndarray:
    words = ("printer", "password", "invoice")
    return np.array([[float(word in text) for word in words] for text in texts])


def test_the_largest_category_is_that_of_most_texts_whatever_its_case() -> None:
    scores = LargestCategory([*CATEGORIES, "HARDWARE"]).candidates(["a", "b"], ["Access", "Hardware"])
    assert scores.tolist() == [[0.0, 1.0], [0.0, 1.0]]


@pytest.mark.parametrize("candidates", [["Access", "Hardware", "Money"], ["Money", "Hardware", "Access"]])
def test_classifiers_score_the_candidates_in_their_order(candidates: list[str]) -> None:
    texts, right = ["the printer", "my password", "an invoice"], ["Hardware", "Access", "Money"]
    for classifier in (TfidfSvm(TEXTS, CATEGORIES, 1), EmbeddingLogistic(TEXTS, CATEGORIES, encode)):
        scores = classifier.candidates(texts, candidates)
        assert [candidates[index] for index in scores.argmax(axis=1)] == right


def test_a_candidate_that_train_lacks_is_never_chosen() -> None:
    scores = TfidfSvm(TEXTS, CATEGORIES, 1).candidates(["printer"], ["Travel", "Hardware"])
    assert scores[0, 0] == -np.inf
    assert np.isfinite(scores[0, 1])


def test_two_categories_have_opposite_scores() -> None:
    scores = TfidfSvm(TEXTS[:4], CATEGORIES[:4], 1).candidates(["printer"], ["Hardware", "Access"])
    assert scores[0, 0] == -scores[0, 1] > 0


def test_bm25_finds_the_candidate_that_shares_the_rare_word() -> None:
    candidates = ["the red house", "the blue house", "the sky", "!"]
    scores = Bm25().candidates(["a BLUE thing", "unknown", ""], candidates)
    assert scores.shape == (3, 4)
    assert scores[0].argmax() == 1
    assert scores[1:].tolist() == [[0.0] * 4] * 2


def test_bm25_indexes_other_candidates_anew() -> None:
    bm25 = Bm25()
    assert bm25.candidates(["red"], ["red", "blue"]).argmax() == 0
    assert bm25.candidates(["red"], ["blue", "red"]).argmax() == 1
