"""Test the evaluation of a real, tiny model: equal to the library's evaluators, and shown in its model card."""

import numpy as np
import pyarrow as pa
import pytest
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.evaluation import (
    BinaryClassificationEvaluator,
    EmbeddingSimilarityEvaluator,
    InformationRetrievalEvaluator,
)

from evaluation.evaluator import Evaluator
from tests.tiny_model import WORDS
from trainers.dev_evaluator import PairEvaluator


@pytest.fixture
def model(tiny_model: str) -> SentenceTransformer:
    return SentenceTransformer(tiny_model, device="cpu", local_files_only=True)


@pytest.fixture(scope="module")
def pairs() -> pa.Table:
    generator = np.random.default_rng(0)
    words = WORDS.split()
    texts = [" ".join(generator.choice(words, size=generator.integers(2, 6))) for _ in range(60)]
    labels = pa.array(generator.integers(0, 2, 30), pa.float32())
    return pa.table({"sentence1": texts[:30], "sentence2": texts[30:], "label": labels, "group": texts[:30]})


def test_binary_agrees_with_the_library(model: SentenceTransformer, pairs: pa.Table) -> None:
    first, second, labels = (pairs.column(name).to_pylist() for name in ("sentence1", "sentence2", "label"))
    theirs = BinaryClassificationEvaluator(first, second, labels, similarity_fn_names=["cosine"])
    ours = PairEvaluator(Evaluator("binary", pairs))
    assert ours(model)["cosine_ap"] == pytest.approx(theirs(model)["cosine_ap"])


def test_graded_agrees_with_the_library(model: SentenceTransformer, pairs: pa.Table) -> None:
    first, second, labels = (pairs.column(name).to_pylist() for name in ("sentence1", "sentence2", "label"))
    theirs = EmbeddingSimilarityEvaluator(first, second, labels, main_similarity="cosine")
    ours = PairEvaluator(Evaluator("graded", pairs))
    assert ours(model)["spearman_cosine"] == pytest.approx(theirs(model)["spearman_cosine"])


def test_retrieval_agrees_with_the_library(model: SentenceTransformer, pairs: pa.Table) -> None:
    queries = {str(index): text for index, text in enumerate(pairs.column("sentence1").to_pylist())}
    corpus = {str(index): text for index, text in enumerate(pairs.column("sentence2").to_pylist())}
    own = {index: {index} for index in queries}
    theirs = InformationRetrievalEvaluator(queries, corpus, own, mrr_at_k=[10])(model)
    ours = PairEvaluator(Evaluator("retrieval", pairs.drop_columns("label"), list(corpus.values())))
    assert ours(model)["cosine_mrr@10"] == pytest.approx(theirs["cosine_mrr@10"])


def test_the_evaluator_fills_the_model_card_as_the_librarys_do(model: SentenceTransformer, pairs: pa.Table) -> None:
    evaluator = PairEvaluator(Evaluator("binary", pairs), name="beer-dev")
    model.model_card_data.training_logs = [{"Epoch": 1.0, "Step": 7, "Training Loss": 0.5}]
    scores = evaluator(model, epoch=1, steps=7)
    assert evaluator.primary_metric == "cosine_ap"
    assert evaluator.greater_is_better
    assert model.model_card_data.eval_results_dict == {evaluator: scores}
    assert model.model_card_data.training_logs == [
        {"Epoch": 1.0, "Step": 7, "Training Loss": 0.5, "cosine_ap": scores["cosine_ap"]}
    ]
    assert evaluator.description == "Binary Pairs"
