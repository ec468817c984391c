"""Choose threshold and probability of the selected model, for kinds that decide about one pair."""

from collections.abc import Mapping

from evaluation.calibration import Calibration, calibrate
from evaluation.predictions import PairPredictions, Predictions
from evaluation.purpose import Purpose
from evaluation.threshold import Threshold, Unmet, choose


def threshold_of(selected: Mapping[str, Predictions], seed: int, purpose: Purpose) -> Threshold | Unmet | None:
    """Return the threshold for a purpose, or why none meets it; None for kinds without one.

    Args:
        selected: split -> predictions of the selected model.
        seed: of the blocks of groups.
        purpose: what the threshold is for.
    """
    pairs = _pairs(selected)
    return choose(*pairs, seed, purpose) if pairs else None


def calibration_of(selected: Mapping[str, Predictions], seed: int) -> Calibration | None:
    """Return the probability for a cosine; None for kinds without a threshold.

    Args:
        selected: split -> predictions of the selected model.
        seed: of the folds.
    """
    pairs = _pairs(selected)
    return calibrate(*pairs, seed) if pairs else None


def _pairs(selected: Mapping[str, Predictions]) -> tuple[PairPredictions, PairPredictions | None] | None:
    dev, test = selected["dev"], selected.get("test")
    if not isinstance(dev, PairPredictions) or not dev.declared.threshold:
        return None
    return dev, test if isinstance(test, PairPredictions) else None
