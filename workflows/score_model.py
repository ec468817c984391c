"""Score a saved model on a split."""

from evaluation.evaluator import Evaluator
from evaluation.predictions import PairPredictions, Predictions
from evaluation.threshold import at_threshold
from models.category_vectors import stored_vectors
from models.encode import OnProgress, encode
from models.loading import load_folder
from models.saved_model import stored_threshold
from models.soundness import try_model


def score_model(
    folder: str,
    evaluator: Evaluator,
    on_progress: OnProgress,
    *,
    max_length: int | None = None,
    trust_remote_code: bool = False,
) -> dict[str, float]:
    """Return the scores of a sentence-transformers folder, computed on a GPU if there is one.

    For 0/1 pairs, add precision, recall and F1 at the threshold that is stored with the model. Vectors of categories
    that are stored with it take the place of the categories' texts.

    Args:
        folder: the model's folder.
        evaluator: the split and its kind of evaluation.
        on_progress: is called with (done, in all) texts.
        max_length: tokens per text; None for the saved length.
        trust_remote_code: whether code that the model brings may run.

    Raises:
        Mistakes: the model cannot be loaded.
    """
    threshold = stored_threshold(folder)
    predictions = predict(folder, evaluator, on_progress, max_length=max_length, trust_remote_code=trust_remote_code)
    if not isinstance(predictions, PairPredictions) or not predictions.declared.threshold or threshold is None:
        return predictions.scores()
    return predictions.scores() | at_threshold(predictions, threshold)


def predict(
    folder: str,
    evaluator: Evaluator,
    on_progress: OnProgress,
    *,
    max_length: int | None = None,
    trust_remote_code: bool = False,
) -> Predictions:
    """Return the predictions of a sentence-transformers folder; see `score_model`."""
    model = load_folder(folder, max_length=max_length, trust_remote_code=trust_remote_code, field="model")
    try_model(model, folder, "model", folder)
    stored = stored_vectors(folder)
    vectors = stored.of(evaluator.choice) if stored else None
    return evaluator.evaluate(lambda texts: encode(model, texts, on_progress), vectors)
