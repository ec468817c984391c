"""Adapt an Evaluator to the sentence-transformers trainer and its model card."""

from typing import Any

from sentence_transformers import SentenceTransformer
from sentence_transformers.base.evaluation import BaseEvaluator

from evaluation.evaluator import Evaluator
from evaluation.predictions import Predictions


class PairEvaluator(BaseEvaluator):
    """Encode with the model, score with an evaluator, and store the scores in the model card's data.

    Scores keep the evaluator's names, without a prefix: they are what the search compares and what files hold.
    """

    def __init__(self, evaluator: Evaluator, *, name: str = "dev", batch_size: int = 64) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.evaluator = evaluator
        self.predictions: Predictions | None = None
        """Predictions of the model that was evaluated last."""
        self.name = name
        self.batch_size = batch_size
        self.primary_metric = evaluator.metric

    def __call__(  # type: ignore[override]  # the library's evaluators narrow the model in the same way
        self, model: SentenceTransformer, output_path: str | None = None, epoch: int = -1, steps: int = -1
    ) -> dict[str, float]:
        """Return all scores of the split, higher is better. Nothing is written to the output path.

        The model stays in evaluation mode, as after the library's own evaluators.
        """
        self.predictions = self.evaluate(model)
        scores = self.predictions.scores()
        self.store_metrics_in_model_card_data(model, scores, epoch, steps)
        return scores

    def evaluate(self, model: SentenceTransformer) -> Predictions:
        """Return the model's predictions on the split."""
        return self.evaluator.evaluate(
            lambda texts: model.encode(texts, prompt="", batch_size=self.batch_size, show_progress_bar=False)
        )

    @property
    def description(self) -> str:
        """Return the heading in the model card, such as 'Binary Pairs'."""
        return f"{self.evaluator.kind.title()} Pairs"

    def get_config_dict(self) -> dict[str, Any]:
        """Return what the card prints about how the split was scored."""
        return {"pairs": self.evaluator.num_pairs, "texts": len(self.evaluator.texts)}
