"""A damaged calibration or threshold of a saved model is a mistake that names its file."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from common.mistakes import Checks, Mistakes
from evaluation.calibration import Calibration
from evaluation.predictions import PairPredictions
from tests.jobs.cases import mutated, mutations
from workflows.score_probability import probability_notes, read_calibration

QUALITY = dict.fromkeys(("share", "brier", "log_loss", "constant_brier", "constant_log_loss", "calibration_error"), 0.1)
LOGISTIC = {"method": "logistic", "prevalence": 0.2, "slope": 9.0, "intercept": -8.0, "quality": {"test": QUALITY}}
ISOTONIC = {"method": "isotonic", "prevalence": 0.2, "cosines": [0.1, 0.9], "probabilities": [0.2, 0.7]}
THRESHOLD = {"value": 0.5, "test": {"cosine_precision": {"value": 0.9, "low": 0.8, "high": 1.0}}}
ANY: tuple[Any, ...] = (None, -1, 0, 1, "x", [1], {"a": 1})


def store(folder: Path, **files: Any) -> None:
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))


@pytest.mark.parametrize("good", [LOGISTIC, ISOTONIC], ids=lambda good: good["method"])
def test_no_value_of_a_calibration_ends_in_a_traceback(tmp_path: Path, good: dict[str, Any]) -> None:
    refused = 0
    for path in mutations(good):
        for new in (*ANY, ...) if path else ANY:
            store(tmp_path, calibration=mutated(good, path, new))
            checks = Checks()
            calibration = checks.run(read_calibration, str(tmp_path))
            refused += len(checks.messages) > 0
            assert all(f"{tmp_path}/calibration.json" in message for message in checks.messages)
            if calibration is None:
                continue
            probabilities = calibration.of(np.array([-1.0, 0.0, 1.0]), 0.1)
            assert np.isfinite(probabilities).all()
            list(probability_notes(str(tmp_path), calibration, 0.1))
    assert refused > 20


def test_no_value_of_a_threshold_ends_in_a_traceback(tmp_path: Path) -> None:
    calibration = Calibration.from_dict(LOGISTIC)
    for path in mutations(THRESHOLD):
        for new in (*ANY, ...) if path else ANY:
            store(tmp_path, threshold=mutated(THRESHOLD, path, new))
            with suppress(Mistakes):
                list(probability_notes(str(tmp_path), calibration, 0.1))


def test_the_precision_at_a_prevalence_is_that_of_pairs_drawn_so(tmp_path: Path) -> None:
    """Recall is 0.8, and one pair in fifty that are apart is a false positive."""
    draw = np.random.default_rng(0)
    labels = np.repeat([1.0, 0.0], [200, 800])
    cosines = np.concatenate([np.repeat([0.9, 0.1], [160, 40]), np.repeat([0.9, 0.1], [16, 784])])
    pairs = PairPredictions(kind="binary", groups=draw.permutation(1_000), cosines=cosines, labels=labels)
    precision = float(labels[cosines > 0.5].mean())
    store(
        tmp_path,
        threshold={"value": 0.5, "dev": {"cosine_precision": dict.fromkeys(("value", "low", "high"), precision)}},
    )
    calibration = Calibration.from_dict({**LOGISTIC, "prevalence": float(pairs.labels.mean()), "quality": {}})
    said = list(probability_notes(str(tmp_path), calibration, 0.01))[1]
    expected = 0.8 * 0.01 / (0.8 * 0.01 + 0.02 * 0.99)
    assert f"its precision is {expected:.4f} (" in said
    assert said.endswith(
        f"on dev, where 0.2000 belong together, it is {precision:.4f} ({precision:.4f} to {precision:.4f})"
    )
