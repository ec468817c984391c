"""Run the Python that a card gives for a mixture of weights."""

import re
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from reporting.card.mixture import mixture_lines
from tests.tiny_model import build_tiny_model


def python(lines: list[str]) -> str:
    (code,) = re.findall(r"```python\n(.*?)```", "\n".join(lines), re.DOTALL)
    return str(code)


def test_the_code_mixes_the_weights(tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    other = build_tiny_model(str(tmp_path / "other"), seed=1)
    training = {"command": "python -m jobs.train x", "trial": "trial-01", "steps": 8, "whole": False}
    lines = list(
        mixture_lines([{"model": other, "fraction": 0.75, **training}, {"model": tiny_model, "fraction": 0.25}])
    )
    exec(python(lines), {})
    mixed, first, second = (
        SentenceTransformer(name, device="cpu").state_dict() for name in ("mixed", other, tiny_model)
    )
    assert len(mixed) > 5
    for name, weight in mixed.items():
        if weight.is_floating_point():
            np.testing.assert_allclose(weight, 0.75 * first[name] + 0.25 * second[name], atol=1e-6)
    text = "\n".join(lines)
    assert "0.75 of trial-01 and 0.25 of the base model" in text
    assert "trial-01 was stopped early and has the weights after step 8" in text


def test_a_training_alone_has_no_such_section() -> None:
    assert list(mixture_lines([])) == []
