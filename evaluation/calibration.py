"""Turn a cosine into the probability that two texts belong together: fit it on dev, check it out of fold and on test.

Logistic regression on the cosine (Platt 1999, "Probabilistic outputs for support vector machines"), or isotonic
regression (Zadrozny, Elkan 2002, "Transforming classifier scores into accurate multiclass probability estimates") where
the rarer label has MANY pairs: below that a free curve fits chance. Both learn Platt's targets, (n1 + 1) / (n1 + 2) for
label 1 and 1 / (n0 + 2) for label 0, so that no probability is 0 or 1.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics import Floats
from evaluation.predictions import PairPredictions

MANY = 1_000
"""Pairs of the rarer label from which isotonic regression is fitted (Niculescu-Mizil, Caruana 2005)."""
FOLDS = 5
BINS = 10
Method = Literal["logistic", "isotonic"]


@dataclass(frozen=True, kw_only=True)
class Quality:
    """How good probabilities are on pairs that they were not fitted on; for all but `share` a lower value is better.

    Attributes:
        share: fraction of the pairs labelled 1.
        brier: mean squared error.
        log_loss: mean of -log(probability of the true label), natural logarithm.
        constant_brier, constant_log_loss: the same for the constant share of the fitted pairs.
        calibration_error: see `calibration_error`.
    """

    share: float
    brier: float
    log_loss: float
    constant_brier: float
    constant_log_loss: float
    calibration_error: float


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """The probability that two texts belong together, as a function of their cosine.

    Attributes:
        method: logistic: 1 / (1 + exp(-(slope * cosine + intercept))); isotonic: linear between the points given by
            `cosines` and `probabilities`, constant beyond them.
        prevalence: fraction of the fitted pairs labelled 1.
        quality: 'dev', out of fold, and 'test' -> quality; a split that could not be checked is missing.
    """

    method: Method
    prevalence: float
    slope: float = 0.0
    intercept: float = 0.0
    cosines: tuple[float, ...] = ()
    probabilities: tuple[float, ...] = ()
    quality: Mapping[str, Quality] = field(default_factory=dict)

    def of(self, cosines: Floats, prevalence: float | None = None) -> Floats:
        """Return the probability for each cosine, in the shape of the cosines.

        Args:
            cosines: of the pairs.
            prevalence: fraction of pairs in use that belong together; None where it is that of the fitted pairs.
        """
        if self.method == "logistic":
            from scipy.special import expit

            probabilities: Floats = expit(self.slope * cosines + self.intercept)
        else:
            probabilities = np.interp(cosines, self.cosines, self.probabilities)
        return probabilities if prevalence is None else at_prevalence(probabilities, self.prevalence, prevalence)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, those of its method alone."""
        others = ("slope", "intercept") if self.method == "isotonic" else ("cosines", "probabilities")
        return {name: value for name, value in asdict(self).items() if name not in others}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Calibration":
        """Return what `to_dict` wrote.

        Raises:
            TypeError, ValueError: a value is missing or is not what its method needs.
        """
        given = {name: value for name, value in values.items() if name in cls.__dataclass_fields__}
        given["quality"] = {
            split: Quality(**{name: float(value) for name, value in quality.items()})
            for split, quality in values.get("quality", {}).items()
        }
        read = cls(**given | {name: tuple(given.get(name, ())) for name in ("cosines", "probabilities")})
        curve = np.array([read.cosines, read.probabilities], dtype=np.float64)
        line = np.array([read.slope, read.intercept, 0.0] if read.method == "logistic" else [*curve[0], *curve[1]])
        shares = [read.prevalence, *(quality.share for quality in read.quality.values())]
        if (
            not all(0 < share < 1 for share in shares)
            or not len(line)
            or not np.isfinite(line.astype(np.float64)).all()
        ):
            raise ValueError(f"{read.method} of these values gives no probability")
        return read


def at_prevalence(probabilities: Any, fitted: float, used: float) -> Any:
    """Return probabilities, or a precision, for another fraction of pairs that belong together.

    The prior correction of Saerens, Latinne, Decaestecker (2002, "Adjusting the outputs of a classifier to new a priori
    probabilities"): odds' = odds * (used / (1 - used)) / (fitted / (1 - fitted)). It holds where only that
    fraction differs, and the cosines of either label are distributed as before. A precision has the same odds, since
    precision / (1 - precision) = recall / false positive rate * prevalence / (1 - prevalence).

    Args:
        probabilities: array or number.
        fitted: the fraction that they hold for, above 0 and below 1.
        used: the other fraction.
    """
    together, apart = probabilities * used / fitted, (1 - probabilities) * (1 - used) / (1 - fitted)
    return together / (together + apart)


def calibrate(dev: PairPredictions, test: PairPredictions | None, seed: int) -> Calibration:
    """Fit the probability on dev; check it out of fold on dev and, once, on test."""
    fitted = fit(dev.cosines, dev.labels)
    quality = {}
    if (own := _out_of_fold(dev, seed)) is not None:
        quality["dev"] = quality_of(own, dev.labels, fitted.prevalence)
    if test is not None:
        quality["test"] = quality_of(fitted.of(test.cosines), test.labels, fitted.prevalence)
    return replace(fitted, quality=quality)


def fit(cosines: Floats, labels: Floats) -> Calibration:
    """Fit the probability on pairs labelled 0 and 1, both of them."""
    true = float(labels.sum())
    false = len(labels) - true
    targets = np.where(labels == 1, (true + 1) / (true + 2), 1 / (false + 2))
    prevalence = true / len(labels)
    if min(true, false) < MANY:
        slope, intercept = _logistic(cosines, targets)
        return Calibration(method="logistic", prevalence=prevalence, slope=slope, intercept=intercept)
    from sklearn.isotonic import IsotonicRegression

    curve = IsotonicRegression(out_of_bounds="clip").fit(cosines, targets)
    points, heights = curve.X_thresholds_.tolist(), curve.y_thresholds_.tolist()
    return Calibration(method="isotonic", prevalence=prevalence, cosines=tuple(points), probabilities=tuple(heights))


def _logistic(cosines: Floats, targets: Floats) -> tuple[float, float]:
    """Return slope and intercept: a target of 0.9 counts as 0.9 pairs labelled 1 and 0.1 pairs labelled 0."""
    from sklearn.linear_model import LogisticRegression

    pairs, labels = np.concatenate([cosines, cosines])[:, None], np.repeat([1, 0], len(cosines))
    model = LogisticRegression(C=np.inf, tol=1e-6, max_iter=1_000)
    model.fit(pairs, labels, np.concatenate([targets, 1 - targets]))
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def _out_of_fold(dev: PairPredictions, seed: int) -> Floats | None:
    """Return probabilities of the pairs of dev by fits without their groups; None if too few groups have a label.

    A pair is in the fold of its first text's group. A fit leaves out a pair with either group in the fold.
    """
    probabilities = np.full(len(dev.labels), np.nan)
    for held, others in _folds(dev, min(FOLDS, dev.num_groups), seed):
        if len(set(dev.labels[others])) < 2:
            return None
        probabilities[held] = fit(dev.cosines[others], dev.labels[others]).of(dev.cosines[held])
    return probabilities


def _folds(dev: PairPredictions, number: int, seed: int) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Yield each fold and the pairs that share no group with it; groups of the rarer label are spread evenly."""
    names, groups = np.unique(dev.groups, return_inverse=True)
    common = ~np.isin(np.arange(len(names)), groups[dev.rare])
    order = np.lexsort((np.random.default_rng(seed).permutation(len(names)), common))
    fold = np.empty(len(names), dtype=np.int64)
    fold[order] = np.arange(len(names)) % number
    for held in (fold[groups] == each for each in range(number)):
        seen = held if dev.other_groups is None else held | np.isin(dev.other_groups, dev.groups[held])
        yield held, ~seen


def quality_of(probabilities: Floats, labels: Floats, constant: float) -> Quality:
    """Compute how good probabilities are (scikit-learn's Brier score and log loss).

    Args:
        probabilities: of label 1, shape (pairs,).
        labels: 0 and 1.
        constant: the share of label 1 to compare with.
    """
    from sklearn.metrics import brier_score_loss, log_loss

    same = np.full(len(labels), constant)
    brier, constant_brier = (float(brier_score_loss(labels, each, pos_label=1)) for each in (probabilities, same))
    loss, constant_loss = (float(log_loss(labels, each, labels=[0, 1])) for each in (probabilities, same))
    return Quality(
        share=float(labels.mean()),
        brier=brier,
        log_loss=loss,
        constant_brier=constant_brier,
        constant_log_loss=constant_loss,
        calibration_error=calibration_error(probabilities, labels),
    )


def calibration_error(probabilities: Floats, labels: Floats) -> float:
    """Compute the expected calibration error over BINS of equally many pairs.

    It is the mean distance of mean probability and share of label 1 in a bin, weighted by its pairs (Naeini, Cooper,
    Hauskrecht 2015; bins of equally many pairs: Nguyen, O'Connor 2015). Chance alone makes it larger than 0.
    """
    bins = np.array_split(np.argsort(probabilities, kind="stable"), BINS)
    return float(sum(abs((probabilities[own] - labels[own]).sum()) for own in bins) / len(labels))
