"""Test metrics against independent computations: closed forms, loops, scikit-learn, scipy."""

import numpy as np
import pytest
from scipy.stats import rankdata
from sklearn.metrics import f1_score, ndcg_score, precision_recall_curve

from evaluation import metrics


def random_rows(seed: int, rows: int, dimensions: int = 8) -> metrics.Floats:
    return metrics.normalized(np.random.default_rng(seed).normal(size=(rows, dimensions)))


def test_normalized_rows_have_length_one_and_zero_stays_zero() -> None:
    rows = metrics.normalized(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32))
    assert rows.tolist() == [[0.6, 0.8], [0.0, 0.0]]


def test_embeddings_that_are_not_finite_are_refused_with_their_number() -> None:
    with pytest.raises(ValueError, match="2 of 3 embeddings are not finite"):
        metrics.normalized(np.array([[1.0, np.nan], [1.0, 0.0], [np.inf, 0.0]]))


def test_average_precision_is_the_area_of_the_step_curve() -> None:
    generator = np.random.default_rng(1)
    cosines, labels = np.round(generator.uniform(-1, 1, 200), 2), generator.integers(0, 2, 200).astype(float)
    precision, recall, _ = precision_recall_curve(labels, cosines)
    assert metrics.cosine_ap(cosines, labels) == pytest.approx(-np.sum(np.diff(recall) * precision[:-1]))


def test_average_precision_by_hand() -> None:
    # Ranked: positive, negative, positive: (1/1 + 2/3) / 2.
    assert metrics.cosine_ap(np.array([0.9, 0.5, 0.1]), np.array([1.0, 0.0, 1.0])) == pytest.approx(5 / 6)


@pytest.mark.parametrize("order", [[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
def test_equal_cosines_give_the_share_of_positives_whatever_the_order_of_the_rows(order: list[float]) -> None:
    same = np.ones((4, 3)) / np.sqrt(3) + np.array([[0.0], [1e-9], [-1e-9], [2e-9]])
    cosines = metrics.pair_cosines(metrics.normalized(same), metrics.normalized(same[::-1]))
    assert metrics.cosine_ap(cosines, np.array(order)) == pytest.approx(0.25)


def test_spearman_is_pearson_of_mean_ranks() -> None:
    generator = np.random.default_rng(2)
    cosines, labels = generator.uniform(size=50), generator.integers(0, 3, 50) / 2
    expected = np.corrcoef(rankdata(cosines), rankdata(labels))[0, 1]
    assert metrics.spearman_cosine(cosines, labels) == pytest.approx(expected)


def test_spearman_of_equal_cosines_is_zero_and_not_nan() -> None:
    assert metrics.spearman_cosine(np.full(3, 0.5), np.array([0.0, 0.5, 1.0])) == 0.0


def test_nearest_is_the_highest_cosine_for_more_rows_than_are_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "ROWS_AT_ONCE", 7)
    texts, candidates = random_rows(3, 40), random_rows(4, 9)
    expected = [int(np.argmax([text @ candidate for candidate in candidates])) for text in texts]
    assert metrics.nearest(texts, candidates, np.zeros(40, dtype=np.int64)).tolist() == expected


def test_a_tie_with_the_true_category_counts_as_wrong() -> None:
    candidates = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    texts = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert metrics.nearest(texts, candidates, np.array([0, 1, 2])).tolist() == [1, 0, 2]


def test_category_scores_are_those_of_the_plain_definitions() -> None:
    truth, found = np.array([0, 0, 1, 1, 2]), np.array([0, 3, 1, 0, 2])
    scores = metrics.category_scores(truth, found)
    # Category 3 occurs in the prediction alone and weighs as much as the others; 4 occurs nowhere and does not.
    assert scores["macro_f1"] == pytest.approx((1 / 2 + 2 / 3 + 1 + 0) / 4)
    assert scores["macro_f1"] == pytest.approx(f1_score(truth, found, average="macro", zero_division=0.0))
    assert scores["accuracy"] == pytest.approx(3 / 5)


def own_candidates(queries: int) -> list[metrics.Indices]:
    """Return one or two own candidates for each query."""
    return [np.array([index] if index % 3 else [index, index + 1]) for index in range(queries)]


def test_retrieval_scores_are_those_of_a_sorted_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "ROWS_AT_ONCE", 5)
    queries, candidates, own = random_rows(5, 33), random_rows(6, 40), own_candidates(33)
    found = metrics.retrieval_scores(queries, candidates, own)
    for query, text in enumerate(queries):
        order = np.argsort([-(text @ candidate) for candidate in candidates])[:10].tolist()
        ranks = [place + 1 for place, candidate in enumerate(order) if candidate in own[query]]
        assert found["cosine_mrr@10"][query] == pytest.approx(1 / ranks[0] if ranks else 0.0)
        assert found["cosine_recall@10"][query] == pytest.approx(len(ranks) / len(own[query]))
        assert found["cosine_recall@1"][query] == pytest.approx(ranks.count(1) / len(own[query]))
        relevance = np.isin(np.arange(40), own[query])[None, :].astype(float)
        assert found["cosine_ndcg@10"][query] == pytest.approx(ndcg_score(relevance, [text @ candidates.T], k=10))


def test_the_candidate_that_is_the_query_itself_is_no_rival_unless_it_is_an_own_one() -> None:
    queries, candidates = random_rows(5, 3), random_rows(6, 40)
    candidates[[7, 8, 9]] = queries
    own, same = [np.array([1]), np.array([8, 2]), np.array([3])], np.array([7, 8, -1])
    found = metrics.retrieval_scores(queries, candidates, own, same)["cosine_mrr@10"]
    without = metrics.retrieval_scores(queries[:1], np.delete(candidates, 7, axis=0), own[:1])["cosine_mrr@10"]
    assert found[0] == without[0]
    assert found[1] == 1.0
    assert found[2] == metrics.retrieval_scores(queries[2:], candidates, own[2:])["cosine_mrr@10"][0]


def test_a_model_that_puts_all_texts_at_one_place_ranks_the_own_candidate_last() -> None:
    same = metrics.normalized(np.ones((4, 3)))
    own = [np.array([index]) for index in range(4)]
    assert metrics.retrieval_scores(same, same, own)["cosine_mrr@10"].tolist() == pytest.approx([1 / 4] * 4)


def test_ranks_beyond_ten_count_nothing() -> None:
    same, own = metrics.normalized(np.ones((11, 3))), [np.array([0])]
    assert metrics.retrieval_scores(same[:1], same, own)["cosine_mrr@10"].tolist() == [0.0]
    assert metrics.retrieval_scores(same[:1], same[:10], own)["cosine_mrr@10"].tolist() == pytest.approx([0.1])


Drawn = tuple[metrics.Floats, metrics.Floats, metrics.Indices]


@pytest.fixture
def drawn() -> Drawn:
    """Return cosines with ties, labels 0 and 1, and the number of draws of each pair."""
    generator = np.random.default_rng(7)
    cosines = np.round(generator.uniform(-1, 1, 60), 1)
    return cosines, generator.integers(0, 2, 60).astype(float), generator.integers(0, 4, 60)


def test_weighted_average_precision_is_that_of_repeated_pairs(drawn: Drawn) -> None:
    cosines, labels, times = drawn
    expected = metrics.cosine_ap(np.repeat(cosines, times), np.repeat(labels, times))
    assert metrics.weighted_ap(cosines, labels, times.astype(float)) == pytest.approx(expected)
    assert np.isnan(metrics.weighted_ap(cosines, np.zeros(60), times.astype(float)))


def test_weighted_spearman_is_that_of_repeated_pairs(drawn: Drawn) -> None:
    cosines, _, times = drawn
    graded = np.round(cosines * 2 + np.sin(np.arange(60))) / 2
    expected = metrics.spearman_cosine(np.repeat(cosines, times), np.repeat(graded, times))
    assert metrics.weighted_spearman(cosines, graded, times.astype(float)) == pytest.approx(expected)
    assert np.isnan(metrics.weighted_spearman(cosines, np.ones(60), times.astype(float)))
    assert metrics.weighted_spearman(np.ones(60), graded, times.astype(float)) == 0.0


def test_weighted_macro_f1_is_that_of_repeated_texts() -> None:
    truth, found = np.array([0, 0, 1, 1, 2]), np.array([0, 3, 1, 0, 2])
    times = np.array([[1, 1, 1, 1, 1], [2, 0, 1, 3, 1]])
    expected = [
        f1_score(np.repeat(truth, row), np.repeat(found, row), average="macro", zero_division=0.0) for row in times
    ]
    assert metrics.weighted_macro_f1(truth, found, 5, times.astype(float)) == pytest.approx(expected)


def test_weights_come_in_many_rows_at_a_time(drawn: Drawn) -> None:
    cosines, labels, times = drawn
    rows = np.stack([times, np.ones(60), np.arange(60) % 2.0]).astype(float)
    for score in (metrics.weighted_ap, metrics.weighted_spearman):
        one_by_one = [float(score(cosines, labels, row)) for row in rows]
        np.testing.assert_allclose(score(cosines, labels, rows), one_by_one)


def test_roc_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    cosines, labels = np.array([0.9, 0.4, 0.4, 0.1]), np.array([1.0, 1.0, 0.0, 0.0])
    assert metrics.roc_auc(cosines, labels) == pytest.approx((1 + 1 + 0.5 + 1) / 4)


def test_pearson_is_numpys() -> None:
    generator = np.random.default_rng(3)
    cosines, labels = generator.uniform(size=50), generator.uniform(size=50)
    assert metrics.pearson_cosine(cosines, labels) == pytest.approx(np.corrcoef(cosines, labels)[0, 1])
    assert metrics.pearson_cosine(np.ones(50), labels) == 0.0
