"""Test the evaluator: each kind's scores on given embeddings, each text encoded once, and refused splits."""

import numpy as np
import pyarrow as pa
import pytest

from common.mistakes import Mistakes
from evaluation.evaluator import Evaluator
from tasks.common.kinds import KINDS


def table(first: list[str], second: list[str], label: list[float] | None = None) -> pa.Table:
    columns = {"sentence1": pa.array(first, pa.string()), "sentence2": pa.array(second, pa.string())}
    if label is not None:
        columns["label"] = pa.array(label, pa.float32())
    return pa.table(columns | {"group": pa.array(first, pa.string())})


class Angles:
    """Encode 'name:degrees' as a direction in the plane, and record the texts."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def __call__(self, texts: list[str]) -> np.ndarray:
        self.calls.append(texts)
        angles = np.radians([float(text.split(":")[1]) for text in texts])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_binary_is_average_precision_of_the_cosine() -> None:
    pairs = table(["a:0", "a:0", "b:90"], ["c:10", "d:80", "e:135"], [1.0, 0.0, 1.0])
    # Angles 10, 80, 45: ranked positive, positive, negative.
    scores = Evaluator("binary", pairs).evaluate(Angles()).scores()
    assert scores == {"cosine_ap": pytest.approx(1.0), "cosine_roc_auc": pytest.approx(1.0)}


def test_graded_is_spearman_of_cosine_and_label() -> None:
    pairs = table(["a:0"] * 3, ["b:80", "c:40", "d:10"], [0.0, 0.5, 1.0])
    scores = Evaluator("graded", pairs).evaluate(Angles()).scores()
    cosines = np.cos(np.radians([80, 40, 10]))
    pearson = np.corrcoef(cosines, [0.0, 0.5, 1.0])[0, 1]
    assert scores == {"spearman_cosine": pytest.approx(1.0), "pearson_cosine": pytest.approx(pearson, abs=1e-5)}


def test_category_takes_the_nearest_of_all_candidates() -> None:
    pairs = table(["a:5", "b:85", "c:60"], ["x:0", "y:90", "x:0"], [1.0, 1.0, 1.0])
    scores = Evaluator("category", pairs, ["x:0", "y:90", "z:200"]).evaluate(Angles()).scores()
    # c is nearest to y: F1 of both x and y is 2/3; z occurs nowhere and does not count.
    assert scores == {"macro_f1": pytest.approx(2 / 3), "accuracy": pytest.approx(2 / 3)}


def test_category_leaves_out_the_wrong_categories_of_train() -> None:
    pairs = table(["a:5", "a:5"], ["x:0", "y:90"], [1.0, 0.0])
    assert Evaluator("category", pairs, ["x:0", "y:90"]).evaluate(Angles()).scores()["accuracy"] == 1.0


def test_retrieval_ranks_among_all_candidates() -> None:
    pairs = table(["a:0", "b:90"], ["x:30", "y:80"])
    scores = Evaluator("retrieval", pairs, ["x:30", "y:80", "z:10"]).evaluate(Angles()).scores()
    assert scores["cosine_mrr@10"] == pytest.approx((1 / 2 + 1) / 2)
    assert scores["cosine_recall@1"] == pytest.approx(1 / 2)


def test_a_text_with_two_own_candidates_is_one_query_that_either_satisfies() -> None:
    pairs = table(["a:0", "a:0", "b:90"], ["x:30", "y:80", "y:80"])
    # a: x is at rank 1, y is its own too; b: y at rank 1.
    assert Evaluator("retrieval", pairs, ["x:30", "y:80"]).evaluate(Angles()).scores()[
        "cosine_mrr@10"
    ] == pytest.approx(1.0)


def test_candidates_that_are_named_twice_count_once() -> None:
    pairs = table(["a:0"], ["x:30"])
    once = Evaluator("retrieval", pairs, ["z:10", "x:30"]).evaluate(Angles()).scores()
    assert once == Evaluator("retrieval", pairs, ["z:10", "x:30", "z:10", "z:10"]).evaluate(Angles()).scores()


def test_candidates_that_differ_only_in_case_width_or_white_space_are_one() -> None:
    pairs = table(["a:5", "b:85"], ["X:0", "\uff39:90"])
    judge = Evaluator("category", pairs, ["x:0", "X:0", "y:90", " Y:90"])
    assert judge.evaluate(Angles()).scores()["macro_f1"] == 1.0
    assert sum(text.strip().casefold() == "x:0" for text in judge.texts) == 1


def test_a_query_in_two_spellings_is_one_with_the_own_candidates_of_both() -> None:
    pairs = table(["a:0", "A:0"], ["x:10", "y:20"])
    judged = Evaluator("retrieval", pairs, ["x:10", "y:20", "z:90"]).evaluate(Angles())
    assert len(judged.groups) == 1
    assert judged.scores()["cosine_mrr@10"] == 1.0
    assert judged.scores()["cosine_ndcg@10"] == pytest.approx(1.0)


def test_a_query_is_no_rival_of_what_it_looks_for() -> None:
    """Of questions that are paired with each other each comes nearest to itself, and next to what it is paired with."""
    pairs = table(["a:0", "b:1", "C:90"], ["b:1", "a:0", "d:91"])
    judge = Evaluator("retrieval", pairs, ["a:0", "b:1", "c:90", "d:91"])
    assert judge.evaluate(Angles()).scores()["cosine_mrr@10"] == 1.0


def test_a_query_that_is_its_own_candidate_is_found() -> None:
    pairs = table(["a:0", "b:90"], ["a:0", "x:80"])
    assert Evaluator("retrieval", pairs, ["a:0", "x:80"]).evaluate(Angles()).scores()["cosine_mrr@10"] == 1.0


def test_items_of_one_group_are_known() -> None:
    groups = pa.array(["p", "q", "p", "q"])
    pairs = table(["a:0", "a:0", "b:90", "c:9"], ["x:30", "y:80", "y:80", "x:30"], [1.0, 0.0, 1.0, 1.0])
    pairs = pairs.drop_columns("group").append_column("group", groups)
    assert Evaluator("binary", pairs).evaluate(Angles()).groups.tolist() == [0, 1, 0, 1]
    queries = Evaluator("retrieval", pairs, ["x:30", "y:80"]).evaluate(Angles())
    assert queries.groups.tolist() == [0, 0, 1]  # the query a stands in p; the pair labelled 0 is none


def test_groups_that_differ_only_in_case_or_width_are_one() -> None:
    pairs = table(["a:0", "b:90", "c:9", "d:5"], ["x:30", "y:80", "x:30", "y:80"], [1.0, 0.0, 1.0, 1.0])
    pairs = pairs.drop_columns("group").append_column("group", pa.array(["Law", "Art", "LAW ", "\uff2caw"]))
    pairs = pairs.append_column("group2", pa.array(["art", None, "law", "text x"]))
    judged = Evaluator("binary", pairs).evaluate(Angles())
    assert judged.other_groups is not None
    assert (judged.groups.tolist(), judged.other_groups.tolist()) == ([0, 1, 0, 0], [1, 1, 0, 2])


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_distinct_text_is_encoded_once_and_scores_are_plain_floats(kind: str) -> None:
    pairs = table(["a:0", "a:0", "b:20"], ["b:20", "c:50", "c:50"], [1.0, 0.0, 1.0])
    encode = Angles()
    judge = Evaluator(kind, pairs, ["b:20", "c:50", "d:70"])
    scores = judge.evaluate(encode).scores()
    assert len(encode.calls) == 1
    assert len(encode.calls[0]) == len(set(encode.calls[0]))
    assert {"a:0", "b:20", "c:50"} <= set(encode.calls[0])
    assert judge.metric == KINDS[kind].metric
    assert judge.metric in scores
    assert all(type(value) is float for value in scores.values())


@pytest.mark.parametrize(
    ("kind", "pairs", "candidates", "message"),
    [
        ("ranked", table(["a"], ["b"]), None, "kind: 'ranked' is not one of binary, graded"),
        ("binary", table(["a"], ["b"]), None, r"columns: \['label'\] missing"),
        ("binary", table(["a"], ["b"], [1.0]), None, "label: 1.0 in the scored pairs"),
        ("binary", table(["a", "c"], ["b", "d"], [1.0, 0.5]), None, "label: 0.5, 1.0 in the scored pairs"),
        ("graded", table(["a", "c"], ["b", "d"], [0.5, 0.5]), None, "label: only 0.5"),
        ("graded", table([], [], []), None, "rows: 0"),
        ("retrieval", table(["a"], ["b"]), None, "candidates: none"),
        ("category", table(["a"], ["b"]), ["c"], "candidates: 1 texts of sentence2 are not among them, such as 'b'"),
    ],
)
def test_a_split_that_cannot_be_scored_is_refused(
    kind: str, pairs: pa.Table, candidates: list[str] | None, message: str
) -> None:
    with pytest.raises(Mistakes, match=message):
        Evaluator(kind, pairs, candidates)
