"""Which yardsticks a kind gets, how they are judged, and what happens if they cannot be fitted."""

import numpy as np
import pyarrow as pa
import pytest

from evaluation.evaluator import Evaluator
from evaluation.yardsticks.evaluate import YardstickPredictions, evaluate_yardsticks
from evaluation.yardsticks.fit import sample
from tasks.common.kinds import KINDS
from tokens.reading import Prompts

ROWS = pa.table(
    {
        "sentence1": ["red apple", "green pear", "blue sky", "old house"],
        "sentence2": ["apple", "pear", "apple", "pear"],
        "label": [1.0, 1.0, 0.0, 1.0],
    }
)


def encode(texts: list[str]) -> np.ndarray:
    return np.array([[1.0, float(len(text))] for text in texts])


def outcome(kind: str, train: pa.Table, with_base: bool = True) -> YardstickPredictions:
    evaluators = {split: Evaluator(kind, ROWS, ["apple", "pear"]) for split in ("dev", "test")}
    return evaluate_yardsticks(train, evaluators, 1, encode if with_base else None)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("with_base", [False, True])
def test_every_kind_has_yardsticks_with_the_scores_of_a_model(kind: str, with_base: bool) -> None:
    judged = outcome(kind, ROWS, with_base)
    model = Evaluator(kind, ROWS, ["apple", "pear"]).evaluate(encode)
    assert not judged.unavailable
    assert list(judged.splits) == ["dev", "test"]
    for split in judged.splits.values():
        assert set(split) == set(judged.seconds) != set()
        assert all(set(predictions.scores()) == set(model.scores()) for predictions in split.values())


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_train_leaves_a_reason_and_no_error(kind: str) -> None:
    judged = outcome(kind, ROWS.slice(0, 0))
    assert all(judged.unavailable.values())
    assert set(judged.seconds) <= {"BM25", "token Jaccard"}  # which learn nothing from train


def test_one_category_leaves_the_classifiers_out() -> None:
    judged = outcome("category", ROWS.take([0, 2]))
    assert list(judged.seconds) == ["largest category"]
    assert list(judged.unavailable) == ["TF-IDF + linear SVM", "base embeddings + logistic"]


def test_train_without_labels_leaves_the_logistic_regression_out() -> None:
    assert outcome("binary", ROWS.drop_columns(["label"])).unavailable == {
        "logistic on TF-IDF, Jaccard, base cosine": "train has no labels"
    }


def test_a_row_without_a_label_is_a_text_and_its_category() -> None:
    unlabelled = ROWS.set_column(2, "label", pa.array([1.0, None, 0.0, None], pa.float32()))
    judged, wanted = (outcome("category", train).splits["dev"] for train in (unlabelled, ROWS))
    assert {name: each.predictions.tolist() for name, each in judged.items()} == {
        name: each.predictions.tolist() for name, each in wanted.items()
    }


def test_given_negatives_are_pairs_labelled_0() -> None:
    negatives = pa.array([["stone"]] * 4, pa.list_(pa.string()))
    triplets = ROWS.drop_columns(["label"]).append_column("negatives", negatives)
    assert not outcome("binary", triplets).unavailable


def test_rows_labelled_0_are_no_categories_of_their_texts() -> None:
    train = pa.table({"sentence1": ["a", "a", "a"], "sentence2": ["apple", "pear", "pear"], "label": [1.0, 0.0, 0.0]})
    largest = outcome("category", train).splits["dev"]["largest category"]
    assert largest.predictions.tolist() == [0, 0, 0]


def test_a_pair_is_judged_without_prompts_by_words_and_with_them_by_the_base() -> None:
    read: list[str] = []

    def remember(texts: list[str]) -> np.ndarray:
        read.extend(texts)
        return encode(texts)

    evaluators = {"dev": Evaluator("binary", ROWS, prompts=Prompts("q: ", "p: "))}
    judged = evaluate_yardsticks(ROWS, evaluators, 1, remember, Prompts("q: ", "p: "))
    jaccard = judged.splits["dev"]["token Jaccard"]
    assert jaccard.predictions.tolist() == pytest.approx([0.5, 0.5, 0.0, 0.0])
    assert "q: red apple" in read
    assert "p: apple" in read


def test_a_sample_keeps_the_order_and_depends_on_the_seed_alone() -> None:
    table = pa.table({"number": range(1000)})
    drawn = sample(table, 10, 7).column("number").to_pylist()
    assert drawn == sorted(drawn) == sample(table, 10, 7).column("number").to_pylist()
    assert len(drawn) == 10
    assert drawn != sample(table, 10, 8).column("number").to_pylist()
