"""Read what a saved model needs for a probability, and say what --prevalence makes of its threshold's precision."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common import storage
from common.mistakes import Mistakes
from evaluation.calibration import Calibration, at_prevalence
from models.saved_model import CALIBRATION, THRESHOLD, stored_calibration
from reporting.formats import with_interval

TO_DO = "delete it to score without a probability"


def read_calibration(folder: str) -> Calibration | None:
    """Return the calibration stored with a model; None if there is none.

    Raises:
        Mistakes: it is damaged.
    """
    stored = stored_calibration(folder)
    with storage.reading(str(Path(folder, CALIBRATION)), TO_DO):
        return Calibration.from_dict(stored) if stored else None


def refuse_prevalence(prevalence: float | None, of_pairs: bool, calibration: Calibration | None) -> None:
    """Refuse a share of pairs that belong together where it is none, or nothing depends on it.

    Args:
        prevalence: as given; None if it was not.
        of_pairs: whether pairs of a model that was found are scored.
        calibration: of the model.

    Raises:
        Mistakes: naming the value and what is allowed.
    """
    if prevalence is None:
        return
    if not 0 < prevalence < 1:
        raise Mistakes(f"prevalence: {prevalence:g} is not allowed; allowed: a share above 0 and below 1")
    if of_pairs and calibration is None:
        stored = f"the model stores no {CALIBRATION}"
        raise Mistakes(f"prevalence: {prevalence:g}, but {stored}; allowed: with a run's model of kind binary")
    if not of_pairs:
        raise Mistakes(f"prevalence: {prevalence:g} without pairs to score; allowed: with two text columns")


def probability_notes(folder: str, calibration: Calibration | None, prevalence: float | None) -> Iterator[str]:
    """Yield why there is no probability, or what holds where another share of the pairs belongs together.

    Args:
        folder: the model's.
        calibration: of the model.
        prevalence: as given; None if it was not.
    """
    if calibration is None:
        yield f"no column probability: the model stores no {CALIBRATION}, which a run of kind binary writes"
    elif prevalence is not None:
        yield f"probabilities hold where {prevalence:g} of the pairs belong together; on dev it was " + (
            f"{calibration.prevalence:.4f}"
        )
        yield from _precision(folder, calibration, prevalence)


def _precision(folder: str, calibration: Calibration, prevalence: float) -> Iterator[str]:
    """Yield the precision of the stored threshold at another prevalence, on test if there is one, else on dev."""
    file = Path(folder, THRESHOLD)
    stored = storage.read_object(str(file), {"value": float}) if file.is_file() else {}
    with storage.reading(str(file), "delete it to score without a decision"):
        split = "test" if stored.get("test") else "dev"
        if not (precision := (stored.get(split) or {}).get("cosine_precision")):
            return
        measured = calibration.quality.get(split)
        share = measured.share if measured else calibration.prevalence
        at: dict[str, Any] = {
            name: None if value is None else at_prevalence(value, share, prevalence)
            for name, value in precision.items()
        }
        yield (
            f"decision: at that prevalence its precision is {with_interval(at)}; "
            f"on {split}, where {share:.4f} belong together, it is {with_interval(precision)}"
        )
